"""The controls of activity: parts above their whole, fractions, counts out of line, repeated, exchanged, left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.activities import ACTIVITIES, DECLARED_PREFIX, activity_label
from caqes_analysis.quality.activity_paces import find_odd_counts
from caqes_analysis.quality.activity_repeats import find_repeated_counts
from caqes_analysis.quality.merger_activity import find_lost_activity
from caqes_analysis.quality.trip_prices import find_trip_prices
from caqes_analysis.sources.findings import Finding, Severity
from caqes_analysis.store import Store

__all__ = ["check_activity"]

ABSENT_SHARE: Final = 1 / 3
"""Establishments that have PHMEV and no activity at all are told when they are so few: more, and the file is about some
establishments only."""
_FEWEST_PERIODS_NB: Final = 2
_TRIPS: Final = ("trips_ambulance", "trips_taxi", "trips_vsl")
_WHOLE_OF: Final = {
    "prescriptions_with_rpps": "prescriptions",
    "heart_failure_readmissions": "heart_failure_first_episodes",
    **{one.code: mode for one in ACTIVITIES for mode in _TRIPS if one.code.startswith(f"{mode}_")},
}
_REGISTER: Final = (
    "Gardé tel quel. Vérifier avec l'expéditeur ; une erreur confirmée s'inscrit au registre des corrections."
)


def check_activity(store: Store, *, last_month: pd.Timestamp | None = None) -> list[Finding]:
    """Return what contradicts itself in the activity received.

    Parameters
    ----------
    store
        Store with ``activity``, ``establishments`` and ``successions``, and ``monthly_spend`` where there is one;
        declared indicators have controls of their own.
    last_month
        Last month that the campaign announces, if any.

    Returns
    -------
    list of Finding
        ``PARTIE_AU_DESSUS_DU_TOUT``, ``NOMBRE_NON_ENTIER``, ``PERIODE_INACHEVEE``, ``ACTIVITE_ATYPIQUE``,
        ``ACTIVITES_ECHANGEES``, ``ACTIVITE_REPETEE``, ``ACTIVITE_RECOPIEE``, ``ACTIVITE_MANQUANTE``,
        ``ACTIVITE_ABSENTE``, ``ACTIVITE_NON_REPRISE``, ``PRIX_PAR_TRAJET_ATYPIQUE``, ``ETABLISSEMENT_NON_DECRIT``.
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
    steady = rows[~rows["finess"].isin(moved) & rows["finess"].isin(known["finess"])]
    repeated, explained = find_repeated_counts(rows)
    odd, moved_cells = find_odd_counts(steady)
    return [
        *_parts(rows),
        *_sums(rows),
        *_fractions(rows),
        *_unfinished(rows, last_month),
        *repeated,
        *odd,
        *_left_out(steady),
        *_counts_left_out(steady),
        *_absent(store, rows, known),
        *find_trip_prices(store, moved_cells | explained),
        *find_lost_activity(rows, merged, known),
    ]


def _finding(row: Any, code: str, example: str, remedy: str, severity: Severity = "warning") -> Finding:
    place = f"{row['finess']}, {activity_label(row['activity'])}, {row['period']}"
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
            f"({activity_label(row['whole']).lower()})",
            "La part dépasse 100 % : l'un des deux nombres est faux.",
            "error",
        )


def _sums(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield the modes of transport whose trips by occasion are more than all of them."""
    parts = rows.assign(
        whole=rows["activity"].map({code: _WHOLE_OF[code] for code in _WHOLE_OF if code.startswith("trips_")})
    )
    sums = (
        parts.dropna(subset=["whole"])
        .groupby(["finess", "period", "whole"], as_index=False)["count_nb"]
        .agg(["sum", "max"])
    )
    wholes = rows.rename(columns={"activity": "whole"})
    both = sums.merge(wholes, on=["finess", "period", "whole"])
    for row in both[(both["sum"] > both["count_nb"]) & (both["max"] <= both["count_nb"])].to_dict("records"):
        yield _finding(
            {**row, "activity": row["whole"]},
            "PARTIE_AU_DESSUS_DU_TOUT",
            f"{french.number(row['sum'], 0)} pour tous les motifs, {french.number(row['count_nb'], 0)} en tout",
            "Les parties font plus que leur tout : l'un de ces nombres est faux.",
            "error",
        )


def _unfinished(rows: pd.DataFrame, last_month: pd.Timestamp | None) -> Iterator[Finding]:
    """Yield the periods that end after the last month of the campaign: a cumul written as a whole year."""
    if last_month is None:
        return
    year, month = (
        rows["period"].str[:4].astype(int),
        rows["period"].str.extract(r"-M?(\d{2})$")[0].fillna("12").astype(int),
    )
    late = rows[12 * year + month > 12 * last_month.year + last_month.month]
    for (delivery, period), lines in late.groupby(["delivery", "period"], sort=True):
        yield Finding(
            str(delivery), "PERIODE_INACHEVEE", f"activité, {period}", "warning", len(lines), lines["finess"].iloc[0],
            f"Cette période finit après {french.month_year(last_month)}, dernier mois de la campagne : un cumul "
            f"s'écrit {last_month:%Y-M%m}. {_REGISTER}",
        )  # fmt: skip


def _fractions(rows: pd.DataFrame) -> Iterator[Finding]:
    for row in rows[[count != count.to_integral_value() for count in rows["count_nb"]]].to_dict("records"):
        example = french.number(row["count_nb"], 3)
        yield _finding(row, "NOMBRE_NON_ENTIER", example, "Un nombre d'actes est entier.")


def _left_out(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield the years that an establishment does not have after one that it has."""
    received = {int(period[:4]) for period in rows["period"]}
    known = rows.assign(year=rows["period"].str[:4].astype(int))
    for _, group in known.groupby("finess", sort=True):
        own = set(group["year"])
        for year in sorted(received - own):
            if min(own) < year:
                yield Finding(
                    "campagne", "ACTIVITE_MANQUANTE", f"{group['finess'].iloc[0]}, {year}", "warning", 1,
                    f"activité reçue pour {french.list_in_words([str(one) for one in sorted(own)])}",
                    "Aucune ligne pour cette année, que d'autres établissements ont : comptée comme manquante. "
                    "La demander.",
                )  # fmt: skip


def _counts_left_out(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield the counts that an establishment has in all its other periods, and not in one of which it has others."""
    for finess, own in rows.groupby("finess", sort=True):
        periods = sorted(own["period"].unique())
        if len(periods) <= _FEWEST_PERIODS_NB:
            continue
        by_activity = own.groupby("activity", sort=True)["period"].agg(set)
        missing: dict[str, list[str]] = {}
        for activity, received in by_activity.items():
            if len(received) == len(periods) - 1:
                missing.setdefault(next(iter(set(periods) - received)), []).append(str(activity))
        for period, activities in sorted(missing.items()):
            named = [activity_label(activity) for activity in activities]
            yield Finding(
                own["delivery"].iloc[0], "ACTIVITE_MANQUANTE", f"{finess}, {named[0]}, {period}", "warning", len(named),
                french.list_in_words(named[:3]) + ("…" if len(named) > 3 else ""),
                "Reçue pour toutes les autres périodes de cet établissement : comptée comme manquante, et non comme "
                "zéro. Fichier coupé, ou ligne perdue : la demander ; écrire 0 s'il n'y en a pas eu.",
            )  # fmt: skip


def _absent(store: Store, rows: pd.DataFrame, known: pd.DataFrame) -> Iterator[Finding]:
    """Yield the few establishments that have PHMEV and no activity, and the activity of those that nobody describes."""
    counted = set(rows["finess"])
    nameless = known["category"].isna() & known["department"].isna() & known["name"].str.startswith("Établissement ")
    described = set(known["finess"][~nameless])
    lost = sorted(counted - set(known["finess"]))
    if lost:
        sites = dict(zip(known["finess_et"], known["finess"], strict=True))
        where = f" (site de {sites[lost[0]]})" if lost[0] in sites else ""
        yield Finding(
            rows["delivery"].iloc[0], "ETABLISSEMENT_NON_DECRIT", f"activité{where}", "warning", len(lost), lost[0],
            "Cette activité n'est rattachée à aucun établissement suivi : FINESS d'un site pour une entité juridique, "
            "ou l'inverse, ou chiffre changé. Corriger le FINESS, ou ajouter l'établissement.",
        )  # fmt: skip
    if not store.has(tables.MONTHLY_SPEND):
        return
    years = sorted({int(period[:4]) for period in rows["period"]})
    spent = store.query(
        "select finess, sum(amount_eur) as eur from monthly_spend where year(month) between ? and ? and amount_eur > 0 "
        "and envelope = 'phmev' group by finess order by eur desc, finess",
        [years[0], years[-1]],
    )
    followed = [finess for finess in spent["finess"] if finess in described]
    absent = [finess for finess in followed if finess not in counted]
    if absent and len(absent) <= ABSENT_SHARE * len(followed):
        yield Finding(
            rows["delivery"].iloc[0], "ACTIVITE_ABSENTE", "activité", "warning", len(absent), absent[0],
            "De la PHMEV et aucune ligne d'activité, que les autres établissements ont : fichier coupé, FINESS "
            "différent, ou établissement à demander.",
        )  # fmt: skip
