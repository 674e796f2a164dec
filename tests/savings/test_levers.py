from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.savings.lever_intervals import rate_bounds
from caqes_analysis.savings.lever_products import lever_products
from caqes_analysis.savings.lever_rates import lever_rates
from caqes_analysis.savings.levers import (
    LEVER_ASSUMPTIONS,
    LEVER_LABELS,
    looks_like_extract,
    potential_savings,
    savings_of_rates,
    top_levers,
)
from caqes_analysis.savings.presentations import comparable_key
from caqes_analysis.store import Store
from tests.builders import establishments

PEERS = [f"99000000{n}" for n in range(1, 7)]
LABELS = {"C": "HUMIRA 40 MG SOL INJ STYLO + TAMP 2", "B": "AMGEVITA 40 MG SOL INJ STY 0.8ML 2"}


def line(finess: str, status: str, boxes: int, price: str, **more: Any) -> dict[str, Any]:
    base = Decimal(price) * boxes
    return {
        "year": 2023,
        "finess": finess,
        "cip13": f"340000000000{'0BC14'.index(status)}",
        "product_label": LABELS.get(status, "ESSAI 10MG CPR 30"),
        "atc1": "L",
        "atc4": "L04AB",
        "atc5": "L04AB04",
        "atc4_label": "INHIBITEURS DU TNF",
        "atc5_label": "ADALIMUMAB",
        "generic_status": status,
        "boxes_nb": boxes,
        "base_eur": base,
        "reimbursed_eur": base * Decimal("0.5"),
        **more,
    }


def store_with(directory: Path, lines: list[dict[str, Any]]) -> Store:
    store = Store(directory)
    known = establishments(*({"finess": finess} for finess in PEERS))
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    rows = pd.DataFrame(lines).assign(source="essai", source_line=range(2, len(lines) + 2), value_status="reported")
    rows = tables.ANNUAL_DRUG_SPEND.conform(rows, is_provisional=False, is_corrected=False)
    store.write(tables.ANNUAL_DRUG_SPEND, rows, part="essai")
    return store


def region(directory: Path, *, reference: str = "500.00", biosimilar: str = "400.00", **more: Any) -> Store:
    """Shares of biosimilars from 10 % to 60 %, over a hundred boxes each."""
    lines = []
    for place, finess in enumerate(PEERS, 1):
        lines += [line(finess, "B", 10 * place, biosimilar), line(finess, "C", 100 - 10 * place, reference, **more)]
    return store_with(directory, lines)


def one(levers: pd.DataFrame, finess: str, scenario: str) -> pd.Series:
    own = levers[(levers["finess"] == finess) & (levers["scenario"] == scenario)]
    assert len(own) == 1
    return own.iloc[0]


def test_a_biosimilar_lever_by_hand(tmp_path: Path) -> None:
    levers = potential_savings(region(tmp_path), year=2023)
    first = one(levers, PEERS[0], "median")
    assert first["rate"] == pytest.approx(0.10)
    assert first["reference_rate"] == pytest.approx(0.35)
    assert first["gap_eur"] == pytest.approx(50)  # 500 − 400, half of which is reimbursed
    assert first["saving_eur"] == Decimal("1250.00")  # (0.35 − 0.10) × 100 × 50
    assert one(levers, PEERS[0], "best_quartile")["saving_eur"] == Decimal("1875.00")  # quartile 0.475
    assert one(levers, PEERS[5], "median")["saving_eur"] == 0
    assert levers["lower_eur"].isna().all()
    assert levers["reason"].str.contains("demande l'année précédente").all()


def test_a_gap_that_no_longer_exists_is_no_lever(tmp_path: Path) -> None:
    assert potential_savings(region(tmp_path, reference="400.00"), year=2023).empty


def test_boxes_of_another_size_are_not_compared(tmp_path: Path) -> None:
    store = region(tmp_path, reference="2000.00", product_label="HUMIRA 80 MG SOL INJ STYLO 1")
    assert potential_savings(store, year=2023).empty


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("BENEPALI 50 MG SOL INJ STYLO 4", "50MG x4"),
        ("ENBREL 50MG SOL INJ STYLO 4", "50MG x4"),
        ("ABASAGLAR 300 U SOL INJ STYLO(1-80U) 5", "300U x5"),
        ("LUCENTIS 1,65 MG SOL INJ SER 1", "1.65MG x1"),
        ("MOVYMIA 20 MICROG/80 MICROL SOL INJ 1", "20MICROG x1"),
        ("ATORVASTATINE VTS 40MG CPR 90", "40MG x90"),
        ("RATIOGRASTIM 48MUI/0,8ML INJ DSP SEC 5", "48MUI x5"),
        ("PRODUIT SANS DOSE 3", None),
        ("DOLIPRANE 500MG", None),
        (None, None),
    ],
)
def test_dose_and_number_of_units_are_read_in_the_label(label: str | None, key: str | None) -> None:
    assert comparable_key(label) == key


def rates(
    values: list[float], *, direction: str = "lower", lever: str = "ipp", denominator: float = 100
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "finess": PEERS[: len(values)],
            "lever": lever,
            "product_group": lever,
            "label": "IPP",
            "direction": direction,
            "numerator_nb": [denominator * value for value in values],
            "denominator_nb": denominator,
            "gap_eur": 2.0,
        }
    )


def aimed(frame: pd.DataFrame, **goals: float) -> pd.DataFrame:
    """Return the rate aimed at by lever, the same for every establishment."""
    return frame[["finess", "lever", "product_group"]].assign(reference_rate=frame["lever"].map(goals)).dropna()


def test_less_is_better_where_it_is_cheaper() -> None:
    levers = savings_of_rates(rates([0.1, 0.2, 0.3, 0.4, 0.5]), year=2023)
    assert one(levers, PEERS[4], "median")["saving_eur"] == Decimal("40.00")
    assert one(levers, PEERS[4], "best_quartile")["saving_eur"] == Decimal("60.00")
    assert one(levers, PEERS[0], "best_quartile")["saving_eur"] == 0


def test_few_peers_or_few_units_give_no_median() -> None:
    assert savings_of_rates(rates([0.1, 0.2, 0.3, 0.4]), year=2023).empty
    assert savings_of_rates(rates([0.1, 0.2, 0.3, 0.4, 0.5], denominator=29), year=2023).empty
    alone = rates([0.4], lever="ambulance")
    levers = savings_of_rates(alone, year=2023, aimed=aimed(alone, ambulance=0.3))
    assert levers["saving_eur"].tolist() == [Decimal("20.00")]
    assert levers["scenario"].tolist() == ["target"]


def test_levers_are_ranked_in_euros_and_the_ceiling_comes_last() -> None:
    both = pd.concat(
        [
            rates([0.1, 0.2, 0.3, 0.4, 0.5]),
            rates([0.1, 0.2, 0.3, 0.4, 0.5], lever="repertoire", denominator=1000),
            rates([0.1, 0.2, 0.3, 0.4, 0.5], lever="ambulance", denominator=200),
        ]
    )
    ranked = top_levers(savings_of_rates(both, year=2023))
    own = ranked[ranked["finess"] == PEERS[4]]
    assert own["lever"].tolist() == ["ambulance", "ipp", "repertoire"]
    assert own["rank"].tolist() == [1, 2, 3]
    assert own["is_ceiling"].tolist() == [False, False, True]
    assert PEERS[0] not in set(ranked["finess"])
    assert top_levers(tables.LEVERS.empty()).empty
    nothing_to_gain = savings_of_rates(both, year=2023).assign(saving_eur=Decimal(0))
    assert top_levers(nothing_to_gain).columns.tolist() == top_levers(tables.LEVERS.empty()).columns.tolist()
    assert top_levers(nothing_to_gain).empty


def test_a_lever_that_only_its_objective_asks_for_comes_after_the_others() -> None:
    both = pd.concat(
        [rates([0.1, 0.2, 0.3, 0.4, 0.5][::step], lever=lever) for lever, step in (("ipp", 1), ("ambulance", -1))]
    )
    ranked = top_levers(savings_of_rates(both, year=2023, aimed=aimed(both, ipp=0.05, ambulance=0.05)))
    first = ranked[ranked["finess"] == PEERS[0]]  # the best of the region for one, the last for the other
    assert first["lever"].tolist() == ["ambulance", "ipp"]
    assert first["best_quartile_eur"].tolist() == [Decimal("60.00"), Decimal("0.00")]
    assert first["target_eur"].tolist() == [Decimal("90.00"), Decimal("10.00")]
    assert first["groups_nb"].tolist() == [1, 1]
    met = top_levers(savings_of_rates(both, year=2023, aimed=aimed(both, ipp=0.1, ambulance=0.1)))
    assert met.loc[met["finess"] == PEERS[0], "lever"].tolist() == ["ambulance"], "it just meets this objective"
    alone = top_levers(savings_of_rates(rates([0.4]), year=2023, aimed=aimed(rates([0.4]), ipp=0.3)))
    assert alone["target_eur"].tolist() == [Decimal("20.00")]
    assert alone[["best_quartile_eur", "lower_eur", "upper_eur"]].isna().all(axis=None), "no region, no quarter"


def test_the_presentations_behind_a_lever_are_those_to_replace(tmp_path: Path) -> None:
    store = region(tmp_path)
    store.write(tables.LEVERS, tables.LEVERS.conform(potential_savings(store, year=2023)), part="essai")
    lines = lever_products(store)
    tables.LEVER_PRODUCTS.validate(lines)
    own = lines[lines["finess"] == PEERS[0]]
    assert own[["rank", "product_label", "boxes_nb"]].to_numpy().tolist() == [[1, LABELS["C"], 90]]
    assert own["reimbursed_eur"].tolist() == [Decimal("22500.00")]
    assert PEERS[5] not in set(lines["finess"])


def test_a_class_to_avoid_is_looked_at_box_by_box_of_whoever_took_the_establishment_over(tmp_path: Path) -> None:
    """Two presentations of one class, the dearest first; the masked line names none, nor does another class."""
    ipp = {"atc1": "A", "atc4": "A02BC"}
    lines = [
        line(PEERS[0], "1", 40, "2.00", cip13="3400000000001", product_label="IPP A", atc5="A02BC01", **ipp),
        line(PEERS[1], "4", 10, "9.00", cip13="3400000000002", product_label="IPP B", atc5="A02BC05", **ipp),
        line(PEERS[0], "1", 90, "9.00", cip13="9999999999999", atc5="A02BC01", **ipp),
        line(PEERS[0], "1", 80, "9.00", cip13="3400000000003", atc5="A02BA02", **ipp),
    ]
    store = store_with(tmp_path, lines)
    known = establishments({"finess": PEERS[0]}, {"finess": PEERS[1], "valid_to": "2022-12-31", "successor": PEERS[0]})
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    worth = {"lever": "ipp", "product_group": "ipp", "label": "IPP", "year": 2023, "saving_eur": Decimal("10.00")}
    levers = [{"finess": PEERS[0], "scenario": one, **worth} for one in ("median", "best_quartile")]
    store.write(tables.LEVERS, tables.LEVERS.conform(pd.DataFrame(levers)), part="essai")
    found = lever_products(store)
    assert found[["rank", "product_label", "boxes_nb"]].to_numpy().tolist() == [[1, "IPP B", 10], [2, "IPP A", 40]]
    assert found["reimbursed_eur"].tolist() == [Decimal("45.00"), Decimal("40.00")]


def test_rates_do_not_depend_on_the_order_of_the_lines(tmp_path: Path) -> None:
    lines = [line(finess, status, 40 + place, "10.00" if status == "B" else "12.00")
             for place, finess in enumerate(PEERS) for status in "BC"]  # fmt: skip
    here = lever_rates(store_with(tmp_path / "a", lines), year=2023)
    there = lever_rates(store_with(tmp_path / "b", lines[::-1]), year=2023)
    pd.testing.assert_frame_equal(here, there)


def transports(store: Store) -> None:
    trips = [
        {"finess": finess, "period": "2023", "activity": f"trips_{mode}", "count_nb": Decimal(count)}
        for place, finess in enumerate(PEERS, 1)
        for mode, count in (("ambulance", 10 * place), ("taxi", 60 - 10 * place), ("vsl", 40))
    ]
    extra = {"delivery": "essai", "value_status": "reported", "is_provisional": False, "is_corrected": False}
    store.write(tables.ACTIVITY, tables.ACTIVITY.conform(pd.DataFrame(trips), **extra), part="essai")
    months = [
        {"finess": finess, "envelope": f"transport_{mode}", "month": "2023-01-01", "amount_eur": Decimal(price) * nb}
        for place, finess in enumerate(PEERS, 1)
        for mode, price, nb in (("ambulance", 150, 10 * place), ("taxi", 50, 60 - 10 * place), ("vsl", 50, 40))
    ]
    grid = tables.MONTHLY_GRID.conform(
        pd.DataFrame(months), amount_kind="reimbursed", value_status="reported", is_provisional=False,
        is_corrected=False,
    )  # fmt: skip
    store.write(tables.MONTHLY_GRID, grid, part="essai")


def test_an_ambulance_trip_is_worth_its_gap_with_a_seated_one(tmp_path: Path) -> None:
    store = region(tmp_path, reference="400.00")  # no gap for drugs: transports alone
    transports(store)
    levers = potential_savings(store, year=2023)
    assert set(levers["lever"]) == {"ambulance"}
    last = one(levers, PEERS[5], "median")
    assert last["gap_eur"] == pytest.approx(100)
    assert last["saving_eur"] == Decimal("2500.00")  # (0.60 − 0.35) × 100 trips × 100 €


def test_a_share_of_the_euros_to_reach_moves_ambulance_trips(tmp_path: Path) -> None:
    """60 trips of 150 € and 40 of 50 €: 38.571 seated instead make 3,214.29 € of ambulance, 45 % of 7,142.86 €."""
    store = region(tmp_path, reference="400.00")
    transports(store)
    aim = {"subject": "transport_ambulance_share", "measure": "share_pct", "finess": "all", "value": 45.0}
    extra = {"scheme": "essai", "data_year": 2023, "unit_label": "%", "source": "essai", "status": "regional"}
    store.write(tables.TARGETS, tables.TARGETS.conform(pd.DataFrame([aim]), **extra), part="essai")
    levers = potential_savings(store, year=2023, scheme="essai")
    last = one(levers, PEERS[5], "target")
    assert last["moved_nb"] == Decimal("38.571")  # (9,000 − 45 % × 11,000) / (150 − 45 % × 100)
    assert last["saving_eur"] == Decimal("3857.14")
    assert one(levers, PEERS[0], "target")["saving_eur"] == 0  # 1,500 € of 6,000: 25 %
    other = potential_savings(store, year=2023, scheme="autre")
    assert set(other["scenario"]) == {"median", "best_quartile"}


def history(rng: np.random.Generator, rho: float, boxes: int = 200, places: int = 60) -> tuple[pd.DataFrame, ...]:
    """Rates of two years around each establishment's own share, with extra-binomial chance."""
    share = rng.uniform(0.3, 0.7, places)
    frames = []
    for _ in range(2):
        drawn = rng.beta(share * (1 / rho - 1), (1 - share) * (1 / rho - 1)) if rho else share
        frame = pd.DataFrame(
            {"finess": [f"9900{n:05d}" for n in range(places)], "numerator_nb": rng.binomial(boxes, drawn)}
        )
        frames.append(frame.assign(lever="ipp", product_group="ipp", label="IPP", direction="lower",
                                   denominator_nb=boxes, gap_eur=2.0, truth=share))  # fmt: skip
    return tuple(frames)


def test_intervals_hold_the_practice_behind_an_overdispersed_rate() -> None:
    rng = np.random.default_rng(11)
    inside, width = [], []
    for _ in range(20):
        before, now = history(rng, 0.02)
        bounds = rate_bounds(now, before)
        inside.append(((bounds["lower_rate"] <= now["truth"]) & (now["truth"] <= bounds["upper_rate"])).mean())
        width.append((bounds["upper_rate"] - bounds["lower_rate"]).mean())
    assert 0.93 < np.mean(inside) < 0.975  # 1,200 rates: a binomial interval of boxes alone would hold 66 %
    narrow = rate_bounds(*history(np.random.default_rng(1), 0.0)[::-1])
    assert (narrow["upper_rate"] - narrow["lower_rate"]).mean() < 0.7 * np.mean(width)


def test_a_saving_stands_between_its_bounds_and_is_said_without_when_it_has_none() -> None:
    before, now = history(np.random.default_rng(3), 0.02)
    columns = [name for name in now if name != "truth"]
    levers = savings_of_rates(now[columns], year=2023, previous=before[columns])
    assert (levers["lower_eur"] <= levers["saving_eur"]).all()
    assert (levers["saving_eur"] <= levers["upper_eur"]).all()
    assert levers["reason"].str.startswith("boîtes d'IPP pour toutes les boîtes prescrites").all()
    ranked = top_levers(levers)
    assert (ranked["lower_eur"] <= ranked["best_quartile_eur"].astype(float)).all()
    few = savings_of_rates(now[columns].head(6), year=2023, previous=before[columns].head(6))
    assert few["reason"].str.contains("trop peu d'établissements").all()


def test_an_extract_is_told_from_a_whole_base(tmp_path: Path) -> None:
    assert looks_like_extract(region(tmp_path / "extract"))
    assert not looks_like_extract(Store(tmp_path / "empty"))


def test_every_lever_says_what_it_supposes() -> None:
    assert set(LEVER_ASSUMPTIONS) == set(LEVER_LABELS)
    assert all("de l'année" in LEVER_ASSUMPTIONS[name] for name in ("biosimilars", "substitution", "perfadom"))
