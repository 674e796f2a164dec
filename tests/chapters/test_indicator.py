"""The pages of indicators and the indicators of a sheet, on a simulated region."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import KnownEvent
from caqes_analysis.chapters import indicator, indicator_list, indicator_sheet, indicator_trend
from caqes_analysis.chapters.assessment_words import REFERENCE_WORDS
from caqes_analysis.chapters.contract_scope import borne_subjects
from caqes_analysis.chapters.indicator_answer import subject_words
from caqes_analysis.chapters.indicator_masked import MaskedPart, hidden_changes, masked_part
from caqes_analysis.chapters.indicator_population import contribution_note, mean_words, part_notes, small_counts
from caqes_analysis.chapters.indicator_ranking import ranking_table
from caqes_analysis.chapters.indicator_reading import read_indicator, read_indicators
from caqes_analysis.chapters.indicator_remarks import amount_notes, base_notes, merger_notes, near_target_notes
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import Figure, Notice, Table
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.errors import CampaignError
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.measures import Measure
from caqes_analysis.receive import open_store
from caqes_analysis.store import Store
from tests.campaigns import small_campaign

ADD_UP = "les contributions s'y additionnent."


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    campaign = small_campaign(tmp_path_factory.mktemp("indicateurs"), establishments_nb=24)
    return Page(campaign, open_store(campaign))


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def cells(shown: Any, label: str) -> list[str]:
    assert isinstance(shown, Table)
    place = [plain(header.label) for header in shown.columns].index(label)
    return [plain(row[place].text) for row in shown.rows]


def seen_and_masked(page: Page, atc5: str, year: int) -> pd.DataFrame:
    """Return the boxes of a molecule whose product is known, and the masked ones, by establishment."""
    return page.store.query(
        "select finess, coalesce(sum(boxes_nb) filter (generic_status in ('B', 'C')), 0) as seen, "
        "coalesce(sum(boxes_nb) filter (generic_status = 'B'), 0) as biosimilar, "
        "coalesce(sum(boxes_nb) filter (generic_status = '9'), 0) as masked "
        "from annual_drug_spend where atc5 = $atc5 and year = $year group by finess order by finess",
        {"atc5": atc5, "year": year},
    ).set_index("finess")


def test_every_indicator_with_data_has_its_page(page: Page) -> None:
    for reading in read_indicators(page):
        assert plain(indicator.answer(reading).summary()).endswith(".")
        figures = [*indicator.position_figures(reading), indicator.moves_figure(reading)]
        figures += [indicator.trend_figure(reading), indicator.map_figure(reading)]
        assert all(isinstance(one, Figure | Notice) for one in figures)
        assert isinstance(ranking_table(reading), Table)
        assert reading.definition.why in indicator.reading_text(reading).summary()


@pytest.mark.parametrize("name", ["repertoire_share", "biosimilar_etanercept", "phev_ipp"])
def test_a_page_asks_the_store_each_question_once(page: Page, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    asked: Counter[tuple[str, str]] = Counter()
    query = Store.query

    def counted(store: Store, sql: str, parameters: Any = None) -> pd.DataFrame:
        asked[sql, repr(parameters)] += "indicator" in sql or "evaluations" in sql
        return query(store, sql, parameters)

    monkeypatch.setattr(Store, "query", counted)
    own = Page(page.campaign, page.store)
    reading = read_indicator(own, name)
    for part in (indicator.position_figures, indicator.moves_figure, indicator.trend_figure, indicator.map_figure):
        part(reading)
    for told in (indicator.answer, ranking_table, indicator.reading_text):
        told(reading)
    assert max(asked.values()) == 1, [sql for sql, number in asked.items() if number > 1]
    # Another question about the same indicator is asked anew; only a share of the visible lines has a masked part.
    before = asked.total()
    masked_part(replace(reading, period="2022"))
    assert asked.total() - before == (name == "biosimilar_etanercept")


def test_the_ranking_counts_what_the_sentence_says(page: Page) -> None:
    reading = read_indicator(page, "phev_ipp")
    above = cells(ranking_table(reading), "Objectif −5 %").count("au-dessus")
    said = plain(indicator.answer(reading).summary())
    assert f"{above} établissement" in said
    assert "objectif -5" not in said.lower()
    figure = indicator.position_figures(reading)[0]
    assert isinstance(figure, Figure)
    assert sum("au-dessus" in plain(row[-1].text) for row in figure.table.rows) == above


def test_the_referentiel_and_the_objective_are_two_columns(page: Page) -> None:
    table = ranking_table(read_indicator(page, "phev_ipp"))
    assert set(cells(table, "Référentiel 2023")) <= {*(word for word, _ in REFERENCE_WORDS.values()), "n. d.", ""}
    assert cells(table, "Référentiel 2023")[-1] == "", "a region is not targeted"
    values = page.store.query(
        "select finess, value from indicator_values where indicator = 'phev_ipp' and measure = 'boxes_nb' "
        "and period = '2023' and level = 'establishment' and value is not null"
    )
    targeted = int((values["value"] >= 8500).sum())
    assert cells(table, "Référentiel 2023").count(REFERENCE_WORDS["targeted"][0]) == targeted


def test_medians_and_counts_are_those_of_the_ranked(page: Page) -> None:
    reading = read_indicator(page, "biosimilar_etanercept")
    values = reading.establishments["value"].dropna()
    rows = reading.establishments.set_index("finess")
    boxes = seen_and_masked(page, "L04AB01", 2023)
    is_hidden = (boxes["masked"] > boxes["seen"]).reindex(rows.index, fill_value=False)
    assert (is_hidden & (rows["denominator"] >= 11)).any()
    counted = rows.loc[(rows["denominator"] >= 11) & ~is_hidden, "value"].dropna()
    assert len(counted) < len(values)
    middle = f"{counted.median():.1f} %".replace(".", ",")
    assert f"valeur médiane des {len(counted)} établissements classés : {middle}." in plain(
        indicator.answer(reading).summary()
    )
    assert plain(indicator.position_figures(reading)[0].title).endswith(middle)
    assert cells(ranking_table(reading), f"Rang sur {len(counted)}").count("non classé") == len(values) - len(counted)


def test_the_moves_of_an_evolution_are_those_of_its_ranking(page: Page) -> None:
    reading = read_indicator(page, "extra_list_drugs")
    # One of the simulated gaps: February 2024 of one establishment.
    (finess, words), *others = reading.parts_read.items()
    assert not others
    assert words == "6 mois sur 7, février manquant"
    moves = indicator.moves_figure(reading)
    assert isinstance(moves, Figure)
    name = page.establishments.set_index("finess")["name"][finess]
    assert any(plain(note) == f"Sur une partie des mois : {name} ({words})." for note in moves.notes)
    table = ranking_table(reading)
    assert isinstance(table, Table)
    assert len(moves.table.rows) == len(table.rows) - table.totals_nb
    assert sum("(6 mois sur 7)" in cell for cell in cells(table, "Établissement")) == 1
    falls = sum(rate.startswith("−") for rate in cells(table, "2024 à M7"))
    assert cells(moves.table, "Mouvement").count("favorable") == falls
    # The months that both years know: February is left out of the two.
    sums = page.store.query(
        "select year(month) as year, sum(amount_eur)::double as eur from monthly_grid where finess = $finess "
        "and envelope = 'extra_list_drugs' and month(month) in (1, 3, 4, 5, 6, 7) and year(month) >= 2023 group by 1",
        {"finess": finess},
    ).set_index("year")["eur"]
    rate = reading.establishments.set_index("finess")["value"][finess]
    assert rate == pytest.approx(100 * (sums[2024] / sums[2023] - 1), abs=1e-6)


def test_contributions_add_up_to_what_the_note_says(page: Page) -> None:
    evolution = plain(contribution_note(read_indicator(page, "extra_list_drugs")))
    rows = read_indicator(page, "extra_list_drugs").rows("establishment")
    said = f"{rows['contribution'].sum():+.1f} %".replace(".", ",")
    assert evolution == f"Contribution : part de chacun dans le taux de la région ({said}) ; {ADD_UP}"
    share = read_indicator(page, "biosimilar_uptake")
    change = f"{share.rows('establishment')['contribution'].sum():+.1f} points".replace(".", ",")
    assert (
        f"l'écart de la région ({change}), par sa valeur qui bouge et par son poids dans la région qui change."
        in plain(contribution_note(share))
    )


def test_a_change_says_between_whom(page: Page) -> None:
    share = plain(indicator.answer(read_indicator(page, "repertoire_share")).summary())
    assert "point par rapport à 2022, aux mêmes établissements)" in share
    rate = plain(indicator.answer(read_indicator(page, "extra_list_drugs")).summary())
    assert "−0,3 point par rapport au taux de 2023 à M7, les intervalles se chevauchent)" in rate


def test_an_indicator_that_has_no_objective_is_not_one_whose_objective_is_unknown(page: Page) -> None:
    without, unknown = (read_indicator(page, name) for name in ("biosimilar_uptake", "transport_ambulance_share"))
    assert without.definition.target is None
    assert "Sans objectif ; valeur médiane" in plain(indicator.answer(without).summary())
    assert unknown.definition.target is not None
    assert "Objectif non renseigné" in plain(indicator.answer(unknown).summary())


def test_a_mean_of_declared_percentages_is_called_a_mean(page: Page) -> None:
    known = definitions_of(page.campaign)
    said = {}
    for name in ("declared_named_dispensing", "declared_rpps", "declared_antibiotic_referent"):
        definition = known[name]
        said[name] = mean_words(replace(read_indicator(page, "phev_ipp"), measure=definition.measures[0]))
    assert said.pop("declared_named_dispensing") == "en moyenne simple des établissements"
    assert set(said.values()) == {""}, "shares of sums, and of establishments"


def test_a_partial_year_is_in_no_count_of_the_referentiel(page: Page) -> None:
    reading = read_indicator(page, "transport_ambulance_share")
    parts = reading.months_counted("ambulance_eur", "2023")
    assert len(parts) == 1
    assert parts.iloc[0] < 12
    figure = indicator.position_figures(reading)[-1]
    assert isinstance(figure, Figure)
    assert len(figure.table.rows) == 22
    assert " sur 21 sont sous 400 000 €" in plain(figure.title)
    assert cells(figure.table, "Non compté").count("indéterminé, année incomplète") == 1


def test_an_opening_of_the_closed_year_is_in_no_count_of_the_referentiel(page: Page) -> None:
    reading = read_indicator(page, "phev_ipp")
    known = page.establishments
    opened = known.loc[(known["valid_from"].dt.year == 2023) & (known["valid_from"].dt.month > 1), "finess"]
    boxes = reading.rows("establishment", "boxes_nb", "2023").dropna(subset=["value"])
    late = boxes[boxes["finess"].isin(opened)]
    assert len(late) == 1
    figure = indicator.position_figures(reading)[-1]
    assert isinstance(figure, Figure)
    assert cells(figure.table, "Non compté").count("indéterminé, année incomplète") == 1
    assert set(reading.references.reindex(late["finess"])) == {"unknown"}
    counted = boxes[~boxes["finess"].isin(opened)]["value"]
    assert f"sur {len(counted)} sont sous 8 500 boîtes" in plain(figure.title).replace("Dix-sept", "17")


def test_moves_of_a_few_boxes_are_neither_drawn_nor_counted(page: Page) -> None:
    seen = 0
    for reading in read_indicators(page):
        small = small_counts(reading, reading.level)
        moves = indicator.moves_figure(reading)
        rows = reading.rows("establishment", reading.level.id).dropna(subset=["value", "previous_value"])
        left_out = rows[rows["finess"].isin(small)]
        if left_out.empty or not isinstance(moves, Figure):
            continue
        seen += 1
        names = page.establishments.set_index("finess")["name"].reindex(left_out["finess"])
        assert not set(names) & set(cells(moves.table, "Établissement"))
        assert any("effectif inférieur à 11 l'une des deux années" in plain(note) for note in moves.notes)
        table = ranking_table(reading)
        assert isinstance(table, Table)
        assert cells(table, "Écart").count("n. d.") >= len(left_out)
    assert seen


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((6.4, 6.3, 8.3, 6.4), "Entre +6,3 % (2017) et +8,3 % (2018) ; +6,4 % en 2019"),
        ((6.4, 6.5, 8.3), "De +6,4 % à +8,3 %, de 2016 à 2018"),
        ((6.1, 8.3, 6.8), "Entre +6,1 % (2016) et +8,3 % (2017) ; +6,8 % en 2018"),
    ],
)
def test_a_level_outside_the_first_and_the_last_is_in_the_title(values: tuple[float, ...], said: str) -> None:
    known = pd.DataFrame({"value": values, "year": range(2016, 2016 + len(values))})
    assert plain(indicator_trend._levels_title(MeasureFormat("%", signed=True), known)) == said


def test_a_referentiel_targets_nobody_under_another_scheme(page: Page) -> None:
    elsewhere = replace(page, campaign=page.campaign.model_copy(update={"scheme": "caqes-2018"}))
    assert read_indicator(page, "phev_ipp").reference is not None
    reading = read_indicator(elsewhere, "phev_ipp")
    assert reading.reference is None
    assert reading.references.empty
    assert "Référentiel (qui est ciblé)" not in plain(str(indicator.reading_text(reading)))


def test_an_unknown_indicator_names_those_that_exist(page: Page) -> None:
    with pytest.raises(CampaignError, match="phev_ipp"):
        read_indicator(page, "inconnu")
    assert read_indicator(page).definition.schemes == ("caqes-2022",)


def test_the_list_holds_the_whole_catalogue_once(page: Page) -> None:
    shown = [table for table in indicator_list.region_tables(page) if isinstance(table, Table)]
    empty = indicator_list.empty_table(page)
    assert isinstance(empty, Table)
    names = [name for table in shown for name in cells(table, "Indicateur")]
    assert len(names) + len(empty.rows) == len(page.store.read(tables.INDICATORS))
    assert all(reason not in ("", "n. d.") for reason in cells(empty, "Pourquoi"))
    assert "Volet 1 : la région" in [plain(table.caption) for table in shown]


def test_a_sheet_shows_the_indicators_of_its_scheme(page: Page) -> None:
    known = page.establishments
    finess = str(known.loc[known["category"] == "CHU", "finess"].iloc[0])
    table = indicator_sheet.contract_indicators_table(Page(page.campaign, page.store, None, finess))
    value = cells(table, "Valeur")[cells(table, "Indicateur").index("IPP, 2023")]
    own = page.store.query(
        "select value from indicator_trends where finess = $finess and indicator = 'phev_ipp' "
        "and measure = 'evolution_pct'",
        {"finess": finess},
    )["value"].iloc[0]
    assert value.startswith(f"{own:+.1f}".replace(".", ",").replace("-", "−"))
    # The evolution of 2022 would need the base of 2021, which nobody sent.
    assert cells(table, "N-1")[cells(table, "Indicateur").index("IPP, 2023")] == "manquant"
    assert any(note.startswith("N-1 manquant (") and "IPP" in note for note in table.notes)


def test_a_count_has_a_total_and_no_rank(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    finess = str(page.establishments["finess"].iloc[0])
    own = Page(page.campaign, page.store, None, finess)
    rated = cells(indicator_sheet.contract_indicators_table(own), "Rang (pairs)")
    monkeypatch.setattr(indicator_sheet, "ranks_by_size", lambda _: True)
    counted = indicator_sheet.contract_indicators_table(own)
    assert any(rank != "–" for rank in rated)
    assert set(cells(counted, "Rang (pairs)")) == {"–"}
    assert all(text.startswith("total ") for text in cells(counted, "Région"))


def test_a_sheet_without_any_value_says_so(page: Page, tmp_path: Path) -> None:
    shown = indicator_sheet.contract_indicators_table(Page(page.campaign, page.store, None, "999999999"))
    assert isinstance(shown, Notice)


def test_a_page_gives_the_other_perimeter_and_the_masked_part_that_it_announces(page: Page) -> None:
    reading = read_indicator(page, "biosimilar_uptake")
    constant = page.store.query(
        "select value from indicator_values where indicator = 'biosimilar_uptake' and measure = 'share_pct' "
        "and perimeter = 'constant' and period = $period and level = 'region'",
        {"period": reading.period},
    )["value"].iloc[0]
    said = plain(indicator.reading_text(reading).summary())
    assert f"À champ constant, hors insuline asparte : {constant:.1f} % dans la région.".replace(".", ",", 1) in said
    masked = plain(indicator.reading_text(read_indicator(page, "repertoire_share")).summary())
    assert "Part des boîtes masquées dans la région : " in masked


def test_an_opening_of_the_year_before_is_named_and_in_no_change(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read_indicator(page, "phev_ipp")
    reading = replace(reading, measure=reading.definition.measure("boxes_nb"))
    before = reading.rows("establishment", "boxes_nb").dropna(subset=["value", "previous_value"])
    finess = before["finess"].iloc[0]
    trends = reading.trends.copy()
    is_own = (trends["finess"] == finess) & (trends["measure"] == "boxes_nb")
    trends.loc[is_own, ["change", "contribution"]] = float("nan")
    lives = page.lifetimes.copy()
    lives.loc[finess, ["first_day", "part_year"]] = pd.Timestamp("2022-09-01"), 2022
    monkeypatch.setitem(page.__dict__, "lifetimes", lives)
    name = page.establishments.set_index("finess")["name"][finess]
    reading = replace(reading, trends=trends)
    table, moves = ranking_table(reading), indicator.moves_figure(reading)
    assert isinstance(table, Table)
    assert isinstance(moves, Figure)
    said = f"Hors de l'écart de la région : {name} (ouverture le 01/09/2022)."
    assert said in [plain(note) for note in table.notes]
    assert said in [plain(note) for note in moves.notes]
    assert f"({len(before) - 1})." in plain(" ".join(table.notes))
    assert name not in cells(moves.table, "Établissement")
    opened_this_year = (reading.establishments["previous_status"] == "not_applicable").sum()
    assert cells(table, "Écart").count("sans objet") == 1 + opened_this_year
    # Where the region has no change, nobody is outside of it.
    trends.loc[(trends["level"] == "region") & (trends["measure"] == "boxes_nb"), "change"] = float("nan")
    notes = [plain(note) for note in ranking_table(replace(reading, trends=trends)).notes]
    assert f"Écart sans objet : {name} (ouverture le 01/09/2022)." in notes
    assert not any("Hors de l'écart" in note for note in notes)


def test_a_share_of_few_visible_boxes_is_given_between_its_bounds(page: Page) -> None:
    seen = compared = 0
    for reading in read_indicators(page):
        part = masked_part(reading)
        if part is None:
            continue
        if reading.definition.id != "biosimilar_uptake":  # that one adds up the classes of the others
            # Substitution is of the répertoire; the others, of the molecules that have a biosimilar.
            molecule, _, rest = reading.measure.masked.where.partition(" and ")
            molecule, seen_statuses = (molecule, ("B", "C")) if rest else ("true", ("1", "4"))
            visible, hidden = page.store.query(
                f"select sum(boxes_nb) filter (generic_status in {seen_statuses}), "
                "sum(boxes_nb) filter (generic_status = '9') "
                f"from annual_drug_spend where {molecule} and year = 2023"
            ).iloc[0]
            assert part.share == pytest.approx(float(hidden) / float(visible + hidden), abs=1e-6)
            compared += 1
        value = float(reading.region["value"])
        assert part.low_pct == pytest.approx(value * (1 - part.share))
        assert part.high_pct == pytest.approx(part.low_pct + 100 * part.share)
        said, text = plain(indicator.answer(reading).summary()), plain(indicator.reading_text(reading).summary())
        bounds = plain(part.bounds_words(1))
        assert bounds in text
        assert (f"la part réelle est {bounds}" in said) == part.is_told
        assert ("ne permettent pas de la lire" in said) == part.is_unread
        table = ranking_table(reading)
        assert isinstance(table, Table)
        if part.is_unread:
            assert all(
                isinstance(one, Notice) for one in (indicator.moves_figure(reading), indicator.map_figure(reading))
            )
            assert not any("Rang" in plain(header.label) for header in table.columns)
        if part.hides_change:
            assert "par rapport à 2022" not in said
        seen += part.is_told
    assert seen > 2
    assert compared > 2


def test_more_masked_than_seen_has_no_rank(page: Page) -> None:
    """An establishment seen on 33 boxes of 172 was the first of the region, « la plus favorable »."""
    reading = read_indicator(page, "biosimilar_etanercept")
    rows, boxes = reading.establishments.set_index("finess"), seen_and_masked(page, "L04AB01", 2023)
    hidden = boxes.index[(boxes["masked"] > boxes["seen"]) & (boxes["seen"] >= 11)]
    assert len(hidden)
    why = "produit masqué pour plus de la moitié de ce qui est compté"
    assert set(rows.loc[hidden, "unranked_reason"]) == {why}
    assert rows.loc[hidden, ["rank", "percentile", "peer_rank"]].isna().all(axis=None)
    table = ranking_table(reading)
    assert isinstance(table, Table)
    assert f"Non classé : {why}." in [plain(note) for note in table.notes]
    # What a share counts in its denominator hides nothing of it.
    assert why not in set(read_indicator(page, "repertoire_share").establishments["unranked_reason"])


def test_a_change_that_masked_boxes_can_make_is_no_one_s_change(page: Page) -> None:
    """« L'écart ne se lit pas » in the region, and every establishment was said to have risen or fallen."""
    reading = read_indicator(page, "biosimilar_etanercept")
    part = masked_part(reading)
    assert part is not None
    assert part.hides_change
    hidden = set()
    bounds = []
    for year in (2022, 2023):
        boxes = seen_and_masked(page, "L04AB01", year).query("seen > 0").astype(float)
        every = boxes["seen"] + boxes["masked"]
        bounds.append(pd.DataFrame({"low": boxes["biosimilar"] / every, "gap": boxes["masked"] / every}))
    both = bounds[0].merge(bounds[1], left_index=True, right_index=True, suffixes=("_before", "_now"))
    for finess, one in both.iterrows():
        apart = one["low_before"] + one["gap_before"] < one["low_now"] or (
            one["low_now"] + one["gap_now"] < one["low_before"]
        )
        if one["gap_before"] + one["gap_now"] > 0 and not apart:
            hidden.add(finess)
    assert hidden
    assert hidden_changes(reading) == hidden
    table, moves = ranking_table(reading), indicator.moves_figure(reading)
    assert isinstance(table, Table)
    named = [header.label for header in table.columns]
    assert "Contribution" not in named
    assert not any("Contribution" in note or "Écart de la région" in note for note in table.notes)
    changes = dict(zip(reading.establishments["finess"], cells(table, "Écart"), strict=False))
    assert {changes[finess] for finess in hidden} == {"n. d."}
    assert cells(table, "Écart")[-1] == "n. d.", "the region"
    names = page.establishments.set_index("finess")["name"]
    if isinstance(moves, Figure):
        assert not set(names[list(hidden)]) & set(cells(moves.table, "Établissement"))
        assert any("au produit masqué qui suffisent à faire l'écart" in plain(note) for note in moves.notes)
    else:
        assert "suffisent à faire l'écart" in moves.summary()


@pytest.mark.parametrize(
    ("now", "before", "hides"),
    [
        # « Hausse de 2018 à 2019, au-delà du hasard » : 9,2 % (2,87 % masked), then 11,9 % (3,70 % masked).
        (MaskedPart(0.037, 11.43, 15.13), MaskedPart(0.0287, 8.96, 11.83), True),
        (MaskedPart(0.037, 11.43, 15.13), MaskedPart(0.0, 12.0, 12.0), True),
        (MaskedPart(0.02, 20.0, 22.0), MaskedPart(0.02, 10.0, 12.0), False),
    ],
)
def test_a_small_masked_part_hides_a_small_change(now: MaskedPart, before: MaskedPart, hides: bool) -> None:
    assert replace(now, previous=before).hides_change == hides
    assert replace(now, previous=before).is_told == hides


def test_nothing_is_affirmed_of_a_share_that_is_not_read(page: Page) -> None:
    unread = [one for one in read_indicators(page) if (part := masked_part(one)) is not None and part.is_unread]
    assert unread
    for reading in unread:
        table = ranking_table(reading)
        assert isinstance(table, Table)
        (label,) = (header.label for header in table.columns if "produit connu" in plain(header.label))
        assert cells(table, plain(label))[-1] == "n. d."
        assert not any("Non classé" in note for note in table.notes), "nobody is"
        assert "Contribution" not in [header.label for header in table.columns]


def test_the_number_of_values_is_that_of_the_table(page: Page) -> None:
    """Eleven establishments had a value, and the figure said « de 30 à 31 »."""
    seen = 0
    for reading in read_indicators(page):
        known = reading.history(reading.measure).set_index("period")["establishments_nb"]
        rows = reading.rows("establishment")
        if "secret statistique" in set(rows["unranked_reason"]) or pd.isna(reading.region["value"]):
            continue
        assert known[reading.period] == rows["value"].notna().sum(), reading.definition.id
        seen += reading.measure.denominator is not None and rows["value"].isna().any()
    assert seen


def test_a_movement_that_starts_in_exceptional_months_says_so(page: Page) -> None:
    reading = read_indicator(page, "phev_drugs")
    first = str(reading.history(reading.level)["period"].iloc[0])
    later = f"{int(first[:4]) + 1}{first[4:]}"
    event = KnownEvent(date=f"{first[:4]}-03", until=f"{first[:4]}-06", kind="temporary", label="Confinement")
    campaign = page.campaign.model_copy(update={"evenements": (event,)})
    told = replace(reading, page=replace(page, campaign=campaign))
    said = [plain(note) for note in base_notes(told, reading.level, first)]
    assert any(note.startswith("Confinement") and first[:4] in note for note in said)
    assert said[0].startswith("De janvier à ")
    assert not any("Confinement" in note for note in base_notes(told, reading.level, later))
    # A rate of the next year starts from it.
    assert any("Confinement" in note for note in base_notes(told, reading.measure, later))
    annual = replace(read_indicator(page, "biosimilar_etanercept"), page=told.page)
    assert base_notes(annual, annual.level, first[:4]) == []


def test_a_ranking_names_what_is_masked(page: Page) -> None:
    unread = [one for one in read_indicators(page) if (part := masked_part(one)) is not None and part.is_unread]
    boxes = unread[0]
    assert boxes.measure.denominator is not None
    amounts = boxes.measure.denominator.model_copy(update={"sum": "reimbursed_eur"})
    euros = replace(boxes, measure=boxes.measure.model_copy(update={"denominator": amounts}))
    for reading, noun in ((boxes, "boîtes"), (euros, "montants")):
        (said,) = (plain(note) for note in ranking_table(reading).notes if note.endswith("pas de rang."))
        assert f" % des {noun} de la région" in said


def test_what_no_contract_can_miss_is_not_said_to_be_missed(page: Page) -> None:
    reading = read_indicator(page, "phev_ipp")
    said = plain(indicator.answer(reading).summary())
    assert "sont au-dessus" in said
    assert "sous contrat ou non" in said
    assert "atteignent pas l'objectif" not in plain(indicator.position_figures(reading)[0].title)
    verdicts = page.store.read(tables.EVALUATIONS)
    own = verdicts[(verdicts["subject"] == "phev_ipp") & (verdicts["kind"] == "indicator")]["attainment"]
    missed, judged = (own == "not_attained").sum(), own.isin(["attained", "not_attained"]).sum()
    assert judged > 1
    assert f"des {judged} contrats qui le portent et ont un verdict, {missed} ne l'att" in said


def test_an_unknown_objective_is_not_an_absent_one_anywhere(page: Page) -> None:
    words = {one.definition.id: (one.target_sentence, one.target_words) for one in read_indicators(page)}
    assert words["biosimilar_uptake"] == ("sans objectif", "sans objectif")
    assert words["transport_ambulance_share"] == ("objectif non renseigné", "non renseigné")
    outside, cell = words["repertoire_share"]
    assert outside.startswith("hors du contrat CAQES 2022, sans objectif pour 2023 ; dernier connu, celui de 2021")
    assert cell == "sans objectif"


def test_the_year_of_a_declaration_is_explained(page: Page) -> None:
    """A report of 2019 said « En 2018 » above « Données à fin décembre 2019 », and not why."""
    definition = definitions_of(page.campaign)["declared_rpps"]
    known = read_indicator(page, "repertoire_share")  # of 2023, as the answers
    reading = replace(known, definition=definition, measure=definition.main)
    said = plain(indicator.reading_text(reading).summary())
    assert "Dernière déclaration reçue : 2023 ; celle de 2024 n'est pas reçue." in said
    assert "Dernière déclaration reçue" not in indicator.reading_text(known).summary()


def test_both_readings_of_the_repertoire_are_printed(page: Page) -> None:
    reading = read_indicator(page, "repertoire_share")
    other = page.store.query(
        "select value from indicator_values where indicator = 'repertoire_share' and measure = 'unmasked_share_pct' "
        "and perimeter = 'courant' and period = $period and level = 'region'",
        {"period": reading.period},
    )["value"].iloc[0]
    said = plain(indicator.reading_text(reading).summary())
    assert f"Part répertoire, hors lignes masquées : {other:.1f} % dans la région.".replace(".", ",", 1) in said


@pytest.mark.parametrize(
    ("short_name", "label", "said"),
    [
        ("Prescription informatisée", "Lits et places dont la prescription est informatisée", None),
        ("RPPS déclaré", "Ordonnances portant le RPPS (échantillon déclaré)", None),
        ("Antibiotiques réévalués", "Antibiothérapies réévaluées", None),
        ("Hépatite C", "Part dans la PHMEV", "hépatite C, part dans la PHMEV"),
        ("CNO", "Montant remboursé", "CNO, montant remboursé"),
    ],
)
def test_a_name_that_the_label_tells_is_not_said_twice(short_name: str, label: str, said: str | None) -> None:
    measure = read_measure({"label": label})
    assert subject_words(short_name, measure) == (said or label[:1].lower() + label[1:])


def read_measure(fields: dict[str, Any]) -> Measure:
    line = {"table": "activity", "sum": "count_nb", "where": "activity = 'stays'"}
    return Measure.model_validate({"id": "essai_pct", "unit": "%", "numerator": line, **fields})


def test_the_rate_that_meets_the_objective_leaves_hepatitis_c_out_and_the_other_is_said(page: Page) -> None:
    """The national rate excludes these drugs: the page reads it so, and gives the rate of all drugs beside it."""
    reading = read_indicator(page, "phmev_annual")
    assert reading.measure.label == "Taux d'évolution du montant remboursé, hors hépatite C"
    rows = page.store.query(
        "select measure, value from indicator_values where indicator = 'phmev_annual' and perimeter = 'courant' "
        "and period = $period and level = 'region'",
        {"period": reading.period},
    ).set_index("measure")["value"]
    constant = page.store.query(
        "select value from indicator_values where indicator = 'phmev_annual' and measure = 'evolution_all_pct' "
        "and perimeter = 'constant' and period = $period and level = 'region'",
        {"period": reading.period},
    )["value"].item()
    assert rows["evolution_pct"] == constant
    said = plain(indicator.reading_text(reading).summary())
    every = f"{rows['evolution_all_pct']:+.1f}".replace(".", ",").replace("-", "−")
    assert f"Taux d'évolution du montant remboursé, tous médicaments : {every} % dans la région." in said
    assert "À champ constant" not in said


def test_values_printed_as_the_target_are_given_with_the_decimals_that_tell_them_apart(page: Page) -> None:
    reading = read_indicator(page, "phev_ipp")
    rows = [("A", -4.97), ("B", -5.0), ("C", -5.02), ("D", 3.0), ("E", float("nan"))]
    (said,) = near_target_notes(reading, rows)
    assert plain(said) == "Imprimé −5,0 %, comparé avant arrondi : A −4,97 % et C −5,02 %."
    assert near_target_notes(reading, rows[1:2]) == []


def test_a_page_says_which_euros_it_adds_up(page: Page) -> None:
    assert [plain(one) for one in amount_notes(read_indicator(page, "extra_list_drugs"))] == [
        "Montants reçus : montant remboursé, TTC, au mois de la sortie."
    ]
    assert amount_notes(read_indicator(page, "phev_ipp")) == []


def test_a_merger_is_named_where_its_successor_is_read(page: Page) -> None:
    merged = page.store.query("select finess, current_finess from successions where finess <> current_finess")
    assert len(merged) == 1
    names = page.store.query("select finess, max(name) as name from establishments group by 1").set_index("finess")
    gone, heir = (names["name"][merged[column].iloc[0]] for column in ("finess", "current_finess"))
    (said,) = merger_notes(read_indicator(page, "phev_ipp"))
    assert plain(said).startswith("Fusion, années des établissements réunis additionnées : ")
    assert f"{gone}, repris par {heir} le 01/07/2023" in plain(said)


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        ((-5.1, -6.1), (15.8, 14.6), "+3,8 % en 2019, +4,8 % en 2018 : les intervalles se chevauchent"),
        ((4.5, 3.5), (5.1, 4.1), "De +4,8 % à +3,8 %, de 2018 à 2019"),
        ((None, None), (None, None), "De +4,8 % à +3,8 %, de 2018 à 2019"),
    ],
)
def test_a_move_within_chance_is_not_a_title(lower: tuple[Any, Any], upper: tuple[Any, Any], said: str) -> None:
    values = {"year": [2018, 2019], "value": [4.8, 3.8], "lower": lower, "upper": upper}
    known = pd.DataFrame(values).astype({"lower": float, "upper": float})
    assert plain(indicator_trend._levels_title(MeasureFormat("%", signed=True), known)) == said


def test_the_first_sentence_says_that_a_rate_moved_within_chance(page: Page) -> None:
    reading = read_indicator(page, "extra_list_drugs")
    known = reading.history(reading.measure).tail(2)
    assert len(known) == 2
    assert not pd.isna(reading.region["change"])
    for width, is_said in ((100.0, True), (0.0, False)):
        own = replace(reading)
        bounds = known.assign(lower=known["value"] - width, upper=known["value"] + width)
        object.__setattr__(own, "history", lambda _, bounds=bounds: bounds)
        assert ("les intervalles se chevauchent)" in plain(indicator.answer(own).summary())) == is_said


def test_two_years_are_not_each_year(page: Page) -> None:
    reading = read_indicator(page, "repertoire_share")
    region = reading.region.copy()
    region[["change_lower", "change_upper", "slope_lower", "slope_upper"]] = float("nan")
    for years, said in (([2022, 2023], "48,0 % en 2022 et en 2023"), ([2021, 2022, 2023], "48,0 % chaque année")):
        known = pd.DataFrame({"year": years, "value": [48.0] * len(years), "establishments_nb": 9})
        assert plain(indicator_trend._trend_title(reading, reading.measure, known, region)).startswith(said)


def test_a_share_known_on_fewer_months_says_which_are_compared(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read_indicator(page, "repertoire_share")
    rows = reading.establishments
    first = rows.loc[rows["value"].notna() & rows["previous_value"].notna()].iloc[0]
    before = str(reading.year - 1)
    monkeypatch.setattr(
        type(reading),
        "months_counted",
        lambda _, measure, period: pd.Series({first["finess"]: 6} if period == before else {}, dtype=object),
    )
    who, how = part_notes(replace(reading))
    assert plain(who) == f"Sur une partie des mois de {before} : {first['name']} (6 mois)."
    assert plain(how) == (
        f"Écart avec {before} : un mois qui manque une des deux années est écarté des deux ; les deux valeurs "
        "imprimées gardent chacune les leurs."
    )
    assert {who, how} <= set(ranking_table(replace(reading)).notes)


def test_the_list_says_where_its_objectives_come_from_and_whom_they_bind(page: Page) -> None:
    notes = [plain(note) for table in indicator_list.region_tables(page) for note in table.notes]
    sourced = [note for note in notes if note.startswith("Objectif (arrêté du 23/02/2022) : ")]
    assert any("IPP −5 %" in note for note in sourced)
    assert not any(" ," in note for note in notes)
    bound = borne_subjects(page)
    assert bound is not None
    assert any("phev_ipp" not in bound.get(finess, ()) for finess in page.establishments["finess"])
    (whose,) = [note for note in notes if note.startswith("Région comparée pour information")]
    assert "IPP" in whose


def test_the_value_of_the_region_is_marked_wherever_it_stands(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ranking marked it; the first sentence and the list of the indicators did not."""
    reading = read_indicator(page, "phev_ipp")
    trends = reading.trends.assign(is_corrected=reading.trends["level"] == "region")
    corrected = replace(reading, trends=trends)
    value = reading.unit.write(reading.region["value"])
    assert f"{value}\xa0(c) " in indicator.answer(corrected).summary()
    assert "(c)" not in indicator.answer(reading).summary()
    monkeypatch.setattr(indicator_list, "read_indicators", lambda *_, **__: [corrected])
    (table,) = indicator_list.region_tables(page)
    assert cells(table, "Région") == [plain(f"{value}\xa0(c)")]


def test_a_side_of_the_target_is_no_verdict(page: Page) -> None:
    """« Atteint » is said of a contract, in the evaluation: who has none is on a side of the threshold."""
    reading = read_indicator(page, "repertoire_share")
    target = replace(reading.target_of("all"), value=48.0, status="regional")
    reading.__dict__["target"] = target
    object.__setattr__(reading, "target_of", lambda _: target)
    assert [reading.situation(value)[0] for value in (47.0, 49.0)] == ["côté défavorable", "côté favorable"]


def test_a_value_without_verdict_is_not_said_to_be_compared(page: Page) -> None:
    reading = read_indicator(page, "phev_ipp")
    finess = reading.establishments["finess"].iloc[0]
    assert reading.target.value is not None
    near = reading.target.value + 0.01
    trends = reading.trends.assign(value=reading.trends["value"].mask(reading.trends["finess"].isin([finess]), near))
    for gaps, is_said in (({}, True), ({finess: "un mois manque"}, False)):
        own = replace(reading, trends=trends)
        own.__dict__["gaps"] = gaps
        table = ranking_table(own)
        assert isinstance(table, Table)
        figure = indicator.position_figures(own)[0]
        assert isinstance(figure, Figure)
        for notes in (table.notes, figure.notes):
            assert any("comparé avant arrondi" in note for note in notes) == is_said


def test_lines_that_nobody_sees_are_not_printed_as_zero(page: Page) -> None:
    reading = read_indicator(page, "hepatitis_c_share")
    reading.__dict__["region"] = pd.Series({**reading.region.to_dict(), "numerator": 0.0, "value": 0.0, "change": 0.0})
    shown = indicator_list._value_and_change(reading)
    assert shown == {"value": "aucune ligne visible", "change": "–"}


def test_a_merger_adds_up_no_answer_that_was_not_sent(page: Page) -> None:
    """« Années additionnées » stood on the pages of answers, where who was taken over had sent none."""
    definition = definitions_of(page.campaign)["declared_antibiotic_referent"]
    reading = replace(read_indicator(page, "phev_ipp"), definition=definition, measure=definition.main)
    assert merger_notes(reading) == []


def test_a_verdict_is_not_explained_where_there_is_none(page: Page) -> None:
    said = indicator.reading_text(read_indicator(page, "transports")).summary()  # of the other scheme: no objective
    assert "le verdict se lit" not in said
    own = replace(
        read_indicator(page, "transports"),
        page=replace(page, campaign=page.campaign.model_copy(update={"scheme": "caqes-2018"})),
    )
    assert "le verdict se lit sur le taux seul" in indicator.reading_text(own).summary()


def test_equal_values_have_no_rank(page: Page) -> None:
    table = ranking_table(read_indicator(page, "hepatitis_c_share"))
    assert isinstance(table, Table)
    assert not any("Rang" in plain(header.label) for header in table.columns)
    assert any(plain(note).startswith("Toutes les valeurs classées sont à 0,00 %") for note in table.notes)
    said = plain(indicator.answer(read_indicator(page, "hepatitis_c_share")).summary())
    assert "0,00 % dans la région : les données reçues n'en montrent aucune ligne." in said
