"""Does a batch keep its pace? ``python benchmarks/plan.py --sheets 254 1000 3000`` and ``--build 254``.

``--sheets``: sheets of the demonstration, as many as asked (establishments come back when there are not enough), with
the time per sheet and the memory of the process that runs them, at a tenth of the way and at the end.
``--build``: a simulated region of that many establishments, from its raw files to its pages, step by step; then nothing
changed; then one comment.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import tempfile
import time
import warnings
from pathlib import Path

from batch import cpu_seconds, sheet_jobs

from caqes_analysis import perimeter
from caqes_analysis.batch import Job, run_notebooks
from caqes_analysis.batch.template import close_shared_templates
from caqes_analysis.build import build
from caqes_analysis.campaign import REPOSITORY, load_campaign
from caqes_analysis.receive import open_store
from caqes_analysis.unchanged import unchanged_site

_CAMPAIGN = REPOSITORY / "parameters" / "demonstration-2024.yml"


def memory_mb() -> float:
    """Return the memory that this process alone holds (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_sheets(directory: Path, sheets_nb: int) -> str:
    """Run sheets; return the row of the table."""
    jobs = sheet_jobs(directory, sheets_nb)
    shutil.rmtree(directory / "executed", ignore_errors=True)
    held: list[float] = []

    def count(_job: Job, _status: str) -> None:
        held.append(memory_mb())

    load, cpu, begun = os.getloadavg()[0], cpu_seconds(), time.perf_counter()
    failed = run_notebooks(jobs, on_done=count)["error"].dropna()
    wall = time.perf_counter() - begun
    if len(failed):
        raise RuntimeError(failed.iloc[0])
    close_shared_templates()  # its processor time, and that of its kernels, count once it has ended
    early, late = held[len(held) // 10], held[-1]
    spent = cpu_seconds() - cpu
    return (
        f"{sheets_nb:6}{wall:9.1f}{wall / sheets_nb:9.3f}{sheets_nb / wall:9.2f}{spent / sheets_nb:12.2f}"
        f"{early:10.0f}{late:8.0f}{100 * (late / early - 1):+8.1f} %{load:8.1f}"
    )


def build_region(directory: Path, establishments_nb: int) -> None:
    """Build the report of a simulated region three times, printing the time of each step."""
    text = _CAMPAIGN.read_text(encoding="utf-8")
    text = text.replace("establishments_nb: 40", f"establishments_nb: {establishments_nb}")
    text = text.replace("../data/demonstration-2024", "recus") + "output: sortie\n"
    for name in ("demonstration", "demonstration-reperes.csv"):
        source = _CAMPAIGN.parent / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, directory / name)
    place = directory / _CAMPAIGN.name
    place.write_text(text, encoding="utf-8")
    campaign = load_campaign(place)
    open_store(campaign, directory / "simulate")  # the files are simulated once, apart from the measure
    shutil.rmtree(directory / "simulate")
    timed_build(place, "tout, depuis les fichiers")
    begun = time.perf_counter()
    same = unchanged_site(campaign, campaign.build_directory) is not None
    print(f"rien de changé ({'repris' if same else 'REFAIT'}) : {time.perf_counter() - begun:.1f} s", flush=True)
    finess = perimeter.current_establishments(open_store(campaign))["finess"].iloc[0]
    campaign.comments_folder.mkdir(parents=True, exist_ok=True)
    (campaign.comments_folder / f"{finess}.md").write_text("Une remarque.", encoding="utf-8")
    timed_build(place, "un commentaire")


def timed_build(campaign: Path, title: str) -> None:
    begun = last = time.perf_counter()
    steps: dict[str, float] = {}

    def progress(step: str, _done: int, _wanted: int) -> None:
        nonlocal last
        now = time.perf_counter()
        steps[step] = steps.get(step, 0.0) + now - last
        last = now

    report = build(campaign, progress=progress)
    counts = report.notebooks["status"].value_counts().to_dict()
    print(f"{title} : {time.perf_counter() - begun:.1f} s, {counts}, charge {os.getloadavg()[0]:.1f}")
    for step, spent in steps.items():
        print(f"    {step:32}{spent:8.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", type=int, nargs="*", default=[], help="numbers of sheets")
    parser.add_argument("--build", type=int, help="number of establishments of a whole report")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with contextlib.ExitStack() as stack:
        if options.sheets:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
            print("fiches        s  s/fiche  fiches/s  calcul/fiche  Mo à 10 %  à la fin  écart  charge", flush=True)
            for sheets_nb in options.sheets:
                print(run_sheets(directory, sheets_nb), flush=True)
        if options.build:
            build_region(Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve(), options.build)


if __name__ == "__main__":
    main()
