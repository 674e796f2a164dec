"""Checks of built pages."""

from pathlib import Path
from caqes_analysis.errors import Problem

__all__ = ["check_site"]


def check_site(site: Path) -> list[Problem]:
    return []
