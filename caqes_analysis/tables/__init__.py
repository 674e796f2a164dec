"""The tidy tables: one definition gives validation, storage types, documentation and published schema."""

from caqes_analysis.tables.catalogue import ALL_TABLES, table_named
from caqes_analysis.tables.computed import EVOLUTIONS, FORECASTS, INDICATOR_VALUES, MONTHLY_GRID, SUCCESSIONS, TARGETS
from caqes_analysis.tables.definition import Column, Kind, Table, from_arrow
from caqes_analysis.tables.parts import (
    AMOUNT_KINDS,
    DATE_BASES,
    DISCLOSURE_STATUSES,
    FINESS_PATTERN,
    TARGET_STATUSES,
    TAXES,
    VALUE_STATUSES,
)
from caqes_analysis.tables.received import (
    ACTIVITY,
    ANNUAL_DRUG_SPEND,
    CONTRACTS,
    CORRECTIONS,
    DELIVERIES,
    ESTABLISHMENTS,
    EXTRA_LIST_USE,
    FINDINGS,
    LPP_SPEND,
    MONTHLY_SPEND,
)

__all__ = [
    "ACTIVITY",
    "ALL_TABLES",
    "AMOUNT_KINDS",
    "ANNUAL_DRUG_SPEND",
    "CONTRACTS",
    "CORRECTIONS",
    "DATE_BASES",
    "DELIVERIES",
    "DISCLOSURE_STATUSES",
    "ESTABLISHMENTS",
    "EVOLUTIONS",
    "EXTRA_LIST_USE",
    "FINDINGS",
    "FINESS_PATTERN",
    "FORECASTS",
    "INDICATOR_VALUES",
    "LPP_SPEND",
    "MONTHLY_GRID",
    "MONTHLY_SPEND",
    "SUCCESSIONS",
    "TARGETS",
    "TARGET_STATUSES",
    "TAXES",
    "VALUE_STATUSES",
    "Column",
    "Kind",
    "Table",
    "from_arrow",
    "table_named",
]
