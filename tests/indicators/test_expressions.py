"""What a condition may say, and what it may not."""

from __future__ import annotations

import datetime as dt
import time

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.code_lists import CodeList
from caqes_analysis.errors import CaqesError
from caqes_analysis.indicators.expressions import SOURCE_TABLES, leaves_out, read_condition
from caqes_analysis.indicators.locked import evaluate_conditions, locked_connection, run_limited

HOSTILE = {
    "read_csv('/etc/passwd') is not null": "read_csv",
    "exists(select 1 from read_csv('/etc/passwd'))": "sous-requête",
    "atc5 in (select content from read_text('/etc/passwd'))": "sous-requête",
    "getenv('HOME') = 'x'": "getenv",
    "current_setting('home_directory') = 'x'": "current_setting",
    "length(repeat('x', 1000000000)) > 1": "repeat",
    "list_sum(range(100000000000)) > 1": "list_sum",
    "true; drop table annual_drug_spend": "point-virgule",
    "true; copy (select 1) to 'x.csv'": "point-virgule",
    "copy annual_drug_spend to 'x.csv'": "",
    "true) from annual_drug_spend --": "commentaire",
    "true /* fin */": "commentaire",
    "true) union select (true": "expression seule",
    "sum(boxes_nb) > 1": "sum",
    "row_number() over () > 1": "OVER",
    "x -> x > 1": "",
    "columns('a')": "étoile",
    "year = $1": "",
    "[year][1] = 2": "ARRAY_EXTRACT",
    "cast(year as blob) is null": "blob",
    "starts_with(distinct atc5, 'A')": "DISTINCT",
    "main.starts_with(atc5, 'A')": "",
    "in_list(atc5)": "in_list",
    "in_list(atc5, atc4)": "in_list",
    "in_list('A02BC', 'ipp')": "in_list",
    "boxs_nb > 1": "boxes_nb",
    "annual_drug_spend.year = 2024": "pas de colonne",
    "_from is null": "pas de colonne",
    "boxes_nb": "vrai ou faux",
    "reimbursed_eur > date '2024-01-01'": "refuse",
    "": "vide",
    "x" * 5000: "4000",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=" → ") as failure:
        read_condition("annual_drug_spend", text)
    assert HOSTILE[text] in str(failure.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_french(text: str) -> None:
    said = ""
    try:
        read_condition("activity", text)
    except ValueError as failure:
        said = str(failure)
    assert not said or " → " in said


def rows(*codes: str | None, first: str = "2024-01-01", last: str = "2024-12-31") -> pa.Table:
    days = [dt.date.fromisoformat(first)] * len(codes), [dt.date.fromisoformat(last)] * len(codes)
    return pa.table(
        {"atc5": pa.array(codes, pa.string()), "lpp": pa.array(codes, pa.string()), "_from": days[0], "_to": days[1]}
    )


def code_list(kind: str, *codes: dict[str, object], **more: object) -> CodeList:
    return CodeList.model_validate(
        {"id": "essai", "title": "Essai", "kind": kind, "source": "essai", "status": "regional", "codes": codes, **more}
    )


def test_a_class_holds_what_begins_like_it_and_other_codes_only_themselves() -> None:
    drugs = {"essai": code_list("atc", {"code": "A02BC"})}
    found = evaluate_conditions(
        rows("A02BC01", "A02BA01", None), [read_condition("annual_drug_spend", "in_list(atc5, 'essai')")], drugs
    )
    assert found[:, 0].tolist() == [True, False, False]
    devices = {"essai": code_list("lpp", {"code": "1101234", "role": "un"}, {"code": "1105678", "role": "deux"})}
    conditions = [read_condition("lpp_spend", f"in_list(lpp, '{name}')") for name in ("essai", "essai/un")]
    found = evaluate_conditions(rows("1101234", "1105678", "1101235"), conditions, devices)
    assert found.tolist() == [[True, True], [True, False], [False, False]]
    with pytest.raises(CaqesError, match="aucun code de rôle « trois »"):
        evaluate_conditions(rows("1101234"), [read_condition("lpp_spend", "in_list(lpp, 'essai/trois')")], devices)


def test_codes_have_dates() -> None:
    lists = {
        "essai": code_list(
            "lpp",
            {"code": "1100001", "valid_from": "2024-07-01"},
            {"code": "1100002", "valid_to": "2023-12-31"},
            {"code": "1100003", "valid_from": "2025-01-01"},
        )
    }
    condition = [read_condition("lpp_spend", "in_list(lpp, 'essai')")]
    codes = ("1100001", "1100002", "1100003")
    assert evaluate_conditions(rows(*codes), condition, lists)[:, 0].tolist() == [True, False, False]
    june = rows(*codes, first="2024-06-01", last="2024-06-30")
    assert evaluate_conditions(june, condition, lists)[:, 0].tolist() == [False, False, False]
    past = rows(*codes, first="2023-12-01", last="2023-12-31")
    assert evaluate_conditions(past, condition, lists)[:, 0].tolist() == [False, True, False]


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "copy rows to 'x.csv'",
        "install httpfs",
        "load httpfs",
        "attach 'x.duckdb'",
        "set enable_external_access = true",
        "set memory_limit = '100GB'",
        "reset lock_configuration",
        "select * from received",
        "create table a as select * from read_csv('/etc/passwd')",
    ],
)
def test_the_connection_itself_can_open_nothing(query: str) -> None:
    """Were a condition to pass the grammar, the connection would still refuse."""
    connection = locked_connection(rows("A"), {})
    with pytest.raises(duckdb.Error):
        connection.execute(query)
    assert connection.execute("select count(*) from rows").fetchone() == (1,)


def test_an_endless_computation_is_interrupted() -> None:
    connection = locked_connection(rows("A"), {})
    start = time.monotonic()
    with pytest.raises(CaqesError, match="DEFINITION_TROP_LONGUE"):
        run_limited(connection, "select count(*) from range(100000000000) a, range(1000000) b", time_limit_s=0.5)
    assert time.monotonic() - start < 30


def test_a_failure_while_it_runs_is_said_in_french() -> None:
    condition = read_condition("annual_drug_spend", "cast(atc5 as integer) > 1")
    with pytest.raises(CaqesError, match="DEFINITION_REFUSEE"):
        evaluate_conditions(rows("A02BC01"), [condition], {})


def test_every_source_table_answers() -> None:
    for table in SOURCE_TABLES:
        assert read_condition(table, "finess = '990000001'").columns == {"finess"}


@pytest.mark.parametrize(
    ("text", "is_left_out"),
    [
        ("not coalesce(in_list(atc5, 'hepatite-c') or boxes_nb = 0, false)", True),
        ("NOT  COALESCE( (boxes_nb=0) OR In_List( ATC5,'hepatite-c' ), FALSE )", True),
        ("atc1 = 'A' and (not coalesce(in_list(atc5, 'hepatite-c') or boxes_nb = 0, false) and year > 2000)", True),
        ("atc1 = 'A' or not coalesce(in_list(atc5, 'hepatite-c') or boxes_nb = 0, false)", False),
        ("not coalesce(in_list(atc5, 'Hepatite-C') or boxes_nb = 0, false)", False),
        ("not coalesce(in_list(atc5, 'hepatite-c') or boxes_nb = 0, true)", False),
        ("not coalesce(in_list(atc5, 'hepatite-c'), false)", False),
        ("true", False),
    ],
)
def test_what_a_condition_leaves_out_does_not_depend_on_its_writing(text: str, is_left_out: bool) -> None:
    assert leaves_out(text, "in_list(atc5, 'hepatite-c')  OR boxes_nb = 0") is is_left_out
