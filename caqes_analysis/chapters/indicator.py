"""The page of an indicator: who is where against target and référentiel, and is it moving?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.assessment_words import REFERENCE_WORDS
from caqes_analysis.chapters.change_words import change_words, slope_words
from caqes_analysis.chapters.indicator_reading import IndicatorReading, period_words
from caqes_analysis.chapters.indicator_uniform import same_level_notice, same_moves_notice
from caqes_analysis.chapters.words import format_of, masked_words, sentence_case
from caqes_analysis.departments_map import read_outlines
from caqes_analysis.display import ColumnFormat, Figure, Link, Notice, Table, Text
from caqes_analysis.display.charts_dumbbell import dumbbells
from caqes_analysis.display.charts_map import department_map
from caqes_analysis.display.charts_position import Reference, distribution
from caqes_analysis.display.charts_trend import DatedFact, yearly_trend
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.display.style import abbreviated
from caqes_analysis.indicators.definition import Measure, ReferenceCondition
from caqes_analysis.indicators.intervals import in_points
from caqes_analysis.indicators.places import UNKNOWN_GROUP
from caqes_analysis.indicators.secrecy import UNRANKED
from caqes_analysis.indicators.standing import ranks_by_size

__all__ = [
    "answer",
    "guide_link",
    "map_figure",
    "moves_figure",
    "position_figures",
    "ranking_table",
    "reading_text",
    "trend_figure",
]

_FEW = 3


def answer(reading: IndicatorReading) -> Text:
    """Return where the region stands, how it moved, and how many miss the target, in two sentences."""
    region, unit = reading.region, reading.unit
    when = sentence_case(period_words(reading.period))
    name, label = _within_a_sentence(reading.definition.short_name), _within_a_sentence(reading.measure.label)
    name = label if name.casefold() in label.casefold() else f"{name}, {label}"
    head = f"{when}, {name}{french.NBSP}: {unit.write(region['value'])} dans la région"
    change = change_words(reading.measure, region["change"])
    head += f" ({change} par rapport à {reading.previous_label})" if change else ""
    target = reading.target
    if target.value is None:
        return Text.answer(f"{head}. {sentence_case(reading.target_sentence)}{_ranking_words(reading)}.")
    rows = reading.establishments.dropna(subset=["value"])
    missed = sum(_are_missed(reading, rows))
    side = "en dessous" if reading.definition.direction == "higher" else "au-dessus"
    verb = "sont" if missed > 1 else "est"
    count = f"{french.plural(missed, 'établissement')} sur {french.number(len(rows))} {verb} {side}"
    none = f"aucun des {french.plural(len(rows), 'établissement')} n'est {side}"
    return Text.answer(f"{head}. {sentence_case(target.label)}{french.NBSP}: {count if missed else none}.")


def _within_a_sentence(label: str) -> str:
    """Return a label as it stands within a sentence: « boîtes d'IPP », but « LPP »."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _are_missed(reading: IndicatorReading, rows: pd.DataFrame) -> list[bool]:
    states = [reading.situation(*pair)[1] for pair in zip(rows["value"], rows["finess"], strict=True)]
    return [state == "warning" for state in states]


def _ranking_words(reading: IndicatorReading) -> str:
    rows = reading.establishments.dropna(subset=["value"])
    if len(rows) < _FEW:
        return ""
    middle = reading.unit.write(rows["value"].median())
    return f" ; valeur médiane des {french.plural(len(rows), 'établissement')}{french.NBSP}: {middle}"


def position_figures(reading: IndicatorReading) -> tuple[Figure | Notice, ...]:
    """Return where every establishment stands, against the target, then against each condition of the référentiel."""
    figures: list[Figure | Notice] = []
    own = _condition(reading, reading.measure.id) if reading.month_nb == 12 else None
    figures.append(_position(reading, reading.measure.id, reading.period, own, with_target=True))
    reference = reading.reference
    for condition in reference.conditions if reference else ():
        if reading.closed_year and not (own and condition.measure == reading.measure.id):
            line = _condition(reading, condition.measure)
            figures.append(_position(reading, condition.measure, reading.closed_year, line, with_target=False))
    return tuple(figures)


def _condition(reading: IndicatorReading, measure: str) -> Reference | None:
    reference = reading.reference
    for condition in reference.conditions if reference else ():
        if condition.measure == measure:
            below = condition.below is not None
            value = float(condition.below if condition.below is not None else condition.above or 0)
            written = format_of(reading.definition.measure(measure)).write_threshold(value)
            return Reference(value, f"référentiel{french.NBSP}: {'moins' if below else 'plus'} de {written}", below)
    return None


def _position(
    reading: IndicatorReading, measure: str, period: str, reference: Reference | None, *, with_target: bool
) -> Figure | Notice:
    named = reading.definition.measure(measure)
    rows = reading.rows("establishment", measure, period)
    names = reading.page.establishments.set_index("finess")["name"]
    rows = rows[rows["value_status"] != "not_applicable"].assign(name=lambda d: names.reindex(d["finess"]).to_numpy())
    caption = f"{named.label}, {period_words(period)}"
    if rows["value"].notna().sum() < _FEW:
        return Notice("missing", caption, "Moins de trois établissements ont une valeur : pas de figure.")
    if reference is None and (same := same_level_notice(named, rows, period_words(period))):
        return same
    target = reading.target if with_target else None
    if target is not None:
        rows = rows.assign(is_missed=_are_missed(reading, rows))
    notes = [sentence_case(target.label)] if target and target.value is not None else []
    if reference is not None:
        notes.append("Le référentiel dit qui est ciblé, pas ce qui doit être atteint.")
    return distribution(
        rows,
        caption=caption,
        target_pct=None if target is None else target.value,
        target_label="objectif" if target is None else target.noun,
        better="higher" if reading.definition.direction == "higher" else "lower",
        unit=format_of(named),
        reference=reference,
        notes=notes,
    )


def moves_figure(reading: IndicatorReading) -> Figure | Notice:
    """Return the moves of those that weigh most in the change of the region; of an evolution, the amounts compared."""
    level = reading.level
    rows = reading.rows("establishment", level.id)
    rows = rows[~rows["finess"].isin(_without_rate(reading, level))]
    if not (rows["value"].notna() & rows["previous_value"].notna()).any():
        return Notice(
            "missing",
            "D'une année à l'autre",
            f"La même période de {reading.year - 1} n'est pas connue : aucun mouvement ne peut être lu.",
        )
    if same := same_moves_notice(level, rows, (reading.previous_label, reading.period_label)):
        return same
    names = reading.page.establishments.set_index("finess")["name"]
    ordered = rows.assign(
        name=names.reindex(rows["finess"]).to_numpy(),
        previous=rows["previous_value"],
        weight=rows["contribution"].abs().fillna(-1.0),
    ).sort_values(["weight", "finess"], ascending=[False, True])
    own = level.id == reading.measure.id
    return dumbbells(
        ordered,
        caption=level.label,
        now_label=reading.period_label,
        before_label=reading.previous_label,
        unit=format_of(level),
        better=reading.definition.direction,
        threshold=reading.target.value if own else None,
        threshold_label=reading.target.noun,
        notes=["Dans l'ordre de ce que chacun pèse dans l'écart de la région."],
    )


def _without_rate(reading: IndicatorReading, level: Measure) -> list[str]:
    """Return the establishments whose years do not compare: opened in the course of the year before, or since."""
    rates = [one.id for one in reading.definition.measures if one.evolution_of == level.id]
    found = [reading.rows("establishment", rate).query("value_status == 'not_applicable'")["finess"] for rate in rates]
    return sorted({finess for part in found for finess in part})


def trend_figure(reading: IndicatorReading) -> Figure | Notice:
    """Return the region over the years, with the interval of each value; the amount where one evolution is known."""
    measure = reading.measure
    known = reading.history(measure).dropna(subset=["value"])
    if len(known) < 2 and measure.evolution_of:
        measure = reading.level
        known = reading.history(measure).dropna(subset=["value"])
    if len(known) < 2:
        return Notice("missing", "Tendance", "Une seule période connue : il n'y a pas de tendance à montrer.")
    region, unit, own = reading.rows("region", measure.id).iloc[0], format_of(measure), measure is reading.measure
    notes = []
    if pd.isna(region["lower"]) and isinstance(region["interval_reason"], str):
        notes.append(f"Pas d'intervalle{french.NBSP}: {region['interval_reason']}.")
    else:
        notes.append(
            "Intervalle à 95 % : la part du hasard, estimée sur les établissements et les années ; ce qui touche toute "
            "la région la même année n'y est pas."
        )
    change = change_words(measure, region["change"], region["change_lower"], region["change_upper"])
    if change:
        notes.append(f"Par rapport à {reading.previous_label}, aux mêmes établissements{french.NBSP}: {change}.")
    if measure.evolution_of is None and measure.denominator is None and known["establishments_nb"].nunique() > 1:
        low, high = known["establishments_nb"].min(), known["establishments_nb"].max()
        notes.append(
            f"De {low} à {high} établissements ont une valeur selon l'année : les niveaux ne se comparent pas."
        )
    notes.append(slope_words(measure, region))
    month = "" if reading.month_nb == 12 else f" à M{reading.month_nb}"
    return yearly_trend(
        known.assign(period=[f"{year}{month}" for year in known["year"]]),
        caption=f"{measure.label}, {reading.page.campaign.region.name}",
        title=_trend_title(reading, unit, known, region),
        unit=unit,
        target=reading.target.value if own else None,
        target_label=reading.target.noun,
        facts=[DatedFact(one.on, one.text, one.source) for one in reading.definition.annotations],
        notes=[note for note in notes if note],
    )


def _trend_title(reading: IndicatorReading, unit: MeasureFormat, known: pd.DataFrame, region: pd.Series) -> str:
    first, last = known["year"].iloc[0], known["year"].iloc[-1]
    low, high = region["change_lower"], region["change_upper"]
    if not pd.isna(region["slope_lower"]) and (region["slope_lower"] > 0 or region["slope_upper"] < 0):
        return f"Tendance à la {'hausse' if region['slope_lower'] > 0 else 'baisse'} de {first} à {last}"
    levels = {unit.printed(value) for value in known["value"]}
    if len(levels) == 1:
        return f"{unit.write(known['value'].iloc[-1])} chaque année, de {first} à {last}"
    if pd.isna(low):
        return f"De {unit.write(known['value'].iloc[0])} à {unit.write(known['value'].iloc[-1])}, de {first} à {last}"
    if low > 0 or high < 0:
        return f"{'Hausse' if low > 0 else 'Baisse'} de {reading.year - 1} à {reading.year}, au-delà du hasard"
    return f"De {reading.year - 1} à {reading.year}, les données ne permettent pas de conclure"


def map_figure(reading: IndicatorReading) -> Figure | Notice:
    """Return the departments, on tiles or on the map that the campaign names."""
    rows = reading.rows("department").rename(columns={"group": "department"})
    rows = rows[rows["department"] != UNKNOWN_GROUP]
    if rows["value"].notna().sum() < 2:
        return Notice("missing", "Départements", "Moins de deux départements ont une valeur : pas de carte.")
    department = reading.page.establishments.set_index("finess")["department"]
    known = reading.establishments.dropna(subset=["value"])
    counts = department.reindex(known["finess"]).value_counts()
    target = reading.target
    place = reading.page.campaign.map
    return department_map(
        rows.assign(establishments_nb=counts.reindex(rows["department"]).fillna(0).to_numpy(dtype=int)),
        caption=f"{reading.measure.label}, {period_words(reading.period)}",
        unit=reading.unit,
        threshold=target.value,
        threshold_label=target.noun,
        better=reading.definition.direction,
        outlines=None if place is None else read_outlines(place),
        notes=[sentence_case(target.label)] if target.value is not None else [],
    )


def ranking_table(reading: IndicatorReading) -> Table | Notice:
    """Return every establishment with rank, interval, move and status; the region as total."""
    rows = reading.establishments
    if rows.empty:
        return Notice("missing", "Classement", "Aucun établissement n'est concerné par cet indicateur.")
    unit, measure = reading.unit, reading.measure
    situations = [reading.situation(*pair) for pair in zip(rows["value"], rows["finess"], strict=True)]
    frame = rows.assign(
        name=[abbreviated(str(name)) for name in rows["name"]],
        place=[_rank_words(row) for row in rows.to_dict("records")],
        bounds=[unit.interval(*pair) or "–" for pair in zip(rows["lower"], rows["upper"], strict=True)],
        previous=rows["previous_value"],
        position=[word for word, _ in situations],
        state=[state for _, state in situations],
        reference=reading.references.reindex(rows["finess"]).to_numpy() if len(reading.references) else None,
    )
    region = reading.region
    total = pd.DataFrame([region]).assign(
        place="",
        name=f"Région ({french.number(rows['value'].notna().sum())})",
        href=None,
        department="",
        bounds=unit.interval(region["lower"], region["upper"]) or "–",
        previous=region["previous_value"],
        position="",
        state=None,
        reference=None,
        contribution=reading.rows("establishment")["contribution"].sum(min_count=1),
    )
    change = (
        ColumnFormat.points("change", "Écart", value_status=None, is_provisional=None)
        if in_points(measure)
        else ColumnFormat.percent("change", "Écart", signed=True, value_status=None, is_provisional=None)
    )
    columns = [
        ColumnFormat.text("name", "Établissement", href="href"),
        unit.column("value", reading.period_label),
        ColumnFormat.text("place", f"Rang sur {french.number(rows['rank'].notna().sum())}", align="right"),
        ColumnFormat.text("bounds", "Intervalle à 95 %", align="right"),
    ]
    if rows["previous_value"].notna().any():
        columns += [unit.column("previous", reading.previous_label, value_status=None, is_provisional=None), change]
    if reading.target.value is not None:
        columns.append(ColumnFormat.text("position", reading.target.short_label.capitalize(), state="state"))
    if len(reading.references):
        columns.append(ColumnFormat.status("reference", f"Référentiel {reading.closed_year}", REFERENCE_WORDS))
    if rows["contribution"].notna().any():
        columns.append(
            ColumnFormat.points("contribution", "Contribution", decimals=2, value_status=None, is_provisional=None)
        )
    columns.append(ColumnFormat.text("department", "Dép."))
    return Table.from_frame(
        frame,
        caption=f"{measure.label}, {period_words(reading.period)} : rang, intervalle et situation",
        columns=columns,
        totals=total,
        notes=_ranking_notes(reading, rows),
    )


def _rank_words(row: dict[Any, Any]) -> str:
    if not pd.isna(row["rank"]):
        return str(row["rank"])
    return "non classé" if isinstance(row["unranked_reason"], str) else "–"


def _ranking_notes(reading: IndicatorReading, rows: pd.DataFrame) -> list[str]:
    better = {
        "lower": "Rang 1 : la valeur la plus basse, la plus favorable.",
        "higher": "Rang 1 : la valeur la plus élevée, la plus favorable.",
        "none": "Rang 1 : la valeur la plus élevée ; aucun sens n'est meilleur.",
    }
    notes = [better[reading.definition.direction]]
    if ranks_by_size(reading.measure):
        notes = ["Rang 1 : la valeur la plus élevée. Ce rang dit qui est grand, pas qui fait bien."]
    notes += [f"Non classé : {why}." for why in sorted(set(rows["unranked_reason"].dropna()))]
    notes += [masked_words(reading.page.campaign)] if UNRANKED in set(rows["unranked_reason"]) else []
    notes += [f"Sans intervalle : {why}." for why in sorted(set(rows["interval_reason"].dropna()))]
    if rows["contribution"].notna().any():
        notes.append("Contribution : part de chacun dans l'écart de la région ; les contributions s'y additionnent.")
        every = reading.rows("establishment")
        unrated = every[(every["value_status"] == "not_applicable") & (every["contribution"].fillna(0) != 0)]
        if len(unrated):
            share = french.points(unrated["contribution"].sum(), 2)
            notes.append(
                "Un établissement ouvert depuis le début de l'année précédente n'a pas de taux ; ses euros comptent "
                f"dans la région : {share}."
            )
    return notes


def reading_text(reading: IndicatorReading) -> Text:
    """Return what is counted, over what, from which texts, and how to read the page."""
    one = reading.definition
    lines = [f"Ce qui est lu : {reading.measure.label}, {period_words(reading.period)}. {one.why}"]
    reference = reading.reference
    if reference is not None:
        joined = " OU ".join(_condition_words(reading, condition) for condition in reference.conditions)
        lines.append(
            f"Référentiel (qui est ciblé) : {joined or 'non renseigné'}."
            + (f" Source : {reference.source}." if reference.source else "")
            + (f" {reference.note}" if reference.note else "")
        )
    lines.append(f"{sentence_case(reading.target_sentence)}.")
    lines += list(one.notes)
    lines += [one.reading] if one.reading else []
    lines += [f"Textes : {' ; '.join(one.legal_sources)}."] if one.legal_sources else []
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
    return f"{_within_a_sentence(measure.label)}{french.NBSP}: {sign} de {limit}"
