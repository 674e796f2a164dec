"""What a list of establishments shows besides its rows: levels, names, categories and successions that look wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.names import plain_name

__all__ = ["establishment_findings"]

_CATEGORY_WORDS = frozenset({"chu", "chr", "ch", "clcc", "espic", "hl", "psy", "prive", "public", "had", "smr", "ssr"})
"""Categories of Open PHMEV and of FINESS, and the words that regions use for them."""
_OTHER_WORDS = frozenset({"autre", "autres"})
_MOST_SHARE: Final = 0.5
"""A category is unknown where more than this share of the establishments have a known one: elsewhere the region has
its own list."""
# A question mark before a letter, or between two, is what an accent becomes in an encoding that does not have it.
_LOST_ACCENT = re.compile(r"\w\?(?:\w|$)|(?:^|\s|')\?\w")
_FOREVER = date.max
_SHOWN = {
    "CATEGORIE_INCONNUE": "category",
    "DEPARTEMENT_DOUTEUX": "department",
    "SITE_PARTAGE": "finess_et",
    "SUCCESSEUR_DEJA_FERME": "successor",
}
"""Column shown beside the establishment, where it is not its name."""


def establishment_findings(
    delivery: str, grid: Grid, columns: dict[str, list[Any]], deduced: Sequence[int]
) -> Findings:
    """Return what is worth knowing about a list of establishments that reads well.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    grid
        The table.
    columns
        Its columns, read, by the names of the table ``establishments``.
    deduced
        Lines whose ``contract_finess`` was deduced.
    """
    found = []
    if deduced:
        first = deduced[0]
        found.append(
            Finding(
                delivery,
                "FINESS_CONTRAT_DEDUIT",
                "finess_contrat",
                "information",
                len(deduced),
                f"{columns['finess'][first]} → {columns['contract_finess'][first]} (ligne {grid.lines[first]})",
                "Entité juridique pour un établissement public, site géographique pour les autres ; à défaut le FINESS "
                "de la ligne. Remplir finess_contrat si le contrat est signé ailleurs.",
            )
        )
    endless = [
        place
        for place, (successor, end) in enumerate(zip(columns["successor"], columns["valid_to"], strict=True))
        if successor and end is None
    ]
    if endless:
        first = endless[0]
        found.append(
            Finding(
                delivery,
                "SUCCESSEUR_SANS_DATE",
                "valide_au",
                "warning",
                len(endless),
                f"{columns['finess'][first]} (ligne {grid.lines[first]})",
                "Un successeur est nommé sans dernier jour de validité : remplir valide_au, qui date la reprise.",
            )
        )
    misplaced = _at_another_level(columns)
    if misplaced:
        first = misplaced[0]
        found.append(
            Finding(
                delivery,
                "CONTRAT_AU_MAUVAIS_NIVEAU",
                "finess_contrat",
                "warning",
                len(misplaced),
                f"{columns['finess'][first]}, {columns['legal_status'][first]} : contrat "
                f"{columns['contract_finess'][first]} (ligne {grid.lines[first]})",
                "Un établissement public signe par son entité juridique, un autre par son site géographique : entité "
                "et site sont sans doute échangés. Gardé tel quel ; corriger finess_contrat, finess_ej ou finess_et.",
            )
        )
    for code, places, place, remedy in (
        (
            "FINESS_INCOHERENTS",
            _inconsistent(columns),
            "finess, finess_ej, finess_et, finess_contrat",
            "Le FINESS suivi et celui du contrat sont d'ordinaire ceux de l'entité juridique ou du site : deux "
            "colonnes sont sans doute échangées. Gardé tel quel, à vérifier.",
        ),
        (
            "NOM_DOUTEUX",
            [rank for rank, name in enumerate(columns["name"]) if plain_name(name) in _CATEGORY_WORDS],
            "nom",
            "Ce nom est celui d'une catégorie : le nom et la catégorie sont sans doute échangés. Gardé tel quel.",
        ),
        (
            "NOM_DOUTEUX",
            [rank for rank, name in enumerate(columns["name"]) if not any(map(str.isalpha, name))],
            "nom, sans lettre",
            "Ce nom n'a aucune lettre : une autre colonne a été copiée à sa place. Les pages l'imprimeraient.",
        ),
        (
            "NOM_DOUTEUX",
            _without_town(columns),
            "nom, commune",
            "La commune contient le nom : ces deux colonnes sont sans doute échangées. Gardé tel quel.",
        ),
        (
            "ACCENTS_PERDUS",
            [
                rank
                for rank, both in enumerate(zip(columns["name"], columns["town"], strict=True))
                if any(_LOST_ACCENT.search(text or "") for text in both)
            ],
            "nom, commune",
            "Un « ? » tient la place d'une lettre accentuée : le fichier a été enregistré dans un encodage qui ne l'a "
            "pas. Les pages imprimeraient ce nom ; repartir du fichier d'origine, en CSV UTF-8.",
        ),
        (
            "CATEGORIE_INCONNUE",
            _unknown_categories(columns),
            "categorie",
            "Aucune liste ne connaît cette catégorie, que les autres établissements n'ont pas : il n'est comparé qu'à "
            "ceux qui l'ont. Écrire CHU, CH, CLCC, ESPIC, HL, PSY, privé ou autres.",
        ),
        (
            "SITE_PARTAGE",
            _shared_sites(columns),
            "finess_et",
            "Ce site est aussi celui d'une autre entité, aux mêmes dates : un FINESS recopié d'une ligne voisine. "
            "Gardé tel quel ; corriger finess_et.",
        ),
        (
            "DEPARTEMENT_DOUTEUX",
            _other_departments(columns),
            "departement",
            "Les FINESS de cet établissement commencent par un autre département, que d'autres établissements ont : il "
            "entrerait dans la mauvaise somme et sur la mauvaise place de la carte. Gardé tel quel ; corriger "
            "departement, ou confirmer (un site peut être loin de son entité).",
        ),
        (
            "NOM_EN_DOUBLE",
            _same_names(columns),
            "nom",
            "Un autre établissement a le même nom, aux mêmes dates : rien ne les distinguerait sur les pages. Une "
            "ligne recopiée, ou deux établissements à nommer avec leur commune.",
        ),
        (
            "SUCCESSEUR_DEJA_FERME",
            _closed_successors(columns),
            "successeur",
            "Ce successeur ferme avant de reprendre l'activité : corriger successeur ou valide_au.",
        ),
    ):
        if places:
            first = places[0]
            value = columns[_SHOWN[code]][first] if code in _SHOWN else columns["name"][first]
            shown = f"{columns['finess'][first]}, {value} (ligne {grid.lines[first]})"
            found.append(Finding(delivery, code, place, "warning", len(places), shown, remedy))
    return Findings(found) + common_findings(delivery, grid)


def _inconsistent(columns: dict[str, list[Any]]) -> list[int]:
    """Return the lines whose FINESS, or the one of the contract, is neither the entity's nor the site's."""
    rows = zip(*(columns[name] for name in ("finess", "contract_finess", "finess_ej", "finess_et")), strict=True)
    return [
        place
        for place, (finess, contract, entity, site) in enumerate(rows)
        if entity and site and not {finess, contract} <= {entity, site}
    ]


def _at_another_level(columns: dict[str, list[Any]]) -> list[int]:
    """Return the lines whose contract is signed by the site of a public establishment, or by the entity of another."""
    rows = zip(*(columns[name] for name in ("legal_status", "contract_finess", "finess_ej", "finess_et")), strict=True)
    return [
        place
        for place, (status, contract, entity, site) in enumerate(rows)
        if entity and site and entity != site and status and contract == (site if status == "public" else entity)
    ]


def _without_town(columns: dict[str, list[Any]]) -> list[int]:
    """Return the lines whose town contains the name, when most are so: a name often contains its town."""
    both = zip(columns["name"], columns["town"], strict=True)
    plain = [(plain_name(name), plain_name(town)) if name and town else ("", "") for name, town in both]
    within = [place for place, (name, town) in enumerate(plain) if name and name != town and name in town]
    return within if len(within) > _MOST_SHARE * len(plain) else []


def _unknown_categories(columns: dict[str, list[Any]]) -> list[int]:
    filled = [(place, word) for place, word in enumerate(columns["category"]) if word]
    named = [(place, plain_name(word)) for place, word in filled if not _LOST_ACCENT.search(word)]
    unknown = [place for place, word in named if word not in _CATEGORY_WORDS | _OTHER_WORDS]
    return unknown if len(unknown) < (1 - _MOST_SHARE) * len(named) else []


def _shared_sites(columns: dict[str, list[Any]]) -> list[int]:
    """Return the lines whose site is that of an earlier line of another entity, at the same time."""
    names = ("finess", "finess_ej", "finess_et", "valid_from", "valid_to")
    held: dict[str, list[tuple[str, date, date]]] = {}
    shared = []
    for place, (finess, entity, site, start, end) in enumerate(zip(*(columns[name] for name in names), strict=True)):
        if not site:
            continue
        owner, last = entity or finess, end or _FOREVER
        if any(other != owner and start <= until and since <= last for other, since, until in held.get(site, [])):
            shared.append(place)
        held.setdefault(site, []).append((owner, start, last))
    return shared


def _other_departments(columns: dict[str, list[Any]]) -> list[int]:
    """Return the lines whose department begins none of their FINESS, when another department of the list does."""
    names = ("department", "finess", "finess_ej", "finess_et")
    rows = list(zip(*(columns[name] for name in names), strict=True))
    agree = [bool(own) and any(one and one.startswith(_heads(own)) for one in codes) for own, *codes in rows]
    known = tuple(head for row, fits in zip(rows, agree, strict=True) if fits for head in _heads(row[0]))
    odd = [
        place
        for place, (own, *codes) in enumerate(rows)
        if own and not agree[place] and any(one and one.startswith(known) for one in codes)
    ]
    return odd if len(odd) < (1 - _MOST_SHARE) * len(rows) else []


def _heads(department: str) -> tuple[str, ...]:
    """Return how the FINESS of a department begin: 33…, 9701… for Guadeloupe (971), 98… or 9706… for Mayotte (976)."""
    if len(department) == 3 and department.startswith("97"):
        return (department, f"970{department[2]}", *(("98",) if department == "976" else ()))
    return (department,)


def _same_names(columns: dict[str, list[Any]]) -> list[int]:
    """Return the lines that have the name of another entity's establishment, at the same time."""
    held: dict[str, list[tuple[str, date, date]]] = {}
    same = []
    names = ("finess", "finess_ej", "name", "valid_from", "valid_to")
    for place, (finess, entity, name, start, end) in enumerate(zip(*(columns[one] for one in names), strict=True)):
        plain, owner, last = plain_name(name), entity or finess, end or _FOREVER
        if any(other != owner and start <= until and since <= last for other, since, until in held.get(plain, [])):
            same.append(place)
        held.setdefault(plain, []).append((owner, start, last))
    return same


def _closed_successors(columns: dict[str, list[Any]]) -> list[int]:
    """Return the lines whose successor is closed for good when it should take over."""
    ends: dict[str, date] = {}
    for finess, end in zip(columns["finess"], columns["valid_to"], strict=True):
        ends[finess] = max(ends.get(finess, date.min), end or _FOREVER)
    rows = zip(columns["successor"], columns["valid_to"], strict=True)
    return [
        place
        for place, (successor, end) in enumerate(rows)
        if successor and end and ends.get(successor, _FOREVER) <= end
    ]
