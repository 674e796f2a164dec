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
    *,
    aims: dict[tuple[str, str, str], float | None] | None = None,
    known: dict[str, dict[str, str]] | None = None,
) -> pd.DataFrame:
    """Return the levers of a store that received these lines and nothing else."""
    store = Store(directory)
    known = establishments(*({"finess": finess, **(known or {}).get(finess, {})} for finess in PEERS))
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
    if aims is None:
        return potential_savings(store, year=2023)
    named = [
        {"subject": subject, "measure": measure, "finess": finess, "value": value}
        for (subject, measure, finess), value in aims.items()
    ]
    extra = {"scheme": "essai", "data_year": 2023, "unit_label": "%", "source": "essai", "status": "regional"}
    store.write(tables.TARGETS, tables.TARGETS.conform(pd.DataFrame(named), **extra), part="essai")
    levers = potential_savings(store, year=2023, scheme="essai")
    return levers[levers["scenario"] == "target"]


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


def saved(levers: pd.DataFrame, lever: str) -> dict[str, Decimal]:
    own = levers[levers["lever"] == lever]
    return {finess: sum(some["saving_eur"], Decimal(0)) for finess, some in own.groupby("finess")}


def test_a_share_to_reach_is_that_of_the_whole_establishment(tmp_path: Path) -> None:
    """49 % of 300 boxes, masked ones and injections included, is 147: 67 are missing beside the 80 listed."""
    drugs = []
    for finess, listed in ((PEERS[0], 60), (PEERS[1], 127), (PEERS[2], 60)):
        drugs += [
            drug(finess, "N02AA01", 20, "5.00", status="1"),
            drug(finess, "N02AA02", 80, "12.00"),
            drug(finess, "C09AA01", listed, "5.00", status="1"),
            drug(finess, "C09AA02", max(0, 100 - listed), "12.00"),
            drug(finess, "N02AA03", 150 - max(listed, 100), "40.00", product_label="ESSAI 10MG SOL INJ 1"),
            drug(finess, "C10AA05", 50, "2.00", status="9", cip13="9999999999999"),
        ]
    aims = {("repertoire_share", "share_pct", "all"): 49.0, ("repertoire_share", "share_pct", PEERS[2]): 30.0}
    levers = levers_of(tmp_path, drugs, aims=aims)
    assert saved(levers, "repertoire") == {
        PEERS[0]: Decimal("234.50"),  # 67 boxes × half of 7 €, 67/120 of what is left in each class
        PEERS[1]: Decimal("0.00"),  # 147 of 300: met, though one class is at 20 %
        PEERS[2]: Decimal("35.00"),  # its own objective: 90 of 300, 10 boxes are missing
    }
    first = levers[levers["finess"] == PEERS[0]].set_index("product_group")["moved_nb"].astype(float)
    assert first.to_dict() == pytest.approx({"N02AA": 80 * 67 / 120, "C09AA": 40 * 67 / 120}, abs=0.001)


def test_an_evolution_to_reach_is_that_of_the_spending(tmp_path: Path) -> None:
    """-5 % of 1,000 € is 950: 1,010 € is 60 too much, 30 boxes of 2 €; a statin of 3 € takes the place of ezetimibe."""
    drugs = []
    boxes_of = [(500, 505), (500, 475), (500, 505), (0, 505), (500, 250)]
    for finess, (before, now) in zip(PEERS[:5], boxes_of, strict=True):
        for year, boxes in ((2022, before), (2023, now)):
            drugs += [
                drug(finess, "A02BC01", boxes, "4.00", year=year),
                drug(finess, "C10AX09", boxes, "10.00", year=year),
                drug(finess, "C10AA05", 100, "6.00", year=year),
            ]
    aims = {("phev_ipp", "evolution_pct", "all"): -5.0, ("phev_ezetimibe", "evolution_pct", "all"): -5.0}
    # Half of a year is compared with nothing: the fifth has not avoided what it would have been prescribed.
    known = {PEERS[2]: {"valid_from": "2022-07-01"}, PEERS[4]: {"valid_to": "2023-06-30"}}
    levers = levers_of(tmp_path, drugs, aims=aims, known=known)
    assert saved(levers, "ipp") == {PEERS[0]: Decimal("60.00"), PEERS[1]: Decimal("0.00")}
    # 150 € too much of 2,525: 30 boxes of 5 €, of which 2 € are saved.
    assert saved(levers, "ezetimibe") == {PEERS[0]: Decimal("60.00"), PEERS[1]: Decimal("0.00")}


def test_an_objective_is_that_of_the_establishment_then_of_its_contract_then_of_all(tmp_path: Path) -> None:
    """1,010 € where -5 % asks for 950, 0 % for 1,000; a row without value says that there is no objective."""
    drugs = [
        drug(finess, "A02BC01", boxes, "4.00", year=year)
        for finess in PEERS[:4]
        for year, boxes in ((2022, 500), (2023, 505))
    ]
    drugs += [drug(finess, "N02BE01", 100, "2.00", year=year) for finess in PEERS[:4] for year in (2022, 2023)]
    signed = {finess: {"contract_finess": "990000099"} for finess in PEERS[2:4]}
    asked = {"all": -5.0, PEERS[1]: None, "990000099": 0.0, PEERS[3]: 1.0}
    aims = {("phev_ipp", "evolution_pct", who): value for who, value in asked.items()}
    assert saved(levers_of(tmp_path, drugs, aims=aims, known=signed), "ipp") == {
        PEERS[0]: Decimal("60.00"),
        PEERS[2]: Decimal("10.00"),
        PEERS[3]: Decimal("0.00"),
    }


def test_masked_lines_count_in_the_overrun_and_not_in_the_price_of_a_box(tmp_path: Path) -> None:
    """1,410 € for 95 % of 1,400 is 80 € too much, 40 boxes of 2 €: masked boxes are dearer, and none can be named."""
    masked = {"cip13": "9999999999999", "status": "9"}
    drugs = []
    for finess, known, hidden in ((PEERS[0], (500, 505), 100), (PEERS[1], (5, 10), 600)):
        for year, boxes in zip((2022, 2023), known, strict=True):
            drugs += [
                drug(finess, "A02BC01", boxes, "4.00", year=year),
                drug(finess, "A02BC02", hidden, "8.00", year=year, **masked) | {"atc5": "9999999"},
                drug(finess, "C10AX09", boxes, "10.00", year=year),
                drug(finess, "C10BA02", hidden, "10.00", year=year, **masked),
                drug(finess, "C10AA05", 100, "6.00", year=year),
            ]
    aims = {("phev_ipp", "evolution_pct", "all"): -5.0, ("phev_ezetimibe", "evolution_pct", "all"): -5.0}
    levers = levers_of(tmp_path, drugs, aims=aims)
    assert saved(levers, "ipp") == {
        PEERS[0]: Decimal("80.00"),
        PEERS[1]: Decimal("20.00"),  # 2,420 € for 2,289.50: all the boxes that are named, ten of 2 €
    }
    assert saved(levers, "ezetimibe") == {
        PEERS[0]: Decimal("70.00"),  # 3,025 € for 95 % of 3,000: 35 boxes of 5 €, of which 2 € are saved
        PEERS[1]: Decimal("20.00"),
    }


def test_an_evolution_to_reach_of_perfusions_and_dressings(tmp_path: Path) -> None:
    """A package moved lowers the spending by its gap; consumables count in the objective, as in the indicator."""
    roles = {"1100000": "diffuseur", "1100002": "gravite", "1100003": "consommable"}
    codes = [{"list": "perfadom", "code": code, "role": role} for code, role in roles.items()]
    codes.append({"list": "pansements", "code": "1200001"})
    articles = []
    for year, spent in (("2022", 2000), ("2023", 1800)):
        articles += [
            article(PEERS[0], "1100000", 50, "4000") | {"period": year},
            article(PEERS[0], "1100002", 80, "4000") | {"period": year},
            article(PEERS[0], "1100003", 10, str(spent)) | {"period": year},
            article(PEERS[0], "1200001", 10, "1000") | {"period": year},
        ]
    aims = {("phev_perfadom", "evolution_pct", "all"): -5.0, ("phev_pansements", "evolution_pct", "all"): -3.0}
    levers = levers_of(tmp_path, [drug(PEERS[0], "N02BE01", 100, "2.00")], articles, codes, aims=aims)
    assert saved(levers, "perfadom") == {PEERS[0]: Decimal("300.00")}  # 9,800 − 95 % of 10,000: 10 packages × 30 €
    assert levers.set_index("lever").loc["perfadom", "moved_nb"] == Decimal(10)
    assert saved(levers, "pansements") == {PEERS[0]: Decimal("30.00")}
    halved = [one for one in articles if one["period"] == "2023"] + [articles[0] | {"period": "2022-01"}]
    halved += [articles[0] | {"period": "2022-02"}]
    levers = levers_of(tmp_path / "months", [drug(PEERS[0], "N02BE01", 100, "2.00")], halved, codes, aims=aims)
    assert levers.empty, "a year of which other months were received is compared with nothing"


def test_an_evolution_to_reach_needs_the_same_months_of_both_years(tmp_path: Path) -> None:
    """12,000 € for 90 % of 12,000; a hospital that has no line in a month used nothing, where the region sent it."""
    codes = [{"list": "pansements", "code": "1200001"}]
    articles = [
        article(finess, "1200001", 10, "1000") | {"period": f"{year}-{month:02d}"}
        for finess in PEERS[:2]
        for year in (2022, 2023)
        for month in range(1, 13)
        if finess == PEERS[0] or month <= {2022: 10, 2023: 9}[year]
    ]
    # The third sent one year as a whole, and the other month by month.
    whole = [article(PEERS[2], "1200001", 120, "12000") | {"period": "2022"}]
    whole += [one | {"finess": PEERS[2]} for one in articles if one["finess"] == PEERS[0] and one["period"] > "2023"]
    aims = {("phev_pansements", "evolution_pct", "all"): -10.0}
    drugs = [drug(finess, "N02BE01", 100, "2.00") for finess in PEERS[:3]]
    for directory, sent in (("months", articles), ("years", articles + whole)):
        found = saved(levers_of(tmp_path / directory, drugs, sent, codes, aims=aims), "pansements")
        assert found == {PEERS[0]: Decimal("1200.00"), PEERS[1]: Decimal("0.00")} | (
            {PEERS[2]: Decimal("1200.00")} if directory == "years" else {}
        )
    halves = [one for one in articles if ("2022" in one["period"]) == (int(one["period"][-2:]) <= 6)]
    assert levers_of(tmp_path / "halves", drugs, halves, codes, aims=aims).empty, "as many months, and not the same"
    unknown = [one | ({"amount_eur": None} if one["period"] == "2022-03" else {}) for one in articles]
    assert levers_of(tmp_path / "unknown", drugs, unknown, codes, aims=aims).empty, "a sum that lacks an amount is none"
