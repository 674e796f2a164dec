"""What one block of lines becomes: parts told apart once per distinct text, and amounts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import Evidence
from caqes_analysis.sources.open_phmev.separators import Places

__all__ = ["FIELDS_JOINED_BY", "Amounts", "Cut", "Part"]

FIELDS_JOINED_BY = b"\x00"
"""Between the fields of a text that is not as received; no text holds it."""


@dataclass(frozen=True)
class Part:
    """One part of the lines of a block (product, patient class or establishment).

    Parameters
    ----------
    texts
        Its distinct texts (binary), in order of appearance.
    codes
        Which one each line has.
    is_as_received
        True when a text is the bytes of the file, its fields between separators; False when it is the values of the
        columns that are read, joined by :data:`FIELDS_JOINED_BY`.
    """

    texts: pa.BinaryArray
    codes: Places
    is_as_received: bool

    def first_rows(self) -> npt.NDArray[np.int64]:
        """Return the row in which each distinct text comes first."""
        rows = np.empty(len(self.texts), np.int64)
        rows[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
        return rows


@dataclass(frozen=True)
class Amounts:
    """A column of numbers: boxes, or cents (0 where it is missing)."""

    values: npt.NDArray[np.int64]
    is_missing: npt.NDArray[np.bool_] | None = None


@dataclass
class Cut:
    """What a block gives.

    Parameters
    ----------
    lines
        Number in the file of each row.
    parts
        By name of part; empty when the block could not be cut.
    amounts
        By name of column.
    problems
        Why the file must be refused.
    evidence
        Of its encoding, except what the texts of parts as received will tell.
    blank_lines
        Lines that hold nothing.
    ends_without_newline
        True when the last line of the file has no end of line.
    """

    lines: npt.NDArray[np.int64]
    parts: dict[str, Part] = field(default_factory=dict)
    amounts: dict[str, Amounts] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)
    blank_lines: list[int] = field(default_factory=list)
    ends_without_newline: bool = False
