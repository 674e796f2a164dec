"""Defects of whole files and of whole months, as senders make them: those that are found, those that nothing sees.

What nothing sees is said on the quality page (``chapters.data_quality_limits``), with what would make it visible: a
defect that a new control finds leaves both lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from tests.test_more_defects import OTHERS, PHMEV, Damaged
from tests.test_planted_defects import Region, prepared, serious

Row = list[str]


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return prepared(tmp_path, establishments_nb=20, seed=31)


def rewrite(region: Region, name: str, change: Callable[[Row], Row | None]) -> None:
    """Change every row of data of a file; None drops it."""
    header, *lines = region.lines(name)
    rows = [change(line.split(";")) for line in lines]
    region.write(name, [header, *(";".join(row) for row in rows if row is not None)])


def earlier(region: Region, name: str, start: str) -> Mapping[tuple[str, str, str], str]:
    """Amounts of the months that begin so, by establishment, rest of the month and envelope."""
    rows = (line.split(";") for line in region.lines(name)[1:])
    return {(row[0], row[1][len(start) :], row[2]): row[3] for row in rows if row[1].startswith(start)}


def months_copied(region: Region, name: str, new: str, old: str) -> None:
    """Give all establishments, for some months, what they spent in others."""
    known = earlier(region, name, old)
    rewrite(
        region,
        name,
        lambda row: (
            [*row[:3], known.get((row[0], row[1][len(new) :], row[2]), row[3])] if row[1].startswith(new) else row
        ),
    )


def exchanged(region: Region, name: str, first: str, second: str, *, column: int, start: str) -> None:
    """Exchange two establishments (column 0) or two envelopes (column 2) in the months that begin so."""
    other = {first: second, second: first}
    rewrite(
        region,
        name,
        lambda row: (
            [*row[:column], other.get(row[column], row[column]), *row[column + 1 :]]
            if row[1].startswith(start)
            else row
        ),
    )


def cumulated(region: Region, finess: str, envelope: str, year: str) -> None:
    """Make the months of a year run from January."""
    total = Decimal(0)

    def add(row: Row) -> Row:
        nonlocal total
        if row[0] != finess or row[2] != envelope or not row[1].startswith(year):
            return row
        total += Decimal(row[3].replace(",", "."))
        return [*row[:3], str(total).replace(".", ",")]

    rewrite(region, OTHERS, add)


def sites_entity(region: Region, known: list[str]) -> tuple[str, str]:
    """An establishment that is not its own juridical entity, and that entity."""
    rows = (line.split(";") for line in region.lines("etablissements.csv"))
    return next((row[0], row[1]) for row in rows if row[0] in known and row[1] != row[0])


@pytest.mark.slow
def test_what_senders_do_to_whole_months_is_found_once_and_alone(region: Region) -> None:
    by_size = region.quiet
    one = by_size[2]
    cumulated(region, one, "perfadom", "2024")
    months_copied(region, OTHERS, "2022-05", "2022-04")
    exchanged(region, OTHERS, "transport_ambulance", "transport_vsl", column=2, start="2023-09")
    exchanged(region, PHMEV, by_size[3], by_size[4], column=0, start="2021-03")
    months_copied(region, PHMEV, "2024", "2023")
    site, entity = sites_entity(region, by_size)
    rewrite(region, OTHERS, lambda row: [entity if row[0] == site else row[0], *row[1:]])
    told = serious(region.store())
    expected = [
        ("MOIS_CUMULES", f"{one}, PERFADOM, 2024"),
        *(("MOIS_REPETE", f"tous les établissements, {name}, mai 2022") for name in ("LPP", "PERFADOM", "Taxi", "VSL")),
        ("MOIS_REPETE", "tous les établissements, Ambulance, mai 2022"),
        ("MOIS_ATYPIQUE", "tous les établissements, VSL, septembre 2023"),
        ("MOIS_ATYPIQUE", f"{by_size[3]}, PHMEV, mars 2021"),
        ("MOIS_ATYPIQUE", f"{by_size[4]}, PHMEV, mars 2021"),
        ("MOIS_REPETE", "tous les établissements, PHMEV, janvier 2024"),
        ("ETABLISSEMENT_NON_DECRIT", "absent de tout fichier d'établissements"),
    ]
    # Ambulances exchanged with VSL are told for all in one of the two, and in the other where they fall most.
    fallen = ("MOIS_ATYPIQUE", "Ambulance, septembre 2023")
    for code, words in expected:
        assert len([place for other, place in told if other == code and words in place]) == 1, (code, words, told)
    for code, place in told:
        assert any(code == known and words in place for known, words in (*expected, fallen)), (code, place)


@pytest.mark.slow
def test_what_nothing_sees_is_what_the_quality_page_says(region: Region) -> None:
    files, quiet = Damaged(region), region.quiet
    files.change(OTHERS, lambda value: value / Decimal("1.055"), envelope="lpp", month="2024")
    exchanged(region, OTHERS, quiet[3], quiet[4], column=0, start="2")
    files.change(OTHERS, lambda value: value + 300, finess=quiet[1], month="2024-05", envelope="perfadom")
    files.change(PHMEV, lambda value: value * Decimal("1.15"), finess=quiet[2], month="2024")
    rewrite(region, OTHERS, lambda row: None if row[0] == quiet[5] else row)
    rewrite(region, "etablissements.csv", lambda row: [*row[:5], "CHU" if row[0] == quiet[0] else row[5], *row[6:]])
    assert serious(region.store()) == []
