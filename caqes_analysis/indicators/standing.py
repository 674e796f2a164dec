"""Where an establishment stands among others, and what it weighs in the change of the region."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french
from caqes_analysis.indicators.intervals import Measured, in_points, years_of
from caqes_analysis.indicators.layout import Layout
from caqes_analysis.indicators.measures import Measure
from caqes_analysis.indicators.secrecy import UNRANKED

__all__ = ["HIDDEN_REASON", "HIDDEN_SHARE", "contributions", "ranks", "ranks_by_size"]

Floats = npt.NDArray[np.float64]
_PERCENT = 100.0
_NO_PEERS = 2

HIDDEN_SHARE: Final = 0.5
"""Part of masked lines above which what is seen says nothing of the whole, of a region as of an establishment."""
HIDDEN_REASON: Final = "produit masqué pour plus de la moitié de ce qui est compté"


def ranks_by_size(measure: Measure) -> bool:
    """Say whether a measure is an amount or a count: its rank then tells who is large, not who does well."""
    return measure.denominator is None and measure.evolution_of is None


def ranks(
    value: Floats,
    denominator: Floats,
    peer_of: npt.NDArray[Any],
    *,
    masked: npt.NDArray[np.bool_],
    better: Literal["lower", "higher", "none"],
    minimum_count_nb: int,
    masked_share: Floats | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Rank establishments in their region and among their peers.

    Parameters
    ----------
    value, denominator
        By establishment; missing values are NaN.
    peer_of
        Peer group of each; missing for none.
    masked
        Establishments whose value statistical secrecy hides.
    better
        What is good: rank 1 is the most favourable value, or the highest when neither is good. Equals share a rank.
    minimum_count_nb
        Denominator under which an establishment is « non classé ».
    masked_share
        Part (0 to 1) of masked lines of each, of a measure that leaves them out of both its sums: above
        :data:`HIDDEN_SHARE` an establishment is « non classé ». None when nothing is left out.

    Returns
    -------
    dict
        Columns ``rank, ranked_nb, percentile, unranked_reason, peer_group, peer_rank, peers_nb, peer_percentile`` of
        ``indicator_trends``. The percentile is the share of the ranked values that are lower, equals counting half.
    """
    small = np.isfinite(value) & (denominator < minimum_count_nb)
    hidden = np.zeros(len(value), dtype=bool) if masked_share is None else masked_share > HIDDEN_SHARE
    hidden &= np.isfinite(value) & ~small
    ranked = np.isfinite(value) & ~small & ~hidden
    why = f"effectif inférieur à {french.number(minimum_count_nb)}"
    rank, number, percentile = _ranks(value, ranked, better)
    peer_rank, peers_nb, peer_percentile = (np.full(len(value), np.nan) for _ in range(3))
    for group in sorted({name for name in peer_of if isinstance(name, str)}):
        members = peer_of == group
        if (members & ranked).sum() < _NO_PEERS:
            continue
        found = _ranks(value, members & ranked, better)
        for column, own in zip((peer_rank, peers_nb, peer_percentile), found, strict=True):
            column[members] = own[members]
    return {
        "rank": rank,
        "ranked_nb": number,
        "percentile": percentile,
        "unranked_reason": np.array(
            [
                why if few else HIDDEN_REASON if more else UNRANKED if secret else None
                for few, more, secret in zip(small, hidden, masked, strict=True)
            ],
            dtype=object,
        ),
        "peer_group": peer_of,
        "peer_rank": peer_rank,
        "peers_nb": peers_nb,
        "peer_percentile": peer_percentile,
    }


def _ranks(value: Floats, ranked: npt.NDArray[np.bool_], better: str) -> tuple[Floats, Floats, Floats]:
    rank, percentile = np.full(len(value), np.nan), np.full(len(value), np.nan)
    number = int(ranked.sum())
    # Equal sums may differ in the last bits of their quotients.
    own = pd.Series(np.round(value[ranked], 9))
    rank[ranked] = own.rank(method="min", ascending=better == "lower")
    if number:
        percentile[ranked] = _PERCENT * (own.rank(method="average") - 0.5) / number
    return rank, np.where(ranked, float(number), np.nan), percentile


def contributions(one: Measured, layout: Layout, now: int, before: int | None) -> Floats:
    """Return what each establishment adds to the change of its region; they add up to it exactly.

    An amount: ``100 × (N - N-1) / sum of N-1``. A ratio, by each establishment's own ratio and by its weight:
    ``mean weight × change of the ratio + change of the weight × (mean ratio - mean ratio of the region)``.

    Parameters
    ----------
    one
        The series.
    layout
        Its layout.
    now, before
        Places of the two periods; no contribution without the second, except that of an evolution, which holds both.

    Returns
    -------
    array
        By place: missing for groups, and for establishments that have not both periods, or opened within the first.
    """
    found = np.full(layout.width, np.nan)
    own = slice(0, layout.establishments_nb)
    block = one.series.blocks[now]
    if one.is_of_ratio:
        return found
    if one.kind is None:
        found[own] = _of_amounts(*(part[block, own] for part in layout.compared))
        return found
    if before is None:
        return found
    (above, above_before), (below, below_before) = layout.over_same_months(block, one.series.blocks[before])
    opened = layout.opened_in(years_of(one.series, [before]))
    above = np.where(opened, np.nan, above)
    if one.measure.denominator is None:
        found[own] = _of_amounts(above, above_before)
        return found
    parts = _of_ratios(above, below, above_before, below_before)
    both = np.isfinite(parts)
    # Where the region's change is a rate, so are the parts of it.
    region = above_before[both].sum() / (below_before[both].sum() or np.nan)
    found[own] = parts * (one.measure.scale if in_points(one.measure) else _PERCENT / (region or np.nan))
    return found


def _of_amounts(now: Floats, before: Floats) -> Floats:
    both = np.isfinite(now) & np.isfinite(before)
    total = before[both].sum()
    return np.where(both, _PERCENT * (now - before) / (total or np.nan), np.nan)


def _of_ratios(above: Floats, below: Floats, above_before: Floats, below_before: Floats) -> Floats:
    both = np.isfinite(above) & np.isfinite(above_before) & (below > 0) & (below_before > 0)
    if not both.any():
        return np.full(len(both), np.nan)
    weight, weight_before = (np.where(both, part, 0) / part[both].sum() for part in (below, below_before))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio, ratio_before = np.where(both, above / below, 0), np.where(both, above_before / below_before, 0)
    region = ((weight * ratio).sum() + (weight_before * ratio_before).sum()) / 2
    practice = (weight + weight_before) / 2 * (ratio - ratio_before)
    structure = (weight - weight_before) * ((ratio + ratio_before) / 2 - region)
    return np.where(both, practice + structure, np.nan)
