from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis.simulation.establishments import build_establishments
from caqes_analysis.simulation.open_phmev import PEOPLE, draw_lines, largest_lines_nb, products, usual_lines_nb

REGION = build_establishments(20, seed=3, year=2024)


@settings(max_examples=40)
@given(st.integers(1, 10**10), st.integers(1, 3000), st.integers(0, 1000), st.sampled_from([0, 1, 3, 7]))
def test_the_total_is_exact_whatever_is_asked(cents: int, lines_nb: int, seed: int, rank: int) -> None:
    lines = draw_lines(REGION[rank], cents, lines_nb, seed=seed, year=2023)
    assert lines.reimbursed_cents.sum() == cents
    assert len(lines.boxes) <= lines_nb
    assert (lines.base_cents >= lines.reimbursed_cents).all()
    assert (lines.reimbursed_cents >= 0).all() or cents < 100 * lines_nb
    is_fee = lines.product == len(products().price_eur)
    assert (lines.boxes[~is_fee] >= 1).all()
    assert (lines.boxes[is_fee] == 0).all()


def test_no_money_no_line() -> None:
    assert len(draw_lines(REGION[0], 0, 100, seed=1, year=2023).boxes) == 0


def test_lines_are_different_and_last_from_year_to_year() -> None:
    one = REGION[1]
    years = [draw_lines(one, 6 * 10**8, 3000, seed=1, year=year) for year in (2022, 2023)]
    keys = [set(zip(lines.product.tolist(), lines.people.tolist(), strict=True)) for lines in years]
    assert [len(key) for key in keys] == [3000, 3000]
    assert 0.7 < len(keys[0] & keys[1]) / 3000 < 0.98


def test_prices_are_those_of_the_products_within_a_few_percent() -> None:
    lines = draw_lines(REGION[1], 6 * 10**8, 3000, seed=1, year=2024)
    drugs = lines.boxes > 20
    price_eur = lines.base_cents[drugs] / 100 / lines.boxes[drugs]
    ratio = price_eur / products().price_eur[lines.product[drugs]]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)
    assert np.quantile(np.abs(ratio - 1), 0.99) < 0.05


def test_ages_and_sexes_are_masked_where_the_establishment_does_not_tell_them() -> None:
    region = build_establishments(400, seed=1, year=2024)
    for tells_age, tells_sex in ((False, False), (True, False), (True, True)):
        one = next(e for e in region if e.in_open_phmev and (e.tells_age, e.tells_sex) == (tells_age, tells_sex))
        lines = draw_lines(one, 3 * 10**8, 2000, seed=1, year=2024)
        seen = {PEOPLE[i] for i in lines.people}
        assert {age for age, _ in seen} == ({"0", "20", "60", "99"} if tells_age else {"99"})
        assert {sex for _, sex in seen} == ({"1", "2", "9"} if tells_sex else {"9"})


def test_larger_hospitals_have_more_lines_within_bounds() -> None:
    sizes = [1e3, 50e3, 1e6, 10e6, 100e6]
    numbers = [usual_lines_nb(size) for size in sizes]
    assert numbers == sorted(numbers)
    assert numbers[0] < 10
    assert numbers[-1] == pytest.approx(12_700, rel=0.05)
    assert all(usual_lines_nb(e.yearly_eur) < largest_lines_nb(e) for e in REGION if e.tells_age and e.tells_sex)


def test_products_carry_the_real_codes() -> None:
    heads = [head.decode("cp1252").split(";") for head in products().heads]
    assert all(len(head) == 14 for head in heads)
    told = [head for head in heads if head[10] not in ("0", "9" * 13)]
    assert len(told) == 1500
    assert all(len(head[10]) == 13 and head[8].startswith(head[6]) for head in told)
    assert {head[12] for head in told} == {"0", "1", "4", "B", "C"}
    masked = [head for head in heads if head[10] == "9" * 13]
    assert all(head[11:] == ["Non restitué", "9", "9999"] for head in masked)
    assert heads[-1][:2] == ["0", "Honoraires de dispensation"]
    assert {head[8] for head in told} >= {"C10AX09", "C10BA05", "A02BC05", "L04AB04"}


def test_biosimilars_take_over_from_their_references() -> None:
    status = np.array([head.decode("cp1252").rsplit(";", 2)[1] for head in products().heads])
    shares = []
    for year in (2018, 2021, 2024):
        drawn = [draw_lines(one, 10**9, 4000, seed=2, year=year) for one in REGION if one.in_open_phmev]
        boxes = {
            letter: sum(lines.boxes[status[lines.product] == letter].sum() for lines in drawn) for letter in ("B", "C")
        }
        shares.append(boxes["B"] / (boxes["B"] + boxes["C"]))
    assert shares[0] < shares[1] - 0.05 < shares[2] - 0.1
