"""Compare the ways of running the sheets of the demonstration: ``python benchmarks/batch.py --sheets 60``.

Every engine executes the same notebook on the same establishments, in one run, one engine after the other.
``calcul seul`` runs the cells of all sheets one after another in a single interpreter that has imported everything: no
kernel, no message, no file. Divided by the number of cores, it is the floor under any engine. ``calcul seul, tous les
cœurs`` runs as many such interpreters at once as there are cores, each with its share of the sheets: the same floor, as
the machine lets it be reached when all its cores compute. ``calcul dans les noyaux`` adds what the cells took inside
their kernels, one kernel at a time, by the dates that kernels put on their messages: from busy to idle.
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
import resource
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from caqes_analysis import perimeter
from caqes_analysis.batch import Job, notebook, run_notebooks
from caqes_analysis.batch.template import close_shared_templates
from caqes_analysis.campaign import REPOSITORY, load_campaign
from caqes_analysis.chapters.own_rows import keep_own_rows
from caqes_analysis.chapters.page import run_directory
from caqes_analysis.chapters.reads import table_hashes
from caqes_analysis.chapters.regional_context import keep_regional_context
from caqes_analysis.forecast.campaign import prepare_forecasts
from caqes_analysis.receive import open_store

NOTEBOOK = REPOSITORY / "notebooks" / "etablissement.ipynb"
CAMPAIGN = REPOSITORY / "parameters" / "demonstration-2024.yml"


def sheet_jobs(directory: Path, sheets_nb: int) -> list[Job]:
    """Return one job per sheet; establishments come back under other names when there are not enough of them."""
    campaign = load_campaign(CAMPAIGN)
    store = open_store(campaign, directory)
    prepare_forecasts(store, campaign)
    keep_regional_context(store, campaign)
    keep_own_rows(store, table_hashes(store))
    known = perimeter.current_establishments(store)["finess"].tolist()
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
        FLOOR.append(pool.submit(run_cells, jobs).result())


def computing_on_all_cores(jobs: Sequence[Job]) -> None:
    cores = min(os.cpu_count() or 1, len(jobs))
    with multiprocessing.get_context("spawn").Manager() as manager:
        # All have imported and computed one sheet before any is timed; when one fails, the others end too.
        together = manager.Barrier(cores, timeout=LONGEST_WAIT_S)
        with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
            taken = [pool.submit(run_cells, jobs[core::cores], together) for core in range(cores)]
            FLOOR.append(max(one.result() for one in taken))


def computing_in_kernels(jobs: Sequence[Job]) -> None:
    busy_since: dict[str, datetime] = {}
    durations_s: list[float] = []
    client_class: Any = notebook._Client
    heard = client_class.process_message

    def timed(client: Any, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        state = msg["content"].get("execution_state")
        if msg["msg_type"] == "status" and msg["parent_header"].get("msg_type") == "execute_request":
            asked_by = msg["parent_header"]["msg_id"]
            if state == "busy":
                busy_since[asked_by] = msg["header"]["date"]
            elif state == "idle":
                durations_s.append((msg["header"]["date"] - busy_since.pop(asked_by)).total_seconds())
        return heard(client, msg, cell, cell_index)

    client_class.process_message = timed
    try:
        failed = run_notebooks(jobs, kernels="warm", workers=1)["error"].dropna()
    finally:
        client_class.process_message = heard
    if len(failed):
        raise RuntimeError(failed.iloc[0])
    FLOOR.append(sum(durations_s))


FLOOR: list[float] = []
LONGEST_WAIT_S = 300.0
ALONE, ALL_CORES, IN_KERNELS = "calcul seul", "calcul seul, tous les cœurs", "calcul dans les noyaux"
FLOORS = (ALONE, ALL_CORES, IN_KERNELS)


def run_cells(jobs: Sequence[Job], together: Any = None) -> float:
    """Run the cells of sheets in this interpreter, formatting what they show as a kernel does; return the seconds."""
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    begun = 0.0
    for job in (jobs[0], *jobs):  # the first time imports, and does what is done once
        shell.user_ns.clear()  # not reset, which collects all garbage: a kernel that ends does not
        shell.init_user_ns()  # type: ignore[no-untyped-call]
        for cell in cells:
            with contextlib.redirect_stdout(io.StringIO()):
                shell.run_cell("".join(cell["source"])).raise_error()  # type: ignore[no-untyped-call]
            if "parameters" in cell["metadata"].get("tags", []):
                shell.user_ns.update(job.parameters)
        if not begun:
            if together is not None:
                together.wait()
            begun = time.perf_counter()
    return time.perf_counter() - begun


ENGINES: dict[str, Callable[[Sequence[Job]], None]] = {
    ALONE: computing_alone,
    ALL_CORES: computing_on_all_cores,
    IN_KERNELS: computing_in_kernels,
    "papermill, en série": papermill_serial,
    "papermill, 2 processus": papermill_two_processes,
    "ploomber-engine, en série": ploomber,
    "caqes, noyaux ordinaires": ours("ordinary"),
    "caqes": ours("warm"),
}


@dataclass(frozen=True)
class Measure:
    """What an engine took: wall time, processor time of this process and all it started, load as it began."""

    wall_s: float
    cpu_s: float
    load: float


def measured(name: str, jobs: Sequence[Job], directory: Path) -> Measure:
    """Run an engine on a clean folder."""
    shutil.rmtree(directory / "executed", ignore_errors=True)
    shutil.rmtree(run_directory(directory), ignore_errors=True)
    load, cpu, begun = os.getloadavg()[0], cpu_seconds(), time.perf_counter()
    with quiet():
        ENGINES[name](jobs)
    wall = time.perf_counter() - begun
    close_shared_templates()  # its processor time, and that of its kernels, count once it has ended
    if name in FLOORS:
        return Measure(FLOOR[-1], FLOOR[-1], load)
    return Measure(wall, cpu_seconds() - cpu, load)


def cpu_seconds() -> float:
    return sum(
        use.ru_utime + use.ru_stime
        for use in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what the kernels of the other engines say to the terminal nowhere."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


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
        found: dict[str, Measure] = {}
        print(f"{options.sheets} fiches, {cores} cœurs")
        print(f"{'moteur':28}{'s':>9}{'s/fiche':>9}{'s de calcul':>13}{'charge':>8}", flush=True)
        for name in options.engines:
            try:
                found[name] = one = measured(name, jobs, directory.resolve())
            except ImportError as absent:
                print(f"{name:28}  absent ({absent})")
                continue
            row = f"{name:28}{one.wall_s:9.1f}{one.wall_s / options.sheets:9.2f}{one.cpu_s:13.1f}{one.load:8.1f}"
            print(row, flush=True)
    own = found.get("caqes")
    for name, other in found.items():
        if own and name not in {*FLOORS, "caqes"}:
            times, less = other.wall_s / own.wall_s, other.cpu_s / own.cpu_s
            print(f"« {name} » prend {times:.1f} fois le temps de caqes, et {less:.1f} fois son temps de calcul")
    if own and ALONE in found:
        print(f"caqes prend {own.wall_s / (found[ALONE].wall_s / cores):.2f} fois le calcul seul divisé par les cœurs")
    if own and IN_KERNELS in found:
        ratio = own.wall_s / (found[IN_KERNELS].wall_s / cores)
        print(f"caqes prend {ratio:.2f} fois le calcul dans les noyaux divisé par les cœurs")
    if own and ALL_CORES in found:
        print(f"caqes prend {own.wall_s / found[ALL_CORES].wall_s:.2f} fois le calcul seul réparti sur tous les cœurs")


if __name__ == "__main__":
    main()
