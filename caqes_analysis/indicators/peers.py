"""Groups of peers: establishments of the same category and of a like size."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

__all__ = ["PEERS_MIN_NB", "peer_groups"]

PEERS_MIN_NB: Final = 8
"""Establishments of a class of size at least; a category with fewer than twice as many stays whole (a choice)."""

_SIZES: Final = {2: ("les plus petits", "les plus grands"), 3: ("petits", "moyens", "grands")}


def peer_groups(establishments: pd.DataFrame, size: pd.Series[float]) -> pd.Series[Any]:
    """Return the peer group of each establishment: its category, cut into two or three classes of equal number.

    Parameters
    ----------
    establishments
        ``finess, category``, one row each.
    size
        Size by FINESS, in any unit (spending, stays); those without a size are in no class of size.

    Returns
    -------
    Series
        Name of the group by FINESS (« CH, petits »); missing without a category, or without a size where the category
        is cut.

    Examples
    --------
    >>> some = pd.DataFrame({"finess": [f"{n:09d}" for n in range(16)], "category": ["CH"] * 16})
    >>> groups = peer_groups(some, pd.Series(range(16), index=some["finess"], dtype=float))
    >>> groups.value_counts().to_dict()
    {'CH, les plus petits': 8, 'CH, les plus grands': 8}
    """
    known = establishments.set_index("finess")["category"]
    found: dict[str, str] = {}
    for category, members in known.groupby(known, sort=True):
        sizes = size.reindex(members.index).sort_index(kind="stable").sort_values(kind="stable").dropna()
        classes_nb = min(len(sizes) // PEERS_MIN_NB, len(_SIZES) + 1)
        if classes_nb < 2:
            found |= dict.fromkeys(members.index, str(category))
            continue
        for word, part in zip(_SIZES[classes_nb], np.array_split(sizes.index.to_numpy(), classes_nb), strict=True):
            found |= dict.fromkeys(part.tolist(), f"{category}, {word}")
    return pd.Series([found.get(finess) for finess in known.index], index=known.index, dtype=object, name="peer_group")
