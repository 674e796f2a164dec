"""The simulated lines against the real ones, each with its tolerance."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis.simulation import write_open_phmev
from caqes_analysis.simulation.marginals import LINE_CAP_SHARE, compute, main

SAMPLE = "OPEN_PHMEV_2024_echantillon_national.csv"
MASKED = "9" * 13


def read(path: Path) -> pd.DataFrame:
    lines = pd.read_csv(path, sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
    for name in ("BOITES", "REM", "BSE"):
        lines[name] = lines[name].str.replace(".", "").str.replace(",", ".").astype(float)
    return lines


@pytest.fixture(scope="module")
def real(real_data: Path) -> pd.DataFrame:
    lines = read(real_data / "phmev" / SAMPLE)
    # One line of 10,000 holds 15 % of the money: lines are capped, as docs of the marginals say.
    cap = LINE_CAP_SHARE * lines["REM"].sum()
    heavy = lines["REM"] > cap
    factor = cap / lines.loc[heavy, "REM"]
    for name in ("BOITES", "BSE", "REM"):
        lines.loc[heavy, name] *= factor
    return lines


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("national") / "OPEN_PHMEV_2024.CSV"
    write_open_phmev(path, rows_nb=600_000, establishments_nb=170, seed=2024, year=2024)
    return read(path)


def share_pct(lines: pd.DataFrame, column: str, measure: str | None) -> pd.Series:
    values = lines.groupby(column)[measure].sum() if measure else lines.groupby(column).size()
    return 100 * values / values.sum()


@pytest.mark.real
@pytest.mark.parametrize(
    ("column", "measure", "tolerance_points"),
    [
        ("atc1", None, 2.0),
        ("atc1", "BOITES", 3.0),
        ("atc1", "REM", 2.5),
        ("atc2", None, 1.5),
        ("atc2", "BOITES", 2.0),
        ("TOP_GEN", None, 2.0),
        ("TOP_GEN", "BOITES", 2.0),
        ("TOP_GEN", "REM", 2.0),
        ("age", None, 5.0),
        ("age", "BOITES", 2.0),
        ("SEXE", None, 3.0),
        ("SEXE", "BOITES", 5.0),
    ],
)
def test_shares(
    real: pd.DataFrame, simulated: pd.DataFrame, column: str, measure: str | None, tolerance_points: float
) -> None:
    gap = share_pct(simulated, column, measure).sub(share_pct(real, column, measure), fill_value=0.0)
    assert gap.abs().max() <= tolerance_points, gap.round(2).to_dict()


@pytest.mark.real
def test_masking(real: pd.DataFrame, simulated: pd.DataFrame) -> None:
    for column, value in (("CIP13", MASKED), ("ATC5", "9999999"), ("atc4", "99999"), ("atc2", "999")):
        there, here = (lines[column] == value for lines in (real, simulated))
        assert here.mean() == pytest.approx(there.mean(), rel=0.15, abs=0.001)
        money = [(lines["REM"] * mask).sum() / lines["REM"].sum() for lines, mask in ((real, there), (simulated, here))]
        assert money[1] == pytest.approx(money[0], rel=0.3, abs=0.01)


@pytest.mark.real
def test_prices_and_rates(real: pd.DataFrame, simulated: pd.DataFrame) -> None:
    told = [lines[lines["BOITES"] > 0] for lines in (real, simulated)]
    prices = [lines.groupby("atc1")["BSE"].sum() / lines.groupby("atc1")["BOITES"].sum() for lines in told]
    # A few costly products make the price of a small class, and a few university hospitals their use.
    gap = (prices[1] / prices[0] - 1).abs()
    assert gap.max() < 0.45, gap.round(2).to_dict()
    assert gap.median() < 0.10
    rates = [lines["REM"].sum() / lines["BSE"].sum() for lines in told]
    assert rates[1] == pytest.approx(rates[0], abs=0.015)
    middles = [(lines["REM"] / lines["BSE"]).quantile([0.05, 0.25, 0.5, 0.75]) for lines in told]
    assert (middles[1] - middles[0]).abs().max() < 0.06


@pytest.mark.real
def test_the_size_of_lines(real: pd.DataFrame, simulated: pd.DataFrame) -> None:
    for column in ("BOITES", "REM"):
        quantiles = [lines[column].quantile([0.25, 0.5, 0.75, 0.95]) for lines in (real, simulated)]
        assert (quantiles[1] / quantiles[0]).between(0.5, 2.0).all(), (quantiles[1] / quantiles[0]).to_dict()


@pytest.mark.real
def test_the_data_files_are_those_that_the_script_makes(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = files("caqes_analysis.simulation")
    for name, content in compute(real_data / "phmev").items():
        committed = here.joinpath(name).read_text(encoding="utf-8")
        if isinstance(content, pd.DataFrame):
            made = content.to_csv(sep=";", index=False, lineterminator="\n", float_format="%.6g")
        else:
            made = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        assert made == committed, name


def test_the_data_files_hold_no_establishment() -> None:
    names = sorted(entry.name for entry in files("caqes_analysis.simulation").iterdir() if "open_phmev_" in entry.name)
    data = [name for name in names if not name.endswith(".py")]
    assert data == [
        "open_phmev_atc.csv",
        "open_phmev_masked.csv",
        "open_phmev_mix.json",
        "open_phmev_presentations.csv",
    ]
    text = "".join(files("caqes_analysis.simulation").joinpath(name).read_text(encoding="utf-8") for name in data)
    assert len(text) < 300_000
    for word in ("etb_rgt", "nom_etb", "HOSPITALIER", "330781196"):
        assert word not in text


def test_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "DOSSIER" in capsys.readouterr().err
