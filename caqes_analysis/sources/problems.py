"""Collect every problem of a file before refusing it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from caqes_analysis.errors import Problem, SourceError

__all__ = ["ProblemLog", "shown"]

# Each kind of problem is listed line by line up to this many times; the rest is counted in one last entry.
LISTED_NB = 20
_SHOWN_LENGTH = 80
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(value: object) -> str:
    """Return a received value fit for a message: short, without control or direction characters.

    Examples
    --------
    >>> shown("12\\t3")
    '12�3'
    """
    text = _CONTROLS.sub("\ufffd", value.decode("cp1252", "replace") if isinstance(value, bytes) else str(value))
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"


class ProblemLog:
    """The problems of one file, in the order in which they were met.

    Parameters
    ----------
    file
        Name of the file, as the user knows it.

    Examples
    --------
    >>> log = ProblemLog("contrats.csv")
    >>> log.add(Problem("STATUT", "ce statut n'existe pas.", "Écrire signé.", line=2, column="statut", value="oui"))
    >>> [str(problem) for problem in log.problems()]
    ["contrats.csv, ligne 2, colonne « statut », valeur « oui » : ce statut n'existe pas. → Écrire signé. [STATUT]"]
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._listed: dict[tuple[str, str | None], list[Problem]] = {}
        self._overflow: dict[tuple[str, str | None], tuple[Problem, int]] = {}

    def add(self, problem: Problem) -> None:
        """Add one problem; its ``count`` says how many times it occurs when it is already grouped."""
        placed = problem.at(file=self.file, value=None if problem.value is None else shown(problem.value))
        key = (placed.code, placed.column)
        listed = self._listed.setdefault(key, [])
        if len(listed) < LISTED_NB:
            listed.append(placed)
        else:
            first, count = self._overflow.get(key, (placed, 0))
            self._overflow[key] = (first, count + placed.count)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add several problems."""
        for problem in problems:
            self.add(problem)

    def __bool__(self) -> bool:
        return bool(self._listed)

    def problems(self) -> list[Problem]:
        """Return all the problems, by line; those beyond the first ones of a kind are counted together."""
        rest = [first.at(count=count) for first, count in self._overflow.values()]
        every = [problem for listed in self._listed.values() for problem in listed] + rest
        return sorted(every, key=lambda problem: problem.line or 0)

    def raise_if_any(self) -> None:
        """Refuse the file when it has a problem.

        Raises
        ------
        SourceError
            With all the problems met.
        """
        if self:
            raise SourceError(self.problems())
