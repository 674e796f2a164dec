"""National Open PHMEV file to checked Parquet: this package and pandas side by side.

Run ``python benchmarks/ingest.py`` (about 6 GB of memory for pandas, 3 GB of disk). Each reading is done in a process
of its own, in turn, several times; the table gives the best wall time and the processor time (imports apart, for all)
and the highest memory of the whole process. Nothing is timed in the tests.

Three ways with pandas, none of which checks anything:

- ``pandas``: its usual engine, amounts as floats (which the product does not deliver: see decision 0005);
- ``pandas-exact``: the same, amounts read as texts and turned into exact decimals;
- ``pandas-arrow``: its quickest engine, with Arrow types and exact decimals.
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

ROWS_NB = 3_500_000
ESTABLISHMENTS_NB = 2_200
# Read as numbers, these would lose their leading zeros or mix texts and numbers.
AMOUNTS = ("REM", "BSE")
PEERS = ("pandas", "pandas-exact", "pandas-arrow")
CODES = ("atc1", "atc2", "atc3", "atc4", "ATC5", "CIP13", "TOP_GEN", "age", "SEXE", "etb_rgt", "code_postal")
QUESTION = "select finess, atc2, sum(reimbursed_eur) from annual_drug_spend group by finess, atc2 order by finess, atc2"


def read_with_caqes(source: Path, directory: Path, years: int) -> dict[str, object]:
    """Ingest as the product does, once per year asked, in one process."""
    from caqes_analysis.sources import ingest_open_phmev
    from caqes_analysis.store import Store

    store = Store(directory)
    after_each = []
    start, used_s = time.perf_counter(), time.process_time()
    for number in range(years):
        ingest_open_phmev(source, store, year=2024 - number, delivery=f"annee-{2024 - number}")
        after_each.append(peak_mb())
    wall_s, cpu_s = time.perf_counter() - start, time.process_time() - used_s
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peaks_mb": after_each}


def ask(directory: Path) -> dict[str, object]:
    """Time the question « euros by establishment and ATC class » on the result."""
    from caqes_analysis.store import Store

    store = Store(directory)
    start, used_s = time.perf_counter(), time.process_time()
    answer = store.query(QUESTION)
    asked_s, asked_cpu_s = time.perf_counter() - start, time.process_time() - used_s
    totals = store.query("select count(*) n, sum(reimbursed_eur)::varchar r from annual_drug_spend").iloc[0]
    return {
        "question_s": asked_s,
        "question_cpu_s": asked_cpu_s,
        "answer_rows": len(answer),
        "rows": int(totals["n"]),
        "total": totals["r"],
    }


def read_with_pandas(source: Path, directory: Path, how: str) -> dict[str, object]:
    """Read with the right options, write Parquet: codes as text, French numbers, no check of anything."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet

    exact = pd.ArrowDtype(pa.decimal128(18, 2))
    start, used_s = time.perf_counter(), time.process_time()
    if how == "pandas":
        frame = pd.read_csv(
            source, sep=";", encoding="cp1252", decimal=",", thousands=".", dtype=dict.fromkeys(CODES, str)
        )
    elif how == "pandas-exact":
        texts = dict.fromkeys((*CODES, *AMOUNTS), str)
        frame = pd.read_csv(source, sep=";", encoding="cp1252", thousands=".", dtype=texts)
    else:
        texts = dict.fromkeys((*CODES, *AMOUNTS), pd.ArrowDtype(pa.string()))
        frame = pd.read_csv(source, sep=";", encoding="cp1252", engine="pyarrow", dtype_backend="pyarrow", dtype=texts)
    if how != "pandas":
        for name in AMOUNTS:
            plain = frame[name].str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
            frame[name] = plain.astype(exact)
    directory.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(directory / "pandas.parquet", compression="zstd")
    wall_s, cpu_s = time.perf_counter() - start, time.process_time() - used_s
    return {"wall_s": wall_s, "cpu_s": cpu_s, "rows": len(frame), "total": f"{frame['REM'].sum():.2f}"}


def peak_mb() -> float:
    """Return the highest memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_child(what: str, source: Path, directory: Path, years: int = 1) -> dict[str, float]:
    """Run one reading in a process of its own and return its measures."""
    command = [sys.executable, __file__, "--child", what, "--file", str(source), "--directory", str(directory)]
    done = subprocess.run([*command, "--years", str(years)], check=True, capture_output=True, text=True)
    measures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measures


def child(what: str, source: Path, directory: Path, years: int) -> None:
    """Do one reading and print its measures."""
    if what == "caqes":
        measures = read_with_caqes(source, directory, years)
    elif what in PEERS:
        measures = read_with_pandas(source, directory, what)
    else:
        measures = ask(directory)
    print(json.dumps({"peak_mb": peak_mb(), **measures}))


def compare(source: Path, directory: Path, repeat: int, years: int) -> None:
    """Measure all in turn and print the table."""
    runs: dict[str, list[dict[str, float]]] = {what: [] for what in ("caqes", *PEERS)}
    for number in range(repeat):
        for what, measures in runs.items():
            measures.append(in_child(what, source, directory / what))
            print(f"  passage {number + 1}, {what} : {measures[-1]['wall_s']:.1f} s", file=sys.stderr)
    asked = in_child("question", source, directory / "caqes")
    best = {what: min(measures, key=lambda one: one["wall_s"]) for what, measures in runs.items()}
    if any(int(best[peer]["rows"]) != int(asked["rows"]) for peer in PEERS):
        raise SystemExit("les lectures n'ont pas le même nombre de lignes")
    size_mb = source.stat().st_size / 1e6
    print(f"\n{source.name} : {size_mb:.0f} Mo, {int(asked['rows'])} lignes, {asked['total']} € remboursés\n")
    print(
        "| Lecture | Durée (s) | Processeur (s) | Mémoire (Mo) | Débit (Mo/s) | Durée, rapport | Processeur, rapport |"
    )
    print("|---|---|---|---|---|---|---|")
    ours = best["caqes"]
    for what, one in best.items():
        values = (one["wall_s"], one["cpu_s"], one["peak_mb"], size_mb / one["wall_s"])
        ratios = (one["wall_s"] / ours["wall_s"], one["cpu_s"] / ours["cpu_s"])
        print(f"| {what} | " + " | ".join(f"{value:.1f}" for value in (*values, *ratios)) + " |")
    print("\nQuestion « euros par établissement et classe ATC » : ", end="")
    print(
        f"{asked['question_s']:.2f} s, processeur {asked['question_cpu_s']:.2f} s ({int(asked['answer_rows'])} lignes)"
    )
    if years > 1:
        measures = in_child("caqes", source, directory / "annees", years)
        print(
            f"{years} années à la suite : {measures['wall_s']:.0f} s ; mémoire la plus haute après chacune (Mo) : ",
            end="",
        )
        print(", ".join(f"{peak:.0f}" for peak in measures["peaks_mb"]))  # type: ignore[attr-defined]


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="fichier Open PHMEV ; par défaut une base nationale simulée")
    parser.add_argument("--directory", type=Path, help="dossier de travail ; par défaut temporaire")
    parser.add_argument("--rows", type=int, default=ROWS_NB)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--years", type=int, default=1, help="nombre d'années à lire à la suite (mémoire plate)")
    parser.add_argument("--child", choices=("caqes", *PEERS, "question"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.file, options.directory, options.years)
        return
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or Path(temporary)
        source = options.file
        if source is None:
            from caqes_analysis.simulation import write_open_phmev

            source = directory / "OPEN_PHMEV_2024.CSV"
            write_open_phmev(source, rows_nb=options.rows, establishments_nb=ESTABLISHMENTS_NB, seed=2024, year=2024)
        compare(source, directory, options.repeat, options.years)


if __name__ == "__main__":
    main()
