"""Every definition of the catalogue on one tiny region, against values computed by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.code_lists import code_lists_table, known_code_lists
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.indicators.compute import compute_indicators
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.worked_cases import worked_values
from caqes_analysis.store import Store
from tests.builders import A
from tests.indicators.builders import activity_lines, drug_lines, extra_list_lines, lpp_lines, region

MOLECULES = {
    "etanercept": "L04AB01",
    "adalimumab": "L04AB04",
    "insulin_glargine": "A10AE04",
    "insulin_aspart": "A10AB05",
    "enoxaparin": "B01AB05",
    "epoetin": "B03XA01",
    "follitropin": "G03GA05",
    "somatropin": "H01AC01",
    "teriparatide": "H05AA02",
    "filgrastim": "L03AA02",
    "pegfilgrastim": "L03AA13",
    "ustekinumab": "L04AC05",
    "tocilizumab": "L04AC07",
    "ranibizumab": "S01LA04",
}
# Molecule number k has k boxes of biosimilars for 10 k € and 20 - k boxes of the reference for 100 €: a share of 5 k %.
BIOSIMILARS = [
    {"atc5": atc, "generic_status": status, "boxes_nb": boxes, "reimbursed_eur": euros}
    for k, atc in enumerate(MOLECULES.values(), 1)
    for status, boxes, euros in (("B", k, 10 * k), ("C", 20 - k, 100))
]
YEARLY_ACTIVITY = {
    "prescriptions": 1000,
    "prescriptions_with_rpps": 622,
    "pre_anaesthetic_exams": 450,
    "heart_failure_first_episodes": 200,
    "heart_failure_readmissions": 42,
    "stays": 4000,
    "external_consultations": 10000,
    "trips_ambulance": 30,
    "trips_taxi": 50,
    "trips_vsl": 20,
    "trips_ambulance_stays": 300,
    "trips_taxi_stays": 60,
    "trips_vsl_stays": 40,
    "trips_ambulance_sessions": 10,
    "trips_taxi_sessions": 150,
    "trips_vsl_sessions": 40,
    "trips_ambulance_consultations": 100,
    "trips_taxi_consultations": 200,
    "trips_vsl_consultations": 50,
    "declared_lits_et_places": 200,
    "declared_lits_prescription_informatisee": 150,
    "declared_dispensation_nominative_pct": 45,
    "declared_dmi_poses": 80,
    "declared_dmi_poses_tracees": 60,
    "declared_conciliation_patients_cibles": 50,
    "declared_conciliation_patients": 20,
    "declared_antibiotiques_traitements": 40,
    "declared_antibiotiques_reevalues": 30,
    "declared_antibiotiques_referent": 1,
    "declared_ordonnances": 100,
    "declared_ordonnances_rpps": 87,
    "declared_epp_amygdalectomie": 1,
}
MONTHLY = {  # by envelope, each month of 2023 and of 2024
    "phmev": ("100.00", "107.52"),
    "lpp": ("10.00", "10.36"),
    "extra_list_drugs": ("100.00", "102.30"),
    "extra_list_devices": ("100.00", "98.00"),
    "transport_ambulance": ("33333.00", "33333.00"),
    "transport_taxi": ("100000.00", "100000.00"),
    "transport_vsl": ("16667.00", "33332.00"),
}
EXTRA_LIST_BIOSIMILARS = ("infliximab", "rituximab", "trastuzumab", "bevacizumab")

EXPECTED: dict[tuple[str, str, str], float | None] = {
    # Open PHMEV. IPP: 8,000 boxes of A02BC01 and 500 of a masked product of the class; 21,000 € against 22,000 €.
    ("phev_ipp", "boxes_nb", "courant"): 8500,
    ("phev_ipp", "reimbursed_eur", "courant"): 21000,
    ("phev_ipp", "evolution_pct", "courant"): -1000 / 220,
    ("phev_ezetimibe", "boxes_nb", "courant"): 150,
    ("phev_ezetimibe", "reimbursed_eur", "courant"): 2000,
    ("phev_ezetimibe", "evolution_pct", "courant"): -20,
    # 21,000 + 2,000 + 100,000 (hepatitis C) + 777 (fees) + 14 × 100 + 10 × (1 + … + 14); the year before 104,500 €.
    ("phmev_annual", "reimbursed_eur", "courant"): 126227,
    ("phmev_annual", "base_eur", "courant"): 126227,
    ("phmev_annual", "boxes_nb", "courant"): 8940,
    ("phmev_annual", "reimbursement_rate_pct", "courant"): 100,
    # The objective excludes hepatitis C: its rate is that of 26,227 € against 54,500 €, whatever the perimeter.
    ("phmev_annual", "reimbursed_in_scope_eur", "courant"): 26227,
    ("phmev_annual", "evolution_pct", "courant"): -2827300 / 54500,
    ("phmev_annual", "evolution_all_pct", "courant"): 2172700 / 104500,
    ("phmev_annual", "reimbursed_eur", "constant"): 26227,
    ("phmev_annual", "base_eur", "constant"): 26227,
    ("phmev_annual", "boxes_nb", "constant"): 8930,
    ("phmev_annual", "reimbursement_rate_pct", "constant"): 100,
    ("phmev_annual", "evolution_pct", "constant"): -2827300 / 54500,
    ("phmev_annual", "reimbursed_in_scope_eur", "constant"): 26227,
    ("phmev_annual", "evolution_all_pct", "constant"): -2827300 / 54500,
    ("hepatitis_c_share", "reimbursed_eur", "courant"): 100000,
    ("hepatitis_c_share", "share_pct", "courant"): 10000000 / 126227,
    # Répertoire: 8,000 + 100 + 50 boxes of 8,940, of which 500 are masked.
    ("repertoire_share", "share_pct", "courant"): 815000 / 8940,
    ("repertoire_share", "unmasked_share_pct", "courant"): 815000 / 8440,
    ("repertoire_share", "boxes_nb", "courant"): 8940,
    ("generic_substitution", "share_pct", "courant"): 805000 / 8150,
    # Biosimilars: 105 boxes of 280 in all; without insulin aspart (the fourth: 4 of 20), 101 of 260.
    ("biosimilar_uptake", "share_pct", "courant"): 37.5,
    ("biosimilar_uptake", "boxes_nb", "courant"): 280,
    ("biosimilar_uptake", "reimbursed_eur", "courant"): 2450,
    ("biosimilar_uptake", "share_pct", "constant"): 10100 / 260,
    ("biosimilar_uptake", "boxes_nb", "constant"): 260,
    ("biosimilar_uptake", "reimbursed_eur", "constant"): 2310,
    # LPP: 70,000 diffuseurs + 20,000 electric + 5,000 supplies + 25,000 gravity, against 100,000 € the year before.
    ("phev_perfadom", "reimbursed_eur", "courant"): 120000,
    ("phev_perfadom", "active_eur", "courant"): 95000,
    ("phev_perfadom", "active_share_pct", "courant"): 9500000 / 120000,
    ("phev_perfadom", "active_fees_eur", "courant"): 90000,
    ("phev_perfadom", "evolution_pct", "courant"): 20,
    ("phev_pansements", "reimbursed_eur", "courant"): 4000,
    ("phev_pansements", "evolution_pct", "courant"): -20,
    ("cno_spend", "reimbursed_eur", "courant"): 300,
    ("cno_spend", "evolution_pct", "courant"): 50,
    # Monthly envelopes.
    ("phev", "reimbursed_eur", "courant"): 1414.56,
    ("phev", "evolution_pct", "courant"): 9456 / 1320,
    ("phev_drugs", "reimbursed_eur", "courant"): 1290.24,
    ("phev_drugs", "evolution_pct", "courant"): 7.52,
    ("phev_lpp", "reimbursed_eur", "courant"): 124.32,
    ("phev_lpp", "evolution_pct", "courant"): 3.6,
    ("extra_list_drugs", "amount_eur", "courant"): 1227.60,
    ("extra_list_drugs", "evolution_pct", "courant"): 2.3,
    ("extra_list_devices", "amount_eur", "courant"): 1176,
    ("extra_list_devices", "evolution_pct", "courant"): -2,
    ("transports", "reimbursed_eur", "courant"): 1999980,
    ("transports", "evolution_pct", "courant"): 11.11,
    ("transport_ambulance_share", "share_pct", "courant"): 20,
    ("transport_ambulance_share", "ambulance_eur", "courant"): 399996,
    ("transport_ambulance_share", "trips_share_pct", "courant"): 30,
    ("transport_ambulance_share", "evolution_pct", "courant"): 0,
    # Liste en sus by code: 12 € of other drugs and 24 € of devices a year; anti-PD1 2,000 then 5,000; infliximab 4,000
    # of the reference, then 3,000 of it and 1,000 of a biosimilar; the three others 100 and 300 in 2024.
    ("extra_list_drugs_by_code", "reimbursed_eur", "courant"): 10212,
    ("extra_list_drugs_by_code", "purchase_eur", "courant"): 10212,
    ("extra_list_drugs_by_code", "evolution_pct", "courant"): 420000 / 6012,
    ("extra_list_drugs_by_code", "purchase_evolution_pct", "courant"): 420000 / 6012,
    ("extra_list_drugs_by_code", "reimbursed_eur", "constant"): 5212,
    ("extra_list_drugs_by_code", "purchase_eur", "constant"): 5212,
    ("extra_list_drugs_by_code", "evolution_pct", "constant"): 120000 / 4012,
    ("extra_list_drugs_by_code", "purchase_evolution_pct", "constant"): 120000 / 4012,
    ("extra_list_devices_by_code", "reimbursed_eur", "courant"): 24,
    ("extra_list_devices_by_code", "purchase_eur", "courant"): 24,
    ("extra_list_devices_by_code", "evolution_pct", "courant"): 0,
    ("extra_list_devices_by_code", "purchase_evolution_pct", "courant"): 0,
    ("extra_list_biosimilar_infliximab", "share_pct", "courant"): 25,
    ("extra_list_biosimilar_infliximab", "quantity_nb", "courant"): 400,
    # Activity.
    ("rpps_rate", "share_pct", "courant"): 62.2,
    ("preanaesthetic_exams", "exams_nb", "courant"): 450,
    ("preanaesthetic_exams", "evolution_pct", "courant"): -10,
    ("heart_failure_readmissions", "share_pct", "courant"): 21,
    ("transport_per_stay", "trips_per_unit", "courant"): 0.1,
    ("transport_per_consultation", "trips_per_unit", "courant"): 0.035,
    ("ambulance_weight_stays", "share_pct", "courant"): 75,
    ("ambulance_weight_sessions", "share_pct", "courant"): 5,
    ("declared_computerised_prescription", "share_pct", "courant"): 75,
    ("declared_named_dispensing", "share_pct", "courant"): 45,
    ("declared_device_traceability", "share_pct", "courant"): 75,
    ("declared_reconciliation", "share_pct", "courant"): 40,
    ("declared_antibiotic_review", "share_pct", "courant"): 75,
    ("declared_antibiotic_referent", "antibiotic_referent_pct", "courant"): 100,
    ("declared_rpps", "share_pct", "courant"): 87,
    ("pertinence_means", "transmitted_pct", "courant"): 100,
}
EXPECTED |= {(f"biosimilar_{name}", "share_pct", "courant"): 5 * k for k, name in enumerate(MOLECULES, 1)}
EXPECTED |= {(f"biosimilar_{name}", "boxes_nb", "courant"): 20 for name in MOLECULES}
EXPECTED |= {(f"biosimilar_{name}", "reimbursed_eur", "courant"): 100 + 10 * k for k, name in enumerate(MOLECULES, 1)}
for molecule in EXTRA_LIST_BIOSIMILARS[1:]:
    EXPECTED[(f"extra_list_biosimilar_{molecule}", "share_pct", "courant")] = 75
    EXPECTED[(f"extra_list_biosimilar_{molecule}", "quantity_nb", "courant")] = 40
for number in range(1, 10):  # drafts: their code list is the region's to give
    EXPECTED[(f"product_theme_{number}", "drugs_eur", "courant")] = None
    EXPECTED[(f"product_theme_{number}", "evolution_pct", "courant")] = None


def tiny_store(directory: Path) -> Store:
    """A region of two establishments that every measure of the catalogue can be computed on by hand."""
    store = region(directory)
    masked = {"cip13": "9999999999999", "generic_status": "9", "atc1": "A", "atc2": "A02", "atc3": "A02B"}
    lines = [
        {"atc5": "A02BC01", "generic_status": "1", "boxes_nb": 8000, "reimbursed_eur": "20000.00"},
        {"atc5": "9999999", **masked, "atc4": "A02BC", "boxes_nb": 500, "reimbursed_eur": "1000.00"},
        {"atc5": "C10AX09", "generic_status": "4", "boxes_nb": 100, "reimbursed_eur": "1500.00"},
        {"atc5": "C10BA05", "generic_status": "1", "boxes_nb": 50, "reimbursed_eur": "500.00"},
        {"atc5": "J05AP01", "boxes_nb": 10, "reimbursed_eur": "100000.00"},
        {"atc5": "0", "reimbursed_eur": "777.00"},
        *BIOSIMILARS,
    ]
    levels = [
        {f"atc{n}": str(line["atc5"])[:length] for n, length in ((1, 1), (2, 3), (3, 4), (4, 5))} for line in lines
    ]
    drug_lines(store, *[{**level, **line} for level, line in zip(levels, lines, strict=True)])
    drug_lines(
        store,
        {"atc5": "A02BC05", "generic_status": "1", "boxes_nb": 9000, "reimbursed_eur": "22000.00"},
        {"atc5": "C10AX09", "generic_status": "4", "boxes_nb": 120, "reimbursed_eur": "2500.00"},
        {"atc5": "J05AP01", "boxes_nb": 5, "reimbursed_eur": "50000.00"},
        {"atc5": "N02BE01", "boxes_nb": 1000, "reimbursed_eur": "30000.00"},
        year=2023,
    )
    lpp_lines(
        store,
        *((A, "2024", code, amount) for code, amount in (("1164778", "70000"), ("1159062", "20000"))),
        *((A, "2024", code, amount) for code, amount in (("1104629", "5000"), ("1172619", "25000"))),
        *((A, "2024", code, amount) for code, amount in (("1307143", "4000"), ("1118070", "300"))),
        *((A, "2023", code, a) for code, a in (("1164778", "100000"), ("1307143", "5000"), ("1118070", "200"))),
    )
    grid = [
        {"finess": A, "envelope": e, "month": pd.Timestamp(year, month, 1), "amount_eur": Decimal(amount)}
        for e, amounts in MONTHLY.items()
        for year, amount in zip((2023, 2024), amounts, strict=True)
        for month in range(1, 13)
    ]
    rest = {"amount_kind": "reimbursed", "value_status": "reported", "is_provisional": False, "is_corrected": False}
    store.write(tables.MONTHLY_GRID, tables.MONTHLY_GRID.conform(pd.DataFrame(grid), **rest), part="essai")
    other = [
        (A, f"{year}-{month:02d}", kind, code, amount)
        for year in (2023, 2024)
        for month in range(1, 13)
        for kind, code, amount in (("drug", "9000001", "1"), ("device", "3000001", "2"))
    ]
    lists = known_code_lists()
    store.write(tables.CODE_LISTS, code_lists_table(lists.values()), part="essai")
    groups = []
    for name in EXTRA_LIST_BIOSIMILARS[1:]:
        codes = lists[f"biosimilaires-{name}"].codes
        for role, amount in (("reference", "100"), ("biosimilar", "300")):
            groups.append((A, "2024-12", "drug", next(c.code for c in codes if c.role == role), amount))
    extra_list_lines(
        store,
        *other,
        *groups,
        (A, "2023-06", "drug", "9409452", "2000"),
        (A, "2024-06", "drug", "9409452", "5000"),
        (A, "2023-06", "drug", "9213737", "4000"),
        (A, "2024-06", "drug", "9213737", "3000"),
        (A, "2024-06", "drug", "9398352", "1000"),
    )
    activity_lines(
        store,
        *((A, "2024", name, count) for name, count in YEARLY_ACTIVITY.items()),
        (A, "2023", "pre_anaesthetic_exams", 500),
    )
    return store


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def found(tiny: Store) -> pd.DataFrame:
    values = compute_indicators(tiny, load_catalogue().values(), periods=["2024"], finess=[A])
    return tables.INDICATOR_VALUES.validate(values).set_index(["indicator", "measure", "perimeter"])


def test_every_measure_of_the_catalogue_is_checked(found: pd.DataFrame) -> None:
    """Here by hand, or by the test that a definition added to the clone carries (``worked_cases``)."""
    assert set(EXPECTED) <= set(found.index)
    added = {indicator for indicator, _, _ in set(found.index) - set(EXPECTED)}
    assert {name for name in added if not load_catalogue()[name].worked_cases} == set()
    assert not added & {indicator for indicator, _, _ in EXPECTED}


@pytest.mark.parametrize("key", sorted(EXPECTED), ids="/".join)
def test_hand_computed(found: pd.DataFrame, key: tuple[str, str, str]) -> None:
    expected, row = EXPECTED[key], found.loc[key]
    if expected is None:
        assert row["value_status"] == "missing"
        assert pd.isna(row["value"])
    else:
        assert row["value_status"] == ("zero" if expected == 0 and not key[1].endswith("evolution_pct") else "reported")
        assert row["value"] == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_masked_part_is_told(found: pd.DataFrame) -> None:
    assert found.loc[("repertoire_share", "share_pct", "courant"), "masked_share"] == 500 / 8940
    assert found.loc[("generic_substitution", "share_pct", "courant"), "masked_share"] == 500 / (8150 + 500)


def test_boundaries_are_not_respected_at_equality(found: pd.DataFrame) -> None:
    """8,500 boxes exactly, and 20 % exactly: strict comparisons; 399,996 € is below 400,000 €."""
    definitions = load_catalogue()

    def met(indicator: str) -> list[bool | None]:
        reference = definitions[indicator].reference
        assert reference is not None
        return [c.is_met(found.loc[(indicator, c.measure, "courant"), "value"]) for c in reference.conditions]

    assert met("phev_ipp") == [False]
    assert met("transport_ambulance_share") == [False, True]
    assert met("phev_perfadom") == [True, True]


BY_HAND = {indicator for indicator, _, _ in EXPECTED}
SUMS = ("numerator", "denominator")
EXAMPLES = [one for one in load_catalogue().values() if one.example is not None and one.id in BY_HAND]


@pytest.mark.parametrize("definition", EXAMPLES, ids=lambda one: one.id)
def test_the_example_that_the_guide_prints_is_the_one_computed_by_hand(
    found: pd.DataFrame, definition: IndicatorDefinition
) -> None:
    example = definition.example
    assert example is not None
    measure = example.measure or definition.main_measure
    # A case of its own, also computed by hand, when the tiny region gives a number that would mislead a reader.
    cases = [worked_values(definition, case, known_code_lists()) for case in definition.worked_cases]
    rows = [found.loc[(definition.id, measure, definition.perimeters[0].id)], *(case.loc[measure] for case in cases)]
    parts = [tuple(None if pd.isna(row[name]) else float(row[name]) for name in SUMS) for row in rows]
    assert (float(example.numerator), float(example.denominator)) in parts


def test_what_divides_or_moves_has_an_example() -> None:
    without = [one for one in load_catalogue().values() if one.example is None and one.status == "published"]
    assert not [m.id for one in without for m in one.measures if m.denominator or m.evolution_of]
