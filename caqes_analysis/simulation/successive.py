"""What the region receives besides months: transports cumulated at each quarter, and the declared indicators."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

from caqes_analysis.campaign_sources import COLUMN_MAPPINGS
from caqes_analysis.simulation.establishments import Establishment
from caqes_analysis.simulation.mapped_files import Fact, write_mapped
from caqes_analysis.simulation.reception import Reception
from caqes_analysis.simulation.series import Region
from caqes_analysis.sources.column_mapping import load_mapping
from caqes_analysis.sources.declared_form import (
    FIRST_LINE,
    HEADER,
    VALUES_SHEET,
    load_declared_items,
    write_declared_form,
)
from caqes_analysis.sources.mapped_cells import Period
from caqes_analysis.sources.workbook_writing import save_undated

__all__ = [
    "CUMULATIVE_MAPPING",
    "cumulative_facts",
    "declared_answers",
    "quarters",
    "write_cumulative_transports",
    "write_declarations",
]

CUMULATIVE_MAPPING = "transports-cumul"
"""Column mapping of the cumulative transports."""

DECLARED_ITEMS = COLUMN_MAPPINGS.parent / "declared" / "annexes-1-2.yml"

_MODES = ("transport_ambulance", "transport_taxi", "transport_vsl")
_YES_SHARE = 0.8


def quarters(last_month: int) -> tuple[int, ...]:
    """Return the ends of quarters reached by a last month.

    Examples
    --------
    >>> quarters(9)
    (3, 6, 9)
    """
    return tuple(month for month in (3, 6, 9, 12) if month <= last_month)


def cumulative_facts(region: Region, month: int) -> list[Fact]:
    """Return the transports from January to a month, by establishment and mode, as they had arrived by then.

    Parameters
    ----------
    region
        The truth.
    month
        Last month of the cumul.
    """
    reception = Reception(region, month)
    start = np.datetime64(f"{region.year}-01")
    facts = []
    for one in region.establishments:
        for series, _ in reception.received(one):
            cents = int(series.cents[series.months >= start].sum())
            if series.envelope in _MODES and (series.months >= start).any():
                amount = Decimal(cents).scaleb(-2)
                facts.append(Fact(one.finess, Period(region.year, month), series.envelope, {"amount": amount}))
    order = {code: rank for rank, code in enumerate(_MODES)}
    return sorted(facts, key=lambda fact: (fact.finess, order[fact.item]))


def write_cumulative_transports(path: Path, region: Region, month: int) -> Path:
    """Write the transports from January to a month of the campaign's year, as they had arrived by then.

    Parameters
    ----------
    path
        CSV to write, in the layout of the mapping ``transports-cumul``.
    region
        The truth.
    month
        Last month of the cumul; its last months may be incomplete, and are completed in the next one.
    """
    facts = cumulative_facts(region, month)
    names = {one.finess: one.name for one in region.establishments}
    return write_mapped(path, load_mapping(COLUMN_MAPPINGS / f"{CUMULATIVE_MAPPING}.yml"), facts, names=names)


def declared_answers(region: Region) -> Iterator[tuple[str, str, object, str]]:
    """Yield what every establishment declares: FINESS, indicator, value as it is typed, proof.

    Parameters
    ----------
    region
        The truth.
    """
    items = load_declared_items(DECLARED_ITEMS)
    for one in _declaring(region):
        random = np.random.default_rng([region.seed, 7, one.index])
        counted: dict[str, int] = {}
        for item in items:
            if item.kind == "yes_no":
                value: object = "oui" if random.random() < _YES_SHARE else "non"
            elif item.kind == "percent":
                value = round(float(random.uniform(20, 95)), 1)
            else:
                most = counted.get(item.part_of or "")
                value = int(random.integers(40, 900) if most is None else random.integers(most // 4, most + 1))
                counted[item.code] = value
            yield one.finess, item.code, value, f"Procès-verbal {region.year}-{random.integers(1, 400):03d}"


def _declaring(region: Region) -> list[Establishment]:
    return [one for one in region.establishments if one.closed_on is None and one.role != "new"]


def write_declarations(path: Path, region: Region) -> Path:
    """Write the form of declared indicators of the year before the campaign's, filled by every establishment.

    Parameters
    ----------
    path
        Workbook to write.
    region
        The truth.
    """
    alive = _declaring(region)
    listed = pd.DataFrame({"finess": [one.finess for one in alive], "name": [one.name for one in alive]})
    items = load_declared_items(DECLARED_ITEMS)
    write_declared_form(path, listed, items, period=str(region.year - 1))
    book = openpyxl.load_workbook(path)
    sheet = book[VALUES_SHEET]
    for line, (_, _, value, proof) in enumerate(declared_answers(region), FIRST_LINE):
        sheet.cell(line, HEADER.index("Valeur") + 1, value)
        sheet.cell(line, HEADER.index("Preuve") + 1, proof)
    save_undated(book, path)
    return path
