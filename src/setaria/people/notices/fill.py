"""The language that messages are written in: text with `{{ name }}` for what a message tells of, and nothing that runs.

`{{#name}} … {{/name}}` is left out when there is nothing of that name to tell, `{{^name}} … {{/name}}` when there is: a
part of Mustache. Which names there are depends on the message (`kinds.py`); every other is refused when the text is kept,
not found out when it goes out. Pure.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

import msgspec

TEXT_CHARS_MAX = 4_000
DEPTH_MAX = 5
_TAG = re.compile(r"\{\{\s*([#^/]?)\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_LONE = re.compile(r"\{\{|\}\}|\{%|%\}")


class Wrong(StrEnum):
    """What can be wrong with a text."""

    EMPTY = "EMPTY"
    TOO_LONG = "TOO_LONG"
    UNKNOWN_NAME = "UNKNOWN_NAME"
    STRAY_BRACES = "STRAY_BRACES"
    NOT_CLOSED = "NOT_CLOSED"
    NOT_OPEN = "NOT_OPEN"
    TOO_DEEP = "TOO_DEEP"


class BadText(ValueError):
    """A text that cannot be kept: why, in which line, and the name it is about."""

    def __init__(self, why: Wrong, line: int = 1, name: str = "") -> None:
        super().__init__(f"{why} in line {line}: {name}")
        self.why, self.line, self.name = why, line, name


class _Part(msgspec.Struct, frozen=True):
    """A piece of text (`sign` is "t"), a value ("") or the beginning of a part ("#", "^") or its end ("/")."""

    sign: str
    words: str
    line: int


def check(text: str, names: Collection[str]) -> None:
    """Raise BadText unless every tag is well formed, closed, and names something known."""
    if not text.strip():
        raise BadText(Wrong.EMPTY)
    if len(text) > TEXT_CHARS_MAX:
        raise BadText(Wrong.TOO_LONG)
    open_parts: list[_Part] = []
    for part in _parts(text):
        if part.sign == "t":
            if lone := _LONE.search(part.words):
                raise BadText(Wrong.STRAY_BRACES, part.line + part.words.count("\n", 0, lone.start()), lone.group())
            continue
        if part.words not in names:
            raise BadText(Wrong.UNKNOWN_NAME, part.line, part.words)
        if part.sign in ("#", "^"):
            open_parts.append(part)
            if len(open_parts) > DEPTH_MAX:
                raise BadText(Wrong.TOO_DEEP, part.line, part.words)
        elif part.sign == "/" and (not open_parts or open_parts.pop().words != part.words):
            raise BadText(Wrong.NOT_OPEN, part.line, part.words)
    if open_parts:
        raise BadText(Wrong.NOT_CLOSED, open_parts[-1].line, open_parts[-1].words)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a checked text with its values; what is named and not given is nothing."""
    written: list[str] = []
    left_out = 0
    for part in _parts(text):
        value = values.get(part.words, "") if part.sign != "t" else part.words
        if part.sign in ("#", "^"):
            left_out += 1 if left_out or bool(value) != (part.sign == "#") else 0
        elif part.sign == "/":
            left_out -= 1 if left_out else 0
        elif not left_out:
            written.append(value)
    return "".join(written)


def told(text: str) -> set[str]:
    """Return what a text tells, somewhere at least."""
    return {part.words for part in _parts(text) if part.sign == ""}


def _parts(text: str) -> Iterator[_Part]:
    at, line = 0, 1
    for tag in _TAG.finditer(text):
        before = text[at : tag.start()]
        if before:
            yield _Part("t", before, line)
        line += before.count("\n")
        yield _Part(tag.group(1), tag.group(2), line)
        line += tag.group().count("\n")
        at = tag.end()
    if at < len(text):
        yield _Part("t", text[at:], line)
