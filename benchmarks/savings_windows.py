"""Windows that are not the first calendar year of a contract: is their interval worth what it says?

Run ``python benchmarks/savings_windows.py`` (400 pseudo-regions of ``savings_placebo.py`` per window and design, about
five minutes of one core). Through the public function:

- ``half``: contracts of 1 July, of which July to December are compared;
- ``nine``: contracts of 1 January, of which nine months are received;
- ``second``: contracts of 1 July, of which the calendar year after is evaluated, counted from the contract.

For each: how often the 95 % interval of the region excludes 0 without any effect (nominal 5 %), its bias, and how often
it covers a true effect of -10 % from the contract on. ``--without-safety-net`` leaves out the series whose annual
threshold fills the end of each year: no hospital spending does.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from forecast_accuracy import load, reference_file
from savings_placebo import ORIGIN, SCORED, band, blocks_of, draw_region, names_and_dates, under_contract

from caqes_analysis.savings import Targeting, estimate

WINDOWS = {"half": (ORIGIN + 6, ORIGIN + 12), "nine": (ORIGIN, ORIGIN + 9), "second": (ORIGIN - 6, ORIGIN + 12)}
"""Column of the first month of the contract, and of the first one not received."""
DESIGNS = {"compared, by level": "level", "interrupted, all": ""}
EFFECT = 0.10


def answered(months: np.ndarray, treated: np.ndarray, *, since: int, targeting: str, seed: int) -> pd.Series:
    """Return the row of the region."""
    names, dates = names_and_dates(months)
    monthly = pd.DataFrame(
        {
            "series": np.repeat(names, len(dates)),
            "month": np.tile(dates, len(names)),
            "amount_eur": np.round(months, 2).ravel(),
        }
    )
    return estimate(
        monthly,
        treated=list(names[treated]),
        start=dates[since],
        year=dates[-1].year,
        design="compared" if targeting else "interrupted",
        targeting=Targeting(targeting) if targeting else None,
        seed=seed,
    ).iloc[-1]


def one_region(months: np.ndarray, *, since: int, targeting: str, seed: int) -> dict[str, float]:
    """Return what a region says without effect, then with one."""
    treated = under_contract(months, targeting, before=since)
    row = answered(months, treated, since=since, targeting=targeting, seed=seed)
    touched = months.copy()
    touched[treated, since:] *= 1 - EFFECT
    found = answered(touched, treated, since=since, targeting=targeting, seed=seed)
    low, high, saving = (float(row[name]) for name in ("lower_95_eur", "upper_95_eur", "saving_eur"))
    true = float(row["actual_eur"]) * EFFECT
    return {
        "excludes": float(low > 0 or high < 0),
        "savings": float(low > 0),
        "widening": saving / (saving - (low if saving > 0 else high)),
        "bias_pct": 100 * saving / float(row["actual_eur"]),
        "half_width_pct": 50 * (high - low) / float(row["actual_eur"]),
        "covers": float(float(found["lower_95_eur"]) <= true <= float(found["upper_95_eur"])),
        "detects": float(float(found["lower_95_eur"]) > 0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", type=int, default=400)
    parser.add_argument("--windows", nargs="+", choices=list(WINDOWS), default=list(WINDOWS))
    parser.add_argument("--years", nargs="+", type=int, default=SCORED)
    parser.add_argument("--without-safety-net", action="store_true")
    options = parser.parse_args()
    blocks = blocks_of(load(reference_file()), options.years)
    lowest, highest = band(0.05, options.regions)
    for name in options.windows:
        since, stop = WINDOWS[name]
        for design, targeting in DESIGNS.items():
            random, begun, rows = np.random.default_rng(2026), time.perf_counter(), []
            for seed in range(options.regions):
                region = draw_region(blocks, random)
                months = region.months[~region.safety_net] if options.without_safety_net else region.months
                rows.append(one_region(months[:, :stop], since=since, targeting=targeting, seed=seed))
            table = pd.DataFrame(rows)
            mean, spread = table.mean(), table["bias_pct"].std()
            print(f"\n{name}, {design}: {options.regions} regions, {time.perf_counter() - begun:.0f} s")
            share, savings = 100 * mean["excludes"], 100 * mean["savings"]
            print(f"  excludes 0: {share:.1f} % (savings {savings:.1f}), band {lowest:.1f} to {highest:.1f}")
            print(f"  intervals {table['widening'].quantile(0.95):.2f} times as wide would exclude it in 5 %")
            print(f"  bias {mean['bias_pct']:.2f} %, sd {spread:.2f}; half-width {mean['half_width_pct']:.2f}")
            print(f"  -10 %: covered {100 * mean['covers']:.1f} %, detected {100 * mean['detects']:.1f} %", flush=True)


if __name__ == "__main__":
    main()
