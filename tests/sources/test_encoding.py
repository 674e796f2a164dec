from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.errors import SourceError
from caqes_analysis.sources.encoding import Evidence, decode, evidence_in

# What French administrative text holds besides ASCII.
_FRENCH = "éèêëàâäçîïôöùûüÿÉÈÊÀÂÇÎÔÛœŒæ’‘“”«»…–—€°²\u00a0"
# « Ã » and « Å » are not French; « Â » or « â » are, but never before a sign.
_TEXT = st.text(alphabet=st.sampled_from("abcXYZ 019;,.\n" + _FRENCH), max_size=200).filter(
    lambda text: "â€" not in text
)


def refusal(data: bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        decode(data, "a.csv")
    return caught.value


@given(_TEXT)
def test_utf8_is_read_back_with_or_without_mark(text: str):
    assert decode(text.encode(), "a.csv") == (text, "utf-8")
    assert decode(text.encode("utf-8-sig"), "a.csv") == (text, "utf-8")


@given(st.text(alphabet=st.sampled_from("abcXYZ 019;,.\n’éèàçÉÈÀÇœ"), max_size=200))
def test_windows_1252_is_read_back(text: str):
    got, encoding = decode(text.encode("cp1252") + b"\n\xe9t\xe9", "a.csv")
    assert (got, encoding) == (text + "\nété", "cp1252")


def test_capital_letters_before_typographic_signs_stay_windows_1252():
    text = "CITÉ’S ; CITÉ : CITÉ\u00a0» CHÂTEAU âge Âge \u00c8\u00a0"
    assert decode((text + "\né\n").encode("cp1252"), "a.csv") == (text + "\né\n", "cp1252")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_refused(encoding: str):
    problem = refusal("finess;mois\n330781196;2024-09\n".encode(encoding)).problems[0]
    assert (problem.code, problem.file, problem.line) == ("ENCODAGE_UTF16", "a.csv", 1)


def test_two_encodings_in_one_file_are_refused_where_it_changes():
    data = "a\né utf\nb\n".encode() + "é cp\n".encode("cp1252")
    problem = refusal(data).problems[0]
    assert (problem.code, problem.line) == ("ENCODAGE_MIXTE", 4)
    assert "ligne 2" in problem.what
    assert "ligne 4" in problem.what
    assert refusal("é cp\nb\n".encode("cp1252") + "é utf".encode()).problems[0].line == 3


def test_a_utf8_mark_forbids_windows_1252():
    assert refusal(b"\xef\xbb\xbfa\n\xe9\n").problems[0].code == "ENCODAGE_MIXTE"


@given(_TEXT.filter(lambda text: not text.isascii()), _TEXT)
def test_pasting_a_utf8_part_into_a_windows_1252_file_never_passes_unseen(utf8: str, cp1252: str):
    accented = "é" + utf8
    data = cp1252.encode("cp1252") + b" \xe9 \n" + accented.encode()
    assert refusal(data).problems[0].code == "ENCODAGE_MIXTE"


def test_a_byte_of_neither_encoding_is_refused():
    problem = refusal(b"a\n\xe9 \x81\n").problems[0]
    assert (problem.code, problem.line) == ("ENCODAGE_INCONNU", 2)


@pytest.mark.parametrize("spoilt", ["utf-8", "mac_roman", "cp850"])
def test_accents_spoilt_before_the_file_was_sent_are_refused_where_they_begin(spoilt: str):
    sent = "finess;nom\n990000001;CH de Médoc-Sud\n".encode(spoilt).decode("cp1252")
    data = sent.encode("utf-8" if spoilt == "utf-8" else "cp1252")
    problem = refusal(data).problems[0]
    assert (problem.code, problem.line) == ("ACCENTS_PERDUS", 2)
    assert problem.value == sent.split()[-1]


def test_letters_lost_for_good_are_refused():
    problem = refusal("a\nM\ufffddoc\n".encode()).problems[0]
    assert (problem.code, problem.line, problem.value) == ("ACCENTS_PERDUS", 2, "M\ufffddoc")


def test_a_nul_byte_is_refused():
    problem = refusal(b"finess;mois;montant\n3307811\x0096;2024-09;1\n").problems[0]
    assert (problem.code, problem.line) == ("OCTET_NUL", 2)


@given(st.lists(_TEXT, min_size=1, max_size=5))
def test_evidence_does_not_depend_on_how_a_file_is_cut(parts: list[str]):
    data = [part.encode("cp1252" if number % 2 else "utf-8") + b"\n" for number, part in enumerate(parts)]
    total, line = Evidence(), 1
    for piece in data:
        total = total.then(evidence_in(piece, line))
        line += piece.count(b"\n")
    whole = evidence_in(b"".join(data))
    assert (total.not_utf8_line, total.nul_line) == (whole.not_utf8_line, whole.nul_line)
    assert total.encoding == whole.encoding
