"""One block of lines of an Open PHMEV base, parsed, checked and typed with Arrow.

Text columns stay dictionaries of bytes until the end: a rule is verified, and a label decoded, once per distinct value
and not once per row. That is what makes the reading fast; amounts become exact decimals without passing through floats.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import Evidence, evidence_in
from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev_layout import AMOUNTS, COLUMNS, DELIMITER, SourceColumn
from caqes_analysis.sources.problems import LISTED_NB

__all__ = ["IDENTITY", "Converted", "Texts", "convert"]

_PARSE_BYTES = 1 << 22
_AMOUNT = r"^(?:-?(?:[0-9]{1,13}|[0-9]{1,3}(?:\.[0-9]{3}){1,4})(?:,[0-9]{1,2})?)?$"
_BOXES = r"^(?:-?(?:[0-9]{1,13}|[0-9]{1,3}(?:\.[0-9]{3}){1,4})(?:,0{1,2})?)?$"
_TWO_DECIMALS = r",[0-9]{2}$"
IDENTITY = (
    "raison_sociale_etb",
    "nom_etb",
    "categorie_jur",
    "categorie_jur_rgt",
    "code_postal",
    "nom_ville",
    "region_etb",
)
# What should make a row unique, and does not (masked lines).
_NATURAL_KEY = ("etb_rgt", "cip13", "atc5", "age", "sexe", "top_gen")
_TRUNCATED = "Le télécharger ou l'exporter de nouveau : la fin manque."


@dataclass(frozen=True)
class Texts:
    """A text column of a block: its distinct values as received, and which one each row has."""

    values: list[bytes]
    codes: npt.NDArray[np.int32]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Number of rows of each distinct value."""
        return np.bincount(self.codes, minlength=len(self.values))

    def rows_of(self, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """Return the rows whose value is among those wanted."""
        return np.flatnonzero(wanted[self.codes])


@dataclass
class Converted:
    """What a block gives.

    Parameters
    ----------
    evidence
        Of its encoding.
    problems
        Why the file must be refused.
    lines
        Number in the file of each row.
    texts, numbers
        Its columns; empty when the block could not be parsed.
    keys
        Fingerprint of the natural key of each row.
    blank_lines
        Lines that hold nothing.
    ends_without_newline
        True when the last line of the file has no end of line.
    """

    evidence: Evidence
    lines: npt.NDArray[np.int64]
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, Texts] = field(default_factory=dict)
    numbers: dict[str, pa.Array] = field(default_factory=dict)
    keys: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    blank_lines: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    ends_without_newline: bool = False


def convert(block: Block, names: list[str]) -> Converted:
    """Parse and check one block.

    Parameters
    ----------
    block
        Whole lines, without the header.
    names
        Names of the columns of the file in lower case, in order.
    """
    evidence = evidence_in(block.data, block.first_line)
    cut_short = not block.data.endswith(b"\n")
    lines = np.arange(block.first_line, block.first_line + block.lines_nb, dtype=np.int64)
    problems: list[Problem] = []
    parsed = _parse(block.data, names, len(lines))
    if parsed is None:
        problems, data, lines = _sort_lines(block, len(names))
        parsed = _parse(data, names, len(lines)) if len(lines) else None
    if parsed is None:
        return Converted(evidence, lines[:0], problems or [_unreadable(block)], ends_without_newline=cut_short)
    converted = Converted(evidence, lines, problems, ends_without_newline=cut_short)
    converted.texts = {
        column.name: _texts(parsed.column(column.name))
        for column in COLUMNS
        if column.name in names and column.name not in AMOUNTS
    }
    raw = {name: parsed.column(name).combine_chunks() for name in AMOUNTS}
    _set_blank_lines_apart(converted, raw)
    for column in COLUMNS:
        if column.pattern is not None and column.name in converted.texts:
            problems += _pattern_problems(column, converted)
    _convert_numbers(converted, raw)
    if cut_short and not problems and len(converted.lines):
        problems += _last_amount_problems(converted, raw)
    if not problems:
        converted.keys = _fingerprints([converted.texts[name] for name in _NATURAL_KEY])
    return converted


def _parse(data: bytes, names: list[str], lines_nb: int) -> pa.Table | None:
    """Parse lines with Arrow; None when a line does not have the right number of fields, or a quote spans lines."""
    wanted = [column.name for column in COLUMNS if column.name in names]
    text = pa.dictionary(pa.int32(), pa.binary())
    try:
        parsed = pa_csv.read_csv(
            pa.py_buffer(data),
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=_PARSE_BYTES),
            parse_options=pa_csv.ParseOptions(delimiter=DELIMITER, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                check_utf8=False,
                strings_can_be_null=False,
                include_columns=wanted,
                column_types={name: pa.string() if name in AMOUNTS else text for name in wanted},
            ),
        )
    except pa.ArrowInvalid:
        return None
    return parsed if parsed.num_rows == lines_nb else None


def _sort_lines(block: Block, fields_nb: int) -> tuple[list[Problem], bytes, npt.NDArray[np.int64]]:
    """Find, line by line, those that Arrow cannot parse; return their problems, the other lines and their numbers."""
    problems, kept, numbers = [], [], []
    every = block.data.split(b"\n")
    for offset, line in enumerate(every[: block.lines_nb]):
        number = block.first_line + offset
        is_cut = offset == block.lines_nb - 1 and not block.data.endswith(b"\n")
        problem = _line_problem(line.removesuffix(b"\r"), fields_nb, is_cut=is_cut)
        if problem is None:
            kept.append(line + b"\n")
            numbers.append(number)
        else:
            problems.append(problem.at(line=number))
    return problems, b"".join(kept), np.array(numbers, dtype=np.int64)


def _line_problem(line: bytes, fields_nb: int, *, is_cut: bool) -> Problem | None:
    if not line:
        return None
    if line.count(b'"') % 2:
        return Problem(
            "GUILLEMET_NON_FERME",
            "un guillemet est ouvert et n'est pas fermé sur cette ligne.",
            _TRUNCATED if is_cut else "Doubler ou retirer le guillemet, ou exporter de nouveau.",
        )
    if b"\r" in line:
        return Problem(
            "RETOUR_CHARIOT_ISOLE",
            "un retour de ligne coupe cette ligne en deux.",
            "Exporter de nouveau sans retour de ligne à l'intérieur des champs.",
        )
    found = line.count(b";") + 1
    if b'"' in line:
        found = len(next(csv.reader([line.decode("latin-1")], delimiter=DELIMITER)))
    if found == fields_nb:
        return None
    if is_cut and found < fields_nb:
        return _cut_problem(found, fields_nb)
    return Problem(
        "NB_CHAMPS",
        f"cette ligne a {found} champs au lieu de {fields_nb}.",
        "Exporter de nouveau : un champ manque, ou un point-virgule figure dans un champ sans guillemets.",
        value=line[:60].decode("cp1252", "replace"),
    )


def _cut_problem(found: int, fields_nb: int) -> Problem:
    return Problem(
        "DERNIERE_LIGNE_TRONQUEE",
        f"la dernière ligne s'arrête au champ {found} sur {fields_nb} : le fichier est tronqué.",
        _TRUNCATED,
    )


def _unreadable(block: Block) -> Problem:
    return Problem(
        "CSV_ILLISIBLE",
        f"les lignes {block.first_line} à {block.first_line + block.lines_nb - 1} ne forment pas un CSV régulier.",
        "Exporter de nouveau.",
        line=block.first_line,
    )


def _texts(column: pa.ChunkedArray) -> Texts:
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # no row at all
        return Texts([], np.empty(0, np.int32))
    return Texts(whole.dictionary.to_pylist(), whole.indices.to_numpy())


def _set_blank_lines_apart(converted: Converted, raw: dict[str, pa.Array]) -> None:
    """Take lines that hold nothing out of the rows (whether they are harmless is known only at the end of the file)."""
    finess = converted.texts["etb_rgt"]
    if b"" not in finess.values:
        return
    blank = finess.codes == finess.values.index(b"")
    for texts in converted.texts.values():
        blank &= texts.codes == (texts.values.index(b"") if b"" in texts.values else -1)
    for values in raw.values():
        blank &= pc.equal(values, "").to_numpy(zero_copy_only=False)
    if not blank.any():
        return
    keep = ~blank
    converted.blank_lines, converted.lines = converted.lines[blank], converted.lines[keep]
    converted.texts = {name: _present(texts, keep) for name, texts in converted.texts.items()}
    for name, values in raw.items():
        raw[name] = values.filter(pa.array(keep))


def _present(texts: Texts, keep: npt.NDArray[np.bool_]) -> Texts:
    """Keep some rows, and only the values that they have."""
    used, codes = np.unique(texts.codes[keep], return_inverse=True)
    return Texts([texts.values[code] for code in used], codes.astype(np.int32))


def _pattern_problems(column: SourceColumn, converted: Converted) -> list[Problem]:
    assert column.pattern is not None
    texts = converted.texts[column.name]
    wrong = np.array([column.pattern.match(value) is None for value in texts.values], dtype=bool)
    if not wrong.any():
        return []
    rows = texts.rows_of(wrong)

    def problem(row: int, count: int = 1) -> Problem:
        value = texts.values[texts.codes[row]]
        if column.name == "etb_rgt":
            code, remedy = "FINESS_INVALIDE", "Garder le FINESS en texte, avec ses zéros de tête."
        else:
            code, remedy = "VALEUR_INATTENDUE", "Vérifier que les colonnes n'ont pas été décalées ou échangées."
        what = f"cette colonne attend {column.expected}."
        return Problem(
            code, what, remedy, None, int(converted.lines[row]), column.name, value.decode("cp1252", "replace"), count
        )

    listed = [problem(row) for row in rows[:LISTED_NB]]
    return listed + ([problem(rows[LISTED_NB], len(rows) - LISTED_NB)] if len(rows) > LISTED_NB else [])


def _convert_numbers(converted: Converted, raw: dict[str, pa.Array]) -> None:
    for name, values in raw.items():
        is_boxes = name == "boites"
        fits = pc.match_substring_regex(values, _BOXES if is_boxes else _AMOUNT)
        if not pc.all(fits, min_count=0).as_py():
            converted.problems += _number_problems(name, values, fits, converted.lines)
            continue
        plain = pc.replace_substring(values, ".", "")
        plain = pc.replace_substring_regex(plain, ",0+$", "") if is_boxes else pc.replace_substring(plain, ",", ".")
        empty = pc.equal(values, "")
        if pc.any(empty, min_count=0).as_py():
            plain = pc.if_else(empty, pa.scalar(None, pa.string()), plain)
        converted.numbers[name] = plain.cast(pa.int64() if is_boxes else pa.decimal128(18, 2))


def _number_problems(name: str, values: pa.Array, fits: pa.Array, lines: npt.NDArray[np.int64]) -> list[Problem]:
    rows = np.flatnonzero(~fits.to_numpy(zero_copy_only=False))

    def problem(row: int, count: int = 1) -> Problem:
        return Problem(
            "NOMBRE_ILLISIBLE",
            "ce n'est pas un nombre de ce format (1.234,56 : le point sépare les milliers par trois, la virgule les "
            "décimales)."
            if name != "boites"
            else "ce n'est pas un nombre entier de boîtes.",
            "Donner le fichier tel que téléchargé ; vérifier que les colonnes n'ont pas été décalées ou échangées.",
            None,
            int(lines[row]),
            name.upper(),
            values[row].as_buffer().to_pybytes().decode("cp1252", "replace"),
            count,
        )

    listed = [problem(row) for row in rows[:LISTED_NB]]
    return listed + ([problem(rows[LISTED_NB], len(rows) - LISTED_NB)] if len(rows) > LISTED_NB else [])


def _last_amount_problems(converted: Converted, raw: dict[str, pa.Array]) -> list[Problem]:
    """A file cut inside its last amount still has all its fields: only the missing decimals show it."""
    last = raw["bse"].slice(len(converted.lines) - 1)
    if pc.match_substring_regex(last, _TWO_DECIMALS)[0].as_py():
        return []
    problem = Problem(
        "DERNIERE_LIGNE_TRONQUEE",
        "la dernière ligne s'arrête au milieu d'un montant : le fichier est tronqué.",
        _TRUNCATED,
        line=int(converted.lines[-1]),
        column="BSE",
        value=last[0].as_py(),
    )
    return [problem]


def _fingerprints(columns: list[Texts]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit fingerprint of each row; the same in every block and every run."""
    total = np.zeros(len(columns[0].codes), np.uint64)
    for texts in columns:
        digests = b"".join(hashlib.blake2b(value, digest_size=8).digest() for value in texts.values)
        total = total * np.uint64(0x9E3779B97F4A7C15) + np.frombuffer(digests, np.uint64)[texts.codes]
    return total
