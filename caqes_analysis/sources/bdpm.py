"""The public drug database (base de données publique des médicaments): four files without header or quoting."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.cells import CellError, parse_text
from caqes_analysis.sources.code_cells import digits, optional_text, parse_atc, parse_bdpm_price, readable_dates
from caqes_analysis.sources.delimited import check_shapes, grid_of, read_records
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row
from caqes_analysis.tables import Table

__all__ = ["read_bdpm_classes", "read_bdpm_generics", "read_bdpm_presentations", "read_bdpm_products"]

_PRODUCTS = [
    "code_cis",
    "denomination",
    "forme",
    "voies",
    "statut_amm",
    "procedure",
    "commercialisation",
    "date_amm",
    "statut_bdm",
    "numero_europeen",
    "titulaires",
    "surveillance",
]
_PRESENTATIONS = [
    "code_cis",
    "cip7",
    "libelle",
    "statut",
    "etat_commercialisation",
    "date_declaration",
    "cip13",
    "agrement",
    "taux",
    "prix",
    "prix_honoraire",
    "honoraire",
    "indications",
]
_GENERICS = ["groupe", "libelle", "code_cis", "type", "rang"]
_CLASSES = ["code_cis", "code_atc", "denomination", "lien"]
_CAPITAL, _SMALL = re.compile(r"[^a-zà-ÿ]"), re.compile(r"[^A-ZÀ-Þ]")
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "denomination": _CAPITAL,
    "forme": _SMALL,
    "voies": re.compile(r"[^A-Z]*(ale|ée|née|ire|euse|ique|se|ne)\b"),
    "statut_amm": re.compile("Autorisation (active|a|r|s)"),
    "procedure": re.compile("Proc|Enreg|Autorisation d'importation"),
    "commercialisation": re.compile("(Non c|C)ommercialisée"),
    "date_amm": re.compile(r"[0-9]{2}/"),
    "titulaires": _CAPITAL,
    "surveillance": re.compile("Oui|Non"),
    "statut": re.compile("Présentation"),
    "etat_commercialisation": re.compile("(Déclaration|Arrêt)"),
    "agrement": re.compile("oui|non|inconnu"),
    "lien": re.compile("https?:"),
}
_SEPARATORS = {";": "le point-virgule", ",": "la virgule", "|": "la barre verticale"}
_GENERIC_ROLES = {"0": "reference", "1": "generic", "2": "dose_complementary", "4": "substitutable"}
_RATE = re.compile(r"([0-9]{1,3}) ?%")

_cis = digits(8, "CIS")
_cip7 = digits(7, "CIP7")
_cip13 = digits(13, "CIP13")
Columns = dict[str, list[Any]]


def read_bdpm_products(path: Path, *, delivery: str) -> Received:
    """Read ``CIS_bdpm.txt``: one line a product, 12 positions.

    Parameters
    ----------
    path
        The file as downloaded; UTF-8 and Windows-1252 are both read.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``drug_products``.

    Raises
    ------
    SourceError
        With all that is wrong in the file.
    """

    def columns(grid: Grid, log: ProblemLog) -> Columns:
        return {
            "cis": grid.parsed("code_cis", _cis, log, required=True),
            "name": grid.parsed("denomination", optional_text, log, required=True),
            "form": grid.parsed("forme", optional_text, log),
            "routes": grid.parsed("voies", optional_text, log),
            "authorisation": grid.parsed("statut_amm", optional_text, log),
            "procedure": grid.parsed("procedure", optional_text, log),
            "marketing": grid.parsed("commercialisation", optional_text, log),
            "holders": grid.parsed("titulaires", optional_text, log),
        }

    return _read(path, delivery, _PRODUCTS, tables.DRUG_PRODUCTS, columns, dated=("date_amm", "authorised_on"))


def read_bdpm_presentations(path: Path, *, delivery: str) -> Received:
    """Read ``CIS_CIP_bdpm.txt``: one line a presentation, 13 positions; prices are those of the file's month.

    Parameters
    ----------
    path
        The file as downloaded.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``drug_presentations``. A price that its fee does not explain is kept as received, with a finding.

    Raises
    ------
    SourceError
        With all that is wrong in the file.
    """

    def columns(grid: Grid, log: ProblemLog) -> Columns:
        return {
            "cip13": grid.parsed("cip13", _cip13, log, required=True),
            "cip7": grid.parsed("cip7", _cip7, log, required=True),
            "cis": grid.parsed("code_cis", _cis, log, required=True),
            "label": grid.parsed("libelle", optional_text, log, required=True),
            "status": grid.parsed("statut", optional_text, log),
            "marketing": grid.parsed("etat_commercialisation", optional_text, log),
            "community_approval": grid.parsed("agrement", optional_text, log),
            "reimbursement_rates_pct": grid.parsed("taux", _rates, log),
            "price_eur": grid.parsed("prix", parse_bdpm_price, log),
            "price_with_fee_eur": grid.parsed("prix_honoraire", parse_bdpm_price, log),
            "fee_eur": grid.parsed("honoraire", parse_bdpm_price, log),
        }

    dated = ("date_declaration", "declared_on")
    return _read(path, delivery, _PRESENTATIONS, tables.DRUG_PRESENTATIONS, columns, _price_findings, dated=dated)


def read_bdpm_generics(path: Path, *, delivery: str) -> Received:
    """Read ``CIS_GENER_bdpm.txt``: one line a product of a generic group, 5 positions.

    Parameters
    ----------
    path
        The file as downloaded.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``generic_groups``.

    Raises
    ------
    SourceError
        With all that is wrong in the file.
    """

    def columns(grid: Grid, log: ProblemLog) -> Columns:
        return {
            "source": [delivery] * len(grid.lines),
            "source_line": list(grid.lines),
            "group": grid.parsed("groupe", _whole, log, required=True),
            "group_label": grid.parsed("libelle", optional_text, log, required=True),
            "cis": grid.parsed("code_cis", _cis, log, required=True),
            "role": grid.parsed("type", _generic_role, log, required=True),
            "rank": [None if rank is None else int(rank) for rank in grid.parsed("rang", _whole, log)],
        }

    return _read(path, delivery, _GENERICS, tables.GENERIC_GROUPS, columns)


def read_bdpm_classes(path: Path, *, delivery: str) -> Received:
    """Read ``CIS_MITM.txt``: ATC classes of the products of major therapeutic interest, 4 positions.

    Parameters
    ----------
    path
        The file as downloaded.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``drug_classes``.

    Raises
    ------
    SourceError
        With all that is wrong in the file.
    """

    def columns(grid: Grid, log: ProblemLog) -> Columns:
        return {
            "cis": grid.parsed("code_cis", _cis, log, required=True),
            "atc": grid.parsed("code_atc", parse_atc, log, required=True),
            "name": grid.parsed("denomination", optional_text, log, required=True),
        }

    return _read(path, delivery, _CLASSES, tables.DRUG_CLASSES, columns)


def _read(
    path: Path,
    delivery: str,
    positions: Sequence[str],
    table: Table,
    columns: Callable[[Grid, ProblemLog], Columns],
    notice: Callable[[str, Grid, pd.DataFrame], list[Finding]] | None = None,
    *,
    dated: tuple[str, str] | None = None,
) -> Received:
    path = Path(path)
    records, ends_without_newline = read_records(path, separator="\t", quoted=False)
    log = ProblemLog(path.name)
    grid = grid_of(path.name, records, positions, log, ends_without_newline=ends_without_newline, wrong=_SEPARATORS)
    check_shapes(grid, {name: _SHAPES[name] for name in positions if name in _SHAPES}, log)
    read = columns(grid, log)
    found: list[Finding] = []
    if dated:
        read[dated[1]], found = readable_dates(grid, dated[0], log, delivery=delivery)
    key = ("group", "cis") if table is tables.GENERIC_GROUPS else table.key
    glued = "Télécharger de nouveau le fichier : deux versions ont été collées."
    log.extend(grid.repeated({name: read[name] for name in key}, remedy=glued))
    log.raise_if_any()
    rows = table.conform(pd.DataFrame(read))
    table.validate(rows)
    findings = Findings(found) + (notice(delivery, grid, rows) if notice else []) + common_findings(delivery, grid)
    return Received(rows, findings, delivery_row(path, delivery=delivery, period=None, rows_nb=len(rows)))


def _price_findings(delivery: str, grid: Grid, rows: pd.DataFrame) -> list[Finding]:
    def cents(name: str) -> list[Decimal | None]:
        return [None if pd.isna(value) else value for value in rows[name]]

    odd = [
        place
        for place, (price, whole, fee) in enumerate(
            zip(cents("price_eur"), cents("price_with_fee_eur"), cents("fee_eur"), strict=True)
        )
        if (price is None) != (whole is None) or (price is not None and whole != price + (fee or 0))
    ]
    if not odd:
        return []
    first = rows.iloc[odd[0]]
    return [
        Finding(
            delivery,
            "PRIX_INCOHERENT",
            "prix, prix_honoraire, honoraire",
            "warning",
            len(odd),
            f"CIP13 {first['cip13']} : {first['price_eur']} ; {first['price_with_fee_eur']} ; {first['fee_eur']} "
            f"(ligne {grid.lines[odd[0]]})",
            "Le prix avec honoraire n'est pas la somme du prix et de l'honoraire : gardés tels que reçus, à ne pas "
            "employer sans vérifier sur la base publique.",
        )
    ]


def _rates(cell: Any) -> str | None:
    text = parse_text(cell)
    if not text:
        return None
    found = [_RATE.fullmatch(part.strip()) for part in text.split(";")]
    if not all(found):
        raise CellError(
            "TAUX_ILLISIBLE", "ce n'est pas un taux de remboursement.", "Télécharger de nouveau le fichier."
        )
    return ";".join(match[1] for match in found if match)


def _whole(cell: Any) -> str | None:
    text = parse_text(cell)
    if text and not (text.isascii() and text.isdigit()):
        raise CellError("NOMBRE_ILLISIBLE", "un nombre entier est attendu.", "Télécharger de nouveau le fichier.")
    return text or None


def _generic_role(cell: Any) -> str | None:
    text = parse_text(cell)
    if text and text not in _GENERIC_ROLES:
        raise CellError(
            "TYPE_DE_GENERIQUE_INCONNU",
            f"les types connus sont {', '.join(_GENERIC_ROLES)}.",
            "Vérifier la notice de la base : un type a peut-être été ajouté.",
        )
    return _GENERIC_ROLES.get(text)
