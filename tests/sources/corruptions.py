"""What transfers, spreadsheets and editors do to a file of text: each corruption as the files that it may leave."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Callable, Iterator

from tests.sources.received_files import Kind

__all__ = ["CORRUPTIONS", "Corruption"]

Corruption = Callable[[Kind], Iterator[bytes]]
CORRUPTIONS: dict[str, Corruption] = {}
_OTHER_SEPARATORS = ",;\t|"
_AMOUNT = re.compile(r"[0-9 \xa0]+[,.][0-9]{2,5}(?:[ \xa0]?€)?")


def corruption(make: Corruption) -> Corruption:
    CORRUPTIONS[make.__name__] = make
    return make


class Text:
    """The lines of a file, to change and to write again."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        try:
            text, self.encoding = kind.content.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, self.encoding = kind.content.decode("cp1252"), "cp1252"
        self.end = "\r\n" if "\r\n" in text else "\n"
        self.lines = text.split(self.end)[:-1]
        self.first = 1 if kind.has_header else 0

    def cells(self, line: str) -> list[str]:
        if self.kind.is_quoted:
            return next(csv.reader([line], delimiter=self.kind.separator))
        return line.split(self.kind.separator)

    def line(self, cells: list[str], separator: str | None = None) -> str:
        mark = separator or self.kind.separator
        if not self.kind.is_quoted:
            return mark.join(cells)
        page = io.StringIO()
        csv.writer(page, delimiter=mark, lineterminator="").writerow(cells)
        return page.getvalue()

    def bytes(self, lines: list[str], *, end: str | None = None, encoding: str | None = None) -> bytes:
        mark = end or self.end
        return (mark.join(lines) + mark).encode(encoding or self.encoding)

    def one_by_one(self, change: Callable[[str], str | None]) -> Iterator[bytes]:
        """Change the first and the last line of data, each alone."""
        for place in (self.first, len(self.lines) - 1):
            new = change(self.lines[place])
            if new is not None and new != self.lines[place]:
                yield self.bytes([*self.lines[:place], new, *self.lines[place + 1 :]])


@corruption
def line_cut(kind: Kind) -> Iterator[bytes]:
    yield from Text(kind).one_by_one(lambda line: line[: len(line) // 2])


@corruption
def file_cut_inside_a_line(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    last = len(text.lines[-1].encode(text.encoding)) + len(text.end)
    for share in (0.8, 0.5, 0.2):
        yield kind.content[: len(kind.content) - int(share * last)]


@corruption
def columns_exchanged(kind: Kind) -> Iterator[bytes]:
    """Every two neighbours in all the lines of data, the header left as it is."""
    text = Text(kind)
    width = len(text.cells(text.lines[-1])) if kind.separator else 0
    for place in range(width - 1):

        def exchanged(line: str, place: int = place) -> str:
            cells = text.cells(line)
            if len(cells) > place + 1:
                cells[place], cells[place + 1] = cells[place + 1], cells[place]
            return text.line(cells)

        yield text.bytes([*text.lines[: text.first], *map(exchanged, text.lines[text.first :])])


@corruption
def columns_moved_with_their_header(kind: Kind) -> Iterator[bytes]:
    if kind.has_header and kind.separator:
        text = Text(kind)
        yield text.bytes([text.line(text.cells(line)[::-1]) for line in text.lines])


@corruption
def separator_changed(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    for mark in _OTHER_SEPARATORS if kind.separator else "":
        if mark != kind.separator:
            yield text.bytes([text.line(text.cells(line), mark) for line in text.lines])
            yield text.bytes([*text.lines[:-1], text.lines[-1].replace(kind.separator, mark)])


@corruption
def encoding_changed(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "mac_roman"):
        yield text.bytes(text.lines, encoding=encoding)
    if not kind.content.isascii():
        yield text.bytes(text.lines, encoding="utf-8").decode("cp1252").encode("utf-8")
        yield re.sub(r"[^\x00-\x7f]", "\ufffd", "\n".join([*text.lines, ""])).encode()


@corruption
def ends_of_lines_changed(kind: Kind) -> Iterator[bytes]:
    for end in ("\n", "\r\n"):
        yield Text(kind).bytes(Text(kind).lines, end=end)


@corruption
def blank_lines_added(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    yield text.bytes([*text.lines[:2], "", *text.lines[2:]])
    yield text.bytes([*text.lines, "", ""])
    yield text.bytes([*text.lines[:2], 3 * kind.separator, *text.lines[2:]])


@corruption
def quotes_added(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    if kind.separator:
        quoted = [[f'"{cell}"'.replace('"""', '"') for cell in text.cells(line)] for line in text.lines]
        yield text.bytes([kind.separator.join(cells) for cells in quoted])
    if kind.is_quoted:
        yield from text.one_by_one(lambda line: f'"{line}')
        yield from text.one_by_one(lambda line: line.replace(kind.separator, f'{kind.separator}"', 1))


@corruption
def separator_at_the_end(kind: Kind) -> Iterator[bytes]:
    if kind.separator:
        text = Text(kind)
        yield text.bytes([line + kind.separator for line in text.lines])
        yield from text.one_by_one(lambda line: f"{line}{kind.separator}9")


@corruption
def lines_pasted(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    yield text.bytes([*text.lines[:-2], text.lines[-2] + text.lines[-1]])
    yield text.bytes([text.lines[0] + text.lines[1], *text.lines[2:]])
    half = len(text.lines[-1]) // 2
    yield text.bytes([*text.lines[:-1], text.lines[-1][:half], text.lines[-1][half:]])


@corruption
def file_pasted_twice(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    yield 2 * kind.content
    yield text.bytes([*text.lines, *text.lines[text.first :]])


@corruption
def header_changed(kind: Kind) -> Iterator[bytes]:
    text = Text(kind)
    if not kind.has_header:
        return
    header, *rest = text.lines
    yield text.bytes(rest)
    yield text.bytes([header.upper(), *rest])
    yield text.bytes(["Extraction du 12/10/2024", header, *rest])
    names = text.cells(header)
    for place in range(len(names)):
        for new in (names[place][:-1] + "zz", "", names[place - 1]):
            yield text.bytes([text.line([*names[:place], new, *names[place + 1 :]]), *rest])
    yield text.bytes([text.line([*names[1:], names[0]]), *rest])


@corruption
def thousands_separated_otherwise(kind: Kind) -> Iterator[bytes]:
    """The same amounts as an English spreadsheet writes them, then as accountants and dashboards do."""
    text = Text(kind)
    if not kind.separator:
        return
    cells = text.cells(text.lines[-1])
    for place, cell in enumerate(cells):
        if _AMOUNT.fullmatch(cell):
            value = float(re.sub(r"[  \xa0€]", "", cell).replace(",", "."))
            for new in (f"{1000 * value:,.2f}", f"({cell})", f"{cell}-", f"{cell} k€", "1,2E+05", "#REF!", "1.234"):
                changed = text.line([*cells[:place], new, *cells[place + 1 :]])
                yield text.bytes([*text.lines[:-1], changed])


@corruption
def file_of_another_kind(kind: Kind) -> Iterator[bytes]:
    yield b""
    yield gzip.compress(kind.content)
    yield b"\x00" * 200
    yield b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    yield b"<html><body>Erreur 404</body></html>\n"
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as archive:
        archive.writestr("a.csv", kind.content)
    yield page.getvalue()[:-30]
