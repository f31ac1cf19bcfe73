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
from collections.abc import Sequence

from sendbatch.message.quoted import WIDTH, begun, break_line, escaped, with_line_feeds

ROOM = 40  # characters: names, sums, and nearly all addresses, also as part of a link
_PLAIN = re.compile(r"[!-\-/-<>-EG-~](?:[ -<>-~]{0,73}[!-<>-~])?")  # a line that stands for itself


class Unfit(Exception):
    """A value that has no encoding of its own."""


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
