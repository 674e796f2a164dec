"""The spending part of a sheet: months, cumulative path, evolution and projection of every envelope."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import (
    against_phrase,
    benchmark_notes,
    envelope_of,
    ordered_by_envelope,
    period_label,
    through_phrase,
    titled,
)
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table
from caqes_analysis.display.charts_cumulative import Projection, cumulative_path
from caqes_analysis.display.charts_monthly import monthly_spending
from caqes_analysis.evaluation.position import position_of
from caqes_analysis.forecast.share_of_year import METHOD

__all__ = [
    "MAIN_ENVELOPE",
    "cumulative_figure",
    "evolution_table",
    "landing_of",
    "monthly_figures",
    "needs_months",
    "projection_table",
    "without_provisional",
]

MAIN_ENVELOPE = "phmev"
"""Envelope that opens a sheet."""

_FIGURES_OF_A_SHEET = ("phmev", "extra_list_drugs", "extra_list_devices")


def needs_months(what: str) -> Notice:
    """Return the notice of a part that needs monthly spending in a campaign that has none."""
    return Notice(
        "missing",
        f"{what} : données non reçues",
        "Il y faut des dépenses mensuelles ; la campagne n'en nomme aucun fichier (sources.monthly_spend).",
    )


def evolution_table(page: Page) -> Table:
    """Return the evolution of every envelope against its target or benchmark."""
    month_nb, last_nb = page.campaign.settled_month_nb, page.campaign.last_month_nb
    rows = ordered_by_envelope(page.settled()).reset_index(drop=True)
    positions = [
        position_of(rate, page.target(envelope), month_nb=month_nb)
        for envelope, rate in zip(rows["envelope"], rows["evolution_pct"], strict=True)
    ]
    last = page.evolutions[page.evolutions["month_nb"] == last_nb].set_index("envelope")
    frame = rows.assign(
        label=[envelope_of(page.campaign, code).label for code in rows["envelope"]],
        target=[page.target(code).short_label for code in rows["envelope"]],
        position=[found.short for found in positions],
        state=[found.state for found in positions],
        last_pct=last["evolution_pct"].reindex(rows["envelope"]).to_numpy(),
        last_is_provisional=last_nb > month_nb,
        amount_status="reported",
    )
    year = page.campaign.year
    columns = [
        ColumnFormat.text("label", "Enveloppe"),
        ColumnFormat.compact_amount("current_eur", period_label(year, month_nb), value_status="amount_status"),
        ColumnFormat.compact_amount("previous_eur", period_label(year - 1, month_nb), value_status="amount_status"),
        ColumnFormat.percent("evolution_pct", "Évolution", signed=True),
        ColumnFormat.text("target", "Comparée à"),
        ColumnFormat.text("position", "Situation", state="state"),
    ]
    if not rows["previous_eur"].astype("float64").sum():
        columns = columns[:2]
    if last_nb > month_nb:
        late = ColumnFormat.percent(
            "last_pct", f"Évolution à M{last_nb}", signed=True, value_status=None, is_provisional="last_is_provisional"
        )
        columns.insert(4, late)
    excluded = [
        f"{envelope_of(page.campaign, code).short_label} : mois {months} écartés des deux années, parce qu'ils "
        "manquent dans l'une d'elles."
        for code, months in zip(rows["envelope"], rows["missing_months"], strict=True)
        if isinstance(months, str)
    ]
    return Table.from_frame(
        frame,
        caption=f"Dépenses remboursées {through_phrase(page.campaign, month_nb)}, par rapport "
        f"{against_phrase(page.campaign, month_nb)}",
        columns=columns,
        notes=[*benchmark_notes(page, rows["envelope"]), *excluded],
    )


def _series(page: Page, envelope: str) -> pd.DataFrame:
    return page.store.query(
        "select month, amount_eur, value_status, is_provisional, is_corrected from monthly_grid "
        "where finess = $finess and envelope = $envelope order by month",
        {"finess": page.finess, "envelope": envelope},
    )


def monthly_figures(page: Page) -> tuple[Figure | Notice, ...]:
    """Return the monthly spending of the main envelopes against the two previous years."""
    if page.campaign.is_annual:
        return (needs_months("La dépense mensuelle"),)
    figures = []
    for envelope in _FIGURES_OF_A_SHEET:
        rows = _series(page, envelope)
        if rows[rows["month"].dt.year == page.campaign.year]["amount_eur"].notna().any():
            drawn = monthly_spending(
                rows, year=page.campaign.year, name=str(page.establishment["name"]), envelope=envelope
            )
            figures.append(titled(drawn, envelope_of(page.campaign, envelope).short_label))
    return tuple(figures)


def without_provisional(months: pd.DataFrame) -> pd.DataFrame:
    """Return the months that a cumulative amount may hold: one that can still be completed would bend it."""
    return months[~months["is_provisional"].astype(bool)].reset_index(drop=True)


def landing_of(page: Page, envelope: str) -> pd.Series | None:
    """Return the projection of an envelope, or None when it was not received."""
    own = page.projections[page.projections["envelope"] == envelope]
    return None if own.empty else own.iloc[0]


def cumulative_figure(page: Page) -> Figure | Notice:
    """Return the cumulative spending of the main envelope against its target path, with the projection."""
    if page.campaign.is_annual:
        return needs_months("La trajectoire de l'année")
    rows = _series(page, MAIN_ENVELOPE)
    if not rows[rows["month"].dt.year == page.campaign.year]["amount_eur"].notna().any():
        return Notice("missing", "Trajectoire de l'année", "Aucun mois de l'année n'a été reçu pour la PHMEV.")
    landing = landing_of(page, MAIN_ENVELOPE)
    target = page.target(MAIN_ENVELOPE)
    projection = None
    if landing is not None and not pd.isna(landing["median_eur"]):
        projection = Projection(Decimal(landing["median_eur"]), METHOD)
    return cumulative_path(
        without_provisional(rows),
        year=page.campaign.year,
        name=str(page.establishment["name"]),
        envelope=MAIN_ENVELOPE,
        target_pct=target.value,
        target_label=target.noun,
        projection=projection,
        notes=[target.label],
    )


def projection_table(page: Page) -> Table | Notice:
    """Return the year-end projection of every envelope, its method named."""
    if page.campaign.is_annual:
        return needs_months("L'atterrissage de l'année")
    rows = ordered_by_envelope(page.projections).reset_index(drop=True)
    frame = rows.assign(
        label=[envelope_of(page.campaign, code).label for code in rows["envelope"]],
        target=[page.target(code).short_label for code in rows["envelope"]],
    )
    year = page.campaign.year
    return Table.from_frame(
        frame,
        caption=f"Projection de l'année {year} par la {METHOD}",
        columns=[
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.compact_amount("observed_eur", f"Observé à M{page.campaign.settled_month_nb}"),
            ColumnFormat.compact_amount("median_eur", f"Projeté {year}"),
            ColumnFormat.compact_amount("previous_eur", f"Réalisé {year - 1}"),
            ColumnFormat.percent("evolution_pct", "Évolution projetée", signed=True),
            ColumnFormat.text("target", "Comparée à"),
            ColumnFormat.text("reason", "Fondement"),
        ],
        notes=[
            "Méthode simple, sans intervalle : le cumul observé, divisé par la part moyenne de l'année que "
            "représentaient les mêmes mois les années précédentes."
        ],
    )
