from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from caqes_analysis.book.text import clean, fold, markdown_text, shorten, slug, unbroken, without_bidi


@given(st.text())
def test_any_title_comes_out_of_markdown_as_it_went_in(text: str) -> None:
    shown = clean(text)
    tokens = MarkdownIt("commonmark").parse(f"# {markdown_text(text)}")
    inline = next(token for token in tokens if token.type == "inline")
    assert "".join(child.content for child in inline.children or []).strip() == shown.strip()
    assert all(child.type == "text" for child in inline.children or [])


@given(st.text())
def test_clean_text_is_one_line_that_utf8_can_hold(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert len(cleaned.splitlines()) <= 1
    assert clean(cleaned) == cleaned


def test_typographic_spaces_are_kept() -> None:
    assert clean("12\u202f345\u00a0€") == "12\u202f345\u00a0€"


def test_accents_and_ligatures_fold() -> None:
    assert fold("ÉLÉVATION Cœur ÇÀÏ") == "elevation coeur cai"


def test_bidirectional_marks_leave_window_titles() -> None:
    assert without_bidi("a\u202eb\u2067c") == "abc"


def test_short_texts_are_not_cut_and_long_ones_end_with_an_ellipsis() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("é" * 300, 70) == "é" * 69 + "…"


@given(st.text())
def test_a_slug_is_a_file_name(text: str) -> None:
    made = slug(text)
    assert made
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(made) <= 48


def test_spaces_of_french_punctuation_do_not_break() -> None:
    assert (
        unbroken("a : b ; c ? d ! « e » 4 % 5 €")
        == "a\u00a0: b\u00a0; c\u00a0? d\u00a0! «\u00a0e\u00a0» 4\u00a0% 5\u00a0€"
    )
    assert unbroken("a :b {{ ?x }} 12:30") == "a :b {{ ?x }} 12:30"
