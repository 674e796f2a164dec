"""The chapter of the savings: the contract's figure, what it is made of, what is real, and what could be saved."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_amounts import amounts_of
from caqes_analysis.chapters.savings_dotation import dotation_due, has_masked_boxes
from caqes_analysis.chapters.savings_estimates import (
    NOT_ESTIMATED,
    card_text,
    estimate_text,
    estimates_of,
    reading_of,
    verdict_of,
    whole_estimate,
)
from caqes_analysis.chapters.savings_notes import added_notes
from caqes_analysis.chapters.savings_objectives import objective_answer, objective_card, objective_how_to_read
from caqes_analysis.chapters.savings_parts import part_words
from caqes_analysis.chapters.words import after_colon
from caqes_analysis.display import Card, ColumnFormat, Notice, Table, Text
from caqes_analysis.savings.decomposition import DECOMPOSED, EFFECTS
from caqes_analysis.savings.incentive import INCENTIVE, total_of
from caqes_analysis.savings.regulatory import REGULATORY

__all__ = [
    "amounts_of",
    "answer",
    "contracts_table",
    "difference",
    "figures_by_indicator",
    "how_to_read",
    "savings_card",
    "three_figures",
]

_HOW_TO_READ = (
    "Des trois chiffres des économies, aucun ne remplace les autres : le contrat additionne les baisses et oublie les "
    "hausses, la dépense compte les deux, et l'économie réelle seule cherche ce que le contrat a changé."
)
_SPLIT = {"price": "prix", "volume": "volume"}


def _indicators(page: Page) -> pd.DataFrame:
    """Return the regulatory rows of indicators, without the totals of contracts nor the rules that have no saving."""
    rows = amounts_of(page, REGULATORY)
    if "saving" not in rows:
        return rows.iloc[:0]
    return rows[
        (rows["indicator"] != INCENTIVE) & ~rows["indicator"].str.startswith(("biosimilar_", "transport_trajectory"))
    ]


def answer(page: Page) -> Text:
    """Return what the contracts' year saved according to the contract, and what that figure is not."""
    rows = _indicators(page)
    known = rows[rows["saving"].notna()] if len(rows) else rows
    if known.empty:
        return Text.answer(_nothing_counted(page))
    year = int(known["year"].iloc[0])
    saving, change = total_of(known["saving"]), total_of(known["current"] - known["previous"])
    contracts_nb = known["finess"].nunique()
    word = "augmenté" if change and change > 0 else "baissé"
    return Text.answer(
        f"Pour {year}, le contrat compte {french.euros(saving, cents=True)} d'économies dans "
        f"{french.plural(contracts_nb, 'contrat')}, alors que la dépense des mêmes indicateurs y a {word} de "
        f"{french.compact_euros(abs(change or Decimal(0)))} : la règle ne retient que les baisses."
    )


def savings_card(page: Page) -> Card | None:
    """Return the savings of the year for the home page: what the contract counts, what is real, what is owed."""
    rows = _indicators(page)
    known = rows[rows["saving"].notna()] if len(rows) else rows
    if known.empty:
        return objective_card(page)
    totals = amounts_of(page, REGULATORY)
    due = total_of(totals[totals["indicator"] == INCENTIVE]["incentive"])
    owed = "non calculable" if due is None else french.compact_euros(due)
    moved = total_of(known["current"] - known["previous"])
    rule = page.scheme.incentive
    unofficial = " (formule non officielle)" if rule is not None and not rule.official else ""
    return Card(
        f"Économies {int(known['year'].iloc[0])}, selon le contrat",
        french.compact_euros(total_of(known["saving"])),
        f"dépense des mêmes indicateurs {french.compact_euros(moved, signed=True)} ; "
        f"{card_text(whole_estimate(estimates_of(page)))} ; {part_words(page).noun} {owed}{unofficial}",
    )


def three_figures(page: Page) -> Text | None:
    """Return the three figures of the year and how to read their difference, for pages that only mention them."""
    rows = _indicators(page)
    known = rows[rows["saving"].notna() & rows["previous"].notna()] if len(rows) else rows
    if known.empty:
        return objective_answer(page)
    moved, split = total_of(known["current"] - known["previous"]), amounts_of(page, DECOMPOSED)
    split = split[split["indicator"].isin(list(known["indicator"]))]
    prices = f", dont {french.compact_euros(total_of(split['price']), signed=True)} par les prix" if len(split) else ""
    return Text.paragraphs(
        f"Économies {int(known['year'].iloc[0])}, trois chiffres : le contrat compte "
        f"{french.compact_euros(total_of(known['saving']))} ; la dépense des mêmes indicateurs a varié de "
        f"{french.compact_euros(moved, signed=True)}{prices} ; {_real_of(page, known['indicator'].nunique())}.",
        _HOW_TO_READ,
    )


def how_to_read(page: Page) -> Text | None:
    """Return in one sentence how to read the card of the savings; None when there is no such card."""
    if savings_card(page) is None:
        return None
    return Text.paragraphs(_HOW_TO_READ) if page.scheme.shares_savings else objective_how_to_read(page)


def _real_of(page: Page, indicators_nb: int) -> str:
    estimates = estimates_of(page)
    whole = whole_estimate(estimates)
    if whole["conclusion"] is None:
        return "l'économie réelle n'est pas estimable"
    words = french.plural(int(estimates["saving_eur"].notna().sum()), "indicateur estimable", "indicateurs estimables")
    return f"économie réelle, {words} sur {indicators_nb} : {after_colon(verdict_of(whole))}"


def _nothing_counted(page: Page) -> str:
    """Return why no saving is counted, and what the scheme pays instead."""
    if page.scheme.incentive is not None:
        return (
            f"Aucune économie n'est comptée : aucun contrat {page.scheme.name} n'est évalué, ou les montants n'ont pas "
            "été reçus."
        )
    due = dotation_due(page)
    hidden = ", hors boîtes masquées" if has_masked_boxes(page) else ""
    paid = "" if due is None else f" La dotation biosimilaires s'élève à {french.euros(due, cents=True)}{hidden}."
    return (
        f"Le dispositif {page.scheme.name} ne reverse pas aux établissements une part des économies : il n'a pas "
        f"d'intéressement.{paid}"
    )


def figures_by_indicator(page: Page) -> Table | Notice | None:
    """Return the three figures side by side: what the contract counts, what the change is made of, what is real.

    None under a scheme that shares no savings.
    """
    if not page.scheme.shares_savings:
        return None
    rows = _indicators(page)
    if rows.empty:
        return Notice("info", "Les trois chiffres", _nothing_counted(page))
    split = amounts_of(page, DECOMPOSED)
    estimates = estimates_of(page)
    real = {row["indicator"]: row for row in estimates.to_dict("records")}
    found = []
    for indicator, own in rows.groupby("indicator", sort=True):
        parts = split[split["indicator"] == indicator]
        saving, paid = total_of(own["saving"]), total_of(own["incentive"])
        found.append(
            {
                "label": own["label"].iloc[0],
                "saving_text": _exact(saving, "non valorisable" if not own["saving"].notna().any() else ""),
                "incentive_text": _exact(paid, "non calculable" if saving is not None else "non valorisable"),
                "change_eur": total_of(parts["current"] - parts["previous"]) if len(parts) else None,
                **{f"{name}_eur": total_of(parts[name]) if len(parts) else None for name in _SPLIT},
                "other_eur": _others(parts),
                "statistical_text": _estimated(real.get(indicator), is_valued=saving is not None),
            }
        )
    year = int(rows["year"].iloc[0])
    totals = pd.DataFrame(
        [
            {
                "label": "Ensemble",
                "saving_text": _exact(total_of(rows["saving"]), ""),
                "incentive_text": _exact(total_of(rows["incentive"]), "non calculable"),
                **{
                    name: total_of(one[name] for one in found)
                    for name in ("change_eur", *(f"{part}_eur" for part in _SPLIT), "other_eur")
                },
                "statistical_text": estimate_text(whole_estimate(estimates)),
            }
        ]
    )
    return Table.from_frame(
        pd.DataFrame(found),
        caption=f"Les trois chiffres de {year}, par indicateur",
        columns=[
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.text("saving_text", "Contrat : économies", align="right"),
            ColumnFormat.text("incentive_text", part_words(page).header, align="right"),
            ColumnFormat.compact_amount("change_eur", "Évolution", signed=True),
            *(ColumnFormat.compact_amount(f"{name}_eur", f"dont {word}", signed=True) for name, word in _SPLIT.items()),
            ColumnFormat.compact_amount("other_eur", "dont autres", signed=True),
            ColumnFormat.text("statistical_text", "Économie réelle (à 95 %)", align="right"),
        ],
        totals=totals,
        notes=[*_figure_notes(page), *part_words(page).notes, *added_notes(estimates.to_dict("records"))],
    )


def _estimated(row: dict[Hashable, Any] | None, *, is_valued: bool) -> str:
    if row is None:
        return NOT_ESTIMATED if is_valued else "non valorisable"
    return estimate_text(row)


def _others(parts: pd.DataFrame) -> Decimal | None:
    names = [name for name in EFFECTS if name not in _SPLIT]
    return total_of(amount for name in names for amount in parts[name]) if len(parts) else None


def _figure_notes(page: Page) -> list[str]:
    rows = page.store.read(tables.SAVINGS)
    rules = sorted(set(rows[rows["method"] == REGULATORY]["rule"].dropna()))
    return [
        *(f"Règle : {rule}." for rule in rules if rule.startswith("formule")),
        "L'intéressement d'un indicateur est celui d'avant le plancher et le plafond du contrat.",
        "Économie réelle : l'écart à ce qu'aurait été la dépense sans contrat, négatif pour un surcoût ; son ensemble "
        "ne réunit que ce qui est estimable. Un chiffre ne remplace jamais un autre.",
    ]


def _exact(amount: Decimal | None, otherwise: str) -> str:
    return (otherwise or french.MISSING) if amount is None else french.euros(amount, cents=True)


def difference(page: Page) -> Text | None:
    """Return how to read the difference between the figures, from the figures themselves.

    None under a scheme that shares no savings.
    """
    if not page.scheme.shares_savings:
        return None
    rows = _indicators(page)
    known = rows[rows["saving"].notna() & rows["previous"].notna()] if len(rows) else rows
    if known.empty:
        return Text.paragraphs("Aucun montant n'est connu les deux années : il n'y a pas de différence à lire.")
    change = known["current"] - known["previous"]
    rises = total_of(one for one in change if one > 0) or Decimal(0)
    falls_nb, all_nb = sum(one < 0 for one in change), len(known)
    sentences = [
        f"Le contrat compte {french.euros(total_of(known['saving']), cents=True)} parce qu'il additionne les "
        f"{french.plural(falls_nb, 'baisse')} parmi {all_nb} comparaisons ; les hausses des autres, "
        f"{french.compact_euros(rises)}, ne s'en déduisent pas.",
        "Sans aucun contrat, environ quatre dépenses sur dix baissent d'elles-mêmes d'une année à l'autre : une baisse "
        "n'est pas à elle seule un effet du contrat.",
    ]
    split = amounts_of(page, DECOMPOSED)
    real = {row["indicator"]: row for row in estimates_of(page).to_dict("records")}
    for indicator, some in known.groupby("indicator", sort=True):
        parts = split[split["indicator"] == indicator]
        moved = total_of(some["current"] - some["previous"])
        label = str(some["label"].iloc[0])
        price = total_of(parts["price"]) if len(parts) else None
        sentences.append(reading_of(label, total_of(some["saving"]), moved, price, real.get(indicator)))
    own = split[split["indicator"].isin(list(known["indicator"]))]
    price = total_of(own["price"]) if len(own) else None
    volume = total_of(own["volume"]) if len(own) else None
    if price is not None and volume is not None:
        sentences.append(
            f"Dans les mêmes indicateurs, les prix ont joué pour {french.compact_euros(price, signed=True)} et les "
            f"volumes pour {french.compact_euros(volume, signed=True)} : un effet de prix n'est pas une décision de "
            "l'établissement."
        )
    return Text.paragraphs(*sentences)


def contracts_table(page: Page) -> Table | Notice | None:
    """Return the contracts one by one: both years, savings, incentive; the region is their sum, to the cent.

    None under a scheme that shares no savings.
    """
    if not page.scheme.shares_savings:
        return None
    rows = _indicators(page)
    known = rows[rows["saving"].notna()] if len(rows) else rows
    if known.empty:
        return Notice("info", "Contrat par contrat", "Aucune économie n'est comptée.")
    totals = amounts_of(page, REGULATORY)
    paid = totals[totals["indicator"] == INCENTIVE].set_index("finess")["incentive"]
    names = page.establishments.set_index("finess")
    found = []
    for finess, own in known.groupby("finess", sort=True):
        found.append(
            {
                "name": names["name"].get(finess, finess),
                "href": names["href"].get(finess),
                "previous_eur": total_of(own["previous"]),
                "current_eur": total_of(own["current"]),
                "saving_eur": total_of(own["saving"]),
                "incentive_text": _exact(total_of([paid.get(finess)]), "non calculable"),
            }
        )
    frame = pd.DataFrame(found)
    whole = {name: total_of(frame[name]) for name in ("previous_eur", "current_eur", "saving_eur")}
    last = {"name": "Région", "href": None, **whole, "incentive_text": _exact(total_of(paid), "non calculable")}
    return Table.from_frame(
        frame.sort_values(["saving_eur", "name"], ascending=[False, True]),
        caption=f"Économies comptées par contrat, {int(known['year'].iloc[0])}",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.amount("previous_eur", "N-1", cents=True),
            ColumnFormat.amount("current_eur", "N", cents=True),
            ColumnFormat.amount("saving_eur", "Économies", cents=True),
            ColumnFormat.text("incentive_text", part_words(page).header, align="right"),
        ],
        totals=pd.DataFrame([last]),
        notes=[
            "Chaque étape est dans la page « Évaluation des contrats » et sur la fiche de l'établissement.",
            "Un indicateur dont un montant manque n'est pas dans la somme.",
            *part_words(page).notes,
        ],
    )
