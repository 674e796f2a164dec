"""The simulated ATIH files stand behind the simulated months, and break no rule."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.errors import CaqesError
from caqes_analysis.simulation import simulate_truth
from caqes_analysis.simulation.atih import atih_lines, simulate_atih
from caqes_analysis.sources.atih import read_atih
from caqes_analysis.sources.atih_layout import layouts_of
from tests.sources.atih_files import drug

REGION = {"establishments_nb": 6, "year": 2021}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lines_add_up_to_the_truth_and_raise_no_finding(tmp_path: Path, seed: int) -> None:
    parts = []
    for path in simulate_atih(tmp_path, seed=seed, files_years_nb=1, last_month=9, **REGION):
        name = path.stem.rsplit("_", 1)[0]
        received = read_atih(path, file_type=name, year=2021, delivery=path.stem)
        assert len(received.findings) == 0
        parts.append(received.rows)
    rows = pd.concat(parts)
    names = {"drug": "extra_list_drugs", "device": "extra_list_devices"}
    found = rows.assign(envelope=rows["kind"].map(names)).groupby(["finess", "month", "envelope"])["purchase_eur"].sum()
    truth = simulate_truth(seed=seed, **REGION)
    wanted = truth[truth["envelope"].isin(names.values()) & truth["month"].between("2021-01-01", "2021-09-01")]
    assert found.to_dict() == wanted.set_index(["finess", "month", "envelope"])["amount_eur"].to_dict()


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = simulate_atih(tmp_path / "a", seed=5, files_years_nb=1, **REGION)
    second = simulate_atih(tmp_path / "b", seed=5, files_years_nb=1, **REGION)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_what_does_not_fit_or_has_no_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaqesError, match="SIMULATION_CHAMP"):
        atih_lines(pd.DataFrame([drug(purchase=10**10)]), layout=layouts_of("rsa_med", 2021)[""])
    with pytest.raises(CaqesError, match="SIMULATION_CHAMP"):
        atih_lines(pd.DataFrame([drug(finess="1234567890")]), layout=layouts_of("rsa_med", 2021)[""])
    with pytest.raises(CaqesError, match="ANNEE_SANS_DISPOSITION"):
        simulate_atih(tmp_path, establishments_nb=4, year=2022)
    assert not list(tmp_path.iterdir())
