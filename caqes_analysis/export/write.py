"""Writing an export: every file in a draft folder, which then takes the place of the last export."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.csv as pa_csv

from caqes_analysis import tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.export.annexes import write_annexes
from caqes_analysis.export.lever_workbooks import write_lever_workbooks
from caqes_analysis.export.package import csv_resource, package_descriptor, workbook_resource, write_json
from caqes_analysis.export.resources import Resource, resources
from caqes_analysis.progress import Tell
from caqes_analysis.replacing import replace_folder, restore_folder
from caqes_analysis.store import Store

__all__ = ["EXPORT_FOLDER", "export_campaign"]

EXPORT_FOLDER = "export"
"""Folder of an export, in the folder of the build."""

_ANNEXES = "annexes/indicateurs.xlsx"
_LEVERS = "leviers"
_DESCRIPTION = "datapackage.json"
_STEP = "Fichiers exportés"
_QUOTED_WHEN_NEEDED = pa_csv.WriteOptions(quoting_style="needed")


def export_campaign(page: Page, directory: Path, *, progress: Tell = lambda *_: None) -> tuple[Path, ...]:
    """Write the open-data files, the annexes and the workbooks of levers of a campaign, whole or not at all.

    Parameters
    ----------
    page
        The data of the campaign, its forecasts computed.
    directory
        Folder of the build; the export is its folder ``export``, replaced whole.
    progress
        Told of each file.

    Returns
    -------
    tuple of Path
        The description of the export (``datapackage.json``), the workbook of annexes, then the folder of the
        workbooks of levers, when any establishment has one.

    Raises
    ------
    BuildError
        ``DOSSIER_OCCUPE``: a file of the last export is open elsewhere and the folder cannot be replaced.
    """
    exported = directory / EXPORT_FOLDER
    restore_folder(exported)
    draft = exported.with_name(f".{EXPORT_FOLDER}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        _write_files(page, draft, progress)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    replace_folder(draft, exported)
    made = (exported / _DESCRIPTION, exported / _ANNEXES)
    return (*made, exported / _LEVERS) if (exported / _LEVERS).is_dir() else made


def _write_files(page: Page, folder: Path, progress: Tell) -> None:
    found = list(resources(page, known_code_lists(page.campaign.code_lists_folder)))
    described = []
    for done, one in enumerate(found):
        progress(_STEP, done, len(found) + 2)
        _write_csv(page.store, one, folder / one.path)
        schema_path = f"schemas/{one.name}.json"
        write_json(folder / schema_path, one.schema)
        described.append(csv_resource(one, folder, schema_path))
    progress(_STEP, len(found), len(found) + 2)
    (folder / _ANNEXES).parent.mkdir()
    write_annexes(page, folder / _ANNEXES)
    described.append(workbook_resource(_ANNEXES, folder, "Annexes : valeurs par indicateur et établissement"))
    progress(_STEP, len(found) + 1, len(found) + 2)
    for path, title in write_lever_workbooks(page, folder / _LEVERS):
        described.append(workbook_resource(path.relative_to(folder).as_posix(), folder, title))
    deliveries = page.store.read(tables.DELIVERIES)
    write_json(folder / _DESCRIPTION, package_descriptor(page.campaign, deliveries, described))
    progress(_STEP, len(found) + 2, len(found) + 2)


def _write_csv(store: Store, one: Resource, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.connect() as connection:
        if one.rows is not None:
            connection.register("computed", one.rows)
        answer = connection.sql(one.query, params=dict(one.parameters)).to_arrow_table()
    pa_csv.write_csv(answer, path, _QUOTED_WHEN_NEEDED)
