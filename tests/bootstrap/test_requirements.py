"""Reading the declared and the locked packages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from caqes_analysis.bootstrap.problems import SetupError
from caqes_analysis.bootstrap.requirements import direct_dependencies, locked_versions, write_lock


def test_names_are_normalised(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["Setup_Tools>=1"]\n'
        '[project]\ndependencies = ["ruamel.yaml>=0.18", "pandera[pandas]"]\n'
        '[project.optional-dependencies]\ntests = ["A.B_C"]\n',
        encoding="utf-8",
    )
    assert direct_dependencies(tmp_path) == ("ruamel-yaml", "pandera", "a-b-c", "setup-tools")


def test_locked_versions_ignore_markers_hashes_and_comments(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(
        "# a==1\nRuamel.Yaml==0.18 ; python_version < '3.14' \\\n    --hash=sha256:aa\n    # via b==2\nc==3+local\n",
        encoding="utf-8",
    )
    assert locked_versions(tmp_path) == {"ruamel-yaml": "0.18", "c": "3+local"}


def test_lock_needs_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SetupError) as caught:
        write_lock(tmp_path)
    assert caught.value.problems[0].code == "UV_ABSENT"
