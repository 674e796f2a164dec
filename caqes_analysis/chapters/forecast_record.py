"""What forecasts were worth in this region: the tables of its back-test, printed next to the forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import ordered_by_envelope
from caqes_analysis.display import ColumnFormat, Notice, Table, Text
from caqes_analysis.forecast.simple_methods import SIMPLE_METHODS
from caqes_analysis.forecast.track_record import (
    KINDS,
    SIZE_CLASSES,
    brier_scores,
    reliability,
    series_trials,
    summarise_trials,
    with_kind,
    with_size_class,
)

__all__ = ["envelopes_table", "errors_table", "record_answer", "region_record", "reliability_table", "size_table"]


def _trials(page: Page) -> pd.DataFrame:
    return page.store.read(tables.FORECAST_TRIALS)


def _nearest_months_nb(page: Page, trials: pd.DataFrame) -> int:
    """Return the number of months replayed that is nearest to those of the campaign."""
    replayed = np.sort(trials["observed_months_nb"].unique())
    return int(replayed[np.abs(replayed - page.campaign.settled_month_nb).argmin()])


def record_answer(page: Page) -> Text | Notice:
    """Return in one sentence what the forecasts of earlier years would have been worth."""
    trials = _trials(page)
    if trials.empty:
        return Notice(
            "missing",
            "Pas de rejeu",
            "Il y faut au moins trois années complètes avant l'année de la campagne.",
        )
    own = summarise_trials(series_trials(trials), ["observed_months_nb"])
    months_nb = _nearest_months_nb(page, trials)
    nearest = own[own["observed_months_nb"] == months_nb].iloc[0]
    best = min(SIMPLE_METHODS, key=lambda name: float(nearest[f"{name}_points"]))
    years = french.list_in_words([str(year) for year in sorted(trials["year"].unique())])
    return Text.paragraphs(
        f"Refaites avec les mois d'alors pour {years}, les prévisions à {months_nb} mois se seraient trompées en "
        f"moyenne de {french.points(nearest['error_points'], signed=False)} de taux d'évolution, contre "
        f"{french.points(nearest[f'{best}_points'], signed=False)} pour la meilleure méthode simple "
        f"({SIMPLE_METHODS[best]}) ; l'intervalle à 80 % aurait contenu l'année réelle "
        f"{french.percent(nearest['cover_80_pct'], 0)} du temps."
    )


_MIN_SHARE_NB = 10
"""Forecasts under which a cover is written as a count: one year more or less would move it by ten points."""
_WHO = {"establishment": "hôpitaux", "region": "région"}
_SCORES = [
    ColumnFormat.count("forecasts_nb", "Prévisions"),
    ColumnFormat.number("error_points", "Erreur", unit="points"),
    ColumnFormat.percent("cover_80_pct", "Dans 80 %", decimals=0),
    ColumnFormat.percent("cover_95_pct", "Dans 95 %", decimals=0),
    ColumnFormat.number("width_80_points", "Largeur", unit="points"),
]
_SIMPLE_LABELS = dict(zip(SIMPLE_METHODS, ("× 12/k", "Ratio", "Part"), strict=True))
_SIMPLE = [ColumnFormat.number(f"{name}_points", label, unit="points") for name, label in _SIMPLE_LABELS.items()]
_SIMPLE_NOTE = (
    "Erreur des méthodes simples : "
    + " ; ".join(f"« {label} », {SIMPLE_METHODS[name]}" for name, label in _SIMPLE_LABELS.items())
    + "."
)
_SCORE_NOTE = (
    "Erreur : écart absolu moyen entre le taux prévu et le taux réalisé, plafonné à 100 points. Dans 80 %, 95 % : part "
    "des années réelles tombées dans l'intervalle. Largeur : de l'intervalle à 80 %. Les années rejouées se partagent "
    "les mêmes chocs : deux ou trois années ne disent pas tout."
)


def errors_table(page: Page) -> Table | None:
    """Return the errors and the real cover by months observed and year, beside the simple methods."""
    trials = _trials(page)
    if trials.empty:
        return None
    rows = summarise_trials(series_trials(trials), ["observed_months_nb", "year"])
    whole = summarise_trials(series_trials(trials), ["observed_months_nb"]).assign(year="ensemble")
    frame = pd.concat([rows.astype({"year": str}), whole]).sort_values(["observed_months_nb", "year"])
    return Table.from_frame(
        frame,
        caption="Prévisions des années passées, par mois observés : erreur, couverture réelle, méthodes simples",
        columns=[
            ColumnFormat.count("observed_months_nb", "Mois observés"),
            ColumnFormat.text("year", "Année"),
            *_SCORES,
            *_SIMPLE,
        ],
        notes=[_SCORE_NOTE, _SIMPLE_NOTE],
    )


def size_table(page: Page) -> Table | None:
    """Return the errors and the real cover by size of the series."""
    trials = _trials(page)
    if trials.empty:
        return None
    rows = summarise_trials(with_size_class(trials), ["observed_months_nb", "size_class"])
    rank = rows["size_class"].map(SIZE_CLASSES.index)
    rows = rows.assign(rank=rank).sort_values(["observed_months_nb", "rank"])
    return Table.from_frame(
        rows,
        caption="Les mêmes, par taille de série (tiers selon le montant de l'année d'avant)",
        columns=[
            ColumnFormat.count("observed_months_nb", "Mois observés"),
            ColumnFormat.text("size_class", "Séries"),
            *_SCORES,
        ],
    )


def envelopes_table(page: Page) -> Table | None:
    """Return the errors and the real cover of each envelope and of the sums of envelopes, of hospitals then region."""
    trials = _trials(page)
    if trials.empty:
        return None
    months_nb = _nearest_months_nb(page, trials)
    kept = with_kind(trials[trials["observed_months_nb"] == months_nb])
    rows = ordered_by_envelope(summarise_trials(kept, ["kind", "level", "envelope"]))
    summed = rows["kind"] == KINDS[1]
    labels = rows["envelope"].map(page.label)
    notes = [
        "Région : la somme des établissements, une prévision par année rejouée ; quelques années ne prouvent rien."
    ]
    if summed.any():
        notes.append(
            "Somme : total de plusieurs enveloppes, prévu en additionnant leurs déroulements possibles de l'année ; sa "
            "couverture dit si les enveloppes d'un établissement se trompent ensemble."
        )
    inside = {
        f"inside_{level}": [
            _share_or_count(share, number)
            for share, number in zip(rows[f"cover_{level}_pct"], rows["forecasts_nb"], strict=True)
        ]
        for level in (80, 95)
    }
    return Table.from_frame(
        rows.assign(label=labels.where(~summed, labels + " (somme)"), who=rows["level"].map(_WHO), **inside),
        caption=f"Les mêmes à {months_nb} mois observés, par enveloppe et somme d'enveloppes",
        columns=[
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.text("who", "De"),
            ColumnFormat.count("forecasts_nb", "Prévisions"),
            ColumnFormat.number("error_points", "Erreur", unit="points"),
            ColumnFormat.text("inside_80", "Dans 80 %", align="right"),
            ColumnFormat.text("inside_95", "Dans 95 %", align="right"),
            ColumnFormat.number("width_80_points", "Largeur", unit="points"),
        ],
        notes=notes,
    )


def _share_or_count(share_pct: float, forecasts_nb: int) -> str:
    """Return a cover in percent, or « 1 sur 2 » when there are too few forecasts for a percentage."""
    if forecasts_nb >= _MIN_SHARE_NB:
        return french.percent(share_pct, 0)
    return f"{round(share_pct * forecasts_nb / 100)} sur {forecasts_nb}"


def reliability_table(page: Page) -> Table | None:
    """Return whether announced probabilities of exceeding came true."""
    chances = page.store.read(tables.FORECAST_CHANCES)
    if chances.empty:
        return None
    rows = reliability(chances)
    frame = rows.assign(
        label=[
            f"de {french.percent(100 * low, 0)} à {french.percent(100 * high, 0)}"
            for low, high in zip(rows["lower"], rows["upper"], strict=True)
        ]
    )
    scores = [
        f"à {row['observed_months_nb']} mois, {french.number(row['brier'], 3)}"
        + (
            f" (sur les années comparables, {french.number(row['compared_brier'], 3)} contre "
            f"{french.number(row['last_ratio_brier'], 3)} pour le ratio de l'année d'avant et ses erreurs)"
            if row["compared_nb"]
            else ""
        )
        for row in brier_scores(chances).to_dict("records")
    ]
    return Table.from_frame(
        frame,
        caption="Quand on annonçait un risque de dépasser, combien de fois l'objectif a-t-il été dépassé ?",
        columns=[
            ColumnFormat.text("label", "Probabilité annoncée"),
            ColumnFormat.count("chances_nb", "Annonces"),
            ColumnFormat.percent("announced_pct", "Moyenne annoncée", decimals=0),
            ColumnFormat.percent("happened_pct", "Dépassements réels", decimals=0),
        ],
        notes=[
            "Objectifs d'essai : l'évolution de l'année d'avant de chaque série, plus −8, −4, 0, 4 et 8 points.",
            f"Score de Brier (0 est parfait) : {' ; '.join(scores)}.",
        ],
    )


def region_record(page: Page) -> Text | None:
    """Return how often the sums of the region would have stood in their interval."""
    trials = _trials(page)
    sums = with_kind(trials)[lambda rows: (rows["level"] == "region") & (rows["kind"] == KINDS[0])]
    if sums.empty:
        return None
    inside = sums["actual_eur"].between(sums["lower_80_eur"], sums["upper_80_eur"])
    return Text.paragraphs(
        f"Sommes de la région : l'année réelle est tombée dans l'intervalle à 80 % {int(inside.sum())} fois sur "
        f"{len(inside)}. Les enveloppes d'une même année vivent les mêmes chocs : l'intervalle d'une somme régionale "
        "est indicatif."
    )
