"""Can the figures be trusted? Completeness, outliers, corrections, restatements, totals of one source against another."""

from caqes_analysis.quality.completeness import completeness, missing_months
from caqes_analysis.quality.perimeter_changes import perimeter_changes
from caqes_analysis.quality.reconciliation import reconciliation

__all__ = ["completeness", "missing_months", "perimeter_changes", "reconciliation"]
