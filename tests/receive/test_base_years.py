"""The year of a yearly base: said by the campaign, by its name, by the CSV inside, and contradicted by none."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.campaign_sources import AnnualSource
from caqes_analysis.errors import SourceError
from caqes_analysis.receive.base_years import refuse_bases_twice, year_of_base
from caqes_analysis.sources import ingest_open_phmev, read_open_phmev
from caqes_analysis.store import Store
from tests.sources.phmev_files import content, row, write_zip


def archive(folder: Path, name: str, inside: str) -> Path:
    return write_zip(folder, {inside: content([row()])}, name)


@pytest.mark.parametrize(
    ("name", "inside", "given", "year", "contradicted_by"),
    [
        ("OPEN_PHMEV_2024.zip", "OPEN_PHMEV_2024.CSV", None, 2024, []),
        ("envoi.zip", "OPEN_PHMEV_2024.CSV", None, 2024, []),
        ("envoi.zip", "base.csv", 2024, 2024, []),
        ("OPEN_PHMEV_2024.zip", "OPEN_PHMEV_2023.CSV", None, 2024, ["le CSV de l'archive : OPEN_PHMEV_2023.CSV"]),
        ("OPEN_PHMEV_2024.zip", "OPEN_PHMEV_2024.CSV", 2023, 2023, ["le nom du fichier", "le CSV de l'archive"]),
        ("envoi_2024-2025.zip", "OPEN_PHMEV_2024.CSV", None, 2024, []),
        ("envoi.zip", "base.csv", None, None, []),
    ],
)
def test_the_year_of_an_archive(
    name: str, inside: str, given: int | None, year: int | None, contradicted_by: list[str], tmp_path: Path
) -> None:
    source = AnnualSource(path=archive(tmp_path, name, inside), year=given)
    found, doubts = year_of_base(source)
    assert found == year
    assert {one.code for one in doubts} <= {"ANNEE_CONTREDITE"}
    assert len(doubts) == len(contradicted_by)
    assert all(said in one.example for said, one in zip(contradicted_by, doubts, strict=True))


def test_without_any_year_the_base_is_refused_with_its_fix(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_open_phmev(archive(tmp_path, "envoi.zip", "base.csv"))
    assert [problem.code for problem in caught.value.problems] == ["ANNEE_INCONNUE"]
    assert "year" in str(caught.value)


def test_an_archive_that_cannot_be_read_is_left_to_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "OPEN_PHMEV_2024.zip"
    path.write_bytes(b"PK\x03\x04rien")
    found, doubts = year_of_base(AnnualSource(path=path))
    assert (found, len(doubts)) == (2024, 0)


def test_two_bases_of_a_year_are_refused_and_a_year_in_two_parts_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for name, finess, year in (
        ("un.csv", ["330781196", "330781204"], 2024),
        ("deux.csv", ["330781212"], 2024),  # the rest of the region
        ("avant.csv", ["330781196"], 2023),
    ):
        path = tmp_path / name
        path.write_bytes(content([row(etb_rgt=one) for one in finess]))
        ingest_open_phmev(path, store, year=year, delivery=path.stem)
    refuse_bases_twice(store)
    again = tmp_path / "trois.csv"
    again.write_bytes(content([row(etb_rgt="330781196", rem="2.790,03")]))
    ingest_open_phmev(again, store, year=2024, delivery="trois")
    with pytest.raises(SourceError) as caught:
        refuse_bases_twice(store)
    (problem,) = caught.value.problems
    assert (problem.code, problem.value, problem.count) == ("BASE_ANNUELLE_EN_DOUBLE", "330781196", 1)
    assert "trois.csv, un.csv" in problem.what
    assert "2024" in problem.what
