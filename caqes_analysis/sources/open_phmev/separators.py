"""Where the fields of a block of lines end, found without listing the tens of millions of separators that it holds.

A bit per byte says where a separator is; counting bits, 64 at a time, gives the place of any of them by its rank.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from caqes_analysis.sources.open_phmev.layout import DELIMITER

__all__ = ["Bytes", "Places", "Separators", "windows"]

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]

# Separators are looked for in pieces that stay in the processor's cache, long enough for threads seldom to wait for one
# another.
_SEARCH_BYTES = 1 << 19
_WORD_BITS = 64
_HALVES = (32, 16, 8)
# For each byte and each rank: place of the set bit of that rank.
_PLACE_IN_BYTE = np.array(
    [([place for place in range(8) if byte >> place & 1] + [0] * 8)[:8] for byte in range(256)], np.uint8
).ravel()


def windows(buffer: Bytes, begin: npt.NDArray[np.integer], width: int) -> npt.NDArray[np.void]:
    """Return the ``width`` bytes that follow each place, one item each.

    Parameters
    ----------
    buffer
        Bytes of the block.
    begin
        First places, none within ``width`` bytes of the end.
    width
        Number of bytes.

    Examples
    --------
    >>> windows(np.frombuffer(b"12;345", np.uint8), np.array([0, 3]), 2).tolist()
    [b'12', b'34']
    """
    every: npt.NDArray[np.void] = np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer, strides=(1,))
    found: npt.NDArray[np.void] = every[begin]
    return found


class Separators:
    """The separators (field or line ends) of a block.

    Parameters
    ----------
    buffer
        Bytes of the block.

    Attributes
    ----------
    count
        Number of separators.

    Examples
    --------
    >>> separators = Separators(np.frombuffer(b"R;RESPIRATOIRE\\nN;NERVEUX\\n", np.uint8))
    >>> separators.nth(np.array([1, 3], np.int32)).tolist()
    [1, 16]
    >>> separators.following(np.array([1, 16], np.int32)).tolist()
    [14, 24]
    """

    def __init__(self, buffer: Bytes) -> None:
        # One word more than needed: a window on the last bits reads it.
        self._bits = np.zeros((len(buffer) // _WORD_BITS + 2) * 8, np.uint8)
        for start in range(0, len(buffer), _SEARCH_BYTES):
            piece = buffer[start : start + _SEARCH_BYTES]
            packed = np.packbits((piece == ord(DELIMITER)) | (piece == ord("\n")), bitorder="little")
            self._bits[start // 8 : start // 8 + len(packed)] = packed
        self._words = self._bits.view("<u8")
        self._counts = np.bitwise_count(self._words)
        self._upto = np.cumsum(self._counts, dtype=np.int32)
        self.count = int(self._upto[-1])

    def nth(self, ranks: Places) -> Places:
        """Return the places of the separators of these ranks, from 1, in order."""
        words = np.searchsorted(self._upto, ranks).astype(np.int32)
        rest = (ranks - self._upto[words] + self._counts[words]).astype(np.uint8)
        bits, places = self._words[words], words * np.int32(_WORD_BITS)
        for half in _HALVES:
            low = bits & np.uint64((1 << half) - 1)
            before = np.bitwise_count(low)
            is_after = before < rest
            rest -= before * is_after
            bits = np.where(is_after, bits >> np.uint64(half), low)
            places += is_after * np.int32(half)
        places += _PLACE_IN_BYTE.take(bits.astype(np.int16) * np.int16(8) + rest - 1)
        return places

    def following(self, places: Places) -> Places | None:
        """Return the separator that follows each place; None when one is more than 56 bytes further."""
        first = places + np.int32(1)
        bits = windows(self._bits, first >> 3, 8).view("<u8") >> (first & 7).astype(np.uint64)
        if not bits.all():
            return None
        until = ~bits & (bits - np.uint64(1))
        found: Places = first + np.bitwise_count(until)
        return found
