"""Words of probabilities: fixed thresholds, no certainty without a reason."""

from __future__ import annotations

import pytest

from caqes_analysis.forecast.likelihood import PROBABLE, UNLIKELY, likelihood_of


@pytest.mark.parametrize(
    ("probability", "word", "chance"),
    [
        (0.9995, "probable", "plus de 95 %"),
        (PROBABLE, "probable", "67 %"),
        (PROBABLE - 1e-9, "incertain", "65 %"),
        (0.5, "incertain", "50 %"),
        (UNLIKELY, "peu probable", "33 %"),
        (0.03, "peu probable", "5 %"),
        (0.0005, "peu probable", "moins de 5 %"),
        (1.0, "dépassé", "certain"),
        (0.0, "tenu", "exclu"),
        (float("nan"), "–", "–"),
    ],
)
def test_words(probability: float, word: str, chance: str) -> None:
    found = likelihood_of(probability)
    assert found.word == word
    assert found.chance.replace("\xa0", " ") == chance
    assert (found.symbol == "") == (word == "–"), "colour never speaks alone"


def test_a_printed_probability_never_contradicts_its_word() -> None:
    for thousandth in range(1, 1000):
        found = likelihood_of(thousandth / 1000)
        if found.chance[0].isdigit():
            printed = int(found.chance.split("\xa0")[0]) / 100
            assert (found.word == "probable") == (printed > 0.665)
            assert (found.word == "peu probable") == (printed < 0.335)
