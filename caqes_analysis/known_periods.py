"""Whether a period is known of an establishment and envelope, by its months or by cumuls: one rule for every count."""

from __future__ import annotations

from caqes_analysis.perimeter import GRID_TO_DATE

__all__ = ["KNOWN_TO_DATE", "UNKNOWN_MONTHS"]

KNOWN_TO_DATE = f"""
select finess, envelope, year, m as month_nb, to_date_eur as amount_eur, to_date_eur is not null as is_known,
       bool_or(value_status <> 'not_applicable') over (partition by finess, envelope, year order by m) as has_begun,
       m = max(m) over (partition by year) as is_last,
       bool_or(is_provisional) over (partition by finess, envelope, year order by m) as is_provisional,
       bool_or(is_corrected) over (partition by finess, envelope, year order by m) as is_corrected
from ({GRID_TO_DATE})
"""
"""What each establishment of today spent of each envelope from January to each month, and whether that is whole.

``is_known`` says that nothing lacks: every month was received, or is covered by a cumul that those received since
complete. A year is whole when month 12 is known. ``has_begun`` is false while the envelope does not apply to the
establishment; ``is_last`` tells the last month of the year that the region follows;
``is_provisional`` and ``is_corrected`` are those of any of the months."""

UNKNOWN_MONTHS = """
select finess, envelope, year(month) as year, month(month) as m, month, is_provisional
from (
  select *, max(case when cumulative_eur is not null then month end)
              over (partition by finess, envelope, year(month)) as last_cumul
  from monthly_grid
)
where value_status = 'missing' and coalesce(month > last_cumul, true)
"""
"""The months that are missing and that no later cumul of their year covers: those that make a period unknown."""
