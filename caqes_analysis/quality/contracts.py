"""Contracts against what they bear on: the establishments followed, and the indicators that are defined."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from caqes_analysis.sources.findings import Finding, Findings

__all__ = ["check_contracts"]


def check_contracts(
    contracts: pd.DataFrame,
    establishments: pd.DataFrame,
    *,
    scheme: str,
    indicators: Collection[str],
    volets: Collection[str],
    years: tuple[int, int],
) -> Findings:
    """Return the contracts of a scheme that nobody signed, and the indicators that none defines.

    Parameters
    ----------
    contracts
        Rows of ``contracts``.
    establishments
        Rows of ``establishments``.
    scheme
        The scheme of the campaign; contracts of others are not checked.
    indicators
        Identifiers of the indicators that have a definition.
    volets
        Volets that the scheme, an indicator or a section of the grid names.
    years
        First and last year in which a contract of the scheme may take effect.

    Returns
    -------
    Findings
        ``CONTRAT_SANS_ETABLISSEMENT``, ``CONTRAT_DATE_DOUTEUSE``, ``INDICATEUR_DE_CONTRAT_INCONNU`` and
        ``VOLET_INCONNU``, one each at most.
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
    dated = own[own["signed_on"].notna()]
    odd = dated[~dated["signed_on"].dt.year.between(*years)]
    if len(odd):
        first = odd.iloc[0]
        found.append(
            Finding(
                "campagne",
                "CONTRAT_DATE_DOUTEUSE",
                "date_effet",
                "warning",
                len(odd),
                f"{first['contract_finess']} : {first['signed_on']:%d/%m/%Y}",
                f"Un contrat de ce dispositif prend effet de {years[0]} à {years[1]}. Gardé tel quel : cette date "
                "décide des mois que l'évaluation compare.",
            )
        )
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
