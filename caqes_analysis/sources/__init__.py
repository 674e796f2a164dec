"""Readers: one module per format received. They return rows and findings and never repair silently."""

from caqes_analysis.sources.activity import read_activity
from caqes_analysis.sources.atih import AtihReceived, ingest_atih, read_atih
from caqes_analysis.sources.column_mapping import ColumnMapping, known_mappings, load_mapping
from caqes_analysis.sources.contracts import read_contracts
from caqes_analysis.sources.declared import DeclaredItem, read_declared, write_declared_form
from caqes_analysis.sources.establishments import read_establishments
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.lpp_spend import read_lpp_spend
from caqes_analysis.sources.mapped_table import read_mapped
from caqes_analysis.sources.monthly_spend import read_monthly_spend
from caqes_analysis.sources.open_phmev import ingest_open_phmev, read_open_phmev
from caqes_analysis.sources.prescriber_spend import read_prescriber_spend
from caqes_analysis.sources.received import Received

__all__ = [
    "AtihReceived",
    "ColumnMapping",
    "DeclaredItem",
    "Finding",
    "Findings",
    "Received",
    "ingest_atih",
    "ingest_open_phmev",
    "known_mappings",
    "load_mapping",
    "read_activity",
    "read_atih",
    "read_contracts",
    "read_declared",
    "read_establishments",
    "read_lpp_spend",
    "read_mapped",
    "read_monthly_spend",
    "read_open_phmev",
    "read_prescriber_spend",
    "write_declared_form",
]
