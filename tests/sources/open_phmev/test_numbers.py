from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.sources.open_phmev.numbers import cents, whole_numbers


def read(
    parse: Callable[..., npt.NDArray[np.int64] | None], texts: list[str], separator: str = ";"
) -> list[int] | None:
    data = separator.join(["", *texts, ""]).encode("latin-1")
    ends = np.cumsum([len(text) + 1 for text in texts]).astype(np.int32)
    begins = ends - np.array([len(text) for text in texts], np.int32)
    found = parse(np.frombuffer(data, np.uint8), begins, ends)
    return None if found is None else found.tolist()


def grouped(number: int) -> str:
    return f"{number // 100:,}".replace(",", ".") + f",{number % 100:02d}"


@given(st.lists(st.integers(0, 10**15 - 1), min_size=1, max_size=20))
def test_amounts_are_read_back_to_the_cent(numbers: list[int]):
    assert read(cents, [grouped(number) for number in numbers]) == numbers


@given(st.lists(st.integers(0, 10**13 - 1), min_size=1, max_size=20))
def test_boxes_are_read_back(numbers: list[int]):
    assert read(whole_numbers, [str(number) for number in numbers]) == numbers


@given(st.lists(st.text(alphabet="0129.,-; é", max_size=10), min_size=1, max_size=5))
def test_only_the_usual_writing_is_read(texts: list[str]):
    usual = all(re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})*,[0-9]{2}", text) for text in texts)
    assert (read(cents, texts) is not None) == usual
    assert (read(whole_numbers, texts) is not None) == all(re.fullmatch("[0-9]{1,13}", text) for text in texts)


@pytest.mark.parametrize(
    "text", ["", ",12", ".123,45", "1.23,45", "12.34,56", "1234,56", "-1,00", "1,2", "1", "/,00", ":,00"]
)
def test_other_writings_are_left_to_the_general_rules(text: str):
    assert read(cents, ["1,00", text]) is None
