"""Deliveries that are not what their date says: without their own month, or that change months closed long ago."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.activities import activity_label
from caqes_analysis.deliveries import restatements
from caqes_analysis.quality.corrections import without_corrected
from caqes_analysis.quarters import QUARTERS
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["check_closed_periods", "check_deliveries"]

CLOSED_MONTHS_NB: Final = 12
"""A month that old is no longer completed from one delivery to the next…"""
RARE_SHARE: Final = 0.05
"""… where at most this share of the months so old have changed: elsewhere the sender restates them all (package's
choice)."""
_REMEDY: Final = "Rien n'est changé."


def check_deliveries(store: Store, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the monthly deliveries of a campaign, set side by side, say against each other.

    Parameters
    ----------
    store
        Store with ``monthly_spend``, ``deliveries``, and ``replaced_spend`` where a delivery replaced another.
    names
        Name of each envelope, by code.

    Yields
    ------
    Finding
        ``LIVRAISON_SANS_SON_MOIS``, ``MOIS_CLOS_MODIFIE``, ``TRIMESTRES_DANS_LES_MOIS``.
    """
    yield from _quarters(store, names)
    yield from _without_their_month(store)
    yield from _closed_months(store, names)


def _quarters(store: Store, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the series whose amounts stand at the ends of quarters only: they are read as quarters, never as months.

    An envelope of which nobody has another month is one finding.
    """
    rows = store.query(
        f"""
        select envelope, case when is_whole then '' else finess end as series, min(finess) as finess,
               count(distinct finess)::bigint as establishments_nb, min(delivery) as delivery,
               count(*)::bigint as quarters_nb, count(*) filter (cumulative_eur is null)::bigint as lost_nb,
               min(month) as first, max(month) as last
        from ({QUARTERS}) join (
          select envelope, bool_and(month(month) % 3 = 0) as is_whole
          from monthly_spend where amount_eur is not null group by envelope
        ) using (envelope)
        group by 1, 2 order by 1, 2
        """
    )
    for row in rows.to_dict("records"):
        lost = f" Sans effet après un trimestre absent de la même année : {row['lost_nb']}." if row["lost_nb"] else ""
        label = names.get(row["envelope"], row["envelope"])
        several = f"{row['establishments_nb']} établissements, dont {row['finess']} : "
        is_alone = row["establishments_nb"] == 1
        yield Finding(
            delivery=row["delivery"],
            code="TRIMESTRES_DANS_LES_MOIS",
            place=f"{row['finess']}, {label}" if is_alone else label,
            severity="warning",
            count=int(row["quarters_nb"]),
            example=f"{'' if is_alone else several}montants aux seules fins de trimestre, de "
            f"{french.month_year(row['first'])} à {french.month_year(row['last'])}",
            remedy="Lus comme des trimestres : cumuls depuis janvier, jamais des mois ni des mois manquants. Si ce "
            f"sont des mois seuls, demander les autres.{lost}",
        )


def _without_their_month(store: Store) -> Iterator[Finding]:
    """Yield the deliveries that stop before the month they are said to be drawn up at, which another one gives."""
    rows = store.query(
        """
        with every as (
          select delivery, envelope, month, amount_eur from monthly_spend
          union all select delivery, envelope, month, amount_eur from replaced_spend
        ),
        ends as (
          select delivery, envelope, max(month) as last_month, count(*) as values_nb from every
          where amount_eur is not null and delivery not in (select delivery from cumulative_spend) group by all
        ),
        known as (select envelope, max(month) as last_month from every where amount_eur is not null group by envelope)
        select e.delivery, max(e.last_month) as last_month, any_value(d.as_of) as as_of,
               sum(e.values_nb)::bigint as values_nb
        from ends e join deliveries d using (delivery) join known k using (envelope)
        where k.last_month >= d.as_of group by e.delivery having max(e.last_month) < any_value(d.as_of) order by 1
        """
    )
    for row in rows.to_dict("records"):
        yield Finding(
            delivery=row["delivery"],
            code="LIVRAISON_SANS_SON_MOIS",
            place="mois",
            severity="warning",
            count=int(row["values_nb"]),
            example=f"arrêtée à {french.month_year(row['as_of'])}, dernier mois reçu : "
            f"{french.month_year(row['last_month'])}",
            remedy="Cause probable : une ancienne livraison reçue à la place de la nouvelle, ou as_of mal écrit. La "
            f"redemander, ou corriger as_of : les mois complétés s'y trompent d'âge. {_REMEDY}",
        )


def _closed_months(store: Store, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the old months, few among as old ones, that a delivery gives otherwise than the one before."""
    changes = restatements(store)
    if changes.empty:
        return
    changes = without_corrected(store, changes)
    old = changes[_ages(changes["as_of"], changes["month"]) >= CLOSED_MONTHS_NB]
    if old.empty:
        return
    given = store.query(
        """
        with every as (
          select finess, month, envelope, amount_kind, delivery from monthly_spend
          union all select finess, month, envelope, amount_kind, delivery from replaced_spend
        )
        select one.envelope, one.delivery as old_delivery, other.delivery as new_delivery, count(*) as both_nb
        from every one join every other using (finess, month, envelope, amount_kind)
        where one.delivery <> other.delivery and month <= (select max(month) from every) - to_months($months_nb)
        group by all
        """,
        {"months_nb": CLOSED_MONTHS_NB},
    ).set_index(["envelope", "old_delivery", "new_delivery"])["both_nb"]
    for (envelope, before, after), rows in old.groupby(["envelope", "old_delivery", "new_delivery"], sort=True):
        if len(rows) > max(RARE_SHARE * int(given.get((envelope, before, after), 0)), 1):
            continue
        first = rows.sort_values(["month", "finess"]).iloc[0]
        yield Finding(
            delivery=str(after),
            code="MOIS_CLOS_MODIFIE",
            place=f"{first['finess'] if rows['finess'].nunique() == 1 else 'plusieurs établissements'}, "
            f"{names.get(str(envelope), envelope)}, {french.month_year(first['month'])}",
            severity="warning",
            count=len(rows),
            example=f"{first['finess']} : {_amount(first['old_eur'])} ({before}), puis {_amount(first['new_eur'])}",
            remedy="Un mois clos depuis un an ou plus ne change plus, et presque aucun autre n'a changé : saisie "
            "ou régularisation tardive, à confirmer. La dernière livraison vaut. "
            f"{_REMEDY}",
        )


def check_closed_periods(store: Store) -> Iterator[Finding]:
    """Yield the old periods, few among as old ones, whose activity or LPP a delivery gives otherwise than before.

    Parameters
    ----------
    store
        Store with ``activity`` or ``lpp_spend``, and ``restated_values`` where a delivery changed another.

    Yields
    ------
    Finding
        ``PERIODE_CLOSE_MODIFIEE``.
    """
    if not store.has(tables.RESTATED_VALUES):
        return
    rows = store.query(
        """
        with given as (
          select 'activity' as source_table, delivery, period from activity
          union all select 'lpp_spend', delivery, period from lpp_spend
        ),
        ends as (  -- 2024, 2024-09, 2024-M09: the last month of each
          select source_table, delivery, period,
                 make_date(left(period, 4)::int, if(length(period) = 4, 12, right(period, 2)::int), 1) as month
          from given
        ),
        limits as (select source_table, max(month) - to_months($months_nb) as month from ends group by source_table),
        closed as (select e.* from ends e join limits l using (source_table) where e.month <= l.month),
        everyone as (select source_table, count(*) as closed_nb from closed group by source_table),
        counted as (select source_table, delivery, count(*) as given_nb from closed group by all),
        changed as (
          select source_table, delivery, old_delivery, count(*) as changed_nb,
                 min((period, finess, item)) as first_of, count(distinct finess) as finess_nb
          from restated_values r
          where exists (select 1 from closed c where c.source_table = r.source_table and c.period = r.period)
          group by all
        )
        -- A delivery of which nothing counts any more, since a later one gives it all again, gave as many as there are.
        select changed.* from changed join everyone using (source_table)
        left join counted using (source_table, delivery)
        where changed_nb <= greatest($share * coalesce(given_nb, closed_nb), 1)
        order by source_table, delivery, old_delivery
        """,
        {"months_nb": CLOSED_MONTHS_NB, "share": RARE_SHARE},
    )
    for row in rows.to_dict("records"):
        period, finess, item = row["first_of"].values()
        what = f"LPP {item}" if row["source_table"] == tables.LPP_SPEND.name else activity_label(item)
        yield Finding(
            delivery=str(row["delivery"]),
            code="PERIODE_CLOSE_MODIFIEE",
            place=f"{finess if row['finess_nb'] == 1 else 'plusieurs établissements'}, {what}, {period}",
            severity="warning",
            count=int(row["changed_nb"]),
            example=f"{finess}, {what}, {period} : {row['old_delivery']}, puis {row['delivery']}",
            remedy="Une période close depuis un an ou plus ne change plus, et presque aucune autre n'a changé : "
            "saisie ou régularisation tardive, à confirmer (valeurs dans la liste de celles qui ont été modifiées). "
            f"La dernière livraison vaut. {_REMEDY}",
        )


def _ages(as_of: pd.Series[pd.Timestamp], months: pd.Series[pd.Timestamp]) -> pd.Series[int]:
    later, earlier = pd.to_datetime(as_of), pd.to_datetime(months)
    return (later.dt.year - earlier.dt.year) * 12 + later.dt.month - earlier.dt.month


def _amount(value: object) -> str:
    return "manquant" if pd.isna(value) else french.euros(value, cents=True)  # type: ignore[call-overload]
