"""The targeting by « atypie »: who stands far from the regional median on enough indicators, each step shown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.assessment import with_owners
from caqes_analysis.chapters.assessment_words import REFERENCE_WORDS
from caqes_analysis.chapters.atypie_facts import TARGETING, find_atypie, gap_words
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import format_of, sentence_case
from caqes_analysis.display import ColumnFormat, Details, Notice, Table, Text
from caqes_analysis.display.base import Display
from caqes_analysis.display.style import abbreviated
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.rule_words import atypie_condition
from caqes_analysis.schemes.rules import AtypieRule

__all__ = ["atypie_shown", "own_atypie"]

_ORDER = {"targeted": 0, "unknown": 1, "respected": 2}


def atypie_shown(page: Page) -> tuple[Display, ...]:
    """Return what the chapter shows of the targeting by « atypie »; nothing when the rules of the scheme have none."""
    atypie = find_atypie(page.store, page.campaign)
    if atypie is None:
        return ()
    rule, year, steps = atypie.rule, atypie.year, atypie.steps
    if steps.empty or steps["value"].isna().all():
        return (
            Notice(
                "missing", rule.label, f"Aucun de ses indicateurs n'a de valeur en {year} : {atypie_condition(rule)}."
            ),
        )
    found = with_owners(page, atypie.found.assign(contract_finess=atypie.found["finess"]))
    table = _table(found, steps, rule, atypie.definitions, year)
    return (_answer(found, rule, year), Details(f"Détail : {rule.label}, indicateur par indicateur", [table]))


def own_atypie(page: Page) -> Text | None:
    """Return what the sheet of an establishment says of its targeting; None when the rules of the scheme have none.

    Parameters
    ----------
    page
        The sheet: it reads what was found once for the region.
    """
    said = [text for (subject, _), text in sorted(page.regional_context.items()) if subject == TARGETING]
    return Text.paragraphs(*said) if said else None


def _answer(found: pd.DataFrame, rule: AtypieRule, year: int) -> Text:
    counts = found["reference_status"].value_counts()
    targeted, unknown = int(counts.get("targeted", 0)), int(counts.get("unknown", 0))
    kept = f"{french.plural(targeted, 'établissement')} {'ciblés' if targeted > 1 else 'ciblé'} sur {len(found)}"
    left = f" ; de {unknown}, on ne peut pas le dire" if unknown else ""
    out = int(((found["was"] == "targeted") & (found["reference_status"] == "respected")).sum())
    again = f" ; {french.plural(out, 'ciblé')} en {year - 1} ne {'le sont' if out > 1 else 'l’est'} plus" if out else ""
    head = f"{sentence_case(rule.label)} en {year} : {kept}{left}{again}."
    return Text.paragraphs(f"{head} Il faut {atypie_condition(rule)}. Source : {rule.source}.")


def _table(
    found: pd.DataFrame, steps: pd.DataFrame, rule: AtypieRule, named: dict[str, IndicatorDefinition], year: int
) -> Table:
    ordered = found.assign(
        rank=found["reference_status"].map(_ORDER),
        key=found["name"].map(french.alphabetical),
        name=[abbreviated(str(name)) for name in found["name"]],
        far=[_count(row) for row in found.to_dict("records")],
        spent=[french.compact_euros(amount) for amount in found["spent_eur"]],
    ).sort_values(["rank", "key"], kind="stable", ignore_index=True)
    columns = [
        ColumnFormat.text("name", "Établissement", href="href"),
        ColumnFormat.status("reference_status", f"Ciblage {year}", REFERENCE_WORDS),
        ColumnFormat.status("was", f"Ciblage {year - 1}", REFERENCE_WORDS),
        ColumnFormat.text("far", f"Au-delà, sur {len(rule.indicators)}", align="right"),
        ColumnFormat.text("spent", f"Dépense {year}", align="right"),
    ]
    medians = []
    for number, name in enumerate(rule.indicators):
        own = steps[steps["indicator"] == name].set_index("finess")
        lines = own.reindex(ordered["finess"]).to_dict("records")
        ordered[f"c{number}"] = [_gap(row) for row in lines]
        ordered[f"s{number}"] = pd.Series(
            ["warning" if row["is_atypical"] is True else None for row in lines], dtype=object
        )
        short, unit = named[name].short_name, format_of(named[name].main)
        columns.append(ColumnFormat.text(f"c{number}", short, state=f"s{number}", align="right"))
        if len(own) and not own["median"].isna().all():
            medians.append(f"{short}, {unit.write(own['median'].iloc[0])}")
    return Table.from_frame(
        ordered.drop(columns=["key", "rank"]),
        caption=f"{sentence_case(rule.label)} en {year}",
        columns=columns,
        notes=[
            f"Sous chaque indicateur : écart à la médiane des établissements de la région. Médianes : "
            f"{' ; '.join(medians)}.",
            "Être ciblé n'est pas un verdict : c'est la raison de proposer un volet additionnel.",
        ],
    )


def _count(row: dict[Any, Any]) -> str:
    sure, unknown = row["atypical_nb"], row["unknown_nb"]
    return f"{sure} à {sure + unknown}" if unknown else str(sure)


def _gap(row: dict[Any, Any]) -> str:
    if pd.isna(row["value"]):
        return "sans objet" if row["value_status"] == "not_applicable" else french.MISSING
    return gap_words(row["gap_pct"])
