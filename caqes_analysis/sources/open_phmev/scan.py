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
from caqes_analysis.sources.files import LONGEST_LINE_BYTES, Block, blocks_of, open_content, year_in_name
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.open_phmev.cut import cut_block
from caqes_analysis.sources.open_phmev.establishments import Identity, identities
from caqes_analysis.sources.open_phmev.findings import Tallies
from caqes_analysis.sources.open_phmev.known import KnownPart
from caqes_analysis.sources.open_phmev.layout import DELIMITER, PARTS, header_problems, unknown_columns
from caqes_analysis.sources.open_phmev.parts import Cut
from caqes_analysis.sources.open_phmev.rows import Layout, rows_of
from caqes_analysis.sources.open_phmev.separators import Bytes
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
    establishments: dict[str, Identity] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)


def scan(
    path: Path,
    sink: Callable[[pa.Table], None],
    *,
    year: int | None,
    delivery: str,
    workers: int | None = None,
    witness: Callable[[Bytes], object] | None = None,
) -> Scan:
    """Read a whole file; its rows go to ``sink``, block by block, in order.

    Parameters
    ----------
    path
        CSV, or ZIP with one CSV.
    sink
        Takes tables of type :data:`~caqes_analysis.sources.open_phmev.rows.SCHEMA`. It is no longer called once a
        problem has been met, but may have been before: what it keeps is to be thrown away when this function raises.
    year
        Year of the data; None to deduce it from the name of the file.
    delivery
        Identifier of the delivery.
    workers
        Number of threads; the result does not depend on it.
    witness
        Is shown the bytes of the content as they are read, all of them and in order.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    log = ProblemLog(path.name)
    with open_content(path) as stream:
        blocks = _shown(blocks_of(stream, size=_BLOCK_BYTES, file=path.name), witness)
        first = next(blocks)
        refuse_utf16(first.buffer[:LONGEST_LINE_BYTES].tobytes(), path.name)
        received, body, is_marked = _split_header(first)
        known_year = _year_of(path, year, log)
        log.extend(header_problems(received))
        log.raise_if_any()
        names = [name.strip().lower() for name in received]
        reading = _Reading(Layout(names, delivery, known_year), log, Evidence(utf8_line=1 if is_marked else None))
        rest: Iterator[Block] = chain([body] if len(body.buffer) else [], blocks)
        for cut in _in_parallel(rest, names, workers):
            rows = reading.add(cut)
            if rows is not None:
                sink(rows)
    return reading.finish(received)


def _shown(blocks: Iterator[Block], witness: Callable[[Bytes], object] | None) -> Iterator[Block]:
    for block in blocks:
        if witness is not None:
            witness(block.buffer)
        yield block


def _split_header(first: Block) -> tuple[list[str], Block, bool]:
    head = first.buffer[:LONGEST_LINE_BYTES].tobytes()
    is_marked = head.startswith(UTF8_BOM)
    end = head.find(b"\n") + 1 or len(first.buffer)
    line = head[len(UTF8_BOM) if is_marked else 0 : end].decode("cp1252", "replace").strip("\r\n")
    received = [name.strip().strip('"') for name in line.split(DELIMITER)]
    return received, Block(first.buffer[end:], first.first_line + 1, first.lines_nb - 1), is_marked


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


def _in_parallel(blocks: Iterator[Block], names: list[str], workers: int | None) -> Iterator[Cut]:
    """Cut blocks with several threads and give them back in order, few of them in memory at once."""
    workers = workers or min(os.cpu_count() or 1, _MOST_WORKERS_NB)
    waiting: deque[Future[Cut]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for block in blocks:
                waiting.append(pool.submit(cut_block, block, names))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class _Reading:
    """What grows while the blocks of a file follow one another."""

    def __init__(self, layout: Layout, log: ProblemLog, evidence: Evidence) -> None:
        self._layout = layout
        self._log = log
        self._evidence = evidence
        self._known = {part: KnownPart(part, layout.names) for part in PARTS}
        self._tallies = Tallies(layout.delivery)
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._blank_lines: list[int] = []
        self._rows_nb = 0

    def add(self, cut: Cut) -> pa.Table | None:
        """Check a block and return its rows; None as soon as the file has a problem."""
        self._evidence = self._evidence.then(cut.evidence)
        codes = {}
        for name, part in cut.parts.items() if cut.evidence.nul_line is None else ():
            codes[name], told = self._known[name].meet(part, cut.lines)
            self._evidence = self._evidence.then(told)
            self._log.extend(self._known[name].problems(codes[name], cut.lines))
        self._log.extend(cut.problems)
        self._log.extend(self._refused_blank_lines(cut))
        if self._log or self._evidence.problems() or not len(cut.lines):
            return None
        self._tallies.block(cut)
        self._rows_nb += len(cut.lines)
        self._keys.append(np.sum([self._known[name].keys[codes[name]] for name in PARTS], axis=0))
        return rows_of(cut, codes, self._known, self._layout, self._evidence.encoding)

    def finish(self, received: list[str]) -> Scan:
        """Close the counts, or refuse the file with all its problems."""
        self._log.extend(self._evidence.problems())
        if not self._log and self._rows_nb == 0:
            what = "le fichier n'a que son en-tête."
            self._log.add(Problem("FICHIER_SANS_LIGNE", what, "Le télécharger de nouveau.", line=1))
        self._log.raise_if_any()
        encoding = self._evidence.encoding
        establishments, variable = identities(self._known["establishment"], encoding)
        self._tallies.header(received, unknown_columns(received))
        self._tallies.texts(self._known, encoding)
        self._tallies.repeated_keys(_repeated_nb(np.concatenate(self._keys)))
        self._tallies.establishments(establishments, variable)
        return Scan(self._layout.year, self._rows_nb, establishments, self._tallies.findings())

    def _refused_blank_lines(self, cut: Cut) -> list[Problem]:
        """Blank lines are harmless at the end of a file only: give those that a row follows."""
        last_line = int(cut.lines[-1]) if len(cut.lines) else 0
        blank = [*self._blank_lines, *cut.blank_lines]
        self._blank_lines = [line for line in blank if line > last_line]
        return [
            Problem("LIGNE_VIDE", "cette ligne est vide au milieu du fichier.", "Exporter de nouveau.", line=line)
            for line in blank
            if line <= last_line
        ]


def _repeated_nb(keys: npt.NDArray[np.uint64]) -> int:
    """Return the number of rows that share their key with another."""
    keys.sort()
    same = keys[1:] == keys[:-1]
    return int(np.count_nonzero(np.append(same, False) | np.append(False, same)))
