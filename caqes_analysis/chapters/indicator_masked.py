"""What the boxes whose product is masked leave of a share: the bounds of the real one, and whether a change is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.indicator_reading import IndicatorReading
from caqes_analysis.display import Notice
from caqes_analysis.indicators.definition import CURRENT_PERIMETER
from caqes_analysis.indicators.measures import Measure
from caqes_analysis.indicators.standing import HIDDEN_SHARE
from caqes_analysis.labels import some_of

__all__ = [
    "MaskedPart",
    "counted_noun",
    "hidden_change_notes",
    "hidden_changes",
    "hidden_moves_notice",
    "masked_notes",
    "masked_part",
    "unread_notice",
]

# From this share of masked lines on, the bounds are told beside the value even where the change is read.
_TOLD_SHARE = 0.05
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
        """Say whether the first sentence must tell it: much is masked, this year or before, or it hides the change."""
        return self.hides_change or max(self.share, self.previous.share if self.previous else 0.0) >= _TOLD_SHARE

    @property
    def is_unread(self) -> bool:
        """Say whether more is masked than seen: the share of the rest then says nothing of the whole."""
        return self.share > HIDDEN_SHARE

    @property
    def hides_change(self) -> bool:
        """Say whether the masked lines alone could make the change from the year before."""
        return self.previous is not None and _overlap(self, self.previous)

    @property
    def leaves_no_change(self) -> bool:
        """Say whether the change of the region is not told: the share is not, or masked lines may make its move."""
        return self.is_unread or self.hides_change

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
    if not measure.leaves_masked_out:
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
    parts = _parts(rows).set_index("period")["part"]
    now, before = parts.get(reading.period), parts.get(previous)
    return replace(now, previous=before) if now is not None and now.share else None


def _parts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a value, with the bounds of each: ``part``."""
    known = rows[rows["value"].notna() & rows["masked_share"].notna()]
    pairs = zip(known["value"].astype(float), known["masked_share"].astype(float), strict=True)
    parts = [MaskedPart(share, value * (1 - share), value * (1 - share) + _PERCENT * share) for value, share in pairs]
    return known.assign(part=pd.Series(parts, index=known.index, dtype=object))


def _overlap(now: MaskedPart, before: MaskedPart) -> bool:
    return now.low_pct <= before.high_pct and before.low_pct <= now.high_pct


@asked_once
def hidden_changes(reading: IndicatorReading) -> frozenset[str]:
    """Return the establishments whose masked lines alone could make their change: their bounds of the years overlap.

    Parameters
    ----------
    reading
        The indicator. Nobody, where its measure leaves no masked line out.
    """
    measure = reading.level
    if not measure.leaves_masked_out:
        return frozenset()
    periods = [f"{reading.year - 1}{reading.period[4:]}", reading.period]
    rows = reading.page.store.query(
        "select finess, period, value, masked_share from indicator_values where indicator = $indicator "
        "and measure = $measure and perimeter = $perimeter and level = 'establishment' "
        "and list_contains($periods, period) order by finess, period",
        {
            "indicator": reading.definition.id,
            "measure": measure.id,
            "perimeter": CURRENT_PERIMETER,
            "periods": periods,
        },
    )
    found = set()
    for finess, parts in _parts(rows).groupby("finess")["part"]:
        years = parts.tolist()
        if len(years) == len(periods) and any(one.share for one in years) and _overlap(years[1], years[0]):
            found.add(str(finess))
    return frozenset(found)


def hidden_change_notes(reading: IndicatorReading, names: Iterable[str]) -> list[str]:
    """Name those that are out of the moves because masked lines alone could make theirs; nothing when nobody is.

    Parameters
    ----------
    reading
        The indicator.
    names
        Of :func:`hidden_changes`.
    """
    who = sorted(names, key=french.alphabetical)
    if not who:
        return []
    why = f"{counted_noun(reading.level)} au produit masqué qui suffisent à faire l'écart"
    return [f"Hors de la comparaison, {why}{french.NBSP}: {some_of(who)}."]


def hidden_moves_notice(reading: IndicatorReading) -> Notice:
    """Return what stands for the moves where masked lines could make that of everyone."""
    noun = counted_noun(reading.level)
    said = f"Les {noun} au produit masqué suffisent à faire l'écart de chaque établissement."
    return Notice("missing", "Pas de mouvement à lire", said)


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
    if before is not None and before.share:
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
