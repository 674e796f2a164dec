"""The rate that an establishment would have if it just met its objective: the scenario « target » of the levers.

An objective bears on the whole establishment, a lever on its molecules or classes, at the prices of the year: what is
missing to meet the objective is taken from every group alike (``docs/methods/savings.md``, « À l'objectif »).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.known_periods import KNOWN_TO_DATE
from caqes_analysis.perimeter import YEARS_IN_PART
from caqes_analysis.savings.lever_rates import (
    AVOIDED_CLASSES,
    BIOSIMILARS,
    INSTEAD,
    REPERTOIRE,
    SUBSTITUTION,
    mean_box_eur,
    yearly_boxes,
)
from caqes_analysis.schemes.targets import target_for
from caqes_analysis.store import Store

__all__ = ["TARGET_SUBJECTS", "target_rates"]

TARGET_SUBJECTS: Final[Mapping[str, tuple[str, str]]] = {
    BIOSIMILARS: ("biosimilar_uptake", "share_pct"),
    SUBSTITUTION: ("generic_substitution", "share_pct"),
    REPERTOIRE: ("repertoire_share", "share_pct"),
    "ipp": ("phev_ipp", "evolution_pct"),
    "ezetimibe": ("phev_ezetimibe", "evolution_pct"),
    "perfadom": ("phev_perfadom", "evolution_pct"),
    "pansements": ("phev_pansements", "evolution_pct"),
    "ambulance": ("transport_ambulance_share", "share_pct"),
}
"""Subject and measure of the objective of each lever."""
# Boxes that the share of an objective counts, and among which; every box, those masked included, where None (the
# official count of the generics list).
_COUNTED: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...] | None]]] = {
    BIOSIMILARS: (("B",), ("B", "C")),
    SUBSTITUTION: (("1",), ("1", "4")),
    REPERTOIRE: (("1", "4"), None),
}
_KEY: Final = ["finess", "lever", "product_group"]
_COLUMNS: Final = [*_KEY, "reference_rate"]
_BOXES: Final = """
select coalesce(s.current_finess, a.finess) as finess, coalesce(a.generic_status, '') as status,
       sum(a.boxes_nb)::double as boxes_nb
from annual_drug_spend a left join successions s on s.finess = a.finess
where a.year = $year::int group by all order by all
"""
# As the indicators of the objectives count them: a masked line may have a class of level 4 and no molecule.
_DRUGS: Final = """
select coalesce(s.current_finess, a.finess) as finess, a.year, sum(a.reimbursed_eur)::double as spent_eur
from annual_drug_spend a left join successions s on s.finess = a.finess
where a.year in ($year::int - 1, $year::int)
  and (list_contains($codes::text[], coalesce(a.atc4, left(a.atc5, 5))) or list_contains($codes::text[], a.atc5))
group by all having count(*) = count(a.reimbursed_eur) order by all
"""
# As the indicators again: a month was received when it holds any line of the region, of the establishments of which its
# year holds one, for a small hospital may use nothing in a month. Both years are compared over the same months alone.
_ARTICLES: Final = """
with own as (
  select coalesce(s.current_finess, l.finess) as finess, left(l.period, 4)::int as year, substr(l.period, 6) as month,
         l.lpp, l.amount_eur
  from lpp_spend l left join successions s on s.finess = l.finess
  where left(l.period, 4)::int in ($year::int - 1, $year::int)
),
region as (select year, list_sort(list(distinct month)) as months from own where month <> '' group by year),
received as (
  select o.finess, o.year,
         case when bool_or(o.month = '') then [printf('%02d', m) for m in range(1, 13)] else any_value(r.months) end
           as months
  from own o left join region r on r.year = o.year group by o.finess, o.year
),
comparable as (select finess from received group by finess having count(*) = 2 and count(distinct months) = 1)
select finess, year, sum(amount_eur)::double as spent_eur
from own semi join comparable using (finess)
where lpp in (select code from code_lists where list = $list)
group by all having count(*) = count(amount_eur) order by all
"""
_TRIPS: Final = f"""
select finess, sum(amount_eur) filter (envelope = 'transport_ambulance')::double as ambulance_eur,
       sum(amount_eur)::double as whole_eur
from ({KNOWN_TO_DATE}) where year = $year::int and is_last
  and envelope in ('transport_ambulance', 'transport_taxi', 'transport_vsl')
group by finess having bool_and(is_known) and bool_or(has_begun) order by finess
"""


def target_rates(store: Store, rates: pd.DataFrame, *, scheme: str, year: int) -> pd.DataFrame:
    """Return the rate of each group at which an establishment would just meet its objective of the year.

    Parameters
    ----------
    store
        Store of the campaign, with ``targets``.
    rates
        A frame of rates (:mod:`caqes_analysis.savings.lever_rates`).
    scheme
        Scheme whose objectives are read.
    year
        Year of volumes and prices, and of the objectives.

    Returns
    -------
    DataFrame
        ``finess, lever, product_group, reference_rate``, for the levers whose objective has a value (that of the
        establishment, else of the contract that it is of, else of all): its own rate for an establishment that meets
        it. An evolution needs both years, the same months received, and an establishment open throughout them.
    """
    targets = store.read(tables.TARGETS)
    own = targets[(targets["scheme"] == scheme) & (targets["data_year"] == year)]
    contract_of = contract_keys(store.read(tables.ESTABLISHMENTS))
    found = []
    for lever, some in rates.groupby("lever", sort=True):
        subject, measure = TARGET_SUBJECTS[str(lever)]
        asked = own[(own["subject"] == subject) & (own["measure"] == measure)]
        named = set(asked["finess"])
        whose = {
            finess: next((who for who in (finess, contract_of.get(finess, finess)) if who in named), "all")
            for finess in some["finess"].unique()
        }
        values = {
            who: target_for(asked, scheme=scheme, subject=subject, measure=measure, data_year=year, finess=who).value
            for who in set(whose.values())
        }
        aims = some["finess"].map(whose).map(values)
        aimed = some.assign(aim=aims.astype("float64")).dropna(subset=["aim"])
        if len(aimed):
            found.append(_found(store, aimed, str(lever), year))
    return pd.concat([part for part in found if len(part)] or [pd.DataFrame(columns=_COLUMNS)], ignore_index=True)


def _found(store: Store, some: pd.DataFrame, lever: str, year: int) -> pd.DataFrame:
    if lever in _COUNTED:
        return _whole_share(store, some, lever, year)
    return _ambulance(store, some, year) if lever == "ambulance" else _evolution(store, some, lever, year)


def _whole_share(store: Store, some: pd.DataFrame, lever: str, year: int) -> pd.DataFrame:
    """Move the same part of the boxes left in every group, so that the whole establishment meets the share."""
    counted, among = _COUNTED[lever]
    boxes = store.query(_BOXES, {"year": year})
    whole = boxes if among is None else boxes[boxes["status"].isin(among)]
    whole_nb = whole.groupby("finess")["boxes_nb"].sum()
    counted_nb = boxes[boxes["status"].isin(counted)].groupby("finess")["boxes_nb"].sum()
    left_nb = (some["denominator_nb"] - some["numerator_nb"]).groupby(some["finess"]).transform("sum")
    asked_nb = some["aim"] / 100 * some["finess"].map(whole_nb) - some["finess"].map(counted_nb).fillna(0)
    part = (asked_nb.clip(lower=0) / left_nb.where(left_nb > 0)).clip(upper=1).fillna(0)
    rate = some["numerator_nb"] / some["denominator_nb"]
    return some.assign(reference_rate=rate + part * (1 - rate))[_COLUMNS]


def _evolution(store: Store, some: pd.DataFrame, lever: str, year: int) -> pd.DataFrame:
    """Avoid what was spent over the objective: the spending of the year before, and its rate."""
    spent = _spending(store, lever, year).pivot_table(index="finess", columns="year", values="spent_eur", aggfunc="sum")
    partly = store.query(f"select finess from ({YEARS_IN_PART}) where is_part", {"year": year})["finess"]
    if not {year - 1, year} <= set(spent.columns):
        return some.iloc[:0].reindex(columns=_COLUMNS)
    own = some[~some["finess"].isin(partly)]
    before, now = own["finess"].map(spent[year - 1]), own["finess"].map(spent[year])
    over_eur = (now - (1 + own["aim"] / 100) * before).clip(lower=0)
    # A unit lowers this spending by its gap, and by the price of the box of another class that takes its place. The
    # overrun counts masked lines, the boxes do not: a price of all the lines would find too few boxes to avoid.
    instead_eur = mean_box_eur(yearly_boxes(store, year=year), lever=lever) if lever in INSTEAD else 0.0
    return _less(own, over_eur / (own["gap_eur"] + instead_eur))


def _spending(store: Store, lever: str, year: int) -> pd.DataFrame:
    if lever not in AVOIDED_CLASSES:
        return store.query(_ARTICLES, {"list": lever, "year": year})
    return store.query(_DRUGS, {"codes": list(AVOIDED_CLASSES[lever]), "year": year})


def _ambulance(store: Store, some: pd.DataFrame, year: int) -> pd.DataFrame:
    """Move trips until the ambulance has the share of the euros aimed at: each lowers the whole too, by its gap."""
    spent = store.query(_TRIPS, {"year": year}).set_index("finess")
    ambulance, whole = some["finess"].map(spent["ambulance_eur"]), some["finess"].map(spent["whole_eur"])
    share = some["aim"] / 100
    trip_eur = ambulance / some["numerator_nb"].where(some["numerator_nb"] > 0)
    return _less(some, (ambulance - share * whole) / (trip_eur - share * some["gap_eur"]))


def _less(some: pd.DataFrame, moved_nb: pd.Series[float]) -> pd.DataFrame:
    """Return the rate once so many units are moved, all of them at most; no row where they are not known."""
    moved_nb = moved_nb.clip(lower=0).clip(upper=some["numerator_nb"])
    rate = (some["numerator_nb"] - moved_nb) / some["denominator_nb"]
    return some.assign(reference_rate=rate).dropna(subset=["reference_rate"])[_COLUMNS]
