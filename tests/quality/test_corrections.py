"""A confirmed error is replaced where it was received, counted, shown, and comes back when its line is taken out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.deliveries import to_cumulative
from caqes_analysis.errors import SourceError
from caqes_analysis.quality import apply_corrections, read_corrections
from caqes_analysis.receive import open_store, receive
from caqes_analysis.settlement import settle
from caqes_analysis.store import Store
from tests.builders import A, B, monthly_rows, whole_year
from tests.campaigns import MONTHLY, campaign_file, small_campaign

HEADER = "finess;periode;champ;ancien;nouveau;auteur;date;preuve\n"
PROOF = "Mme Test;15/10/2024;courriel du 14/10/2024"


def register(folder: Path, *lines: str, name: str = "corrections.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{line};{PROOF}\n" for line in lines), encoding="utf-8")
    return path


def spending(folder: Path) -> Store:
    store = Store(folder / "store")
    rows = monthly_rows({(A, "phmev"): whole_year(2024, m03="1000.00", m05=None), (B, "lpp"): whole_year(2024)})
    store.write(tables.MONTHLY_SPEND, rows, part="essai")
    return store


def value(store: Store, month: int, finess: str = A) -> tuple[object, str, bool]:
    row = store.query(
        "select amount_eur, value_status, is_corrected from monthly_spend where finess = ? and month = ?",
        [finess, pd.Timestamp(2024, month, 1).date()],
    ).iloc[0]
    amount = None if pd.isna(row["amount_eur"]) else row["amount_eur"]
    return amount, row["value_status"], bool(row["is_corrected"])


def corrected(folder: Path, *lines: str) -> tuple[Store, pd.DataFrame, list[tuple[str, str]]]:
    store = spending(folder)
    rows, noticed = read_corrections(register(folder, *lines))
    assert not list(noticed)
    states, found = apply_corrections(store, rows, register_name="corrections.csv")
    return store, states, [(one.code, one.severity) for one in found]


def test_the_expected_value_is_replaced_and_says_so(tmp_path: Path) -> None:
    store, states, found = corrected(tmp_path, f"{A};2024-03;phmev;1 000,00;100,00")
    assert value(store, 3) == (Decimal("100.00"), "reported", True)
    assert value(store, 4) == (Decimal("100.00"), "reported", False)
    assert states["state"].tolist() == ["applied"]
    assert found == [("CORRECTION_APPLIQUEE", "information")]


def test_a_missing_value_is_filled_and_a_value_is_taken_out(tmp_path: Path) -> None:
    store, _, found = corrected(tmp_path, f"{A};2024-05;PHMEV;;95,50", f"{A};03/2024;phmev;1000,00;")
    assert value(store, 5) == (Decimal("95.50"), "reported", True)
    assert value(store, 3) == (None, "missing", True)
    assert found == [("CORRECTION_APPLIQUEE", "information")]


def test_another_received_value_is_left_alone_and_told(tmp_path: Path) -> None:
    store, states, found = corrected(tmp_path, f"{A};2024-03;phmev;999,99;100,00", f"{B};2024-03;phmev;1,00;2,00")
    assert value(store, 3) == (Decimal("1000.00"), "reported", False)
    assert states["state"].tolist() == ["unexpected", "absent"]
    assert states["kept"].iloc[0] == Decimal("1000.00")
    assert pd.isna(states["kept"].iloc[1])
    assert found == [("CORRECTION_INATTENDUE", "warning"), ("CORRECTION_SANS_LIGNE", "warning")]


def test_activity_lpp_and_quantities_are_corrected_too(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    state = {"value_status": "reported", "is_provisional": False, "is_corrected": False}
    activity = pd.DataFrame({"finess": [A], "period": ["2024"], "activity": ["stays"], "count_nb": ["120.000"]})
    activity["count_nb"] = [Decimal("120.000")]
    store.write(tables.ACTIVITY, tables.ACTIVITY.conform(activity, delivery="pmsi", **state), part="pmsi")
    lpp = pd.DataFrame({"finess": [A], "period": ["2024-01"], "lpp": ["1112345"]})
    lpp = lpp.assign(quantity_nb=[Decimal("3.000")], amount_eur=[Decimal("30.00")])
    store.write(tables.LPP_SPEND, tables.LPP_SPEND.conform(lpp, delivery="lpp", **state), part="lpp")
    lines = (f"{A};2024;stays;120;210", f"{A};2024-01;1112345 quantité;3;4", f"{A};2024-01;1112345;30,00;40,00")
    rows, _ = read_corrections(register(tmp_path, *lines))
    states, _ = apply_corrections(store, rows, register_name="c.csv")
    assert states["state"].tolist() == ["applied"] * 3
    assert store.read(tables.ACTIVITY)["count_nb"].tolist() == [Decimal("210.000")]
    kept = store.read(tables.LPP_SPEND).iloc[0]
    assert (kept["quantity_nb"], kept["amount_eur"], kept["is_corrected"]) == (Decimal("4.000"), Decimal("40.00"), True)


def test_a_cumul_is_corrected_and_cut_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    amounts = {"2024-01": "10.00", "2024-02": "200.00", "2024-03": "30.00", "2024-06": "60.00"}
    rows = to_cumulative(monthly_rows({(A, "phmev"): amounts}, delivery="cumul"))
    store.write(tables.CUMULATIVE_SPEND, rows, part="cumul")
    assert settle(store).codes() == {"INCREMENT_NEGATIF"}
    lines = (f"{A};2024-03;phmev;10,00;11,00", f"{A};2024-M02;phmev;200,00;20,00", f"{A};2024-M05;phmev;1;2")
    register_rows, _ = read_corrections(register(tmp_path, *lines))
    states, _ = apply_corrections(store, register_rows, register_name="c.csv")
    assert states["state"].tolist() == ["applied", "applied", "absent"]
    assert [value(store, month) for month in (1, 2, 3)] == [
        (Decimal("10.00"), "reported", False),
        (Decimal("10.00"), "reported", True),
        (Decimal("11.00"), "reported", True),  # 10,00 cut out of the corrected cumuls, then corrected itself
    ]
    cumuls = store.read(tables.CUMULATIVE_SPEND).set_index("month")
    assert cumuls["cumulative_eur"].tolist() == [Decimal(each) for each in (10, 20, 30, 60)]
    assert cumuls["is_corrected"].tolist() == [False, True, False, False]


def test_every_problem_of_the_register_is_told_at_once(tmp_path: Path) -> None:
    path = register(tmp_path, "99000001;2024-03;phmev;1;2", f"{A};2024-13;phmev;1;2", f"{A};2024-03;phev;1;x")
    with pytest.raises(SourceError) as caught:
        read_corrections(path)
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["FINESS_8_CARACTERES", "MOIS_ILLISIBLE", "CORRECTION_CHAMP", "MONTANT_ILLISIBLE"]
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 4]
    twice = register(tmp_path, f"{A};2024-03;phmev;1;2", f"{A};03/2024;PHMEV;2;3", f"{A};2024-04;phmev;1,0;1,00")
    with pytest.raises(SourceError) as caught:
        read_corrections(twice)
    assert [problem.code for problem in caught.value.problems] == ["CORRECTION_EN_DOUBLE", "CORRECTION_SANS_EFFET"]


def test_a_correction_without_author_or_proof_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    path.write_text(f"{HEADER}{A};2024-03;phmev;1;2;;15/10/2024;\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_corrections(path)
    assert [problem.column for problem in caught.value.problems] == ["auteur", "preuve"]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.integers(-(10**9), 10**9).filter(lambda n: n != 100000))
def test_any_amount_is_kept_to_the_cent(tmp_path: Path, cents: int) -> None:
    new = Decimal(cents) / 100
    store, _, _ = corrected(tmp_path, f"{A};2024-03;phmev;1000,00;{new:.2f}".replace(".", ","))
    assert value(store, 3)[0] == new


def test_a_build_applies_the_register_and_forgets_it_with_its_line(tmp_path: Path) -> None:
    campaign = small_campaign(tmp_path)
    store = open_store(campaign)
    first = store.query(
        "select finess, strftime(month, '%Y-%m') as month, amount_eur from monthly_spend "
        "where envelope = 'phmev' and amount_eur > 1000 order by all limit 1"
    ).iloc[0]
    line = f"{first['finess']};{first['month']};phmev;{first['amount_eur']};1,00".replace(".", ",")
    path = register(tmp_path, line, name="essai-2024-corrections.csv")
    question = "select amount_eur, is_corrected from {} where envelope = 'phmev' and is_corrected"
    for table in ("monthly_spend", "monthly_grid"):
        seen = open_store(campaign).query(question.format(table))
        assert (seen["amount_eur"] == Decimal("1.00")).all() if table == "monthly_spend" else len(seen) == 1
        assert len(seen) == 1
    findings = open_store(campaign).read(tables.FINDINGS)
    assert "CORRECTION_APPLIQUEE" in set(findings["code"])
    path.unlink()
    again = open_store(campaign)
    assert again.query(question.format("monthly_spend")).empty
    assert again.query("select sum(amount_eur) as total from monthly_spend")["total"].iloc[0] == store_total(tmp_path)


def store_total(folder: Path) -> Decimal:
    fresh = folder / "fresh"
    receive(campaign_file(folder, MONTHLY), fresh)
    total: Decimal = Store(fresh).query("select sum(amount_eur) as total from monthly_spend")["total"].iloc[0]
    return total


def test_a_named_register_that_is_absent_is_an_error(tmp_path: Path) -> None:
    small_campaign(tmp_path)
    campaign = campaign_file(tmp_path, MONTHLY + "corrections: registre.csv\n")
    with pytest.raises(SourceError) as caught:
        receive(campaign, tmp_path / "store")
    assert [problem.code for problem in caught.value.problems] == ["FICHIER_ABSENT"]
