"""The calendar: when data arrive, and how the year of a contract goes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display import ColumnFormat, Table, Text
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.guide.deliveries_dates import receptions
from caqes_analysis.guide.glossary import Linker
from caqes_analysis.guide.index_pages import CALENDAR_PATH
from caqes_analysis.guide.sources import GuidePage, GuideSources, Part
from caqes_analysis.guide.words import RELIABILITY

__all__ = ["calendar_page"]

_FULL_YEAR_TEXT = ("caqes-2022", "arrêté du 23/02/2022", "verified")
"""Scheme whose text compares whole years, that text, and how sure it is; no text of another scheme was found."""
_STEPS = (
    (
        "1er janvier de l'année N",
        "L'année mesurée commence : elle sera comparée à l'année N-1, de janvier à décembre.",
        "",
        "",
    ),
    (
        "En cours d'année (mois M)",
        "Le cumul de janvier au mois M est comparé au même cumul de N-1 : c'est une alerte, jamais un verdict.",
        "méthodes de ce rapport",
        "",
    ),
    (
        "31 décembre de l'année N",
        "L'année se ferme. Respecté ou non respecté ne se dit qu'une fois ses douze mois reçus et complets.",
        "",
        "",
    ),
    (
        "Année N+1",
        "L'agence régionale de santé et l'Assurance Maladie évaluent le contrat ensemble ; le jour n'est pas fixé par "
        "un texte trouvé.",
        "art. D.162-16 du code de la sécurité sociale",
        "verified",
    ),
    (
        "Dans le mois qui suit l'évaluation",
        "L'établissement peut répondre.",
        "art. D.162-16 du code de la sécurité sociale",
        "verified",
    ),
    (
        "Au plus cinq ans après la signature",
        "Les volets signés par des établissements ciblés prennent fin.",
        "textes des deux dispositifs",
        "",
    ),
)
_RECEIVED = (
    ("open_phmev", "Médicaments de ville, produit par produit (Open PHMEV)", "une fois par an"),
    ("monthly_spend", "Dépenses par enveloppe", "chaque mois, ou en cumul à M3, M6 et M9"),
    ("extra_list", "Liste en sus, produit par produit (ATIH)", "en cumul, au fil de l'année"),
    ("lpp_spend", "Produits et prestations (LPP), code par code", "selon la région"),
    ("activity", "Activité : séjours, consultations, trajets", "selon la région"),
    ("prescriber_spend", "Médicaments par prescripteur ou par service", "selon la région"),
    ("declared", "Réponses des établissements au formulaire", "une fois par an"),
    ("grid_answers", "Réponses à la grille d'évaluation (CAQES 2018)", "une fois par an"),
    ("contracts", "Contrats signés", "à chaque signature"),
)


def calendar_page(sources: GuideSources) -> GuidePage:
    """Return the calendar of a campaign.

    Parameters
    ----------
    sources
        The campaign and the schemes.
    """
    write = Linker()
    parts: list[Part] = [
        Text.answer("Un contrat se suit au fil de l'année, et ne se juge qu'une fois l'année close."),
        "## L'année du contrat\n\n"
        + write(
            "Les données de l'année N se comparent à l'objectif de la même année. La campagne N d'un contrat peut, "
            "elle, se décider sur les données de N-1 : les fiches qui ont un objectif disent laquelle elles lisent."
        ),
        _steps_table(sources),
        "## Les dispositifs",
        *_schemes(sources, write),
        "## Les données",
        write(
            "Un mois reçu peut encore être complété : les derniers mois sont dits provisoires et restent hors des taux."
        ),
        _received_table(sources),
    ]
    return GuidePage(CALENDAR_PATH, "Calendrier", tuple(parts))


def _own_dates(sources: GuideSources) -> list[str]:
    """Return what each step of the year is for this campaign, in the order of the steps."""
    campaign, year = sources.campaign, sources.campaign.year
    month = f"jusqu'à {french.month_year(dt.date(year, campaign.settled_month_nb, 1))}"
    provisional = campaign.provisional_months_nb
    waiting = f", puis {french.plural(provisional, 'mois provisoire', 'mois provisoires')}" if provisional else ""
    evaluated = evaluated_year(campaign)
    end = sources.schemes[campaign.scheme].contracts_end
    return [
        f"1er janvier {year}",
        f"cumul lu {month}{waiting}",
        f"31 décembre {year}",
        f"{evaluated + 1} pour {evaluated}, dernière année close",
        "un mois après l'évaluation reçue",
        f"fin des contrats du dispositif : {french.date(end, short=True)}" if end else "selon la date de signature",
    ]


def _steps_table(sources: GuideSources) -> Table:
    frame = pd.DataFrame(_STEPS, columns=["when", "what", "source", "status"])
    scheme, *known = _FULL_YEAR_TEXT
    if sources.campaign.scheme == scheme:
        frame.loc[0, ["source", "status"]] = known
    words = {name: label for name, (label, _) in RELIABILITY.items()}
    texts = [
        f"{source} ({words[status]})" if status else source or "–"
        for source, status in zip(frame["source"], frame["status"], strict=True)
    ]
    return Table.from_frame(
        frame.assign(source=texts, here=_own_dates(sources)),
        caption="Une année de contrat, étape par étape",
        columns=[
            ColumnFormat.text("when", "Quand"),
            ColumnFormat.text("here", f"Campagne {sources.campaign.year}"),
            ColumnFormat.text("what", "Quoi"),
            ColumnFormat.text("source", "D'où on le sait"),
        ],
    )


def _schemes(sources: GuideSources, write: Linker) -> Iterator[Part]:
    for scheme in sources.schemes.values():
        years = french.list_in_words([str(year) for year in scheme.result_years])
        end = f" Ses contrats ont pris fin le {french.date(scheme.contracts_end)}." if scheme.contracts_end else ""
        notes = " ".join(scheme.notes)
        yield f"**{scheme.name}** : " + write(f"résultats de {years}.{end} {notes} Textes : {scheme.law}.")


def _absent(key: str, sources: GuideSources) -> str:
    has_grid = sources.schemes[sources.campaign.scheme].is_graded
    return "sans objet" if key == "grid_answers" and not has_grid else "non reçu"


def _received_table(sources: GuideSources) -> Table:
    named = sources.campaign.sources
    received = [getattr(named, key, ()) for key, _, _ in _RECEIVED]
    counts = [len(files) for files in received]
    last, following = zip(*(receptions(files) for files in received), strict=True)
    rows = pd.DataFrame(
        {
            "what": [what for _, what, _ in _RECEIVED],
            "when": [when for _, _, when in _RECEIVED],
            "files": [
                french.plural(count, "fichier") if count else _absent(key, sources)
                for (key, _, _), count in zip(_RECEIVED, counts, strict=True)
            ],
            "last": last,
            "next": following,
        }
    )
    return Table.from_frame(
        rows,
        caption=f"Ce que la région reçoit, et ce que la campagne {sources.campaign.year} en a",
        columns=[
            ColumnFormat.text("what", "Données"),
            ColumnFormat.text("when", "Rythme"),
            ColumnFormat.text("files", "Dans cette campagne"),
            ColumnFormat.text("last", "Dernière réception"),
            ColumnFormat.text("next", "Prochaine attendue"),
        ],
        notes=[
            "Dates de réception données par la région. La prochaine est attendue au rythme des deux dernières ; "
            "aucun texte ne fixe ces dates.",
        ],
    )
