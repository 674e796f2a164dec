"""Messages, alternative texts and tables of the figures, on hand-made data."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis.display import Figure, Table, charts
from caqes_analysis.display.charts_panels import _panel
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.display.payload import validate
from caqes_analysis.display.series import (
    comparable_months,
    lone_places,
    natural_order,
    of_the,
    short_percent,
    year_months,
)
from caqes_analysis.errors import CaqesError
from tests.display.samples import FIGURES, classes, received, verdicts

PLACE = {"year": 2024, "name": "CH de Rive", "envelope": "phmev"}


def months(now: list[float | None], before: list[float | None], *, provisional: tuple[int, ...] = ()) -> pd.DataFrame:
    """Amounts of January on, for 2024 and 2023; a None is a month said missing."""
    rows = [
        (
            pd.Timestamp(year, month, 1),
            None if amount is None else Decimal(str(amount)),
            "missing" if amount is None else "reported",
            year == 2024 and month in provisional,
        )
        for year, amounts in ((2024, now), (2023, before))
        for month, amount in enumerate(amounts, start=1)
    ]
    return pd.DataFrame(rows, columns=["month", "amount_eur", "value_status", "is_provisional"])


def column(table: Table, label: str) -> list[str]:
    """Texts of the column whose header begins with a label."""
    position = next(number for number, header in enumerate(table.columns) if header.label.startswith(label))
    return [row[position].text for row in table.rows]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_follows_the_contract(name: str) -> None:
    figure = FIGURES[name](1)
    assert validate(figure.payload)["kind"] == "figure"
    assert figure.alt != figure.title
    assert len(figure.alt) > 80
    assert figure.table.rows
    assert "aria-label=" in figure.html()
    assert figure.title in figure.summary()


def test_monthly_spending_counts_the_months_above() -> None:
    figure = charts.monthly_spending(months([110, 90, 120], [100] * 12, provisional=(3,)), **PLACE)
    assert figure.title == "En 2024, un mois définitif sur deux dépasse son niveau de 2023"
    assert "320\u00a0€, contre 300\u00a0€ en 2023, soit +6,7\u00a0%" in figure.alt
    assert figure.notes == ("Mars 2024 est provisoire : ce montant peut encore être complété.",)
    assert column(figure.table, "2024")[:4] == ["110", "90", "120\u00a0(p)", "n. d."]
    assert column(figure.table, "Évolution")[:2] == ["+10,0", "−10,0"]


@pytest.mark.parametrize(
    ("now", "before", "title"),
    [
        ([100, 100], [100, 100], "En 2024, aucun mois ne dépasse son niveau de 2023"),
        ([101, 102], [100, 100], "En 2024, tous les mois dépassent leur niveau de 2023"),
        ([9, 101, 102], [None, 100, 100], "En 2024, les deux mois comparables dépassent leur niveau de 2023"),
        ([9, 10, 11], [None, 100, 100], "En 2024, aucun des deux mois comparables ne dépasse son niveau de 2023"),
        ([101], [100], "En 2024, janvier dépasse son niveau de 2023"),
        ([101, None, 102], [100, 100, 100], "En 2024, les deux mois comparés dépassent leur niveau de 2023"),
        ([101, 99], [100, 100], "En 2024, un mois sur deux dépasse son niveau de 2023"),
        ([1_500_000, 500_000], [], "2,0\u00a0M€ sur deux mois en 2024"),
    ],
)
def test_monthly_titles(now: list[float | None], before: list[float | None], title: str) -> None:
    assert charts.monthly_spending(months(now, before), **PLACE).title == title


def test_a_missing_month_is_said_and_drawn_as_a_gap() -> None:
    with_gap = charts.monthly_spending(months([100, None, 100], [90] * 12), **PLACE)
    whole = charts.monthly_spending(months([100, 100, 100], [90] * 12), **PLACE)
    assert with_gap.notes == ("Février 2024 manque dans les données reçues (×).",)
    assert ">×</text>" in with_gap.svg
    assert ">×</text>" not in whole.svg
    assert column(with_gap.table, "2024")[1] == "manquant"


def test_a_month_alone_between_two_missing_ones_is_marked() -> None:
    """A line of one point is not drawn: March 2022 stands between two months that were not received."""
    before = pd.DataFrame(
        {
            "month": [pd.Timestamp(2022, month, 1) for month in (1, 2, 3, 5, 6)],
            "amount_eur": [Decimal(80), None, Decimal(90), Decimal(70), Decimal(75)],
            "value_status": ["reported", "missing", "reported", "reported", "reported"],
            "is_provisional": False,
        }
    )
    now = months([100, 110], [95, 96])
    drawn = charts.monthly_spending(pd.concat([now, before]), **PLACE).svg
    whole = charts.monthly_spending(pd.concat([now, before.iloc[3:]]), **PLACE).svg
    # January and March 2022 are marked; May and June have a line.
    assert drawn.count("<use ") - whole.count("<use ") == 2
    assert lone_places([1.0, math.nan, 3.0, math.nan, 5.0, 6.0]) == [0, 2]


def test_a_month_alone_is_marked_on_the_curve_of_a_group() -> None:
    frame = months([110, None, 120, None, 130, 140], [100] * 12).assign(label="Thélys")
    linked = months([110, 115, 120, 125, 130, 140], [100] * 12).assign(label="Thélys")
    marks = [charts.small_multiples(one, **PLACE).svg.count("<use ") for one in (frame, linked)]
    assert marks[0] - marks[1] == 2, "January and March"


def test_months_before_an_opening_are_without_object() -> None:
    frame = months([100, 110], [50, 60])
    frame.loc[(frame["month"] == pd.Timestamp(2023, 1, 1)), ["amount_eur", "value_status"]] = [None, "not_applicable"]
    table = charts.monthly_spending(frame, **PLACE).table
    assert (column(table, "2023")[0], column(table, "Évolution")[:2]) == ("sans objet", ["sans objet", "+83,3"])
    cumul = charts.cumulative_path(frame, **PLACE, target_pct=4).table
    assert {*column(cumul, "2023"), *column(cumul, "Objectif"), *column(cumul, "Évolution")} == {"sans objet"}


def test_the_cumulative_amount_stops_before_a_gap() -> None:
    frame = months([100, 100, None, 100], [80] * 12)
    figure = charts.cumulative_path(frame, **PLACE, target_pct=4)
    assert figure.title == (
        "Mars 2024 manque, le cumul s'arrête à fin février 2024 : +25,0\u00a0%, "
        "21,0\u00a0points au-dessus de l'objectif"
    )
    assert "Mars 2024 manque : le cumul s'arrête avant lui." in figure.notes
    assert column(figure.table, "2024")[:3] == ["100", "200", "n. d."]
    assert column(figure.table, "Objectif +4\u00a0%")[:2] == ["83", "166"]
    assert "+34\u00a0€" in figure.alt  # 200 − 160 × 1,04 = 33,60


@pytest.mark.parametrize(
    ("now", "target", "label", "title"),
    [
        ([104.0], 4.0, "objectif", "À fin janvier 2024 : +4,0\u00a0%, au niveau de l'objectif"),
        ([104.04], 4.0, "objectif", "À fin janvier 2024 : +4,0\u00a0%, au niveau de l'objectif"),
        ([102.0], 3.2, "repère", "À fin janvier 2024 : +2,0\u00a0%, 1,2\u00a0point en dessous du repère"),
        ([105.1] * 12, 4.0, "objectif", "En 2024 : +5,1\u00a0%, 1,1\u00a0point au-dessus de l'objectif"),
        ([102.0], None, "objectif", "À fin janvier 2024 : 102\u00a0€, +2,0\u00a0% sur un an"),
    ],
)
def test_cumulative_titles(now: list[float | None], target: float | None, label: str, title: str) -> None:
    frame = months(now, [100] * 12)
    options = {**PLACE, "target_pct": target, "target_label": label}
    assert charts.cumulative_path(frame, **options).title == title
    assert charts.cumulative_rate(frame, **options).title == title


def test_without_a_year_before_nothing_is_compared() -> None:
    figure = charts.cumulative_path(months([100, 110], []), **PLACE, target_pct=4)
    assert figure.title == "À fin février 2024 : 210\u00a0€"
    assert "pas de comparaison possible" in figure.alt
    with pytest.raises(CaqesError, match="FIGURE_VIDE"):
        charts.cumulative_rate(months([100, 110], []), **PLACE)


def test_the_projection_is_named_by_its_method() -> None:
    projection = charts.Projection(1_260, "part de l'année", 1_200, 1_320)
    figure = charts.cumulative_path(months([105] * 9, [100] * 12), **PLACE, target_pct=4, projection=projection)
    assert (
        "L'année 2024 est prévue à 1,26\u00a0k€, entre 1,20\u00a0k€ et 1,32\u00a0k€ à 80\u00a0%, soit +5,0\u00a0%."
        in figure.alt
    )
    assert ">part de l'année</text>" in figure.svg


def test_a_fan_is_drawn_below_the_lines() -> None:
    fan = pd.DataFrame({"month": pd.to_datetime(["2024-10-01", "2024-12-01"]), "lower_80_eur": [1e3, 1.2e3]})
    frame = months([105] * 9, [100] * 12)
    with pytest.raises(CaqesError, match="upper_80_eur"):
        charts.cumulative_path(frame, **PLACE, fan=fan)
    fan = fan.assign(upper_80_eur=[1.1e3, 1.4e3], lower_95_eur=[0.9e3, 1.1e3], upper_95_eur=[1.2e3, 1.5e3])
    drawn = charts.cumulative_path(frame, **PLACE, fan=fan).svg
    assert drawn.count("fill-opacity") == charts.cumulative_path(frame, **PLACE).svg.count("fill-opacity") + 4, (
        "two bands under the amounts, two under the distances"
    )


def changes(**amounts: tuple[float | None, float | None]) -> pd.DataFrame:
    """Establishments by name, with previous and present amounts."""
    return pd.DataFrame(
        [(f"99000000{rank}", name, before, now) for rank, (name, (before, now)) in enumerate(amounts.items())],
        columns=["finess", "name", "previous_eur", "amount_eur"],
    )


def contributions(frame: pd.DataFrame) -> Figure:
    """The figure, for a region."""
    return charts.contributions(frame, period="2024", name="Région", envelope="phmev")


def test_contributions_count_who_bears_the_gross_rise() -> None:
    figure = contributions(changes(A=(100, 150), B=(100, 130), C=(100, 120), D=(100, 60), E=(100, None)))
    assert figure.title == "Deux établissements portent 80\u00a0% de la hausse"  # 50 + 30 of 100
    assert figure.notes == (
        "La hausse de 100\u00a0€ est brute : 1 établissement en baisse en retranche 40\u00a0€.",
        "1 établissement sans les deux périodes ne figure pas.",
    )
    assert column(figure.table, "Différence") == ["+50", "+30", "+20", "−40", "+60"]
    assert column(figure.table, "Contribution") == ["+12,50", "+7,50", "+5,00", "−10,00", "+15,00"]
    assert "+60\u00a0€ (+15,0\u00a0%)" in figure.alt


def test_what_an_opening_adds_is_printed_and_the_column_adds_up() -> None:
    frame = changes(A=(100, 110), B=(0, 50)).assign(value_status=["reported", "not_applicable"])
    table = contributions(frame).table
    assert column(table, "Différence") == ["+50", "+10", "+60"]
    assert column(table, "Contribution") == ["+50,00", "+10,00", "+60,00"]
    assert column(table, "Évolution") == ["sans objet", "+10,0", "+60,0"]


def test_contributions_of_a_fall() -> None:
    figure = contributions(changes(A=(100, 10), B=(100, 95), C=(100, 105)))
    assert figure.title == "Un établissement porte 80\u00a0% de la baisse"
    assert figure.notes[0] == "La baisse de 95\u00a0€ est brute : 1 établissement en hausse la réduit de 5\u00a0€."
    assert contributions(changes(A=(100, 100))).title == "Aucun établissement ne change d'une période à l'autre"


def test_an_establishment_may_be_shown_whatever_its_rank() -> None:
    frame = changes(**{f"Nom{rank}": (100, 200 - rank) for rank in range(10)})
    frame["finess"] = [f"{990000000 + rank}" for rank in range(10)]
    few = charts.contributions(frame, period="2024", name="R", envelope="phmev", top_nb=3)
    shown = charts.contributions(frame, period="2024", name="R", envelope="phmev", top_nb=3, highlight="990000009")
    assert ">Nom9</text>" not in few.svg
    assert ">Nom9</text>" in shown.svg
    assert ">7 autres en hausse</text>" in few.svg
    assert ">6 autres en hausse</text>" in shown.svg


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1, max_size=60))
def test_contributions_add_up_to_the_cent(pairs: list[tuple[int, int]]) -> None:
    frame = pd.DataFrame(
        [(f"{rank:09d}", f"E{rank}", Decimal(a) / 100, Decimal(b) / 100) for rank, (a, b) in enumerate(pairs)],
        columns=["finess", "name", "previous_eur", "amount_eur"],
    )
    cells = [row[3].sort for row in contributions(frame).table.rows]
    assert round(sum(float(cell or 0) for cell in cells[:-1]) - float(cells[-1] or 0), 2) == 0


def test_top_classes_say_how_many_make_half() -> None:
    figure = charts.top_classes(classes(12), year=2024, name="Région", top_nb=5)
    assert figure.title == "Trois classes font plus de la moitié des dépenses de 2024"
    assert ">7 autres</text>" in figure.svg
    assert len(figure.table.rows) == 13
    assert column(figure.table, "Part")[-1] == "100,0"
    assert figure.notes == ("Le trait vertical marque le montant de 2023.",)
    alone = charts.top_classes(classes(2).drop(columns="previous_eur"), year=2024, name="Région")
    assert alone.title.endswith("groupe 0 : 57,1\u00a0% des dépenses de 2024")
    assert alone.notes == ()


def test_a_class_that_starts_from_next_to_nothing_has_no_rate() -> None:
    """« +836,1 % » of a class of a few euros was the most striking figure of the sheet."""
    frame = classes(3).assign(previous_eur=[Decimal("3000000.00"), Decimal("999.99"), Decimal("0.00")])
    figure = charts.top_classes(frame, year=2024, name="CH")
    assert column(figure.table, "Évolution 2024/2023")[1:3] == ["n. s.", "n. s."]
    assert column(figure.table, "Évolution 2024/2023")[3] == "+208,2", "the total counts them"
    assert " · n. s." in figure.svg
    assert figure.notes[-1].replace("\u00a0", " ").replace("\u202f", " ") == (
        "n. s., non significatif : moins de 1 000 € l'année d'avant."
    )
    # Where the bars show none, the table alone says what it means.
    short = charts.top_classes(frame, year=2024, name="CH", top_nb=1)
    assert not any("n. s." in note for note in short.notes)
    assert short.table.notes[0].startswith("n. s.,")


def test_year_totals_say_the_share_of_the_first() -> None:
    frame = pd.DataFrame({"label": ["CH", "CHU"], "amount_eur": [1e6, 3e6], "establishments_nb": [20, 2]})
    figure = charts.year_totals(frame, year=2024, name="Région", envelope="phmev")
    assert figure.title == "CHU : 75,0\u00a0% des 4,0\u00a0M€ de 2024"
    assert column(figure.table, "2024") == ["3\u202f000\u202f000", "1\u202f000\u202f000", "4\u202f000\u202f000"]
    assert column(figure.table, "Établissements") == ["2", "20", "22"]


def test_a_cumulative_amount_that_is_not_known_is_not_corrected() -> None:
    frame = months([110, 110], [100] * 12).assign(is_corrected=lambda rows: rows["month"] == "2024-02-01")
    table = charts.cumulative_path(frame, **PLACE, target_pct=4).table
    assert column(table, "2024")[:3] == ["110", "220\u00a0(c)", "n. d."]
    assert column(table, "2023")[1] == "200"


def test_a_group_without_a_month_is_compared_on_the_others() -> None:
    frame = months([110, None, 120], [100] * 12).assign(label="Thélys")
    figure = charts.small_multiples(frame, **PLACE)
    # (110 + 120) / 200: +15.0 %, as on the sheet of its only establishment.
    assert [cell.text for cell in figure.table.rows[0]] == ["Thélys", "2", "200", "230", "+15,0"]
    assert "Thélys : cumul lu sans les mois qui manquent une des deux années." in " ".join(figure.notes)


def test_a_month_that_does_not_hold_all_of_the_group_is_no_plunge_of_its_curve() -> None:
    """February without the larger of two establishments: 10 against 10, beside 110 against 100."""
    frame = months([110, 10, 110], [100, 10, *[100] * 10]).assign(label="Thélys", left_out_nb=0)
    frame.loc[frame["month"].dt.month == 2, "left_out_nb"] = 1
    panel = _panel("Thélys", frame, 2024)
    now, before = panel.lines
    assert [math.isnan(value) for value in now[:3]] == [False, True, False]
    assert (now[0], before[0]) == pytest.approx((110.0, 100.0)), "100 is the average of the whole months"
    figure = charts.small_multiples(frame, **PLACE)
    assert "Courbe interrompue : Thélys (février)." in " ".join(figure.notes)
    # The smaller one is in the rate: 230 against 210.
    assert figure.table.rows[0][-1].text == "+9,5"


def test_a_panel_drops_the_code_of_a_department_before_it_cuts_its_name() -> None:
    parts = [months([110], [100]).assign(label=label) for label in ("Val-de-Mirande (993)", "Ain (01)")]
    drawing = charts.small_multiples(pd.concat(parts), **PLACE).svg
    assert "Val-de-Mirande<" in drawing
    assert "Ain (01)<" in drawing


def test_small_multiples_count_the_groups_that_rise() -> None:
    parts = {"10 – Val": 108, "9 – Mont": 99, "2 – Île": 104}
    frame = pd.concat([months([value] * 6, [100] * 12).assign(label=label) for label, value in parts.items()])
    figure = charts.small_multiples(frame, year=2024, name="Région", envelope="phmev")
    assert figure.title == "Deux départements sur trois sont en hausse en 2024, 10 – Val le plus (+8,0\u00a0%)"
    assert column(figure.table, "Département") == ["2 – Île", "9 – Mont", "10 – Val"]
    assert "9 – Mont −1,0\u00a0%" in figure.alt


def test_the_heat_map_tells_missing_from_zero() -> None:
    frame = received(3, months_nb=3).assign(value_status="reported", is_provisional=False)
    frame.loc[0, "value_status"] = "missing"
    frame.loc[4, "value_status"] = "zero"
    frame.loc[8, "is_provisional"] = True
    figure = charts.completeness_heatmap(frame.drop(index=1), name="Région")  # row 1 is absent: missing too
    assert figure.title == "Un établissement sur trois a au moins un mois manquant (2 mois)"
    assert "5 reçues, 1 déclarée à zéro, 1 provisoire et 2 manquantes" in figure.alt
    assert column(figure.table, "Mois manquants") == ["août 2023 et sept. 2023", "aucun", "aucun"]
    settled = column(figure.table, "Reçus, définitifs")
    assert settled == ["1", "2", "2"]
    assert figure.table.notes == ("Les colonnes s'additionnent : avec les mois manquants, elles font 3 mois.",)
    closed = frame.assign(value_status=frame["value_status"].mask(frame.index == 5, "not_applicable"))
    assert charts.completeness_heatmap(closed, name="R").table.notes[0].endswith("3 mois, moins les mois sans objet.")
    assert all(f">{text}</text>" in figure.svg for text in ("reçu", "zéro déclaré", "provisoire", "manquant"))


def test_the_heat_map_tells_what_was_corrected_and_what_came_in_a_cumul() -> None:
    frame = received(2, months_nb=2).assign(value_status="reported", is_provisional=False)
    frame = frame.assign(is_corrected=[True, False, False, False], is_in_cumul=[False, False, True, False])
    frame.loc[2, "value_status"] = "missing"
    figure = charts.completeness_heatmap(frame, name="Région")
    assert figure.title.startswith("Aucun mois ne manque")
    assert "2 reçues, 1 corrigée et 1 reçue en cumul" in figure.alt
    assert column(figure.table, "Corrigés") == ["1", "0"]
    assert all(f">{text}</text>" in figure.svg for text in ("corrigé", "reçu en cumul"))


def test_the_heat_map_groups_what_cannot_be_read() -> None:
    frame = received(60)
    figure = charts.completeness_heatmap(frame, name="Région")
    assert figure.notes[0].startswith("Par département")
    assert ">991 – Val 0 (5)</text>" in figure.svg
    assert len(figure.table.rows) == 60
    with pytest.raises(CaqesError, match="group"):
        charts.completeness_heatmap(frame.drop(columns="group"), name="Région")


def test_the_heat_map_of_a_complete_region() -> None:
    frame = received(2, months_nb=2).assign(value_status="reported")
    assert charts.completeness_heatmap(frame, name="R").title == "Aucun mois ne manque, d'août à septembre 2023"


def rates(*values: float | None) -> pd.DataFrame:
    """Establishments A, B, C… with a rate each."""
    return pd.DataFrame(
        [(f"99000000{rank}", chr(65 + rank), value) for rank, value in enumerate(values)],
        columns=["finess", "name", "value"],
    )


@pytest.mark.parametrize(
    ("options", "title"),
    [
        ({"target_pct": 4}, "Deux établissements sur quatre dépassent l'objectif de 4\u00a0%"),
        ({"target_pct": 9}, "Aucun établissement sur quatre ne dépasse l'objectif de 9\u00a0%"),
        ({"target_pct": 2, "better": "higher"}, "Un établissement sur quatre reste sous l'objectif de 2\u00a0%"),
        ({"target_pct": 4, "target_label": "repère"}, "Deux établissements sur quatre dépassent le repère de 4\u00a0%"),
        ({}, "La moitié des établissements dépasse +4,0\u00a0%"),
        ({"highlight": "990000001"}, "+1,0\u00a0% : 1er sur 4, du plus bas au plus élevé (médiane +4,0\u00a0%)"),
    ],
)
def test_distribution_titles(options: dict[str, object], title: str) -> None:
    assert charts.distribution(rates(5, 1, 3, 8, None), caption="Taux", **options).title == title  # type: ignore[arg-type]


def test_a_fall_to_be_reached_is_missed_and_not_exceeded() -> None:
    missed = charts.distribution(rates(-6, -4, 8), caption="Taux", target_pct=-5)
    assert missed.title == "Deux établissements sur trois n'atteignent pas l'objectif de −5\u00a0%"
    reached = charts.distribution(rates(-6, -7, -8), caption="Taux", target_pct=-5)
    assert reached.title == "Les trois établissements atteignent l'objectif de −5\u00a0%"


def test_what_is_set_aside_is_drawn_hollow_and_not_counted() -> None:
    values = [0, 0, 0, 0, 10.7, 51.2, *[100] * 8]
    frame = rates(*values).assign(set_aside=[None] * 10 + ["effectif inférieur à 11"] * 4)
    figure = charts.distribution(frame, caption="Part", unit=MeasureFormat("%"))
    # The ten ranked: (10.7 + 51.2) / 2 = 30.95; all fourteen would give 100.
    assert figure.title == "La moitié des dix établissements classés dépasse 31,0\u00a0%"
    assert "médiane 31,0" in figure.svg.replace("\u00a0", " ")
    assert figure.notes == (
        "Point vide, hors du titre et de la médiane\u00a0: effectif inférieur à 11 (4 établissements).",
    )
    assert column(figure.table, "Non compté").count("effectif inférieur à 11") == 4
    missed = charts.distribution(frame, caption="Part", unit=MeasureFormat("%"), target_pct=80, better="higher")
    assert missed.title == "Six établissements sur dix restent sous l'objectif de 80\u00a0%"
    assert column(missed.table, "Par rapport").count("au niveau") == 4
    with pytest.raises(CaqesError, match="FIGURE_VIDE"):
        charts.distribution(frame.tail(4), caption="Part")


def test_a_rate_that_prints_as_the_target_does_not_exceed_it() -> None:
    figure = charts.distribution(rates(4.04, 4.06), caption="Taux", target_pct=4)
    assert figure.title == "Un établissement sur deux dépasse l'objectif de 4\u00a0%"
    assert column(figure.table, "Par rapport") == ["en dessous", "au-dessus"]


def test_extreme_values_stand_at_the_edge_and_are_named() -> None:
    figure = charts.distribution(rates(*range(9), 900.0), caption="Taux")
    assert figure.notes == ("Hors du cadre, au bord : J +900,0\u00a0%.",)
    assert "Hors du cadre" in figure.alt
    assert "de 0,0\u00a0% à +900,0\u00a0%" in figure.alt


@pytest.mark.parametrize(
    ("draw", "code"),
    [
        (lambda: charts.monthly_spending(pd.DataFrame({"month": []}), **PLACE), "FIGURE_COLONNES"),
        (lambda: charts.monthly_spending(months([], [100]), **PLACE), "FIGURE_VIDE"),
        (lambda: charts.monthly_spending(pd.concat([months([1], [1])] * 2), **PLACE), "FIGURE_MOIS_DOUBLE"),
        (lambda: charts.distribution(rates(None), caption="Taux"), "FIGURE_VIDE"),
        (lambda: contributions(changes(A=(None, 1))), "FIGURE_VIDE"),
        (lambda: charts.year_totals(pd.DataFrame({"label": [], "amount_eur": []}), **PLACE), "FIGURE_VIDE"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], Figure], code: str) -> None:
    with pytest.raises(CaqesError) as raised:
        draw()
    assert [problem.code for problem in raised.value.problems] == [code]


def test_a_year_always_has_twelve_months() -> None:
    year = year_months(months([1, None, 3], [1] * 12), 2024)
    assert [month.value_status for month in year[:4]] == ["reported", "missing", "reported", "missing"]
    assert len(year) == 12
    assert comparable_months(year) == 1


def test_without_january_there_is_no_cumulative_amount() -> None:
    figure = charts.cumulative_path(months([None, 100], [80] * 12), **PLACE, target_pct=4)
    assert figure.title == "Janvier 2024 manque : aucun cumul possible"
    assert figure.notes == ("Janvier 2024 manque : le cumul s'arrête avant lui.",)


def test_a_single_month_a_single_group_and_ties_read_well() -> None:
    assert "En janvier 2024, 101\u00a0€." in charts.monthly_spending(months([101], [100]), **PLACE).alt
    group = months([105] * 3, [100] * 12).assign(label="33 – Gironde")
    assert (
        charts.small_multiples(group, year=2024, name="R", envelope="phmev").title
        == "33 – Gironde : +5,0\u00a0% en 2024"
    )
    tie = charts.distribution(rates(3, 3, 5), caption="Taux", highlight="990000001")
    assert tie.title == "+3,0\u00a0% : 1er sur 3, du plus bas au plus élevé (médiane +3,0\u00a0%)"


def test_words_of_the_series() -> None:
    assert of_the("objectif") == "de l'objectif"
    assert of_the("repère régional") == "du repère régional"
    assert short_percent(3.2) == "3,2\u00a0%"
    assert short_percent(4.0, signed=True) == "+4\u00a0%"
    assert sorted(["10 – Val", "9 – Mont", "2A – Île", "Ailleurs"], key=natural_order)[:3] == [
        "2A – Île",
        "9 – Mont",
        "10 – Val",
    ]


def as_tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Type amounts and texts as the tidy tables do."""
    amount = pd.ArrowDtype(pa.decimal128(18, 2))
    amounts = {
        name: pd.Series(pd.array([None if pd.isna(v) else round(Decimal(v), 2) for v in frame[name]], dtype=amount))
        for name in frame
        if str(name).endswith("_eur")
    }
    texts = {
        name: frame[name].astype(pd.StringDtype(na_value=float("nan"))) for name in frame if frame[name].dtype == "str"
    }
    return frame.reset_index(drop=True).assign(**amounts, **texts)


def test_a_month_that_can_still_be_completed_makes_no_title() -> None:
    frame = months([100, 110], [None, 100], provisional=(2,))
    assert charts.monthly_spending(frame, **PLACE).title == "100\xa0€ sur un mois définitif en 2024"


def test_figures_take_the_types_of_the_tidy_tables() -> None:
    frame = as_tidy(months([110.10, None, 120], [100] * 12, provisional=(3,)))
    assert str(frame["amount_eur"].dtype).startswith("decimal128")
    assert charts.monthly_spending(frame, **PLACE).title == "En 2024, janvier dépasse son niveau de 2023"
    assert column(charts.cumulative_path(frame, **PLACE, target_pct=4).table, "2024")[:2] == ["110", "n. d."]
    stopped = "Février 2024 manque, le cumul s'arrête à fin janvier 2024"
    assert charts.cumulative_rate(frame, **PLACE).title.startswith(stopped)
    pairs = as_tidy(changes(A=(100, 150), B=(100, 130), C=(100, None)))
    assert contributions(pairs).title == "Deux établissements portent 80\u00a0% de la hausse"
    assert charts.top_classes(as_tidy(classes(12)), year=2024, name="R").title.startswith("Trois classes")
    totals = as_tidy(pd.DataFrame({"label": ["CH", "CHU"], "amount_eur": [1, 3]}))
    assert charts.year_totals(totals, **PLACE).title == "CHU : 75,0\u00a0% des 4\u00a0€ de 2024"
    group = as_tidy(months([105] * 3, [100] * 12).assign(label="33 – Gironde"))
    assert charts.small_multiples(group, **PLACE).title == "33 – Gironde : +5,0\u00a0% en 2024"


def test_a_grid_of_verdicts_says_who_missed_most_and_never_counts_what_is_out_of_a_contract() -> None:
    rows = pd.DataFrame(
        [
            ("1", "CH A", "IPP", "targeted", "not_attained"),
            ("1", "CH A", "PERFADOM", "respected", "not_attained"),
            ("2", "CH B", "IPP", "unknown", "attained"),
        ],
        columns=["contract_finess", "name", "indicator", "reference_status", "attainment"],
    )
    figure = charts.verdict_grid(rows, name="Région", year=2023)
    assert figure.title == "1 objectif est atteint sur les 3 qui ont un verdict, en 2023"
    assert "0 sans verdict" in figure.alt
    assert "1 case est ciblée" in figure.alt
    assert "CH A (2 objectifs)" in figure.alt
    assert [cell.text for cell in figure.table.rows[0]] == ["CH A", "IPP", "–", "IPP et PERFADOM"]


def test_a_grid_of_verdicts_tells_without_object_from_without_verdict_and_flags_only_who_is_targeted() -> None:
    rows = pd.DataFrame(
        [
            ("1", "CH A", "LPP", "not_attained"),
            ("1", "CH A", "PHEV", "unknown"),
            ("2", "CH B", "LPP", "not_applicable"),
            ("2", "CH B", "PHEV", "attained"),
        ],
        columns=["contract_finess", "name", "indicator", "attainment"],
    ).assign(reference_status=None)
    figure = charts.verdict_grid(rows, name="Région", year=2019)
    assert "1 sans verdict et 1 sans objet" in figure.alt
    assert "Rien n'est dessiné hors du contrat, ni pour un indicateur sans objet." in figure.notes
    assert "Ciblé pour" not in [column.label for column in figure.table.columns]


def test_a_grid_of_verdicts_of_a_large_region_draws_the_worst_and_lists_all() -> None:
    rows = verdicts(254)
    figure = charts.verdict_grid(rows, name="Région", year=2023)
    assert len(figure.table.rows) == 254
    assert any("60 contrats" in note for note in figure.notes)
    without = rows.assign(attainment="unknown")
    assert charts.verdict_grid(without, name="Région", year=2023).title == "Aucun objectif de 2023 n'a de verdict"


def test_before_december_a_title_says_where_values_stand_and_no_verdict() -> None:
    missed = charts.distribution(rates(-6, -4, 8), caption="Taux", target_pct=-5, month_nb=7)
    assert missed.title == "Deux établissements sur trois sont au-dessus de l'objectif de −5\u00a0% à M7"
    benchmark = charts.distribution(rates(-6, -4, 8), caption="Taux", target_pct=-5, target_label="repère", month_nb=7)
    assert benchmark.title == "Deux établissements sur trois sont au-dessus du repère de −5\u00a0% à M7"
    held = charts.distribution(rates(-6, -7, -8), caption="Taux", target_pct=-5, month_nb=7)
    assert held.title == "Aucun établissement sur trois n'est au-dessus de l'objectif de −5\u00a0% à M7"
    above = charts.distribution(rates(5, 1, 3), caption="Taux", target_pct=4, month_nb=7)
    assert above.title == "Un établissement sur trois dépasse l'objectif de 4\u00a0% à M7"


def test_who_has_no_value_is_named() -> None:
    assert "Sans valeur\u00a0: " in charts.distribution(rates(5, 1, 3, None), caption="Taux").notes[-1]


def test_who_is_masked_is_named_apart_from_who_has_nothing() -> None:
    states = ["reported", "reported", "reported", "too_few", "missing"]
    figure = charts.distribution(rates(5, 1, 3, None, None).assign(value_status=states), caption="Taux")
    assert figure.notes[-2:] == ("Valeur masquée (secret statistique)\u00a0: D.", "Sans valeur\u00a0: E.")


def test_the_part_of_a_year_is_not_called_the_year() -> None:
    frame = pd.DataFrame({"label": ["CH"], "amount_eur": [Decimal(10)], "previous_eur": [Decimal(8)]})
    figure = charts.year_totals(frame, year=2024, name="Région", envelope="phmev", month_nb=7)
    assert "de 2024 à M7" in figure.title
    assert "2024 à M7" in figure.table.caption
    assert figure.notes == ("Le trait vertical marque le montant de 2023 à M7.",)


def test_a_forecast_rate_is_rounded_to_what_its_interval_can_carry() -> None:
    bounds = {"evolution_lower_80_pct": [0.0, 0.0], "evolution_upper_80_pct": [60.0, 81.0]}
    wide = {"evolution_lower_95_pct": [-9.0, -9.0], "evolution_upper_95_pct": [90.0, 99.0]}
    frame = pd.DataFrame(
        {"as_of": pd.to_datetime(["2024-03-01", "2024-07-01"]), "evolution_pct": [8.1, 31.7], **bounds, **wide}
    )
    figure = charts.forecast_track(frame, year=2024, name="HL", envelope="phmev")
    assert figure.title == "Évolution prévue pour 2024 : de +8\u00a0% fin mars à +32\u00a0% fin juillet"


def test_a_forecast_and_a_count_are_told_apart_and_two_forecasts_share_their_digits() -> None:
    def track(second: str, rates: tuple[float, float], narrow: tuple[float, float], wide: tuple[float, float]) -> str:
        bounds = {
            f"evolution_{side}_80_pct": [first, last]
            for side, first, last in zip(("lower", "upper"), wide, narrow, strict=True)
        }
        outer = {name.replace("80", "95"): values for name, values in bounds.items()}
        dates = pd.to_datetime(["2024-03-01", second])
        frame = pd.DataFrame({"as_of": dates, "evolution_pct": list(rates), **bounds, **outer})
        figure = charts.forecast_track(frame, year=2024, name="HL", envelope="phmev")
        return f"{figure.title}|{figure.alt}".replace("\u00a0", " ")

    # +11.1 read with ±20 and +10.1 with ±0.5: « de +11 % à +10,1 % » would make the digits move, not the forecast.
    title, _, _ = track("2024-07-01", (11.1, 10.1), (9.6, 10.6), (-9.0, 31.0)).partition("|")
    assert title == "Évolution prévue pour 2024 : de +11 % fin mars à +10 % fin juillet"
    title, _, _ = track("2024-07-01", (10.4, 10.1), (9.6, 10.6), (-9.0, 31.0)).partition("|")
    assert title == "Évolution prévue pour 2024 : +10 % fin juillet, comme fin mars"
    title, _, alt = track("2024-12-01", (3.2, 3.0), (3.0, 3.0), (-17.0, 23.0)).partition("|")
    assert title == "Évolution de 2024 : +3 % prévus fin mars, +3,0 % comptés fin décembre"
    assert "L'intervalle à 80 % était large de 40,0 points fin mars." in alt
    assert "large de 0,0" not in alt
