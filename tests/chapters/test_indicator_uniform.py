"""Equal values and answers by yes or no are said in a sentence, not drawn."""

from __future__ import annotations

import pandas as pd

from caqes_analysis.chapters.indicator_uniform import (
    answers_sentence,
    is_listing,
    same_level_notice,
    same_moves_notice,
)
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.indicators.definition import Measure


def main(indicator: str) -> Measure:
    return load_catalogue()[indicator].main


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def rows(*values: float | None, previous: float | None = None) -> pd.DataFrame:
    names = [f"CH {number}" for number in range(len(values))]
    return pd.DataFrame({"name": names, "value": values, "previous_value": previous}).astype(
        {"value": float, "previous_value": float}
    )


def test_equal_shares_are_one_sentence_that_says_why() -> None:
    whole = same_level_notice(main("biosimilar_filgrastim"), rows(100, 100, 100), "en 2023")
    assert whole is not None
    assert plain(whole.title) == "Les 3 établissements sont à 100,0 %"
    assert "aucune boîte marquée référence" in whole.text
    none = same_level_notice(main("biosimilar_tocilizumab"), rows(0, 0, 0), "en 2023")
    assert none is not None
    assert "aucune boîte marquée biosimilaire" in none.text
    assert same_level_notice(main("biosimilar_filgrastim"), rows(100, 100, 99.9), "en 2023") is None
    printed = same_level_notice(main("biosimilar_filgrastim"), rows(100, 99.99, 100), "en 2023")
    assert printed is not None
    assert "aucune boîte" not in printed.text, "one box of the reference at least"


def test_a_zero_that_was_received_is_not_an_absent_line() -> None:
    assert is_listing(main("hepatitis_c_share"))
    for name in ("transport_ambulance_share", "declared_rpps"):
        assert not is_listing(main(name)), name
        said = same_level_notice(main(name), rows(0, 0, 0), "en 2023")
        assert said is not None
        assert "aucune ligne" not in said.text


def test_one_establishment_is_not_said_equal_to_others() -> None:
    alone = same_level_notice(main("phev_ipp"), rows(12, None), "en 2023")
    assert alone is not None
    assert plain(alone.title).startswith("Un seul établissement a une valeur : 12")
    assert "égales" not in alone.text
    assert alone.text.endswith("Un établissement sans valeur.")


def test_answers_by_yes_or_no_are_counted_and_the_others_are_named() -> None:
    said = same_level_notice(main("declared_antibiotic_referent"), rows(100, 0, 100, 0, None), "en 2023")
    assert said is not None
    assert said.title == "Dans deux établissements sur quatre, un référent en antibiothérapie est désigné"
    assert plain(said.text).endswith("Réponse non : CH 1 ; CH 3. Un établissement sans valeur.")
    assert answers_sentence("Établissements où tout va", 0, 4) == "Établissements où tout va\xa0: aucun sur quatre"


def test_moves_that_all_stay_at_one_level_are_one_sentence() -> None:
    measure = main("biosimilar_filgrastim")
    said = same_moves_notice(measure, rows(100, 100, previous=100), ("2022", "2023"))
    assert said is not None
    assert plain(said.title) == "Les 2 établissements restent à 100,0 %"
    assert same_moves_notice(measure, rows(100, 100, previous=90), ("2022", "2023")) is None
    # Those that are not compared are named: they were counted among « les établissements ».
    few = same_moves_notice(measure, rows(100, 100, previous=100), ("2022", "2023"), ["Hors de la comparaison : CH 3."])
    assert few is not None
    assert plain(few.title) == "Les 2 établissements comparés restent à 100,0 %"
    assert few.text.endswith("2023. Hors de la comparaison : CH 3.")
