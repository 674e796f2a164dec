"""Findings: what a reader noticed in a file that it nevertheless accepts. Nothing is repaired silently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from caqes_analysis import tables

__all__ = ["Finding", "Findings"]

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """Something worth knowing about received rows: counted, with one example, never repaired.

    Parameters
    ----------
    delivery
        Identifier of the delivery (the file) in which it was seen.
    code
        Stable identifier in capitals (``CODE_POSTAL_COMPLETE``).
    place
        Column, establishment or month concerned.
    severity
        ``information`` (a normal trait of the source), ``warning`` (to look at), ``error`` (the figures are wrong
        until it is settled).
    count
        Number of rows concerned.
    example
        One occurrence as received.
    remedy
        French sentence: what was done with the rows and what the statistician can do.
    """

    delivery: str
    code: str
    place: str
    severity: Severity
    count: int
    example: str
    remedy: str


class Findings:
    """An immutable, ordered collection of :class:`Finding`; adding two gives a third."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._findings = tuple(findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    def __len__(self) -> int:
        return len(self._findings)

    def __add__(self, other: Iterable[Finding]) -> Findings:
        return Findings((*self._findings, *other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Findings) and self._findings == other._findings

    def __hash__(self) -> int:
        return hash(self._findings)

    def __repr__(self) -> str:
        return f"Findings({list(self._findings)!r})"

    def codes(self) -> set[str]:
        """Return the codes seen."""
        return {finding.code for finding in self}

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as the tidy table ``findings``."""
        rows = [vars(finding) for finding in self]
        return tables.FINDINGS.conform(pd.DataFrame(rows, columns=tables.FINDINGS.column_names))
