"""ATIH fixed-width files of the liste en sus: MCO, HAD, SMR, and the invoices of the private sector."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from caqes_analysis import tables
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.atih_cleaning import Cleaning, rounded
from caqes_analysis.sources.atih_columns import Bools, Ints, Tally
from caqes_analysis.sources.atih_layout import FILE_TYPES, Layout, layouts_of, types_of_length
from caqes_analysis.sources.atih_lines import cut_lines
from caqes_analysis.sources.atih_references import References, references_from
from caqes_analysis.sources.atih_uses import Uses, month_text, read_uses
from caqes_analysis.sources.encoding import UTF8_BOM, refuse_utf16
from caqes_analysis.sources.files import LONGEST_LINE_BYTES, Block, blocks_of, open_content
from caqes_analysis.sources.findings import Finding, Findings, Severity
from caqes_analysis.sources.received import Received, delivery_row
from caqes_analysis.store import Store

__all__ = ["AtihReceived", "ingest_atih", "read_atih"]

_BLOCK_BYTES = 4 << 20
_OTHER_RECORDS = {"rafael": "ABCLM"}
# Fewer lines may repeat by chance; so many in the same order do not.
_LEAST_REPEATED_NB = 3
_CENT, _THOUSANDTH = 10_000, 1
_EPOCH_MONTH = 12 * 1970
_MERELY_TOLD = (
    "COEFFICIENT_APPLIQUE",
    "ENREGISTREMENTS_NON_LUS",
    "ESPACES_EN_FIN_DE_LIGNE",
    "FIN_SANS_RETOUR_DE_LIGNE",
)
_SCHEMA = tables.EXTRA_LIST_USE.arrow_schema


@dataclass(frozen=True)
class AtihReceived(Received):
    """One ATIH file, read.

    Parameters
    ----------
    rows, findings, delivery
        As in :class:`~caqes_analysis.sources.received.Received`; rows of ``extra_list_use``.
    cleaning
        ``step, lines_nb, before_eur, after_eur``: what each cleaning step did, in order.
    """

    cleaning: pd.DataFrame


def read_atih(
    path: Path,
    *,
    file_type: str,
    year: int,
    delivery: str,
    known_codes: Collection[str] | None = None,
    listing_period: pd.DataFrame | None = None,
    tariffs: pd.DataFrame | None = None,
    without: Collection[str] = (),
    layouts: Path | None = None,
    provisional_from: date | None = None,
) -> AtihReceived:
    """Read an ATIH file of drugs or devices, cleaned by the rules of ATIH.

    Parameters
    ----------
    path
        The file (or a ZIP that holds it as ``.txt``).
    file_type
        ``rsa_med``, ``rum_med``, ``rsa_dmi``, ``rum_dmi``, ``rapss_med``, ``rha_med`` or ``rafael``.
    year
        Year of the file: it decides the layout.
    delivery
        Identifier of the delivery.
    known_codes
        UCD (7 digits) or LPP codes that exist; without it, no code is unknown.
    listing_period
        Table ``extra_list_periods`` (``kind, code, listed_from, listed_to``); it bears on the kinds that it holds.
    tariffs
        Table ``extra_list_tariffs`` (``kind, code, valid_from, tariff_ttc_eur``).
    without
        Names of cleaning steps to leave out (see ``CLEANING_STEPS``).
    layouts
        A region's own table of layouts, for a year that the package does not know.
    provisional_from
        First month that may still be completed; None when all are final.

    Returns
    -------
    AtihReceived
        Rows of ``extra_list_use``: ``purchase_eur`` is price × number, at the purchase price; only invoices also have
        ``reimbursed_eur`` (the amount invoiced) and, for devices, ``tariff_eur``.

    Raises
    ------
    SourceError
        With all that is wrong in the file, each kind of problem counted with the place of the first.

    Notes
    -----
    Amounts are whole numbers until the one rounding, of each line, to the cent, half away from zero. See
    ``docs/methods/atih.md``.
    """
    blocks: list[pa.Table] = []
    references = references_from(known_codes=known_codes, listing_period=listing_period, tariffs=tariffs)
    cleaning = Cleaning(references, year=year, without=without)
    seen = _scan(Path(path), blocks.append, file_type, year, delivery, cleaning, layouts, provisional_from)
    content = pa.concat_tables(blocks) if blocks else _SCHEMA.empty_table()
    rows = tables.EXTRA_LIST_USE.conform(tables.from_arrow(content))
    described = delivery_row(
        Path(path), delivery=delivery, period=seen.period, rows_nb=len(rows), lines_nb=seen.lines_nb
    )
    return AtihReceived(rows, seen.findings, described, cleaning.table())


def ingest_atih(
    path: Path,
    store: Store,
    *,
    file_type: str,
    year: int,
    delivery: str,
    references: References | None = None,
    without: Collection[str] = (),
    layouts: Path | None = None,
    provisional_from: date | None = None,
) -> Findings:
    """Stream an ATIH file into the store: its rows and its delivery, or nothing at all.

    Parameters
    ----------
    path, file_type, year, delivery, without, layouts, provisional_from
        As in :func:`read_atih`.
    store
        Store of the campaign. Parts of the same delivery are replaced.
    references
        Known codes, periods of listing and tariffs, read once for several files.

    Returns
    -------
    Findings
        What was noticed, and what each cleaning step did.

    Raises
    ------
    SourceError
        With all the problems of the file; nothing is then written.

    Notes
    -----
    Memory does not grow with the file: it is read by blocks of 4 MB.
    """
    path = Path(path)
    cleaning = Cleaning(references or References(), year=year, without=without)
    final = store.part_path(tables.EXTRA_LIST_USE, delivery)
    draft = final.with_suffix(".draft")
    try:
        with pq.ParquetWriter(draft, _SCHEMA, compression="zstd") as writer:
            seen = _scan(path, writer.write_table, file_type, year, delivery, cleaning, layouts, provisional_from)
        described = delivery_row(
            path, delivery=delivery, period=seen.period, rows_nb=seen.rows_nb, lines_nb=seen.lines_nb
        )
        store.write(tables.DELIVERIES, described, part=delivery)
        draft.replace(final)
    finally:
        draft.unlink(missing_ok=True)
    return seen.findings


@dataclass
class _Scan:
    """What a whole file gave, besides its rows."""

    rows_nb: int = 0
    lines_nb: int = 0
    first_month: int | None = None
    last_month: int | None = None
    problems: Tally = field(default_factory=Tally)
    notes: Tally = field(default_factory=Tally)
    blank_lines: list[int] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    @property
    def period(self) -> str | None:
        """Months covered, in words."""
        if self.first_month is None or self.last_month is None:
            return None
        return f"{month_text(self.first_month)} à {month_text(self.last_month)}"

    def add_months(self, months: Ints) -> None:
        """Widen the period."""
        if len(months):
            low, high = int(months.min()), int(months.max())
            self.first_month = low if self.first_month is None else min(low, self.first_month)
            self.last_month = high if self.last_month is None else max(high, self.last_month)

    def add_blank_lines(self, blank: list[int], last_line: int) -> None:
        """Blank lines are harmless at the end of a file only: refuse those that a line follows."""
        waiting = [*self.blank_lines, *blank]
        self.blank_lines = [line for line in waiting if line > last_line]
        inside = [line for line in waiting if line < last_line]
        if inside:
            what = "cette ligne est vide au milieu du fichier."
            self.problems.add(Problem("LIGNE_VIDE", what, "Exporter de nouveau.", line=inside[0], count=len(inside)))


def _scan(
    path: Path,
    sink: Callable[[pa.Table], Any],
    file_type: str,
    year: int,
    delivery: str,
    cleaning: Cleaning,
    layouts: Path | None,
    provisional_from: date | None,
) -> _Scan:
    """Read a whole file; its rows go to ``sink`` block by block, in order, until a problem is met."""
    known = layouts_of(file_type, year, layouts)
    seen, lines_nb = _Scan(), 0
    for block in _blocks(path):
        cut = cut_lines(block.data, block.first_line, known, _advice, _OTHER_RECORDS.get(file_type, ""))
        seen.add_blank_lines(cut.blank_lines, cut.last_line)
        # Lines of other records, and those that cleaning leaves out, are in the file that its sender counted.
        seen.lines_nb = max(seen.lines_nb, cut.last_line)
        parts = []
        for lines in cut.lines.values():
            if len(lines):
                lines_nb += len(lines)
                parts.append(read_uses(lines, year, cut.notes))
        seen.problems.add_all(cut.problems)
        seen.notes.add_all(cut.notes)
        if seen.problems:
            continue
        arrow = [
            _rows(cleaning.run(uses), delivery, FILE_TYPES[file_type].date_basis, provisional_from) for uses in parts
        ]
        for uses in parts:
            seen.add_months(uses.months[uses.kept])
        table = pa.concat_tables(arrow) if arrow else _SCHEMA.empty_table()
        if len(arrow) > 1:
            table = table.sort_by("source_line")
        if table.num_rows:
            seen.rows_nb += table.num_rows
            sink(table)
    _refuse_twice(path, seen.problems)
    if not lines_nb and not seen.problems:
        seen.problems.add(_empty_file(known))
    if seen.problems:
        raise SourceError([problem.at(file=path.name) for problem in sorted(seen.problems, key=lambda p: p.line or 0)])
    seen.findings = Findings([*_told(seen.notes, delivery, known), *cleaning.findings(delivery)])
    return seen


def _refuse_twice(path: Path, problems: Tally) -> None:
    """Refuse a file whose second half repeats the first: an export pasted twice, all its lines regular."""
    half, odd = divmod(path.stat().st_size, 2)
    if odd:
        return
    with path.open("rb") as first, path.open("rb") as second:
        second.seek(half)
        left, lines_nb = half, 0
        while left:
            piece = first.read(min(left, _BLOCK_BYTES))
            if piece != second.read(len(piece)):
                return
            left -= len(piece)
            lines_nb += piece.count(b"\n")
    if lines_nb >= _LEAST_REPEATED_NB:
        what = "la seconde moitié du fichier répète la première, ligne pour ligne : il a été collé deux fois."
        problems.add(Problem("FICHIERS_ACCOLES", what, "N'en garder qu'un exemplaire.", line=lines_nb + 1))


def _blocks(path: Path) -> Iterator[Block]:
    with open_content(path) as stream:
        blocks = blocks_of(stream, size=_BLOCK_BYTES, file=path.name)
        first = next(blocks, None)
        if first is None:
            return
        head = first.buffer[:LONGEST_LINE_BYTES].tobytes()
        refuse_utf16(head, path.name)
        if head.startswith(UTF8_BOM):
            first = Block(first.buffer[len(UTF8_BOM) :], first.first_line, first.lines_nb)
        yield from chain([first] if len(first.buffer) else [], blocks)


def _advice(length: int) -> str:
    found = types_of_length(length)
    return f"Cette longueur est celle de : {' ; '.join(found)}." if found else ""


def _empty_file(known: dict[str, Layout]) -> Problem:
    records = [record for record in known if record]
    what = (
        f"le fichier n'a aucune ligne d'enregistrement {' ou '.join(records)}." if records else "le fichier est vide."
    )
    return Problem("FICHIER_SANS_LIGNE", what, "Vérifier que le bon fichier est donné, ou l'exporter de nouveau.")


def _told(notes: Tally, delivery: str, known: dict[str, Layout]) -> list[Finding]:
    found = []
    for note in notes:
        severity: Severity = "information" if note.code in _MERELY_TOLD else "warning"
        example = f"ligne {note.line}" + (f" : « {note.value} »" if note.value is not None else "")
        found.append(Finding(delivery, note.code, note.column or "", severity, note.count, example, note.remedy))
    for layout in known.values():
        guessed = [one for one in layout.fields if one.status == "inferred" and one.role]
        if guessed:
            found.append(
                Finding(
                    delivery,
                    "DISPOSITION_DEDUITE",
                    f"disposition {layout.file_type} {layout.record}".strip(),
                    "information",
                    len(guessed),
                    guessed[0].place,
                    "Positions déduites : celles que l'ATIH publie se contredisent (docs/methods/atih.md).",
                )
            )
    return found


def _rows(uses: Uses, delivery: str, date_basis: str, provisional_from: date | None) -> pa.Table:
    """Return the lines kept as rows of ``extra_list_use``."""
    kept = np.flatnonzero(uses.kept)
    count = len(kept)
    stays = uses.stays[kept]
    months = (uses.months[kept] - _EPOCH_MONTH).astype("datetime64[M]")
    purchase = rounded(uses.purchase[kept], stays, _CENT)
    limit = None if provisional_from is None else np.datetime64(provisional_from, "M")
    provisional: Bools = np.zeros(count, dtype=bool) if limit is None else np.asarray(months >= limit, dtype=bool)
    taken = pa.array(kept)

    def texts(value: str) -> pa.Array:
        return pa.repeat(pa.scalar(value, pa.string()), count)

    def amount(values: Ints | None) -> pa.Array:
        return pa.nulls(count, pa.decimal128(18, 2)) if values is None else _decimals(values, 2)

    def in_cents(values: Ints | None) -> Ints | None:
        return None if values is None else rounded(values[kept], stays, _CENT)

    columns = {
        "source": texts(delivery),
        "source_line": pa.array(uses.lines[kept]),
        "finess": uses.finess.to_arrow().take(taken),
        "month": pa.array(months.astype("datetime64[D]")),
        "date_basis": texts(date_basis),
        "kind": texts(uses.kind),
        "code": uses.product.to_arrow().take(taken),
        "indication": pa.nulls(count, pa.string())
        if uses.indication is None
        else uses.indication.to_arrow().take(taken),
        "quantity_nb": _decimals(rounded(uses.quantity[kept], stays, _THOUSANDTH), 3),
        "purchase_eur": amount(purchase),
        "tariff_eur": amount(in_cents(uses.tariff)),
        "reimbursed_eur": amount(in_cents(uses.billed)),
        "value_status": pa.DictionaryArray.from_arrays(
            pa.array((purchase == 0).astype(np.int8)), pa.array(["reported", "zero"])
        ).cast(pa.string()),
        "is_provisional": pa.array(provisional),
        "is_corrected": pa.array(np.zeros(count, dtype=bool)),
    }
    return pa.table([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)


def _decimals(whole: Ints, scale: int) -> pa.Array:
    """Return whole numbers as decimals of that scale, exactly and without arithmetic: 128 bits, low half first."""
    halves = np.empty((len(whole), 2), dtype="<i8")
    halves[:, 0], halves[:, 1] = whole, whole >> 63
    return pa.Array.from_buffers(pa.decimal128(18, scale), len(whole), [None, pa.py_buffer(halves)])
