"""Year-end landing: what the whole year will amount to, from its first months, and how sure that is."""

from caqes_analysis.forecast.backtest import backtest
from caqes_analysis.forecast.calibration import Calibration, calibrate
from caqes_analysis.forecast.year_end import forecast_year_end, simulate_year_end

__all__ = ["Calibration", "backtest", "calibrate", "forecast_year_end", "simulate_year_end"]
