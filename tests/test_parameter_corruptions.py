"""Every parameter file against what editors do: refused with its file and a remedy, or read as it was; no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caqes_analysis.campaign import REPOSITORY, load_campaign
from caqes_analysis.code_lists import load_code_list
from caqes_analysis.errors import CaqesError
from caqes_analysis.indicators.definition import load_definition
from caqes_analysis.parameter_files import load_parameters
from caqes_analysis.schemes.grid import EvaluationGrid
from caqes_analysis.schemes.scheme import Scheme
from caqes_analysis.sources.column_mapping import load_mapping
from caqes_analysis.sources.declared_form import load_declared_items
from tests.campaigns import MONTHLY
from tests.parameter_corruptions import CORRUPTIONS
from tests.schemes.test_grid import MINIMAL as GRID
from tests.test_planted_defects import CODE_LIST

_FOLDER = REPOSITORY / "parameters"
ITEMS = """\
source: "Décision d'essai"
items:
  - code: lits
    label: "Combien de lits équipés ?"
    unit: lits
  - code: dont
    label: "Dont combien ?"
    part_of: lits
  - {code: referent, label: "Un référent ?", kind: yes_no, unit: "oui / non"}
"""
KINDS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "campaign": (MONTHLY, lambda path: load_campaign(path)),
    "code_list": (CODE_LIST, load_code_list),
    "column_mapping": (
        (_FOLDER / "column_mappings" / "transports-mois-en-colonnes.yml").read_text("utf-8"),
        load_mapping,
    ),
    "declared_items": (ITEMS, load_declared_items),
    "pertinence_means": ((_FOLDER / "indicators" / "pertinence_means.yml").read_text("utf-8"), load_definition),
    "grid": (GRID, lambda path: load_parameters(path, EvaluationGrid)),
    "scheme": ((_FOLDER / "schemes" / "caqes-2022.yml").read_text("utf-8"), lambda path: load_parameters(path, Scheme)),
}


def tried(kind: str, corruption: str, path: Path) -> tuple[list[str], list[str]]:
    """The first lines that differ of the files read otherwise, and the problems without file or remedy."""
    text, load = KINDS[kind]
    path.write_text(text, encoding="utf-8")
    clean = load(path)
    unseen, misplaced = [], []
    for content in CORRUPTIONS[corruption](text):
        path.write_bytes(content)
        try:
            read = load(path)
        except CaqesError as failure:
            misplaced += [str(one) for one in failure.problems if not (one.file and one.remedy)]
            continue
        if read != clean:
            changed = [line for line in content.decode("utf-8").splitlines() if line not in text.splitlines()]
            unseen.append(changed[0] if changed else "")
    return unseen, misplaced


@pytest.mark.parametrize("kind", KINDS)
def test_no_corruption_of_a_parameter_file_passes_in_silence(kind: str, tmp_path: Path) -> None:
    found = {what: tried(kind, what, tmp_path / f"{kind}.yml") for what in CORRUPTIONS}
    assert {what: wrong for what, (_, wrong) in found.items() if wrong} == {}
    assert {what: unseen for what, (unseen, _) in found.items() if unseen} == {}
