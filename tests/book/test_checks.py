from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.book.checks import check_page, check_site

TABLE = '<table><caption>Montants</caption><tr><th scope="col">A</th></tr><tr><td>1</td></tr></table>'
GOOD = (
    '<!DOCTYPE html><html lang="fr"><head><title>Page</title></head><body><a href="#c">Aller au contenu</a>'
    '<main id="c"><h1>Titre</h1>{}</main></body></html>'
)


def codes(inside: str) -> list[str]:
    return [problem.code for problem in check_page(GOOD.format(inside), name="p.html")]


def test_a_good_page_has_no_problem() -> None:
    figure = (
        '<figure><figcaption>Titre</figcaption><div role="img" aria-label="La dépense monte de mars à juin">'
        '<svg id="a"><text>12,5 %</text></svg></div></figure>'
    )
    assert (
        codes(f"<h2>Partie</h2>{TABLE}{figure}<p>1 234,5 €, 12,5 %, version 1.2.3, art. L.162-30, 30.09.2024</p>") == []
    )


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ('<img src="a.svg">', "FIGURE_SANS_ALTERNATIVE"),
        ('<img src="a.svg" alt=" ">', "FIGURE_SANS_ALTERNATIVE"),
        ("<svg><path/></svg>", "FIGURE_SANS_ALTERNATIVE"),
        ('<div role="img"><svg></svg></div>', "FIGURE_SANS_ALTERNATIVE"),
        ('<img src="a.svg" alt="figure_12.svg">', "FIGURE_ALTERNATIVE_PAUVRE"),
        ('<img src="a.svg" alt="Graphique">', "FIGURE_ALTERNATIVE_PAUVRE"),
        (
            '<figure><figcaption>La dépense monte en juin</figcaption><img src="a.svg" alt="La dépense monte en juin">'
            "</figure>",
            "FIGURE_ALTERNATIVE_PAUVRE",
        ),
        ('<table><tr><th scope="col">A</th></tr></table>', "TABLEAU_SANS_LEGENDE"),
        ("<table><caption>x</caption><tr><th>A</th></tr></table>", "TABLEAU_SANS_PORTEE"),
        ("<table><caption>x</caption><tr><td>A</td></tr></table>", "TABLEAU_SANS_PORTEE"),
        ("<p>Total : 1,234.56 €</p>", "NOMBRE_ANGLAIS"),
        ("<p>hausse de 12.5&nbsp;%</p>", "NOMBRE_ANGLAIS"),
        ("<p>soit 1,234,567 boîtes</p>", "NOMBRE_ANGLAIS"),
        (TABLE.replace("<td>1</td>", '<td class="droite">12.5&nbsp;%</td>'), "NOMBRE_ANGLAIS"),
        (TABLE.replace("<td>1</td>", '<td><a href="#c">12.5</a></td>'), "NOMBRE_ANGLAIS"),
        (TABLE.replace("<td>1</td>", "<td>Search</td>"), "TEXTE_ANGLAIS"),
        ('<div role="img" aria-label="La dépense monte en juin"><svg><text>0.5</text></svg></div>', "NOMBRE_ANGLAIS"),
        ("<p>Search this book...</p>", "TEXTE_ANGLAIS"),
        ('<button aria-label="Toggle primary sidebar">x</button>', "TEXTE_ANGLAIS"),
        ("<h3>Saut</h3>", "TITRE_SAUT"),
        ("<h1>Second</h1>", "TITRE_UNIQUE"),
        ('<p id="c">x</p>', "IDENTIFIANT_EN_DOUBLE"),
        ('<a href="#nulle-part">x</a>', "LIEN_CASSE"),
        ('<img src="https://example.org/a.svg" alt="La dépense monte en juin">', "REQUETE_EXTERNE"),
        ('<script src="//example.org/a.js"></script>', "REQUETE_EXTERNE"),
        ('<link rel="stylesheet" href="https://fonts.example.org/css">', "REQUETE_EXTERNE"),
        ('<p style="background:url(https://example.org/a.png)">x</p>', "REQUETE_EXTERNE"),
        (
            '<div role="img" aria-label="La dépense monte en juin"><svg><use href="https://x.org/a"/></svg></div>',
            "REQUETE_EXTERNE",
        ),
        ('<p onclick="x()">x</p>', "SCRIPT_DANS_LA_PAGE"),
        ('<script src="MathJax.js"></script>', "MATHS_PAR_SCRIPT"),
        ("<p>\\(x^2\\)</p>", "MATHS_PAR_SCRIPT"),
        ('<span data-page-absente="a/b">x</span>', "LIEN_CASSE"),
        ('<code data-refus="x">x</code>', "RESULTAT_REFUSE"),
    ],
)
def test_each_rule_finds_the_page_that_breaks_it(inside: str, code: str) -> None:
    assert codes(inside) == [code]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('lang="fr"', 'lang="en"', "PAGE_LANGUE"),
        (' lang="fr"', "", "PAGE_LANGUE"),
        ("<title>Page</title>", "<title> </title>", "PAGE_SANS_NOM"),
        ('href="#c"', 'href="autre.html"', "LIEN_EVITEMENT"),
        ("<h1>Titre</h1>", "<p>Titre</p>", "TITRE_UNIQUE"),
    ],
)
def test_rules_of_the_whole_page(old: str, new: str, code: str) -> None:
    page = GOOD.format("").replace(old, new)
    assert [problem.code for problem in check_page(page, name="p.html")] == [code]


def test_words_of_people_and_code_are_not_searched_for_numbers() -> None:
    assert codes('<pre>1,234.56</pre><div class="commentaire"><p>12.5 %</p></div>') == []


def test_the_same_problem_is_told_once_with_its_count() -> None:
    (problem,) = check_page(GOOD.format("<p>12.5 %</p><p>12.5 %</p>"), name="p.html")
    assert (problem.file, problem.value, problem.count) == ("p.html", "12.5", 2)


def test_a_link_to_a_page_that_does_not_exist_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(GOOD.format('<a href="b.html#x">b</a><a href="c.html">c</a>'), encoding="utf-8")
    (tmp_path / "b.html").write_text(GOOD.format('<a href="https://exemple.fr">lien</a>'), encoding="utf-8")
    assert [(problem.code, problem.value) for problem in check_site(tmp_path)] == [("LIEN_CASSE", "c.html")]


def test_pages_already_known_are_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(GOOD.format("<p>12.5 %</p>"), encoding="utf-8")
    assert check_site(tmp_path, known={"a.html": []}) == []
    first = check_site(tmp_path)
    assert check_site(tmp_path, known={"a.html": first}) == first
