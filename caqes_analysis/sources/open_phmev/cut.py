"""One block of lines of an Open PHMEV base, cut in three parts (product, patient class, establishment) and its amounts.

The same products and the same establishments come back on thousands of lines: each part of a line becomes the number of
a distinct text, so that a rule is verified, and a label decoded, once per distinct text and not once per line. Amounts
are counted in cents and never pass through floats.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev.amounts import read_amounts
from caqes_analysis.sources.open_phmev.general import cut_any, parse_lines
from caqes_analysis.sources.open_phmev.layout import AMOUNTS, PARTS, part_of
from caqes_analysis.sources.open_phmev.numbers import cents, whole_numbers
from caqes_analysis.sources.open_phmev.parts import Amounts, Cut, Part
from caqes_analysis.sources.open_phmev.separators import Bytes, Places, Separators, windows

__all__ = ["cut_block", "cut_regular"]

# Arrow's view of a text of that length or less holds the text itself.
_INLINE_BYTES = 12
_PREFIX_BYTES = 4
# Up to so many fields, the end of a span is looked for from its beginning.
_FEW_FIELDS = 2

Span = tuple[str, int, int]
"""Name of a part, or of a column that is in none; place of its first column; place after its last."""


def cut_block(block: Block, names: list[str]) -> Cut:
    """Cut a block: quickly when all its lines are regular, by the general parser otherwise.

    Parameters
    ----------
    block
        Whole lines, without the header.
    names
        Names of the columns of the file in lower case, in order.
    """
    return cut_regular(block, names) or cut_any(block, names)


def cut_regular(block: Block, names: list[str]) -> Cut | None:
    """Cut a block whose lines are all whole, with no separator inside a field; None for any other.

    Parameters
    ----------
    block, names
        As for :func:`cut_block`.
    """
    spans, buffer = _spans(names), block.buffer
    bounds = _bounds(buffer, spans, block.lines_nb)
    if bounds is None:
        return None
    cut = Cut(np.arange(block.first_line, block.first_line + block.lines_nb, dtype=np.int64))
    for (name, first, last), (begin, end) in zip(spans, bounds, strict=True):
        if name in PARTS:
            part = _part(buffer, begin, end, names[first:last])
            if part is None:
                return None
            cut.parts[name] = part
        elif name in AMOUNTS:
            amounts = _amounts(name, buffer, begin, end)
            if amounts is None:
                return None
            cut.amounts[name] = amounts
    return cut


def _spans(names: list[str]) -> list[Span]:
    """Return the runs of columns of one part; each column that is in no part is a run of its own."""
    spans = []
    for name, run in groupby(range(len(names)), key=lambda place: part_of(names[place]) or names[place]):
        places = list(run)
        spans.append((name, places[0], places[-1] + 1))
    return spans


def _bounds(buffer: Bytes, spans: list[Span], lines_nb: int) -> list[tuple[Places, Places]] | None:
    """Return where each span begins and ends on each line; None when the lines do not all have their fields."""
    fields_nb = spans[-1][-1]
    separators = Separators(buffer)
    if len({name for name, _, _ in spans}) < len(spans):  # a part in several pieces
        return None
    if separators.count != lines_nb * fields_nb:
        return None
    before = np.arange(0, separators.count, fields_nb, dtype=np.int32)
    ends: list[Places] = []
    for _, first, last in spans:
        end = ends[-1] if ends and last - first <= _FEW_FIELDS else None
        for _ in range(first, last):
            end = None if end is None else separators.following(end)
        ends.append(separators.nth(before + np.int32(last)) if end is None else end)
    # There are as many line feeds as lines: when all of them end a row of the table, none is elsewhere.
    if not (buffer[ends[-1]] == ord("\n")).all():
        return None
    starts = np.zeros(lines_nb, np.int32)
    starts[1:] = ends[-1][:-1] + 1
    ends[-1] = ends[-1] - (buffer[ends[-1] - 1] == ord("\r"))
    return list(zip([starts, *(end + 1 for end in ends[:-1])], ends, strict=True))


def _part(buffer: Bytes, begin: Places, end: Places, names: list[str]) -> Part | None:
    lengths = end - begin
    views = np.zeros((len(begin), 4), np.int32)
    views[:, 0] = lengths
    if lengths.min() > _INLINE_BYTES:
        views[:, 1] = windows(buffer, begin, _PREFIX_BYTES).view(np.int32)
        views[:, 3] = begin
    elif lengths.max() <= _INLINE_BYTES and begin[-1] + _INLINE_BYTES <= len(buffer):
        texts = windows(buffer, begin, _INLINE_BYTES).view(np.uint8).reshape(-1, _INLINE_BYTES)
        views[:, 1:] = (texts * (np.arange(_INLINE_BYTES, dtype=np.uint8) < lengths.astype(np.uint8)[:, None])).view(
            np.int32
        )
    else:
        return None
    cells = pa.Array.from_buffers(pa.binary_view(), len(begin), [None, pa.py_buffer(views), pa.py_buffer(buffer)])
    coded = cells.dictionary_encode()
    texts = coded.dictionary.cast(pa.binary())
    if not _are_lines(texts, names):
        return None
    return Part(texts, coded.indices.to_numpy(), is_as_received=True)


def _are_lines(texts: pa.BinaryArray, names: list[str]) -> bool:
    """Say whether texts that hold a quote or a carriage return are nevertheless one line of fields each."""
    content = texts.buffers()[2].to_pybytes()
    if b'"' not in content and b"\r" not in content:
        return True
    doubtful = pc.or_(pc.match_substring(texts, '"'), pc.match_substring(texts, "\r"))
    values = texts.filter(doubtful).to_pylist()
    return parse_lines(b"\n".join(values) + b"\n", names, len(values)) is not None


def _amounts(name: str, buffer: Bytes, begin: Places, end: Places) -> Amounts | None:
    if name == "boites":
        boxes = whole_numbers(buffer, begin, end)
        return None if boxes is None else Amounts(boxes)
    counted = cents(buffer, begin, end)
    if counted is not None:
        return Amounts(counted)
    return read_amounts(name, _cells(buffer, begin, end))


def _cells(buffer: Bytes, begin: Places, end: Places) -> pa.StringArray:
    bounds = np.stack([begin, end], axis=1)
    offsets = np.append(bounds.ravel(), np.int32(len(buffer)))
    both = pa.Array.from_buffers(pa.string(), bounds.size, [None, pa.py_buffer(offsets), pa.py_buffer(buffer)])
    # What stands between two cells comes in between.
    return both.take(pa.array(np.arange(0, bounds.size, 2)))
