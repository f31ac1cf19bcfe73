"""What is no part of a cell: blanks and invisible characters at its ends, blanks around its quotes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LINE_ENDS = "\r\n"
# As str.strip has them.
BLANKS = "".join(map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680))) + (
    "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
# Soft hyphen, fillers, zero-width, directions, BOM. Variation selectors and tags are none of them: they
# are a part of the emoji or the Han character before.
_DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064"
    "\u206a\u206b\u206c\u206d\u206e\u206f\u2800\u3164\ufeff\uffa0"
)
INVISIBLE = re.compile(f"[{_UNSEEN}{_DIRECTIONS}]")
_AROUND = BLANKS + _UNSEEN + _DIRECTIONS
_AROUND_DIRECTED = BLANKS + _UNSEEN
_JOINERS = "\u200c\u200d"
_VIRAMA = 9  # canonical combining class
_OPEN, _CLOSED = re.compile("[\u202a\u202b\u202d\u202e\u2066-\u2068]"), re.compile("[\u202c\u2069]")


def bare(cell: str) -> str:
    """A cell without blanks and invisible characters at its ends."""
    if cell.isascii():
        return cell.strip()
    text = cell.strip(_AROUND)
    if len(_OPEN.findall(text)) != len(_CLOSED.findall(text)):
        text = cell.strip(_AROUND_DIRECTED)  # one at the end closes one within
    if len(text) == len(cell):
        return cell
    after = cell[cell.find(text) + len(text) :][:1]
    if text and after and after in _JOINERS and unicodedata.combining(text[-1]) == _VIRAMA:
        return text + after  # it shapes the last letter, as in Malayalam
    return text


def is_loose(line: str, delimiter: str) -> bool:
    """Whether blanks may stand between a quote and a delimiter where csv takes none. A blank before a
    quote it knows itself (`skipinitialspace`)."""
    if line.isascii():
        return '" ' in line or (delimiter != "\t" and "\t" in line)
    return _patterns(delimiter).near_quote.search(line) is not None


def tidied(line: str, delimiter: str, *, inside: bool = False) -> str:
    """A line without the blanks between its quotes and delimiters; `inside`: it begins within a quote."""
    patterns = _patterns(delimiter)
    pieces: list[str] = []
    at = 0
    while at < len(line):
        if not inside:
            at = _end(patterns.before_quote, line, at)
            if line[at : at + 1] == '"':
                pieces.append('"')
                at, inside = at + 1, True
        if inside:
            start, at = at, _end(patterns.quoted, line, at)
            pieces.append(line[start:at])
            if line[at - 1] != '"':
                break  # it goes on in the next line
            at, inside = _end(patterns.after_quote, line, at), False
        start, at = at, _end(patterns.plain, line, at)
        pieces.append(line[start:at])
    return "".join(pieces)


def _end(pattern: re.Pattern[str], line: str, at: int) -> int:
    """Where what it matches at `at` ends; every pattern here matches at least nothing."""
    found = pattern.match(line, at)
    assert found is not None
    return found.end()


class _Patterns:
    def __init__(self, delimiter: str) -> None:
        blank = f"[{''.join(re.escape(c) for c in _AROUND if c not in (delimiter, *LINE_ENDS))}]"
        end = re.escape(delimiter)
        self.near_quote = re.compile(f'"{blank}|{blank}"')
        self.before_quote = re.compile(f'(?:{blank}*+(?="))?')
        self.quoted = re.compile(r'[^"]*+(?:""[^"]*+)*+"?')
        self.after_quote = re.compile(f"(?:{blank}*+(?=[{end}\r\n]|$))?")
        self.plain = re.compile(f"[^{end}]*+{end}?")


_patterns = lru_cache(maxsize=8)(_Patterns)
