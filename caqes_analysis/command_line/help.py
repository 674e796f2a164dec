"""Help of the commands: written here from their declarations, so that no word of the library reaches the user."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from caqes_analysis.command_line.failures import UsageError, guarded, suggestion
from caqes_analysis.command_line.text import program_name, typeset

__all__ = ["HELP_OPTIONS", "FrenchCommand", "FrenchGroup"]

HELP_OPTIONS = ["--help", "-h", "--aide"]
"""Options that print the help."""

_WIDEST = 100
_HELP_SENTENCE = "Montre cette aide."


class FrenchCommand(TyperCommand):
    """A command whose help and mistakes are in French; options of several values take them in a row."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line that says how the command is written."""
        formatter.write_usage(ctx.command_path, " ".join((*_argument_names(self, ctx), "[OPTIONS]")), prefix="Usage : ")

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the whole help."""
        formatter.write(_help(self, ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        several = {name for one in self.params if getattr(one, "multiple", False) for name in one.opts}
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, _repeated(args, several))
        if rest and not ctx.resilient_parsing:
            raise UsageError(
                f"en trop : {' '.join(map(str, rest))}.",
                "Un chemin qui contient des espaces se met entre guillemets.",
                ctx,
            )
        return rest


class FrenchGroup(TyperGroup):
    """The program: its help in French, and one way to end for every command, however it was started."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line that says how the program is called."""
        formatter.write_usage(ctx.command_path, "COMMANDE [ARGUMENTS]", prefix="Usage : ")

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the whole help."""
        formatter.write(_help(self, ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which one is near."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UsageError(
                f"la commande « {args[0]} » n'existe pas.", suggestion(args[0], self.list_commands(ctx)), ctx
            )
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        """Run a command and leave Python with its exit code."""
        settings |= {"standalone_mode": False}
        settings["prog_name"] = settings.get("prog_name") or program_name()
        run = super().main
        sys.exit(guarded(lambda: run(*args, **settings)))


def _repeated(words: Sequence[str], several: set[str]) -> list[str]:
    """Put an option before each of the values that follow it in a row; a path ends the row.

    Examples
    --------
    >>> _repeated(["--only", "330000001", "330000002", "a.yml"], {"--only"})
    ['--only', '330000001', '--only', '330000002', 'a.yml']
    """
    said: list[str] = []
    option, position = "", 0
    for word in words:
        if word.startswith("-"):
            name, sign, _ = word.partition("=")
            option, position = (name if name in several else ""), len(sign)
        elif option:
            position += 1
            if position > 1 and any(sign in word for sign in "./\\"):
                option = ""
            elif position > 1:
                said.append(option)
        said.append(word)
    return said


def _argument_names(command: Any, ctx: Any) -> list[str]:
    arguments = [one for one in command.get_params(ctx) if one.param_type_name == "argument"]
    names = [(one.metavar or one.name, one.required) for one in arguments]
    return [name if required else f"[{name}]" for name, required in names]


def _help(command: Any, ctx: Any) -> str:
    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    arguments, options = [], []
    for one in command.get_params(ctx):
        if one.param_type_name == "argument":
            arguments.append((one.metavar or one.name, one.help or ""))
        elif set(one.opts) & set(HELP_OPTIONS):
            options.append((", ".join(HELP_OPTIONS), _HELP_SENTENCE))
        else:
            options.append((" ".join((", ".join(one.opts), one.metavar or "")).strip(), one.help or ""))
    commands = [(name, command.get_command(ctx, name).help or "") for name in _commands(command, ctx)]
    parts: list[RenderableType] = [Text.assemble(("Usage : ", "bold"), ctx.get_usage().split(": ", 1)[1]), Text()]
    parts += [typeset(" ".join(paragraph.split())) for paragraph in (command.help or "").split("\n\n")]
    widest = max(len(name) for name, _ in (*arguments, *options, *commands))
    for title, rows in (("Arguments", arguments), ("Options", options), ("Commandes", commands)):
        if rows:
            parts += [Text(), Text(title, "bold"), _rows(rows, widest)]
    if commands:
        parts += [Text(), typeset(f"L'aide d'une commande : {ctx.command_path} COMMANDE --help")]
    with console.capture() as captured:
        console.print(Group(*parts))
    return captured.get()


def _commands(command: Any, ctx: Any) -> list[str]:
    return list(command.list_commands(ctx)) if isinstance(command, TyperGroup) else []


def _rows(rows: Sequence[tuple[str, str]], widest: int) -> Padding:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="cyan", min_width=widest)
    grid.add_column(overflow="fold")
    for name, sentence in rows:
        grid.add_row(Text(name), typeset(" ".join(sentence.split())))
    return Padding(grid, (0, 0, 0, 2))
