"""How long forecasts take: 1,000 series with their paths, and the calibration of a region.

Run ``python benchmarks/forecast_speed.py``; ``--peers-python`` (see ``forecast_accuracy.py``) times statsforecast's
AutoETS on the same series, two processes. Wall times, imports apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

PEER = """
import sys, time, pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS
table = pd.read_parquet(sys.argv[1])
model = StatsForecast([AutoETS(season_length=12)], freq="MS", n_jobs=2)
model.forecast(df=table[table.unique_id == table.unique_id.iloc[0]], h=3)
start = time.perf_counter()
model.forecast(df=table, h=3)
print(f"statsforecast AutoETS, points alone, {table.unique_id.nunique()} series: {time.perf_counter() - start:.1f} s")
"""


def simulated(series_nb: int) -> pd.DataFrame:
    """Four years and nine months of seasonal series with growth, drift and noise."""
    random = np.random.default_rng(1)
    months = pd.date_range("2020-01-01", "2024-09-01", freq="MS")
    time_at = np.arange(len(months))
    logs = random.normal(11, 1.5, (series_nb, 1)) + 0.05 * time_at / 12 + 0.1 * np.sin(time_at * np.pi / 6)
    logs = logs + np.cumsum(random.normal(0, 0.01, logs.shape), axis=1) + random.normal(0, 0.06, logs.shape)
    names = np.repeat([f"{number:06d}/phmev" for number in range(series_nb)], len(months))
    return pd.DataFrame({"series": names, "month": np.tile(months, series_nb), "amount_eur": np.exp(logs).ravel()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series-nb", type=int, default=1000)
    parser.add_argument("--peers-python", default=None)
    arguments = parser.parse_args()
    from caqes_analysis.forecast import calibrate, forecast_year_end, simulate_year_end

    monthly = simulated(arguments.series_nb)
    region = simulated(254 * 4)
    start = time.perf_counter()
    calibrate(region, year=2024, observed_months=[9])
    one = time.perf_counter() - start
    start = time.perf_counter()
    calibrate(region, year=2024, observed_months=range(1, 12))
    print(f"load average {os.getloadavg()[0]:.1f}")
    print(
        f"calibration of 254 × 4 series: {one:.1f} s for nine months, {time.perf_counter() - start:.1f} s for 1 to 11"
    )
    start = time.perf_counter()
    forecast_year_end(monthly, year=2024)
    print(f"forecast of {arguments.series_nb} series, calibration included: {time.perf_counter() - start:.1f} s")
    calibration = calibrate(monthly, year=2024, observed_months=[9])
    start = time.perf_counter()
    forecast_year_end(monthly, year=2024, calibration=calibration)
    print(f"forecast of {arguments.series_nb} series, calibration cached: {time.perf_counter() - start:.1f} s")
    start = time.perf_counter()
    simulate_year_end(monthly, year=2024, calibration=calibration)
    print(f"paths of {arguments.series_nb} series (1,000 each): {time.perf_counter() - start:.1f} s")
    if arguments.peers_python:
        with tempfile.TemporaryDirectory() as place:
            source = Path(place) / "series.parquet"
            monthly.rename(columns={"series": "unique_id", "month": "ds", "amount_eur": "y"}).to_parquet(source)
            subprocess.run([arguments.peers_python, "-c", PEER, str(source)], check=True)


if __name__ == "__main__":
    main()
