"""The rules by which a contract pays: what each term is, and which of them nobody has given yet."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from caqes_analysis.parameter_checks import Checked, Wrong
from caqes_analysis.parameter_files import Parameters
from caqes_analysis.schemes.terms import UNKNOWN, Amount, Limit, Rate, is_number

__all__ = ["AmountTier", "AtypieRule", "IncentiveRule", "RegionalIncentiveRule"]


class IncentiveRule(Checked):
    """How savings observed on Assurance Maladie's spending are shared with an establishment.

    ``saving = max(0, N-1 − N)``, ``incentive = rate × saving × gate`` (``docs/methods/evaluation.md``). The official
    formula is not published: every term is ``unknown`` until the region's rule file gives it, and an unknown term gives
    no number.

    Parameters
    ----------
    source
        Where the rule comes from; printed.
    official
        False: the formula is printed « non officiel ».
    rate_pct
        Share of the savings paid, for the indicators that ``rates_pct`` does not name.
    rates_pct
        Share by indicator.
    rate_bounds_pct
        Lowest and highest rate that the texts allow.
    gate
        What attaining the objective changes: ``attained`` (all or nothing), ``proportional`` (share of the objective
        attained, 0 to 1), ``none`` (nothing), ``unknown``.
    floor_eur
        Amount under which nothing is paid (``none``: no floor).
    cap_eur
        Amount above which nothing more is paid (``none``: no cap).
    limits_bear_on
        What floor and cap are compared with: the sum of the ``contract``, or each ``indicator``.
    netting
        ``none``: an indicator that costs more takes nothing from the others; ``contract``: its overspending is taken
        from the savings of the other indicators of the same contract.
    mergers
        How an establishment taken over in the years compared counts: ``signatory``: both years, with the one that took
        it over. No text says it; ``unknown`` counts the same, and the page says that nobody gave it.
    """

    source: str
    official: bool = False
    rate_pct: Rate = UNKNOWN
    rates_pct: dict[str, Rate] = Field(default_factory=dict)
    rate_bounds_pct: tuple[Rate, Rate] | None = None
    gate: Literal["attained", "proportional", "none", "unknown"] = "unknown"
    floor_eur: Limit = UNKNOWN
    cap_eur: Limit = UNKNOWN
    limits_bear_on: Literal["contract", "indicator"] = "contract"
    netting: Literal["none", "contract"] = "none"
    mergers: Literal["signatory", "unknown"] = "unknown"

    checks: ClassVar[tuple[str, ...]] = ("_wrong_limits", "_wrong_bounds", "_wrong_rates")

    def _wrong_limits(self) -> Iterator[Wrong]:
        if is_number(self.floor_eur) and is_number(self.cap_eur) and self.floor_eur > self.cap_eur:
            how = "Échanger floor_eur et cap_eur, ou les corriger."
            yield Wrong("le plancher dépasse le plafond", how, ("floor_eur",))

    def _wrong_bounds(self) -> Iterator[Wrong]:
        if self.rate_bounds_pct is not None and self._bounds() is None:
            how = "Écrire par exemple [20, 30]."
            yield Wrong("les bornes du taux sont deux nombres croissants", how, ("rate_bounds_pct",))

    def _bounds(self) -> tuple[Decimal, Decimal] | None:
        """Return the bounds of the rate; None when there are none, or when they are no bounds."""
        low, high = self.rate_bounds_pct or (UNKNOWN, UNKNOWN)
        return (low, high) if is_number(low) and is_number(high) and low <= high else None

    def _wrong_rates(self) -> Iterator[Wrong]:
        bounds = self._bounds()
        if bounds is None:
            return
        low, high = bounds
        named = {"rate_pct": self.rate_pct} | {f"rates_pct.{name}": rate for name, rate in self.rates_pct.items()}
        outside = [name for name, rate in named.items() if is_number(rate) and not low <= rate <= high]
        if outside:
            yield Wrong(
                f"ces taux sortent des bornes de {low} à {high} % : {', '.join(outside)}",
                "Les corriger, ou corriger rate_bounds_pct si le texte a changé.",
                ("rate_bounds_pct",),
            )

    def rate_of(self, indicator: str) -> Rate:
        """Return the rate of an indicator: its own, else the one of all."""
        return self.rates_pct.get(indicator, self.rate_pct)


class AmountTier(Parameters):
    """A step of a scale of amounts: from so many indicators attained on, so much is paid."""

    attained_from_nb: int
    amount_eur: Amount


class RegionalIncentiveRule(Checked):
    """What the region pays from its intervention fund (FIR), by attainment of its own indicators: an amount, no rate.

    Parameters
    ----------
    source
        Where the rule comes from; printed.
    basis
        ``per_indicator``: each attained indicator brings its amount; ``by_number``: the number of attained indicators
        decides; ``unknown``.
    indicators
        Regional indicators that count; each becomes one of the scheme's, whatever scheme its definition names.
    contracts
        ``all``: the regional indicators are in every contract of the scheme; ``named``: in those that name them, or
        that signed their volet.
    amounts_eur
        Amount by indicator, for ``per_indicator``.
    tiers
        Scale, for ``by_number``: the highest step reached is paid.
    """

    source: str
    basis: Literal["per_indicator", "by_number", "unknown"] = "unknown"
    indicators: tuple[str, ...] = ()
    contracts: Literal["named", "all"] = "named"
    amounts_eur: dict[str, Limit] = Field(default_factory=dict)
    tiers: tuple[AmountTier, ...] = ()

    checks: ClassVar[tuple[str, ...]] = ("_wrong_number", "_wrong_tiers", "_wrong_amounts")

    def _wrong_number(self) -> Iterator[Wrong]:
        if self.basis == "by_number" and not (self.tiers and self.indicators):
            yield Wrong("un barème par nombre demande indicators et tiers", "Ajouter ces deux clés.")

    def _wrong_tiers(self) -> Iterator[Wrong]:
        steps = [tier.attained_from_nb for tier in self.tiers]
        if steps != sorted(set(steps)):
            how = "Les remettre dans l'ordre."
            yield Wrong("les paliers doivent être croissants et différents", how, ("tiers",))

    def _wrong_amounts(self) -> Iterator[Wrong]:
        strangers = sorted(set(self.amounts_eur) - set(self.indicators))
        if self.basis == "per_indicator" and strangers:
            yield Wrong(
                f"ces montants visent des indicateurs absents de indicators : {', '.join(strangers)}",
                "Les y ajouter, ou corriger leur nom.",
                ("amounts_eur",),
            )


class AtypieRule(Checked):
    """Who is targeted because several indicators stand far from the regional median (« atypie »).

    Parameters
    ----------
    label
        Name printed, without capital.
    source
        Where the rule comes from; printed.
    indicators
        Indicators compared with the median of the region, by their main measure.
    at_least_nb
        How many of them must stand apart.
    excess_pct
        Unfavourable distance to the median, in percent of it, above which one stands apart; ``unknown`` until somebody
        says what « significatif » means.
    spending_indicator, spending_measure
        Amount in euros of the year.
    spending_above_eur
        Amount above which one is targeted (``none``: whatever the spending; ``unknown``).
    """

    label: str
    source: str
    indicators: tuple[str, ...] = Field(min_length=1)
    at_least_nb: int = Field(ge=1)
    excess_pct: Rate = UNKNOWN
    spending_indicator: str
    spending_measure: str
    spending_above_eur: Limit = UNKNOWN

    checks: ClassVar[tuple[str, ...]] = ("_wrong_count", "_wrong_twice")

    def _wrong_count(self) -> Iterator[Wrong]:
        if self.at_least_nb > len(self.indicators):
            how = "Baisser at_least_nb, ou compléter indicators."
            yield Wrong("ce ciblage demande plus d'indicateurs qu'il n'en nomme", how, ("at_least_nb",))

    def _wrong_twice(self) -> Iterator[Wrong]:
        if len(set(self.indicators)) < len(self.indicators):
            yield Wrong("un des indicateurs du ciblage est nommé deux fois", "Retirer la répétition.", ("indicators",))
