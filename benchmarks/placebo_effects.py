"""What a reader of the decomposed figure would credit where no contract exists, for ``savings_placebo.py``.

Each series is read as an establishment that is prescribed one product: its scripts of N-1 and of N are boxes, its cost
is what was reimbursed for them. A series holds several products of one class: that one takes the place of another is
told in its price, for nothing tells them apart.

The report prints effects, and names none of them a saving. Who takes a fall for one credits ``price falls`` and
``volume falls``: the sum, over the series under contract, of their effects below 0, as ``max(0, N-1 - N)`` does of the
whole change. ``price net`` and ``volume net`` add up the effects of either sign, as the row of the region does.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from caqes_analysis.savings import decompose

EFFECTS_READ = ("price falls", "volume falls", "price net", "volume net")


def effects_of(previous_eur: np.ndarray, current_eur: np.ndarray, boxes_nb: np.ndarray) -> dict[str, float]:
    """Return the effects of one region, in euros; what lowers spending is positive.

    Parameters
    ----------
    previous_eur, current_eur
        What each series cost in N-1 and in N.
    boxes_nb
        Series × (N-1, N); NaN where the table that was given has none: nothing is then told.
    """
    if np.isnan(boxes_nb).any():
        return dict.fromkeys(EFFECTS_READ, np.nan)
    columns: dict[str, object] = {
        "finess": [f"{row:04d}" for row in range(len(boxes_nb))],
        "nature": "product",
        "scope": "both",
    }
    for year, amounts_eur, boxes in zip(("previous", "current"), (previous_eur, current_eur), boxes_nb.T, strict=True):
        cents = np.rint(100 * amounts_eur).astype("int64")
        columns[f"{year}_milli_nb"] = np.rint(1000 * boxes).astype("int64")
        columns |= {f"{year}_base_cents": cents, f"{year}_cents": cents}
    found = decompose(pd.DataFrame(columns))
    # One product by establishment, reimbursed whole: nothing is left to mix, rate, entries or exits.
    told = found["previous_eur"] + found["price_eur"] + found["volume_eur"] + found["mix_eur"]
    assert (told == found["current_eur"]).all()
    assert found["mix_eur"].abs().max() <= 0.01
    price, volume = (-found[f"{effect}_eur"].astype("float64") for effect in ("price", "volume"))
    sums = (price.clip(lower=0).sum(), volume.clip(lower=0).sum(), price.sum(), volume.sum())
    return {name: float(value) for name, value in zip(EFFECTS_READ, sums, strict=True)}
