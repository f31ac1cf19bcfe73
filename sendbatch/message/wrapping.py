"""Lines as wide as a terminal's: how many columns text takes, and where a line of it may end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import wcwidth

# Each of these takes one column; most texts have no others.
_NARROW = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u2027\u20a0-\u20bf]*+"
)
_CLOSING = "、。，．・：；？！）］｝〉》」』】〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々"
_MARKS = "\u0300-\u036f\u200d\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
_OPENING = "（［｛〈《「『【〔"
_IDEOGRAPHS = (
    "\u2e80-\u2fff\u3005-\u3007\u3021-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
)
_NOT_FIRST = f"{_CLOSING}{_MARKS}"
# East Asian text has no blanks: a line may end between any two signs, but not after what opens nor
# before what closes.
_SIGNS = re.compile(
    f"[{_OPENING}]*+(?:[{_IDEOGRAPHS}]|[^{_IDEOGRAPHS}{_OPENING}{_NOT_FIRST}]++)?+[{_NOT_FIRST}]*+"
)
_ADDRESS = re.compile(r"[(<]?+[a-zA-Z][a-zA-Z0-9+.-]{1,30}:")


def columns(text: str) -> int:
    """How many columns `text` takes in a terminal: two for an East Asian sign, none for a mark."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    width = wcwidth.wcswidth(text)
    return len(text) if width < 0 else width  # below 0: control characters


def wrapped(text: str, width: int) -> list[str]:
    """`text`, one line, as lines of at most `width` columns. A word stays whole however long it is."""
    if len(text) <= width and (len(text) * 2 <= width or columns(text) <= width):
        return [text]
    if text.isascii() or _NARROW.fullmatch(text):
        return _by_letters(text, width)
    return _by_columns(text, width)


def _by_letters(text: str, width: int) -> list[str]:
    lines, start = [], 0
    while len(text) - start > width:
        end = text.rfind(" ", start, start + width + 1)
        if end < start:
            end = text.find(" ", start + width)
        if end < 0:
            break
        lines.append(text[start:end])
        start = end + 1
    return [*lines, text[start:]]


def _by_columns(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line: list[str] = []
    room = width
    for piece in _pieces(text):
        taken = columns(piece)
        if line and columns(piece.rstrip(" ")) > room:
            lines.append("".join(line).rstrip(" "))
            line, room = [], width
        line.append(piece)
        room -= taken
    return [*lines, "".join(line).rstrip(" ")]


def _pieces(text: str) -> Iterator[str]:
    """What stays together on a line, each with the blank after it."""
    for word in re.findall(r"[^ ]+ ?", text):
        if word.isascii() or _ADDRESS.match(word):
            yield word
        else:
            yield from filter(None, _SIGNS.findall(word))
