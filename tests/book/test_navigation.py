from __future__ import annotations

from caqes_analysis.book import Book, Page
from caqes_analysis.book.compile import _printed_keywords
from caqes_analysis.book.navigation import LISTED_MAX_NB, Navigation, Place


def sheets(count: int, departments: int = 1) -> list[Page]:
    return [
        Page(f"etablissements/{n}", f"CH {n}", None, ("Établissements", f"Département {n % departments}"))
        for n in range(count)
    ]


def test_an_index_prints_no_identifier() -> None:
    place = Place("guide/phev_ipp", "IPP à l'hôpital", (), ("phev_ipp", "IPP"))
    assert _printed_keywords(place) == ["IPP"]
    sheet = Place("etablissements/990000001", "CH", (), ("990000001", "Val"))
    assert _printed_keywords(sheet) == ["990000001", "Val"]


def test_the_first_page_becomes_the_index_whatever_its_name_and_group() -> None:
    navigation = Navigation(
        Book("R", "", (Page("synthese", "S", None, ("Région",)), Page("b", "B", None, ("Région",))))
    )
    assert list(navigation.places) == ["index", "b"]
    assert navigation.describe()["links"] == {"synthese": "index", "b": "b"}


def test_groups_get_index_pages_whose_names_are_free() -> None:
    pages = [Page("a", "A", None), Page("etablissements", "Carte", None, ("Région",)), *sheets(3, 2)]
    navigation = Navigation(Book("R", "", tuple(pages)))
    assert list(navigation.places) == [
        "index",
        "etablissements",
        "etablissements-2",
        "etablissements-2/departement-0",
        "etablissements/0",
        "etablissements/2",
        "etablissements-2/departement-1",
        "etablissements/1",
    ]
    assert navigation.page("etablissements-2") is None


def test_groups_of_the_same_slug_stay_apart() -> None:
    pages = [Page("a", "A", None), Page("x", "X", None, ("P", "Été")), Page("y", "Y", None, ("P", "ete"))]
    assert [doc for doc in Navigation(Book("R", "", tuple(pages))).places if doc.startswith("p/")] == [
        "p/ete",
        "p/ete-2",
    ]


def test_a_long_part_has_an_index_page_and_a_short_one_none() -> None:
    short = [Page("a", "A", None), *(Page(f"c{n}", f"C{n}", None, ("Thèmes",)) for n in range(LISTED_MAX_NB))]
    assert "themes" not in Navigation(Book("R", "", tuple(short))).places
    longer = [*short, Page("plus", "Plus", None, ("Thèmes",))]
    assert "themes" in Navigation(Book("R", "", tuple(longer))).places


def test_neighbours_follow_reading_order() -> None:
    places = Navigation(Book("R", "", (Page("a", "A", None), *sheets(2)))).places
    assert places["index"].previous is None
    assert places["index"].following == "etablissements"
    assert places["etablissements/0"].previous == "etablissements/departement-0"
    assert places["etablissements/1"].following is None


def test_the_table_of_contents_names_every_page_once() -> None:
    navigation = Navigation(Book("R", "", (Page("a", "A", None), *sheets(5, 2))))
    toc = navigation.table_of_contents()
    assert [toc["root"], *(entry["file"] for entry in toc["chapters"])] == list(navigation.places)


def test_a_page_that_bears_the_name_of_its_part_is_its_index() -> None:
    pages = [
        Page("accueil", "Accueil", None),
        Page("guide", "Guide", None, ("Guide",)),
        Page("guide/ipp", "IPP", None, ("Guide", "Médicaments")),
    ]
    navigation = Navigation(Book("Rapport", "", tuple(pages)))
    assert list(navigation.places) == ["index", "guide", "guide/medicaments", "guide/ipp"]
    (part,) = navigation.describe()["parts"]
    assert (part["doc"], part["docs"]) == ("guide", [])
    assert navigation.page("guide") is not None
