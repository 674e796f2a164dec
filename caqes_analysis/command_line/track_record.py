"""The region's back-test at a terminal."""

from __future__ import annotations

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from caqes_analysis import french
from caqes_analysis.command_line.text import OUT, typeset
from caqes_analysis.forecast.simple_methods import SIMPLE_METHODS
from caqes_analysis.forecast.track_record import (
    KINDS,
    brier_scores,
    reliability,
    summarise_trials,
    with_kind,
    with_size_class,
)

__all__ = ["print_record", "record_of"]

_HEADERS = {
    "observed_months_nb": "Mois",
    "year": "Année",
    "size_class": "Séries",
    "envelope": "Enveloppe",
    "level": "De",
    "announced_class": "Annoncé",
    "forecasts_nb": "Prévisions",
    "error_points": "Erreur",
    **dict(zip([f"{name}_points" for name in SIMPLE_METHODS], ("× 12/k", "Ratio", "Part"), strict=True)),
    "cover_80_pct": "80 %",
    "cover_95_pct": "95 %",
    "width_80_points": "Largeur",
    "chances_nb": "Annonces",
    "announced_pct": "Moyenne",
    "happened_pct": "Arrivé",
    "brier": "Brier",
    "compared_nb": "Comparées",
    "compared_brier": "Brier",
    "last_ratio_brier": "Ratio",
}
_TITLES = {
    "erreurs": "Erreur du taux d'évolution, couverture réelle, méthodes simples",
    "erreurs-par-taille": "Les mêmes, par taille de série",
    "couverture-par-enveloppe": "Les mêmes, par enveloppe et somme d'enveloppes, des établissements et de la région",
    "fiabilite": "Probabilités annoncées de dépasser, et ce qui est arrivé",
    "brier": "Score de Brier (0 est parfait), et celui du ratio avec ses propres erreurs",
}
_LEGEND = (
    "Mois : mois observés. Erreur, × 12/k, ratio, part : écart absolu moyen du taux d'évolution, en points, de la "
    "prévision et des méthodes simples ("
    + ", ".join(SIMPLE_METHODS.values())
    + "). 80 %, 95 % : part des années réelles dans l'intervalle. Largeur : de l'intervalle à 80 %, en points."
)
_WORDS = ("size_class", "announced_class", "envelope", "level")
_LEVELS = {"establishment": "établ.", "region": "région"}
_DECIMALS = {"error_points": 1, "width_80_points": 1, "brier": 3, "compared_brier": 3, "last_ratio_brier": 3}


def record_of(trials: pd.DataFrame, chances: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the summaries of a back-test, by name of file.

    Parameters
    ----------
    trials, chances
        Tables ``forecast_trials`` and ``forecast_chances``.
    """
    own = with_size_class(trials)
    return {
        "erreurs": summarise_trials(own, ["observed_months_nb", "year"]),
        "erreurs-par-taille": summarise_trials(own, ["observed_months_nb", "size_class"]),
        "couverture-par-enveloppe": summarise_trials(
            with_kind(trials), ["kind", "envelope", "level", "observed_months_nb"]
        ).drop(columns=[f"{name}_points" for name in SIMPLE_METHODS]),
        "fiabilite": reliability(chances),
        "brier": brier_scores(chances),
    }


def print_record(parts: dict[str, pd.DataFrame]) -> None:
    """Print the summaries of a back-test, readable in 80 columns.

    Parameters
    ----------
    parts
        As :func:`record_of` returns them.
    """
    for name, rows in parts.items():
        rows = rows.assign(announced_class=_classes(rows)) if "lower" in rows else rows
        if "kind" in rows:
            rows = rows.assign(envelope=rows["envelope"].where(rows["kind"] == KINDS[0], rows["envelope"] + " (somme)"))
        shown = [column for column in _HEADERS if column in rows]
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for column in shown:
            table.add_column(_HEADERS[column], justify="left" if column in _WORDS else "right")
        for row in rows.to_dict("records"):
            table.add_row(*(_cell(column, row[column]) for column in shown))
        OUT.print(typeset(Text(_TITLES[name], "bold")))
        OUT.print(table)
    OUT.print(typeset(_LEGEND))


def _classes(rows: pd.DataFrame) -> list[str]:
    bounds = zip(100 * rows["lower"], 100 * rows["upper"], strict=True)
    return [f"{french.number(low)} à {french.percent(high, 0)}" for low, high in bounds]


def _cell(name: str, value: object) -> str:
    if isinstance(value, str) or name == "year":
        return _LEVELS.get(str(value), str(value)) if name == "level" else str(value)
    simple = name.removesuffix("_points") in SIMPLE_METHODS
    return french.number(value, _DECIMALS.get(name, 1 if simple else 0), missing="–")
