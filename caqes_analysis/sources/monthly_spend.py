"""Monthly spending by establishment and envelope, as the Assurance Maladie's dashboards are exported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.envelopes import ENVELOPES, Envelope, envelope_named
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.sources.cells import CellError, parse_amount, parse_finess, parse_month, parse_text
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid, read_grid
from caqes_analysis.sources.odd_values import odd_quantities, shortened_amounts
from caqes_analysis.sources.problems import ProblemLog
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["read_monthly_spend"]

_REQUIRED = ("finess", "mois", "enveloppe", "montant")
_OPTIONAL = ("quantite",)


def read_monthly_spend(
    path: Path,
    *,
    delivery: str,
    amount_kind: str,
    date_basis: str,
    tax: str,
    envelopes: tuple[Envelope, ...] = ENVELOPES,
    provisional_from: date | None = None,
    as_of: date | None = None,
) -> Received:
    """Read a table ``finess;mois;enveloppe;montant`` (and ``quantite``), CSV or XLSX.

    Parameters
    ----------
    path
        The file.
    delivery
        Identifier of the delivery.
    amount_kind, date_basis, tax
        What the amounts are: the file does not say it, the campaign does (values of ``monthly_spend``).
    envelopes
        The envelopes known, with the words that files use for them.
    provisional_from
        First month that may still be completed; None when all are final.
    as_of
        Month of a cumulative delivery: that of every line when the file has no column ``mois``.

    Returns
    -------
    Received
        Rows of ``monthly_spend``: an empty amount is ``missing``, 0 is ``zero``.

    Raises
    ------
    SourceError
        With all the problems of the file.
    CaqesError
        When ``amount_kind``, ``date_basis`` or ``tax`` is not one that the table knows.
    """
    required = [name for name in _REQUIRED if name != "mois" or as_of is None]
    grid = read_grid(path, required=required, optional=[*_OPTIONAL, *(["mois"] if as_of else [])])
    log = ProblemLog(grid.file)
    finess = grid.parsed("finess", parse_finess, log, required=True)
    months = grid.parsed("mois", _required_month, log) if "mois" in grid.cells else [as_of] * len(grid.lines)
    codes = grid.parsed("enveloppe", partial(_envelope_code, envelopes=envelopes), log, required=True)
    amounts = grid.parsed("montant", parse_amount, log)
    quantities = grid.parsed("quantite", partial(parse_amount, decimals=3), log)
    log.extend(
        grid.repeated(
            {"finess": finess, "mois": [month and f"{month:%Y-%m}" for month in months], "enveloppe": codes},
            what="ce FINESS, ce mois et cette enveloppe figurent déjà",
            remedy="N'en garder qu'une, ou additionner les montants à la source.",
        )
    )
    log.extend(_cut_amount(grid))
    log.raise_if_any()
    rows = tables.MONTHLY_SPEND.conform(
        pd.DataFrame(
            {
                "finess": finess,
                "month": months,
                "envelope": codes,
                "amount_eur": amounts,
                "quantity_nb": quantities,
                "value_status": [_status(amount) for amount in amounts],
                "is_provisional": [
                    provisional_from is not None and month >= provisional_from for month in months if month
                ],
            }
        ),
        amount_kind=amount_kind,
        delivery=delivery,
        date_basis=date_basis,
        tax=tax,
        is_corrected=False,
    )
    tables.MONTHLY_SPEND.validate(rows)
    first, last = rows["month"].min(), rows["month"].max()
    described = delivery_row(path, delivery=delivery, period=f"{first:%Y-%m} à {last:%Y-%m}", rows_nb=len(rows))
    return Received(rows, _findings(delivery, grid, finess, months, amounts, quantities), described)


def _required_month(cell: Any) -> date:
    if not isinstance(cell, date) and not parse_text(cell):
        raise CellError("CELLULE_VIDE", "cette cellule est vide.", "La remplir.")
    return parse_month(cell)


def _envelope_code(cell: Any, *, envelopes: tuple[Envelope, ...]) -> str | None:
    word = parse_text(cell)
    if not word:
        return None
    try:
        return envelope_named(word, envelopes).code
    except CaqesError as failure:
        problem = failure.problems[0]
        raise CellError(problem.code, problem.what, problem.remedy) from failure


def _status(amount: Decimal | None) -> str:
    return "missing" if amount is None else "reported" if amount else "zero"


def _cut_amount(grid: Grid) -> list[Problem]:
    """A CSV cut inside its last amount is still regular: only decimals that all other lines have show it."""
    if not grid.ends_without_newline or list(grid.cells)[-1] != "montant" or len(grid.lines) < 2:
        return []
    *others, last = (str(cell).strip() for cell in grid.cells["montant"])
    if any(cell and cell[-3:-2] != "," for cell in others) or last[-3:-2] == ",":
        return []
    problem = Problem(
        "DERNIERE_LIGNE_TRONQUEE",
        "la dernière ligne s'arrête au milieu d'un montant : le fichier semble tronqué.",
        "L'exporter de nouveau ; s'il est complet, ajouter un retour à la ligne à la fin.",
        line=grid.lines[-1],
        column=grid.labels["montant"],
        value=last,
    )
    return [problem]


def _findings(
    delivery: str,
    grid: Grid,
    finess: Sequence[str | None],
    months: Sequence[date | None],
    amounts: Sequence[Decimal | None],
    quantities: Sequence[Decimal | None],
) -> Findings:
    facts = pd.DataFrame(
        {"line": grid.lines, "finess": finess, "amount": amounts, "quantity": quantities}, dtype=object
    )
    facts["period"] = [f"{month:%Y-%m}" if month else None for month in months]
    found = [*odd_quantities(delivery, facts), *shortened_amounts(delivery, grid, ["montant"])]
    negative = [place for place, amount in enumerate(amounts) if amount is not None and amount < 0]
    if negative:
        first = negative[0]
        month = months[first]
        found.append(
            Finding(
                delivery,
                "MONTANT_NEGATIF",
                "montant",
                "warning",
                len(negative),
                f"{finess[first]}, {month:%Y-%m} : {amounts[first]} (ligne {grid.lines[first]})",
                "Gardé dans les totaux (régularisation) : à vérifier avec la source.",
            )
        )
    missing = [place for place, amount in enumerate(amounts) if amount is None]
    if missing:
        first = missing[0]
        month = months[first]
        found.append(
            Finding(
                delivery,
                "MONTANT_MANQUANT",
                "montant",
                "information",
                len(missing),
                f"{finess[first]}, {month:%Y-%m} (ligne {grid.lines[first]})",
                "Compté comme manquant, et non comme zéro : écrire 0 quand il n'y a pas eu de dépense.",
            )
        )
    return Findings(found) + common_findings(delivery, grid)
