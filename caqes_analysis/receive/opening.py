"""The store of a campaign: received anew when its inputs have changed, written whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from caqes_analysis.campaign import Campaign
from caqes_analysis.receive.deriving import derive
from caqes_analysis.receive.reading import read_sources
from caqes_analysis.receive.signature import SIGNATURE, kept_signature, signature
from caqes_analysis.receive.simulated import prepare_simulation
from caqes_analysis.replacing import replace_folder, restore_folder
from caqes_analysis.sources import Findings
from caqes_analysis.store import Store

__all__ = ["open_store", "receive"]


def open_store(campaign: Campaign, build_directory: Path | None = None) -> Store:
    """Return the store of a campaign, received anew when its inputs have changed since it was written.

    Parameters
    ----------
    campaign
        The campaign.
    build_directory
        Folder of the build; by default the campaign's own.

    Raises
    ------
    CaqesError
        When an input is wrong.
    """
    directory = (build_directory or campaign.build_directory) / "store"
    prepare_simulation(campaign)
    restore_folder(directory)
    wanted = signature(campaign)
    if kept_signature(directory) != wanted:
        receive(campaign, directory, signed=wanted)
    return Store(directory)


def receive(campaign: Campaign, directory: Path, *, signed: Mapping[str, str] | None = None) -> Findings:
    """Read every source of a campaign into a store, then derive from them what is regional by nature.

    Parameters
    ----------
    campaign
        The campaign; its simulated files, if any, exist.
    directory
        Folder of the store; replaced whole when all inputs are right, untouched otherwise.
    signed
        Signature of the campaign, when it was just taken. The store is signed with what stood before the reading: a
        file that changes meanwhile is read again next time.

    Returns
    -------
    Findings
        What was noticed and accepted; also kept as the table ``findings``.

    Raises
    ------
    SourceError
        Every problem of every input at once.
    """
    draft = directory.with_name(directory.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    signed = signature(campaign) if signed is None else signed
    try:
        store = Store(draft)
        register, findings = read_sources(campaign, store)
        findings = derive(campaign, store, register, findings)
        (draft / SIGNATURE).write_text(json.dumps(dict(signed), indent=1), encoding="utf-8")
        replace_folder(draft, directory)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return findings
