"""A whole simulated region whose every file can be damaged, read and controlled without the rest of a campaign."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd

from caqes_analysis.campaign import load_campaign
from caqes_analysis.errors import CaqesError
from caqes_analysis.quality import check_received
from caqes_analysis.receive.deriving import contract_findings, settle_establishments
from caqes_analysis.receive.reading import read_sources
from caqes_analysis.simulation import planted_events, simulate_region
from caqes_analysis.store import Store

PHMEV, OTHERS, BASE = "phmev_mensuel.csv", "enveloppes_mensuelles.csv", "OPEN_PHMEV_2023.CSV"
ACTIVITY, LPP, SITES, CONTRACTS = "activite.csv", "lpp_par_code.csv", "etablissements.csv", "contrats.csv"
LIST, M6, M9 = "liste_en_sus_mensuel.xlsx", "transports_cumul_2024-06.csv", "transports_cumul_2024-09.csv"
HEAD = """\
title: "Région abîmée"
region: {code: "96", name: "Région d'essai"}
year: 2024
last_month: "2024-09"
provisional_months_nb: 2
scheme: caqes-2022
sources:
  establishments: [{path: recus/etablissements.csv}]
"""
_MONTHS = "amount_kind: reimbursed, date_basis: care, tax: TTC"
SOURCES = {
    "contracts": "  contracts: [{path: recus/contrats.csv}]\n",
    "activity": "  activity: [{path: recus/activite.csv}]\n",
    "lpp": "  lpp_spend: [{path: recus/lpp_par_code.csv}]\n",
    "base": "  open_phmev: [{path: recus/OPEN_PHMEV_2023.CSV, year: 2023}]\n",
    "months": "  monthly_spend:\n"
    f"    - {{path: recus/phmev_mensuel.csv, {_MONTHS}}}\n"
    f"    - {{path: recus/enveloppes_mensuelles.csv, {_MONTHS}}}\n"
    f"    - {{path: recus/liste_en_sus_mensuel.xlsx, {_MONTHS}}}\n",
    "successive": "  monthly_spend:\n"
    + "".join(
        f'    - {{path: recus/phmev_{name}.csv, as_of: "2024-{month}", {_MONTHS}}}\n'
        for name, month in (("2024-06", "06"), ("2024-07", "07"), ("mensuel", "09"))
    ),
    "cumuls": "".join(
        f"    - {{path: recus/transports_cumul_2024-{month}.csv, mapping: transports-cumul, cumulative: true, "
        f'as_of: "2024-{month}", {_MONTHS}}}\n'
        for month in ("03", "06", "09")
    ),
}
Row = list[str]
Where = Callable[[Row], bool]


@dataclass(frozen=True)
class FullRegion:
    """A region: its folder, and the establishments that nothing happens to, the largest first."""

    folder: Path
    quiet: tuple[str, ...]

    def path(self, name: str) -> Path:
        return self.folder / "recus" / name

    def lines(self, name: str) -> list[str]:
        return self.path(name).read_bytes().decode(self._encoding(name)).splitlines()

    def write(self, name: str, lines: list[str]) -> None:
        self.path(name).write_bytes("".join(f"{line}\r\n" for line in lines).encode(self._encoding(name)))

    @staticmethod
    def _encoding(name: str) -> str:
        return "utf-8" if name in (OTHERS, LPP) else "cp1252"

    def change(self, name: str, where: Where, change: Callable[[Row], Row | None]) -> None:
        """Change, or drop, the rows of data that are as asked; there is one at least."""
        header, *lines = self.lines(name)
        rows = [line.split(";") for line in lines]
        concerned = [where(row) for row in rows]
        assert any(concerned)
        new = [change(row) if one else row for row, one in zip(rows, concerned, strict=True)]
        self.write(name, [header, *(";".join(row) for row in new if row is not None)])

    def exchange(self, name: str, where: Where, column: int, one: str, other: str) -> None:
        """Exchange two values of a column."""
        both = {one: other, other: one}
        self.change(
            name,
            lambda row: where(row) and row[column] in both,
            lambda row: [*row[:column], both[row[column]], *row[column + 1 :]],
        )

    def keep(self, name: str, wanted: Callable[[int, int], bool]) -> None:
        """Keep the lines of which the place, and the number of lines, are as asked."""
        lines = self.lines(name)
        self.write(name, [line for place, line in enumerate(lines) if not place or wanted(place, len(lines))])

    def told(self, *sources: str) -> list[tuple[str, str]]:
        """Receive some of the sources: codes and places above information, or the problems that refuse them."""
        path = self.folder / "essai-2024.yml"
        path.write_text(HEAD + "".join(SOURCES[name] for name in sources), encoding="utf-8")
        campaign = load_campaign(path)
        shutil.rmtree(self.folder / "store", ignore_errors=True)
        store = Store(self.folder / "store")
        try:
            _, found = read_sources(campaign, store)
        except CaqesError as failure:
            return [(f"{problem.code} refusé", str(problem)) for problem in failure.problems]
        found += settle_establishments(campaign, store)
        if "contracts" in sources:
            found += contract_findings(campaign, store)
        found += check_received(store, last_month=pd.Timestamp(2024, 9, 1), envelopes=campaign.all_envelopes)
        return [(one.code, one.place) for one in found if one.severity != "information"]


def full_region(folder: Path, *, establishments_nb: int, seed: int) -> FullRegion:
    """A clean region; the LPP by code of 2024 only, for speed."""
    simulate_region(folder / "recus", establishments_nb=establishments_nb, seed=seed)
    events = planted_events(establishments_nb=establishments_nb, seed=seed)
    region = FullRegion(folder, ())
    busy = set(events["finess"]) | {line.split(";")[12] for line in region.lines(SITES)}
    spent: dict[str, list[Decimal]] = {}
    for line in region.lines(PHMEV)[1:]:
        finess, _, _, amount = line.split(";")
        if amount and finess not in busy:
            spent.setdefault(finess, []).append(number(amount))
    months = region.lines(PHMEV)
    for last in ("2024-06", "2024-07"):  # earlier deliveries of the same months
        region.write(f"phmev_{last}.csv", [months[0], *(line for line in months[1:] if line.split(";")[1] <= last)])
    lpp = region.lines(LPP)
    region.write(LPP, [lpp[0], *(line for line in lpp[1:] if line.split(";")[1] >= "2024")])
    return FullRegion(folder, tuple(sorted(spent, key=lambda finess: (-max(spent[finess]), finess))))


def number(text: str) -> Decimal:
    """A French number as files write it."""
    plain = "".join(character for character in text if character.isdigit() or character in ",-")
    return Decimal(plain.replace(",", "."))


def times(factor: str, column: int = -1) -> Callable[[Row], Row]:
    """Multiply a column, an amount or a whole number."""

    def change(row: Row) -> Row:
        row = list(row)
        new = number(row[column]) * Decimal(factor)
        digits = "0.01" if "," in row[column] else "1"
        row[column] = str(new.quantize(Decimal(digits))).replace(".", ",")
        return row

    return change


def at(finess: str | None = None, month: str = "", third: str | None = None) -> Where:
    """Rows of an establishment, of the periods that begin so, of an envelope, activity or code; with a value."""

    def where(row: Row) -> bool:
        return bool(
            (finess is None or row[0] == finess) and row[1].startswith(month) and third in (None, row[2]) and row[-1]
        )

    return where


def exchange_in_workbook(region: FullRegion, finess: str, year: str) -> None:
    """Exchange the drugs and the devices of the liste en sus of an establishment in a year."""
    book = openpyxl.load_workbook(region.path(LIST))
    sheet = book.worksheets[0]
    words = sorted({row[2].value for row in sheet.iter_rows(min_row=2)})
    for row in sheet.iter_rows(min_row=2):
        if row[0].value == finess and row[1].value.startswith(year):
            row[2].value = words[1 - words.index(row[2].value)]
    book.save(region.path(LIST))
