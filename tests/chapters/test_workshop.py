"""What the workshop prints of candidates: French, and a name each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from caqes_analysis.chapters.workshop import _labels
from caqes_analysis.display.charts_errors import past_errors
from caqes_analysis.forecast.candidates import candidate_names


@pytest.mark.parametrize("years_nb", [1, 2])
@pytest.mark.parametrize("observed_nb", [1, 2, 9])
def test_every_candidate_has_a_french_name_of_its_own(years_nb: int, observed_nb: int) -> None:
    names = candidate_names(years_nb, observed_nb)
    labels = _labels(pd.DataFrame({"candidate": names, "kind": "candidate"}))
    assert len(set(labels)) == len(names)
    assert not any("_" in label or "." in label for label in labels)


def test_a_mean_absolute_error_has_no_sign() -> None:
    frame = pd.DataFrame(
        {"label": ["a", "a", "b", "b"], "year": [2022, 2023] * 2, "error_points": [-1.0, 2.0, 3.0, np.nan]}
    )
    figure = past_errors(frame, name="PHMEV")
    place = [column.label for column in figure.table.columns].index("Erreur absolue moyenne")
    assert [row[place].text for row in figure.table.rows] == ["1,5", "3,0"]
