"""Quarters written in a file of months: amounts at the last month of each quarter, and at no other month."""

from __future__ import annotations

from typing import Final

__all__ = ["QUARTERS", "QUARTER_SERIES"]

_FEWEST_NB: Final = 4
"""Amounts that make quarters of a series, as forecasts read them (package's choice)…"""
_TOLD_SHARE: Final = 0.75
"""… of so many of the quarters from the first one to the last at least: a few months received are no quarters."""

QUARTER_SERIES: Final = f"""
select finess, envelope, amount_kind, min(month) as first_end from monthly_spend m
where amount_eur is not null and not exists (
  select 1 from cumulative_spend c
  where c.finess = m.finess and c.envelope = m.envelope and c.amount_kind = m.amount_kind)
group by finess, envelope, amount_kind
having count(*) >= {_FEWEST_NB} and bool_and(month(month) % 3 = 0)
   and count(*) >= {_TOLD_SHARE} * (datediff('quarter', min(month), max(month)) + 1)
"""
"""Series of ``monthly_spend`` known at the ends of quarters only: four amounts at least, and three quarters of four."""

QUARTERS: Final = f"""
select finess, envelope, amount_kind, month, is_provisional, is_corrected, amount_eur, delivery,
       make_date(year(month)::int, first_q * 3 - 2, 1) as period_start,
       case when count(*) over since = quarter(month) - first_q + 1 then sum(amount_eur) over since end
         as cumulative_eur
from (
  select m.*, case when year(month) = year(first_end) then quarter(first_end) else 1 end::int as first_q
  from monthly_spend m join ({QUARTER_SERIES}) using (finess, envelope, amount_kind)
  where amount_eur is not null
)
window since as (partition by finess, envelope, amount_kind, year(month) order by month)
"""
"""Their amounts as a cumulative delivery would give them: ``cumulative_eur`` since January (since the first quarter of
the series in its first year), missing after a quarter that is."""
