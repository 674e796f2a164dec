"""Trends of a small region computed by hand: changes, ranks, peers, contributions, and what is left unsaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.indicators.compute import compute_indicators
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.places import Places
from caqes_analysis.indicators.trends import tracked_measures, trends, with_intervals
from caqes_analysis.store import Store
from tests.builders import A, B, C
from tests.indicators.builders import drug_lines, region

D = "990000004"
TEXTS = dict.fromkeys(("name", "short_name", "theme", "why"), "essai")
BOXES = {"table": "annual_drug_spend", "sum": "boxes_nb"}
SHARE = IndicatorDefinition.model_validate(
    {
        "id": "part",
        **TEXTS,
        "status": "draft",
        "direction": "higher",
        "main_measure": "share_pct",
        "minimum_count_nb": 11,
        "measures": [
            {
                "id": "share_pct",
                "label": "Part",
                "unit": "%",
                "scale": 100,
                "numerator": {**BOXES, "where": "generic_status = '1'"},
                "denominator": BOXES,
            }
        ],
    }
)
LEVEL = IndicatorDefinition.model_validate(
    {
        "id": "boites",
        **TEXTS,
        "status": "draft",
        "direction": "lower",
        "main_measure": "boxes_nb",
        "target": {"subject": "boites", "measure": "evolution_pct"},
        "measures": [
            {"id": "boxes_nb", "label": "Boîtes", "unit": "boîtes", "numerator": BOXES},
            {"id": "evolution_pct", "label": "Évolution", "unit": "%", "evolution_of": "boxes_nb"},
        ],
    }
)


def followed(
    store: Store, *definitions: IndicatorDefinition, years: Sequence[int], peers: object = None
) -> pd.DataFrame:
    values = compute_indicators(store, definitions, periods=[str(year) for year in years])
    places = Places.read(store, sorted(values["finess"].dropna().unique()))
    groups = {level: pd.Series(names, index=list(places.finess)) for level, names in places.groups.items()}
    full, measured, layout = with_intervals(values, definitions, groups, places.openings())
    known = pd.Series(peers or {}, dtype=object)
    found = trends(full, definitions, measured=measured, layout=layout, peers=known)
    tables.INDICATOR_TRENDS.validate(found)
    return found


def counted(store: Store, years: Mapping[int, Mapping[str, tuple[int, int]]]) -> Store:
    """Generic boxes, and all boxes, by year and establishment."""
    for year, own in years.items():
        lines = [
            {"finess": finess, "generic_status": status, "boxes_nb": number}
            for finess, (some, every) in own.items()
            for status, number in (("1", some), ("0", every - some))
        ]
        drug_lines(store, *lines, year=year)
    return store


@pytest.fixture
def small(tmp_path: Path) -> Store:
    store = region(tmp_path, *({"finess": finess} for finess in (A, B, C, D)))
    return counted(
        store,
        {
            2023: {A: (40, 100), B: (150, 300), C: (5, 10), D: (100, 100)},
            2024: {A: (60, 120), B: (120, 280), C: (4, 8), D: (90, 100)},
        },
    )


def row(found: pd.DataFrame, who: str, measure: str = "share_pct") -> pd.Series:
    mine = found[(found["finess"].fillna(found["level"]) == who) & (found["measure"] == measure)]
    assert len(mine) == 1
    return mine.iloc[0]


def test_a_share_changes_in_points_and_an_amount_in_percent(small: Store) -> None:
    found = followed(small, SHARE, LEVEL, years=[2023, 2024])
    assert row(found, A)["change"] == pytest.approx(10.0)
    assert row(found, A)["mean_annual_change"] == pytest.approx(10.0)
    assert row(found, A, "boxes_nb")["change"] == pytest.approx(20.0)
    assert row(found, A)["previous_value"] == pytest.approx(40.0)
    assert row(found, A)["previous_period"] == "2023"


def test_published_products_grew_by_6_7_percent_a_year(tmp_path: Path) -> None:
    """6,0 Md€ in 2011, 11,5 Md€ in 2021, here in millions."""
    store = counted(region(tmp_path, {"finess": A}), {2011: {A: (0, 6000)}, 2021: {A: (0, 11_500)}})
    found = row(followed(store, LEVEL, years=range(2011, 2022)), A, "boxes_nb")
    assert found["mean_annual_change"] == pytest.approx(100 * ((11.5 / 6.0) ** (1 / 10) - 1))
    assert round(found["mean_annual_change"], 2) == 6.72


def test_published_phev_of_2023_goes_back_to_that_of_2021(tmp_path: Path) -> None:
    """21,5 Md€ in 2023 (+7,9 %) after +9,7 %: 18,16 Md€, published as 18,2 Md€ in 2021."""
    by_year = {2021: 18_164, 2022: 19_926, 2023: 21_500}
    store = counted(region(tmp_path, {"finess": A}), {year: {A: (0, known)} for year, known in by_year.items()})
    last = row(followed(store, LEVEL, years=[2021, 2022, 2023]), A, "boxes_nb")
    before = row(followed(store, LEVEL, years=[2021, 2022]), A, "boxes_nb")
    assert [round(found["change"], 1) for found in (last, before)] == [7.9, 9.7]
    back = last["value"] / (1 + last["change"] / 100) / (1 + before["change"] / 100)
    assert round(back / 1000, 2) == round(21.5 / 1.079 / 1.097, 2) == 18.16


def test_small_denominators_are_not_ranked_and_rank_1_is_the_most_favourable(small: Store) -> None:
    found = followed(small, SHARE, LEVEL, years=[2023, 2024])
    ranks = {who: row(found, who)["rank"] for who in (A, B, D)}
    assert ranks == {D: 1, A: 2, B: 3}
    assert pd.isna(row(found, C)["rank"])
    assert row(found, C)["unranked_reason"] == "effectif inférieur à 11"
    assert row(found, D)["ranked_nb"] == 3
    assert row(found, D)["percentile"] == pytest.approx(100 * 2.5 / 3)
    # An amount has no denominator to be small, and its rank tells who is large, whatever is good.
    assert [row(found, who, "boxes_nb")["rank"] for who in (B, C)] == [1, 4]


def test_peers_are_ranked_among_themselves(small: Store) -> None:
    found = followed(small, SHARE, years=[2023, 2024], peers={A: "CH", B: "CH", D: "CHU"})
    assert (row(found, A)["peer_rank"], row(found, A)["peers_nb"]) == (1, 2)
    assert row(found, B)["peer_rank"] == 2
    assert pd.isna(row(found, D)["peer_rank"])


@pytest.mark.parametrize(
    ("definition", "measure"), [(SHARE, "share_pct"), (LEVEL, "boxes_nb"), (LEVEL, "evolution_pct")]
)
def test_contributions_add_up_to_the_change_of_the_region(
    small: Store, definition: IndicatorDefinition, measure: str
) -> None:
    found = followed(small, definition, years=[2023, 2024])
    own = found[(found["level"] == "establishment") & (found["measure"] == measure)]["contribution"]
    whole = row(found, "region", measure)
    change = whole["value"] if measure == "evolution_pct" else whole["change"]
    assert own.sum() == pytest.approx(change)


def test_the_change_of_a_group_is_that_of_the_same_establishments(small: Store) -> None:
    counted(small, {2023: {A: (40, 100), B: (150, 300)}})  # the others have no line: their year is missing
    whole = row(followed(small, LEVEL, years=[2023, 2024]), "region", "boxes_nb")
    assert whole["value"] == 508
    assert whole["change"] == pytest.approx(100 * (400 / 400 - 1))


def test_the_state_of_the_value_before_is_kept(small: Store) -> None:
    assert row(followed(small, SHARE, years=[2023, 2024]), A)["previous_status"] == "reported"
    assert pd.isna(row(followed(small, SHARE, years=[2024]), A)["previous_status"])


def test_an_opening_had_no_object_the_year_before(tmp_path: Path) -> None:
    store = region(tmp_path, {"finess": A}, {"finess": B, "valid_from": pd.Timestamp("2024-01-01")})
    counted(store, {2023: {A: (40, 100)}, 2024: {A: (60, 120), B: (120, 280)}})
    assert row(followed(store, SHARE, years=[2023, 2024]), B)["previous_status"] == "not_applicable"


def test_an_opening_in_the_course_of_the_year_before_is_in_no_change(tmp_path: Path) -> None:
    store = region(tmp_path, {"finess": A}, {"finess": C}, {"finess": B, "valid_from": pd.Timestamp("2023-09-01")})
    counted(store, {2023: {A: (40, 100), B: (30, 40), C: (50, 100)}, 2024: {A: (60, 120), B: (30, 120), C: (50, 100)}})
    found = followed(store, SHARE, LEVEL, years=[2023, 2024])
    whole, boxes = row(found, "region"), row(found, "region", "boxes_nb")
    assert whole["value"] == pytest.approx(100 * 140 / 340)
    assert whole["change"] == pytest.approx(100 * (110 / 220 - 90 / 200))
    assert boxes["change"] == pytest.approx(10.0)
    assert boxes["change"] == pytest.approx(row(found, "region", "evolution_pct")["value"])
    # A share over four months is still that of its practice; an amount over four months compares with nothing.
    assert row(found, B)["change"] == pytest.approx(-50.0)
    assert pd.isna(row(found, B, "boxes_nb")["change"])
    assert row(found, B, "boxes_nb")["periods_nb"] == 1
    for measure in ("share_pct", "boxes_nb"):
        assert pd.isna(row(found, B, measure)["contribution"])
        own = found[(found["measure"] == measure) & found["finess"].notna()]
        assert own["contribution"].sum() == pytest.approx(row(found, "region", measure)["change"])


def test_an_opening_in_the_course_of_the_last_year_is_in_the_change_when_it_has_both_years(tmp_path: Path) -> None:
    """A file of establishments that says « since May » of one that has lines of the year before."""
    store = region(tmp_path, {"finess": A}, {"finess": B, "valid_from": pd.Timestamp("2024-05-01")})
    _adds_up_with_both_years(store)


def test_who_took_over_another_one_in_the_course_of_a_year_has_not_opened(tmp_path: Path) -> None:
    """C closed into the new FINESS B on 1 July 2023: B has the twelve months of 2023."""
    start, end = pd.Timestamp("2023-07-01"), pd.Timestamp("2023-06-30")
    before = {"finess": C, "valid_to": end, "successor": B}
    store = region(tmp_path, {"finess": A}, before, {"finess": B, "valid_from": start})
    assert Places.read(store, []).openings().empty
    _adds_up_with_both_years(store)


def _adds_up_with_both_years(store: Store) -> None:
    counted(store, {2023: {A: (40, 100), B: (150, 300)}, 2024: {A: (60, 110), B: (120, 450)}})
    found = followed(store, SHARE, LEVEL, years=[2023, 2024])
    boxes = row(found, "region", "boxes_nb")["change"]
    assert boxes == pytest.approx(40.0)
    assert boxes == pytest.approx(row(found, "region", "evolution_pct")["value"])
    assert row(found, "region")["change"] == pytest.approx(100 * (180 / 560 - 190 / 400))
    for measure in ("share_pct", "boxes_nb"):
        own = found[(found["measure"] == measure) & found["finess"].notna()]
        assert own["contribution"].sum() == pytest.approx(row(found, "region", measure)["change"])


def test_no_interval_where_chance_cannot_be_told_and_it_says_why(small: Store) -> None:
    found = followed(small, SHARE, LEVEL, years=[2023, 2024])
    assert found["lower"].isna().all()
    assert row(found, A)["interval_reason"].startswith("trop peu d'établissements")
    assert "cinq périodes" in row(found, A)["slope_reason"]
    assert followed(small, SHARE, years=[2024]).iloc[0]["interval_reason"].startswith("une seule période")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Forty establishments over five years, a beta-binomial region."""
    random = np.random.default_rng(9)
    names = [f"99{n:07d}" for n in range(40)]
    store = region(tmp_path_factory.mktemp("grande"), *({"finess": name} for name in names))
    sizes = random.integers(200, 20_000, 40)
    shares = random.beta(20, 20, 40)
    years = {
        year: {
            name: (int(random.binomial(size, random.beta(share * 300, (1 - share) * 300))), int(size))
            for name, size, share in zip(names, sizes, shares, strict=True)
        }
        for year in range(2020, 2025)
    }
    return followed(counted(store, years), SHARE, LEVEL, years=list(years))


def test_intervals_hold_their_value_and_a_region_is_surer_than_its_establishments(large: pd.DataFrame) -> None:
    shares = large[large["measure"] == "share_pct"]
    assert shares["lower"].notna().all()
    assert ((shares["lower"] < shares["value"]) & (shares["value"] < shares["upper"])).all()
    width = (shares["upper"] - shares["lower"]).groupby(shares["level"]).median()
    assert width["region"] < width["establishment"] / 3
    # Four standard deviations of a share of one half whose intra-class correlation is 1 / 301.
    big = shares[(shares["level"] == "establishment") & (shares["denominator"] > 5000)]
    assert (big["upper"] - big["lower"]).mean() == pytest.approx(4 * 50 / np.sqrt(301), rel=0.35)


def test_five_years_give_a_slope_with_its_interval(large: pd.DataFrame) -> None:
    shares = large[(large["measure"] == "share_pct") & (large["level"] == "establishment")]
    assert shares["slope_lower"].notna().all()
    assert ((shares["slope_lower"] <= shares["slope"]) & (shares["slope"] <= shares["slope_upper"])).all()
    assert shares["slope_reason"].isna().all()


def test_the_measures_of_the_objective_and_of_the_referentiel_are_followed() -> None:
    assert tracked_measures(LEVEL) == ("boxes_nb", "evolution_pct")
    assert tracked_measures(SHARE) == ("share_pct",)
