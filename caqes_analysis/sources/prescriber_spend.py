"""Spending by prescriber or service: what a region's extract adds to the yearly bases, product by product."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.identifiers import UCD13_HEAD, short_code
from caqes_analysis.sources.cells import CellError, parse_amount, parse_finess, parse_text
from caqes_analysis.sources.code_cells import optional_text
from caqes_analysis.sources.column_mapping import ColumnMapping, Columns
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid, read_grid
from caqes_analysis.sources.mapped_cells import parse_year
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["PLAIN_PRESCRIBERS", "has_valid_key", "read_prescriber_spend"]

PLAIN_PRESCRIBERS = ColumnMapping(
    title="Dépenses par prescripteur, une ligne par établissement, année, prescripteur et produit",
    table="prescriber_spend",
    columns=Columns(
        finess="finess",
        year="annee",
        prescriber="prescripteur",
        prescriber_label="libelle",
        item="code",
        quantity="boites",
        amount="montant",
    ),
)
"""The package's own layout: ``finess;annee;prescripteur;libelle;code;boites;montant``."""
_RPPS: Final = re.compile(r"[0-9]{11}")
_CODE: Final = re.compile(r"[0-9]{7}|[0-9]{13}")
_UNITS_DECIMALS_NB: Final = 3
_CIP_DIGITS_NB: Final = 13


def read_prescriber_spend(path: Path, *, delivery: str, mapping: ColumnMapping | None = None) -> Received:
    """Read a list of spending by prescriber or service, CSV or XLSX.

    Parameters
    ----------
    path
        The file.
    delivery
        Identifier of the delivery.
    mapping
        Its layout; by default ``finess;annee;prescripteur;libelle;code;boites;montant``.

    Returns
    -------
    Received
        Rows of ``prescriber_spend``. Eleven digits are an RPPS, anything else the code of a service; an RPPS whose key
        is wrong is kept, and told.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    layout = mapping or PLAIN_PRESCRIBERS
    names = {part: plain_name(header) for part, header in layout.columns.named().items()}
    label = names.pop("prescriber_label", None)
    grid = read_grid(
        path,
        required=tuple(names.values()),
        optional=(label,) if label else (),
        separators=layout.separator,
    )
    unread = {plain_name(name) for name in layout.ignore}
    grid = replace(grid, ignored=tuple(name for name in grid.ignored if plain_name(name) not in unread))
    rows = _rows(grid, names, label, delivery)
    tables.PRESCRIBER_SPEND.validate(rows)
    years = sorted(set(rows["year"]))
    period = None if not years else f"{years[0]}" if len(years) == 1 else f"{years[0]} à {years[-1]}"
    described = delivery_row(path, delivery=delivery, period=period, rows_nb=len(rows))
    told = [*_wrong_keys(delivery, rows, grid), *_parts_of_boxes(delivery, rows, grid)]
    return Received(rows, Findings([*told, *common_findings(delivery, grid)]), described)


def _rows(grid: Grid, names: dict[str, str], label: str | None, delivery: str) -> pd.DataFrame:
    log = ProblemLog(grid.file)
    columns: dict[str, list[Any]] = {
        "finess": grid.parsed(names["finess"], parse_finess, log, required=True),
        "year": grid.parsed(names["year"], parse_year, log, required=True),
        "prescriber": grid.parsed(names["prescriber"], _parse_prescriber, log, required=True),
        "code": grid.parsed(names["item"], _parse_code, log, required=True),
    }
    log.extend(
        grid.repeated(
            columns,
            what="ce prescripteur a déjà ce produit, la même année,",
            remedy="Additionner les deux lignes, ou n'en garder qu'une.",
        )
    )
    columns |= {
        "prescriber_label": grid.parsed(label, _parse_label, log) if label else [None] * len(grid.lines),
        "boxes_nb": grid.parsed(names["quantity"], _parse_units, log),
        "reimbursed_eur": grid.parsed(names["amount"], parse_amount, log),
    }
    log.raise_if_any()
    frame = pd.DataFrame(columns)
    kinds = ["rpps" if _RPPS.fullmatch(text) else "service" for text in frame["prescriber"]]
    return tables.PRESCRIBER_SPEND.conform(
        frame.assign(
            prescriber_kind=kinds,
            value_status=[_status(amount) for amount in columns["reimbursed_eur"]],
        ),
        delivery=delivery,
        is_provisional=False,
        is_corrected=False,
    )


def _status(amount: Any) -> str:
    if amount is None:
        return "missing"
    return "reported" if amount else "zero"


def _parse_prescriber(cell: Any) -> str:
    """Return an RPPS without the spaces typed in it, or the code of a service as it is."""
    text = " ".join(parse_text(cell).split())
    bare = text.replace(" ", "")
    return bare if _RPPS.fullmatch(bare) else text


def _parse_label(cell: Any) -> str | None:
    text = optional_text(cell)
    if text and _RPPS.fullmatch(text.replace(" ", "")):
        raise CellError(
            "LIBELLE_RPPS",
            "c'est un numéro RPPS, dans la colonne du libellé.",
            "Remettre chaque colonne sous son titre : le libellé est celui d'une spécialité ou d'un service.",
        )
    return text


def _parse_code(cell: Any) -> str | None:
    text = "".join(parse_text(cell).split())
    text = short_code(UCD13_HEAD, text) or text  # a UCD in 13 digits is no CIP13
    if text and not _CODE.fullmatch(text):
        raise CellError(
            "CODE_INVALIDE",
            "ce n'est ni un CIP13 (13 chiffres), ni un code UCD ou LPP (7 chiffres).",
            "Mettre la colonne au format texte, ou redonner le fichier tel que reçu.",
        )
    return text or None


def _parse_units(cell: Any) -> Any:
    return parse_amount(cell, decimals=_UNITS_DECIMALS_NB)


def has_valid_key(rpps: str) -> bool:
    """Say whether the last digit of an RPPS is the key (Luhn) of the ten before.

    Examples
    --------
    >>> has_valid_key("10000000009"), has_valid_key("10000000008")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(rpps)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _wrong_keys(delivery: str, rows: pd.DataFrame, grid: Grid) -> list[Finding]:
    """Return the finding of the RPPS that cannot be; it says the line, since no page names a prescriber."""
    known = rows[rows["prescriber_kind"] == "rpps"]
    wrong = known[[not has_valid_key(text) for text in known["prescriber"]]]
    if wrong.empty:
        return []
    return [
        Finding(
            delivery=delivery,
            code="RPPS_CLE",
            place="prescripteur",
            severity="warning",
            count=len(wrong),
            example=f"ligne {grid.lines[int(wrong.index[0])]}",
            remedy="La clé de ce numéro RPPS est fausse : un chiffre a été changé. Lignes gardées telles que reçues ; "
            "demander le bon numéro avant d'écrire à qui que ce soit.",
        )
    ]


def _parts_of_boxes(delivery: str, rows: pd.DataFrame, grid: Grid) -> list[Finding]:
    """Return the finding of boxes that are no whole number: an amount may stand in their place."""
    is_box = rows["code"].str.len().eq(_CIP_DIGITS_NB) & rows["boxes_nb"].notna()
    parts = [place for place in rows.index[is_box] if rows["boxes_nb"][place] % 1]
    if not parts:
        return []
    first = parts[0]
    return [
        Finding(
            delivery=delivery,
            code="BOITES_NON_ENTIERES",
            place="boites",
            severity="warning",
            count=len(parts),
            example=f"ligne {grid.lines[first]} : {french.number(rows['boxes_nb'][first], 2)} boîtes",
            remedy="Une présentation délivrée en ville se compte en boîtes entières : vérifier que les colonnes des "
            "boîtes et des montants ne sont pas échangées.",
        )
    ]
