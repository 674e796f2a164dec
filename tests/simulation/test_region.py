from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from caqes_analysis.errors import CaqesError
from caqes_analysis.simulation import planted_events, simulate_region, simulate_truth, write_open_phmev
from caqes_analysis.simulation import region as module
from tests.simulation.conftest import Rows, french, open_phmev_bytes, reimbursed_by_finess, rows_of

NAMES = [
    "etablissements.csv",
    "contrats.csv",
    "phmev_mensuel.csv",
    "enveloppes_mensuelles.csv",
    "liste_en_sus_mensuel.xlsx",
    "activite.csv",
    "lpp_par_code.csv",
    "declarations_2023.xlsx",
    "transports_cumul_2024-03.csv",
    "transports_cumul_2024-06.csv",
    "transports_cumul_2024-09.csv",
    "OPEN_PHMEV_2022.zip",
    "OPEN_PHMEV_2023.CSV",
    "prescripteurs_2023.csv",
]


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_it_writes_the_announced_files_and_returns_their_paths(tmp_path: Path) -> None:
    paths = simulate_region(tmp_path / "a" / "b", establishments_nb=3)
    assert [path.name for path in paths] == NAMES
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == sorted(NAMES)
    assert all(path.is_file() for path in paths)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"], "no draft is left behind"


def test_same_arguments_same_bytes_in_another_process(tmp_path: Path) -> None:
    simulate_region(tmp_path / "here", establishments_nb=12)
    code = (
        "import sys; from pathlib import Path; from caqes_analysis.simulation import simulate_region;"
        "simulate_region(Path(sys.argv[1]), establishments_nb=12)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True, env={"PYTHONHASHSEED": "7"})
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


def test_another_seed_changes_every_file(tmp_path: Path) -> None:
    simulate_region(tmp_path / "one", establishments_nb=5, seed=1)
    simulate_region(tmp_path / "two", establishments_nb=5, seed=2)
    one, two = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert all(one[name] != two[name] for name in NAMES)


def test_the_years_follow_the_campaign(tmp_path: Path) -> None:
    paths = simulate_region(tmp_path, establishments_nb=3, year=2019, last_month=12, years_nb=3)
    assert [p.name for p in paths if "OPEN" in p.name] == [
        "OPEN_PHMEV_2017.zip",
        "OPEN_PHMEV_2018.CSV",
        "OPEN_PHMEV_2019.CSV",
    ]
    months = sorted({row["mois"] for row in rows_of((tmp_path / "phmev_mensuel.csv").read_bytes(), "cp1252")})
    assert (months[0], months[-1], len(months)) == ("2017-01", "2019-12", 36)


def test_open_phmev_adds_up_to_the_months_to_the_cent(region_folder: Path, phmev_months: Rows) -> None:
    for name, year in (("OPEN_PHMEV_2022.zip", "2022"), ("OPEN_PHMEV_2023.CSV", "2023")):
        months: dict[str, Decimal] = defaultdict(Decimal)
        for row in phmev_months:
            if row["mois"].startswith(year):
                months[row["finess"]] += Decimal(row["montant"].replace(",", "."))
        assert len(months) >= 30
        assert reimbursed_by_finess(open_phmev_bytes(region_folder / name)) == dict(months)


def test_a_shorter_delivery_is_the_beginning_of_the_truth(tmp_path: Path) -> None:
    truth = simulate_truth(establishments_nb=20, seed=5)
    months = truth["month"].dt.strftime("%Y-%m")
    known = {
        (finess, month): amount
        for finess, month, envelope, amount in zip(
            truth["finess"], months, truth["envelope"], truth["amount_eur"], strict=True
        )
        if envelope == "phmev"
    }
    for last_month in (3, 9, 12):
        simulate_region(tmp_path, establishments_nb=20, seed=5, last_month=last_month)
        events = planted_events(establishments_nb=20, seed=5, last_month=last_month)
        late = events[events["event"] == "late"]
        late_cells = set(zip(late["finess"], late["month"].dt.strftime("%Y-%m"), strict=True))
        lost = events[(events["event"] == "missing") & (events["envelope"] == "phmev")]
        lost_cells = set(zip(lost["finess"], lost["month"].dt.strftime("%Y-%m"), strict=True))
        rows = rows_of((tmp_path / "phmev_mensuel.csv").read_bytes(), "cp1252")
        assert len(rows) == sum(month <= f"2024-{last_month:02d}" for _, month in known)
        empty, lowered = set(), set()
        for row in rows:
            cell = row["finess"], row["mois"]
            if not row["montant"]:
                empty.add(cell)
            elif french(row["montant"]) != known[cell]:
                assert french(row["montant"]) < known[cell]
                lowered.add(cell)
        assert empty == lost_cells
        assert lowered <= late_cells - lost_cells
        assert lowered, "some month is late"


def test_the_merger_moves_the_spending(region_folder: Path) -> None:
    hospitals = {row["finess"]: row for row in rows_of((region_folder / "etablissements.csv").read_bytes(), "cp1252")}
    (closed,) = [row for row in hospitals.values() if row["successeur"]]
    successor = hospitals[closed["successeur"]]
    assert closed["valide_au"] == "30/06/2023"
    assert successor["valide_au"] == ""
    assert closed["departement"] == successor["departement"]
    truth = simulate_truth()
    truth["eur"] = truth["amount_eur"].astype(float)
    phmev = truth[truth["envelope"] == "phmev"]
    half = {
        (finess, name): phmev[(phmev["finess"] == finess) & phmev["month"].between(start, end)]["eur"].sum()
        for finess in (closed["finess"], successor["finess"])
        for name, start, end in (("before", "2022-07-01", "2022-12-01"), ("after", "2023-07-01", "2023-12-01"))
    }
    assert half[closed["finess"], "after"] == 0
    together = half[closed["finess"], "before"] + half[successor["finess"], "before"]
    assert half[successor["finess"], "after"] == pytest.approx(1.07 * together, rel=0.25)
    assert half[successor["finess"], "after"] > 1.4 * half[successor["finess"], "before"]


def test_truth_and_events_use_the_codes_of_the_package(region_folder: Path) -> None:
    truth, events = simulate_truth(), planted_events()
    assert truth["month"].max().isoformat()[:7] == "2024-12"
    assert not truth.duplicated(["finess", "month", "envelope"]).any()
    assert set(truth["envelope"]) == {
        *("phmev", "lpp", "perfadom", "transport_ambulance", "transport_taxi", "transport_vsl"),
        *("extra_list_drugs", "extra_list_devices"),
    }
    assert truth["amount_eur"].dtype.pyarrow_dtype == pa.decimal128(18, 2)
    counts = events["event"].value_counts()
    assert (counts["merger"], counts["level_break"], counts["new"], counts["tiny"]) == (1, 2, 1, 1)
    assert counts["missing"] >= 4
    assert counts["late"] >= 3
    known = {row["finess"] for row in rows_of((region_folder / "etablissements.csv").read_bytes(), "cp1252")}
    assert set(events["finess"]) <= known


def test_all_wrong_arguments_are_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(CaqesError) as caught:
        simulate_region(tmp_path / "x", establishments_nb=2, last_month=13, years_nb=1)
    assert [problem.column for problem in caught.value.problems] == ["establishments_nb", "last_month", "years_nb"]
    assert {problem.code for problem in caught.value.problems} == {"SIMULATION_BORNES"}
    assert "de 3 à 3000" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_former_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate_region(tmp_path / "r", establishments_nb=3)
    before = digests(tmp_path / "r")

    def broken(*_: object, **__: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(module, "write_batches", broken)
    with pytest.raises(OSError, match="disk full"):
        simulate_region(tmp_path / "r", establishments_nb=3, seed=9)
    assert digests(tmp_path / "r") == before
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("à moi", encoding="utf-8")
    simulate_region(tmp_path, establishments_nb=3)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "à moi"


def test_a_benchmark_file_has_exactly_the_lines_asked(tmp_path: Path) -> None:
    path = tmp_path / "national.csv"
    assert write_open_phmev(path, rows_nb=20_001, establishments_nb=30, seed=3, year=2024) == 20_001
    content = path.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == 20_002
    assert len(reimbursed_by_finess(content)) == 30
    write_open_phmev(tmp_path / "national.zip", rows_nb=20_001, establishments_nb=30, seed=3, year=2024)
    assert open_phmev_bytes(tmp_path / "national.zip") == content
    assert sorted(p.name for p in tmp_path.iterdir()) == ["national.csv", "national.zip"]


def test_more_lines_than_can_differ_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CaqesError, match="SIMULATION_LIGNES"):
        write_open_phmev(tmp_path / "x.csv", rows_nb=1_000_000, establishments_nb=3, seed=1, year=2024)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("establishments_nb", [3, 4, 7, 11, 60])
def test_any_number_of_establishments(tmp_path: Path, establishments_nb: int) -> None:
    simulate_region(tmp_path, establishments_nb=establishments_nb, last_month=1)
    rows = rows_of((tmp_path / "etablissements.csv").read_bytes(), "cp1252")
    assert len({row["finess"] for row in rows}) == establishments_nb


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Ten times more lines do not need much more memory: the peak is that of one batch."""
    pytest.importorskip("resource")  # POSIX only
    code = (
        "import resource, sys, json; from pathlib import Path; from caqes_analysis.simulation import write_open_phmev;"
        "peaks = [(write_open_phmev(Path(sys.argv[1]), rows_nb=n, establishments_nb=n // 3500, seed=1, year=2024),"
        " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)[1] for n in (250_000, 750_000)];"
        "print(json.dumps(peaks))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "big.csv")], check=True, capture_output=True, text=True
    )
    small, large = json.loads(done.stdout)
    assert large < 1.3 * small
