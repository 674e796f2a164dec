"""Writing an Open PHMEV file in its exact layout, a batch of establishments at a time."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis.simulation.establishments import KINDS, Establishment
from caqes_analysis.simulation.geography import REGION
from caqes_analysis.simulation.open_phmev import PEOPLE, Lines, products

__all__ = ["HEADER", "french_amounts", "write_batches", "zip_entry"]

HEADER = (
    "atc1;l_atc1;atc2;L_ATC2;atc3;L_ATC3;atc4;L_ATC4;ATC5;L_ATC5;CIP13;l_cip13;TOP_GEN;GEN_NUM;age;SEXE;etb_rgt;"
    "categorie_jur;categorie_jur_rgt;code_postal;nom_etb;nom_ville;nom_voie;numero_voie;raison_sociale_etb;"
    "top_etb_age;top_etb_sexe;region_etb;BOITES;REM;BSE"
)
# Lines shuffled and written together: the real file is not sorted by establishment.
_BATCH_LINES_NB = 200_000


def _capitals(text: str) -> str:
    """Return a name as the real file writes it: capitals without accents."""
    plain = unicodedata.normalize("NFD", text.replace("’", "'").replace("œ", "oe").upper())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _tail(one: Establishment) -> bytes:
    """Return the columns ``etb_rgt`` to ``region_etb`` of an establishment."""
    category, regrouped = KINDS[one.kind].open_phmev_codes
    street, number = one.street.split(";")
    name = _capitals(one.name)
    short = name.replace("CENTRE HOSPITALIER", "CH").replace("CH UNIVERSITAIRE", "CHU")
    legal_name = "" if one.index % 7 == 3 else name  # blank for about one line in seven of the real file
    parts = [one.finess, category, regrouped, one.postal_code, short, _capitals(one.town), street, number, legal_name]
    parts += [str(int(one.tells_age)), str(int(one.tells_sex)), REGION]
    return ";".join(parts).encode("cp1252")


def french_amounts(cents: npt.NDArray[np.int64]) -> pa.Array:
    """Return amounts in cents as ``1.234,56``.

    Examples
    --------
    >>> french_amounts(np.array([5, 123456, 100000000, -250])).to_pylist()
    ['0,05', '1.234,56', '1.000.000,00', '-2,50']
    """
    euros, decimals = np.divmod(np.abs(cents), 100)
    padded, plain = _numbers()
    text: pa.Array = padded.take(pa.array(decimals + 1000))  # « 00 » to « 99 », after « 000 » to « 999 »
    text = pc.binary_join_element_wise(_group(padded, plain, euros), text, ",")
    signs = pa.array(["", "-"]).take(pa.array((cents < 0).astype(np.int64)))
    return pc.binary_join_element_wise(signs, text, "")


def _group(padded: pa.Array, plain: pa.Array, euros: npt.NDArray[np.int64]) -> pa.Array:
    """Return whole euros in groups of three digits."""
    higher, units = np.divmod(euros, 1000)
    short = plain.take(pa.array(units))
    if not higher.any():
        return short
    long = pc.binary_join_element_wise(_group(padded, plain, higher), padded.take(pa.array(units)), ".")
    return pc.if_else(pa.array(higher > 0), long, short)


def _numbers() -> tuple[pa.Array, pa.Array]:
    padded = [f"{n:03d}" for n in range(1000)] + [f"{n:02d}" for n in range(100)]
    return pa.array(padded), pa.array([str(n) for n in range(1000)])


def _encode(drawn: list[tuple[bytes, Lines]], random: np.random.Generator) -> pa.Buffer:
    """Return the lines of several establishments as one block of text, in random order."""
    counts = [len(lines.boxes) for _, lines in drawn]
    order = random.permutation(sum(counts))

    def gathered(name: str) -> npt.NDArray[np.int64]:
        together: npt.NDArray[np.int64] = np.concatenate([getattr(lines, name) for _, lines in drawn])[order]
        return together

    hospital = np.repeat(np.arange(len(drawn)), counts)[order]
    heads, people = pa.array(products().heads, pa.binary()), pa.array([f"{a};{s}".encode() for a, s in PEOPLE])
    tails = pa.array([tail for tail, _ in drawn], pa.binary())
    amounts = [french_amounts(gathered(name)).cast(pa.binary()) for name in ("reimbursed_cents", "base_cents")]
    text = pc.binary_join_element_wise(
        heads.take(pa.array(gathered("product"))),
        people.take(pa.array(gathered("people"))),
        tails.take(pa.array(hospital)),
        pa.array(gathered("boxes")).cast(pa.string()).cast(pa.binary()),
        *amounts,
        b";",
    )
    text = pc.binary_join_element_wise(text, pa.scalar(b"\r\n"), b"")
    end = text.buffers()[1]
    size = int(np.frombuffer(end, dtype=np.int32)[len(text)])
    return text.buffers()[2].slice(0, size)


@contextmanager
def zip_entry(path: Path, name: str, *, is_huge: bool = False) -> Iterator[IO[bytes]]:
    """Open the only file of a new ZIP for writing, dated 1980 so that equal contents make equal bytes."""
    # A name alone is dated 1980 by zipfile. Level 1: three times faster than the default, a fifth larger.
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=is_huge) as content,
    ):
        yield content


def write_batches(
    path: Path, drawn: Iterable[tuple[Establishment, Lines]], *, seed: int, year: int, is_huge: bool = False
) -> int:
    """Write an Open PHMEV file: CSV, or ZIP that holds one when ``path`` ends in ``.zip``.

    Parameters
    ----------
    path
        File to write.
    drawn
        Establishments and their lines; read one after another.
    seed, year
        Decide the order of the lines.
    is_huge
        Whether the file may be larger than 2 GB (ZIP only).

    Returns
    -------
    int
        Number of lines, without the header.
    """
    random, written, waiting, held = np.random.default_rng([seed, 7, year]), 0, [], 0
    zipped = path.suffix.lower() == ".zip"
    with zip_entry(path, f"{path.stem}.CSV", is_huge=is_huge) if zipped else path.open("wb") as content:
        content.write(f"{HEADER}\r\n".encode("cp1252"))
        for one, lines in drawn:
            waiting.append((_tail(one), lines))
            held += len(lines.boxes)
            if held >= _BATCH_LINES_NB:
                content.write(_encode(waiting, random))
                written, waiting, held = written + held, [], 0
        if held:
            content.write(_encode(waiting, random))
    return written + held
