"""Reference files as a campaign names them, and what they add to what the region says of its establishments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.campaign_sources import ReferenceSource
from caqes_analysis.code_list_checks import check_validity
from caqes_analysis.code_lists import code_lists_table, known_code_lists
from caqes_analysis.errors import CampaignError
from caqes_analysis.sources.bdpm import (
    read_bdpm_classes,
    read_bdpm_generics,
    read_bdpm_presentations,
    read_bdpm_products,
)
from caqes_analysis.sources.biosimilars import read_biosimilar_flags
from caqes_analysis.sources.extra_list_indications import read_extra_list_indications
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.finess import read_finess
from caqes_analysis.sources.lpp_lists import read_lpp_list
from caqes_analysis.sources.received import Received
from caqes_analysis.store import Store
from caqes_analysis.tables import Table
from caqes_analysis.unknown_codes import unknown_codes

__all__ = ["complete_from_finess", "read_reference", "settle_code_lists"]

_READERS: Mapping[str, tuple[Table, Callable[..., Received]]] = {
    "finess": (tables.FINESS_SITES, read_finess),
    "bdpm_products": (tables.DRUG_PRODUCTS, read_bdpm_products),
    "bdpm_presentations": (tables.DRUG_PRESENTATIONS, read_bdpm_presentations),
    "bdpm_generics": (tables.GENERIC_GROUPS, read_bdpm_generics),
    "bdpm_classes": (tables.DRUG_CLASSES, read_bdpm_classes),
    "extra_list_indications": (tables.EXTRA_LIST_INDICATIONS, read_extra_list_indications),
    "biosimilar_flags": (tables.BIOSIMILAR_GROUPS, read_biosimilar_flags),
}
# FINESS categories of hospitals that have a category of their own here (nomenclature TRE_R66 of the ANS).
_CATEGORIES = {"101": "CHU", "355": "CH", "106": "HL", "131": "CLCC", "292": "PSY"}
_FILLED = ("finess_ej", "finess_et", "contract_finess", "category", "legal_status", "department", "town")


def read_reference(source: ReferenceSource) -> tuple[Table, Received]:
    """Read one reference file.

    Parameters
    ----------
    source
        The file and what it holds, as the campaign names them.

    Returns
    -------
    table, received
        The table that the rows belong to, and the rows.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    if source.content == "lpp_list":
        return tables.CODE_LISTS, _lpp_list(source)
    table, read = _READERS[source.content]
    return table, read(source.path, delivery=source.delivery_name)


def _lpp_list(source: ReferenceSource) -> Received:
    """Read a list of LPP codes; its codes carry their own end, else the days of the list."""
    assert source.name is not None
    received = read_lpp_list(source.path, delivery=source.delivery_name, name=source.name)
    rows = received.rows
    if source.valid_from:
        rows = rows.assign(valid_from=pd.Timestamp(source.valid_from))
    if source.valid_to:
        last = pd.Timestamp(source.valid_to)
        rows = rows.assign(valid_to=rows["valid_to"].where(rows["valid_to"] <= last, last))
    return replace(received, rows=tables.CODE_LISTS.conform(rows))


def settle_code_lists(store: Store, *folders: Path, part: str, complete: Sequence[ReferenceSource] = ()) -> Findings:
    """Write the code lists of a campaign as a table and check its spending against their dates.

    Parameters
    ----------
    store
        Store with all the spending of the campaign, and the lists received.
    *folders
        Folders of the region's own lists.
    part
        Name of the part written.
    complete
        The lists received that hold every code of the nomenclature.

    Returns
    -------
    Findings
        What :func:`~caqes_analysis.code_list_checks.check_validity` and
        :func:`~caqes_analysis.unknown_codes.unknown_codes` notice.

    Raises
    ------
    CampaignError
        With every problem of the files of lists; ``LISTE_EN_DOUBLE`` when a list received has the name of another.
    """
    lists = known_code_lists(*folders)
    received = store.read(tables.CODE_LISTS) if store.has(tables.CODE_LISTS) else tables.CODE_LISTS.empty()
    twice = sorted({*received["list"]} & {*lists})
    twice += sorted(set(received.loc[received.duplicated(["list", "code"]), "list"]) - {*twice})
    if twice:
        raise CampaignError.of(
            "LISTE_EN_DOUBLE",
            "une autre liste de codes porte déjà ce nom.",
            "Changer name dans la campagne.",
            column="sources.references",
            value=", ".join(twice),
        )
    store.write(tables.CODE_LISTS, code_lists_table(lists.values()), part=part)
    return check_validity(store, lists.values(), received=received) + unknown_codes(store, complete)


def complete_from_finess(known: pd.DataFrame, sites: pd.DataFrame, *, delivery: str) -> tuple[pd.DataFrame, Findings]:
    """Fill what the region's own file leaves empty with what the FINESS extract says.

    Parameters
    ----------
    known
        Table ``establishments``.
    sites
        Table ``finess_sites``.
    delivery
        Name under which the findings are kept.

    Returns
    -------
    establishments, findings
        The same rows, in the same order. What the region wrote never changes. A name comes from FINESS only where the
        establishment had none but its number. A juridical entity takes from its sites what they all say alike.

    Notes
    -----
    A public establishment signs as its juridical entity: where the region gave neither entity nor signatory, both
    come from FINESS. That is how the sites of AP-HP meet the contract of 750712184.
    """
    facts = _facts(sites, set(known["finess"]))
    filled = known.copy()
    touched: dict[str, str] = {}
    for place, row in enumerate(known.to_dict("records")):
        own = facts.get(str(row["finess"]))
        if own is None:
            continue
        for name, value in _missing(row, own).items():
            filled.iloc[place, filled.columns.get_loc(name)] = value  # type: ignore[index]
            touched.setdefault(str(row["finess"]), name)
    if not touched:
        return known, Findings()
    first = min(touched)
    told = Finding(
        delivery,
        "ETABLISSEMENT_COMPLETE",
        "FINESS",
        "information",
        len(touched),
        f"{first} ({touched[first]})",
        "Ce que le fichier de la région laissait vide (nom, catégorie, statut, entité juridique, commune) vient de "
        "l'extraction FINESS ; ce qu'il dit est gardé.",
    )
    return tables.ESTABLISHMENTS.conform(filled), Findings([told])


def _facts(sites: pd.DataFrame, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Return what FINESS says of each establishment wanted, a site or a juridical entity."""
    near = sites[sites["finess_et"].isin(wanted) | sites["finess_ej"].isin(wanted)]
    facts: dict[str, dict[str, Any]] = {}
    hospitals = near[near["legal_status"].notna()]
    for entity, group in hospitals[hospitals["finess_ej"].isin(wanted)].groupby("finess_ej"):
        status, department = _alike(group["legal_status"]), _alike(group["department"])
        facts[str(entity)] = {
            "finess_ej": entity,
            "legal_status": status,
            "department": department,
            "contract_finess": entity if status == "public" else None,
        }
    for row in near[near["finess_et"].isin(wanted)].to_dict("records"):
        status = None if pd.isna(row["legal_status"]) else row["legal_status"]
        category = _CATEGORIES.get(str(row["category_code"])) or ("ESPIC" if status == "espic" else None)
        facts[str(row["finess_et"])] = {
            "finess_ej": row["finess_ej"],
            "finess_et": row["finess_et"],
            "name": row["name"],
            "category": category,
            "legal_status": status,
            "department": row["department"],
            "town": row["town"],
            "contract_finess": row["finess_ej"] if status == "public" else row["finess_et"] if status else None,
        }
    return facts


def _alike(values: pd.Series[Any]) -> Any:
    return values.iloc[0] if values.nunique(dropna=False) == 1 else None


def _missing(row: Mapping[Any, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of FINESS for what is empty, and only for that."""
    wanted = {name: own.get(name) for name in _FILLED if pd.isna(row[name]) and not pd.isna(own.get(name))}
    if own.get("name") and row["name"] in (row["finess"], f"Établissement {row['finess']}"):
        wanted["name"] = own["name"]
    # A signatory deduced for want of an entity is the establishment itself: knowing the entity settles it.
    deduced = "finess_ej" in wanted and row["contract_finess"] == row["finess"]
    status = row["legal_status"] if not pd.isna(row["legal_status"]) else own.get("legal_status")
    if deduced and status == "public" and own["finess_ej"] != row["finess"]:
        wanted["contract_finess"] = own["finess_ej"]
    return wanted
