"""Series with nil months: what their rest of the year may be, and what is said of one that stopped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.forecast import forecast_year_end, simulate_year_end
from caqes_analysis.forecast.intermittent import draw_rest
from tests.forecast.series import one, region, until

PATHS_NB = 2000


def drawn(past: list[float], months_left_nb: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return draw_rest(np.array(past), months_left_nb=months_left_nb, paths_nb=PATHS_NB, random=random)


def test_what_comes_every_december_is_expected_in_december_alone() -> None:
    past = ([0.0] * 11 + [100.0]) * 3 + [0.0] * 9
    assert 0.15 < (drawn(past, 3) > 0).mean() < 0.9
    assert (drawn(past, 2) > 0).mean() < 0.5 * (drawn(past, 3) > 0).mean()


def test_a_series_that_started_again_goes_on_and_one_that_stopped_may_not() -> None:
    started = [0.0] * 30 + [100.0] * 6
    stopped = [100.0, 0.0] * 15 + [0.0] * 6
    assert np.median(drawn(started, 3)) > 100
    assert 0.2 < (drawn(stopped, 3) == 0).mean() < 0.9


def test_intervals_hold_what_they_say_on_rare_spending() -> None:
    random = np.random.default_rng(3)
    months = random.lognormal(4, 0.5, (300, 48)) * (random.random((300, 48)) < 0.4)
    inside = []
    for row in months:
        low, high = np.quantile(drawn(row[:-6].tolist(), 6), [0.1, 0.9])
        inside.append(low <= row[-6:].sum() <= high)
    assert 0.75 < np.mean(inside) < 0.92


@pytest.mark.parametrize(("silent_nb", "share"), [(1, 0.0), (2, 1 / 3), (4, 0.6)])
def test_a_series_that_stopped_may_stay_so(silent_nb: int, share: float) -> None:
    months = until(region(10), "2024-09-01")
    amounts = [1000.0 + 10 * (n % 12) for n in range(45 - silent_nb)] + [0.0] * silent_nb
    both = pd.concat([months, one(amounts, start="2021-01-01", series="z_stopped")])
    paths = simulate_year_end(both, year=2024)
    totals = paths.loc[paths["series"] == "z_stopped", "total_eur"].astype(float)
    spent = sum(amounts[-9:])
    assert (totals == spent).mean() == pytest.approx(share, abs=0.001)
    row = forecast_year_end(both, year=2024).set_index("series").loc["z_stopped"]
    assert (float(row["lower_95_eur"]) == spent) == (share > 0)
    said = f"aucune dépense dans les {silent_nb} derniers mois définitifs : arrêt possible, ou mois non reçus"
    assert (said in row["reason"]) == (share > 0)


def test_a_series_that_spends_in_its_provisional_months_is_not_said_to_stop() -> None:
    amounts = [1000.0 + 10 * (n % 12) for n in range(40)] + [0.0, 0.0, 0.0, 50.0, 55.0]
    own = one(amounts, start="2021-01-01", series="z_resumed")
    own["is_provisional"] = own["month"] >= "2024-08-01"
    months = pd.concat([until(region(10), "2024-07-01").assign(is_provisional=False), own])
    said = forecast_year_end(months, year=2024).set_index("series").loc["z_resumed", "reason"]
    assert "mois provisoires ignorés" in said
    assert "arrêt possible" not in said
    stopped = months.assign(amount_eur=months["amount_eur"].mask(months["is_provisional"], 0.0))
    said = forecast_year_end(stopped, year=2024).set_index("series").loc["z_resumed", "reason"]
    assert "aucune dépense dans les 3 derniers mois définitifs" in said


def test_other_series_do_not_move_when_one_stops() -> None:
    months = until(region(10), "2024-09-01")
    amounts = [1000.0] * 42 + [0.0] * 3
    alone = simulate_year_end(months, year=2024)
    both = simulate_year_end(pd.concat([months, one(amounts, start="2021-01-01", series="z")]), year=2024)
    assert set(both["series"]) - set(alone["series"]) == {"z"}
    assert (both.loc[both["series"] == "z", "total_eur"].astype(float) >= 6000).all()


def test_a_year_before_that_is_nil_has_no_rate_and_says_why() -> None:
    months = until(region(10), "2024-09-01")
    amounts = [100.0] * 24 + [0.0] * 12 + [100.0] * 9
    row = forecast_year_end(
        pd.concat([months, one(amounts, start="2021-01-01", series="z")]), year=2024, target_pct=2.0
    )
    found = row.set_index("series").loc["z"]
    assert np.isnan(found["evolution_pct"])
    assert "pas de taux, l'année précédente est nulle ou négative" in found["reason"]
