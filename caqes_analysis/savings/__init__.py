"""Savings, three figures never put in one another's place: the contract's, what a change is made of, what is real."""

from caqes_analysis.savings.changes import annual_pairs, extra_list_pairs, lpp_pairs
from caqes_analysis.savings.decomposition import decompose
from caqes_analysis.savings.dotation import biosimilar_dotation
from caqes_analysis.savings.estimate import estimate
from caqes_analysis.savings.estimate_targeting import Targeting
from caqes_analysis.savings.estimate_threshold import Threshold
from caqes_analysis.savings.regulatory import regulatory
from caqes_analysis.savings.transports import transport_trajectory

__all__ = [
    "Targeting",
    "Threshold",
    "annual_pairs",
    "biosimilar_dotation",
    "decompose",
    "estimate",
    "extra_list_pairs",
    "lpp_pairs",
    "regulatory",
    "transport_trajectory",
]
