"""Outlines of departments, from a GeoJSON file that the region names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from caqes_analysis.errors import CampaignError
from caqes_analysis.system_reasons import system_reason

__all__ = ["read_outlines"]

Ring = list[tuple[float, float]]
_HOW = "Donner un GeoJSON de polygones dont chaque entité a properties.code, en longitudes et latitudes."


def read_outlines(path: Path) -> dict[str, list[Ring]]:
    """Read the outlines of departments.

    Parameters
    ----------
    path
        GeoJSON (RFC 7946): a collection of polygons or multipolygons, each with ``properties.code``.

    Returns
    -------
    dict
        By code of department, its outer rings as longitudes and latitudes.

    Raises
    ------
    CampaignError
        ``CARTE_ILLISIBLE`` when the file cannot be opened, or is something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        features = content["features"]
        outlines = {str(one["properties"]["code"]): _rings(one["geometry"]) for one in features}
    except OSError as failure:
        raise _unreadable(path, system_reason(failure) or str(failure)) from failure
    except (ValueError, KeyError, TypeError, IndexError) as failure:
        raise _unreadable(path, "ce n'est pas un GeoJSON de départements") from failure
    if not outlines:
        raise _unreadable(path, "il ne contient aucun département")
    return outlines


def _rings(geometry: Any) -> list[Ring]:
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    elif geometry["type"] != "MultiPolygon":
        raise ValueError(geometry["type"])
    return [[(float(point[0]), float(point[1])) for point in polygon[0]] for polygon in polygons]


def _unreadable(path: Path, why: str) -> CampaignError:
    return CampaignError.of("CARTE_ILLISIBLE", f"la carte ne peut pas être lue : {why}.", _HOW, file=path.name)
