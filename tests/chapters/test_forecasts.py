"""The chapter of forecasts: who will exceed, what it was worth, and what an annual campaign still lacks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import french, tables
from caqes_analysis.chapters import Page, forecast_record, forecasts, landing, region
from caqes_analysis.display import Figure, Notice, Table, Text
from caqes_analysis.forecast.campaign import Step, prepare_forecasts
from caqes_analysis.store import Store
from tests.campaigns import campaign_file
from tests.chapters.test_sentences import words
from tests.forecast.test_campaign import CAMPAIGN, region_store

ANNUAL = """\
title: "Essai"
region: {code: "96", name: "Essai"}
year: 2024
scheme: caqes-2022
sources:
  open_phmev: [{path: absent.csv, year: 2024}]
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("region")
    campaign = campaign_file(folder, CAMPAIGN)
    store = region_store(folder / "store", ["phmev"])
    prepare_forecasts(store, campaign)
    return Page(campaign, store)


def test_the_answer_counts_who_will_exceed_and_places_the_region(page: Page) -> None:
    said = words(forecasts.answer(page))
    rows = page.forecasts.query("level == 'establishment' and prob_exceed.notna()")
    assert said.startswith(f"{(rows['prob_exceed'] >= 2 / 3).sum()} établissement")
    assert "Région : l'année finirait à" in said
    assert "repère régional de 6 %" in said


def test_the_weather_is_sorted_by_stake_and_says_the_benchmark_does_not_bind(page: Page) -> None:
    table = forecasts.weather_table(page)
    assert isinstance(table, Table)
    stakes = [cell.sort for *_, cell in table.rows]
    assert stakes == sorted(stakes, reverse=True)
    assert all(row[4].text.startswith("▲") for row in table.rows), "a sign besides the colour"
    assert any("valeur contractuelle" in note for note in table.notes)
    shown = len(table.rows) + len(getattr(forecasts.uncertain_table(page), "rows", ()))
    unlikely = int(table.notes[2].split()[0].split("\xa0")[0])
    assert shown + unlikely == page.forecasts.query("level == 'establishment'")["prob_exceed"].notna().sum()


def test_the_forecast_of_a_corrected_series_is_marked(page: Page) -> None:
    changed = Page(page.campaign, page.store)
    rows = page.forecasts
    ahead = rows[(rows["level"] == "establishment") & (rows["prob_exceed"] >= 2 / 3)]
    first = ahead["expected_excess_eur"].astype(float).idxmax()
    changed.__dict__["forecasts"] = rows.assign(is_corrected=rows.index == first)
    table = forecasts.weather_table(changed)
    assert isinstance(table, Table)
    assert [row[2].text.endswith("(c)") for row in table.rows] == [True, *[False] * (len(table.rows) - 1)]
    assert any(note.startswith("(c)") for note in table.notes)


def test_the_weather_names_whom_a_change_of_level_nobody_declared_moves(page: Page) -> None:
    changed = Page(page.campaign, page.store)
    rows = page.forecasts.assign(level_change_pct=float("nan"), level_change_month=pd.NaT)
    changed.__dict__["forecasts"] = rows.copy()
    calm = forecasts.weather_table(changed)
    assert isinstance(calm, Table)
    assert "Niveau changé" not in " ".join(calm.notes)
    ahead = rows[(rows["level"] == "establishment") & (rows["prob_exceed"] >= 2 / 3)]
    ahead = ahead.sort_values("expected_excess_eur", ascending=False)
    first, second, third = ahead.index[:3]
    hidden = rows.index[(rows["level"] == "establishment") & (rows["prob_exceed"] <= 1 / 3)][0]
    told = [first, second, third, hidden, rows.index[rows["level"] == "region"][0]]
    rows.loc[told, "level_change_pct"] = 33.0
    rows.loc[told, "level_change_month"] = pd.Timestamp(2023, 5, 1)
    rows.loc[third, "level_change_month"] = pd.Timestamp(2022, 12, 1)  # 2023 and 2024 are both at the new level
    changed.__dict__["forecasts"] = rows
    table = forecasts.weather_table(changed)
    assert isinstance(table, Table)
    (note,) = (note.replace("\xa0", " ") for note in table.notes if "Niveau changé" in note)
    one, other = (table.rows[rank][0].text for rank in (0, 1))
    assert note == (
        f"Niveau changé, sans événement déclaré : {one} (PHMEV, depuis mai 2023) et {other} (PHMEV, depuis mai 2023) ; "
        "l'évolution en vient en partie, voir « Qualité des données »."
    )


def test_the_track_is_drawn_with_its_words(page: Page) -> None:
    figure = forecasts.track_figure(page)
    assert isinstance(figure, Figure)
    assert "fin mars" in figure.title
    assert "fin avril" in figure.title
    assert "Intervalle à 80" in figure.alt
    assert len(figure.table.rows) == 2


def test_a_month_not_received_has_no_forecast_of_its_own(page: Page) -> None:
    """The line of June repeated that of May, under the words « données à fin juin »."""
    track = page.forecast_track
    is_known = (track["level"] == "establishment") & (track["envelope"] == "phmev") & track["evolution_pct"].notna()
    own = Page(page.campaign, page.store, None, str(track.loc[is_known, "subject"].iloc[0]))
    whole = forecasts.track_figure(own)
    months = own.months("phmev")
    april = months["month"] == own.forecast_track["as_of"].max()
    vars(own)["_months_of"] = {"phmev": months.assign(amount_eur=months["amount_eur"].mask(april))}
    figure = forecasts.track_figure(own)
    assert isinstance(whole, Figure)
    assert isinstance(figure, Figure)
    assert len(figure.table.rows) == len(whole.table.rows) - 1
    assert any(note.startswith("Sans ligne : avril") and note.endswith("non reçu.") for note in figure.notes)


def test_forecasts_that_do_not_sum_the_same_establishments_are_not_compared(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = forecasts.track_figure(page)
    assert isinstance(whole, Figure)
    assert not any(note.startswith("Somme de") for note in whole.notes)
    track = page.forecast_track.copy()
    is_region = (track["level"] == "region") & (track["envelope"] == "phmev")
    last = track.loc[is_region, "as_of"].max()
    track.loc[is_region, "reason"] = "somme de 30 établissements"
    track.loc[is_region & (track["as_of"] == last), "reason"] = "somme de 25 établissements ; 5 établissements à part"
    monkeypatch.setitem(vars(page), "forecast_track", track)
    figure = forecasts.track_figure(page)
    assert isinstance(figure, Figure)
    notes = [note.replace("\xa0", " ") for note in figure.notes]
    said = "de 25 établissements en avril : ces taux ne se comparent pas entre eux."
    assert any(note.startswith("Somme de 30 établissements") and note.endswith(said) for note in notes)
    assert figure.title.endswith("fin avril")
    assert " à " not in figure.title
    assert ", comme " not in figure.title


def test_the_projection_names_whom_it_leaves_apart(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    assert landing.left_apart_words(page, landing.region_landing(page, "phmev")).endswith("à M4)")
    rows = page.forecasts.copy()
    is_own = (rows["level"] == "establishment") & (rows["envelope"] == "phmev")
    rows.loc[is_own, "evolution_pct"] = 1.0
    assert landing.left_apart_words(page, None) == ""
    new = rows[is_own].iloc[0]
    rows.loc[rows["series"] == new["series"], "evolution_pct"] = None
    rows.loc[rows["level"] == "region", "reason"] = "somme de 7 établissements ; 1 établissement laissé à part"
    monkeypatch.setitem(vars(page), "forecasts", rows)
    figure = region.cumulative_figure(page)
    assert isinstance(figure, Figure)
    name = page.establishments.set_index("finess")["name"].get(new["subject"], new["subject"])
    amount = french.compact_euros(new["observed_eur"])
    said = figure.table.notes[-1]
    assert f", hors {name} ({amount} à M4), entre " in said


def test_the_record_is_printed_beside_the_forecasts(page: Page) -> None:
    said = forecast_record.record_answer(page)
    assert isinstance(said, Text)
    assert "se seraient trompées en moyenne de" in words(said)
    errors, sizes = forecast_record.errors_table(page), forecast_record.size_table(page)
    assert errors is not None
    assert sizes is not None
    assert len(errors.rows) == 4 * 3
    assert [row[1].text for row in sizes.rows[:3]] == ["petites", "moyennes", "grandes"]
    assert "Brier" in " ".join(getattr(forecast_record.reliability_table(page), "notes", ()))
    assert "fois sur" in words(forecast_record.region_record(page) or Text.paragraphs(""))


def test_the_cover_of_a_sum_of_envelopes_is_beside_theirs(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = page.store.read(tables.FORECAST_TRIALS)
    alone = forecast_record.envelopes_table(page)
    assert alone is not None
    assert [[cell.text for cell in row[:2]] for row in alone.rows] == [["PHMEV", "hôpitaux"], ["PHMEV", "région"]]
    assert alone.rows[0][4].text.endswith("%")
    assert alone.rows[1][4].text.endswith("sur 2"), "two years make no percentage"
    assert "à 4 mois observés" in alone.caption
    assert len(alone.notes) == 1
    summed = trials.assign(envelope="lpp", method="somme des trajectoires")
    monkeypatch.setattr(forecast_record, "_trials", lambda _: pd.concat([trials, summed], ignore_index=True))
    both = forecast_record.envelopes_table(page)
    assert both is not None
    assert [row[0].text for row in both.rows] == ["PHMEV", "PHMEV", "LPP (somme)", "LPP (somme)"]
    assert "additionnant leurs déroulements possibles de l'année" in both.notes[1]


def test_an_annual_campaign_says_what_is_missing(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, ANNUAL)
    store = Store(tmp_path / "store")
    store.write(tables.TARGETS, pd.DataFrame(columns=tables.TARGETS.column_names), part="essai")
    prepare_forecasts(store, campaign)
    assert not store.has(tables.FORECASTS)
    page = Page(campaign, store)
    assert "bases annuelles" in words(forecasts.answer(page))
    for shown in (forecasts.region_table(page), forecasts.weather_table(page), forecast_record.record_answer(page)):
        assert isinstance(shown, Notice)
    assert isinstance(region.cumulative_figure(page), Notice)
    assert forecasts.uncertain_table(page) is None
    assert forecasts.track_figure(page) is None
    assert forecast_record.errors_table(page) is None
    assert forecast_record.envelopes_table(page) is None
    assert forecast_record.region_record(page) is None


def test_a_closed_year_has_neither_interval_nor_chance(tmp_path: Path) -> None:
    text = CAMPAIGN.replace("2024-06", "2024-12").replace("months_nb: 2", "months_nb: 0")
    campaign = campaign_file(tmp_path, text)
    store = region_store(tmp_path / "store", ["phmev"], last="2024-12")
    rows = Step(store, campaign).forecasts(12)
    store.write(tables.FORECASTS, rows, part="previsions")
    page = Page(campaign, store)
    said = words(forecasts.answer(page))
    assert "l'année est close à" in said
    assert "huit chances" not in said
    assert "probablement" not in said
    shown = forecasts.region_table(page)
    assert isinstance(shown, Table)
    assert "[" not in shown.rows[0][1].text
    assert rows.query("level == 'region'")["prob_exceed"].isin([0.0, 1.0]).all()
    weather = forecasts.weather_table(page)
    assert isinstance(weather, Table)
    assert weather.caption == "Établissements et enveloppes qui ont dépassé en 2024"


@pytest.mark.parametrize(
    ("is_closed", "title", "headers"),
    [
        (True, "Année close 2019", ["Évolution", "Écart", "Résultat"]),
        (False, "Atterrissage 2019", ["Évolution, à 80 %", "Écart à 80 %", "Dépasser"]),
    ],
)
def test_a_closed_year_is_not_spoken_of_as_a_forecast(is_closed: bool, title: str, headers: list[str]) -> None:
    page: Any = SimpleNamespace(campaign=SimpleNamespace(is_closed_year=is_closed, year=2019))
    assert landing.year_title(page) == title
    words = [landing.at_80_pct(page, "Évolution,"), landing.at_80_pct(page, "Écart"), landing.outcome_header(page)]
    assert words == headers
    assert landing.likelihood_notes(page) == ([] if is_closed else [landing.LIKELIHOOD_NOTE])
