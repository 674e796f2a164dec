"""One block of lines of an Open PHMEV base, parsed, checked and typed with Arrow.

Text columns stay dictionaries of bytes until the end: a rule is verified, and a label decoded, once per distinct value
and not once per row. That is what makes the reading fast; amounts become exact decimals without passing through floats.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis.errors import Problem
from caqes_analysis.sources.encoding import Evidence
from caqes_analysis.sources.files import Block
from caqes_analysis.sources.open_phmev_layout import AMOUNTS, COLUMNS, SourceColumn
from caqes_analysis.sources.open_phmev_parse import TRUNCATED, Texts, parse_block
from caqes_analysis.sources.problems import LISTED_NB

__all__ = ["Converted", "convert"]

_AMOUNT = r"^(?:-?(?:[0-9]{1,13}|[0-9]{1,3}(?:\.[0-9]{3}){1,4})(?:,[0-9]{1,2})?)?$"
_BOXES = r"^(?:-?(?:[0-9]{1,13}|[0-9]{1,3}(?:\.[0-9]{3}){1,4})(?:,0{1,2})?)?$"
_TWO_DECIMALS = r",[0-9]{2}$"
# What should make a row unique, and does not (masked lines).
_NATURAL_KEY = ("etb_rgt", "cip13", "atc5", "age", "sexe", "top_gen")


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
    converted = _converted(block, names, general=False)
    # A quoted number is fine for the general parser only; any other is a problem that it words the same.
    if any(problem.code == "NOMBRE_ILLISIBLE" for problem in converted.problems):
        converted = _converted(block, names, general=True)
    return converted


def _converted(block: Block, names: list[str], *, general: bool) -> Converted:
    cut_short = not block.data.endswith(b"\n")
    parsed = parse_block(block, names, general=general)
    problems, raw = parsed.problems, parsed.numbers
    converted = Converted(parsed.evidence, parsed.lines, problems, parsed.texts, ends_without_newline=cut_short)
    if not parsed.texts:
        return converted
    _set_blank_lines_apart(converted, raw)
    for column in COLUMNS:
        if column.pattern is not None and column.name in converted.texts:
            problems += _pattern_problems(column, converted)
    for name, counted in parsed.counted.items():
        converted.numbers[name] = pa.array(counted) if name == "boites" else _decimals(counted)
    _convert_numbers(converted, raw)
    if cut_short and not problems and len(converted.lines) and "bse" in raw:
        problems += _last_amount_problems(converted, raw)
    if not problems:
        converted.keys = _fingerprints([converted.texts[name] for name in _NATURAL_KEY])
    return converted


def _set_blank_lines_apart(converted: Converted, raw: dict[str, pa.Array]) -> None:
    """Take lines that hold nothing out of the rows (whether they are harmless is known only at the end of the file)."""
    finess = converted.texts["etb_rgt"]
    if b"" not in finess.values or len(raw) < len(AMOUNTS):
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


def _decimals(cents: npt.NDArray[np.int64]) -> pa.Array:
    """Return cents as exact decimals: an Arrow decimal is an integer of 128 bits and the place of its comma."""
    wide = np.stack([cents, cents >> 63], axis=1)
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(wide)])


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
        TRUNCATED,
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
