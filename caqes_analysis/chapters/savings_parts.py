"""Which part of the incentive the chapter of the savings tells: the national one, and where the other is."""

from __future__ import annotations

from dataclasses import dataclass

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.savings.incentive import total_of
from caqes_analysis.savings.regional import REGIONAL_INCENTIVE

__all__ = ["PartWords", "part_words"]


@dataclass(frozen=True)
class PartWords:
    """How the national part is named beside a regional one.

    Parameters
    ----------
    header
        Heading of a column.
    noun
        Noun within a sentence.
    notes
        What stands under a table of it: where the other part is, and what it comes to.
    """

    header: str = "Intéressement"
    noun: str = "intéressement"
    notes: tuple[str, ...] = ()


def part_words(page: Page) -> PartWords:
    """Return how the pages of savings name what they count of the incentive: all of it, or its national part.

    Parameters
    ----------
    page
        The page of the region, or the sheet of a contract: its own regional part is then told.
    """
    rows = page.evaluations
    own = rows[rows["kind"] == REGIONAL_INCENTIVE]
    if page.finess is not None:
        own = own[own["contract_finess"] == page.signatory]
    if own["status"].eq("not_applicable").all():
        return PartWords()
    known = own["amount_eur"].dropna()
    paid = known[known > 0]
    if known.empty:
        told = "non connue à ce jour"
    elif page.finess is not None or paid.empty:
        told = french.euros(total_of(known), cents=True)
    else:
        told = f"{french.euros(total_of(known), cents=True)} pour {french.plural(len(paid), 'contrat')}"
    where = "dans l'évaluation du contrat" if page.finess is not None else "dans « Évaluation des contrats »"
    note = f"Part nationale seule ; la part régionale, {told}, est {where}."
    return PartWords("Intéressement (part nationale)", "intéressement national", (note,))
