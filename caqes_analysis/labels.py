"""Labels and names, written with a capital of their own, as they stand within a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from caqes_analysis import french

__all__ = ["some_of", "within_a_sentence"]

_NAMED_NB = 6


def within_a_sentence(label: str) -> str:
    """Return a label without its capital, unless it opens on an acronym.

    Parameters
    ----------
    label
        A name, a label or a whole sentence.

    Examples
    --------
    >>> within_a_sentence("Boîtes d'IPP"), within_a_sentence("LPP")
    ("boîtes d'IPP", 'LPP')
    """
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def some_of(names: Sequence[str]) -> str:
    """Return names one after the other, the first six and the number of the others; a single other is named.

    Names that hold a comma are parted by semicolons.

    Examples
    --------
    >>> some_of(["A", "B"]), some_of("ABCDEFGH")
    ('A et B', 'A, B, C, D, E, F et 2 autres')
    >>> some_of("ABCDEFG"), some_of(["Clinique, Rive", "CH", "EPSM"])
    ('A, B, C, D, E, F et G', 'Clinique, Rive ; CH et EPSM')
    """
    more = len(names) - _NAMED_NB
    shown = list(names[:_NAMED_NB]) if more > 1 else list(names[:-1])
    last = french.plural(more, "autre") if more > 1 else "".join(names[-1:])
    between = " ; " if any("," in name for name in names) else ", "
    return " et ".join(part for part in (between.join(shown), last) if part)
