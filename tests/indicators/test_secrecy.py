"""Statistical secrecy: what a share, its complement or a total would let a reader count is masked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.indicators.compute import compute_indicators
from caqes_analysis.indicators.secrecy import counts_patients
from tests.builders import A, B, C
from tests.indicators.builders import activity_lines, region

D, E = "990000004", "990000005"
READMISSIONS = load_catalogue()["heart_failure_readmissions"]
EXAMS = load_catalogue()["preanaesthetic_exams"]


def read(directory: Path, counts: Mapping[str, tuple[int, int]], departments: Mapping[str, str]) -> pd.DataFrame:
    store = region(directory, *({"finess": one, "department": departments.get(one, "961")} for one in counts))
    lines = [
        (finess, "2024", f"heart_failure_{code}", number)
        for finess, own in counts.items()
        for code, number in zip(("readmissions", "first_episodes"), own, strict=True)
    ]
    activity_lines(store, *lines)
    found = compute_indicators(store, [READMISSIONS], periods=["2024"], minimum_count_nb=11)
    return found.set_index(found["finess"].fillna(found["level"] + found["group"].fillna("")).rename("who"))


def test_a_share_of_few_patients_is_masked_and_so_is_its_complement(tmp_path: Path) -> None:
    found = read(tmp_path, {A: (2, 22), B: (40, 200), C: (95, 100), D: (0, 30), E: (3, 9)}, {})
    masked = found.loc[[A, C, E]]
    assert (masked["value_status"] == "too_few").all()
    assert masked[["numerator", "denominator", "value"]].isna().all(axis=None)
    assert found.loc[B, "value"] == pytest.approx(20.0)
    assert found.loc[D, "value_status"] == "zero"  # nobody is told from a zero


def test_totals_do_not_give_back_what_is_masked(tmp_path: Path) -> None:
    found = read(
        tmp_path, {A: (2, 22), B: (40, 200), C: (10, 50), D: (60, 240)}, {A: "961", B: "961", C: "962", D: "962"}
    )
    # 961 is B alone, 962 is D alone; A and C together are 12 of 72, which the region may hold.
    assert found.loc["department961", "value"] == pytest.approx(100 * 40 / 200)
    assert found.loc["department962", "value"] == pytest.approx(100 * 60 / 240)
    whole = found[found["level"] == "region"].iloc[0]
    assert (whole["numerator"], whole["denominator"]) == (112, 512)


def test_the_region_leaves_out_the_only_one_that_is_masked(tmp_path: Path) -> None:
    found = read(tmp_path, {A: (2, 22), B: (40, 200), D: (60, 240)}, {})
    whole = found[found["level"] == "region"].iloc[0]
    assert (whole["numerator"], whole["denominator"], whole["establishments_nb"]) == (100, 440, 2)
    assert whole["value"] == pytest.approx(100 * 100 / 440)


def test_a_group_of_masked_establishments_alone_is_masked(tmp_path: Path) -> None:
    found = read(tmp_path, {A: (2, 22), C: (10, 50), B: (40, 200)}, {A: "961", C: "961", B: "962"})
    assert found.loc["department961", "value_status"] == "too_few"
    assert pd.isna(found.loc["department961", "value"])


def test_a_count_and_its_evolution_are_masked_together(tmp_path: Path) -> None:
    store = region(tmp_path)
    exams = "pre_anaesthetic_exams"
    activity_lines(store, (A, "2023", exams, 8), (A, "2024", exams, 16), (B, "2023", exams, 50), (B, "2024", exams, 60))
    found = compute_indicators(store, [EXAMS], periods=["2023", "2024"], minimum_count_nb=11)
    rows = found.set_index(["finess", "measure", "period"])
    assert rows.loc[(A, "exams_nb", "2023"), "value_status"] == "too_few"
    assert rows.loc[(A, "exams_nb", "2024"), "value"] == 16
    assert rows.loc[(A, "evolution_pct", "2024"), "value_status"] == "too_few"  # +100 % of 16 says 8
    assert rows.loc[(B, "evolution_pct", "2024"), "value"] == pytest.approx(20.0)


def test_boxes_and_answers_to_a_form_are_not_patients() -> None:
    catalogue = load_catalogue()
    for name in ("biosimilar_uptake", "declared_reconciliation", "declared_rpps"):
        assert not any(counts_patients(part) for one in catalogue[name].measures for part in one.sums)
