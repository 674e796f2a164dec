"""What the boxes whose product is masked leave of a share: the bounds of the real one, and whether a change is read."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.display import Notice
from caqes_analysis.indicators.definition import CURRENT_PERIMETER
from caqes_analysis.indicators.measures import Measure

__all__ = ["MaskedPart", "counted_noun", "masked_notes", "masked_part", "unread_notice"]

# From these shares of masked lines on: the bounds are told beside the value; the value is not told at all.
_TOLD_SHARE, _UNREAD_SHARE = 0.05, 0.5
_NOUNS = {"boxes_nb": "boîtes", "reimbursed_eur": "montants", "base_eur": "montants", "amount_eur": "montants"}
_PERCENT = 100.0


@dataclass(frozen=True)
class MaskedPart:
    """The masked lines of a share that counts them in neither of its two sums.

    Parameters
    ----------
    share
        Masked lines over masked and visible ones, 0 to 1, in the region over the period read.
    low_pct, high_pct
        Bounds of the share of all lines, whatever the masked ones are.
    previous
        The same a year before; None when it is not known.
    """

    share: float
    low_pct: float
    high_pct: float
    previous: MaskedPart | None = None

    @property
    def is_told(self) -> bool:
        """Say whether the first sentence must tell it: of this year, or of the one that it is compared with."""
        return max(self.share, self.previous.share if self.previous else 0.0) >= _TOLD_SHARE

    @property
    def is_unread(self) -> bool:
        """Say whether more is masked than seen: the share of the rest then says nothing of the whole."""
        return self.share > _UNREAD_SHARE

    @property
    def hides_change(self) -> bool:
        """Say whether the masked lines alone could make the change from the year before."""
        before = self.previous
        if before is None or not self.is_told:
            return False
        return self.low_pct <= before.high_pct and before.low_pct <= self.high_pct

    def bounds_words(self, decimals: int) -> str:
        """Return « entre 3,5 % et 100,0 % »."""
        return f"entre {french.percent(self.low_pct, decimals)} et {french.percent(self.high_pct, decimals)}"


@asked_once
def masked_part(reading: IndicatorReading) -> MaskedPart | None:
    """Return what is masked of the share that a page reads; None where nothing is, or where its denominator counts it.

    Of ``m`` masked and a share ``v`` of the visible lines, that of all lines is between ``v (1 - m)``, when no masked
    line is of the numerator, and ``v (1 - m) + m``, when all are.

    Parameters
    ----------
    reading
        The indicator.
    """
    measure = reading.measure
    if measure.masked is None or measure.denominator is None or measure.denominator.where == "true":
        return None
    previous = f"{reading.year - 1}{reading.period[4:]}"
    rows = reading.page.store.query(
        "select period, value, masked_share from indicator_values where indicator = $indicator and measure = $measure "
        "and perimeter = $perimeter and level = 'region' and list_contains([$period, $previous], period)",
        {
            "indicator": reading.definition.id,
            "measure": measure.id,
            "perimeter": CURRENT_PERIMETER,
            "period": reading.period,
            "previous": previous,
        },
    )
    before = _part(rows, previous, None)
    return _part(rows, reading.period, before)


def _part(rows: pd.DataFrame, period: str, previous: MaskedPart | None) -> MaskedPart | None:
    known = rows[rows["period"] == period].dropna()
    if known.empty:
        return None
    value, share = float(known["value"].iloc[0]), float(known["masked_share"].iloc[0])
    if not share:
        return None
    low = value * (1 - share)
    return MaskedPart(share, low, low + _PERCENT * share, previous)


def counted_noun(measure: Measure) -> str:
    """Return what a share counts, in the plural: « boîtes », « montants », else « lignes »."""
    counted = measure.denominator or measure.numerator
    return _NOUNS.get((counted.sum if counted is not None else None) or "", "lignes")


def masked_notes(reading: IndicatorReading) -> list[str]:
    """Say between which bounds the share of all lines is, and whether they hide its change; nothing where none is told.

    Parameters
    ----------
    reading
        The indicator.
    """
    part, decimals = masked_part(reading), reading.measure.decimals
    if part is None or not part.is_told:
        return []
    noun = counted_noun(reading.measure)
    said = [
        f"Les {noun} au produit masqué ne sont ni dans la part, ni dans son intervalle{french.NBSP}: "
        f"{french.percent(_PERCENT * part.share)} des {noun}, et une part réelle {part.bounds_words(decimals)}"
    ]
    before = part.previous
    if before is not None:
        share = french.percent(_PERCENT * before.share)
        said.append(f"en {reading.previous_label}, {share} et une part réelle {before.bounds_words(decimals)}")
    hidden = " Elles peuvent faire à elles seules l'écart de l'une à l'autre." if part.hides_change else ""
    return [f"{' ; '.join(said)}.{hidden}"]


def unread_notice(reading: IndicatorReading, title: str) -> Notice | None:
    """Return what stands for a figure or a ranking when more is masked than seen; None otherwise.

    Parameters
    ----------
    reading
        The indicator.
    title
        What would have been shown.
    """
    part = masked_part(reading)
    if part is None or not part.is_unread:
        return None
    noun, decimals = counted_noun(reading.measure), reading.measure.decimals
    return Notice(
        "missing",
        title,
        f"Produit masqué pour {french.percent(_PERCENT * part.share)} des {noun} : la part réelle est "
        f"{part.bounds_words(decimals)} dans la région, et ce qui reste visible n'en dit rien.",
    )
