"""Key figures, sentences, notices and comments."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from caqes_analysis.display import Card, Cards, Code, Comment, Details, Notice, Text
from caqes_analysis.display.base import Display
from caqes_analysis.display.payload import MIME_TYPE, validate

BLOCKS: list[Display] = [
    Cards("Chiffres clés", [Card("PHMEV", "+5,1 %", "objectif 4 %", "bad", "▲ dépasse"), Card("LPP", "n. d.")]),
    Text.answer("L'objectif <sera> dépassé."),
    Text.paragraphs("Un.", "Deux."),
    Text.bullets("Un.", "Deux."),
    Notice("missing", "Pas de mois", "Le fichier mensuel n'est pas listé."),
    Notice.simulated(),
    Comment("Commentaire de l'OMEDIT", "Voir **août**.\n\n- un\n- deux"),
    Code("La requête", "select 1\nfrom <b>"),
    Details("Détail, contrat par contrat", [Text.paragraphs("Un."), Notice.simulated()]),
]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_follows_the_contract_and_has_html(block: Display) -> None:
    bundle = block._repr_mimebundle_(include=None, exclude=None)
    assert validate(bundle[MIME_TYPE]) == block.payload
    assert BeautifulSoup(bundle["text/html"], "html.parser").get_text(strip=True)
    assert bundle["text/plain"] == block.summary()
    assert "\n" not in block.summary()


def test_a_list_is_a_list_and_an_answer_is_escaped() -> None:
    assert len(BeautifulSoup(Text.bullets("a", "b").html(), "html.parser").find_all("li")) == 2
    assert "&lt;sera&gt;" in BLOCKS[1].html()


def test_the_group_of_cards_is_named() -> None:
    group = BeautifulSoup(BLOCKS[0].html(), "html.parser").find("div", attrs={"role": "group"})
    assert group is not None
    assert group["aria-label"] == "Chiffres clés"
    assert "▲ dépasse" in group.get_text()


def test_details_are_folded_once_only() -> None:
    folded = BeautifulSoup(Details("Détail", [Text.paragraphs("Un <b>.")]).html(), "html.parser").find("details")
    assert folded is not None
    assert not folded.has_attr("open")
    assert folded.find("p") is not None
    with pytest.raises(ValueError, match="twice"):
        Details("Détail", [Details("Détail", [])])


def test_colour_never_speaks_alone() -> None:
    with pytest.raises(ValueError, match="state_label"):
        Card("PHMEV", "+5,1 %", state="bad")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=https://example.org/x.png>",
        "![suivi](https://example.org/x.png)",
        "[lien](javascript:alert(1))",
        "```{raw} html\n<b>\n```",
        "{{ secret }} $x$ {math}`y`",
        ":::{include} /etc/passwd\n:::",
    ],
)
def test_a_comment_never_runs_nor_loads_anything(hostile: str) -> None:
    page = BeautifulSoup(Comment("Note", hostile).html(), "html.parser")
    assert not page.find_all(["script", "img", "iframe", "b"])
    assert not [a for a in page.find_all("a") if a["href"].startswith("javascript")]
    for sign in ("{{ secret }}", "alert(1)", "{include}"):
        assert (sign in hostile) == (sign in page.get_text() + str([a.get("href") for a in page.find_all("a")]))


def test_a_comment_keeps_its_lines_and_loses_control_characters() -> None:
    assert Comment("Note", "a\r\nb\u202ec\x07").payload["markdown"] == "a\nb\ufffdc\ufffd"
