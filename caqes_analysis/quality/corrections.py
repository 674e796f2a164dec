"""The register of corrections: errors that the region confirmed, applied where the received value is still the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.activities import activity_named
from caqes_analysis.envelopes import ENVELOPES, Envelope, envelope_named
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.settlement import recut_cumuls
from caqes_analysis.sources.cells import CellError, parse_amount, parse_date, parse_finess, parse_month, parse_text
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid, read_grid
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = [
    "CORRECTION_COLUMNS",
    "CORRECTION_STATES",
    "Register",
    "apply_corrections",
    "read_corrections",
    "read_register",
    "without_corrected",
]

CORRECTION_COLUMNS: Final = ("finess", "periode", "champ", "ancien", "nouveau", "auteur", "date", "preuve")
"""Columns of the register, all compulsory; CSV or XLSX."""
CORRECTION_STATES: Final = {
    "applied": "appliquée",
    "unexpected": "non appliquée : autre valeur reçue",
    "absent": "non appliquée : ligne non reçue",
}
_DELIVERY = "corrections"
_QUANTITY_SUFFIX = ".quantity_nb"
_QUANTITY = re.compile(r"(?P<field>.+?)[\s_.:,(-]+quantit[eé]s?\)?", re.IGNORECASE)
_LPP = re.compile(r"(?:lpp[\s:.-]*)?([0-9]{7})", re.IGNORECASE)
_CUMUL = re.compile(r"(?P<y>20[0-9]{2})-M(?P<m>0[1-9]|1[0-2])")
_YEAR = re.compile(r"20[0-9]{2}")


@dataclass(frozen=True)
class Register:
    """The register of a campaign, read and not yet applied.

    Parameters
    ----------
    name
        Name of the file.
    rows
        Rows of ``corrections``.
    findings
        What was noticed in the file.
    """

    name: str
    rows: pd.DataFrame
    findings: Findings

    def apply(self, store: Store) -> Findings:
        """Apply the register to a store, keep its table with the state of each correction; return all the findings."""
        rows, found = apply_corrections(store, self.rows, register_name=self.name)
        store.write(tables.CORRECTIONS, rows, part=_DELIVERY)
        return self.findings + found


def read_register(path: Path | None, *, envelopes: tuple[Envelope, ...] = ENVELOPES) -> Register | None:
    """Read the register that a campaign keeps; None when it keeps none.

    Parameters
    ----------
    path, envelopes
        As in :func:`read_corrections`.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    if path is None:
        return None
    rows, findings = read_corrections(path, envelopes=envelopes)
    return Register(path.name, rows, findings)


def read_corrections(path: Path, *, envelopes: tuple[Envelope, ...] = ENVELOPES) -> tuple[pd.DataFrame, Findings]:
    """Read the register of corrections.

    Parameters
    ----------
    path
        ``finess;periode;champ;ancien;nouveau;auteur;date;preuve``, one line per correction. ``champ`` is an envelope
        (its amount), an activity or an LPP code; « quantité » after it means the quantity. ``periode`` is a month
        (``2024-06``), a year, or the cumul from January to a month (``2024-M06``). An empty ``ancien`` is a value that
        was missing; an empty ``nouveau`` takes a value out.
    envelopes
        The envelopes known.

    Returns
    -------
    tuple
        Rows of ``corrections``, in the order of the file (none applied yet), and what was noticed.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    grid = read_grid(path, required=CORRECTION_COLUMNS)
    log = ProblemLog(grid.file)
    columns: dict[str, list[Any]] = {
        "finess": grid.parsed("finess", parse_finess, log, required=True),
        "period": grid.parsed("periode", _period, log, required=True),
        "field": grid.parsed("champ", partial(_field, envelopes=envelopes), log, required=True),
        "old": grid.parsed("ancien", parse_amount, log),
        "new": grid.parsed("nouveau", parse_amount, log),
        "author": grid.parsed("auteur", parse_text, log, required=True),
        "date": grid.parsed("date", parse_date, log, required=True),
        "proof": grid.parsed("preuve", parse_text, log, required=True),
    }
    if not log:
        log.extend(_problems(grid, columns))
    log.raise_if_any()
    rows = tables.CORRECTIONS.conform(pd.DataFrame(columns), state="absent")
    tables.CORRECTIONS.validate(rows)
    return rows, Findings(common_findings(_DELIVERY, grid))


def _period(cell: Any) -> str | None:
    text = parse_text(cell)
    if not text:
        return None
    if not isinstance(cell, date) and (_YEAR.fullmatch(text) or _CUMUL.fullmatch(text)):
        return text
    return f"{parse_month(cell):%Y-%m}"


def _field(cell: Any, *, envelopes: tuple[Envelope, ...]) -> str | None:
    text = parse_text(cell)
    if not text:
        return None
    match = _QUANTITY.fullmatch(text)
    word, suffix = (match["field"], _QUANTITY_SUFFIX) if match else (text, "")
    if lpp := _LPP.fullmatch(word.strip()):
        return f"lpp.{lpp[1]}{suffix}"
    try:
        return envelope_named(word, envelopes).code + suffix
    except CaqesError:
        pass
    try:
        return f"activity.{activity_named(word).code}"
    except CaqesError as failure:
        known = ", ".join(envelope.code for envelope in envelopes)
        raise CellError(
            "CORRECTION_CHAMP",
            "ce champ n'est ni une enveloppe, ni une activité, ni un code LPP.",
            f"Écrire l'enveloppe ({known}), le code d'une activité, ou les 7 chiffres du code LPP ; "
            "« phmev quantité » pour la quantité.",
        ) from failure


def _problems(grid: Grid, columns: dict[str, list[Any]]) -> list[Problem]:
    problems = grid.repeated(
        {"finess": columns["finess"], "periode": columns["period"], "champ": columns["field"]},
        code="CORRECTION_EN_DOUBLE",
        what="cette valeur est déjà corrigée",
        remedy="N'en garder qu'une : la valeur reçue d'un côté, la valeur retenue de l'autre.",
    )
    for line, old, new in zip(grid.lines, columns["old"], columns["new"], strict=True):
        if old == new:
            problems.append(
                Problem(
                    "CORRECTION_SANS_EFFET",
                    "l'ancienne et la nouvelle valeur sont les mêmes.",
                    "Écrire la valeur reçue dans « ancien », la valeur retenue dans « nouveau », ou retirer la ligne.",
                    line=line,
                    column="nouveau",
                    value="vide" if new is None else str(new),
                )
            )
    return problems


@dataclass(frozen=True)
class _Target:
    """Where the value of a field stands: table, columns of the period and of the item, its code, column corrected."""

    table: Table
    period: str
    item: str
    code: str
    value: str


def _target(field: str, period: str) -> _Target:
    if field.startswith("activity."):
        return _Target(tables.ACTIVITY, "period", "activity", field.removeprefix("activity."), "count_nb")
    code = field.removesuffix(_QUANTITY_SUFFIX)
    is_quantity = field.endswith(_QUANTITY_SUFFIX)
    value = "quantity_nb" if is_quantity else "amount_eur"
    if code.startswith("lpp."):
        return _Target(tables.LPP_SPEND, "period", "lpp", code.removeprefix("lpp."), value)
    if _CUMUL.fullmatch(period):
        value = "cumulative_nb" if is_quantity else "cumulative_eur"
        return _Target(tables.CUMULATIVE_SPEND, "month", "envelope", code, value)
    return _Target(tables.MONTHLY_SPEND, "month", "envelope", code, value)


def apply_corrections(store: Store, register: pd.DataFrame, *, register_name: str) -> tuple[pd.DataFrame, Findings]:
    """Apply the register to the values received; rows that change say so (``is_corrected``).

    Parameters
    ----------
    store
        Store of the campaign, its sources read.
    register
        Rows of ``corrections``.
    register_name
        Name of the file, for findings.

    Returns
    -------
    tuple
        The register with its ``state`` (keys of :data:`CORRECTION_STATES`) and the value ``kept`` instead where only
        one other was received, and the findings: what was applied
        (information), what was not because the value received is no longer the one that was expected (warning).
    """
    rows = register.to_dict("records")
    outcomes: dict[int, tuple[str, Decimal | None, Finding | None]] = {}
    # Cumuls first: months are cut out of them.
    for place in sorted(range(len(rows)), key=lambda place: _CUMUL.fullmatch(rows[place]["period"]) is None):
        outcomes[place] = _apply(store, rows[place])
    states = [outcomes[place][0] for place in range(len(rows))]
    kept = [outcomes[place][1] for place in range(len(rows))]
    found = [told for _, (_, _, told) in sorted(outcomes.items()) if told is not None]
    applied = states.count("applied")
    if applied:
        first = register.iloc[states.index("applied")]
        found.insert(
            0,
            Finding(
                _DELIVERY,
                "CORRECTION_APPLIQUEE",
                register_name,
                "information",
                applied,
                f"{first['finess']}, {first['period']}, {first['field']} : {_shown(first['old'])} → "
                f"{_shown(first['new'])}",
                "Valeurs remplacées, et marquées dans les tableaux. Retirer la ligne du registre rend la valeur reçue.",
            ),
        )
    settled = register.assign(state=states, kept=pd.Series(kept, index=register.index, dtype=object))
    return tables.CORRECTIONS.conform(settled), Findings(found)


def _apply(store: Store, row: dict[Any, Any]) -> tuple[str, Decimal | None, Finding | None]:
    """Return the state of a correction, the value kept instead where another was received, and what is told."""
    target = _target(row["field"], row["period"])
    place = f"{row['finess']}, {row['period']}, {row['field']}"
    old = None if pd.isna(row["old"]) else row["old"]
    received: list[Decimal | None] = []
    for path, rows, matching in _matching(store, target, row):
        values = [None if pd.isna(value) else value for value in rows.loc[matching, target.value]]
        received += values
        hits = [index for index, value in zip(rows.index[matching], values, strict=True) if value == old]
        if len(hits) == 1:
            new = None if pd.isna(row["new"]) else row["new"]
            rows[target.value] = rows[target.value].astype(object)
            rows.loc[hits[0], target.value] = new
            if target.value not in ("quantity_nb", "cumulative_nb"):
                rows.loc[hits[0], "value_status"] = "missing" if new is None else "reported" if new else "zero"
            rows.loc[hits[0], "is_corrected"] = True
            store.write(target.table, rows, part=path.stem)
            if target.table is tables.CUMULATIVE_SPEND:
                recut_cumuls(store)
            return "applied", None, None
    if not received:
        return (
            "absent",
            None,
            Finding(
                _DELIVERY,
                "CORRECTION_SANS_LIGNE",
                place,
                "warning",
                1,
                f"ancien {_shown(old)}, nouveau {_shown(row['new'])}",
                "Aucune ligne reçue ne porte ce FINESS, cette période et ce champ : la correction n'est pas appliquée. "
                "Corriger la ligne du registre, ou la retirer.",
            ),
        )
    kept = received[0] if len(received) == 1 else None
    return (
        "unexpected",
        kept,
        Finding(
            _DELIVERY,
            "CORRECTION_INATTENDUE",
            place,
            "warning",
            1,
            f"reçu {', '.join(_shown(value) for value in received)}, attendu {_shown(old)}",
            "La valeur reçue n'est plus celle que la correction attendait : elle n'est pas appliquée. La source a "
            "peut-être corrigé d'elle-même : vérifier, puis retirer la ligne du registre ou mettre à jour « ancien ».",
        ),
    )


def _matching(store: Store, target: _Target, row: dict[Any, Any]) -> list[tuple[Path, pd.DataFrame, pd.Series[bool]]]:
    """Return the parts that hold the value in force, each with its rows and those concerned."""
    paths = sorted((store.directory / target.table.name).glob("*.parquet"))
    if target.period == "month":
        month = row["period"].replace("-M", "-")
        if _YEAR.fullmatch(month):
            return []
        period: Any = pd.Timestamp(f"{month}-01")
    else:
        period = row["period"]
    found = []
    for path in paths:
        rows = Store.read_parts(target.table, [path])
        matching = (rows["finess"] == row["finess"]) & (rows[target.period] == period)
        matching &= rows[target.item] == target.code
        if "replaced_by" in rows:
            matching &= rows["replaced_by"].isna()
        if matching.any():
            found.append((path, rows, matching))
    return found


def without_corrected(store: Store, rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out the months that the register changed: what a correction moves is not what a delivery moved.

    Parameters
    ----------
    store
        Store of a campaign.
    rows
        Rows with ``finess``, ``envelope`` and ``month``.
    """
    register = store.read(tables.CORRECTIONS)
    applied = register[register["state"] == "applied"]
    cells = set(zip(applied["finess"], applied["field"], applied["period"], strict=True))
    keys = zip(rows["finess"], rows["envelope"], rows["month"].dt.strftime("%Y-%m"), strict=True)
    return rows[[key not in cells for key in keys]] if cells else rows


def _shown(value: Any) -> str:
    return "vide" if value is None or pd.isna(value) else french.number(value, 2)
