"""ATIH fixed-width files of growing length to checked Parquet: time and highest memory.

Run ``python benchmarks/atih.py`` (0.8 GB of disk). Each file is read in a process of its own, with a tariff and shared
stays, so that every cleaning step works. Nothing is timed in the tests.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

BATCH_NB = 100_000
MILLIONS = (1, 2, 4)
CODES = np.array(["9402303", "9197719", "9419723", "9261104"])
SITES = np.array(["961000015", "962100061", "2A0000014"])


def batches(lines_nb: int) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield lines drawn at random, a hundred thousand at a time."""
    random = np.random.default_rng(1)
    months = pd.date_range("2021-01-01", "2021-12-01", freq="MS").to_numpy()
    for _ in range(lines_nb // BATCH_NB):
        numbers = random.integers(1, 5000, BATCH_NB)
        lines = {
            "finess": SITES[random.integers(0, len(SITES), BATCH_NB)],
            "month": months[random.integers(0, 12, BATCH_NB)],
            "product": CODES[random.integers(0, len(CODES), BATCH_NB)],
            "quantity": numbers,
            "purchase": numbers * random.integers(100, 1000, BATCH_NB),
            "stays": random.integers(1, 4, BATCH_NB),
            "indication": "I000029",
        }
        yield {"": pd.DataFrame(lines)}


def read(source: Path, directory: Path) -> dict[str, float]:
    """Ingest as the product does; return the seconds and the highest memory of the process."""
    import resource

    from caqes_analysis.sources import ingest_atih
    from caqes_analysis.sources.atih_references import references_from
    from caqes_analysis.store import Store

    tariff = {"kind": "drug", "code": CODES[:1], "valid_from": pd.Timestamp("2020-01-01"), "tariff_ttc_eur": 207.641}
    references = references_from(tariffs=pd.DataFrame(tariff))
    start, cpu = time.perf_counter(), time.process_time()
    ingest_atih(source, Store(directory), file_type="rsa_med", year=2021, delivery="essai", references=references)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu, "peak_mb": peak_mb}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--store", type=Path)
    asked = parser.parse_args()
    if asked.source:
        print(json.dumps(read(asked.source, asked.store)))
        return
    from caqes_analysis.simulation.atih import write_atih

    print("| Lines | File | Time | Processor | Highest memory |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for millions in MILLIONS:
            source = Path(folder) / f"{millions}.txt"
            write_atih(source, batches(millions * 1_000_000), file_type="rsa_med", year=2021)
            command = [sys.executable, __file__, "--source", str(source), "--store", str(Path(folder) / "store")]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            size = source.stat().st_size / 1e6
            print(
                f"| {millions} M | {size:.0f} MB | {found['wall_s']:.1f} s | {found['cpu_s']:.1f} s "
                f"| {found['peak_mb']:.0f} MB |",
                flush=True,
            )
            source.unlink()


if __name__ == "__main__":
    main()
