"""Which months a year that is not whole lacks, in words: what a verdict waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.indicators.months import envelopes_counted
from caqes_analysis.known_periods import UNKNOWN_MONTHS
from caqes_analysis.perimeter import clinics_without_drugs, lifetimes
from caqes_analysis.store import Store

__all__ = ["INCOMPLETE", "Gaps", "gaps_of", "openings_of"]

INCOMPLETE = "des mois manquent"
"""Why a year that has a gap gets no verdict, where the months are not known one by one."""


@dataclass(frozen=True)
class Gaps:
    """What some years lack.

    Parameters
    ----------
    months
        First days of the months missing, by FINESS (of the contract) and envelope.
    openings
        Day of opening of those that opened in these years, by FINESS.
    envelopes
        Codes of the envelopes received.
    begun
        Those of ``openings`` that nobody was before them: a contract of which one site among others opened is not one.
    clinics
        Those that PHMEV does not apply to: for-profit clinics (or contracts of such clinics alone).
    """

    months: Mapping[tuple[str, str], Sequence[pd.Timestamp]] = field(default_factory=dict)
    openings: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    envelopes: Sequence[str] = ()
    begun: Collection[str] = ()
    clinics: Collection[str] = ()

    @classmethod
    def of_openings(cls, openings: Mapping[str, pd.Timestamp]) -> Gaps:
        """Return what years lack by the openings of establishments alone.

        Parameters
        ----------
        openings
            What :func:`openings_of` returned.
        """
        return cls(openings=openings, begun=frozenset(openings))

    def begins_within(self, finess: str, year: int) -> bool:
        """Say whether an establishment or a contract began in the course of a year: its sums are those of a part."""
        day = self.openings.get(finess)
        return day is not None and day.year == year and finess in self.begun

    def words(self, finess: str, level: Measure, years: Iterable[int]) -> str:
        """Return why a value is not that of whole years: « juin 2019 manque », or the day of opening.

        Parameters
        ----------
        finess
            The contract, or the establishment.
        level
            The measure read, which is no evolution.
        years
            Years read.
        """
        years = set(years)
        day = self.openings.get(finess)
        if day is not None and day.year in years:
            return f"ouverture le {french.date(day, short=True)}, année incomplète"
        lines = [line for line in (level.numerator, level.denominator) if line is not None]
        counted = {
            code
            for line in lines
            if line.table == tables.MONTHLY_GRID.name
            for code in envelopes_counted(line.condition, self.envelopes)
        }
        absent = sorted({day for code in counted for day in self.months.get((finess, code), ()) if day.year in years})
        if not absent:
            return INCOMPLETE
        names = french.list_in_words([french.month_year(day) for day in absent])
        return f"{names} {'manque' if len(absent) == 1 else 'manquent'}"


def openings_of(store: Store, *, years: Iterable[int], finess: str | None = None) -> dict[str, pd.Timestamp]:
    """Return the day of opening of the establishments that opened in the course of some years, by FINESS.

    A merger that makes a new FINESS opens nothing (:data:`~caqes_analysis.perimeter.LIFETIMES`).

    Parameters
    ----------
    store
        Store of the campaign.
    years
        Years wanted.
    finess
        The only establishment wanted; all when None.
    """
    return _openings(lifetimes(store), years, finess)


def _openings(lives: pd.DataFrame, years: Iterable[int], finess: str | None) -> dict[str, pd.Timestamp]:
    opened = lives.loc[lives["part_year"].isin(list(years)), "first_day"]
    return {str(one): pd.Timestamp(day) for one, day in opened.items() if finess is None or one == finess}


def gaps_of(store: Store, *, years: Iterable[int], contract_of: Mapping[str, str], finess: str | None = None) -> Gaps:
    """Return the months missing of some years, and who opened in the course of them.

    Parameters
    ----------
    store
        Store of the campaign.
    years
        Years wanted.
    contract_of
        Signatory of each establishment; itself when absent.
    finess
        The only establishment wanted; all when None.

    Returns
    -------
    Gaps
        A month that a later cumulative delivery of its year covers is not missing.
    """
    years = sorted(years)
    asked = {"years": years, "finess": finess}
    lives = lifetimes(store)
    opened = _openings(lives, years, finess)
    openings = {contract_of.get(one, one): day for one, day in opened.items()}
    without = clinics_without_drugs(store)
    elsewhere = {contract_of.get(one, one) for one in lives.index.difference(list(without))} if without else set()
    clinics = {contract_of.get(one, one) for one in without} - elsewhere
    there = {contract_of.get(one, one) for one in lives.index.difference(list(opened))} if opened else set()
    begun = set(openings) - there
    if not store.has(tables.MONTHLY_GRID):
        return Gaps(openings=openings, begun=begun, clinics=clinics)
    received = store.query("select distinct envelope from monthly_grid order by envelope")["envelope"].tolist()
    rows = store.query(
        f"select finess, envelope, year, m from ({UNKNOWN_MONTHS}) "
        "where list_contains($years, year) and ($finess is null or finess = $finess) "
        "order by finess, envelope, year, m",
        asked,
    )
    months: dict[tuple[str, str], list[pd.Timestamp]] = {}
    for one, code, year, month_nb in zip(*(rows[name].tolist() for name in rows), strict=True):
        months.setdefault((contract_of.get(one, one), code), []).append(pd.Timestamp(year, month_nb, 1))
    return Gaps(months, openings, received, begun, clinics)
