"""Small ATIH files for tests: good lines, and one field changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis.simulation.atih import atih_lines
from caqes_analysis.sources.atih import AtihReceived, read_atih
from caqes_analysis.sources.atih_layout import Layout, layouts_of

A, B = "961000015", "2A0000014"
REMSIMA, AVASTIN, STENT = "9402303", "9261104", "3216367"


def layout(file_type: str = "rsa_med", year: int = 2021, record: str = "") -> Layout:
    """The layout of one kind of line."""
    return layouts_of(file_type, year)[record]


def drug(**changes: Any) -> dict[str, Any]:
    """A good line: two packs at 200 €."""
    line = {"finess": A, "month": pd.Timestamp("2021-03-01"), "product": REMSIMA, "quantity": 2000, "purchase": 400_000}
    return {**line, **changes}


def content(*lines: dict[str, Any], file_type: str = "rsa_med", year: int = 2021, record: str = "") -> bytes:
    """Lines in their layout."""
    frame = pd.DataFrame(list(lines))
    for name, value in (("stays", 1), ("indication", ""), ("benefit_type", "06")):
        frame[name] = frame[name].fillna(value) if name in frame else value
    return atih_lines(frame, layout=layout(file_type, year, record))


def put(data: bytes, line: int, role: str, value: str, where: Layout | None = None) -> bytes:
    """The same file with another value in one field of a line (numbered from 1)."""
    one = (where or layout()).role(role)
    assert one is not None
    width = one.end - one.start + 1
    rows = data.split(b"\r\n")
    row = rows[line - 1]
    rows[line - 1] = row[: one.start - 1] + value.rjust(width).encode()[:width] + row[one.end :]
    return b"\r\n".join(rows)


def read(folder: Path, data: bytes, *, file_type: str = "rsa_med", year: int = 2021, **options: Any) -> AtihReceived:
    """Write a file and read it."""
    path = folder / "essai.txt"
    path.write_bytes(data)
    return read_atih(path, file_type=file_type, year=year, delivery="essai", **options)
