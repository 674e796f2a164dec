"""The savings of one establishment, for its sheet: the three figures, its levers, the presentations behind them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_words import STATUS_WORDS
from caqes_analysis.chapters.constant_perimeter import opening_between
from caqes_analysis.chapters.level_changes import conclusion_reserve
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_amounts import amounts_of
from caqes_analysis.chapters.savings_dotation import own_dotation
from caqes_analysis.chapters.savings_estimates import (
    NOT_ESTIMATED,
    estimate_note,
    estimate_text,
    estimates_of,
)
from caqes_analysis.chapters.savings_left_out import why_no_figure
from caqes_analysis.chapters.savings_levers import extract_notes, prescriber_notes, target_note
from caqes_analysis.chapters.savings_notes import SINGLE_CHANCE_NOTE, added_notes
from caqes_analysis.chapters.savings_objectives import own_objectives
from caqes_analysis.chapters.savings_parts import part_words
from caqes_analysis.display import Card, ColumnFormat, Details, Notice, Table
from caqes_analysis.display.base import Display
from caqes_analysis.display.series import carried_bound, carried_euros
from caqes_analysis.savings.decomposition import DECOMPOSED
from caqes_analysis.savings.incentive import INCENTIVE, total_of
from caqes_analysis.savings.levers import LEVER_ASSUMPTIONS, LEVER_LABELS
from caqes_analysis.savings.regulatory import REGULATORY

__all__ = ["levers_card", "own_figures", "own_levers", "own_savings"]

_CARD_NB = 2
_LEAST_EUR = 100
"""A lever worth less a year is nothing to work on: the workbook has it, the sheet not (package's choice)."""
_SMALL_HIDDEN = (
    f"Les leviers de moins de {_LEAST_EUR} €, au meilleur quart comme à l'objectif, ne sont que dans le classeur."
)
_ALL_SMALL = f"Aucun levier n'atteint {_LEAST_EUR} € en un an ; le classeur exporté donne ceux qui sont plus petits."
_DRESSINGS = "pansements"
_DRESSINGS_RESERVE = "pansements rapportés aux médicaments prescrits, sans tenir compte des patients reçus"
_UNRANKED_CEILING = "Un plafond théorique n'a pas de rang : ce n'est pas un gain à attendre."


def own_savings(page: Page) -> tuple[Display, ...]:
    """Return the part « Économies et leviers » of a sheet."""
    dotation = own_dotation(page)
    return own_figures(page), *([dotation] if dotation is not None else []), *own_levers(page)


def own_figures(page: Page) -> Table | Notice:
    """Return the three figures of the contract that the establishment is under, indicator by indicator."""
    against_rates = own_objectives(page)
    if against_rates is not None:
        return against_rates
    rows = amounts_of(page, REGULATORY)
    rows = rows[rows["finess"] == page.signatory]
    own = rows[rows["indicator"] != INCENTIVE]
    if own.empty or "saving" not in own or own["saving"].isna().all():
        nothing = (
            f"Aucune économie {page.scheme.name} n'est comptée pour cet établissement."
            if page.scheme.shares_savings
            else why_no_figure(page) or f"Le contrat {page.scheme.name} ne partage pas d'économies."
        )
        return Notice("info", "Économies", nothing)
    split = amounts_of(page, DECOMPOSED)
    split = split[split["finess"] == page.signatory].set_index("indicator")
    estimates = estimates_of(page, page.signatory).to_dict("records")
    real = {row["indicator"]: estimate_text(row) for row in estimates}
    found = []
    for row in own.to_dict("records"):
        parts = split.loc[row["indicator"]] if row["indicator"] in split.index else None
        known = not pd.isna(row["saving"])
        found.append(
            {
                "label": row["label"],
                "saving_text": french.euros(row["saving"], cents=True)
                if known
                else STATUS_WORDS.get(row["status"], french.MISSING),
                "change_eur": None if parts is None else parts["current"] - parts["previous"],
                "price_eur": None if parts is None else parts["price"],
                "volume_eur": None if parts is None else parts["volume"],
                "other_eur": None
                if parts is None
                else parts["current"] - parts["previous"] - parts["price"] - parts["volume"],
                "real_text": real.get(row["indicator"], NOT_ESTIMATED if known else french.MISSING),
            }
        )
    total = rows[rows["indicator"] == INCENTIVE]
    paid = total_of(total["incentive"]) if len(total) else None
    due = french.euros(paid, cents=True) if paid is not None else "non calculable"
    return Table.from_frame(
        pd.DataFrame(found),
        caption=f"Économies de {int(own['year'].iloc[0])} : les trois chiffres",
        columns=[
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.text("saving_text", "Contrat : économies", align="right"),
            ColumnFormat.compact_amount("change_eur", "Évolution", signed=True),
            ColumnFormat.compact_amount("price_eur", "dont prix", signed=True),
            ColumnFormat.compact_amount("volume_eur", "dont volume", signed=True),
            ColumnFormat.compact_amount("other_eur", "dont autres", signed=True),
            ColumnFormat.text("real_text", "Économie réelle (à 95 %)", align="right"),
        ],
        notes=[
            f"Intéressement du contrat : {due}.",
            *part_words(page).notes,
            "Le contrat ne retient que les baisses ; l'évolution est la différence des deux années ; l'économie "
            "réelle est l'écart à ce qu'aurait été la dépense sans contrat, négatif pour un surcoût.",
            *(estimate_note(row) for row in estimates),
            *added_notes(estimates),
            *conclusion_reserve(page, [row["conclusion"] for row in estimates], year=int(own["year"].iloc[0])),
            *([SINGLE_CHANCE_NOTE] if estimates else []),
        ],
    )


def own_levers(page: Page) -> tuple[Display, ...]:
    """Return the ten first levers of an establishment in euros, and the presentations behind them."""
    ranked = _worth_showing(page)
    if ranked.empty:
        return (Notice("info", "Leviers", _why_none(page.levers) if page.first_levers.empty else _ALL_SMALL),)
    year = int(page.levers["year"].iloc[0])
    columns = [
        ColumnFormat.text("rank", "Rang", align="right"),
        ColumnFormat.text("label", "Levier"),
        ColumnFormat.text("first", "D'abord"),
        ColumnFormat.text("median", "À la médiane", align="right"),
        ColumnFormat.text("best", "Au meilleur quart", align="right"),
        ColumnFormat.text("between", "Intervalle à 95 %", align="right"),
    ]
    has_target = bool(ranked["target_eur"].notna().any())
    if has_target:
        columns.append(ColumnFormat.text("target", "À l'objectif", align="right"))
    first = [
        "–" if pd.isna(group) else f"{group} ({french.plural(groups - 1, 'autre')})" if groups > 1 else group
        for group, groups in zip(ranked["main_group"], ranked["groups_nb"].astype(int), strict=True)
    ]
    table = Table.from_frame(
        ranked.assign(
            rank=[
                "–" if ceiling else str(rank)
                for rank, ceiling in zip(ranked["rank"], ranked["is_ceiling"], strict=True)
            ],
            first=first,
            label=_labels(ranked),
            median=_carried(ranked, "median_eur"),
            best=_carried(ranked, "best_quartile_eur"),
            between=_between(ranked),
            target=_carried(ranked, "target_eur"),
        ),
        caption=f"Leviers : ce que l'établissement pourrait économiser en un an, prix de {year}",
        columns=columns,
        row_header="label",
        notes=[
            "« Si l'établissement prescrivait comme la médiane, ou le meilleur quart, de la région » : des ordres de "
            "grandeur, qui ne s'additionnent pas.",
            "Intervalle : au meilleur quart, ce que le hasard d'une année fait au taux, plus que ses seules boîtes ne "
            "le diraient ; « – » quand il n'est pas estimable pour un groupe (année absente, peu d'établissements).",
            *([target_note(year)] if has_target else []),
            *_already_best_note(ranked, year),
            f"Toutes les présentations, levier par levier : classeur leviers-{page.finess}.xlsx des fichiers exportés.",
            *([_SMALL_HIDDEN] if len(ranked) < len(page.first_levers) else []),
            *([_UNRANKED_CEILING] if ranked["is_ceiling"].any() else []),
            *prescriber_notes(page),
            *extract_notes(page),
            *_opening_note(page, year),
        ],
    )
    assumed = Details("Ce que suppose chaque levier", [_assumptions(page.levers, ranked, year)])
    lines = page.store.rows(tables.LEVER_PRODUCTS, where={"finess": str(page.finess)}, order_by=["rank"])
    if lines.empty:
        return table, assumed
    detail = Table.from_frame(
        lines.assign(lever_label=lines["lever"].map(LEVER_LABELS)),
        caption="Les présentations à regarder, des plus coûteuses aux moins coûteuses",
        columns=[
            ColumnFormat.text("product_label", "Présentation"),
            ColumnFormat.text("label", "Molécule"),
            ColumnFormat.text("lever_label", "Levier"),
            ColumnFormat.count("boxes_nb", "Boîtes"),
            ColumnFormat.amount("reimbursed_eur", "Remboursé", cents=True),
        ],
        notes=["Boîtes qu'une autre peut remplacer, ou qui peuvent être évitées ; montants exacts de l'année."],
    )
    return table, assumed, Details("Les présentations derrière ces leviers", [detail])


def _assumptions(levers: pd.DataFrame, ranked: pd.DataFrame, year: int) -> Table:
    """Return what each lever compares: the rate of its first group, that of the best quartile, what it supposes."""
    key = ["lever", "product_group", "label"]
    best = levers[levers["scenario"] == "best_quartile"].set_index(key)
    by_group = levers.drop_duplicates(key).set_index(key)[["rate"]].assign(reference_rate=best["reference_rate"])
    for scenario in ("best_quartile", "target"):
        amounts = levers[levers["scenario"] == scenario].set_index(key)["saving_eur"]
        by_group[scenario] = amounts.astype(float).reindex(by_group.index).fillna(0.0)
    order = ["best_quartile", "target", "product_group"]
    first = by_group.reset_index().sort_values(order, ascending=[False, False, True]).drop_duplicates("lever")
    shown = (
        ranked[["lever", "is_ceiling"]]
        .assign(label=_labels(ranked))
        .merge(first[["lever", "label", "rate", "reference_rate"]].rename(columns={"label": "group"}), on="lever")
    )
    return Table.from_frame(
        shown.assign(
            rate_pct=100 * shown["rate"],
            reference_pct=100 * shown["reference_rate"],
            assumption=shown["lever"].map(LEVER_ASSUMPTIONS),
        ),
        caption=f"Ce que compare chaque levier, et ce qu'il suppose, prix de {year}",
        columns=[
            ColumnFormat.text("label", "Levier"),
            ColumnFormat.text("group", "Premier groupe"),
            ColumnFormat.percent("rate_pct", "Taux de l'établissement"),
            ColumnFormat.percent("reference_pct", "Taux du meilleur quart"),
            ColumnFormat.text("assumption", "Hypothèse"),
        ],
        row_header="label",
        notes=["Les autres groupes d'un levier se comparent de même ; le classeur donne leurs taux."],
    )


def _why_none(levers: pd.DataFrame) -> str:
    """Return why an establishment has no lever worth anything, from the rates that could be compared."""
    compared = sorted({LEVER_LABELS[name] for name in levers["lever"]})
    if not compared:
        return (
            "Aucun levier n'est calculable, faute de données reçues : il y faut des lignes dans Open PHMEV, ou les "
            "douze mois et les trajets d'ambulance, de taxi et de VSL."
        )
    return (
        "Aucun levier : l'établissement fait aussi bien que le meilleur quart de la région partout où ses données se "
        f"comparent ({french.list_in_words(compared)})."
    )


def _carried(ranked: pd.DataFrame, name: str = "best_quartile_eur") -> list[str]:
    """Return amounts of the levers, with the digits and the unit of the intervals at the best quarter."""
    rows = zip(ranked[name], *_bounds(ranked), strict=True)
    # Without an interval, or beyond it (an objective), the amount itself says how few digits it can carry.
    return [
        french.MISSING
        if pd.isna(amount)
        else carried_euros(amount, 0, amount)
        if pd.isna(low) or amount > high
        else carried_bound(amount, low, high)
        for amount, low, high in rows
    ]


def _opening_note(page: Page, year: int) -> list[str]:
    """Return what part of the year the levers of an establishment stand on that opened in the course of it."""
    day = opening_between(page, str(page.finess), year=year + 1)
    if day is None or day.year != year:
        return []
    since = french.date(day, short=True)
    return [f"L'établissement a ouvert le {since} : ces montants sont ceux des mois de {year} où il était ouvert."]


def _already_best_note(ranked: pd.DataFrame, year: int) -> list[str]:
    """Return why a lever stays that is worth nothing at the best quarter."""
    if not (ranked["best_quartile_eur"].astype(float) == 0).any():
        return []
    return [
        "« 0 € » au meilleur quart : l'établissement fait déjà aussi bien que le meilleur quart de la région, mais "
        f"n'est pas à l'objectif de {year}."
    ]


def _between(ranked: pd.DataFrame) -> list[str]:
    return [
        "–"
        if pd.isna(low)
        else carried_bound(low, low, high)
        if low == high
        else f"{carried_bound(low, low, high)} à {carried_bound(high, low, high)}"
        for low, high in zip(*_bounds(ranked), strict=True)
    ]


def _bounds(ranked: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    """Return the bounds of the levers; a lever is never under zero."""
    lower = [low if pd.isna(low) else max(low, 0) for low in ranked["lower_eur"]]
    return lower, list(ranked["upper_eur"])


def _labels(ranked: pd.DataFrame) -> list[str]:
    return [
        f"{label} (plafond théorique)" if ceiling else str(label)
        for label, ceiling in zip(ranked["label"], ranked["is_ceiling"], strict=True)
    ]


def levers_card(page: Page) -> Card | None:
    """Return the card of the first levers of a sheet; None when there is none."""
    ranked = page.first_levers
    worth = ranked["best_quartile_eur"].astype(float) >= _LEAST_EUR
    ranked = ranked[worth & ~ranked["is_ceiling"].astype(bool)]
    if ranked.empty:
        return None
    shown = ranked.head(_CARD_NB)
    value, *others = [f"{label} ~{amount}" for label, amount in zip(shown["label"], _carried(shown), strict=True)]
    reference = f"au meilleur quart de la région, prix de {int(page.levers['year'].iloc[0])}"
    # The figure that will be quoted is the least sure of all: its reserve goes with it.
    reserves = [_DRESSINGS_RESERVE] if shown["lever"].iloc[0] == _DRESSINGS else []
    return Card("Premier levier", value, " ; ".join([*reserves, *others, reference]))


def _worth_showing(page: Page) -> pd.DataFrame:
    """Return the first levers that are worth something a year, at the best quarter or at the objective."""
    ranked = page.first_levers
    worth = ranked[["best_quartile_eur", "target_eur"]].astype(float) >= _LEAST_EUR
    return ranked[worth.any(axis=1)].reset_index(drop=True)
