"""The foot of each page of a report: where its own figures come from; what all pages share is on the page Provenance.

Nothing in it changes when the content of a file does, but the hash of what the page shows: a file received again only
rewrites the pages whose figures it moves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from caqes_analysis import french
from caqes_analysis.activities import DECLARED_PREFIX
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_version import HASH_LENGTH
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.definition import Sum
from caqes_analysis.schemes.scheme import scheme_of

__all__ = ["SOURCE_LABELS", "page_foot", "page_hash", "sources_of_indicator"]

SOURCE_LABELS: Final[Mapping[str, str]] = {
    "establishments": "établissements",
    "contracts": "contrats",
    "monthly_spend": "dépenses mensuelles",
    "open_phmev": "bases Open PHMEV",
    "references": "référentiels de produits",
    "extra_list": "liste en sus",
    "extra_list_history": "historique de la liste en sus",
    "activity": "activité",
    "lpp_spend": "dépenses par code LPP",
    "prescriber_spend": "dépenses par prescripteur",
    "declared": "indicateurs déclarés",
    "grid_answers": "grilles d'évaluation",
    "extracts": "extraits",
}
"""Kinds of received files, as the foot of a page names them."""

_SOURCE_OF_TABLE: Final[Mapping[str, str]] = {
    "annual_drug_spend": "open_phmev",
    "extra_list_use": "extra_list",
    "monthly_grid": "monthly_spend",
}


def page_foot(campaign: Campaign, sources: Collection[str] | None = None) -> dict[str, str]:
    """Return what the foot of a page says, label by label; no date of build, so that equal inputs give equal pages.

    Parameters
    ----------
    campaign
        The campaign.
    sources
        Kinds of files that the figures of the page come from (keys of :data:`SOURCE_LABELS`); all when None.
    """
    received = campaign.last_month and french.month_year(pd.Timestamp(f"{campaign.last_month}-01"))
    counts = {
        name: len(getattr(campaign.sources, name)) for name in SOURCE_LABELS if sources is None or name in sources
    }
    named = [f"{SOURCE_LABELS[name]} ({french.plural(count, 'fichier')})" for name, count in counts.items() if count]
    return {
        "Campagne": f"{campaign.id}, dispositif {scheme_of(campaign).name}",
        "Données": f"à fin {received}" if received else f"année {campaign.year}",
        **({"Sources": ", ".join(named)} if named else {}),
    }


def page_hash(executed: Path) -> str:
    """Return a short hash of what an executed notebook shows, without the folders it was executed in."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    shown = [output.get("data", output.get("text")) for cell in cells for output in cell.get("outputs", [])]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:HASH_LENGTH]


def sources_of_indicator(definition: str) -> set[str]:
    """Return the kinds of files that an indicator is computed from, given its definition as the store keeps it."""
    return {_source_of(part) for measure in stored_definition(definition).measures for part in measure.sums}


def _source_of(part: Sum) -> str:
    """Return the kind of file that a sum reads; what establishments declare is kept with their activity."""
    if part.table == "activity" and DECLARED_PREFIX in part.where:
        return "declared"
    return _SOURCE_OF_TABLE.get(part.table, part.table)
