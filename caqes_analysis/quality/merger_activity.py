"""The activity of a merged establishment, against that of the one that took it over: it goes on there, or was lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from caqes_analysis import french
from caqes_analysis.activities import TRIPS_OF_ANY_MODE, activity_label
from caqes_analysis.quality.activity_paces import paced_rows
from caqes_analysis.sources.findings import Finding

__all__ = ["find_lost_activity"]

LOST_SHARE: Final = 0.8
"""A merger after which four fifths of the merged establishment's activity are in neither of the two is told (package's
choice)…"""
LEAST_PART: Final = 0.15
"""… where it was this part of their activity together at least: a smaller one is lost in what a year moves."""
_LEAST_NB: Final = 100
_WHOLE: Final = {code: one.code for code, one in TRIPS_OF_ANY_MODE.items()}


def find_lost_activity(rows: pd.DataFrame, successions: pd.DataFrame, known: pd.DataFrame) -> Iterator[Finding]:
    """Yield the mergers after which the successor has not the activity that the merged establishment had.

    Its euros and trips may well have passed: its rates by stay or by consultation then compare with nothing.

    Parameters
    ----------
    rows
        Lines of ``activity`` (``finess, period, activity, count_nb, delivery``); those of a single month are not read.
    successions
        Table ``successions``.
    known
        Table ``establishments``, of which ``valid_to`` is the end of the merged one.
    """
    paces = paced_rows(rows)
    paces = paces.assign(year=paces["period"].str[:4].astype(int), until=paces["period"].map(_last_month))
    ends = known.dropna(subset=["valid_to"]).groupby("finess")["valid_to"].max()
    moved = successions[successions["finess"] != successions["current_finess"]]
    for gone, heir in zip(moved["finess"], moved["current_finess"], strict=True):
        if gone not in ends.index:
            continue
        closed = pd.Timestamp(ends[gone]).year
        lost = _lost(paces[paces["finess"].isin([gone, heir])], str(gone), closed)
        if lost.empty:
            continue
        first = lost.iloc[0]
        names = french.list_in_words([activity_label(code) for code in lost["activity"]])
        yield Finding(
            delivery=str(first["delivery"]),
            code="ACTIVITE_NON_REPRISE",
            place=f"{heir}, {names}",
            severity="warning",
            count=len(lost),
            example=f"{activity_label(first['activity'])} : {french.number(first['after'], 0)} en "
            f"rythme annuel en {first['year']}, {french.number(first['before'], 0)} en {closed - 1} avec {gone}, "
            "repris depuis",
            remedy="L'activité d'un établissement repris manque chez son repreneur : ses taux par séjour ou par "
            "consultation ne se comparent pas. Rien n'est changé, à vérifier avec la source.",
        )


def _lost(paces: pd.DataFrame, gone: str, closed: int) -> pd.DataFrame:
    """Return, by activity, what the two did the year before the closure and do since, where a part is lost.

    Periods of a year overlap: of each, the longest alone is read. Trips are read whatever their mode: a successor that
    sends by taxi those who went by ambulance has lost nothing, be that mode new to both or left by both.
    """
    earlier, later = _longest(paces[paces["year"] == closed - 1]), _longest(paces[paces["year"] > closed])
    last = later[later["year"] == later.groupby("activity")["year"].transform("max")]
    earlier, last = (one.assign(activity=one["activity"].replace(_WHOLE)) for one in (earlier, last))
    before = earlier.groupby("activity")["pace"].sum()
    own = earlier[earlier["finess"] == gone].groupby("activity")["pace"].sum().reindex(before.index).fillna(0.0)
    after = last.groupby("activity").agg(after=("pace", "sum"), year=("year", "max"), delivery=("delivery", "first"))
    found = after.join(before.rename("before"), how="inner").join(own.rename("own")).reset_index()
    is_large = (found["own"] >= _LEAST_NB) & (found["own"] >= LEAST_PART * found["before"])
    return found[is_large & (found["after"] < found["before"] - LOST_SHARE * found["own"])]


def _longest(paces: pd.DataFrame) -> pd.DataFrame:
    """Return, of each establishment, activity and year, the period that ends last."""
    keys = ["finess", "activity", "year"]
    return paces.sort_values([*keys, "until"]).drop_duplicates(keys, keep="last")


def _last_month(period: str) -> str:
    """Return the month at which a period ends, to be ordered."""
    return period if len(period) > len("2024") else f"{period}-M12"
