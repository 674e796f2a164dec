"""From files to pages: the whole report of a small region, its failures, and its reproducibility."""

from __future__ import annotations

import hashlib
import shutil
from decimal import Decimal
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from caqes_analysis import build_plan, tables
from caqes_analysis.batch import load_run
from caqes_analysis.build import BuildReport, build
from caqes_analysis.build_lock import alone
from caqes_analysis.chapters import CHAPTERS
from caqes_analysis.errors import BuildError, CaqesError
from caqes_analysis.indicators.evolution import cumulative_evolution
from caqes_analysis.store import Store
from tests.campaigns import small_campaign

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script> {{ x }} $1$ ```{note}\nbonjour\n```"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    """A small report with hostile names and comments."""
    folder = tmp_path_factory.mktemp("rapport")
    campaign = small_campaign(folder)
    rename_first_establishment(folder, "CH <script>alert(1)</script> {{ x }} $1$ `{note}`")
    comments = folder / "commentaires" / "essai-2024"
    comments.mkdir(parents=True)
    (comments / "synthese.md").write_text(f"Une **remarque** de l'OMEDIT.\n\n{HOSTILE}\n", encoding="utf-8")
    return folder, build(campaign.file)


def rename_first_establishment(folder: Path, name: str) -> None:
    path = folder / "recus" / "etablissements.csv"
    lines = path.read_text(encoding="cp1252").splitlines()
    fields = lines[1].split(";")
    fields[4] = name
    lines[1] = ";".join(fields)
    path.write_text("\r\n".join(lines) + "\r\n", encoding="cp1252", newline="")


def page(folder: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((folder / "sortie" / "site" / f"{name}.html").read_text(encoding="utf-8"), "lxml")


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_everything_is_built_and_every_page_is_right(built: tuple[Path, BuildReport]) -> None:
    folder, report = built
    assert report.notebooks["status"].eq("done").all(), report.notebooks[["job", "error"]].to_string()
    assert report.page_problems == ()
    assert report.succeeded
    sheets = list((folder / "sortie" / "site" / "etablissements").glob("*.html"))
    known = Store(folder / "sortie" / "store").read(tables.ESTABLISHMENTS)
    assert len(sheets) == known["successor"].isna().sum()


def test_hostile_names_and_comments_are_text(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    finder = page(folder, "etablissements")
    assert "CH <script>alert(1)</script> {{ x }} $1$ `{note}`" in finder.get_text()
    synthesis = page(folder, "synthese")
    assert synthesis.find("strong", string="remarque") is not None
    assert "<script>alert(1)</script> {{ x }} $1$" in synthesis.get_text()
    assert not [script for script in synthesis.find_all("script") if "alert" in script.text]


def test_the_region_is_the_sum_of_the_sheets_to_the_cent(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    parts = sorted((folder / "sortie" / "run" / "results").glob("*/evolutions/*.parquet"))
    sheets = Store.read_parts(tables.EVOLUTIONS, parts)
    store = Store(folder / "sortie" / "store")
    region = cumulative_evolution(store, year=2024, month_nbs={7, 9})
    pd.testing.assert_frame_equal(
        sheets.sort_values(["finess", "envelope", "month_nb"]).reset_index(drop=True),
        region.sort_values(["finess", "envelope", "month_nb"]).reset_index(drop=True),
    )
    received = store.query(
        "select sum(amount_eur) as total from monthly_spend where envelope = 'phmev' and year(month) = 2024 "
        "and month(month) <= 9"
    )["total"].iloc[0]
    last = sheets[(sheets["envelope"] == "phmev") & (sheets["month_nb"] == 9)]
    left_out = last["missing_months"].notna()
    if not left_out.any():
        assert last["current_eur"].sum() == received
    else:
        assert last["current_eur"].sum() <= received


def test_the_manifest_tells_the_run(built: tuple[Path, BuildReport]) -> None:
    folder, report = built
    assert report.manifest is not None
    run = load_run(folder / "sortie", report.manifest.parent.name)
    assert run.succeeded
    assert run.facts["parameters"]["sources"]["contracts"][0]["path"] == "recus/contrats.csv"
    assert {line["file"]: line["cause"] for line in run.events("input")}.items() >= {
        "essai-2024.yml": "parameters",
        "recus/contrats.csv": "data",
    }.items()
    assert [(line["step"], line["status"]) for line in run.events("step")] == [
        ("Lecture des fichiers reçus", "done"),
        ("Prévisions", "done"),
        ("Composition du site", "done"),
    ]
    told = {line["job"]: line for line in run.events("notebook")}
    assert set(told) == set(report.notebooks["job"])
    assert all(line["status"] == "done" and set(line["causes"]) == set(tables.RUN_CAUSES) for line in told.values())
    assert not [name for line in told.values() for name in line["causes"]["parameters"] if "directory" in name]
    assert str(folder) not in report.manifest.read_text(encoding="utf-8")
    for table in (tables.EVOLUTIONS, tables.INDICATOR_VALUES, tables.FORECASTS):
        assert len(run.read(table))
    assert sum(line["step"] == "Composition du site" and "index.html" in line["outputs"] for line in run.events("step"))


def test_two_builds_of_the_same_inputs_give_the_same_bytes(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    first = {name: hashes(folder / "sortie" / name) for name in ("site", "run/results")}
    other = folder / "autre"
    build(folder / "essai-2024.yml", output=other)
    assert {name: hashes(other / name) for name in ("site", "run/results")} == first


def test_only_limits_the_sheets_and_never_the_region(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    whole = page(folder, "synthese")
    finess = sorted((folder / "sortie" / "site" / "etablissements").glob("*.html"))[0].stem
    other = folder / "partiel"
    report = build(folder / "essai-2024.yml", output=other, only=[finess])
    assert [path.stem for path in (other / "site" / "etablissements").glob("*.html")] == [finess]
    indicators_nb = Store(other / "store").read(tables.INDICATORS)["period"].notna().sum()
    assert len(report.notebooks) == 1 + len(CHAPTERS) + indicators_nb
    partial = BeautifulSoup((other / "site" / "synthese.html").read_text(encoding="utf-8"), "lxml")
    assert [t.get_text() for t in partial.find_all("table")] == [t.get_text() for t in whole.find_all("table")]
    with pytest.raises(CaqesError, match="ETABLISSEMENT_INCONNU"):
        build(folder / "essai-2024.yml", output=other, only=["999999999"])


def test_a_failing_notebook_is_named_and_its_page_says_so(
    built: tuple[Path, BuildReport], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, _ = built
    shutil.copytree(build_plan.NOTEBOOKS, tmp_path / "notebooks")
    broken = tmp_path / "notebooks" / "phmev.ipynb"
    notebook = nbformat.read(broken, as_version=4)
    notebook.cells[-1].source = "raise ValueError('montant négatif')"
    nbformat.write(notebook, broken)
    monkeypatch.setattr(build_plan, "NOTEBOOKS", tmp_path / "notebooks")
    finess = sorted((folder / "sortie" / "site" / "etablissements").glob("*.html"))[0].stem
    report = build(folder / "essai-2024.yml", output=tmp_path / "sortie", only=[finess])
    assert not report.succeeded
    failed = report.notebooks[report.notebooks["status"] == "failed"]
    assert failed["job"].tolist() == ["phmev"]
    assert failed["error"].tolist() == ["ValueError : montant négatif"]
    shown = BeautifulSoup((tmp_path / "sortie" / "site" / "phmev.html").read_text(encoding="utf-8"), "lxml")
    assert "montant négatif" in shown.get_text()
    assert (tmp_path / "sortie" / "site" / "synthese.html").exists()


def test_a_wrong_input_leaves_the_report_untouched(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    path = folder / "recus" / "phmev_mensuel.csv"
    content, before = path.read_bytes(), hashes(folder / "sortie")
    path.write_bytes(content.replace(b"2024-03", b"2024-13", 1))
    try:
        with pytest.raises(CaqesError) as refusal:
            build(folder / "essai-2024.yml")
    finally:
        path.write_bytes(content)
    assert refusal.value.exit_code == 2
    assert hashes(folder / "sortie") == before


def test_two_builds_at_once_do_not_mix(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    with alone(folder / "sortie", file="x.yml"), pytest.raises(BuildError, match="CONSTRUCTION_EN_COURS"):
        build(folder / "essai-2024.yml")


def test_pages_show_the_totals_to_the_cent(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    total = (
        Store(folder / "sortie" / "store")
        .query("select sum(reimbursed_eur) as total from annual_drug_spend where year = 2023")["total"]
        .iloc[0]
    )
    shown = page(folder, "qualite").get_text().replace("\u202f", "")
    assert f"{Decimal(total):.2f}".replace(".", ",") in shown


def statuses(report: BuildReport) -> dict[str, str]:
    return dict(zip(report.notebooks["job"], report.notebooks["status"], strict=True))


def told_otherwise(notebooks: pd.DataFrame, status: str) -> list[tuple[str, str, str | None, list[str]]]:
    """Return what became of the notebooks that have another status, with what they say of it."""
    others = notebooks[notebooks["status"] != status]
    return list(others[["job", "status", "error", "undeclared"]].itertuples(index=False, name=None))


def test_only_the_pages_that_read_a_change_run_again(tmp_path: Path) -> None:
    campaign = small_campaign(tmp_path, establishments_nb=4)
    first = build(campaign.file).notebooks
    assert told_otherwise(first, "done") == []
    assert first["undeclared"].map(len).sum() == 0
    sheets = {job for job in first["job"] if job.isdecimal()}
    assert told_otherwise(build(campaign.file).notebooks, "reused") == []

    commented, signed = sorted(sheets)[:2]
    place = campaign.comments_folder
    place.mkdir(parents=True)
    (place / f"{commented}.md").write_text("Une remarque sur cette fiche.", encoding="utf-8")
    after = statuses(build(campaign.file))
    assert {job for job, status in after.items() if status == "done"} == {commented}
    assert "Une remarque sur cette fiche." in page(tmp_path, f"etablissements/{commented}").get_text()

    path = tmp_path / "recus" / "contrats.csv"
    lines = path.read_text(encoding="cp1252").splitlines()
    text = "\n".join(line.replace("signé", "refusé") if line.startswith(signed) else line for line in lines)
    path.write_text(text + "\n", encoding="cp1252")
    after = statuses(build(campaign.file))
    assert {job for job in sheets if after[job] == "done"} == {signed}
    assert "refusé" in page(tmp_path, f"etablissements/{signed}").get_text()

    reused = {name: hashes(tmp_path / "sortie" / name) for name in ("site", "run/results")}
    assert set(statuses(build(campaign.file, force=True)).values()) == {"done"}
    assert {name: hashes(tmp_path / "sortie" / name) for name in ("site", "run/results")} == reused
