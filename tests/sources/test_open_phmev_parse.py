from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.sources import open_phmev_parse as parsing
from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev_parse import Parsed, parse_block
from tests.sources.phmev_files import NAMES, line, row


def block_of(lines: list[str], ending: str = "\r\n", *, ended: bool = True) -> Block:
    text = ending.join(lines) + (ending if ended else "")
    return Block(text.encode("cp1252"), 2, len(lines))


def written(name: str, number: int) -> str:
    if name == "boites":
        return str(number)
    return f"{number / 100:,.2f}".replace(",", "#").replace(".", ",").replace("#", ".")


def columns(parsed: Parsed) -> dict[str, list[object]]:
    """All the columns as received; numbers that were counted are written again."""
    parsed.numbers |= {
        name: pa.array([written(name, one) for one in values.tolist()]) for name, values in parsed.counted.items()
    }
    texts = {name: [one.values[code] for code in one.codes] for name, one in parsed.texts.items()}
    return {
        **texts,
        **{name: [value.as_buffer().to_pybytes() for value in one] for name, one in parsed.numbers.items()},
    }


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


@given(_ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(0, 5))
def test_the_quick_way_gives_what_the_general_parser_gives(
    rows: list[dict[str, str]], ending: str, ended: bool, shuffle: int
):
    names = list(NAMES)
    if shuffle:
        random.Random(shuffle).shuffle(names)
    block = block_of([line(values, names) for values in rows], ending, ended=ended)
    quick, general = parse_block(block, names), parse_block(block, names, general=True)
    assert columns(quick) == columns(general)
    assert list(quick.lines) == list(general.lines)
    assert quick.problems == general.problems == []
    assert quick.evidence.encoding == general.evidence.encoding


def test_a_regular_block_takes_the_quick_way(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parsing, "_parse_any", lambda *_: pytest.fail("the general parser was called"))
    assert len(parse_block(block_of([line(row()), line(row(sexe="1"))]), list(NAMES)).lines) == 2


@pytest.mark.parametrize(
    "spoiled",
    [
        line(row(l_cip13="A;B")),
        line(row()) + ";",
        line(row()).replace("SERESTA", '"SERESTA'),
        line(row(nom_etb="")).replace(";;", ";", 1),
    ],
)
def test_an_irregular_block_takes_the_general_way(spoiled: str):
    assert parsing._parse_regular(block_of([line(row()), spoiled]), list(NAMES)) is None


def test_encodings_are_placed_on_the_lines_that_hold_them():
    lines = [line(row(l_atc4="A", nom_etb="B", nom_voie="C", raison_sociale_etb="D")) for _ in range(3)]
    lines += [line(row(l_atc4="É"))]
    parsed = parse_block(block_of(lines), list(NAMES))
    assert parsed.evidence == parse_block(block_of(lines), list(NAMES), general=True).evidence
    assert parsed.evidence.not_utf8_line == 5
