"""The chapters of the report, in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "CHANGES_CHAPTER",
    "CHAPTERS",
    "INDICATORS_PART",
    "INDICATOR_NOTEBOOK",
    "PROVENANCE_PAGE",
    "SHEET_NOTEBOOK",
    "WORKSHOP_NOTEBOOKS",
    "Chapter",
]

SHEET_NOTEBOOK = "etablissement.ipynb"
"""Notebook of the sheet of an establishment."""
WORKSHOP_NOTEBOOKS = ("prevision_atelier.ipynb",)
"""Notebooks for the statistician, opened by hand: they are not pages of the report."""

INDICATOR_NOTEBOOK = "indicateur.ipynb"
"""Notebook of the page of an indicator."""

INDICATORS_PART = "Indicateurs"
"""Part of the navigation that holds the pages of the indicators, volet by volet."""


PROVENANCE_PAGE = "provenance"
"""Page of the files, versions and choices of the report, to which the foot of every page leads."""

_EXTRA_LIST = ("monthly_spend", "extra_list", "extra_list_history")


@dataclass(frozen=True)
class Chapter:
    """One regional page.

    Parameters
    ----------
    path
        Place in the site.
    title
        Title of the page.
    notebook
        File of ``notebooks/``.
    group
        Part of the navigation.
    parameters
        Parameters beyond the campaign (an envelope, for instance).
    sources
        Kinds of received files (keys of ``sources`` in a campaign file) that its figures come from; None: all.
    """

    path: str
    title: str
    notebook: str
    group: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] | None = None


CHAPTERS: tuple[Chapter, ...] = (
    Chapter("index", "Où en est la région ?", "accueil.ipynb"),
    Chapter("qualite", "Qualité des données", "qualite.ipynb", ("Région",)),
    Chapter("synthese", "Synthèse régionale", "synthese.ipynb", ("Région",)),
    Chapter(
        "phmev",
        "PHMEV",
        "phmev.ipynb",
        ("Région",),
        sources=("establishments", "contracts", "monthly_spend", "open_phmev"),
    ),
    Chapter(
        "liste-en-sus-medicaments",
        "Liste en sus : médicaments",
        "liste_en_sus.ipynb",
        ("Région",),
        {"envelope_code": "extra_list_drugs"},
        _EXTRA_LIST,
    ),
    Chapter(
        "liste-en-sus-dispositifs",
        "Liste en sus : dispositifs médicaux",
        "liste_en_sus.ipynb",
        ("Région",),
        {"envelope_code": "extra_list_devices"},
        _EXTRA_LIST,
    ),
    Chapter(
        "previsions",
        "Prévisions",
        "previsions.ipynb",
        ("Région",),
        sources=("establishments", "contracts", "monthly_spend", "open_phmev"),
    ),
    Chapter("economies", "Économies et intéressement", "economies.ipynb", ("Région",)),
    Chapter("evaluation", "Évaluation des contrats", "evaluation.ipynb", ("Région",)),
    Chapter("indicateurs", "Tous les indicateurs", "indicateurs.ipynb", (INDICATORS_PART,)),
    Chapter(
        "etablissements",
        "Trouver un établissement",
        "etablissements.ipynb",
        ("Établissements",),
        sources=("establishments", "monthly_spend", "open_phmev"),
    ),
    Chapter("methodes", "Méthodes", "methodes.ipynb", ("Comprendre",), sources=()),
    Chapter(PROVENANCE_PAGE, "Provenance", "provenance.ipynb", ("Comprendre",), sources=()),
)

CHANGES_CHAPTER = Chapter("changements", "Ce qui a changé", "changements.ipynb", ("Comprendre",))
"""Page of a build that is asked to compare itself with an earlier run."""
