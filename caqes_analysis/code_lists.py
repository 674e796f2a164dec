"""Lists of codes with dates: what « IPP » or « pansements » means, since when, and who says so."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from caqes_analysis import tables
from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.identifiers import CIP13_HEAD, UCD13_HEAD, long_code, short_code
from caqes_analysis.parameter_files import Parameters, load_unchanged

__all__ = ["CodeList", "ListedCode", "code_list_files", "code_lists_table", "known_code_lists", "load_code_list"]

CODE_LISTS = Path(__file__).resolve().parent.parent / "parameters" / "code_lists"
"""The lists that come with the package; a region adds its own there or beside its campaign file."""

_SHAPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "atc": (
        re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?"),
        "une classe ATC (A02BC) de 1, 3, 4, 5 ou 7 caractères",
    ),
    "cip": (re.compile(r"[0-9]{13}"), "un code CIP13 de 13 chiffres"),
    "ucd": (re.compile(r"[0-9]{7}"), "un code UCD de 7 chiffres"),
    "lpp": (re.compile(r"[0-9]{7}"), "un code LPP de 7 chiffres"),
}
Status = Literal["verified", "data", "inferred", "to_confirm", "regional"]


class ListedCode(Parameters):
    """One code of a list.

    Parameters
    ----------
    code
        The code, between quotation marks (an ATC class stands for all that it holds).
    label
        Short label.
    role
        Place of the code in the list, when the list tells several (``reference``, ``biosimilar``).
    valid_from, valid_to
        First and last days of the code, when they are not those of the list.
    """

    code: str
    label: str | None = None
    role: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class CodeList(Parameters):
    """A list of codes.

    Parameters
    ----------
    id
        Identifier, by which indicators name the list.
    title
        Name printed.
    kind
        ``atc``, ``cip``, ``ucd`` or ``lpp``.
    source
        Text or file that says what the list holds.
    status
        ``verified`` (an official text), ``data`` (read in a public file), ``inferred``, ``to_confirm``, ``regional``.
    valid_from, valid_to
        First and last days on which the list holds; empty when nothing bounds it.
    as_of
        Day at which the list was last compared with its source: spending long after it is told.
    codes
        The codes, each once.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    kind: Literal["atc", "cip", "ucd", "lpp"]
    source: str
    status: Status
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    as_of: dt.date | None = None
    codes: tuple[ListedCode, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_codes(self) -> CodeList:
        """Refuse all that is wrong in the codes at once, each with its place."""
        found: list[InitErrorDetails] = []

        def refuse(place: tuple[int | str, ...], value: Any, message: str) -> None:
            found.append(
                InitErrorDetails(type=PydanticCustomError("value_error", _escaped(message)), loc=place, input=value)
            )

        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            refuse(
                ("valid_to",), self.valid_to, "la liste finit avant de commencer. → Corriger valid_from ou valid_to."
            )
        shape, wanted = _SHAPES[self.kind]
        seen: dict[str, int] = {}
        for place, one in enumerate(self.codes):
            if not shape.fullmatch(one.code):
                fix = _rewritten(self.kind, one.code)
                refuse(("codes", place, "code"), one.code, f"{wanted} est attendu. → {fix}")
            elif seen.setdefault(one.code, place) != place:
                refuse(("codes", place, "code"), one.code, "ce code figure déjà dans la liste. → N'en garder qu'un.")
            start, end = self.days_of(one)
            if start and end and end < start:
                refuse(("codes", place), None, "ce code finit avant de commencer. → Corriger ses dates.")
        if found:
            raise ValidationError.from_exception_data(type(self).__name__, found)
        return self

    def days_of(self, one: ListedCode) -> tuple[dt.date | None, dt.date | None]:
        """Return the first and last days of a code: its own, else those of the list."""
        return one.valid_from or self.valid_from, one.valid_to or self.valid_to

    def covers(self, first: dt.date, last: dt.date) -> bool:
        """Say whether the list is about a period: some of its codes hold on its first day, and some on its last.

        Parameters
        ----------
        first, last
            First and last days of the period.
        """
        every = [self.days_of(one) for one in self.codes]
        return all(
            any((start is None or start <= day) and (end is None or day <= end) for start, end in every)
            for day in (first, last)
        )

    def holding(self, code: str) -> ListedCode | None:
        """Return the entry that holds a code: the code itself, or the longest ATC class that it belongs to.

        Parameters
        ----------
        code
            Code of the kind of the list.
        """
        if self.kind != "atc":
            return next((one for one in self.codes if one.code == code), None)
        return max(
            (one for one in self.codes if code.startswith(one.code)), key=lambda one: len(one.code), default=None
        )

    def holds(self, code: str, day: dt.date) -> bool:
        """Say whether a code belongs to the list at a date.

        Parameters
        ----------
        code
            Code of the kind of the list.
        day
            The date.

        Examples
        --------
        >>> ipp = load_code_list(CODE_LISTS / "ipp.yml")
        >>> ipp.holds("A02BC01", dt.date(2024, 1, 1)), ipp.holds("A02BA02", dt.date(2024, 1, 1))
        (True, False)
        """
        one = self.holding(code)
        if one is None:
            return False
        start, end = self.days_of(one)
        return (start is None or start <= day) and (end is None or day <= end)


def _rewritten(kind: str, code: str) -> str:
    """Say how to write a drug code that has the other number of digits."""
    if kind == "ucd" and (short := short_code(UCD13_HEAD, code)):
        return f"Écrire {short} : ses 7 chiffres, sans 34008 ni la clé."
    if kind == "cip" and len(code) == 7 and code.isascii() and code.isdigit():
        return f"Écrire {long_code(CIP13_HEAD, code)}, le CIP13 de ce CIP7."
    return "Corriger le code."


def _escaped(message: str) -> Any:
    return message.replace("{", "{{").replace("}", "}}")


def load_code_list(path: Path) -> CodeList:
    """Read a list.

    Parameters
    ----------
    path
        Its YAML file.

    Raises
    ------
    CampaignError
        Every problem of the file at once, each with its line.
    """
    return load_unchanged(Path(path), CodeList)


def code_list_files(*folders: Path) -> tuple[Path, ...]:
    """Return the files of the lists of the package and of other folders, in the order in which they are read.

    Parameters
    ----------
    *folders
        Folders of a region (``code_lists`` beside its campaign); those that do not exist count for nothing.
    """
    return tuple(path for folder in dict.fromkeys((CODE_LISTS, *folders)) for path in sorted(folder.glob("*.yml")))


def known_code_lists(*folders: Path) -> dict[str, CodeList]:
    """Read the lists of the package and of a region.

    Parameters
    ----------
    *folders
        Folders of the region. A list there takes the place of the package's list of the same ``id``; in one folder, a
        list of status ``regional`` takes the place of another one.

    Returns
    -------
    dict
        List by identifier, sorted.

    Raises
    ------
    CampaignError
        Every problem of every file at once, and two lists of one folder with the same ``id``.
    """
    problems: list[Problem] = []
    kept: dict[str, tuple[Path, CodeList]] = {}
    for path in code_list_files(*folders):
        try:
            read = load_code_list(path)
        except CampaignError as failure:
            problems.extend(failure.problems)
            continue
        before = kept.get(read.id)
        if before is None or before[0].parent != path.parent:
            kept[read.id] = path, read
        elif (before[1].status == "regional") == (read.status == "regional"):
            problems.append(
                Problem(
                    "LISTE_EN_DOUBLE",
                    f"la liste « {read.id} » est déjà donnée par {before[0].name}.",
                    "Changer l'identifiant, ou écrire status: regional dans celle de la région.",
                    file=path.name,
                    column="id",
                    value=read.id,
                )
            )
        elif read.status == "regional":
            kept[read.id] = path, read
    if problems:
        raise CampaignError(problems)
    return {name: kept[name][1] for name in sorted(kept)}


def code_lists_table(lists: Iterable[CodeList]) -> pd.DataFrame:
    """Return lists as the tidy table ``code_lists``.

    Parameters
    ----------
    lists
        The lists; each code carries its own days, else those of its list.
    """
    rows = [
        {
            "list": one.id,
            "kind": one.kind,
            "code": entry.code,
            "label": entry.label,
            "role": entry.role,
            "valid_from": one.days_of(entry)[0],
            "valid_to": one.days_of(entry)[1],
            "status": one.status,
            "source": one.source,
        }
        for one in lists
        for entry in one.codes
    ]
    return tables.CODE_LISTS.conform(pd.DataFrame(rows, columns=tables.CODE_LISTS.column_names))
