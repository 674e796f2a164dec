"""Mistakes that no version of the library makes yet, and how they are told."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from caqes_analysis.command_line import failures
from caqes_analysis.command_line.failures import guarded, log_in
from caqes_analysis.errors import CaqesError


def raising(failure: BaseException) -> object:
    def run() -> None:
        raise failure

    return run


class Frobnication(typer.BadParameter):
    """A mistake of a later version of typer."""


@pytest.mark.parametrize("kind", [typer.BadParameter, Frobnication])
def test_an_unknown_mistake_is_told_in_french_with_the_original_words(
    kind: type[typer.BadParameter], capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(raising(kind("Frobnication impossible"))) == 2
    said = capsys.readouterr().err.replace("\u00a0", " ")
    assert "Commande incomprise : cette commande n'est pas comprise." in said
    assert "Message d'origine : Frobnication impossible" in said


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (3, 3), ("texte", 0), (True, 1)])
def test_what_a_command_returns_is_its_exit_code(answer: object, code: int) -> None:
    assert guarded(lambda: answer) == code


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), typer.Abort()])
def test_interrupted(ending: BaseException) -> None:
    assert guarded(raising(ending)) == failures.INTERRUPTED


def test_a_closed_pipe_is_left_to_the_library() -> None:
    with pytest.raises(BrokenPipeError):
        guarded(raising(BrokenPipeError()))


def test_no_folder_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fichier").touch()
    monkeypatch.setattr(failures.tempfile, "gettempdir", lambda: str(tmp_path / "fichier"))
    assert guarded(raising(RuntimeError())) == 1
    said = capsys.readouterr().err
    assert "sans message" in said
    assert failures.DEBUG_VARIABLE in said


def test_known_errors_pass_through_the_folder_of_details(tmp_path: Path) -> None:
    with pytest.raises(CaqesError), log_in(tmp_path):
        raise CaqesError.of("X", "non.", "Si.")
    with pytest.raises(typer.Exit), log_in(tmp_path):
        raise typer.Exit(1)
    assert list(tmp_path.iterdir()) == []
