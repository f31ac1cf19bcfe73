"""How a way is written in lines: its constants once, with room for a value in each of its holes.

Constants and values are encoded apart, and joined without a look at either. So each is written as if the
others could be anything:

- a hole has room for `ROOM` characters in its line; a longer value, or one of several lines, brings soft
  line breaks of its own, and its last line takes no more room than that;
- what stands behind a hole may begin a line, for the value may be empty or end one: its dot, or the F of
  its "From ", is escaped (`quoted` says why); so is a value's own;
- no blank may end a line: one that ends a value is escaped; a value that begins with a line end has a soft
  line break before it; and so has an empty one that stands between a blank and a line's end (`exposed`).

A value that ends with CR has no encoding of its own: were LF to follow, both would be one line end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sendbatch.message.quoted import (
    SOFT,
    WIDTH,
    begun,
    break_line,
    escaped,
    quoted,
    with_line_feeds,
)

ROOM = 34  # characters: nearly all addresses, also in a link; and two names fit into one line
_ESCAPE = len("=20")
_PLAIN = re.compile(r"[!-\-/-<>-EG-~](?:[ -<>-~]{0,73}[!-<>-~])?")  # a line that stands for itself

# Nor would HTML escape any of it, and it fits into a hole: most values. It is the same in every writing.
_USUAL = re.compile(rf"[!#-%(-\-/-;?-EG-~](?:[ !#-%(-;?-~]{{0,{ROOM - 2}}}[!#-%(-;?-~])?")
is_usual = _USUAL.fullmatch
_MARKUP = re.compile("[<>\"']")  # what Jinja escapes in a value, wherever it stands


class Unfit(Exception):
    """A value that has no encoding of its own."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How what a hole holds is written: `value` takes a text, `segment` the pieces of one. Both raise Unfit,
    and UnicodeEncodeError."""

    value: Callable[[str], bytes]
    segment: Callable[[Sequence[str]], bytes]


def quoted_value(text: str) -> bytes:
    """A value as quoted-printable, for any hole. Raises Unfit, UnicodeEncodeError."""
    if _PLAIN.fullmatch(text):
        plain = text.encode("ascii")
        return plain if len(plain) <= ROOM else b"=\r\n%b=\r\n" % plain
    lines: list[str] = []
    *ended, rest = escaped(_with_line_feeds(text), ends=True).split("\n")
    if not 0 < len(begun([*ended, rest][0])) <= ROOM and text:
        lines.append("=")
    for line in ended:
        break_line(line, WIDTH, lines)
    break_line(rest, WIDTH - 1, lines)
    if len(lines[-1]) > ROOM:
        lines[-1] += "="
        lines.append("")
    return "\r\n".join(lines).encode("ascii")


def quoted_segment(pieces: Sequence[str]) -> bytes:
    """The same for what a template gives as pieces, of which many are the same each time."""
    if len(pieces) == 1:
        return quoted_value(pieces[0])
    if next(filter(None, reversed(pieces)), "").endswith("\r"):
        raise Unfit
    whole = quoted(pieces)
    last = len(whole) - whole.rfind(b"\n") - 1
    if last == WIDTH:  # it ends with an escaped blank, and there is no room for one more character
        whole, last = whole[:-_ESCAPE] + SOFT + whole[-_ESCAPE:], _ESCAPE
    first = whole.find(b"\r\n")
    if not 0 < (first if first >= 0 else last) <= ROOM and whole:
        whole = SOFT + whole
    return whole + SOFT if last > ROOM else whole


def plain_segment(pieces: Sequence[str]) -> bytes:
    """Pieces as they stand in a body before base64. Raises Unfit, UnicodeEncodeError."""
    return plain_value("".join(pieces))


def plain_value(text: str) -> bytes:
    """A value as it stands in a body before base64. Raises Unfit, UnicodeEncodeError."""
    return _with_line_feeds(text).replace("\n", "\r\n").encode("utf-8")


def _with_line_feeds(text: str) -> str:
    if "\r" not in text:
        return text
    if text.endswith("\r"):
        raise Unfit
    return with_line_feeds(text)


def quoted_constants(texts: Sequence[str]) -> list[bytes]:
    """The constants of a body, between which its holes are; no line end is at its end. Raises
    UnicodeEncodeError."""
    column = 0
    found = []
    for number, text in enumerate(texts):
        lines: list[str] = []
        is_last = number == len(texts) - 1
        *ended, rest = escaped(text, ends=is_last).split("\n")
        for line in ended:
            break_line(line, WIDTH, lines, column)
            column = 0
        before = len(lines)
        break_line(rest, WIDTH if is_last else WIDTH - 1, lines, column)
        column = len(lines[-1]) + (column if len(lines) == before + 1 else 0)
        if not is_last:
            if column + ROOM >= WIDTH:
                lines[-1] += "="
                lines.append("")
                column = 0
            column += ROOM
        found.append("\r\n".join(lines).encode("ascii"))
    return found


def exposed(texts: Sequence[str]) -> list[int]:
    """The holes that follow a blank, where nothing but values may stand between it and its line's end."""
    found = []
    ends = True
    for number, text in reversed([*enumerate(texts)]):
        if text.endswith((" ", "\t")) and ends and number < len(texts) - 1:
            found.append(number)
        if text:
            ends = text.startswith("\n")
    return found


QUOTED = Writing(quoted_value, quoted_segment)
PLAIN = Writing(plain_value, plain_segment)


def as_text(how: Writing) -> Writing:
    """The same for values that stand in HTML and are to be no tags. Raises Unfit for others, as
    of a filter `safe` or a macro."""

    def value(written: str) -> bytes:
        if _MARKUP.search(written):
            raise Unfit
        return how.value(written)

    def segment(pieces: Sequence[str]) -> bytes:
        if any(map(_MARKUP.search, pieces)):
            raise Unfit
        return how.segment(pieces)

    return Writing(value, segment)
