"""The products behind every lever, each with its part of what could be saved: the parts add up to the lever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from caqes_analysis.exact import cents, exact, share_out
from caqes_analysis.savings.lever_rates import (
    AVOIDED_CLASSES,
    BIOSIMILARS,
    REPLACED_STATUS,
    SUBSTITUTION,
    mean_box_eur,
    replaceable_boxes,
    yearly_boxes,
)
from caqes_analysis.store import Store

__all__ = ["WITHOUT_DETAIL", "lever_details"]

WITHOUT_DETAIL: Final[Mapping[str, str]] = {
    "repertoire": "plafond théorique, qui ne désigne aucune présentation : le détail s'arrête à la classe",
    "ambulance": "les fichiers reçus donnent des trajets et des montants par mode, pas les transports un à un",
}
"""Levers that no list of products explains, and why, in French."""
_KEY: Final = ["finess", "lever", "product_group"]
_COLUMNS: Final = [*_KEY, "label", "code", "product_label", "units_nb", "spent_eur", "saving_eur"]
_LPP: Final = """
select coalesce(s.current_finess, l.finess) as finess, l.lpp as code, max(k.label) as product_label,
       sum(l.quantity_nb)::double as units_nb, sum(l.amount_eur)::double as spent_eur,
       k.role is not distinct from 'gravite' as is_cheaper
from lpp_spend l join code_lists k on k.list = $list and k.code = l.lpp
left join successions s on s.finess = l.finess
where left(l.period, 4)::int = $year::int and (k.list <> 'perfadom' or list_contains($roles::text[], k.role))
group by all order by all
"""
_PACKAGES: Final = ("diffuseur", "systeme_actif_electrique", "gravite")


def lever_details(store: Store, levers: pd.DataFrame, *, scenario: str = "best_quartile") -> pd.DataFrame:
    """Return the products behind the levers of every establishment, and what each has of the possible saving.

    The saving of a molecule (or class) is shared among its products in proportion to what moving, or avoiding, all of
    their boxes would save at the prices of the year: a product no dearer than what would replace it has no part.

    Parameters
    ----------
    store
        Store of the campaign: ``annual_drug_spend``, and ``lpp_spend`` when received; prices are those of the region.
    levers
        Table ``levers`` of one year.
    scenario
        Scenario whose saving is shared out.

    Returns
    -------
    DataFrame
        ``finess, lever, product_group, label`` (molecule or class)``, code`` (CIP13 or LPP)``, product_label, units_nb,
        spent_eur, saving_eur`` (exact decimals), the largest saving first. ``saving_eur`` adds up to the cent to the
        lever's; the levers of :data:`WITHOUT_DETAIL` are not there (``docs/methods/savings.md``, « Le classeur »).
    """
    gained = levers[(levers["scenario"] == scenario) & (levers["saving_eur"] > 0)]
    if gained.empty:
        return pd.DataFrame(columns=_COLUMNS)
    year = int(gained["year"].iloc[0])
    parts = [part for part in _products(store, year) if len(part)]
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    found = pd.concat(parts, ignore_index=True).merge(gained[[*_KEY, "label", "saving_eur"]], on=_KEY)
    shared = [_share(rows) for _, rows in found.groupby(_KEY, sort=True)]
    if not shared:
        return pd.DataFrame(columns=_COLUMNS)
    whole = pd.concat(shared, ignore_index=True)
    whole = whole.assign(spent_eur=pd.Series(_amounts(whole["spent_eur"]), index=whole.index, dtype=object))
    order = ["finess", "lever", "saving_eur", "spent_eur", "code"]
    return whole.sort_values(order, ascending=[True, True, False, False, True], ignore_index=True)[_COLUMNS]


def _share(rows: pd.DataFrame) -> pd.DataFrame:
    """Share the saving of one group among its products, to the cent."""
    weights = {str(code): Decimal(repr(float(worth))) for code, worth in zip(rows["code"], rows["worth"], strict=True)}
    parts = share_out(rows["saving_eur"].iloc[0], weights)
    return rows.assign(saving_eur=pd.Series([parts[code] for code in rows["code"]], index=rows.index, dtype=object))


def _amounts(values: Iterable[float]) -> list[Decimal]:
    return [cents(exact(float(value)) or Fraction(0)) for value in values]


def _products(store: Store, year: int) -> Iterator[pd.DataFrame]:
    """Yield the products of each lever, each with its worth: what doing without all of it would save."""
    lines = yearly_boxes(store, year=year)
    for lever in (BIOSIMILARS, SUBSTITUTION):
        own = replaceable_boxes(lines, lever=lever)
        own = own[own["status"] == REPLACED_STATUS[lever]]
        yield _by_code(own.assign(lever=lever, product_group=own["atc5"], worth=own["worth_eur"]))
    for lever, classes in AVOIDED_CLASSES.items():
        own = lines[lines["atc5"].fillna("").str.startswith(classes)]
        worth = own["reimbursed_eur"] - mean_box_eur(lines, lever=lever) * own["boxes_nb"]
        yield _by_code(own.assign(lever=lever, product_group=lever, worth=worth))
    for lever in ("perfadom", "pansements"):
        yield _articles(store, lever, year)


def _by_code(own: pd.DataFrame) -> pd.DataFrame:
    """Add up the lines of a presentation that a base gives under two statuses or classes."""
    named = own.rename(columns={"cip13": "code", "boxes_nb": "units_nb", "reimbursed_eur": "spent_eur"})
    named = named.assign(worth=named["worth"].fillna(0).clip(lower=0))
    sums: dict[str, Any] = dict.fromkeys(["units_nb", "spent_eur", "worth"], "sum")
    return named.groupby([*_KEY, "code"], as_index=False, sort=True).agg({"product_label": "first", **sums})


def _articles(store: Store, lever: str, year: int) -> pd.DataFrame:
    """Return the articles of the LPP behind a lever; a package of perfusion is worth its gap with gravity's."""
    rows = store.query(_LPP, {"list": lever, "year": year, "roles": list(_PACKAGES)})
    cheaper, own = rows[rows["is_cheaper"]], rows[~rows["is_cheaper"]]
    instead = float(cheaper["spent_eur"].sum() / cheaper["units_nb"].sum()) if cheaper["units_nb"].sum() else 0.0
    worth = (own["spent_eur"] - instead * own["units_nb"]).clip(lower=0)
    return own.assign(lever=lever, product_group=lever, worth=worth).drop(columns="is_cheaper")
