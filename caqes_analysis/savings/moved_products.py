"""The products whose spending moved most, of each establishment and of the region, with the effects that moved it."""

from __future__ import annotations

from typing import Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.savings.decomposition import EFFECTS, euros_of, item_effects
from caqes_analysis.savings.estimate import REGION

__all__ = ["moved_products"]

_TOP_NB: Final = 10
_TOLD: Final = ("product", "masked")
_HIDDEN_CLASS: Final = "9"
# Below this, a molecule at the top of the table says nothing to anybody.
_SMALLEST_MOVE_CENTS: Final = 100
_COLUMNS: Final = ["previous", *(name for name in EFFECTS if name != "fees"), "current"]


def moved_products(pairs: pd.DataFrame, *, indicator: str, year: int, is_by_molecule: bool) -> pd.DataFrame:
    """Return the ten products of each establishment, and of the region, whose spending moved most.

    Parameters
    ----------
    pairs
        What :func:`caqes_analysis.savings.changes.annual_pairs` and its sisters return, for the whole region.
    indicator
        The envelope.
    year
        Year N.
    is_by_molecule
        True to add up the presentations of a molecule (ATC level 5), False to tell each code.

    Returns
    -------
    DataFrame
        Table ``saving_products``, nothing of it marked. The volume of a product is counted at its own mean cost, in
        each establishment; the region is the sum of them. Fees, masked lines whose class is hidden too and
        changes under 1 € are left out.
    """
    code, label = ("atc", "atc_label") if is_by_molecule else ("code", "label")
    told = pairs[pairs["nature"].isin(_TOLD) & ~_hides_its_class(pairs)]
    named = told.assign(**{name: told[name].fillna("") for name in (code, label)})
    effects = item_effects(named, volume_by=("finess", code)).drop(columns="fees")
    for name in ("previous", "current"):
        effects[name] = named[f"{name}_cents"].to_numpy(dtype="int64")
    keys = {"series": "finess", "code": code, "label": label}
    keyed = effects.assign(**{name: named[column].to_numpy() for name, column in keys.items()})
    own = keyed.groupby(list(keys), as_index=False, sort=True)[_COLUMNS].sum()
    region = own.groupby(["code", "label"], as_index=False, sort=True)[_COLUMNS].sum().assign(series=REGION)
    largest = pd.concat([_largest(own), _largest(region)], ignore_index=True)
    euros = {f"{name}_eur": euros_of(largest[name]) for name in _COLUMNS}
    return tables.SAVING_PRODUCTS.conform(
        pd.DataFrame({**{name: largest[name] for name in ("series", "rank", "code", "label")}, **euros}),
        indicator=indicator,
        year=year,
        value_status="reported",
        is_provisional=False,
        is_corrected=False,
    )


def _largest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the products of each series that moved most, ranked."""
    size = (rows["current"] - rows["previous"]).abs()
    moved = rows.assign(size=size)[size >= _SMALLEST_MOVE_CENTS]
    ordered = moved.sort_values(["series", "size", "code", "label"], ascending=[True, False, True, True])
    ranked = ordered.assign(rank=ordered.groupby("series").cumcount() + 1)
    return ranked[ranked["rank"] <= _TOP_NB]


def _hides_its_class(pairs: pd.DataFrame) -> pd.Series[bool]:
    """Say which masked lines do not even tell their molecule; what is known of the others is that of the molecule."""
    unknown = pairs["atc"].fillna(_HIDDEN_CLASS).str.startswith(_HIDDEN_CLASS)
    return (pairs["nature"] == "masked") & unknown
