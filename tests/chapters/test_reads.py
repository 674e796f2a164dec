"""What a sheet reads: its own rows and what it prints of the region, which is enough to say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.campaign import Campaign, load_campaign
from caqes_analysis.chapters.own_rows import (
    OWN_ROWS,
    REGIONAL_TABLES,
    UNREAD_COLUMNS,
    OwnKeys,
    keep_own_rows,
    own_store,
)
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.reads import Reads, table_hashes
from caqes_analysis.chapters.regional_context import keep_regional_context
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.receive import open_store
from caqes_analysis.store import Store
from tests.campaigns import small_campaign
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow


def received(campaign: Campaign) -> Store:
    store = open_store(campaign)
    prepare_forecasts(store, campaign)
    keep_regional_context(store, campaign)
    keep_own_rows(store, table_hashes(store))
    return store


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> tuple[Campaign, Store]:
    """A small region, received and forecast."""
    campaign = small_campaign(tmp_path_factory.mktemp("region"), establishments_nb=8)
    return campaign, received(campaign)


def shown(page: Page, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return all that the notebook of a sheet shows, as it is stored in an executed notebook."""
    said: list[Any] = []
    monkeypatch.setattr(Page, "show", lambda _self, *parts: said.extend(parts))
    cells = json.loads((REPOSITORY / "notebooks" / "etablissement.ipynb").read_text(encoding="utf-8"))["cells"]
    _parameters, opening, *others = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    lines = [line for line in opening.splitlines() if not line.startswith(("page = open_page", "page.save_sheet"))]
    exec("\n".join([*lines, *others]), {"page": page})
    return [json.dumps(part and part._repr_mimebundle_(), sort_keys=True, default=str) for part in said]


def test_a_sheet_that_sees_its_own_rows_only_says_the_same(
    region: tuple[Campaign, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, store = region
    for finess in perimeter.current_establishments(store)["finess"]:
        own = Page(campaign, own_store(store.directory.parent, finess), tmp_path, finess)
        assert shown(own, monkeypatch) == shown(Page(campaign, store, tmp_path, finess), monkeypatch)


def test_the_store_of_a_sheet_holds_nothing_of_the_others(region: tuple[Campaign, Store]) -> None:
    _, store = region
    finess = str(perimeter.current_establishments(store)["finess"].iloc[0])
    own = own_store(store.directory.parent, finess)
    assert set(own.query("select distinct finess from monthly_grid")["finess"]) == {finess}
    assert set(own.query("select distinct finess from indicator_trends")["finess"]) == {finess}
    assert "contribution" not in own.query("select * from indicator_trends limit 1")
    everything = {table.name for table in OWN_ROWS} | {table.name for table in REGIONAL_TABLES}
    assert everything >= {path.name for path in store.directory.iterdir() if "finess" in columns(store, path)}


def columns(store: Store, folder: Path) -> set[str]:
    """Columns of a table of figures; who the establishments are is known to all."""
    if not folder.is_dir() or folder.name in ("establishments", "successions", "targets", "forecast_paths"):
        return set()
    return set(store.query(f'select * from "{folder.name}" limit 0'))


def test_a_cent_is_read_by_the_sheet_that_spends_it(region: tuple[Campaign, Store], tmp_path: Path) -> None:
    campaign, store = region
    before = {finess: Reads(campaign, store).of_sheet(finess) for finess in current(store)}
    spender = sorted(before)[0]
    other = small_campaign(tmp_path, establishments_nb=8)
    add_a_cent(tmp_path / "recus" / "phmev_mensuel.csv", spender, "2024-03")
    changed = received(load_campaign(other.file))
    places = {"campaign", "parameters", "comment"}  # the two campaigns stand in two folders
    reads = Reads(other, changed)
    moved = {
        finess: {name for name, value in reads.of_sheet(finess).items() if before[finess][name] != value} - places
        for finess in before
    }
    assert {"table monthly_spend, own rows", "table monthly_grid, own rows"} <= moved.pop(spender)
    # At most, a bound estimated with the whole region that stood at the edge of its last kept digit.
    assert sum(bool(names) for names in moved.values()) <= 1
    assert set().union(*moved.values()) <= {f"table indicator_{kind}, own rows" for kind in ("values", "trends")}


def current(store: Store) -> list[str]:
    return [str(finess) for finess in perimeter.current_establishments(store)["finess"]]


def add_a_cent(path: Path, finess: str, month: str) -> None:
    lines = path.read_text(encoding="cp1252").splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith(f"{finess};{month};"))
    whole, _, cents = lines[number].rpartition(",")
    lines[number] = f"{whole},{(int(cents) + 1) % 100:02d}"
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")


def test_own_rows_are_those_of_the_store(region: tuple[Campaign, Store]) -> None:
    _, store = region
    keys = OwnKeys(store.read(tables.ESTABLISHMENTS))
    known = current(store)
    own = {finess: own_store(store.directory.parent, finess) for finess in known}
    for table, (column, whose) in OWN_ROWS.items():
        rows = store.read(table).drop(columns=list(UNREAD_COLUMNS.get(table, ())))
        seen = 0
        for finess in known:
            expected = rows[rows[column].isin(keys.of(finess, whose))]
            found = own[finess].read(table)
            seen += len(found)
            expected = expected.sort_values(column, kind="stable").reset_index(drop=True)
            pd.testing.assert_frame_equal(found, expected if len(expected) else found.iloc[:0], check_dtype=False)
        assert seen or rows.empty


def test_own_rows_are_written_again_only_when_the_store_changed(region: tuple[Campaign, Store]) -> None:
    _, store = region
    place, hashes = store.directory.parent / "own_rows" / "places.parquet", table_hashes(store)
    before = place.stat().st_ino
    keep_own_rows(store, hashes)
    assert place.stat().st_ino == before
    keep_own_rows(store, {**hashes, "contracts": "other"})
    assert place.stat().st_ino != before
    assert not (store.directory.parent / "own_rows.draft").exists()


def test_rules_named_elsewhere_are_read_by_all_and_a_register_by_the_chapters(
    region: tuple[Campaign, Store], tmp_path: Path
) -> None:
    campaign, store = region
    rules, register = tmp_path / "regles.yml", tmp_path / "corrections.csv"
    own = campaign.model_copy(update={"scheme_rules": rules, "corrections": register})
    rules.write_text("a", encoding="utf-8")
    register.write_text("a", encoding="utf-8")
    finess = current(store)[0]

    def moved(path: Path) -> tuple[set[str], set[str]]:
        before = Reads(own, store)
        sheet, chapter = before.of_sheet(finess), before.of_chapter(tmp_path / "resultats")
        path.write_text("b", encoding="utf-8")
        after = Reads(own, store)
        now, then = after.of_sheet(finess), after.of_chapter(tmp_path / "resultats")
        return {name for name in now if now[name] != sheet[name]}, {n for n in then if then[n] != chapter[n]}

    assert moved(rules) == ({"parameters"}, {"parameters", "figures"})
    assert moved(register) == (set(), {"figures"})
