"""The back-test at a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.command_line.files import write_tables
from caqes_analysis.command_line.text import OUT
from caqes_analysis.command_line.track_record import print_record, record_of
from tests.forecast.test_track_record import chances, trials


def test_prints_whole_words_in_eighty_columns_and_writes_french_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = record_of(trials([5.0, 7.0, 9.0]), chances())
    monkeypatch.setattr(OUT, "_width", 80)
    with OUT.capture() as said:
        print_record(parts)
    assert "…" not in said.get()
    assert "moyennes" in said.get()
    assert "0 à 10" in said.get()
    paths = write_tables(tmp_path / "essai", parts)
    assert [path.stem for path in paths] == list(parts)
    text = paths[0].read_bytes().decode("utf-8-sig")
    assert text.startswith("observed_months_nb;year;")
    assert "33,3" in text
