"""Where each line of a source that was made from another one was written.

What is compiled from MJML stands in other lines, and partly twice. So a Jinja comment, which nobody is sent,
begins a new line before each piece that an author wrote and says where that was; behind the piece another
begins a line of what the compiler made of its tag. What was written stands in full at the end, in comments
too. `source.at` looks past all of them, and no digest is taken of them: a blank line more in the MJML is no
other mail. So it is with lines of a comment for sendbatch alone, which are taken out of a source (`remarks`):
which ones they were stands at its end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sendbatch.campaign.language.slips import LINE_BREAK
from sendbatch.errors import Place

_MARK = "\0"
_EXACT, _NEAR = "@", "~"
_HEADER = re.compile(r"\0([@~])(\d+):(\d+):(\d+)\0#\}")
_ORIGIN = re.compile(r"\{#\n\0[@~][\d:]+\0#\}")
_FILE = re.compile(r"\{#\0=([\d,]*):([^\0]*)\0([^\0]*)\0=#\}")
_GONE = re.compile(r"\{#\0-([\d,]+)\0#\}")
_END, _ESCAPED = "#}", "#\ue002}"  # no comment may hold its own end


class Written(NamedTuple):
    """A file as its author wrote it."""

    path: str
    source: str

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column, both from 1, of the character at this offset."""
        starts = _line_starts(self.source)
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1


@lru_cache(maxsize=16)
def _line_starts(source: str) -> list[int]:
    return [0, *(found.end() for found in LINE_BREAK.finditer(source))]


def origin(file: int, line: int, column: int, *, exact: bool = True) -> str:
    """What stands before a piece: the number of its file, and its line and column there, from 1. Not `exact`
    is what was made of a tag that stands there."""
    return f"{{#\n{_MARK}{_EXACT if exact else _NEAR}{file}:{line}:{column}{_MARK}#}}"


def with_files(source: str, files: Sequence[Written]) -> str:
    """The source with all that it was made from."""
    return source + "".join(
        f"{{#{_MARK}={','.join(map(str, lines_gone(written)))}:{path}{_MARK}"
        f"{without_origins(written).replace(_MARK, '').replace(_END, _ESCAPED)}{_MARK}=#}}"
        for path, written in files
    )


def with_lines_gone(source: str, lines: Sequence[int]) -> str:
    """The source from which these `lines` were taken, by their numbers before; it says so at its end."""
    return f"{source}{{#{_MARK}-{','.join(map(str, lines))}{_MARK}#}}"


def lines_gone(source: str) -> list[int]:
    """Those that were taken from it, in their order."""
    found = _GONE.search(source) if f"{{#{_MARK}-" in source else None
    return [*map(int, found[1].split(","))] if found is not None else []


def line_before(line: int, gone: Sequence[int]) -> int:
    """The number of a line before those `gone` were taken."""
    for number in gone:
        line += number <= line
    return line


def has_origins(source: str) -> bool:
    return f"{_MARK}=#}}" in source


def without_origins(source: str) -> str:
    """What was made, alone."""
    made = _FILE.sub("", _ORIGIN.sub("", source)) if has_origins(source) else source
    return _GONE.sub("", made)


def authored(source: str) -> Callable[[int], bool]:
    """What says of a place in a source whether an author wrote it: of one that has no origins, all."""
    if not has_origins(source):
        return lambda at: True
    begun, exact = [0], [False]
    for header in _HEADER.finditer(source):
        begun.append(header.end())
        exact.append(header[1] == _EXACT)
    return lambda at: exact[bisect_right(begun, at) - 1]


def without_header(line: str) -> tuple[str, int]:
    """A line of such a source without what says where it is from, and how much that is."""
    header = _HEADER.match(line)
    length = header.end() if header is not None else 0
    return line[length:], length


def original(source: str, lines: Sequence[str], line: int, column: int | None) -> Place | None:
    """Where this line and column were written, of a source that `has_origins` and its lines; the column is
    that of the line `without_header`. None where nobody wrote them."""
    at = line - 1
    while at >= 0 and (header := _HEADER.match(lines[at])) is None:
        at -= 1
    if at < 0:
        return None
    assert header is not None
    gone, path, text = _files(source)[int(header[2])]
    found, begun = int(header[3]), int(header[4])
    if header[1] == _NEAR:
        column = begun
    elif at < line - 1:
        found += line - 1 - at
    elif column is not None:
        column += begun - 1
    written = LINE_BREAK.split(text)
    shown = written[found - 1] if found <= len(written) else ""
    return Place(path, line_before(found, gone), column, shown)


def _files(source: str) -> list[tuple[list[int], str, str]]:
    return [
        ([*map(int, filter(None, gone.split(",")))], path, text.replace(_ESCAPED, _END))
        for gone, path, text in _FILE.findall(source)
    ]
