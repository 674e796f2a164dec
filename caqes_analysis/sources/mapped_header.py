"""The header of a region's own table: which column holds what, on one line or two, cells merged or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from caqes_analysis.errors import Problem
from caqes_analysis.sources.cells import CellError, parse_text
from caqes_analysis.sources.column_mapping import MEASURES, ColumnMapping
from caqes_analysis.sources.mapped_cells import Period, parse_period, parse_year
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.raw_tables import RawTable

__all__ = ["Header", "ValueColumn", "begins_with", "read_header"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class ValueColumn:
    """A column of values and what its header says of them.

    Parameters
    ----------
    place
        Place of the column, from 0.
    label
        Its header.
    measure
        ``amount``, ``quantity`` or ``count``.
    period, item
        Period and code that the header gives; None when the lines or the mapping do.
    """

    place: int
    label: str
    measure: str
    period: Period | None = None
    item: str | None = None


@dataclass(frozen=True)
class Header:
    """Where everything is in a table.

    Parameters
    ----------
    line
        Last line of the header.
    width
        Number of columns.
    keys
        Place of ``finess``, ``month``, ``year`` and ``item``, as far as they have a column.
    labels
        Header of each of those.
    values
        The columns of values.
    unread
        Places of the columns that the mapping ignores: their words may say that a line is a total.
    totals, unknown
        Headers of the columns of totals, and of those that nobody expects.
    names
        Header of every column, empty where it has none.
    total_places
        Places of the columns of totals.
    """

    line: int
    width: int
    keys: dict[str, int]
    labels: dict[str, str]
    values: tuple[ValueColumn, ...]
    unread: tuple[int, ...]
    totals: tuple[str, ...]
    unknown: tuple[str, ...]
    names: tuple[str, ...] = ()
    total_places: tuple[int, ...] = ()


def begins_with(text: Any, words: Sequence[str]) -> bool:
    """Say whether a cell begins with one of some words, whatever its case, accents and punctuation.

    Examples
    --------
    >>> begins_with("TOTAL général", ["total"]), begins_with("Totale", ["total"])
    (True, False)
    """
    if not words:
        return False
    bare = plain_name(parse_text(text)) + "_"
    return any(bare.startswith(plain_name(word) + "_") for word in words)


def read_header(
    table: RawTable, mapping: ColumnMapping, *, parse_item: Callable[[Any], str | None], as_of_year: int | None = None
) -> tuple[Header, list[Problem]]:
    """Find the columns of a table.

    Parameters
    ----------
    table
        The table.
    mapping
        What is expected of it.
    parse_item
        Reads an envelope, an activity or an LPP code.
    as_of_year
        Year of the delivery, for months written without theirs.

    Returns
    -------
    tuple
        The header, and the problems found in it; with a problem, the header is incomplete.
    """
    lines = [row for row in table.rows if any(str(cell).strip() for cell in row[1])][mapping.skip_rows :]
    lines = lines[: len(mapping.header)]
    if len(lines) < len(mapping.header):
        last = table.rows[-1][0]
        problem = Problem(
            "EN_TETE_ABSENT",
            "le tableau s'arrête avant la fin de son en-tête.",
            "Vérifier skip_rows et header dans la correspondance de colonnes.",
            line=last,
        )
        return Header(last, 0, {}, {}, (), (), (), ()), [problem]
    parts = _parts(table, lines)
    return _Columns(mapping, lines[-1][0], parts, parse_item, as_of_year).read()


def _parts(table: RawTable, lines: Sequence[tuple[int, list[Any]]]) -> list[list[Any]]:
    """Cells of the header by column, merged cells filled: downwards as the sheet says, rightwards above a name."""
    width = max(len(cells) for _, cells in lines)
    by_line = dict(table.rows)
    filled: list[list[Any]] = []
    for line, cells in lines:
        row = [*cells, *[""] * (width - len(cells))]
        for place in range(width):
            owner = table.merged_into(line, place)
            if owner is not None and not str(row[place]).strip():
                row[place] = by_line[owner[0]][owner[1]]
        filled.append(row)
    if len(filled) == 2:
        top, bottom = filled
        for place in range(1, width):
            if not str(top[place]).strip() and str(bottom[place]).strip():
                top[place] = top[place - 1]
    return [[row[place] for row in filled] for place in range(width)]


class _Columns:
    """Sorts the columns of one header."""

    def __init__(
        self,
        mapping: ColumnMapping,
        line: int,
        parts: list[list[Any]],
        parse_item: Callable[[Any], str | None],
        as_of_year: int | None,
    ) -> None:
        self.mapping, self.line, self.parts = mapping, line, parts
        self.parse_item, self.as_of_year = parse_item, as_of_year
        self.labels = [" ".join(dict.fromkeys(_shown(part) for part in column if _shown(part))) for column in parts]
        self.plain = [plain_name(label) for label in self.labels]
        self.problems: list[Problem] = []

    def read(self) -> tuple[Header, list[Problem]]:
        named = self.mapping.columns.named()
        found = {part: place for part, name in named.items() if (place := self._find(name)) is not None}
        self._tell_absent({part: name for part, name in named.items() if part not in found})
        unread = {place for name in self.mapping.ignore if (place := self._find(name, is_needed=False)) is not None}
        rest = [place for place, label in enumerate(self.labels) if label and place not in {*found.values(), *unread}]
        totals, unknown, values = [], [], []
        total_places = []
        if "name" in self.mapping.header:
            measures = MEASURES[self.mapping.table]
            values = [ValueColumn(found[m], self.labels[found[m]], m) for m in measures if m in found]
            unknown = [self.labels[place] for place in rest]
        else:
            for place in rest:
                if any(begins_with(part, self.mapping.totals) for part in self.parts[place]):
                    totals.append(self.labels[place])
                    total_places.append(place)
                    unread.add(place)
                elif (value := self._value(place)) is not None:
                    values.append(value)
            self._tell_repeated(values)
            self._tell_alone(values)
            if not values and not self.problems:
                self._add("COLONNE_ABSENTE", "aucune colonne de valeur n'est trouvée.", "Vérifier header et skip_rows.")
        keys = {part: place for part, place in found.items() if part in ("finess", "month", "year", "item")}
        header = Header(
            self.line,
            len(self.parts),
            keys,
            {part: self.labels[place] for part, place in keys.items()},
            tuple(values),
            tuple(sorted(unread)),
            tuple(totals),
            tuple(unknown),
            tuple(self.labels),
            tuple(total_places),
        )
        return header, self.problems

    def _add(self, code: str, what: str, remedy: str, column: str | None = None) -> None:
        self.problems.append(Problem(code, what, remedy, line=self.line, column=column))

    def _find(self, name: str, *, is_needed: bool = True) -> int | None:
        wanted = plain_name(name)
        whole = [place for place, plain in enumerate(self.plain) if plain == wanted]
        found = whole or [
            place
            for place, parts in enumerate(self.parts)
            if "name" not in self.mapping.header or len(parts) > 1
            if wanted in [plain_name(_shown(part)) for part in parts]
        ]
        if len(found) > 1 and is_needed:
            self._add("COLONNE_EN_DOUBLE", "cette colonne figure deux fois.", "N'en garder qu'une.", name)
        return found[0] if found else None

    def _tell_absent(self, absent: dict[str, str]) -> None:
        for name in absent.values():
            near = get_close_matches(plain_name(name), self.plain, n=1, cutoff=0.6)
            hint = f" La colonne « {self.labels[self.plain.index(near[0])]} » est peut-être celle-ci." if near else ""
            self._add(
                "COLONNE_ABSENTE",
                "cette colonne est attendue.",
                f"Corriger l'en-tête du fichier ou columns dans la correspondance de colonnes.{hint}",
                name,
            )

    def _value(self, place: int) -> ValueColumn | None:
        period = Period()
        year: int | None = None
        item: str | None = None
        measure = MEASURES[self.mapping.table][0]
        try:
            for meaning, part in zip(self.mapping.header, self.parts[place], strict=True):
                if meaning == "month":
                    period = _needed(parse_period(part, forms=self.mapping.months))
                elif meaning == "year":
                    year = _needed(parse_year(part))
                elif meaning == "item":
                    item = _needed(self.parse_item(part))
                elif meaning == "measure":
                    measure = self._measure(part)
        except CellError as failure:
            self._tell_unknown(place, failure)
            return None
        if "month" in self.mapping.header and "year" not in self.mapping.columns.named():
            period = period.completed(year if year is not None else self.as_of_year)
            if not period.is_complete:
                self._add(
                    "ANNEE_ABSENTE",
                    "rien ne dit l'année de ce mois.",
                    "Donner as_of dans la campagne, ou une colonne ou une ligne d'en-tête year.",
                    self.labels[place],
                )
                return None
        known = period if "month" in self.mapping.header else Period(year) if year is not None else None
        return ValueColumn(place, self.labels[place], measure, known, item)

    def _measure(self, part: Any) -> str:
        for measure, word in self.mapping.measures.items():
            if plain_name(_shown(part)) == plain_name(word):
                return measure
        raise CellError("EN_TETE_INCONNU", "cette mesure n'est pas attendue.", "L'ajouter à measures ou à ignore.")

    def _tell_unknown(self, place: int, failure: CellError) -> None:
        expected = [*self.mapping.ignore, *self.mapping.items, *self.mapping.measures.values()]
        by_plain = {plain_name(name): name for name in expected}
        near = get_close_matches(self.plain[place], list(by_plain), n=1, cutoff=0.6)
        hint = f" Elle ressemble à « {by_plain[near[0]]} »." if near else ""
        self._add(
            "EN_TETE_INCONNU",
            f"cette colonne n'est pas attendue ({failure.problem.what.rstrip('.')}).",
            f"{failure.problem.remedy} Une colonne à ne pas lire se nomme dans ignore.{hint}",
            self.labels[place],
        )

    def _tell_repeated(self, values: Sequence[ValueColumn]) -> None:
        seen: dict[tuple[Any, ...], ValueColumn] = {}
        for value in values:
            first = seen.setdefault((value.measure, value.period, value.item), value)
            if first is not value:
                self._add(
                    "COLONNE_EN_DOUBLE",
                    f"cette colonne dit la même chose que « {first.label} ».",
                    "N'en garder qu'une, ou nommer l'autre dans ignore.",
                    value.label,
                )

    def _tell_alone(self, values: Sequence[ValueColumn]) -> None:
        """A quantity beside no amount would be lost."""
        main = MEASURES[self.mapping.table][0]
        accompanied = {(value.period, value.item) for value in values if value.measure == main}
        for value in values:
            if (value.period, value.item) not in accompanied and not self.problems:
                self._add(
                    "COLONNE_ABSENTE",
                    f"cette colonne n'a pas de colonne {main} à côté d'elle.",
                    "Ajouter la colonne qui manque au fichier, ou nommer celle-ci dans ignore.",
                    value.label,
                )


def _shown(part: Any) -> str:
    """A header cell as text; a date of the spreadsheet shows its month."""
    return f"{part:%m/%Y}" if hasattr(part, "strftime") else parse_text(part)


def _needed(value: _T | None) -> _T:
    if value is None:
        raise CellError("EN_TETE_INCONNU", "une cellule de l'en-tête est vide.", "La remplir.")
    return value
