"""What the cleaning of ATIH files compares with: known codes, periods of listing, dated tariffs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis.errors import CaqesError
from caqes_analysis.sources.cells import CellError, parse_text
from caqes_analysis.sources.grids import read_grid
from caqes_analysis.sources.problems import ProblemLog

__all__ = ["References", "read_known_codes", "references_from"]

Product = tuple[str, str]

_TARIFF_DECIMALS = 3
_FIRST_MONTH, _LAST_MONTH = 0, 12 * 9999
_EARLY, _LATE = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")


@dataclass(frozen=True)
class References:
    """References by kind and code, in the units of the reader (months are 12 × year + month - 1).

    Parameters
    ----------
    known_codes
        Codes that exist; None when no list was given.
    listing
        By kind and code, the first and last months of each period on the liste en sus; None when none was given.
    tariffs
        By kind and code, the first and last months of each tariff and the tariff in thousandths of a euro; None when
        none was given.
    """

    known_codes: frozenset[str] | None = None
    listing: Mapping[Product, tuple[tuple[int, int], ...]] | None = None
    tariffs: Mapping[Product, tuple[tuple[int, int, int], ...]] | None = None
    _kinds: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kinds", frozenset(kind for kind, _ in self.listing or ()))

    def is_listed(self, kind: str, code: str, month: int) -> bool:
        """Say whether a product was on the list on one day of the month at least; yes when no list covers its kind."""
        if kind not in self._kinds:
            return True
        return any(first <= month <= last for first, last in (self.listing or {}).get((kind, code), ()))

    def tariff(self, kind: str, code: str, month: int) -> int:
        """Return the highest tariff in force on one day of the month, in thousandths of a euro; 0 when none was."""
        dated = (self.tariffs or {}).get((kind, code), ())
        return max((amount for first, last, amount in dated if first <= month <= last), default=0)


def references_from(
    *,
    known_codes: Collection[str] | None = None,
    listing_period: pd.DataFrame | None = None,
    tariffs: pd.DataFrame | None = None,
) -> References:
    """Return references from tidy tables.

    Parameters
    ----------
    known_codes
        UCD (7 digits) or LPP codes that exist.
    listing_period
        Table ``extra_list_periods``, or its columns ``kind, code, listed_from, listed_to`` (an empty end goes on).
    tariffs
        Table ``extra_list_tariffs``, or its columns ``kind, code, valid_from, tariff_ttc_eur``: a tariff holds until
        the next one of its product. Rows whose two tariffs do not agree (``basis`` = ``inconsistent``) are left out.

    Raises
    ------
    CaqesError
        ``REFERENCE_COLONNES`` when a column is missing, ``TARIF_DECIMALES`` when a tariff is finer than 0,001 €.
    """
    listing = None if listing_period is None else _listing(listing_period)
    dated = None if tariffs is None else _tariffs(tariffs)
    return References(None if known_codes is None else frozenset(known_codes), listing, dated)


def _listing(frame: pd.DataFrame) -> dict[Product, tuple[tuple[int, int], ...]]:
    columns = _columns(frame, "listing_period", "kind", "code", "listed_from", "listed_to")
    found: dict[Product, tuple[tuple[int, int], ...]] = {}
    for kind, code, start, end in columns:
        first = _FIRST_MONTH if pd.isna(start) else _month_of(start)
        last = _LAST_MONTH if pd.isna(end) else _month_of(end)
        found[kind, code] = (*found.get((kind, code), ()), (first, last))
    return found


def _tariffs(frame: pd.DataFrame) -> dict[Product, tuple[tuple[int, int, int], ...]]:
    if "basis" in frame:
        frame = frame[frame["basis"] != "inconsistent"]
    dated: dict[Product, list[tuple[pd.Timestamp, int]]] = {}
    for kind, code, start, amount in _columns(frame, "tariffs", "kind", "code", "valid_from", "tariff_ttc_eur"):
        if pd.isna(amount):
            continue
        exact = Decimal(str(amount)).scaleb(_TARIFF_DECIMALS)
        if exact != exact.to_integral_value():
            raise CaqesError.of(
                "TARIF_DECIMALES",
                f"ce tarif a plus de {_TARIFF_DECIMALS} décimales.",
                "L'arrondir à la source.",
                column="tariff_ttc_eur",
                value=f"{code} : {amount}",
            )
        dated.setdefault((kind, code), []).append((_EARLY if pd.isna(start) else pd.Timestamp(start), int(exact)))
    found = {}
    for product, rows in dated.items():
        ordered = sorted(rows)
        # A tariff ends on the eve of the next one: it holds in that month too, unless the next begins on its first day.
        ends = [start - pd.Timedelta(days=1) for start, _ in ordered[1:]] + [_LATE]
        found[product] = tuple(
            (_month_of(start), _month_of(end), amount) for (start, amount), end in zip(ordered, ends, strict=True)
        )
    return found


def _columns(frame: pd.DataFrame, name: str, *columns: str) -> Any:
    if absent := [column for column in columns if column not in frame]:
        raise CaqesError.of(
            "REFERENCE_COLONNES",
            f"la table {name} attend les colonnes {', '.join(columns)} ; absentes : {', '.join(absent)}.",
            "Compléter ou renommer les colonnes.",
        )
    return zip(*(frame[column] for column in columns), strict=True)


def _month_of(day: Any) -> int:
    stamp = pd.Timestamp(day)
    return stamp.year * 12 + stamp.month - 1


def read_known_codes(path: Path) -> frozenset[str]:
    """Read a list of UCD or LPP codes (column ``code``, CSV or XLSX).

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    grid = read_grid(path, required=("code",))
    log = ProblemLog(grid.file)
    codes = grid.parsed("code", _parse_code, log, required=True)
    log.raise_if_any()
    return frozenset(code for code in codes if code)


def _parse_code(cell: Any) -> str | None:
    text = parse_text(cell)
    if text and not (text.isascii() and text.isdigit() and len(text) == 7):
        raise CellError(
            "CODE_ILLISIBLE", "un code UCD ou LPP a ici 7 chiffres.", "Garder les 7 chiffres, colonne au format texte."
        )
    return text or None
