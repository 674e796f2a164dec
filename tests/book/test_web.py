"""The built site in a browser, opened from files as on a hospital's share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from caqes_analysis.book.text import fold
from tests.book.conftest import Built

pytestmark = pytest.mark.web
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PAGES = (
    "index",
    "synthese",
    "absente",
    "404",
    "recherche",
    "etablissements",
    "etablissements/990200003",
    "etablissements/departement-992-haute-lande",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A page of the site, with what the browser said and asked."""

    def __init__(self, browser: Any, built: Built, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.site = built.site
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda failure: self.said.append(str(failure)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, name: str, query: str = "") -> Any:
        self.page.goto((self.site / f"{name}.html").as_uri() + query)
        return self.page


@pytest.fixture
def visit(browser: Any, built: Built) -> Iterator[Visit]:
    made = Visit(browser, built)
    yield made
    made.context.close()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_silent_ask_nothing_and_fit(browser: Any, built: Built, width: int, scheme: str) -> None:
    made = Visit(browser, built, width=width, scheme=scheme)
    for name in PAGES:
        page = made.open(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert made.said == []
    assert [url for url in made.asked if not url.startswith(("file:", "data:"))] == []
    made.context.close()


def results(page: Any) -> list[str]:
    texts: list[str] = page.locator("#resultats a").all_inner_texts()
    return texts


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("depenses", None),
        ("DÉPENSES", None),
        ("dépense", None),
        ("990100002", "Centre hospitalier de Sainte-Foy 2"),
        ("9901000", "Centre hospitalier de Sainte-Foy 0"),
        ("saint oeuf", "Centre hospitalier de Sainte-Foy 2"),
        ("Sainte-Foy 4", "Centre hospitalier de Sainte-Foy 4"),
        ("cote vive", "Département 991 – Côte-Vive"),
    ],
)
def test_the_search_folds_accents_and_finds_finess_name_and_town(visit: Visit, asked: str, first: str | None) -> None:
    page = visit.open("index")
    page.fill("#chercher-entete", asked)
    page.press("#chercher-entete", "Enter")
    page.wait_for_selector("#resultats li")
    assert page.input_value("#chercher-page") == asked
    found = results(page)
    if first is None:
        assert "Synthèse régionale" in found
    else:
        assert found[0] == first
    assert page.inner_text("#bilan").endswith(("trouvée.", "trouvées."))
    assert visit.said == []


def test_the_search_answers_while_typing_and_says_when_nothing_is_found(visit: Visit) -> None:
    page = visit.open("recherche")
    page.fill("#chercher-page", "sainte-foy")
    sheets = [f"Centre hospitalier de Sainte-Foy {number}" for number in (0, 2, 4, 1, 5)]
    departments = ["Département 991 – Côte-Vive", "Département 992 – Haute-Lande"]
    assert results(page) == [*sheets, *departments]
    page.fill("#chercher-page", "<img src=x onerror=alert(1)> zzz")
    assert page.inner_text("#bilan") == "Aucune page ne répond à « <img src=x onerror=alert(1)> zzz »."
    page.fill("#chercher-page", "script alert")
    page.locator("#resultats a").first.click()
    page.wait_for_selector("h1")
    assert page.inner_text("h1").startswith("CH <script>alert(1)</script> {{ 7*7 }} $x^2$ `{note}` *de*")
    assert visit.said == []


def test_python_and_the_browser_fold_alike(visit: Visit) -> None:
    page = visit.open("recherche")
    texts = ["Dépenses", "CŒUR", "Ærø", "Straße", "n°2 ½ ﬁn", "İstanbul", "Sète-l'Île"]
    script = "text => text.normalize('NFKD').replace(/[\\u0300-\\u036f]/g, '').toLowerCase()"
    folded = [page.evaluate(script, text) for text in texts]
    ligatures = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})
    assert [text.translate(ligatures) for text in folded] == [fold(text) for text in texts]


def test_the_keyboard_reaches_content_summary_and_tables(browser: Any, built: Built) -> None:
    made = Visit(browser, built, width=320)
    page = made.open("synthese")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
    assert not page.locator("#navigation").is_visible()
    for close in ("Escape", "Enter"):
        page.locator(".entete .menu").press("Enter")
        assert page.locator("#navigation").is_visible()
        if close == "Enter":
            page.locator("#navigation .fermer").focus()
        page.keyboard.press(close)
        assert not page.locator("#navigation").is_visible()
    region = page.locator(".defilement").last
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("[...document.querySelectorAll('.defilement')].at(-1).scrollLeft > 0")
    made.context.close()


@pytest.mark.parametrize("width", [1280, 1024, 700])
def test_no_row_of_key_figures_is_left_with_a_hole(browser: Any, built: Built, width: int) -> None:
    made = Visit(browser, built, width=width)
    page = made.open("synthese")
    for number in range(1, 8):
        right = page.evaluate(CARDS_OF, number)
        assert max(right) - min(right) < 2, f"{number} cards, {width} px"
    made.context.close()


CARDS_OF = """
(number) => {
  const model = document.querySelector(".carte"), list = document.createElement("ul");
  list.className = `cartes cartes-${number}`;
  for (let n = 0; n < number; n++) list.append(model.cloneNode(true));
  document.querySelector("article").append(list);
  const ends = new Map();
  for (const box of [...list.children].map((card) => card.getBoundingClientRect())) {
    ends.set(Math.round(box.top), Math.max(ends.get(Math.round(box.top)) ?? 0, box.right));
  }
  list.remove();
  return [...ends.values()];
}
"""


def test_the_current_page_is_in_view_in_a_long_summary(browser: Any, built: Built) -> None:
    made = Visit(browser, built)
    made.page.set_viewport_size({"width": 1280, "height": 160})
    page = made.open("etablissements/990200003")
    assert page.evaluate("document.getElementById('navigation').scrollTop") > 0
    here = page.locator("#navigation [aria-current]").first.bounding_box()
    frame = page.locator("#navigation").bounding_box()
    assert here["y"] >= frame["y"]
    assert here["y"] + here["height"] <= frame["y"] + frame["height"]
    assert page.evaluate("scrollY") == 0
    made.context.close()


def test_dark_mode_changes_the_page_and_the_ink_of_figures(browser: Any, built: Built) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        made = Visit(browser, built, scheme=scheme)
        page = made.open("synthese")
        style = "(selector, name) => getComputedStyle(document.querySelector(selector))[name]"
        seen[scheme] = [
            page.evaluate(f"({style})('html', 'backgroundColor')"),
            page.evaluate(f"({style})('.dessin text', 'fill')"),
        ]
        made.context.close()
    assert seen["light"][0] == "rgb(255, 255, 255)"
    assert all(light != dark for light, dark in zip(seen["light"], seen["dark"], strict=True))


CONTRAST = """
() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest("svg") || !element.getClientRects().length) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return poor;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(browser: Any, built: Built, scheme: str) -> None:
    made = Visit(browser, built, scheme=scheme)
    for name in PAGES:
        assert made.open(name).evaluate(CONTRAST) == [], name
    made.context.close()
