"""Yearly drug spending at the level at which contracts are signed, where the base allows it.

Public establishments sign as juridical entities, private ones and ESPIC by geographic site. Open PHMEV stands by
juridical entity, except AP-HP, Croix-Rouge and the military, which stand by site. So the sites of AP-HP add up to
their entity 750712184; HCL (690781810), AP-HM (130786049) and Croix-Rouge sites are already where their contract is; a
site of an entity of several sites cannot be cut out of its entity; for-profit clinics are not in the base.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.indicators.structure import annual_years
from caqes_analysis.perimeter import APHP_ENTITY, latest_descriptions, successions
from caqes_analysis.store import Store

__all__ = ["NOT_COMPUTABLE", "NOT_IN_BASE", "annual_at_contract_level", "contract_keys"]

NOT_COMPUTABLE = "non calculable à ce niveau"
"""What is printed instead of an amount that the base cannot give at the level of the contract."""
NOT_IN_BASE = "les cliniques à but lucratif ne figurent pas dans Open PHMEV"
"""Why the yearly drug base does not apply to a for-profit clinic."""

_ONE_OF_SEVERAL = (
    f"{NOT_COMPUTABLE} : le contrat est signé par un site, la base donne l'entité juridique entière ({{entity}}), "
    "qui a plusieurs sites"
)
_ABSENT = "manquant : la base n'a aucune ligne pour cet établissement"
_ONLY_SITE = "l'entité juridique {entity} n'a que ce site"
_SITES = "{count} sites réunis sous l'entité {entity}"
_MERGED = "{count} établissements réunis, {mergers}"
_AMOUNTS = ("boxes_nb", "reimbursed_eur", "base_eur")


def contract_keys(establishments: pd.DataFrame) -> dict[str, str]:
    """Return the signatory of each establishment of the base, mergers followed.

    Parameters
    ----------
    establishments
        Table ``establishments``.

    Returns
    -------
    dict
        FINESS of the signatory by FINESS of the establishment: ``contract_finess`` where it is known, the
        establishment itself otherwise. Sites of AP-HP give 750712184, by their entity.
    """
    latest = latest_descriptions(establishments)
    signatory: dict[str, str] = {}
    for finess, entity, contract in zip(latest["finess"], latest["finess_ej"], latest["contract_finess"], strict=True):
        signatory[finess] = APHP_ENTITY if entity == APHP_ENTITY else finess if pd.isna(contract) else contract
    followed = successions(establishments)
    taken = dict(zip(followed["finess"], followed["current_finess"], strict=True))
    return {finess: signatory.get(taken.get(finess, finess), contract) for finess, contract in signatory.items()}


def annual_at_contract_level(
    store: Store, contracts: Collection[str] | None = None, *, year: int | None = None
) -> pd.DataFrame:
    """Return the yearly drug spending of each contract.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, ``establishments``, and ``contracts`` and ``finess_sites`` when received.
        Without contracts, every signatory that the establishments name has a row.
    contracts
        FINESS of the contracts wanted, those of a scheme that are evaluated; all that were received when None.
    year
        The base wanted; all when None.

    Returns
    -------
    DataFrame
        ``contract_finess, year, boxes_nb, reimbursed_eur, base_eur, establishments_nb, value_status, reason``, one row
        per contract and year of the base. ``value_status`` is ``not_applicable``, with the reason in French, where the
        base cannot give the amount at the level of the contract; ``missing`` where it has no line for it. Without
        contracts, the sum of the rows is the sum of the base: nothing is counted twice, nothing is lost.
    """
    known = store.read(tables.ESTABLISHMENTS)
    spent = store.query(
        """
        select finess, year, sum(boxes_nb)::bigint as boxes_nb, sum(reimbursed_eur)::decimal(18, 2) as reimbursed_eur,
               sum(base_eur)::decimal(18, 2) as base_eur
        from annual_drug_spend where $year is null or year = $year group by finess, year order by finess, year
        """,
        {"year": year},
    )
    signatory = contract_keys(known)
    spent["contract_finess"] = [signatory.get(finess, finess) for finess in spent["finess"]]
    received = store.read(tables.CONTRACTS)["contract_finess"].tolist() or spent["contract_finess"].tolist()
    signed = [one for one in received if contracts is None or one in contracts]
    followed = successions(known).dropna(subset="since")
    merged = dict(zip(followed["finess"], followed["since"], strict=True))
    facts = _facts(known, store.read(tables.FINESS_SITES))
    rows = []
    for read in annual_years(store) if year is None else [year]:
        lines = spent[spent["year"] == read]
        found = {str(name): own for name, own in lines.groupby("contract_finess")}
        by_key = {str(name): own for name, own in lines.groupby("finess")}
        rows += [
            {"contract_finess": contract, "year": read, **_at_level(contract, found, by_key, facts, merged)}
            for contract in sorted(set(signed))
        ]
    columns = ["contract_finess", "year", *_AMOUNTS, "establishments_nb", "value_status", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _facts(known: pd.DataFrame, sites: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return entity, status and number of sites of the entity, as far as the region and FINESS say them."""
    counts = sites.groupby("finess_ej")["finess_et"].nunique().to_dict()
    described = pd.concat(
        [
            sites.rename(columns={"finess_et": "finess"})[["finess", "finess_ej", "legal_status"]],
            known[["finess", "finess_ej", "legal_status"]],
        ],
        ignore_index=True,
    )
    facts: dict[str, dict[str, Any]] = {}
    for finess, entity, status in described.itertuples(index=False):
        own = facts.setdefault(str(finess), {})
        own |= {name: value for name, value in (("entity", entity), ("status", status)) if not pd.isna(value)}
    for own in facts.values():
        own["sites_nb"] = counts.get(own.get("entity"))
    return facts


def _at_level(
    contract: str,
    found: Mapping[str, pd.DataFrame],
    by_key: Mapping[str, pd.DataFrame],
    facts: Mapping[str, Mapping[str, Any]],
    merged: Mapping[str, pd.Timestamp],
) -> dict[str, Any]:
    own = facts.get(contract, {})
    entity = str(own.get("entity"))
    if contract in found:
        lines = found[contract]
        reason = _together(contract, lines["finess"].tolist(), merged) if len(lines) > 1 else None
        return {**_sums(lines), "value_status": _status(lines), "reason": reason}
    if entity in by_key and entity != contract:
        if own.get("sites_nb") == 1:
            lines = by_key[entity]
            return {**_sums(lines), "value_status": _status(lines), "reason": _ONLY_SITE.format(entity=entity)}
        return _nothing("not_applicable", _ONE_OF_SEVERAL.format(entity=entity))
    if own.get("status") == "prive":
        return _nothing("not_applicable", f"sans objet : {NOT_IN_BASE}")
    return _nothing("missing", _ABSENT)


def _together(contract: str, finess: Collection[str], merged: Mapping[str, pd.Timestamp]) -> str:
    """Return why a contract has several lines: sites of its entity, or establishments that have merged."""
    days = sorted({merged[one] for one in finess if one in merged})
    mergers = french.list_in_words([f"fusion du {french.date(day, short=True)}" for day in days])
    if days and all(one == contract or one in merged for one in finess):
        return _MERGED.format(count=len(finess), mergers=mergers)
    sites = _SITES.format(count=len(finess), entity=contract)
    return f"{sites}, {mergers}" if days else sites


def _sums(lines: pd.DataFrame) -> dict[str, Any]:
    return {name: lines[name].sum() for name in _AMOUNTS} | {"establishments_nb": len(lines)}


def _status(lines: pd.DataFrame) -> str:
    if lines["reimbursed_eur"].isna().all():
        return "missing"
    return "zero" if not (lines["reimbursed_eur"] != 0).any() else "reported"


def _nothing(status: str, reason: str) -> dict[str, Any]:
    return {**dict.fromkeys(_AMOUNTS), "establishments_nb": 0, "value_status": status, "reason": reason}
