"""A report compared with an earlier run of it: the page that says what changed, and the build that stops."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

from caqes_analysis.batch import load_run
from caqes_analysis.batch.runs import Run
from caqes_analysis.build import build
from caqes_analysis.cli import app
from caqes_analysis.errors import BuildError
from tests.campaigns import small_campaign

pytestmark = pytest.mark.slow

RECEIVED = "recus/phmev_mensuel.csv"


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run, Run]:
    """A campaign file, its first run, and one after ten euros were added to one amount of May 2024."""
    campaign = small_campaign(tmp_path_factory.mktemp("rapport"))
    first = build(campaign.file)
    received = campaign.file.parent / RECEIVED
    lines = received.read_text(encoding="cp1252").splitlines()
    place = next(number for number, line in enumerate(lines) if ";2024-05;" in line)
    rest, amount = lines[place].rsplit(";", 1)
    euros, cents = amount.split(",")
    lines[place] = f"{rest};{int(euros) + 10},{cents}"
    received.write_text("\r\n".join([*lines, ""]), encoding="cp1252", newline="")
    assert first.manifest is not None
    second = build(campaign.file, compare_with=first.manifest.parent)
    assert second.succeeded
    assert second.manifest is not None
    runs = [load_run(campaign.build_directory, path.parent.name) for path in (first.manifest, second.manifest)]
    return campaign.file, *runs


def site_hashes(directory: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in (directory / "site").rglob("*") if p.is_file()}


def test_the_page_names_the_file_and_the_numbers(two_runs: tuple[Path, Run, Run]) -> None:
    _, first, _ = two_runs
    page = BeautifulSoup((first.directory / "site" / "changements.html").read_text(encoding="utf-8"), "lxml")
    causes, summary, largest = page.find("main").find_all("table")[:3]
    assert [cell.get_text(" ", strip=True) for cell in causes.find_all("tr")[1].find_all(["th", "td"])][:3] == [
        "données",
        RECEIVED,
        "modifié",
    ]
    assert len(causes.find_all("tr")) == 2
    assert {row.find_all("td")[-1].get_text(strip=True) for row in summary.find("tbody").find_all("tr")} == {"données"}
    assert "monthly" not in largest.get_text()
    assert first.name in page.get_text()
    assert "l'expliquent" in page.get_text()


def test_the_command_says_the_same_and_writes_every_change(two_runs: tuple[Path, Run, Run], tmp_path: Path) -> None:
    _, *runs = two_runs
    folders = [str(run.directory / "runs" / run.name) for run in runs]
    result = CliRunner().invoke(app, ["compare", *folders, "--output", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert RECEIVED in result.output
    written = (tmp_path / "ecarts.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(written) > 10
    assert all(line.split(";")[-1] == "data" for line in written[1:])


def test_a_build_stops_on_numbers_that_moved_by_themselves(two_runs: tuple[Path, Run, Run]) -> None:
    campaign, _, last = two_runs
    kept = last.kept_file(next(sha for (table, _), sha in last.published.items() if table == "evolutions"))
    content, before = kept.read_bytes(), site_hashes(last.directory)
    rows = pq.read_table(kept)
    place = rows.schema.get_field_index("compared_months_nb")
    other = pa.array([None] * len(rows), rows.schema.field(place).type)
    pq.write_table(rows.set_column(place, rows.schema.field(place), other), kept)
    try:
        moved = kept.rename(last.directory / "runs" / "tables" / f"{'0' * 64}.parquet")
        manifest = last.directory / "runs" / last.name / "manifest.jsonl"
        told = manifest.read_text(encoding="utf-8")
        manifest.write_text(told.replace(kept.stem, moved.stem), encoding="utf-8")
        with pytest.raises(BuildError) as stopped:
            build(campaign, force=True, stop_on_unexplained=True)
        (problem,) = stopped.value.problems
        assert problem.code == "ECARTS_INEXPLIQUES"
        assert "caqes compare" in str(problem.remedy)
        assert site_hashes(last.directory) == before
    finally:
        moved.unlink(missing_ok=True)
        kept.write_bytes(content)
        manifest.write_text(told, encoding="utf-8")
    assert build(campaign, stop_on_unexplained=True).succeeded
