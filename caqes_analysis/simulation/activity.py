"""The activity of the simulated establishments, and their LPP spending by code: both follow their spending."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from caqes_analysis.simulation.establishments import Establishment
from caqes_analysis.simulation.reception import Reception
from caqes_analysis.simulation.series import TAKEN_OVER_SHARE, Region

__all__ = ["ACTIVITY_HEADER", "LPP_HEADER", "activity_rows", "lpp_rows"]

ACTIVITY_HEADER = ("finess", "periode", "activite", "nombre")
LPP_HEADER = ("finess", "periode", "code_lpp", "quantite", "montant")

# Orders of magnitude: what one stay, consultation… goes with, in euros of yearly PHMEV, by kind of hospital.
_EUROS_PER_STAY = {"chu": 700.0, "ch": 480.0, "cancer": 900.0, "espic": 260.0, "private": 190.0}
_EUROS_PER_STAY |= {"mental": 420.0, "local": 120.0}
_PER_STAY = {"sessions": 0.6, "external_consultations": 4.0, "pre_anaesthetic_exams": 0.3}
_EMERGENCY_KINDS, _EMERGENCY_PER_STAY = ("chu", "ch"), 2.1
_SURGICAL_KINDS = ("chu", "ch", "cancer", "espic", "private")
_CARDIAC_KINDS, _HEART_FAILURE_PER_STAY, _READMITTED = ("chu", "ch", "espic", "private"), 0.012, (0.14, 0.24)
_EUROS_PER_PRESCRIPTION, _WITH_RPPS = 65.0, (0.45, 0.9)
_EUROS_PER_TRIP = {"ambulance": 92.0, "taxi": 58.0, "vsl": 33.0}
_OCCASIONS = {"stays": 0.45, "sessions": 0.35, "consultations": 0.2}
_GROWTH_PER_YEAR = 0.015


@dataclass(frozen=True)
class _Product:
    """An LPP code, and its share of the spending of its part."""

    code: str
    part: str
    share: float
    unit_eur: float


@cache
def _products() -> tuple[_Product, ...]:
    text = files(__package__).joinpath("lpp_products.csv").read_text(encoding="utf-8")
    return tuple(
        _Product(row["code"], row["part"], float(row["share"]), float(row["unit_eur"]))
        for row in csv.DictReader(text.splitlines(), delimiter=";")
    )


def activity_rows(region: Region, last_month: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield the activity of each establishment: the two years before the campaign's, then January to ``last_month``.

    Parameters
    ----------
    region
        The truth.
    last_month
        Last month received, 1 to 12.
    """
    months = region.months
    for one in region.establishments:
        random = np.random.default_rng([region.seed, 5, one.index])
        spent = {series.envelope: (series.months, series.cents) for series in region.series(one)}
        traits = _Traits(one, random)
        taken_over = _taken_over(region, traits) if one.role == "successor" else np.zeros(len(months))
        for year in (region.year - 2, region.year - 1, region.year):
            last = last_month if year == region.year else 12
            inside = (months >= np.datetime64(f"{year}-01")) & (months <= np.datetime64(f"{year}-{last:02d}"))
            period = f"{year}" if last == 12 else f"{year}-M{last:02d}"
            totals = {
                code: float(cents[np.isin(when, months[inside])].sum()) / 100 for code, (when, cents) in spent.items()
            }
            open_nb = int(np.isin(months[inside], spent["lpp"][0]).sum()) if "lpp" in spent else last
            share_of_year = open_nb / 12 + float(taken_over[inside].sum()) / 12
            for activity, count in traits.counts(totals, share_of_year, year - region.year + 1).items():
                yield one.finess, period, activity, str(count)


def _taken_over(region: Region, own: _Traits) -> npt.NDArray[np.float64]:
    """Return, month by month, the activity taken over from the merged establishment, as a part of the successor's."""
    merged = _Traits(region.merged, np.random.default_rng([region.seed, 5, region.merged.index]))
    return np.where(region.after_merger, TAKEN_OVER_SHARE * merged.stays / own.stays, 0.0)


class _Traits:
    """What is drawn once for an establishment: its activity moves from year to year around it."""

    def __init__(self, one: Establishment, random: np.random.Generator) -> None:
        self.one, self.random = one, random
        self.stays = one.yearly_eur / _EUROS_PER_STAY[one.kind] * float(np.exp(0.15 * random.normal()))
        self.per_stay = {name: rate * float(np.exp(0.2 * random.normal())) for name, rate in _PER_STAY.items()}
        self.readmitted = float(random.uniform(*_READMITTED))
        self.with_rpps = float(random.uniform(*_WITH_RPPS))
        self.per_trip = {mode: euros * float(np.exp(0.1 * random.normal())) for mode, euros in _EUROS_PER_TRIP.items()}
        self.occasions = random.dirichlet([20 * share for share in _OCCASIONS.values()], size=len(_EUROS_PER_TRIP))

    def counts(self, totals: dict[str, float], share_of_year: float, years: int) -> dict[str, int]:
        """Return the counts of a period from what was spent in it."""
        kind, drawn = self.one.kind, self.random
        size = share_of_year * (1 + _GROWTH_PER_YEAR) ** years
        found: dict[str, float] = {"stays": self.stays * size}
        for name, rate in self.per_stay.items():
            if name != "pre_anaesthetic_exams" or kind in _SURGICAL_KINDS:
                found[name] = self.stays * rate * size
        if kind in _EMERGENCY_KINDS:
            found["emergency_visits"] = self.stays * _EMERGENCY_PER_STAY * size
        if kind in _CARDIAC_KINDS:
            found["heart_failure_first_episodes"] = self.stays * _HEART_FAILURE_PER_STAY * size
        counts = {name: int(drawn.poisson(value)) for name, value in found.items()}
        if "heart_failure_first_episodes" in counts:
            first = counts["heart_failure_first_episodes"]
            counts["heart_failure_readmissions"] = int(drawn.binomial(first, self.readmitted))
        if totals.get("phmev"):
            counts["prescriptions"] = int(drawn.poisson(totals["phmev"] / _EUROS_PER_PRESCRIPTION))
            counts["prescriptions_with_rpps"] = int(drawn.binomial(counts["prescriptions"], self.with_rpps))
        for (mode, euros), shares in zip(self.per_trip.items(), self.occasions, strict=True):
            if f"transport_{mode}" in totals:
                parts = drawn.multinomial(int(totals[f"transport_{mode}"] / euros), shares)
                counts[f"trips_{mode}"] = int(parts.sum())
                counts |= {f"trips_{mode}_{name}": int(nb) for name, nb in zip(_OCCASIONS, parts, strict=True)}
        return counts


def lpp_rows(reception: Reception) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the LPP by code of each month received.

    By month, the codes add up to the cent to the LPP of ``enveloppes_mensuelles.csv``, and those of PERFADOM to its
    own.

    Parameters
    ----------
    reception
        What the region received.
    """
    for one in reception.region.establishments:
        random = np.random.default_rng([reception.region.seed, 6, one.index])
        tilt = random.lognormal(0.0, 0.35, len(_products()))
        received = {series.envelope: series for series, _ in reception.received(one)}
        if "lpp" not in received:
            continue
        lpp, perfadom = received["lpp"], received.get("perfadom")
        inner = dict(zip(perfadom.months.astype(str), perfadom.cents.tolist(), strict=True)) if perfadom else {}
        for month, cents in zip(lpp.months, lpp.cents.tolist(), strict=True):
            inside = inner.get(str(month), 0)
            for product, part_cents in [*_split("perfadom", inside, tilt), *_split("lpp", cents - inside, tilt)]:
                quantity = max(1, round(part_cents / 100 / product.unit_eur))
                amount = f"{part_cents // 100},{part_cents % 100:02d}"
                yield one.finess, str(month), product.code, str(quantity), amount


def _split(part: str, cents: int, tilt: npt.NDArray[np.float64]) -> Iterator[tuple[_Product, int]]:
    """Share cents between the codes of a part; they add up exactly, and codes of no cent are left out."""
    chosen = [(product, product.share * tilt[rank]) for rank, product in enumerate(_products()) if product.part == part]
    shares = np.cumsum([share for _, share in chosen])
    bounds = np.floor(shares / shares[-1] * cents).astype(np.int64)
    bounds[-1] = cents
    for (product, _), amount in zip(chosen, np.diff(bounds, prepend=0).tolist(), strict=True):
        if amount > 0:
            yield product, int(amount)
