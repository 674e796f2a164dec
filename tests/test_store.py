"""The store: one connection that always sees the parts of the moment."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from caqes_analysis import tables
from caqes_analysis.errors import CaqesError
from caqes_analysis.rows_by_owner import OwnedRows, write_by_owner
from caqes_analysis.store import Store

COUNT = "select count(*) as n from contracts"


def contracts(*finess: str) -> pd.DataFrame:
    return pd.DataFrame({"contract_finess": finess, "scheme": "caqes-2022", "status": "signé"})


def count(store: Store) -> int:
    return int(store.query(COUNT)["n"][0])


def test_a_store_sees_parts_that_come_change_and_go(tmp_path: Path):
    store = Store(tmp_path)
    assert count(store) == 0
    store.write(tables.CONTRACTS, contracts("330000001"), part="a")
    assert count(store) == 1
    store.write(tables.CONTRACTS, contracts("330000001", "330000002"), part="a")
    store.write(tables.CONTRACTS, contracts("330000003"), part="b")
    assert count(store) == 3
    for part in ("a", "b"):
        store.part_path(tables.CONTRACTS, part).unlink()
    assert count(store) == 0
    store.write(tables.CONTRACTS, contracts("330000001"), part="a")
    assert count(store) == 1


def test_a_store_answers_several_threads_and_travels_to_another_process(tmp_path: Path):
    store = Store(tmp_path)
    store.write(tables.CONTRACTS, contracts("330000001"), part="a")
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: count(store), range(40))) == {1}
    assert count(pickle.loads(pickle.dumps(store))) == 1


def test_a_limited_store_shows_nothing_else(tmp_path: Path):
    Store(tmp_path).write(tables.CONTRACTS, contracts("330000001", "330000002"), part="a")
    path = tmp_path / "contracts.arrow"
    rows = tables.CONTRACTS.conform(contracts("330000001", "330000002", "330000002"))
    content = pa.Table.from_pandas(rows, schema=tables.CONTRACTS.arrow_schema, preserve_index=False)
    assert write_by_owner(content.to_reader(max_chunksize=2), "contract_finess", path) == ["330000001", "330000002"]
    own = Store(tmp_path, only={"contracts": OwnedRows(path, (1,))}, hidden={"deliveries"})
    for store in (own, pickle.loads(pickle.dumps(own))):
        assert store.read(tables.CONTRACTS)["contract_finess"].tolist() == ["330000002", "330000002"]
        pd.testing.assert_frame_equal(store.read(tables.CONTRACTS), store.query("select * from contracts"))
        with store.connect() as connection:
            assert connection.sql("select count(*) from contracts").fetchall() == [(2,)]
            assert connection.sql("select count(*) from evaluations").fetchall() == [(0,)]
        with pytest.raises(CaqesError) as refusal:
            store.read(tables.DELIVERIES)
        assert refusal.value.problems[0].code == "REQUETE"


def test_rows_are_the_same_of_a_whole_store_and_of_a_limited_one(tmp_path: Path):
    """One table limited to some owners, one shared, one never written: no database is opened for any of them."""
    whole = Store(tmp_path / "store")
    rows = tables.CONTRACTS.conform(contracts("330000001", "330000002", "330000002", "330000003"))
    rows["status"] = pd.array(["terminé", None, "signé", "signé"], dtype=rows["status"].dtype)
    whole.write(tables.CONTRACTS, rows, part="a", validate=False)
    for part, finess in (("b", "330000002"), ("a", "330000001")):
        names = pd.DataFrame({"finess": [finess], "current_finess": [finess]})
        whole.write(tables.SUCCESSIONS, tables.SUCCESSIONS.conform(names), part=part)
    content = pa.Table.from_pandas(rows, schema=tables.CONTRACTS.arrow_schema, preserve_index=False)
    write_by_owner(content.to_reader(), "contract_finess", path := tmp_path / "contracts.arrow")
    own = Store(tmp_path / "store", only={"contracts": OwnedRows(path, (0, 1, 2))}, hidden={"deliveries"})
    for asked in (
        {"where": {"status": "signé"}, "columns": ["contract_finess", "scheme"], "order_by": ["contract_finess"]},
        {"where": {"contract_finess": {"330000003", "330000002"}}, "order_by": ["contract_finess", "status"]},
        {"where": {}, "order_by": ["status", "contract_finess"]},
        {"where": {"status": []}},
    ):
        pd.testing.assert_frame_equal(own.rows(tables.CONTRACTS, **asked), whole.rows(tables.CONTRACTS, **asked))
    known = own.rows(tables.CONTRACTS, where={"contract_finess": "330000002"}, order_by=["status"])
    assert known["status"].isna().tolist() == [False, True], "without a value: last"
    for table in (tables.SUCCESSIONS, tables.EVALUATIONS):
        pd.testing.assert_frame_equal(own.read(table), whole.read(table))
        pd.testing.assert_frame_equal(own.rows(table, where={}), whole.rows(table, where={}))
    assert own.read(tables.SUCCESSIONS)["finess"].tolist() == ["330000001", "330000002"], "in the order of the parts"
    assert not own._opened
    with pytest.raises(CaqesError):
        own.rows(tables.DELIVERIES, where={})
