"""The files of a demonstration, simulated where a real campaign has received them."""

from __future__ import annotations

import json
from pathlib import Path

from caqes_analysis import simulation
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_version import hash_of_files
from caqes_analysis.replacing import write_whole
from caqes_analysis.simulation import simulate_incidents, simulate_region
from caqes_analysis.simulation.atih import simulate_atih
from caqes_analysis.simulation.pertinence import pertinence_form, simulate_pertinence

__all__ = ["prepare_simulation"]


def prepare_simulation(campaign: Campaign) -> None:
    """Simulate the region of a demonstration, unless its files are already there."""
    wish = campaign.simulation
    if wish is None:
        return
    # The files by product are large, and ATIH's layouts end in 2021: they are written for the campaign that names them.
    years = sorted({source.year for source in campaign.sources.extra_list})
    is_declared = pertinence_form(campaign.year) in {source.path.name for source in campaign.sources.declared}
    asked = {
        "establishments_nb": wish.establishments_nb,
        "seed": wish.seed,
        "year": campaign.year,
        "last_month": campaign.last_month_nb,
        "incidents": wish.incidents,
        "extra_list_years": years,
        "pertinence": is_declared,
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
    if years:
        files_years_nb = campaign.year - years[0] + 1
        months = {"year": campaign.year, "last_month": campaign.last_month_nb, "files_years_nb": files_years_nb}
        simulate_atih(wish.directory, **size, **months)
    if is_declared:
        simulate_pertinence(wish.directory, **size, year=campaign.year)
    write_whole(note, json.dumps(asked, indent=1).encode("ascii"))


def _kept(note: Path) -> object:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
