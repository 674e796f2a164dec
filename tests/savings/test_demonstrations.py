"""On both demonstrations, the region is the sum of its establishments in all three figures, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import pandas as pd
import pytest

from caqes_analysis import french, tables
from caqes_analysis.campaign import Campaign, load_campaign
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_objectives import objective_figures
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.receive import open_store
from caqes_analysis.savings import decompose
from caqes_analysis.savings.campaign import DECOMPOSED_ENVELOPES, envelope_pairs
from caqes_analysis.savings.decomposition import EFFECTS
from caqes_analysis.savings.estimate_targets import evolution_to_reach
from caqes_analysis.savings.incentive import INCENTIVE
from caqes_analysis.savings.lever_targets import TARGET_SUBJECTS
from caqes_analysis.savings.levers import LEVER_LABELS
from caqes_analysis.schemes.scheme import scheme_of
from caqes_analysis.schemes.target_files import read_targets
from caqes_analysis.store import Store
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow


DEMONSTRATIONS = {
    name: load_campaign(REPOSITORY / "parameters" / f"{name}.yml")
    for name in ("demonstration-2019", "demonstration-2024")
}


def with_objective(measure: str, *subjects: str) -> list[str]:
    """Return the demonstrations that have such an objective, in the years that their contracts are evaluated on."""
    found = []
    for name, campaign in DEMONSTRATIONS.items():
        rows = read_targets(campaign.target_files)
        years = [campaign.year, campaign.year - 1]  # that of the forecasts, and the whole one before it
        own = rows[(rows["scheme"] == campaign.scheme) & rows["data_year"].isin(years) & rows["value"].notna()]
        if ((own["measure"] == measure) & own["subject"].isin(subjects)).any():
            found.append(name)
    assert found, "no demonstration has one: nothing would be tested"
    return found


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Store]:
    """Build each demonstration once."""
    return cache(lambda name: open_store(DEMONSTRATIONS[name], tmp_path_factory.mktemp(name)))


@pytest.fixture(params=DEMONSTRATIONS)
def region(request: pytest.FixtureRequest, stores: Callable[[str], Store]) -> tuple[Campaign, Store]:
    return DEMONSTRATIONS[request.param], stores(request.param)


def amounts(store: Store, method: str) -> pd.DataFrame:
    rows = store.read(tables.SAVINGS)
    own = rows[(rows["method"] == method) & (rows["perimeter"] == "courant")]
    return own.set_index(["finess", "indicator", "component"])["amount_eur"].astype(object).unstack("component")


def test_decomposed(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    split = amounts(store, "decomposed")
    known = [name for name in DECOMPOSED_ENVELOPES if name in split.index.get_level_values("indicator")]
    assert "lpp" in known or "phmev" in known
    for envelope in known:
        own = split.xs(envelope, level="indicator")
        whole = decompose(envelope_pairs(store, campaign, envelope), by=()).iloc[0]
        assert own["current"].sum() == whole["current_eur"]
        assert own["previous"].sum() == whole["previous_eur"]
        for effect in EFFECTS:
            assert own[effect].sum() == whole[f"{effect}_eur"], (envelope, effect)
        assert whole[[f"{effect}_eur" for effect in EFFECTS]].sum() == whole["current_eur"] - whole["previous_eur"]


def test_statistical(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    estimates = store.read(tables.SAVING_ESTIMATES)
    whole = estimates[(estimates["level"] == "region") & estimates["saving_eur"].notna()]
    asked = {"phev", "phev_lpp", "phmev_annual", "extra_list_drugs", "extra_list_devices"}
    assert len(whole) > 1 if scheme_of(campaign).shares_savings else asked <= set(whole["indicator"])
    series = estimates[estimates["level"] == "series"]
    for row in whole.to_dict("records"):
        own = series[(series["indicator"] == row["indicator"]) & series["saving_eur"].notna()]
        for name in ("saving_eur", "counterfactual_eur", "actual_eur", "previous_eur"):
            assert sum(own[name], Decimal(0)) == row[name], (row["indicator"], name)


def test_against_rates(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    stored = store.read(tables.SAVINGS)
    regulatory = stored[(stored["method"] == "regulatory") & stored["indicator"].str.match("ph|extra")]
    if scheme_of(campaign).shares_savings:
        assert "overrun" not in set(regulatory["component"])
        return
    key = ["finess", "indicator", "component"]
    known = regulatory.set_index(key)["amount_eur"].astype(object).unstack("component").dropna(subset=["overrun"])
    real, split = amounts(store, "statistical"), amounts(store, "decomposed")
    page = Page(campaign, store)
    printed = objective_figures(page)
    assert printed is not None
    shown = {row[0].text: row for row in printed.rows}
    evaluated = store.read(tables.EVALUATIONS).set_index(["subject", "contract_finess"])
    for indicator in ("phev", "phev_lpp", "phmev_annual", "extra_list_drugs", "extra_list_devices"):
        own = known.xs(indicator, level="indicator")
        rate = evaluated.loc[indicator]["target_value"].dropna().unique().item()
        by_hand = [
            two - (one * (1 + Decimal(repr(rate)) / 100)).quantize(Decimal("0.01"), ROUND_HALF_UP)
            for one, two in zip(own["previous"], own["current"], strict=True)
        ]
        assert own["overrun"].sum() == sum(by_hand, Decimal(0))
        assert evaluated.loc[indicator].loc[own.index, "current_eur"].sum() == own["current"].sum()
        whole = shown[page.indicator_names[indicator]]
        assert whole[3].text == french.euros(own["overrun"].sum(), cents=True, signed=True)
        # Estimated on the very amounts that the contract counts.
        estimated = real.xs(indicator, level="indicator")
        assert len(estimated) > 20
        assert estimated["current"].sum() == own.loc[estimated.index, "current"].sum()
        assert estimated["previous"].sum() == own.loc[estimated.index, "previous"].sum()
        if indicator.startswith("ph"):
            parts = split.xs(indicator, level="indicator")
            assert list(parts.index) == list(own.index)
            change = parts[list(EFFECTS)].astype(object).sum(axis=1)
            assert (change == own["current"] - own["previous"]).all()


def test_regulatory(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    evaluated = store.read(tables.EVALUATIONS).dropna(subset=["saving_eur"])
    evaluated = evaluated[evaluated["subject"] != INCENTIVE]
    assert bool(len(evaluated)) == scheme_of(campaign).shares_savings
    if evaluated.empty:
        return
    printed = amounts(store, "regulatory")
    for indicator, own in evaluated.groupby("subject"):
        counted = printed.xs(indicator, level="indicator")
        # What the contract counts, once more from the two amounts of each contract: max(0, N-1 - N).
        known = counted.dropna(subset=["saving"])
        by_hand = [max(Decimal(0), one - two) for one, two in zip(known["previous"], known["current"], strict=True)]
        assert sum(own["saving_eur"], Decimal(0)) == known["saving"].sum() == sum(by_hand, Decimal(0)), indicator


def test_every_lever_has_an_amount(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    levers = store.read(tables.LEVERS)
    gained = set(levers[levers["saving_eur"] > 0]["lever"])
    if campaign.scheme == "caqes-2022":
        assert gained == set(LEVER_LABELS)
    assert {"ambulance", "ipp", "repertoire", "substitution"} <= gained


@pytest.mark.parametrize(
    "region", with_objective("evolution_pct", *(subject for subject, _ in TARGET_SUBJECTS.values())), indirect=True
)
def test_a_lever_is_worth_something_at_the_objective_where_the_verdict_is_not_attained(
    region: tuple[Campaign, Store],
) -> None:
    _, store = region
    levers = store.read(tables.LEVERS)
    own = levers[levers["scenario"] == "target"].assign(
        subject=levers["lever"].map(lambda one: TARGET_SUBJECTS[one][0])
    )
    owed = own.groupby(["subject", "finess", "year"])["saving_eur"].agg(lambda amounts: sum(amounts, Decimal(0)))
    evaluated = store.read(tables.EVALUATIONS)
    evolutions = evaluated[(evaluated["measure"] == "evolution_pct") & evaluated["attainment"].str.endswith("attained")]
    both = evolutions.set_index(["subject", "contract_finess", "year"]).join(
        owed.rename_axis(["subject", "contract_finess", "year"]).rename("owed_eur"), how="inner"
    )
    assert len(both) > 40
    for place, verdict, amount in zip(both.index, both["attainment"], both["owed_eur"], strict=True):
        assert (amount > 0) == (verdict == "not_attained"), place


@pytest.mark.parametrize("region", with_objective("share_pct", "transport_ambulance_share"), indirect=True)
def test_the_evolution_that_reaches_a_share_gives_the_same_verdicts(region: tuple[Campaign, Store]) -> None:
    campaign, store = region
    definition = definitions_of(campaign)["transport_ambulance_share"]
    evaluated = store.read(tables.EVALUATIONS)
    own = evaluated[(evaluated["subject"] == "transport_ambulance_share") & evaluated["current_eur"].notna()]
    aims = evolution_to_reach(definition, own)
    assert isinstance(aims, dict)
    verdicts = own.set_index("contract_finess")
    assert set(verdicts["attainment"]) == {"attained", "not_attained"}
    for finess, row in verdicts.iterrows():
        at_most = float(row["previous_eur"]) * (1 + aims[str(finess)] / 100)
        assert (float(row["current_eur"]) <= at_most) == (row["attainment"] == "attained"), finess
