"""The months of the simulated region: what each establishment spends, and what of it was received when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from caqes_analysis.simulation.establishments import Establishment, build_establishments

__all__ = ["ENVELOPE_TRAITS", "TAKEN_OVER_SHARE", "EnvelopeTraits", "Region", "SimulatedSeries"]

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]
Months = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class EnvelopeTraits:
    """How an envelope behaves, in the order of magnitude of French published figures.

    Parameters
    ----------
    received_as
        Word that files use.
    growth_pct, growth_sd_pct
        Mean yearly growth in the region, and its spread between establishments.
    seasonality
        Twelve factors of mean 1, January first: an August trough, a busy December.
    pandemic
        Factors from March to June 2020.
    follows_phmev
        Its median size as a share of the PHMEV of a hospital of that kind; a kind that is absent has no such spending.
    """

    received_as: str
    growth_pct: float
    growth_sd_pct: float
    seasonality: tuple[float, ...]
    pandemic: tuple[float, float, float, float]
    follows_phmev: dict[str, float]


_AMBULATORY = (1.02, 0.97, 1.05, 0.99, 0.98, 1.01, 0.99, 0.89, 0.98, 1.04, 1.01, 1.07)
_THEATRE = (1.03, 1.00, 1.07, 1.00, 0.96, 1.05, 0.95, 0.76, 1.03, 1.09, 1.03, 1.03)
_TRIPS = (1.01, 0.96, 1.06, 1.00, 0.98, 1.03, 1.00, 0.88, 1.00, 1.06, 1.01, 1.01)


def _everyone(public: float, private: float, local: float) -> dict[str, float]:
    somewhat = dict.fromkeys(("chu", "ch", "cancer", "espic"), public)
    return {**somewhat, "mental": local, "local": local, "private": private}


ENVELOPE_TRAITS: dict[str, EnvelopeTraits] = {
    "phmev": EnvelopeTraits(
        "phmev", 6.5, 3.0, _AMBULATORY, (0.97, 0.84, 0.90, 1.03), {**_everyone(1.0, 1.0, 1.0), "private": 0.0}
    ),
    "lpp": EnvelopeTraits("lpp", 5.0, 3.0, _AMBULATORY, (0.93, 0.74, 0.86, 1.02), _everyone(0.28, 0.25, 0.2)),
    "perfadom": EnvelopeTraits(
        "perfadom",
        4.0,
        5.0,
        _AMBULATORY,
        (0.95, 0.80, 0.88, 1.01),
        {"chu": 0.03, "ch": 0.04, "cancer": 0.06, "espic": 0.03, "private": 0.04},
    ),
    "transport_ambulance": EnvelopeTraits(
        "transport_ambulance", 3.0, 3.0, _TRIPS, (0.80, 0.55, 0.68, 0.90), _everyone(0.11, 0.10, 0.3)
    ),
    "transport_taxi": EnvelopeTraits(
        "transport_taxi", 6.0, 4.0, _TRIPS, (0.78, 0.50, 0.66, 0.92), _everyone(0.10, 0.12, 0.3)
    ),
    "transport_vsl": EnvelopeTraits(
        "transport_vsl", 1.5, 4.0, _TRIPS, (0.75, 0.45, 0.60, 0.88), _everyone(0.04, 0.05, 0.1)
    ),
    "extra_list_drugs": EnvelopeTraits(
        "liste_en_sus_medicaments",
        7.0,
        4.0,
        _TRIPS,
        (1.00, 0.93, 0.92, 1.02),
        {"chu": 0.55, "ch": 0.30, "cancer": 1.60, "espic": 0.35, "private": 0.70},
    ),
    "extra_list_devices": EnvelopeTraits(
        "liste_en_sus_dispositifs",
        4.0,
        3.0,
        _THEATRE,
        (0.72, 0.40, 0.62, 1.05),
        {"chu": 0.25, "ch": 0.10, "cancer": 0.05, "espic": 0.20, "private": 1.30},
    ),
}
_EXTRA_LIST = ("extra_list_drugs", "extra_list_devices")
# PERFADOM belongs to the LPP, as in the dashboards of Assurance Maladie: the LPP series includes it.
_PART_OF = {"perfadom": "lpp"}

# Noise of a month: a floor, plus what counting few patients adds (a month of 4 k€ moves by a quarter).
_NOISE_FLOOR, _NOISE_COUNT_EUR = 0.012, 250.0
_DRIFT_SD = 0.004
_FIRST_YEAR = 2000
_YEAR_SHOCK_SD_PCT = 0.8
_BREAKS = {"break_up": (1.35, -1, 5), "break_down": (0.72, 0, 4)}  # factor, year from the campaign's, month
TAKEN_OVER_SHARE = 0.95
"""Part of what a merged establishment did that its successor goes on doing: spending and activity alike."""

_TINY_PATIENTS_PER_MONTH, _TINY_EUR = 1.6, 55.0


@dataclass(frozen=True)
class SimulatedSeries:
    """One establishment's months of one envelope, from its opening to its closure.

    Parameters
    ----------
    envelope
        Code of the envelope.
    months
        First days of the months, as ``datetime64[M]``.
    cents
        Amounts of the months, in cents: the truth.
    """

    envelope: str
    months: Months
    cents: Cents


@dataclass(frozen=True)
class Region:
    """A simulated region: its establishments, and the months of each on demand.

    Parameters
    ----------
    establishments_nb, seed, year, years_nb
        As in :func:`~caqes_analysis.simulation.simulate_region`. The draws of an establishment depend on ``seed``
        and its rank only, so that one can be computed without the others and memory stays flat.
    """

    establishments_nb: int
    seed: int
    year: int
    years_nb: int

    @cached_property
    def establishments(self) -> tuple[Establishment, ...]:
        """The establishments, in the order of their FINESS."""
        drawn = build_establishments(self.establishments_nb, seed=self.seed, year=self.year)
        return tuple(sorted(drawn, key=lambda one: one.finess))

    @cached_property
    def months(self) -> Months:
        """Every month of the region, December of ``year`` included."""
        return np.arange(f"{self.year - self.years_nb + 1}-01", f"{self.year + 1}-01", dtype="datetime64[M]")

    @cached_property
    def merged(self) -> Establishment:
        """The establishment that another takes over."""
        return next(one for one in self.establishments if one.role == "merged")

    @property
    def after_merger(self) -> npt.NDArray[np.bool_]:
        """Say of each month whether the successor lives through it with what it took over."""
        return self._after(self.merged.closed_on)

    @cached_property
    def _regional_growth(self) -> dict[str, Floats]:
        """Growth of each envelope in the region for every year, the same for all its establishments."""
        random = np.random.default_rng([self.seed, 1])
        first = self.year - self.years_nb + 1 - _FIRST_YEAR  # drawn from a fixed year: years_nb changes nothing
        draws = {code: random.normal(traits.growth_pct, _YEAR_SHOCK_SD_PCT, 200) for code, traits in _traits()}
        return {code: rates[first : first + self.years_nb] / 100 for code, rates in draws.items()}

    def series(self, one: Establishment) -> Iterator[SimulatedSeries]:
        """Yield the complete months of an establishment, an envelope at a time: no month late, none missing."""
        full = self._full(one)
        if one.role == "successor":
            inherited = self._full(self.merged)
            after = self.after_merger
            for code in full:
                full[code] += np.where(after, TAKEN_OVER_SHARE * inherited.get(code, 0.0), 0.0)
        for part, whole in _PART_OF.items():
            if part in full:
                full[whole] = full[whole] + full[part]
        alive = self.months >= np.datetime64(one.opened_on, "M")
        alive &= ~self._after(one.closed_on)
        for code, euros in full.items():
            yield SimulatedSeries(code, self.months[alive], np.rint(euros[alive] * 100).astype(np.int64))

    def _after(self, day: object) -> npt.NDArray[np.bool_]:
        if day is None:
            return np.zeros(len(self.months), dtype=bool)
        after: npt.NDArray[np.bool_] = self.months > np.datetime64(str(day), "M")
        return after

    def _full(self, one: Establishment) -> dict[str, Floats]:
        """Return the euros of every month, as if the establishment lived through all of them."""
        random = np.random.default_rng([self.seed, 2, one.index])
        reference = np.asarray(self.months.astype("datetime64[Y]") == np.datetime64(str(self.year - 1)))
        years_at = np.arange(len(self.months)) // 12
        month_at = np.arange(len(self.months)) % 12
        found: dict[str, Floats] = {}
        for code, traits in _traits():
            size = traits.follows_phmev.get(one.kind, 0.0) * one.yearly_eur * np.exp(0.35 * random.normal())
            size = one.yearly_eur if code == "phmev" and size else size
            spread = random.normal(0.0, traits.growth_sd_pct / 100) * (0.6 + 2.0 * min(1.0, (3e5 / (size + 1)) ** 0.5))
            season = np.array(traits.seasonality) * np.exp(random.normal(0, 0.012, 12))
            drift = np.cumsum(random.normal(0, _DRIFT_SD, len(self.months)))
            white = random.normal(0, 1, len(self.months))
            counts = random.poisson(_TINY_PATIENTS_PER_MONTH, len(self.months))
            prices = random.lognormal(np.log(_TINY_EUR), 0.5, len(self.months))
            if not size or (code in _EXTRA_LIST and not one.has_extra_list):
                continue
            if one.role == "tiny":
                if code in ("phmev", "lpp"):
                    found[code] = counts * prices
                continue
            trend = np.cumsum(np.log1p(self._regional_growth[code] + spread)[years_at] / 12) + drift
            level = np.exp(trend - trend[reference].mean()) * size / 12 * (season / season.mean())[month_at]
            noise = np.sqrt(_NOISE_FLOOR**2 + _NOISE_COUNT_EUR / level)
            found[code] = level * np.exp(noise * white - noise**2 / 2) * self._events(one, code, traits)
        return found

    def _events(self, one: Establishment, code: str, traits: EnvelopeTraits) -> Floats:
        """Return the factors of the pandemic and of the establishment's own level break."""
        factors = np.ones(len(self.months))
        for month, factor in zip(np.arange("2020-03", "2020-07", dtype="datetime64[M]"), traits.pandemic, strict=True):
            factors[self.months == month] *= factor
        if one.role in _BREAKS and code in ("phmev", "lpp"):
            start, factor = self.level_break(one.role)
            factors[self.months >= start] *= factor
        return factors

    def level_break(self, role: str) -> tuple[np.datetime64, float]:
        """Return the first month and the factor of the level break that a role (``break_up``, ``break_down``) has."""
        factor, years, month = _BREAKS[role]
        return np.datetime64(f"{self.year + years}-{month:02d}"), factor


def _traits() -> Iterator[tuple[str, EnvelopeTraits]]:
    yield from ENVELOPE_TRAITS.items()
