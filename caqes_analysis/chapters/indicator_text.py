"""What the page of an indicator says of itself: what is counted, for what, from which texts."""

from __future__ import annotations

from caqes_analysis import french
from caqes_analysis.chapters.indicator_population import other_readings
from caqes_analysis.chapters.indicator_reading import IndicatorReading, period_words
from caqes_analysis.chapters.indicator_remarks import amount_notes, merger_notes
from caqes_analysis.chapters.same_objective import other_source_words
from caqes_analysis.chapters.words import format_of, sentence_case
from caqes_analysis.display import Link, Text
from caqes_analysis.indicators.definition import ReferenceCondition
from caqes_analysis.indicators.region_paid import REGIONAL_PART, volet_under
from caqes_analysis.labels import within_a_sentence
from caqes_analysis.schemes.rule_words import atypie_sentence

__all__ = ["guide_link", "reading_text"]


def reading_text(reading: IndicatorReading) -> Text:
    """Return what is counted, over what, from which texts, and how to read the page."""
    one = reading.definition
    what = "" if one.name == reading.measure.label else f". Ce qui est lu : {reading.measure.label}"
    lines = [f"{one.name}{what}, {period_words(reading.period)}. {one.why}"]
    reference = reading.reference
    if reference is not None:
        joined = " OU ".join(_condition_words(reading, condition) for condition in reference.conditions)
        lines.append(
            f"Référentiel (qui est ciblé) : {joined or 'non renseigné'}."
            + (f" Source : {reference.source}." if reference.source else "")
            + (f" {reference.note}" if reference.note else "")
        )
    lines += [aimed] if (aimed := atypie_sentence(reading.page.scheme.atypie, one.id)) else []
    lines.append(f"{sentence_case(reading.target_sentence)}.")
    if reading.measure.is_declared and reading.year < reading.page.campaign.year:
        awaited = reading.page.campaign.year
        lines.append(f"Dernière déclaration reçue{french.NBSP}: {reading.year} ; celle de {awaited} n'est pas reçue.")
    lines += other_readings(reading)
    said, is_other = other_source_words(reading)
    lines += [said] if said and not is_other else []
    lines += [*amount_notes(reading), *merger_notes(reading)]
    lines += [one.target.note] if one.target and one.target.note and not reading.is_outside else []
    lines += list(one.notes)
    of_another = reading.is_outside and bool(one.schemes)
    lines += [one.reading] if one.reading and not of_another else []
    texts = "Textes d'un autre dispositif, sans effet ici" if of_another else "Textes"
    if volet_under(one, reading.page.scheme) == REGIONAL_PART:
        texts = "Textes d'un autre dispositif, sans effet sur l'objectif de la région"
    lines += [f"{texts}{french.NBSP}: {' ; '.join(one.legal_sources)}."] if one.legal_sources else []
    lines.append("Formules des intervalles, des rangs et des contributions : page « Méthodes ».")
    return Text.bullets(*lines)


def guide_link(reading: IndicatorReading) -> Link:
    """Return the way to the definition: formula, codes, texts, executable query."""
    return Link("Comment il se calcule : sa fiche dans le guide des indicateurs", f"guide/{reading.definition.id}")


def _condition_words(reading: IndicatorReading, condition: ReferenceCondition) -> str:
    measure = reading.definition.measure(condition.measure)
    value = condition.below if condition.below is not None else condition.above
    sign = "moins" if condition.below is not None else "plus"
    limit = format_of(measure).write_threshold(float(value or 0))
    return f"{within_a_sentence(measure.label)}, {sign} de {limit}"
