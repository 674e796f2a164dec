"""A region's own tables are read through column mappings, or refused with every problem said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.activities import ACTIVITIES
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.simulation.mapped_files import Fact, write_mapped
from caqes_analysis.sources.column_mapping import ColumnMapping, Columns, known_mappings
from caqes_analysis.sources.mapped_cells import Period
from caqes_analysis.sources.mapped_table import read_mapped
from caqes_analysis.sources.received import Received

MAPPINGS = known_mappings()
KNOWN = {"delivery": "d", "amount_kind": "reimbursed", "date_basis": "care", "tax": "TTC"}
_QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
A, B = "990000001", "2A0000002"


def read(path: Path, mapping: ColumnMapping, **options: Any) -> Received:
    return read_mapped(path, mapping, **{**KNOWN, **options})


def workbook(path: Path, rows: list[list[Any]], merges: tuple[str, ...] = (), title: str = "Transports") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for cells in rows:
        sheet.append(cells)
    for merge in merges:
        sheet.merge_cells(merge)
    book.save(path)
    return path


def problems(path: Path, mapping: ColumnMapping, **options: Any) -> list[Problem]:
    with pytest.raises(SourceError) as caught:
        read(path, mapping, **options)
    assert all(problem.file == path.name and problem.remedy for problem in caught.value.problems)
    return list(caught.value.problems)


def codes(path: Path, mapping: ColumnMapping, **options: Any) -> list[str]:
    return [problem.code for problem in problems(path, mapping, **options)]


DASHBOARD = [
    ["Dépenses de transports"],
    ["Extraction du 12/10/2024"],
    ["N° FINESS", "Établissement", "Mode de transport", "Montant remboursé", None, None, None],
    [None, None, None, "janvier 2024", "févr. 2024", "mars 2024", "Total"],
    [A, "CH d'Ici", "Ambulance", "12 345,67 €", "11\u202f021,00 €", None, "23 366,67 €"],
    [None, None, "Taxi conventionné", "-", "1,00 €", None, "1,00 €"],
    [None, "Total CH d'Ici", None, "12 345,67 €", "11\u202f022,00 €", None, ""],
    [B, "Ensemble hospitalier Total", "VSL", "n.d.", 1.5, None, "1,50 €"],
    ["Total général", None, None, "12 345,67 €", "11 023,50 €", None, ""],
    ["Source : simulation"],
]
MERGES = ("A3:A4", "B3:B4", "C3:C4", "D3:G3", "A5:A6", "B5:B6")


def test_a_dashboard_with_merged_cells_totals_and_notes(tmp_path: Path) -> None:
    got = read(workbook(tmp_path / "t.xlsx", DASHBOARD, MERGES), MAPPINGS["transports-mois-en-colonnes"])
    tables.MONTHLY_SPEND.validate(got.rows)
    # Two months in columns: the sender counts three lines, totals and notes left out.
    assert got.delivery[["lines", "rows"]].to_numpy().tolist() == [[3, 6]]
    rows = got.rows.assign(month=got.rows["month"].dt.strftime("%Y-%m"))
    assert rows[["finess", "month", "envelope", "value_status"]].values.tolist() == [
        [A, "2024-01", "transport_ambulance", "reported"],
        [A, "2024-02", "transport_ambulance", "reported"],
        [A, "2024-01", "transport_taxi", "zero"],
        [A, "2024-02", "transport_taxi", "reported"],
        [B, "2024-01", "transport_vsl", "missing"],
        [B, "2024-02", "transport_vsl", "reported"],
    ]
    assert rows["amount_eur"].dropna().tolist() == [
        Decimal("12345.67"),
        Decimal("11021.00"),
        Decimal("0.00"),
        Decimal("1.00"),
        Decimal("1.50"),
    ]
    assert {one.code: one.count for one in got.findings} == {
        "MONTANT_MANQUANT": 1,
        "COLONNE_DE_TOTAL": 1,
        "COLONNE_VIDE": 1,
        "LIGNE_DE_TOTAL": 2,
        "LIGNE_DE_NOTE": 1,
    }
    assert got.delivery.loc[0, "period"] == "2024-01 à 2024-02"


def test_the_grand_total_is_verified_to_the_cent(tmp_path: Path) -> None:
    rows = [list(row) for row in DASHBOARD]
    rows[4][3], rows[4][6] = "12 345,68 €", "23 366,68 €"
    (problem,) = problems(workbook(tmp_path / "t.xlsx", rows, MERGES), MAPPINGS["transports-mois-en-colonnes"])
    assert (problem.code, problem.line, problem.value) == ("TOTAL_DU_FICHIER", 9, "12 345,67 €")
    assert "12\u202f345,68" in problem.what


def test_the_total_of_each_line_is_verified_to_the_cent(tmp_path: Path) -> None:
    rows = [list(row) for row in DASHBOARD]
    rows[4][3] = "12 345,68 €"
    (problem,) = problems(workbook(tmp_path / "t.xlsx", rows, MERGES), MAPPINGS["transports-mois-en-colonnes"])
    assert (problem.code, problem.line, problem.value) == ("TOTAL_DE_LIGNE", 5, "23 366,67 €")
    assert "23\u202f366,68" in problem.what
    rows[4][1] = "2e ligne"  # no number: the column is a name
    rows[5][1] = "12"  # a number that the mapping leaves unread may be part of the total: nothing is compared
    found = codes(workbook(tmp_path / "t.xlsx", rows), MAPPINGS["transports-mois-en-colonnes"])
    assert "TOTAL_DE_LIGNE" not in found


def test_numbers_without_a_name_are_refused(tmp_path: Path) -> None:
    rows = [list(row) for row in DASHBOARD]
    rows[3] = [None, None, "janvier 2024", "févr. 2024", "mars 2024", "Total", None]
    found = problems(workbook(tmp_path / "t.xlsx", rows), MAPPINGS["transports-mois-en-colonnes"])
    assert ("COLONNE_SANS_NOM", 4, "7") in [(problem.code, problem.line, problem.column) for problem in found]


def test_an_empty_finess_outside_a_merged_range_is_refused(tmp_path: Path) -> None:
    rows = [list(row) for row in DASHBOARD]
    rows[7][0] = None
    found = problems(workbook(tmp_path / "t.xlsx", rows, MERGES), MAPPINGS["transports-mois-en-colonnes"])
    assert ("CELLULE_VIDE", 8) in [(problem.code, problem.line) for problem in found]


def test_every_unknown_column_is_told(tmp_path: Path) -> None:
    rows = [list(row) for row in DASHBOARD]
    rows[2][0], rows[3][4] = "N° FINES", "févrie 2024"
    found = problems(workbook(tmp_path / "t.xlsx", rows, MERGES), MAPPINGS["transports-mois-en-colonnes"])
    assert [(p.code, p.column) for p in found][:2] == [
        ("COLONNE_ABSENTE", "N° FINESS"),
        ("EN_TETE_INCONNU", "N° FINES"),
    ]
    assert "N° FINES" in found[0].remedy
    assert ("EN_TETE_INCONNU", "Montant remboursé févrie 2024") in [(p.code, p.column) for p in found]


@pytest.mark.parametrize(
    ("line", "place", "cell", "code"),
    [
        (5, 3, "12.345", "MONTANT_AMBIGU"),
        (5, 3, "=1+1", "CELLULE_CALCULEE"),
        (5, 2, "Bateau", "ENVELOPPE_INCONNUE"),
        (8, 0, "99000001", "FINESS_8_CARACTERES"),
        (6, 2, "Ambulance", "LIGNE_EN_DOUBLE"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_line(tmp_path: Path, line: int, place: int, cell: str, code: str) -> None:
    rows = [list(row) for row in DASHBOARD]
    rows[line - 1][place] = cell
    found = problems(workbook(tmp_path / "t.xlsx", rows, MERGES), MAPPINGS["transports-mois-en-colonnes"])
    assert (code, line) in [(problem.code, problem.line) for problem in found]


def test_another_sheet_is_named_by_its_title_or_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", DASHBOARD, MERGES, title="Feuil1")
    (problem,) = problems(path, MAPPINGS["transports-mois-en-colonnes"])
    assert problem.code == "FEUILLE_ABSENTE"
    assert "Feuil1" in problem.remedy
    second = MAPPINGS["transports-mois-en-colonnes"].model_copy(update={"sheet": 2})
    assert codes(path, second) == ["FEUILLE_ABSENTE"]


def test_thousands_of_euros_keep_their_cents(tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text(
        f'finess,periode,PHEV LPP (k€),dont PERFADOM (k€)\n{A},202401,"1 234,56789","0,00001 k€"\n', encoding="utf-8"
    )
    got = read(path, MAPPINGS["enveloppes-en-keur"])
    assert got.rows["amount_eur"].tolist() == [Decimal("1234567.89"), Decimal("0.01")]
    path.write_text(f'finess,periode,PHEV LPP (k€),dont PERFADOM (k€)\n{A},202401,"1,234567","1"\n', encoding="utf-8")
    assert codes(path, MAPPINGS["enveloppes-en-keur"]) == ["MONTANT_DECIMALES"]


def test_a_file_without_month_takes_that_of_the_delivery(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"FINESS;Raison sociale;Ambulances;Taxis;VSL\n{A};Total Santé;1;2,00 €;\n", encoding="cp1252")
    got = read(path, MAPPINGS["transports-cumul"], as_of=date(2024, 6, 1))
    assert set(got.rows["month"].dt.strftime("%Y-%m")) == {"2024-06"}
    assert got.rows["value_status"].tolist() == ["reported", "reported", "missing"]
    assert codes(path, MAPPINGS["transports-cumul"]) == ["PERIODE_INCONNUE"]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (f"{A};x;1,00;2,00;3,0", "DERNIERE_LIGNE_TRONQUEE", 3),
        (f"{A};x;1,00;2,00", "DERNIERE_LIGNE_TRONQUEE", 3),
        (f"{A};x;1,00;2,00;3,00;9\n", "NB_CHAMPS", 3),
        (f"{B};x;1,00;2,00;3,00\n", "LIGNE_EN_DOUBLE", 3),
        ('"x;1,00\n', "GUILLEMET_NON_FERME", 3),
    ],
)
def test_a_damaged_csv_is_refused(tmp_path: Path, text: str, code: str, line: int) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"FINESS;Raison sociale;Ambulances;Taxis;VSL\n{B};y;1,00;2,00;3,00\n{text}", encoding="cp1252")
    found = problems(path, MAPPINGS["transports-cumul"], as_of=date(2024, 6, 1))
    assert (code, line) in [(problem.code, problem.line) for problem in found]


def test_months_without_year_take_it_from_a_column_a_header_or_the_delivery(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    common: dict[str, Any] = {"title": "t", "table": "monthly_spend", "item": "phmev", "months": ("mois",)}
    path.write_text(f"finess;an;m;v\n{A};2023;Août;1\n", encoding="utf-8")
    named = ColumnMapping(**common, columns=Columns(finess="finess", year="an", month="m", amount="v"))
    assert read(path, named).rows["month"][0].isoformat()[:7] == "2023-08"
    path.write_text(f"finess;janv.;déc\n{A};1;2\n", encoding="utf-8")
    across = ColumnMapping(**common, header=("month",), columns=Columns(finess="finess"))
    assert read(path, across, as_of=date(2022, 12, 1)).rows["month"].dt.strftime("%Y-%m").tolist() == [
        "2022-01",
        "2022-12",
    ]
    assert "ANNEE_ABSENTE" in codes(path, across)
    path.write_text(f";2023;;2024\nfiness;janv.;déc;janv.\n{A};1;2;3\n", encoding="utf-8")
    both = ColumnMapping(**common, header=("year", "month"), columns=Columns(finess="finess"))
    assert read(path, both).rows["month"].dt.strftime("%Y-%m").tolist() == ["2023-01", "2023-12", "2024-01"]


def test_two_measures_meet_on_one_row(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    mapping = ColumnMapping(
        title="t",
        table="monthly_spend",
        item="phmev",
        header=("month", "measure"),
        columns=Columns(finess="finess"),
        measures={"amount": "Montant", "quantity": "Nombre"},
    )
    path.write_text(f";2024-01;;2024-02;\nfiness;Montant;Nombre;Montant;Nombre\n{A};1;10;2;\n", encoding="utf-8")
    rows = read(path, mapping).rows
    assert rows["amount_eur"].tolist() == [Decimal(1), Decimal(2)]
    assert rows["quantity_nb"].dropna().tolist() == [Decimal(10)]
    path.write_text(f";2024-01;2024-02\nfiness;Montant;Nombre\n{A};1;10\n", encoding="utf-8")
    assert codes(path, mapping) == ["COLONNE_ABSENTE"]


# What the simulator writes in any of the example layouts is read back equal.

_CENTS = st.integers(-10_000_000, 10_000_000_000).map(lambda cents: Decimal(cents).scaleb(-2))
_COUNTS = st.integers(0, 10_000_000).map(Decimal)
_FINESS = st.from_regex(r"\A[0-9][0-9AB][0-9]{7}\Z")


# Windows characters 0x80-0xBF are left out: after an accented capital they make good UTF-8 (« Â¡ »), and no reader can
# tell the two encodings apart.
_CHARACTERS = st.characters(codec="latin-1", exclude_categories=["Cc"]).filter(lambda c: not 0x80 <= ord(c) <= 0xBF)
_NAMES = st.text(_CHARACTERS, max_size=30).map(str.strip)
_CHOICES = {
    "transports-mois-en-colonnes": ("transport_ambulance", "transport_taxi", "transport_vsl"),
    "transports-cumul": ("transport_ambulance", "transport_taxi", "transport_vsl"),
    "enveloppes-en-keur": ("lpp", "perfadom"),
    "activite-en-colonnes": tuple(activity.code for activity in ACTIVITIES),
    "lpp-par-code": ("1103392", "0103392", "1307143"),
}
_PERIODS = {
    "transports-cumul": [Period(2024, 6)],
    "activite-en-colonnes": [Period(2022), Period(2023), Period(2024)],
}
_MONTHS = [Period(year, month) for year in (2023, 2024) for month in range(1, 13)]


@st.composite
def written(draw: st.DrawFn, name: str) -> tuple[list[Fact], dict[str, str]]:
    mapping = MAPPINGS[name]
    finess = draw(st.lists(_FINESS, min_size=1, max_size=4, unique=True))
    items = draw(st.lists(st.sampled_from(_CHOICES[name]), min_size=1, max_size=3, unique=True))
    if "item" in mapping.header and mapping.table == "monthly_spend":
        items = list(_CHOICES[name])
    periods = draw(st.lists(st.sampled_from(_PERIODS.get(name, _MONTHS)), min_size=1, max_size=3, unique=True))
    main = "count" if mapping.table == "activity" else "amount"
    facts = []
    for one in finess:
        for item in items:
            for rank, period in enumerate(sorted(periods, key=lambda p: (p.year or 0, p.month or 0))):
                value = draw(_COUNTS if main == "count" else _CENTS)
                is_missing = rank > 0 and draw(st.booleans())
                values: dict[str, Decimal | None] = {main: None if is_missing else value}
                if mapping.columns.quantity:
                    values["quantity"] = draw(_COUNTS)
                facts.append(Fact(one, period, item, values))
    names = {one: draw(_NAMES) for one in finess}
    return facts, names


@pytest.mark.parametrize("name", sorted(name for name in MAPPINGS if MAPPINGS[name].table != "prescriber_spend"))
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@given(data=st.data())
@_QUIET
def test_what_is_written_in_a_layout_is_read_back_equal(tmp_path: Path, name: str, suffix: str, data: Any) -> None:
    facts, names = data.draw(written(name))
    names = {finess: f"Hôpital {label}".strip() for finess, label in names.items()}
    path = write_mapped(tmp_path / f"f{suffix}", MAPPINGS[name], facts, names=names)
    got = read(path, MAPPINGS[name], as_of=date(2024, 6, 1)).rows
    value = "count_nb" if MAPPINGS[name].table == "activity" else "amount_eur"
    item = {"monthly_spend": "envelope", "activity": "activity", "lpp_spend": "lpp"}[MAPPINGS[name].table]
    when = got["month"].dt.strftime("%Y-%m") if "month" in got else got["period"]
    found = {
        (finess, period, code): None if pd.isna(amount) else amount
        for finess, period, code, amount in zip(got["finess"], when, got[item], got[value].astype(object), strict=True)
    }
    main = "count" if value == "count_nb" else "amount"
    assert found == {(fact.finess, fact.period.text, fact.item): fact.values[main] for fact in facts}
    if "quantity" in facts[0].values:
        assert got["quantity_nb"].sum() == sum(fact.values["quantity"] or 0 for fact in facts)
