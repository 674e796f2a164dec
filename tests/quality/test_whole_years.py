"""Years that are wrong as a whole: another level, lost cents, zeros to the end; what really happens is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.quality.panels import panel_of
from caqes_analysis.quality.perimeter_findings import closure_findings
from caqes_analysis.quality.whole_year_findings import odd_year_findings, rounded_findings, stopped_findings
from caqes_analysis.quality.whole_years import find_odd_years, find_rounded, find_stopped
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year
from tests.quality.test_outliers import region

FIRST = "990000001"


def changed(first: str, last: str, factor: float, *, everyone: bool = False) -> pd.DataFrame:
    """Four years of eight establishments; the months of one, or of all, are multiplied."""
    rows = region(months_nb=45)  # until September of the fourth year, 2024
    inside = rows["month"].between(first, last) & (everyone | (rows["finess"] == FIRST))
    rows.loc[inside, "amount_eur"] = (rows.loc[inside, "amount_eur"] * factor).round(2)
    return rows


@pytest.mark.parametrize(
    ("first", "last", "factor", "everyone", "expected"),
    [
        ("2022-01", "2022-12", 1.9, False, [(FIRST, 2022, 12, False)]),
        ("2023-01", "2023-12", 0.5, False, [(FIRST, 2023, 12, False)]),
        ("2024-01", "2024-09", 1.9, False, [(FIRST, 2024, 9, True)]),
        ("2022-01", "2022-12", 1.9, True, [("", 2022, 12, False)]),
        ("2022-01", "2022-12", 1.33, False, []),  # a lasting rise of a third is life
        ("2022-05", "2023-04", 1.9, False, []),  # not a year of a file
        ("2022-06", "2024-09", 1.9, False, []),
        ("2022-01", "2022-12", 10, False, []),  # told month by month
    ],
)
def test_a_year_at_another_level_is_told(
    first: str, last: str, factor: float, everyone: bool, expected: list[tuple[str, int, int, bool]]
) -> None:
    found = list(find_odd_years(panel_of(changed(first, last, factor, everyone=everyone), envelope="lpp")))
    assert [(one.finess, one.year, one.months_nb, one.is_last) for one in found] == expected
    assert all(one.factor == pytest.approx(factor, rel=0.05) for one in found)


def test_a_few_months_alike_by_chance_do_not_make_an_irregular_year_odd() -> None:
    rows = changed("2024-01", "2024-09", 0.5)
    rows = rows[(rows["finess"] != FIRST) | (rows["month"] >= "2023-09")]
    (found,) = find_odd_years(panel_of(rows, envelope="lpp"))
    assert (found.finess, found.year) == (FIRST, 2024), "half of four regular months"
    # Seen in a simulated region: a taxi or two a month, of an establishment that had just opened.
    seen = (1049.63, 997.60, 962.81, 1136.04, 256.91, 936.99, 605.95, 364.09, 892.08, 595.18, 536.11, 200.49, 816.10)
    rows.loc[rows["finess"] == FIRST, "amount_eur"] = list(seen)
    assert list(find_odd_years(panel_of(rows, envelope="lpp"))) == []


def test_a_doubled_year_says_why() -> None:
    (found,) = odd_year_findings(
        list(find_odd_years(panel_of(changed("2022-01", "2022-12", 1.9), envelope="lpp"))), "LPP"
    )
    assert (found.code, found.place, found.count) == ("ANNEE_ATYPIQUE", f"{FIRST}, LPP, 2022", 12)
    assert "comptées deux fois" in found.remedy


@pytest.mark.parametrize(("unit", "shown"), [(1000, "1\u202f000\u00a0€"), (1, "1\u00a0€")])
def test_amounts_that_lost_their_cents_are_told(unit: int, shown: str) -> None:
    rows = region()
    own = rows["finess"] == FIRST
    rows.loc[own, "amount_eur"] = (rows.loc[own, "amount_eur"] / unit).round() * unit
    panel = panel_of(rows, envelope="lpp")
    assert [(one.finess, one.unit_eur, one.months_nb) for one in find_rounded(panel)] == [(FIRST, unit, 36)]
    assert [shown in one.remedy for one in rounded_findings(panel, "LPP")] == [True]


def test_a_file_that_everyone_rounds_is_another_layout() -> None:
    rows = region().assign(amount_eur=lambda rows: rows["amount_eur"].round())
    assert list(find_rounded(panel_of(rows, envelope="lpp"))) == []
    assert list(find_rounded(panel_of(region(), envelope="lpp"))) == []


def test_a_steady_series_that_ends_in_zeros_is_told_unless_it_closed() -> None:
    panel = panel_of(changed("2024-01", "2024-09", 0), envelope="lpp")
    assert [(one.finess, one.months_nb, one.month) for one in find_stopped(panel)] == [
        (FIRST, 9, pd.Timestamp("2024-01-01"))
    ]
    assert [one.code for one in stopped_findings(panel, "LPP", set())] == ["ZERO_SUSPECT"]
    assert list(stopped_findings(panel, "LPP", {FIRST})) == []
    small = changed("2024-01", "2024-09", 0)
    small.loc[small["finess"] == FIRST, "amount_eur"] = np.round(small["amount_eur"] / 50, 2)
    assert list(find_stopped(panel_of(small, envelope="lpp"))) == []


@pytest.mark.parametrize(("successor", "told"), [(None, ["FERMETURE_SANS_SUCCESSEUR"]), (B, [])])
def test_a_closure_without_successor_is_told_with_its_euros(
    successor: str | None, told: list[str], tmp_path: Path
) -> None:
    spent = {month: value for month, value in whole_year(2023).items() if month <= "2023-06"}
    series = {(A, "lpp"): whole_year(2022) | spent, (B, "lpp"): whole_year(2022) | whole_year(2023)}
    end = pd.Timestamp("2023-06-30")
    known = establishments({"finess": A, "valid_to": end, "successor": successor}, {"finess": B})
    found = list(closure_findings(store_of(tmp_path, monthly_rows(series), tables.ESTABLISHMENTS.conform(known))))
    assert [one.code for one in found] == told
    assert all(one.example.startswith("1\u202f200,00\u00a0€") for one in found)
