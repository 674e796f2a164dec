"""One question about what was real: of which indicator, who is under contract, since when, compared with whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.errors import CaqesError
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.savings.estimate import NOT_ESTIMABLE, REGION, estimate
from caqes_analysis.savings.estimate_model import USUAL_SHOCK_SD
from caqes_analysis.savings.estimate_targeting import Targeting
from caqes_analysis.savings.estimate_threshold import Threshold
from caqes_analysis.savings.estimate_windows import MIN_HISTORY_MONTHS_NB
from caqes_analysis.schemes.rules import IncentiveRule

__all__ = ["Question", "only_adds", "transition_months_left"]


@dataclass(frozen=True)
class Question:
    """What one estimate asks: of which indicator, who is under contract, since when, compared with whom.

    Parameters
    ----------
    definition
        The indicator.
    amounts
        ``series`` (FINESS of the contract, or of the establishment without one), ``month`` or ``year``, ``amount_eur``.
    treated, others, apart
        Contracts evaluated on the indicator; establishments without contract; those under a contract that does not
        count it, which are not compared.
    start, year
        First month of the year evaluated that the contracts compare, and that year.
    signed_on
        Earliest day on which one of these contracts took effect; None when none is known. Where it is before ``start``,
        what is expected is read before it, as far as the history allows.
    rule, target_pct
        What pays, and the evolution that reaches the objective: one, or by contract where the objective is a share.
    last_signed_on, declared_transition_nb
        Latest day on which one of them took effect, and months of transition that the scheme declares.
    threshold
        What the référentiel read before these contracts, and where it cuts; None where it is not known.
    events, events_are_complete
        Events that the campaign declares of this spending, and whether it says that nothing else touched everyone.
    left_out
        Contracts evaluated whose amounts allow no estimate, and why.
    design, is_targeted, usual_shock_sd, seed
        As :func:`~caqes_analysis.savings.estimate.estimate` receives them; ``is_targeted``: whether the known rule of
        the référentiel, a level, is replayed.
    """

    definition: IndicatorDefinition
    amounts: pd.DataFrame
    treated: frozenset[str]
    others: frozenset[str]
    apart: frozenset[str]
    start: pd.Timestamp
    year: int
    signed_on: pd.Timestamp | None = None
    rule: IncentiveRule | None = None
    target_pct: float | Mapping[str, float] | None = None
    last_signed_on: pd.Timestamp | None = None
    declared_transition_nb: int = 0
    threshold: Threshold | None = None
    events: pd.DataFrame | None = None
    events_are_complete: bool = False
    left_out: Mapping[str, str] = field(default_factory=dict)
    design: Literal["auto", "interrupted"] = "auto"
    is_targeted: bool = True
    usual_shock_sd: float = USUAL_SHOCK_SD
    seed: int = 0

    @property
    def under_contract_since(self) -> pd.Timestamp | None:
        """First month under contract when it comes before ``start``; None otherwise."""
        if self.signed_on is None or self.signed_on >= self.start:
            return None
        return self.signed_on.to_period("M").to_timestamp()

    @property
    def is_yearly(self) -> bool:
        """Whether the base has no months."""
        return "month" not in self.amounts

    @property
    def has_reference(self) -> bool:
        """Whether a référentiel is known: its conditions are levels."""
        return self.definition.reference is not None and bool(self.definition.reference.conditions)

    @property
    def transition_months_nb(self) -> int:
        """Months from ``start`` on that are still transitory for one of these contracts: not counted."""
        return transition_months_left(self.start, self.last_signed_on, self.declared_transition_nb)

    def answer(self) -> pd.DataFrame:
        """Return the table ``saving_estimates`` of the question; one row that says why when nothing is estimated.

        What is expected reads no month under contract where the history before it allows. Otherwise it reads those
        before ``start``: only what the year evaluated adds is then counted, and the reason says so.
        """
        since = self.under_contract_since
        if since is None:
            return self._counted().assign(from_contract=None if self.signed_on is None else True)
        if not self.is_yearly:
            whole = replace(self, start=since)._counted()
            if whole.loc[whole["series"] == REGION, "saving_eur"].notna().any():
                return whole.assign(from_contract=True)
        found = self._counted().assign(from_contract=False)
        known = found["saving_eur"].notna()
        if known.any():
            said = self._only_added(since)
            told = [" ; ".join(filter(None, (said, reason))) for reason in found["reason"].fillna("")]
            found["reason"] = found["reason"].where(~known, pd.Series(told, index=found.index, dtype="str"))
        return found

    def _only_added(self, since: pd.Timestamp) -> str:
        """Return what an estimate leaves out when it reads months under contract."""
        said = (
            f"ne compte que ce que {self.year} ajoute à ce que des contrats en vigueur depuis "
            f"{french.month_year(since)} avaient déjà changé"
        )
        if self.is_yearly:
            return f"{said}, faute de mois dans cette base"
        last = min(self.amounts["month"].max(), pd.Timestamp(self.year, 12, 1))
        read_years_nb = -(-(12 * (last.year - since.year) + last.month - since.month + 1) // 12)
        first = since - pd.DateOffset(years=read_years_nb, months=MIN_HISTORY_MONTHS_NB)  # a replay ends before it
        return f"{said} (pour compter depuis le contrat, il faudrait des mois reçus depuis {french.month_year(first)})"

    def _counted(self) -> pd.DataFrame:
        kept = self.amounts[self.amounts["series"].isin(list(self.treated | self.others))]
        missing = [self._without(series, why) for series, why in sorted(self.left_out.items())]
        try:
            found = estimate(
                kept,
                treated=sorted(self.treated & set(kept["series"])),
                start=self.start,
                year=self.year,
                transition_months_nb=self.transition_months_nb,
                design=self.design,
                targeting=Targeting("level") if self.has_reference and self.is_targeted else None,
                threshold=self.threshold,
                events=self.events,
                events_are_complete=self.events_are_complete,
                rule=self.rule,
                indicator=self.definition.id,
                target_pct=self.target_pct,
                usual_shock_sd=self.usual_shock_sd,
                seed=self.seed,
            )
        except CaqesError as failure:
            row = self._without(REGION, failure.problems[0].what.rstrip("."))
            return tables.SAVING_ESTIMATES.conform(pd.DataFrame([*missing, row]))
        if not missing:
            return found
        period = {name: found[name].iloc[-1] for name in ("period", "months_nb")}
        rows = tables.SAVING_ESTIMATES.conform(pd.DataFrame([row | period for row in missing]))
        return tables.SAVING_ESTIMATES.conform(pd.concat([rows.astype(object), found.astype(object)]))

    def _without(self, series: str, reason: str) -> dict[str, Any]:
        return {
            "indicator": self.definition.id,
            "level": REGION if series == REGION else "series",
            "series": series,
            "year": self.year,
            "period": f"{self.start:%Y-%m}/{self.year}-12",
            "months_nb": 0,
            "series_nb": int(series != REGION),
            "method": NOT_ESTIMABLE,
            "reason": reason,
        }


def only_adds(row: Mapping[Any, Any] | pd.Series[Any]) -> bool:
    """Say of an estimate whether it only counts what its year adds, the one before being under contract."""
    known = row.get("from_contract")
    return not pd.isna(known) and not known


def transition_months_left(start: pd.Timestamp, signed_on: pd.Timestamp | None, declared_nb: int) -> int:
    """Return how many months from ``start`` on are still transitory.

    Parameters
    ----------
    start
        First month that the contracts compare.
    signed_on
        Latest day on which one of them took effect; None when unknown: nothing can then be left out.
    declared_nb
        Months of transition that the scheme declares.

    Examples
    --------
    >>> signed = pd.Timestamp("2022-11-01")
    >>> [transition_months_left(pd.Timestamp(day), signed, 4) for day in ("2022-11-01", "2023-01-01", "2024-01-01")]
    [4, 2, 0]
    """
    if signed_on is None or not declared_nb:
        return 0
    elapsed_nb = 12 * (start.year - signed_on.year) + start.month - signed_on.month
    return max(0, declared_nb - elapsed_nb)
