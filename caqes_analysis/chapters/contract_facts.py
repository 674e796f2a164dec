"""What the sheets print of the last yearly drug base at the level of their contract."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from caqes_analysis import french, perimeter, tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.chapters.words import sentence_case
from caqes_analysis.contract_level import annual_at_contract_level, contract_keys
from caqes_analysis.evaluation.assess import evaluated_contracts
from caqes_analysis.indicators.structure import annual_years
from caqes_analysis.store import Store

__all__ = ["AMOUNT", "CONTRACT_BASE", "contract_facts", "contracts_of_base"]

CONTRACT_BASE, AMOUNT, _NOT_GIVEN = "base du contrat", "montant", "non donné"
"""Subject of what the last base says of the contract of an establishment, where that is not its own line; measures: an
amount, or why there is none; printed: the sentence."""


def contracts_of_base(store: Store, campaign: Campaign) -> list[str] | None:
    """Return the contracts of the scheme of a campaign that are evaluated; None where none was received at all."""
    if not store.has(tables.CONTRACTS):
        return None
    contracts: list[str] = evaluated_contracts(store, campaign.scheme)["contract_finess"].tolist()
    return contracts


def contract_facts(store: Store, campaign: Campaign) -> Iterator[tuple[str, str, str, str]]:
    """Yield what each sheet prints of its contract in the last base: establishment, subject, measure, text.

    Parameters
    ----------
    store
        Store of the campaign, everything derived.
    campaign
        The campaign.
    """
    years = annual_years(store)
    if not years:
        return
    known = store.read(tables.ESTABLISHMENTS)
    signatory, current = contract_keys(known), perimeter.current_establishments(store)["finess"]
    contract_of = {finess: signatory.get(finess, finess) for finess in current}
    rows = annual_at_contract_level(store, sorted(set(contract_of.values())), year=years[-1])
    told = rows[rows["reason"].notna()].set_index("contract_finess")
    names = perimeter.latest_descriptions(known).set_index("finess")["name"]
    evaluated, without_drugs = contracts_of_base(store, campaign), perimeter.clinics_without_drugs(store)
    for finess, contract in contract_of.items():
        is_evaluated = evaluated is None or contract in evaluated
        if contract not in told.index or finess in without_drugs or not is_evaluated:
            continue
        row = told.loc[contract]
        if row["value_status"] == "not_applicable":
            yield finess, CONTRACT_BASE, _NOT_GIVEN, f"{sentence_case(str(row['reason']))}."
        elif not pd.isna(row["reimbursed_eur"]):
            name = names.get(contract, f"entité juridique {contract}")
            amount = french.euros(row["reimbursed_eur"], cents=True)
            text = f"Au niveau du contrat ({name}), la base de {years[-1]} donne {amount} : {row['reason']}."
            yield finess, CONTRACT_BASE, AMOUNT, text
