"""What a sheet compares with an objective: the envelopes received, and the indicators that are forecast beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.indicator_reading import IndicatorReading, read_indicators
from caqes_analysis.chapters.own_contract import OUTSIDE_WORDS, outside_subjects
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.verdicts import judged, position_in
from caqes_analysis.chapters.words import envelope_of, ordered_by_envelope
from caqes_analysis.indicators.expressions import read_condition
from caqes_analysis.indicators.months import envelopes_counted

__all__ = ["Compared", "compared_spending", "compared_words"]

_LPP = "lpp"


@dataclass(frozen=True)
class Compared:
    """One kind of spending that has a rate, and an objective or a benchmark.

    Parameters
    ----------
    code, label
        Envelope or indicator, and its short name.
    noun
        What it is compared with (``objectif``, ``repère régional``).
    is_above
        True when it exceeds it.
    parts, wholes
        Codes of what it adds up, and of what it is a part of.
    is_outside
        True when the contract of the establishment does not bear on it.
    """

    code: str
    label: str
    noun: str
    is_above: bool
    parts: tuple[str, ...] = ()
    wholes: tuple[str, ...] = ()
    is_outside: bool = False


def compared_spending(page: Page) -> list[Compared]:
    """Return what the tables of a sheet compare with an objective, over the settled months.

    Parameters
    ----------
    page
        The sheet.
    """
    rates = ordered_by_envelope(page.settled())
    outside = outside_subjects(page) or frozenset()
    found = []
    for _, row in judged(page, rates).iterrows():
        code = row["envelope"]
        target = page.target(code)
        if target.value is not None:
            where = position_in(page, row)
            envelope = envelope_of(page.campaign, code)
            wholes = (envelope.part_of,) if envelope.part_of else ()
            found.append(
                Compared(
                    code,
                    envelope.short_label,
                    target.noun,
                    where.state == "warning",
                    wholes=wholes,
                    is_outside=target.is_contractual and target.subject in outside,
                )
            )
    if page.campaign.is_annual:
        return found
    beside = set(page.forecasts["envelope"]) - set(rates["envelope"])
    readings = read_indicators(page, scheme=page.campaign.scheme) if beside else []
    received = rates["envelope"].tolist()
    for one in readings:
        rows = one.rows("establishment")
        target = one.target_of(str(page.finess))
        if one.definition.id not in beside or one.year != page.campaign.year or rows.empty or target.value is None:
            continue
        value = rows["value"].iloc[0]
        state = one.situation(value, str(page.finess))[1]
        if not pd.isna(value) and state != "missing":
            found.append(
                Compared(
                    one.definition.id,
                    one.definition.short_name,
                    target.noun,
                    state == "warning",
                    _parts(one, received),
                    _wholes(one),
                    is_outside=target.is_contractual and target.subject in outside,
                )
            )
    return found


def _wholes(one: IndicatorReading) -> tuple[str, ...]:
    """Return the envelope whose lines by code an indicator counts."""
    line = one.level.numerator
    return (_LPP,) if line is not None and line.table == "lpp_spend" else ()


def _parts(one: IndicatorReading, received: Sequence[str]) -> tuple[str, ...]:
    """Return the envelopes that an indicator adds up."""
    line = one.level.numerator
    if line is None or line.table != "monthly_grid":
        return ()
    return envelopes_counted(read_condition(line.table, line.where), received)


def compared_words(rows: Sequence[Compared]) -> str:
    """Say how much of the spending compared exceeds what it is compared with, and what is within another or beside.

    Parameters
    ----------
    rows
        What :func:`compared_spending` returned, one at least.

    Examples
    --------
    >>> phmev, lpp = (Compared(code, code.upper(), "objectif", code == "lpp") for code in ("phmev", "lpp"))
    >>> compared_words([phmev, lpp])
    'Une des deux dépenses comparées à un objectif le dépasse : LPP.'
    >>> phev = Compared("phev", "PHEV", "objectif", True, parts=("phmev", "lpp"))
    >>> compared_words([phmev, lpp, phev]).partition(". ")[2]
    'PHMEV et LPP font partie de PHEV.'
    >>> compared_words([Compared("transports", "Transports", "objectif", True, is_outside=True)]).partition(". ")[2]
    'Hors du contrat, pour information : Transports.'
    """
    outside = french.list_in_words([one.label for one in rows if one.is_outside])
    return " ".join([_exceeded(rows), *_within(rows), *([f"{OUTSIDE_WORDS} : {outside}."] if outside else [])])


def _exceeded(rows: Sequence[Compared]) -> str:
    """Say how many exceed what each is compared with; an objective is never called a benchmark."""
    above = [one.label for one in rows if one.is_above]
    against = " ou à un ".join(sorted({one.noun for one in rows}))
    if len(rows) == 1:
        return f"La dépense comparée à un {against} {'le dépasse' if above else 'ne le dépasse pas'}."
    every = french.in_words(len(rows))
    if not above:
        return f"Aucune des {every} dépenses comparées à un {against} ne le dépasse."
    verb = "dépasse" if len(above) == 1 else "dépassent"
    number = "Les" if len(above) == len(rows) else f"{french.in_words(len(above), feminine=True).capitalize()} des"
    return f"{number} {every} dépenses comparées à un {against} le {verb} : {french.list_in_words(above).rstrip('.')}."


def _within(rows: Sequence[Compared]) -> list[str]:
    labels = {one.code: one.label for one in rows}
    parts = {one.code: [labels[code] for code in one.parts if code in labels] for one in rows}
    for one in rows:
        for whole in one.wholes:
            parts.setdefault(whole, []).append(one.label)
    return [
        f"{french.list_in_words(own)} {'font' if len(own) > 1 else 'fait'} partie de {labels[whole]}."
        for whole, own in parts.items()
        if own and whole in labels
    ]
