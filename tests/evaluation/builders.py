"""Small definitions and values for the tests of the evaluation."""

from __future__ import annotations

from typing import Any

from caqes_analysis.indicators.definition import IndicatorDefinition

A, B, C = "990000001", "990000002", "990000003"
SUM = {"table": "activity", "sum": "count_nb"}


def definition(name: str, *conditions: dict[str, Any], **more: Any) -> IndicatorDefinition:
    measures = [
        {"id": "boxes_nb", "label": "Boîtes", "unit": "boîtes", "decimals": 0, "numerator": SUM},
        {"id": "reimbursed_eur", "label": "Montant", "unit": "€", "decimals": 0, "numerator": SUM},
        {"id": "share_pct", "label": "Part", "unit": "%", "numerator": SUM, "denominator": SUM, "scale": 100},
        {"id": "evolution_pct", "label": "Évolution", "unit": "%", "evolution_of": "reimbursed_eur"},
    ]
    reference = {"conditions": conditions, "status": "verified", "source": "essai"} if conditions else {}
    return IndicatorDefinition.model_validate(
        {
            **dict.fromkeys(("id", "short_name", "theme", "why"), name),
            "name": f"Indicateur {name}",
            "status": "draft",
            "schemes": ["caqes-2022"],
            "measures": measures,
            "main_measure": "reimbursed_eur",
            "direction": "lower",
            "reference": reference,
            **more,
        }
    )


def value(indicator: str, numerator: float | None, denominator: float | None = None, **more: Any) -> dict[str, Any]:
    found = None if numerator is None else numerator if denominator is None else 100 * numerator / denominator
    base = {"finess": A, "period": "2023", "value_status": "missing" if numerator is None else "reported"}
    name, measure = indicator.split(".")
    return {
        **base,
        "indicator": name,
        "measure": measure,
        "numerator": numerator,
        "denominator": denominator,
        "value": found,
        **more,
    }
