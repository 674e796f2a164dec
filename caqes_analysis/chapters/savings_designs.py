"""How the third figure was measured: the design that each indicator allowed, and why the others were not used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_estimates import estimate_text
from caqes_analysis.display import ColumnFormat, Table
from caqes_analysis.savings.estimate import INTERRUPTED, REGION, THRESHOLD
from caqes_analysis.savings.estimate_readings import CONCLUSION_WORDS

__all__ = ["designs_table"]

_INTERRUPTED_NOTE = (
    "Série interrompue : l'intervalle suppose que l'année évaluée est une année comme les autres. Une baisse de tarif "
    "ou une inscription de l'année n'est attendue que si la campagne la déclare (clé « evenements ») ; sinon, elle est "
    "prise pour une économie ou un surcoût."
)
_SECOND_LOOK = (
    ColumnFormat.text("effect", "Près du seuil du référentiel (à 95 %)", align="right"),
    ColumnFormat.text("effect_why", "Ce que vaut ce second regard"),
)
_SECOND_NOTE = (
    "Près du seuil : les contrats situés entre le seuil du référentiel et son double, comparés aux établissements sans "
    "contrat situés entre la moitié du seuil et lui. Ce second regard ne remplace pas le plan retenu."
)
_NO_REFERENCE = "pas de référentiel connu, donc pas de seuil"


def designs_table(page: Page) -> Table | None:
    """Return the design of each estimate, the one that stands beside it, and why; None without estimates."""
    rows = page.store.read(tables.SAVING_ESTIMATES)
    rows = rows[rows["indicator"].notna()]
    whole = rows[rows["level"] == REGION].sort_values(["indicator", "period"])
    if whole.empty:
        return None
    beside = {(row["indicator"], row["period"]): row for row in rows[rows["level"] == THRESHOLD].to_dict("records")}
    frame = pd.DataFrame(
        [
            {
                "label": f"{page.indicator_names.get(row['indicator'], row['indicator'])}{_months(row['period'])}",
                "method": row["method"],
                "why": row["reason"] if pd.isna(row["design_reason"]) else row["design_reason"],
                **_at_threshold(beside.get((row["indicator"], row["period"]))),
            }
            for row in whole.to_dict("records")
        ]
    )
    return Table.from_frame(
        frame,
        caption=f"Comment l'économie réelle de {int(whole['year'].iloc[0])} a été mesurée, et pourquoi pas autrement",
        columns=[
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.text("method", "Plan retenu"),
            ColumnFormat.text("why", "Pourquoi celui-là"),
            *(_SECOND_LOOK if beside else []),
        ],
        notes=[
            "Plan retenu : les établissements sans contrat donnent la marche de l'année, où l'on peut comparer ; sinon "
            "elle est tirée des années d'avant.",
            *([_SECOND_NOTE] if beside else []),
            *([_INTERRUPTED_NOTE] if (whole["method"] == INTERRUPTED).any() else []),
        ],
    )


def _months(period: str) -> str:
    """Return in words the months of a period « 2022-07/2022-12 »; nothing for a whole year."""
    first, last = (pd.Timestamp(f"{month}-01") for month in period.split("/"))
    if (first.year, first.month, last.month) == (last.year, 1, 12):
        return ""
    return f", {french.month_year(first)} à {french.month_year(last)}"


def _at_threshold(row: Mapping[Any, Any] | None) -> dict[str, str]:
    if row is None:
        return {"effect": french.MISSING, "effect_why": _NO_REFERENCE}
    if pd.isna(row["saving_eur"]):
        return {"effect": french.MISSING, "effect_why": str(row["reason"])}
    contracts = french.plural(row["series_nb"], "contrat")
    others = french.plural(row["comparison_nb"], "établissement")
    said = CONCLUSION_WORDS[row["conclusion"]]
    return {
        "effect": estimate_text(row),
        "effect_why": f"{said} ; {contracts} et {others} sans contrat ; {row['reason']}",
    }
