"""Killed at any moment, or out of disk, the next run goes on; its tables and its site are those of a run left alone."""

from __future__ import annotations

import os
import random
import resource
import shutil
from pathlib import Path

import pytest

from caqes_analysis.batch import list_runs, load_run
from caqes_analysis.batch.template import can_fork
from tests.batch.small_plan import SmallPlan, Trap, contents, in_a_process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_fork(), reason="this system does not fork kernels"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # Python ≥ 3.12 on os.fork beside threads
]

KILLS_NB = 50
FULL_DISKS_NB = 12
AMOUNTS = {f"33000000{n}": [n, 10 * n] for n in range(1, 5)}


class Bench:
    """Where runs are stopped: the plan, what a run left alone makes, how many changes it makes on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = SmallPlan(folder / "inputs")
        self.plan.write(**{**AMOUNTS, "330000001": [7]})
        assert in_a_process(lambda: self.plan.run(folder / "before")) == 0  # an edition earlier
        self.plan.write(**AMOUNTS)
        assert in_a_process(lambda: self._counted(folder / "alone")) == 0
        self.expected = contents(folder / "alone")
        self.changes_nb = int((folder / "changes").read_text())
        self.places = iter(range(1_000_000))

    def _counted(self, directory: Path) -> None:
        trap = Trap()
        trap.set()
        self.plan.run(directory)
        (self.folder / "changes").write_text(str(trap.count))

    def fresh(self, rng: random.Random) -> Path:
        """Return a folder in which nothing was built, or the edition before."""
        place = self.folder / f"killed-{next(self.places)}"
        if rng.random() < 0.5:
            shutil.copytree(self.folder / "before", place)
        return place

    def stopped(self, place: Path, trap: Trap) -> int:
        """Run the plan with a trap; return the status of the process."""

        def work() -> None:
            trap.set()
            self.plan.run(place)

        return in_a_process(work)

    def check(self, place: Path) -> None:
        """Check what a run that went to its end has made, and that it left nothing behind."""
        assert contents(place) == self.expected
        left = {path.name for path in place.iterdir()} - {"built.json", "cache", "run", "runs", "site", "work"}
        assert left <= {".build.lock"}
        *killed, last = [load_run(place, name) for name in list_runs(place)]
        assert last.succeeded
        assert all(run.facts.get("run", run.name) == run.name for run in killed)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("resume"))


def test_what_is_compared_holds_tables_and_pages(bench: Bench) -> None:
    assert sum(name.startswith("run/results/") for name in bench.expected) == len(AMOUNTS)
    assert "site/synthese.html" in bench.expected
    assert "region 110" in (bench.folder / "alone" / "site" / "synthese.html").read_text(encoding="utf-8")
    assert contents(bench.folder / "before") != bench.expected
    assert bench.changes_nb > KILLS_NB


def test_killed_at_any_moment(bench: Bench) -> None:
    rng = random.Random(2024)
    place, kills_nb, points = bench.fresh(rng), 0, set()
    while kills_nb < KILLS_NB:
        at = rng.randint(1, bench.changes_nb)
        delay_s = rng.choice([None, None, 0.0, rng.random() / 200])
        status = bench.stopped(place, Trap(at, delay_s=delay_s))
        assert status <= 0, f"change {at}: the run stopped by itself"
        if status < 0:
            kills_nb += 1
            points.add(at)
        else:
            bench.check(place)
            place = bench.fresh(rng)
    assert in_a_process(lambda: bench.plan.run(place)) == 0
    bench.check(place)
    assert len(points) > KILLS_NB / 3


def test_out_of_disk_at_any_moment(bench: Bench) -> None:
    rng = random.Random(7)
    for _ in range(FULL_DISKS_NB):
        place = bench.fresh(rng)
        at = rng.randint(2, bench.changes_nb)
        assert bench.stopped(place, Trap(at, full=True)) >= 0
        assert in_a_process(lambda place=place: bench.plan.run(place)) == 0
        bench.check(place)


@pytest.mark.parametrize("size_bytes", [1, 100, 700, 1500, 4000])
def test_a_file_that_cannot_be_written_whole(bench: Bench, size_bytes: int) -> None:
    place = bench.fresh(random.Random(size_bytes))

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))
        bench.plan.run(place)

    assert in_a_process(work) >= 0
    assert in_a_process(lambda: bench.plan.run(place)) == 0
    bench.check(place)


def test_a_kill_is_told_from_an_end() -> None:
    assert in_a_process(lambda: os.kill(os.getpid(), 9)) == -9
