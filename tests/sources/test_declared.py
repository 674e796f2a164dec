"""The form of declared indicators is written, filled, and read back with its proofs; an altered one is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.errors import CaqesError, SourceError
from caqes_analysis.simulation import simulate_region
from caqes_analysis.simulation.successive import DECLARED_ITEMS
from caqes_analysis.sources.declared import DeclaredItem, read_declared, write_declared_form
from caqes_analysis.sources.declared_form import (
    FIRST_LINE,
    HEADER,
    STRUCTURE_SHEET,
    VALUES_SHEET,
    load_declared_items,
)

HOSPITALS = pd.DataFrame({"finess": ["990000001", "2A0000002"], "name": ["CH d'Ici", "=HYPERLINK(<script>)"]})
ITEMS = (
    DeclaredItem(code="lits", label="Combien de lits ?", unit="lits"),
    DeclaredItem(code="referent", label="Un référent ?", kind="yes_no", unit="oui / non"),
    DeclaredItem(code="part", label="Quelle part ?", kind="percent", unit="%"),
)
VALUE, PROOF = HEADER.index("Valeur") + 1, HEADER.index("Preuve") + 1
Change = Callable[[Any], None]


@pytest.fixture
def form(tmp_path: Path) -> Path:
    return write_declared_form(tmp_path / "formulaire.xlsx", HOSPITALS, ITEMS, period="2023")


def fill(path: Path, values: list[Any], *changes: Change) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book[VALUES_SHEET]
    for line, value in enumerate(values, FIRST_LINE):
        sheet.cell(line, VALUE, value)
        sheet.cell(line, PROOF, f"PV {line}" if value is not None else None)
    for change in changes:
        change(book)
    book.save(path)
    return path


def refusal(path: Path) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(SourceError) as caught:
        read_declared(path, delivery="d")
    assert all(problem.file == path.name and problem.remedy for problem in caught.value.problems)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


def test_what_is_declared_is_read_back_with_its_proofs(form: Path) -> None:
    got = read_declared(fill(form, [120, "Oui", "sans objet", 0, "non", 12.5]), delivery="d")
    tables.ACTIVITY.validate(got.rows)
    assert got.rows["activity"].tolist() == ["declared_lits", "declared_referent", "declared_part"] * 2
    assert got.rows["value_status"].tolist() == ["reported", "reported", "not_applicable", "zero", "zero", "reported"]
    assert got.rows["count_nb"].dropna().tolist() == [Decimal(120), Decimal(1), Decimal(0), Decimal(0), Decimal("12.5")]
    assert got.rows["proof"].tolist() == [f"PV {line}" for line in range(4, 10)]
    assert set(got.rows["period"]) == {"2023"}
    assert len(got.findings) == 0


def test_the_same_form_has_the_same_bytes_and_is_protected(form: Path, tmp_path: Path) -> None:
    again = write_declared_form(tmp_path / "encore.xlsx", HOSPITALS, ITEMS, period="2023")
    assert again.read_bytes() == form.read_bytes()
    book = openpyxl.load_workbook(form)
    sheet = book[VALUES_SHEET]
    assert sheet.protection.sheet
    assert book.security.lockStructure
    assert book[STRUCTURE_SHEET].sheet_state == "veryHidden"
    unlocked = {
        cell.column for row in sheet.iter_rows(min_row=FIRST_LINE) for cell in row if not cell.protection.locked
    }
    assert unlocked == {VALUE, PROOF}
    assert sheet.cell(FIRST_LINE + 3, 2).data_type == "s", "a name is never a formula"
    assert {rule.type for rule in sheet.data_validations.dataValidation} == {"custom", "list"}


def test_an_unfilled_form_misses_everything(form: Path) -> None:
    got = read_declared(form, delivery="d")
    assert set(got.rows["value_status"]) == {"missing"}
    assert [(one.code, one.count) for one in got.findings] == [("DECLARATION_INCOMPLETE", 6)]


def test_a_value_without_proof_is_kept_and_told(form: Path) -> None:
    def no_proof(book: Any) -> None:
        book[VALUES_SHEET].cell(FIRST_LINE, PROOF, None).value = None

    got = read_declared(fill(form, [1, "oui", 3, 4, "oui", 6], no_proof), delivery="d")
    assert [(one.code, one.count, one.example) for one in got.findings] == [
        ("PREUVE_ABSENTE", 1, "990000001, declared_lits")
    ]


def test_a_part_above_its_whole_is_kept_and_told(tmp_path: Path) -> None:
    items = (DeclaredItem(code="tous", label="Combien ?"), DeclaredItem(code="dont", label="Dont ?", part_of="tous"))
    path = write_declared_form(tmp_path / "f.xlsx", HOSPITALS, items, period="2023")
    for values, told in (([4, 4, None, 5], 0), ([4, 5, 3, 0], 1), ([0, 1, 2, 3], 2)):
        found = {one.code: one for one in read_declared(fill(path, values), delivery="d").findings}
        assert (found["PARTIE_AU_DESSUS_DU_TOUT"].count if told else 0) == told
        assert ("PARTIE_AU_DESSUS_DU_TOUT" in found) == bool(told)
    assert found["PARTIE_AU_DESSUS_DU_TOUT"].example == "990000001, declared_dont"


def test_a_whole_is_declared_before_its_parts(tmp_path: Path) -> None:
    path = tmp_path / "liste.yml"
    path.write_text(
        'source: "essai"\nitems:\n  - {code: dont, label: Dont, part_of: tous}\n  - {code: tous, label: Tous}\n',
        encoding="utf-8",
    )
    with pytest.raises(CaqesError, match="déclaré avant lui"):
        load_declared_items(path)


def test_the_simulated_parts_stay_within_their_wholes(tmp_path: Path) -> None:
    written = simulate_region(tmp_path / "region", establishments_nb=6, seed=3)
    (form,) = [path for path in written if path.name.startswith("declarations")]
    got = read_declared(form, delivery="d")
    assert not [one.code for one in got.findings if one.code == "PARTIE_AU_DESSUS_DU_TOUT"]
    assert sum(1 for item in load_declared_items(DECLARED_ITEMS) if item.part_of) == 5


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("beaucoup", "MONTANT_ILLISIBLE"),
        (-1, "VALEUR_HORS_BORNES"),
        (1.5, "MONTANT_DECIMALES"),
        ("=1+1", "CELLULE_CALCULEE"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(form: Path, value: Any, code: str) -> None:
    assert refusal(fill(form, [value, "oui", 3, 4, "oui", 6])) == [(code, FIRST_LINE, "Valeur")]


def test_all_wrong_values_come_together(form: Path) -> None:
    found = refusal(fill(form, [1, "peut-être", 101, 4, "oui", 6]))
    assert found == [("REPONSE_ILLISIBLE", 5, "Valeur"), ("VALEUR_HORS_BORNES", 6, "Valeur")]


def _set(line: int, column: int, value: Any) -> Change:
    def change(book: Any) -> None:
        book[VALUES_SHEET].cell(line, column).value = value

    return change


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_set(FIRST_LINE, 1, "990000009"), (FIRST_LINE, "FINESS")),
        (_set(FIRST_LINE + 1, 4, "Deux référents ?"), (FIRST_LINE + 1, "Indicateur")),
        (_set(3, VALUE, "Réponse"), (3, "Valeur")),
        (_set(1, 1, "Indicateurs déclarés – période 2022"), (1, "FINESS")),
        (_set(30, 2, "une ligne de plus"), (30, None)),
        (lambda book: book[VALUES_SHEET].delete_rows(FIRST_LINE), (FIRST_LINE, "Code")),
    ],
)
def test_an_altered_structure_is_refused(form: Path, change: Change, place: tuple[int, str | None]) -> None:
    found = refusal(fill(form, [1, "oui", 3, 4, "oui", 6], change))
    assert {code for code, _, _ in found} == {"FORMULAIRE_MODIFIE"}
    assert place in [(line, column) for _, line, column in found]


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book.remove(book[STRUCTURE_SHEET]),
        lambda book: book[STRUCTURE_SHEET].cell(2, 1, "{}"),
    ],
)
def test_another_workbook_is_not_a_form(form: Path, change: Change) -> None:
    assert refusal(fill(form, [], change)) == [("FORMULAIRE_INCONNU", None, None)]


def test_a_csv_is_not_a_form(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("a;b\n", encoding="utf-8")
    assert refusal(path) == [("FORMAT_NON_LU", None, None)]


def test_a_form_needs_different_establishments_and_items(tmp_path: Path) -> None:
    with pytest.raises(CaqesError, match="FORMULAIRE_VIDE"):
        write_declared_form(tmp_path / "x.xlsx", HOSPITALS.head(0), ITEMS, period="2023")
    with pytest.raises(CaqesError, match="FORMULAIRE_DOUBLON"):
        write_declared_form(tmp_path / "x.xlsx", HOSPITALS, [*ITEMS, ITEMS[0]], period="2023")
    assert not list(tmp_path.iterdir())


def test_a_long_form_keeps_its_structure(tmp_path: Path) -> None:
    many = pd.DataFrame({"finess": [f"99{rank:07d}" for rank in range(400)], "name": "Hôpital " * 12})
    path = write_declared_form(tmp_path / "long.xlsx", many, ITEMS, period="2024-M06")
    assert len(read_declared(path, delivery="d").rows) == 1200


def test_the_shipped_items_are_sound() -> None:
    items = load_declared_items(DECLARED_ITEMS)
    assert len({item.code for item in items}) == len(items) >= 10
    assert {item.kind for item in items} == {"count", "percent", "yes_no"}
