"""An export, read back by the library of the Data Package standard and by a spreadsheet reader."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from frictionless import Package, validate

from caqes_analysis import tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.code_lists import CodeList
from caqes_analysis.errors import BuildError
from caqes_analysis.export import CIRCULATION, export_campaign
from caqes_analysis.export.package import package_descriptor
from caqes_analysis.export.resources import PUBLISHED, Resource, resources
from caqes_analysis.export.sheets import Field, Number, add_table_sheet
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.receive import open_store
from tests.campaigns import small_campaign

ANNEXES = "annexes/indicateurs.xlsx"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    campaign = small_campaign(tmp_path_factory.mktemp("export"))
    return Page(campaign, open_store(campaign))


@pytest.fixture(scope="module")
def folder(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    described, *_ = export_campaign(page, tmp_path_factory.mktemp("sortie"))
    return described.parent


@pytest.mark.slow
def test_the_standard_accepts_every_file(tmp_path: Path) -> None:
    """In a region that has every table: levers need five establishments of some size."""
    campaign = small_campaign(tmp_path, establishments_nb=8)
    folder = export_campaign(Page(campaign, open_store(campaign)), tmp_path)[0].parent
    report = validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["name", "message"])
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in folder.rglob("*.csv")}
    assert [name for name, count in lines.items() if count < 2] == []


def test_a_broken_value_is_refused_by_the_schema(folder: Path, tmp_path: Path) -> None:
    """The check above would see a status out of its list."""
    broken = shutil.copytree(folder, tmp_path / "copie")
    path = broken / "donnees" / "indicator_values.csv"
    path.write_text(path.read_text(encoding="utf-8").replace('"missing"', '"absente"'), encoding="utf-8")
    package = Package(str(broken / "datapackage.json"))
    report = package.get_resource("indicator_values").validate()
    assert {error.type for error in report.tasks[0].errors} == {"constraint-error"}


def test_every_published_table_that_holds_rows_is_there(page: Page, folder: Path) -> None:
    filled = {table.name for table in PUBLISHED if page.store.has(table)} | {"evolutions"}
    assert {path.stem for path in (folder / "donnees").glob("*.csv")} == filled
    assert not {"monthly_spend", "annual_drug_spend", "extra_list_use", "grid_answers"} & filled


def test_values_are_those_of_the_store_to_the_cent(page: Page, folder: Path) -> None:
    kept = page.store.query('select * from evaluations order by contract_finess, "subject", year')
    read = pd.read_csv(folder / "donnees" / "evaluations.csv", dtype=str)
    assert read["saving_eur"].dropna().tolist() == [f"{value:.2f}" for value in kept["saving_eur"].dropna()]
    values = pd.read_csv(folder / "donnees" / "indicator_values.csv", dtype={"finess": str})
    assert values["value"].notna().sum() == page.store.read(tables.INDICATOR_VALUES)["value"].notna().sum()


def test_each_indicator_has_the_schema_of_its_definition(page: Page, folder: Path) -> None:
    catalogue = page.store.read(tables.INDICATORS)
    filled = catalogue.dropna(subset=["period"])
    assert {path.stem for path in (folder / "indicateurs").glob("*.csv")} == set(filled["indicator"])
    one = stored_definition(filled.set_index("indicator").loc["phev_ipp", "definition"])
    schema = json.loads((folder / "schemas" / "indicateur-phev_ipp.json").read_text(encoding="utf-8"))
    fields = {field["name"]: field for field in schema["fields"]}
    assert (schema["title"], schema["description"]) == (one.name, one.why)
    assert [fields[measure.id]["title"] for measure in one.measures] == [
        f"{measure.label} ({measure.unit})" for measure in one.measures
    ]
    assert "Inhibiteurs de la pompe à protons" in fields["boxes_nb"]["description"]
    wide = pd.read_csv(folder / "indicateurs" / "phev_ipp.csv", dtype={"finess": str, "period": str})
    long = page.store.query(
        "select finess, value from indicator_values where indicator = 'phev_ipp' and measure = 'boxes_nb' "
        "and period = '2023' and level = 'establishment' order by finess"
    )
    shown = wide[(wide["level"] == "establishment") & (wide["period"] == "2023")].sort_values("finess")
    assert shown["boxes_nb"].dropna().tolist() == long["value"].dropna().tolist() != []


def test_the_package_says_where_data_come_from_and_who_may_read_them(page: Page, folder: Path) -> None:
    said = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert CIRCULATION in said["description"]
    assert "simulées" not in said["description"]  # this campaign names files, and no simulation
    assert [one["name"] for one in said["licenses"]] == ["other-closed"]
    received = page.store.read(tables.DELIVERIES).sort_values("delivery")
    assert [one["sha256"] for one in said["sources"]] == received["sha256"].tolist()
    for one in said["resources"]:
        content = (folder / one["path"]).read_bytes()
        assert (one["bytes"], one["hash"]) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
    assert len(Package(str(folder / "datapackage.json")).resources) == len(said["resources"])


def test_a_campaign_of_any_name_has_a_name_that_the_standard_accepts(page: Page) -> None:
    campaign = page.campaign.model_copy(update={"file": Path("Ma Région_2024.yml")})
    said = package_descriptor(campaign, page.store.read(tables.DELIVERIES), [])
    assert said["name"] == "caqes-ma-region-2024"


def test_two_exports_are_the_same_bytes(page: Page, folder: Path, tmp_path: Path) -> None:
    export_campaign(page, tmp_path)
    again = tmp_path / "export"
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [name for name in names if (folder / name).read_bytes() != (again / name).read_bytes()] == []


def test_the_annexes_open_on_what_they_are(folder: Path, page: Page) -> None:
    book = openpyxl.load_workbook(folder / ANNEXES)
    assert book.sheetnames == [
        "Lisez-moi",
        "Indicateurs",
        "Par établissement",
        "Valeurs",
        "Région et groupes",
        "Objectifs",
        "Fichiers reçus",
    ]
    assert book["Lisez-moi"]["A2"].value == CIRCULATION
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes.endswith("2")
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.bold and sheet.column_dimensions[cell.column_letter].width >= 8 for cell in sheet[1])
    read = [[cell.value for cell in row] for row in book["Par établissement"].iter_rows()]
    assert len(read) == 1 + len(page.establishments)
    assert {row[0] for row in read[1:]} == set(page.establishments["finess"])
    assert not [value for row in read for value in row if value in ("missing", "not_applicable", "nan", "NaN")]


def test_the_annexes_print_what_the_pages_print(folder: Path, page: Page) -> None:
    sheet = openpyxl.load_workbook(folder / ANNEXES)["Valeurs"]
    header, *lines = ([cell.value for cell in row] for row in sheet.iter_rows())
    rows = pd.DataFrame(lines, columns=header)
    shown = rows[rows["Indicateur"] == "IPP"].set_index("FINESS")["Valeur"]
    kept = page.store.query(
        "select finess, value from indicator_trends where indicator = 'phev_ipp' and measure = 'evolution_pct' "
        "and level = 'establishment' and perimeter = 'courant' and value is not null"
    ).set_index("finess")["value"]
    assert shown.dropna().sort_index().tolist() == pytest.approx(kept.sort_index().tolist())
    assert set(rows["Statut de la valeur"]) <= {"connue", "zéro vrai", "manquante", "sans objet"}


def test_a_name_that_looks_like_a_formula_is_a_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    add_table_sheet(book, "Essai", [Field("Nom", 12), Field("Valeur", 9)], [["=2+3\x07", Number(1.25, 1)], [None, 3]])
    book.save(tmp_path / "essai.xlsx")
    (_, _), (name, value), (nothing, _) = openpyxl.load_workbook(tmp_path / "essai.xlsx")["Essai"].iter_rows()
    assert (name.value, name.data_type) == ("=2+3", "s")
    assert (value.value, value.number_format) == (1.25, "#,##0.0")
    assert nothing.value is None


@pytest.fixture
def two_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an export of two files: what follows is about folders."""

    def first(page: Page, lists: Mapping[str, CodeList]) -> list[Resource]:
        return [one for one, _ in zip(resources(page, lists), range(2), strict=False)]

    monkeypatch.setattr("caqes_analysis.export.write.resources", first)


@pytest.mark.usefixtures("two_files")
def test_a_failure_leaves_the_last_export_as_it_was(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "datapackage.json").write_text("ancien", encoding="utf-8")

    def broken(*_: object) -> None:
        raise RuntimeError("disque plein")

    monkeypatch.setattr("caqes_analysis.export.write.write_annexes", broken)
    with pytest.raises(RuntimeError, match="disque plein"):
        export_campaign(page, tmp_path)
    assert (tmp_path / "export" / "datapackage.json").read_text(encoding="utf-8") == "ancien"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export"]


@pytest.mark.usefixtures("two_files")
def test_an_export_open_elsewhere_is_left_as_it_was(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "ouvert.xlsx").touch()
    rename: Callable[[Path, Path], Path] = Path.rename

    def locked(self: Path, target: Path) -> Path:
        if self.name == ".export.new":
            raise PermissionError("fichier ouvert")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", locked)
    monkeypatch.setattr("caqes_analysis.replacing._RETRY_S", 0.0)
    with pytest.raises(BuildError, match="DOSSIER_OCCUPE"):
        export_campaign(page, tmp_path)
    assert (tmp_path / "export" / "ouvert.xlsx").exists()
