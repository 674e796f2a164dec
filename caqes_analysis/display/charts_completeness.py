"""What was received: establishment × month, with a symbol besides each colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from caqes_analysis import french
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import capitalised, checked, natural_order, period_in_words
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
    shortened,
    text_width,
)
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["READABLE_ROWS_NB", "completeness_heatmap"]

# More rows than this cannot be read on a telephone: groups take their place.
READABLE_ROWS_NB: Final = 45

_STATES: Final = {
    "reported": "reçu",
    "zero": "zéro déclaré",
    "provisional": "provisoire",
    "corrected": "corrigé",
    "in_cumul": "reçu en cumul",
    "missing": "manquant",
}
_WORDS: Final = {
    "reported": ("reçue", "reçues"),
    "zero": ("déclarée à zéro", "déclarées à zéro"),
    "provisional": ("provisoire", "provisoires"),
    "corrected": ("corrigée", "corrigées"),
    "in_cumul": ("reçue en cumul", "reçues en cumul"),
    "missing": ("manquante", "manquantes"),
}
_NOT_APPLICABLE: Final = "not_applicable"
_ROW = 18.0
_NAME_WIDTH = 156.0
_LEFT = 4.0
_LEGEND_LINE = 20.0


def completeness_heatmap(
    frame: pd.DataFrame,
    *,
    name: str,
    group_header: str = "Département",
    months_nb: int = 12,
    only_gaps: bool = False,
) -> Figure:
    """Draw which months were received, establishment by establishment, or group by group when they are many.

    Parameters
    ----------
    frame
        One row an establishment and month: ``finess``, ``name``, ``month``, ``value_status``, ``is_provisional``, and
        ``group`` (name of the department) when there are more than 45 establishments. Where they exist,
        ``is_corrected`` (by the register) and ``is_in_cumul`` (missing by itself, covered by a cumulative delivery). A
        pair that is absent is missing.
    name
        The region and the source, for the caption.
    group_header
        What a group is.
    months_nb
        How many of the last months are drawn.
    only_gaps
        True to draw by name those that lack a month, 45 at most, and to count the others; where nobody lacks any, all
        are drawn.
    """
    rows = checked(frame, ("finess", "name", "month", "value_status", "is_provisional"), "completeness_heatmap")
    months = sorted(rows["month"].unique())[-months_nb:]
    states = _states(rows, months)
    if (states != _NOT_APPLICABLE).sum().sum() == 0:
        checked(rows.iloc[:0], (), "completeness_heatmap")
    lacking = states[(states == "missing").any(axis=1)]
    only_gaps = only_gaps and len(lacking) > 0
    grouped = len(states) > READABLE_ROWS_NB and not only_gaps
    if grouped:
        checked(rows, ("group",), "completeness_heatmap")
    labels = [pd.Timestamp(month) for month in months]
    missing = states == "missing"
    named = lacking.head(READABLE_ROWS_NB) if only_gaps else states
    drawing = _draw_groups(rows, missing, states, labels) if grouped else _draw_rows(named, labels)
    period = period_in_words(labels[0], labels[-1])
    title = _title(missing, period)
    counts = {state: int((states == state).sum().sum()) for state in _STATES}
    expected = sum(counts.values())
    said = [f"{french.plural(counts[state], *_WORDS[state])}" for state in _STATES if counts[state]]
    worst = missing.sum(axis=1)
    incomplete = [f"{row[1]} ({french.plural(worst[row], 'mois')})" for row in missing.index[worst > 0]]
    alt = (
        f"{name}, {period} : {french.plural(len(states), 'établissement')} en lignes, "
        f"{french.plural(len(labels), 'mois')} en colonnes. Sur {french.plural(expected, 'valeur')} : "
        f"{french.list_in_words(said)}. {title}."
    )
    if incomplete:
        more = f" et {french.plural(len(incomplete) - 8, 'autre')}" if len(incomplete) > 8 else ""
        alt += f" Mois manquants : {', '.join(incomplete[:8])}{more}."
    notes = []
    if grouped:
        notes.append(f"Par {group_header.lower()} : nombre d'établissements dont le mois manque ; case pleine : aucun.")
    if only_gaps:
        others = french.plural(len(states) - len(lacking), "autre établissement a", "autres établissements ont")
        notes += [f"{capitalised(others)} tous leurs mois."] if len(states) > len(lacking) else []
        unnamed_nb = len(lacking) - len(named)
        notes += (
            [f"{french.plural(unnamed_nb, 'autre')} à qui un mois manque : dans les données de la figure."]
            if unnamed_nb
            else []
        )
    listed = lacking if only_gaps else states
    return Figure(title, alt, drawing, _table(listed, f"{name} : mois reçus, {period}"), tuple(notes))


def _states(rows: pd.DataFrame, months: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """Return the state of each establishment (rows, most incomplete first) and month (columns)."""
    early = rows["is_provisional"].fillna(False).astype(bool) & rows["value_status"].isin(["reported", "zero"])
    state = rows["value_status"].astype(object).mask(early, "provisional")
    for flag, name in (("is_corrected", "corrected"), ("is_in_cumul", "in_cumul")):
        if flag in rows:
            state = state.mask(rows[flag].fillna(False).astype(bool), name)
    long = rows.assign(state=state).drop_duplicates(["finess", "month"])
    wide = long.pivot(index=["finess", "name"], columns="month", values="state")
    wide = wide.reindex(columns=list(months)).fillna("missing")
    order = (wide == "missing").sum(axis=1).sort_values(ascending=False, kind="stable").index
    return wide.loc[order]


def _title(missing: pd.DataFrame, period: str) -> str:
    incomplete = int(missing.any(axis=1).sum())
    if not incomplete:
        return f"Aucun mois ne manque, {period}"
    who = capitalised(french.plural(incomplete, "établissement", words=True))
    times = french.plural(int(missing.sum().sum()), "mois", "mois")
    has = "ont" if incomplete > 1 else "a"
    return f"{who} sur {french.in_words(len(missing))} {has} au moins un mois manquant ({times})"


def _header(drawing: Canvas, months: Sequence[pd.Timestamp], width: float, top: float) -> None:
    step = next(n for n in (1, 2, 3, 4, 6, 12) if n * width >= 34)
    for position, month in enumerate(months):
        if position % step == 0 or month.month == 1:
            x = _LEFT + _NAME_WIDTH + position * width
            said = french.month_name(month, short=True)
            if position % step == 0 and x + text_width(said) <= WIDTH:
                drawing.text(x, top - 4, said, va="baseline")
            if position == 0 or month.month == 1:
                drawing.text(x, top - 19, str(month.year), va="baseline", weight="bold")


def _legend(drawing: Canvas, places: Mapping[str, tuple[float, float]]) -> None:
    for state, (x, top) in places.items():
        _cells(drawing, state, [(x, top, 14.0, 14.0)])
        drawing.text(x + 19, top + 11.5, _STATES[state], va="baseline")


def _legend_places(states: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return where the sign of each state stands: on as many lines as the words need."""
    places: dict[str, tuple[float, float]] = {}
    x, top = _LEFT, 4.0
    for state in states:
        width = 19 + text_width(_STATES[state]) + 14
        if x > _LEFT and x + width > WIDTH:
            x, top = _LEFT, top + _LEGEND_LINE
        places[state] = x, top
        x += width
    return places


def _draw_rows(states: pd.DataFrame, months: Sequence[pd.Timestamp]) -> str:
    width = (WIDTH - _LEFT - _NAME_WIDTH - 4) / len(months)
    places = _legend_places([state for state in _STATES if (states == state).any().any()])
    top = 58.0 + max(y for _, y in places.values())
    with house_style():
        figure, drawing = canvas(top + _ROW * len(states) + 4)
        _legend(drawing, places)
        _header(drawing, months, width, top)
        for line, name in enumerate(names_apart([str(name) for _, name in states.index], _NAME_WIDTH - 8)):
            drawing.text(_LEFT, top + line * _ROW + 13, name, va="baseline")
        for state in places:
            where = [
                (_LEFT + _NAME_WIDTH + column * width + 1, top + line * _ROW + 1, width - 2, _ROW - 2)
                for line, row in enumerate(states.to_numpy())
                for column, value in enumerate(row)
                if value == state
            ]
            _cells(drawing, state, where)
        return to_svg(figure)


def _cells(drawing: Canvas, state: str, boxes: Sequence[tuple[float, float, float, float]]) -> None:
    """Draw all the cells of a state as one shape, and their symbols as another."""
    frames = Path.make_compound_path(*(_box(*box) for box in boxes))
    look = {
        "reported": {"facecolor": ACCENT, "edgecolor": ACCENT},
        "zero": {"facecolor": "none", "edgecolor": CONTEXT},
        "provisional": {"facecolor": "none", "edgecolor": ACCENT, "hatch": "////"},
        "corrected": {"facecolor": "none", "edgecolor": ACCENT},
        "in_cumul": {"facecolor": "none", "edgecolor": ACCENT, "hatch": "---"},
        "missing": {"facecolor": "none", "edgecolor": WARNING},
    }[state]
    drawing.add_artist(PathPatch(frames, linewidth=1.4 if state == "missing" else 0.8, **look))
    if state == "missing":
        crosses = Path.make_compound_path(*(_cross(*box) for box in boxes))
        drawing.add_artist(PathPatch(crosses, facecolor="none", edgecolor=WARNING, linewidth=1.8))
    elif state == "zero":
        dots = Path.make_compound_path(*(_ring(*box) for box in boxes))
        drawing.add_artist(PathPatch(dots, facecolor="none", edgecolor=INK, linewidth=1.3))
    elif state == "corrected":
        marks = Path.make_compound_path(*(_diamond(*box) for box in boxes))
        drawing.add_artist(PathPatch(marks, facecolor=ACCENT, edgecolor=ACCENT))


def _box(x: float, y: float, width: float, height: float) -> Path:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return Path(corners, [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY])


def _cross(x: float, y: float, width: float, height: float) -> Path:
    cx, cy, arm = x + width / 2, y + height / 2, min(width, height) / 4
    ends = [(cx - arm, cy - arm), (cx + arm, cy + arm), (cx - arm, cy + arm), (cx + arm, cy - arm)]
    return Path(ends, [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO])


def _diamond(x: float, y: float, width: float, height: float) -> Path:
    cx, cy, arm = x + width / 2, y + height / 2, min(width, height) / 2.6
    corners = [(cx, cy - arm), (cx + arm, cy), (cx, cy + arm), (cx - arm, cy), (cx, cy - arm)]
    return Path(corners, [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY])


def _ring(x: float, y: float, width: float, height: float) -> Path:
    return Path.circle((x + width / 2, y + height / 2), min(width, height) / 4.5)


def _draw_groups(
    rows: pd.DataFrame, missing: pd.DataFrame, states: pd.DataFrame, months: Sequence[pd.Timestamp]
) -> str:
    groups = rows.drop_duplicates("finess").set_index("finess")["group"]
    keys = pd.Index(groups.loc[list(missing.index.get_level_values("finess"))])
    absent = missing.groupby(keys).sum()
    absent = absent.loc[sorted(absent.index, key=natural_order)]
    expected = (states != _NOT_APPLICABLE).groupby(keys).sum().loc[absent.index].to_numpy()
    members = pd.Series(keys).value_counts()
    width = (WIDTH - _LEFT - _NAME_WIDTH - 4) / len(months)
    top, height = 42.0, 26.0
    full: list[tuple[float, float, float, float]] = []
    lacking: list[tuple[float, float, float, float]] = []
    with house_style():
        figure, drawing = canvas(top + height * len(absent) + 4)
        _header(drawing, months, width, top)
        for line, (group, counts) in enumerate(zip(absent.index, absent.to_numpy(), strict=True)):
            y = top + line * height
            name = f"{shortened(str(group), _NAME_WIDTH - 48)} ({members[group]})"
            drawing.text(_LEFT, y + 17, name, va="baseline")
            for column, count in enumerate(counts):
                x = _LEFT + _NAME_WIDTH + column * width
                if expected[line, column]:
                    (lacking if count else full).append((x + 1, y + 1, width - 2, height - 2))
                if count:
                    drawing.text(x + width / 2, y + 17, str(count), ha="center", va="baseline", weight="bold")
        for boxes, colour, inside in ((full, ACCENT, ACCENT), (lacking, WARNING, "none")):
            if boxes:
                frames = Path.make_compound_path(*(_box(*box) for box in boxes))
                drawing.add_artist(PathPatch(frames, facecolor=inside, edgecolor=colour, linewidth=1.4))
        return to_svg(figure)


def _table(states: pd.DataFrame, caption: str) -> Table:
    names = [french.month_year(pd.Timestamp(month), short=True) for month in states.columns]
    absent = [
        french.list_in_words(name for name, state in zip(names, row, strict=True) if state == "missing") or "aucun"
        for row in states.to_numpy()
    ]
    data = pd.DataFrame(
        {
            "name": list(states.index.get_level_values("name")),
            "finess": list(states.index.get_level_values("finess")),
            **{state: (states == state).sum(axis=1).to_numpy() for state in _STATES if state != "missing"},
            "missing": absent,
            "state": [None if names == "aucun" else "bad" for names in absent],
        }
    )
    unasked = ", moins les mois sans objet" if (states == _NOT_APPLICABLE).any().any() else ""
    return Table.from_frame(
        data,
        caption=caption,
        columns=[
            ColumnFormat.text("name", "Établissement"),
            ColumnFormat.text("finess", "FINESS"),
            ColumnFormat.count("reported", "Reçus, définitifs", unit="mois"),
            ColumnFormat.count("zero", "Zéros déclarés", unit="mois"),
            ColumnFormat.count("provisional", "Provisoires", unit="mois"),
            *(
                ColumnFormat.count(state, label, unit="mois")
                for state, label in (("corrected", "Corrigés"), ("in_cumul", "Reçus en cumul"))
                if (states == state).any().any()
            ),
            ColumnFormat.text("missing", "Mois manquants", state="state"),
        ],
        notes=[
            f"Les colonnes s'additionnent : avec les mois manquants, elles font {french.plural(len(names), 'mois')}"
            f"{unasked}."
        ],
    )
