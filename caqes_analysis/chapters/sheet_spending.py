"""The spending part of a sheet: months, cumulative path, evolution and landing of every envelope."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.constant_perimeter import opened_on
from caqes_analysis.chapters.cumuls import cumuls_figure, is_by_cumuls, only_cumuls_words, spread_months, spread_note
from caqes_analysis.chapters.landing import (
    CALIBRATION_NOTE,
    FAN_NOTE,
    amount_between,
    at_80_pct,
    chance_of,
    chance_words,
    fan_of,
    gap_between,
    grounds,
    has_rate,
    landing_of,
    likelihood_notes,
    outcome_header,
    projection_of,
    rate_between,
    rate_words,
    year_title,
)
from caqes_analysis.chapters.own_contract import outside_notes, transports_note
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.regional_context import COMPLETED_RATE
from caqes_analysis.chapters.verdicts import barely_words, position_in, year_in_doubt
from caqes_analysis.chapters.words import (
    against_phrase,
    as_sentence,
    benchmark_notes,
    envelope_of,
    ordered_by_envelope,
    period_label,
    sentence_case,
    through_phrase,
    titled,
)
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table
from caqes_analysis.display.blocks import Level
from caqes_analysis.display.charts_cumulative import cumulative_path
from caqes_analysis.display.charts_monthly import monthly_spending
from caqes_analysis.forecast.outlook import rest_of_months
from caqes_analysis.indicators.evolution import in_both_years, missing_numbers
from caqes_analysis.quality import UNMATCHED_WORDS

__all__ = [
    "FIGURES_OF_A_SHEET",
    "available_table",
    "cumulative_figure",
    "evolution_table",
    "forecast_table",
    "monthly_figures",
    "needs_months",
    "provisional_note",
    "without_provisional",
]

_THOUSAND = 1000
_IN_THOUSANDS_FROM_EUR = 20_000
"""Months from which amounts are written in k€: below, the rounding would hide a twentieth of them."""
_UNLIKE_MONTHS = (
    "Les transports ne sont donc pas tous lus sur les mêmes mois : la part de l'ambulance ne se déduit pas de ce "
    "tableau. L'indicateur la calcule, chaque année, sur les mois connus des trois modes."
)
_MODES = "transport_"
"""How the codes of the modes of transport begin."""
FIGURES_OF_A_SHEET = ("phmev", "extra_list_drugs", "extra_list_devices")
"""Envelopes whose months a sheet draws, after the one that leads it."""


def needs_months(what: str) -> Notice:
    """Return the notice of a part that needs monthly spending in a campaign that has none."""
    return Notice(
        "missing",
        f"{what} : données non reçues",
        "Il y faut des dépenses mensuelles ; la campagne n'en nomme aucun fichier (sources.monthly_spend).",
    )


def evolution_table(page: Page) -> Table:
    """Return the evolution of every envelope against its target or benchmark."""
    month_nb, last_nb = page.campaign.settled_month_nb, page.campaign.last_month_nb
    rows = ordered_by_envelope(page.settled()).reset_index(drop=True)
    positions = [position_in(page, row) for _, row in rows.iterrows()]
    last = page.evolutions[page.evolutions["month_nb"] == last_nb].set_index("envelope")
    corrected = _corrected(page, month_nb)
    frame = rows.assign(
        label=[envelope_of(page.campaign, code).label for code in rows["envelope"]],
        target=[page.target(code).short_label for code in rows["envelope"]],
        position=[
            f"{found.short}{barely_words(value, page.target(code)) if found.state in ('warning', 'good') else ''}"
            for found, value, code in zip(positions, rows["evolution_pct"], rows["envelope"], strict=True)
        ],
        state=[found.state for found in positions],
        last_pct=last["evolution_pct"].reindex(rows["envelope"]).to_numpy(),
        last_is_provisional=last_nb > month_nb,
        now_is_corrected=corrected["now"].reindex(rows["envelope"]).to_numpy(),
        was_corrected=corrected["before"].reindex(rows["envelope"]).to_numpy(),
    )
    year = page.campaign.year
    columns = [
        ColumnFormat.text("label", "Enveloppe"),
        ColumnFormat.compact_amount("current_eur", period_label(year, month_nb), is_corrected="now_is_corrected"),
        ColumnFormat.compact_amount("previous_eur", period_label(year - 1, month_nb), is_corrected="was_corrected"),
        ColumnFormat.percent("evolution_pct", "Évolution", signed=True),
        ColumnFormat.text("target", "Comparée à"),
        ColumnFormat.text("position", "Situation", state="state"),
    ]
    has_rate = bool(rows["evolution_pct"].notna().any() or frame["last_pct"].notna().any())
    has_previous = bool(rows["previous_eur"].astype("float64").sum())
    if not has_previous:
        columns = columns[:2]
    elif not has_rate:
        columns = columns[:4]
    if last_nb > month_nb and has_rate:
        late = ColumnFormat.percent(
            "last_pct", f"Évolution à M{last_nb}", signed=True, value_status=None, is_provisional="last_is_provisional"
        )
        columns.insert(4, late)
    excluded = [
        _left_out(envelope_of(page.campaign, code).short_label, months)
        for code, months in zip(rows["envelope"], rows["missing_months"], strict=True)
        if isinstance(months, str)
    ]
    if last_nb > month_nb and has_rate:
        late_months = last["missing_months"].reindex(rows["envelope"])
        excluded += [
            _left_out(f"{envelope_of(page.campaign, code).short_label}, à M{last_nb}", late)
            for code, late, months in zip(rows["envelope"], late_months, rows["missing_months"], strict=True)
            if isinstance(late, str) and late != months
        ]
    modes = rows[rows["envelope"].str.startswith(_MODES)]
    if modes["missing_months"].nunique(dropna=False) > 1:
        excluded.append(_UNLIKE_MONTHS)
    return Table.from_frame(
        frame,
        caption=f"Dépenses remboursées {through_phrase(page.campaign, month_nb)}"
        + (f", par rapport {against_phrase(page.campaign, month_nb)}" if has_previous else ""),
        columns=columns,
        notes=[
            *(_compared_notes(page, rows) if has_rate else []),
            *(_elsewhere_notes(page, rows) if has_rate else []),
            *excluded,
            *(_completed_rates(page, rows) if last_nb > month_nb else []),
            *_opening_note(page, rows),
        ],
    )


def _completed_rates(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return what the evolution of the last month would be, its months completed; often nothing."""
    known = page.regional_context
    return [known[COMPLETED_RATE, code] for code in rows["envelope"] if (COMPLETED_RATE, code) in known]


def _compared_notes(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return what the envelopes are compared with, and which objectives are none of the contract."""
    codes = rows["envelope"].tolist()
    modes = [code for code in codes if code.startswith(_MODES)]
    return [*benchmark_notes(page, codes), *transports_note(page, modes), *outside_notes(page, codes)]


def _elsewhere_notes(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return what the page compares with an objective that is no line of this table, and where it is."""
    if page.campaign.is_annual:
        return []
    shown = set(rows["envelope"])
    forecast = zip(page.forecasts["envelope"], page.forecasts["target_eur"], strict=True)
    labels = french.list_in_words(
        [page.label(code) for code, target in forecast if code not in shown and not pd.isna(target)]
    )
    return [f"Aussi comparé à un objectif, voir « La fin de l'année » : {labels}."] if labels else []


def _opening_note(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return why an establishment that opened within the year before has no rate."""
    day = opened_on(page, str(page.finess))
    if day is None or in_both_years(rows).all():
        return []
    since = french.date(day, short=True)
    return [f"Évolution sans objet : l'établissement a ouvert le {since}, {page.campaign.year - 1} est incomplet."]


def _corrected(page: Page, month_nb: int) -> pd.DataFrame:
    """Return, by envelope, whether a month of the year (``now``) or of the year before (``before``) was corrected."""
    if page.campaign.is_annual:
        return page.settled().set_index("envelope").assign(now=lambda rows: rows["is_corrected"], before=False)
    months = page.store.rows(
        tables.MONTHLY_GRID,
        where={"finess": str(page.finess)},
        columns=["envelope", "month", "is_corrected"],
    )
    counted = months[months["month"].dt.month <= month_nb]
    corrected = counted["is_corrected"].fillna(False).astype(bool)
    year = counted["month"].dt.year
    found = {"now": corrected & (year == page.campaign.year), "before": corrected & (year == page.campaign.year - 1)}
    return pd.DataFrame(found).groupby(counted["envelope"]).any()


def _left_out(envelope: str, months: str) -> str:
    """Return why some months are not compared, from their numbers.

    Examples
    --------
    >>> _left_out("LPP", "3")
    "LPP : mars est écarté des deux années, parce qu'il manque dans l'une d'elles."
    >>> _left_out("LPP", "3, 4")
    "LPP : mars et avril sont écartés des deux années, parce qu'ils manquent dans l'une d'elles."
    """
    names = [french.month_name(number) for number in missing_numbers(months)]
    verb, pronoun = ("est écarté", "il manque") if len(names) == 1 else ("sont écartés", "ils manquent")
    return f"{envelope} : {french.list_in_words(names)} {verb} des deux années, parce qu'{pronoun} dans l'une d'elles."


def monthly_figures(page: Page) -> tuple[Figure | Notice, ...]:
    """Return the monthly spending of the main envelopes against the two previous years."""
    if page.campaign.is_annual:
        return (needs_months("La dépense mensuelle"),)
    figures, without = [], []
    for envelope in dict.fromkeys((page.lead_envelope, *FIGURES_OF_A_SHEET)):
        rows = page.months(envelope)
        if rows[rows["month"].dt.year == page.campaign.year]["amount_eur"].notna().any():
            drawn = monthly_spending(
                rows, year=page.campaign.year, name=str(page.establishment["name"]), envelope=envelope
            )
            figures.append(titled(drawn, envelope_of(page.campaign, envelope).short_label))
        else:
            without.append(envelope)
    by_cumuls = [code for code in without if is_by_cumuls(page.months(code), page.campaign.year)]
    said = only_cumuls_words([envelope_of(page.campaign, code).short_label for code in by_cumuls])
    # Most sheets lack an envelope: that nothing was received of one is said where no month of any was.
    nothing = "" if figures else _nothing_received(page, [code for code in without if code not in by_cumuls])
    if not (said or nothing):
        return tuple(figures)
    level: Level = "missing" if nothing else "info"
    return (*figures, Notice(level, "Dépense mensuelle", " ".join(filter(None, (said, nothing)))))


def _nothing_received(page: Page, codes: Sequence[str]) -> str:
    names = french.list_in_words([envelope_of(page.campaign, code).short_label for code in codes])
    return f"Aucun mois de {page.campaign.year} n'a été reçu pour {names}." if codes else ""


def without_provisional(months: pd.DataFrame) -> pd.DataFrame:
    """Return the months that a cumulative amount may hold: one that can still be completed would bend it."""
    return months[~months["is_provisional"].astype(bool)].reset_index(drop=True)


def provisional_note(months: pd.DataFrame, year: int) -> list[str]:
    """Return which months of a year a cumulative amount leaves out because they can still be completed; often none."""
    late = months[
        months["is_provisional"].astype(bool) & months["amount_eur"].notna() & (months["month"].dt.year == year)
    ]
    names = [french.month_name(month) for month in late["month"]]
    if not names:
        return []
    kind, verb = ("provisoire", "n'est pas") if len(names) == 1 else ("provisoires", "ne sont pas")
    return [f"{sentence_case(french.list_in_words(names))} {year}, {kind}, {verb} dans le cumul."]


def cumulative_figure(page: Page) -> Figure | Notice:
    """Return the cumulative spending of the envelope that leads the sheet against its target path, and its landing."""
    if page.campaign.is_annual:
        return needs_months("La trajectoire de l'année")
    lead = page.lead_envelope
    rows = page.months(lead)
    if not rows[rows["month"].dt.year == page.campaign.year]["amount_eur"].notna().any():
        return cumuls_figure(page)
    landing = landing_of(page, lead)
    target = page.target(lead)
    drawn = without_provisional(rows)
    fan = fan_of(drawn, landing)
    has_rate = page.settled(lead)["evolution_pct"].notna().any()
    in_doubt = year_in_doubt(page, lead)
    return cumulative_path(
        drawn,
        year=page.campaign.year,
        name=str(page.establishment["name"]),
        envelope=lead,
        target_pct=None if in_doubt else target.value,
        target_label=target.noun,
        projection=projection_of(landing),
        fan=fan,
        notes=[
            *([as_sentence(target.label)] if has_rate and not in_doubt else []),
            *([f"{sentence_case(UNMATCHED_WORDS)} : leur cumul n'est pas comparé à l'objectif."] if in_doubt else []),
            *([FAN_NOTE] if fan is not None else []),
            *provisional_note(rows, page.campaign.year),
        ],
    )


def forecast_table(page: Page) -> Table | Notice:
    """Return the landing of every envelope: interval, probability of exceeding, and what it stands on."""
    if page.campaign.is_annual:
        return needs_months("L'atterrissage de l'année")
    rows = ordered_by_envelope(page.forecasts).reset_index(drop=True)
    shown = [row for _, row in rows.iterrows()]
    chances = [chance_words(chance_of(row)) for row in shown]
    frame = rows.assign(
        label=[page.label(code) for code in rows["envelope"]],
        target=[page.target(code).short_label for code in rows["envelope"]],
        landing=[french.MISSING if pd.isna(row["median_eur"]) else amount_between(row) for row in shown],
        rate=[rate_words(row) if has_rate(row) else french.MISSING for row in shown],
        between=[rate_between(row) if has_rate(row) else "–" for row in shown],
        chance=[words for words, _ in chances],
        state=pd.Series([state for _, state in chances], dtype=object),
        gap=[gap_between(row) or "–" for row in shown],
    )
    columns = [
        ColumnFormat.text("label", "Enveloppe"),
        ColumnFormat.text("landing", f"Année {page.campaign.year}", align="right"),
    ]
    notes, is_closed = grounds(page, rows), page.campaign.is_closed_year
    if rows["evolution_pct"].notna().any():
        columns += [
            ColumnFormat.text("rate", "Évolution", align="right"),
            *([] if is_closed else [ColumnFormat.text("between", "Intervalle à 80 %", align="right")]),
            ColumnFormat.text("target", "Comparée à"),
            ColumnFormat.text("chance", outcome_header(page), state="state"),
            ColumnFormat.text("gap", at_80_pct(page, "Écart")),
        ]
        calibration = [] if is_closed else [CALIBRATION_NOTE]
        notes = [*calibration, *likelihood_notes(page), *notes, *benchmark_notes(page, rows["envelope"])]
        notes += outside_notes(page, rows["envelope"])
    months = f"de janvier à {french.month_name(page.campaign.settled_month_nb)}"
    how = "" if is_closed else f", prévu avec les mois {months}"
    return Table.from_frame(frame, caption=f"{year_title(page)}{how}", columns=columns, notes=notes)


def available_table(page: Page) -> Table | Notice | None:
    """Return what the target leaves for each month not known yet; None without target or forecast."""
    lead = page.lead_envelope
    row = landing_of(page, lead)
    if row is None or pd.isna(row["median_eur"]) or pd.isna(row["target_eur"]) or row["observed_months_nb"] == 12:
        return None
    target = page.target(lead)
    left = row["target_eur"] - row["observed_eur"]
    noun = french.elided("le", target.noun)
    if left <= 0:
        over = french.compact_euros(-left)
        return Notice("warning", f"Rien ne reste sous {noun}", f"Les mois observés le dépassent déjà de {over}.")
    short = envelope_of(page.campaign, lead).short_label
    months = spread_months(page.months(lead))
    rows = rest_of_months(months, row)
    amounts = ["previous_eur", "expected_eur", "available_eur"]
    sums = rows[amounts].sum(min_count=len(rows)).to_frame().T
    # A month is followed more closely than a year: thousands of euros, also where the year is written in millions.
    scale, unit = (_THOUSAND, "k€") if rows["expected_eur"].median() >= _IN_THOUSANDS_FROM_EUR else (1, "€")
    frames = [
        part.assign(change_pct=_change(part), **{name: part[name] / scale for name in amounts}) for part in (rows, sums)
    ]
    is_absent = rows["month"].dt.month <= row["observed_months_nb"]
    label = [
        french.month_year(month) + (", non reçu" if absent else "")
        for month, absent in zip(rows["month"], is_absent, strict=True)
    ]
    needed = float(frames[1]["change_pct"].iloc[0])
    asked = (
        f"Pour ne pas dépasser {target.value_label}, l'évolution de ces mois, ensemble, doit être de "
        f"{french.percent(needed, signed=True)} au plus par rapport à ceux de l'année précédente."
    )
    return Table.from_frame(
        frames[0].assign(label=label),
        caption=f"{short} : ce qui reste disponible sous {noun} de {target.value_label}, mois par mois",
        columns=[
            ColumnFormat.text("label", "Mois"),
            ColumnFormat.number("previous_eur", f"Réalisé {page.campaign.year - 1}", decimals=0, unit=unit),
            ColumnFormat.number("available_eur", "Disponible", decimals=0, unit=unit),
            ColumnFormat.percent("change_pct", "Évolution au plus", signed=True),
            ColumnFormat.number("expected_eur", "Prévu (médiane)", decimals=0, unit=unit),
        ],
        totals=frames[1].assign(label="Ensemble"),
        notes=[
            *([asked] if pd.notna(needed) else []),
            "Le disponible est réparti selon la saison des trois dernières années au plus.",
            *spread_note(months, page.campaign.year - 1),
            as_sentence(target.label),
        ],
    )


def _change(rows: pd.DataFrame) -> pd.Series:
    return (100 * (rows["available_eur"] / rows["previous_eur"] - 1)).where(rows["previous_eur"] > 0)
