"""The statistician's workshop: one series, every candidate, its past errors, with and without an event."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.landing import has_rate, rate_interval
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import envelope_of
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table, Text, charts
from caqes_analysis.forecast.campaign import Step
from caqes_analysis.forecast.library_models import LIBRARY_MODELS
from caqes_analysis.forecast.simple_methods import SIMPLE_METHODS
from caqes_analysis.forecast.workshop import candidates_of, events_compared

__all__ = ["candidates_table", "errors_figure", "events_table", "summary"]

_COMPARED = {**SIMPLE_METHODS, **LIBRARY_MODELS}
_CANDIDATES = {
    "part_n_1": "part de l'année d'avant",
    "part_2_ans": "part de l'année, deux ans",
    "part_3_ans": "part de l'année, trois ans",
    "part_mediane": "part de l'année, médiane",
    "part_ponderee": "part de l'année, pondérée",
    "annee_precedente": "reste de l'année précédente",
    "croissance_recente": "croissance des trois derniers mois",
    "croissance_annuelle": "croissance sur douze mois",
    "douze_mois_glissants": "douze mois glissants",
    "derniers_1_mois": "niveau du dernier mois",
    "derniers_2_mois": "niveau des deux derniers mois",
    "derniers_3_mois": "niveau des trois derniers mois",
}
_FAMILIES = {"croissance_amortie": "croissance du cumul, amortie", "lissage": "lissage", "theta": "Theta"}
"""Candidates that stand by several, told by their constants."""
_DRAWN_CANDIDATES_NB = 6


def _series(page: Page, envelope: str) -> str:
    return f"{page.finess}/{envelope}"


def summary(page: Page, envelope: str) -> Text:
    """Return the forecast of the series, its method and its reason."""
    row = Step(page.store, page.campaign).landing(_series(page, envelope))
    rate = f"{rate_interval(row)} (intervalle à 80 %)" if has_rate(row) else _without_rate(row)
    reason = f" ({row['reason']})" if row["reason"] else ""
    label = envelope_of(page.campaign, envelope).short_label
    return Text.answer(f"{page.establishment['name']}, {label} : {rate}. Méthode : {row['method']}{reason}.")


def _without_rate(row: pd.Series[Any]) -> str:
    return f"non estimable : {row['reason']}" if pd.isna(row["median_eur"]) else str(row["reason"])


def candidates_table(page: Page, envelope: str) -> Table | Notice:
    """Return every candidate: its weight, what it says, and its errors in the years replayed."""
    rows = candidates_of(Step(page.store, page.campaign), _series(page, envelope))
    if rows.empty:
        return Notice("info", "Pas de candidats", "Cette série n'est pas prévue par la combinaison de candidats.")
    frame = rows.assign(label=_labels(rows))
    frame = frame.sort_values(["kind", "weight_pct"], ascending=[True, False], kind="stable")
    errors = [str(name) for name in rows if str(name).startswith("error_")]
    return Table.from_frame(
        frame,
        caption=f"Ce que dit chaque candidat de l'année {page.campaign.year}",
        columns=[
            ColumnFormat.text("label", "Candidat"),
            ColumnFormat.percent("weight_pct", "Poids appris"),
            ColumnFormat.percent("evolution_pct", "Évolution", signed=True),
            *(ColumnFormat.points(name, f"Erreur en {name.split('_')[1]}") for name in errors),
        ],
        notes=[
            "Erreur : taux annoncé avec autant de mois observés, moins taux réalisé. Les poids sont ceux de toutes les "
            "séries de la région, appris sur ses années passées.",
            "Entre parenthèses, les constantes : du lissage, celles du niveau, de la tendance, de son amortissement et "
            "des saisons ; de Theta, celle du niveau ; de la croissance, la part gardée.",
        ],
    )


def _labels(rows: pd.DataFrame) -> list[str]:
    return [
        _candidate_label(name) if kind == "candidate" else f"{_COMPARED[name]} (comparaison)"
        for name, kind in zip(rows["candidate"], rows["kind"], strict=True)
    ]


def _candidate_label(name: str) -> str:
    """Return how a candidate is printed.

    Examples
    --------
    >>> _candidate_label("lissage_0.2_0.01_0.97_0"), _candidate_label("part_mediane")
    ('lissage (0,2 ; 0,01 ; 0,97 ; 0)', "part de l'année, médiane")
    """
    if name in _CANDIDATES:
        return _CANDIDATES[name]
    family = next(one for one in _FAMILIES if name.startswith(one))
    constants = name.removeprefix(f"{family}_").replace(".", ",").split("_")
    return f"{_FAMILIES[family]} ({' ; '.join(constants)})"


def errors_figure(page: Page, envelope: str) -> Figure | Notice:
    """Return how far the candidates that weigh most, and the methods compared, stood from what came."""
    rows = candidates_of(Step(page.store, page.campaign), _series(page, envelope))
    errors = [str(name) for name in rows if str(name).startswith("error_")]
    if not errors:
        return Notice("info", "Pas d'erreurs passées", "Aucune année de cette série ne peut être rejouée.")
    heaviest = rows["weight_pct"].rank(ascending=False, method="first") <= _DRAWN_CANDIDATES_NB
    shown = rows[heaviest | (rows["kind"] != "candidate")].assign(label=_labels)
    long = shown.melt("label", value_vars=errors, var_name="year", value_name="error_points")
    long["year"] = long["year"].str.split("_").str[1].astype(int)
    return charts.past_errors(long, name=envelope_of(page.campaign, envelope).short_label)


def events_table(page: Page, envelope: str) -> Table:
    """Return what the forecast becomes without the events of the campaign, or leaving each one out."""
    rows = events_compared(Step(page.store, page.campaign), _series(page, envelope))
    shown = [row for _, row in rows.iterrows()]
    frame = rows.assign(
        landing=[french.compact_euros(None if pd.isna(row["median_eur"]) else row["median_eur"]) for row in shown],
        rate=[rate_interval(row) if has_rate(row) else _without_rate(row) for row in shown],
    )
    notes = [] if page.campaign.evenements else ["La campagne ne déclare aucun événement (clé « evenements »)."]
    return Table.from_frame(
        frame,
        caption="La prévision, avec et sans les événements déclarés",
        columns=[
            ColumnFormat.text("events", "Événements retenus"),
            ColumnFormat.text("landing", "Atterrissage", align="right"),
            ColumnFormat.text("rate", "Évolution, à 80 %", align="right"),
        ],
        notes=notes,
    )
