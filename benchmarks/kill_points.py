"""Kill real builds at drawn moments and compare: ``python benchmarks/kill_points.py --establishments 254 --points 50``.

A region is simulated and built once without interruption. Then ``caqes build`` is started in other folders and killed
(SIGKILL, to the command alone: what it had started must end by itself) after a drawn share of that time, again and
again until a build goes to its end; its result tables and its site must be those of the first build, byte for byte.
The small plan that the tests kill at every kind of disk operation is in ``tests/test_resume.py``.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

CAMPAIGN = """\
title: "Points d'arrêt"
region: {{code: "96", name: "Région d'essai"}}
year: 2024
last_month: "2024-09"
provisional_months_nb: 2
scheme: caqes-2022
simulation: {{directory: recus, establishments_nb: {establishments_nb}}}
sources:
  establishments: [{{path: recus/etablissements.csv}}]
  contracts: [{{path: recus/contrats.csv}}]
  monthly_spend:
    - {{path: recus/phmev_mensuel.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}}
    - {{path: recus/enveloppes_mensuelles.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}}
  open_phmev: [{{path: recus/OPEN_PHMEV_2023.CSV, year: 2023}}]
"""


def started(campaign: Path, output: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "caqes_analysis", "build", str(campaign), "--output", str(output)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def contents(output: Path) -> dict[str, str]:
    files = sorted(path for name in ("site", "run/results") for path in (output / name).rglob("*") if path.is_file())
    return {path.relative_to(output).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def killed_and_resumed(campaign: Path, output: Path, rng: random.Random, whole_s: float, most: int) -> list[float]:
    """Kill builds of one folder at most so many times, then let one end; return the moments of the kills."""
    moments: list[float] = []
    while True:
        build = started(campaign, output)
        try:
            at_s = rng.uniform(0, whole_s) if len(moments) < most else None
            status = build.wait(timeout=at_s)
        except subprocess.TimeoutExpired as waited:
            build.send_signal(signal.SIGKILL)
            build.wait()
            moments.append(float(waited.timeout))
            continue
        if status:
            raise SystemExit(f"the build that followed the kills at {moments} ended with status {status}")
        return moments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--establishments", type=int, default=254, help="size of the region (254)")
    parser.add_argument("--points", type=int, default=50, help="kills (50)")
    parser.add_argument("--seed", type=int, default=2024, help="of the moments (2024)")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        campaign = folder / "arrets-2024.yml"
        campaign.write_text(CAMPAIGN.format(establishments_nb=options.establishments), encoding="utf-8")
        begun = time.perf_counter()
        if status := started(campaign, folder / "entiere").wait():
            raise SystemExit(f"the uninterrupted build ended with status {status}")
        whole_s = time.perf_counter() - begun
        expected = contents(folder / "entiere")
        print(f"{options.establishments} établissements, {whole_s:.0f} s sans arrêt, {len(expected)} fichiers")
        left, chain = options.points, 0
        while left > 0:
            output = folder / f"arretee-{chain}"
            moments = killed_and_resumed(campaign, output, rng, whole_s, left)
            same = contents(output) == expected
            told = ", ".join(f"{moment:.1f}" for moment in moments) or "aucun"
            print(f"arrêts à (s) : {told} → {'mêmes octets' if same else 'DIFFÉRENT'}", flush=True)
            if not same:
                raise SystemExit(1)
            left, chain = left - len(moments), chain + 1
        print(f"{options.points} arrêts, {chain} reprises : mêmes octets")


if __name__ == "__main__":
    main()
