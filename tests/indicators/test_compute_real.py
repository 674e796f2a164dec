"""Indicators on the real samples of Open PHMEV, against an independent computation in pandas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, tables
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.indicators.compute import compute_indicators
from caqes_analysis.sources import ingest_open_phmev
from caqes_analysis.store import Store

pytestmark = pytest.mark.real

SAMPLES = {
    "nouvelle-aquitaine": "OPEN_PHMEV_2024_nouvelle-aquitaine.csv",
    "national": "OPEN_PHMEV_2024_echantillon_national.csv",
}
EZETIMIBE = ["C10AX09", "C10BA02", "C10BA05", "C10BA06"]


@pytest.fixture(scope="module", params=list(SAMPLES))
def sample(
    request: pytest.FixtureRequest, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    """Name of the sample, its lines read by pandas alone, and the values of the package."""
    path = real_data / "phmev" / SAMPLES[request.param]
    raw = pd.read_csv(path, sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
    raw.columns = raw.columns.str.lower()
    for column in ("boites", "rem", "bse"):
        raw[column] = raw[column].str.replace(".", "", regex=False).str.replace(",", ".", regex=False).astype(float)
    store = Store(tmp_path_factory.mktemp("store"))
    ingest_open_phmev(path, store, year=2024, delivery="phmev-2024")
    store.write(tables.SUCCESSIONS, perimeter.successions(store.read(tables.ESTABLISHMENTS)), part="essai")
    values = compute_indicators(store, load_catalogue().values(), periods=["2024"])
    return request.param, raw, values


def region(values: pd.DataFrame, indicator: str, measure: str) -> pd.Series:
    kept = (values["indicator"] == indicator) & (values["measure"] == measure) & (values["level"] == "region")
    return values[kept & (values["perimeter"] == "courant")].iloc[0]


def by_finess(values: pd.DataFrame, indicator: str, measure: str) -> pd.DataFrame:
    kept = (values["indicator"] == indicator) & (values["measure"] == measure) & (values["level"] == "establishment")
    return values[kept & (values["perimeter"] == "courant")].set_index("finess")


def test_ipp_boxes_and_euros(sample: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    _, raw, values = sample
    ipp = raw[raw["atc4"] == "A02BC"]
    assert len(ipp) > 10
    assert region(values, "phev_ipp", "boxes_nb")["value"] == ipp["boites"].sum()
    assert round(region(values, "phev_ipp", "reimbursed_eur")["value"], 2) == round(ipp["rem"].sum(), 2)
    own = by_finess(values, "phev_ipp", "boxes_nb")
    expected = ipp.groupby("etb_rgt")["boites"].sum().reindex(raw["etb_rgt"].unique(), fill_value=0)
    pd.testing.assert_series_equal(own["value"].sort_index(), expected.sort_index(), check_names=False)


def test_ezetimibe(sample: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    _, raw, values = sample
    lines = raw[raw["atc5"].isin(EZETIMIBE)]
    assert len(lines) > 0
    assert region(values, "phev_ezetimibe", "boxes_nb")["value"] == lines["boites"].sum()
    assert round(region(values, "phev_ezetimibe", "reimbursed_eur")["value"], 2) == round(lines["rem"].sum(), 2)


def test_repertoire_with_and_without_masked_lines(sample: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    name, raw, values = sample
    boxes = raw.groupby("top_gen")["boites"].sum()
    inside, whole, masked = boxes["1"] + boxes["4"], boxes.sum(), boxes["9"]
    official = region(values, "repertoire_share", "share_pct")
    other = region(values, "repertoire_share", "unmasked_share_pct")
    assert official["value"] == pytest.approx(100 * inside / whole, rel=1e-14)
    assert other["value"] == pytest.approx(100 * inside / (whole - masked), rel=1e-14)
    assert official["masked_share"] == pytest.approx(masked / whole, rel=1e-14)
    if name == "national":
        assert (round(official["value"], 1), round(other["value"], 1)) == (47.6, 51.3)


def test_substitution_by_establishment(sample: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    _, raw, values = sample
    boxes = raw.pivot_table(index="etb_rgt", columns="top_gen", values="boites", aggfunc="sum", fill_value=0)
    inside = boxes["1"] + boxes["4"]
    expected = (100 * boxes["1"] / inside).where(inside > 0).sort_index()
    own = by_finess(values, "generic_substitution", "share_pct").sort_index()
    pd.testing.assert_series_equal(own["value"], expected, check_names=False, rtol=1e-14)
    assert set(own.loc[expected.isna().to_numpy(), "value_status"]) <= {"not_applicable"}


def test_biosimilar_uptake_of_every_molecule(sample: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    _, raw, values = sample
    flagged = raw[raw["top_gen"].isin(["B", "C"])]
    boxes = flagged.pivot_table(index="atc5", columns="top_gen", values="boites", aggfunc="sum", fill_value=0)
    definitions = {
        definition.measure("boxes_nb").numerator.where.split("'")[1]: definition.id  # type: ignore[union-attr]
        for name, definition in load_catalogue().items()
        if name.startswith("biosimilar_") and name != "biosimilar_uptake"
    }
    assert set(boxes.index) <= set(definitions), "a molecule of the file has no indicator"
    for atc, indicator in definitions.items():
        found = region(values, indicator, "share_pct")
        if atc in boxes.index:
            row = boxes.loc[atc]
            assert found["value"] == pytest.approx(100 * row["B"] / (row["B"] + row["C"]), rel=1e-14), indicator
            assert found["denominator"] == row["B"] + row["C"]
        else:
            assert found["value_status"] == "not_applicable", indicator
    every = region(values, "biosimilar_uptake", "share_pct")
    assert every["value"] == pytest.approx(100 * boxes["B"].sum() / boxes.sum().sum(), rel=1e-14)


def test_whole_amount_to_the_cent(sample: tuple[str, pd.DataFrame, pd.DataFrame]) -> None:
    name, _, values = sample
    expected = {"nouvelle-aquitaine": (162_934_894.76, 171_844_979.31), "national": (34_113_493.09, 36_235_686.11)}
    found = [region(values, "phmev_annual", measure)["value"] for measure in ("reimbursed_eur", "base_eur")]
    assert tuple(found) == expected[name]


def test_the_notes_on_marked_presentations_are_those_of_the_base(real_data: Path) -> None:
    """Where one side of a group is nearly not marked, its page says why a share is 0 % or 100 %."""
    marked = pd.read_csv(real_data / "phmev" / "phmev2024_biosimilar_flags_BC.csv", dtype=str)
    names = {
        (atc, flag): own["l_cip13"].str.split().str[0].tolist()
        for (atc, flag), own in marked.groupby(["ATC5", "TOP_GEN"])
    }
    assert names["L03AA02", "C"] == ["NEUPOGEN"]
    assert names["H01AC01", "C"] == ["GENOTONORM"]
    assert ("L03AA13", "C") not in names
    assert ("L04AC07", "B") not in names
    assert not any("TOUJEO" in own for (atc, _), own in names.items() if atc == "A10AE04")
