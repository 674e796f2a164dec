"""French numbers, dates and words, the same in messages, pages and figures.

Symbols come from the CLDR's ``fr`` locale (Babel): U+202F between thousands, a comma, U+00A0 before « % » and « € ».
The minus is U+2212. Decimals are rounded half-up from their exact value; a float counts as what it prints (2.675 gives
2,68). A missing value prints « n. d. ».
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any, Final

from babel import Locale
from babel.dates import get_month_names
from babel.lists import format_list

__all__ = [
    "MISSING",
    "NBSP",
    "PlainDate",
    "alphabetical",
    "carried_power",
    "compact_euros",
    "date",
    "elided",
    "euros",
    "in_words",
    "interval",
    "list_in_words",
    "month_name",
    "month_year",
    "number",
    "percent",
    "plain_text",
    "plural",
    "points",
    "rounded",
    "rounded_to_interval",
    "signed",
]

MISSING: Final = "n. d."
NBSP: Final = "\u00a0"
_MINUS: Final = "\u2212"
_LOCALE: Final = Locale.parse("fr")
_SYMBOLS: Final = _LOCALE.number_symbols["latn"]
_SEPARATORS: Final = str.maketrans({",": _SYMBOLS["group"], ".": _SYMBOLS["decimal"]})
_WORDS: Final = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split()  # noqa: SIM905
)

# Wide enough for any float written in full; the thread's own context would round at 28 digits.
_EXACT: Final = Context(prec=1000)

PlainDate = dt.date


def _decimal(value: Any) -> Decimal | None:
    """Return the exact value as printed, or None when it is missing or not finite."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(float(value))) if math.isfinite(value) else None
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas' missing values, without importing pandas
        return None
    return _decimal(value.item())  # numpy scalars


def rounded(value: Any, decimals: int = 0) -> Decimal | None:
    """Return ``value`` rounded half-up to ``decimals`` places (negative: tens, hundreds…), None when missing.

    Examples
    --------
    >>> rounded(2.675, 2), rounded(-0.4), rounded(1_250, -2)
    (Decimal('2.68'), Decimal('0'), Decimal('1300'))
    """
    exact = _decimal(value)
    if exact is None:
        return None
    result = exact.quantize(_EXACT.scaleb(Decimal(1), -decimals), ROUND_HALF_UP, _EXACT)
    if decimals < 0:
        result = Decimal(int(result))
    return result.copy_abs() if result.is_zero() else result


def number(value: Any, decimals: int = 0, *, missing: str = MISSING) -> str:
    """Return a number with its separators.

    Parameters
    ----------
    value
        Any number, or a missing one (None, NaN, NA, infinite).
    decimals
        Digits after the comma, always all printed.
    missing
        Text of a missing value.

    Examples
    --------
    >>> number(Decimal("-1234.565"), 2)
    '−1\\u202f234,57'
    >>> number(float("nan"))
    'n. d.'
    """
    return _printed(value, decimals, plus=False, missing=missing)


def signed(value: Any, decimals: int = 0, *, missing: str = MISSING) -> str:
    """Return a number with its sign, « + » included; zero has none.

    Examples
    --------
    >>> signed(5.06, 1), signed(-3), signed(0.04, 1)
    ('+5,1', '−3', '0,0')
    """
    return _printed(value, decimals, plus=True, missing=missing)


def _printed(value: Any, decimals: int, *, plus: bool, missing: str, unit: str = "") -> str:
    result = rounded(value, decimals)
    if result is None:
        return missing
    sign = _MINUS if result < 0 else "+" if plus and result > 0 else ""
    text = sign + format(result.copy_abs(), f",.{max(decimals, 0)}f").translate(_SEPARATORS)
    return f"{text}{NBSP}{unit}" if unit else text


def euros(value: Any, *, cents: bool = False, signed: bool = False, missing: str = MISSING) -> str:
    """Return an amount in euros, to the euro or exactly to the cent.

    Examples
    --------
    >>> euros(Decimal("162934894.76"), cents=True)
    '162\\u202f934\\u202f894,76\\xa0€'
    """
    return _printed(value, 2 if cents else 0, plus=signed, missing=missing, unit="€")


def compact_euros(value: Any, *, signed: bool = False, missing: str = MISSING) -> str:
    """Return an amount in €, k€, M€ or Md€: one decimal, none under 1 k€ nor from 100 k€ to 1 M€.

    The unit is chosen after rounding: 999 960 € is 1,0 M€.

    Examples
    --------
    >>> [compact_euros(amount) for amount in (850, 12_340, 999_960, 103_140_000, 2.15e10)]
    ['850\\xa0€', '12,3\\xa0k€', '1,0\\xa0M€', '103,1\\xa0M€', '21,5\\xa0Md€']
    """
    exact = _decimal(value)
    if exact is None:
        return missing
    for unit, power in _AMOUNT_UNITS:
        scaled = _EXACT.scaleb(exact, -power)
        whole = unit == "€" or (unit == "k€" and _size(scaled, 1) >= 100)
        if _size(scaled, 0 if whole else 1) < 1000:
            break
    return _printed(scaled, 0 if whole else 1, plus=signed, missing=missing, unit=unit)


_AMOUNT_UNITS: Final = (("€", 0), ("k€", 3), ("M€", 6), ("Md€", 9))


def _size(value: Decimal, decimals: int) -> Decimal:
    return (rounded(value, decimals) or Decimal(0)).copy_abs()


def percent(value: Any, decimals: int = 1, *, signed: bool = False, missing: str = MISSING) -> str:
    """Return a percentage; ``value`` is already in percent (4.0 is 4 %).

    Examples
    --------
    >>> percent(5.06, signed=True)
    '+5,1\\xa0%'
    """
    return _printed(value, decimals, plus=signed, missing=missing, unit="%")


def points(value: Any, decimals: int = 1, *, signed: bool = True, missing: str = MISSING) -> str:
    """Return a difference of percentages, in points.

    Examples
    --------
    >>> points(2.31), points(-1)
    ('+2,3\\xa0points', '−1,0\\xa0point')
    """
    result = rounded(value, decimals)
    if result is None:
        return missing
    return _printed(result, decimals, plus=signed, missing=missing, unit="points" if abs(result) >= 2 else "point")


def month_name(when: PlainDate | int, *, short: bool = False) -> str:
    """Return the name of a month, from a date or from its number.

    Examples
    --------
    >>> month_name(2), month_name(dt.date(2024, 1, 1), short=True)
    ('février', 'janv.')
    """
    return _month_names("abbreviated" if short else "wide")[when if isinstance(when, int) else when.month]


@cache
def _month_names(width: str) -> dict[int, str]:
    return dict(get_month_names(width, locale=_LOCALE))  # type: ignore[arg-type]


def month_year(when: PlainDate, *, short: bool = False) -> str:
    """Return the month and the year of a date.

    Examples
    --------
    >>> month_year(dt.date(2024, 9, 1)), month_year(dt.date(2024, 1, 1), short=True)
    ('septembre 2024', 'janv. 2024')
    """
    return f"{month_name(when.month, short=short)} {when.year}"


def date(when: PlainDate, *, short: bool = False) -> str:
    """Return a date in words, or as dd/mm/yyyy when ``short``.

    Examples
    --------
    >>> date(dt.date(2024, 7, 1)), date(dt.date(2024, 9, 30), short=True)
    ('1er juillet 2024', '30/09/2024')
    """
    if short:
        return f"{when.day:02d}/{when.month:02d}/{when.year:04d}"
    return f"{'1er' if when.day == 1 else when.day} {month_year(when)}"


def plural(count: Any, singular: str, plural_form: str | None = None, *, words: bool = False) -> str:
    """Return a counted noun; French uses the plural from 2 on.

    Parameters
    ----------
    count
        How many.
    singular, plural_form
        The noun in both numbers. Without ``plural_form``, the noun is a single word of a regular class.
    words
        Spell the count out where French does (up to sixteen).

    Examples
    --------
    >>> plural(1, "établissement"), plural(2_500, "établissement"), plural(0, "total")
    ('1 établissement', '2\\u202f500 établissements', '0 total')
    >>> plural(9, "établissement public", "établissements publics", words=True)
    'neuf établissements publics'
    """
    exact = _decimal(count)
    many = exact is not None and abs(exact) >= 2
    noun = singular if not many else _regular_plural(singular) if plural_form is None else plural_form
    return f"{in_words(count) if words else _digits(exact)} {noun}"


def _digits(value: Decimal | None) -> str:
    return number(value, 0 if value is None else max(-int(value.normalize(_EXACT).as_tuple().exponent), 0))


def _regular_plural(noun: str) -> str:
    if re.search(r"\s", noun):
        raise ValueError(f"give the plural of {noun!r}: only single words are put in the plural by rule")
    if noun.endswith(("s", "x", "z")):
        return noun
    if noun.endswith("al"):
        return f"{noun[:-1]}ux"
    return f"{noun}{'x' if noun.endswith(('au', 'eu')) else 's'}"


def in_words(count: Any, *, feminine: bool = False) -> str:
    """Return a whole number in words up to sixteen, in digits beyond.

    Examples
    --------
    >>> in_words(9), in_words(1, feminine=True), in_words(17)
    ('neuf', 'une', '17')
    """
    exact = _decimal(count)
    if exact is None or exact != exact.to_integral_value() or not 0 <= exact < len(_WORDS):
        return _digits(exact)
    return "une" if feminine and exact == 1 else _WORDS[int(exact)]


def elided(word: str, following: str) -> str:
    """Return a small word (« de », « le », « que ») before another, elided before a vowel.

    Examples
    --------
    >>> elided("de", "août 2024"), elided("de", "mars 2024"), elided("le", "objectif")
    ("d'août 2024", 'de mars 2024', "l'objectif")
    """
    first = unicodedata.normalize("NFD", following[:1].lower())[:1]
    vowel = first in tuple("aeiouyœ")
    return f"{word[:-1]}'{following}" if vowel else f"{word} {following}"


def list_in_words(items: Iterable[str], *, any_of: bool = False) -> str:
    """Return an enumeration: commas, then « et », or « ou » for any of them.

    Examples
    --------
    >>> list_in_words(["août", "septembre"], any_of=True), list_in_words(["PHMEV", "LPP", "taxi"])
    ('août ou septembre', 'PHMEV, LPP et taxi')
    """
    return format_list(list(items), style="or" if any_of else "standard", locale=_LOCALE)


def alphabetical(text: str) -> str:
    """Return the key by which French sorts a name: accents and capitals do not count.

    Examples
    --------
    >>> sorted(["Val", "Îles", "Aude"], key=alphabetical)
    ['Aude', 'Îles', 'Val']
    """
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode().casefold()


def interval(low: Any, high: Any, decimals: int = 1, *, unit: str = "", signed: bool = False) -> str:
    """Return an interval; ``unit`` (« % », « M€ ») follows the bracket.

    Examples
    --------
    >>> interval(3.9, 5.8, unit="%")
    '[3,9\\xa0;\\xa05,8]\\xa0%'
    """
    bounds = [_printed(bound, decimals, plus=signed, missing=MISSING) for bound in (low, high)]
    text = f"[{f'{NBSP};{NBSP}'.join(bounds)}]"
    return f"{text}{NBSP}{unit}" if unit else text


def carried_power(low: Any, high: Any) -> int | None:
    """Return the power of ten of the last digit that an interval can carry; None when it has no width or no bounds.

    The half-width decides, by the rule of the Particle Data Group (*Review of Particle Physics*, Introduction, § 5.3):
    where its three first digits are 100 to 354 two of them count, 355 to 949 one, 950 to 999 it is 1000 with two.

    Examples
    --------
    >>> carried_power(3.9, 5.8), carried_power(94_000_000, 105_300_000)
    (-1, 6)
    """
    bottom, top = _decimal(low), _decimal(high)
    if bottom is None or top is None or bottom == top:
        return None
    half_width = abs(top - bottom) / 2
    power = half_width.adjusted()
    return power - 1 if int(half_width.scaleb(2 - power)) <= 354 else power


def rounded_to_interval(value: Any, low: Any, high: Any) -> Decimal | None:
    """Return ``value`` rounded to what its interval can carry (:func:`carried_power`).

    A value without width is returned as it is; None when anything is missing.

    Examples
    --------
    >>> rounded_to_interval(4.8312, 3.9, 5.8), rounded_to_interval(101_234_567, 94_000_000, 105_300_000)
    (Decimal('4.8'), Decimal('101000000'))
    """
    exact = _decimal(value)
    if exact is None or _decimal(low) is None or _decimal(high) is None:
        return None
    power = carried_power(low, high)
    return exact if power is None else rounded(exact, -power)


# Marks that reorder the text around them (Unicode, UAX 9): a name must not change how its neighbours read.
_REORDERING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_text(text: str, *, multiline: bool = False) -> str:
    """Return a received text as it can be printed safely; nothing else is changed.

    Control characters, lone surrogates and marks that change the direction of writing become U+FFFD, so that they are
    seen. Line feeds and tabs stay when ``multiline``.

    Examples
    --------
    >>> plain_text("Hôpital\\u202e<b>\\x00")
    'Hôpital�<b>�'
    """
    if text.replace(NBSP, "").replace("\u202f", "").isprintable():  # most texts end here
        return text
    kept = "\n\t" if multiline else ""
    return "".join(
        "\ufffd" if (unicodedata.category(char) in ("Cc", "Cs") or char in _REORDERING) and char not in kept else char
        for char in text
    )
