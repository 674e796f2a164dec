"""Declared events: what a tariff cut takes off is expected, and is no saving."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import savings
from caqes_analysis.errors import CaqesError
from caqes_analysis.savings.estimate import COMPARED, INTERRUPTED, NOT_ESTIMABLE
from caqes_analysis.savings.estimate_events import Declared, align_events
from tests.forecast.series import region

CENT = Decimal("0.01")
AMOUNTS = ["counterfactual_eur", "lower_95_eur", "upper_95_eur"]


def event(date: str, **said: object) -> dict[str, object]:
    return {"date": date, "kind": "level", "factor": None, "label": "Baisse de tarif", "series": None, **said}


def declared(*events: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(events))


@pytest.fixture(scope="module")
def monthly() -> pd.DataFrame:
    return region(24, first_year=2018, last_year=2023, seed=6)


@pytest.fixture(scope="module")
def names(monthly: pd.DataFrame) -> list[str]:
    return sorted(monthly["series"].unique())


def everyone(monthly: pd.DataFrame, events: pd.DataFrame | None = None) -> pd.DataFrame:
    return savings.estimate(
        monthly, treated=list(monthly["series"].unique()), start="2023-01-01", events=events
    ).set_index("series")


@pytest.fixture(scope="module")
def plain(monthly: pd.DataFrame) -> pd.DataFrame:
    return everyone(monthly)


def test_a_cut_declared_from_january_moves_what_was_expected_by_exactly_that(
    monthly: pd.DataFrame, plain: pd.DataFrame
) -> None:
    rows = everyone(monthly, declared(event("2023-01-01", factor=0.97, source="JO du 20/12/2022")))
    assert set(rows["method"]) == {INTERRUPTED}
    for name in rows.index.drop("region"):
        expected = plain.loc[name, "counterfactual_eur"] * Decimal("0.97")
        assert abs(rows.loc[name, "counterfactual_eur"] - expected) <= CENT
        # Since the year before, the cut takes 3/97 of what is expected with it.
        taken = -rows.loc[name, "counterfactual_eur"] * 3 / 97
        assert abs(rows.loc[name, "events_eur"] - taken) <= CENT
        for bound in ("lower_95_eur", "upper_95_eur"):
            told = (plain.loc[name, bound] + plain.loc[name, "actual_eur"]) * Decimal("0.97")
            assert abs(rows.loc[name, bound] + rows.loc[name, "actual_eur"] - told) <= CENT
    whole = rows.loc["region"]
    assert whole["events"] == "Baisse de tarif (janvier 2023, JO du 20/12/2022), effet donné × 0,970"
    assert whole["events_eur"] == sum(rows["events_eur"].drop("region"))
    assert whole["counterfactual_eur"] == sum(rows["counterfactual_eur"].drop("region"))


def test_a_cut_of_july_weighs_as_the_same_months_of_the_year_before(monthly: pd.DataFrame, plain: pd.DataFrame) -> None:
    rows = everyone(monthly, declared(event("2023-07-01", factor=0.9)))
    name = rows.index[3]
    before = monthly[(monthly["series"] == name) & (monthly["month"].dt.year == 2022)]
    late = before["amount_eur"][before["month"].dt.month >= 7].sum()
    factor = 1 - 0.1 * late / before["amount_eur"].sum()
    assert float(rows.loc[name, "counterfactual_eur"]) == pytest.approx(
        factor * float(plain.loc[name, "counterfactual_eur"]), abs=0.02
    )


def test_the_declared_cut_is_no_saving(monthly: pd.DataFrame, plain: pd.DataFrame) -> None:
    since = monthly["month"] >= "2023-01-01"
    cut = monthly.assign(amount_eur=monthly["amount_eur"].where(~since, monthly["amount_eur"] * 0.9))
    hidden, told = everyone(cut), everyone(cut, declared(event("2023-01-01", factor=0.9)))
    without = plain.loc["region", "saving_pct"]
    assert told.loc["region", "saving_pct"] == pytest.approx(without, abs=0.01)
    assert hidden.loc["region", "saving_pct"] == pytest.approx(10 + 0.9 * without, abs=0.01)


def test_only_a_list_given_as_complete_narrows_the_interval(monthly: pd.DataFrame, names: list[str]) -> None:
    asked = {"treated": names, "start": "2023-01-01", "events": declared(event("2022-07-01", factor=0.97))}
    some, every = (
        savings.estimate(monthly, **asked, events_are_complete=are_all).iloc[-1] for are_all in (False, True)
    )
    width = [float(one["upper_95_eur"] - one["lower_95_eur"]) for one in (some, every)]
    assert width[1] < 0.97 * width[0]
    assert float(every["saving_pct"]) == pytest.approx(float(some["saving_pct"]), abs=0.05)
    assert "donnée pour complète" in every["reason"]
    assert "donnée pour complète" not in str(some["reason"])


def test_a_complete_list_changes_nothing_where_others_are_compared(monthly: pd.DataFrame, names: list[str]) -> None:
    asked = {"treated": names[:8], "start": "2023-01-01", "design": "compared"}
    events = declared(event("2022-07-01", factor=0.97))
    some, every = (
        savings.estimate(monthly, **asked, events=events, events_are_complete=are_all) for are_all in (False, True)
    )
    assert every.equals(some)


def test_the_move_of_an_event_is_that_of_the_sum() -> None:
    found = aligned(event("2021-07-01", factor=0.9), event("2022-01-01", factor=2.0, series="b"))
    months = np.array([[30.0], [10.0]]) * np.ones(48)
    moves = [found.common_move(months, at + np.arange(12), at - 12 + np.arange(12)) for at in (12, 24, 36)]
    # 2022 as the months of 2021 weigh without the cut (30 and 10, then a ninth more): 0.9 × « a » and 1.8 × « b ».
    after = 6 * (0.9 * (30 + 30 / 0.9) + 1.8 * (10 + 10 / 0.9))
    assert moves == pytest.approx([np.log(0.95), np.log(after / 480), 0.0])


def test_without_a_declared_event_of_these_series_nothing_changes(monthly: pd.DataFrame, plain: pd.DataFrame) -> None:
    elsewhere = declared(event("2023-01-01", factor=0.5, series="autre"))
    for events in (None, declared()[[]], elsewhere):
        assert everyone(monthly, events).equals(plain)
    assert plain["events"].isna().all()
    assert plain["events_eur"].isna().all()


def test_a_cut_of_earlier_years_teaches_ordinary_years(monthly: pd.DataFrame, plain: pd.DataFrame) -> None:
    since = monthly["month"] >= "2021-01-01"
    cut = monthly.assign(amount_eur=monthly["amount_eur"].where(~since, monthly["amount_eur"] * 0.8))
    rows = everyone(cut, declared(event("2021-01-01", factor=0.8)))
    told = rows.loc["region", AMOUNTS].astype(float) / 0.8
    assert told.to_numpy() == pytest.approx(plain.loc["region", AMOUNTS].astype(float).to_numpy(), rel=1e-4)
    assert rows["events"].isna().all()


def test_an_event_of_unknown_effect_is_not_told_from_the_contract(monthly: pd.DataFrame) -> None:
    rows = everyone(monthly, declared(event("2023-04-01")))
    assert set(rows["method"]) == {NOT_ESTIMABLE}
    assert set(rows["reason"]) == {
        "Baisse de tarif (avril 2023), effet non donné (clé factor), que rien ne sépare de celui du contrat"
    }
    assert rows["saving_eur"].isna().all()


def test_an_event_of_the_transition_months_still_moves_what_follows(monthly: pd.DataFrame, names: list[str]) -> None:
    asked = {"treated": names, "start": "2023-01-01", "transition_months_nb": 2}
    inside, before = (
        savings.estimate(monthly, **asked, events=declared(event(date))).iloc[-1]
        for date in ("2023-02-01", "2022-12-01")
    )
    assert inside["method"] == NOT_ESTIMABLE
    assert before["method"] == INTERRUPTED


def test_the_others_measure_what_touches_everyone(monthly: pd.DataFrame, names: list[str]) -> None:
    asked = {"treated": names[:8], "start": "2023-01-01", "design": "compared"}
    plain = savings.estimate(monthly, **asked).iloc[-1]
    unknown = savings.estimate(monthly, **asked, events=declared(event("2023-04-01"))).iloc[-1]
    since = monthly["month"] >= "2023-01-01"
    cut = monthly.assign(amount_eur=monthly["amount_eur"].where(~since, (monthly["amount_eur"] * 0.9).round(2)))
    known = savings.estimate(cut, **asked, events=declared(event("2023-01-01", factor=0.9))).iloc[-1]
    assert unknown["method"] == COMPARED
    assert unknown["saving_eur"] == plain["saving_eur"]
    assert "effet non donné, mesuré sur les établissements sans contrat" in unknown["reason"]
    assert float(known["counterfactual_eur"]) == pytest.approx(0.9 * float(plain["counterfactual_eur"]), rel=1e-4)


def test_an_event_of_one_establishment_leaves_it_out(monthly: pd.DataFrame, names: list[str]) -> None:
    events = declared(
        event("2023-04-01", series=names[0], label="Ouverture d'un service"),
        event("2023-04-01", series=names[20], label="Fermeture d'un service"),
        event("2023-01-01", series=names[1], factor=1.2, label="Arrivée"),
    )
    rows = savings.estimate(monthly, treated=names[:8], start="2023-01-01", design="compared", events=events)
    rows = rows.set_index("series")
    assert rows.loc[names[0], "method"] == NOT_ESTIMABLE
    assert rows.loc[names[0], "reason"].startswith("Ouverture d'un service (avril 2023), effet non donné")
    assert rows.loc["region", "series_nb"] == 7
    assert rows.loc["region", "comparison_nb"] == 15
    assert rows.loc["region", "events"] == "Arrivée (janvier 2023), effet donné × 1,200 (pour 1 série)"
    assert rows.loc["region", "events_eur"] == rows.loc[names[1], "events_eur"] > 0
    assert (
        "1 série sous contrat hors du total, faute de mois ou de l'effet d'un événement" in rows.loc["region", "reason"]
    )


def test_exceptional_months_of_the_past_are_neutralised_and_teach_nothing(monthly: pd.DataFrame) -> None:
    shut = monthly["month"].between("2020-03-01", "2020-06-01")
    troubled = monthly.assign(amount_eur=monthly["amount_eur"].where(~shut, monthly["amount_eur"] * 0.3))
    lockdown = declared(event("2020-03-01", until="2020-06-01", kind="temporary", label="Confinement"))
    received, told = everyone(troubled).loc["region"], everyone(troubled, lockdown).loc["region"]
    assert (received["replays_nb"], told["replays_nb"]) == (3, 2)
    width = {name: row["upper_95_eur"] - row["lower_95_eur"] for name, row in (("as", received), ("told", told))}
    assert width["told"] < width["as"]
    assert pd.isna(told["events"])


def aligned(*events: dict[str, object], names: tuple[str, ...] = ("a", "b")) -> Declared:
    found = align_events(declared(*events), names, first_year=2020, months_nb=48)
    assert found is not None
    return found


def test_effects_multiply_the_months_that_they_touch() -> None:
    found = aligned(
        event("2021-03-01", factor=0.5),
        event("2021-05-01", until="2021-06-01", kind="temporary", factor=2.0, series="b"),
    )
    expected = np.ones((2, 48))
    expected[:, 14:] = 0.5
    expected[1, 16:18] = 1.0
    assert found.factors.tolist() == expected.tolist()
    assert found.by_year().factors[:, 1].tolist() == pytest.approx([(2 + 10 * 0.5) / 12, (2 + 8 * 0.5 + 2) / 12])


def test_the_targeting_reads_what_was_received() -> None:
    months = np.full((2, 48), 100.0)
    months[:, 12:] = 50.0
    window = aligned(event("2021-01-01", factor=0.5)).window(months, 24, np.arange(12))
    assert window.level_eur.tolist() == [600.0, 600.0]
    assert window.growth.tolist() == pytest.approx([np.log(0.5)] * 2)
    assert window.features[:, 2].tolist() == pytest.approx([0.0, 0.0])
    assert window.log_outcome.tolist() == pytest.approx([0.0, 0.0])


def test_years_share_the_event_by_its_months() -> None:
    monthly = region(40, first_year=2018, last_year=2023, seed=6)
    sums = monthly.assign(year=monthly["month"].dt.year).groupby(["series", "year"], as_index=False)["amount_eur"].sum()
    yearly = sums.assign(amount_eur=sums["amount_eur"].round(2))
    names = sorted(yearly["series"].unique())
    asked = {"treated": names, "start": "2023-01-01"}
    plain = savings.estimate(yearly, **asked).set_index("series")
    rows = savings.estimate(yearly, **asked, events=declared(event("2023-07-01", factor=0.9))).set_index("series")
    for name in names:
        expected = plain.loc[name, "counterfactual_eur"] * Decimal("0.95")
        assert abs(rows.loc[name, "counterfactual_eur"] - expected) <= CENT


def test_a_wrong_event_is_told(monthly: pd.DataFrame) -> None:
    with pytest.raises(CaqesError, match="EVENEMENT_ILLISIBLE"):
        everyone(monthly, declared(event("jamais", factor=0.9)))
