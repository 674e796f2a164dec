"""Contracts against what they bear on: the establishments followed, and the indicators that are defined."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import pandas as pd

from caqes_analysis.sources.findings import Finding, Findings

__all__ = ["check_contracts"]

_FEWEST_CONTRACTS_NB: Final = 5
_MOSTLY: Final = 2 / 3
"""Share of the contracts of a scheme, five at least, from which one day is the day of the scheme (package's choice)."""


def check_contracts(
    contracts: pd.DataFrame,
    establishments: pd.DataFrame,
    *,
    scheme: str,
    indicators: Collection[str],
    volets: Collection[str],
    years: tuple[int, int],
    other_years: Mapping[str, tuple[int, int]] | None = None,
) -> Findings:
    """Return the contracts that nobody signed, whose date cannot be, or that name an indicator that none defines.

    Parameters
    ----------
    contracts
        Rows of ``contracts``.
    establishments
        Rows of ``establishments``.
    scheme
        The scheme of the campaign; of the contracts of others, only the date is checked.
    indicators
        Identifiers of the indicators that have a definition.
    volets
        Volets that the scheme, an indicator or a section of the grid names.
    years
        First and last year in which a contract of the scheme may take effect.
    other_years
        The same of each other scheme, where it is known.

    Returns
    -------
    Findings
        ``CONTRAT_SANS_ETABLISSEMENT``, ``CONTRAT_DATE_DOUTEUSE`` (one per scheme), ``CONTRAT_ANNEE_ISOLEE`` (one per
        scheme), ``INDICATEUR_DE_CONTRAT_INCONNU`` and ``VOLET_INCONNU``, one each at most.

    Notes
    -----
    Contracts of a scheme mostly take effect on one day. The day and month of that day in another year, of a contract
    whose establishment was there, is how a year is mistyped; a contract signed later mostly has a day of its own.
    """
    own = contracts[contracts["scheme"] == scheme].sort_values("contract_finess")
    signers = {*establishments["contract_finess"].dropna(), *establishments["finess"]}
    lost = own.loc[~own["contract_finess"].isin(signers), "contract_finess"].tolist()
    found = []
    if lost:
        found.append(
            Finding(
                "campagne",
                "CONTRAT_SANS_ETABLISSEMENT",
                "finess_contrat",
                "warning",
                len(lost),
                lost[0],
                "Aucun établissement suivi n'a ce contrat : ses dépenses ne lui sont pas rattachées. Le FINESS est "
                "peut-être celui d'un site pour une entité juridique, ou l'inverse.",
            )
        )
    for name, allowed in {**(other_years or {}), scheme: years}.items():
        dated = contracts[(contracts["scheme"] == name) & contracts["signed_on"].notna()]
        found += _dates(name, dated.sort_values("contract_finess"), establishments, allowed)
    for code, column, place, known, remedy in (
        (
            "INDICATEUR_DE_CONTRAT_INCONNU",
            "indicators",
            "indicateurs",
            indicators,
            "Aucune définition ne porte ce nom : l'indicateur n'est pas calculé. Corriger le fichier des contrats, "
            "ou écrire la définition (docs/ajouter-un-indicateur.md).",
        ),
        (
            "VOLET_INCONNU",
            "volets",
            "volets",
            volets,
            "Ni indicateur, ni section de la grille n'a ce volet : il n'apporte rien à l'évaluation de ce contrat. "
            "Corriger le fichier des contrats, ou décrire ce que ce volet engage.",
        ),
    ):
        unknown = [
            (finess, name)
            for finess, listed in own[["contract_finess", column]].dropna().itertuples(index=False)
            for name in listed.split(",")
            if name not in known
        ]
        if unknown:
            found.append(Finding("campagne", code, place, "warning", len(unknown), ", ".join(unknown[0]), remedy))
    return Findings(found)


def _dates(scheme: str, dated: pd.DataFrame, establishments: pd.DataFrame, years: tuple[int, int]) -> Iterator[Finding]:
    odd = ~dated["signed_on"].dt.year.between(*years)
    if odd.any():
        first = dated[odd].iloc[0]
        yield Finding(
            "campagne",
            "CONTRAT_DATE_DOUTEUSE",
            f"date_effet, {scheme}",
            "warning",
            int(odd.sum()),
            f"{first['contract_finess']} : {first['signed_on']:%d/%m/%Y}",
            f"Un contrat de ce dispositif prend effet de {years[0]} à {years[1]}. Gardé tel quel : cette date "
            "décide des mois que l'évaluation compare.",
        )
    sound = dated[~odd]
    if len(sound) < _FEWEST_CONTRACTS_NB:
        return
    days = sound["signed_on"].value_counts()
    usual = days.index[0]
    if days.iloc[0] < _MOSTLY * len(sound):
        return
    when = sound["signed_on"]
    lone = (when.dt.month == usual.month) & (when.dt.day == usual.day) & (when.dt.year != usual.year)
    signers = establishments["contract_finess"].fillna(establishments["finess"])
    opened = establishments.groupby(signers)["valid_from"].min()
    alone = sound[lone & ~(sound["contract_finess"].map(opened) > usual)]
    if len(alone):
        first = alone.iloc[0]
        yield Finding(
            "campagne",
            "CONTRAT_ANNEE_ISOLEE",
            f"date_effet, {scheme}",
            "warning",
            len(alone),
            f"{first['contract_finess']} : {first['signed_on']:%d/%m/%Y}",
            f"Les contrats de ce dispositif prennent effet le {usual:%d/%m/%Y} ({days.iloc[0]} sur {len(sound)}) : "
            "même jour d'une autre année, l'année est peut-être mal écrite. Gardé tel quel : cette date décide des "
            "mois que l'évaluation compare.",
        )
