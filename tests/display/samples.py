"""Small hand-made series, and one figure of each kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial

import numpy as np
import pandas as pd

from caqes_analysis.display import Figure, charts
from caqes_analysis.display.charts_position import Reference
from caqes_analysis.display.measure import MeasureFormat


def monthly(
    level: float = 1_300_000, *, seed: int = 1, growth: float = 0.05, last: tuple[int, int] = (2024, 9)
) -> pd.DataFrame:
    """Three years of months of one series, seasonal, with noise; the two last months are provisional."""
    rng = np.random.default_rng(seed)
    rows = []
    for year in (2022, 2023, 2024):
        for month in range(1, 13):
            if (year, month) > last:
                continue
            season = 1 + 0.06 * math.sin(month) - (0.12 if month == 8 else 0)
            amount = level * (1 + growth) ** (year - 2022) * season * (1 + 0.04 * rng.standard_normal())
            provisional = (year, month) >= (last[0], last[1] - 1)
            rows.append((pd.Timestamp(year, month, 1), Decimal(f"{amount:.2f}"), "reported", provisional))
    return pd.DataFrame(rows, columns=["month", "amount_eur", "value_status", "is_provisional"])


def establishments(number: int = 40, seed: int = 2) -> pd.DataFrame:
    """Establishments with the amounts of two periods and a rate."""
    rng = np.random.default_rng(seed)
    before = np.exp(rng.normal(14, 1.2, number))
    rate = rng.normal(5, 8, number)
    names = ["Centre hospitalier de Saint-Martin-des-Grandes-Landes-sur-Vézère", "Clinique des Genêts", "CHU de Rive"]
    return pd.DataFrame(
        {
            "finess": [f"99{position:07d}" for position in range(number)],
            "name": [f"{names[position % 3]} {position}" for position in range(number)],
            "previous_eur": [Decimal(f"{value:.2f}") for value in before],
            "amount_eur": [Decimal(f"{value * (1 + r / 100):.2f}") for value, r in zip(before, rate, strict=True)],
            "value": rate,
        }
    )


def verdicts(contracts_nb: int, *, seed: int = 0) -> pd.DataFrame:
    """Contracts × indicators, some indicators out of a contract, some without verdict."""
    rng = np.random.default_rng(seed)
    names = ["IPP", "PERFADOM", "Part ambulance", "Réhospitalisations IC"]
    rows = [
        {
            "contract_finess": f"99{number:07d}",
            "name": f"Centre hospitalier de Rive {number}",
            "indicator": name,
            "reference_status": rng.choice(["targeted", "respected", "unknown"]),
            "attainment": rng.choice(["attained", "not_attained", "unknown"]),
        }
        for number in range(contracts_nb)
        for name in names
        if name != "Part ambulance" or number % 3
    ]
    return pd.DataFrame(rows)


def errors(seed: int = 5) -> pd.DataFrame:
    """Errors of four methods in two replayed years, one of them unknown."""
    draws = np.random.default_rng(seed).normal(0, 3, 8)
    draws[5] = np.nan
    methods = [
        "part de l'année",
        "niveau des trois derniers mois",
        "croissance sur douze mois, amortie de moitié",
        "ETS",
    ]
    keys = [(method, year) for method in methods for year in (2023, 2022)]
    return pd.DataFrame(keys, columns=["label", "year"]).assign(error_points=draws)


def received(number: int, months_nb: int = 14, seed: int = 3) -> pd.DataFrame:
    """State of each month of each establishment; some missing, some zero, the two last provisional."""
    rng = np.random.default_rng(seed)
    rows = []
    for position in range(number):
        for step in range(months_nb):
            month = pd.Timestamp(2023, 8, 1) + pd.DateOffset(months=step)
            draw = rng.random()
            status = "missing" if draw < 0.03 else "zero" if draw < 0.05 else "reported"
            group = f"99{1 + position % 12} – Val {position % 12}"
            rows.append((f"99{position:07d}", f"CH n° {position}", month, status, step >= months_nb - 2, group))
    return pd.DataFrame(rows, columns=["finess", "name", "month", "value_status", "is_provisional", "group"])


def classes(number: int = 12) -> pd.DataFrame:
    """Classes with the amounts of two years."""
    amounts = [Decimal(4_000_000 * 3**rank) / 4**rank for rank in range(number)]
    return pd.DataFrame(
        {
            "code": [f"L{rank:02d}" for rank in range(number)],
            "label": [f"Médicaments pour les maladies obstructives, groupe {rank}" for rank in range(number)],
            "amount_eur": [round(amount, 2) for amount in amounts],
            "previous_eur": [round(amount * (97 + rank) / 100, 2) for rank, amount in enumerate(amounts)],
        }
    )


def departments(number: int = 12, seed: int = 5) -> pd.DataFrame:
    """Months of several departments."""
    parts = [
        monthly(1e6 * (rank + 1), seed=seed + rank, growth=0.02 * rank - 0.04).assign(label=f"{rank + 8} – Grands-Lacs")
        for rank in range(number)
    ]
    return pd.concat(parts, ignore_index=True)


def effects(seed: int = 4) -> pd.DataFrame:
    """Effects that lead from a year to the next; some are nil."""
    rng = np.random.default_rng(seed)
    names = ("price", "volume", "mix", "rate", "fees", "entries", "exits", "perimeter", "masked")
    row = {f"{name}_eur": Decimal(f"{rng.normal(0, 100_000):.2f}") for name in names} | {"exits_eur": Decimal(0)}
    before = Decimal("12345678.90")
    return pd.DataFrame([{"previous_eur": before, **row, "current_eur": before + sum(row.values())}])


def moves(number: int = 40, seed: int = 1, scale: float = 1.0) -> pd.DataFrame:
    """Values of two years."""
    rows = establishments(seed=seed).head(number)
    before = rows["value"].astype(float) + 20
    return rows.assign(previous=before * scale, value=(before + (seed % 3) - 1 + rows["value"] / 10) * scale)


def years(number: int = 5, seed: int = 1) -> pd.DataFrame:
    """A value a year, with its interval, the first one unknown."""
    values = [50 + seed - 0.4 * place for place in range(number)]
    return pd.DataFrame(
        {
            "period": [f"{2020 + place} à M7" for place in range(number)],
            "year": [2020 + place for place in range(number)],
            "value": values,
            "lower": [None, *[value - 0.6 for value in values[1:]]],
            "upper": [None, *[value + 0.7 for value in values[1:]]],
        }
    ).astype({"lower": float, "upper": float})


def mapped(codes: str = "961 962 963 964 965 966 967 968 969", seed: int = 1) -> pd.DataFrame:
    """A value a department, one of them missing."""
    names = codes.split()
    values = [4.0 + seed / 10 + (place * 7) % 5 for place in range(len(names))]
    values[-1] = float("nan")
    return pd.DataFrame({"department": names, "value": values, "establishments_nb": 3})


SQUARES = {
    code: [[(x, 45.0), (x + 1.0, 45.0), (x + 1.0, 46.0), (x, 46.0), (x, 45.0)]]
    for code, x in (("16", 0.0), ("17", -1.0), ("19", 1.5))
}
PLACE = {"year": 2024, "name": "Centre hospitalier de Rive", "envelope": "phmev"}
_MAKERS: dict[str, Callable[[int], Figure]] = {
    "monthly_spending": lambda seed: charts.monthly_spending(monthly(seed=seed), **PLACE),
    "cumulative_path": lambda seed: charts.cumulative_path(
        monthly(seed=seed, growth=0.01 * seed),
        **PLACE,
        target_pct=4,
        projection=charts.Projection(Decimal(17_300_000), "part de l'année", 16_800_000, 17_900_000),
    ),
    "cumulative_path_whole_year": lambda seed: charts.cumulative_path(
        monthly(seed=seed, last=(2024, 12)), **PLACE, target_pct=3.2, target_label="repère régional de l'agence"
    ),
    "cumulative_path_january": lambda seed: charts.cumulative_path(
        monthly(seed=seed, last=(2024, 1)),
        **PLACE,
        target_pct=4,
        projection=charts.Projection(Decimal(17_300_000), "part de l'année de l'exercice précédent"),
    ),
    "cumulative_path_alone": lambda seed: charts.cumulative_path(monthly(seed=seed), **PLACE),
    "cumulative_rate": lambda seed: charts.cumulative_rate(
        monthly(seed=seed, growth=0.02 * seed), **PLACE, target_pct=3.2, target_label="repère régional"
    ),
    "cumulative_rate_january": lambda seed: charts.cumulative_rate(
        monthly(seed=seed, last=(2024, 1)), **PLACE, target_pct=4
    ),
    "contributions": lambda seed: charts.contributions(
        establishments(seed=seed), period="janvier à septembre 2024", name="Région", envelope="phmev"
    ),
    "top_classes": lambda seed: charts.top_classes(classes(8 + seed), year=2024, name="Région"),
    "year_totals": lambda seed: charts.year_totals(
        classes(5 + seed)[["label", "amount_eur"]], year=2024, name="Région", envelope="lpp"
    ),
    "waterfall": lambda seed: charts.waterfall(effects(seed), year=2024, name="Région", envelope="phmev"),
    "past_errors": lambda seed: charts.past_errors(errors(seed), name="PHMEV"),
    "small_multiples": lambda seed: charts.small_multiples(
        departments(seed=seed), year=2024, name="Région", envelope="lpp"
    ),
    "verdict_grid": lambda seed: charts.verdict_grid(verdicts(40, seed=seed), name="Région", year=2023),
    "completeness_heatmap": lambda seed: charts.completeness_heatmap(received(40, seed=seed), name="Région, PHMEV"),
    "completeness_by_group": lambda seed: charts.completeness_heatmap(received(254, seed=seed), name="Région, PHMEV"),
    "distribution": lambda seed: charts.distribution(
        establishments(seed=seed), caption="Taux d'évolution PHMEV en 2024", target_pct=4
    ),
    "distribution_of_boxes": lambda seed: charts.distribution(
        moves(seed=seed, scale=400),
        caption="Boîtes d'IPP en 2024",
        unit=MeasureFormat("boîtes", 0),
        reference=Reference(8500, "référentiel : moins de 8 500 boîtes"),
    ),
    "dumbbells": lambda seed: charts.dumbbells(
        moves(seed=seed), caption="Part de l'ambulance", now_label="2024", before_label="2023", threshold=20.0
    ),
    "dumbbells_of_amounts": lambda seed: charts.dumbbells(
        moves(5, seed, 1e5).assign(previous=[1e3, 1e4, 1e5, 1e6, 1e7]),
        caption="Montant remboursé",
        now_label="2024",
        before_label="2023",
        unit=MeasureFormat("€"),
        better="none",
    ),
    "yearly_trend": lambda seed: charts.yearly_trend(
        years(seed=seed), caption="Part de l'ambulance, région", title="Baisse continue", target=45.0
    ),
    "yearly_trend_of_two": lambda seed: charts.yearly_trend(
        years(2, seed), caption="Part", title="De 51\u00a0% à 50\u00a0%", unit=MeasureFormat("%", signed=True)
    ),
    "department_tiles": lambda seed: charts.department_map(
        mapped(seed=seed), caption="Taux d'évolution en 2024", threshold=5.0, unit=MeasureFormat("%", signed=True)
    ),
    "department_tiles_in_three": lambda seed: charts.department_map(
        mapped("16 17 19 23 24 33 40 47 64 79 86 87", seed), caption="Part en 2024"
    ),
    "department_outlines": lambda seed: charts.department_map(
        mapped("16 17 19 23", seed), caption="Part en 2024", outlines=SQUARES, threshold=5.0, better="higher"
    ),
    "distribution_highlighted": lambda seed: charts.distribution(
        establishments(seed=seed), caption="Taux d'évolution PHMEV en 2024", target_pct=4, highlight="990000007"
    ),
}


@cache
def _made(name: str, seed: int) -> Figure:
    return _MAKERS[name](seed)


FIGURES: dict[str, Callable[[int], Figure]] = {name: partial(_made, name) for name in _MAKERS}
