"""A scheme is a file: what it cannot lack is asked as it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.errors import CampaignError
from caqes_analysis.parameter_files import load_parameters
from caqes_analysis.schemes.scheme import Scheme

THIRD = 'id: caqes-2025\nname: CAQES 2025\nlaw: "Texte à venir"\nenvelope_targets: regional\n'


def test_a_scheme_has_years_of_results(tmp_path: Path) -> None:
    path = tmp_path / "caqes-2025.yml"
    path.write_text(f"{THIRD}result_years: [2025]\n", encoding="utf-8")
    assert load_parameters(path, Scheme).result_years == (2025,)
    path.write_text(f"{THIRD}result_years: []\n", encoding="utf-8")
    with pytest.raises(CampaignError, match=r"result_years.*Minimum : 1"):
        load_parameters(path, Scheme)
