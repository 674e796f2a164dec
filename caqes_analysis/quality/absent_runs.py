"""Months that nearly nobody has: a file that stops early, or lacks some months, is one finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from caqes_analysis import french
from caqes_analysis.sources.findings import Finding

__all__ = ["absent_runs"]


def absent_runs(absent: pd.DataFrame, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield one finding for each run of months, one after another, that the same envelopes lack.

    Parameters
    ----------
    absent
        ``finess, envelope, month, open_nb``: months without any line of most establishments.
    names
        Short names of the envelopes.
    """
    if absent.empty:
        return
    rank = 12 * absent["month"].dt.year + absent["month"].dt.month
    ordered = absent.assign(rank=rank).sort_values(["envelope", "rank", "finess"])
    # A gap, or another envelope, begins a run.
    begins = ordered["rank"].diff().ne(0) & ordered["rank"].diff().ne(1) | ordered["envelope"].ne(
        ordered["envelope"].shift()
    )
    ordered["run"] = begins.cumsum()
    bounds = ordered.groupby("run")["month"].agg(["min", "max"])
    ordered = ordered.join(bounds, on="run")
    for _, rows in ordered.groupby(["min", "max"], sort=True):
        yield _finding(rows, names)


def _finding(rows: pd.DataFrame, names: Mapping[str, str]) -> Finding:
    first, last, one = rows["month"].min(), rows["month"].max(), rows["finess"].min()
    labels = ", ".join(sorted(names.get(code, code) for code in rows["envelope"].unique()))
    establishments_nb = rows["finess"].nunique()
    if first == last:
        when, what = french.month_year(first), "ce mois : il est compté comme manquant"
        example = f"{establishments_nb} établissements sur {rows['open_nb'].max()}, dont {one}"
    else:
        when, what = f"{french.month_year(first)} à {french.month_year(last)}", "ces mois, comptés comme manquants"
        example = f"{rows['month'].nunique()} mois de suite, {establishments_nb} établissements, dont {one}"
    return Finding(
        delivery="campagne",
        code="MOIS_ABSENT_DU_FICHIER",
        place=f"{labels}, {when}",
        severity="warning",
        count=len(rows),
        example=example,
        remedy=f"Aucune ligne pour {what}. Demander le fichier, ou corriger last_month dans la campagne.",
    )
