"""The third figure on the pages: what was real, how sure that is, and what it assumes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_notes import CHANCE_NOTE, PAID_NOTE, REACHED_NOTE
from caqes_analysis.chapters.savings_parts import part_words
from caqes_analysis.chapters.words import after_colon, sentence_case
from caqes_analysis.display import ColumnFormat, Notice, Table
from caqes_analysis.display.series import carried_bound, carried_euros
from caqes_analysis.savings.estimate import REGION, YEARLY_TRIAL
from caqes_analysis.savings.estimate_null import NO_OBJECTIVE, NO_RULE
from caqes_analysis.savings.estimate_question import only_adds
from caqes_analysis.savings.estimate_readings import CONCLUSION_WORDS, conclude
from caqes_analysis.savings.incentive import total_of
from caqes_analysis.savings.lever_intervals import sum_bounds

__all__ = [
    "NOT_ESTIMATED",
    "TOLD_SHARE",
    "card_text",
    "chance_text",
    "estimate_note",
    "estimate_text",
    "estimates_of",
    "estimates_table",
    "reading_of",
    "rules_table",
    "sensitivity_table",
    "verdict_of",
    "whole_estimate",
]

NOT_ESTIMATED = "non estimable"
"""What is printed of the real saving where the data allow no estimate."""
_SURELY_PCT = 99
TOLD_SHARE = Decimal("0.01")
"""Part of a change under which a sentence does not tell that of prices; the table does."""
_UNDER_ROUNDING = "inférieur à l'arrondi"
_BOUNDS = ("lower_95_eur", "upper_95_eur")
_AMOUNTS = ("previous_eur", "actual_eur", "counterfactual_eur", "saving_eur", "events_eur")


def estimates_of(page: Page, series: str = REGION) -> pd.DataFrame:
    """Return the estimates of the region, or of one contract, one row per indicator.

    Parameters
    ----------
    page
        The page.
    series
        FINESS of the contract; the region by default.

    Returns
    -------
    DataFrame
        Columns of ``saving_estimates`` and ``label`` (short name of the indicator). An indicator whose contracts
        compare different months has one row that adds them up, bounds included, as independent.
    """
    rows = page.store.read(tables.SAVING_ESTIMATES)
    level = REGION if series == REGION else "series"
    own = rows[(rows["level"] == level) & (rows["series"] == series) & rows["indicator"].notna()]
    found = [_one(part) for _, part in own.groupby("indicator", sort=True)]
    frame = pd.DataFrame(found, columns=rows.columns)
    return frame.assign(label=[str(page.indicator_names.get(name, name)) for name in frame["indicator"]])


def _one(rows: pd.DataFrame) -> dict[str, Any]:
    """Return one row for one indicator: its only one, else the sum of those that were estimated."""
    known = rows[rows["saving_eur"].notna()]
    if len(rows) == 1 or known.empty:
        return {str(name): value for name, value in rows.iloc[0].to_dict().items()}
    return {str(name): value for name, value in known.iloc[0].to_dict().items()} | whole_estimate(known)


def whole_estimate(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the sum of several estimates: amounts add up to the cent, bounds as those of independent estimates.

    Parameters
    ----------
    rows
        Rows of ``saving_estimates``; those without an estimate are left out.
    """
    known = rows[rows["saving_eur"].notna()]
    if known.empty:
        return {"saving_eur": None, "conclusion": None}
    values = known["saving_eur"].astype(float).tolist()
    bounds = {}
    for level in ("80", "95"):
        low, high = (known[f"{side}_{level}_eur"].astype(float).tolist() for side in ("lower", "upper"))
        bounds[f"lower_{level}_eur"], bounds[f"upper_{level}_eur"] = sum_bounds(values, low, high)
    said = conclude({name: round(100 * value) for name, value in bounds.items()})
    nothing = dict.fromkeys(["prob_real", "detectable_eur", "detectable_pct"])
    nothing |= dict.fromkeys(["prob_paid_without_effect", "paid_without_effect_eur", "prob_target_without_effect"])
    events = list(dict.fromkeys(known["events"].dropna()))
    adding = [only_adds(row) for row in known.to_dict("records")]
    return {
        **{name: total_of(known[name]) for name in _AMOUNTS},
        **bounds,
        **nothing,
        "events": " ; ".join(events) or None,
        "year": known["year"].iloc[0],
        "from_contract": not all(adding),
        "is_mixed": any(adding) and not all(adding),
        "conclusion": said,
    }


def estimate_text(row: Mapping[Any, Any], *, bounds: bool = True) -> str:
    """Return an estimated saving as printed: rounded to what its interval can carry, then the interval at 95 %."""
    if pd.isna(row["saving_eur"]):
        return NOT_ESTIMATED
    low, high = (float(row[name]) for name in _BOUNDS)
    saving = carried_euros(float(row["saving_eur"]), low, high, signed=True)
    between = " à ".join(carried_bound(value, low, high, signed=True) for value in (low, high))
    return f"{saving} (de {between})" if bounds else saving


def card_text(row: Mapping[Any, Any] | None) -> str:
    """Return an estimated saving for a card: no amount alone where the data allow no conclusion."""
    if row is None or pd.isna(row["saving_eur"]):
        return f"économie réelle {NOT_ESTIMATED}"
    added = f" ajoutée en {row['year']}" if only_adds(row) else ""
    if row["conclusion"] != "inconclusive":
        return f"économie réelle{added} {estimate_text(row)} à 95 %"
    low, high = (float(row[name]) for name in _BOUNDS)
    between = " à ".join(carried_bound(value, low, high, signed=True) for value in (low, high))
    return f"économie réelle{added} : {CONCLUSION_WORDS['inconclusive']} (de {between}, à 95 %)"


def chance_text(value: Any) -> str:
    """Return a probability in words; it comes from drawn paths, and is never 0 nor 1."""
    if pd.isna(value):
        return french.MISSING
    chance_pct = 100 * float(value)
    if chance_pct < 1:
        return f"moins de {french.percent(1, 0)}"
    return f"plus de {french.percent(99, 0)}" if chance_pct > _SURELY_PCT else french.percent(chance_pct, 0)


def estimates_table(page: Page) -> Table | Notice | None:
    """Return how sure the third figure is, indicator by indicator, and what the rule would pay to no effect at all.

    None under a scheme that shares no savings, where nothing was estimated.
    """
    rows = estimates_of(page)
    pays = page.scheme.shares_savings
    if rows.empty and not pays:
        return None
    if rows.empty:
        why = "Aucun indicateur partagé n'a d'euros évalués, ou aucun contrat n'est évalué."
        return Notice("info", "Ce qui est réel", why)
    frame = pd.DataFrame([_printed(row) for row in rows.to_dict("records")])
    reasons = {row["label"]: row["reason"] for row in rows.to_dict("records") if not pd.isna(row["reason"])}
    return Table.from_frame(
        frame,
        caption=f"Économie réelle de {int(rows['year'].iloc[0])} : ce que les données permettent de dire",
        columns=[
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.text("contracts", "Contrats estimés", align="right"),
            ColumnFormat.text("estimate", "Économie (intervalle à 95 %)", align="right"),
            ColumnFormat.text("conclusion", "Ce qu'on peut dire"),
            ColumnFormat.text("prob_real", "Chance d'une économie", align="right"),
            ColumnFormat.text("detectable", "Plus petite économie décelable", align="right"),
            ColumnFormat.text("paid", "Payé sans aucun effet", align="right")
            if pays
            else ColumnFormat.text("reached", "Objectif atteint sans aucun effet", align="right"),
        ],
        notes=[
            "Économie : dépense attendue sans contrat moins dépense observée ; négative, c'est un surcoût.",
            "Plus petite économie décelable, en part de la dépense attendue sans contrat : celle que l'intervalle "
            "séparerait de zéro huit fois sur dix. Une plus petite peut être réelle sans que les données le montrent.",
            "Chance d'une économie : que la dépense ait été plus basse que sans contrat.",
            PAID_NOTE if pays else REACHED_NOTE,
            CHANCE_NOTE,
            *(
                f"{row['label']} : {_events_words(row)}."
                for row in rows.to_dict("records")
                if not pd.isna(row["events"])
            ),
            *_grouped(reasons),
        ],
    )


def _printed(row: Mapping[Any, Any]) -> dict[str, Any]:
    known = not pd.isna(row["saving_eur"])
    detectable = french.percent(row["detectable_pct"], 0) if known else french.MISSING
    amount = french.compact_euros(row["detectable_eur"]) if known and not pd.isna(row["detectable_eur"]) else ""
    return {
        "label": row["label"],
        "contracts": french.number(row["series_nb"]) if known else french.MISSING,
        "estimate": estimate_text(row),
        "conclusion": CONCLUSION_WORDS[row["conclusion"]] if known else french.MISSING,
        "prob_real": chance_text(row["prob_real"]) if known else french.MISSING,
        "detectable": f"{detectable} ({amount})" if amount else detectable,
        "paid": _undeserved(row),
        "reached": chance_text(row["prob_target_without_effect"]),
    }


def _undeserved(row: Mapping[Any, Any]) -> str:
    """Return how likely a payment is without any effect, and how much that pays on average."""
    chance = chance_text(row["prob_paid_without_effect"])
    if pd.isna(row["prob_paid_without_effect"]) or pd.isna(row["paid_without_effect_eur"]):
        return chance
    return f"{chance} ({french.compact_euros(row['paid_without_effect_eur'])} en moyenne)"


def _events_words(row: Mapping[Any, Any]) -> str:
    """Return which declared events the spending expected without contract holds; empty when none moves it."""
    if pd.isna(row["events"]):
        return ""
    said = "des événements déclarés" if " ; " in row["events"] else "un événement déclaré"
    moved = f" ({french.compact_euros(row['events_eur'], signed=True)})" if row["events_eur"] else ""
    return f"dépense attendue dont {said}{moved} : {row['events']}"


def _grouped(reasons: Mapping[str, str]) -> list[str]:
    """Return what each estimate supposes, each sentence once with the indicators that it is about."""
    said: dict[str, list[str]] = {}
    for label, reason in reasons.items():
        for part in str(reason).split(" ; "):
            said.setdefault(part, []).append(label)
    return [f"{french.list_in_words(labels)} : {after_colon(part)}." for part, labels in said.items()]


def estimate_note(row: Mapping[Any, Any]) -> str:
    """Return in one sentence what is known of the saving of one contract on one indicator."""
    if pd.isna(row["saving_eur"]):
        reason = "" if pd.isna(row["reason"]) else f" ({after_colon(str(row['reason']))})"
        return f"{row['label']} : économie réelle non estimable{reason}."
    paid = row["prob_paid_without_effect"]
    unpaid = _not_computed(row.get("paid_reason")) if pd.isna(paid) else chance_text(paid)
    undeserved = f" Chance d'être payé sans avoir rien changé : {unpaid}." if unpaid else ""
    said = f"{row['label']} : {CONCLUSION_WORDS[row['conclusion']]}."
    if row["conclusion"] == "inconclusive":
        least = french.percent(row["detectable_pct"], 0)
        said += f" Il aurait fallu économiser au moins {least} pour que les données le montrent."
    if YEARLY_TRIAL in str(row.get("reason")):
        said += f" {sentence_case(YEARLY_TRIAL)}."
    words = _events_words(row)
    if words:
        said += f" {sentence_case(words)}."
    return f"{said}{undeserved}"


def _not_computed(reason: Any) -> str:
    """Return why nobody can tell what no effect at all would be paid; empty where nothing is shared."""
    if not isinstance(reason, str) or reason == NO_RULE:
        return ""
    # The objective may be known and bear on a share: it is that of an evolution which is wanted.
    if NO_OBJECTIVE in reason:
        return "non calculée, faute d'un objectif d'évolution"
    return f"non calculée ({reason.removeprefix('non calculable : ')})"


def reading_of(label: str, saving: Decimal | None, change: Decimal | None, price: Decimal | None, row: Any) -> str:
    """Return in one sentence how to read the difference between the three figures of an indicator.

    Parameters
    ----------
    label
        The indicator.
    saving
        What the contract counts.
    change, price
        Change of the spending, and the part of it that prices make; None when not decomposed.
    row
        Its row of ``saving_estimates``; None when there is none.
    """
    if saving is None:
        return f"{label} : l'indicateur n'a pas d'euros, aucun des trois chiffres ne le mesure."
    counted = f"{label} : le contrat compte {french.compact_euros(saving)}"
    if change is not None:
        counted += f" quand la dépense a varié de {french.compact_euros(change, signed=True)}"
        if price and abs(price) >= TOLD_SHARE * abs(change):
            counted += f", dont {french.compact_euros(price, signed=True)} par les prix"
    return f"{counted} ; {verdict_of(row, counted=saving)}."


def verdict_of(row: Mapping[Any, Any] | None, *, counted: Decimal | None = None) -> str:
    """Return what is real of a saving: the interval, what it allows to say, and the events that it holds.

    Parameters
    ----------
    row
        A row of ``saving_estimates``; None when there is none.
    counted
        Savings that the contract counts; it is said when they stand out of the interval.
    """
    if row is None or pd.isna(row["saving_eur"]):
        return "ce qui se serait passé sans contrat n'est pas estimable"
    low, high = (float(row[name]) for name in _BOUNDS)
    between = " à ".join(carried_bound(value, low, high, signed=True) for value in (low, high))
    words = _events_words(row)
    beyond = "" if counted is None else _beyond(float(counted), low, high)
    verdict = after_colon(f"{_verdict(row, between)}{beyond}")
    return f"{verdict}{f' ; {words}' if words else ''}"


def _verdict(row: Mapping[Any, Any], between: str) -> str:
    changed, otherwise = "l'économie due au contrat", "ce qui se serait passé sans contrat"
    if only_adds(row):
        changed = f"l'économie que {row['year']} a ajoutée à celle d'un contrat déjà en vigueur"
        otherwise = "ce qu'annonçaient les mois d'avant, déjà sous contrat"
    if row.get("is_mixed"):
        changed, otherwise = (
            f"l'économie due aux contrats, ou celle que {row['year']} y a ajoutée,",
            "ce qui était attendu",
        )
    if row["conclusion"] == "inconclusive":
        # Beside « la dépense a varié de + », the sign of a saving is the other one.
        return f"{changed} va de {between} (négative, c'est un surcoût) : les données ne permettent pas de conclure"
    return f"{CONCLUSION_WORDS[row['conclusion']]} par rapport à {otherwise}, de {between}"


def _beyond(saving: float, low: float, high: float) -> str:
    if saving > high:
        return ", et ce que compte le contrat dépasse tout cet intervalle"
    if saving < low:
        return ", et le contrat compte moins que tout cet intervalle"
    return ""


def sensitivity_table(page: Page) -> Table | Notice | None:
    """Return what the estimated savings of the region become when one assumption changes; None without estimates."""
    rows = page.store.read(tables.SAVING_SENSITIVITY)
    own = rows[rows["method"] == "statistical"]
    if own.empty:
        return None
    shown = own[own["variant"] != "base"]
    frame = pd.DataFrame(
        [
            {
                "indicator": str(page.indicator_names.get(row["indicator"], row["indicator"])),
                "label": row["label"],
                "estimate": estimate_text(row),
                "difference": _difference(row),
                "conclusion": CONCLUSION_WORDS.get(row["conclusion"], french.MISSING),
            }
            for row in shown.to_dict("records")
        ]
    )
    if frame.empty:
        return None
    return Table.from_frame(
        frame,
        caption="L'économie réelle si une hypothèse était autre, une à la fois",
        columns=[
            ColumnFormat.text("indicator", "Indicateur"),
            ColumnFormat.text("label", "Ce qui change"),
            ColumnFormat.text("estimate", "Économie (intervalle à 95 %)", align="right"),
            ColumnFormat.text("difference", "Écart", align="right"),
            ColumnFormat.text("conclusion", "Ce qu'on peut dire"),
        ],
        row_header="label",
        notes=[
            "Écart : à l'économie estimée du tableau précédent. « Sans le contrat qui dépense le plus » dit ce que la "
            "région doit à un seul établissement. L'écart est compté avant d'arrondir : deux économies imprimées "
            "égales peuvent différer, ou l'inverse.",
            CHANCE_NOTE,
            "Une hypothèse absente ne peut pas changer avec les mois reçus.",
        ],
    )


def _difference(row: Mapping[Any, Any]) -> str:
    """Return a difference rounded as the estimates are: those of two rows may be rounded apart without one."""
    words = carried_euros(row["difference_eur"], *(row[name] for name in _BOUNDS), signed=True)
    return _UNDER_ROUNDING if words == french.euros(0) and row["difference_eur"] else words


def rules_table(page: Page) -> Table | None:
    """Return what the contracts would be paid under other terms of the rule; None where nothing is paid."""
    rows = page.store.read(tables.SAVING_SENSITIVITY)
    own = rows[rows["method"] == "regulatory"]
    if own.empty:
        return None
    return Table.from_frame(
        own,
        caption="L'intéressement de tous les contrats si la règle était autre, un terme à la fois",
        columns=[
            ColumnFormat.text("label", "Ce qui change"),
            ColumnFormat.amount("saving_eur", part_words(page).header, cents=True),
            ColumnFormat.amount("difference_eur", "Écart", cents=True, signed=True),
        ],
        notes=[
            "Un terme que personne n'a donné reste inconnu : la variante qui en dépend n'est pas dans le tableau.",
            *part_words(page).notes,
        ],
    )
