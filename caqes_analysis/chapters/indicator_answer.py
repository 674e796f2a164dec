"""The first sentences of the page of an indicator: where the region stands, how it moved, how many miss the target."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_words import OBJECTIVES
from caqes_analysis.chapters.change_words import change_words
from caqes_analysis.chapters.contract_scope import borne_subjects
from caqes_analysis.chapters.indicator_masked import counted_noun, masked_part
from caqes_analysis.chapters.indicator_population import (
    are_missed,
    mean_words,
    part_received,
    ranked,
    rates_overlap,
    undecided,
)
from caqes_analysis.chapters.indicator_reading import IndicatorReading, period_words
from caqes_analysis.chapters.indicator_uniform import answers_sentence, is_listing, is_yes_or_no
from caqes_analysis.chapters.same_objective import other_source_words
from caqes_analysis.chapters.savings_levers import extract_notes
from caqes_analysis.chapters.words import sentence_case
from caqes_analysis.display import Text
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.labels import within_a_sentence

__all__ = ["answer", "scope_words", "subject_words"]

_FEW = 3
# Words of fewer letters (« par », « des ») say nothing of what is measured; two words of one stem begin alike.
_LETTERS_NB, _STEM = 4, 6


def answer(reading: IndicatorReading) -> Text:
    """Return where the region stands, how it moved, and how many miss the target, in two or three sentences."""
    said, is_other = other_source_words(reading)
    line = reading.level.numerator
    is_of_base = line is not None and line.table == tables.ANNUAL_DRUG_SPEND.name
    warned = extract_notes(reading.page) if is_of_base else []
    return Text.answer(" ".join([_head(reading), _target_words(reading), *([said] if is_other else []), *warned]))


def _head(reading: IndicatorReading) -> str:
    region, value = reading.region, reading.region_text
    when = sentence_case(period_words(reading.period))
    change = change_words(reading.measure, region["change"])
    noise = ", les intervalles se chevauchent" if _is_within_chance(reading) else ""
    moved = f" ({change} {reading.against_words}{noise})" if change else ""
    if is_yes_or_no(reading.measure):
        answers = reading.establishments["value"].dropna()
        said = answers_sentence(reading.measure.label, int((answers > 0).sum()), len(answers))
        return f"{when}, {within_a_sentence(said)} ({value}){moved}."
    name = subject_words(reading.definition.short_name, reading.measure)
    part_known = part_received(reading)
    where = mean_words(reading) or ("dans la région" if part_known is None else part_known.words)
    if reading.measure.is_declared:
        answers_nb = int(reading.establishments["value"].notna().sum())
        where += f", d'après les déclarations de {french.plural(answers_nb, 'établissement')}"
    elif is_listing(reading.measure) and region["numerator"] == 0:
        where, moved = f"{where}{french.NBSP}: les données reçues n'en montrent aucune ligne", ""
    if (part := masked_part(reading)) is None or not part.is_told:
        return f"{when}, {name}{french.NBSP}: {value} {where}{moved}."
    noun, bounds = counted_noun(reading.measure), part.bounds_words(reading.measure.decimals)
    masked = (
        f"Produit masqué pour {french.percent(100 * part.share)} des {noun}{french.NBSP}: la part réelle est {bounds}"
    )
    if part.is_unread:
        return f"{when}, {name}{french.NBSP}: les données ne permettent pas de la lire. {masked}."
    head = f"{when}, {name}{french.NBSP}: {value} des {noun} dont le produit est connu"
    if change and part.hides_change:
        return f"{head}. {masked}, et l'écart avec {reading.previous_label} ne se lit pas."
    return f"{head}{moved}. {masked}."


def _is_within_chance(reading: IndicatorReading) -> bool:
    """Say whether chance alone may tell the rate from that of the year before; a level has an interval of its move."""
    if reading.measure.evolution_of is None:
        return False
    known = reading.history(reading.measure)
    return rates_overlap(known[known["year"].isin([reading.year - 1, reading.year])].dropna(subset=["value"]))


def subject_words(short_name: str, measure: Measure) -> str:
    """Return what is measured, after the name of the indicator where the label of the measure does not tell it.

    Parameters
    ----------
    short_name
        Of the indicator.
    measure
        What is measured.
    """
    label, name = within_a_sentence(measure.label), within_a_sentence(short_name)
    told = [_stem(word) for word in re.findall(r"\w+", measure.label)]
    named = {_stem(word) for word in re.findall(r"\w+", short_name) if len(word) >= _LETTERS_NB}
    is_told = measure.evolution_of is None and bool(named & set(told))
    return label if is_told or name.casefold() in label.casefold() else f"{name}, {label}"


def _stem(word: str) -> str:
    return word.casefold()[:_STEM]


def _target_words(reading: IndicatorReading) -> str:
    target = reading.target
    if target.value is None:
        return f"{sentence_case(reading.target_sentence)}{_ranking_words(reading)}."
    known = ranked(reading.establishments)
    rows = known[undecided(reading, known).isna()]
    missed, untold = sum(are_missed(reading, rows)), len(known) - len(rows)
    some = f"{french.plural(missed, 'établissement')} sur {french.number(len(rows))}"
    when = "" if reading.month_nb == 12 else f" à M{reading.month_nb}"
    side = "en dessous" if reading.definition.direction == "higher" else "au-dessus"
    count = f"{some} {'sont' if missed > 1 else 'est'} {side}{when}"
    none = f"aucun des {_counted_words(reading, rows)} n'est {side}{when}"
    apart = f" ({french.plural(untold, 'autre', 'autres')} sans verdict)" if untold else ""
    scope = f", {words}" if (words := scope_words(reading)) else ""
    judged = _verdict_words(reading)
    return (
        f"{sentence_case(target.label)}{french.NBSP}: {count if missed else none}{apart}{scope}"
        f"{f' ; {judged}' if judged else ''}."
    )


def scope_words(reading: IndicatorReading) -> str:
    """Return « sous contrat ou non » where an objective of contracts is compared with the values of everybody.

    Parameters
    ----------
    reading
        The indicator.
    """
    borne = borne_subjects(reading.page)
    if borne is None or not reading.target.is_contractual:
        return ""
    known = ranked(reading.establishments)
    counted = known.loc[undecided(reading, known).isna(), "finess"]
    is_everyone = all(reading.target.subject in borne.get(finess, ()) for finess in counted)
    return "" if is_everyone else "sous contrat ou non"


def _verdict_words(reading: IndicatorReading) -> str:
    """Return how many contracts miss the objective, of those that it binds: their verdicts are in the evaluation."""
    verdicts = _verdicts(reading)
    if verdicts.empty:
        return ""
    missed = int((verdicts == "not_attained").sum())
    number = len(verdicts)
    if number == 1:
        verb = "ne l'atteint pas" if missed else "l'atteint"
        return f"le seul contrat jugé {verb} (page « Évaluation »)"
    verb = f"{missed} ne l'atteignent pas" if missed > 1 else "un ne l'atteint pas" if missed else "aucun ne le manque"
    return f"des {number} contrats qui le portent et ont un verdict, {verb} (page « Évaluation »)"


def _verdicts(reading: IndicatorReading) -> pd.Series[Any]:
    """Return what the evaluation says of the contracts that bear the indicator, over the period read."""
    rows = reading.page.evaluations
    own = rows[
        rows["kind"].isin(OBJECTIVES)
        & (rows["subject"] == reading.definition.id)
        & (rows["year"].astype(str) == f"{reading.contract_year}{reading.period[4:]}")
    ]
    return own["attainment"][own["attainment"].isin(["attained", "not_attained"])]


def _counted_words(reading: IndicatorReading, rows: pd.DataFrame) -> str:
    if len(rows) < len(ranked(reading.establishments)):
        return french.plural(len(rows), "établissement compté", "établissements comptés")
    if len(rows) < reading.establishments["value"].notna().sum():
        return french.plural(len(rows), "établissement classé", "établissements classés")
    return french.plural(len(rows), "établissement")


def _ranking_words(reading: IndicatorReading) -> str:
    rows, part = ranked(reading.establishments), masked_part(reading)
    if len(rows) < _FEW or is_yes_or_no(reading.measure) or (part is not None and part.is_unread):
        return ""
    middle = reading.unit.write(rows["value"].median())
    return f" ; valeur médiane des {_counted_words(reading, rows)}{french.NBSP}: {middle}"
