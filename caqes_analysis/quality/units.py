"""Establishments whose every amount of an envelope is a thousand times too small or too large: another unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from caqes_analysis.quality.panels import Panel

__all__ = ["UnitDoubt", "find_unit_doubts"]

FEWEST_ESTABLISHMENTS_NB: Final = 8
"""With fewer, the usual weight of an envelope beside the PHMEV is not known (package's choice)."""
LEAST_SDS: Final = 5.0
"""The weight must be that many robust standard deviations away from the usual one…"""
POWERS: Final = (2.5, 3.5)
"""… and between these powers of ten: about a thousand."""
_REFERENCE: Final = "phmev"
_MAD_TO_SD: Final = 1.4826
_LEAST_SD: Final = 0.3


@dataclass(frozen=True)
class UnitDoubt:
    """An establishment and an envelope that seem to be in another unit from beginning to end.

    Parameters
    ----------
    finess, envelope, delivery
        Whose amounts, and the file they came in.
    factor
        Weight of the envelope beside the establishment's PHMEV, over the usual one.
    median_eur
        Median amount of a month, as received.
    months_nb
        Months received.
    """

    finess: str
    envelope: str
    delivery: str
    factor: float
    median_eur: float
    months_nb: int


def find_unit_doubts(panels: Sequence[Panel]) -> Iterator[UnitDoubt]:
    """Yield the establishments whose envelope weighs a thousand times less, or more, than elsewhere.

    Parameters
    ----------
    panels
        Months of each envelope, the PHMEV among them: without it nothing is compared.

    Notes
    -----
    The weight of an establishment is the difference of its median logarithms, envelope minus PHMEV; it is compared with
    the median weight of all, on the scale of their median absolute deviation. A month or a year in another unit is told
    by the control of outliers, not here.
    """
    reference = next((panel for panel in panels if panel.envelope == _REFERENCE), None)
    if reference is None:
        return
    levels = dict(zip(reference.finess, reference.levels[:, 0].tolist(), strict=True))
    for panel in panels:
        if panel is reference:
            continue
        own = np.array([levels.get(finess, np.nan) for finess in panel.finess])
        weights = panel.levels[:, 0] - own
        known = np.isfinite(weights)
        if known.sum() < FEWEST_ESTABLISHMENTS_NB:
            continue
        far = weights - np.median(weights[known])
        sd = max(_MAD_TO_SD * float(np.median(np.abs(far[known]))), _LEAST_SD)
        powers = np.abs(far) / np.log(10)
        for row in np.flatnonzero((np.abs(far) > LEAST_SDS * sd) & (powers > POWERS[0]) & (powers < POWERS[1])):
            received = np.isfinite(panel.amounts[row])
            yield UnitDoubt(
                panel.finess[row], panel.envelope, str(panel.deliveries[row, received][0]), float(np.exp(far[row])),
                float(np.exp(panel.levels[row, 0])), int(received.sum()),
            )  # fmt: skip
