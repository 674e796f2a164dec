"""Compare the ways of running the sheets of the demonstration: ``python benchmarks/batch.py --sheets 60``.

Every engine executes the same notebook on the same establishments, in one run, one engine after the other.
``calcul seul`` runs the cells of all sheets one after another in a single interpreter that has imported everything: no
kernel, no message, no file. Divided by the number of cores, it is the floor under any engine.
ploomber-engine is shown when it is installed (``pip install ploomber-engine``).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import multiprocessing
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from caqes_analysis import perimeter
from caqes_analysis.batch import Job, run_notebooks
from caqes_analysis.batch.template import close_shared_templates
from caqes_analysis.campaign import REPOSITORY, load_campaign
from caqes_analysis.receive import open_store

NOTEBOOK = REPOSITORY / "notebooks" / "etablissement.ipynb"
CAMPAIGN = REPOSITORY / "parameters" / "demonstration-2024.yml"


def sheet_jobs(directory: Path, sheets_nb: int) -> list[Job]:
    """Return one job per sheet; establishments come back under other names when there are not enough of them."""
    campaign = load_campaign(CAMPAIGN)
    known = perimeter.current_establishments(open_store(campaign, directory))["finess"].tolist()
    chosen = [known[n % len(known)] for n in range(sheets_nb)]
    return [
        Job(
            name=f"{finess}-{n}",
            notebook=NOTEBOOK,
            executed=directory / "executed" / f"{finess}-{n}.ipynb",
            parameters={"campaign": str(CAMPAIGN), "build_directory": str(directory), "finess": finess},
        )
        for n, finess in enumerate(chosen)
    ]


def with_papermill(job: Job) -> None:
    import papermill

    job.executed.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        str(job.notebook), str(job.executed), dict(job.parameters), progress_bar=False, cwd=str(job.notebook.parent)
    )


def papermill_serial(jobs: Sequence[Job]) -> None:
    for job in jobs:
        with_papermill(job)


def papermill_two_processes(jobs: Sequence[Job]) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(with_papermill, jobs))


def ploomber(jobs: Sequence[Job]) -> None:
    from ploomber_engine import execute_notebook  # type: ignore[import-not-found]

    for job in jobs:
        job.executed.parent.mkdir(parents=True, exist_ok=True)
        execute_notebook(str(job.notebook), str(job.executed), parameters=dict(job.parameters), progress_bar=False)


def ours(kernels: Any) -> Callable[[Sequence[Job]], None]:
    def run(jobs: Sequence[Job]) -> None:
        close_shared_templates()  # the time to import the stack is part of the measure
        failed = run_notebooks(jobs, kernels=kernels)["error"].dropna()
        if len(failed):
            raise RuntimeError(failed.iloc[0])

    return run


def computing_alone(jobs: Sequence[Job]) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(run_cells, jobs[:1]).result()  # imports, and everything that is done once
        begun = time.perf_counter()
        pool.submit(run_cells, jobs).result()
        FLOOR.append(time.perf_counter() - begun)


FLOOR: list[float] = []


def run_cells(jobs: Sequence[Job]) -> None:
    """Run the cells of sheets in this interpreter, formatting what they show as a kernel does."""
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    for job in jobs:
        shell.reset(new_session=True)
        for cell in cells:
            with contextlib.redirect_stdout(io.StringIO()):
                shell.run_cell("".join(cell["source"])).raise_error()
            if "parameters" in cell["metadata"].get("tags", []):
                shell.user_ns.update(job.parameters)


ENGINES: dict[str, Callable[[Sequence[Job]], None]] = {
    "calcul seul": computing_alone,
    "papermill, en série": papermill_serial,
    "papermill, 2 processus": papermill_two_processes,
    "ploomber-engine, en série": ploomber,
    "caqes, noyaux ordinaires": ours("ordinary"),
    "caqes": ours("warm"),
}


def measured(engines: Sequence[str], jobs: Sequence[Job], directory: Path) -> Iterator[tuple[str, float, float]]:
    """Yield the name of each engine, its wall time and the load of the machine as it began."""
    for name in engines:
        shutil.rmtree(directory / "executed", ignore_errors=True)
        shutil.rmtree(directory / "run.draft", ignore_errors=True)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        begun = time.perf_counter()
        try:
            ENGINES[name](jobs)
        except ImportError as absent:
            print(f"{name} : absent ({absent})")
            continue
        elapsed = time.perf_counter() - begun
        yield name, FLOOR[-1] if name == "calcul seul" else elapsed, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", type=int, default=60, help="number of sheets (60)")
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES), help="engines (all)")
    parser.add_argument("--directory", type=Path, help="folder of the store, kept (a temporary one)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with contextlib.ExitStack() as stack:
        directory = options.directory or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        directory.mkdir(parents=True, exist_ok=True)
        jobs = sheet_jobs(directory.resolve(), options.sheets)
        cores = os.cpu_count() or 1
        times: dict[str, float] = {}
        print(f"{options.sheets} fiches, {cores} cœurs\n{'moteur':28}{'s':>9}{'s/fiche':>9}{'charge':>8}", flush=True)
        for name, elapsed, load in measured(options.engines, jobs, directory.resolve()):
            times[name] = elapsed
            print(f"{name:28}{elapsed:9.1f}{elapsed / options.sheets:9.2f}{load:8.1f}", flush=True)
    mine = times.get("caqes")
    for name, elapsed in times.items():
        if mine and name.startswith(("papermill", "ploomber", "caqes,")):
            print(f"caqes est {elapsed / mine:.1f} fois plus rapide que « {name} »")
    if mine and "calcul seul" in times:
        print(f"caqes prend {mine / (times['calcul seul'] / cores):.2f} fois le calcul seul divisé par les cœurs")


if __name__ == "__main__":
    main()
