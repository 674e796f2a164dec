from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.errors import SourceError
from caqes_analysis.sources import files
from caqes_analysis.sources.files import blocks_of, open_content, sha256_of, year_in_name
from tests.sources.phmev_files import write, write_zip


def read_all(path: Path) -> bytes:
    with open_content(path) as stream:
        return b"".join(iter(lambda: stream.read(1 << 16), b""))


def refused(path: Path) -> tuple[str, str | None]:
    with pytest.raises(SourceError) as caught:
        read_all(path)
    (problem,) = caught.value.problems
    return problem.code, problem.file


def test_sha256(tmp_path: Path):
    path = write(tmp_path, b"abc")
    assert sha256_of(path) == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("OPEN_PHMEV_2024.CSV", 2024),
        ("open-phmev-2015-v2.zip", 2015),
        ("OPEN_PHMEV.CSV", None),
        ("phmev_2023_2024.csv", None),
        ("20241231.csv", None),
        ("phmev 2024 2024.csv", 2024),
    ],
)
def test_year_in_name(name: str, year: int | None):
    assert year_in_name(name) == year


def test_the_only_csv_of_an_archive_is_read(tmp_path: Path):
    members = {"dossier/OPEN.CSV": b"a;b\n1;2\n", "lisez-moi.pdf": b"x", "__MACOSX/._OPEN.CSV": b"y"}
    with open_content(write_zip(tmp_path, members)) as stream:
        assert stream.read(100) == b"a;b\n1;2\n"


def test_an_archive_is_known_by_its_content(tmp_path: Path):
    with open_content(write_zip(tmp_path, {"a.csv": b"x"}, "phmev.csv")) as stream:
        assert stream.read(10) == b"x"


def test_absent_and_empty_files(tmp_path: Path):
    assert refused(tmp_path / "rien.csv") == ("FICHIER_ABSENT", "rien.csv")
    assert refused(write(tmp_path, b"", "a.csv")) == ("FICHIER_VIDE", "a.csv")
    assert refused(write(tmp_path, b"", "a.zip")) == ("ZIP_VIDE", "a.zip")


def test_archives_that_cannot_be_read(tmp_path: Path):
    two = write_zip(tmp_path, {"a.csv": b"1", "b.CSV": b"2"}, "deux.zip")
    assert refused(two) == ("ZIP_PLUSIEURS_CSV", "deux.zip")
    assert refused(write_zip(tmp_path, {"a.pdf": b"1"}, "rien.zip"))[0] == "ZIP_SANS_CSV"
    assert refused(write(tmp_path, b"pas une archive", "faux.zip"))[0] == "ZIP_ILLISIBLE"
    assert refused(write(tmp_path, b"\x1f\x8b\x08\x00", "a.csv.gz"))[0] == "FORMAT_NON_LU"
    whole = write_zip(tmp_path, {"a.csv": bytes(range(256)) * 400}, "entier.zip").read_bytes()
    assert refused(write(tmp_path, whole[: len(whole) // 2], "coupe.zip"))[0] == "ZIP_ILLISIBLE"
    damaged = bytearray(whole)
    damaged[60] ^= 0xFF
    assert refused(write(tmp_path, bytes(damaged), "abime.zip"))[0] in {"ZIP_ILLISIBLE", "ZIP_TAILLE"}


def test_an_archive_protected_by_a_password_is_refused(tmp_path: Path):
    data = bytearray(write_zip(tmp_path, {"a.csv": b"1"}).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refused(write(tmp_path, bytes(data), "secret.zip"))[0] == "ZIP_CHIFFRE"


def test_an_unknown_compression_is_refused(tmp_path: Path):
    data = bytearray(write_zip(tmp_path, {"a.csv": b"1"}).read_bytes())
    for place in (8, data.index(b"PK\x01\x02") + 10):
        data[place : place + 2] = struct.pack("<H", 9)
    assert refused(write(tmp_path, bytes(data), "deflate64.zip"))[0] == "ZIP_METHODE"


@pytest.mark.parametrize("announced", [10, 3_000_000])
def test_an_archive_that_does_not_unpack_to_what_it_says_is_refused_before_the_memory_fills(
    tmp_path: Path, announced: int
):
    size = 2_000_000
    data = bytearray(write_zip(tmp_path, {"a.csv": b"1;2\n" * (size // 4)}).read_bytes())
    for place in (22, data.index(b"PK\x01\x02") + 24):
        data[place : place + 4] = struct.pack("<I", announced)
    assert refused(write(tmp_path, bytes(data), "bombe.zip")) == ("ZIP_TAILLE", "bombe.zip/a.csv")


@given(
    st.lists(st.text(alphabet="ab;\r", max_size=30), max_size=30),
    st.booleans(),
    st.integers(1, 200),
)
def test_blocks_are_whole_lines_and_nothing_is_lost(lines: list[str], ended: bool, size: int):
    data = ("\n".join(lines) + ("\n" if ended and lines else "")).encode()
    blocks = list(blocks_of(io.BytesIO(data), size=size, file="a.csv", first_line=2))
    assert b"".join(block.data for block in blocks) == data
    assert all(block.data.endswith(b"\n") for block in blocks[:-1])
    line = 2
    for block in blocks:
        assert block.first_line == line
        line += block.lines_nb
    assert line - 2 == data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0)


def test_a_line_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "LONGEST_LINE_BYTES", 50)
    with pytest.raises(SourceError) as caught:
        list(blocks_of(io.BytesIO(b"a\nb\n" + b"x" * 200), size=20, file="a.csv"))
    assert (caught.value.problems[0].code, caught.value.problems[0].line) == ("LIGNE_TROP_LONGUE", 3)


def test_a_large_member_is_read_whole(tmp_path: Path):
    data = bytes(range(256)) * 10_000
    path = tmp_path / "gros.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gros.csv", data)
    with open_content(path) as stream:
        assert b"".join(iter(lambda: stream.read(70_000), b"")) == data
