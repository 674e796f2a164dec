"""The invented territory: twelve departments that no French list knows, and towns named by rule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

__all__ = ["REGION", "REGION_NAME", "departments", "of_place", "town_names"]

# No French region has code 96, and no FINESS number, department or postal code begins with 96 or 99.
REGION = "96"
REGION_NAME = "Région de démonstration"

_STEMS = [
    "Vérogn",
    "Orméc",
    "Thalib",
    "Corvad",
    "Brasil",
    "Luzar",
    "Quélan",
    "Farvi",
    "Gélor",
    "Mirvan",
    "Sorval",
    "Estéb",
    "Noirvan",
    "Haulon",
    "Pénach",
    "Dravi",
    "Bélus",
    "Cheval",
    "Tourmel",
    "Ancel",
    "Jarvis",
    "Rémol",
    "Solign",
    "Vaucel",
    "Fontanv",
    "Ombrel",
    "Garvan",
    "Lestour",
    "Marvill",
    "Ruffal",
    "Clairs",
    "Névac",
    "Argel",
    "Tréval",
    "Échal",
    "Plouvar",
    "Ysval",
    "Beaurig",
    "Montarv",
    "Grandel",
]
_ENDINGS = [
    "ac",
    "an",
    "ars",
    "as",
    "ay",
    "é",
    "eau",
    "elle",
    "ens",
    "ette",
    "euil",
    "ey",
    "ières",
    "ieux",
    "igny",
    "illon",
    "in",
    "ine",
    "oire",
    "on",
    "onne",
    "ort",
    "ossan",
    "oux",
]
_RIVERS = [
    "Lorve",
    "Aubre",
    "Iroul",
    "Mirande",
    "Thélys",
    "Sauvie",
    "Cendre",
    "Vernelle",
    "Ombrée",
    "Estère",
    "Orbiane",
    "Valoise",
]
_VOWELS = "AEIOUYÉÈÊÎÔaeiouyéèêîô"


@cache
def _departments() -> pd.DataFrame:
    source = files("caqes_analysis.simulation").joinpath("departments.csv")
    with source.open(encoding="utf-8") as text:
        return pd.read_csv(text, sep=";", dtype={"code": str, "name": str, "row": int, "column": int})


def departments() -> pd.DataFrame:
    """Return the twelve invented departments and their place on a tile grid.

    Returns
    -------
    DataFrame
        ``code`` (text, three characters), ``name``, ``row`` and ``column`` (integers from 0, from the top left),
        in the order of the codes.

    Examples
    --------
    >>> departments().head(2)
      code         name  row  column
    0  961     Aubraine    0       1
    1  962  Basse-Lorve    0       2
    """
    return _departments().copy()


def of_place(name: str) -> str:
    """Return a place's name after « de », elided as French does.

    Examples
    --------
    >>> of_place("Orméceau"), of_place("Bélusac")
    ("d'Orméceau", 'de Bélusac')
    """
    return f"d'{name}" if name[0] in _VOWELS else f"de {name}"


def town_names(random: np.random.Generator) -> Iterator[str]:
    """Yield invented towns, all different: first the plain names in random order, then « … -sur-… ».

    Parameters
    ----------
    random
        Generator that decides the order.
    """
    plain = [stem + ending for stem in _STEMS for ending in _ENDINGS]
    plain = [plain[i] for i in random.permutation(len(plain))]
    yield from plain
    for river in _RIVERS:
        yield from (f"{town}-sur-{river}" for town in plain)
