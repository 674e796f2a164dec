"""Who is targeted, and who attained what: contract × indicator, a symbol besides each colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from caqes_analysis import french
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import checked
from caqes_analysis.display.style import (
    ACCENT,
    CONTEXT,
    INK,
    WARNING,
    WIDTH,
    Canvas,
    canvas,
    house_style,
    names_apart,
    text_width,
)
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["READABLE_CONTRACTS_NB", "verdict_grid"]

READABLE_CONTRACTS_NB: Final = 60
"""More rows than this cannot be read: the contracts with most missed objectives are drawn, the rest is in the table."""

TARGETED: Final = {"targeted": "ciblé", "respected": "non ciblé"}
REACHED: Final = {"attained": "objectif atteint", "not_attained": "objectif non atteint"}
_NAMED_NB = 5
_ROW = 17.0
_NAME_WIDTH = 140.0
_LEFT = 4.0
_LINE = 16.0
_SLANT_DEGREES = 45
_SLANT_COSINE = 0.71


def verdict_grid(frame: pd.DataFrame, *, name: str, year: int) -> Figure:
    """Draw, for each contract and indicator, whether it is targeted (a flag) and whether its objective is attained.

    Parameters
    ----------
    frame
        One row a contract and indicator: ``contract_finess``, ``name``, ``indicator`` (short name),
        ``reference_status`` (``targeted``, ``respected``, other: not known) and ``attainment`` (``attained``,
        ``not_attained``, ``not_applicable``, other: no verdict). A pair that is absent is not in the contract.
    name
        The region, for the caption.
    year
        Year evaluated.
    """
    wanted = ("contract_finess", "name", "indicator", "reference_status", "attainment")
    rows = checked(frame, wanted, "verdict_grid")
    told = rows["attainment"].isin(list(REACHED)) | (rows["reference_status"] == "targeted")
    every = sorted(rows["indicator"].unique(), key=french.alphabetical)
    # An indicator of which nothing is known yet would be an empty column: a note names it.
    indicators = [one for one in every if told[rows["indicator"] == one].any()] or every
    keys = ["contract_finess", "name"]
    missed = (rows["attainment"] == "not_attained").groupby([rows[key] for key in keys]).sum()
    order = missed.sort_values(ascending=False, kind="stable").index
    reached = rows.pivot(index=keys, columns="indicator", values="attainment").reindex(order)[indicators]
    targeted = rows.pivot(index=keys, columns="indicator", values="reference_status").reindex(order)[indicators]
    drawn_nb = min(len(order), READABLE_CONTRACTS_NB)
    counts = rows["attainment"].value_counts()
    attained, lost = int(counts.get("attained", 0)), int(counts.get("not_attained", 0))
    flagged = int((rows["reference_status"] == "targeted").sum())
    title = _title(attained, lost, year)
    judged_nb = int((reached.notna() & (reached != "not_applicable")).to_numpy().sum())
    said = [f"{french.plural(attained, 'objectif atteint', 'objectifs atteints')}"]
    said.append(f"{lost} non {'atteints' if lost > 1 else 'atteint'}")
    outside = int(counts.get("not_applicable", 0))
    said.append(f"{len(rows) - attained - lost - outside} sans verdict")
    said += [f"{outside} sans objet"] if outside else []
    names = missed.index.get_level_values("name")
    ranked = sorted(zip(names, missed.to_list(), strict=True), key=lambda pair: -pair[1])[:_NAMED_NB]
    worst = [f"{who} ({french.plural(count, 'objectif')})" for who, count in ranked if count]
    targets = (
        f" {french.plural(flagged, 'case est ciblée', 'cases sont ciblées')} par un référentiel." if flagged else ""
    )
    alt = (
        f"{name}, {year} : {french.plural(len(order), 'contrat')} en lignes, {len(indicators)} indicateurs en colonnes "
        f"({french.list_in_words(indicators)}). {french.list_in_words(said)}.{targets}"
    )
    if worst:
        alt += f" Le plus d'objectifs non atteints : {french.list_in_words(worst)}."
    corner = "Le coin marqué dit que le référentiel cible l'établissement ; il ne dit rien de l'objectif."
    notes = [corner] if flagged else []
    notes += (
        ["Rien n'est dessiné hors du contrat, ni pour un indicateur sans objet."] if reached.size > judged_nb else []
    )
    if len(indicators) < len(every):
        silent = french.list_in_words([one for one in every if one not in indicators])
        notes.append(f"Sans verdict pour personne, donc sans colonne : {silent}.")
    if drawn_nb < len(order):
        notes.append(
            f"Sont dessinés les {drawn_nb} contrats qui ont le plus d'objectifs non atteints ; les données de la "
            f"figure donnent les {len(order)}."
        )
    drawing = _draw(reached.iloc[:drawn_nb], targeted.iloc[:drawn_nb], indicators)
    return Figure(
        title, alt, drawing, _data(reached, targeted, f"{name} : contrats et indicateurs, {year}"), tuple(notes)
    )


def _title(attained: int, lost: int, year: int) -> str:
    judged = attained + lost
    if not judged:
        return f"Aucun objectif de {year} n'a de verdict"
    plural = "objectifs sont atteints" if attained > 1 else "objectif est atteint"
    return f"{attained} {plural} sur les {judged} qui ont un verdict, en {year}"


def _draw(reached: pd.DataFrame, targeted: pd.DataFrame, indicators: Sequence[str]) -> str:
    margin = text_width(indicators[-1]) * _SLANT_COSINE
    width = (WIDTH - _LEFT - _NAME_WIDTH - margin) / len(indicators)
    entries = {**REACHED, "none": "sans verdict"}
    if (targeted == "targeted").any().any():
        entries["flag"] = TARGETED["targeted"]
    header_height = max(text_width(one) for one in indicators) * _SLANT_COSINE + 16
    top = _legend_lines(list(entries.values())) * _LINE + 4 + header_height
    with house_style():
        figure, drawing = canvas(top + _ROW * len(reached) + 4)
        _legend(drawing, entries)
        for column, text in enumerate(indicators):
            x = _LEFT + _NAME_WIDTH + (column + 0.5) * width
            drawing.text(x, top - 4, text, rotation=_SLANT_DEGREES, rotation_mode="anchor", ha="left", va="baseline")
        for rank, who in enumerate(names_apart(list(reached.index.get_level_values("name")), _NAME_WIDTH - 6)):
            drawing.text(_LEFT, top + rank * _ROW + 13, who, va="baseline")
        boxes: dict[str, list[tuple[float, float, float, float]]] = {}
        for rank, (states, flags) in enumerate(zip(reached.to_numpy(), targeted.to_numpy(), strict=True)):
            for column, (state, flag) in enumerate(zip(states, flags, strict=True)):
                if pd.isna(state) or (state == "not_applicable" and flag != "targeted"):
                    continue
                place = (_LEFT + _NAME_WIDTH + column * width + 1, top + rank * _ROW + 1, width - 2, _ROW - 2)
                boxes.setdefault(state if state in REACHED else "none", []).append(place)
                if flag == "targeted":
                    boxes.setdefault("flag", []).append(place)
        # The flags last: they stand on cells that are filled.
        for state in (*REACHED, "none", "flag"):
            if state in boxes:
                _mark(drawing, state, boxes[state])
        return to_svg(figure)


def _legend_lines(entries: Sequence[str]) -> int:
    x, lines = _LEFT, 1
    for entry in entries:
        needed = 19 + text_width(entry) + 14
        if x + needed > WIDTH:
            x, lines = _LEFT, lines + 1
        x += needed
    return lines


def _legend(drawing: Canvas, entries: Mapping[str, str]) -> None:
    x, y = _LEFT, 3.0
    for mark, entry in entries.items():
        needed = 19 + text_width(entry) + 14
        if x + needed > WIDTH:
            x, y = _LEFT, y + _LINE
        if mark == "flag":
            _mark(drawing, "none", [(x, y, 14.0, 13.0)])
        _mark(drawing, mark, [(x, y, 14.0, 13.0)])
        drawing.text(x + 19, y + 11, entry, va="baseline")
        x += needed


def _mark(drawing: Canvas, state: str, boxes: Sequence[tuple[float, float, float, float]]) -> None:
    """Draw all the cells of a state as one shape, and their symbols as another."""
    if state == "flag":
        corners = Path.make_compound_path(*(_corner(*box) for box in boxes))
        drawing.add_artist(PathPatch(corners, facecolor=INK, edgecolor="white", linewidth=0.8))
        return
    frames = Path.make_compound_path(*(_box(*box) for box in boxes))
    filled, edge = (
        (ACCENT, ACCENT) if state == "attained" else ("none", WARNING if state == "not_attained" else CONTEXT)
    )
    drawing.add_artist(
        PathPatch(frames, facecolor=filled, edgecolor=edge, linewidth=1.4 if state == "not_attained" else 0.8)
    )
    if state == "not_attained":
        crosses = Path.make_compound_path(*(_cross(*box) for box in boxes))
        drawing.add_artist(PathPatch(crosses, facecolor="none", edgecolor=WARNING, linewidth=1.8))


def _box(x: float, y: float, width: float, height: float) -> Path:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return Path(corners, [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY])


def _corner(x: float, y: float, _width: float, _height: float) -> Path:
    corners = [(x, y), (x + 8, y), (x, y + 8), (x, y)]
    return Path(corners, [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY])


def _cross(x: float, y: float, width: float, height: float) -> Path:
    cx, cy, arm = x + width / 2, y + height / 2, min(width, height) / 4
    ends = [(cx - arm, cy - arm), (cx + arm, cy + arm), (cx - arm, cy + arm), (cx + arm, cy - arm)]
    return Path(ends, [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO])


def _data(reached: pd.DataFrame, targeted: pd.DataFrame, caption: str) -> Table:
    def names(values: Iterable[object], columns: Sequence[str], state: str) -> str:
        return french.list_in_words([c for c, v in zip(columns, values, strict=True) if v == state]) or "–"

    columns = list(reached.columns)
    states: Mapping[str, str] = {"attained": "attained", "not_attained": "missed"}
    rows = pd.DataFrame(
        {
            "name": list(reached.index.get_level_values("name")),
            "targeted": [names(row, columns, "targeted") for row in targeted.to_numpy()],
            **{column: [names(row, columns, state) for row in reached.to_numpy()] for state, column in states.items()},
        }
    )
    return Table.from_frame(
        rows,
        caption=caption,
        columns=[
            ColumnFormat.text("name", "Établissement"),
            *([ColumnFormat.text("targeted", "Ciblé pour")] if (targeted == "targeted").any().any() else []),
            ColumnFormat.text("attained", "Objectif atteint"),
            ColumnFormat.text("missed", "Objectif non atteint"),
        ],
    )
