"""What the demonstration of 2019 receives so that its pages by product and of pertinence can be read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from caqes_analysis.campaign import REPOSITORY, load_campaign
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.receive.simulated import prepare_simulation
from caqes_analysis.simulation.atih import _products
from caqes_analysis.simulation.pertinence import pertinence_form, simulate_pertinence
from caqes_analysis.sources.declared import read_declared


def test_eight_establishments_declare_and_the_reader_reads_them(tmp_path: Path) -> None:
    (path,) = simulate_pertinence(tmp_path / "a", seed=2019, year=2019)
    (again,) = simulate_pertinence(tmp_path / "b", seed=2019, year=2019)
    assert path.name == pertinence_form(2019) == "pertinence_2018.xlsx"
    assert path.read_bytes() == again.read_bytes()
    rows = read_declared(path, delivery="pertinence").rows
    assert rows["activity"].unique().tolist() == ["declared_epp_amygdalectomie"]
    assert (len(rows), rows["finess"].nunique(), rows["period"].unique().tolist()) == (8, 8, ["2018"])
    assert 0 < rows["count_nb"].astype(int).sum() < 8


def test_products_are_those_of_the_lists_from_the_day_of_their_listing() -> None:
    drugs = _products("drug").set_index("code")
    lists = known_code_lists()
    for name in ("anti-pd1", "biosimilaires-infliximab", "biosimilaires-rituximab", "biosimilaires-trastuzumab"):
        listed = {one.code: one for one in lists[name].codes if one.code in drugs.index}
        roles = {one.role for one in listed.values()}
        assert len(roles) == 2, name  # both sides of the share are used
        for code, one in listed.items():
            since = drugs.loc[code, "since"]
            if one.role not in ("reference",) and not pd.isna(since):
                assert since.date() == one.valid_from, code


def test_the_files_that_a_campaign_names_are_simulated_and_no_others(tmp_path: Path) -> None:
    campaign = load_campaign(REPOSITORY / "parameters" / "demonstration-2019.yml")
    assert campaign.simulation is not None
    small = campaign.simulation.model_copy(update={"directory": tmp_path / "recus", "establishments_nb": 4})
    prepare_simulation(campaign.model_copy(update={"simulation": small}))
    made = {path.name for path in (tmp_path / "recus").iterdir()}
    named = {source.path.name for source in campaign.sources.all()}
    assert named <= made
    bare = campaign.sources.model_copy(update={"extra_list": (), "declared": campaign.sources.declared[:1]})
    other = small.model_copy(update={"directory": tmp_path / "autres"})
    prepare_simulation(campaign.model_copy(update={"simulation": other, "sources": bare}))
    left = {path.name for path in (tmp_path / "autres").iterdir()}
    assert made - left == {source.path.name for source in campaign.sources.extra_list} | {"pertinence_2018.xlsx"}
