"""Chain ladder: published and hand-computed triangles, simulated ones for bias and coverage, and the way to a store."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.quality.development import completed_months, fit_ladder, links_of, total_error
from caqes_analysis.store import Store
from tests.builders import A, B

# Incremental amounts of Taylor & Ashe (1983), on which Mack (1993) publishes his standard errors.
TAYLOR_ASHE = """
357848 766940 610542 482940 527326 574398 146342 139950 227229 67948
352118 884021 933894 1183289 445745 320996 527804 266172 425046
290507 1001799 926219 1016654 750816 146923 495992 280405
310608 1108250 776189 1562400 272482 352053 206286
443160 693190 991983 769488 504851 470639
396132 937085 847498 805037 705960
440832 847631 1131398 1063269
359480 1061648 1443370
376686 986608
344014
"""


def history_of(triangle: list[np.ndarray], finess: str = A) -> pd.DataFrame:
    """Rows of a history: month i of the triangle, seen at ages 0, 1, 2…"""
    first = pd.Period("2020-01", "M")
    cells = [
        (first + i, first + i + age, value) for i, values in enumerate(triangle) for age, value in enumerate(values)
    ]
    frame = pd.DataFrame(cells, columns=["month", "as_of", "amount_eur"])
    return frame.assign(finess=finess, month=frame["month"].dt.to_timestamp(), as_of=frame["as_of"].dt.to_timestamp())


def test_macks_published_example() -> None:
    triangle = [np.cumsum([int(x) for x in line.split()]) for line in TAYLOR_ASHE.split("\n") if line]
    ladder = fit_ladder(links_of(history_of(triangle)))
    assert ladder is not None
    published = [3.4906, 1.7473, 1.4574, 1.1739, 1.1038, 1.0863, 1.0539, 1.0766, 1.0177]
    assert ladder.factors == pytest.approx(published, abs=5e-5)
    latest = np.array([values[-1] for values in triangle], float)
    ages = np.array([len(values) - 1 for values in triangle])
    done = [ladder.complete(value, age) for value, age in zip(latest, ages, strict=True)]
    errors = [75535, 121699, 133549, 261406, 411010, 558317, 875328, 971258, 1363155]
    assert [error for _, error in done[1:]] == pytest.approx(errors, rel=1e-5)
    assert sum(value for value, _ in done) - latest.sum() == pytest.approx(18680856, abs=1)
    assert total_error(ladder, latest, ages) == pytest.approx(2447095, rel=1e-6)


def test_a_triangle_by_hand() -> None:
    # f0 = (110 + 230) / (100 + 200) = 17/15; f1 = 121 / 110 = 1.1
    ladder = fit_ladder(links_of(history_of([np.array([100, 110, 121]), np.array([200, 230]), np.array([150])])))
    assert ladder is not None
    assert ladder.factors.tolist() == pytest.approx([17 / 15, 1.1])
    # sigma0^2 = [100 (1.1 - 17/15)^2 + 200 (1.15 - 17/15)^2] / 1 = 1/9 + 1/18 = 1/6; one link: no sigma1
    assert ladder.variances[0] == pytest.approx(1 / 6)
    assert np.isnan(ladder.variances[1])
    assert ladder.complete(150, 0)[0] == pytest.approx(150 * 17 / 15 * 1.1)
    assert ladder.complete(121, 2) == (121, 0)


def test_establishments_that_one_delivery_leaves_out_do_not_pass_for_growth() -> None:
    whole = history_of([np.array([100.0, 110.0])])
    newcomer = history_of([np.array([0.0, 900.0])], B)
    links = links_of(pd.concat([whole, newcomer[newcomer["amount_eur"] > 0]]))
    assert links[["from_eur", "to_eur"]].to_numpy().tolist() == [[100.0, 110.0]]


def simulated(
    random: np.random.Generator, months_nb: int = 24, ages_nb: int = 6
) -> tuple[list[np.ndarray], np.ndarray]:
    """Cumulative triangles that follow Mack's model, and the true last value of each month."""
    factors, sigma = np.array([1.35, 1.10, 1.04, 1.02, 1.01]), np.array([6.0, 3.0, 1.5, 1.0, 0.6])
    paths = np.empty((months_nb, ages_nb))
    paths[:, 0] = random.uniform(5e4, 2e5, months_nb)
    for k in range(ages_nb - 1):
        noise = sigma[k] * np.sqrt(paths[:, k]) * random.standard_normal(months_nb)
        paths[:, k + 1] = factors[k] * paths[:, k] + noise
    seen = [paths[i, : min(ages_nb, months_nb - i)] for i in range(months_nb)]
    return seen, paths[:, -1]


def test_simulated_triangles_are_completed_without_bias_and_covered() -> None:
    random = np.random.default_rng(20)
    relative, inside = [], []
    for _ in range(120):
        seen, truth = simulated(random)
        ladder = fit_ladder(links_of(history_of(seen)))
        assert ladder is not None
        value, error = ladder.complete(float(seen[-1][-1]), 0)
        relative.append((value - truth[-1]) / truth[-1])
        inside.append(abs(value - truth[-1]) <= 1.2816 * error)
    assert abs(np.mean(relative)) < 3 * np.std(relative) / np.sqrt(120)
    assert 0.72 <= np.mean(inside) <= 0.88


def rows(delivery: str, amounts: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "finess": A,
            "month": [pd.Timestamp(f"{month}-01") for month in amounts],
            "envelope": "phmev",
            "amount_eur": [Decimal(x) for x in amounts.values()],
            "amount_kind": "reimbursed",
            "delivery": delivery,
            "date_basis": "care",
            "tax": "TTC",
            "value_status": "reported",
            "is_provisional": False,
            "is_corrected": False,
        }
    )


def test_the_months_of_a_store_are_completed_from_its_earlier_deliveries(tmp_path: Path) -> None:
    store = Store(tmp_path)
    new = rows("d3", {"2024-01": "121", "2024-02": "230", "2024-03": "150"})
    store.write(tables.MONTHLY_SPEND, tables.MONTHLY_SPEND.conform(new), part="d3")
    for name, amounts in (("d1", {"2024-01": "100"}), ("d2", {"2024-01": "110", "2024-02": "200"})):
        old = tables.REPLACED_SPEND.conform(rows(name, amounts).assign(replaced_by="d3"))
        store.write(tables.REPLACED_SPEND, old, part=name)
    found = completed_months(store)
    assert found["month"].dt.month.tolist() == [2, 3]
    assert found["age"].tolist() == [1, 0]
    assert found["completed_eur"].tolist() == pytest.approx([230 * 1.1, 150 * 17 / 15 * 1.1])
    assert completed_months(Store(tmp_path / "empty")).empty


def test_quarterly_deliveries_follow_their_own_step() -> None:
    first = pd.Period("2023-01", "M")
    ends = (2, 5, 8, 11)
    cells = [(first + i, first + end, 100.0 + end - i) for end in ends for i in range(end + 1)]
    frame = pd.DataFrame(cells, columns=["month", "as_of", "amount_eur"]).assign(finess=A)
    frame = frame.assign(month=frame["month"].dt.to_timestamp(), as_of=frame["as_of"].dt.to_timestamp())
    ladder = fit_ladder(links_of(frame))
    assert ladder is not None
    assert ladder.step == 3
    assert ladder.chain(0).size == 3
    assert ladder.factors[0] == pytest.approx(1.03)
