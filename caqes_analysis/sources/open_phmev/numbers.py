"""Numbers of a block of bytes, all rows at once, digit by digit from the right.

Only the usual writing is read here (``1.234,56`` for amounts, ``1564`` for boxes): one number written otherwise in a
block and the whole column goes through the general rules, which accept it or refuse it with its line.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from caqes_analysis.sources.open_phmev.separators import Bytes, Places, windows

__all__ = ["cents", "whole_numbers"]

_Numbers = npt.NDArray[np.int64]

_MOST_DIGITS_NB = 13
_MOST_AMOUNT_LENGTH = len("1.234.567.890.123,45")
_DECIMALS_LENGTH = len(",00")


def whole_numbers(buffer: Bytes, begin: Places, end: Places) -> _Numbers | None:
    """Return numbers written with digits only; None when one of them is not.

    Parameters
    ----------
    buffer
        Bytes of the block.
    begin, end
        Where each number begins and ends in it.

    Examples
    --------
    >>> whole_numbers(np.frombuffer(b"12;345", np.uint8), np.array([0, 3], np.int32), np.array([2, 6], np.int32))
    array([ 12, 345])
    """
    lengths = end - begin
    if lengths.min() < 1 or lengths.max() > _MOST_DIGITS_NB:
        return None
    places = _from_right(buffer, end, int(lengths.max()))
    return _digits(places, lengths, is_grouped=False)


def cents(buffer: Bytes, begin: Places, end: Places) -> _Numbers | None:
    """Return, in cents, amounts written ``1.234,56``; None when one of them is not.

    Parameters
    ----------
    buffer
        Bytes of the block.
    begin, end
        Where each amount begins and ends in it.

    Examples
    --------
    >>> cents(np.frombuffer(b"1.234,56", np.uint8), np.array([0], np.int32), np.array([8], np.int32))
    array([123456])
    """
    lengths = end - begin
    if lengths.min() < len("0,00") or lengths.max() > _MOST_AMOUNT_LENGTH:
        return None
    places = _from_right(buffer, end, int(lengths.max()))
    if not (places[2] == ord(",")).all():
        return None
    hundredths = _digits(places[:2], np.full_like(lengths, 2), is_grouped=False)
    euros = _digits(places[_DECIMALS_LENGTH:], lengths - _DECIMALS_LENGTH, is_grouped=True)
    return None if hundredths is None or euros is None else euros * 100 + hundredths


def _from_right(buffer: Bytes, end: Places, width: int) -> Bytes:
    """Return the last byte of each number, then the byte before it, and so on (places × rows)."""
    if end.min() < width:
        buffer, end = np.concatenate([np.zeros(width, np.uint8), buffer]), end + width
    cells = windows(buffer, end - width, width).view(np.uint8).reshape(-1, width)
    return np.ascontiguousarray(cells.T)[::-1]


def _digits(places: Bytes, lengths: npt.NDArray[np.integer], *, is_grouped: bool) -> _Numbers | None:
    """Return the numbers that these places write; None when one holds anything else."""
    total = np.zeros(len(lengths), np.int64)
    shortest = int(lengths.min())
    scale = 1
    for place, found in enumerate(places, 1):
        inside = lengths >= place
        if is_grouped and place % 4 == 0:
            # A point has three digits on its right and at least one on its left.
            if not ((found == ord(".")) | ~inside).all() or (lengths == place).any():
                return None
            continue
        digits = found - np.uint8(ord("0"))
        if place > shortest:
            digits *= inside
        # Bytes below « 0 » wrap around to large values.
        if digits.max() > 9:
            return None
        total += digits * np.int64(scale)
        scale *= 10
    return total
