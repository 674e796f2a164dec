from __future__ import annotations

import pytest

from caqes_analysis.book import Book, Page
from caqes_analysis.errors import BuildError


def codes(*pages: Page, title: str = "Rapport") -> list[str]:
    with pytest.raises(BuildError) as failure:
        Book(title, "", pages)
    return [problem.code for problem in failure.value.problems]


def test_all_problems_come_at_once() -> None:
    found = codes(
        Page("a b", "Titre", None),
        Page("recherche", "Titre", None),
        Page("x/1", " \n", None, ("A", "B", "C")),
        Page("X/1", "Titre", None, ("",)),
        title="\t",
    )
    assert found == [
        "LIVRE_SANS_TITRE",
        "PAGE_CHEMIN",
        "PAGE_CHEMIN_RESERVE",
        "PAGE_SANS_TITRE",
        "PAGE_GROUPE",
        "PAGE_EN_DOUBLE",
        "PAGE_GROUPE",
    ]


@pytest.mark.parametrize("path", ["../etc", "/a", "a//b", "a/", "é", "a/..b", "", "a\\b"])
def test_paths_that_could_leave_the_site_are_refused(path: str) -> None:
    assert codes(Page(path, "Titre", None)) == ["PAGE_CHEMIN"]


def test_an_empty_book_is_refused() -> None:
    assert codes() == ["LIVRE_VIDE"]


def test_only_the_first_page_may_be_called_index() -> None:
    assert Book("R", "", (Page("index", "Accueil", None),)).pages
    assert codes(Page("a", "A", None), Page("index", "I", None)) == ["PAGE_CHEMIN_RESERVE"]
