"""What is said in one sentence because a figure would draw nothing: equal values, and answers by yes or no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.words import format_of, sentence_case
from caqes_analysis.display import Notice
from caqes_analysis.indicators.definition import Measure

__all__ = [
    "answers_sentence",
    "is_listing",
    "is_yes_or_no",
    "same_level_notice",
    "same_moves_notice",
    "why_whole_or_none",
]

_WHERE = "Établissements où "
_WHO = "Établissements qui ont "
_BIOSIMILARS = "generic_status = 'B'"
_LISTINGS = ("annual_drug_spend", "lpp_spend", "extra_list_use")
_BOTH = "generic_status in ('B', 'C')"


def same_level_notice(measure: Measure, rows: pd.DataFrame, when: str) -> Notice | None:
    """Return the sentence that stands for a distribution: all values equal, or each a yes or a no.

    Parameters
    ----------
    measure
        What is measured.
    rows
        One row an establishment: ``name``, ``value``; a missing value is no answer.
    when
        The period in words (« en 2023 »).

    Returns
    -------
    Notice or None
        None where values differ: a figure shows them.
    """
    known = rows.dropna(subset=["value"])
    unit = format_of(measure)
    levels = {unit.printed(value) for value in known["value"]}
    silent = len(rows) - len(known)
    without = f" {sentence_case(french.plural(silent, 'établissement', words=True))} sans valeur." if silent else ""
    if is_yes_or_no(measure) and levels <= {0, 100}:
        no = sorted(known.loc[known["value"] == 0, "name"].astype(str), key=french.alphabetical)
        who = f" Réponse non{french.NBSP}: {' ; '.join(no)}." if no else ""
        said = answers_sentence(measure.label, len(known) - len(no), len(known))
        return Notice("info", said, f"{sentence_case(when)}, réponses des établissements.{who}{without}")
    if len(levels) != 1:
        return None
    level = unit.write(known["value"].iloc[0])
    why = why_whole_or_none(measure, known["value"])
    if len(known) == 1:
        title = f"Un seul établissement a une valeur{french.NBSP}: {level}"
        return Notice("info", title, f"{measure.label}, {when}.{why}{without}")
    title = f"Les {french.plural(len(known), 'établissement')} sont à {level}"
    return Notice("info", title, f"{measure.label}, {when}{french.NBSP}: toutes les valeurs sont égales.{why}{without}")


def same_moves_notice(
    measure: Measure, rows: pd.DataFrame, periods: tuple[str, str], left_out: Sequence[str] = ()
) -> Notice | None:
    """Return the sentence that stands for moves when every establishment stays at one same level.

    Parameters
    ----------
    measure
        What is measured.
    rows
        One row an establishment: ``previous_value``, ``value``.
    periods
        The period before and the period now, in words.
    left_out
        Sentences that name who is not compared, and why.
    """
    both = rows.dropna(subset=["previous_value", "value"])
    unit = format_of(measure)
    levels = {unit.printed(value) for name in ("previous_value", "value") for value in both[name]}
    if len(levels) != 1 or len(both) < 2:
        return None
    level = unit.write(both["value"].iloc[0])
    who = "établissements comparés" if left_out else "établissements"
    title = f"Les {french.number(len(both))} {who} restent à {level}"
    said = f"{measure.label}{french.NBSP}: {level} en {periods[0]} comme en {periods[1]}."
    return Notice("info", title, " ".join([said, *left_out]))


def answers_sentence(label: str, yes_nb: int, answers_nb: int) -> str:
    """Return how many answered yes, from the label of the measure.

    Examples
    --------
    >>> answers_sentence("Établissements où un référent est désigné", 32, 38)
    'Dans 32 établissements sur 38, un référent est désigné'
    >>> answers_sentence("Établissements qui ont transmis leurs tableaux", 2, 38)
    'Deux établissements sur 38 ont transmis leurs tableaux'
    """
    who = f"{french.plural(yes_nb, 'établissement', words=True)} sur {french.in_words(answers_nb)}"
    if yes_nb and label.startswith(_WHERE):
        return f"Dans {who}, {label.removeprefix(_WHERE)}"
    if yes_nb > 1 and label.startswith(_WHO):
        return f"{sentence_case(who)} ont {label.removeprefix(_WHO)}"
    return f"{label}{french.NBSP}: {french.in_words(yes_nb) if yes_nb else 'aucun'} sur {french.in_words(answers_nb)}"


def why_whole_or_none(measure: Measure, values: Iterable[float]) -> str:
    """Return why the share of biosimilars is 100 % or 0 % everywhere, as far as the lines tell; empty otherwise.

    Parameters
    ----------
    measure
        What is measured.
    values
        Values, in percent.
    """
    top, bottom = measure.numerator, measure.denominator
    reached = set(values)
    if top is None or bottom is None or _BIOSIMILARS not in top.where or _BOTH not in bottom.where:
        return (
            " Leurs données ne contiennent aucune ligne visible de ce qui est compté."
            if is_listing(measure) and reached == {0}
            else ""
        )
    if reached == {100}:
        return " Leurs données ne contiennent aucune boîte marquée référence."
    if reached == {0}:
        return " Leurs données ne contiennent aucune boîte marquée biosimilaire."
    return ""


def is_listing(measure: Measure) -> bool:
    """Say whether a measure is a share of lines of spending: what is counted has then no line where it is nil.

    An amount of a month or a number declared is a line of its own, received as zero.
    """
    top, bottom = measure.numerator, measure.denominator
    return top is not None and bottom is not None and top.table in _LISTINGS


def is_yes_or_no(measure: Measure) -> bool:
    """Say whether a measure counts the establishments that answered yes: each is worth 100 % or 0 %."""
    return measure.label.startswith((_WHERE, _WHO))
