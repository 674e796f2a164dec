"""The progress bar of a build, with the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["shown_progress"]


@contextmanager
def shown_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Show one bar per step on ``console``; without a terminal, one line per finished step.

    Yields
    ------
    callable
        To be told ``(step, done, total)``; a step of one unit shows no count.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)
            if done == total and not console.is_terminal:
                console.print(f"{step} : {done}/{total}")

        yield tell
