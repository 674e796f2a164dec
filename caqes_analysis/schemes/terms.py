"""The terms of a rule: a number, « none » when the rule has no such term, « unknown » until somebody gives it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeGuard

from pydantic import PlainValidator

__all__ = ["NONE", "UNKNOWN", "Amount", "Limit", "Rate", "Term", "decimals_of", "is_number"]

UNKNOWN: Final = "unknown"
NONE: Final = "none"
Term: TypeAlias = Decimal | Literal["unknown", "none"]

_CENTS = Decimal("0.01")
_RATE_DECIMALS = 3


def is_number(term: Term) -> TypeGuard[Decimal]:
    """Say whether a term is a number, and not « none » nor « unknown ».

    Examples
    --------
    >>> is_number(Decimal(20)), is_number("unknown")
    (True, False)
    """
    return isinstance(term, Decimal)


def decimals_of(value: Any) -> int:
    """Return how many decimals a number has, 3 at most.

    Examples
    --------
    >>> decimals_of(8500), decimals_of(3.25)
    (0, 2)
    """
    return next((n for n in (0, 1, 2) if value == round(value, n)), 3)


def _number(value: Any, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError(f"{what} est attendu. → Écrire un nombre, ou unknown tant que le terme n'est pas connu.")
    try:
        number = Decimal(str(value).replace(",", "."))
    except InvalidOperation:
        raise ValueError(
            f"{what} est attendu. → Écrire un nombre, ou unknown tant que le terme n'est pas connu."
        ) from None
    if not number.is_finite():
        raise ValueError(f"{what} est attendu. → Écrire un nombre.")
    return number


def _rate(value: Any) -> Decimal | str:
    if value == UNKNOWN:
        return UNKNOWN
    rate = _number(value, "un taux en %")
    if not 0 <= rate <= 100:
        raise ValueError("un taux va de 0 à 100 %. → L'écrire en % : 20 veut dire 20 %.")
    if rate != round(rate, _RATE_DECIMALS):
        raise ValueError(f"un taux a au plus {_RATE_DECIMALS} décimales. → L'arrondir.")
    return rate


def _amount(value: Any) -> Decimal:
    amount = _number(value, "un montant en euros")
    if amount < 0:
        raise ValueError("un montant ne peut pas être négatif ici. → L'écrire sans signe.")
    if amount != amount.quantize(_CENTS):
        raise ValueError("ce montant a plus de deux décimales. → L'arrondir au centime.")
    return amount.quantize(_CENTS)


def _limit(value: Any) -> Decimal | str:
    return value if value in (UNKNOWN, NONE) else _amount(value)


Rate: TypeAlias = Annotated[Decimal | Literal["unknown"], PlainValidator(_rate)]
"""A rate in percent, or « unknown »."""

Amount: TypeAlias = Annotated[Decimal, PlainValidator(_amount)]
"""An amount in euros, not negative, to the cent."""

Limit: TypeAlias = Annotated[Decimal | Literal["unknown", "none"], PlainValidator(_limit)]
"""An amount in euros, « none » when there is no such limit, or « unknown »."""
