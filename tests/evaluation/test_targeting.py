from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from caqes_analysis.evaluation.gaps import Gaps
from caqes_analysis.evaluation.realisation import realisation
from caqes_analysis.evaluation.targeting import targeting, targeting_conditions
from caqes_analysis.evaluation.values import contract_values, outside_words
from caqes_analysis.indicators.definition import IndicatorDefinition, load_definition
from caqes_analysis.schemes.target_files import read_targets
from tests.conftest import REPOSITORY
from tests.evaluation.builders import A, B, C, definition, value

PARAMETERS = REPOSITORY / "parameters" / "indicators"
IPP = definition("phev_ipp", {"measure": "boxes_nb", "below": 8500})
PERFADOM = definition(
    "phev_perfadom", {"measure": "reimbursed_eur", "below": 100_000}, {"measure": "share_pct", "below": 80}
)
AMBULANCE = definition(
    "ambulance", {"measure": "share_pct", "below": 20}, {"measure": "reimbursed_eur", "below": 400_000}
)


def verdict(definition: IndicatorDefinition, *values: dict[str, Any]) -> str:
    return str(targeting(pd.DataFrame(values), [definition])["reference_status"].iloc[0])


@pytest.mark.parametrize(("boxes", "expected"), [(8499, "respected"), (8500, "targeted"), (8501, "targeted")])
def test_exactly_8500_boxes_does_not_respect(boxes: int, expected: str) -> None:
    assert verdict(IPP, value("phev_ipp.boxes_nb", boxes)) == expected


@pytest.mark.parametrize(
    ("amount", "share", "expected"),
    [
        (100_000, (80, 100), "targeted"),  # exactly at both thresholds
        (99_999.99, (100, 100), "respected"),
        (100_000, (79.999, 100), "respected"),
        (100_000.01, (90, 100), "targeted"),
    ],
)
def test_perfadom_at_100_000_euros_and_80_percent(amount: float, share: tuple[float, float], expected: str) -> None:
    values = [value("phev_perfadom.reimbursed_eur", amount), value("phev_perfadom.share_pct", *share)]
    assert verdict(PERFADOM, *values) == expected


@pytest.mark.parametrize(
    ("amount", "share", "expected"),
    [
        (400_000, (20, 100), "targeted"),
        (399_999.99, (99, 100), "respected"),
        (400_000, (19.99, 100), "respected"),
    ],
)
def test_ambulance_at_20_percent_and_400_000_euros(amount: float, share: tuple[float, float], expected: str) -> None:
    values = [value("ambulance.reimbursed_eur", amount), value("ambulance.share_pct", *share)]
    assert verdict(AMBULANCE, *values) == expected


def test_a_share_is_compared_as_a_fraction_not_as_a_float() -> None:
    # 100 × 0.07 / 0.35 is 20.000000000000004 in floats: exactly 20 %, hence not strictly below, nor above.
    row = value("ambulance.share_pct", 0.07, 0.35, value=19.999999999999996)
    assert verdict(AMBULANCE, value("ambulance.reimbursed_eur", 400_000), row) == "targeted"


def test_one_condition_met_is_enough_even_when_the_other_is_missing() -> None:
    assert (
        verdict(PERFADOM, value("phev_perfadom.reimbursed_eur", 50), value("phev_perfadom.share_pct", None))
        == "respected"
    )


def test_nobody_can_tell_when_the_deciding_value_is_missing() -> None:
    rows = pd.DataFrame([value("phev_perfadom.reimbursed_eur", 200_000), value("phev_perfadom.share_pct", None)])
    found = targeting(rows, [PERFADOM]).iloc[0]
    assert found["reference_status"] == "unknown"
    assert pd.isna(found["is_targeted"])
    assert "valeur inconnue" in found["detail"]


def test_a_clinic_outside_the_source_is_not_concerned() -> None:
    outside = value("phev_ipp.boxes_nb", None, value_status="not_applicable")
    found = targeting(pd.DataFrame([outside]), [IPP]).iloc[0]
    assert (found["reference_status"], found["detail"]) == (
        "not_applicable",
        "Boîtes\xa0: aucune dépense ni activité de ce type",
    )
    assert pd.isna(found["is_targeted"])


def test_an_establishment_that_prescribes_nothing_respects_by_its_amount_alone() -> None:
    """Without any PERFADOM there is no share (0 of 0), and 0 € is less than 100 000 €."""
    share = value("phev_perfadom.share_pct", None, value_status="not_applicable")
    found = targeting(pd.DataFrame([value("phev_perfadom.reimbursed_eur", 0), share]), [PERFADOM]).iloc[0]
    assert found["reference_status"] == "respected"
    assert "Part\xa0: aucune dépense ni activité de ce type" in found["detail"]


def test_an_unknown_reference_targets_nobody() -> None:
    unknown = definition("pansements")
    found = targeting(pd.DataFrame([value("pansements.reimbursed_eur", 5)]), [unknown]).iloc[0]
    assert (found["reference_status"], found["detail"]) == ("unknown", "référentiel non renseigné")


def test_an_unknown_reference_is_without_object_for_a_clinic_outside_the_source() -> None:
    unknown = definition("pansements")
    outside = value("pansements.reimbursed_eur", None, value_status="not_applicable")
    found = targeting(pd.DataFrame([outside]), [unknown]).iloc[0]
    assert (found["reference_status"], found["detail"]) == ("not_applicable", "aucune dépense ni activité de ce type")
    assert pd.isna(found["is_targeted"])
    # A hospital of the base may have no line of ezetimibe: it is not said to be absent from it.
    told = outside_words(load_definition(PARAMETERS / "phev_ezetimibe.yml").main)
    assert told == "aucune dépense de ce type dans Open PHMEV"
    ezetimibe = load_definition(PARAMETERS / "phev_ezetimibe.yml")
    assert (
        outside_words(ezetimibe.main, is_clinic=True) == "les cliniques à but lucratif ne figurent pas dans Open PHMEV"
    )
    assert outside_words(load_definition(PARAMETERS / "phev.yml").measure("reimbursed_eur")).startswith("pas de PHMEV")


def test_the_steps_name_each_condition_with_its_value() -> None:
    rows = pd.DataFrame([value("phev_perfadom.reimbursed_eur", 120_000), value("phev_perfadom.share_pct", 75, 100)])
    steps = targeting_conditions(rows, [PERFADOM])
    assert steps["is_met"].tolist() == [False, True]
    plain = [text.replace("\u202f", " ").replace("\xa0", " ") for text in steps["sentence"]]
    assert plain == [
        "Montant : 120 000 €, au lieu de moins de 100 000 €",
        "Part : 75,0 %, donc moins de 80 %",
    ]


def test_order_of_rows_and_of_definitions_changes_nothing() -> None:
    rows = pd.DataFrame(
        [value("phev_ipp.boxes_nb", 9000, finess=finess) for finess in (C, A, B)]
        + [value("ambulance.reimbursed_eur", 5, finess=B), value("ambulance.share_pct", 5, 10, finess=B)]
    )
    first = targeting(rows, [IPP, AMBULANCE])
    pd.testing.assert_frame_equal(first, targeting(rows.iloc[::-1], [AMBULANCE, IPP]))


def test_sites_add_up_to_their_contract() -> None:
    rows = pd.DataFrame(
        [
            value("ambulance.share_pct", 1, 10, finess=A),
            value("ambulance.share_pct", 3, 10, finess=B),
            value("ambulance.share_pct", None, finess=C),
        ]
    ).assign(level="establishment", perimeter="courant")
    found = contract_values(rows, [AMBULANCE], {A: A, B: A})
    assert found["finess"].tolist() == [A, C]
    assert found["value"].iloc[0] == 20
    assert found["value_status"].tolist() == ["reported", "missing"]


def test_a_contract_opened_within_the_year_before_is_not_judged_on_its_growth() -> None:
    """From four months to twelve: +200 % would be « non atteint », and could cost a sanction."""
    rows = [value("phev.reimbursed_eur", amount, period=f"{year}") for year, amount in ((2018, 40.0), (2019, 120.0))]
    rate = value("phev.evolution_pct", None, period="2019")
    every = pd.DataFrame([*rows, {**rate, "value_status": "not_applicable"}])
    phev = definition("phev", schemes=["caqes-2018"], target={"subject": "phev", "measure": "evolution_pct"})
    found = contract_values(every.assign(level="establishment", perimeter="courant"), [phev], {})
    targets = read_targets([REPOSITORY / "parameters" / "targets.csv"])
    judged = realisation(found, [phev], targets, scheme="caqes-2018", year=2019, month_nb=12).iloc[0]
    assert judged["attainment"] == "not_applicable"
    assert judged["reason"] == "année précédente incomplète, l'établissement a ouvert en cours d'année"
    whole = contract_values(pd.DataFrame(rows).assign(level="establishment", perimeter="courant"), [phev], {})
    judged = realisation(whole, [phev], targets, scheme="caqes-2018", year=2019, month_nb=12).iloc[0]
    assert judged["attainment"] == "not_attained"


def test_a_missing_site_leaves_no_sum() -> None:
    rows = pd.DataFrame([value("phev_ipp.boxes_nb", 4000, finess=A), value("phev_ipp.boxes_nb", None, finess=B)])
    found = contract_values(rows.assign(level="establishment", perimeter="courant"), [IPP], {A: A, B: A})
    assert found["value_status"].tolist() == ["missing"]
    assert targeting(found, [IPP])["reference_status"].tolist() == ["unknown"]


@pytest.mark.parametrize(
    ("share", "printed"),
    [
        ((80, 100), "80,0 %, au lieu de moins de 80 %"),
        ((79_999, 100_000), "79,999 %, donc moins de 80 %"),
        ((80_001, 100_000), "80,001 %, au lieu de moins de 80 %"),
    ],
)
def test_a_value_is_never_printed_as_the_threshold_that_it_does_not_equal(share: tuple[int, int], printed: str) -> None:
    row = value("phev_perfadom.share_pct", *share)
    steps = targeting_conditions(pd.DataFrame([row]), [PERFADOM])
    said = steps[steps["measure"] == "share_pct"]["sentence"].iloc[0]
    assert said.replace("\u202f", " ").replace("\xa0", " ").endswith(printed)


def test_the_boxes_of_a_year_that_began_late_respect_nothing() -> None:
    values = pd.DataFrame([value("phev_ipp.boxes_nb", 940)])
    year = int(values["period"].iloc[0])
    began = Gaps.of_openings({A: pd.Timestamp(year, 9, 1)})
    of_a_site = Gaps(openings=began.openings)
    (row,) = targeting(values, [IPP], gaps=began).to_dict("records")
    assert row["finess"] == A
    assert row["reference_status"] == "unknown"
    assert f"ouverture le 01/09/{year}, année incomplète" in row["detail"]
    assert targeting(values, [IPP], gaps=of_a_site)["reference_status"].tolist() == ["respected"]
    earlier = Gaps.of_openings({A: pd.Timestamp(year - 1, 9, 1)})
    assert targeting(values, [IPP], gaps=earlier)["reference_status"].tolist() == ["respected"]
