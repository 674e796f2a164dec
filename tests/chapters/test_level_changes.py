"""A change of level that nobody declared is told wherever a conclusion may rest on it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters import Page, landing, sheet_data
from caqes_analysis.chapters.level_changes import (
    change_sentences,
    conclusion_reserve,
    judged_changes_notes,
    listed_changes_note,
)
from caqes_analysis.indicators.definition import load_definition
from tests.builders import A, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import campaign_file
from tests.chapters.test_sentences import CAMPAIGN, months
from tests.conftest import REPOSITORY

APRIL_2024, MAY_2023 = pd.Timestamp(2024, 4, 1), pd.Timestamp(2023, 5, 1)
Change = tuple[float, pd.Timestamp] | None


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def page_of(directory: Path, changes: dict[str, Change]) -> Page:
    """A sheet whose forecasts tell these changes of level (%, first month)."""
    campaign = campaign_file(directory, CAMPAIGN.replace("SCHEME", "caqes-2022"))
    series = {(A, one): whole_year(2022) | whole_year(2023) | months(2024, "90.00") for one in changes}
    store = store_of(directory / "store", monthly_rows(series), establishments({"finess": A}), last="2024-09")
    store.write(tables.TARGETS, pd.DataFrame(columns=tables.TARGETS.column_names), part="essai")
    page = Page(campaign, store, None, A)
    row = {
        "level": "establishment", "subject": A, "unit_label": "€", "method": "combinaison apprise",
        "median_eur": 1080.0, "lower_80_eur": 1000.0, "upper_80_eur": 1160.0, "lower_95_eur": 960.0,
        "upper_95_eur": 1200.0, "evolution_pct": -10.0, "evolution_lower_80_pct": -16.0, "evolution_upper_80_pct": -4.0,
        "target_eur": None, "prob_exceed": None, "observed_months_nb": 7, "year": 2024, "observed_eur": 630.0,
    }  # fmt: skip
    page.__dict__["forecasts"] = pd.DataFrame(
        [
            row | {"envelope": code, "reason": None, "level_change_pct": pct, "level_change_month": month}
            for code, (pct, month) in {code: change or (None, pd.NaT) for code, change in changes.items()}.items()
        ]
    )
    page.__dict__["_forecast_indicators"] = {}
    return page


@pytest.fixture
def broken(tmp_path: Path) -> Page:
    return page_of(tmp_path, {"phmev": (-29.0, APRIL_2024), "lpp": (-22.0, APRIL_2024), "extra_list_drugs": None})


def test_an_interval_that_escapes_a_change_promises_no_chances(broken: Page) -> None:
    row = landing.landing_of(broken, "phmev")
    said = plain(landing.landing_sentence(broken, row, "phmev"))
    assert "chances sur dix" not in said
    assert (
        "dans l'intervalle [−16 ; −4] %, sous réserve : le niveau a baissé d'environ 29 % depuis avril 2024 sans "
        "événement déclaré, et l'intervalle n'en tient compte qu'en partie"
    ) in said
    assert "niveau changé depuis avril 2024" in landing.landing_card(broken, row, "phmev").detail
    other = landing.landing_of(broken, "extra_list_drugs")
    assert "huit chances sur dix" in landing.landing_sentence(broken, other, "extra_list_drugs")
    assert "niveau" not in landing.landing_card(broken, other, "extra_list_drugs").detail


def test_the_data_of_a_sheet_say_what_remains_to_be_explained(broken: Page) -> None:
    card = sheet_data.data_card(broken)
    assert card.state_label == (
        "aucun mois de 2023 et 2024 ne manque ; niveau de PHMEV et LPP changé depuis avril 2024, à expliquer"
    )
    (sentence,) = change_sentences(broken)
    assert plain(sentence) == (
        "PHMEV et LPP : niveau abaissé (environ 29 % et 22 %) depuis avril 2024, sans événement déclaré. Fermeture, "
        "transfert, changement de périmètre ou envoi incomplet : à déclarer à l'OMEDIT."
    )
    assert sentence in sheet_data.reserves(broken)[0].summary()  # type: ignore[union-attr]


def test_a_conclusion_is_reserved_where_the_level_had_changed_by_then(tmp_path: Path) -> None:
    page = page_of(tmp_path, {"phmev": (33.0, MAY_2023), "lpp": (-22.0, APRIL_2024)})
    (said,) = conclusion_reserve(page, ["inconclusive", "established_loss"], year=2023)
    assert plain(said).startswith("Le niveau de PHMEV a changé d'un coup en mai 2023 (+33 %), sans événement")
    assert said.endswith("à éclaircir avant de conclure.")
    assert len(conclusion_reserve(page, ["established_loss"], year=2024)) == 2
    assert conclusion_reserve(page, ["established_loss"], year=2022) == []
    assert conclusion_reserve(page, ["inconclusive", None], year=2023) == []


def test_a_closed_year_is_not_told_without_the_change_that_makes_it(tmp_path: Path) -> None:
    page = page_of(tmp_path, {"phmev": (-28.0, APRIL_2024)})
    closed = page.forecasts.assign(
        method="année complète",
        **dict.fromkeys(["lower_80_eur", "upper_80_eur", "lower_95_eur", "upper_95_eur"], 1080.0),
    )
    said = plain(landing.landing_sentence(page, closed.iloc[0], "phmev"))
    assert "est close à −10" in said
    assert said.endswith("; niveau abaissé d'environ 28 % depuis avril 2024, sans événement déclaré.")


def test_a_contract_judged_over_a_change_says_so_where_it_is_judged(tmp_path: Path) -> None:
    """A distance to the cent, and the verdict of a sum of two envelopes, stood without a word of it."""
    page = page_of(tmp_path, {"phmev": (36.0, MAY_2023), "lpp": (32.0, MAY_2023), "perfadom": (40.0, MAY_2023)})
    folder = REPOSITORY / "parameters" / "indicators"
    known = {name: load_definition(folder / f"{name}.yml").model_dump_json() for name in ("phev", "repertoire_share")}
    page.__dict__["catalogue"] = pd.DataFrame({"indicator": list(known), "definition": list(known.values())})
    (said,) = judged_changes_notes(page, ["phev", "repertoire_share"], year=2023)
    assert plain(said) == (
        "Le niveau de PHMEV et LPP a changé d'un coup en mai 2023 (+36 %, +32 %), sans événement déclaré : l'évolution "
        "jugée en vient en partie, à éclaircir avant de conclure."
    )
    assert judged_changes_notes(page, ["repertoire_share"], year=2023) == []
    assert judged_changes_notes(page, ["phev"], year=2022) == []
    assert judged_changes_notes(page, ["phev"], year=2025) == []
    (noted,) = listed_changes_note(page, pd.DataFrame({"finess": [A], "envelope": ["phev"]}), year=2024, end="à voir")
    assert plain(noted).endswith("(PHMEV et LPP, depuis mai 2023) ; à voir.")
