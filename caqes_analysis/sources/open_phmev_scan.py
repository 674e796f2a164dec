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
import pyarrow.compute as pc

from caqes_analysis import tables
from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import UTF8_BOM, Encoding, Evidence, refuse_utf16
from caqes_analysis.sources.files import Block, blocks_of, open_content, year_in_name
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.open_phmev_block import IDENTITY, Converted, Texts, convert
from caqes_analysis.sources.open_phmev_findings import Tallies
from caqes_analysis.sources.open_phmev_layout import COLUMNS, DELIMITER, header_problems, unknown_columns
from caqes_analysis.sources.problems import ProblemLog

__all__ = ["SCHEMA", "Scan", "scan"]

_BLOCK_BYTES = 32 << 20
# Beyond, memory grows and the disk does not follow.
_MOST_WORKERS_NB = 4
_YEARS = range(2000, 2101)


def _schema() -> pa.Schema:
    """Types of the rows given to the sink: those of the table, its texts as dictionaries."""
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [f.with_type(text) if pa.types.is_string(f.type) else f for f in tables.ANNUAL_DRUG_SPEND.arrow_schema]
    )


SCHEMA = _schema()


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
        Takes tables of type :data:`SCHEMA`. It is no longer called once a problem has been met, but may have been
        before: what it keeps is to be thrown away when this function raises.
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
        work = _Work(delivery, known_year, received)
        rest: Iterator[Block] = chain([body] if body.data else [], blocks)
        evidence = Evidence(utf8_line=1 if is_marked else None)
        for converted in _in_parallel(rest, names, workers):
            evidence = evidence.then(converted.evidence)
            log.extend(work.refused_blank_lines(converted))
            log.extend(converted.problems)
            if not log and not evidence.problems():
                sink(work.take(converted))
    log.extend(evidence.problems())
    if not log and work.scan.rows_nb == 0:
        log.add(Problem("FICHIER_SANS_LIGNE", "le fichier n'a que son en-tête.", "Le télécharger de nouveau.", line=1))
    log.raise_if_any()
    return work.finish()


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


def _in_parallel(blocks: Iterator[Block], names: list[str], workers: int | None) -> Iterator[Converted]:
    """Convert blocks with several threads and give them back in order, few of them in memory at once."""
    workers = workers or min(os.cpu_count() or 1, _MOST_WORKERS_NB)
    waiting: deque[Future[Converted]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for block in blocks:
                waiting.append(pool.submit(convert, block, names))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class _Work:
    """What grows while the blocks follow one another."""

    def __init__(self, delivery: str, year: int, received: list[str]) -> None:
        self.scan = Scan(year)
        self._delivery = delivery
        self._tallies = Tallies(delivery)
        self._tallies.header(received, unknown_columns(received))
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._blank: list[int] = []

    def refused_blank_lines(self, converted: Converted) -> list[Problem]:
        """Blank lines are harmless at the end of a file only: give those that a row follows."""
        blank = [*self._blank, *(int(line) for line in converted.blank_lines)]
        last = int(converted.lines[-1]) if len(converted.lines) else -1
        self._blank = [line for line in blank if line > last]
        refused = [line for line in blank if line <= last]
        return [
            Problem("LIGNE_VIDE", "cette ligne est vide au milieu du fichier.", "Exporter de nouveau.", line=line)
            for line in refused
        ]

    def take(self, converted: Converted) -> pa.Table:
        """Count and type the rows of a block without problem."""
        self._tallies.block(converted)
        self._meet_establishments(converted)
        self._keys.append(converted.keys)
        self.scan.rows_nb += len(converted.lines)
        return self._table(converted)

    def finish(self) -> Scan:
        """Close the counts."""
        keys = np.concatenate(self._keys)
        self._keys = []
        _, counts = np.unique(keys, return_counts=True)
        self._tallies.repeated_keys(int(counts[counts > 1].sum()))
        self._tallies.establishments(self.scan.establishments)
        self.scan.findings = self._tallies.findings()
        return self.scan

    def _meet_establishments(self, converted: Converted) -> None:
        finess = converted.texts["etb_rgt"]
        first_rows = np.empty(len(finess.values), np.int64)
        first_rows[finess.codes[::-1]] = np.arange(len(finess.codes))[::-1]
        encoding = converted.evidence.encoding
        for code in np.argsort(first_rows):
            identity = _identity(converted, int(first_rows[code]), encoding)
            self.scan.establishments.setdefault(finess.values[code].decode("ascii"), identity)
        self._tallies.identities(converted, first_rows)

    def _table(self, converted: Converted) -> pa.Table:
        rows_nb = len(converted.lines)
        encoding = converted.evidence.encoding
        columns: dict[str, pa.Array] = {
            "source": _constant(self._delivery, rows_nb),
            "source_line": pa.array(converted.lines),
            "year": pa.array(np.full(rows_nb, self.scan.year, np.int64)),
            "value_status": _value_status(converted.numbers["rem"]),
            "is_provisional": pa.array(np.zeros(rows_nb, bool)),
            "is_corrected": pa.array(np.zeros(rows_nb, bool)),
        }
        for column in COLUMNS:
            if column.target and column.name in converted.texts:
                columns[column.target] = _dictionary(converted.texts[column.name], encoding)
            elif column.target:
                columns[column.target] = converted.numbers[column.name]
        return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _identity(converted: Converted, row: int, encoding: Encoding) -> dict[str, str | None]:
    def value(name: str) -> str | None:
        texts = converted.texts.get(name)
        return None if texts is None else " ".join(texts.values[texts.codes[row]].decode(encoding).split())

    return {name: value(name) for name in IDENTITY}


def _dictionary(texts: Texts, encoding: Encoding) -> pa.DictionaryArray:
    values = pa.array([value.decode(encoding) for value in texts.values], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(texts.codes), values)


def _constant(text: str, rows_nb: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows_nb, np.int32)), pa.array([text]))


def _value_status(reimbursed: pa.Array) -> pa.DictionaryArray:
    zero = pc.equal(reimbursed, pa.scalar(0, pa.int8()).cast(reimbursed.type))
    codes = zero.cast(pa.int32()).fill_null(2)
    return pa.DictionaryArray.from_arrays(codes, pa.array(["reported", "zero", "missing"]))
