"""The figures of the report: each takes a tidy frame and returns a :class:`~caqes_analysis.display.Figure`.

A figure carries one message, written from the data as its title; its alternative text is written from the data too, and
the data table comes with it. What none of them does: repair, sum or compare what the frame does not hold.
"""

from caqes_analysis.display.charts_bars import top_classes, year_totals
from caqes_analysis.display.charts_completeness import completeness_heatmap
from caqes_analysis.display.charts_contributions import contributions
from caqes_analysis.display.charts_cumulative import Projection, cumulative_path
from caqes_analysis.display.charts_dumbbell import dumbbells
from caqes_analysis.display.charts_errors import past_errors
from caqes_analysis.display.charts_forecast import forecast_track
from caqes_analysis.display.charts_map import department_map
from caqes_analysis.display.charts_monthly import monthly_spending
from caqes_analysis.display.charts_panels import small_multiples
from caqes_analysis.display.charts_position import distribution
from caqes_analysis.display.charts_rate import cumulative_rate
from caqes_analysis.display.charts_trend import yearly_trend
from caqes_analysis.display.charts_verdicts import verdict_grid
from caqes_analysis.display.charts_waterfall import waterfall

__all__ = [
    "Projection",
    "completeness_heatmap",
    "contributions",
    "cumulative_path",
    "cumulative_rate",
    "department_map",
    "distribution",
    "dumbbells",
    "forecast_track",
    "monthly_spending",
    "past_errors",
    "small_multiples",
    "top_classes",
    "verdict_grid",
    "waterfall",
    "year_totals",
    "yearly_trend",
]
