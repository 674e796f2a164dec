"""What commands print about files received and notebooks that failed, gathered from where it stands."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from caqes_analysis.campaign import REPOSITORY
from caqes_analysis.command_line.reports import ReceivedFile
from caqes_analysis.command_line.text import program_name
from caqes_analysis.receive import input_files, kept_signature
from caqes_analysis.reopen import executed_notebooks

if TYPE_CHECKING:
    from caqes_analysis.campaign import Campaign
    from caqes_analysis.store import Store

__all__ = ["failed_rows", "parameter_fingerprints", "received_files"]

# What a sender may announce, the most telling first: keys of the campaign, columns of ``deliveries``.
_CONTROLS = (
    ("control_total_eur", "total_eur"),
    ("control_base_eur", "total_base_eur"),
    ("control_billed_eur", "total_billed_eur"),
    ("control_tariff_eur", "total_tariff_eur"),
    ("control_total_nb", "total_nb"),
)


def failed_rows(
    notebooks: pd.DataFrame, directory: Path, campaign: Path, output: Path | None
) -> list[dict[str, object]]:
    """Return the notebooks that failed, each with the command that reopens it.

    Parameters
    ----------
    notebooks
        Rows of :func:`caqes_analysis.batch.run_notebooks`.
    directory
        Folder of what the build made.
    campaign, output
        As they were given to the command.
    """
    rows = notebooks[notebooks["status"] == "failed"].to_dict("records")
    where = f" --output {shlex.quote(str(output))}" if output else ""
    start = f"{program_name()} lab {shlex.quote(str(campaign))}"
    executed = executed_notebooks(directory)
    return [
        {
            **{str(key): value for key, value in row.items()},
            "command": f"{start} --page {row['job']}{where}" if row["job"] in executed else start,
        }
        for row in rows
    ]


def received_files(campaign: Campaign, store: Store) -> list[ReceivedFile]:
    """Return the files of a campaign with the SHA-256 and each control total that it does not name.

    Parameters
    ----------
    campaign
        The campaign.
    store
        Store that has received them.
    """
    columns = ", ".join(column for _, column in _CONTROLS)
    rows = store.query(f"select delivery, {columns}, lines from deliveries")
    described = {row["delivery"]: row for row in rows.to_dict("records")}
    hashes = kept_signature(store.directory)
    return [
        ReceivedFile(
            source.path,
            None if source.sha256 else hashes[str(source.path)],
            # A fingerprint sees every change: beside it, one total is enough to know what is announced.
            () if source.sha256 and source.controls else _controls(described[source.delivery_name], source.controls),
        )
        for source in campaign.sources.all()
    ]


def _controls(described: Mapping[Any, Any], named: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return every total of a file (a digit changed in one column moves no other's) that is not named yet.

    A file without totals has its number of lines, unless it is named.
    """
    totals = [(key, described[column]) for key, column in _CONTROLS]
    known = [(key, format(total, "f")) for key, total in totals if not pd.isna(total)]
    known = known or [("control_rows_nb", str(described["lines"]))]
    return tuple((key, value) for key, value in known if key not in named)


def parameter_fingerprints(campaign: Campaign, store: Store) -> list[tuple[str, str]]:
    """Return the region's own files that are no source and have no fingerprint yet, each with its SHA-256.

    Parameters
    ----------
    campaign
        The campaign.
    store
        Store that has received it.

    Returns
    -------
    list of tuple
        Path from the folder of the campaign, and SHA-256; what comes with the package is left out.
    """
    hashes, folder = kept_signature(store.directory), campaign.file.parent
    named = {*campaign.targets, campaign.corrections_file, campaign.map}
    named |= {campaign.scheme_rules, campaign.evaluation_grid}
    others = {campaign.file, *(source.path for source in (*campaign.sources.all(), *campaign.fingerprints))}
    return [
        (Path(os.path.relpath(path, folder)).as_posix(), hashes[str(path)])
        for path in input_files(campaign)
        if path not in others and (path in named or not path.is_relative_to(REPOSITORY / "parameters"))
    ]
