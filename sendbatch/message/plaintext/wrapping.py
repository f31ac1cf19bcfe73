"""Where a line of a mail's text may end: between words, and in East Asian text between signs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sendbatch.words import is_narrow, width

# Columns of a line: within the 78 of RFC 5322 §2.1.1, and in quoted-printable without a soft break.
WIDTH = 76

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


def wrapped(text: str, columns: int) -> list[str]:
    """`text`, one line, as lines of at most `columns`. A word stays whole however long it is."""
    if len(text) <= columns and (len(text) * 2 <= columns or width(text) <= columns):
        return [text]
    return _by_letters(text, columns) if is_narrow(text) else _by_columns(text, columns)


def _by_letters(text: str, columns: int) -> list[str]:
    lines, start = [], 0
    while len(text) - start > columns:
        end = text.rfind(" ", start, start + columns + 1)
        if end < start:
            end = text.find(" ", start + columns)
        if end < 0:
            break
        lines.append(text[start:end])
        start = end + 1
    return [*lines, text[start:]]


def _by_columns(text: str, columns: int) -> list[str]:
    lines: list[str] = []
    line: list[str] = []
    room = columns
    for piece in _pieces(text):
        taken = width(piece)
        if line and width(piece.rstrip(" ")) > room:
            lines.append("".join(line).rstrip(" "))
            line, room = [], columns
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
