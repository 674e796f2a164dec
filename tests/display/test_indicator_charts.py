"""The figures of an indicator: what their titles and tables say, at the edges too."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from caqes_analysis.departments import department_names, department_tiles
from caqes_analysis.display import charts
from caqes_analysis.display.charts_position import Reference
from caqes_analysis.display.charts_trend import DatedFact
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.display.table import Table
from caqes_analysis.errors import CaqesError
from tests.display.test_svg import boxes as svg_boxes

SHARE = MeasureFormat("%")
EXAMS = MeasureFormat("examens", 0)
RADIUS = 3.5


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def column(table: Table, label: str) -> list[str]:
    place = [header.label for header in table.columns].index(label)
    return [plain(row[place].text) for row in table.rows]


def pairs(*values: tuple[float | None, float | None]) -> pd.DataFrame:
    rows = [(f"99000000{n}", f"CH {n}", before, now) for n, (before, now) in enumerate(values)]
    return pd.DataFrame(rows, columns=["finess", "name", "previous", "value"]).astype(
        {"previous": float, "value": float}
    )


def moved(*values: tuple[float | None, float | None], **options: object) -> Figure:
    return charts.dumbbells(pairs(*values), caption="Part", now_label="2024", before_label="2023", **options)  # type: ignore[arg-type]


def test_a_move_is_printed_with_the_digits_in_which_it_shows() -> None:
    shown = plain(moved((1_634_000, 1_561_000), (12_400, 12_410), (2_000, 9_000), unit=MeasureFormat("€")).alt)
    assert "CH 0, de 1 634 k€ à 1 561 k€" in shown
    assert "CH 1, de 12 400 € à 12 410 €" in shown
    assert "CH 2, de 2,0 k€ à 9,0 k€" in shown


def test_the_unit_of_a_table_of_moves_shows_every_change() -> None:
    hidden = moved((1_485_100, 1_485_400), (2_000_000, 2_100_000), unit=MeasureFormat("€"))
    assert column(hidden.table, "2023") == ["1 485 100", "2 000 000"]
    assert column(hidden.table, "2024") == ["1 485 400", "2 100 000"]
    shown = moved((1_485_100, 1_585_400), (2_000_000, 2_100_000), unit=MeasureFormat("€"))
    assert column(shown.table, "2023") == ["1,5", "2,0"]


def test_moves_are_counted_the_good_way() -> None:
    lower = moved((10, 9), (10, 11), (10, 10.01), (None, 5))
    assert lower.title == "Un établissement sur trois baisse d'une année à l'autre"
    assert column(lower.table, "Mouvement") == ["favorable", "défavorable", "stable"]
    euros = moved((1_240_000, 1_239_000), (1_240_000, 1_240_000.3), (0, 0), unit=MeasureFormat("€"))
    assert column(euros.table, "Mouvement") == ["favorable", "stable", "stable"], "though all are written 1,2 M€"
    assert euros.notes == ("Stable : valeurs égales à l'euro près.",)
    assert column(moved((4.03, 4.04), (0.01, 0.02)).table, "Mouvement") == ["stable", "stable"]
    higher = moved((10, 11), (10, 12), better="higher")
    assert higher.title == "Deux établissements sur deux progressent d'une année à l'autre"
    assert moved((10, 11)).title == "Aucun établissement sur un ne baisse d'une année à l'autre"


def test_a_title_of_moves_has_a_verb_even_without_a_good_way() -> None:
    title = moved((10, 11), (10, 12), (10, 9), (10, 10), better="none").title
    assert title == "Deux établissements sur quatre sont en hausse d'une année à l'autre, un en baisse"
    assert moved((10, 9), better="none").title == (
        "Aucun établissement sur un n'est en hausse d'une année à l'autre, un en baisse"
    )
    still = moved((100, 100), (100, 100), better="higher")
    assert plain(still.title) == "Les deux établissements restent à 100,0 % d'une année à l'autre"
    assert moved((10, 10), (20, 20)).title == "Les deux établissements restent stables d'une année à l'autre"


def texts(figure: Figure) -> list[str]:
    return [plain("".join(one.itertext())) for one in ElementTree.fromstring(figure.svg).iter() if one.text]


def test_moves_say_their_scale_and_what_each_colour_means() -> None:
    euros = MeasureFormat("€")
    wide = moved((1_000_000, 900_000), (10_000, 12_000), (50_000, 50_000), unit=euros)
    assert {"échelle logarithmique", "10,0 k€", "1,0 M€"} <= set(texts(wide))
    assert any("une même longueur de trait" in note for note in wide.notes)
    assert [word for word in texts(wide) if word.endswith("favorable") or word == "stable"] == [
        "favorable",
        "défavorable",
        "stable",
    ]
    close = moved((10, 9), (10, 12))
    assert "échelle logarithmique" not in texts(close)
    assert "stable" not in texts(close)


def yearly(*values: float) -> Figure:
    rows = pd.DataFrame({"period": ["2022", "2023"], "year": [2022, 2023], "value": values}).assign(
        lower=float("nan"), upper=float("nan")
    )
    return charts.yearly_trend(rows, caption="Part", title="Part", unit=SHARE)


@pytest.mark.parametrize("values", [(100.0, 100.0), (0.0, 0.0), (99.97, 100.0), (0.0, 0.04), (97.0, 100.0)])
def test_the_axis_of_a_share_stays_within_0_and_100_and_repeats_no_tick(values: tuple[float, float]) -> None:
    beside = [one for one in texts(yearly(*values)) if re.fullmatch(r"[−\d,]+", one) and not one.startswith("20")]
    ticks = [float(one.replace("−", "-").replace(",", ".")) for one in beside]
    assert len(set(ticks)) == len(ticks) >= 2
    assert 0 <= min(ticks) <= max(ticks) <= 100


def test_an_axis_of_amounts_is_in_the_unit_of_its_values() -> None:
    rows = pd.DataFrame({"period": ["2022", "2023"], "year": [2022, 2023], "value": [893e3, 971e3]}).assign(
        lower=[850e3, 930e3], upper=[940e3, 1_020_000.0]
    )
    shown = texts(charts.yearly_trend(rows, caption="IPP", title="IPP", unit=MeasureFormat("€")))
    assert "k€" in shown
    assert "M€" not in shown


def test_values_of_which_most_are_equal_are_all_drawn() -> None:
    frame = pairs(*[(None, 0.0)] * 6, *[(None, 100.0)] * 32)
    figure = charts.distribution(frame, caption="Part", unit=SHARE)
    assert not any("Hors du cadre" in note for note in figure.notes)
    assert "0" in texts(figure)


def test_a_map_of_equal_values_does_not_say_from_and_to() -> None:
    figure = charts.department_map(departments(100.0, 100.0, 100.0), caption="Part", unit=SHARE, better="higher")
    assert plain(figure.title) == "Les trois départements sont à 100,0 %"


def test_a_map_counts_the_departments_that_are_equal_at_one_end() -> None:
    figure = charts.department_map(departments(50.0, 100.0, 100.0), caption="Part", unit=SHARE, better="higher")
    assert plain(figure.title).endswith("à 100,0 % (deux départements)")
    assert plain(figure.title).startswith("De 50,0 % (")
    assert "deux" not in plain(figure.title).partition(" à ")[0]


def test_the_tiles_of_a_count_are_never_empty() -> None:
    shown = texts(charts.department_map(departments(5237, 21226, 52624), caption="Examens", unit=EXAMS, better="none"))
    assert {"5 237", "21 226", "52 624"} <= set(shown)
    assert any(text.endswith("examens") for text in shown), "the legend names the unit"


def test_the_ticks_of_a_count_have_room() -> None:
    rows = pd.DataFrame({"period": ["2022", "2023"], "year": [2022, 2023], "value": [234_144.0, 236_428.0]}).assign(
        lower=float("nan"), upper=float("nan")
    )
    figure = charts.yearly_trend(rows, caption="Examens", title="Examens", unit=EXAMS)
    ticks = [box for box in svg_boxes(figure.svg) if re.fullmatch(r"23\d 000", plain(box.text))]
    assert len(ticks) >= 2
    assert min(box.left for box in ticks) >= 0


def test_only_the_first_are_drawn_and_all_are_in_the_table() -> None:
    figure = moved(*[(10, 10 + n) for n in range(9)], shown_nb=4)
    assert len(figure.table.rows) == 9
    assert "CH 3" in figure.svg
    assert "CH 4" not in figure.svg
    stable = "Stable : valeurs arrondies égales, ou écart arrondi nul."
    assert figure.notes == ("Les quatre premiers, sur neuf établissements.", stable)


def test_without_any_pair_there_is_no_figure() -> None:
    with pytest.raises(CaqesError, match="FIGURE_VIDE"):
        moved((None, 5))


def test_a_department_on_too_few_cases_is_grey_and_in_no_class() -> None:
    frame = departments(0.2, 0.4, 0.9, 100.0).assign(is_small=[False, False, False, True])
    figure = charts.department_map(frame, caption="Part", unit=SHARE)
    assert plain(figure.title).startswith("De 0,2 % (")
    assert "0,9 %" in plain(figure.title)
    assert column(figure.table, "Classe")[-1] == "trop petit"
    assert column(figure.table, "Valeur")[-1] == "100,0"
    assert "trop petit" in figure.svg
    assert "100,0" not in figure.svg


def departments(*values: float) -> pd.DataFrame:
    codes = ["16", "17", "19", "23", "24", "33"][: len(values)]
    return pd.DataFrame({"department": codes, "value": values, "establishments_nb": 2})


def test_a_map_tells_the_target_by_words_pattern_and_colour() -> None:
    figure = charts.department_map(departments(4.0, 4.01, float("nan")), caption="Taux", threshold=4.0)
    assert plain(figure.title) == "Un département sur deux est au-dessus de 4 %"
    assert column(figure.table, "Classe") == ["au-dessus de 4 %", "4 % ou moins", "sans valeur"]
    assert "<pattern" in figure.svg
    assert "sans valeur" in figure.svg


def test_a_map_without_a_target_is_cut_in_three() -> None:
    figure = charts.department_map(departments(1, 2, 3, 4, 5, 6), caption="Part")
    assert len(set(column(figure.table, "Classe"))) == 3
    assert plain(figure.title) == "De 1,0 % (Charente) à 6,0 % (Gironde)"
    same = charts.department_map(departments(2, 2, 2), caption="Part")
    assert len(set(column(same.table, "Classe"))) == 1


def test_no_two_departments_share_a_tile() -> None:
    invented = [code for code in department_names() if code.startswith(("96", "99"))]
    for codes in (invented, [code for code in department_names() if code not in invented]):
        assert len(set(department_tiles(codes).values())) == len(codes) >= 12
    assert department_tiles(["zz", "33"]) == {"33": (0, 0), "zz": (1, 0)}


def test_a_referentiel_is_titled_by_who_satisfies_it() -> None:
    frame = pairs((None, 8499), (None, 8500), (None, 9000))
    boxes = MeasureFormat("boîtes", 0)
    figure = charts.distribution(frame, caption="Boîtes", unit=boxes, reference=Reference(8500, "référentiel"))
    assert plain(figure.title) == "Un établissement sur trois est sous 8 500 boîtes (référentiel)"
    assert column(figure.table, "Valeur")[0] == "8 499"


def test_many_equal_values_are_not_said_to_exceed_their_median() -> None:
    frame = pairs(*[(None, 100.0)] * 9)
    assert plain(charts.distribution(frame, caption="Part", unit=SHARE).title).startswith("La valeur médiane")


def test_a_known_verdict_wins_over_the_printed_value() -> None:
    frame = pairs((None, 4.04), (None, 4.06)).assign(is_missed=[True, True])
    figure = charts.distribution(frame, caption="Taux", target_pct=4)
    assert plain(figure.title) == "Deux établissements sur deux dépassent l'objectif de 4 %"


def two_years(first: int) -> pd.DataFrame:
    years = [first, first + 1]
    nothing = [None, None]
    rows = {"period": list(map(str, years)), "year": years, "value": [40.0, 42.0], "lower": nothing, "upper": nothing}
    return pd.DataFrame(rows)


def test_a_trend_numbers_the_dated_facts_of_its_years_and_says_them() -> None:
    frame = two_years(2021)
    facts = [
        DatedFact(dt.date(2022, 7, 1), "Premiers contrats", "instruction"),
        DatedFact(dt.date(2021, 6, 1), "Entrée des biosimilaires"),
        DatedFact(dt.date(2017, 1, 10), "Inscription ancienne"),
    ]
    figure = charts.yearly_trend(frame, caption="Part, région", title="Hausse", facts=facts, notes=["Pente."])
    assert figure.notes == (
        "Repère 1 (trait vertical) : 1er juin 2021, entrée des biosimilaires.",
        "Repère 2 (trait vertical) : 1er juillet 2022, premiers contrats (instruction).",
        "Pente.",
    )
    assert all(note in figure.alt for note in figure.notes[:2])
    texts = {node.text for node in ElementTree.fromstring(figure.svg).iter() if node.tag.endswith("text")}
    assert {"1", "2"} <= texts
    assert "3" not in texts


def test_a_dated_fact_keeps_its_acronym() -> None:
    assert DatedFact(dt.date(2022, 7, 1), "CAQES de 2022").words == "1er juillet 2022, CAQES de 2022"


def test_facts_of_one_month_share_the_place_of_their_numbers() -> None:
    frame = two_years(2016)
    facts = [DatedFact(dt.date(2016, 12, 27), "Opdivo"), DatedFact(dt.date(2017, 1, 10), "Keytruda")]
    figure = charts.yearly_trend(frame, caption="Part, région", title="Hausse", facts=facts)
    assert "1, 2" in {node.text for node in ElementTree.fromstring(figure.svg).iter() if node.tag.endswith("text")}


@pytest.mark.parametrize(("year", "day", "place"), [(2021, (1, 1), 2020.5), (2024, (7, 2), 2024.0)])
def test_a_fact_stands_where_its_day_falls_in_the_year(year: int, day: tuple[int, int], place: float) -> None:
    assert DatedFact(dt.date(year, *day), "Fait").place == pytest.approx(place, abs=0.002)


def test_no_name_of_a_line_covers_a_point() -> None:
    """A long name at the left above its line, when points cross it there, goes where none stands."""
    frame = pairs(*((None, value) for value in [*range(2_000, 3_100, 100), *range(8_600, 9_050, 50)]))
    boxes = MeasureFormat("boîtes", 0)
    line = Reference(8_500, "référentiel : moins de 8 500 boîtes par an")
    drawing = charts.distribution(frame, caption="Boîtes", unit=boxes, reference=line).svg
    root = ElementTree.fromstring(drawing)
    points = [(float(node.get("x", 0)), float(node.get("y", 0))) for node in root.iter() if node.tag.endswith("use")]
    named = [box for box in svg_boxes(drawing) if box.text.startswith(("référentiel", "médiane"))]
    assert len(named) == 2
    assert len(points) > 10
    for box in named:
        near = [x for x, y in points if box.top - RADIUS < y < box.bottom + RADIUS]
        inside = [x for x in near if box.left - RADIUS < x < box.right + RADIUS]
        assert inside == [], box.text


def test_a_trend_prints_the_interval_of_each_year() -> None:
    frame = pd.DataFrame(
        {
            "period": ["2023", "2024"],
            "year": [2023, 2024],
            "value": [50.0, 49.0],
            "lower": [49.5, None],
            "upper": [50.5, None],
        }
    )
    figure = charts.yearly_trend(frame, caption="Part, région", title="Baisse", target=45.0)
    assert "2023 : 50,0 %, entre 49,5 % et 50,5 % ; 2024 : 49,0 %" in plain(figure.alt)
    assert column(figure.table, "Borne basse") == ["49,5", "n. d."]


def test_the_values_of_a_trend_stand_over_the_line_of_the_target() -> None:
    rows = two_years(2023).assign(value=[40.0, 41.0])
    bare = charts.yearly_trend(rows, caption="Part", title="Part", unit=SHARE, target=41.5).svg
    backgrounds = re.findall(r"fill: ?#ffffff|fill=\"#fff(?:fff)?\"|fill: ?white", bare)
    assert len(backgrounds) >= 3, "two values and the name of the target"


def test_a_median_that_several_values_share_is_exceeded_by_less_than_half() -> None:
    frame = pd.DataFrame({"finess": list("ABCDE"), "name": list("ABCDE"), "value": [0.0, 0.0, 0.0, 20.0, 40.0]})
    figure = charts.distribution(frame, caption="Part", unit=SHARE, better="higher")
    assert plain(figure.title) == "La valeur médiane des cinq établissements est 0,0 %"
    two = frame.iloc[:4].assign(value=[0.0, 7.54, 7.66, 20.0])
    figure = charts.distribution(two, caption="Part", unit=SHARE, better="higher")
    assert plain(figure.title) == "La moitié des établissements dépasse 7,6 %"


def test_an_objective_that_does_not_bind_all_is_not_reached_or_missed_by_them() -> None:
    frame = pd.DataFrame({"finess": list("ABC"), "name": list("ABC"), "value": [-7.0, 1.0, 2.0]})
    figure = charts.distribution(frame, caption="Évolution", target_pct=-5.0, scope="sous contrat ou non")
    assert (
        plain(figure.title) == "Deux établissements sur trois sont au-dessus de l'objectif de −5 %, sous contrat ou non"
    )


def test_a_small_amount_is_not_printed_as_nothing() -> None:
    frame = pd.DataFrame({"finess": list("ABC"), "name": list("ABC"), "value": [316.0, 1_200_000.0, 4_200_000.0]})
    figure = charts.distribution(frame, caption="Montant", unit=MeasureFormat("€"))
    assert [plain(row[2].text) for row in figure.table.rows] == ["316", "1 200 000", "4 200 000"]


def test_two_levels_on_either_side_of_a_rounding_limit_have_not_moved() -> None:
    figure = moved((24.44, 24.46), (10, 20))
    words = [plain(row[-1].text) for row in figure.table.rows]
    assert words.count("stable") == 1
