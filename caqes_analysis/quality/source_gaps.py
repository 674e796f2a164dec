"""One source against another: the year against its months, each envelope against the PHMEV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

import pandas as pd

from caqes_analysis import french
from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.quality.reconciliation import EXACT_SHARE, annual_absences, annual_gaps, envelope_weights
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["absence_findings", "annual_findings", "doubt_findings", "weight_findings"]

LEAST_WEIGHT, MOST_WEIGHT = 1e-3, 20.0
"""An envelope of the national list outside these multiples of the PHMEV is not in euros (package's choice: the
lightest, VSL, weighs some 4 %; the heaviest, liste en sus of a cancer centre, twice)."""
FEW_SHARE: Final = 0.1
"""Establishments that the yearly base leaves out are told as an omission when they are so few; when they are more, they
are followed at another level than the base."""
_REGISTER: Final = (
    "Vérifier avec l'expéditeur ; une erreur confirmée s'inscrit au registre des corrections. Rien n'est changé."
)


def weight_findings(store: Store, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the envelopes of the national list that weigh too much or too little beside the PHMEV to be in euros.

    Parameters
    ----------
    store
        Store with ``monthly_spend``.
    names
        Short names of the envelopes.
    """
    known = {envelope.code for envelope in ENVELOPES}
    rows = envelope_weights(store)
    for row in rows[rows["envelope"].isin(known)].to_dict("records"):
        if LEAST_WEIGHT <= row["ratio"] <= MOST_WEIGHT:
            continue
        small = row["ratio"] < LEAST_WEIGHT
        yield Finding(
            delivery=row["delivery"],
            code="UNITE_DOUTEUSE",
            place=f"{names.get(row['envelope'], row['envelope'])}, {row['year']}",
            severity="error",
            count=1,
            example=f"{french.percent(100 * row['ratio'], 3)} de la PHMEV des mêmes établissements et mois",
            remedy=f"Cause probable : {'montants' if small else 'PHMEV'} en milliers d'euros (k€). "
            "Faire renvoyer le fichier en euros, ou donner son unité dans la correspondance de colonnes.",
        )


def annual_findings(store: Store, explained: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    """Yield the establishments whose months and year disagree more than the two sources usually do.

    Parameters
    ----------
    store
        Store with ``monthly_spend``, and ``annual_drug_spend`` where there is one.
    explained
        Establishments and years of which something wrong is already told; an empty FINESS means all.
    """
    known = set(explained)
    small: dict[int, list[tuple[str, Decimal]]] = {}
    rows = annual_gaps(store).to_dict("records")
    agreed: dict[int, list[bool]] = {}
    for row in rows:
        if row["annual_eur"]:
            agreed.setdefault(int(row["year"]), []).append(row["monthly_eur"] == row["annual_eur"])
    for row in rows:
        finess, year, annual, monthly = row["finess"], int(row["year"]), row["annual_eur"], row["monthly_eur"]
        gap = monthly - annual
        if not gap or not annual or (finess, year) in known or ("", year) in known:
            continue
        if not row["is_beyond"]:
            small.setdefault(year, []).append((finess, gap))
            continue
        if row["months_nb"] == 0:
            cause = "aucun mois reçu : fichier mensuel tronqué, FINESS différent, ou établissement non suivi"
        elif row["months_nb"] < 12:
            cause = f"{french.plural(row['months_nb'], 'mois reçu', 'mois reçus')} sur douze"
        elif abs(abs(float((monthly / annual).log10()) if monthly > 0 < annual else 0.0) - 3) < 0.1:
            cause = "une des deux sources est en milliers d'euros"
        else:
            cause = "montant changé, mois compté à tort, ou base annuelle d'une autre année"
        yield Finding(
            delivery="campagne",
            code="ECART_ANNUEL",
            place=f"{finess}, PHMEV, {year}",
            severity="warning",
            count=1,
            example=f"somme des mois {french.euros(monthly, cents=True)}, "
            f"Open PHMEV {french.euros(annual, cents=True)}",
            remedy=f"{_usual_words(agreed[year], row['usual_share'])} Cause probable : {cause}. {_REGISTER}",
        )
    for year, gaps in small.items():
        yield Finding(
            delivery="campagne",
            code="ECART_ANNUEL_USUEL",
            place=f"PHMEV, {year}",
            severity="information",
            count=len(gaps),
            example=f"{gaps[0][0]} : {french.euros(gaps[0][1], cents=True, signed=True)}",
            remedy="Les mois et Open PHMEV ne rangent pas toujours une dépense à la même date : écarts usuels.",
        )


def _usual_words(agreed: Sequence[bool], usual_share: float) -> str:
    """Return how many establishments have both sources equal to the cent, else by how much they usually differ."""
    if usual_share <= EXACT_SHARE:
        equal_nb = sum(agreed)
        if not equal_nb:
            return "Aucun établissement ne concorde au centime."
        verb = "concorde" if equal_nb == 1 else "concordent"
        return f"{french.plural(equal_nb, 'établissement')} sur {len(agreed)} {verb} au centime."
    return f"L'écart médian des établissements est de {french.percent(100 * usual_share, 2)}."


def doubt_findings(doubts: pd.DataFrame) -> Iterator[Finding]:
    """Yield the yearly bases that look like another year's.

    Parameters
    ----------
    doubts
        As :func:`~caqes_analysis.quality.reconciliation.annual_years_in_doubt` returns them.
    """
    for year, rows in doubts.groupby("year", sort=True):
        row = rows.iloc[0]
        other = row["other_year"]
        if row["against"] == "months":
            example = (
                f"écart médian aux mois de {other} : {french.percent(100 * row['other_share'], 2)}, "
                f"aux mois de {year} : {french.percent(100 * row['own_share'], 2)}"
            )
        else:
            example = f"mêmes totaux, au centime, que la base de {other}"
        yield Finding(
            delivery=row["source"],
            code="ANNEE_DOUTEUSE",
            place=f"Open PHMEV, {year}",
            severity="error",
            count=int(row["establishments_nb"]),
            example=example,
            remedy=f"Cause probable : cette base est celle de {other}. Vérifier le fichier, ou corriger year dans la "
            "campagne.",
        )


def absence_findings(store: Store, explained: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    """Yield the years of which some establishments have all their months of PHMEV and no line in the yearly base.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend`` and ``monthly_spend``.
    explained
        As for :func:`annual_findings`: a base of another year has other establishments.
    """
    doubtful = {year for finess, year in explained if not finess}
    for row in annual_absences(store).to_dict("records"):
        if row["year"] in doubtful:
            continue
        is_few = row["absent_nb"] <= max(1, FEW_SHARE * row["followed_nb"])
        yield Finding(
            delivery=row["source"],
            code="ABSENT_DE_LA_BASE_ANNUELLE",
            place=f"Open PHMEV, {row['year']}",
            severity="warning" if is_few else "information",
            count=int(row["absent_nb"]),
            example=f"{row['finess']} : {french.euros(row['monthly_eur'], cents=True)} dans les mois de l'année",
            remedy="Des mois reçus et aucune ligne dans la base de l'année, que les autres établissements ont : "
            "fichier incomplet, FINESS différent, ou établissement que la base suit à un autre niveau.",
        )
