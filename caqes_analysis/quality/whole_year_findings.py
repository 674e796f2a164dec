"""Years that are wrong as a whole, said: what it looks like, where, and what to ask the sender."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import pandas as pd

from caqes_analysis import french
from caqes_analysis.quality.panels import Panel
from caqes_analysis.quality.whole_years import OddYear, StoppedSeries, find_not_started, find_rounded, find_stopped
from caqes_analysis.sources.findings import Finding

__all__ = ["not_started_findings", "odd_year_findings", "rounded_findings", "stopped_findings"]

_NEAR_TWO: Final = (1.75, 2.25)
_REGISTER = "Vérifier avec l'expéditeur. Rien n'est changé."


def odd_year_findings(found: Collection[OddYear], label: str) -> Iterator[Finding]:
    """Yield the findings of years at another level than the months that touch them.

    Parameters
    ----------
    found
        Years of one envelope, those that something else explains left out.
    label
        Name of the envelope.
    """
    for one in found:
        yield Finding(
            delivery=one.delivery,
            code="ANNEE_ATYPIQUE",
            place=f"{one.finess or 'tous les établissements'}, {label}, {one.year}",
            severity="warning",
            count=one.months_nb,
            example=f"{french.number(one.factor, 2)} fois ce que donnent les mois "
            f"{'qui précèdent' if one.is_last else 'qui précèdent et qui suivent'}",
            remedy=f"Cause probable : {_cause(one)}. {_REGISTER}",
        )


def _cause(one: OddYear) -> str:
    factor = one.factor if one.factor > 1 else 1 / one.factor
    twice = _NEAR_TWO[0] < factor < _NEAR_TWO[1]
    if one.factor > 1:
        cause = "lignes comptées deux fois cette année-là" if twice else "périmètre élargi, ou autre sorte de montant"
    else:
        cause = "la moitié des lignes manque" if twice else "lignes manquantes, ou périmètre réduit"
    return f"{cause}, ou changement réel d'activité au 1er janvier" if one.is_last else cause


def rounded_findings(panel: Panel, label: str) -> Iterator[Finding]:
    """Yield the findings of series that have lost their cents.

    Parameters
    ----------
    panel
        Months of one envelope.
    label
        Its name.
    """
    for one in find_rounded(panel):
        yield Finding(
            delivery=one.delivery,
            code="PRECISION_PERDUE",
            place=f"{one.finess}, {label}, à partir de {french.month_year(one.month)}",
            severity="warning",
            count=one.months_nb,
            example=f"{french.month_year(one.month)} : {french.euros(one.amount_eur, cents=True)}",
            remedy=f"Tous ces montants sont des multiples de {french.euros(one.unit_eur)} ; ceux des autres "
            f"établissements ont leurs centimes. Cause probable : montants arrondis à la source. {_REGISTER}",
        )


def stopped_findings(panel: Panel, label: str, closed: Collection[str]) -> Iterator[Finding]:
    """Yield the findings of steady series that end in zeros.

    Parameters
    ----------
    panel
        Months of one envelope.
    label
        Its name.
    closed
        Establishments that have closed: their zeros are true.
    """
    for one in find_stopped(panel):
        if one.finess not in closed:
            cause = "mois non transmis et écrits zéro, ou activité arrêtée d'un coup"
            yield _zeros_finding(one, label, when="avant", cause=cause)


def not_started_findings(panel: Panel, label: str, opened: Collection[str]) -> Iterator[Finding]:
    """Yield the findings of steady series that begin with whole years of zeros.

    Parameters
    ----------
    panel
        Months of one envelope.
    label
        Its name.
    opened
        Establishments that opened, or took others over, in the months received: their zeros are true.
    """
    for one in find_not_started(panel):
        if one.finess not in opened:
            cause = "années non transmises et écrites zéro, ou activité ouverte un 1er janvier"
            yield _zeros_finding(one, label, when="dès le mois suivant", cause=cause)


def _zeros_finding(one: StoppedSeries, label: str, *, when: str, cause: str) -> Finding:
    last = one.month + pd.DateOffset(months=one.months_nb - 1)
    return Finding(
        delivery=one.delivery,
        code="ZERO_SUSPECT",
        place=f"{one.finess}, {label}, {french.month_year(one.month)} à {french.month_year(last)}",
        severity="warning",
        count=one.months_nb,
        example=f"0,00 € chaque mois, environ {french.compact_euros(one.usual_eur)} {when}",
        remedy=f"Cause probable : {cause}. Une cellule vide est un montant manquant, 0 une dépense nulle. {_REGISTER}",
    )
