"""Words and numbers of the evaluation, shared by the regional chapter and by the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.payload import State
from caqes_analysis.evaluation.position import NO_OBJECT
from caqes_analysis.schemes.targets import SPENDING_THRESHOLD
from caqes_analysis.schemes.terms import decimals_of

__all__ = [
    "ATTAINMENT_WORDS",
    "OBJECTIVES",
    "REFERENCE_WORDS",
    "STATUS_WORDS",
    "TOTALS",
    "attained_words",
    "plain_number",
    "threshold_notes",
    "with_amounts",
    "with_values",
]

REFERENCE_WORDS: Mapping[str, tuple[str, State | None]] = {
    "respected": ("non ciblé", "good"),
    "targeted": ("ciblé", "warning"),
    "unknown": ("on ne sait pas", "missing"),
    "not_applicable": ("sans objet", "muted"),
}
ATTAINMENT_WORDS: Mapping[str, tuple[str, State | None]] = {
    "attained": ("atteint", "good"),
    "not_attained": ("non atteint", "warning"),
    "pending": ("en cours d'année", None),
    "unknown": ("pas de verdict", "missing"),
    "not_applicable": ("sans objet", "muted"),
}
STATUS_WORDS: Mapping[str, str] = {
    "not_computable": "non calculable",
    "not_valued": "non valorisable",
    "not_applicable": "sans objet",
    "pending": "en attente",
}
OBJECTIVES = ("indicator", "regional_indicator")
TOTALS = ("incentive", "regional_incentive")


def attained_words(rows: pd.DataFrame) -> str:
    """Return « 2 objectifs atteints sur 3 », over the objectives that have a verdict; empty when none has."""
    verdicts = rows[rows["kind"].isin(OBJECTIVES)]["attainment"]
    judged = int(verdicts.isin(["attained", "not_attained"]).sum())
    if not judged:
        return ""
    attained = int((verdicts == "attained").sum())
    return f"{french.plural(attained, 'objectif atteint', 'objectifs atteints')} sur {judged}"


def threshold_notes(rows: pd.DataFrame, targets: pd.DataFrame, *, scheme: str, year: int) -> list[str]:
    """Say of each objective that has a spending threshold beside its rate that the verdict does not use it.

    Parameters
    ----------
    rows
        Rows of ``evaluations``, of the region or of one contract.
    targets
        Table ``targets``.
    scheme, year
        Scheme, and year evaluated.
    """
    asked = (targets["scheme"] == scheme) & (targets["data_year"] == year) & targets["value"].notna()
    notes = []
    for row in targets[asked & (targets["measure"] == SPENDING_THRESHOLD)].to_dict("records"):
        own = rows[(rows["subject"] == row["subject"]) & rows["attainment"].isin(["attained", "not_attained"])]
        spent = own["current_eur"].dropna().astype(float)
        if own.empty:
            continue
        below_nb = int((spent < row["value"]).sum())
        who = (
            f"{below_nb} des {len(own)} contrats qui ont un verdict ont dépensé moins"
            if len(own) > 1
            else f"Dépense de {year} : {french.euros(own['current_eur'].iloc[0], cents=True)}"
        )
        notes.append(
            f"{own['label'].iloc[0]} : les textes donnent aussi un seuil de dépense de {french.euros(row['value'])} "
            f"({row['source']}), et aucun texte trouvé ne dit comment il se combine au taux. Le verdict se lit sur le "
            f"taux seul. {who}."
        )
    return notes


def with_values(rows: pd.DataFrame, *, decimals: int = 2) -> pd.DataFrame:
    """Return the rows with their value in words: units differ from one to the next.

    Parameters
    ----------
    rows
        Rows of ``evaluations``.
    decimals
        Decimals of the percentages.
    """
    values = [
        _absent(verdict) if pd.isna(value) else _with_unit(value, unit, measure, decimals)
        for value, unit, measure, verdict in zip(
            rows["value"], rows["unit_label"], rows["measure"], rows["attainment"], strict=True
        )
    ]
    return rows.assign(value_text=values, reason_text=rows["reason"].fillna("–"))


def _absent(verdict: Any) -> str:
    return NO_OBJECT if verdict == "not_applicable" else french.MISSING


def _with_unit(value: float, unit: Any, measure: Any, decimals: int) -> str:
    sign = french.signed if str(measure).startswith("evolution") else french.number
    return f"{sign(value, decimals if unit == '%' else 0)}{french.NBSP}{unit if isinstance(unit, str) else ''}".strip()


def with_amounts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with every step of the incentive in words, exactly as it was computed."""

    def euros(name: str) -> list[str]:
        return ["–" if pd.isna(amount) else french.euros(amount, cents=True) for amount in rows[name]]

    due = [
        french.euros(amount, cents=True) if not pd.isna(amount) else STATUS_WORDS.get(str(status), french.MISSING)
        for amount, status in zip(rows["amount_eur"], rows["status"], strict=True)
    ]
    rates = ["–" if pd.isna(rate) else french.percent(rate, decimals_of(rate)) for rate in rows["rate_pct"]]
    gates = ["–" if pd.isna(gate) else french.number(gate, decimals_of(gate)) for gate in rows["gate"]]
    named = ("previous_eur", "current_eur", "saving_eur", "kept_saving_eur", "gross_eur", "base_eur")
    return rows.assign(
        **{name.replace("_eur", "_text"): euros(name) for name in named},
        rate_text=rates,
        gate_text=gates,
        due_text=due,
        reason_text=rows["reason"].fillna("–"),
    )


def plain_number(value: Any) -> str:
    """Return a number with the decimals that it has."""
    return french.number(value, decimals_of(value))
