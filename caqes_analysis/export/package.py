"""The data package of an export: who may read it, from which files and texts it comes, what each file holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

import caqes_analysis
from caqes_analysis.book.text import slug
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_version import package_hash
from caqes_analysis.export.resources import Resource
from caqes_analysis.sources.files import sha256_of

__all__ = ["CIRCULATION", "csv_resource", "package_descriptor", "workbook_resource", "write_json"]

CIRCULATION: Final = (
    "Diffusion restreinte à l'ARS, à l'Assurance Maladie et aux établissements : le secret statistique "
    "n'est pas appliqué, aucune cellule n'est masquée par ce rapport."
)
"""What every file of an export says of itself, until statistical secrecy is applied."""

_NOT_OPEN: Final = {"name": "other-closed", "title": CIRCULATION}


def package_descriptor(
    campaign: Campaign, deliveries: pd.DataFrame, described: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the content of ``datapackage.json`` (Data Package 2.0); it holds no date of its own.

    Parameters
    ----------
    campaign
        The campaign.
    deliveries
        Table ``deliveries``.
    described
        Its resources, as :func:`csv_resource` and :func:`workbook_resource` return them.
    """
    simulated = " Données simulées : aucun établissement ni aucun patient n'est réel." if campaign.is_simulated else ""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"caqes-{slug(campaign.id)}",
        "title": f"{campaign.title} : données",
        "description": f"{CIRCULATION}{simulated} Les tables et leurs colonnes sont décrites dans docs/tables.md, les "
        "indicateurs dans le guide du rapport.",
        "version": f"{caqes_analysis.__version__}+{package_hash()}",
        "licenses": [_NOT_OPEN],
        "contributors": [{"title": campaign.region.name, "roles": ["publisher"]}],
        "sources": [_source(row) for row in deliveries.sort_values("delivery").to_dict("records")],
        "resources": list(described),
    }


def _source(row: Mapping[Any, Any]) -> dict[str, Any]:
    said = {"title": f"Fichier reçu : {row['file']}", "sha256": row["sha256"]}
    if isinstance(row["period"], str):
        said["period"] = row["period"]
    if not pd.isna(row["received_on"]):
        said["received_on"] = f"{row['received_on']:%Y-%m-%d}"
    return said


def csv_resource(one: Resource, folder: Path, schema_path: str) -> dict[str, Any]:
    """Return the description of a CSV file that has been written.

    Parameters
    ----------
    one
        What it holds.
    folder
        Folder of the export.
    schema_path
        Its Table Schema, relative to the export.
    """
    said = {
        "name": one.name,
        "path": one.path,
        "type": "table",
        "title": one.title,
        "description": one.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ","},
        "schema": schema_path,
        **_content(folder / one.path),
    }
    return {**said, "sources": [{"title": text} for text in one.sources]} if one.sources else said


def workbook_resource(path: str, folder: Path, title: str) -> dict[str, Any]:
    """Return the description of a workbook.

    Parameters
    ----------
    path
        The file, relative to the export.
    folder
        Folder of the export.
    title
        French title.
    """
    return {
        "name": slug(Path(path).stem),
        "path": path,
        "title": title,
        "format": "xlsx",
        "mediatype": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        **_content(folder / path),
    }


def _content(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "hash": f"sha256:{sha256_of(path)}"}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in UTF-8, the same bytes on every system.

    Parameters
    ----------
    path
        The file; its folder is made when needed.
    content
        What it holds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
