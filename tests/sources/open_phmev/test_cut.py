from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev import cut as cutting
from caqes_analysis.sources.open_phmev.cut import cut_block, cut_regular
from caqes_analysis.sources.open_phmev.general import cut_any
from caqes_analysis.sources.open_phmev.known import KnownPart
from caqes_analysis.sources.open_phmev.parts import Cut
from tests.sources.phmev_files import NAMES, line, row


def block_of(lines: list[str], ending: str = "\r\n", *, ended: bool = True) -> Block:
    text = ending.join(lines) + (ending if ended else "")
    return Block(np.frombuffer(text.encode("cp1252"), np.uint8), 2, len(lines))


def columns(cut: Cut, names: list[str]) -> dict[str, list[object]]:
    """All the columns of a block: texts as received, boxes, cents (None where missing)."""
    found: dict[str, list[object]] = {}
    for name, part in cut.parts.items():
        known = KnownPart(name, names)
        codes, _ = known.meet(part, cut.lines)
        for column in known.columns.values():
            found[column.rule.name] = [column.values[column.codes[code]] for code in codes]
    for name, amounts in cut.amounts.items():
        missing = np.zeros(len(cut.lines), bool) if amounts.is_missing is None else amounts.is_missing
        found[name] = [None if empty else value for empty, value in zip(missing, amounts.values.tolist(), strict=True)]
    return found


_TEXTS = st.text(alphabet="abé \"'.,;", max_size=8)
_ROWS = st.lists(
    st.builds(
        row,
        l_atc1=_TEXTS,
        l_cip13=_TEXTS,
        nom_etb=_TEXTS,
        nom_voie=_TEXTS,
        age=st.sampled_from(["0", "20"]),
        rem=st.sampled_from(["1,00", "2.345,67", ""]),
        gen_num=st.sampled_from(["", "12"]),
    ),
    min_size=1,
    max_size=6,
)


@given(_ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_quick_way_gives_what_the_general_parser_gives(rows: list[dict[str, str]], ending: str, ended: bool):
    names = list(NAMES)
    block = block_of([line(values, names) for values in rows], ending, ended=ended)
    quick, general = cut_block(block, names), cut_any(block, names)
    assert columns(quick, names) == columns(general, names)
    assert list(quick.lines) == list(general.lines)
    assert quick.problems == general.problems == []


def test_a_regular_block_takes_the_quick_way(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cutting, "cut_any", lambda *_: pytest.fail("the general parser was called"))
    assert len(cut_block(block_of([line(row()), line(row(sexe="1"))]), list(NAMES)).lines) == 2


@pytest.mark.parametrize(
    "spoiled",
    [
        line(row(l_cip13="A;B")),
        line(row()) + ";",
        line(row()).replace("SERESTA", '"SERESTA'),
        line(row()).replace("SERESTA", "SERE\rSTA"),
        line(row(nom_etb="")).replace(";;", ";", 1),
        line(row(boites="")),
        line(row(rem="x")),
        line(dict.fromkeys(NAMES, "")),
    ],
)
def test_an_irregular_block_takes_the_general_way(spoiled: str):
    assert cut_regular(block_of([line(row()), spoiled, line(row())]), list(NAMES)) is None


def test_lines_that_exchange_a_separator_take_the_general_way():
    longer, shorter = line(row()) + ";1", line(row()).removesuffix(";2.955,96")
    assert cut_regular(block_of([longer, shorter]), list(NAMES)) is None


def test_an_unusual_amount_stays_on_the_quick_way():
    block = block_of([line(row()), line(row(rem="-1.234,5", bse=""))])
    cut = cut_regular(block, list(NAMES))
    assert cut is not None
    assert columns(cut, list(NAMES)) == columns(cut_any(block, list(NAMES)), list(NAMES))
    assert cut.amounts["rem"].values.tolist() == [279002, -123450]


def test_columns_in_pieces_take_the_general_way():
    names = list(NAMES)
    random.Random(0).shuffle(names)
    block = block_of([line(row(), names), line(row(sexe="1"), names)])
    assert cut_regular(block, names) is None
    assert columns(cut_block(block, names), names) == columns(
        cut_block(block_of([line(row()), line(row(sexe="1"))]), list(NAMES)), list(NAMES)
    )


def test_unexpected_columns_are_stepped_over():
    names = [*NAMES[:14], "nouvelle", *NAMES[14:], "autre"]
    values = {**row(), "nouvelle": "x" * 70, "autre": ""}
    cut = cut_regular(block_of([line(values, names)] * 3), names)
    assert cut is not None
    assert columns(cut, names) == columns(cut_block(block_of([line(row())] * 3), list(NAMES)), list(NAMES))


def test_encodings_are_placed_on_the_lines_that_hold_them():
    lines = [line(row(l_atc4="A", nom_etb="B", nom_voie="C", raison_sociale_etb="D")) for _ in range(3)]
    block = block_of([*lines, line(row(l_atc4="É"))])
    cut = cut_block(block, list(NAMES))
    _, told = KnownPart("product", list(NAMES)).meet(cut.parts["product"], cut.lines)
    assert told == cut_any(block, list(NAMES)).evidence
    assert told.not_utf8_line == 5
