"""Envelopes received by cumulative deliveries (M3, M6, M9): what is known of them, at which months."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import as_sentence, envelope_of
from caqes_analysis.display import Figure, Notice
from caqes_analysis.display.charts_quarters import cumulative_points
from caqes_analysis.forecast.series import spread_cumuls
from caqes_analysis.perimeter import GRID_TO_DATE

__all__ = ["cumuls_figure", "cumuls_of", "is_by_cumuls", "only_cumuls_words", "spread_months", "spread_note"]


def cumuls_of(months: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the amounts since January at the months of cumuls, when months of a year are known by them alone.

    Parameters
    ----------
    months
        As :func:`~caqes_analysis.indicators.evolution.comparable_months` returns them, of one group.
    year
        Year drawn.

    Returns
    -------
    DataFrame
        ``month`` (number)``, now_eur, before_eur, is_provisional``, up to the first month that no cumul covers; empty
        when no month is known by a cumul alone. ``before_eur`` is missing from the first month on that the year before
        does not have: a part of a year is no base.
    """
    of_year = {
        when: rows.set_index(rows["month"].dt.month).sort_index()
        for when, rows in months[months["month"].dt.year >= year - 1].groupby(months["month"].dt.year)
    }
    now, before = (of_year.get(when, months.iloc[:0]) for when in (year, year - 1))
    is_within = now["amount_eur"].isna() & (now["by_cumul_nb"] > 0)
    rows = []
    now_eur, before_eur = Decimal(0), Decimal(0)
    is_compared = True
    for month in now.index if is_within.any() else []:
        amount = now["amount_eur"][month]
        if pd.isna(amount):
            if not is_within[month]:
                break
            continue
        earlier = before["amount_eur"].get(month)
        is_compared = is_compared and earlier is not None and not pd.isna(earlier)
        now_eur += amount
        before_eur += earlier if is_compared else 0
        rows.append((month, now_eur, before_eur if is_compared else None, bool(now["is_provisional"][month])))
    return pd.DataFrame(rows, columns=["month", "now_eur", "before_eur", "is_provisional"])


def is_by_cumuls(months: pd.DataFrame, year: int) -> bool:
    """Say whether cumulative deliveries gave amounts of a year; ``months`` are those of a sheet."""
    return bool(months.loc[months["month"].dt.year == year, "cumulative_eur"].notna().any())


def only_cumuls_words(labels: Sequence[str]) -> str:
    """Return why no month is drawn of envelopes received by cumuls; nothing without envelope.

    Examples
    --------
    >>> only_cumuls_words(["LPP"])
    "LPP : reçue en cumul depuis janvier, la dépense de chaque mois n'est pas connue."
    """
    if not labels:
        return ""
    received = "reçue" if len(labels) == 1 else "reçues"
    return (
        f"{french.list_in_words(labels)} : {received} en cumul depuis janvier, "
        "la dépense de chaque mois n'est pas connue."
    )


def spread_months(months: pd.DataFrame) -> pd.DataFrame:
    """Return the months of a sheet as forecasts read them: those known by cumuls alone in equal parts (``is_spread``).

    Parameters
    ----------
    months
        As :meth:`~caqes_analysis.chapters.page.Page.months` returns them.
    """
    rows = months[months["value_status"] != "not_applicable"].reset_index(drop=True)
    return spread_cumuls(rows)


def spread_note(months: pd.DataFrame, year: int) -> list[str]:
    """Say that months of a year were received by cumuls and are shown in equal parts; often nothing."""
    is_spread = months["is_spread"] & (months["month"].dt.year == year)
    return [f"Année {year} reçue en cumul : ses mois sont répartis en parts égales."] if is_spread.any() else []


def cumuls_figure(page: Page) -> Figure | Notice:
    """Return the path of a year that is known by cumuls alone (M3, M6, M9), its months never drawn.

    A year before in the course of which the establishment opened is no base: no rate, and nothing to compare.
    """
    points = page.store.query(
        f"""
        with dated as (
          select *, bool_or(value_status = 'not_applicable') over (partition by year order by m) as is_part
          from ({GRID_TO_DATE}) where finess = $finess and envelope = $envelope
        )
        select n.m as month, n.to_date_eur as now_eur, case when not b.is_part then b.to_date_eur end as before_eur,
               n.is_provisional
        from dated n left join dated b on b.year = n.year - 1 and b.m = n.m
        where n.year = $year and n.cumulative_eur is not null order by n.m
        """,
        {"finess": page.finess, "envelope": page.lead_envelope, "year": page.campaign.year},
    )
    if points.empty:
        label = envelope_of(page.campaign, page.lead_envelope).short_label
        return Notice("missing", "Trajectoire de l'année", f"{label} : aucun mois de l'année n'a été reçu.")
    target = page.target(page.lead_envelope)
    return cumulative_points(
        points,
        year=page.campaign.year,
        name=str(page.establishment["name"]),
        envelope=page.lead_envelope,
        target_pct=target.value,
        target_label=target.noun,
        notes=[as_sentence(target.label)] if points["before_eur"].notna().any() else [],
    )
