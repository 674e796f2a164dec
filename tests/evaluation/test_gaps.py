"""A year that is not whole names the months that it lacks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters.own_rows import keep_own_rows, own_store
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.evaluation.gaps import INCOMPLETE, Gaps, gaps_of, openings_of
from caqes_analysis.evaluation.realisation import realisation
from caqes_analysis.evaluation.targeting import targeting
from caqes_analysis.indicators.catalogue import load_catalogue
from tests.builders import A, B, C, establishments, monthly_rows, store_of, whole_year
from tests.evaluation.builders import value


@pytest.fixture
def gaps(tmp_path: Path) -> Gaps:
    series = {
        (A, "phmev"): whole_year(2018) | whole_year(2019, m06=None),
        (A, "lpp"): whole_year(2018, m11=None) | whole_year(2019),
        (B, "phmev"): {f"2018-{month:02d}": "1.00" for month in range(9, 13)} | whole_year(2019),
    }
    known = establishments({"finess": A}, {"finess": B, "valid_from": "2018-09-01"}, {"finess": C})
    store = store_of(tmp_path, monthly_rows(series), known, first="2018-01", last="2019-12")
    return gaps_of(store, years=(2018, 2019), contract_of={A: C})


def test_the_missing_months_of_the_envelopes_counted_are_named(gaps: Gaps) -> None:
    phev = load_catalogue()["phev"]
    level = phev.measure(str(phev.main.evolution_of or phev.main.id))
    assert gaps.words(C, level, (2018, 2019)) == "novembre 2018 et juin 2019 manquent"
    assert gaps.words(C, level, (2019,)) == "juin 2019 manque"
    assert gaps.words(A, level, (2019,)) == INCOMPLETE


def test_an_opening_misses_no_month(gaps: Gaps) -> None:
    phev = load_catalogue()["phev"]
    level = phev.measure(str(phev.main.evolution_of or phev.main.id))
    assert gaps.words(B, level, (2018,)) == "ouverture le 01/09/2018, année incomplète"
    assert gaps.words(B, level, (2019,)) == INCOMPLETE


def test_a_merger_that_makes_a_new_finess_opens_nothing(tmp_path: Path) -> None:
    """A closed into C in July 2019. The evaluation, which knows contracts, and a sheet, which does not, agree."""
    known = establishments(
        {"finess": A, "valid_to": "2019-06-30", "successor": C},
        {"finess": B, "valid_from": "2019-01-15"},
        {"finess": C, "valid_from": "2019-07-01"},
    )
    series = {(A, "phmev"): whole_year(2018), (B, "phmev"): whole_year(2019)}
    store = store_of(tmp_path / "store", monthly_rows(series), known, first="2018-01", last="2019-12")
    everyone = gaps_of(store, years=(2018, 2019), contract_of=contract_keys(known))
    assert (everyone.openings, set(everyone.begun)) == ({}, set())
    assert openings_of(store, years=(2018, 2019)) == {}
    keep_own_rows(store, {})
    assert openings_of(own_store(tmp_path, C), years=(2018, 2019), finess=C) == {}


def test_a_contract_of_clinics_alone_is_outside_the_drug_base(tmp_path: Path) -> None:
    known = establishments(*({"finess": one, "legal_status": "prive"} for one in (A, B)), {"finess": C})
    store = store_of(tmp_path, monthly_rows({(C, "phmev"): whole_year(2019)}), known, first="2019-01", last="2019-12")
    assert set(gaps_of(store, years=(2019,), contract_of={}).clinics) == {A, B}
    assert set(gaps_of(store, years=(2019,), contract_of={A: C}).clinics) == {B}, "C is no clinic"
    outside = value("phev_ipp.boxes_nb", None, finess=B, value_status="not_applicable")
    ipp = load_catalogue()["phev_ipp"]
    told = targeting(pd.DataFrame([outside]), [ipp], gaps=gaps_of(store, years=(2019,), contract_of={}))
    assert "les cliniques à but lucratif ne figurent pas dans Open PHMEV" in told["detail"].iloc[0]
    both = [
        value("phev_ipp.reimbursed_eur", None, finess=B, period=year, value_status="not_applicable")
        for year in ("2022", "2023")
    ]
    (row,) = realisation(
        pd.DataFrame(both), [ipp], tables.TARGETS.empty(), scheme="caqes-2022", year=2023, gaps=Gaps(clinics=[B])
    )["reason"]
    assert row == "les cliniques à but lucratif ne figurent pas dans Open PHMEV"
