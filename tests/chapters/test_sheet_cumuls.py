"""A year received by quarterly cumuls alone has a path: its points, and nothing between them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import perimeter, quality, tables
from caqes_analysis.chapters import Page, envelope, region
from caqes_analysis.chapters.cumuls import spread_months
from caqes_analysis.chapters.regional_context import FIRST_MONTH, regional_context
from caqes_analysis.chapters.sheet_spending import cumulative_figure, monthly_figures
from caqes_analysis.deliveries import difference, to_cumulative
from caqes_analysis.display import Figure, Notice
from caqes_analysis.forecast.outlook import BOUNDS, rest_of_months
from caqes_analysis.indicators.evolution import comparable_months
from caqes_analysis.store import Store
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file


def page_of(
    folder: Path, cumuls: dict[str, str], *, opened: str | None = None, others: bool = True, finess: str | None = A
) -> Page:
    """A year of months, unless the establishment opens in it, then the cumuls at the months given."""
    known = establishments({"finess": A, "valid_from": opened or "1900-01-01"}, {"finess": B})
    before = {} if opened else {(A, "phmev"): whole_year(2023)}
    other = "phmev" if others else "extra_list_drugs"
    months = monthly_rows(before | {(B, other): whole_year(2023) | whole_year(2024)})
    store: Store = store_of(folder / "store", months, known, first="2023-01", last="2024-09")
    rows = [
        to_cumulative(monthly_rows({(A, "phmev"): {month: eur}}, delivery=f"m{month}")) for month, eur in cumuls.items()
    ]
    if rows:
        store.write(tables.CUMULATIVE_SPEND, difference(pd.concat(rows, ignore_index=True)), part="cumuls")
    grid = perimeter.monthly_grid(store, first_month=pd.Timestamp(2023, 1, 1), last_month=pd.Timestamp(2024, 9, 1))
    store.write(tables.MONTHLY_GRID, grid, part="campagne")
    store.write(tables.FORECASTS, tables.FORECASTS.empty(), part="campagne")
    return Page(campaign_file(folder, MONTHLY), store, finess=finess)


def test_the_points_received_are_drawn_and_differenced(tmp_path: Path) -> None:
    figure = cumulative_figure(page_of(tmp_path, {"2024-03": "303.00", "2024-06": "618.00", "2024-09": "945.00"}))
    assert isinstance(figure, Figure)
    assert figure.title.replace("\u00a0", " ").startswith("À fin septembre 2024 : 945 €, +5,0 %")
    assert "seuls les points sont connus" in figure.notes[0]
    cells = [[cell.text for cell in row] for row in figure.table.rows]
    assert [row[0] for row in cells] == ["mars", "juin", "septembre"]
    assert [row[1] for row in cells] == ["300", "600", "900"]
    assert [row[3] for row in cells] == ["303", "315", "327"]
    assert "mars 2024" in figure.alt


def test_nothing_received_says_so(tmp_path: Path) -> None:
    assert isinstance(cumulative_figure(page_of(tmp_path, {})), Notice)


def test_an_opening_has_no_rate_along_its_cumuls(tmp_path: Path) -> None:
    cumuls = {"2023-09": "50.00", "2023-12": "350.00", "2024-03": "303.00", "2024-06": "618.00", "2024-09": "945.00"}
    figure = cumulative_figure(page_of(tmp_path, cumuls, opened="2023-09-01"))
    assert isinstance(figure, Figure)
    assert figure.title.replace("\u00a0", " ") == "À fin septembre 2024 : 945 €"
    assert len(figure.notes) == 1, "nothing is compared, no objective is named"


def test_the_sheet_of_who_opened_knows_where_the_cumuls_of_the_region_begin(tmp_path: Path) -> None:
    page = page_of(tmp_path, {"2024-06": "618.00"}, opened="2024-04-01")
    assert set(quality.perimeter_changes(page.store, year=2024)["kind"]) == {"opening"}
    rows = regional_context(page.store, page.campaign)
    cumul = to_cumulative(monthly_rows({(B, "phmev"): {"2022-12": "1200.00"}}, delivery="2022"))
    page.store.write(tables.CUMULATIVE_SPEND, difference(cumul), part="2022")
    for path in page.store.part_path(tables.MONTHLY_SPEND, "mois").parent.iterdir():
        path.unlink()
    alone = regional_context(page.store, page.campaign)
    first = [one.loc[one["measure"] == FIRST_MONTH, "printed"].unique().tolist() for one in (rows, alone)]
    assert first == [["2023-01"], ["2022-01"]]


def test_what_is_received_by_cumuls_is_said_received(tmp_path: Path) -> None:
    (notice,) = monthly_figures(page_of(tmp_path, {"2024-03": "303.00", "2024-06": "618.00"}))
    assert isinstance(notice, Notice)
    assert notice.text.startswith("PHMEV : reçue en cumul depuis janvier")
    assert notice.text.endswith("Aucun mois de 2024 n'a été reçu pour Liste en sus méd. et Liste en sus DM.")


def test_an_envelope_received_by_cumuls_is_named_beside_those_drawn_by_months(tmp_path: Path) -> None:
    cumuls = {"2024-03": "303.00", "2024-06": "618.00"}
    page = page_of(tmp_path, cumuls, others=False)
    other = Page(page.campaign, page.store, finess=B)
    assert [type(one) for one in monthly_figures(other)] == [Figure], "nothing is said of what was not received"
    page.store.write(tables.MONTHLY_GRID, page.store.read(tables.MONTHLY_GRID).assign(finess=A), part="campagne")
    figure, notice = monthly_figures(Page(page.campaign, page.store, finess=A))
    assert isinstance(figure, Figure)
    assert isinstance(notice, Notice)
    assert notice.level == "info"
    assert notice.text.startswith("PHMEV : reçue en cumul depuis janvier")


def test_what_is_left_is_for_the_months_that_no_cumul_covers(tmp_path: Path) -> None:
    page = page_of(tmp_path, {"2024-03": "303.00", "2024-06": "618.00", "2024-09": "945.00"})
    bounds = dict.fromkeys(BOUNDS, 1260.0)
    row = pd.Series({"year": 2024, "observed_months_nb": 9, "observed_eur": 945.0, "target_eur": 1245.0, **bounds})
    rows = rest_of_months(spread_months(page.months("phmev")), row)
    assert rows["month"].dt.month.tolist() == [10, 11, 12]
    assert rows["available_eur"].tolist() == pytest.approx([100.0] * 3)
    assert rows["previous_eur"].tolist() == pytest.approx([100.0] * 3)


def test_the_region_is_drawn_at_the_months_of_its_cumuls(tmp_path: Path) -> None:
    cumuls = {"2024-03": "303.00", "2024-06": "618.00"}
    page = page_of(tmp_path, cumuls, others=False, finess=None)
    figure = region.cumulative_figure(page)
    assert isinstance(figure, Figure)
    assert figure.title.replace("\u00a0", " ").startswith("À fin juin 2024 : 618 €, +3,0 %")
    assert [row[0].text for row in figure.table.rows] == ["mars", "juin"]
    assert [row[1].text for row in figure.table.rows] == ["300", "600"]
    monthly = envelope.monthly_figure(page, "phmev")
    assert isinstance(monthly, Notice)
    assert monthly.level == "info"


def test_who_is_known_by_cumuls_among_others_makes_no_month_of_the_region(tmp_path: Path) -> None:
    page = page_of(tmp_path, {"2024-03": "303.00", "2024-06": "618.00", "2024-09": "945.00"}, finess=None)
    monthly = envelope.monthly_figure(page, "phmev")
    assert isinstance(monthly, Figure)
    cells = [cell.text for row in monthly.table.rows for cell in row]
    assert "100" in cells
    assert not {"403", "400"} & set(cells), "the quarter of one is no month of the region"
    (note,) = monthly.notes
    assert note.startswith("1 établissement reçu en cumul depuis janvier")
    assert note.endswith("il est écarté, toutes les années, des mois que ses cumuls couvrent.")
    path = region.cumulative_figure(page)
    assert isinstance(path, Figure)
    assert "1 établissement reçu en cumul depuis janvier" in " ".join(path.notes)
    months = comparable_months(page.store, envelope="phmev", year=2024).set_index("month")
    assert months.loc["2024-03-01", "amount_eur"] == 303 + 100


def test_a_region_that_opens_by_cumuls_is_compared_with_no_part_of_a_year(tmp_path: Path) -> None:
    cumuls = {"2023-09": "50.00", "2023-12": "350.00", "2024-03": "303.00", "2024-06": "618.00", "2024-09": "945.00"}
    page = page_of(tmp_path, cumuls, opened="2023-09-01", others=False, finess=None)
    months = comparable_months(page.store, envelope="phmev", year=2024).set_index("month")
    assert months.loc["2023-03-01", "value_status"] == "missing", "not zero: it was not there"
    figure = region.cumulative_figure(page)
    assert isinstance(figure, Figure)
    assert figure.title.replace("\u00a0", " ") == "À fin septembre 2024 : 945 €"
    assert "sur un an" not in figure.alt
    assert [row[1].text for row in figure.table.rows] == ["n. d."] * 3
    assert len(figure.notes) == 1, "nothing is compared, no objective is named"


def test_the_rest_of_a_year_known_by_cumuls_leaves_nobody_out(tmp_path: Path) -> None:
    cumuls = {"2023-09": "900.00", "2023-12": "1260.00", "2024-03": "303.00", "2024-06": "618.00", "2024-09": "945.00"}
    store = page_of(tmp_path, cumuls, opened="2023-01-01").store
    months = comparable_months(store, envelope="phmev", year=2024).set_index("month")
    assert not months["left_out_nb"].any(), "the cumul of December covers the end of the year before"
    assert months.loc["2023-12-01", "amount_eur"] == 360 + 100, "a quarter of one, a month of the other"
