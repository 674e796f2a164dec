"""One table of six establishments for each lever, computed by hand.

In all of them: shares of 10 to 50 % in the five that have thirty units at least, so that the median is 30 %, the best
quarter 40 % where more is better and 20 % where less is; the sixth has twenty units, and takes no part in either.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.savings.levers import potential_savings
from caqes_analysis.store import Store
from tests.builders import establishments

PEERS = [f"99000000{n}" for n in range(1, 7)]
UNITS = [100, 200, 100, 50, 100, 20]
MORE_IS_BETTER = [10, 40, 30, 20, 50, 0]
LESS_IS_BETTER = [10, 40, 30, 20, 50, 10]
STATE = {"delivery": "essai", "value_status": "reported", "is_provisional": False, "is_corrected": False}


def drug(finess: str, atc5: str, boxes: int, price: str, *, status: str = "0", **more: Any) -> dict[str, Any]:
    """One presentation of an establishment, half reimbursed unless said otherwise; each status has its own code."""
    rate = Decimal(more.pop("rate", "0.5"))
    base = Decimal(price) * boxes
    return {
        "year": 2023,
        "finess": finess,
        "cip13": f"34000{ord(atc5[0])}{atc5[1:3]}{atc5[-2:]}{ord(status)}",
        "product_label": "ESSAI 10MG CPR 30",
        "atc1": atc5[0],
        "atc4": atc5[:5],
        "atc5": atc5,
        "atc4_label": "CLASSE D'ESSAI",
        "atc5_label": "ESSAI",
        "generic_status": status,
        "boxes_nb": boxes,
        "base_eur": base,
        "reimbursed_eur": base * rate,
        **more,
    }


def article(finess: str, lpp: str, quantity: int, amount: str) -> dict[str, Any]:
    return {"finess": finess, "period": "2023", "lpp": lpp, "quantity_nb": quantity, "amount_eur": Decimal(amount)}


def levers_of(
    directory: Path,
    drugs: list[dict[str, Any]],
    articles: list[dict[str, Any]] | None = None,
    codes: list[dict[str, Any]] | None = None,
) -> pd.DataFrame:
    """Return the levers of a store that received these lines and nothing else."""
    store = Store(directory)
    known = establishments(*({"finess": finess} for finess in PEERS))
    store.write(tables.ESTABLISHMENTS, known, part="essai")
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part="essai")
    rows = pd.DataFrame([one for one in drugs if one["boxes_nb"]])
    rows = rows.assign(source="essai", source_line=range(2, len(rows) + 2), value_status="reported")
    rows = tables.ANNUAL_DRUG_SPEND.conform(rows, is_provisional=False, is_corrected=False)
    store.write(tables.ANNUAL_DRUG_SPEND, rows, part="essai")
    if articles:
        store.write(tables.LPP_SPEND, tables.LPP_SPEND.conform(pd.DataFrame(articles), **STATE), part="essai")
        named = pd.DataFrame(codes).assign(kind="lpp", status="verified", source="essai")
        store.write(tables.CODE_LISTS, tables.CODE_LISTS.conform(named), part="essai")
    return potential_savings(store, year=2023)


def check(levers: pd.DataFrame, lever: str, table: list[tuple[float, str, str, str]]) -> None:
    """Compare a lever with its table: rate, gap of a unit, saving at the median and at the best quarter."""
    own = levers[levers["lever"] == lever].set_index(["finess", "scenario"])
    best = 0.4 if own["reference_rate"].max() > 0.3 else 0.2
    assert set(own["reference_rate"].round(9)) == {0.3, best}
    assert set(own["establishments_nb"]) == {5}, "the sixth has fewer than thirty units"
    for finess, (rate, gap, median, quarter) in zip(PEERS, table, strict=True):
        row = own.loc[(finess, "median")]
        assert row["rate"] == pytest.approx(rate), finess
        assert row["gap_eur"] == pytest.approx(float(gap)), finess
        assert row["saving_eur"] == Decimal(median), finess
        assert own.loc[(finess, "best_quartile"), "saving_eur"] == Decimal(quarter), finess


def test_substitution(tmp_path: Path) -> None:
    """Brand 10 €, generic 6 €: the gap is 4 € at the rate at which each one's brand is reimbursed."""
    rates = ["0.65", "0.65", "0.30", "1.00", "0.65", "0.65"]
    drugs = []
    for finess, cheap, units, rate in zip(PEERS, MORE_IS_BETTER, UNITS, rates, strict=True):
        drugs += [
            drug(finess, "C09AA05", cheap, "6.00", status="1", rate=rate),
            drug(finess, "C09AA05", units - cheap, "10.00", status="4", rate=rate),
        ]
    check(
        levers_of(tmp_path, drugs),
        "substitution",
        [
            (0.1, "2.60", "52.00", "78.00"),  # 0.2 and 0.3 of 100 boxes × 2.60 €
            (0.2, "2.60", "52.00", "104.00"),  # 0.1 and 0.2 of 200
            (0.3, "1.20", "0.00", "12.00"),  # 0.1 of 100 × 1.20 €
            (0.4, "4.00", "0.00", "0.00"),
            (0.5, "2.60", "0.00", "0.00"),
            (0.0, "2.60", "15.60", "20.80"),  # 0.3 and 0.4 of 20
        ],
    )


def test_repertoire(tmp_path: Path) -> None:
    """Within the list 5 €, brand or generic; outside 12 €: half of 7 € is reimbursed. An injection is no choice."""
    drugs = [drug(PEERS[0], "N02AA03", 1000, "40.00", product_label="ESSAI 10MG SOL INJ 1")]
    for finess, listed, units in zip(PEERS, MORE_IS_BETTER, UNITS, strict=True):
        drugs += [
            drug(finess, "N02AA01", listed // 2, "5.00", status="1"),
            drug(finess, "N02AA01", listed - listed // 2, "5.00", status="4"),
            drug(finess, "N02AA02", units - listed, "12.00"),
        ]
    levers = levers_of(tmp_path, drugs)
    assert set(levers["lever"]) == {"repertoire"}, "brand and generic have one price: there is nothing to substitute"
    check(
        levers,
        "repertoire",
        [
            (0.1, "3.50", "70.00", "105.00"),
            (0.2, "3.50", "70.00", "140.00"),
            (0.3, "3.50", "0.00", "35.00"),
            (0.4, "3.50", "0.00", "0.00"),
            (0.5, "3.50", "0.00", "0.00"),
            (0.0, "3.50", "21.00", "28.00"),
        ],
    )


def test_ipp(tmp_path: Path) -> None:
    """A box avoided is worth what the establishment's own boxes are reimbursed; every other box counts below."""
    drugs = []
    prices = ["4.00", "6.00", "4.00", "5.00", "4.00", "8.00"]
    for finess, own, units, price in zip(PEERS, LESS_IS_BETTER, UNITS, prices, strict=True):
        drugs += [
            drug(finess, "A02BC01", own // 2, price),
            drug(finess, "A02BC05", own - own // 2, price),
            drug(finess, "N02BE01", units - own, "2.00"),
        ]
    check(
        levers_of(tmp_path, drugs),
        "ipp",
        [
            (0.1, "2.00", "0.00", "0.00"),
            (0.2, "3.00", "0.00", "0.00"),
            (0.3, "2.00", "0.00", "20.00"),  # 0.1 of 100 boxes × 2 €
            (0.4, "2.50", "12.50", "25.00"),  # 0.1 and 0.2 of 50
            (0.5, "2.00", "40.00", "60.00"),
            (0.5, "4.00", "16.00", "24.00"),  # 0.2 and 0.3 of 20
        ],
    )


def test_ezetimibe(tmp_path: Path) -> None:
    """The statin that takes its place is reimbursed 3 € on average: (90 × 4 + 50 × 1.20 + 270 × 3) / 410."""
    drugs = [drug(PEERS[0], "A10BA02", 1000, "2.00")]
    prices = ["16.00", "26.00", "16.00", "18.00", "16.00", "16.00"]
    statins = ["8.00", "6.00", "6.00", "6.00", "2.40", "6.00"]
    for finess, own, units, price, statin in zip(PEERS, LESS_IS_BETTER, UNITS, prices, statins, strict=True):
        drugs += [
            drug(finess, "C10AX09", own // 2, price),
            drug(finess, "C10BA05", own - own // 2, price),
            drug(finess, "C10AA05", units - own, statin),
        ]
    check(
        levers_of(tmp_path, drugs),
        "ezetimibe",
        [
            (0.1, "5.00", "0.00", "0.00"),
            (0.2, "10.00", "0.00", "0.00"),
            (0.3, "5.00", "0.00", "50.00"),
            (0.4, "6.00", "30.00", "60.00"),
            (0.5, "5.00", "100.00", "150.00"),
            (0.5, "5.00", "20.00", "30.00"),
        ],
    )


def test_perfadom(tmp_path: Path) -> None:
    """Gravity costs 50 € on average: (50 × 68 + 90 × 40 + 270 × 50) / 410. Consumables do not count."""
    roles = ("diffuseur", "systeme_actif_electrique", "gravite", "consommable")
    codes = [{"list": "perfadom", "code": f"110000{n}", "role": role} for n, role in enumerate(roles)]
    active, gravity = [80, 80, 80, 90, 70, 80], [40, 50, 50, 50, 68, 50]
    articles = []
    for finess, own, units, dear, cheap in zip(PEERS, LESS_IS_BETTER, UNITS, active, gravity, strict=True):
        diffusers_nb = own // 2
        articles += [
            article(finess, "1100000", diffusers_nb, f"{dear * diffusers_nb}"),
            article(finess, "1100001", own - diffusers_nb, f"{dear * (own - diffusers_nb)}"),
            article(finess, "1100002", units - own, f"{cheap * (units - own)}"),
            article(finess, "1100003", 1000, "25000"),
        ]
    levers = levers_of(tmp_path, [drug(finess, "N02BE01", 100, "2.00") for finess in PEERS], articles, codes)
    assert set(levers["lever"]) == {"perfadom"}
    check(
        levers,
        "perfadom",
        [
            (0.1, "30.00", "0.00", "0.00"),
            (0.2, "30.00", "0.00", "0.00"),
            (0.3, "30.00", "0.00", "300.00"),  # 0.1 of 100 packages × (80 − 50) €
            (0.4, "40.00", "200.00", "400.00"),  # 0.1 and 0.2 of 50 × (90 − 50) €
            (0.5, "20.00", "400.00", "600.00"),
            (0.5, "30.00", "120.00", "180.00"),
        ],
    )


def test_dressings(tmp_path: Path) -> None:
    """Euros of dressings for each euro of drugs; a euro avoided is worth one."""
    drugs, articles = [], []
    for finess, own, units in zip(PEERS, LESS_IS_BETTER, UNITS, strict=True):
        drugs.append(drug(finess, "N02BE01", 10 * units if units > 20 else units, "2.00"))
        articles.append(article(finess, "1200001", 7, str(10 * own if units > 20 else own)))
        articles.append(article(finess, "1200002", 7, "5000"))  # not of the list
    levers = levers_of(tmp_path, drugs, articles, [{"list": "pansements", "code": "1200001"}])
    check(
        levers,
        "pansements",
        [
            (0.1, "1.00", "0.00", "0.00"),
            (0.2, "1.00", "0.00", "0.00"),
            (0.3, "1.00", "0.00", "100.00"),  # 0.1 of 1,000 €
            (0.4, "1.00", "50.00", "100.00"),  # 0.1 and 0.2 of 500 €
            (0.5, "1.00", "200.00", "300.00"),
            (0.5, "1.00", "4.00", "6.00"),
        ],
    )
