"""A block of an ATIH fixed-width file, cut into lines of the right length and sorted by record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from caqes_analysis.errors import Problem
from caqes_analysis.sources.atih_columns import RESEND, Bools, Ints, Lines, Tally
from caqes_analysis.sources.atih_layout import Layout
from caqes_analysis.sources.problems import shown

__all__ = ["Cut", "cut_lines"]

_BLANK, _LF, _CR = 32, 10, 13


@dataclass
class Cut:
    """What a block of lines gives before its fields are read.

    Parameters
    ----------
    problems
        Why the file must be refused.
    notes
        What is accepted and told.
    lines
        By letter of record, the lines of the right length.
    blank_lines
        Numbers of the lines that hold nothing.
    last_line
        Number of the last line that holds something; 0 when none does.
    """

    problems: Tally = field(default_factory=Tally)
    notes: Tally = field(default_factory=Tally)
    lines: dict[str, Lines] = field(default_factory=dict)
    blank_lines: list[int] = field(default_factory=list)
    last_line: int = 0


def cut_lines(
    data: bytes, first_line: int, layouts: dict[str, Layout], advice: Callable[[int], str], other_records: str = ""
) -> Cut:
    """Cut a block into lines, and sort them by record.

    Parameters
    ----------
    data
        Whole lines; the last one may lack its end.
    first_line
        Number in the file of the first one.
    layouts
        By letter of record.
    advice
        From a length that no line should have, a word on the file that it may be.
    other_records
        Letters of the records that stand in the file and are not read.
    """
    cut = Cut()
    content = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(content == _LF)
    cut_short = not data.endswith(b"\n")
    if cut_short:
        ends = np.append(ends, len(content))
    starts = np.append(0, ends[:-1] + 1)
    has_return = (ends > starts) & (content[np.maximum(ends - 1, 0)] == _CR)
    lengths = ends - starts - has_return
    numbers = first_line + np.arange(len(starts), dtype=np.int64)
    _refuse_bytes(content, starts, numbers, int(has_return.sum()), cut)
    held = lengths > 0
    cut.blank_lines = numbers[~held].tolist()
    cut.last_line = int(numbers[held][-1]) if held.any() else 0
    is_last = numbers == (cut.last_line if cut_short else -1)
    for record, rows in _by_record(content, starts, lengths, numbers, held, layouts, other_records, cut):
        layout = layouts[record]
        whole = _right_length(lengths, numbers, rows, layout, advice, is_last, cut)
        cut.lines[record] = Lines(layout, numbers[whole], cut.problems, content, starts[whole])
    if cut_short and held.any():
        cut.notes.add(
            Problem(
                "FIN_SANS_RETOUR_DE_LIGNE",
                "",
                "Le fichier ne finit pas par une fin de ligne : vérifier qu'il est complet.",
                line=cut.last_line,
                column="dernière ligne",
            )
        )
    return cut


def _refuse_bytes(content: npt.NDArray[np.uint8], starts: Ints, numbers: Ints, returns_nb: int, cut: Cut) -> None:
    strange = (content > 126) | ((content < _BLANK) & (content != _LF) & (content != _CR))
    if np.count_nonzero(content == _CR) != returns_nb:
        alone = content == _CR
        alone[:-1] &= content[1:] != _LF
        strange |= alone
    if not strange.any():
        return
    first = int(np.flatnonzero(strange)[0])
    row = int(np.searchsorted(starts, first, side="right")) - 1
    lines_nb = len(np.unique(np.searchsorted(starts, np.flatnonzero(strange), side="right")))
    cut.problems.add(
        Problem(
            "CARACTERE_INATTENDU",
            f"un fichier de l'ATIH n'a que des lettres sans accent, des chiffres et des espaces (ici l'octet "
            f"0x{content[first]:02X}) : son encodage a changé, ou il est abîmé.",
            RESEND,
            line=int(numbers[row]),
            column=f"position {first - int(starts[row]) + 1}",
            count=lines_nb,
        )
    )


def _by_record(
    content: npt.NDArray[np.uint8],
    starts: Ints,
    lengths: Ints,
    numbers: Ints,
    held: Bools,
    layouts: dict[str, Layout],
    other_records: str,
    cut: Cut,
) -> Iterator[tuple[str, Ints]]:
    """Yield the rows of each record; count those that are not read, refuse those that no layout knows."""
    if "" in layouts:
        yield "", np.flatnonzero(held)
        return
    one = next(iter(layouts.values())).role("record")
    assert one is not None
    place = one.start - 1
    long_enough = held & (lengths > place)
    letters = np.where(long_enough, content[np.minimum(starts + place, len(content) - 1)], _BLANK)
    for record in layouts:
        yield record, np.flatnonzero(held & (letters == ord(record)))
    others = [ord(letter) for letter in other_records]
    ignored = held & np.isin(letters, others)
    if ignored.any():
        cut.notes.add(
            Problem(
                "ENREGISTREMENTS_NON_LUS",
                "",
                "Normal : seuls les médicaments (H) et les produits de la LPP (P) sont lus.",
                line=int(numbers[ignored][0]),
                column=f"enregistrements {', '.join(other_records)}",
                count=int(ignored.sum()),
            )
        )
    unknown = held & ~np.isin(letters, [*others, *(ord(record) for record in layouts)])
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        cut.problems.add(
            Problem(
                "ENREGISTREMENT_INCONNU",
                f"cette lettre d'enregistrement n'existe pas (connues : {', '.join(sorted(other_records))}, "
                f"{', '.join(layouts)}).",
                "Vérifier l'année (year) : la lettre n'est pas à la même position selon l'année. " + RESEND,
                line=int(numbers[row]),
                column=one.place,
                value=shown(chr(int(letters[row]))),
                count=int(unknown.sum()),
            )
        )


def _right_length(
    lengths: Ints,
    numbers: Ints,
    rows: Ints,
    layout: Layout,
    advice: Callable[[int], str],
    is_last: Bools,
    cut: Cut,
) -> Ints:
    """Return the rows that have the length of the layout; refuse the others.

    Blanks at the end are not forgiven: where the last field may be empty, they hide a line shifted by one position.
    """
    good = lengths[rows] == layout.length
    wrong = rows[~good]
    if len(wrong):
        _refuse_lengths(lengths, numbers, wrong, layout, advice, is_last, cut)
    kept: Ints = rows[good]
    return kept


def _refuse_lengths(
    lengths: Ints,
    numbers: Ints,
    wrong: Ints,
    layout: Layout,
    advice: Callable[[int], str],
    is_last: Bools,
    cut: Cut,
) -> None:
    name = f"{layout.file_type} {layout.record}".strip()
    for row in wrong[is_last[wrong] & (lengths[wrong] < layout.length)].tolist():
        cut.problems.add(
            Problem(
                "DERNIERE_LIGNE_TRONQUEE",
                f"la dernière ligne s'arrête à la position {lengths[row]} sur {layout.length}, dans le champ "
                f"{_field_at(layout, int(lengths[row]))} : le fichier est tronqué.",
                "Le demander ou l'exporter de nouveau : la fin manque.",
                line=int(numbers[row]),
                column=f"positions {lengths[row] + 1}-{layout.length}",
            )
        )
    others = wrong[~(is_last[wrong] & (lengths[wrong] < layout.length))]
    if len(others):
        row = int(others[0])
        hint = advice(int(lengths[row]))
        where: dict[str, Any] = {"line": int(numbers[row]), "value": f"{lengths[row]} caractères"}
        cut.problems.add(
            Problem(
                "LONGUEUR_DE_LIGNE",
                f"une ligne de {name} {layout.year} a {layout.length} caractères ; le champ "
                f"{_field_at(layout, int(lengths[row]))} est coupé ou décalé.",
                (hint or "Vérifier le type (file_type) et l'année (year) écrits dans la campagne.") + " " + RESEND,
                column=f"positions 1-{layout.length}",
                count=len(others),
                **where,
            )
        )


def _field_at(layout: Layout, length: int) -> str:
    """Return the field in which a line of this length stops, or the last one."""
    return next((one.place for one in layout.fields if one.end > length), layout.fields[-1].place)
