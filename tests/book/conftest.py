"""One built site for the tests that only look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from caqes_analysis.book import Book, compile_book
from tests.book.examples import book


@dataclass(frozen=True)
class Built:
    book: Book
    work: Path
    site: Path

    def read(self, name: str) -> str:
        return (self.site / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("book")
    made = Built(book(folder / "notebooks"), folder / "work", folder / "site")
    compile_book(made.book, work=made.work, site=made.site)
    return made
