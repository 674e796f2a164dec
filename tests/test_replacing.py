"""Files and folders are replaced whole; what somebody has open is tried again, then explained."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from caqes_analysis import replacing
from caqes_analysis.errors import BuildError
from caqes_analysis.replacing import replace_folder, restore_folder, write_whole


class Refusals:
    """Refuses the first calls of a method of ``Path``, as Windows does while a file is open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, times: int, failure: OSError) -> None:
        self.left = times
        usual = getattr(Path, method)

        def refused(path: Path, target: Path) -> Path:
            self.left -= 1
            if self.left >= 0:
                raise failure
            return usual(path, target)

        monkeypatch.setattr(Path, method, refused)
        monkeypatch.setattr(replacing, "_RETRY_S", 0.0)


def folder(place: Path, content: str) -> Path:
    place.mkdir()
    (place / "a.txt").write_text(content, encoding="utf-8")
    return place


BUSY = [PermissionError(errno.EACCES, "Access is denied"), OSError(errno.EBUSY, "busy")]


@pytest.mark.parametrize("failure", BUSY)
def test_a_file_that_is_open_for_a_moment_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: OSError
) -> None:
    (tmp_path / "a.txt").write_bytes(b"ancien")
    refusals = Refusals(monkeypatch, "replace", 3, failure)
    write_whole(tmp_path / "a.txt", b"neuf")
    assert refusals.left < 0
    assert (tmp_path / "a.txt").read_bytes() == b"neuf"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_that_stays_open_is_named_and_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(b"ancien")
    Refusals(monkeypatch, "replace", 1000, BUSY[0])
    with pytest.raises(BuildError, match="FICHIER_OCCUPE") as refusal:
        write_whole(tmp_path / "a.txt", b"neuf")
    (problem,) = refusal.value.problems
    assert "« a.txt » ne peut pas être remplacé" in problem.what
    assert "a.txt.draft" in problem.remedy
    assert (tmp_path / "a.txt").read_bytes() == b"ancien"


def test_a_full_disk_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = Refusals(monkeypatch, "replace", 1000, OSError(errno.ENOSPC, "full"))
    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "a.txt", b"neuf")
    assert refusals.left == 999


@pytest.mark.parametrize("refused_nb", [0, 1, 2, 5])
def test_a_folder_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused_nb: int) -> None:
    place, fresh = folder(tmp_path / "site", "ancien"), folder(tmp_path / "new", "neuf")
    Refusals(monkeypatch, "rename", refused_nb, BUSY[0])
    replace_folder(fresh, place)
    assert (place / "a.txt").read_text(encoding="utf-8") == "neuf"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_stays_open_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, fresh = folder(tmp_path / "site", "ancien"), folder(tmp_path / "new", "neuf")
    Refusals(monkeypatch, "rename", 1000, BUSY[0])
    with pytest.raises(BuildError, match="SITE_OCCUPE"):
        replace_folder(fresh, place, code="SITE_OCCUPE")
    assert (place / "a.txt").read_text(encoding="utf-8") == "ancien"
    assert (fresh / "a.txt").read_text(encoding="utf-8") == "neuf"


def test_a_folder_left_aside_by_a_kill_comes_back(tmp_path: Path) -> None:
    folder(tmp_path / ".site.old", "ancien")
    restore_folder(tmp_path / "site")
    assert (tmp_path / "site" / "a.txt").read_text(encoding="utf-8") == "ancien"
    folder(tmp_path / ".site.old", "plus ancien")
    restore_folder(tmp_path / "site")
    assert (tmp_path / "site" / "a.txt").read_text(encoding="utf-8") == "ancien"
