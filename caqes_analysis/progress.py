"""The progress of a build, with the time left: bars in a terminal, a few plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from caqes_analysis.command_line.text import as_is, duration

__all__ = ["PlainProgress", "Tell", "shown_progress"]

Tell = Callable[[str, int, int], None]
"""To be told the step in French, what is done and what there is to do; a step of one unit shows no count."""

_SHARE_BETWEEN_LINES = 0.1
_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def shown_progress(console: Console) -> Iterator[Tell]:
    """Show one bar per step on a terminal; elsewhere, lines without control characters.

    Parameters
    ----------
    console
        Where the progress goes.

    Yields
    ------
    callable
        To be told ``(step, done, total)``.
    """
    if not console.is_terminal:
        yield PlainProgress(lambda line: as_is(console, line))
        return
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(20), _Count(), _Time())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                # No total: a bar that moves, because nobody knows when a step of one unit ends.
                tasks[step] = bars.add_task(step, total=total if total > 1 else None)
            bars.update(tasks[step], completed=done, total=total if done >= total else None)

        yield tell


class PlainProgress:
    """Tell the progress in lines: when a step starts and ends, and in between now and then with the time left.

    Parameters
    ----------
    say
        Receives each line.
    clock
        Returns seconds.

    Examples
    --------
    >>> seconds = iter([0.0, 20.0, 40.0])
    >>> tell = PlainProgress(print, clock=lambda: next(seconds))
    >>> for done in (0, 1, 2):
    ...     tell("Fiches des établissements", done, 2)
    Fiches des établissements : 2 à faire…
    Fiches des établissements : 1/2, reste environ 20 s
    Fiches des établissements : 2/2 en 40 s
    """

    def __init__(self, say: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._told: dict[str, tuple[float, int]] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` units of a step are done."""
        now = self._clock()
        if step not in self._begun:
            self._begun[step] = now
            self._told[step] = (now, done)
            if done < total:
                self._say(f"{step} : {total} à faire…" if total > 1 else f"{step}…")
                return
        elapsed = now - self._begun[step]
        if done >= total:
            self._say(f"{step} : {f'{done}/{total}' if total > 1 else 'fait'} en {duration(elapsed)}")
            return
        since, last = self._told[step]
        if now - since >= _SECONDS_BETWEEN_LINES and done - last >= _SHARE_BETWEEN_LINES * total:
            self._told[step] = (now, done)
            self._say(f"{step} : {done}/{total}, reste environ {duration(elapsed / done * (total - done))}")


class _Count(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Return what is done of what there is to do."""
        several = task.total is not None and task.total > 1
        return Text(f"{int(task.completed)}/{int(task.total or 0)}" if several else "")


class _Time(ProgressColumn):
    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Return the time left, or the time taken once the step is done."""
        if task.finished:
            return Text(f"en {duration(task.finished_time or 0)}")
        if task.time_remaining is not None:
            return Text(f"reste environ {duration(task.time_remaining)}")
        return Text(duration(task.elapsed) if task.elapsed else "")
