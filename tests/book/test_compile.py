from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread

import pytest

from caqes_analysis.book import Book, Page, compile_book, engine, read_problems
from caqes_analysis.book.checks import check_site
from caqes_analysis.book.publish import inventory, publish
from caqes_analysis.book.text import clean
from caqes_analysis.errors import BuildError
from tests.book.conftest import Built
from tests.book.examples import HOSTILE, PARAMETER, full_page, notebook, payload, prose, write


class Headings(HTMLParser):
    """Text of the first-level headings of a page, as a reader sees it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = self.inside or tag == "h1"
        if tag == "h1":
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "h1"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data


def test_every_page_of_the_built_site_passes_the_checks(built: Built) -> None:
    assert check_site(built.site) == []
    assert read_problems(built.work) == ()


def test_the_site_holds_its_pages_and_nothing_else(built: Built) -> None:
    names = {path.split("/")[0] for path in inventory(built.site)}
    assert names == {
        ".nojekyll",
        "404.html",
        "_static",
        "absente.html",
        "etablissements",
        "etablissements.html",
        "index.html",
        "phmev.html",
        "recherche.html",
        "synthese.html",
    }
    assert {path.name for path in (built.site / "_static").iterdir()} == {
        "caqes.css",
        "caqes-navigation.js",
        "caqes-search.js",
        "caqes-search-data.js",
    }


def test_no_source_code_or_parameter_is_shipped(built: Built) -> None:
    for path in built.site.rglob("*"):
        if path.is_file():
            content = path.read_text(encoding="utf-8")
            assert PARAMETER not in content
            assert str(built.work.parent) not in content
            assert "show(x)" not in content


def test_titles_of_any_content_appear_as_text(built: Built) -> None:
    page = next(page for page in built.book.pages if page.title.startswith(HOSTILE))
    html = built.read(f"{page.path}.html")
    assert Headings(html).texts == [clean(page.title)]
    assert "<script>" not in html
    assert re.findall("<script[^>]*>", html) == re.findall('<script defer src="[^"]*caqes-navigation.js[^"]*">', html)


def test_comments_of_any_content_appear_as_text(built: Built) -> None:
    html = built.read("synthese.html")
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in html
    assert "{{ 7*7 }} $x$" in html
    assert "<img" not in html
    assert 'href="javascript:' not in html


def test_every_page_says_that_data_are_simulated(built: Built) -> None:
    for path in built.site.rglob("*.html"):
        assert "Données simulées</strong>" in path.read_text(encoding="utf-8")


def test_a_page_without_notebook_says_why(built: Built) -> None:
    html = built.read("absente.html")
    assert "Cette page n'a pas pu être produite" in html.replace("&#x27;", "'")
    assert "&lt;b&gt;ValueError&lt;/b&gt;" in html


def test_tables_figures_and_maths_are_written_as_they_should(built: Built) -> None:
    html = built.read("synthese.html")
    assert '<th scope="col" class="droite">Montant remboursé <span class="unite">(k€)</span></th>' in html
    assert re.search(r'<th scope="row"><a [^>]*href="#">Enveloppe 0</a></th>', html)
    assert '<div class="defilement" role="region" tabindex="0" aria-labelledby="caqes-' in html
    assert 'role="img" aria-label="Barres par trimestre' in html
    assert "<math" in html
    assert html.index("<details>") < html.index("Dépenses par trimestre")
    sheet = built.read("etablissements/990100000.html")
    assert 'href="../synthese.html">Enveloppe 0</a>' in sheet


def test_provenance_ends_the_page(built: Built) -> None:
    html = built.read("etablissements/990100002.html")
    assert html.index("Commentaire de l") < html.index("Provenance de cette page") < html.index("Page suivante")
    assert "<dt>Empreinte</dt><dd>" + f"{2:064x}" in html
    foot = html[html.index("Provenance de cette page") :]
    assert re.search(r'<a [^>]*href="../synthese.html">Fichiers reçus et leurs empreintes', foot)
    assert "Provenance de cette page" not in built.read("synthese.html")


def test_only_the_group_of_the_page_is_unfolded(built: Built) -> None:
    def listed(name: str) -> int:
        navigation = re.search(r'<nav id="navigation".*?</nav>', built.read(name), re.DOTALL)
        assert navigation
        return len(re.findall(r"Sainte-Foy \d|CH &lt;", navigation[0]))

    assert listed("index.html") == 0
    assert listed("etablissements/990100000.html") == 3
    assert listed("etablissements/departement-992-haute-lande.html") == 3


def test_department_pages_list_their_sheets_with_finess_and_town(built: Built) -> None:
    html = built.read("etablissements/departement-991-cote-vive.html")
    assert "990100002 · Saint-Œuf-sur-Mer" in html
    assert 'href="990100004.html"' in html


def test_nothing_changed_starts_nothing(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    before = {path: path.stat().st_mtime_ns for path in built.site.rglob("*")}
    monkeypatch.setattr(engine, "_run", refuse)
    assert compile_book(built.book, work=built.work, site=built.site) == built.site / "index.html"
    # The same results from another execution: other times and identifiers, nothing to show differently.
    notebook = built.book.pages[1].notebook
    assert notebook
    original = notebook.read_bytes()
    write(notebook, full_page("Synthèse") | {"metadata": {"papermill": {"duration": 9.9}}})
    compile_book(built.book, work=built.work, site=built.site)
    notebook.write_bytes(original)
    compile_book(built.book, work=built.work, site=built.site)
    assert {path: path.stat().st_mtime_ns for path in built.site.rglob("*")} == before


def test_a_build_with_nothing_to_do_loads_no_science(built: Built) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.book.examples import book\n"
        "from caqes_analysis.book import Book, Page, compile_book\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'sphinx', 'docutils', 'matplotlib'}, loaded\n"
    )
    lazy = script.replace("from tests.book.examples import book\n", "\n")
    subprocess.run([sys.executable, "-c", lazy], check=True)


@pytest.mark.slow
def test_incremental_and_fresh_builds_give_equal_bytes(built: Built, tmp_path: Path) -> None:
    work, site = tmp_path / "work", tmp_path / "site"
    # Start from a different book in the same folders: other titles, a page more, a notebook that changes.
    first = built.book.pages[1]
    assert first.notebook
    other = write(tmp_path / "other.ipynb", full_page("Autre"))
    changed = replace(first, title="Synthèse provisoire", notebook=other)
    added = Page("etablissements/990300009", "CH de trop", other, ("Établissements", "Département 993 – Trop"))
    compile_book(
        replace(built.book, pages=(built.book.pages[0], changed, *built.book.pages[2:], added)), work=work, site=site
    )
    assert (site / "etablissements" / "990300009.html").is_file()
    compile_book(built.book, work=work, site=site, jobs=1)
    assert inventory(site) == inventory(built.site)


@pytest.mark.slow
def test_a_lost_page_is_built_again_and_two_builds_wait_for_each_other(tmp_path: Path) -> None:
    notebook = write(tmp_path / "a.ipynb", full_page("A"))
    made = Book("Rapport", "", (Page("a", "Accueil", notebook), Page("b", "Absent", tmp_path / "nulle-part.ipynb")))
    work, site = tmp_path / "work", tmp_path / "site"
    failures: list[Exception] = []

    def build() -> None:
        try:
            compile_book(made, work=work, site=site)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test must tell it
            failures.append(failure)

    threads = [Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert "Données simulées" not in (site / "index.html").read_text(encoding="utf-8")
    assert "n'a pas été trouvé" in (site / "b.html").read_text(encoding="utf-8").replace("&#x27;", "'")
    before = inventory(site)
    (site / "b.html").unlink()
    compile_book(made, work=work, site=site)
    assert inventory(site) == before


@pytest.mark.slow
def test_unreadable_notebooks_and_payloads_give_pages_that_say_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ipynb"
    broken.write_bytes(b"{not json")
    bad = full_page("X")
    bad["cells"][2]["outputs"][0]["data"]["application/vnd.caqes.display+json"] = {"kind": "?"}
    link = payload("table", caption="Liens", columns=[{"label": "A", "unit": "", "align": "left"}], row_header=0)
    link |= {"rows": [[{"text": "Perdu", "href": "nulle/part"}]], "total_rows": 0, "notes": []}
    bad["cells"][3]["outputs"][0]["data"]["application/vnd.caqes.display+json"] = link
    pages = (Page("a", "Accueil", broken), Page("b", "B", write(tmp_path / "b.ipynb", bad)))
    site = tmp_path / "site"
    compile_book(Book("Rapport", "", pages), work=tmp_path / "work", site=site)
    assert "est pas lisible" in (site / "index.html").read_text(encoding="utf-8")
    assert "Affichage non lisible" in (site / "b.html").read_text(encoding="utf-8")
    bad["cells"][4]["source"] += "\n\n$x^$ [perdu](nulle-part.md) {inconnu}`x`"
    write(tmp_path / "b.ipynb", bad)

    def told() -> list[tuple[str, str | None]]:
        return sorted((problem.code, problem.file) for problem in read_problems(tmp_path / "work"))

    made = Book("Rapport", "", pages)
    compile_book(made, work=tmp_path / "work", site=site)
    expected = [
        *[("LIEN_CASSE", "b.html")] * 3,  # a cell, the links of the tables to a page absent here, and the prose
        ("LIVRE_AVERTISSEMENT", None),
        ("RESULTAT_REFUSE", "b.html"),
        ("RESULTAT_REFUSE", "b.html"),
    ]
    assert told() == expected
    # Another page changes: what is wrong with this one is still told.
    write(broken, notebook(prose("Texte")))
    compile_book(made, work=tmp_path / "work", site=site)
    assert told() == expected


def test_a_program_that_fails_is_told_with_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.sys, "executable", "/bin/false" if Path("/bin/false").exists() else sys.executable)
    made = Book("Rapport", "", (Page("a", "Accueil", None),))
    with pytest.raises(BuildError, match="LIVRE_NON_COMPILE"):
        compile_book(made, work=tmp_path / "work", site=tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_site_that_cannot_be_moved_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages, assets, site = tmp_path / "html", tmp_path / "assets", tmp_path / "site"
    for folder in (pages / "_static", assets, site):
        folder.mkdir(parents=True)
    (pages / "index.html").write_text("neuf", encoding="utf-8")
    (pages / "_static" / "caqes-search-data.js").touch()
    (site / "index.html").write_text("ancien", encoding="utf-8")
    rename = Path.rename

    def locked(self: Path, target: Path) -> Path:
        if self == site.with_name(".site.new"):
            raise PermissionError("fichier ouvert")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", locked)
    monkeypatch.setattr("caqes_analysis.replacing._RETRY_S", 0.0)
    with pytest.raises(BuildError, match="SITE_OCCUPE"):
        publish(pages, ["index"], assets, site)
    assert (site / "index.html").read_text(encoding="utf-8") == "ancien"
