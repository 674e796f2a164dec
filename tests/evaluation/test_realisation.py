from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.evaluation.realisation import realisation
from caqes_analysis.schemes.target_files import read_targets
from tests.conftest import REPOSITORY
from tests.evaluation.builders import A, definition, value

TARGETS = read_targets([REPOSITORY / "parameters" / "targets.csv"])


PHEV = definition("phev", schemes=["caqes-2018"], target={"subject": "phev", "measure": "evolution_pct"})


def phev(previous: float | None, current: float | None, year: int, month_nb: int = 12, **more: Any) -> pd.Series:
    suffix = "" if month_nb == 12 else f"-M{month_nb:02d}"
    amounts = ((f"{year}{suffix}", current), (f"{year - 1}{suffix}", previous))
    rows = [value("phev.reimbursed_eur", amount, period=period, **more) for period, amount in amounts]
    return realisation(pd.DataFrame(rows), [PHEV], TARGETS, scheme="caqes-2018", year=year, month_nb=month_nb).iloc[0]


def test_2016_over_4_percent_is_not_respected() -> None:
    found = phev(100.00, 107.52, 2016, 12)
    assert round(found["value"], 2) == 7.52
    assert (found["target_value"], found["attainment"], found["status"]) == (4, "not_attained", "computed")


def test_m6_2017_is_an_alert_without_verdict() -> None:
    found = phev(100.00, 105.11, 2017, 6)
    assert (found["attainment"], found["status"]) == ("pending", "pending")
    assert found["reason"] == "au-dessus de l'objectif à M6 ; pas de verdict avant la fin de l'année"


def test_2015_was_2_3_points_over_its_target() -> None:
    rows = [value("phev.reimbursed_eur", euros, period=year) for year, euros in (("2015", 105.50), ("2014", 100.00))]
    earlier = PHEV.model_copy(update={"schemes": ("before-2018",)})
    found = realisation(pd.DataFrame(rows), [earlier], TARGETS, scheme="before-2018", year=2015, month_nb=12).iloc[0]
    assert (found["target_value"], found["attainment"]) == (3.2, "not_attained")
    assert round(found["value"] - found["target_value"], 1) == 2.3


@pytest.mark.parametrize(("current", "expected"), [(104.00, "attained"), (104.01, "not_attained")])
def test_a_rate_equal_to_its_target_respects_it(current: float, expected: str) -> None:
    assert phev(100.00, current, 2016)["attainment"] == expected


def test_an_exact_rate_is_not_pushed_over_its_target_by_floats() -> None:
    previous, current = 1020.0, 1053.66  # exactly +3,3 %, which floats put above
    assert 100 * (current / previous - 1) > 3.3
    assert phev(previous, current, 2019)["attainment"] == "attained"


def test_a_year_without_known_target_gives_no_verdict() -> None:
    found = phev(100.00, 107.52, 2018, 12)
    assert (found["attainment"], found["status"]) == ("unknown", "not_computable")
    assert found["reason"] == "objectif non renseigné"


def test_a_missing_previous_year_gives_no_verdict() -> None:
    assert phev(None, 10.0, 2019)["attainment"] == "unknown"
    assert phev(0.0, 10.0, 2019)["attainment"] == "not_applicable"


def test_a_year_with_a_gap_gets_no_verdict() -> None:
    found = phev(100.0, 107.52, 2016, months_nb=11)
    assert (found["attainment"], found["reason"]) == ("unknown", "des mois manquent")
    assert phev(100.0, 107.52, 2016, months_nb=12)["attainment"] == "not_attained"
    assert phev(100.0, 107.52, 2016, 6, months_nb=6)["attainment"] == "pending"


IPP = definition("phev_ipp", target={"subject": "phev_ipp", "measure": "evolution_pct"})


def ipp(previous: float | None, current: float | None, **more: Any) -> pd.Series:
    rows = [
        value("phev_ipp.reimbursed_eur", current, period="2023"),
        value("phev_ipp.reimbursed_eur", previous, period="2022"),
    ]
    return realisation(pd.DataFrame(rows), [IPP], TARGETS, scheme="caqes-2022", year=2023, **more).iloc[0]


@pytest.mark.parametrize(("current", "expected"), [(95.0, "attained"), (95.01, "not_attained"), (90.0, "attained")])
def test_minus_5_percent_a_year(current: float, expected: str) -> None:
    found = ipp(100.0, current)
    assert (found["target_value"], found["attainment"]) == (-5, expected)
    assert found["target_label"] == "objectif −5\xa0% (arrêté du 23/02/2022)"


def test_an_indicator_whose_data_were_not_received_says_so() -> None:
    assert ipp(None, 95.0)["reason"] == "valeur inconnue : donnée non reçue"
    assert ipp(0.0, 95.0)["status"] == "not_applicable"


def test_an_indicator_without_target_is_shown_without_verdict() -> None:
    bare = definition("pansements")
    rows = pd.DataFrame([value("pansements.reimbursed_eur", 5)])
    found = realisation(rows, [bare], TARGETS, scheme="caqes-2022", year=2023).iloc[0]
    assert (found["value"], found["attainment"], found["reason"]) == (5, "unknown", "objectif non renseigné")


def test_a_higher_share_is_better_when_the_definition_says_so() -> None:
    share = definition("epa", direction="higher", target={"subject": "epa", "measure": "share_pct"})
    row = {"scheme": "caqes-2022", "subject": "epa", "measure": "share_pct", "data_year": 2023, "finess": "all"}
    own = tables.TARGETS.conform(
        pd.DataFrame([row | {"value": 20.0, "unit_label": "%", "source": "s", "status": "regional"}])
    )

    def verdict(numerator: float, month_nb: int = 12) -> Any:
        period = "2023" if month_nb == 12 else f"2023-M{month_nb:02d}"
        rows = pd.DataFrame([value("epa.share_pct", numerator, 0.35, period=period)])
        return realisation(rows, [share], own, scheme="caqes-2022", year=2023, month_nb=month_nb).iloc[0]

    assert verdict(0.07)["attainment"] == "attained"  # exactly 20 %, which floats miss
    assert verdict(0.0699)["attainment"] == "not_attained"
    assert verdict(0.01, 6)["reason"].startswith("en dessous de l'objectif à M6")


def test_the_region_s_objective_of_an_indicator_binds_and_its_benchmark_of_an_envelope_does_not() -> None:
    found = {}
    for subject in ("phev_pansements", "phev_drugs"):
        row = {
            "scheme": "caqes-2022",
            "subject": subject,
            "measure": "evolution_pct",
            "data_year": 2023,
            "finess": "all",
        }
        row |= {"value": -3.0, "unit_label": "%", "source": "ARS", "status": "regional"}
        rows = [value(f"{subject}.reimbursed_eur", n, period=p) for n, p in ((95.0, "2023"), (100.0, "2022"))]
        one = definition(subject, target={"subject": subject, "measure": "evolution_pct"})
        own = tables.TARGETS.conform(pd.DataFrame([row]))
        found[subject] = realisation(pd.DataFrame(rows), [one], own, scheme="caqes-2022", year=2023).iloc[0]
    dressings, drugs = found["phev_pansements"], found["phev_drugs"]
    assert dressings["attainment"] == "attained"
    assert dressings["target_label"] == "objectif −3\xa0% (ARS, fixé par la région)"
    assert drugs["attainment"] == "unknown"
    assert drugs["reason"].startswith("repère régional −3\xa0%, sans valeur contractuelle")


def test_a_contract_s_own_target_comes_first() -> None:
    own = pd.DataFrame([{**TARGETS[TARGETS["subject"] == "phev_ipp"].iloc[1].to_dict(), "finess": A, "value": -1.0}])
    rows = pd.DataFrame([value("phev_ipp.reimbursed_eur", n, period=p) for n, p in ((97.0, "2023"), (100.0, "2022"))])
    found = realisation(rows, [IPP], pd.concat([TARGETS, own]), scheme="caqes-2022", year=2023).iloc[0]
    assert (found["target_value"], found["attainment"]) == (-1, "attained")
