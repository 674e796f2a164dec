"""Every file that the simulation writes, whatever the region, is read back as what it was written from."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis.campaign_sources import COLUMN_MAPPINGS
from caqes_analysis.schemes.answers import read_grid_answers
from caqes_analysis.schemes.grid import load_grid
from caqes_analysis.simulation import simulate_region
from caqes_analysis.simulation.activity import activity_rows, lpp_rows
from caqes_analysis.simulation.contracts import contract_rows
from caqes_analysis.simulation.files import OTHER_ENVELOPES, month_rows
from caqes_analysis.simulation.grid_answers import ANSWERS_FILE, answer_rows
from caqes_analysis.simulation.open_phmev import products
from caqes_analysis.simulation.prescribers import PRESCRIBERS_MAPPING, prescriber_rows
from caqes_analysis.simulation.reception import Reception
from caqes_analysis.simulation.region import _regional_lines
from caqes_analysis.simulation.series import ENVELOPE_TRAITS, Region
from caqes_analysis.simulation.successive import (
    CUMULATIVE_MAPPING,
    cumulative_facts,
    declared_answers,
    quarters,
)
from caqes_analysis.sources import read_contracts, read_establishments, read_open_phmev
from caqes_analysis.sources.activity import read_activity
from caqes_analysis.sources.column_mapping import known_mappings
from caqes_analysis.sources.declared import read_declared
from caqes_analysis.sources.lpp_spend import read_lpp_spend
from caqes_analysis.sources.mapped_table import read_mapped
from caqes_analysis.sources.monthly_spend import read_monthly_spend
from caqes_analysis.sources.prescriber_spend import read_prescriber_spend

MONEY = {"amount_kind": "reimbursed", "date_basis": "care", "tax": "TTC"}
SCHEMES = ["caqes-2018", "caqes-2022"]
GRID = load_grid(COLUMN_MAPPINGS.parent / "demonstration" / "grille-2019.yml", scheme="caqes-2018", year=2019)
Rows = Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class Written:
    """A simulated region in a folder, and what its files were written from."""

    folder: Path
    establishments_nb: int
    seed: int
    year: int
    last_month: int

    @cached_property
    def region(self) -> Region:
        return Region(self.establishments_nb, self.seed, self.year, 3)

    @cached_property
    def reception(self) -> Reception:
        return Reception(self.region, self.last_month)

    def write(self) -> None:
        size = {"establishments_nb": self.establishments_nb, "seed": self.seed, "years_nb": 3}
        simulate_region(self.folder, **size, year=self.year, last_month=self.last_month)


def eur(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def received_eur(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def plain(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Rows in plain Python: None where nothing was received."""
    lists = [[None if pd.isna(value) else value for value in frame[name]] for name in columns]
    return list(zip(*lists, strict=True))


def establishments(one: Written) -> tuple[Rows, Rows]:
    rows = read_establishments(one.folder / "etablissements.csv", delivery="d").rows
    day = "valid_from", "valid_to"
    read = plain(rows, "finess", "finess_ej", "finess_et", "contract_finess", "name", "category", "legal_status")
    lives = plain(rows, "department", "town", "region", *day, "successor")
    true = [
        (
            *(each.finess, each.finess_ej, each.finess_et, each.finess, each.name, each.category, each.legal_status),
            *(each.department, each.town, "96", pd.Timestamp(each.opened_on)),
            *(pd.Timestamp(each.closed_on) if each.closed_on else None, each.successor),
        )
        for each in one.region.establishments
    ]
    return [left + right for left, right in zip(read, lives, strict=True)], true


def contracts(one: Written) -> tuple[Rows, Rows]:
    rows = read_contracts(one.folder / "contrats.csv", delivery="d", schemes=SCHEMES).rows
    true = [
        (finess, scheme, status, pd.to_datetime(day, dayfirst=True), volets or None, indicators or None)
        for finess, scheme, status, day, volets, indicators in contract_rows(
            one.region.establishments, seed=one.seed, year=one.year
        )
    ]
    return plain(rows, "contract_finess", "scheme", "status", "signed_on", "volets", "indicators"), true


def months(one: Written, *, name: str, envelopes: tuple[str, ...]) -> tuple[Rows, Rows]:
    rows = read_monthly_spend(one.folder / name, delivery="d", **MONEY).rows
    codes = {traits.received_as: code for code, traits in ENVELOPE_TRAITS.items()}
    true = [
        (finess, pd.Timestamp(month), codes[word], None if cents is None else eur(cents), state(cents))
        for finess, month, word, cents in month_rows(one.reception, envelopes)
    ]
    return plain(rows, "finess", "month", "envelope", "amount_eur", "value_status"), true


def state(value: Any) -> str:
    return "missing" if value is None else "reported" if value else "zero"


def cumuls(one: Written) -> tuple[Rows, Rows]:
    read: list[tuple[Any, ...]] = []
    true: list[tuple[Any, ...]] = []
    for month in quarters(one.last_month):
        path = one.folder / f"transports_cumul_{one.year}-{month:02d}.csv"
        as_of = pd.Timestamp(one.year, month, 1)
        mapping = known_mappings()[CUMULATIVE_MAPPING]
        rows = read_mapped(path, mapping, delivery="d", as_of=as_of.date(), **MONEY).rows
        read += plain(rows, "finess", "month", "envelope", "amount_eur")
        true += [(fact.finess, as_of, fact.item, fact.values["amount"]) for fact in cumulative_facts(one.region, month)]
    return sorted(read), sorted(true)


def activity(one: Written) -> tuple[Rows, Rows]:
    rows = read_activity(one.folder / "activite.csv", delivery="d").rows
    true = [
        (finess, period, name, Decimal(count), state(int(count)))
        for finess, period, name, count in activity_rows(one.region, one.last_month)
    ]
    return plain(rows, "finess", "period", "activity", "count_nb", "value_status"), true


def lpp(one: Written) -> tuple[Rows, Rows]:
    rows = read_lpp_spend(one.folder / "lpp_par_code.csv", delivery="d").rows
    true = [
        (finess, month, code, Decimal(quantity), received_eur(amount))
        for finess, month, code, quantity, amount in lpp_rows(one.reception)
    ]
    return plain(rows, "finess", "period", "lpp", "quantity_nb", "amount_eur"), true


def declarations(one: Written) -> tuple[Rows, Rows]:
    rows = read_declared(one.folder / f"declarations_{one.year - 1}.xlsx", delivery="d").rows
    words = {"oui": 1, "non": 0}
    true = [
        (finess, str(one.year - 1), f"declared_{code}", Decimal(str(words.get(str(value), value))), proof)
        for finess, code, value, proof in declared_answers(one.region)
    ]
    return plain(rows, "finess", "period", "activity", "count_nb", "proof"), true


def prescribers(one: Written) -> tuple[Rows, Rows]:
    mapping = known_mappings()[PRESCRIBERS_MAPPING]
    path = one.folder / f"prescripteurs_{one.year - 1}.csv"
    rows = read_prescriber_spend(path, delivery="d", mapping=mapping).rows
    true = [
        (finess, int(year), rpps, "rpps", specialty, code, Decimal(boxes), received_eur(amount))
        for finess, year, rpps, specialty, code, _, boxes, amount in prescriber_rows(
            _regional_lines(one.region, one.year - 1), seed=one.seed, year=one.year - 1
        )
    ]
    columns = ("finess", "year", "prescriber", "prescriber_kind", "prescriber_label", "code")
    return plain(rows, *columns, "boxes_nb", "reimbursed_eur"), true


def bases(one: Written) -> tuple[Rows, Rows]:
    """The lines of a base are written in any order, and may be equal: they are counted."""
    years = [(one.year - 2, "zip"), (one.year - 1, "CSV"), *([(one.year, "CSV")] if one.last_month == 12 else [])]
    heads = [next(csv.reader([head.decode("cp1252")], delimiter=";")) for head in products().heads]
    read, true = Counter[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    columns = ("finess", "year", "cip13", "atc5", "generic_status", "boxes_nb", "reimbursed_eur", "base_eur")
    for year, ending in years:
        read.update(plain(read_open_phmev(one.folder / f"OPEN_PHMEV_{year}.{ending}"), *columns))
        for each, lines in _regional_lines(one.region, year):
            amounts = (lines.boxes, lines.reimbursed_cents, lines.base_cents)
            for rank, boxes, reimbursed, base in zip(
                lines.product.tolist(), *(column.tolist() for column in amounts), strict=True
            ):
                head = heads[rank]
                true[each.finess, year, head[10], head[8], head[12], boxes, eur(reimbursed), eur(base)] += 1
    return read.items(), true.items()


def answers(one: Written) -> tuple[Rows, Rows]:
    known = {each.finess for each in one.region.establishments}
    rows = read_grid_answers(one.folder / ANSWERS_FILE, delivery="d", grid=GRID, contracts=known).rows
    true = [
        (finess, int(year), name, answer or None, proof or None)
        for finess, year, name, answer, proof, _ in answer_rows(one.region.establishments, seed=one.seed, year=one.year)
    ]
    read = [
        (*place, answer if value is None else f"{value:.1f}".replace(".", ","), proof)
        for *place, answer, value, proof in plain(
            rows, "contract_finess", "year", "criterion", "answer", "value", "proof"
        )
    ]
    return read, true


KINDS: dict[str, Callable[[Written], tuple[Rows, Rows]]] = {
    "establishments": establishments,
    "contracts": contracts,
    "phmev": partial(months, name="phmev_mensuel.csv", envelopes=("phmev",)),
    "other_envelopes": partial(months, name="enveloppes_mensuelles.csv", envelopes=OTHER_ENVELOPES),
    "extra_list": partial(
        months, name="liste_en_sus_mensuel.xlsx", envelopes=("extra_list_drugs", "extra_list_devices")
    ),
    "cumuls": cumuls,
    "activity": activity,
    "lpp": lpp,
    "declarations": declarations,
    "prescribers": prescribers,
    "bases": bases,
    "answers": answers,
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    establishments_nb=st.integers(3, 7),
    seed=st.integers(0, 2**31),
    year=st.integers(2018, 2024),
    last_month=st.integers(1, 12),
)
def test_what_is_written_is_read_back(kind: str, **drawn: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one = Written(Path(folder), **drawn)
        if kind == "answers":  # the years of the grid, and some that answer it
            one = replace(one, year=GRID.years[drawn["year"] % 2], last_month=12)
        one.write()
        read, true = KINDS[kind](one)
        assert sorted(read, key=repr) == sorted(true, key=repr)
        assert true or (kind == "cumuls" and one.last_month < 3)
