"""Every reader against every corruption: refused with its place and remedy, told, or harmless; never silent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.errors import CaqesError
from tests.sources.corruptions import CORRUPTIONS
from tests.sources.received_files import Kind, kinds

_NAMES = (
    *("activity", "activity_by_column", "atih_rafael", "atih_rsa_med", "bdpm_classes", "bdpm_generics"),
    *("bdpm_presentations", "bdpm_products", "biosimilar_flags", "biosimilar_tariffs", "contracts", "corrections"),
    *("envelopes_keur", "establishments", "finess", "grid_answers", "indications", "known_codes", "lpp_by_code"),
    *("lpp_history", "lpp_list", "lpp_spend", "monthly_spend", "monthly_spend_quantity", "signed_contracts"),
    *("prescriber_spend", "targets", "transports_by_month", "transports_cumul", "ucd_history"),
)

LIKE_COLUMNS: dict[tuple[str, str], tuple[int, str]] = {
    ("transports_cumul", "columns_exchanged"): (2, "two modes of transport: only the months received apart tell"),
    ("contracts", "columns_exchanged"): (1, "volets and indicators: told against the definitions (quality.contracts)"),
    ("biosimilar_tariffs", "columns_exchanged"): (1, "the UCD13, told as information"),
    ("lpp_list", "columns_exchanged"): (4, "free texts"),
    ("corrections", "columns_exchanged"): (1, "old and new values: told when they are applied"),
}
"""Columns that say comparable things, exchanged under their names: in a text file as in a workbook."""

# What no reader can see, by kind and corruption: how many files of that corruption, and why.
_UNSEEN: dict[tuple[str, str], tuple[int, str]] = {
    **LIKE_COLUMNS,
    ("finess", "line_cut"): (1, "the line that dates the extract, told as information"),
    ("finess", "columns_exchanged"): (1, "the long name and its complement"),
    ("bdpm_products", "columns_exchanged"): (2, "a column that is empty in the file"),
    ("bdpm_generics", "columns_exchanged"): (1, "type and rank, both small numbers"),
    ("ucd_history", "columns_exchanged"): (1, "a column that is empty in the file"),
    ("lpp_history", "columns_exchanged"): (1, "publication and a comment that is empty in the file"),
    ("indications", "columns_exchanged"): (5, "free texts"),
    ("grid_answers", "file_cut_inside_a_line"): (1, "the last words of a proof"),
    # Whole columns moved with their names say the same thing in another order.
    ("transports_cumul", "columns_moved_with_their_header"): (1, "same facts"),
    ("envelopes_keur", "columns_moved_with_their_header"): (1, "same facts"),
    ("activity_by_column", "columns_moved_with_their_header"): (1, "same facts"),
    # Events said twice change neither periods nor tariffs; they are told as information.
    ("ucd_history", "file_pasted_twice"): (1, "same events"),
    ("lpp_history", "file_pasted_twice"): (1, "same events"),
    ("biosimilar_tariffs", "file_pasted_twice"): (1, "same events"),
    ("indications", "file_pasted_twice"): (1, "same indications, told as information"),
    ("indications", "header_changed"): (1, "a column that is not read for the checks"),
}


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    return kinds(tmp_path_factory.mktemp("kinds"))


def without_lines(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=[name for name in ("source_line",) if name in rows]).astype(str)


def serious(findings: object) -> set[str]:
    return {one.code for one in findings if one.severity != "information"}  # type: ignore[attr-defined]


def test_every_kind_is_tried(every_kind: dict[str, Kind]) -> None:
    assert sorted(every_kind) == sorted(_NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", _NAMES)
def test_no_corruption_passes_in_silence(name: str, every_kind: dict[str, Kind], tmp_path: Path) -> None:
    kind = every_kind[name]
    path = tmp_path / ("recu.csv" if kind.separator not in ("", "\t") else "recu.txt")
    path.write_bytes(kind.content)
    rows, findings = kind.read(path)
    clean, usual = without_lines(rows), serious(findings)
    for corruption, make in CORRUPTIONS.items():
        unseen_nb = misplaced_nb = 0
        for content in make(kind):
            path.write_bytes(content)
            try:
                rows, findings = kind.read(path)
            except CaqesError as failure:
                misplaced_nb += sum(not (problem.file and problem.remedy) for problem in failure.problems)
                continue
            unseen_nb += not (without_lines(rows).equals(clean) or serious(findings) - usual)
        assert misplaced_nb == 0, corruption
        assert unseen_nb == _UNSEEN.get((name, corruption), (0, ""))[0], (corruption, unseen_nb)


@pytest.mark.parametrize("name", ["monthly_spend", "bdpm_presentations", "atih_rsa_med"])
def test_a_few_corruptions_of_the_main_kinds(name: str, every_kind: dict[str, Kind], tmp_path: Path) -> None:
    kind = every_kind[name]
    path = tmp_path / "recu.txt"
    for corruption in ("line_cut", "file_cut_inside_a_line", "file_pasted_twice", "lines_pasted"):
        for content in CORRUPTIONS[corruption](kind):
            path.write_bytes(content)
            with pytest.raises(CaqesError) as caught:
                kind.read(path)
            assert all(problem.file == path.name and problem.remedy for problem in caught.value.problems)
