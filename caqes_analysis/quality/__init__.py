"""Can the figures be trusted? Completeness, outliers, corrections, restatements, reconciled totals."""

from caqes_analysis.quality.completeness import completeness, missing_months
from caqes_analysis.quality.contracts import check_contracts
from caqes_analysis.quality.controls import check_received
from caqes_analysis.quality.corrections import (
    Register,
    apply_corrections,
    read_corrections,
    read_register,
    without_corrected,
)
from caqes_analysis.quality.development import completed_months
from caqes_analysis.quality.outliers import find_outliers
from caqes_analysis.quality.perimeter_changes import may_have_changed, perimeter_changes
from caqes_analysis.quality.reconciliation import UNMATCHED_WORDS, reconciliation, unmatched_years

__all__ = [
    "UNMATCHED_WORDS",
    "Register",
    "apply_corrections",
    "check_contracts",
    "check_received",
    "completed_months",
    "completeness",
    "find_outliers",
    "may_have_changed",
    "missing_months",
    "perimeter_changes",
    "read_corrections",
    "read_register",
    "reconciliation",
    "unmatched_years",
    "without_corrected",
]
