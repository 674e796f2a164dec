"""The controls of activity: parts above their whole, fractions, a count far from the other years, a year left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.activities import ACTIVITIES, DECLARED_PREFIX
from caqes_analysis.sources.findings import Finding, Severity
from caqes_analysis.store import Store

__all__ = ["check_activity"]

FAR_TIMES: Final = 5.0
"""A count five times those of the other years, or a fifth, is told (package's choice, as for months of spending)."""
_LEAST_COUNT: Final = 50.0
_LABELS: Final = {activity.code: activity.label for activity in ACTIVITIES}
_TRIPS: Final = ("trips_ambulance", "trips_taxi", "trips_vsl")
_WHOLE_OF: Final = {
    "prescriptions_with_rpps": "prescriptions",
    "heart_failure_readmissions": "heart_failure_first_episodes",
    **{code: mode for code in _LABELS for mode in _TRIPS if code.startswith(f"{mode}_")},
}
_REGISTER: Final = (
    "Gardé tel quel. Vérifier avec l'expéditeur ; une erreur confirmée s'inscrit au registre des corrections."
)


def check_activity(store: Store) -> list[Finding]:
    """Return what contradicts itself in the activity received.

    Parameters
    ----------
    store
        Store with ``activity``, ``establishments`` and ``successions``; declared indicators have controls of their own.

    Returns
    -------
    list of Finding
        ``PARTIE_AU_DESSUS_DU_TOUT``, ``NOMBRE_NON_ENTIER``, ``ACTIVITE_ATYPIQUE``, ``ACTIVITE_MANQUANTE``.
    """
    rows = store.query(
        "select finess, period, activity, count_nb, delivery from activity "
        "where count_nb is not null and not starts_with(activity, $prefix) order by finess, activity, period",
        {"prefix": DECLARED_PREFIX},
    )
    if rows.empty:
        return []
    merged = store.read(tables.SUCCESSIONS)
    known = store.read(tables.ESTABLISHMENTS)
    first = pd.Timestamp(int(rows["period"].str[:4].min()), 1, 1)
    partial = known[(known["valid_from"] > first) | known["valid_to"].notna()]  # a year that is not whole has no pace
    moved = {*merged["finess"], *merged["current_finess"], *partial["finess"]}
    steady = rows[~rows["finess"].isin(moved)]
    return [*_parts(rows), *_fractions(rows), *_far(steady), *_left_out(steady)]


def _finding(row: Any, code: str, example: str, remedy: str, severity: Severity = "warning") -> Finding:
    place = f"{row['finess']}, {_LABELS.get(row['activity'], row['activity'])}, {row['period']}"
    return Finding(row["delivery"], code, place, severity, 1, example, f"{remedy} {_REGISTER}")


def _parts(rows: pd.DataFrame) -> Iterator[Finding]:
    parts = rows.assign(whole=rows["activity"].map(_WHOLE_OF)).dropna(subset=["whole"])
    wholes = rows[["finess", "period", "activity", "count_nb"]].rename(columns={"activity": "whole"})
    both = parts.merge(wholes, on=["finess", "period", "whole"], suffixes=("", "_of_whole"))
    for row in both[both["count_nb"] > both["count_nb_of_whole"]].to_dict("records"):
        yield _finding(
            row,
            "PARTIE_AU_DESSUS_DU_TOUT",
            f"{french.number(row['count_nb'], 0)} sur {french.number(row['count_nb_of_whole'], 0)} "
            f"({_LABELS[row['whole']].lower()})",
            "La part dépasse 100 % : l'un des deux nombres est faux.",
            "error",
        )


def _fractions(rows: pd.DataFrame) -> Iterator[Finding]:
    for row in rows[[count != count.to_integral_value() for count in rows["count_nb"]]].to_dict("records"):
        example = french.number(row["count_nb"], 3)
        yield _finding(row, "NOMBRE_NON_ENTIER", example, "Un nombre d'actes est entier.")


def _far(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield, of each establishment and activity, the period whose yearly pace is farthest from that of the others."""
    is_year = rows["period"].str.fullmatch(r"[0-9]{4}")
    is_cumul = rows["period"].str.fullmatch(r"[0-9]{4}-M[0-9]{2}")
    kept = rows[is_year | is_cumul]
    months = [12 if len(period) == 4 else int(period[-2:]) for period in kept["period"]]
    pace = kept["count_nb"].astype("float64") * 12 / np.array(months)
    for _, group in kept.assign(pace=pace)[pace > 0].groupby(["finess", "activity"], sort=True):
        if len(group) < 2:
            continue
        logs = np.log(group["pace"].to_numpy())
        others = [float(np.median(np.delete(logs, place))) for place in range(len(logs))]
        far = logs - others
        worst = int(np.argmax(np.abs(far)))
        row = group.iloc[worst]
        usual = float(np.exp(others[worst]))
        if abs(far[worst]) > np.log(FAR_TIMES) and max(usual, row["pace"]) >= _LEAST_COUNT:
            yield _finding(
                row,
                "ACTIVITE_ATYPIQUE",
                f"{french.number(row['count_nb'], 0)} ; les autres périodes donnent {french.number(usual, 0)} par an",
                "Cause probable : chiffre perdu ou ajouté, unité, ou événement réel à confirmer.",
            )


def _left_out(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield the years that an establishment does not have between two that it has."""
    received = {int(period[:4]) for period in rows["period"]}
    known = rows.assign(year=rows["period"].str[:4].astype(int))
    for _, group in known.groupby("finess", sort=True):
        own = set(group["year"])
        for year in sorted(received - own):
            if min(own) < year < max(own):
                yield Finding(
                    "campagne", "ACTIVITE_MANQUANTE", f"{group['finess'].iloc[0]}, {year}", "warning", 1,
                    f"activité reçue pour {french.list_in_words([str(one) for one in sorted(own)])}",
                    "Aucune ligne pour cette année, que d'autres établissements ont : comptée comme manquante. "
                    "La demander.",
                )  # fmt: skip
