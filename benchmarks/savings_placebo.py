"""What each figure of the savings credits where no contract exists: pseudo-regions made of real monthly series.

Run ``python benchmarks/savings_placebo.py`` (1,000 regions per design, about three minutes of one core).

A region is made of blocks drawn at random with replacement, as a bootstrap does: a block is one ATC class in one year,
with all its cells (Concession × Type), which exchange patients and stay together; five years before the contract and
the year evaluated, positive series only. Sixty blocks drawn without replacement from the 460 there are would differ
less from one another than regions do (their errors by 7 %): ``--without-replacement`` shows it.
Two establishments in five are put under a contract that does nothing, by level or by growth; in the third design all
are, as under ``caqes-2018``. The shipped rule is ``max(0, N-1 - N)``; 20 % of it is paid, without and with an objective
of -5 %. The reference set is that of ``forecast_accuracy.py``; the method was tuned on the even years, which are not
scored here. ``--same-year`` draws all the blocks of a region in one year: its shocks are then common to all its series.

Beside them, what a reader of the decomposed figure would credit (``placebo_effects.py``).

``--yearly 2 3 6`` gives the years of the same regions instead of their months, as many as said, that evaluated
included: what an indicator of the yearly bases has (Open PHMEV: IPP, ézétimibe). Two years cannot be interrupted.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from forecast_accuracy import load, reference_file
from placebo_effects import EFFECTS_READ, effects_of
from placebo_years import years_without_contract
from scipy.stats import binom

from caqes_analysis.savings import Targeting, estimate
from caqes_analysis.savings.estimate_events import align_events
from caqes_analysis.savings.estimate_model import simulate_counterfactual
from caqes_analysis.savings.estimate_null import pass_through_rule
from caqes_analysis.savings.estimate_readings import read_saving
from caqes_analysis.savings.estimate_targeting import replay_targeting
from caqes_analysis.savings.estimate_windows import build_window
from caqes_analysis.schemes.rules import IncentiveRule

HISTORY, REPLAYS, BLOCKS, UNDER_CONTRACT = 5, 3, 60, 0.4
SCORED = [1997, 1999, 2001, 2003, 2005, 2007]
DESIGNS = {
    "compared, by level": ("level", True),
    "compared, by growth": ("growth", True),
    "interrupted, all": ("", False),
}
ORIGIN, OFFSETS, FIRST_YEAR = 12 * HISTORY, np.arange(12), 2019
PAID = {
    gate: IncentiveRule(source="shipped", rate_pct=20, gate=gate, floor_eur="none", cap_eur="none")
    for gate in ("none", "attained")
}
TARGET_PCT = -5.0


@dataclass(frozen=True)
class Block:
    """One ATC class in one year: series × 72 months, which of them are « Safety net », and boxes of N-1 and of N.

    The table that was given may hold no boxes: they are then NaN.
    """

    months: np.ndarray
    safety_net: np.ndarray
    boxes_nb: np.ndarray


def blocks_of(monthly: pd.DataFrame, years: list[int]) -> dict[int, list[Block]]:
    """Return the blocks of each year evaluated."""
    wide = monthly.pivot(index="series", columns="month", values="amount_eur")
    boxes = wide * np.nan
    if "boxes_nb" in monthly:
        boxes = monthly.pivot(index="series", columns="month", values="boxes_nb")
    found: dict[int, list[Block]] = {}
    for year in years:
        months = pd.date_range(f"{year - HISTORY}-01-01", f"{year}-12-01", freq="MS")
        kept = wide.reindex(columns=months)
        kept = kept[(kept > 0).all(axis=1)]
        classes = kept.index.str.split("|").str[-1]
        used = boxes.reindex(index=kept.index, columns=months[-24:])
        halves = [used.iloc[:, :12], used.iloc[:, 12:]]
        totals = pd.concat([half.sum(axis=1, skipna=False) for half in halves], axis=1)
        found[year] = [
            Block(rows.to_numpy(), np.asarray(rows.index.str.contains("Safety net")), totals.loc[rows.index].to_numpy())
            for _, rows in kept.groupby(classes)
        ]
    return found


def draw_region(
    blocks: dict[int, list[Block]], random: np.random.Generator, *, same_year: bool = False, replace: bool = True
) -> Block:
    """Draw a region: blocks of any year, or of one year."""
    years = [int(random.choice(list(blocks)))] if same_year else list(blocks)
    pool = [block for year in years for block in blocks[year]]
    chosen = [pool[at] for at in random.choice(len(pool), BLOCKS, replace=replace)]
    return Block(
        np.concatenate([one.months for one in chosen]),
        np.concatenate([one.safety_net for one in chosen]),
        np.concatenate([one.boxes_nb for one in chosen]),
    )


def under_contract(months: np.ndarray, measure: str, *, before: int = ORIGIN) -> np.ndarray:
    """Return who is targeted: the top two fifths by level or by growth of the twelve months before, or everyone."""
    level = months[:, before - 12 : before].sum(axis=1)
    value = {
        "": np.ones(len(months)),
        "level": level,
        "growth": level / months[:, before - 24 : before - 12].sum(axis=1),
    }
    share = UNDER_CONTRACT if measure else 1.0
    return value[measure] >= np.sort(value[measure])[::-1][round(share * len(months)) - 1]


@dataclass(frozen=True)
class Run:
    """One region under one design: who is under contract, what they spent, what they would have spent."""

    rows: np.ndarray
    actual: np.ndarray
    previous: np.ndarray
    paths: np.ndarray


def names_and_dates(months: np.ndarray) -> tuple[np.ndarray, pd.DatetimeIndex]:
    """Return the names of the series of a region, and its months."""
    names = np.array([f"{row:04d}" for row in range(len(months))])
    return names, pd.date_range(f"{FIRST_YEAR}-01-01", periods=months.shape[1], freq="MS")


def run(
    months: np.ndarray,
    measure: str,
    is_compared: bool,
    seed: int,
    events: pd.DataFrame | None = None,
    *,
    are_complete: bool = False,
) -> Run:
    """Simulate the counterfactual of one region with the functions that ``savings.estimate`` calls."""
    treated = under_contract(months, measure)
    names, _ = names_and_dates(months)
    declared = align_events(events, list(names), first_year=FIRST_YEAR, months_nb=months.shape[1])
    read_window = build_window if declared is None else declared.window
    replays = [read_window(months[:, :ORIGIN], ORIGIN - 12 * back, OFFSETS) for back in range(1, REPLAYS + 1)]
    targeting = Targeting(measure) if measure else None
    moves = [
        declared.common_move(months, date + OFFSETS, date - 12 + OFFSETS)
        for date in range(ORIGIN, ORIGIN - 12 * REPLAYS - 1, -12)
        if declared is not None
    ]
    found = simulate_counterfactual(
        replays,
        read_window(months, ORIGIN, OFFSETS),
        treated,
        [replay_targeting(window, treated, targeting) for window in replays],
        is_compared=is_compared,
        is_on_growth=measure == "growth",
        explained_variance=float(np.mean(np.square(moves))) if are_complete and moves else 0.0,
        paths_nb=1000,
        seed=seed,
    )
    paths = found.paths_eur
    if declared is not None:
        period = declared.on_period(months, ORIGIN + OFFSETS, ORIGIN - 12 + OFFSETS, since=ORIGIN, is_yearly=False)
        paths = paths * period.moved[found.rows, None]
    years = months[found.rows].reshape(len(found.rows), -1, 12).sum(axis=2)
    return Run(found.rows, years[:, -1], years[:, -2], paths)


def run_yearly(months: np.ndarray, measure: str, is_compared: bool, seed: int, years_nb: int) -> Run:
    """Simulate the same from the last years only, known by their totals."""
    treated = under_contract(months, measure)
    found = years_without_contract(
        months, treated, Targeting(measure) if measure else None, years_nb, is_compared=is_compared, seed=seed
    )
    years = np.round(months.reshape(len(months), -1, 12).sum(axis=2)[found.rows], 2)
    return Run(found.rows, years[:, -1], years[:, -2], found.paths_eur)


def check_against_estimate(
    months: np.ndarray,
    measure: str,
    is_compared: bool,
    events: pd.DataFrame | None = None,
    *,
    are_complete: bool = False,
) -> None:
    """Fail unless the public function gives the same counterfactual for this region."""
    months = np.round(months, 2)
    ours = run(months, measure, is_compared, 0, events, are_complete=are_complete)
    names, dates = names_and_dates(months)
    table = pd.DataFrame(
        {"series": np.repeat(names, len(dates)), "month": np.tile(dates, len(names)), "amount_eur": months.ravel()}
    )
    rows = estimate(
        table,
        treated=list(names[under_contract(months, measure)]),
        start=dates[ORIGIN],
        design="compared" if is_compared else "interrupted",
        targeting=Targeting(measure) if measure else None,
        events=events,
        events_are_complete=are_complete,
    ).set_index("level")
    assert abs(float(rows.loc["region", "counterfactual_eur"]) / ours.paths.mean(axis=1).sum() - 1) < 1e-9


def score(one: Run, region: Block) -> dict[str, float]:
    """Return what each figure credits in one region, and whether its intervals exclude the truth, which is 0."""
    spent = one.actual.sum()
    total = read_saving(one.paths.sum(axis=0), spent)
    bounds = np.quantile(one.paths, [0.025, 0.1, 0.9, 0.975], axis=1)
    established = bounds[0] > one.actual
    outside = established | (bounds[3] < one.actual)
    saving = one.paths.mean(axis=1) - one.actual
    paid = {
        gate: pass_through_rule(one.previous, one.actual[:, None], rule=rule, indicator="", target_pct=TARGET_PCT)
        for gate, rule in PAID.items()
    }
    null = pass_through_rule(one.previous, one.paths, rule=PAID["attained"], indicator="", target_pct=TARGET_PCT)
    is_net = region.safety_net[one.rows]
    return {
        "spent": spent,
        "regulatory": float(paid["none"].credited_eur.sum()),
        "regulatory foreseen": float(null.credited_eur.mean(axis=1).sum()),
        "paid, no gate": float(paid["none"].paid_eur.sum()),
        "paid, gate": float(paid["attained"].paid_eur.sum()),
        "paid, gate, foreseen": float(null.paid_eur.mean(axis=1).sum()),
        **effects_of(one.previous, one.actual, region.boxes_nb[one.rows]),
        "statistical": float(saving.sum()),
        "established": float(saving.sum() * (total["conclusion"] == "saving")),
        "established, by establishment": float(saving[established].sum()),
        "excludes at 95 %": float(total["lower_95_eur"] > 0 or total["upper_95_eur"] < 0),
        "excludes at 80 %": float(total["lower_80_eur"] > 0 or total["upper_80_eur"] < 0),
        "saving at 95 %": float(total["lower_95_eur"] > 0),
        "establishments at 95 %": float(outside.mean()),
        "establishments at 80 %": float(((bounds[1] > one.actual) | (bounds[2] < one.actual)).mean()),
        "safety net at 95 %": float(outside[is_net].mean()) if is_net.any() else np.nan,
        "others at 95 %": float(outside[~is_net].mean()) if (~is_net).any() else np.nan,
        "detectable %": float(total["detectable_pct"]),
    }


def band(level: float, runs_nb: int) -> tuple[float, float]:
    """Return the exact 95 % band of a frequency whose truth is ``level``, in %."""
    low, high = binom.ppf([0.025, 0.975], runs_nb, level)
    return 100 * float(low) / runs_nb, 100 * float(high) / runs_nb


def print_scores(name: str, rows: pd.DataFrame, seconds: float) -> None:
    spent = rows["spent"].sum()
    print(f"\n{name}: {len(rows)} regions, {seconds:.0f} s; euros in % of the spending under contract")
    for figure in ("regulatory", "regulatory foreseen", "paid, no gate", "paid, gate", "paid, gate, foreseen"):
        print(f"  {figure:34} {100 * rows[figure].sum() / spent:7.3f} %")
    for figure in EFFECTS_READ:
        said = f"{100 * rows[figure].sum(skipna=False) / spent:7.3f} %"
        print(f"  {f'decomposed, {figure}':34} {'    n.a.  (no boxes given)' if 'nan' in said else said}")
    for figure in ("statistical", "established", "established, by establishment"):
        print(f"  {figure:34} {100 * rows[figure].sum() / spent:7.3f} %")
    each = 100 * rows["statistical"] / rows["spent"]
    print(f"  bias, mean of the regions          {each.mean():7.3f} %   (limit 0.5; sd of a region {each.std():.2f})")
    for level, column in ((0.05, "excludes at 95 %"), (0.20, "excludes at 80 %")):
        low, high = band(level, len(rows))
        rate = 100 * rows[column].mean()
        verdict = "in" if low <= rate <= high else "OUT"
        print(f"  {column:34} {rate:7.2f} %   exact band {low:.1f} to {high:.1f}: {verdict}")
    print(f"  {'of which savings':34} {100 * rows['saving at 95 %'].mean():7.2f} %")
    for column in ("establishments at 95 %", "establishments at 80 %", "safety net at 95 %", "others at 95 %"):
        print(f"  {column:34} {100 * rows[column].mean():7.2f} %")
    print(f"  {'smallest saving detected (median)':34} {rows['detectable %'].median():7.2f} %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, default=None, help="long table in Parquet (default: the reference set)")
    parser.add_argument("--years", type=int, nargs="+", default=SCORED)
    parser.add_argument("--regions", type=int, default=1000)
    parser.add_argument("--designs", nargs="+", choices=list(DESIGNS), default=list(DESIGNS))
    parser.add_argument("--same-year", action="store_true")
    parser.add_argument("--without-replacement", action="store_true")
    parser.add_argument(
        "--yearly",
        type=int,
        nargs="+",
        choices=range(2, HISTORY + 2),
        default=[],
        metavar="N",
        help="N years, no month",
    )
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    path = arguments.series or reference_file()
    if not path.exists():
        sys.exit(f"series not found: {path} (set CAQES_REAL_DATA or give --series)")
    blocks = blocks_of(load(path), arguments.years)
    for years_nb in arguments.yearly or [None]:
        for name in arguments.designs:
            measure, is_compared = DESIGNS[name]
            if years_nb == 2 and not is_compared:
                continue
            random = np.random.default_rng(arguments.seed)
            began = time.perf_counter()
            rows = []
            for at in range(arguments.regions):
                region = draw_region(
                    blocks, random, same_year=arguments.same_year, replace=not arguments.without_replacement
                )
                months = region.months
                if years_nb is None:
                    if at == 0:
                        check_against_estimate(months, measure, is_compared)
                    one = run(months, measure, is_compared, at)
                else:
                    one = run_yearly(months, measure, is_compared, at, years_nb)
                rows.append(score(one, region))
            told = name if years_nb is None else f"{name}, {years_nb} years without months"
            print_scores(told, pd.DataFrame(rows), time.perf_counter() - began)


if __name__ == "__main__":
    main()
