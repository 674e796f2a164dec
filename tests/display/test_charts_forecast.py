"""How a forecast has moved: its title follows from what is drawn."""

from __future__ import annotations

import pandas as pd
import pytest

from caqes_analysis.display.charts_forecast import forecast_track


@pytest.mark.parametrize(
    ("first_pct", "said"),
    [(4.0, "de +4,0 % fin mars à +6,0 % fin juillet"), (6.04, "+6,0 % fin juillet, comme fin mars")],
)
def test_the_title_says_whether_the_forecast_moved(first_pct: float, said: str) -> None:
    rates = pd.Series([first_pct, 6.0])
    bounds = {
        f"evolution_{side}_{level}_pct": rates + sign * width
        for side, sign in (("lower", -1), ("upper", 1))
        for level, width in ((80, 0.3), (95, 0.5))  # an interval without width is that of a year that is over
    }
    frame = pd.DataFrame({"as_of": pd.to_datetime(["2024-03-01", "2024-07-01"]), "evolution_pct": rates, **bounds})
    figure = forecast_track(frame, year=2024, name="Région", envelope="phmev")
    assert said in figure.title.replace("\xa0", " ")
    assert said in figure.alt.replace("\xa0", " ")
