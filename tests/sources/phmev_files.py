"""Small Open PHMEV files in the real layout, for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

HEADER = (
    "atc1;l_atc1;atc2;L_ATC2;atc3;L_ATC3;atc4;L_ATC4;ATC5;L_ATC5;CIP13;l_cip13;TOP_GEN;GEN_NUM;age;SEXE;etb_rgt;"
    "categorie_jur;categorie_jur_rgt;code_postal;nom_etb;nom_ville;nom_voie;numero_voie;raison_sociale_etb;top_etb_age;"
    "top_etb_sexe;region_etb;BOITES;REM;BSE"
)
NAMES = tuple(HEADER.lower().split(";"))
_PLAIN = {
    "atc1": "N",
    "l_atc1": "SYSTEME NERVEUX",
    "atc2": "N05",
    "l_atc2": "PSYCHOLEPTIQUES",
    "atc3": "N05B",
    "l_atc3": "ANXIOLYTIQUES",
    "atc4": "N05BA",
    "l_atc4": "DÉRIVÉS DE LA BENZODIAZÉPINE",
    "atc5": "N05BA04",
    "l_atc5": "OXAZEPAM",
    "cip13": "3400930959695",
    "l_cip13": "SERESTA 50MG CPR 20",
    "top_gen": "4",
    "gen_num": "0",
    "age": "60",
    "sexe": "2",
    "etb_rgt": "330781196",
    "categorie_jur": "chr",
    "categorie_jur_rgt": "CHU",
    "code_postal": "33076",
    "nom_etb": "CHU D’ICI",
    "nom_ville": "BORDEAUX CEDEX",
    "nom_voie": "DES ÉCOLES",
    "numero_voie": "12",
    "raison_sociale_etb": "CENTRE HOSPITALIER D’ICI",
    "top_etb_age": "1",
    "top_etb_sexe": "0",
    "region_etb": "75",
    "boites": "1564",
    "rem": "2.790,02",
    "bse": "2.955,96",
}


def row(**changes: str) -> dict[str, str]:
    """One plausible row, with some values changed."""
    assert set(changes) <= set(NAMES), changes
    return {**_PLAIN, **changes}


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(mark in value for mark in ';"') else value


def line(values: dict[str, str], names: Iterable[str] = NAMES) -> str:
    return ";".join(quoted(values[name]) for name in names)


def content(
    rows: Iterable[dict[str, str]], *, header: str = HEADER, encoding: str = "cp1252", names: Iterable[str] = NAMES
) -> bytes:
    names = tuple(names)
    return ("\r\n".join([header, *(line(values, names) for values in rows)]) + "\r\n").encode(encoding)


def write(directory: Path, data: bytes, name: str = "OPEN_PHMEV_2024.CSV") -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


def write_zip(directory: Path, members: dict[str, bytes], name: str = "OPEN_PHMEV_2024.zip") -> Path:
    path = directory / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return path
