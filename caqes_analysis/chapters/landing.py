"""Where the year will end, in words: the lookups and the turns of phrase that the pages share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeGuard

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.level_changes import interval_reserve
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.verdicts import no_rate_words
from caqes_analysis.chapters.words import after_colon
from caqes_analysis.display import Card
from caqes_analysis.display.charts_cumulative import Projection
from caqes_analysis.display.series import carried_euros, carried_quantity
from caqes_analysis.forecast.followed import EUROS
from caqes_analysis.forecast.histories import INCOMPLETE_YEAR_NOTE, PROVISIONAL_NOTE, WHOLE_YEAR_NOTE, Method
from caqes_analysis.forecast.level_breaks import told_break
from caqes_analysis.forecast.likelihood import Likelihood, likelihood_of
from caqes_analysis.forecast.outlook import BOUNDS, rest_of_months

__all__ = [
    "CALIBRATION_NOTE",
    "FAN_NOTE",
    "LIKELIHOOD_NOTE",
    "amount_between",
    "at_80_pct",
    "chance_of",
    "chance_words",
    "fan_of",
    "gap_between",
    "grounds",
    "has_rate",
    "landing_card",
    "landing_of",
    "landing_sentence",
    "left_apart_words",
    "likelihood_notes",
    "outcome_header",
    "projection_of",
    "rate_between",
    "rate_interval",
    "rate_words",
    "region_landing",
    "stake_words",
    "why_not",
    "year_title",
]

CALIBRATION_NOTE = (
    "Intervalle à 80 % : fait pour contenir l'année réelle huit fois sur dix ; la page « Prévisions » dit ce qu'il en "
    "aurait été les années passées dans la région."
)
LIKELIHOOD_NOTE = (
    "Dépasser : ▲ probable à partir de deux chances sur trois, ▽ peu probable jusqu'à une sur trois, ◆ incertain entre "
    "les deux ; la probabilité est arrondie à 5 %, à 1 % près d'une limite."
)
FAN_NOTE = (
    "Éventail : intervalles à 80 % et à 95 % de l'atterrissage. Seul le total de l'année est calibré ; d'ici décembre, "
    "les bornes suivent la saison des années passées."
)


def year_title(page: Page) -> str:
    """Return how the year of a table is named: a landing until December is known, then the year itself."""
    return f"{'Année close' if page.campaign.is_closed_year else 'Atterrissage'} {page.campaign.year}"


def at_80_pct(page: Page, header: str) -> str:
    """Return the header of a column whose cells have an 80 % interval, which a closed year has not."""
    return header.removesuffix(",") if page.campaign.is_closed_year else f"{header} à 80 %"


def outcome_header(page: Page) -> str:
    """Return the header of the column that compares the year with its target."""
    return "Résultat" if page.campaign.is_closed_year else "Dépasser"


def likelihood_notes(page: Page) -> list[str]:
    """Return what the words of likelihood mean; nothing in a closed year, where none is printed."""
    return [] if page.campaign.is_closed_year else [LIKELIHOOD_NOTE]


def landing_of(page: Page, envelope: str) -> pd.Series[Any] | None:
    """Return the forecast of an envelope for the establishment of a sheet, None when there is none."""
    return _row(page, envelope, "establishment")


def region_landing(page: Page, envelope: str) -> pd.Series[Any] | None:
    """Return the forecast of an envelope over the region: the sum of the paths of its establishments."""
    return _row(page, envelope, "region")


def _row(page: Page, envelope: str, level: str) -> pd.Series[Any] | None:
    rows = page.forecasts
    own = rows[(rows["envelope"] == envelope) & (rows["level"] == level)]
    return None if own.empty else own.iloc[0]


def has_rate(row: pd.Series[Any] | None) -> TypeGuard[pd.Series[Any]]:
    """Say whether a forecast has an evolution rate."""
    return row is not None and not pd.isna(row["evolution_pct"])


def chance_words(found: Likelihood) -> tuple[str, str | None]:
    """Return the cell of a table for a likelihood: symbol, word and probability, and its state."""
    if not found.symbol:
        return found.label, None
    chance = "" if found.word in ("dépassé", "tenu") else f" ({found.chance})"
    return f"{found.label}{chance}", found.state


def why_not(page: Page, row: pd.Series[Any] | None) -> str:
    """Return why there is no forecast, or no rate."""
    if row is None:
        return "aucun mois reçu pour cette enveloppe"
    if pd.isna(row["median_eur"]):
        return f"non estimable : {after_colon(_without(PROVISIONAL_NOTE, str(row['reason'])))}"
    return no_rate_words(page, row)


def _without(note: str, reason: str) -> str:
    return " ; ".join(part for part in reason.split(" ; ") if part != note)


def chance_of(row: pd.Series[Any] | None) -> Likelihood:
    """Return how likely it is that the year exceeds its target."""
    return likelihood_of(None if row is None else row["prob_exceed"])


def _is_closed(row: pd.Series[Any]) -> bool:
    return bool(row["lower_95_eur"] == row["upper_95_eur"])


def rate_interval(row: pd.Series[Any]) -> str:
    """Return the evolution followed by its interval, when there is one."""
    return rate_words(row) if _is_closed(row) else f"{rate_words(row)} {rate_between(row)}"


def _rate_decimals(row: pd.Series[Any]) -> int:
    power = french.carried_power(row["evolution_lower_80_pct"], row["evolution_upper_80_pct"])
    return 1 if power is None or power < 0 else 0


def rate_words(row: pd.Series[Any]) -> str:
    """Return the evolution of a forecast, to what its interval can carry."""
    return french.percent(row["evolution_pct"], _rate_decimals(row), signed=True)


def rate_between(row: pd.Series[Any]) -> str:
    """Return the 80 % interval of the evolution; « année close » when nothing is left to forecast."""
    if _is_closed(row):
        return "année close"
    bounds = (row["evolution_lower_80_pct"], row["evolution_upper_80_pct"])
    return french.interval(*bounds, _rate_decimals(row), unit="%", signed=True)


def amount_between(row: pd.Series[Any]) -> str:
    """Return the landing in its unit, to what its interval can carry."""
    return _carried(row, row["median_eur"], row["lower_80_eur"], row["upper_80_eur"])


def stake_words(row: pd.Series[Any]) -> str:
    """Return the mean excess over the target, in the unit of the forecast."""
    stake = row["expected_excess_eur"]
    return _carried(row, stake, stake, stake)


def _carried(row: pd.Series[Any], value: Any, low: Any, high: Any) -> str:
    if row["unit_label"] == EUROS:
        return carried_euros(value, low, high)
    return carried_quantity(value, low, high, row["unit_label"])


def gap_between(row: pd.Series[Any]) -> str:
    """Return by how much the year would end over or under its target, in its unit, at 80 %; empty without target."""
    if pd.isna(row["target_eur"]):
        return ""
    if _is_closed(row):
        gap = row["median_eur"] - row["target_eur"]
        return f"{_carried(row, abs(gap), gap, gap)} {'au-dessus' if gap > 0 else 'en dessous'}"
    low, high = (row[name] - row["target_eur"] for name in ("lower_80_eur", "upper_80_eur"))
    words = [_carried(row, abs(value), low, high) for value in (low, high)]
    if low >= 0:
        return f"entre {words[0]} et {words[1]} au-dessus"
    if high <= 0:
        return f"entre {words[1]} et {words[0]} en dessous"
    return f"entre {words[0]} en dessous et {words[1]} au-dessus"


def grounds(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return what the forecasts of some envelopes stand on, where that is not the usual method on complete months."""
    said: dict[str, list[str]] = {}
    for row in rows.to_dict("records"):
        notes = [] if pd.isna(row["reason"]) else str(row["reason"]).split(" ; ")
        if row["method"] not in (Method.COMBINED, Method.COMPLETE):
            notes.insert(0, str(row["method"]))
        for note in dict.fromkeys(notes):
            if note not in (PROVISIONAL_NOTE, WHOLE_YEAR_NOTE):
                why = no_rate_words(page, pd.Series(row)) if note == INCOMPLETE_YEAR_NOTE else note
                said.setdefault(why, []).append(page.label(row["envelope"]))
    together: dict[tuple[str, ...], list[str]] = {}
    for why, labels in said.items():
        together.setdefault(tuple(labels), []).append(why)
    everyone = "Toutes les enveloppes"
    return [
        f"{everyone if len(labels) == len(rows) > 1 else french.list_in_words(labels)} : {after_colon(why)}."
        for labels, why in ((labels, " ; ".join(reasons)) for labels, reasons in together.items())
    ]


def landing_sentence(page: Page, row: pd.Series[Any] | None, envelope: str) -> str:
    """Return where the year will end, what that means for the target, and how sure it is: one plain sentence.

    Parameters
    ----------
    page
        Page that names the target.
    row
        The forecast.
    envelope
        Envelope it is about.
    """
    label = page.label(envelope)
    if row is None or pd.isna(row["median_eur"]):
        return f"L'atterrissage {label} n'est pas estimable : {why_not(page, row).removeprefix('non estimable : ')}."
    if not has_rate(row):
        verb = "est close à" if _is_closed(row) else "finirait vers"
        why = no_rate_words(page, row)
        lacking = "sans année précédente complète, ni taux ni comparaison" if why == INCOMPLETE_YEAR_NOTE else why
        return f"L'année {verb} {amount_between(row)} ({label}) ; {lacking}."
    if _is_closed(row):
        noun = page.target(envelope).noun
        limit = "de l'objectif" if noun == "objectif" else f"du {noun}"
        known = "" if pd.isna(row["target_eur"]) else f", {gap_between(row)} {limit}"
        changed = told_break(row)
        reserve = "" if changed is None else f" ; {changed.words}"
        return f"L'année est close à {rate_words(row)} ({label}){known}{_who_is_counted(page, row)}{reserve}."
    start = f"L'année finirait à {rate_words(row)} ({label}), {_interval_words(row)}"
    target = page.target(envelope)
    if pd.isna(row["target_eur"]):
        return f"{start} ; {target.label}{_who_is_counted(page, row)}."
    found = chance_of(row)
    whose = f"{french.elided('le', target.noun)} de {target.value_label}"
    if row["prob_exceed"] in (0, 1):
        verdict = f"{whose} est déjà {found.word}"
    else:
        verdict = f"dépasser {whose} est {found.word} ({found.chance})"
    return f"{start} ; {verdict}, {gap_between(row)}{_who_is_counted(page, row)}."


def _interval_words(row: pd.Series[Any]) -> str:
    """Return the interval and what it promises, less where it knows of a change of level only in part."""
    changed = told_break(row)
    if changed is not None and changed.escapes_interval:
        return f"dans l'intervalle {rate_between(row)}, {interval_reserve(changed)}"
    return f"avec huit chances sur dix d'être dans l'intervalle {rate_between(row)}"


def _who_is_counted(page: Page, row: pd.Series[Any]) -> str:
    """Say that a sum leaves some establishments apart, where its rate would differ from that of the months received."""
    if "à part" not in str(row["reason"]):
        return ""
    if _is_closed(row):
        whole = "entière et vérifiée" if page.unmatched else "entière"
        return f", sur les seuls établissements dont l'année est {whole} les deux années"
    return ", sur les seuls établissements dont l'année précédente est entière"


def landing_card(page: Page, row: pd.Series[Any] | None, envelope: str) -> Card:
    """Return the key figure of the landing: rate, interval, and how likely the target is exceeded."""
    title = f"Atterrissage {page.campaign.year}"
    if page.campaign.is_annual:
        return Card(title, french.MISSING, "il faut des dépenses mensuelles")
    if row is None or pd.isna(row["median_eur"]):
        return Card(title, "non estimable", why_not(page, row).removeprefix("non estimable : "))
    if not has_rate(row):
        return Card(title, amount_between(row), no_rate_words(page, row))
    interval = rate_between(row) if _is_closed(row) else f"{rate_between(row)} à 80 %"
    changed = told_break(row)
    since = "" if changed is None else f", niveau changé depuis {changed.since}"
    detail = f"{interval}{since} ; {amount_between(row)}"
    if pd.isna(row["target_eur"]):
        return Card(title, rate_words(row), f"{detail} ; {page.target(envelope).label}")
    found = chance_of(row)
    target = page.target(envelope).short_label
    state = found.state if found.state in ("good", "warning") else None
    words = found.word if _is_closed(row) else f"dépasser : {found.word} ({found.chance})"
    if state is None:
        return Card(title, rate_words(row), f"{detail} ; {target}, {words}")
    return Card(title, rate_words(row), f"{detail} ; {target}", state, words)


def left_apart_words(page: Page, row: pd.Series[Any] | None) -> str:
    """Return whom the landing of a region leaves apart, with what they spent: « CH Neuf (530 k€ à M7) »; often nobody.

    Parameters
    ----------
    page
        The page of a region.
    row
        The landing of an envelope over the region.
    """
    if row is None or not has_rate(row) or "à part" not in str(row["reason"]):
        return ""
    rows = page.forecasts
    own = rows[(rows["level"] == "establishment") & (rows["envelope"] == row["envelope"])]
    left = own[own["evolution_pct"].isna() & own["observed_eur"].notna()]
    if left.empty:
        return ""
    names = page.establishments.set_index("finess")["name"]
    who = (
        str(names.get(left["subject"].iloc[0], left["subject"].iloc[0]))
        if len(left) == 1
        else french.plural(len(left), "établissement")
    )
    return f"{who} ({french.compact_euros(left['observed_eur'].sum())} à M{int(row['observed_months_nb'])})"


def projection_of(row: pd.Series[Any] | None, *, without: str = "") -> Projection | None:
    """Return what a figure of cumulative spending draws at the end of the year; nothing when that is known.

    Parameters
    ----------
    row
        The forecast.
    without
        Whom it leaves apart, as :func:`left_apart_words` says.
    """
    if row is None or pd.isna(row["median_eur"]) or _is_closed(row):
        return None
    return Projection(
        Decimal(row["median_eur"]),
        "prévision",
        Decimal(row["lower_80_eur"]),
        Decimal(row["upper_80_eur"]),
        evolution_pct=float(row["evolution_pct"]) if has_rate(row) else None,
        rate_decimals=_rate_decimals(row) if has_rate(row) else 1,
        without=without,
    )


def fan_of(months: pd.DataFrame, row: pd.Series[Any] | None) -> pd.DataFrame | None:
    """Return the fan of a figure, from the last month drawn to December.

    Parameters
    ----------
    months
        ``month, amount_eur`` as the figure draws them: the fan starts where their cumulative amount stops.
    row
        The forecast.
    """
    if row is None or pd.isna(row["median_eur"]) or row["lower_95_eur"] == row["upper_95_eur"]:
        return None
    year, observed_nb = int(row["year"]), int(row["observed_months_nb"])
    now = months[(months["month"].dt.year == year) & (months["month"].dt.month <= observed_nb)]
    if now["amount_eur"].notna().sum() < observed_nb:
        return None
    drawn = float(now["amount_eur"].sum())
    rest = rest_of_months(months, row)
    moved = drawn - float(row["observed_eur"])
    bounds = [name for name in BOUNDS if name != "median_eur"]
    moved_rest = rest[["month", *bounds]].copy()
    moved_rest[bounds] += moved
    start = pd.DataFrame([[pd.Timestamp(year, observed_nb, 1), *[drawn] * len(bounds)]], columns=["month", *bounds])
    return pd.concat([start, moved_rest], ignore_index=True)
