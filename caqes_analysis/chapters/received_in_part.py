"""Of how many establishments an amount of the lines by code is received, when others have lines without it.

The public files of the liste en sus (PMSI) hold the purchase price alone: what is reimbursed is then known of the
clinics, and their sum is not that of the region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition, Measure
from caqes_analysis.labels import within_a_sentence
from caqes_analysis.store import Store

__all__ = ["PartReceived", "region_received"]

_LINES: Final = "extra_list_use"


@dataclass(frozen=True)
class PartReceived:
    """An amount that some of the establishments with lines have, and not the others.

    Parameters
    ----------
    amount
        Label of the amount.
    known_nb, whole_nb
        Of how many establishments it is received, of those that have lines.
    """

    amount: str
    known_nb: int
    whole_nb: int

    @property
    def short_words(self) -> str:
        """« 8 établissements », beside a value."""
        return f"{self.known_nb} établissement{'s' if self.known_nb > 1 else ''}"

    @property
    def words(self) -> str:
        """« chez les 8 établissements dont le montant remboursé est reçu (30 ont des lignes) »."""
        who = f"les {self.known_nb} établissements" if self.known_nb > 1 else "le seul établissement"
        return f"chez {who} dont le {within_a_sentence(self.amount)} est reçu ({self.whole_nb} ont des lignes)"


def region_received(
    store: Store, definition: IndicatorDefinition, measure: Measure, period: str
) -> PartReceived | None:
    """Return of whom the region is the sum, when that is not everybody; None when it is.

    Parameters
    ----------
    store
        Store with ``indicator_values``.
    definition, measure
        The indicator, and what is read of it; of an evolution, the amount that it compares.
    period
        The period read.
    """
    level = measure if measure.evolution_of is None else definition.measure(measure.evolution_of)
    line = level.numerator
    if line is None or line.table != _LINES or level.denominator is not None:
        return None
    same = [
        one.id
        for one in definition.measures
        if one.numerator is not None
        and one.denominator is None
        and (one.numerator.table, one.numerator.where) == (line.table, line.where)
    ]
    rows = store.query(
        "select measure, count(value)::int as known_nb from indicator_values where indicator = $indicator "
        "and period = $period and perimeter = $perimeter and level = 'establishment' "
        "and list_contains($measures, measure) group by measure",
        {"indicator": definition.id, "period": period, "perimeter": CURRENT_PERIMETER, "measures": same},
    )
    known = dict(zip(rows["measure"], rows["known_nb"], strict=True))
    own, whole = int(known.get(level.id, 0)), max(known.values(), default=0)
    return PartReceived(level.label, own, int(whole)) if 0 < own < whole else None
