"""The parameters cell of a notebook is a contract: names, types, ranges, everything said at once."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.batch import Job, run_notebooks
from caqes_analysis.batch.parameters import check_parameters, declared_parameters, plain_value
from caqes_analysis.errors import CampaignError
from tests.batch.notebooks import said, write_notebook

CELL = """
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from annotated_types import Interval

finess: str
month_nb: Annotated[int, Interval(ge=1, le=12)] = 9
rate_pct: float = 4.0
profile: Literal["restricted", "public"] = "restricted"
as_of: date = date(2024, 9, 30)
folder: Path = Path(".")
tags: list[str] = []
limit: float | None = None
draft = True
anything: Unheard = 1
"""
ACCEPTED: list[tuple[str, Any]] = [
    ("finess", "2A0000014"),
    ("month_nb", np.int64(12)),
    ("rate_pct", 4),
    ("rate_pct", np.float64(3.3)),
    ("profile", "public"),
    ("as_of", datetime.date(2024, 1, 31)),
    ("as_of", "2024-01-31"),
    ("as_of", pd.Timestamp("2024-01-31")),
    ("as_of", np.datetime64("2024-01-31")),
    ("folder", Path("somewhere")),
    ("folder", "somewhere"),
    ("tags", ("a", "b")),
    ("limit", None),
    ("draft", np.bool_(False)),
    ("anything", {"a": 1}),
]
REFUSED: list[tuple[str, Any]] = [
    ("finess", 330781196),
    ("finess", None),
    ("month_nb", 13),
    ("month_nb", "9"),
    ("month_nb", 9.5),
    ("month_nb", True),
    ("rate_pct", "4 %"),
    ("profile", "privé"),
    ("as_of", "31/01/2024"),
    ("as_of", pd.Timestamp("2024-01-31 12:00")),
    ("tags", "a"),
    ("draft", "oui"),
    ("rate_pct", object()),
]


@pytest.fixture(name="notebook", scope="module")
def _notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_notebook(tmp_path_factory.mktemp("contract") / "sheet.ipynb", "finess", parameters=CELL)


def codes(notebook: Path, **parameters: Any) -> list[str]:
    try:
        check_parameters([(notebook, "330781196", parameters)])
    except CampaignError as failure:
        return [problem.code for problem in failure.problems]
    return []


def test_reads_names_in_order_and_what_is_required(notebook: Path) -> None:
    declared = declared_parameters(notebook)
    assert list(declared)[:3] == ["finess", "month_nb", "rate_pct"]
    assert [name for name, parameter in declared.items() if parameter.required] == ["finess"]


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_accepts(notebook: Path, name: str, value: Any) -> None:
    assert codes(notebook, **{"finess": "330781196", name: value}) == []


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_refuses(notebook: Path, name: str, value: Any) -> None:
    assert codes(notebook, **{"finess": "330781196", name: value}) == ["NOTEBOOK_PARAMETRE_TYPE"]


def test_everything_at_once_and_each_mistake_counted(notebook: Path, tmp_path: Path) -> None:
    jobs = [(notebook, f"job-{n}", {"month": 3, "rate_pct": "x"}) for n in range(254)]
    jobs.append((tmp_path / "absent.ipynb", "lost", {}))
    with pytest.raises(CampaignError) as caught:
        check_parameters(jobs)
    found = {problem.code: problem for problem in caught.value.problems}
    assert len(found) == len(caught.value.problems) == 4
    unknown = found["NOTEBOOK_PARAMETRE_INCONNU"]
    assert (unknown.count, unknown.value, unknown.file) == (254, "job-0", "sheet.ipynb")
    assert unknown.remedy == "Vouliez-vous dire « month_nb » ?"
    assert "rate_pct: float = 4.0" in found["NOTEBOOK_PARAMETRE_TYPE"].remedy
    assert "« finess »" in found["NOTEBOOK_PARAMETRE_MANQUANT"].what
    assert found["NOTEBOOK_ILLISIBLE"].file == "absent.ipynb"


def test_dates_and_paths_arrive_as_what_the_cell_declares(tmp_path: Path) -> None:
    runnable = CELL.replace("anything: Unheard = 1", "")
    source = "print([finess, month_nb, as_of, folder, tags, limit])"
    shown = write_notebook(tmp_path / "s.ipynb", source, parameters=runnable)
    values = {"finess": "2A0000014", "month_nb": np.int64(3), "as_of": pd.Timestamp("2024-01-31"), "limit": None}
    task = Job("s", shown, tmp_path / "out.ipynb", {**values, "folder": Path("a") / "b", "tags": ("x",)})
    result = run_notebooks([task])
    assert result["error"].tolist() == [None]
    expected = "['2A0000014', 3, datetime.date(2024, 1, 31), PosixPath('a/b'), ['x'], None]"
    assert said(task.executed).strip().replace("WindowsPath", "PosixPath") == expected


@pytest.mark.parametrize("content", ["", "{}", '{"cells": 3}', "not json"])
def test_an_unreadable_notebook_is_a_problem_not_a_crash(tmp_path: Path, content: str) -> None:
    (tmp_path / "n.ipynb").write_text(content, encoding="utf-8")
    assert codes(tmp_path / "n.ipynb", word="x")[0] in {"NOTEBOOK_ILLISIBLE", "NOTEBOOK_PARAMETRE_INCONNU"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_plain_values_stay_as_they_are(value: Any) -> None:
    assert plain_value(value) == value
