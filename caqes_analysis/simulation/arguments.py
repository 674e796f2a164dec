"""The bounds of what a simulation may be asked."""

from __future__ import annotations

from caqes_analysis.errors import CaqesError, Problem

__all__ = ["LIMITS", "check_arguments"]

LIMITS = {
    "establishments_nb": (3, 3000),
    "seed": (0, 2**63),
    "year": (2010, 2100),
    "last_month": (1, 12),
    "years_nb": (3, 10),
    "rows_nb": (1, 100_000_000),
}
"""Smallest and largest value of each argument."""


def check_arguments(**values: int) -> None:
    """Refuse arguments of a simulation that are out of their bounds.

    Parameters
    ----------
    values
        Arguments by name; each is a name of :data:`LIMITS`.

    Raises
    ------
    CaqesError
        ``SIMULATION_BORNES``, one problem per argument.
    """
    problems = [
        Problem(
            "SIMULATION_BORNES",
            f"la simulation attend un nombre entier de {LIMITS[name][0]} à {LIMITS[name][1]}.",
            "Choisir une valeur dans ces bornes.",
            column=name,
            value=str(value),
        )
        for name, value in values.items()
        if not isinstance(value, int) or not LIMITS[name][0] <= value <= LIMITS[name][1]
    ]
    if problems:
        raise CaqesError(problems)
