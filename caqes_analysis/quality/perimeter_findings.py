"""Openings and closures that spending contradicts, or that leave a comparison without its other half."""

from __future__ import annotations

from collections.abc import Iterator

from caqes_analysis import french
from caqes_analysis.quality.perimeter_changes import closures_without_successor, spending_outside_validity
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["closure_findings", "outside_validity_findings"]


def outside_validity_findings(store: Store) -> Iterator[Finding]:
    """Yield what establishments spent before they opened or after they closed.

    Parameters
    ----------
    store
        Store with ``monthly_spend`` and ``establishments``.
    """
    for row in spending_outside_validity(store).to_dict("records"):
        after = row["kind"] == "after"
        heir = f" ou à inscrire au repreneur ({row['successor']})" if isinstance(row["successor"], str) else ""
        yield Finding(
            delivery=row["delivery"],
            code="DEPENSE_APRES_FERMETURE" if after else "DEPENSE_AVANT_OUVERTURE",
            place=f"{row['finess']}, {'fermé' if after else 'ouvert'} le {french.date(row['bound'], short=True)}",
            severity="warning",
            count=int(row["months_nb"]),
            example=f"{french.euros(row['amount_eur'], cents=True)} de {french.month_year(row['first_month'])} à "
            f"{french.month_year(row['last_month'])}",
            remedy=f"Gardé dans les totaux. Soins remboursés après coup{heir}, ou date à corriger dans le fichier des "
            "établissements."
            if after
            else "Gardé dans les totaux. Corriger la date d'ouverture (valide_du), ou le FINESS de ces lignes.",
        )


def closure_findings(store: Store) -> Iterator[Finding]:
    """Yield the closures that name no successor: a merger looks the same, and would compare two perimeters.

    Parameters
    ----------
    store
        Store with ``monthly_spend`` and ``establishments``.
    """
    for row in closures_without_successor(store).to_dict("records"):
        yield Finding(
            delivery="campagne",
            code="FERMETURE_SANS_SUCCESSEUR",
            place=f"{row['finess']}, fermé le {french.date(row['closed_on'], short=True)}",
            severity="warning",
            count=1,
            example=f"{french.euros(row['amount_eur'], cents=True)} dans les douze mois d'avant",
            remedy="Sans repreneur, ces euros comptent comme une baisse, et manquent à l'année d'avant de qui a repris "
            "l'activité. Après une fusion, inscrire le repreneur (successeur) ; sinon, ne rien changer.",
        )
