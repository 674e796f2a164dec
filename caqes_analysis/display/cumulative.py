"""A year cumulated since January, compared with the year before and with its target: facts, sentences, table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.charts_monthly import corrected_sentence, provisional_sentence
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.series import (
    MonthValue,
    capitalised,
    carried_euros,
    checked,
    comparable_months,
    envelope_label,
    evolution_pct,
    of_the,
    short_percent,
    through,
    total,
    year_months,
)
from caqes_analysis.display.table import Table

__all__ = ["CumulativeYear", "Projection", "cumulated", "cumulative_table", "cumulative_year", "projection_sentence"]


@dataclass(frozen=True)
class Projection:
    """Where the year is projected to end.

    Parameters
    ----------
    total_eur
        Amount of the whole year.
    method
        Name of the method, printed beside the point (« part de l'année »).
    lower_eur, upper_eur
        Bounds of an interval, when the method gives one.
    level_pct
        Level of that interval, in percent.
    evolution_pct
        Its evolution, when the year before it is not exactly that of the months drawn.
    rate_decimals
        Decimals of the evolution that its interval can carry.
    without
        Whom the months drawn count and the projection does not, with their amount; empty: nobody.
    """

    total_eur: Decimal | float
    method: str
    lower_eur: Decimal | float | None = None
    upper_eur: Decimal | float | None = None
    level_pct: int = 80
    evolution_pct: float | None = None
    rate_decimals: int = 1
    without: str = ""

    def write(self, amount_eur: Decimal | float) -> str:
        """Return an amount of the projection with the digits that its interval can carry."""
        return carried_euros(amount_eur, self.lower_eur, self.upper_eur)


@dataclass(frozen=True)
class CumulativeYear:
    """The months of two years, and what can be compared: from January to the month before the first gap.

    Parameters
    ----------
    subject
        Whose spending it is, and the envelope.
    year
        The year.
    now, before
        Its twelve months, and those of the year before.
    target_pct, target_label
        Evolution allowed, and the noun that names it.
    """

    subject: str
    year: int
    now: Sequence[MonthValue]
    before: Sequence[MonthValue]
    target_pct: float | None
    target_label: str

    @property
    def known_nb(self) -> int:
        """Months since January without a gap this year."""
        return comparable_months(self.now)

    @property
    def months_nb(self) -> int:
        """Months since January without a gap in either year."""
        return comparable_months(self.now, self.before)

    @property
    def rate_pct(self) -> float | None:
        """Evolution of the cumulative amount at the last comparable month."""
        if not self.months_nb:
            return None
        return evolution_pct(total(self.now[: self.months_nb]), total(self.before[: self.months_nb]))

    @property
    def rates_pct(self) -> list[float | None]:
        """Evolution of the cumulative amount, month after month."""
        return [
            evolution_pct(total(self.now[:number]), total(self.before[:number])) if number <= self.months_nb else None
            for number in range(1, 13)
        ]

    @property
    def target_eur(self) -> Decimal | None:
        """Amount that the target allows at the last comparable month."""
        if self.target_pct is None or not self.months_nb:
            return None
        return total(self.before[: self.months_nb]) * (1 + Decimal(str(self.target_pct)) / 100)

    @property
    def gap_points(self) -> Decimal | None:
        """Distance to the target, in points, as printed."""
        if self.rate_pct is None or self.target_pct is None:
            return None
        return french.rounded((french.rounded(self.rate_pct, 1) or Decimal(0)) - Decimal(str(self.target_pct)), 1)

    @property
    def gaps_eur(self) -> list[Decimal]:
        """Cumulative amount minus what the target allows (the year before, without target), month after month."""
        factor = 1 + Decimal(str(self.target_pct or 0)) / 100
        pairs = zip(cumulated(self.now), cumulated(self.before), strict=False)
        return [now - before * factor for now, before in pairs]

    def is_over(self, rate: float) -> bool:
        """Say whether a rate, as printed, is above the target."""
        rounded = french.rounded(rate, 1) or Decimal(0)
        return self.target_pct is not None and rounded > Decimal(str(self.target_pct))

    @property
    def missing_month(self) -> str | None:
        """Name of the month at which the year stops although later ones were received."""
        if not any(month.amount_eur is not None for month in self.now[self.known_nb :]):
            return None
        return f"{capitalised(french.month_name(self.known_nb + 1))} {self.year}"

    def title(self) -> str:
        """Return the message: where the year stands, and how far from its target."""
        if not self.known_nb:
            return f"Janvier {self.year} manque : aucun cumul possible"
        when = capitalised(through(self.months_nb or self.known_nb, self.year))
        if self.missing_month is not None:
            when = (
                f"{self.missing_month} manque, le cumul s'arrête {through(self.months_nb or self.known_nb, self.year)}"
            )
        if self.rate_pct is None:
            return f"{when} : {french.compact_euros(total(self.now[: self.months_nb or self.known_nb]))}"
        rate = french.percent(self.rate_pct, signed=True)
        gap = self.gap_points
        if gap is None:
            return f"{when} : {french.compact_euros(total(self.now[: self.months_nb]))}, {rate} sur un an"
        if gap == 0:
            return f"{when} : {rate}, au niveau {of_the(self.target_label)}"
        distance = f"{french.points(abs(gap), signed=False)} {'au-dessus' if gap > 0 else 'en dessous'}"
        return f"{when} : {rate}, {distance} {of_the(self.target_label)}"

    def facts(self) -> list[str]:
        """Return the sentences that the alternative texts share."""
        facts = []
        if self.months_nb and self.rate_pct is not None:
            now, before = total(self.now[: self.months_nb]), total(self.before[: self.months_nb])
            facts.append(
                f"{capitalised(through(self.months_nb, self.year))}, {french.compact_euros(now)}, contre "
                f"{french.compact_euros(before)} un an plus tôt, soit {french.percent(self.rate_pct, signed=True)}."
            )
            if self.target_eur is not None and self.target_pct is not None:
                allowed, gap = french.compact_euros(self.target_eur), now - self.target_eur
                facts.append(
                    f"La trajectoire {of_the(self.target_label)} ({short_percent(self.target_pct, signed=True)}) donne "
                    f"{allowed} : l'écart est de {french.compact_euros(gap, signed=True)}."
                )
        elif self.known_nb:
            known = french.compact_euros(total(self.now[: self.known_nb]))
            facts.append(f"{capitalised(through(self.known_nb, self.year))}, {known} ; pas de comparaison possible.")
        return facts

    def notes(self, others: Sequence[str]) -> tuple[str, ...]:
        """Return the notes that the months call for, then the others."""
        written = list(others)
        if self.missing_month is not None:
            written.insert(0, f"{self.missing_month} manque : le cumul s'arrête avant lui.")
        sentences = (
            provisional_sentence(self.now[: self.known_nb], self.year),
            corrected_sentence(self.now[: self.known_nb], self.year),
            corrected_sentence(self.before[: self.months_nb], self.year - 1),
        )
        return (*(sentence for sentence in sentences if sentence), *written)


def cumulative_year(
    frame: pd.DataFrame, figure: str, year: int, name: str, envelope: str, target: tuple[float | None, str]
) -> CumulativeYear:
    """Return the months of a year and of the one before, checked; ``target`` is the evolution allowed and its name."""
    rows = checked(frame, ("month", "amount_eur"), figure)
    checked(rows[rows["month"].dt.year == year].dropna(subset=["amount_eur"]), (), figure)
    subject = f"{name}, {envelope_label(envelope)}"
    return CumulativeYear(subject, year, year_months(rows, year), year_months(rows, year - 1), *target)


def cumulated(months: Sequence[MonthValue]) -> list[Decimal]:
    """Return the cumulative amounts since January, up to the month before the first gap."""
    amounts = [month.amount_eur or Decimal(0) for month in months[: comparable_months(months)]]
    return list(accumulate(amounts))


def projection_sentence(projection: Projection, path: CumulativeYear) -> str:
    """Return the sentence that says where the year is projected to end."""
    rate = projection.evolution_pct
    if rate is None:
        rate = evolution_pct(Decimal(str(projection.total_eur)), _whole_year(path.before))
    text = f"L'année {path.year} est prévue à {projection.write(projection.total_eur)}"
    if projection.without:
        text += f", hors {projection.without}"
    if projection.lower_eur is not None and projection.upper_eur is not None:
        low, high = (projection.write(bound) for bound in (projection.lower_eur, projection.upper_eur))
        text += f", entre {low} et {high} à {french.percent(projection.level_pct, 0)}"
    said = french.percent(rate, projection.rate_decimals, signed=True)
    return f"{text}{f', soit {said}' if rate is not None else ''}."


def _whole_year(months: Sequence[MonthValue]) -> Decimal | None:
    return total(months) if comparable_months(months) == 12 else None


def _so_far(months: Sequence[MonthValue], known_nb: int) -> list[bool]:
    """Say which cumulative amounts hold a corrected month; one that is not known holds none."""
    return [number < known_nb and any(m.is_corrected for m in months[: number + 1]) for number in range(12)]


def cumulative_table(path: CumulativeYear, projection: Projection | None = None) -> Table:
    """Return the cumulative amounts of both years, what the target allows, and the evolution."""
    now, before = cumulated(path.now), cumulated(path.before)
    allowed = [] if path.target_pct is None else [value * (1 + Decimal(str(path.target_pct)) / 100) for value in before]

    def padded(values: Sequence[Any]) -> list[Any]:
        return [*values, *[None] * (12 - len(values))]

    data = pd.DataFrame(
        {
            "month": [french.month_name(month) for month in range(1, 13)],
            "before": padded(before),
            "target": padded(allowed),
            "now": padded(now),
            "is_provisional": [any(m.is_provisional for m in path.now[: number + 1]) for number in range(12)],
            "is_corrected": _so_far(path.now, len(now)),
            "was_corrected": _so_far(path.before, len(before)),
            "rate": path.rates_pct,
            "before_status": _not_open(path.before),
        }
    )
    earlier: dict[str, Any] = {
        "is_provisional": None,
        "is_corrected": "was_corrected",
        "value_status": "before_status",
    }
    columns = [
        ColumnFormat.text("month", "Cumul à fin"),
        ColumnFormat.amount("before", str(path.year - 1), **earlier),
        ColumnFormat.amount("now", str(path.year)),
        ColumnFormat.percent("rate", "Évolution du cumul", signed=True, value_status="before_status"),
    ]
    if path.target_pct is not None:
        label = f"{capitalised(path.target_label)} {short_percent(path.target_pct, signed=True)}"
        columns.insert(2, ColumnFormat.amount("target", label, **earlier))
    table = Table.from_frame(data, caption=f"{path.subject} : dépenses cumulées de {path.year}", columns=columns)
    return table.with_notes(projection_sentence(projection, path)) if projection else table


def _not_open(months: Sequence[MonthValue]) -> list[str | None]:
    """Return, month after month, the status of a cumulative amount that no opening makes whole; None elsewhere."""
    found = [month.value_status == "not_applicable" for month in months]
    return ["not_applicable" if any(found[: number + 1]) else None for number in range(12)]
