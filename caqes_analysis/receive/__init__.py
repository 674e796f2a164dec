"""Receiving a campaign: every file it names is read and checked, its tables are derived, its store written whole."""

from caqes_analysis.receive.opening import open_store, receive
from caqes_analysis.receive.signature import input_files, kept_signature, received_files, signature
from caqes_analysis.receive.simulated import prepare_simulation

__all__ = [
    "input_files",
    "kept_signature",
    "open_store",
    "prepare_simulation",
    "receive",
    "received_files",
    "signature",
]
