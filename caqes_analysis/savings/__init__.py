"""Savings, three figures never put in one another's place: the contract's, what a change is made of, what is real."""

from caqes_analysis.savings.dotation import biosimilar_dotation
from caqes_analysis.savings.regulatory import regulatory
from caqes_analysis.savings.transports import transport_trajectory

__all__ = ["biosimilar_dotation", "regulatory", "transport_trajectory"]
