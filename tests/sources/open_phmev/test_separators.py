from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.sources.open_phmev.separators import Separators


@given(st.lists(st.integers(0, 90), min_size=1, max_size=60), st.randoms())
def test_each_separator_is_found_by_its_rank_and_from_the_one_before(lengths: list[int], random):
    text = "".join("x" * length + random.choice(";\n") for length in lengths)
    buffer = np.frombuffer(text.encode(), np.uint8)
    expected = np.flatnonzero((buffer == ord(";")) | (buffer == ord("\n")))
    separators = Separators(buffer)
    assert separators.count == len(expected)
    ranks = np.arange(1, len(expected) + 1, dtype=np.int32)
    assert separators.nth(ranks).tolist() == expected.tolist()
    following = separators.following(expected[:-1].astype(np.int32))
    # A field of 56 bytes may be too long for the window, one of 64 always is.
    if max(lengths[1:], default=0) < 56:
        assert following is not None
    if max(lengths[1:], default=0) >= 64:
        assert following is None
    if following is not None:
        assert following.tolist() == expected[1:].tolist()
