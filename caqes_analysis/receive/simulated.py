"""The files of a demonstration, simulated where a real campaign has received them."""

from __future__ import annotations

import json
from pathlib import Path

from caqes_analysis import simulation
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_version import hash_of_files
from caqes_analysis.replacing import write_whole
from caqes_analysis.simulation import simulate_incidents, simulate_region

__all__ = ["prepare_simulation"]


def prepare_simulation(campaign: Campaign) -> None:
    """Simulate the region of a demonstration, unless its files are already there."""
    wish = campaign.simulation
    if wish is None:
        return
    asked = {
        "establishments_nb": wish.establishments_nb,
        "seed": wish.seed,
        "year": campaign.year,
        "last_month": campaign.last_month_nb,
        "incidents": wish.incidents,
        "code": hash_of_files(Path(simulation.__file__).parent, ("*.py", "*.csv", "*.json")),
    }
    note = wish.directory / "simulation.json"
    if _kept(note) == asked:
        return
    note.unlink(missing_ok=True)  # first: files of two simulations are none
    size = {"establishments_nb": wish.establishments_nb, "seed": wish.seed}
    simulate_region(wish.directory, **size, year=campaign.year, last_month=campaign.last_month_nb)
    if wish.incidents:
        simulate_incidents(wish.directory, **size, year=campaign.year, last_month=campaign.last_month_nb)
    write_whole(note, json.dumps(asked, indent=1).encode("ascii"))


def _kept(note: Path) -> object:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
