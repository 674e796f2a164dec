"""What could be saved: « if this establishment prescribed like the regional median, the best quartile, the target »."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from caqes_analysis import tables
from caqes_analysis.exact import cents, exact
from caqes_analysis.indicators.structure import annual_years
from caqes_analysis.savings.lever_intervals import rate_bounds, sum_bounds
from caqes_analysis.savings.lever_rates import (
    BIOSIMILARS,
    REPERTOIRE,
    SUBSTITUTION,
    lever_rates,
)
from caqes_analysis.savings.lever_targets import target_rates
from caqes_analysis.store import Store

__all__ = [
    "EXTRACT_LINES_NB",
    "LEVER_ASSUMPTIONS",
    "LEVER_LABELS",
    "MINIMUM_DENOMINATOR_NB",
    "MINIMUM_PEERS_NB",
    "looks_like_extract",
    "potential_savings",
    "savings_of_rates",
    "top_levers",
]

LEVER_LABELS: Final[Mapping[str, str]] = {
    "biosimilars": "Biosimilaires",
    "substitution": "Génériques : substitution",
    "repertoire": "Génériques : prescription dans le répertoire",
    "ipp": "IPP",
    "ezetimibe": "Ézétimibe",
    "perfadom": "PERFADOM : perfusion par gravité",
    "pansements": "Pansements",
    "ambulance": "Ambulance → transport assis",
}
"""Levers, in words, in the order in which they are explained."""
MINIMUM_DENOMINATOR_NB: Final = 30
"""Units under which the rate of an establishment is noise, and takes no part in a median (choice of the package)."""
MINIMUM_PEERS_NB: Final = 5
"""Establishments under which a region has no median nor quartile (choice of the package)."""

EXTRACT_LINES_NB: Final = 300
"""Lines for each establishment under which a yearly base is taken for an extract (Open PHMEV has 1,600 on average)."""

_QUANTILES: Final = {"median": {"higher": 0.5, "lower": 0.5}, "best_quartile": {"higher": 0.75, "lower": 0.25}}
_TARGET: Final = "target"
_THOUSANDTHS: Final = 3
_BY_PRODUCT: Final = (BIOSIMILARS, SUBSTITUTION, REPERTOIRE)
LEVER_ASSUMPTIONS: Final[Mapping[str, str]] = {
    "biosimilars": "référence remplacée par un biosimilaire de même dose et de même nombre d'unités, à l'écart de prix "
    "de l'année ; les patients qui ne peuvent pas changer ne sont pas retirés",
    "substitution": "princeps remplacé par un générique de même dose et de même nombre d'unités, à l'écart de prix de "
    "l'année ; les mentions « non substituable » ne sont pas connues",
    "perfadom": "forfait diffuseur ou système actif remplacé par le forfait de perfusion par gravité, à leurs prix "
    "moyens de l'année ; ni les consommables ni le produit perfusé ne sont comptés",
    "repertoire": "plafond théorique, hors classement : toute boîte d'une classe n'est pas remplaçable par une autre",
    "ezetimibe": "boîtes d'ézétimibe et associations pour toutes celles de médicaments des lipides (ATC C10) ; la "
    "boîte évitée est remplacée par une statine au prix moyen de la région, tous conditionnements",
    "ipp": "boîtes d'IPP pour toutes les boîtes prescrites ; la boîte évitée n'est remplacée par rien",
    "pansements": "euros de pansements pour 100 € de médicaments prescrits, sans tenir compte des patients reçus ; "
    "sans les cliniques à but lucratif, dont les médicaments ne sont pas dans Open PHMEV",
    "ambulance": "en trajets ; l'écart est celui de l'établissement, entre une ambulance et un transport assis",
}
"""What the figure of a lever supposes, in French."""


def looks_like_extract(store: Store) -> bool:
    """Say whether the last yearly drug file has too few lines to be a whole one: no rate of it means anything.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``.
    """
    found = store.query(
        "select count(*) as lines_nb, count(distinct finess) as finess_nb from annual_drug_spend "
        "where year = (select max(year) from annual_drug_spend)"
    ).iloc[0]
    return 0 < int(found["lines_nb"]) < EXTRACT_LINES_NB * int(found["finess_nb"])


def potential_savings(store: Store, *, year: int, scheme: str = "") -> pd.DataFrame:
    """Return what each establishment of a region could save on each lever, scenario by scenario.

    Parameters
    ----------
    store
        Store of the campaign, everything received.
    year
        Year of volumes and prices: the last one whose yearly drug file was received.
    scheme
        Scheme whose objectives of the year are the scenario ``target``; none without it.

    Returns
    -------
    DataFrame
        Table ``levers``.
    """
    rates = lever_rates(store, year=year)
    previous = lever_rates(store, year=year - 1) if year - 1 in annual_years(store) else None
    aimed = target_rates(store, rates, scheme=scheme, year=year) if scheme and len(rates) else None
    return savings_of_rates(rates, year=year, previous=previous, aimed=aimed)


def savings_of_rates(
    rates: pd.DataFrame,
    *,
    year: int,
    previous: pd.DataFrame | None = None,
    aimed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare rates with those of the region, and say what the difference is worth.

    ``moved = max(0, reference − rate) × denominator`` (the other way round where less is cheaper), ``saving = moved ×
    gap``: no unit is moved where an establishment already does better, and none without a gap of price.

    Parameters
    ----------
    rates
        A frame of rates (:mod:`caqes_analysis.savings.lever_rates`).
    year
        Year N.
    previous
        The same rates a year earlier, from which the chance of a rate is estimated; None: no interval.
    aimed
        Rate aimed at (0 to 1) by establishment, lever and group, for the scenario ``target``, as
        :func:`~caqes_analysis.savings.lever_targets.target_rates` returns them.

    Returns
    -------
    DataFrame
        Table ``levers``, ordered by FINESS, lever, group and scenario. The median and the quartile are those of the
        establishments that have at least :data:`MINIMUM_DENOMINATOR_NB` units; fewer than :data:`MINIMUM_PEERS_NB` of
        them, and there is no such scenario.

    Examples
    --------
    >>> shares = [10, 20, 30, 40, 50]
    >>> rates = pd.DataFrame({"finess": [f"99000000{n}" for n in range(5)], "numerator_nb": shares})
    >>> named = {"lever": "biosimilars", "product_group": "L04AB04", "label": "Adalimumab", "direction": "higher"}
    >>> rates = rates.assign(**named, denominator_nb=100, gap_eur=10.0)
    >>> found = savings_of_rates(rates, year=2024)
    >>> found[found["scenario"] == "median"]["saving_eur"].tolist()[:3]
    [Decimal('200.00'), Decimal('100.00'), Decimal('0.00')]
    """
    if rates.empty:
        return tables.LEVERS.empty()
    own = rates.assign(rate=rates["numerator_nb"] / rates["denominator_nb"], **rate_bounds(rates, previous))
    parts = [_scenario(own, name) for name in _QUANTILES]
    if aimed is not None and len(aimed):
        key = ["finess", "lever", "product_group"]
        parts.append(own.merge(aimed, on=key).assign(scenario=_TARGET, establishments_nb=np.nan))
    found = pd.concat([part for part in parts if len(part)] or [own.iloc[:0]], ignore_index=True)
    if found.empty:
        return tables.LEVERS.empty()
    ahead = np.where(found["direction"] == "higher", 1.0, -1.0)
    # Nobody can move more than there is: the rate aimed at lies between nothing and everything.
    moved = ((found["reference_rate"] - found["rate"]) * ahead).clip(lower=0) * found["denominator_nb"]
    reasons = [
        " ; ".join(word for word in (LEVER_ASSUMPTIONS.get(lever), why) if word) or None
        for lever, why in zip(found["lever"], found["why_not"], strict=True)
    ]
    ends = pd.DataFrame(
        {
            name: ((found["reference_rate"] - found[name]) * ahead).clip(lower=0)
            * found["denominator_nb"]
            * found["gap_eur"]
            for name in ("lower_rate", "upper_rate")
        }
    )
    rows = found.assign(
        year=year,
        moved_nb=_thousandths(moved),
        numerator_nb=_thousandths(found["numerator_nb"]),
        denominator_nb=_thousandths(found["denominator_nb"]),
        saving_eur=_cents(moved * found["gap_eur"]),
        lower_eur=_cents(ends.min(axis=1)),
        upper_eur=_cents(ends.max(axis=1)),
        reason=pd.Series(reasons, index=found.index, dtype=object),
    ).drop(columns=["direction", "lower_rate", "upper_rate", "why_not"])
    ordered = rows.sort_values(["finess", "lever", "product_group", "scenario"], ignore_index=True)
    return tables.LEVERS.validate(tables.LEVERS.conform(ordered))


def _scenario(own: pd.DataFrame, name: str) -> pd.DataFrame:
    key = ["lever", "product_group"]
    peers = own[own["denominator_nb"] >= MINIMUM_DENOMINATOR_NB]
    found = []
    for direction, quantile in _QUANTILES[name].items():
        grouped = peers[peers["direction"] == direction].groupby(key)["rate"]
        rates = pd.DataFrame({"reference_rate": grouped.quantile(quantile), "establishments_nb": grouped.size()})
        found.append(rates[rates["establishments_nb"] >= MINIMUM_PEERS_NB])
    return own.merge(pd.concat(found).reset_index(), on=key).assign(scenario=name)


def _cents(values: pd.Series[float]) -> pd.Series[Any]:
    rounded = [None if pd.isna(value) else cents(exact(float(value)) or Fraction(0)) for value in values]
    return pd.Series(rounded, index=values.index, dtype=object)


def _thousandths(values: pd.Series[float]) -> pd.Series[Any]:
    rounded = [round(Decimal(repr(float(value))), _THOUSANDTHS) for value in values]
    return pd.Series(rounded, index=values.index, dtype=object)


class _Line(NamedTuple):
    """What is ranked of a row of ``levers``."""

    scenario: str
    product_group: str
    label: str
    saving_eur: Any
    lower_eur: Any
    upper_eur: Any

    @property
    def is_gain(self) -> bool:
        return not pd.isna(self.saving_eur) and self.saving_eur > 0


def top_levers(levers: pd.DataFrame, *, scenario: str = "best_quartile", top_nb: int = 10) -> pd.DataFrame:
    """Return the levers of each establishment in order of what they are worth, all groups of products together.

    The lever of the generics list is a ceiling: it comes last, whatever it is worth.

    Parameters
    ----------
    levers
        Table ``levers``.
    scenario
        Scenario by which they are ordered.
    top_nb
        How many are kept for each establishment.

    Returns
    -------
    DataFrame
        ``finess, lever, label, rank, groups_nb`` (groups where something is to be gained)``, main_group`` (the first
        of them, for levers that have several)``, is_ceiling, <scenario>_eur`` for every scenario, and the
        bounds at 95 % of the one that orders, ``lower_eur, upper_eur``. A lever worth nothing in the scenario that
        orders comes after the others when the establishment is not at its objective (its groups are then those of the
        objective); one that is worth nothing in either is left out.
    """
    lines: dict[tuple[str, str], list[_Line]] = {}
    for finess, lever, *line in levers[["finess", "lever", *_Line._fields]].itertuples(index=False):
        lines.setdefault((finess, lever), []).append(_Line(*line))
    found = []
    for (finess, lever), own in lines.items():
        ordering = [line for line in own if line.scenario == scenario]
        # An objective may ask for more than the best of the region do.
        gained = _gained(ordering) or _gained([line for line in own if line.scenario == _TARGET])
        if not gained:
            continue
        sums = {one: [line.saving_eur for line in own if line.scenario == one] for one in tables.SCENARIOS}
        lower, upper = sum_bounds(
            [_float(line.saving_eur) for line in ordering],
            [_float(line.lower_eur) for line in ordering],
            [_float(line.upper_eur) for line in ordering],
        )
        if not ordering:
            lower = upper = np.nan
        found.append(
            {
                "finess": finess,
                "lever": lever,
                **{f"{one}_eur": _known_sum(amounts) for one, amounts in sums.items()},
                "main_group": gained[0][-1] if lever in _BY_PRODUCT else None,
                "groups_nb": len(gained),
                "is_ceiling": lever == REPERTOIRE,
                "lower_eur": lower,
                "upper_eur": upper,
            }
        )
    if not found:
        names = ["finess", "lever", "label", "rank", "groups_nb", "main_group", "is_ceiling", "lower_eur", "upper_eur"]
        return pd.DataFrame(columns=[*names, *(f"{one}_eur" for one in tables.SCENARIOS)])
    order = ["finess", "is_ceiling", f"{scenario}_eur", f"{_TARGET}_eur", "lever"]
    ranked = pd.DataFrame(found).sort_values(order, ascending=[True, True, False, False, True], ignore_index=True)
    ranked["rank"] = ranked.groupby("finess").cumcount() + 1
    return ranked[ranked["rank"] <= top_nb].assign(label=ranked["lever"].map(LEVER_LABELS)).reset_index(drop=True)


def _gained(lines: list[_Line]) -> list[tuple[Any, str, str]]:
    """Return the groups of a scenario that are worth something, the most first."""
    return sorted((-line.saving_eur, line.product_group, line.label) for line in lines if line.is_gain)


def _known_sum(amounts: list[Any]) -> Any:
    """Return the sum of the amounts that are known; missing when the scenario has no line."""
    return sum(amount for amount in amounts if not pd.isna(amount)) if amounts else np.nan


def _float(amount: Any) -> float:
    return float("nan") if pd.isna(amount) else float(amount)
