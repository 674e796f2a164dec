"""Any digit changed in any amount or number that a file holds is seen by the totals that ``caqes check`` proposes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.campaign_sources import FileSource
from caqes_analysis.command_line.gathered import received_files
from caqes_analysis.errors import CaqesError
from caqes_analysis.receive import receive
from caqes_analysis.receive.mapped import delivery_facts
from caqes_analysis.receive.reading import read_sources
from caqes_analysis.store import Store
from tests.campaigns import campaign_file
from tests.receive.test_announced import CAMPAIGN, SOURCES, declare, received
from tests.sources.atih_files import layout
from tests.sources.received_files import kinds

__all__ = ["received"]

# What each file adds up or counts: columns by header, or fields by role; everything else of a file is no amount.
AMOUNTS: Mapping[str, tuple[str, ...]] = {
    "monthly.csv": ("montant",),
    "quantities.csv": ("quantite", "montant"),
    "activity.csv": ("nombre",),
    "lpp_spend.csv": ("quantite", "montant"),
    "prescribers.csv": ("boites", "montant"),
    "ucd.csv": ("prix", "prixttc"),
    "tariffs.csv": ("tarif_ht_eur", "tarif_ttc_eur"),
    "phmev.csv": ("BOITES", "REM", "BSE"),
    "rsa.txt": ("quantity", "purchase", "stays"),
    "rafael.txt": ("quantity", "unit_purchase", "unit_tariff", "billed"),
    "declared.xlsx": ("Valeur",),
}
_SPENT = "depenses.csv"
_MONEY = "amount_kind: reimbursed, date_basis: care, tax: TTC"
_KINDS = {**SOURCES, "quantities.csv": ("monthly_spend", _MONEY, "monthly_spend_quantity", {})}
_TABLES = {
    "monthly_spend": tables.MONTHLY_SPEND,
    "activity": tables.ACTIVITY,
    "declared": tables.ACTIVITY,
    "lpp_spend": tables.LPP_SPEND,
    "prescriber_spend": tables.PRESCRIBER_SPEND,
    "extra_list_history": tables.EXTRA_LIST_EVENTS,
    "extra_list": tables.EXTRA_LIST_USE,
    "open_phmev": tables.ANNUAL_DRUG_SPEND,
}
# Answers are read against a grid: tried by themselves, below.
_OTHERS = {"establishments", "contracts", "references", "extracts", "grid_answers"}


def digits(name: str, data: bytes) -> Iterator[int]:
    """Places of the digits of the amounts and numbers of a file."""
    lines = data.split(b"\r\n" if b"\r\n" in data else b"\n")
    starts = [
        sum(len(line) for line in lines[:rank]) + rank * (2 if b"\r\n" in data else 1) for rank in range(len(lines))
    ]
    if name.endswith(".txt"):
        for start, line in zip(starts, lines, strict=True):
            record = line[8:9].decode() if name == "rafael.txt" else ""
            fields = layout(name.removesuffix(".txt").replace("rsa", "rsa_med"), 2021, record).fields if line else ()
            for one in fields:
                if one.role in AMOUNTS[name]:
                    yield from (
                        start + place for place in range(one.start - 1, one.end) if line[place : place + 1].isdigit()
                    )
        return
    separator = b"," if name == "ucd.csv" else b";"
    header = lines[0].decode("cp1252").split(separator.decode())
    for start, line in zip(starts[1:], lines[1:], strict=True):
        cells = line.split(separator)
        for rank, cell in enumerate(cells):
            if header[rank] in AMOUNTS[name] and any(48 <= byte < 58 for byte in cell):
                first = start + sum(len(before) + 1 for before in cells[:rank])
                yield from (first + place for place, byte in enumerate(cell) if 48 <= byte < 58)


def campaign_of(folder: Path, name: str, announced: str = "") -> Campaign:
    kind, keys, _, _ = _KINDS[name]
    entry = ", ".join(part for part in (f"path: {name}", keys, announced) if part)
    spent = f"{{path: {_SPENT}, {_MONEY}}}"  # a campaign follows some spending
    sources = {"monthly_spend": [spent]}
    sources[kind] = [*sources.get(kind, []), f"{{{entry}}}"]
    lines = "".join(f"  {each}: [{', '.join(entries)}]\n" for each, entries in sources.items())
    return campaign_file(folder, f"{CAMPAIGN}sources:\n{lines}")


def read(campaign: Campaign, folder: Path) -> pd.DataFrame:
    """What is read of the file of a campaign that is tried."""
    shutil.rmtree(folder / "store", ignore_errors=True)
    store = Store(folder / "store")
    read_sources(campaign, store)
    (tried,) = (one for one in campaign.sources.all() if one.path.name != _SPENT)
    table = _TABLES[next(kind for kind in _TABLES if tried in getattr(campaign.sources, kind))]
    return Store.read_parts(table, [store.part_path(table, tried.delivery_name)]).astype(str)


def proposed(campaign: Campaign, folder: Path) -> str:
    """The totals that ``caqes check`` proposes of the file of a campaign that is tried."""
    shutil.rmtree(folder / "store", ignore_errors=True)
    receive(campaign, folder / "store")
    (file,) = (one for one in received_files(campaign, Store(folder / "store")) if one.path.name != _SPENT)
    return ", ".join(f'{key}: "{value}"' for key, value in file.controls)


@pytest.fixture(scope="module")
def sound(received: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str, pd.DataFrame]]:
    """By file: a folder that holds it alone, its totals, and what is read of it."""
    more = kinds(tmp_path_factory.mktemp("sortes"))["monthly_spend_quantity"].content
    (received / "quantities.csv").write_bytes(more)
    found = {}
    for name in AMOUNTS:
        folder = tmp_path_factory.mktemp("seul")
        shutil.copy(received / name, folder / name)
        (folder / _SPENT).write_text("finess;mois;enveloppe;montant\n990000099;2024-01;perfadom;12,50\n", "utf-8")
        campaign = campaign_of(folder, name)
        found[name] = folder, proposed(campaign, folder), read(campaign, folder)
    return found


def test_every_file_with_amounts_is_tried() -> None:
    assert set(_TABLES) | _OTHERS == {kind for kind, *_ in SOURCES.values()}
    assert {name for name, (kind, *_) in SOURCES.items() if kind in _TABLES} - set(AMOUNTS) == {"lpp.csv"}


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", [name for name in AMOUNTS if not name.endswith(".xlsx")])
@given(drawn=st.data())
def test_any_digit_of_any_amount_is_seen(
    name: str, sound: dict[str, tuple[Path, str, pd.DataFrame]], drawn: st.DataObject
) -> None:
    folder, totals, known = sound[name]
    path = folder / name
    data = path.read_bytes()
    place = drawn.draw(st.sampled_from(list(digits(name, data))))
    digit = drawn.draw(st.sampled_from([byte for byte in b"0123456789" if byte != data[place]]))
    path.write_bytes(data[:place] + bytes([digit]) + data[place + 1 :])
    refused: set[str | None] = set()
    try:
        got = read(campaign_of(folder, name, totals), folder)
    except CaqesError as failure:
        refused = {problem.file for problem in failure.problems}
    finally:
        path.write_bytes(data)
    # Accepted only where nothing read has changed: a thousandth that the cent does not show.
    assert refused == {name} or (not refused and got.equals(known))


def test_any_value_of_a_form_is_seen(sound: dict[str, tuple[Path, str, pd.DataFrame]]) -> None:
    folder, totals, _ = sound["declared.xlsx"]
    for values in ((121, 12), (120, 13), (20, 12)):
        declare(folder / "declared.xlsx", *values)
        with pytest.raises(CaqesError, match="TOTAL_DE_CONTROLE"):
            read(campaign_of(folder, "declared.xlsx", totals), folder)


def test_the_numbers_answered_to_a_grid_have_a_total(tmp_path: Path) -> None:
    kind = kinds(tmp_path)["grid_answers"]
    path = tmp_path / "recu.csv"
    path.write_bytes(kind.content)
    answers, _ = kind.read(path)
    assert delivery_facts(FileSource(path=path), answers)["total_nb"] == Decimal("100.7")


def test_a_total_already_named_is_not_proposed_again(
    sound: dict[str, tuple[Path, str, pd.DataFrame]],
) -> None:
    folder, totals, _ = sound["phmev.csv"]
    first, *others = totals.split(", ")
    assert first.startswith("control_total_eur")
    assert [one.split(":")[0] for one in others] == ["control_base_eur", "control_total_nb"]
    assert proposed(campaign_of(folder, "phmev.csv", first), folder) == ", ".join(others)
