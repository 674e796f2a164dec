"""Receiving small tables: months, activity, LPP and prescribers, in the plain layout or through a column mapping."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from caqes_analysis.campaign import Campaign
from caqes_analysis.campaign_sources import MappedSource, MonthlySource
from caqes_analysis.errors import CampaignError, CaqesError, Problem, SourceError
from caqes_analysis.sources.activity import read_activity
from caqes_analysis.sources.column_mapping import ColumnMapping, known_mappings, load_mapping
from caqes_analysis.sources.lpp_spend import read_lpp_spend
from caqes_analysis.sources.mapped_table import read_mapped
from caqes_analysis.sources.monthly_spend import read_monthly_spend
from caqes_analysis.sources.nearest_mapping import LAYOUT_CODES, nearest_mapping
from caqes_analysis.sources.prescriber_spend import read_prescriber_spend
from caqes_analysis.sources.received import Received
from caqes_analysis.store import Store

__all__ = ["check_last_month", "delivery_facts", "read_table"]


def read_table(source: MappedSource, table: str, campaign: Campaign) -> Received:
    """Read one file of monthly spending, activity, LPP by code or spending by prescriber.

    Parameters
    ----------
    source
        The file as the campaign names it.
    table
        ``monthly_spend``, ``activity``, ``lpp_spend`` or ``prescriber_spend``.
    campaign
        The campaign: envelopes, provisional months, folder of the region's own mappings.

    Raises
    ------
    CaqesError
        All that is wrong in the file or its mapping; when the layout is another, the nearest mapping is proposed.
    """
    mapping = None if source.mapping is None else _mapping(source, table, campaign)
    try:
        if table == "prescriber_spend":
            return read_prescriber_spend(source.path, delivery=source.delivery_name, mapping=mapping)
        return _read(source, table, mapping, campaign)
    except SourceError as failure:
        if not LAYOUT_CODES & {problem.code for problem in failure.problems}:
            raise
        name = source.mapping.stem if source.mapping else None
        near = _nearest(source, table, name, campaign)
        raise SourceError([*([near] if near else []), *failure.problems]) from failure


def _mapping(source: MappedSource, table: str, campaign: Campaign) -> ColumnMapping:
    assert source.mapping is not None
    if not source.mapping.is_file():
        known = ", ".join(_known(campaign))
        raise CampaignError.of(
            "CORRESPONDANCE_INTROUVABLE",
            "cette correspondance de colonnes n'existe pas.",
            f"Correspondances connues : {known}. En écrire une dans column_mappings, à côté de la campagne.",
            file=campaign.file.name,
            column="mapping",
            value=source.mapping.stem,
        )
    mapping = load_mapping(source.mapping)
    if mapping.table != table:
        raise CampaignError.of(
            "CORRESPONDANCE_AUTRE_TABLE",
            f"cette correspondance remplit la table {mapping.table}, et la source est rangée sous {table}.",
            f"Ranger le fichier sous sources.{mapping.table}, ou nommer une autre correspondance.",
            file=campaign.file.name,
            column="mapping",
            value=source.mapping.stem,
        )
    return mapping


def _known(campaign: Campaign) -> Mapping[str, ColumnMapping]:
    return known_mappings([campaign.file.parent / "column_mappings"])


def _nearest(source: MappedSource, table: str, name: str | None, campaign: Campaign) -> Problem | None:
    try:
        return nearest_mapping(source.path, table, _known(campaign), named=name, envelopes=campaign.all_envelopes)
    except CaqesError:  # another mapping of the region is wrong: no reason to hide what is wrong in the file
        return None


def _read(source: MappedSource, table: str, mapping: ColumnMapping | None, campaign: Campaign) -> Received:
    common: dict[str, Any] = {"delivery": source.delivery_name, "provisional_from": campaign.provisional_from}
    as_of = date.fromisoformat(f"{source.as_of}-01") if source.as_of else None
    if table == "activity":
        return read_activity(source.path, mapping=mapping, as_of=as_of, **common)
    if table == "lpp_spend":
        return read_lpp_spend(source.path, mapping=mapping, as_of=as_of, **common)
    assert isinstance(source, MonthlySource)
    common |= {
        "amount_kind": source.amount_kind,
        "date_basis": source.date_basis,
        "tax": source.tax,
        "envelopes": campaign.all_envelopes,
    }
    if mapping is not None:
        received = read_mapped(source.path, mapping, as_of=as_of, **common)
    else:
        received = read_monthly_spend(source.path, as_of=as_of if source.cumulative else None, **common)
    if source.cumulative and as_of is not None:
        _refuse_later_cumuls(source, received.rows, as_of)
    return received


def _refuse_later_cumuls(source: MonthlySource, rows: pd.DataFrame, as_of: date) -> None:
    later = rows[rows["month"] > pd.Timestamp(as_of)]
    if len(later):
        raise SourceError.of(
            "CUMUL_APRES_SON_MOIS",
            f"des cumuls suivent le mois auquel la livraison est arrêtée ({source.as_of}).",
            "Corriger as_of dans la campagne, ou retirer ces mois du fichier.",
            file=source.path.name,
            column="mois",
            value=f"{later['month'].max():%Y-%m}",
        )


def delivery_facts(source: Any, rows: pd.DataFrame) -> dict[str, Any]:
    """Return what the campaign and the rows say of a delivery: columns of the table ``deliveries``.

    Parameters
    ----------
    source
        The source; ``as_of`` is read where it has one.
    rows
        The rows read.
    """
    as_of = getattr(source, "as_of", None)
    return {
        "received_on": source.received_on,
        "as_of": pd.Timestamp(f"{as_of}-01") if as_of else None,
        "total_eur": _sum(rows, "amount_eur", "reimbursed_eur"),
        "total_tariff_eur": _sum_of_all(rows, "tariff_ht_eur", "tariff_ttc_eur"),
        "total_nb": _sum(rows, "count_nb", "quantity_nb", "boxes_nb", "value"),
    }


def _sum(rows: pd.DataFrame, *names: str) -> Any:
    """Return the exact sum of the first of these columns that holds something; None when none does."""
    held = next((rows[name] for name in names if name in rows and rows[name].notna().any()), None)
    return None if held is None else held.sum()


def _sum_of_all(rows: pd.DataFrame, *names: str) -> Any:
    """Return the exact sum of all these columns; None when none holds anything."""
    sums = [rows[name].sum() for name in names if name in rows and rows[name].notna().any()]
    return sum(sums) if sums else None


def check_last_month(store: Store, campaign: Campaign) -> None:
    """Refuse months that follow the last one that the campaign announces.

    Parameters
    ----------
    store
        Store in which the deliveries are written.
    campaign
        The campaign.

    Raises
    ------
    SourceError
        ``MOIS_APRES_LE_DERNIER``, one problem per delivery.
    """
    last = pd.Timestamp(f"{campaign.last_month}-01")
    late = store.query(
        "select delivery, count(*) as rows, max(month) as month from ("
        "select delivery, month from monthly_spend union all select delivery, month from cumulative_spend) "
        "where month > ? group by delivery order by delivery",
        [last.date()],
    )
    if len(late):
        raise SourceError(
            Problem(
                "MOIS_APRES_LE_DERNIER",
                f"des mois suivent le dernier mois annoncé ({campaign.last_month}).",
                "Corriger last_month dans la campagne, ou retirer ces mois du fichier.",
                file=delivery,
                column="mois",
                value=f"{month:%Y-%m}",
                count=int(rows),
            )
            for delivery, rows, month in late.itertuples(index=False)
        )
