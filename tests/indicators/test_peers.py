"""Peers: same category, like size."""

from __future__ import annotations

import pandas as pd

from caqes_analysis.indicators.peers import peer_groups


def known(**categories: int) -> pd.DataFrame:
    rows = [(f"{name}{n:02d}", name) for name, number in categories.items() for n in range(number)]
    return pd.DataFrame(rows, columns=["finess", "category"])


def test_a_large_category_is_cut_in_equal_classes_of_size() -> None:
    some = known(CH=30, CHU=2)
    size = pd.Series(range(len(some)), index=some["finess"], dtype=float)
    groups = peer_groups(some, size)
    assert groups.value_counts().to_dict() == {"CH, petits": 10, "CH, moyens": 10, "CH, grands": 10, "CHU": 2}
    assert groups["CH00"] == "CH, petits"
    assert groups["CH29"] == "CH, grands"


def test_without_a_size_or_a_category_there_are_no_peers() -> None:
    some = pd.concat([known(CH=17), pd.DataFrame({"finess": ["X"], "category": [None]})], ignore_index=True)
    size = pd.Series(range(16), index=some["finess"][:16], dtype=float)
    groups = peer_groups(some, size)
    assert groups[["CH16", "X"]].isna().all()
    assert groups.notna().sum() == 16
