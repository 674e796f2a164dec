"""All indicators of the catalogue, for 254 and for 3,000 establishments, over five years, on a store made for it.

Run ``python benchmarks/indicators.py`` (3 GB of disk in a temporary folder). The store has the real number of lines per
establishment and year of Open PHMEV (1,600), the presentations of the simulation, sixty months of eight envelopes, and
monthly LPP, liste en sus and activity tables. Each size is computed in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from caqes_analysis import tables
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

SIZES = (254, 3000)
YEARS = range(2020, 2025)
LINES_NB = 1_600
PRODUCTS = Path(tables.__file__).parents[1] / "simulation" / "open_phmev_presentations.csv"

STATE = "'reported' as value_status, false as is_provisional, false as is_corrected"
ESTABLISHMENTS = """
select printf('%09d', 990000000 + i) as finess, date '1900-01-01' as valid_from, 'Établissement ' || i as name,
       ['CHU', 'CH', 'ESPIC'][1 + i % 3] as category, 'public' as legal_status, printf('9%02d', i % 12) as department,
       '96' as region, null::varchar as finess_ej, null::varchar as finess_et, null::varchar as contract_finess,
       null::varchar as town, null::date as valid_to, null::varchar as successor
from range({n}) t(i)
"""
ANNUAL = """
select 'p{year}' as source, i + 2 as source_line, {year} as year, printf('%09d', 990000000 + i // {lines}) as finess,
       cip13, label as product_label, left(atc5, 1) as atc1, 'niveau 1' as atc1_label, left(atc5, 3) as atc2,
       'niveau 2' as atc2_label, left(atc5, 4) as atc3, 'niveau 3' as atc3_label, left(atc5, 5) as atc4,
       'niveau 4' as atc4_label, atc5, label as atc5_label, generic_status, '60' as age_class, '1' as sex,
       1 + hash(i, 1) % 400 as boxes_nb, (1 + hash(i, 2) % 900000) / 100.0 as reimbursed_eur,
       (1 + hash(i, 2) % 900000) / 80.0 as base_eur, {state}
from range({n} * {lines}) t(i) join products p on p.place = hash(i, {year}) % {products}
"""
GRID = """
select printf('%09d', 990000000 + i) as finess, e as envelope, m::date as month, 'reimbursed' as amount_kind,
       (1000 + hash(i, e, m) % 900000) / 100.0 as amount_eur, {state}
from range({n}) t(i), unnest(['phmev', 'extra_list_drugs', 'extra_list_devices', 'lpp', 'perfadom',
       'transport_ambulance', 'transport_taxi', 'transport_vsl']) u(e),
     generate_series(date '2020-01-01', date '2024-12-01', interval 1 month) g(m)
"""
LPP = """
select printf('%09d', 990000000 + i) as finess, strftime(m, '%Y-%m') as period,
       printf('%07d', 1100000 + 1307 * c) as lpp,
       'lpp' as delivery, 3 as quantity_nb, (1000 + hash(i, c, m) % 90000) / 100.0 as amount_eur, {state}
from range({n}) t(i), range(30) u(c), generate_series(date '2020-01-01', date '2024-12-01', interval 1 month) g(m)
"""
EXTRA = """
select 'les' as source, row_number() over () + 1 as source_line, printf('%09d', 990000000 + i) as finess,
       m::date as month, 'discharge' as date_basis, if(c % 3 = 0, 'device', 'drug') as kind,
       printf('%07d', 9400000 + 1307 * c) as code, null::varchar as indication, 2 as quantity_nb,
       null::decimal(18, 2) as purchase_eur, null::decimal(18, 2) as tariff_eur,
       (1000 + hash(i, c, m) % 90000) / 100.0 as reimbursed_eur, {state}
from range({n}) t(i), range(30) u(c), generate_series(date '2020-01-01', date '2024-12-01', interval 1 month) g(m)
"""
ACTIVITY = """
select printf('%09d', 990000000 + i) as finess, strftime(m, '%Y-%m') as period, a as activity, 'act' as delivery,
       hash(i, a, m) % 900 as count_nb, null::varchar as proof, {state}
from range({n}) t(i), unnest($activities) u(a),
     generate_series(date '2020-01-01', date '2024-12-01', interval 1 month) g(m)
"""


def make_store(directory: Path, establishments_nb: int) -> Store:
    """Write the store of a region of that size."""
    from caqes_analysis.activities import ACTIVITIES

    store = Store(directory)
    base = duckdb.connect()
    base.execute("set enable_progress_bar = false")
    base.execute(
        f"create table products as select *, row_number() over () - 1 as place from read_csv('{PRODUCTS}', "
        "all_varchar = true, delim = ';')"
    )
    products_nb = base.execute("select count(*) from products").fetchone()[0]  # type: ignore[index]
    fill = {"n": establishments_nb, "lines": LINES_NB, "state": STATE, "products": products_nb}

    def write(table: Table, query: str, part: str = "banc", parameters: dict[str, object] | None = None) -> None:
        types = ", ".join(f'"{field.name}" {_duckdb_type(str(field.type))}' for field in table.arrow_schema)
        base.execute(f"create or replace table filled ({types})")
        base.execute(f"insert into filled by name {query}", parameters)
        path = store.part_path(table, part)
        base.execute(f"copy filled to '{path}' (compression zstd)")

    write(tables.ESTABLISHMENTS, ESTABLISHMENTS.format(**fill))
    for year in YEARS:
        write(tables.ANNUAL_DRUG_SPEND, ANNUAL.format(year=year, **fill), part=f"p{year}")
    write(tables.MONTHLY_GRID, GRID.format(**fill))
    write(tables.LPP_SPEND, LPP.format(**fill))
    write(tables.EXTRA_LIST_USE, EXTRA.format(**fill))
    write(tables.ACTIVITY, ACTIVITY.format(**fill), parameters={"activities": [a.code for a in ACTIVITIES]})
    return store


def _duckdb_type(arrow: str) -> str:
    kinds = {"string": "varchar", "int64": "bigint", "date32[day]": "date", "bool": "boolean", "double": "double"}
    return kinds.get(arrow) or arrow.replace("128", "")


def compute(directory: Path) -> dict[str, object]:
    """Compute the whole catalogue on a store."""
    import pandas as pd

    from caqes_analysis.indicators.catalogue import load_catalogue
    from caqes_analysis.indicators.compute import compute_indicators
    from caqes_analysis.indicators.places import Places
    from caqes_analysis.indicators.trends import trends, with_intervals

    definitions = list(load_catalogue().values())
    store = Store(directory)
    start, worked = time.perf_counter(), time.process_time()
    values = compute_indicators(store, definitions, periods=[str(year) for year in YEARS])
    computed, computed_cpu = time.perf_counter() - start, time.process_time() - worked
    places = Places.read(store, sorted(values["finess"].dropna().unique()))
    groups = {level: pd.Series(names, index=list(places.finess)) for level, names in places.groups.items()}
    full, measured, layout = with_intervals(values, definitions, groups)
    trends(full, definitions, measured=measured, layout=layout, peers=groups["category"])
    return {
        "wall_s": computed,
        "cpu_s": computed_cpu,
        "trends_cpu_s": time.process_time() - worked - computed_cpu,
        "values_nb": len(values),
        "definitions_nb": len(definitions),
        "measures_nb": sum(len(d.measures) * len(d.perimeters) for d in definitions),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--directory", type=Path, help="where to write the stores; a temporary folder by default")
    parser.add_argument("--compute", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.compute:
        print(json.dumps(compute(chosen.compute)))
        return
    with tempfile.TemporaryDirectory(dir=chosen.directory) as temporary:
        print(
            "| établissements | lignes Open PHMEV | définitions | mesures | valeurs | secondes | "
            "processeur (s) | tendances, processeur (s) | mémoire (Mo) |"
        )
        print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
        for size in chosen.sizes:
            directory = Path(temporary) / str(size)
            make_store(directory, size)
            command = [sys.executable, __file__, "--compute", str(directory)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(answer.stdout.splitlines()[-1])
            print(
                f"| {size} | {size * LINES_NB * len(YEARS)} | {found['definitions_nb']} | {found['measures_nb']} "
                f"| {found['values_nb']} | {found['wall_s']:.1f} | {found['cpu_s']:.1f} | "
                f"{found['trends_cpu_s']:.1f} | {found['peak_mb']} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
