"""What the contracts ask: targets and benchmarks, and later the rules of each scheme, as data."""

from caqes_analysis.schemes.target_files import read_targets
from caqes_analysis.schemes.targets import (
    ENVELOPE_SUBJECTS,
    SUBJECT_LABELS,
    Target,
    TargetStatus,
    subjects_of_envelope,
    target_for,
    target_for_envelope,
)

__all__ = [
    "ENVELOPE_SUBJECTS",
    "SUBJECT_LABELS",
    "Target",
    "TargetStatus",
    "read_targets",
    "subjects_of_envelope",
    "target_for",
    "target_for_envelope",
]
