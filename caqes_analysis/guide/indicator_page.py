"""The page of an indicator: what it is, why, how it is computed, what the contract does with it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from caqes_analysis import french
from caqes_analysis.book.text import markdown_text
from caqes_analysis.display import Card, Cards, Code, Details, Link, Notice, Text
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.guide.contract_parts import contract_parts
from caqes_analysis.guide.formulas import SOURCE_WORDS, measure_in_symbols, measure_in_words
from caqes_analysis.guide.glossary import Linker
from caqes_analysis.guide.queries import measure_query
from caqes_analysis.guide.sources import GuidePage, GuideSources, Part, indicator_path
from caqes_analysis.guide.trace_parts import code_parts, trace_parts
from caqes_analysis.guide.words import (
    DIRECTION_WORDS,
    PERIOD_WORDS,
    checked_by,
    contract_words,
    state_of,
    value_in_words,
)
from caqes_analysis.indicators.available import read_measure
from caqes_analysis.indicators.definition import IndicatorDefinition, Measure, Sum, TargetLink
from caqes_analysis.indicators.region_paid import REGIONAL_PART, volet_under
from caqes_analysis.indicators.secrecy import counts_patients
from caqes_analysis.labels import within_a_sentence
from caqes_analysis.schemes.targets import target_for
from caqes_analysis.schemes.terms import decimals_of
from caqes_analysis.sources.files import year_in_name

__all__ = ["indicator_page"]

_UNITS = {"%": "en pour cent", "€": "en euros", "1 = oui": "1 pour oui, 0 pour non"}


def indicator_page(
    definition: IndicatorDefinition, sources: GuideSources, *, in_report: str | None = None
) -> GuidePage:
    """Return the page of an indicator, made from its definition alone.

    Parameters
    ----------
    definition
        The definition.
    sources
        Code lists, schemes and targets.
    in_report
        Its page in the report that holds the guide, when there is one.
    """
    write = Linker()
    parts: list[Part] = [_answer(definition), _cards(definition, sources)]
    parts += [Link("Ses valeurs dans ce rapport, établissement par établissement", in_report)] if in_report else []
    parts += _notices(definition, sources)
    parts.append(f"## Pourquoi le suivre\n\n{write(definition.why)}")
    parts.append("## Comment il se calcule")
    parts += [_measure_part(definition, measure, sources, write) for measure in definition.measures]
    perimeters = [one for one in definition.perimeters if one.exclude]
    if perimeters:
        names = french.list_in_words([within_a_sentence(one.label) for one in perimeters])
        said = f"Toutes ces mesures se lisent aussi {names} : les mêmes lignes sont alors retirées des deux années."
        parts.append(f"### Autre lecture\n\n{write(said)}")
    parts += _example_parts(definition)
    parts += code_parts(definition, sources, write)
    parts += contract_parts(definition, sources, write)
    parts.append(f"## Lire son graphique\n\n{write(definition.reading or _reading(definition, sources))}")
    notes = [*definition.notes, *(m.masked.note for m in definition.measures if m.masked)]
    if notes:
        parts.append("## Ce qu'il faut savoir\n\n" + "\n".join(f"- {write(note)}" for note in notes))
    parts += trace_parts(definition, write)
    parts.append(_queries(definition, sources))
    return GuidePage(
        indicator_path(definition.id),
        definition.name,
        tuple(parts),
        definition.theme,
        (definition.id, definition.short_name),
    )


def _answer(definition: IndicatorDefinition) -> Text:
    read = definition.measure(read_measure(definition))
    unit = _UNITS.get(read.unit, f"en {read.unit}")
    good = DIRECTION_WORDS[definition.direction][1]
    if read.evolution_of is not None and definition.direction != "none":
        # A rate that falls from +12 % to +8 % is no fall: what is good is the side of 0 % on which it stands.
        side, move = ("sous", "baisse") if definition.direction == "lower" else ("au-dessus de", "augmente")
        good = f"favorable {side} 0 %, quand {_what_moves(definition, read)} {move}"
    return Text.answer(
        f"Ce que l'on mesure : {within_a_sentence(read.label)}, {unit} ; {good}. "
        f"Il se lit {PERIOD_WORDS[definition.period][1]}."
    )


def _what_moves(definition: IndicatorDefinition, evolution: Measure) -> str:
    level = definition.measure(evolution.evolution_of or evolution.id)
    return "la dépense" if level.unit == "€" else "le nombre"


def _cards(definition: IndicatorDefinition, sources: GuideSources) -> Cards:
    word, detail, state, said = state_of(definition, sources.on)
    tables = sorted({SOURCE_WORDS[table] for table in definition.tables})
    volet = _volets(definition, sources)
    return Cards(
        "L'indicateur en bref",
        [
            Card("État de la fiche", word, detail, state, said if state else ""),
            Card("Contrat", contract_words(definition, sources.schemes), f"{volet}{definition.theme}"),
            Card("Sens favorable", DIRECTION_WORDS[definition.direction][0], _threshold(definition)),
            Card("Données", PERIOD_WORDS[definition.period][0], " ; ".join(tables)),
        ],
    )


def _volets(definition: IndicatorDefinition, sources: GuideSources) -> str:
    """Return its volet, scheme by scheme where the region pays for it under another than its own."""
    schemes = [sources.schemes[name] for name in definition.schemes]
    volets = [volet_under(definition, scheme) for scheme in schemes]
    if REGIONAL_PART not in volets:
        return f"volet {definition.volet} ; " if definition.volet else ""
    named = [
        f"{scheme.name}, {volet if volet == REGIONAL_PART else f'volet {volet}'}"
        for scheme, volet in zip(schemes, volets, strict=True)
        if volet
    ]
    return f"{' ; '.join(named)} ; "


def _threshold(definition: IndicatorDefinition) -> str:
    least = definition.minimum_count_nb
    said = [f"non classé si le dénominateur est inférieur à {french.number(least)}"] if least else []
    if any(counts_patients(part) for measure in definition.measures for part in measure.sums):
        said.append("masqué si un petit nombre de patients ou de séjours s'en déduit")
    return " ; ".join(said)


def _notices(definition: IndicatorDefinition, sources: GuideSources) -> Iterator[Part]:
    if definition.status == "draft":
        yield Notice(
            "info",
            "Définition en préparation",
            "Elle n'est pas dans le rapport tant que personne ne l'a relue et publiée.",
        )
    if definition.status == "published" and definition.is_stale(sources.on):
        yield Notice(
            "warning", "Relecture trop ancienne", "La définition est à relire ; ses chiffres restent calculés."
        )
    elif definition.status == "published" and definition.review_awaited:
        yield Notice(
            "info",
            "Relecture en attente",
            f"{checked_by(definition)} ; la définition reste à relire par {definition.review_awaited}.",
        )
    absent = [name for name in sorted(definition.used_code_lists) if name not in sources.lists]
    if definition.to_provide or absent:
        own = [f"liste de codes « {name} »" for name in absent] if not definition.to_provide else []
        yield Notice("missing", "Reste à fournir par la région", " ".join([*definition.to_provide, *own]))


def _measure_part(definition: IndicatorDefinition, measure: Measure, sources: GuideSources, write: Linker) -> str:
    formula, symbols = measure_in_symbols(definition, measure, sources.lists)
    lines = "\n".join(f"- ${symbol}$ : {write(meaning)}" for symbol, meaning in symbols)
    main = ""
    if measure.id == read_measure(definition) and len(definition.measures) > 1:
        is_of_target = definition.target is not None and measure.id != definition.main_measure
        main = " (mesure principale, celle de l'objectif)" if is_of_target else " (mesure principale)"
    note = f"\n\n{write(measure.note)}" if measure.note else ""
    words = write(measure_in_words(definition, measure, sources.lists))
    return f"### {markdown_text(f'{measure.label}{main}')}\n\n{words}\n\n$$\n{formula}\n$$\n\n{lines}{note}"


def _example_parts(definition: IndicatorDefinition) -> Iterator[Part]:
    example = definition.example
    if example is None:
        return
    measure = definition.measure(example.measure or definition.main_measure)
    counted = definition.measure(measure.evolution_of) if measure.evolution_of is not None else measure
    top, bottom = (_added(one, counted.unit) for one in (example.numerator, example.denominator))
    ratio = example.numerator / example.denominator
    yield "## Un exemple"
    if measure.evolution_of is not None:
        value = value_in_words(100 * (ratio - 1), measure.unit, max(measure.decimals, 2), signed=True)
        base = definition.measure(measure.evolution_of)
        yield Text.paragraphs(
            f"Sur des nombres inventés : « {base.label} » passe de {bottom} à {top} {base.unit} en un an, soit "
            f"100 × ({top} − {bottom}) ÷ {bottom} = {value}."
        )
        return
    if measure.denominator is not None and measure.denominator.count:
        answer = "répond oui" if measure.scale == 100 else f"déclare {top}"
        value = value_in_words(measure.scale * ratio, measure.unit, measure.decimals)
        yield Text.paragraphs(f"Sur une réponse inventée : un établissement qui {answer} vaut {value}.")
        return
    factor = f"{french.number(measure.scale)} × " if measure.scale != 1 else ""
    value = value_in_words(measure.scale * ratio, measure.unit, measure.decimals)
    numbers = (example.numerator, example.denominator)
    above, below = (_noun(part, number) for part, number in zip(measure.sums, numbers, strict=True))
    yield Text.paragraphs(
        f"Sur des nombres inventés : {top}{above} au numérateur et {bottom}{below} au dénominateur donnent "
        f"{factor}{top} ÷ {bottom} = {value}."
    )


def _noun(part: Sum, number: Decimal) -> str:
    """Return what a number of an example is, where the column that is added up says it."""
    column = part.sum or ""
    boxes = " boîtes" if number >= 2 else " boîte"
    return f"{french.NBSP}€" if column.endswith("_eur") else boxes if column == "boxes_nb" else ""


def _added(number: Decimal, unit: str) -> str:
    """Return a sum of an example: to the cent when it is an amount that is not whole."""
    decimals = decimals_of(number)
    return french.number(number, 2 if decimals and unit == "€" else decimals)


def _reading(definition: IndicatorDefinition, sources: GuideSources) -> str:
    """Say how to read the chart of the report: that of the measure of the objective, else of the main one."""
    read = definition.measure(read_measure(definition))
    moved = {
        "lower": "Une valeur plus basse que l'année précédente est une amélioration.",
        "higher": "Une valeur plus haute que l'année précédente est une amélioration.",
        "none": "Une valeur plus haute ou plus basse que l'année précédente n'est en soi ni bonne ni mauvaise.",
    }[definition.direction]
    conditions = definition.reference.conditions if definition.reference else ()
    is_drawn = any(one.measure == read.id for one in conditions)
    bounds = [
        *(["le référentiel, qui dit qui est ciblé"] if is_drawn else []),
        *([_target_words(definition, definition.target, sources)] if definition.target else []),
    ]
    marks = "Les repères tracés sont" if len(bounds) > 1 else "Le repère tracé est"
    drawn = f" {marks} {', et '.join(bounds)}." if bounds else ""
    small = (
        " Quand le dénominateur est petit, la valeur bouge beaucoup d'une année à l'autre sans que rien n'ait changé."
        if read.denominator is not None
        else " Un grand établissement a un grand nombre : on compare ses évolutions, pas sa taille."
    )
    if read.denominator is not None and read.denominator.count:
        small = ""  # what is divided is one answer, whatever the size of the establishment
    if read.evolution_of is not None:
        what = _what_moves(definition, read)
        pronoun, ending = ("elle", "e") if what == "la dépense" else ("il", "")
        moved = (
            f"Sous 0 %, {what} a baissé d'une année à l'autre ; au-dessus, {pronoun} a augmenté. "
            f"Quand {what} de départ est petit{ending}, le taux bouge beaucoup."
        )
        small = ""
    elsewhere = (
        " D'autres figures montrent le référentiel, qui dit qui est ciblé." if conditions and not is_drawn else ""
    )
    return f"Chaque point est un établissement. {moved}{drawn}{small}{elsewhere}"


def _target_words(definition: IndicatorDefinition, target: TargetLink, sources: GuideSources) -> str:
    """Say what the line drawn in the year read is: an objective, or a benchmark that binds nobody."""
    found = target_for(
        sources.targets,
        scheme=sources.campaign.scheme,
        subject=target.subject,
        measure=target.measure,
        data_year=_year_read(definition, sources),
    )
    if found.is_benchmark:
        return f"le repère régional de {found.value_label}, sans valeur contractuelle : il ne dit pas ce qui est dû"
    return "l'objectif, s'il est connu, qui dit ce qui doit être atteint"


def _year_read(definition: IndicatorDefinition, sources: GuideSources) -> int:
    """Return the year at which the report reads an indicator: what comes once a year may be older."""
    return min(sources.campaign.year, _last_received(definition, sources))


def _last_received(definition: IndicatorDefinition, sources: GuideSources) -> int:
    """Return the year of the last file of what comes once a year; that of the campaign for what comes by month."""
    named, year = sources.campaign.sources, sources.campaign.year
    if "annual_drug_spend" in definition.tables:
        files = [one.year or year_in_name(one.path.name) for one in named.open_phmev]
    elif definition.main.is_declared:
        files = [year_in_name(one.path.name) for one in named.declared]
    else:
        return year
    return max((one for one in files if one is not None), default=year - 1)


def _queries(definition: IndicatorDefinition, sources: GuideSources) -> Details:
    year = min(definition.data_year(evaluated_year(sources.campaign)), _last_received(definition, sources))
    codes = [
        Code(f"{measure.label}, par établissement, {year}", measure_query(definition, measure, year=year))
        for measure in definition.measures
    ]
    read = definition.measure(read_measure(definition))
    level = definition.measure(read.evolution_of) if read.evolution_of else read
    for one in definition.perimeters[1:]:
        measure = definition.main if level.leaves_out(one) else read
        query = measure_query(definition, measure, year=year, perimeter=one)
        codes.append(Code(f"{measure.label}, {within_a_sentence(one.label)}, par établissement, {year}", query))
    how = Text.paragraphs(
        "Chaque requête s'exécute telle quelle sur les tables d'une campagne, dans JupyterLab : "
        "open_store(campaign).query(…). Elle additionne ce qui a été reçu ; le calcul du rapport dit en plus ce qui "
        "manque, et n'emploie pas une année à laquelle il manque des mois."
    )
    return Details("La requête exécutable, pour un statisticien", [how, *codes])
