"""What a contract does with an indicator: référentiel, objective, incentive, each under its own title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display import ColumnFormat, Table
from caqes_analysis.guide.glossary import Linker
from caqes_analysis.guide.sources import GuideSources, Part
from caqes_analysis.guide.words import RELIABILITY, value_in_words
from caqes_analysis.indicators.definition import Incentive, IndicatorDefinition, ReferenceCondition
from caqes_analysis.savings.dotation import load_dotation
from caqes_analysis.schemes.rule_words import GATE_WORDS, atypie_sentence, limits_words, term_words
from caqes_analysis.schemes.scheme import Scheme
from caqes_analysis.schemes.targets import SPENDING_THRESHOLD, SUBJECT_LABELS, TARGET_STATUS_WORDS, printed_status
from caqes_analysis.schemes.terms import decimals_of, is_number

__all__ = ["condition_to_respect", "contract_parts"]

_SCORED = " : il note les contrats, et un mauvais score pouvait mener à une sanction"

_TARGET_RELIABILITY = {**RELIABILITY, **{name: (TARGET_STATUS_WORDS[name], None) for name in ("regional", "benchmark")}}


_LIMITED = {"contract": "sur la somme du contrat", "indicator": "sur chaque indicateur"}


def contract_parts(definition: IndicatorDefinition, sources: GuideSources, write: Linker) -> Iterator[Part]:
    """Yield the référentiel, the objective and the incentive of an indicator.

    Parameters
    ----------
    definition
        The definition.
    sources
        Schemes and targets.
    write
        Writer of the page's prose.
    """
    if not definition.schemes:
        yield (
            "## Dans le contrat\n\n"
            + write("Aucun contrat ne porte sur cet indicateur : il n'a ni référentiel, ni objectif, ni intéressement.")
        )
        return
    yield f"## Qui est ciblé : le référentiel\n\n{_reference(definition, sources, write)}"
    yield "## Ce qui doit être atteint : l'objectif"
    yield from _objective(definition, sources, write)
    yield f"## Ce que le contrat verse : l'intéressement\n\n{_incentive(definition, sources, write)}"


def condition_to_respect(definition: IndicatorDefinition, condition: ReferenceCondition) -> str:
    """Say a condition of a référentiel: « boîtes d'IPP : moins de 8 500 boîtes par an ».

    Parameters
    ----------
    definition
        The definition.
    condition
        One of its conditions; comparisons are strict.
    """
    measure = definition.measure(condition.measure)
    threshold = condition.below if condition.below is not None else condition.above
    assert threshold is not None
    decimals = 0 if threshold == round(threshold) else measure.decimals
    word = "moins de" if condition.below is not None else "plus de"
    yearly = " par an" if measure.denominator is None and measure.unit != "%" else ""
    return f"{measure.label} : {word} {value_in_words(threshold, measure.unit, decimals)}{yearly}"


def _compared_with_the_median(definition: IndicatorDefinition, sources: GuideSources) -> str | None:
    """Say that the rules of the campaign compare the indicator with the regional median; None when they do not."""
    rule = sources.schemes[sources.campaign.scheme].atypie
    said = atypie_sentence(rule, definition.id)
    return said if rule is None or said is None else f"{said} Source : {rule.source}."


def _reference(definition: IndicatorDefinition, sources: GuideSources, write: Linker) -> str:
    reference = definition.reference
    if reference is None:
        if (aimed := _compared_with_the_median(definition, sources)) is not None:
            return write(aimed)
        threshold = _spending_threshold(definition, sources)
        if threshold:
            return write(
                f"Les textes donnent un seuil de dépense de {threshold}, sans dire comment il se combine au taux : ce "
                "rapport n'en tire aucun ciblage."
            )
        return write(
            "Aucun seuil de référentiel n'est renseigné pour cet indicateur : ce rapport n'en tire aucun ciblage."
        )
    if not reference.conditions:
        return write(
            reference.note or "Le référentiel de cet indicateur n'a pas été trouvé : personne n'est dit ciblé."
        )
    lines = [condition_to_respect(definition, condition) for condition in reference.conditions]
    several = len(lines) > 1
    head = (
        "Un établissement respecte le référentiel dès qu'il remplit une de ces conditions ; il est ciblé s'il n'en "
        "remplit aucune :"
        if several
        else "Un établissement respecte le référentiel s'il remplit cette condition ; sinon, il est ciblé :"
    )
    equal = "Une valeur égale au seuil ne remplit pas la condition."
    source = f"Source : {reference.source} ; {RELIABILITY[reference.status][0]}."
    listed = "\n".join(f"- {write(line)}" for line in lines)
    notes = [equal, source, *([reference.note] if reference.note else [])]
    return f"{write(head)}\n\n{listed}\n\n{write(' '.join(notes))}"


def _spending_threshold(definition: IndicatorDefinition, sources: GuideSources) -> str:
    """Return the last spending threshold that texts give for the subject of an indicator; empty when there is none."""
    if definition.target is None:
        return ""
    rows = sources.targets
    is_own = (
        (rows["subject"] == definition.target.subject)
        & (rows["measure"] == SPENDING_THRESHOLD)
        & (rows["finess"] == "all")
    )
    own = rows[is_own & rows["value"].notna()].sort_values("data_year")
    return french.euros(own["value"].iloc[-1]) if len(own) else ""


def _objective(definition: IndicatorDefinition, sources: GuideSources, write: Linker) -> Iterator[Part]:
    if definition.target is None:
        yield write(
            "Objectif non renseigné : aucun objectif de contrat n'a été trouvé ; l'indicateur n'est dit ni atteint, ni "
            "manqué."
        )
        return
    rows = sources.targets
    own = rows[
        (rows["subject"] == definition.target.subject)
        & (rows["measure"] == definition.target.measure)
        & (rows["finess"] == "all")
    ].sort_values(["data_year", "scheme"])
    if own.empty:
        yield write("Objectif non renseigné : aucun texte trouvé ne le donne.")
        return
    measure = definition.measure(definition.target.measure)
    side = "haute" if definition.direction == "higher" else "basse"
    within = ", un cumul en cours d'année n'est qu'une alerte" if definition.period == "cumulative_month" else ""
    later = (
        ", que lit le contrat de l'année suivante : celui de 2024 lit les données de 2023, face à l'objectif de 2023"
        if definition.period == "campaign_year"
        else ""
    )
    yield write(
        f"L'objectif porte sur « {measure.label} ». Il se compare à la même année de données{later}. Il est atteint "
        f"par une valeur égale ou plus {side} ; le verdict se donne sur l'année entière{within}."
        + (f" {definition.target.note}" if definition.target.note else "")
    )
    shown = own.assign(
        status=[printed_status(definition.target.subject, status) for status in own["status"]],
        year_text=own["data_year"].astype(str),
        scheme_text=[
            _scheme_words(sources, name, year) for name, year in zip(own["scheme"], own["data_year"], strict=True)
        ],
        value_text=[
            _absent_words(status) if pd.isna(value) else value_in_words(value, str(unit), decimals_of(value))
            for value, unit, status in zip(own["value"], own["unit_label"].fillna(""), own["status"], strict=True)
        ],
    )
    has_benchmark = "benchmark" in set(shown["status"])
    if has_benchmark:
        yield write("Un repère régional n'engage personne : il n'a pas de valeur contractuelle.")
    subject = SUBJECT_LABELS.get(definition.target.subject, definition.short_name)
    yield Table.from_frame(
        shown,
        caption=f"Objectifs{' et repères' if has_benchmark else ''} de « {subject} » par année de données",
        columns=[
            ColumnFormat.text("year_text", "Année"),
            ColumnFormat.text("scheme_text", "Contrat"),
            ColumnFormat.text("value_text", "Objectif ou repère" if has_benchmark else "Objectif", align="right"),
            ColumnFormat.text("source", "Source"),
            ColumnFormat.status("status", "Fiabilité", _TARGET_RELIABILITY),
        ],
    )


def _absent_words(status: str) -> str:
    """Return what stands for a figure that is not there: a text that was read says that there is none."""
    return "aucun" if status == "verified" else "non renseigné"


def _scheme_words(sources: GuideSources, name: str, year: int) -> str:
    """Return the scheme of an objective; a year out of its results was measured for what came before or after it."""
    scheme = sources.schemes.get(name)
    if scheme is None or year < min(scheme.result_years):
        return "avant le CAQES"
    return f"après le {scheme.name}" if year > max(scheme.result_years) else scheme.name


def _incentive(definition: IndicatorDefinition, sources: GuideSources, write: Linker) -> str:
    schemes = [sources.schemes[name] for name in definition.schemes]
    if any(scheme.incentive or scheme.regional_incentive for scheme in schemes):
        said = [*_incentive_sentences(definition.incentive, definition, schemes), *_own_terms(definition, sources)]
        return write(" ".join(said))
    unpaid = [
        f"Le dispositif {scheme.name} ne verse pas d'intéressement{_SCORED if scheme.is_graded else ''}."
        for scheme in schemes
    ]
    return write(" ".join(unpaid) + _dotation_words(definition, schemes))


def _dotation_words(definition: IndicatorDefinition, schemes: Sequence[Scheme]) -> str:
    """Say what the biosimilar dotation pays, beside the contract, for the groups that an indicator counts."""
    if not any(scheme.has_biosimilar_dotation for scheme in schemes):
        return ""
    rule = load_dotation()
    counted = " ".join(part.where for measure in definition.measures for part in measure.sums)
    known = [one for one in rule.groups if f"'{one.atc}'" in counted and is_number(one.rate_eur)]
    if not known:
        return ""
    rates = french.list_in_words(
        [f"{french.euros(one.rate_eur, cents=True)} par boîte ({one.label}, {one.year})" for one in known]
    )
    return (
        f" À côté du contrat, l'{rule.source} donne une dotation, V × R × t : V, les boîtes du groupe (référence et "
        f"biosimilaires) ; t, la part des boîtes biosimilaires ; R, 20 % de l'écart de prix, soit {rates}."
    )


def _regional_amount(scheme: Scheme, indicator: str) -> Decimal | None:
    """Return what the region pays for an indicator that is attained; None when its rule does not say."""
    rule = scheme.regional_incentive
    amount = rule.amounts_eur.get(indicator) if rule is not None and rule.basis == "per_indicator" else None
    return amount if amount is not None and is_number(amount) else None


def _own_terms(definition: IndicatorDefinition, sources: GuideSources) -> Iterator[str]:
    """Yield the terms with which the report of this campaign computes what an indicator brings, when it does."""
    rule = sources.schemes[sources.campaign.scheme].incentive
    if rule is None or not definition.incentive.saving_measure or sources.campaign.scheme not in definition.schemes:
        return
    rate = rule.rate_of(definition.id)
    if is_number(rate):
        yield (
            f"Dans cette campagne : taux {term_words(rate, '%')}, effet de l'objectif {GATE_WORDS[rule.gate]}, "
            f"{limits_words(rule)} ({_LIMITED[rule.limits_bear_on]}). Source : {rule.source}."
        )


def _incentive_sentences(
    incentive: Incentive, definition: IndicatorDefinition, schemes: Sequence[Scheme]
) -> Iterator[str]:
    if incentive.kind == "none":
        yield "Cet indicateur ne donne pas droit à un intéressement."
        return
    if incentive.kind == "amount":
        amount = next((found for one in schemes if (found := _regional_amount(one, definition.id)) is not None), None)
        yield (
            "La région verse un montant pris sur le fonds d'intervention régional (FIR), selon la réalisation des "
            "indicateurs régionaux, et non une part des économies ; "
            + (
                "le montant, le niveau de réalisation à partir duquel il est versé, le plancher et le plafond sont "
                "inconnus."
                if amount is None
                else f"ici {french.euros(amount, cents=True)} si l'objectif est atteint."
            )
        )
    elif incentive.rate_pct is not None:
        yield f"L'établissement reçoit {french.percent(incentive.rate_pct, 0)} des économies constatées."
    elif incentive.lower_pct is not None and incentive.upper_pct is not None:
        low, high = french.number(incentive.lower_pct), french.percent(incentive.upper_pct, 0)
        yield f"Le texte prévoit de {low} à {high} des économies constatées ; le taux exact est inconnu."
    else:
        yield "L'établissement reçoit une part des économies constatées ; le taux est inconnu."
    if incentive.source:
        yield f"Source : {incentive.source} ; {RELIABILITY[incentive.status][0]}."
    if incentive.saving_measure:
        measure = definition.measure(incentive.saving_measure)
        yield (
            f"Calcul non officiel de ce rapport : l'économie est la baisse de « {measure.label} » d'une année à "
            "l'autre, nulle s'il n'y a pas de baisse ; aucun texte trouvé ne donne la formule, l'effet de l'objectif, "
            "le plancher ni le plafond."
        )
    elif incentive.kind == "savings_share":
        yield (
            "Aucun montant en euros n'est reçu pour cet indicateur : l'économie est non valorisable, rien n'est "
            "calculé."
        )
