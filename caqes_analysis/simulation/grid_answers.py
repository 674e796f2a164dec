"""The answers of the simulated establishments to the evaluation grid of the demonstration (2018 scheme)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from caqes_analysis.simulation.establishments import Establishment

__all__ = ["ANSWERS_FILE", "ANSWER_CHOICES", "ANSWER_NUMBERS", "GRADED_YEARS", "HEADER", "answer_rows"]

ANSWERS_FILE = "reponses_grille.csv"
GRADED_YEARS = range(2018, 2022)
"""Data years of the scheme that scores its contracts."""
HEADER = ("finess_contrat", "annee", "critere", "reponse", "preuve", "commentaire")

ANSWER_CHOICES: Mapping[str, tuple[str, ...]] = {
    "tracabilite-dm": ("complète", "partielle", "absente"),
    "conciliation": ("oui", "non", "sans objet"),
    "antibiotiques": ("oui", "en cours", "non"),
    "plateforme": ("en service", "en projet", "aucune"),
}
"""Declared choices of ``parameters/demonstration/grille-2019.yml``, best first; a test compares the two."""

ANSWER_NUMBERS: Mapping[str, tuple[float, float]] = {"lits-informatises": (72.0, 18.0), "taux-rpps": (68.0, 15.0)}
"""Declared percentages of the same grid: mean and spread of what is drawn. Invented."""

_CHOICE_SHARES = (0.55, 0.3, 0.15)
_UNANSWERED_SHARE = 0.015


def answer_rows(establishments: tuple[Establishment, ...], *, seed: int, year: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows of ``reponses_grille.csv``; a few answers are empty, as they are when a form comes back.

    Parameters
    ----------
    establishments
        Those of the region; those that were taken over do not answer.
    seed
        Seed of the draws.
    year
        Year evaluated.
    """
    random = np.random.default_rng([seed, 9])
    for one in establishments:
        drawn = random.random((len(ANSWER_CHOICES) + len(ANSWER_NUMBERS), 2))
        numbers = random.normal(size=len(ANSWER_NUMBERS))
        if one.closed_on is not None and one.closed_on.year <= year:
            continue
        for name in _without_object(one):
            yield one.finess, str(year), name, "sans objet", "", ""
        places = iter(drawn)
        for name, choices in ANSWER_CHOICES.items():
            pick, silence = next(places)
            answer = choices[int(np.searchsorted(np.cumsum(_CHOICE_SHARES)[:-1], pick, side="right"))]
            yield one.finess, str(year), name, "" if silence < _UNANSWERED_SHARE else answer, "", ""
        for (name, (mean, spread)), number in zip(ANSWER_NUMBERS.items(), numbers, strict=True):
            _, silence = next(places)
            value = float(np.clip(mean + spread * number, 0, 100))
            written = "" if silence < _UNANSWERED_SHARE else f"{value:.1f}".replace(".", ",")
            yield one.finess, str(year), name, written, "extraction du logiciel", ""


def _without_object(one: Establishment) -> Iterator[str]:
    """Yield the measured criteria that do not concern an establishment: only it can say so."""
    if not one.in_open_phmev:
        yield "evolution-phmev"
    if not one.has_extra_list:
        yield from ("evolution-les-medicaments", "evolution-les-dispositifs")
