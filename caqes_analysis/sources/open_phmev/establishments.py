"""The establishments that an Open PHMEV base names."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.encoding import Encoding
from caqes_analysis.sources.open_phmev.known import KnownPart
from caqes_analysis.sources.open_phmev.layout import category_of, department_of, legal_status_of, region_of

__all__ = ["Identity", "establishment_rows", "identities"]

Identity = Mapping[str, str | None]
"""Who an establishment is, as received, by source column."""

# What must not change from one line of an establishment to another.
_NAMING = ("raison_sociale_etb", "nom_etb", "categorie_jur", "categorie_jur_rgt", "region_etb")
_IDENTITY = (*_NAMING, "code_postal", "nom_ville")
# AP-HP stands in the base by geographic site, under one juridical entity; the two other « 3+ » stand as entities.
_APHP_ENTITY = "750712184"
_ENTITIES_AMONG_LARGEST = ("690781810", "130786049")


def identities(known: KnownPart, encoding: Encoding) -> tuple[dict[str, Identity], set[str]]:
    """Return the identity of each establishment, and those whose name, category or region changes in the file.

    Parameters
    ----------
    known
        Texts of the establishments.
    encoding
        Of the file.

    Returns
    -------
    identities, variable
        By FINESS in order of appearance, from the first line of each; FINESS of those that change.
    """
    found: dict[str, Identity] = {}
    naming: dict[str, list[int]] = {}
    variable: set[str] = set()
    columns = {name: known.columns[name] for name in _IDENTITY if name in known.columns}
    finess_column = known.columns["etb_rgt"]
    for text, code in enumerate(finess_column.codes.tolist()):
        finess = finess_column.values[code].decode("ascii")
        named = [int(columns[name].codes[text]) for name in _NAMING if name in columns]
        if finess not in found:
            naming[finess] = named
            values = {name: column.values[column.codes[text]].decode(encoding) for name, column in columns.items()}
            found[finess] = {name: " ".join(values[name].split()) if name in values else None for name in _IDENTITY}
        elif named != naming[finess]:
            variable.add(finess)
    return found, variable


def establishment_rows(known: Mapping[str, Identity], year: int) -> pd.DataFrame:
    """Return the establishments of a file as rows of ``establishments``, valid from 1 January of its year.

    Parameters
    ----------
    known
        Their identities, by FINESS.
    year
        Year of the data.

    Notes
    -----
    The key of the base is the juridical entity, except for AP-HP, which stands by site: the entity at which its
    contract is signed is then 750712184. An ESPIC may sign by site, which this base does not know: its
    ``contract_finess`` stays empty.
    """
    rows = []
    for finess, identity in known.items():
        grouped, old = identity["categorie_jur_rgt"], identity["categorie_jur"] or ""
        status = legal_status_of(grouped, old)
        entity = _entity_of(finess, is_largest="3+" in (grouped, old)) if status == "public" else None
        rows.append(
            {
                "finess": finess,
                "valid_from": pd.Timestamp(year, 1, 1),
                "finess_ej": entity,
                "finess_et": finess if entity not in (None, finess) else None,
                "contract_finess": entity,
                "name": identity["raison_sociale_etb"] or identity["nom_etb"] or finess,
                "category": category_of(grouped, old),
                "legal_status": status,
                "department": department_of(
                    (identity["code_postal"] or "").zfill(5) if identity["code_postal"] else ""
                ),
                "town": identity["nom_ville"] or None,
                "region": region_of(identity["region_etb"] or ""),
            }
        )
    return tables.ESTABLISHMENTS.conform(pd.DataFrame(rows))


def _entity_of(finess: str, *, is_largest: bool) -> str:
    return _APHP_ENTITY if is_largest and finess not in _ENTITIES_AMONG_LARGEST else finess
