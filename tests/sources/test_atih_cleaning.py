"""Each cleaning step: what it does on hand-made lines, in lines and in euros, and that it can be left out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis.errors import CaqesError, SourceError
from caqes_analysis.sources.atih_cleaning import CLEANING_STEPS
from caqes_analysis.sources.atih_references import read_known_codes, references_from
from tests.sources.atih_files import AVASTIN, REMSIMA, STENT, content, drug, read

LISTED = pd.DataFrame(
    [
        ("drug", REMSIMA, "2020-01-15", "2021-03-10"),
        ("drug", "9000001", None, "2020-12-31"),
        ("drug", "9000002", "2021-04-01", None),
    ],
    columns=["kind", "code", "listed_from", "listed_to"],
).astype({"listed_from": "datetime64[us]", "listed_to": "datetime64[us]"})
TARIFFS = pd.DataFrame(
    [
        ("drug", REMSIMA, "2020-01-01", Decimal("207.641")),
        ("drug", REMSIMA, "2021-03-15", Decimal("150.000")),
        ("drug", REMSIMA, "2021-06-01", Decimal("100.000")),
    ],
    columns=["kind", "code", "valid_from", "tariff_ttc_eur"],
).astype({"valid_from": "datetime64[us]"})
OPTIONS: dict[str, Any] = {"known_codes": {REMSIMA}, "listing_period": LISTED, "tariffs": TARIFFS}
# By step: a line that it concerns, the options it needs, and the amount that is left of 400 €.
CASES: dict[str, tuple[dict[str, Any], tuple[str, ...], str | None]] = {
    "positive_number": (drug(quantity=0), (), None),
    "non_negative_price": (drug(purchase=-1000), (), None),
    "known_code": (drug(product="9999999"), ("known_codes",), None),
    "recent_administration": (drug(month=pd.Timestamp("2018-12-01")), (), None),
    "listing_period": (drug(month=pd.Timestamp("2021-04-01")), ("listing_period",), None),
    "shared_stays": (drug(stays=3), (), "133.33"),
    "tariff_cap": (drug(purchase=600_000), ("tariffs",), "415.28"),
}


@pytest.mark.parametrize("step", sorted(CASES))
def test_a_step_concerns_one_line_counts_it_and_can_be_left_out(tmp_path: Path, step: str) -> None:
    line, needed, left = CASES[step]
    options = {name: OPTIONS[name] for name in needed}
    received = read(tmp_path, content(drug(), line), **options)
    table = received.cleaning.set_index("step")
    assert table["lines_nb"].to_dict() == {name: int(name == step) for name in table.index}
    kept = received.rows[received.rows["source_line"] == 2]["purchase_eur"].tolist()
    assert kept == ([] if left is None else [Decimal(left)])
    assert table.loc[step, "after_eur"] == received.rows["purchase_eur"].sum()
    finding = next(iter(received.findings))
    code = next(one.code for one in CLEANING_STEPS if one.name == step)
    assert (finding.code, finding.count, len(received.findings)) == (code, 1, 1)
    assert "ligne 2" in finding.example
    assert f"without: [{step}]" in finding.remedy

    unclean = read(tmp_path, content(drug(), line), without=[step], **options)
    assert len(unclean.rows) == 2
    assert len(unclean.findings) == 0
    assert unclean.rows["purchase_eur"].iloc[1] == Decimal(line["purchase"]) / 1000
    assert step not in set(unclean.cleaning["step"])


def test_steps_that_need_a_list_do_nothing_without_it(tmp_path: Path) -> None:
    steps = set(read(tmp_path, content(drug())).cleaning["step"])
    assert steps == {"positive_number", "non_negative_price", "avastin", "recent_administration", "shared_stays"}


@pytest.mark.parametrize(("year", "is_kept"), [(2019, True), (2018, False)], ids=["N-2 stays", "before N-2 goes"])
def test_the_year_of_administration_is_bounded_at_n_minus_2(tmp_path: Path, year: int, is_kept: bool) -> None:
    received = read(tmp_path, content(drug(month=pd.Timestamp(year, 6, 1)), drug()))
    assert len(received.rows) == 1 + is_kept


@pytest.mark.parametrize(
    ("code", "month", "is_kept"),
    [
        (REMSIMA, "2019-12-01", False),
        (REMSIMA, "2020-01-01", True),
        (REMSIMA, "2021-03-01", True),
        (REMSIMA, "2021-04-01", False),
        ("9000001", "2020-12-01", True),
        ("9000001", "2021-01-01", False),
        ("9000002", "2021-12-01", True),
        ("9999999", "2021-03-01", False),
    ],
)
def test_a_month_touched_by_the_listing_is_listed(tmp_path: Path, code: str, month: str, is_kept: bool) -> None:
    received = read(tmp_path, content(drug(product=code, month=pd.Timestamp(month))), listing_period=LISTED)
    assert len(received.rows) == is_kept


def test_a_list_of_drugs_says_nothing_of_devices(tmp_path: Path) -> None:
    data = content(drug(product=STENT, quantity=1), file_type="rsa_dmi")
    assert len(read(tmp_path, data, file_type="rsa_dmi", listing_period=LISTED).rows) == 1


def test_avastin_is_counted_whatever_the_lists_say(tmp_path: Path) -> None:
    data = content(drug(product=AVASTIN), drug(product="9261110"), drug())
    options = {"known_codes": {REMSIMA}, "listing_period": LISTED}
    received = read(tmp_path, data, **options)
    assert received.rows["code"].tolist() == [AVASTIN, "9261110", REMSIMA]
    assert {finding.code: finding.count for finding in received.findings} == {"ATIH_AVASTIN": 2}
    assert read(tmp_path, data, without=["avastin"], **options).rows["code"].tolist() == [REMSIMA]
    # A list that has them leaves nothing to tell.
    assert not len(read(tmp_path, data, known_codes={REMSIMA, AVASTIN, "9261110"}).findings)


@pytest.mark.parametrize(
    ("month", "purchase", "left"),
    [
        ("2021-01-01", 456_810, "456.81"),  # 2 × 207.641 × 1.10 = 456.8102: just under
        ("2021-01-01", 456_811, "415.28"),
        ("2021-03-01", 456_810, "456.81"),  # two tariffs in the month: the higher one
        ("2021-05-01", 330_000, "330.00"),  # exactly 10 % above is not more than 10 %
        ("2021-05-01", 330_001, "300.00"),
        ("2021-06-01", 220_001, "200.00"),
        ("2019-12-01", 999_999, "1000.00"),  # before the first tariff
    ],
)
def test_the_cap_is_the_tariff_of_the_month_beyond_10_percent(
    tmp_path: Path, month: str, purchase: int, left: str
) -> None:
    received = read(tmp_path, content(drug(month=pd.Timestamp(month), purchase=purchase)), tariffs=TARIFFS)
    assert received.rows["purchase_eur"].tolist() == [Decimal(left)]


def test_a_doubtful_tariff_caps_nothing(tmp_path: Path) -> None:
    doubtful = TARIFFS.assign(basis="inconsistent")
    assert read(tmp_path, content(drug(purchase=900_000)), tariffs=doubtful).rows["purchase_eur"].tolist() == [900]


def test_number_and_amount_are_divided_before_they_are_rounded_once(tmp_path: Path) -> None:
    rows = read(tmp_path, content(drug(stays=7, quantity=1000, purchase=1_000_005))).rows
    assert rows["quantity_nb"].tolist() == [Decimal("0.143")]
    assert rows["purchase_eur"].tolist() == [Decimal("142.86")]
    halves = read(tmp_path, content(drug(purchase=1005), drug(purchase=1004), drug(purchase=10, stays=2))).rows
    assert halves["purchase_eur"].tolist() == [Decimal("1.01"), Decimal("1.00"), Decimal("0.01")]


def test_a_capped_line_is_still_divided(tmp_path: Path) -> None:
    rows = read(tmp_path, content(drug(purchase=600_000, stays=2)), tariffs=TARIFFS).rows
    assert rows["purchase_eur"].tolist() == [Decimal("207.64")]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    quantities=st.lists(st.integers(-2000, 5000), min_size=1, max_size=12),
    stays=st.integers(1, 5),
    prices=st.lists(st.integers(-10_000, 900_000), min_size=12, max_size=12),
    years=st.lists(st.integers(2017, 2021), min_size=12, max_size=12),
)
def test_the_steps_reconcile_what_was_received_with_the_rows(
    tmp_path: Path, quantities: list[int], stays: int, prices: list[int], years: list[int]
) -> None:
    lines = [
        drug(quantity=nb, purchase=price, month=pd.Timestamp(year, 2, 1), stays=stays)
        for nb, price, year in zip(quantities, prices, years, strict=False)
    ]
    received = read(tmp_path, content(*lines), **OPTIONS)
    table = received.cleaning
    raw = [Decimal(line["purchase"]).scaleb(-3).quantize(Decimal("0.01"), "ROUND_HALF_UP") for line in lines]
    assert table["before_eur"].iloc[0] == sum(raw)
    assert table["after_eur"].iloc[-1] == sum(received.rows["purchase_eur"], Decimal(0))
    assert table["before_eur"].iloc[1:].tolist() == table["after_eur"].iloc[:-1].tolist()
    dropped = table.loc[~table["step"].isin(["shared_stays", "tariff_cap", "avastin"]), "lines_nb"].sum()
    assert len(received.rows) == len(lines) - dropped


def test_references_refuse_what_they_cannot_use() -> None:
    with pytest.raises(CaqesError, match="REFERENCE_COLONNES"):
        references_from(tariffs=pd.DataFrame({"code": [REMSIMA]}))
    with pytest.raises(CaqesError, match="TARIF_DECIMALES"):
        references_from(tariffs=TARIFFS.assign(tariff_ttc_eur=Decimal("1.2345")))


def test_known_codes_are_read_with_their_problems(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(f"code;libelle\n{REMSIMA};Remsima\n{AVASTIN};Avastin\n", encoding="utf-8")
    assert read_known_codes(path) == {REMSIMA, AVASTIN}
    path.write_text("code;libelle\n94023;Remsima\n;x\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_known_codes(path)
    assert [problem.code for problem in caught.value.problems] == ["CODE_ILLISIBLE", "CELLULE_VIDE"]
