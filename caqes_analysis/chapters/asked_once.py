"""Questions that the page of an indicator asks in several places: the store answers each of them once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from caqes_analysis.chapters.indicator_reading import IndicatorReading

__all__ = ["asked_once"]

_About = ParamSpec("_About")
_Answer = TypeVar("_Answer")


def asked_once(
    ask: Callable[Concatenate[IndicatorReading, _About], _Answer],
) -> Callable[Concatenate[IndicatorReading, _About], _Answer]:
    """Return the function that keeps what ``ask`` answers with the indicator that it was asked of.

    The answer is shared: nobody changes it. Another reading (``dataclasses.replace``) is asked anew.

    Parameters
    ----------
    ask
        What reads the store; what it takes after the indicator is hashable.
    """

    @wraps(ask)
    def answer(reading: IndicatorReading, /, *args: _About.args, **kwargs: _About.kwargs) -> _Answer:
        question = (ask, args, frozenset(kwargs.items()))
        if question not in reading.kept:
            reading.kept[question] = ask(reading, *args, **kwargs)
        kept: _Answer = reading.kept[question]
        return kept

    return answer
