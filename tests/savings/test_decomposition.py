from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis import perimeter, tables
from caqes_analysis.exact import half_up
from caqes_analysis.savings import annual_pairs, decompose, extra_list_pairs, lpp_pairs
from caqes_analysis.savings.decomposition import EFFECTS, decomposed_savings, item_effects
from caqes_analysis.store import Store
from tests.builders import establishments

A, B, C = "990000001", "990000002", "990000003"
VALUES = ("milli_nb", "base_cents", "cents")


def pair(before: tuple[int, int, int], now: tuple[int, int, int], **more: Any) -> dict[str, Any]:
    """A product by boxes, base and reimbursed cents of both years."""
    named = {
        f"{year}_{name}": value * (1000 if name == "milli_nb" else 1)
        for year, values in (("previous", before), ("current", now))
        for name, value in zip(VALUES, values, strict=True)
    }
    base = {"finess": A, "code": "1", "atc": "A02BC01", "nature": "product", "scope": "both"}
    return {**base, **named, **more}


def swapped(pairs: pd.DataFrame) -> pd.DataFrame:
    """The same products with the years the other way round."""
    other = {"previous": "current", "current": "previous"}
    renamed = {f"{year}_{name}": f"{other[year]}_{name}" for year in other for name in VALUES}
    return pairs.rename(columns=renamed).assign(scope=pairs["scope"].replace({"entry": "exit", "exit": "entry"}))


def test_an_absurd_line_is_not_split_and_its_change_is_mix() -> None:
    sound = pair((100, 100_000, 65_000), (80, 72_000, 46_800), code="sain")
    absurd = pair((1, 1, 9_000_000_000), (5_000_000, 9_000_000_000, 4_000), code="absurde")
    alone = decompose(pd.DataFrame([absurd]), volume_by=("code",)).iloc[0]
    assert alone["mix_eur"] == Decimal("-89999960.00")
    assert alone["price_eur"] == alone["rate_eur"] == alone["volume_eur"] == 0
    both = decompose(pd.DataFrame([sound, absurd]), by=("code",), volume_by=("code",)).set_index("code")
    kept = decompose(pd.DataFrame([sound]), by=("code",), volume_by=("code",)).set_index("code")
    assert both.loc["sain"].equals(kept.loc["sain"])


def test_a_hand_computed_change() -> None:
    pairs = pd.DataFrame(
        [
            pair((100, 100_000, 65_000), (80, 72_000, 46_800), code="reference"),  # 10.00 → 9.00 a box, 65 %
            pair((50, 25_000, 16_250), (90, 45_000, 31_500), code="biosimilar"),  # 5.00 a box, 65 → 70 %
            pair((0, 0, 0), (5, 50_000, 50_000), code="nouveau", scope="entry"),
            pair((4, 8_000, 8_000), (0, 0, 0), code="sorti", scope="exit"),
            pair((0, 5_000, 4_000), (0, 6_000, 4_700), nature="fees"),
            pair((9, 900, 500), (10, 1_000, 600), nature="masked"),
        ]
    )
    found = decompose(pairs).iloc[0]
    # Price: (100 + 80)/2 × (9 − 10) × 0.65 = −58.50. Rate: (250 + 450)/2 × (0.70 − 0.65) = 17.50.
    # A mean box: 812.50 / 150 and 783.00 / 170; boxes +20, half the sum of the means: 100.22.
    mean_box = (Fraction(81_250, 150) + Fraction(78_300, 170)) / 2
    volume = sum(half_up(mean_box * boxes) for boxes in (-20, 40)) / 100
    assert found["price_eur"] == Decimal("-58.50")
    assert found["rate_eur"] == Decimal("17.50")
    assert found["volume_eur"] == volume == Decimal("100.22")
    assert found["mix_eur"] == Decimal("783.00") - Decimal("812.50") + Decimal("58.50") - Decimal("17.50") - volume
    assert found["entries_eur"] == Decimal("500.00")
    assert found["exits_eur"] == Decimal("-80.00")
    assert found["fees_eur"] == Decimal("7.00")
    assert found["masked_eur"] == Decimal("1.00")
    on_base = decompose(pairs, on="base").iloc[0]
    assert on_base["rate_eur"] == 0
    assert on_base["price_eur"] == Decimal("-90.00")


def test_boxes_that_move_without_a_new_box_are_mix_only() -> None:
    pairs = pd.DataFrame(
        [
            pair((100, 100_000, 100_000), (60, 60_000, 60_000), code="dear"),
            pair((100, 50_000, 50_000), (140, 70_000, 70_000), code="cheap"),
        ]
    )
    found = decompose(pairs).iloc[0]
    assert (found["price_eur"], found["volume_eur"], found["mix_eur"]) == (0, 0, Decimal("-200.00"))


def test_volume_may_be_counted_within_each_molecule() -> None:
    pairs = pd.DataFrame(
        [
            pair((10, 1_000, 1_000), (20, 2_000, 2_000), code="1", atc="A"),
            pair((10, 90_000, 90_000), (10, 90_000, 90_000), code="2", atc="B"),
        ]
    )
    whole, within = decompose(pairs).iloc[0], decompose(pairs, volume_by=("finess", "atc")).iloc[0]
    assert whole["volume_eur"] + whole["mix_eur"] == Decimal("10.00")
    assert whole["mix_eur"] < 0  # the boxes gained cost less than the mean box
    assert (within["volume_eur"], within["mix_eur"]) == (Decimal("10.00"), 0)


numbers = st.integers(0, 10**6)
amounts = st.integers(-(10**4), 10**10)
# What is reimbursed is a part of the base, whatever their sign: a rate of a million is no spending.
product = st.builds(lambda boxes, base, part: (boxes, base, base * part // 100), numbers, amounts, st.integers(0, 100))
row = st.builds(
    lambda before, now, finess, code, nature, scope: pair(
        before, now, finess=finess, code=str(code), atc=str(code)[0], nature=nature, scope=scope
    ),
    product,
    product,
    st.sampled_from([A, B]),
    st.integers(0, 30),
    st.sampled_from(["product"] * 6 + ["fees", "masked"]),
    st.sampled_from(["both"] * 6 + ["entry", "exit", "perimeter"]),
)
many = st.lists(row, min_size=1, max_size=20).map(pd.DataFrame)


@settings(max_examples=30)
@given(many, st.sampled_from(["reimbursed", "base"]), st.randoms())
def test_effects_add_up_to_the_cent_whatever_the_order_and_swap_signs_with_the_years(
    pairs: pd.DataFrame, on: Any, random: Any
) -> None:
    effects = item_effects(pairs, on=on)
    name = "base_cents" if on == "base" else "cents"
    assert (effects.sum(axis=1) == pairs[f"current_{name}"] - pairs[f"previous_{name}"]).all()
    backwards = item_effects(swapped(pairs), on=on).rename(columns={"entries": "exits", "exits": "entries"})
    pd.testing.assert_frame_equal(-backwards[list(EFFECTS)], effects)
    places = list(range(len(pairs)))
    random.shuffle(places)
    pd.testing.assert_frame_equal(item_effects(pairs.iloc[places], on=on).set_axis(places).sort_index(), effects)


@settings(max_examples=15)
@given(many)
def test_every_level_adds_up_to_the_region(pairs: pd.DataFrame) -> None:
    region = decompose(pairs, by=()).iloc[0]
    for by in (("finess",), ("atc",), ("finess", "code")):
        sums = decompose(pairs, by=by).drop(columns=list(by)).sum()
        assert (sums == region).all()
    assert region["previous_eur"] + sum(region[f"{name}_eur"] for name in EFFECTS) == region["current_eur"]


@settings(max_examples=40)
@given(product, product)
def test_price_and_rate_are_bennets_to_the_cent(before: tuple[int, int, int], now: tuple[int, int, int]) -> None:
    (q0, b0, r0), (q1, b1, r1) = before, now
    found = item_effects(pd.DataFrame([pair(before, now)])).iloc[0]
    rates = [Fraction(r, b) for b, r in ((b0, r0), (b1, r1)) if b > 0]
    rate = sum(rates, Fraction(0)) / len(rates) if rates else Fraction(1)
    price = Fraction(q0 + q1, 2) * (Fraction(b1, q1) - Fraction(b0, q0)) * rate if q0 and q1 else Fraction(0)
    assert found["price"] == half_up(price)
    assert found["rate"] == (half_up(Fraction(b0 + b1, 2) * (rates[1] - rates[0])) if len(rates) == 2 else 0)


def drug(year: int, finess: str, cip13: str, boxes: int, base: str, reimbursed: str, **more: Any) -> dict[str, Any]:
    classes = {"atc1": "A", "atc2": "A02", "atc3": "A02B", "atc4": "A02BC", "atc5": "A02BC01"}
    amounts = {"boxes_nb": boxes, "base_eur": Decimal(base), "reimbursed_eur": Decimal(reimbursed)}
    return {"year": year, "finess": finess, "cip13": cip13, **classes, **amounts, **more}


def annual_store(directory: Path, *lines: dict[str, Any]) -> Store:
    store = Store(directory)
    known = establishments({"finess": A}, {"finess": B}, {"finess": C, "valid_to": "2023-06-30", "successor": A})
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    rows = pd.DataFrame(lines).assign(source="essai", source_line=range(2, len(lines) + 2), value_status="reported")
    rows = tables.ANNUAL_DRUG_SPEND.conform(rows, is_provisional=False, is_corrected=False)
    store.write(tables.ANNUAL_DRUG_SPEND, rows, part="essai")
    return store


def test_yearly_files_are_paired_and_nothing_is_lost(tmp_path: Path) -> None:
    masked, fees = "9999999999999", {"atc1": "0", "atc5": "0"}
    lines = [
        drug(2022, A, "1", 10, "100.00", "65.00"),
        drug(2022, C, "1", 4, "40.00", "26.00"),  # merged into A: the same establishment in both years
        drug(2023, A, "1", 12, "108.00", "70.20"),
        drug(2022, A, "2", 3, "9.00", "9.00"),  # nobody has it in 2023: an exit
        drug(2023, A, "3", 5, "55.55", "55.55"),  # nobody had it in 2022: an entry
        drug(2023, A, masked, 7, "7.00", "6.00"),
        drug(2022, A, "4", 0, "1.10", "1.00", **fees),
        drug(2023, A, "4", 0, "1.30", "1.20", **fees),
        drug(2023, B, "1", 2, "18.00", "11.70"),  # an establishment without 2022: perimeter
    ]
    store = annual_store(tmp_path, *lines)
    found = decompose(annual_pairs(store, year=2023)).set_index("finess")
    assert found["current_eur"].sum() == sum(line["reimbursed_eur"] for line in lines if line["year"] == 2023)
    assert found["previous_eur"].sum() == sum(line["reimbursed_eur"] for line in lines if line["year"] == 2022)
    own = found.loc[A]
    assert own["entries_eur"] == Decimal("55.55")
    assert own["exits_eur"] == Decimal("-9.00")
    assert own["fees_eur"] == Decimal("0.20")
    assert own["masked_eur"] == Decimal("6.00")
    assert own["price_eur"] == Decimal("-8.45")  # (14 + 12)/2 × (9 − 10) × 65 %
    assert found.loc[B, "perimeter_eur"] == Decimal("11.70")
    alone = decompose(annual_pairs(store, year=2023, finess=[A])).set_index("finess").loc[A]
    assert alone.equals(own)  # the market is read on the whole base
    shares = tables.CODE_LISTS.conform(
        pd.DataFrame([{"list": "ipp", "kind": "atc", "code": "A02BC"}]), status="verified", source="essai"
    )
    store.write(tables.CODE_LISTS, shares, part="essai")
    constant = annual_pairs(store, year=2023, without="ipp")
    assert set(constant["nature"]) == {"fees"}
    rows = decomposed_savings(found.reset_index(), indicator="phmev", year=2023, perimeter="courant")
    tables.SAVINGS.validate(rows)
    assert rows["component"].tolist()[:3] == ["previous", "price", "volume"]


def test_who_opened_or_closed_in_the_course_of_a_year_changes_the_perimeter(tmp_path: Path) -> None:
    """A opened in September 2022, B closed in May 2023, C opened on 1 January 2022: C alone has two whole years."""
    lines = [
        drug(year, finess, "1", boxes, f"{boxes}.00", f"{boxes}.00")
        for finess in (A, B, C)
        for year, boxes in ((2022, 10), (2023, 30))
    ]
    store = annual_store(tmp_path, *lines)
    known = establishments(
        {"finess": A, "valid_from": "2022-09-01"},
        {"finess": B, "valid_from": "2010-01-01", "valid_to": "2023-05-31"},
        {"finess": C, "valid_from": "2022-01-01"},
    )
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    found = decompose(annual_pairs(store, year=2023)).set_index("finess")
    assert found["perimeter_eur"].to_dict() == {A: Decimal("20.00"), B: Decimal("20.00"), C: Decimal("0.00")}
    assert found["volume_eur"].to_dict() == {A: Decimal("0.00"), B: Decimal("0.00"), C: Decimal("20.00")}
    assert annual_pairs(store, year=2024).query("finess == @A")["scope"].tolist() == ["perimeter"], "no line of 2024"


# ATIH, liste_en_sus_tarifs_biosimilaires.csv: one tariff for the reference and its biosimilars at each date.
INFLIXIMAB = {"9213737": "reference", "9398352": "biosimilar"}


def test_aligned_tariffs_of_the_liste_en_sus_are_a_price_effect_and_switching_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    dates = (("2020-01-01", "2020-12-31", "434.403"), ("2021-01-01", None, "382.275"))
    store.write(
        tables.EXTRA_LIST_TARIFFS,
        tables.EXTRA_LIST_TARIFFS.conform(
            pd.DataFrame(
                [
                    {"code": code, "valid_from": start, "valid_to": end, "tariff_ttc_eur": Decimal(tariff)}
                    for code in INFLIXIMAB
                    for start, end, tariff in dates
                ]
            ),
            kind="drug",
            basis="received",
        ),
        part="essai",
    )
    uses = [("9213737", 2020, 80), ("9398352", 2020, 20), ("9213737", 2021, 30), ("9398352", 2021, 70)]
    tariff = {2020: Decimal("434.403"), 2021: Decimal("382.275")}
    rows = [
        {
            "finess": A,
            "month": f"{year}-03-01",
            "code": code,
            "quantity_nb": Decimal(quantity),
            "purchase_eur": round(quantity * tariff[year], 2),
            "source_line": line,
        }
        for line, (code, year, quantity) in enumerate(uses, 1)
    ]
    extra = {"source": "essai", "date_basis": "discharge", "kind": "drug", "value_status": "reported"}
    uses_table = tables.EXTRA_LIST_USE.conform(pd.DataFrame(rows), **extra, is_provisional=False, is_corrected=False)
    store.write(tables.EXTRA_LIST_USE, uses_table, part="essai")
    named = {"list": "biosimilaires-infliximab", "kind": "ucd", "code": "9398352", "label": "INFLECTRA 100 MG"}
    lists = tables.CODE_LISTS.conform(pd.DataFrame([named]), status="data", source="essai")
    store.write(tables.CODE_LISTS, lists, part="essai")
    labels = extra_list_pairs(store, year=2021).set_index("code")["label"].to_dict()
    assert labels["9398352"] == "INFLECTRA 100 MG"
    assert pd.isna(labels["9213737"]), "no list names it"
    found = decompose(extra_list_pairs(store, year=2021)).iloc[0]
    assert found["price_eur"] == found["current_eur"] - found["previous_eur"] == Decimal("-5212.80")
    assert (found["volume_eur"], found["mix_eur"], found["rate_eur"]) == (0, 0, 0)
    assert extra_list_pairs(store, year=2021, last_month_nb=2).empty


def test_lpp_counts_the_same_months_of_both_years(tmp_path: Path) -> None:
    store = Store(tmp_path)
    lines = [("2022-01", 10, "100.00"), ("2022-12", 10, "100.00"), ("2023-01", 12, "132.00"), ("2022", 1, "5.00")]
    rows = pd.DataFrame(
        [
            {"period": period, "quantity_nb": Decimal(quantity), "amount_eur": Decimal(amount)}
            for period, quantity, amount in lines
        ]
    )
    conformed = tables.LPP_SPEND.conform(
        rows, finess=A, lpp="1103392", delivery="essai", value_status="reported", is_provisional=False,
        is_corrected=False,
    )  # fmt: skip
    store.write(tables.LPP_SPEND, conformed, part="essai")
    found = decompose(lpp_pairs(store, year=2023, last_month_nb=1)).iloc[0]
    assert (found["previous_eur"], found["current_eur"]) == (Decimal("100.00"), Decimal("132.00"))
    assert found["price_eur"] == Decimal("11.00")
    assert decompose(lpp_pairs(store, year=2023)).iloc[0]["previous_eur"] == Decimal("205.00")


@pytest.mark.real
def test_the_real_sample_against_itself_shifted_adds_up_to_the_cent(real_data: Path, tmp_path: Path) -> None:
    """Two extracts stand for two years: no rate means anything, but every cent of both must be there."""
    from caqes_analysis.sources import ingest_open_phmev

    store = Store(tmp_path)
    ingest_open_phmev(real_data / "phmev" / "OPEN_PHMEV_2024_nouvelle-aquitaine.csv", store)
    rows = store.read(tables.ANNUAL_DRUG_SPEND)
    before = rows.iloc[::2].assign(year=rows["year"] - 1, source="moitie")
    store.write(tables.ANNUAL_DRUG_SPEND, before, part="moitie")
    found = decompose(annual_pairs(store, year=2024))
    assert found["current_eur"].sum() == Decimal("162934894.76")
    assert found["previous_eur"].sum() == sum(before["reimbursed_eur"])
    change = sum((found[f"{name}_eur"].sum() for name in EFFECTS), Decimal(0))
    assert change == found["current_eur"].sum() - found["previous_eur"].sum()
