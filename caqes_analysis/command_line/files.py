"""Tables that a command leaves in files for a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

__all__ = ["write_tables"]


def write_tables(folder: Path, parts: dict[str, pd.DataFrame]) -> list[Path]:
    """Write each table as a CSV that a French spreadsheet opens: semicolons, decimal commas, UTF-8 with a mark.

    Parameters
    ----------
    folder
        Folder of the files, made when needed.
    parts
        Rows by name of file, without suffix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, rows in parts.items():
        path = folder / f"{name}.csv"
        rows.to_csv(path, sep=";", decimal=",", index=False, encoding="utf-8-sig", lineterminator="\r\n")
        written.append(path)
    return written
