"""How good the year-end forecasts are on real monthly series, side by side with simple rules and with statsforecast.

Run ``python benchmarks/forecast_accuracy.py`` (a minute). For the peers AutoETS, AutoTheta and AutoCES, raw and on
logarithms, give ``--peers-python``, the interpreter of an environment of its own (statsforecast asks an older pandas)::

    python -m venv /tmp/peers && /tmp/peers/bin/pip install statsforecast pyarrow
    python benchmarks/forecast_accuracy.py --peers-python /tmp/peers/bin/python --peers-cache /tmp/peers.parquet

The peers take a quarter to three quarters of an hour of one core; ``--peers-every 4`` asks them about one series in
four (by the hash of its name), and every comparison with them is then made on those series alone.

The reference set is the PBS monthly drug cost (``CAQES_REAL_DATA`` or ``../shared/data``): years 2001, 2003, 2005 and
2007, four calendar years of history, series positive over the five years. ``--series`` takes any other long table in
Parquet with ``series``, ``month``, ``amount_eur``; ``--years`` the years. Method choices were made on other years.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HISTORY, MONTHS = 4, (3, 6, 9)
ERROR_CAP = 100.0
PEER_MODELS = ("AutoETS", "AutoTheta", "AutoCES")
REPLAYED = "AutoETS"


def reference_file() -> Path:
    data = os.environ.get("CAQES_REAL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(data) / "series" / "PBS_monthly_long.parquet"


def load(path: Path) -> pd.DataFrame:
    """Read a long table; the columns of the reference set are renamed, its scripts being boxes."""
    raw = pd.read_parquet(path)
    if "Concession" in raw:
        keys = ["Concession", "Type", "ATC1", "ATC2"]
        raw = raw.assign(series=raw[keys].agg("|".join, axis=1), month=raw["Month"], amount_eur=raw["Cost"])
        raw = raw.assign(boxes_nb=raw["Scripts"])
    raw["month"] = pd.PeriodIndex(raw["month"].astype(str).str[:7].str.replace(" ", "-"), freq="M").to_timestamp()
    summed = [name for name in ("amount_eur", "boxes_nb") if name in raw]
    return raw.groupby(["series", "month"], as_index=False)[summed].sum()


def window(monthly: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return series × 60 months around ``year``, for the series positive in all of them."""
    months = pd.date_range(f"{year - HISTORY}-01-01", f"{year}-12-01", freq="MS")
    wide = monthly.pivot(index="series", columns="month", values="amount_eur").reindex(columns=months)
    return wide[(wide > 0).all(axis=1)]


def long(wide: pd.DataFrame) -> pd.DataFrame:
    return wide.rename_axis(columns="month").stack().rename("amount_eur").reset_index()


def simple_rules(months: np.ndarray, observed_nb: int) -> dict[str, np.ndarray]:
    """Return the totals that a spreadsheet gives: 12/k, mean share of three years, ratio of last year."""
    years = months[:, : months.shape[1] // 12 * 12].reshape(len(months), -1, 12)
    observed = months[:, 12 * years.shape[1] :].sum(axis=1)
    share = years[:, :, :observed_nb].sum(axis=2) / years.sum(axis=2)
    return {
        "12/k": observed * 12 / observed_nb,
        "part de l'année": observed / share[:, -3:].mean(axis=1),
        "ratio n-1": observed / share[:, -1],
    }


def ours(wide: pd.DataFrame, year: int, observed_nb: int, targets: pd.Series) -> pd.DataFrame:
    from caqes_analysis.forecast import forecast_year_end

    then = wide.iloc[:, : 12 * HISTORY + observed_nb]
    rows = forecast_year_end(long(then), year=year, target_pct=targets).set_index("series").loc[wide.index]
    amounts = [name for name in rows if name.endswith("_eur")]
    return rows.astype(dict.fromkeys(amounts, "float64"))


def peers(source: Path, result: Path) -> None:
    """Run inside the peers' environment: forecast the rest of the year of every series of ``source``."""
    from statsforecast import StatsForecast
    from statsforecast import models as available

    table = pd.read_parquet(source)
    found = []
    for (scale, horizon, replay), group in table.groupby(["scale", "horizon", "replay"]):
        names = [REPLAYED] if replay else PEER_MODELS
        fitted = StatsForecast(
            [getattr(available, name)(season_length=12, alias=name) for name in names], freq="MS", n_jobs=2
        )
        values = group.assign(y=np.log(group["y"]) if scale == "log" else group["y"])
        later = fitted.forecast(df=values[["unique_id", "ds", "y"]], h=int(horizon))
        for name in names:
            y = np.exp(later[name]) if scale == "log" else later[name]
            total = y.groupby(later["unique_id"]).sum()
            found.append(pd.DataFrame({"unique_id": total.index, "scale": scale, "model": name, "rest": total.values}))
    pd.concat(found).to_parquet(result)


def sampled(wide: pd.DataFrame, every: int) -> pd.DataFrame:
    """Return one series in ``every``, the same ones in all the years."""
    return wide[[int(hashlib.sha256(name.encode()).hexdigest(), 16) % every == 0 for name in wide.index]]


def ask_peers(python: str, windows: dict[int, pd.DataFrame], cache: Path | None) -> pd.DataFrame:
    """Return the rest of the year by ``unique_id`` (series@year@months@replay), scale and model."""
    if cache and cache.exists():
        return pd.read_parquet(cache)
    tables = []
    for year, wide in windows.items():
        for observed_nb in MONTHS:
            for replay in (0, 1, 2):
                stop = 12 * (HISTORY - replay) + observed_nb
                one = long(wide.iloc[:, :stop])
                one["unique_id"] = one["series"] + f"@{year}@{observed_nb}@{replay}"
                one = one.rename(columns={"month": "ds", "amount_eur": "y"})
                one = one.assign(horizon=12 - observed_nb, replay=replay > 0)[
                    ["unique_id", "ds", "y", "horizon", "replay"]
                ]
                tables += [one.assign(scale=scale) for scale in (("raw",) if replay else ("raw", "log"))]
    with tempfile.TemporaryDirectory() as place:
        source, result = Path(place) / "in.parquet", cache or Path(place) / "out.parquet"
        pd.concat(tables).to_parquet(source)
        subprocess.run([python, __file__, "--as-peer", str(source), str(result)], check=True)
        return pd.read_parquet(result)


def calibrated_peer(rests: pd.Series, wide: pd.DataFrame, year: int, observed_nb: int) -> np.ndarray:
    """Return the bounds (10, 90, 2.5, 97.5 %) that a peer gets from the same calibration as ours."""
    from caqes_analysis.forecast.candidates import Candidates, build_candidates
    from caqes_analysis.forecast.dispersion import learn_dispersion, quantiles_of, scale_of

    months = wide.to_numpy()

    def at(replay: int) -> tuple[Candidates, np.ndarray]:
        stop = 12 * (HISTORY - replay)
        ids = wide.index + f"@{year}@{observed_nb}@{replay}"
        said = np.maximum(rests.reindex(ids).to_numpy(), 1e-3 * months[:, stop - 12 : stop].sum(axis=1))
        return build_candidates(months[:, : stop + observed_nb], observed_nb), said

    errors, taught, years = [], [], []
    for replay in (1, 2):
        candidates, said = at(replay)
        stop = 12 * (HISTORY - replay)
        errors.append(np.log(months[:, stop + observed_nb : stop + 12].sum(axis=1) / said))
        taught.append(candidates)
        years.append(np.full(len(said), year - replay))
    joined = Candidates.joined(taught)
    dispersion = learn_dispersion(joined, np.concatenate(errors), np.concatenate(years), observed_nb)
    candidates, said = at(0)
    observed = months[:, 12 * HISTORY : 12 * HISTORY + observed_nb].sum(axis=1)
    levels = quantiles_of(np.array([0.1, 0.9, 0.025, 0.975]), dispersion)
    error = np.clip(scale_of(candidates, dispersion)[:, None] * levels, -dispersion.log_cap, dispersion.log_cap)
    return observed[:, None] + said[:, None] * np.exp(error)


def interval_score(lower: np.ndarray, upper: np.ndarray, actual: np.ndarray, level: float) -> np.ndarray:
    below, above = np.maximum(lower - actual, 0), np.maximum(actual - upper, 0)
    return upper - lower + 2 / (1 - level) * (below + above)


def evaluate(windows: dict[int, pd.DataFrame], peer_rests: pd.DataFrame | None) -> pd.DataFrame:
    """Return one row per series, year and months observed: errors of each method, bounds, probabilities."""
    random = np.random.default_rng(2024)
    found = []
    for year, wide in windows.items():
        months = wide.to_numpy()
        previous, actual = months[:, 36:48].sum(axis=1), months[:, 48:].sum(axis=1)
        evolution = 100 * (previous / months[:, 24:36].sum(axis=1) - 1)
        targets = pd.Series(evolution + random.uniform(-10, 10, len(wide)), index=wide.index)
        truth = 100 * (actual / previous - 1)
        for observed_nb in MONTHS:
            rows = ours(wide, year, observed_nb, targets)
            said = simple_rules(months[:, : 48 + observed_nb], observed_nb)
            table = {"year": year, "months": observed_nb, "series": wide.index, "size": previous, "truth": truth}
            table |= {f"e:{name}": np.abs(100 * (total / previous - 1) - truth) for name, total in said.items()}
            table["e:caqes"] = np.abs(rows["evolution_pct"] - truth)
            table |= {f"b{i}": rows[f"evolution_{b}_pct"] for i, b in enumerate(_BOUNDS)}
            past = []
            for replay in (1, 2):
                stop = 12 * (HISTORY - replay)
                ratio = simple_rules(months[:, : stop + observed_nb], observed_nb)["ratio n-1"]
                past.append(np.log(months[:, stop : stop + 12].sum(axis=1) / ratio))
            needed = np.log(previous * (1 + targets.to_numpy() / 100) / said["ratio n-1"])
            table["p:ratio n-1"] = 1 - np.searchsorted(np.sort(np.concatenate(past)), needed) / (2 * len(wide))
            table |= {"p:caqes": rows["prob_exceed"], "exceeded": (truth > targets.to_numpy()).astype(float)}
            if peer_rests is not None:
                observed = months[:, 48 : 48 + observed_nb].sum(axis=1)
                for (scale, model), rests in peer_rests.groupby(["scale", "model"]):
                    rest = rests.set_index("unique_id")["rest"]
                    one = rest.reindex(wide.index + f"@{year}@{observed_nb}@0").to_numpy()
                    name = f"e:{model}{' (log)' if scale == 'log' else ''}"
                    table[name] = np.abs(100 * ((observed + one) / previous - 1) - truth)
                    if (scale, model) == ("raw", REPLAYED):
                        asked = ~np.isnan(one)
                        bounds = np.full((len(wide), 4), np.nan)
                        bounds[asked] = calibrated_peer(rest, wide[asked], year, observed_nb)
                        table |= {f"q{i}": 100 * (bounds[:, i] / previous - 1) for i in range(4)}
            found.append(pd.DataFrame({k: np.asarray(v) if np.ndim(v) else v for k, v in table.items()}))
    return pd.concat(found, ignore_index=True)


_BOUNDS = ("lower_80", "upper_80", "lower_95", "upper_95")


def year_blocks(values: pd.Series, years: pd.Series) -> tuple[float, float]:
    """Return the 95 % interval of a mean by resampling whole years."""
    random = np.random.default_rng(7)
    sums, sizes = values.groupby(years).sum().to_numpy(), values.groupby(years).size().to_numpy()
    drawn = random.integers(0, len(sums), (5000, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def missed_by_chance(sizes: np.ndarray, level: float) -> float:
    """Return how often :func:`year_blocks` leaves out the true cover of exact intervals, in years of such sizes."""
    random = np.random.default_rng(11)
    inside = random.binomial(sizes, level, (4000, len(sizes)))
    drawn = random.integers(0, len(sizes), (1000, len(sizes)))
    means = inside[:, drawn].sum(axis=2) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    return float(((low > level + 1e-9) | (high < level - 1e-9)).mean())


def print_errors(rows: pd.DataFrame, title: str) -> None:
    print(f"\n{title}: mean absolute error of the evolution rate, points (capped at {ERROR_CAP:g}); n = {len(rows)}")
    names = sorted((name for name in rows if name.startswith("e:")), key=lambda name: (name != "e:caqes", name))
    for name in names:
        cells = []
        for _, group in rows[rows[name].notna()].groupby("months"):
            capped = group[name].clip(upper=ERROR_CAP)
            gap = capped - group["e:caqes"].clip(upper=ERROR_CAP)
            low, high = year_blocks(gap, group["year"])
            cells.append(
                f"{capped.mean():6.2f}" + ("" if name == "e:caqes" else f" ({gap.mean():+.2f} [{low:.2f}; {high:.2f}])")
            )
        if rows[name].isna().any():
            cells.append(f"n = {rows[name].notna().sum()}")
        print(f"  {name[2:]:18}", " | ".join(f"{cell:28}" for cell in cells))


def print_intervals(rows: pd.DataFrame) -> None:
    print("\nCover of the intervals, %, overall and by thirds of size [year-block bootstrap 95 %]; interval score")
    rank = rows.groupby(["year", "months"])["size"].rank(pct=True)
    third = (3 * rank).clip(upper=2.999).astype(int)
    missed, by_chance = 0, 0.0
    for months, group in rows.groupby("months"):
        for level, (low, high) in ((80, ("b0", "b1")), (95, ("b2", "b3"))):
            inside = 100.0 * group["truth"].between(group[low], group[high])
            parts = []
            for part in range(3):
                chosen = third.loc[group.index] == part
                bounds = year_blocks(inside[chosen], group.loc[chosen, "year"])
                missed += not bounds[0] <= level <= bounds[1]
                by_chance += missed_by_chance(group.loc[chosen].groupby("year").size().to_numpy(), level / 100)
                parts.append(f"{inside[chosen].mean():.1f} [{bounds[0]:.1f}; {bounds[1]:.1f}]")
            share = level / 100
            score = interval_score(group[low], group[high], group["truth"], share).mean()
            peer = ""
            if "q0" in group:
                asked = group[group["q0"].notna()]
                other = [f"q{name[1]}" for name in (low, high)]
                theirs = interval_score(asked[other[0]], asked[other[1]], asked["truth"], share)
                same = interval_score(asked[low], asked[high], asked["truth"], share)
                bounds = year_blocks(theirs - same, asked["year"])
                peer = f" (on {len(asked)}: {same.mean():.1f}, AutoETS calibrated the same way {theirs.mean():.1f}"
                peer += f", difference [{bounds[0]:.1f}; {bounds[1]:.1f}])"
            print(f"  {months} months, {level} %: {inside.mean():.1f} | {' | '.join(parts)} | score {score:.1f}{peer}")
        print(f"           mean width at 80 %: {(group['b1'] - group['b0']).mean():.1f} points")
    print(f"  {missed} of {6 * len(MONTHS)} thirds leave out their level; exact intervals: {by_chance:.1f} on average")


def print_probabilities(rows: pd.DataFrame) -> None:
    print("\nProbability of exceeding a random target: reliability by bins (said → came, n), slope, Brier")
    for months, group in rows.groupby("months"):
        bins = np.minimum((group["p:caqes"] * 10).astype(int), 9)
        table = group.groupby(bins).agg(said=("p:caqes", "mean"), came=("exceeded", "mean"), n=("exceeded", "size"))
        slope = np.polyfit(table["said"], table["came"], 1, w=np.sqrt(table["n"]))[0]
        brier = {name: ((group[f"p:{name}"] - group["exceeded"]) ** 2).mean() for name in ("caqes", "ratio n-1")}
        print(f"  {months} months: slope {slope:.2f}; Brier {brier['caqes']:.4f} (ratio n-1: {brier['ratio n-1']:.4f})")
        print("    " + "  ".join(f"{r.said:.2f}→{r.came:.2f} ({int(r.n)})" for r in table.itertuples()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, default=None)
    parser.add_argument("--years", type=int, nargs="+", default=[2001, 2003, 2005, 2007])
    parser.add_argument("--peers-python", default=None)
    parser.add_argument("--peers-cache", type=Path, default=None)
    parser.add_argument("--peers-every", type=int, default=1)
    parser.add_argument("--as-peer", type=Path, nargs=2, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_peer:
        return peers(*arguments.as_peer)
    path = arguments.series or reference_file()
    if not path.exists():
        sys.exit(f"series not found: {path} (set CAQES_REAL_DATA or give --series)")
    monthly = load(path)
    windows = {year: window(monthly, year) for year in arguments.years}
    asked = arguments.peers_python or (arguments.peers_cache and arguments.peers_cache.exists())
    some = {year: sampled(wide, arguments.peers_every) for year, wide in windows.items()}
    rests = ask_peers(arguments.peers_python, some, arguments.peers_cache) if asked else None
    rows = evaluate(windows, rests)
    safety = rows["series"].str.contains("Safety net")
    print_errors(rows, "All series")
    if safety.any():
        print_errors(rows[safety], "« Safety net » series")
        print_errors(rows[~safety], "The others")
    print_intervals(rows)
    print_probabilities(rows)
    return None


if __name__ == "__main__":
    main()
