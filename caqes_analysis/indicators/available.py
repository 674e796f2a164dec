"""Which indicators of the catalogue a campaign's data fill, over which period, and why the others are empty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.code_lists import CodeList
from caqes_analysis.indicators.compute import missing_code_lists
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition
from caqes_analysis.parameter_checks import STORED

__all__ = ["available_indicators", "read_measure", "stored_definition"]

_SOURCES: Final = {
    "annual_drug_spend": "la base Open PHMEV",
    "monthly_grid": "les dépenses mensuelles",
    "lpp_spend": "les dépenses LPP par code",
    "extra_list_use": "la liste en sus par code",
    "activity": "l'activité déclarée",
}


def read_measure(definition: IndicatorDefinition) -> str:
    """Return the measure that is read first: the one that the objective bears on, else the main one."""
    return definition.target.measure if definition.target else definition.main_measure


def available_indicators(
    definitions: Iterable[IndicatorDefinition],
    trends: pd.DataFrame,
    *,
    year: int,
    received: Collection[str],
    code_lists: Mapping[str, CodeList],
) -> pd.DataFrame:
    """Return the catalogue of a campaign, with the period at which each indicator is read.

    Parameters
    ----------
    definitions
        The whole catalogue.
    trends
        Table ``indicator_trends``.
    year
        Data year of the campaign. What was last known more than a year before is not shown.
    received
        Names of the tables that hold anything.
    code_lists
        Code lists by identifier.

    Returns
    -------
    DataFrame
        Table ``indicators``, ordered by identifier.
    """
    definitions = sorted(definitions, key=lambda one: one.id)
    region = trends[
        (trends["level"] == "region") & (trends["perimeter"] == CURRENT_PERIMETER) & trends["value"].notna()
    ]
    last_years = {
        str(name): int(year) for name, year in region["period"].str[:4].groupby(region["indicator"]).max().items()
    }
    periods: dict[tuple[str, str], list[str]] = {}
    for indicator, measure, period in zip(region["indicator"], region["measure"], region["period"], strict=True):
        if int(period[:4]) >= year - 1:
            periods.setdefault((indicator, measure), []).append(period)
    lacking = missing_code_lists(definitions, code_lists)
    rows = []
    for one in definitions:
        # The last year first, and of a year the whole rather than its first months.
        known = {
            measure: max(periods[one.id, measure], key=lambda period: (period[:4], len(period) == 4))
            for measure in (read_measure(one), one.main_measure)
            if (one.id, measure) in periods and one.status == "published"
        }
        measure = next(iter(known), None)
        rows.append(
            {
                "indicator": one.id,
                "name": one.name,
                "short_name": one.short_name,
                "status": one.status,
                "theme": one.theme,
                "volet": one.volet,
                "schemes": ",".join(one.schemes) or None,
                "period": known.get(measure or ""),
                "measure": measure,
                "reason": None
                if measure
                else _why_empty(one, lacking.get(one.id, ()), received, last_years.get(one.id)),
                "definition": one.model_dump_json(exclude_defaults=True),
            }
        )
    return tables.INDICATORS.conform(pd.DataFrame(rows, columns=tables.INDICATORS.column_names))


def _why_empty(
    one: IndicatorDefinition, lists: Collection[str], received: Collection[str], last_year: int | None
) -> str:
    if one.status == "archived":
        return "définition archivée"
    if one.status == "draft":
        given = f"{french.NBSP}: {' ; '.join(one.to_provide)}" if one.to_provide else ""
        return f"définition à compléter{given}"
    if lists:
        return f"liste de codes à fournir{french.NBSP}: {', '.join(lists)}"
    absent = [_SOURCES[table] for table in sorted(one.tables) if table not in received]
    if absent:
        return f"source non reçue{french.NBSP}: {french.list_in_words(absent)}"
    if last_year is not None:
        return f"les données reçues ne le renseignent que jusqu'en {last_year}"
    return "les données reçues ne le renseignent pas"


def stored_definition(text: str) -> IndicatorDefinition:
    """Return the definition that the table ``indicators`` keeps.

    Parameters
    ----------
    text
        Its column ``definition``.
    """
    return IndicatorDefinition.model_validate_json(text, context=STORED)
