"""The simulated region: raw files in the real formats, with invented establishments, for demonstrations and tests."""

from caqes_analysis.simulation.geography import REGION, REGION_NAME, departments
from caqes_analysis.simulation.incidents import simulate_incidents
from caqes_analysis.simulation.region import planted_events, simulate_region, simulate_truth, write_open_phmev

__all__ = [
    "REGION",
    "REGION_NAME",
    "departments",
    "planted_events",
    "simulate_incidents",
    "simulate_region",
    "simulate_truth",
    "write_open_phmev",
]
