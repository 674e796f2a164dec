"""The manifest of a run: what happened, cause by cause, whatever kills the run; the tables kept once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.batch import Cache, Job, Manifest, begin_run, list_runs, load_run, prune_runs, run_notebooks
from caqes_analysis.batch.causes import causes_of, key_of
from caqes_analysis.batch.manifest import read_lines
from caqes_analysis.batch.runs import keep_table
from caqes_analysis.errors import CampaignError
from caqes_analysis.store import Store
from tests.batch.notebooks import job, write_notebook

GOOD = "from pathlib import Path; Path(place).write_text(word); word"
READS = {"table spend": "a", "comment": "b", "code": "c", "environment": "e", "campaign": "y", "parameters": "p"}


@pytest.fixture
def sheet(tmp_path: Path) -> Job:
    return replace(job(tmp_path, "330000001", GOOD), reads=READS, places=("place",))


def test_causes_are_apart(sheet: Job) -> None:
    causes = causes_of(sheet)
    assert list(causes) == list(tables.RUN_CAUSES)
    assert {cause: sorted(names) for cause, names in causes.items()} == {
        "data": ["comment", "table spend"],
        "code": ["code", "notebook"],
        "parameters": ["campaign", "parameters", "value word"],
        "environment": ["environment"],
    }


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("data", lambda sheet: replace(sheet, reads={**READS, "table spend": "z"})),
        ("data", lambda sheet: replace(sheet, reads={**READS, "table more": "z"})),
        ("code", lambda sheet: replace(sheet, reads={**READS, "code": "z"})),
        ("code", lambda sheet: replace(sheet, notebook=write_notebook(sheet.notebook.with_name("n.ipynb"), GOOD, "1"))),
        ("parameters", lambda sheet: replace(sheet, reads={**READS, "parameters": "z"})),
        ("parameters", lambda sheet: replace(sheet, parameters={**sheet.parameters, "word": "autre"})),
        ("environment", lambda sheet: replace(sheet, reads={**READS, "environment": "z"})),
    ],
)
def test_a_change_shows_in_its_cause_alone_and_runs_the_notebook(sheet: Job, cause: str, change: object) -> None:
    changed = change(sheet)  # type: ignore[operator]
    before, after = causes_of(sheet), causes_of(changed)
    assert [name for name in tables.RUN_CAUSES if before[name] != after[name]] == [cause]
    assert key_of(changed) != key_of(sheet)


def test_another_folder_is_no_cause_but_another_entry(sheet: Job) -> None:
    moved = replace(sheet, parameters={**sheet.parameters, "place": "ailleurs"})
    assert causes_of(moved) == causes_of(sheet)
    assert key_of(moved) != key_of(sheet)


def test_each_notebook_is_told_as_it_ends(tmp_path: Path, sheet: Job) -> None:
    manifest = begin_run(tmp_path, root=tmp_path)
    cache = Cache(tmp_path / "cache")
    bad = job(tmp_path, "bad", "1 / 0")
    run_notebooks([sheet, bad], cache=cache, manifest=manifest)
    run_notebooks([sheet], cache=cache, manifest=manifest)
    told = load_run(tmp_path, manifest.run_id).events("notebook")
    assert sorted((line["job"], line["status"]) for line in told) == [
        ("330000001", "done"),
        ("330000001", "reused"),
        ("bad", "failed"),
    ]
    done, again = (next(t for t in told if (t["job"], t["status"]) == ("330000001", s)) for s in ("done", "reused"))
    assert done["causes"] == again["causes"] == causes_of(sheet)
    assert done["outputs"] == again["outputs"]
    assert list(done["outputs"]) == ["330000001.txt"]
    assert list(done["executed"]) == ["executed/330000001.ipynb"]
    assert done["duration_s"] > 0 == again["duration_s"]
    failed = next(line for line in told if line["job"] == "bad")
    assert (failed["error"], failed["cell"], failed["outputs"]) == ("ZeroDivisionError : division by zero", 3, {})


def test_a_manifest_that_was_cut_says_what_it_knew(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "run", root=tmp_path)
    manifest.add("run", run="run", parameters={"titre": "Été"})
    manifest.add("step", step="lecture")
    content = manifest.path.read_bytes()
    assert [line["event"] for line in read_lines(manifest.path)] == ["run", "step"]
    assert [line["step"] for line in read_lines(manifest.path, event="step")] == ["lecture"]
    for length in range(len(content) - 1):
        manifest.path.write_bytes(content[:length])
        assert [line["event"] for line in read_lines(manifest.path)] == ["run"][: int(length >= content.index(b"\n"))]


def publish(directory: Path, statuses: dict[str, str]) -> str:
    """Publish one part per establishment in a new run; return the name of the run."""
    manifest = begin_run(directory, root=directory)
    store = Store(directory / "results")
    for finess, status in statuses.items():
        rows = pd.DataFrame({"contract_finess": [finess], "scheme": ["caqes-2022"], "status": [status]})
        store.write(tables.CONTRACTS, rows, part=finess)
        keep_table(directory, manifest, "contracts", finess, store.part_path(tables.CONTRACTS, finess))
    manifest.add("end", succeeded=True)
    return manifest.run_id


def test_published_tables_are_kept_once_and_read_back(tmp_path: Path) -> None:
    first = publish(tmp_path, {"330000001": "signé", "330000002": "proposé"})
    second = publish(tmp_path, {"330000001": "signé", "330000002": "refusé"})
    assert len(list((tmp_path / "runs" / "tables").iterdir())) == 3
    for name, expected in ((first, ["signé", "proposé"]), (second, ["signé", "refusé"])):
        run = load_run(tmp_path, name)
        assert run.succeeded
        assert run.read(tables.CONTRACTS)["status"].tolist() == expected
    one, other = (load_run(tmp_path, name).published for name in (first, second))
    assert {key for key in one if one[key] != other[key]} == {("contracts", "330000002")}
    assert load_run(tmp_path, first).read(tables.FORECASTS).empty


def test_old_runs_go_with_what_they_alone_published_and_renamed_ones_stay(tmp_path: Path) -> None:
    names = [publish(tmp_path, {"330000001": word, "330000002": "signé"}) for word in "abcd"]
    for place, name in enumerate(names):
        (tmp_path / "runs" / name).rename(tmp_path / "runs" / f"20260314T090000.00{place}Z-0000000{place}")
    (tmp_path / "runs" / "20260314T090000.000Z-00000000").rename(tmp_path / "runs" / "edition-mars")
    (tmp_path / "runs" / "tables" / "left.draft").touch()
    prune_runs(tmp_path, kept_nb=2)
    assert list_runs(tmp_path) == ["20260314T090000.002Z-00000002", "20260314T090000.003Z-00000003", "edition-mars"]
    assert len(list((tmp_path / "runs" / "tables").iterdir())) == 4
    assert load_run(tmp_path, "edition-mars").read(tables.CONTRACTS)["status"].tolist() == ["a", "signé"]


def test_a_run_is_named_by_its_beginning_or_the_nearest_is_told(tmp_path: Path) -> None:
    name = publish(tmp_path, {"330000001": "signé"})
    assert load_run(tmp_path, name[:12]).name == name
    shutil.copytree(tmp_path / "runs" / name, tmp_path / "runs" / "edition-mars")
    for wrong, said in (("edition-mai", "edition-mars"), ("", name), ("20190101", name)):
        with pytest.raises(CampaignError, match="EXECUTION_INCONNUE") as refusal:
            load_run(tmp_path, wrong)
        assert said in str(refusal.value)


def test_a_run_that_was_killed_has_not_succeeded(tmp_path: Path) -> None:
    manifest = begin_run(tmp_path, root=tmp_path)
    manifest.add("run", run=manifest.run_id)
    run = load_run(tmp_path, manifest.run_id)
    assert (run.succeeded, run.facts["run"]) == (False, manifest.run_id)
