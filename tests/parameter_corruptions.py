"""What editors do to a parameter file: each corruption as the files that it may leave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["CORRUPTIONS", "Corruption"]

Corruption = Callable[[str], Iterator[bytes]]
CORRUPTIONS: dict[str, Corruption] = {}
_KEY = re.compile(r"^( *(?:- )?\{?)([a-z_]+)(:.*)$")


def corruption(make: Corruption) -> Corruption:
    CORRUPTIONS[make.__name__] = make
    return make


def _lines_changed(text: str, change: Callable[[str], list[str] | None]) -> Iterator[bytes]:
    """Replace each line that the change concerns, each alone."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        new = change(line)
        if new is not None:
            yield ("\n".join([*lines[:place], *new, *lines[place + 1 :]]) + "\n").encode()


def _at_key(change: Callable[[str, str, str], list[str] | None]) -> Callable[[str], list[str] | None]:
    def run(line: str) -> list[str] | None:
        found = _KEY.match(line)
        return change(*found.groups()) if found else None

    return run


@corruption
def key_written_twice(text: str) -> Iterator[bytes]:
    def twice(head: str, key: str, rest: str) -> list[str] | None:
        if head.strip() or rest.strip() in (":", ": >", ": |"):
            return None
        return [f"{head}{key}{rest}", f"{head}{key}{rest}"]

    yield from _lines_changed(text, _at_key(twice))


@corruption
def key_misspelt(text: str) -> Iterator[bytes]:
    yield from _lines_changed(text, _at_key(lambda head, key, rest: [f"{head}{key}x{rest}"]))


@corruption
def colon_lost(text: str) -> Iterator[bytes]:
    yield from _lines_changed(text, _at_key(lambda head, key, rest: [f"{head}{key} {rest[1:]}"]))


@corruption
def indented_with_a_tabulation(text: str) -> Iterator[bytes]:
    yield from _lines_changed(text, lambda line: [re.sub("^ +", "\t", line)] if re.match(" +[^ #]", line) else None)


@corruption
def indented_otherwise(text: str) -> Iterator[bytes]:
    yield from _lines_changed(text, lambda line: [f" {line}"] if re.match(" +[^ #]", line) else None)
    yield from _lines_changed(text, lambda line: [f"  {line}"] if re.match("[a-z]", line) else None)


@corruption
def value_of_another_type(text: str) -> Iterator[bytes]:
    for value in ("[[1]]", "{a: 1}", "!!python/object/apply:os.getcwd [[1]]", "2024-02-30", ".nan", "*ancre", "&", '"'):
        yield from _lines_changed(
            text, _at_key(lambda head, key, rest, value=value: [f"{head}{key}: {value}"] if len(rest) > 2 else None)
        )


@corruption
def bracket_or_quote_lost(text: str) -> Iterator[bytes]:
    for mark in '[]{}"':
        yield from _lines_changed(
            text,
            lambda line, mark=mark: [line.replace(mark, "", 1)] if mark in line.partition("#")[0] else None,
        )


@corruption
def encoding_changed(text: str) -> Iterator[bytes]:
    accented = text if not text.isascii() else f"{text}# été\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"):
        yield accented.encode(encoding, "replace")
    yield accented.encode().replace(b"\n", b"\r\n")
    yield text.encode() + b"\x00"


@corruption
def file_of_another_kind(text: str) -> Iterator[bytes]:
    yield b""
    yield b"# rien\n"
    yield b"- a\n- b\n"
    yield b"une phrase\n"
    yield b"PK\x03\x04" + bytes(100)
    yield text.encode() + b"---\n" + text.encode()
    yield 2 * (text.encode() + b"\n")


@corruption
def file_cut(text: str) -> Iterator[bytes]:
    """Inside the first keys, where what is required is lost."""
    data = text.encode()
    first = next((found.end() for found in re.finditer(rb"(?m)^[a-z_]+:", data)), 0)
    yield data[: first + 1]
    yield data[: first - 1]
