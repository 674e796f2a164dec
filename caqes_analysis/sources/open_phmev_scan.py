"""Read an Open PHMEV base from end to end: blocks in parallel, results in the order of the file."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import UTF8_BOM, Evidence, refuse_utf16
from caqes_analysis.sources.files import Block, blocks_of, open_content, year_in_name
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.open_phmev_findings import Tallies
from caqes_analysis.sources.open_phmev_layout import DELIMITER, header_problems, unknown_columns
from caqes_analysis.sources.open_phmev_rows import NAMING, Layout, Prepared, prepare
from caqes_analysis.sources.problems import ProblemLog

__all__ = ["Scan", "scan"]

_BLOCK_BYTES = 24 << 20
# Beyond, memory grows and the disk does not follow.
_MOST_WORKERS_NB = 4
_YEARS = range(2000, 2101)


@dataclass
class Scan:
    """What a whole file gave, besides its rows.

    Parameters
    ----------
    year
        Year of the data.
    rows_nb
        Number of rows.
    establishments
        For each FINESS, in order of appearance: its identity as received, by source column.
    findings
        What was noticed.
    """

    year: int
    rows_nb: int = 0
    establishments: dict[str, dict[str, str | None]] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)


def scan(
    path: Path, sink: Callable[[pa.Table], None], *, year: int | None, delivery: str, workers: int | None = None
) -> Scan:
    """Read a whole file; its rows go to ``sink``, block by block, in order.

    Parameters
    ----------
    path
        CSV, or ZIP with one CSV.
    sink
        Takes tables of type :data:`~caqes_analysis.sources.open_phmev_rows.SCHEMA`. It is no longer called once a
        problem has been met, but may have been before: what it keeps is to be thrown away when this function raises.
    year
        Year of the data; None to deduce it from the name of the file.
    delivery
        Identifier of the delivery.
    workers
        Number of threads; the result does not depend on it.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    log = ProblemLog(path.name)
    with open_content(path) as stream:
        blocks = blocks_of(stream, size=_BLOCK_BYTES, file=path.name)
        first = next(blocks)
        refuse_utf16(first.data, path.name)
        received, body, is_marked = _split_header(first)
        known_year = _year_of(path, year, log)
        log.extend(header_problems(received))
        log.raise_if_any()
        names = [name.strip().lower() for name in received]
        layout = Layout(names, delivery, known_year)
        total = _Total(layout, received)
        rest: Iterator[Block] = chain([body] if body.data else [], blocks)
        evidence = Evidence(utf8_line=1 if is_marked else None)
        for prepared in _in_parallel(rest, layout, workers):
            evidence = evidence.then(prepared.evidence)
            log.extend(total.refused_blank_lines(prepared))
            log.extend(prepared.problems)
            if prepared.rows is not None and not log and not evidence.problems():
                total.add(prepared)
                sink(prepared.rows)
    log.extend(evidence.problems())
    if not log and total.scan.rows_nb == 0:
        log.add(Problem("FICHIER_SANS_LIGNE", "le fichier n'a que son en-tête.", "Le télécharger de nouveau.", line=1))
    log.raise_if_any()
    return total.finish()


def _split_header(first: Block) -> tuple[list[str], Block, bool]:
    is_marked = first.data.startswith(UTF8_BOM)
    end = first.data.find(b"\n") + 1 or len(first.data)
    line = first.data[len(UTF8_BOM) if is_marked else 0 : end].decode("cp1252", "replace").strip("\r\n")
    received = [name.strip().strip('"') for name in line.split(DELIMITER)]
    return received, Block(first.data[end:], first.first_line + 1, first.lines_nb - 1), is_marked


def _year_of(path: Path, year: int | None, log: ProblemLog) -> int:
    found = year if year is not None else year_in_name(path.name)
    if found is None:
        log.add(
            Problem(
                "ANNEE_INCONNUE",
                "le nom du fichier ne dit pas de quelle année il s'agit (ou en porte plusieurs).",
                "Donner l'année (year) ou nommer le fichier comme à l'origine : OPEN_PHMEV_2024.CSV.",
            )
        )
    elif found not in _YEARS:
        log.add(Problem("ANNEE_HORS_PERIODE", "cette année n'est pas possible.", "La corriger.", value=str(found)))
    return found or 0


def _in_parallel(blocks: Iterator[Block], layout: Layout, workers: int | None) -> Iterator[Prepared]:
    """Prepare blocks with several threads and give them back in order, few of them in memory at once."""
    workers = workers or min(os.cpu_count() or 1, _MOST_WORKERS_NB)
    waiting: deque[Future[Prepared]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for block in blocks:
                waiting.append(pool.submit(prepare, block, layout))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class _Total:
    """What grows while the blocks follow one another."""

    def __init__(self, layout: Layout, received: list[str]) -> None:
        self.scan = Scan(layout.year)
        self._tallies = Tallies(layout.delivery)
        self._tallies.header(received, unknown_columns(received))
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._blank: list[int] = []
        self._variable: set[str] = set()

    def refused_blank_lines(self, prepared: Prepared) -> list[Problem]:
        """Blank lines are harmless at the end of a file only: give those that a row follows."""
        blank = [*self._blank, *prepared.blank_lines]
        self._blank = [line for line in blank if line > prepared.last_line]
        return [
            Problem("LIGNE_VIDE", "cette ligne est vide au milieu du fichier.", "Exporter de nouveau.", line=line)
            for line in blank
            if line <= prepared.last_line
        ]

    def add(self, prepared: Prepared) -> None:
        """Count the rows of a block."""
        self._tallies.add_all(prepared.tallies)
        self._keys.append(prepared.keys)
        self._variable |= prepared.variable
        self.scan.rows_nb += prepared.rows_nb
        for finess, identity in prepared.identities.items():
            known = self.scan.establishments.setdefault(finess, identity)
            if any(known[name] != identity[name] for name in NAMING):
                self._variable.add(finess)

    def finish(self) -> Scan:
        """Close the counts."""
        keys = np.concatenate(self._keys)
        self._keys = []
        keys.sort()
        same = keys[1:] == keys[:-1]
        repeated = np.append(same, False) | np.append(False, same) if len(keys) else same
        self._tallies.repeated_keys(int(repeated.sum()))
        self._tallies.establishments(self.scan.establishments, self._variable)
        self.scan.findings = self._tallies.findings()
        return self.scan
