"""Numbers of a block of bytes, all rows at once, digit by digit from the right.

Only the usual writing is read here (``1.234,56`` for amounts, ``1564`` for boxes): one number written otherwise in a
block and the whole column goes through the general rules, which accept it or refuse it with its line.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["cents", "whole_numbers"]

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int32]
_Numbers = npt.NDArray[np.int64]

_MOST_DIGITS_NB = 13
_MOST_AMOUNT_LENGTH = len("1.234.567.890.123,45")


def whole_numbers(buffer: _Bytes, begin: _Places, end: _Places) -> _Numbers | None:
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
    total = np.zeros(len(begin), np.int64)
    return total if _add_digits(total, buffer, end, lengths, first=1, scale=1, is_grouped=False) else None


def cents(buffer: _Bytes, begin: _Places, end: _Places) -> _Numbers | None:
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
    if not (buffer[end - 3] == ord(",")).all():
        return None
    unit, ten = buffer[end - 1] - ord("0"), buffer[end - 2] - ord("0")
    # Bytes below « 0 » wrap around to large values.
    if unit.max() > 9 or ten.max() > 9:
        return None
    total = ten.astype(np.int64) * 10 + unit
    return total if _add_digits(total, buffer, end, lengths, first=4, scale=100, is_grouped=True) else None


def _add_digits(
    total: _Numbers, buffer: _Bytes, end: _Places, lengths: _Places, *, first: int, scale: int, is_grouped: bool
) -> bool:
    """Add to ``total`` the digits from the place ``first`` (from the right) on; say whether all were as expected."""
    place = first
    rows: npt.NDArray[np.intp] | None = None  # all of them
    while len(end):
        found = buffer[end - place]
        if is_grouped and _is_group_mark(place, first):
            # A point has three digits on its right and at least one on its left.
            if not (found == ord(".")).all() or (lengths == place).any():
                return False
        else:
            digits = found - np.uint8(ord("0"))
            if digits.max() > 9:
                return False
            if rows is None:
                total += digits.astype(np.int64) * scale
            else:
                total[rows] += digits.astype(np.int64) * scale
            scale *= 10
        place += 1
        longer = lengths >= place
        if not longer.all():
            kept = np.flatnonzero(longer)
            rows = kept if rows is None else rows[kept]
            end, lengths = end[kept], lengths[kept]
    return True


def _is_group_mark(place: int, first: int) -> bool:
    return (place - first) % 4 == 3
