"""How a body is written: as quoted-printable (RFC 2045 §6.7), or as base64 where that is shorter.

Which of the two is shorter is a matter of the text alone, and not of where its lines are broken: whoever else
writes the same text (`ways`) chooses the same.

Quoted-printable is made piece by piece: what many messages share is encoded once.

A template gives a body as pieces, and its constant ones are the same for everybody. Each piece is
encoded as if it began a line and as if anything could follow it, so that what it becomes depends on
nothing around it, and may be kept:

- a dot that begins a line is escaped, also at its own beginning: no line of a body ever needs
  another dot before it (RFC 5321 §4.5.2);
- so is the F of "From " there, or of what may become that: mailboxes in one file would change it.

Joining is then adding up columns: where a piece's first line does not fit any more, it gets a soft
line break before it. One thing is left to be seen then: a blank that would end a line is escaped.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Sequence
from typing import TypeAlias

WIDTH = 76  # characters of a line, a soft line break's "=" counted (rule 5)
SOFT = b"=\r\n"
_FIT = b"\t\r\n" + bytes(set(range(0x20, 0x7F)) - set(b"="))  # bytes that stand for themselves
_LINE_MAY_NOT_END = frozenset((b" ", b"\t", b""))  # a piece may be empty: what was before it?
_LARGEST = 256 * 1024  # bytes of a piece that is kept, and of how it is written
_MOST_PIECES = 16 * 1024
_MOST_BYTES = 8 * 1024 * 1024
_FROM = "From "
_AHEAD = WIDTH + 6  # characters that decide where a line is broken: it, and an escape behind it
_CROWDED = WIDTH - 14  # from this column on a line may have no room for a character of four escapes

_UNFIT = re.compile(r"[^\t\n -<>-~]+")
_PLAIN = re.compile(r"[ -\-/-<>-EG-~][ -<>-~]{0,74}")  # what stands for itself: most values
# How it is written; the room its first line takes, with the "=" of a soft line break behind it if it
# may need one; the length of its last line; whether that is the only one.
_Encoded: TypeAlias = tuple[bytes, int, int, bool]


def text_part(subtype: str, pieces: Sequence[str]) -> list[bytes]:
    """A text/plain or text/html part, in whichever encoding is shorter. `pieces` are the text, and
    best those that other messages have too.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    whole = quoted(pieces)
    body = whole.rstrip(b"\r\n") + b"\r\n"
    # No character is less than a byte: the text need seldom be looked through to know its size.
    at_least = sum(map(len, pieces)) - len(whole) + len(body)
    if len(body) > base64_size(at_least):
        text = with_line_feeds("".join(pieces)).rstrip("\n").replace("\n", "\r\n") + "\r\n"
        data = text.encode("utf-8")
        if is_shorter_as_base64(data):
            return [part_head(subtype, "base64"), base64_lines(data)]
    return [part_head(subtype, "quoted-printable"), body]


def part_head(subtype: str, encoding: str) -> bytes:
    """The headers of a text part, and the blank line behind them."""
    kind = f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
    return f"{kind}Content-Transfer-Encoding: {encoding}\r\n\r\n".encode("ascii")


def is_shorter_as_base64(data: bytes) -> bool:
    """Of a whole text with its line ends; soft line breaks are not counted."""
    return len(data) + 2 * unfit(data) > base64_size(len(data))


def unfit(data: bytes) -> int:
    """How many bytes of a text need an escape wherever they stand, and so two characters more."""
    return len(data.translate(None, _FIT))


def base64_size(size: int) -> int:
    encoded = -(-size // 3) * 4
    return encoded + -(-encoded // WIDTH) * 2


def quoted(pieces: Sequence[str]) -> bytes:
    """A text as lines that end with CRLF, but for the last. Its own may end with LF, CRLF or CR.

    The same pieces give the same bytes, whatever was encoded before. Raises UnicodeEncodeError for a
    lone surrogate.
    """
    try:
        return _joined(pieces)
    except _CarriageReturn:
        return _joined(with_line_feeds("".join(pieces)).splitlines(keepends=True))


def with_line_feeds(text: str) -> str:
    """A text with all its line ends LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _CarriageReturn(Exception):
    """A piece has one: what it means depends on the piece that follows."""


def _joined(pieces: Sequence[str]) -> bytes:
    written: list[bytes] = []
    column = 0
    for encoded, first, last, is_one_line in map(_table.__getitem__, pieces):
        if column + first > WIDTH:
            written.append(SOFT)
            column = 0
        elif not first and column and written[-1][-1:] in _LINE_MAY_NOT_END:
            escape_blank(written, column)
        written.append(encoded)
        column = column + last if is_one_line else last
    if column:
        escape_blank(written, column)
    return b"".join(written)


def escape_blank(written: list[bytes], column: int) -> None:
    """Before a line ends at `column`: a blank there would be lost on the way (rule 3)."""
    while not written[-1]:
        written.pop()
    last = written[-1]
    if last.endswith((b" ", b"\t")):
        room = b"" if column + 2 <= WIDTH else SOFT
        written[-1] = b"%b%b=%02X" % (last[:-1], room, last[-1])


class _Table(dict[str, _Encoded]):
    """The pieces that were seen. Emptied when full: the constant ones are soon back."""

    def __init__(self) -> None:
        super().__init__()
        self._size = 0

    def __missing__(self, piece: str) -> _Encoded:
        if "\r" in piece:
            raise _CarriageReturn
        text = str.__str__(piece)  # no Markup, which autoescaping makes of every value
        found = _encoded(text)
        size = len(text) + len(found[0])
        if size <= _LARGEST:
            self._size += size
            if len(self) >= _MOST_PIECES or self._size > _MOST_BYTES:
                self.clear()
                self._size = size
            self[text] = found
        return found


_table = _Table()


def _encoded(text: str) -> _Encoded:
    if _PLAIN.fullmatch(text):
        return text.encode("ascii"), len(text) + 1, len(text), True
    text = escaped(text)
    lines: list[str] = []
    *ended, rest = text.split("\n")
    for line in ended:
        break_line(line, WIDTH, lines)
    break_line(rest, WIDTH - 1, lines)  # a soft line break may follow
    is_one_line = len(lines) == 1
    first, last = len(lines[0]) + is_one_line, len(lines[-1])
    return "\r\n".join(lines).encode("ascii"), first, last, is_one_line


def escaped(text: str, *, ends: bool = False) -> str:
    """A text without CR, all that does not stand for itself escaped, but for what may be so by where its
    lines are broken. `ends` says that it ends a line. Raises UnicodeEncodeError for a lone surrogate."""
    text = _UNFIT.sub(_escapes, text)
    text = text.replace(" \n", "=20\n").replace("\t\n", "=09\n")
    if ends and text.endswith((" ", "\t")):
        return f"{text[:-1]}={ord(text[-1]):02X}"
    return text


def _escapes(unfit: re.Match[str]) -> str:
    return "".join([f"={byte:02X}" for byte in unfit[0].encode("utf-8")])


def break_line(line: str, width: int, lines: list[str], column: int = 0) -> None:
    """Add one line of escaped text to `lines`, as several where it is longer than `width`. `column` is where
    it begins, behind what stands in its line already; it may begin one itself."""
    done, size = 0, len(line)  # what is left is never copied: a line may have millions of characters
    while True:
        part = begun(line[done : done + _AHEAD])
        if size - done <= _AHEAD and column + len(part) <= width:
            lines.append(part)
            return
        if column > _CROWDED:
            lines.append("=")
        else:
            cut = _last_cut(part, WIDTH - 1 - column)
            lines.append(f"{part[:cut]}=")
            done += cut - (len(part) - min(_AHEAD, size - done))  # its beginning may be written longer
        column = 0


def begun(line: str) -> str:
    """A line of escaped text whose beginning nobody on the way takes for something else."""
    if line[:1] == "." or (line[:1] == "F" and (line.startswith(_FROM) or _FROM.startswith(line))):
        return f"={ord(line[0]):02X}{line[1:]}"
    return line


def _last_cut(line: str, cut: int) -> int:
    """Where a line can be broken, at `cut` or before it: in no escape, and in no character's escapes."""
    if (escape := line.rfind("=", cut - 2, cut)) >= 0:
        cut = escape
    while line[cut] == "=" and line[cut + 1] in "89AB":  # a byte that continues a character
        cut -= 3
    return cut


def base64_lines(data: bytes) -> bytes:
    whole = b2a_base64(data, newline=False)
    lines = [whole[start : start + WIDTH] for start in range(0, len(whole), WIDTH)]
    return b"\r\n".join([*lines, b""]) or b"\r\n"
