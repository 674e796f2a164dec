"""How often a true effect is found: savings of 5 and 10 % planted from the date of the contract.

Run ``python benchmarks/savings_power.py`` (1,000 runs per design, about twelve minutes of one core).

First on the pseudo-regions of ``savings_placebo.py`` (real series); then on as many simulated French regions of 120
establishments (PHMEV, 2013-2018, no contract in the simulation), twice:

- ``every-year``: events are as frequent in every year: tariffs of a class of spending are cut by 1 to 4 % for everyone
  at a random month, about one year in three, and a listed product that adds 3 to 15 % within six months reaches some
  establishments;
- ``one-event``: one cut and one entry are drawn over 33 months: a year that has them is then like no year before.

``--events`` keeps one of the two.
``--declared`` gives ``savings.estimate`` the month and the factor of each cut, to the thousandth: they are published,
and the spending of the year before says what they weigh. What a listed product adds to one establishment is published
nowhere: it is never declared. The list of cuts is given as complete; ``--declared incomplete`` does not say so. The
designs are those of the placebo.

For each effect: cover of the true saving by the 95 % interval with its exact binomial band; share of the runs in which
the region's saving is established; power by establishment according to its size.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from forecast_accuracy import load, reference_file
from savings_placebo import (
    DESIGNS,
    ORIGIN,
    SCORED,
    Run,
    band,
    blocks_of,
    check_against_estimate,
    draw_region,
    names_and_dates,
    run,
)

from caqes_analysis.savings.estimate_readings import read_saving
from caqes_analysis.simulation.series import Region

EFFECTS = (0.05, 0.10)
CHECKED = 5
"""Regions compared with the public function, among those that have declared events."""
SIZES_EUR = (0.0, 1e5, 1e6, 1e7, np.inf)
SIZE_NAMES = ("under 100 k€", "100 k€ to 1 M€", "1 to 10 M€", "over 10 M€")
ESTABLISHMENTS, SIMULATED_YEAR = 120, 2018


def with_effects(one: Run) -> pd.DataFrame:
    """Plant each effect in the year evaluated and read what is found: one row per effect, region then size classes."""
    found = []
    size = np.digitize(one.previous, SIZES_EUR) - 1
    low, high, most = np.quantile(one.paths, [0.025, 0.975, 0.80], axis=1)
    detectable = 1 - low / most
    for effect in EFFECTS:
        spent = one.actual * (1 - effect)
        saved = effect * one.actual.sum()
        region = read_saving(one.paths.sum(axis=0), float(spent.sum()))
        row = {
            "effect": effect,
            "covers": region["lower_95_eur"] / 100 <= saved <= region["upper_95_eur"] / 100,
            "detected": region["lower_95_eur"] > 0,
            "estimate": (one.paths.mean(axis=1) - spent).sum() / one.actual.sum(),
            "detectable": region["detectable_pct"],
        }
        for at, name in enumerate(SIZE_NAMES):
            inside = size == at
            row |= {f"n:{name}": inside.sum(), f"found:{name}": (low > spent)[inside].sum()}
            row |= {
                f"covers:{name}": ((low <= one.actual) & (one.actual <= high))[inside].sum(),
                f"smallest:{name}": np.median(detectable[inside]) if inside.any() else np.nan,
            }
        found.append(row)
    return pd.DataFrame(found)


def simulated_months(seed: int) -> np.ndarray:
    """Return the PHMEV months of a simulated French region, six years, establishments open throughout."""
    region = Region(ESTABLISHMENTS, seed, SIMULATED_YEAR, 6)
    rows = [
        series.cents / 100
        for one in region.establishments
        for series in region.series(one)
        if series.envelope == "phmev" and len(series.months) == len(region.months) and (series.cents > 0).all()
    ]
    return np.array(rows)


@dataclass(frozen=True)
class Happened:
    """Months of a region once events have moved them, and the cuts of tariffs: first month and factor."""

    months: np.ndarray
    cuts: list[tuple[int, float]]

    @property
    def declared(self) -> pd.DataFrame:
        """The cuts as a region would declare them."""
        _, dates = names_and_dates(self.months)
        return pd.DataFrame(
            {"date": dates[at], "kind": "level", "factor": round(factor, 3), "label": "Baisse de tarif"}
            for at, factor in self.cuts
        )


def with_one_event(months: np.ndarray, random: np.random.Generator) -> Happened:
    """Cut tariffs for everyone at a random month, and let a listed product enter in one establishment in ten."""
    later = np.arange(months.shape[1])
    factor, first = 1 - random.uniform(0.01, 0.04), int(random.integers(ORIGIN - 24, ORIGIN + 9))
    cut = np.where(later >= first, factor, 1.0)
    reached = random.random(len(months)) < 0.1
    entry = random.integers(ORIGIN - 24, ORIGIN + 9, len(months))
    added = np.where(reached, random.uniform(0.03, 0.15, len(months)), 0.0)
    ramp = np.clip((later[None, :] - entry[:, None]) / 6, 0.0, 1.0)
    return Happened(months * cut * (1 + added[:, None] * ramp), [(first, factor)])


def with_yearly_events(months: np.ndarray, random: np.random.Generator) -> Happened:
    """Make the same events as frequent in every year: the years replayed have had what the year evaluated may have.

    ``with_one_event`` draws one cut of tariffs and one entry over 33 months: when they come in the year evaluated, no
    year before has had any, and nothing can have been learned of them.
    """
    later = np.arange(months.shape[1])
    yearly = 12 / (ORIGIN + 9 - (ORIGIN - 24))
    cuts = []
    for first in range(0, months.shape[1], 12):
        if random.random() < yearly:
            factor, at = 1 - random.uniform(0.01, 0.04), int(random.integers(first, first + 12))
            months = months * np.where(later >= at, factor, 1.0)
            cuts.append((at, factor))
        reached = random.random(len(months)) < 0.1 * yearly
        entry = random.integers(first, first + 12, len(months))
        added = np.where(reached, random.uniform(0.03, 0.15, len(months)), 0.0)
        months = months * (1 + added[:, None] * np.clip((later[None, :] - entry[:, None]) / 6, 0.0, 1.0))
    return Happened(months, cuts)


HAPPENING = {"every-year": with_yearly_events, "one-event": with_one_event}


def print_power(name: str, rows: pd.DataFrame, seconds: float) -> None:
    runs_nb = len(rows) // len(EFFECTS)
    low, high = band(0.95, runs_nb)
    print(f"\n{name}: {runs_nb} runs, {seconds:.0f} s; exact band of a 95 % cover: {low:.1f} to {high:.1f}")
    for effect, group in rows.groupby("effect"):
        cover = 100 * group["covers"].mean()
        print(
            f"  -{100 * effect:.0f} %: cover {cover:.1f} ({'in' if low <= cover <= high else 'OUT'}); region detected"
            f" {100 * group['detected'].mean():.1f} %; mean estimate {100 * group['estimate'].mean():.2f} %;"
            f" smallest detected {group['detectable'].median():.1f} %"
        )
        for size in SIZE_NAMES:
            number = group[f"n:{size}"].sum()
            if number:
                print(
                    f"      {size:15} n {number:7d}  detected {100 * group[f'found:{size}'].sum() / number:5.1f} %"
                    f"  cover {100 * group[f'covers:{size}'].sum() / number:5.1f} %"
                    f"  smallest detected {100 * group[f'smallest:{size}'].median():.0f} %"
                )
    sys.stdout.flush()


def measure(
    name: str,
    draw: Callable[[int], Happened],
    targeting: str,
    is_compared: bool,
    runs_nb: int,
    *,
    declared: str | None = None,
) -> None:
    began = time.perf_counter()
    rows = []
    for at in range(runs_nb):
        region = draw(at)
        events, are_complete = region.declared if declared else None, declared == "complete"
        if declared and (at == 0 or (at < CHECKED and len(region.cuts))):
            check_against_estimate(region.months, targeting, is_compared, events, are_complete=are_complete)
        rows.append(with_effects(run(region.months, targeting, is_compared, at, events, are_complete=are_complete)))
    print_power(name, pd.concat(rows), time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, default=None, help="long table in Parquet (default: the reference set)")
    parser.add_argument("--years", type=int, nargs="+", default=SCORED)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--only", choices=["real", "simulated"], default=None)
    parser.add_argument("--designs", nargs="+", choices=list(DESIGNS), default=list(DESIGNS))
    parser.add_argument("--events", choices=list(HAPPENING), default=None, help="one kind of simulated region only")
    parser.add_argument(
        "--declared",
        nargs="?",
        choices=["complete", "incomplete"],
        const="complete",
        help="the cuts of tariffs are declared, and the list of them is given as complete, or not",
    )
    parser.add_argument("--seed", type=int, default=2027)
    arguments = parser.parse_args()
    path = arguments.series or reference_file()
    if arguments.only != "simulated" and path.exists():
        blocks = blocks_of(load(path), arguments.years)
        for name in arguments.designs:
            targeting, is_compared = DESIGNS[name]
            random = np.random.default_rng(arguments.seed)
            measure(
                f"real series, {name}",
                lambda _, source=random: Happened(draw_region(blocks, source).months, []),
                targeting,
                is_compared,
                arguments.runs,
            )
    elif arguments.only != "simulated":
        print(f"series not found: {path} (set CAQES_REAL_DATA or give --series): real series skipped")
    if arguments.only == "real":
        return
    regions = [simulated_months(arguments.seed + at) for at in range(arguments.runs)]
    said = f", tariff cuts declared ({arguments.declared} list)" if arguments.declared else ""
    for kind in [arguments.events] if arguments.events else list(HAPPENING):
        for name in arguments.designs:
            targeting, is_compared = DESIGNS[name]
            random = np.random.default_rng(arguments.seed)
            measure(
                f"simulated French regions, {kind}, {name}{said}",
                lambda at, happen=HAPPENING[kind], source=random: happen(regions[at], source),
                targeting,
                is_compared,
                arguments.runs,
                declared=arguments.declared,
            )


if __name__ == "__main__":
    main()
