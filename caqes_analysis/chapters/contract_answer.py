"""What the evaluation of the contract says where the months of a sheet allow no verdict."""

from __future__ import annotations

from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.assessment_sheet import own_evaluations
from caqes_analysis.chapters.assessment_words import ATTAINMENT_WORDS, OBJECTIVES, with_values
from caqes_analysis.chapters.indicator_reading import read_indicators
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.same_objective import source_words

__all__ = ["contract_answer"]


@asked_once
def contract_answer(page: Page, envelope: str) -> str:
    """Return the verdict of the contract on the objective of an envelope whose months have none.

    Parameters
    ----------
    page
        The sheet.
    envelope
        Envelope that has no verdict by month.

    Returns
    -------
    str
        « L'évaluation du contrat lit la base annuelle Open PHMEV : +2,53 %, objectif atteint. »; empty where the
        evaluation has no verdict on that objective either, or is about another year.
    """
    target, year = page.target(envelope), page.campaign.year
    rows = own_evaluations(page)
    rows = rows[
        rows["kind"].isin(OBJECTIVES)
        & rows["attainment"].isin(["attained", "not_attained"])
        & (rows["period"] == str(year))
    ]
    if rows.empty:
        return ""
    same = {
        one.definition.id: one
        for one in read_indicators(page, scheme=page.campaign.scheme)
        if (link := one.definition.target) is not None
        and (link.subject, link.measure) == (target.subject, target.measure)
    }
    rows = with_values(rows[rows["subject"].isin(list(same))])
    said = [
        f"L'évaluation du contrat lit {source_words(same[row['subject']])} : {row['value_text']}, objectif "
        f"{ATTAINMENT_WORDS[row['attainment']][0]}."
        for row in rows.to_dict("records")
    ]
    return " ".join(said)
