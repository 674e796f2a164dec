"""How a command ends: every mistake and failure is said in French, with the exit code that scripts rely on."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typer
from rich.text import Text

from caqes_analysis import __version__
from caqes_analysis.command_line.reports import print_problems
from caqes_analysis.command_line.text import ERR, as_is, plain, program_name, typeset
from caqes_analysis.errors import CaqesError
from caqes_analysis.parameter_files import nearest
from caqes_analysis.system_reasons import system_reason

__all__ = ["DEBUG_VARIABLE", "INTERRUPTED", "UsageError", "guarded", "log_in", "suggestion"]

DEBUG_VARIABLE: Final = "CAQES_DEBUG"
"""Environment variable that shows the details of an unexpected error (``1``)."""
INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""

_FAILED: Final = 1
_WRONG: Final = 2


class UsageError(typer.BadParameter):
    """A mistake in the command itself, already said in French.

    Parameters
    ----------
    what, remedy
        French sentences.
    ctx
        Context of the command.
    """

    def __init__(self, what: str, remedy: str = "", ctx: Any = None) -> None:
        super().__init__(what, ctx)
        self.remedy = remedy


class _Unexpected(Exception):  # noqa: N818 - carries where to write, is not itself the failure
    """Carries the folder that receives the details of its cause."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


@contextmanager
def log_in(folder: Path) -> Iterator[None]:
    """Have the details of an unexpected error written in ``folder``, beside what the command makes."""
    try:
        yield
    except (CaqesError, typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as failure:
        raise _Unexpected(folder) from failure


def guarded(run: Callable[[], object]) -> int:
    """Run a command and return its exit code; whatever happens is said in French, without a traceback.

    Parameters
    ----------
    run
        The command; what it returns, when it is a number, is its exit code.

    Returns
    -------
    int
        0 done, 1 something failed, 2 the command, the campaign or an input is wrong, 130 interrupted.
    """
    try:
        code = run()
    except CaqesError as failure:
        print_problems(failure.problems, wrong_input=failure.exit_code == _WRONG)
        return failure.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as failure:  # noqa: BLE001 - the last resort: a person must never meet a traceback
        if hasattr(failure, "format_message"):  # typer's and click's own errors, in every version of typer
            return _tell_usage(failure)
        return _tell_unexpected(failure)
    if code == INTERRUPTED:
        ERR.print("Interrompu. Ce qui existait avant est inchangé.")
    return code if isinstance(code, int) else 0


def _tell_usage(failure: Any) -> int:
    context = getattr(failure, "ctx", None)
    if type(failure).__name__ == "NoArgsIsHelpError":
        ERR.print(Text.from_ansi(failure.format_message()))
        return _WRONG
    what, remedy = (failure.message, failure.remedy) if isinstance(failure, UsageError) else _explained(failure)
    _say_wrong("Commande incomprise", what)
    if remedy:
        ERR.print(typeset(f"→ {plain(remedy)}"))
    if context is not None:
        as_is(ERR, context.get_usage())
    as_is(ERR, f"Aide : {context.command_path if context is not None else program_name()} --help")
    return _WRONG


def _say_wrong(title: str, what: str) -> None:
    ERR.print(typeset(Text.assemble((title, "bold red"), f" : {plain(what)}")))


def _explained(failure: Any) -> tuple[str, str]:
    """Say in French what typer found: by what its error carries; its own words are the last resort."""
    kind, option = type(failure).__name__, str(getattr(failure, "option_name", ""))
    parameter = getattr(failure, "param", None)
    if kind == "NoSuchOption":
        close = next(iter(getattr(failure, "possibilities", None) or ()), None)
        return f"l'option {option} n'existe pas.", f"Vouliez-vous dire {close} ?" if close else ""
    if kind == "BadOptionUsage" and "requires" in failure.message:
        return f"l'option {option} attend une valeur.", ""
    if kind == "BadOptionUsage" and "not take" in failure.message:
        return f"l'option {option} ne prend pas de valeur.", ""
    if kind == "MissingParameter" and parameter is not None:
        return f"il manque {_called(parameter)}.", str(getattr(parameter, "help", None) or "")
    if kind == "BadParameter" and parameter is not None:
        detail = next(iter(_details(failure.__cause__)), {})
        value = f" « {detail['input']} »" if "input" in detail else ""
        rule = _RULES.get(str(detail.get("type")))
        remedy = f"Attendu : {rule.format_map(detail.get('ctx', {}))}." if rule else _original(failure)
        return f"{_called(parameter)} ne prend pas la valeur{value}.", remedy
    if "Missing command" in failure.message:
        return "il manque une commande.", ""
    return "cette commande n'est pas comprise.", _original(failure)


# What pydantic reports on the value of an option; braces hold the bound.
_RULES: Final = {
    "int_parsing": "un nombre entier",
    "int_type": "un nombre entier",
    "int_from_float": "un nombre entier",
    "float_parsing": "un nombre",
    "greater_than_equal": "au moins {ge}",
    "less_than_equal": "au plus {le}",
}


def _details(cause: BaseException | None) -> list[dict[str, Any]]:
    errors = getattr(cause, "errors", None)
    return list(errors()) if callable(errors) else []


def _original(failure: Any) -> str:
    return f"Message d'origine : {failure.message}"


def _called(parameter: Any) -> str:
    """Return how the user writes an argument or an option."""
    options = [name for name in getattr(parameter, "opts", ()) if str(name).startswith("-")]
    return f"l'option {max(options, key=len)}" if options else str(parameter.metavar or parameter.name)


def suggestion(word: str, known: list[str]) -> str:
    """Return the sentence that proposes the nearest known word, or all of them."""
    close = nearest(word, known)
    return f"Vouliez-vous dire « {close} » ?" if close else f"Commandes : {', '.join(known)}."


def _tell_unexpected(failure: Exception) -> int:
    folder = failure.folder if isinstance(failure, _Unexpected) else None
    cause = failure.__cause__ if isinstance(failure, _Unexpected) and failure.__cause__ else failure
    reason = system_reason(cause) if isinstance(cause, OSError) else None
    if reason is not None:
        place = f"{plain(cause.filename)} : " if isinstance(cause, OSError) and cause.filename else ""
        _say_wrong("Échec", f"{place}{reason}.")
    else:
        _say_wrong(f"Erreur imprévue ({type(cause).__name__})", plain(cause) or "sans message")
    if os.environ.get(DEBUG_VARIABLE) == "1":
        ERR.print(Text(_details_text(cause)), soft_wrap=True)
        return _FAILED
    written = _written(cause, folder)
    if written is None:
        ERR.print(f"Relancer avec {DEBUG_VARIABLE}=1 pour voir les détails.")
    else:
        ERR.print(typeset("Les détails, à joindre à un signalement, sont dans :"))
        as_is(ERR, written)
    return _FAILED


def _written(cause: BaseException, folder: Path | None) -> Path | None:
    """Write the details beside what the command makes or, where that is impossible, in the temporary folder."""
    for place in (folder, Path(tempfile.gettempdir())):
        if place is None:
            continue
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=place, prefix="caqes-erreur-", suffix=".log", delete=False
            ) as log:
                log.write(_details_text(cause))
            return Path(log.name)
        except OSError:
            continue
    return None


def _details_text(cause: BaseException) -> str:
    head = (
        f"caqes_analysis {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{datetime.now().astimezone().isoformat(timespec='seconds')}",
        f"commande : {' '.join(sys.argv)}",
    )
    return "\n".join((*head, "", *traceback.format_exception(cause)))
