"""Which results rest on months that may still be completed, or on a corrected value: marks that follow the euros."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.store import Store

__all__ = ["LEVER_SOURCES", "Marks", "received_marks", "with_estimated", "with_forecast_marks", "with_marks"]

_ANYONE, _ANYTHING = "", ""
_NAMES = _PROVISIONAL, _CORRECTED = ("is_provisional", "is_corrected")
_FACTS = {
    tables.MONTHLY_GRID: f"""
        select finess, envelope as subject, year(month) as year, bool_or(is_provisional) as {_PROVISIONAL},
               bool_or(is_corrected) as {_CORRECTED}
        from monthly_grid where year(month) < $year::int or month(month) <= $settled::int group by all""",
    tables.INDICATOR_VALUES: f"""
        select finess, indicator as subject, left(period, 4)::int as year, bool_or(is_provisional) as {_PROVISIONAL},
               bool_or(is_corrected) as {_CORRECTED}
        from indicator_values where level = 'establishment' group by all""",
    tables.ANNUAL_DRUG_SPEND: f"""
        select coalesce(s.current_finess, a.finess) as finess, 'open_phmev' as subject, a.year,
               bool_or(a.is_provisional) as {_PROVISIONAL}, bool_or(a.is_corrected) as {_CORRECTED}
        from annual_drug_spend a left join successions s on s.finess = a.finess group by all""",
    tables.LPP_SPEND: f"""
        select coalesce(s.current_finess, l.finess) as finess, 'lpp_by_code' as subject, left(l.period, 4)::int as year,
               bool_or(l.is_provisional) as {_PROVISIONAL}, bool_or(l.is_corrected) as {_CORRECTED}
        from lpp_spend l left join successions s on s.finess = l.finess
        where left(l.period, 4)::int < $year::int or length(l.period) = 4 or right(l.period, 2)::int <= $settled::int
        group by all""",
}
_DRUGS, _CODES, _MODES = "open_phmev", "lpp_by_code", ("transport_ambulance", "transport_taxi", "transport_vsl")
LEVER_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "ambulance": _MODES,
    "perfadom": (_CODES,),
    "pansements": (_CODES, _DRUGS),
}
"""What each lever is read in; the others are read in the yearly base."""


@dataclass(frozen=True)
class Marks:
    """Which years hold a value that may still be completed, and which a corrected one.

    Parameters
    ----------
    of
        The two flags by establishment or contract, subject and year; of the region and of any subject too.
    names
        Envelopes, indicators and files that have values.
    everyone
        Establishments and contracts.
    """

    of: Mapping[tuple[str, str, int], tuple[bool, bool]]
    names: frozenset[str]
    everyone: frozenset[str]


def received_marks(store: Store, campaign: Campaign) -> Marks:
    """Return the marks of what a store received; months after the last settled one enter no result.

    Parameters
    ----------
    store
        Store with the months, the yearly bases and the values of the indicators.
    campaign
        The campaign: its last settled month.
    """
    contract_of = contract_keys(store.read(tables.ESTABLISHMENTS))
    found: dict[tuple[str, str, int], tuple[bool, bool]] = defaultdict(lambda: (False, False))
    names = set()
    asked = {"year": campaign.year, "settled": campaign.settled_month_nb}
    for table, query in _FACTS.items():
        if not store.has(table):
            continue
        used = {name: value for name, value in asked.items() if f"${name}" in query}
        for finess, name, year, provisional, corrected in store.query(query, used).itertuples(index=False):
            names.add(name)
            if not (provisional or corrected):
                continue
            for who in {finess, contract_of.get(finess, finess), _ANYONE}:
                for what in (name, _ANYTHING):
                    before = found[who, what, int(year)]
                    found[who, what, int(year)] = (before[0] or bool(provisional), before[1] or bool(corrected))
    return Marks(dict(found), frozenset(names), frozenset({*contract_of, *contract_of.values()}))


def with_marks(
    marks: Marks,
    rows: pd.DataFrame,
    *,
    who: str,
    subject: str,
    sources: Mapping[str, tuple[str, ...]] | None = None,
) -> pd.DataFrame:
    """Return results with ``is_provisional`` and ``is_corrected``: those of what was received for them.

    Parameters
    ----------
    marks
        Those of :func:`received_marks`.
    rows
        Results of a year against the one before, with ``year``.
    who
        Column of the establishment or contract; where it names none, the row is one of the region.
    subject
        Column of the envelope or indicator. A subject that is neither (a sum of a contract) rests on all that is known
        of the establishment in these years.
    sources
        What the subjects are read in, :data:`LEVER_SOURCES` for levers; their own names when None.

    Returns
    -------
    DataFrame
        A mark is that of any value of the two years: a result is what one of its parts is.
    """

    def read_in(what: str) -> tuple[str, ...]:
        if sources is not None:
            return sources.get(what, (_DRUGS,))
        return ("phmev", _DRUGS) if what == "phmev" else (what,) if what in marks.names else (_ANYTHING,)

    found = [
        _of(marks, name if name in marks.everyone else _ANYONE, read_in(what), int(year))
        for name, what, year in zip(rows[who], rows[subject], rows["year"], strict=True)
    ]
    return rows.assign(**{name: [mark[place] for mark in found] for place, name in enumerate(_NAMES)})


def _of(marks: Marks, who: str, read_in: tuple[str, ...], year: int) -> tuple[bool, bool]:
    parts = [marks.of.get((who, what, one), (False, False)) for what in read_in for one in (year - 1, year)]
    return any(part[0] for part in parts), any(part[1] for part in parts)


def with_estimated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return results that have ``value_status`` with it: ``missing`` where no saving could be estimated.

    Parameters
    ----------
    rows
        A table of results, with ``saving_eur`` where it is one of savings.
    """
    if not {"value_status", "saving_eur"} <= set(rows.columns):
        return rows
    return rows.assign(value_status=["missing" if is_empty else "reported" for is_empty in rows["saving_eur"].isna()])


def with_forecast_marks(store: Store, rows: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts, or trials of them, with their marks and ``value_status``.

    Parameters
    ----------
    store
        Store with ``monthly_grid``, ``indicator_values`` and ``establishments``.
    rows
        Rows of ``forecasts`` or of ``forecast_trials``.

    Returns
    -------
    DataFrame
        A mark is that of any month observed, of the year or the year before, of what the series adds up; of a followed
        indicator, that of its values in these years. ``missing`` where nothing can be estimated.
    """
    months = store.query(
        f"""
        select g.finess, any_value(e.department) as department, g.envelope, year(g.month) as year,
               min(month(g.month)) filter (g.{_PROVISIONAL}) as provisional_m,
               min(month(g.month)) filter (g.{_CORRECTED}) as corrected_m
        from monthly_grid g left join (select distinct finess, department from establishments) e on e.finess = g.finess
        where g.{_PROVISIONAL} or g.{_CORRECTED} group by g.finess, g.envelope, year(g.month)
        union all
        select v.finess, any_value(e.department), v.indicator, left(v.period, 4)::int,
               min(1) filter (v.{_PROVISIONAL}), min(1) filter (v.{_CORRECTED})
        from indicator_values v left join (select distinct finess, department from establishments) e
          on e.finess = v.finess
        where v.level = 'establishment' and (v.{_PROVISIONAL} or v.{_CORRECTED})
        group by v.finess, v.indicator, left(v.period, 4)
        """
    )
    first: dict[tuple[str, str, str, int], list[float]] = {}
    for finess, department, envelope, year, *flags in months.itertuples(index=False):
        owners = [("establishment", finess), ("department", department), ("region", _ANYONE)]
        for level, who in owners:
            own = first.setdefault((level, who, envelope, int(year)), [99.0, 99.0])
            for place, month in enumerate(flags):
                own[place] = min(own[place], 99.0 if pd.isna(month) else float(month))
    subjects = rows["series"].str.split("/", n=1).str[0].str.removeprefix("departement-")
    columns = (rows["level"], subjects, rows["envelope"], rows["year"], rows["observed_months_nb"])
    marks = [
        _observed(first, (level, _ANYONE if level == "region" else who, what), when, nb)
        for level, who, what, when, nb in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return rows.assign(
        value_status=["missing" if is_empty else "reported" for is_empty in rows["median_eur"].isna()],
        **{name: [mark[place] for mark in marks] for place, name in enumerate(_NAMES)},
    )


def _observed(
    first: dict[tuple[str, str, str, int], list[float]], series: tuple[str, str, str], year: int, months_nb: int
) -> tuple[bool, bool]:
    now, before = (first.get((*series, one), [99.0, 99.0]) for one in (int(year), int(year) - 1))
    provisional, corrected = (now[place] <= months_nb or before[place] <= 12 for place in (0, 1))
    return provisional, corrected
