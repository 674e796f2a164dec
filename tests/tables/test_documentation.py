"""The page of the tables is the definitions of the tables."""

from __future__ import annotations

from pathlib import Path

from caqes_analysis import tables
from caqes_analysis.tables.documentation import tables_page, write_tables_page


def test_page_is_up_to_date(repository: Path) -> None:
    page = (repository / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == tables_page(), "run « make docs »"


def test_page_tells_every_column_and_every_allowed_value() -> None:
    page = tables_page()
    for table in tables.ALL_TABLES:
        section = page.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        for column in table.columns:
            row = next(line for line in section.splitlines() if line.startswith(f"| `{column.name}` |"))
            assert column.kind in row
            assert all(f"`{value}`" in row for value in column.values)


def test_written_file_has_unix_line_ends(tmp_path: Path) -> None:
    write_tables_page(tmp_path / "tables.md")
    assert b"\r" not in (tmp_path / "tables.md").read_bytes()
