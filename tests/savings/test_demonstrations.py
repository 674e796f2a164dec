"""On both demonstrations, the region is the sum of its establishments in all three figures, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import Campaign, load_campaign
from caqes_analysis.receive import open_store
from caqes_analysis.savings import decompose
from caqes_analysis.savings.campaign import DECOMPOSED_ENVELOPES, envelope_pairs
from caqes_analysis.savings.decomposition import EFFECTS
from caqes_analysis.savings.incentive import INCENTIVE
from caqes_analysis.schemes.scheme import scheme_of
from caqes_analysis.store import Store
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["demonstration-2019", "demonstration-2024"])
def region(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Campaign, Store]:
    campaign = load_campaign(REPOSITORY / "parameters" / f"{request.param}.yml")
    return campaign, open_store(campaign, tmp_path_factory.mktemp(request.param))


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
    assert bool(len(whole)) == scheme_of(campaign).shares_savings
    series = estimates[estimates["level"] == "series"]
    for row in whole.to_dict("records"):
        own = series[(series["indicator"] == row["indicator"]) & series["saving_eur"].notna()]
        for name in ("saving_eur", "counterfactual_eur", "actual_eur", "previous_eur"):
            assert sum(own[name], Decimal(0)) == row[name], (row["indicator"], name)


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
