"""Lines of reference files, as public bodies write them, with values of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from caqes_analysis.sources.finess import SITE_POSITIONS

SITE: Mapping[str, str] = {
    "section": "structureet",
    "nofinesset": "990000011",
    "nofinessej": "990000001",
    "rs": "CH D'ESSAI",
    "rslongue": "CENTRE HOSPITALIER D'ESSAI",
    "departement": "99",
    "ligneacheminement": "99100 ESSAI CEDEX 02",
    "categetab": "355",
    "libcategetab": "Centre Hospitalier (C.H.)",
    "codesph": "1",
    "libsph": "Etablissement public de santé",
    "dateouv": "1979-02-13",
    "datemaj": "2020-02-04",
}


def site(**cells: str) -> str:
    """One line « structureet » of 32 positions."""
    row = {**SITE, **cells}
    return ";".join(row.get(name, "") for name in SITE_POSITIONS)


def written(path: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    """Write lines, the last one ended too."""
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path
