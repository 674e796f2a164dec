from __future__ import annotations

import pytest

from caqes_analysis.errors import CaqesError
from caqes_analysis.forecast import Calibration, calibrate, forecast_year_end
from tests.forecast.series import region, until


def test_is_read_back_as_it_was_written() -> None:
    monthly = until(region(15), "2024-06-01")
    calibration = calibrate(monthly, year=2024, observed_months=[6])
    again = Calibration.from_json(calibration.to_json())
    assert again == calibration
    assert again.sha256 == calibration.sha256
    direct = forecast_year_end(monthly, year=2024)
    assert forecast_year_end(monthly, year=2024, calibration=again).equals(direct)


def test_reads_earlier_years_only() -> None:
    monthly = region(15)
    late = monthly.assign(amount_eur=monthly["amount_eur"].where(monthly["month"] < "2023-01-01", 7.0))
    first = calibrate(monthly, year=2023, observed_months=[3, 9])
    assert calibrate(late, year=2023, observed_months=[3, 9]).sha256 == first.sha256
    assert calibrate(late, year=2024, observed_months=[3, 9]).sha256 != first.sha256


def test_weights_are_shares_and_quantiles_rise() -> None:
    calibration = calibrate(region(25), year=2024, observed_months=[9])
    learned = calibration.seasoned[9]
    assert sum(learned.combination.weights) == pytest.approx(1, abs=1e-6)
    assert min(learned.combination.weights) >= 0
    assert list(learned.dispersion.quantiles) == sorted(learned.dispersion.quantiles)
    assert learned.dispersion.errors_nb == 75
    assert learned.dispersion.years_nb == 3


def test_months_out_of_the_year_and_other_texts_are_refused() -> None:
    with pytest.raises(CaqesError, match="PREVISION_MOIS_OBSERVES"):
        calibrate(region(3), year=2024, observed_months=[0, 12])
    with pytest.raises(CaqesError, match="CALIBRAGE_ILLISIBLE"):
        Calibration.from_json("{}")
