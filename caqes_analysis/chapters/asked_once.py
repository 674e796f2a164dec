"""Questions that a page asks in several places: the store answers each of them once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

__all__ = ["Keeper", "asked_once"]


class Keeper(Protocol):
    """What is asked and keeps the answers: a page, or an indicator as a page reads it."""

    @property
    def kept(self) -> dict[Hashable, Any]:
        """The answers, by question."""


_Asked = TypeVar("_Asked", bound=Keeper)
_About = ParamSpec("_About")
_Answer = TypeVar("_Answer")


def asked_once(
    ask: Callable[Concatenate[_Asked, _About], _Answer],
) -> Callable[Concatenate[_Asked, _About], _Answer]:
    """Return the function that keeps what ``ask`` answers with the page or the indicator that it was asked of.

    The answer is shared: nobody changes it. Another reading (``dataclasses.replace``) is asked anew.

    Parameters
    ----------
    ask
        What reads the store; what it takes after the page or the indicator is hashable.
    """

    @wraps(ask)
    def answer(asked: _Asked, /, *args: _About.args, **kwargs: _About.kwargs) -> _Answer:
        question = (ask, args, frozenset(kwargs.items()))
        if question not in asked.kept:
            asked.kept[question] = ask(asked, *args, **kwargs)
        kept: _Answer = asked.kept[question]
        return kept

    return answer
