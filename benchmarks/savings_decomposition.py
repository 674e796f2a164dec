"""What a national change is made of: two yearly bases of 3.5 million lines, paired and split exactly.

Run ``python benchmarks/savings_decomposition.py`` (0.3 GB of disk in a temporary folder). Establishments, presentations
and lines are as many as in Open PHMEV 2024; amounts are drawn.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb

from caqes_analysis import tables
from caqes_analysis.savings import annual_pairs, decompose
from caqes_analysis.savings.decomposition import EFFECTS
from caqes_analysis.store import Store

LINES_NB, ESTABLISHMENTS_NB, PRODUCTS_NB = 3_500_000, 1_600, 12_000
YEAR = 2024
LINES = """
select 'p{year}' as source, i + 2 as source_line, {year} as year,
       printf('%09d', 990000000 + hash(i, 1) % {establishments}) as finess,
       case when hash(i, 2) % 100 < 28 then '9999999999999'
            else printf('34%011d', cast({products} * pow((hash(i, 3) % 1000000) / 1e6, 2) as bigint)) end as cip13,
       'A' as atc1, 'A02BC01' as atc5, '0' as generic_status, 1 + hash(i, {year}) % 400 as boxes_nb,
       (1 + hash(i, {year}, 4) % 90000) / 100.0 as reimbursed_eur, (1 + hash(i, {year}, 4) % 90000) / 80.0 as base_eur
from range({lines}) t(i)
"""


def make(store: Store, lines_nb: int) -> None:
    """Write two years of drawn lines."""
    columns = ", ".join(f'"{column.name}"' for column in tables.ANNUAL_DRUG_SPEND.columns)
    optional = ", ".join(
        f'null::varchar as "{column.name}"'
        for column in tables.ANNUAL_DRUG_SPEND.columns
        if column.name in ("product_label", "age_class", "sex") or column.name.startswith("atc")
        if column.name not in ("atc1", "atc5")
    )
    with duckdb.connect() as connection:
        for year in (YEAR - 1, YEAR):
            rows = LINES.format(year=year, lines=lines_nb, establishments=ESTABLISHMENTS_NB, products=PRODUCTS_NB)
            place = store.part_path(tables.ANNUAL_DRUG_SPEND, str(year))
            state = "'reported' as value_status, false as is_provisional, false as is_corrected"
            connection.execute(
                f"copy (select {columns} from (select *, {optional}, {state} from ({rows}))) to '{place}' "
                "(format parquet, compression zstd)"
            )


def main() -> None:
    """Print how long pairing and splitting take, and what they need of memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES_NB)
    lines_nb = parser.parse_args().lines
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        make(store, lines_nb)
        began = time.perf_counter()
        pairs = annual_pairs(store, year=YEAR)
        paired = time.perf_counter()
        found = decompose(pairs)
        ended = time.perf_counter()
    change = found["current_eur"].sum() - found["previous_eur"].sum()
    assert change == sum(found[f"{name}_eur"].sum() for name in EFFECTS)
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"lines of each year         {lines_nb:>12,}")
    print(f"establishment × product    {len(pairs):>12,}")
    print(f"pairing, s                 {paired - began:>12.1f}")
    print(f"exact split, s             {ended - paired:>12.1f}")
    print(f"largest memory, GB         {memory_gb:>12.1f}")


if __name__ == "__main__":
    main()
