"""Readers: one module per format received. They return rows and findings and never repair silently."""

from caqes_analysis.sources.contracts import read_contracts
from caqes_analysis.sources.establishments import read_establishments
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.monthly_spend import read_monthly_spend
from caqes_analysis.sources.open_phmev import ingest_open_phmev, read_open_phmev
from caqes_analysis.sources.received import Received

__all__ = [
    "Finding",
    "Findings",
    "Received",
    "ingest_open_phmev",
    "read_contracts",
    "read_establishments",
    "read_monthly_spend",
    "read_open_phmev",
]
