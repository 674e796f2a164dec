"""Small notebooks for the tests of the batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from caqes_analysis.batch import Job

PARAMETERS = 'word: str = "?"\nplace: str = "?"'


def write_notebook(path: Path, *sources: str, parameters: str = PARAMETERS) -> Path:
    """Write a notebook with a ``parameters`` cell and one cell per source."""
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), *map(new_code_cell, sources)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def job(folder: Path, name: str, *sources: str, timeout_s: int = 60, output: bool = True, **parameters: Any) -> Job:
    """Return the job of a small notebook; its declared output is ``<name>.txt``."""
    place = folder / f"{name}.txt"
    return Job(
        name=name,
        notebook=write_notebook(folder / f"{name}.ipynb", *sources),
        executed=folder / "executed" / f"{name}.ipynb",
        parameters={"word": "bonjour", "place": str(place), **parameters},
        outputs=(place,) if output else (),
        timeout_s=timeout_s,
    )


def said(executed: Path, cell: int = -1) -> str:
    """Return the text that a cell of an executed notebook showed."""
    outputs = nbformat.read(executed, as_version=4).cells[cell].outputs
    return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in outputs)
