"""What all readers share: fingerprint, ZIP opened with care, blocks of whole lines, the year in a file name."""

from __future__ import annotations

import copy
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

from caqes_analysis.errors import SourceError

__all__ = [
    "LONGEST_LINE_BYTES",
    "Block",
    "blocks_of",
    "guarded_member",
    "is_archive",
    "name_inside",
    "open_content",
    "opened_zip",
    "refuse_absent",
    "sha256_of",
    "year_in_name",
]

# No line of a CSV is that long: beyond, the file is not one (or is made to fill the memory).
LONGEST_LINE_BYTES = 1_000_000
_READ_BYTES = 1 << 20
_PIECE_BYTES = 1 << 18
_TEXT_SUFFIXES = (".csv", ".txt")
_ZIP_ENCRYPTED_FLAG = 0x1
_UNPACK = "Décompresser le fichier et donner le CSV lui-même."


def sha256_of(path: Path) -> str:
    """Return the SHA-256 fingerprint of a file, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def refuse_absent(path: Path) -> None:
    """Refuse a path where there is no file, or an empty one.

    Raises
    ------
    SourceError
        ``FICHIER_ABSENT`` or ``FICHIER_VIDE``.
    """
    if not path.is_file():
        raise SourceError.of(
            "FICHIER_ABSENT", "ce fichier n'existe pas.", "Vérifier le chemin écrit dans la campagne.", file=path.name
        )
    if path.stat().st_size == 0:
        is_zip = path.suffix.lower() == ".zip"
        raise SourceError.of(
            "ZIP_VIDE" if is_zip else "FICHIER_VIDE",
            "le fichier fait 0 octet.",
            "Le télécharger ou l'exporter de nouveau : le transfert n'a pas abouti.",
            file=path.name,
        )


def year_in_name(name: str) -> int | None:
    """Return the year (2000 to 2099) that a file name holds; None when there is none, or several.

    Examples
    --------
    >>> year_in_name("OPEN_PHMEV_2024.CSV")
    2024
    """
    years = set(re.findall(r"(?<!\d)20\d\d(?!\d)", name))
    return int(years.pop()) if len(years) == 1 else None


@contextmanager
def open_content(path: Path) -> Iterator[IO[bytes]]:
    """Open the bytes of a CSV file, or of the only CSV of a ZIP archive, as a stream.

    Parameters
    ----------
    path
        A CSV file or a ZIP archive, told apart by their content.

    Raises
    ------
    SourceError
        ``FICHIER_ABSENT``, ``FICHIER_VIDE``, ``ZIP_VIDE``, ``ZIP_ILLISIBLE``, ``ZIP_SANS_CSV``,
        ``ZIP_PLUSIEURS_CSV``, ``ZIP_CHIFFRE``, ``ZIP_METHODE``, ``ZIP_TAILLE``, ``FORMAT_NON_LU``.
    """
    path = Path(path)
    refuse_absent(path)
    with path.open("rb") as stream:
        head = stream.read(4)
        if head[:2] == b"\x1f\x8b":
            raise SourceError.of("FORMAT_NON_LU", "le fichier est compressé en gzip.", _UNPACK, file=path.name)
        if not _is_archive(path, head):
            stream.seek(0)
            yield stream
            return
        with opened_zip(stream, path.name) as archive:
            info = _only_text_member(archive, path.name)
            with guarded_member(archive, info, path.name) as content:
                yield content


def is_archive(path: Path) -> bool:
    """Say whether a file is opened as a ZIP: by its first bytes, or by its name."""
    with path.open("rb") as stream:
        return _is_archive(path, stream.read(2))


def name_inside(path: Path) -> str | None:
    """Return the name of the only CSV of a ZIP archive; None for any other file, or an archive that cannot be read.

    Parameters
    ----------
    path
        A file.
    """
    try:
        if not is_archive(path):
            return None
        with path.open("rb") as stream, opened_zip(stream, path.name) as archive:
            return PurePosixPath(_only_text_member(archive, path.name).filename).name
    except (OSError, SourceError):
        return None  # whoever opens it for reading says why


def _is_archive(path: Path, head: bytes) -> bool:
    return head[:2] == b"PK" or path.suffix.lower() == ".zip"


@contextmanager
def opened_zip(stream: IO[bytes], file: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive; whatever is wrong in it, now or while it is read, is refused in French.

    Raises
    ------
    SourceError
        ``ZIP_ILLISIBLE``.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError) as failure:
        raise SourceError.of(
            "ZIP_ILLISIBLE",
            f"l'archive ZIP est abîmée ou incomplète ({failure}).",
            "La télécharger de nouveau.",
            file=file,
        ) from failure


@contextmanager
def guarded_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: str) -> Iterator[IO[bytes]]:
    """Open one file of an archive, refused as soon as it does not have the size that the archive says.

    Parameters
    ----------
    archive
        The archive, open.
    info
        Its member.
    file
        Name of the archive, for messages.

    Raises
    ------
    SourceError
        ``ZIP_CHIFFRE``, ``ZIP_METHODE``, and while reading ``ZIP_TAILLE``.
    """
    if info.flag_bits & _ZIP_ENCRYPTED_FLAG:
        raise SourceError.of("ZIP_CHIFFRE", "l'archive ZIP est protégée par un mot de passe.", _UNPACK, file=file)
    declared = info.file_size
    # zipfile stops at the declared size: lifting it lets the true size be seen.
    lifted = copy.copy(info)
    lifted.file_size = declared + (1 << 40)
    try:
        content = archive.open(lifted)
    except NotImplementedError as failure:
        raise SourceError.of(
            "ZIP_METHODE", f"la méthode de compression de l'archive n'est pas lue ({failure}).", _UNPACK, file=file
        ) from failure
    with content:
        yield io.BufferedReader(_SizeGuard(content, declared, f"{file}/{info.filename}"), _READ_BYTES)


def _only_text_member(archive: zipfile.ZipFile, file: str) -> zipfile.ZipInfo:
    def is_text(info: zipfile.ZipInfo) -> bool:
        place = PurePosixPath(info.filename)
        hidden = place.parts[0] == "__MACOSX" or place.name.startswith(".")
        return not info.is_dir() and not hidden and place.suffix.lower() in _TEXT_SUFFIXES

    found = [info for info in archive.infolist() if is_text(info)]
    if not found:
        raise SourceError.of(
            "ZIP_SANS_CSV",
            "l'archive ne contient aucun fichier CSV.",
            "Donner l'archive qui contient le CSV.",
            file=file,
        )
    if len(found) > 1:
        names = ", ".join(sorted(info.filename for info in found))
        raise SourceError.of(
            "ZIP_PLUSIEURS_CSV",
            f"l'archive contient {len(found)} fichiers CSV ({names}).",
            "N'en garder qu'un par archive : rien ne dit lequel lire.",
            file=file,
        )
    return found[0]


class _SizeGuard(io.RawIOBase):
    """Reads an archive member and refuses it as soon as it gives more bytes than its header says, or fewer."""

    def __init__(self, content: IO[bytes], declared: int, file: str) -> None:
        super().__init__()
        self._content = content
        self._declared = declared
        self._file = file
        self._read = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Give the next bytes."""
        view = memoryview(buffer)
        data = self._content.read(len(view))
        self._read += len(data)
        if self._read > self._declared or (not data and self._read < self._declared):
            raise SourceError.of(
                "ZIP_TAILLE",
                f"le fichier de l'archive ne fait pas les {self._declared} octets qu'elle annonce.",
                "Ne pas l'ouvrir : l'archive est abîmée ou fabriquée. La redemander à sa source.",
                file=self._file,
            )
        view[: len(data)] = data
        return len(data)


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Parameters
    ----------
    buffer
        The bytes; they end with a line feed, except perhaps those of the last block.
    first_line
        Number of their first line in the file, from 1.
    lines_nb
        Number of lines.
    """

    buffer: npt.NDArray[np.uint8]
    first_line: int
    lines_nb: int

    @property
    def data(self) -> bytes:
        """A copy of the bytes."""
        return self.buffer.tobytes()

    @property
    def is_ended(self) -> bool:
        """True when the last line has its line feed."""
        return bool(self.buffer[-1:] == ord("\n"))


def blocks_of(stream: IO[bytes], *, size: int, file: str, first_line: int = 1) -> Iterator[Block]:
    """Cut a stream into blocks of whole lines.

    Parameters
    ----------
    stream
        Bytes to read.
    size
        Size of a block, in bytes, before the end of its last line is added.
    file
        Name of the file, for messages.
    first_line
        Number of the first line that the stream gives.

    Raises
    ------
    SourceError
        ``LIGNE_TROP_LONGUE`` when a line has more than a million bytes.
    """
    line = first_line
    while True:
        # Filled where it stays, room left for the end of its last line: a block is never copied.
        room = np.empty(size + LONGEST_LINE_BYTES, np.uint8)
        filled, lines_nb = _fill(stream, room[:size])
        if not filled:
            return
        end = b"" if room[filled - 1] == ord("\n") else stream.readline(LONGEST_LINE_BYTES)
        if len(end) == LONGEST_LINE_BYTES:
            raise SourceError.of(
                "LIGNE_TROP_LONGUE",
                "une ligne dépasse un million d'octets : ce n'est pas un CSV de ce format.",
                "Vérifier que le bon fichier est donné.",
                file=file,
                line=line + lines_nb,
            )
        room[filled : filled + len(end)] = np.frombuffer(end, np.uint8)
        whole = room[: filled + len(end)]
        lines_nb += int(room[filled - 1] != ord("\n"))
        yield Block(whole, line, lines_nb)
        line += lines_nb


def _fill(stream: IO[bytes], room: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Read until ``room`` is full or the stream ends; return the number of bytes read, and of line feeds."""
    filled = lines_nb = 0
    # Counted piece by piece, while a piece is in the processor's cache.
    while read := stream.readinto(room[filled : filled + _PIECE_BYTES].data):  # type: ignore[attr-defined]
        lines_nb += int(np.count_nonzero(room[filled : filled + read] == ord("\n")))
        filled += read
    return filled, lines_nb
