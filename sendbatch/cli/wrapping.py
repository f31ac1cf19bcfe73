"""Text for a terminal of any width: lines break between words, and what people copy stays whole.

A command or a path behind words of ours and a colon ("go on with:  sendbatch run …") goes on a line of
its own where it does not fit, and is never broken. Data that says the same stands behind other characters,
and gets no such line. Text for files and pipes is left as it is.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TextIO

from sendbatch.cli import colour
from sendbatch.words import width

NARROWEST = 20  # columns; below that nothing is gained by breaking
MOST_INDENT = 8  # of what goes on from the line above
HANGING = 4  # columns that it stands further in than that line: commands to be typed stand two in
# A fault's place is one word: its path may have blanks.
_WORDS = re.compile(r"^\S[^:]{0,300}:\d+(?::\d+)?: (?:error|warning):|\s+|\S+")
_COPIED = re.compile(
    r"^(?P<label> *(?!rows? |subject)[A-Za-z][A-Za-z0-9 ,'-]{0,80}:)"
    r"(?: +(?=sendbatch )| {2,}(?=--|\S*/))(?P<whole>(?:'[^']*'|[^']|'(?![^']*'))*?)(?P<more> {3,}\S.*)?$"
)
PLAIN: Mapping[str, str] = {}  # no colours
_ASCII = str.maketrans({"·": "-", "…": "...", "−": "-", "×": "x", "→": "->", "—": "-", "–": "-"})
_GAP = re.compile(" {2,}")  # between two cells
_TYPED = re.compile(r"^\s*sendbatch [a-z]+ ")
_SOURCE = re.compile(r"^(?P<gutter> +\d+ \| )(?P<text>.*)$")
_CARET = re.compile(r"^(?P<gutter> +\| )(?P<blank> *)\^(?: (?P<hint>.*))?$")


def columns_of(stream: TextIO) -> int | None:
    """How wide the terminal is that this is shown on; None where it is none, or does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # no terminal; no descriptor, or a closed one
        return None


def fitted(text: str, stream: TextIO) -> str:
    """`text` as it is written to `stream`: in lines of its width, and in colour where it shows that."""
    found = wrapped(text, columns_of(stream), colour.of(stream))
    return found if _has_signs(stream) else found.translate(_ASCII)


def wrapped(text: str, columns: int | None, colours: Mapping[str, str] = PLAIN) -> str:
    """`text` in lines of at most `columns`, but for words, commands and paths that are longer."""
    if columns is not None and columns < NARROWEST:
        columns = None
    if columns is None and not colours:
        return text
    lines = text.split("\n")
    room = columns if columns is not None else sys.maxsize
    return "\n".join(part for line in _joined(lines, room, colours) for part in line)


def rows_taken(line: str, columns: int) -> int:
    """How many rows of a screen a line takes that is written as it stands, its colours aside: what is never
    broken may be wider than the screen, which goes on in its next row."""
    rows, used = 1, 0
    for sign in colour.without(line):
        size = width(sign)
        if used + size > columns:
            rows, used = rows + 1, 0
        used += size
    return rows


def _has_signs(stream: TextIO) -> bool:
    """Whether it can show what is beyond ASCII."""
    return (stream.encoding or "").lower().startswith("utf")


def _joined(lines: list[str], columns: int, colours: Mapping[str, str]) -> Iterator[list[str]]:
    place = 0
    while place < len(lines):
        line, below = lines[place], lines[place + 1] if place + 1 < len(lines) else ""
        source, caret = _SOURCE.match(line), _CARET.match(below)
        if source and caret and len(source["gutter"]) == len(caret["gutter"]):
            shown, pointed, *hint = _pointed(source, caret, columns)
            yield [shown, colour.caret(pointed, colours), *hint]
            place += 2
            continue
        yield list(_broken(line, columns, colours))
        place += 1


def _broken(line: str, columns: int, colours: Mapping[str, str]) -> Iterator[str]:
    fits = width(line) <= columns
    if _TYPED.match(line):
        yield colour.command(line, colours)
        return
    indent = len(line) - len(line.lstrip(" "))
    copied = _COPIED.match(line)
    if copied and fits:
        start, end = copied.span("whole")
        yield f"{line[:start]}{colour.command(line[start:end], colours)}{line[end:]}"
    elif copied:
        yield from _filled(copied["label"], indent, columns)
        yield " " * min(indent + 2, MOST_INDENT) + colour.command(copied["whole"], colours)
        if copied["more"]:
            more = " " * min(indent + 2, MOST_INDENT) + copied["more"].strip()
            yield from _filled(more, indent + 2, columns)
    else:
        first, *others = [line] if fits else _filled(line, indent, columns)
        yield colour.line(first, colours)
        yield from others


def _filled(line: str, indent: int, columns: int) -> Iterator[str]:
    """Broken between words; what goes on is indented more, so that nobody takes it for another line. The
    cells of a table move together: a column that is as wide as its widest leaves no room for the others."""
    line = " " * indent + _GAP.sub("  ", line.strip(" "))
    hanging = " " * min(indent + HANGING, MOST_INDENT, columns // 3)
    filled, used = "", 0
    for word in _WORDS.findall(line):
        size = width(word)
        if not word.isspace() and used + size > columns and filled.strip():
            yield filled.rstrip()
            filled, used = hanging, len(hanging)
        elif word.isspace() and filled == hanging and used:
            continue
        filled += word
        used += size
    yield filled.rstrip()


def _pointed(source: re.Match[str], caret: re.Match[str], columns: int) -> list[str]:
    """A line of a file with a caret under it: so much of it as fits, the caret's place in it."""
    gutter, text, at = source["gutter"], source["text"], len(caret["blank"])
    room = max(columns - len(gutter), NARROWEST)
    if len(text) > room:
        start = max(0, min(at - room // 2, len(text) - room))
        text, at = text[start : start + room], at - start
    lines = [gutter + text, f"{caret['gutter']}{' ' * at}^"]
    hint = caret["hint"]
    if not hint:
        return lines
    if len(lines[1]) + 1 + width(hint) <= columns:
        return [lines[0], f"{lines[1]} {hint}"]
    return [*lines, *_filled("  " + hint, 2, columns)]
