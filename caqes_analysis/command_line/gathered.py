"""What commands print about files received and notebooks that failed, gathered from where it stands."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from caqes_analysis.command_line.reports import ReceivedFile
from caqes_analysis.command_line.text import program_name
from caqes_analysis.receive import kept_signature
from caqes_analysis.reopen import executed_notebooks

if TYPE_CHECKING:
    import pandas as pd

    from caqes_analysis.campaign import Campaign
    from caqes_analysis.store import Store

__all__ = ["failed_rows", "received_files"]


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
    """Return the files of a campaign with the SHA-256 and the total that it does not name.

    Parameters
    ----------
    campaign
        The campaign.
    store
        Store that has received them.
    """
    sums = store.query("select delivery, total_eur as total from deliveries where total_eur is not null")
    totals = dict(zip(sums["delivery"], sums["total"], strict=True))
    hashes = kept_signature(store.directory)
    return [
        ReceivedFile(
            source.path,
            None if source.sha256 else hashes[str(source.path)],
            totals.get(source.delivery_name) if getattr(source, "control_total_eur", source) is None else None,
        )
        for source in campaign.sources.all()
    ]
