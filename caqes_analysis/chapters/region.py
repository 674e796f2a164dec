"""The regional pages: where the region stands, and who weighs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.completed_path import completed_path, completed_sentence
from caqes_analysis.chapters.constant_perimeter import perimeter_note, perimeter_notes
from caqes_analysis.chapters.contract_scope import borne_notes
from caqes_analysis.chapters.corrected import with_corrected_years
from caqes_analysis.chapters.cumuls import cumuls_of
from caqes_analysis.chapters.landing import (
    CALIBRATION_NOTE,
    FAN_NOTE,
    LIKELIHOOD_NOTE,
    chance_of,
    chance_words,
    fan_of,
    has_rate,
    left_apart_words,
    projection_of,
    rate_interval,
    region_landing,
)
from caqes_analysis.chapters.level_changes import listed_changes_note
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.part_months import amount_words, part_months_note, part_months_notes
from caqes_analysis.chapters.savings_levers import extract_notes
from caqes_analysis.chapters.sheet_spending import needs_months, provisional_note, without_provisional
from caqes_analysis.chapters.verdicts import judged, region_gap
from caqes_analysis.chapters.words import (
    against_phrase,
    against_target,
    as_sentence,
    benchmark_notes,
    category_words,
    envelope_of,
    ordered_by_envelope,
    period_label,
    sentence_case,
    through_phrase,
)
from caqes_analysis.departments import department_label
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table, Text
from caqes_analysis.display.charts_contributions import contributions as contributions_figure
from caqes_analysis.display.charts_cumulative import cumulative_path
from caqes_analysis.display.charts_quarters import cumulative_points
from caqes_analysis.evaluation.position import Position, position_of
from caqes_analysis.forecast.followed import EUROS
from caqes_analysis.indicators.evolution import comparable_months, in_both_years, sum_evolutions
from caqes_analysis.schemes.targets import Target

__all__ = [
    "above_target",
    "answer",
    "by_cumul_notes",
    "by_group",
    "contribution_figure",
    "cumulative_figure",
    "envelope_table",
    "left_out_notes",
    "position",
    "rate_of",
    "rate_or_none",
    "rated_nb",
    "region_months",
]

_STEPS = (
    "sa dépense est comptée tout entière au mois de chaque cumul",
    "leur dépense est comptée tout entière au mois de chaque cumul",
)


def rate_of(page: Page, envelope: str) -> pd.Series | None:
    """Return the sums and the evolution of an envelope over the region, or None when it was not received."""
    rows = page.settled(envelope)
    return None if rows.empty else sum_evolutions(rows, ["envelope"]).iloc[0]


def above_target(page: Page, envelope: str) -> pd.DataFrame:
    """Return the settled evolutions of the establishments above the target or benchmark of an envelope."""
    rows = judged(page, page.settled(envelope))
    value = page.target(envelope).value
    return rows[rows["evolution_pct"] > (float("inf") if value is None else value)]


def rated_nb(page: Page, envelope: str) -> int:
    """Return how many establishments can be above the target of an envelope: of a closed year, those that are whole."""
    return len(judged(page, page.settled(envelope)))


def rate_or_none(row: pd.Series | None) -> float | None:
    """Return the evolution of a row, None when there is none."""
    return None if row is None or pd.isna(row["evolution_pct"]) else float(row["evolution_pct"])


def position(page: Page, envelope: str) -> Position:
    """Return where an envelope of the region stands against its target."""
    return position_of(
        rate_or_none(rate_of(page, envelope)),
        page.target(envelope),
        month_nb=page.campaign.settled_month_nb,
        gap=region_gap(page, page.settled(envelope)),
        is_sum=True,
    )


def answer(page: Page, envelope: str) -> Text:
    """Return in one sentence where an envelope of the region stands."""
    row = rate_of(page, envelope)
    label = envelope_of(page.campaign, envelope).short_label
    period = sentence_case(through_phrase(page.campaign, page.campaign.settled_month_nb))
    if row is None:
        return Text.answer(f"Aucune dépense n'a été reçue pour l'enveloppe « {label} ».")
    amount = amount_words(page, page.settled(envelope))
    establishments = french.plural(int(row["establishments_nb"]), "établissement")
    rate = rate_or_none(row)
    if rate is None:
        lacking = "de l'année précédente" if page.campaign.is_annual else "des mêmes mois un an plus tôt"
        warned = extract_notes(page) if page.campaign.is_annual and envelope == "phmev" else []
        return Text.answer(
            f"{period}, {amount} ont été remboursés pour {establishments} ({label}) ; l'évolution n'est pas "
            f"calculable, faute {lacking}." + "".join(f" {note}" for note in warned)
        )
    target = page.target(envelope)
    known = target.value is not None
    compared = f" : {_verdict_words(position(page, envelope), target)}" if known else f" ({target.label})"
    verb = "augmenté" if rate >= 0 else "baissé"
    apart = perimeter_note(page, envelope)
    return Text.answer(
        f"{period}, la dépense régionale « {label} » a {verb} de {french.percent(abs(rate))} par rapport "
        f"{against_phrase(page.campaign, page.campaign.settled_month_nb)}, pour atteindre {amount}{compared}."
        + (f" {apart}" if apart else "")
    )


def _verdict_words(found: Position, target: Target) -> str:
    """Return the verdict of a closed year as a clause, else where the year stands."""
    if target.is_benchmark or found.label not in ("respecté", "non respecté"):
        return against_target(found.label, target)
    whose = french.elided("le", target.label.replace(target.noun, f"{target.noun} de", 1))
    return f"{whose} {'est' if found.label == 'respecté' else 'n’est pas'} respecté"


def envelope_table(page: Page) -> Table:
    """Return the evolution of every envelope of the region against its target or benchmark."""
    evolutions = sum_evolutions(page.evolutions, ["envelope", "month_nb"])
    month_nb, last_nb, year = page.campaign.settled_month_nb, page.campaign.last_month_nb, page.campaign.year
    rows = ordered_by_envelope(evolutions[evolutions["month_nb"] == month_nb]).reset_index(drop=True)
    last = evolutions[evolutions["month_nb"] == last_nb].set_index("envelope")["evolution_pct"]
    positions = [position(page, code) for code in rows["envelope"]]
    ends = [region_landing(page, code) for code in rows["envelope"]]
    chances = [chance_words(chance_of(end)) for end in ends]
    frame = rows.assign(
        label=[envelope_of(page.campaign, code).short_label for code in rows["envelope"]],
        target=[page.target(code).short_label for code in rows["envelope"]],
        position=[found.short for found in positions],
        state=[found.state for found in positions],
        last_pct=last.reindex(rows["envelope"]).to_numpy(),
        is_late=last_nb > month_nb,
        landing=[rate_interval(end) if has_rate(end) else french.MISSING for end in ends],
        chance=[words for words, _ in chances],
        chance_state=pd.Series([state for _, state in chances], dtype=object),
    )
    columns = [
        ColumnFormat.text("label", "Enveloppe"),
        ColumnFormat.compact_amount("current_eur", period_label(year, month_nb)),
        ColumnFormat.percent("evolution_pct", "Évolution", signed=True),
        ColumnFormat.text("target", "Comparée à"),
        ColumnFormat.text("position", "Situation", state="state"),
        ColumnFormat.count("establishments_nb", "Établissements", is_provisional=None, is_corrected=None),
    ]
    has_forecast = not (page.campaign.is_annual or page.campaign.is_closed_year)
    if has_forecast:
        columns.pop()
        columns.insert(3, ColumnFormat.text("landing", f"Atterrissage {year}, à 80 %", align="right"))
        columns.insert(6, ColumnFormat.text("chance", "Dépasser", state="chance_state"))
    if last_nb > month_nb:
        late = ColumnFormat.percent(
            "last_pct", f"À M{last_nb}", signed=True, value_status=None, is_provisional="is_late"
        )
        columns.insert(3, late)
    sums = "Atterrissage : somme des prévisions des établissements."
    return Table.from_frame(
        frame,
        caption=f"Dépenses de la région {through_phrase(page.campaign, month_nb)}, par rapport "
        f"{against_phrase(page.campaign, month_nb)}",
        columns=columns,
        notes=[
            *perimeter_notes(page),
            *part_months_notes(page, page.settled()),
            *borne_notes(page, _compared_rows(page)),
            *benchmark_notes(page, rows["envelope"]),
            *_summed_elsewhere(page, rows["envelope"].tolist()),
            *([sums, CALIBRATION_NOTE, LIKELIHOOD_NOTE] if has_forecast else []),
        ],
    )


def _compared_rows(page: Page) -> pd.DataFrame:
    """Return who is summed in the envelopes that have a target, as rows of ``forecasts`` name them."""
    rows = ordered_by_envelope(page.settled().dropna(subset=["evolution_pct"]))
    has_target = {code: page.target(code).value is not None for code in rows["envelope"].unique()}
    return rows[rows["envelope"].map(has_target).astype(bool)].rename(columns={"finess": "subject"})


def _summed_elsewhere(page: Page, shown: Collection[str]) -> list[str]:
    """Name the sums of envelopes, and the products, that have an objective and no row in the table of the envelopes."""
    rows = page.forecasts
    codes = rows.loc[(rows["level"] == "region") & (rows["unit_label"] == EUROS), "envelope"].unique().tolist()
    found = [
        f"{page.label(code)} ({page.target(code).short_label})"
        for code in codes
        if code not in shown and page.target(code).value is not None
    ]
    if not found:
        return []
    return [
        f"Comparés aussi, sur les pages « Prévisions » et « Tous les indicateurs »{french.NBSP}: "
        f"{french.list_in_words(found)}."
    ]


def region_months(page: Page, envelope: str, by: str | None = None, *, counts_cumuls: bool = True) -> pd.DataFrame:
    """Return the months of the region, or of its groups, summed over what is known in both years.

    What is known by cumuls alone counts at the month of the cumul, or not at all (``counts_cumuls``). An establishment
    opened since the year before began is left out of it, as :func:`perimeter_note` says.
    """
    return comparable_months(page.store, envelope=envelope, year=page.campaign.year, by=by, counts_cumuls=counts_cumuls)


def left_out_notes(months: pd.DataFrame) -> list[str]:
    """Return how many establishments are left out of a month because it is missing in one of two years; often none."""
    left_out = int(months["left_out_nb"].max())
    if not left_out:
        return []
    return [
        "Un établissement dont un mois manque cette année ou la précédente est écarté de ce mois, toutes les années "
        f"(au plus {french.plural(left_out, 'établissement')} le même mois)."
    ]


def cumulative_figure(page: Page, envelope: str = "phmev") -> Figure | Notice:
    """Return the cumulative spending of the region against the path of its target."""
    if page.campaign.is_annual:
        return needs_months("La trajectoire de l'année")
    rows = region_months(page, envelope)
    if rows.empty:
        return Notice("missing", "Trajectoire de l'année", "Aucun mois n'a été reçu pour cette enveloppe.")
    target, end = page.target(envelope), region_landing(page, envelope)
    left_out, apart = left_out_notes(rows), perimeter_note(page, envelope)
    notes = [*([apart] if apart else []), *left_out]
    if left_out and projection_of(end) is not None:
        notes.append("La prévision compte aussi les mois que la courbe écarte ; son taux est celui de l'année entière.")
    drawn, late = without_provisional(rows), provisional_note(rows, page.campaign.year)
    shown: dict[str, Any] = {
        "year": page.campaign.year,
        "name": page.campaign.region.name,
        "envelope": envelope,
        "target_pct": target.value,
        "target_label": target.noun,
    }
    points = cumuls_of(drawn, page.campaign.year)
    if not points.empty:
        compared = [as_sentence(target.label)] if points["before_eur"].notna().any() else []
        return cumulative_points(points, **shown, notes=[*compared, *notes, *late])
    fan, apart_months = fan_of(drawn, end), completed_path(page, rows, envelope)
    return cumulative_path(
        drawn,
        **shown,
        late=apart_months,
        projection=projection_of(end, without=left_apart_words(page, end)),
        fan=fan,
        notes=[
            as_sentence(target.label),
            *notes,
            *by_cumul_notes(drawn, page.campaign.year, _STEPS),
            *([FAN_NOTE] if fan is not None else []),
            *late,
            *completed_sentence(apart_months, page.campaign.year),
        ],
    )


def by_cumul_notes(months: pd.DataFrame, year: int, said: tuple[str, str]) -> list[str]:
    """Return how many establishments are known in a year by cumuls alone; often none.

    Parameters
    ----------
    months
        As :func:`region_months` returns them, cumuls counted.
    year
        Year drawn.
    said
        What comes of it, of one establishment and of several.
    """
    by_cumul_nb = months.loc[months["month"].dt.year == year, "by_cumul_nb"].max()
    if pd.isna(by_cumul_nb) or not by_cumul_nb:
        return []
    received, what = ("reçu", said[0]) if by_cumul_nb == 1 else ("reçus", said[1])
    who = french.plural(int(by_cumul_nb), "établissement")
    return [f"{who} {received} en cumul depuis janvier{french.NBSP}: {what}."]


def contribution_figure(page: Page, envelope: str = "phmev") -> Figure | Notice:
    """Return who makes the growth of an envelope."""
    rows = page.settled(envelope)
    if rows.empty or rows["evolution_pct"].isna().all():
        return Notice(
            "missing",
            "Contributions à l'évolution",
            f"Il y faut l'année {page.campaign.year - 1} : la campagne n'en nomme aucun fichier.",
        )
    names, apart = page.establishments.set_index("finess")["name"], perimeter_note(page, envelope)
    rows = rows[in_both_years(rows)]
    known = with_corrected_years(page, rows)
    frame = known.assign(name=names.reindex(rows["finess"]).to_numpy(), amount_eur=rows["current_eur"])
    return contributions_figure(
        frame,
        period=through_phrase(page.campaign, page.campaign.settled_month_nb).removeprefix("de ").removeprefix("en "),
        name=page.campaign.region.name,
        envelope=envelope,
        notes=[
            *([apart] if apart else []),
            *part_months_note(page, rows, ("sa contribution est celle", "leur contribution est celle")),
            *listed_changes_note(page, rows),
        ],
    )


def by_group(page: Page, envelope: str, group: str) -> Table:
    """Return an envelope by ``department`` or by ``category``: sums, evolution, contribution."""
    rows = page.settled(envelope)
    known = page.establishments.set_index("finess")[group]
    labelled = with_corrected_years(page, rows).assign(
        group=[
            department_label(value)
            if group == "department"
            else sentence_case(category_words(value))
            if isinstance(value, str)
            else "Non renseignée"
            for value in known.reindex(rows["finess"])
        ]
    )
    sums = sum_evolutions(labelled, ["group"]).sort_values("group", key=lambda names: names.map(french.alphabetical))
    total = sum_evolutions(labelled, ["envelope"]).assign(group="Région")
    base = float(total["compared_previous_eur"].iloc[0]) if len(total) else 0.0
    apart = perimeter_note(page, envelope)

    def with_contribution(frame: pd.DataFrame) -> pd.DataFrame:
        change = (frame["compared_eur"] - frame["compared_previous_eur"]).astype("float64")
        has_rate = frame["evolution_pct"].notna()
        points = (100 * change / base).where(has_rate) if base else float("nan")
        status = has_rate.map({True: "reported", False: "not_applicable"})
        return frame.assign(contribution_points=points, value_status=status)

    header = "Département" if group == "department" else "Catégorie"
    year = page.campaign.year
    columns = [
        ColumnFormat.text("group", header),
        ColumnFormat.count("establishments_nb", "Établissements", is_provisional=None, is_corrected=None),
        ColumnFormat.compact_amount(
            "current_eur", period_label(year, page.campaign.settled_month_nb), is_corrected="now_is_corrected"
        ),
        ColumnFormat.percent("evolution_pct", "Évolution", signed=True),
        ColumnFormat.points("contribution_points", "Contribution", decimals=2),
    ]
    shown = columns if base else columns[:3]
    return Table.from_frame(
        with_contribution(sums),
        caption=f"{envelope_of(page.campaign, envelope).short_label} par {header.lower()}, "
        f"{through_phrase(page.campaign, page.campaign.settled_month_nb)}",
        columns=shown,
        totals=with_contribution(total),
        notes=[apart] if apart else [],
    )
