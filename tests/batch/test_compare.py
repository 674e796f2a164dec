"""Two runs compared: what differs between them, and which of it each change can be laid at the door of."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caqes_analysis import tables
from caqes_analysis.batch import begin_run, load_run
from caqes_analysis.batch.changes import Tolerance
from caqes_analysis.batch.compare import Comparison, compare_runs, find_run, last_run
from caqes_analysis.batch.runs import Run, keep_table
from caqes_analysis.errors import CampaignError
from caqes_analysis.store import Store

FIRST, SECOND = "330000001", "330000002"
FACTS = {"version": "1", "code": "c", "python": "3.11", "environment": "e", "lock": "l", "parameters": {"year": 2024}}
NO_CAUSES: dict[str, dict[str, str]] = {"data": {}, "code": {}, "parameters": {}, "environment": {}}


def evolution(finess: str, current_eur: str) -> dict[str, Any]:
    amounts = {"current_eur": Decimal(current_eur), "previous_eur": Decimal(100), "compared_months_nb": 9}
    place = {"finess": finess, "envelope": "phmev", "year": 2024, "month_nb": 9}
    return {**place, **amounts, "value_status": "reported", "is_provisional": False, "is_corrected": False}


def run(
    directory: Path,
    amounts: dict[str, str],
    *,
    facts: dict[str, Any] | None = None,
    inputs: dict[str, str] | None = None,
    sheets: dict[str, dict[str, dict[str, str]]] | None = None,
    succeeded: bool = True,
) -> Run:
    """A run that published one evolution per establishment; ``sheets``: causes of the notebook of each."""
    manifest = begin_run(directory, root=directory)
    manifest.add("run", **{**FACTS, **(facts or {})})
    for file, content in (inputs or {}).items():
        manifest.add("input", file=file, sha256=content, cause="parameters" if file.endswith(".yml") else "data")
    for job, causes in (sheets or {}).items():
        told = {**NO_CAUSES, **causes}
        told["code"] = {"notebook": "n", **told["code"]}
        manifest.add("notebook", job=job, notebook="etablissement.ipynb", status="done", causes=told)
    store = Store(directory / "results")
    for finess, amount in amounts.items():
        rows = tables.EVOLUTIONS.conform(pd.DataFrame([evolution(finess, amount)]))
        store.write(tables.EVOLUTIONS, rows, part=finess)
        keep_table(directory, manifest, "evolutions", finess, store.part_path(tables.EVOLUTIONS, finess))
    manifest.add("end", succeeded=succeeded)
    return load_run(directory, manifest.run_id)


def causes(comparison: Comparison) -> list[tuple[str, str, str]]:
    rows = comparison.causes.to_dict("records")
    return [(row["cause"], row["name"], row["kind"]) for row in rows]


def test_equal_runs_have_nothing_to_tell(tmp_path: Path) -> None:
    runs = [run(tmp_path, {FIRST: "1.00"}, inputs={"a.csv": "1"}) for _ in range(2)]
    found = compare_runs(*runs)
    assert found.causes.empty
    assert found.changes.empty
    assert found.compared_nb == 1
    assert found.content_hash == compare_runs(*runs).content_hash


def test_each_cause_is_named_with_what_differs(tmp_path: Path) -> None:
    before = run(tmp_path, {FIRST: "1.00"}, inputs={"a.csv": "1", "gone.csv": "g", "targets.yml": "t"})
    after = run(
        tmp_path,
        {FIRST: "1.00"},
        facts={"code": "d", "python": "3.12", "parameters": {"year": 2024, "region": {"name": "Ici"}}},
        inputs={"a.csv": "2", "new.csv": "n", "targets.yml": "u"},
    )
    assert causes(compare_runs(before, after)) == [
        ("data", "a.csv", "changed"),
        ("data", "gone.csv", "disappeared"),
        ("data", "new.csv", "appeared"),
        ("parameters", "targets.yml", "changed"),
        ("code", "code", "changed"),
        ("environment", "python", "changed"),
        ("parameters", "region.name", "appeared"),
    ]


def test_a_change_has_the_causes_of_the_sheet_that_wrote_it(tmp_path: Path) -> None:
    own = {"data": {"table monthly_spend": "1"}}
    before = run(tmp_path, {FIRST: "1.00", SECOND: "5.00"}, sheets={FIRST: own, SECOND: own}, inputs={"a.csv": "1"})
    other = {"data": {"table monthly_spend": "2"}}
    after = run(tmp_path, {FIRST: "1.01", SECOND: "6.00"}, sheets={FIRST: other, SECOND: own}, inputs={"a.csv": "2"})
    found = compare_runs(before, after)
    assert dict(zip(found.changes["part"], found.changes["causes"], strict=True)) == {FIRST: "data", SECOND: ""}
    assert list(found.unexplained["part"]) == [SECOND]


@pytest.mark.parametrize(
    ("facts", "inputs", "words", "is_explained"),
    [
        ({}, {"a.csv": "2"}, "data", True),
        ({}, {"targets.yml": "2"}, "parameters", True),
        ({"code": "d"}, {}, "code", False),
        ({"environment": "f"}, {}, "environment", False),
        ({}, {}, "", False),
        ({"code": "d"}, {"a.csv": "2"}, "data, code", True),
    ],
)
def test_a_regional_change_has_the_causes_that_differ_between_the_runs(
    tmp_path: Path, facts: dict[str, str], inputs: dict[str, str], words: str, is_explained: bool
) -> None:
    known = {"a.csv": "1", "targets.yml": "1"}
    before = run(tmp_path, {FIRST: "1.00"}, inputs=known)
    found = compare_runs(before, run(tmp_path, {FIRST: "2.00"}, facts=facts, inputs={**known, **inputs}))
    (change,) = found.changes.to_dict("records")
    assert (change["causes"], change["before"], change["after"]) == (words, "1.00", "2.00")
    assert found.unexplained.empty == is_explained


def test_within_the_tolerance_nothing_changed(tmp_path: Path) -> None:
    runs = [run(tmp_path, {FIRST: amount}) for amount in ("1.00", "1.50")]
    assert len(compare_runs(*runs).changes) == 1
    assert compare_runs(*runs, Tolerance(amount_eur=0.5)).changes.empty


def test_a_sheet_that_only_one_run_has_is_told_by_its_rows(tmp_path: Path) -> None:
    found = compare_runs(run(tmp_path, {FIRST: "1.00"}), run(tmp_path, {FIRST: "1.00", SECOND: "2.00"}))
    assert list(zip(found.changes["part"], found.changes["kind"], strict=True)) == [(SECOND, "appeared")]


def test_a_table_of_an_earlier_version_is_compared_on_what_it_has(tmp_path: Path) -> None:
    before = run(tmp_path, {FIRST: "1.00"})
    kept = next((tmp_path / "runs" / "tables").iterdir())
    content = pq.read_table(kept)
    pq.write_table(content.drop_columns(["evolution_pct"]).append_column("old", pa.array(["x"])), kept)
    found = compare_runs(before, run(tmp_path, {FIRST: "2.00"}))
    assert list(found.changes["column"]) == ["current_eur"]


def test_a_run_is_found_by_its_folder_or_by_that_of_its_build(tmp_path: Path) -> None:
    good = run(tmp_path, {FIRST: "1.00"})
    failed = run(tmp_path, {FIRST: "1.00"}, succeeded=False)
    assert find_run(tmp_path).name == good.name
    assert find_run(tmp_path / "runs" / failed.name).name == failed.name
    with pytest.raises(CampaignError) as refused:
        find_run(tmp_path / "runs")
    assert refused.value.problems[0].code == "EXECUTION_INCONNUE"


def test_the_run_before_another_is_the_last_that_succeeded(tmp_path: Path) -> None:
    first, _failed, last = (run(tmp_path, {FIRST: "1.00"}, succeeded=ok) for ok in (True, False, True))
    found = last_run(tmp_path)
    assert found is not None
    assert found.name == last.name
    earlier = last_run(tmp_path, before=last)
    assert earlier is not None
    assert earlier.name == first.name
    assert last_run(tmp_path, before=first) is None
