"""Errors as data: every problem says, in French, what is wrong, where, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

__all__ = ["BuildError", "CampaignError", "CaqesError", "Problem", "SourceError"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where.

    Parameters
    ----------
    code
        Stable identifier in capitals, for tests and searches (``MOIS_ILLISIBLE``).
    what
        French sentence: what is wrong.
    remedy
        French sentence: what the user does about it.
    file, line, column, value
        Place in the user's files, as far as it is known. ``line`` counts from 1 as a spreadsheet or an editor does.
    count
        How many times the same problem occurs; the place is then that of the first one.

    Examples
    --------
    >>> print(Problem("MOIS_ILLISIBLE", "Ce mois n'existe pas.", "Écrire AAAA-MM.", "m.csv", 4, "mois", "2024-13"))
    m.csv, ligne 4, colonne « mois », valeur « 2024-13 » : Ce mois n'existe pas. → Écrire AAAA-MM. [MOIS_ILLISIBLE]
    """

    code: str
    what: str
    remedy: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    count: int = 1

    @property
    def place(self) -> str:
        """The place in words: file, line, column and value, as far as they are known."""
        parts = [self.file or ""]
        if self.line is not None:
            parts.append(f"ligne {self.line}")
        if self.column:
            parts.append(f"colonne « {self.column} »")
        if self.value is not None:
            parts.append(f"valeur « {self.value} »")
        return ", ".join(part for part in parts if part)

    def at(self, **place: Any) -> Problem:
        """Return the same problem with its place (``file``, ``line``, ``column``, ``value``) completed."""
        return replace(self, **place)

    def __str__(self) -> str:
        head = f"{self.place} : " if self.place else ""
        times = f" ({self.count} fois, ici la première)" if self.count > 1 else ""
        return f"{head}{self.what}{times} → {self.remedy} [{self.code}]"


class CaqesError(Exception):
    """Base of all errors that the package raises on purpose; it carries *all* the problems found together.

    Parameters
    ----------
    problems
        One problem or several. The order is kept: it is the order in which they are printed.

    Notes
    -----
    Picklable, because errors come back from other processes. ``exit_code`` is what the command line returns.
    """

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[CaqesError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)

    @classmethod
    def of(cls, code: str, what: str, remedy: str, **place: Any) -> Self:
        """Build the error of a single problem; ``place`` takes ``file``, ``line``, ``column``, ``value``."""
        return cls(Problem(code, what, remedy, **place))


class CampaignError(CaqesError):
    """The campaign file, or a parameter file it names, is wrong."""


class SourceError(CaqesError):
    """A file that the region received cannot be read as it stands."""


class BuildError(CaqesError):
    """The report could not be built although its inputs are right."""

    exit_code = 1
