"""Labels, written with a capital of their own, as they stand within a sentence."""

from __future__ import annotations

__all__ = ["within_a_sentence"]


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
