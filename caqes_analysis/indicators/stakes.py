"""What a contract ties to an indicator: référentiel, objective, incentive; three things never mixed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from caqes_analysis.parameter_checks import Checked, Wrong
from caqes_analysis.parameter_files import Parameters

__all__ = ["Annotation", "Incentive", "Reference", "ReferenceCondition", "TargetLink"]

Status = Literal["verified", "to_confirm", "regional", "unknown"]
"""How sure a figure is: the statuses of the table ``targets``."""


class ReferenceCondition(Checked):
    """One condition of a référentiel: a measure strictly below, or strictly above, a threshold.

    Parameters
    ----------
    measure
        Measure of the same indicator.
    below, above
        The threshold, in the unit of the measure; equality does not satisfy it.
    """

    measure: str
    below: Decimal | None = None
    above: Decimal | None = None

    checks: ClassVar[tuple[str, ...]] = ("_wrong_threshold",)

    def _wrong_threshold(self) -> Iterator[Wrong]:
        if (self.below is None) == (self.above is None):
            yield Wrong("une condition a un seul seuil", "Écrire soit below, soit above.")

    def is_met(self, value: Decimal | float | None) -> bool | None:
        """Say whether a value satisfies the condition; None when there is no value.

        Examples
        --------
        >>> ReferenceCondition(measure="boxes_nb", below=Decimal(8500)).is_met(8500)
        False
        """
        if value is None or value != value:  # NaN differs from itself
            return None
        if self.below is not None:
            return bool(value < self.below)
        assert self.above is not None
        return bool(value > self.above)


class Reference(Checked):
    """The référentiel: who is *not* targeted. It is no objective, and is never printed as one.

    Parameters
    ----------
    conditions
        Joined by OU: one is enough.
    status, source
        How sure it is, and which text says it. An unknown référentiel has no conditions.
    note
        French sentence printed with it.
    """

    conditions: tuple[ReferenceCondition, ...] = ()
    status: Status = "unknown"
    source: str | None = None
    note: str | None = None

    checks: ClassVar[tuple[str, ...]] = ("_wrong_status", "_wrong_source")

    def _wrong_status(self) -> Iterator[Wrong]:
        if bool(self.conditions) == (self.status == "unknown"):
            yield Wrong(
                "un référentiel inconnu n'a pas de conditions, un référentiel connu en a",
                "Accorder reference.status et reference.conditions.",
            )

    def _wrong_source(self) -> Iterator[Wrong]:
        if self.conditions and not self.source:
            yield Wrong("la source du référentiel manque", "Ajouter reference.source.")


class TargetLink(Parameters):
    """Where the target stands: ``parameters/targets.csv`` holds the values, one per data year.

    Parameters
    ----------
    subject
        Subject in the file of targets.
    measure
        Measure of this indicator, and of the file.
    note
        French sentence on how the verdict is read: printed where the contract bears on the indicator, and nowhere else.
    """

    subject: str
    measure: str
    note: str | None = None


class Incentive(Checked):
    """What the contract pays: a share of the savings, or an amount by attainment; unknown until a text says it.

    Parameters
    ----------
    kind
        ``savings_share`` (national indicators), ``amount`` (regional ones, from the FIR) or ``none``.
    rate_pct
        Share paid, in percent; absent when unknown.
    lower_pct, upper_pct
        Bounds that a text gives to the rate.
    saving_measure
        Measure in euros whose fall is the saving; absent when the indicator has no euros (« non valorisable »).
    status, source, note
        How sure it is, which text says it, and a French sentence.
    """

    kind: Literal["savings_share", "amount", "none"] = "none"
    rate_pct: Decimal | None = Field(default=None, ge=0, le=100)
    lower_pct: Decimal | None = Field(default=None, ge=0, le=100)
    upper_pct: Decimal | None = Field(default=None, ge=0, le=100)
    saving_measure: str | None = None
    status: Status = "unknown"
    source: str | None = None
    note: str | None = None

    checks: ClassVar[tuple[str, ...]] = ("_wrong_rate", "_wrong_bounds")

    def _wrong_rate(self) -> Iterator[Wrong]:
        if self.rate_pct is not None and self.status == "unknown":
            yield Wrong("un taux a une source", "Donner incentive.status et source, ou retirer rate_pct.")

    def _wrong_bounds(self) -> Iterator[Wrong]:
        if self.lower_pct is not None and self.upper_pct is not None and self.lower_pct > self.upper_pct:
            yield Wrong("lower_pct dépasse upper_pct", "Échanger les deux bornes.", ("lower_pct",))


class Annotation(Parameters):
    """A dated fact that a chart shows (a tariff cut, a new text).

    Parameters
    ----------
    on
        Day of the fact.
    text
        French words, short.
    source
        Where it is known from.
    """

    on: dt.date
    text: str
    source: str | None = None
