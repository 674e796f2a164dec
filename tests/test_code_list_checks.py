"""Spending outside the dates of a list, or outside its time on the liste en sus, is told and never taken away."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.code_list_checks import check_validity
from caqes_analysis.code_lists import CodeList
from caqes_analysis.extra_list import listing_periods
from caqes_analysis.sources.extra_list_history import read_ucd_history
from caqes_analysis.sources.findings import Findings
from caqes_analysis.store import Store
from tests.test_extra_list import events

STATE = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
UCD = "9000001"


def code_list(kind: str, *codes: dict[str, str], **head: str) -> CodeList:
    content = {"id": "essai", "title": "Essai", "kind": kind, "source": "essai", "status": "data", **head}
    return CodeList.model_validate({**content, "codes": [dict(one) for one in codes]})


def uses(store: Store, *lines: tuple[str, str], kind: str = "drug", amount: str = "100.00") -> None:
    rows = [
        {
            "source_line": line,
            "finess": "990000001",
            "month": f"{month}-01",
            "code": code,
            "reimbursed_eur": Decimal(amount),
        }
        for line, (code, month) in enumerate(lines, 1)
    ]
    frame = tables.EXTRA_LIST_USE.conform(pd.DataFrame(rows), source="les", date_basis="discharge", kind=kind, **STATE)
    store.write(tables.EXTRA_LIST_USE, frame, part="les")


def lpp(store: Store, periods: Sequence[str], code: str = "1103392") -> None:
    rows = pd.DataFrame({"period": list(periods), "amount_eur": [Decimal("10.00")] * len(periods)})
    frame = tables.LPP_SPEND.conform(rows, finess="990000001", lpp=code, delivery="lpp", **STATE)
    store.write(tables.LPP_SPEND, frame, part="lpp")


def drugs(store: Store, year: int, *classes: str) -> None:
    rows = pd.DataFrame({"atc5": list(classes), "source_line": range(1, len(classes) + 1)})
    rows["reimbursed_eur"] = [Decimal("1.00")] * len(classes)
    frame = tables.ANNUAL_DRUG_SPEND.conform(rows, source=f"phmev-{year}", year=year, finess="990000001", **STATE)
    store.write(tables.ANNUAL_DRUG_SPEND, frame, part=f"phmev-{year}")


def seen(found: Findings) -> list[tuple[str, str, str, int]]:
    found.to_frame().pipe(tables.FINDINGS.validate)
    return [(one.delivery, one.code, one.place, one.count) for one in found]


def test_nothing_spent_nothing_told(tmp_path: Path) -> None:
    assert len(check_validity(Store(tmp_path), [code_list("ucd", {"code": UCD})])) == 0
    assert len(check_validity(Store(tmp_path), [])) == 0


def test_a_code_before_and_after_its_dates(tmp_path: Path) -> None:
    store = Store(tmp_path)
    uses(store, (UCD, "2016-11"), (UCD, "2016-12"), (UCD, "2020-01"), (UCD, "2020-02"), ("9000002", "2010-01"))
    one = code_list("ucd", {"code": UCD, "valid_from": "2016-12-27", "valid_to": "2020-01-15"})
    found = check_validity(store, [one])
    assert seen(found) == [("les", "CODE_HORS_VALIDITE", "liste essai", 2)]
    (finding,) = found
    assert finding.example.startswith("9000001 en 2016-11, liste valable du 27/12/2016 au 15/01/2020")
    assert "200,00" in finding.example
    assert finding.severity == "warning"
    assert len(store.read(tables.EXTRA_LIST_USE)) == 5


def test_the_kind_of_the_code_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    uses(store, (UCD, "2010-01"))
    assert len(check_validity(store, [code_list("lpp", {"code": UCD}, valid_from="2020-01-01")])) == 0
    uses(store, (UCD, "2010-01"), kind="device")
    assert len(check_validity(store, [code_list("lpp", {"code": UCD}, valid_from="2020-01-01")])) == 1


def test_months_and_years_of_lpp(tmp_path: Path) -> None:
    store = Store(tmp_path)
    lpp(store, ["2018", "2018-12", "2019", "2019-01", "2019-07"])
    found = check_validity(
        store, [code_list("lpp", {"code": "1103392"}, valid_from="2019-01-31", valid_to="2019-06-30")]
    )
    assert seen(found) == [("lpp", "CODE_HORS_VALIDITE", "liste essai", 3)]


def test_a_list_compared_long_ago_with_its_source_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    lpp(store, ["2020-12", "2021-02", "2024-01"])
    found = check_validity(store, [code_list("lpp", {"code": "1103392"}, as_of="2019-01-31")])
    assert seen(found) == [("lpp", "LISTE_ANCIENNE", "liste essai", 2)]
    assert next(iter(found)).example == "liste vue le 31/01/2019, dépenses jusqu'au 31/01/2024"


def test_a_list_that_dates_no_code_is_told_too_long_before_it_was_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    lpp(store, ["2015", "2018-12", "2024-01"])
    (found,) = check_validity(store, [code_list("lpp", {"code": "1103392"}, as_of="2019-01-31")])
    assert (found.code, found.count) == ("LISTE_ANCIENNE", 2)
    assert found.example == "liste vue le 31/01/2019, dépenses depuis le 01/01/2015 et jusqu'au 31/01/2024"
    assert found.remedy.startswith("Des codes créés depuis ou supprimés avant peuvent manquer")
    dated = code_list("lpp", {"code": "1103392", "valid_from": "2014-01-01"}, as_of="2019-01-31")
    assert [one.count for one in check_validity(store, [dated])] == [1]


def test_a_class_and_its_member_in_one_list(tmp_path: Path) -> None:
    store = Store(tmp_path)
    drugs(store, 2018, "A02BC01", "A02BC05", "A02BA02")
    drugs(store, 2024, "A02BC05")
    one = code_list("atc", {"code": "A02BC", "valid_to": "2017-12-31"}, {"code": "A02BC05", "valid_from": "2018-12-31"})
    assert seen(check_validity(store, [one])) == [("phmev-2018", "CODE_HORS_VALIDITE", "liste essai", 1)]


def test_outside_the_liste_en_sus(tmp_path: Path) -> None:
    store = Store(tmp_path)
    history = events(("listing", "2016-12-27", None, None), ("delisting", "2020-03-01", None, None))
    store.write(tables.EXTRA_LIST_EVENTS, history, part="ucd")
    store.write(tables.EXTRA_LIST_PERIODS, listing_periods(history), part="ucd")
    uses(store, (UCD, "2016-11"), (UCD, "2018-01"), (UCD, "2024-01"), ("9000009", "2018-01"), ("9000009", "2024-01"))
    found = check_validity(store, [])
    assert seen(found) == [
        ("les", "CODE_JAMAIS_INSCRIT", "liste en sus", 1),
        ("les", "HISTORIQUE_DEPASSE", "liste en sus", 1),
        ("les", "HORS_PERIODE_D_INSCRIPTION", "liste en sus", 2),
    ]
    example = [one.example for one in found][-1]
    assert example.startswith("9000001 en 2016-11, inscrit du 27/12/2016 au 29/02/2020")
    # Devices are not judged by a history of drugs.
    uses(store, ("1234567", "2018-01"), kind="device")
    assert len(check_validity(store, [])) == 0


@pytest.mark.real
def test_anti_pd1_before_their_listing_in_the_real_history(tmp_path: Path, real_data: Path) -> None:
    store = Store(tmp_path)
    history = read_ucd_history(real_data / "liste_en_sus" / "liste_en_sus_ucd_historique.csv", delivery="u").rows
    store.write(tables.EXTRA_LIST_EVENTS, history, part="u")
    store.write(tables.EXTRA_LIST_PERIODS, listing_periods(history), part="u")
    uses(store, ("9409452", "2016-11"), ("9409452", "2016-12"), ("9409535", "2016-12"), ("9409535", "2017-01"))
    assert seen(check_validity(store, [])) == [("les", "HORS_PERIODE_D_INSCRIPTION", "liste en sus", 2)]
    # Published until 30/11/2021, with a tariff of 01/03/2022: a code of January may have been listed since.
    uses(store, ("9999999", "2021-11"), ("9999999", "2022-01"))
    assert seen(check_validity(store, [])) == [
        ("les", "CODE_JAMAIS_INSCRIT", "liste en sus", 1),
        ("les", "HISTORIQUE_DEPASSE", "liste en sus", 1),
    ]
