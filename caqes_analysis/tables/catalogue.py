"""The catalogue of tidy tables."""

from __future__ import annotations

from caqes_analysis.errors import CaqesError
from caqes_analysis.tables.changes import CHANGE_CAUSES, CHANGES
from caqes_analysis.tables.computed import (
    EVALUATIONS,
    EVOLUTIONS,
    FORECAST_CHANCES,
    FORECAST_TRIALS,
    FORECASTS,
    INDICATOR_TRENDS,
    INDICATOR_VALUES,
    INDICATORS,
    LIFETIMES,
    MONTHLY_GRID,
    REGIONAL_CONTEXT,
    SUCCESSIONS,
    TARGETS,
)
from caqes_analysis.tables.definition import Table
from caqes_analysis.tables.estimates import SAVING_ESTIMATES, SAVING_SENSITIVITY
from caqes_analysis.tables.products import ANNUAL_DRUG_CLASSES, LEVER_PRODUCTS, SAVING_PRODUCTS
from caqes_analysis.tables.received import (
    ACTIVITY,
    ANNUAL_DRUG_SPEND,
    CONTRACTS,
    CORRECTIONS,
    DELIVERIES,
    ESTABLISHMENTS,
    EXTRA_LIST_USE,
    FINDINGS,
    GRID_ANSWERS,
    LPP_SPEND,
    MONTHLY_SPEND,
    PRESCRIBER_SPEND,
)
from caqes_analysis.tables.reference import (
    BIOSIMILAR_GROUPS,
    CODE_LISTS,
    DRUG_CLASSES,
    DRUG_PRESENTATIONS,
    DRUG_PRODUCTS,
    EXTRA_LIST_EVENTS,
    EXTRA_LIST_INDICATIONS,
    EXTRA_LIST_PERIODS,
    EXTRA_LIST_TARIFFS,
    FINESS_SITES,
    GENERIC_GROUPS,
)
from caqes_analysis.tables.savings import LEVERS, SAVINGS
from caqes_analysis.tables.successive import CUMULATIVE_SPEND, REPLACED_SPEND, RESTATED_VALUES

__all__ = ["ALL_TABLES", "table_named"]

ALL_TABLES: tuple[Table, ...] = (
    ESTABLISHMENTS,
    CONTRACTS,
    DELIVERIES,
    FINDINGS,
    MONTHLY_SPEND,
    REPLACED_SPEND,
    RESTATED_VALUES,
    CUMULATIVE_SPEND,
    ANNUAL_DRUG_SPEND,
    LPP_SPEND,
    PRESCRIBER_SPEND,
    EXTRA_LIST_USE,
    ACTIVITY,
    GRID_ANSWERS,
    CORRECTIONS,
    SUCCESSIONS,
    LIFETIMES,
    MONTHLY_GRID,
    ANNUAL_DRUG_CLASSES,
    EVOLUTIONS,
    INDICATORS,
    INDICATOR_VALUES,
    INDICATOR_TRENDS,
    TARGETS,
    FORECASTS,
    FORECAST_TRIALS,
    FORECAST_CHANCES,
    EVALUATIONS,
    SAVINGS,
    SAVING_PRODUCTS,
    SAVING_ESTIMATES,
    SAVING_SENSITIVITY,
    LEVERS,
    LEVER_PRODUCTS,
    CHANGES,
    CHANGE_CAUSES,
    REGIONAL_CONTEXT,
    FINESS_SITES,
    DRUG_PRODUCTS,
    DRUG_PRESENTATIONS,
    DRUG_CLASSES,
    GENERIC_GROUPS,
    BIOSIMILAR_GROUPS,
    EXTRA_LIST_EVENTS,
    EXTRA_LIST_INDICATIONS,
    EXTRA_LIST_PERIODS,
    EXTRA_LIST_TARIFFS,
    CODE_LISTS,
)


def table_named(name: str) -> Table:
    """Return the table of that name.

    Raises
    ------
    CaqesError
        ``TABLE_INCONNUE``, with the names that exist.
    """
    for table in ALL_TABLES:
        if table.name == name:
            return table
    known = ", ".join(table.name for table in ALL_TABLES)
    raise CaqesError.of("TABLE_INCONNUE", f"aucune table ne s'appelle {name!r}.", f"Tables connues : {known}.")
