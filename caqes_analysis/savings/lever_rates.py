"""What establishments do where money could be saved: a rate each, and what a unit is worth at the prices of the year.

Frames of rates: ``finess, lever, product_group, label, direction, numerator_nb, denominator_nb, gap_eur``; the rate is
numerator over denominator, ``direction`` says which way is cheaper, ``gap_eur`` what Assurance Maladie reimburses less
for a unit moved or avoided. Floats: these are orders of magnitude (``docs/methods/savings.md``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from caqes_analysis.known_periods import KNOWN_TO_DATE
from caqes_analysis.savings.presentations import comparable_key
from caqes_analysis.store import Store

__all__ = [
    "AVOIDED_CLASSES",
    "BIOSIMILARS",
    "INSTEAD",
    "REPERTOIRE",
    "REPLACED_STATUS",
    "SUBSTITUTION",
    "lever_rates",
    "mean_box_eur",
    "replaceable_boxes",
    "yearly_boxes",
]

BIOSIMILARS: Final = "biosimilars"
SUBSTITUTION: Final = "substitution"
REPERTOIRE: Final = "repertoire"
REPLACED_STATUS: Final[Mapping[str, str]] = {BIOSIMILARS: "C", SUBSTITUTION: "4"}
"""Generic status of the boxes that a lever replaces."""
_REPLACING_STATUS: Final[Mapping[str, str]] = {BIOSIMILARS: "B", SUBSTITUTION: "1"}
AVOIDED_CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "ipp": ("A02BC",),
    "ezetimibe": ("C10AX09", "C10BA02", "C10BA05", "C10BA06"),
}
"""ATC classes of the boxes that a lever avoids (arrêté du 23/02/2022)."""
INSTEAD: Final[Mapping[str, str]] = {"ezetimibe": "C10AA"}
"""ATC class of the box that takes the place of the one avoided; none where it is avoided altogether."""
_COLUMNS: Final = [
    "finess",
    "lever",
    "product_group",
    "label",
    "direction",
    "numerator_nb",
    "denominator_nb",
    "gap_eur",
]
# Tablets and capsules, as Open PHMEV abbreviates them: a monthly injection is no alternative to a box of tablets.
_SOLID_ORAL: Final = r"\b(?:CPR|CP|COMPRIME|GELULE|GELUL|GELU|GEL|CAPSULE|CAPS)\b"

_LINES = """
select coalesce(s.current_finess, a.finess) as finess, a.cip13, max(a.product_label) as product_label,
       a.generic_status as status, a.atc4, a.atc5, max(a.atc4_label) as atc4_label, max(a.atc5_label) as atc5_label,
       sum(a.boxes_nb)::double as boxes_nb, sum(a.base_eur)::double as base_eur,
       sum(a.reimbursed_eur)::double as reimbursed_eur
from annual_drug_spend a left join successions s on s.finess = a.finess
where a.year = $year::int and a.cip13 <> '9999999999999' and a.boxes_nb > 0
group by 1, a.cip13, a.generic_status, a.atc4, a.atc5 order by 1, 2, 4, 5, 6
"""


def lever_rates(store: Store, *, year: int) -> pd.DataFrame:
    """Return the rates of every establishment, for every lever that the received data allow.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, and ``lpp_spend``, ``activity`` and ``monthly_grid`` when received.
    year
        Year of volumes and prices.

    Returns
    -------
    DataFrame
        A frame of rates, ordered by lever, group and FINESS. A group of products whose prices no longer differ is not
        in it, nor a product that has no comparable one (same molecule, dose and number of units).
    """
    lines = yearly_boxes(store, year=year)
    parts = [
        _switch(lines, lever=BIOSIMILARS),
        _switch(lines, lever=SUBSTITUTION),
        _repertoire(lines),
        _share_of_boxes(lines, lever="ipp", within="", label="IPP"),
        _share_of_boxes(lines, lever="ezetimibe", within="C10", label="Ézétimibe et associations"),
        _perfadom(store, year),
        _dressings(store, year),
        _ambulances(store, year),
    ]
    found = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=_COLUMNS)], ignore_index=True)
    kept = found[(found["denominator_nb"] > 0) & (found["gap_eur"] > 0)]
    return kept[_COLUMNS].sort_values(["lever", "product_group", "finess"], ignore_index=True)


def yearly_boxes(store: Store, *, year: int) -> pd.DataFrame:
    """Return the boxes of a year by establishment of today and presentation; masked lines name none and are left out.

    Parameters
    ----------
    store, year
        As :func:`lever_rates` receives them.

    Returns
    -------
    DataFrame
        ``finess, cip13, product_label, status, atc4, atc5, atc4_label, atc5_label, boxes_nb, base_eur,
        reimbursed_eur``, floats.
    """
    amounts = dict.fromkeys(["boxes_nb", "base_eur", "reimbursed_eur"], "float64")
    return store.query(_LINES, {"year": year}).astype(amounts)


def replaceable_boxes(lines: pd.DataFrame, *, lever: str) -> pd.DataFrame:
    """Return the boxes that a switch compares: same molecule, dose and number of units, of which one is cheaper.

    Parameters
    ----------
    lines
        What :func:`yearly_boxes` returns, for the whole region: prices are its own.
    lever
        ``biosimilars`` or ``substitution``.

    Returns
    -------
    DataFrame
        Their lines, with ``gap`` (difference of price of a box) and ``worth_eur``: what moving all the boxes of the
        line would save Assurance Maladie, at the rate at which the establishment's are reimbursed; 0 for the cheaper.
    """
    cheaper, dearer = _REPLACING_STATUS[lever], REPLACED_STATUS[lever]
    own = lines[lines["status"].isin([cheaper, dearer])]
    keys = {label: comparable_key(label) for label in own["product_label"].unique()}
    own = own.assign(key=own["product_label"].map(keys)).dropna(subset=["key", "atc5"])
    group = ["atc5", "key"]
    sums = own.groupby([*group, "status"])[["boxes_nb", "base_eur"]].sum()
    prices = (sums["base_eur"] / sums["boxes_nb"]).unstack("status").reindex(columns=[cheaper, dearer])
    gaps = (prices[dearer] - prices[cheaper]).rename("gap").dropna()
    own = own.merge(gaps[gaps > 0].reset_index(), on=group)
    # What a box moved is worth: the gap of the boxes that the establishment still has, at its own rate.
    worth = own["boxes_nb"] * own["gap"] * (own["reimbursed_eur"] / own["base_eur"]).clip(0, 1)
    return own.assign(worth_eur=worth.where(own["status"] == dearer, 0.0))


def mean_box_eur(lines: pd.DataFrame, *, lever: str) -> float:
    """Return what the box that takes the place of an avoided one costs, on average in the region; 0 when none does.

    Parameters
    ----------
    lines
        What :func:`yearly_boxes` returns, for the whole region.
    lever
        A key of :data:`AVOIDED_CLASSES`.
    """
    if lever not in INSTEAD:
        return 0.0
    other = lines[lines["atc5"].fillna("").str.startswith(INSTEAD[lever])]
    return float(other["reimbursed_eur"].sum() / other["boxes_nb"].sum()) if len(other) else 0.0


def _switch(lines: pd.DataFrame, *, lever: str) -> pd.DataFrame:
    """Return shares of the cheaper box, molecule by molecule, among boxes that may be compared."""
    own = replaceable_boxes(lines, lever=lever)
    if own.empty:
        return pd.DataFrame(columns=_COLUMNS)
    own = own.assign(cheap_nb=own["boxes_nb"].where(own["status"] != REPLACED_STATUS[lever], 0.0))
    gaps = own.drop_duplicates(["atc5", "key"]).set_index("atc5")["gap"]
    found = own.groupby(["finess", "atc5"], as_index=False).agg(
        label=("atc5_label", "first"),
        numerator_nb=("cheap_nb", "sum"),
        denominator_nb=("boxes_nb", "sum"),
        worth_eur=("worth_eur", "sum"),
    )
    dear_nb = found["denominator_nb"] - found["numerator_nb"]
    # An establishment that moved everything has nothing left to gain, and still is one of the peers.
    gap = (found["worth_eur"] / dear_nb).where(dear_nb > 0, found["atc5"].map(gaps.groupby(level="atc5").mean()))
    return found.assign(
        lever=lever, product_group=found["atc5"], label=_sentence_case(found["label"]), direction="higher", gap_eur=gap
    )


def _sentence_case(labels: pd.Series[str]) -> pd.Series[str]:
    """Return the labels of the base, written there in capitals, as printed; its one acronym stays one."""
    return labels.str.capitalize().str.replace(r"\bhiv\b", "VIH", regex=True)


def _repertoire(lines: pd.DataFrame) -> pd.DataFrame:
    """Return shares of boxes within the generics list, class by class (ATC level 4), among solid oral forms."""
    is_solid = lines["product_label"].str.contains(_SOLID_ORAL, regex=True, na=False)
    own = lines[is_solid & lines["status"].isin(["0", "1", "4"])].dropna(subset=["atc4"])
    own = own.assign(listed=own["status"] != "0")
    sums = own.groupby(["atc4", "listed"])[["boxes_nb", "base_eur"]].sum()
    prices = (sums["base_eur"] / sums["boxes_nb"]).unstack("listed").reindex(columns=[True, False])
    gaps = (prices[False] - prices[True]).dropna()
    own = own[own["atc4"].isin(list(gaps[gaps > 0].index))]
    if own.empty:
        return pd.DataFrame(columns=_COLUMNS)
    found = (
        own.assign(listed_nb=own["boxes_nb"].where(own["listed"], 0.0))
        .groupby(["finess", "atc4"], as_index=False)
        .agg(
            label=("atc4_label", "first"),
            numerator_nb=("listed_nb", "sum"),
            denominator_nb=("boxes_nb", "sum"),
            base_eur=("base_eur", "sum"),
            reimbursed_eur=("reimbursed_eur", "sum"),
        )
    )
    rate = (found["reimbursed_eur"] / found["base_eur"]).clip(0, 1)
    return found.assign(
        lever=REPERTOIRE,
        product_group=found["atc4"],
        label=_sentence_case(found["label"]),
        direction="higher",
        gap_eur=found["atc4"].map(gaps) * rate,
    )


def _share_of_boxes(lines: pd.DataFrame, *, lever: str, within: str, label: str) -> pd.DataFrame:
    """Return the share of some boxes among those of a wider class; a box avoided is worth what it cost.

    It is worth what it cost less a mean box of the class that replaces it, where one does.
    """
    codes = lines["atc5"].fillna("")
    own = lines[codes.str.startswith(within)] if within else lines
    is_in = codes[own.index].str.startswith(AVOIDED_CLASSES[lever])
    replaced = mean_box_eur(lines, lever=lever)
    sums = (
        own.assign(own_nb=own["boxes_nb"].where(is_in, 0.0), own_eur=own["reimbursed_eur"].where(is_in, 0.0))
        .groupby("finess", as_index=False)[["own_nb", "own_eur", "boxes_nb"]]
        .sum()
    )
    return pd.DataFrame(
        {
            "finess": sums["finess"],
            "lever": lever,
            "product_group": lever,
            "label": label,
            "direction": "lower",
            "numerator_nb": sums["own_nb"],
            "denominator_nb": sums["boxes_nb"],
            "gap_eur": sums["own_eur"] / sums["own_nb"].where(sums["own_nb"] > 0) - replaced,
        }
    )


def _perfadom(store: Store, year: int) -> pd.DataFrame:
    """Return the share of diffusers and electric systems among the packages that a gravity perfusion could replace."""
    sums = store.query(
        """
        select coalesce(s.current_finess, l.finess) as finess, k.role,
               sum(l.quantity_nb)::double as quantity_nb, sum(l.amount_eur)::double as amount_eur
        from lpp_spend l join code_lists k on k.list = 'perfadom' and k.code = l.lpp
        left join successions s on s.finess = l.finess
        where left(l.period, 4)::int = $year::int
          and k.role in ('diffuseur', 'systeme_actif_electrique', 'gravite')
        group by all order by all
        """,
        {"year": year},
    )
    active = sums["role"] != "gravite"
    gravity = sums[~active]
    if gravity.empty or not gravity["quantity_nb"].sum():
        return pd.DataFrame(columns=_COLUMNS)
    gravity_eur = gravity["amount_eur"].sum() / gravity["quantity_nb"].sum()
    found = (
        sums.assign(active_nb=sums["quantity_nb"].where(active, 0.0), active_eur=sums["amount_eur"].where(active, 0.0))
        .groupby("finess", as_index=False)[["active_nb", "active_eur", "quantity_nb"]]
        .sum()
    )
    gap = found["active_eur"] / found["active_nb"].where(found["active_nb"] > 0) - gravity_eur
    return found.assign(
        lever="perfadom",
        product_group="perfadom",
        label="Diffuseurs et systèmes actifs",
        direction="lower",
        numerator_nb=found["active_nb"],
        denominator_nb=found["quantity_nb"],
        gap_eur=gap,
    )


def _dressings(store: Store, year: int) -> pd.DataFrame:
    """Return the euros of dressings for each euro of drugs prescribed; a euro avoided is worth one."""
    found = store.query(
        """
        with spent as (
          select coalesce(s.current_finess, l.finess) as finess, sum(l.amount_eur)::double as numerator_nb
          from lpp_spend l join code_lists k on k.list = 'pansements' and k.code = l.lpp
          left join successions s on s.finess = l.finess
          where left(l.period, 4)::int = $year::int group by 1
        ),
        drugs as (
          select coalesce(s.current_finess, a.finess) as finess, sum(a.reimbursed_eur)::double as denominator_nb
          from annual_drug_spend a left join successions s on s.finess = a.finess where a.year = $year::int group by 1
        )
        select * from spent join drugs using (finess) order by finess
        """,
        {"year": year},
    )
    return found.assign(
        lever="pansements", product_group="pansements", label="Pansements", direction="lower", gap_eur=1.0
    )


def _ambulances(store: Store, year: int) -> pd.DataFrame:
    """Return the share of the ambulance among trips; a trip moved is worth its gap with a seated one, here."""
    found = store.query(
        f"""
        with trips as (
          select coalesce(s.current_finess, a.finess) as finess,
                 sum(a.count_nb) filter (activity = 'trips_ambulance')::double as numerator_nb,
                 sum(a.count_nb)::double as denominator_nb
          from activity a left join successions s on s.finess = a.finess
          where a.activity in ('trips_ambulance', 'trips_taxi', 'trips_vsl') and a.period = $year::int::text group by 1
        ),
        spent as (
          select finess, sum(amount_eur) filter (envelope = 'transport_ambulance')::double as ambulance_eur,
                 sum(amount_eur) filter (envelope <> 'transport_ambulance')::double as seated_eur
          from ({KNOWN_TO_DATE}) where year = $year::int and is_last and starts_with(envelope, 'transport_')
          group by finess having bool_and(is_known) and bool_or(has_begun)
        )
        select * from trips join spent using (finess) order by finess
        """,
        {"year": year},
    ).astype({"numerator_nb": "float64", "denominator_nb": "float64"})
    seated_nb = found["denominator_nb"] - found["numerator_nb"]
    ambulance = found["ambulance_eur"] / found["numerator_nb"].where(found["numerator_nb"] > 0)
    return found.assign(
        lever="ambulance",
        product_group="ambulance",
        label="Ambulance remplacée par un transport assis",
        direction="lower",
        gap_eur=ambulance - found["seated_eur"] / seated_nb.where(seated_nb > 0),
    )
