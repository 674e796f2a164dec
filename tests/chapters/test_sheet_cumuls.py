"""A year received by quarterly cumuls alone has a path: its points, and nothing between them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from caqes_analysis import perimeter, tables
from caqes_analysis.chapters import Page
from caqes_analysis.chapters.sheet_spending import cumulative_figure
from caqes_analysis.deliveries import difference, to_cumulative
from caqes_analysis.display import Figure, Notice
from caqes_analysis.store import Store
from tests.builders import A, B, establishments, monthly_rows, store_of, whole_year
from tests.campaigns import MONTHLY, campaign_file


def page_of(folder: Path, cumuls: dict[str, str]) -> Page:
    """A year of months, then the cumuls of the next at the months given."""
    known = establishments({"finess": A}, {"finess": B})
    months = monthly_rows({(A, "phmev"): whole_year(2023), (B, "phmev"): whole_year(2023) | whole_year(2024)})
    store: Store = store_of(folder / "store", months, known, first="2023-01", last="2024-09")
    rows = [
        to_cumulative(monthly_rows({(A, "phmev"): {month: eur}}, delivery=f"m{month}")) for month, eur in cumuls.items()
    ]
    if rows:
        store.write(tables.CUMULATIVE_SPEND, difference(pd.concat(rows, ignore_index=True)), part="cumuls")
    grid = perimeter.monthly_grid(store, first_month=pd.Timestamp(2023, 1, 1), last_month=pd.Timestamp(2024, 9, 1))
    store.write(tables.MONTHLY_GRID, grid, part="campagne")
    return Page(campaign_file(folder, MONTHLY), store, finess=A)


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
