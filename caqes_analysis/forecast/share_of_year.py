"""Year-end projection by the share of the year already spent at the same month of earlier years."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.perimeter import GRID_TO_DATE
from caqes_analysis.store import Store

__all__ = ["METHOD", "project_share_of_year"]

METHOD = "part de l'année"
"""Name under which every projection of this module is printed."""

_YEARS_OF_SHARES_NB = 3


def project_share_of_year(
    store: Store, *, year: int, month_nb: int, finess: Sequence[str] | None = None
) -> pd.DataFrame:
    """Project the year of each establishment and envelope from its months observed.

    The share of the year spent from January to ``month_nb`` is the mean of that share over the (at most three)
    complete years before; the projection is ``observed / share`` (``docs/methods/projection.md``).

    Parameters
    ----------
    store
        Store with the table ``monthly_grid``.
    year
        Year to project.
    month_nb
        Last month observed (not provisional).
    finess
        Establishments wanted; all when None.

    Returns
    -------
    DataFrame
        Table ``forecasts``, series ``finess/envelope``. ``expected_eur`` equals ``median_eur``; the method gives no
        interval, so bounds and probability are missing. Where nothing can be estimated the amounts are missing and
        ``reason`` says why, in French.
    """
    parameters = {
        "year": year,
        "month_nb": month_nb,
        "years_nb": _YEARS_OF_SHARES_NB,
        "finess": list(finess) if finess is not None else None,
    }
    rows = store.query(_PROJECTION, parameters)
    rows["method"] = METHOD
    rows["as_of"] = pd.Timestamp(year, month_nb, 1)
    return tables.FORECASTS.conform(rows)


_PROJECTION = f"""
with cells as (
  select * from ({GRID_TO_DATE})
  where year <= $year::int and ($finess is null or list_contains($finess, finess))
),
sums as (
  select finess, envelope, year,
         sum(amount_eur) filter (m <= $month_nb::int) as begun_eur,
         count(amount_eur) filter (m <= $month_nb::int) as begun_nb,
         sum(amount_eur) as total_eur, count(amount_eur) as months_nb,
         case when count(*) filter (m <= $month_nb::int and value_status <> 'not_applicable') = $month_nb::int
              then max(to_date_eur) filter (m = $month_nb::int) end as cumul_begun_eur,
         case when count(*) filter (value_status <> 'not_applicable') = 12
              then max(to_date_eur) filter (m = 12) end as cumul_total_eur,
         bool_or(value_status <> 'not_applicable') as is_active
  from cells group by finess, envelope, year
),
-- Months that only a cumulative delivery covers count when the cumul is known where it is read.
years as (
  select * replace (
    coalesce(cumul_begun_eur, begun_eur) as begun_eur,
    case when cumul_begun_eur is null then begun_nb else $month_nb::int end as begun_nb,
    coalesce(cumul_total_eur, total_eur) as total_eur,
    case when cumul_total_eur is null then months_nb else 12 end as months_nb)
  from sums
),
shares as (
  select finess, envelope, avg(begun_eur::double / total_eur::double) as share, count(*) as years_nb
  from years
  where year < $year::int and year >= $year::int - $years_nb::int and months_nb = 12 and total_eur > 0
    and begun_eur > 0
  group by finess, envelope
),
joined as (
  select y.finess, y.envelope, y.begun_eur, y.begun_nb, s.share, s.years_nb,
         case when p.months_nb = 12 then p.total_eur end as previous_eur
  from years y
  left join shares s using (finess, envelope)
  left join years p on p.finess = y.finess and p.envelope = y.envelope and p.year = y.year - 1
  where y.year = $year::int and y.is_active
),
projected as (
  select *,
         case when begun_nb = $month_nb::int and share > 0 then round(begun_eur::double / share, 2) end as landing_eur
  from joined
)
select finess || '/' || envelope as series, $year::int as year, begun_nb as observed_months_nb,
       begun_eur::decimal(18, 2) as observed_eur, previous_eur::decimal(18, 2) as previous_eur,
       landing_eur::decimal(18, 2) as expected_eur, landing_eur::decimal(18, 2) as median_eur,
       case when previous_eur > 0 then 100 * (landing_eur / previous_eur::double - 1) end as evolution_pct,
       case when begun_nb < $month_nb::int then 'non estimable : un mois de l''année manque'
            when share is null then 'non estimable : aucune année antérieure complète'
            else case when years_nb = 1 then 'part de l''année antérieure'
                      else 'part moyenne de ' || years_nb || ' années antérieures' end
                 || case when previous_eur is null then ' ; pas de taux : année précédente incomplète' else '' end
       end as reason
from projected order by series
"""
