"""The sums that a measure asks of the tables, over a perimeter, and the rows that prove that a source was received."""

from __future__ import annotations

from dataclasses import dataclass

from caqes_analysis.indicators.expressions import Condition, read_condition
from caqes_analysis.indicators.measures import Measure, Perimeter, Sum
from caqes_analysis.indicators.sums import Request

__all__ = ["LISTINGS", "Asked", "asked", "sums_of"]

LISTINGS = ("annual_drug_spend", "lpp_spend", "extra_list_use")
"""Tables of a line per fact: no line in a received file means zero. In the others each amount is a cell of its own."""


@dataclass(frozen=True)
class Asked:
    """A sum over a perimeter, with the rows that prove the reception."""

    table: str
    column: str | None
    request: Request
    received: Request


def sums_of(measure: Measure, perimeter: Perimeter) -> list[Asked]:
    """Return every sum that a measure reads; nothing of an evolution, which reads those of its base."""
    if measure.evolution_of is not None:
        return []
    top, bottom, masked = asked(measure, perimeter)
    return [one for one in (top, bottom, *(masked or ())) if one is not None]


def asked(measure: Measure, perimeter: Perimeter) -> tuple[Asked, Asked | None, tuple[Asked, Asked] | None]:
    """Return the sums of numerator and denominator, and of the masked lines and of all lines of that kind."""
    assert measure.numerator is not None
    bottom = None if measure.denominator is None else _one(measure.denominator, perimeter, None)
    # Where the denominator was received, an envelope without any line is a true zero.
    shared = (
        bottom.request.where
        if bottom is not None and measure.numerator.table == bottom.table == "monthly_grid"
        else None
    )
    top = _one(measure.numerator, perimeter, shared)
    if measure.masked is None:
        return top, bottom, None
    counted = measure.denominator or measure.numerator
    hidden = counted.model_copy(update={"where": measure.masked.where})
    every = counted.model_copy(update={"where": f"({counted.where}) or ({measure.masked.where})"})
    return top, bottom, (_one(hidden, perimeter, None), _one(every, perimeter, None))


def _one(part: Sum, perimeter: Perimeter, shared: Condition | None) -> Asked:
    text = perimeter.exclude.get(part.table)
    exclude = read_condition(part.table, text) if text else None
    if part.received_if is not None:
        proof = read_condition(part.table, part.received_if)
    elif part.table in LISTINGS:
        proof = read_condition(part.table, "true")
    else:
        proof = shared or part.condition
    return Asked(part.table, part.sum, Request(part.condition, exclude), Request(proof))
