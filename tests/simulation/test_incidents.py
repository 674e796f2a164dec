"""The incidents of a simulated region: earlier deliveries, errors, and a register that undoes one of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from caqes_analysis import quality, tables
from caqes_analysis.campaign import load_campaign
from caqes_analysis.receive import receive
from caqes_analysis.simulation import simulate_incidents, simulate_region
from caqes_analysis.simulation.incidents import incidents
from caqes_analysis.simulation.reception import Reception
from caqes_analysis.simulation.series import Region
from caqes_analysis.store import Store
from tests.campaigns import MONTHLY
from tests.simulation.conftest import french, rows_of

SIZE = {"establishments_nb": 14, "seed": 3, "year": 2024, "last_month": 9}
PHMEV = "    - {path: recus/phmev_mensuel.csv, "
EARLIER = "".join(
    f'    - {{path: recus/phmev_mensuel_2024-{month:02d}.csv, as_of: "2024-{month:02d}", '
    "amount_kind: reimbursed, date_basis: care, tax: TTC}\n"
    for month in range(5, 9)
)


def rows(folder: Path, name: str, encoding: str = "cp1252") -> list[dict[str, str]]:
    return rows_of((folder / name).read_bytes(), encoding)


def test_errors_are_written_in_every_delivery_and_the_register_holds_both_values(tmp_path: Path) -> None:
    simulate_region(tmp_path, **SIZE)
    before = {name: (tmp_path / name).read_bytes() for name in ("phmev_mensuel.csv", "enveloppes_mensuelles.csv")}
    written = simulate_incidents(tmp_path, **SIZE)
    assert [path.name for path in written] == [
        *(f"phmev_mensuel_2024-{month:02d}.csv" for month in range(5, 9)),
        "phmev_mensuel.csv",
        "enveloppes_mensuelles.csv",
        "corrections.csv",
    ]
    confirmed, unconfirmed, settled = incidents(Reception(Region(14, 3, 2024, 5), 9))
    cell = f"{confirmed.finess};{confirmed.month};"
    for name in ("phmev_mensuel.csv", *(f"phmev_mensuel_2024-{month:02d}.csv" for month in range(5, 9))):
        (row,) = [row for row in rows(tmp_path, name) if f"{row['finess']};{row['mois']};" == cell]
        assert french(row["montant"]) * 100 == confirmed.wrong_cents == 10 * confirmed.true_cents
    for name, old in before.items():  # one line changed in each, no other
        new = (tmp_path / name).read_bytes().splitlines()
        assert sum(a != b for a, b in zip(old.splitlines(), new, strict=True)) == 1
    register = rows(tmp_path, "corrections.csv", "utf-8")
    assert [row["finess"] for row in register] == [confirmed.finess, settled.finess]
    assert all(french(row["ancien"]) == 10 * french(row["nouveau"]) for row in register)
    assert len({confirmed.finess, unconfirmed.finess, settled.finess}) == 3


def test_a_month_only_grows_from_one_delivery_to_the_next(tmp_path: Path) -> None:
    simulate_region(tmp_path, **SIZE)
    simulate_incidents(tmp_path, **SIZE)
    amounts = [
        {(row["finess"], row["mois"]): row["montant"] and french(row["montant"]) for row in rows(tmp_path, name)}
        for name in (*(f"phmev_mensuel_2024-{month:02d}.csv" for month in range(5, 9)), "phmev_mensuel.csv")
    ]
    grown = 0
    for old, new in itertools.pairwise(amounts):
        assert set(old) <= set(new)
        assert all(new[cell] == value or new[cell] > value for cell, value in old.items())
        grown += sum(new[cell] != value for cell, value in old.items())
    assert grown


@pytest.mark.slow
def test_the_region_finds_them_and_the_register_is_reversible(tmp_path: Path) -> None:
    simulate_region(tmp_path / "recus", **SIZE)
    simulate_incidents(tmp_path / "recus", **SIZE)
    confirmed, unconfirmed, settled = incidents(Reception(Region(14, 3, 2024, 5), 9))
    text = MONTHLY.replace(PHMEV, f'{EARLIER}{PHMEV}as_of: "2024-09", ')
    (tmp_path / "avec.yml").write_text(text + "corrections: recus/corrections.csv\n", encoding="utf-8")
    (tmp_path / "sans.yml").write_text(text, encoding="utf-8")
    told = {}
    for name in ("avec", "sans"):
        receive(load_campaign(tmp_path / f"{name}.yml"), tmp_path / name)
        found = Store(tmp_path / name).read(tables.FINDINGS)
        found = found[found["severity"] != "information"]
        told[name] = sorted((code, place[:9]) for code, place in zip(found["code"], found["place"], strict=True))
    still = ("FACTEUR_1000", unconfirmed.finess)
    assert told["avec"] == [("CORRECTION_INATTENDUE", settled.finess), still]
    assert told["sans"] == [("FACTEUR_10", confirmed.finess), still]
    completed = quality.completed_months(Store(tmp_path / "avec"))
    assert completed["month"].dt.strftime("%Y-%m").tolist()[-1] == "2024-09"
    assert (completed["completed_eur"] > completed["received_eur"]).all()
