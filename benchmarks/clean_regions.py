"""What the controls tell of many simulated regions without any defect: false alarms, by code.

Run ``python -m benchmarks.clean_regions --seeds 0 200`` from the root of the project (2.5 s a region of 20
establishments). Every file of a region is received, as in ``tests/test_clean_regions.py``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.full_region import full_region

SOURCES = ("contracts", "activity", "lpp", "base", "months", "cumuls")


def main() -> None:
    """Print what is told of each region, then the regions of which something is, and how often each code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 100), metavar=("FIRST", "AFTER_LAST"))
    parser.add_argument("--establishments", type=int, default=20)
    asked = parser.parse_args()
    start, codes, regions = time.perf_counter(), Counter[str](), 0
    for seed in range(*asked.seeds):
        with tempfile.TemporaryDirectory() as folder:
            region = full_region(Path(folder), establishments_nb=asked.establishments, seed=seed)
            told = [*region.told(*SOURCES), *region.told("successive")]
        if told:
            print(f"seed {seed}: {told}", flush=True)
        regions += bool(told)
        codes.update(code for code, _ in told)
    print(f"{regions} of {len(range(*asked.seeds))} regions of {asked.establishments} establishments raise something")
    print(f"{dict(codes)}; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
