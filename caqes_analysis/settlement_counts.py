"""Deliveries of activity, of LPP by code and of prescribers: which gives each value, and what the later one changes."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.findings import Findings
from caqes_analysis.store import Store
from caqes_analysis.superseding import Dates, rewrite, supersede

__all__ = ["refuse_prescribers_twice", "settle_counts"]


def refuse_prescribers_twice(store: Store) -> None:
    """Refuse lists that give the same product of the same prescriber the same year: its euros would count twice.

    Parameters
    ----------
    store
        Store in which every list has been written.

    Raises
    ------
    SourceError
        ``DOUBLON_ENTRE_LIVRAISONS``, a problem per set of files. A list is a whole year: no date makes one replace
        another line by line, since what the later one no longer gives would stay.
    """
    if not store.has(tables.PRESCRIBER_SPEND):
        return
    twice = store.query(
        """
        with listed as (
          select finess, year, prescriber, code, list_sort(list(distinct coalesce(d.file, p.delivery))) as files
          from prescriber_spend p left join deliveries d using (delivery)
          group by all having count(distinct p.delivery) > 1
        )
        select files, count(*) as lines_nb, min((finess, year, prescriber, code)) as first_of
        from listed group by files order by files
        """
    )
    if len(twice):
        raise SourceError(
            Problem(
                "DOUBLON_ENTRE_LIVRAISONS",
                f"plusieurs listes par prescripteur ({', '.join(row['files'])}) donnent le même produit du même "
                "prescripteur, la même année : ses boîtes et ses euros compteraient deux fois.",
                "Ne nommer que la liste la plus complète de l'année ; si les deux se complètent (deux semestres), les "
                "réunir en un seul fichier dont les lignes sont additionnées.",
                column="sources.prescriber_spend",
                value=", ".join(str(part) for part in row["first_of"].values()),
                count=int(row["lines_nb"]),
            )
            for row in twice.to_dict("records")
        )


def settle_counts(store: Store, dates: Dates) -> Findings:
    """Keep, of the activity and of the LPP by code, the value of the last delivery that gives it.

    Parameters
    ----------
    store
        Store in which every delivery has been written.
    dates
        By delivery, its date of reception and its month.

    Raises
    ------
    SourceError
        ``DOUBLON_ENTRE_LIVRAISONS``; ``ANNEE_ET_MOIS`` when a code of the LPP is given for a year and its months.
    """
    for table, item in ((tables.ACTIVITY, "activity"), (tables.LPP_SPEND, "lpp")):
        if store.has(table):
            rows = store.read(table)
            valid = supersede(rows, ["finess", "period", item], dates)
            if (valid != rows["delivery"]).any():
                rewrite(store, table, rows[valid == rows["delivery"]], set(rows["delivery"]))
    if store.has(tables.LPP_SPEND):
        _refuse_years_with_months(store.read(tables.LPP_SPEND))
    return Findings()


def _refuse_years_with_months(rows: pd.DataFrame) -> None:
    """Refuse a code given for a year and for months of it: its euros would be counted twice."""
    whole = rows[rows["period"].str.len() == 4]
    months = rows[rows["period"].str.len() > 4]
    months = months.assign(month=months["period"], period=months["period"].str[:4])
    both = whole.merge(months, on=["finess", "lpp", "period"], suffixes=("", "_of_month"))
    if both.empty:
        return
    first = both.sort_values(["finess", "lpp", "month"]).iloc[0]
    raise SourceError.of(
        "ANNEE_ET_MOIS",
        f"ce code est donné pour l'année entière ({first['delivery']}) et pour un de ses mois "
        f"({first['month']}, {first['delivery_of_month']}) : ses euros seraient comptés deux fois.",
        "Ne garder que l'année ou que les mois.",
        value=f"{first['finess']}, {first['lpp']}, {first['period']}",
        count=len(both.drop_duplicates(["finess", "lpp", "period"])),
    )
