"""A calendar as it goes into a mail: what is wrong with one, and its two parts, encoded.

Calendars that differ in their values alone have one `Form`: it is read, looked at, and written but for the
lines that values are in, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.message.invitations.entries import entries, unclosed
from sendbatch.message.invitations.lines import (
    PLACE,
    Line,
    Places,
    folded,
    lines_of,
    with_wired_address,
)
from sendbatch.message.invitations.typed import PEOPLE, hold_order
from sendbatch.message.mime import attached
from sendbatch.message.parts import File
from sendbatch.message.quoted import base64_lines, is_shorter_as_base64, quoted
from sendbatch.message.templates import Failed

# Those of who invites (RFC 5546 §1.4); the others answer an invitation, or one answer.
METHODS = ("PUBLISH", "REQUEST", "ADD", "CANCEL")
_MEDIA_TYPE = "application/ics"
_LINE = re.compile(rf"[A-Za-z0-9{PLACE}-]+[;:]")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")  # RFC 5545 §3.1: all but tabs
_SHOWN = 80


class Calendar(NamedTuple):
    """The part of one message that stands among its alternatives, and the file, each encoded."""

    part: bytes
    file: File


class Fault(NamedTuple):
    """Why a file is no calendar that can be mailed, what to do about it, and its line, from 1."""

    said: str
    hint: str
    line: int


class Form:
    """`texts` are what stands before, between and behind the values; `name` is that of the file."""

    def __init__(self, texts: Sequence[str], name: str) -> None:
        lines = [*lines_of(PLACE.join(texts))]
        self.fault = fault_of(lines) or fault_of_nesting(lines)
        self._method = method = method_of(lines)
        lines = [_written(line, method) for line in lines]
        self._spans = [*_spans(lines)]
        self._pieces: list[str | Places] = []  # those without values joined
        if self.fault is None:
            for has_places, group in groupby(lines, lambda line: PLACE in line.text):
                if has_places:
                    self._pieces += map(Places, group)
                else:
                    self._pieces.append("".join(f"{folded(line.text)}\n" for line in group))
        empty = attached(name, b"", None, _MEDIA_TYPE)
        self._name, self._head = empty.name, empty.encoded.removesuffix(b"\r\n")

    def filled(self, values: Sequence[str] = ()) -> Calendar:
        """With the values in their places. Raises Failed, and UnicodeEncodeError for a lone surrogate."""
        if self.fault is not None:
            raise Failed(f"{self.fault.said}; {self.fault.hint}")
        given = iter(values)
        written: dict[int, str] = {}
        pieces = []
        for piece in self._pieces:
            if not isinstance(piece, str):
                written[piece.number] = piece.filled(given)
                piece = f"{folded(written[piece.number])}\n"
            pieces.append(piece)
        for span in self._spans:
            start, end = (_parted(written.get(line.number, line.text)) for line in span)
            hold_order(start, end)
        data = "".join(pieces).replace("\n", "\r\n").encode("utf-8")
        in_base64 = base64_lines(data)
        if is_shorter_as_base64(data):
            part = _head(self._method, b"base64") + in_base64
        else:
            part = _head(self._method, b"quoted-printable") + quoted(pieces)
        return Calendar(part, File(self._name, _MEDIA_TYPE, len(data), self._head + in_base64))


def _spans(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """The start and the end of each event, where a value has to do with one of them."""
    for entry in entries(lines):
        starts, ends = entry.named("DTSTART"), entry.named("DTEND")
        if len(starts) == len(ends) == 1 and any(PLACE in line.text for line in (*starts, *ends)):
            yield starts[0], ends[0]


def _parted(line: str) -> tuple[str, str]:
    """What stands before the value of a line, and the value."""
    value = Line(0, line).value
    return line.removesuffix(value), value


def _written(line: Line, method: str) -> Line:
    if line.name == "METHOD":
        return line._replace(text=f"METHOD:{method}")
    if line.name in PEOPLE and PLACE not in line.text:
        return line._replace(text=with_wired_address(line.text))
    return line


def _head(method: str, encoding: bytes) -> bytes:
    """The parameter and the file have to say the same method (RFC 6047 §2.4)."""
    return (
        b'Content-Type: text/calendar; charset="utf-8"; method=%b\r\n'
        b"Content-Transfer-Encoding: %b\r\n\r\n" % (method.encode("ascii"), encoding)
    )


def method_of(lines: Sequence[Line]) -> str:
    """In capitals; "" where there is none that is known."""
    found = next((line.value.strip().upper() for line in lines if line.name == "METHOD"), "")
    return found if found in METHODS else ""


def fault_of(lines: Sequence[Line]) -> Fault | None:
    """What no program would forgive."""
    if not lines or _said(lines[0]) != "BEGIN:VCALENDAR":
        return Fault(
            "is no calendar: it does not begin with BEGIN:VCALENDAR",
            "name an iCalendar file (.ics)",
            1,
        )
    if _said(lines[-1]) != "END:VCALENDAR":
        said = "does not end with END:VCALENDAR"
        return Fault(said, "is it whole? one file holds one calendar", lines[-1].number)
    for line in lines:
        if not _LINE.match(line.text) or ":" not in line.text:
            said = f"is no line of a calendar: {one_line(line.text.replace(PLACE, '…'), _SHOWN)}"
            return Fault(said, "write NAME:value, and a blank before what goes on", line.number)
        if line.name in ("BEGIN", "END") and PLACE in line.text:
            said = f"has a value in {one_line(line.text.replace(PLACE, '…'), _SHOWN)}"
            return Fault(
                said, "write out what begins and ends, within {% if … %} where needed", line.number
            )
        if (control := _CONTROL.search(line.text)) is not None:
            said = f"has a control character in it (0x{ord(control[0]):02x})"
            return Fault(
                said, "write \\n for a line break within a text, and take others away", line.number
            )
    versions = [line for line in lines if line.name == "VERSION"]
    if not versions or versions[0].value.strip() != "2.0":
        line = versions[0] if versions else lines[0]
        return Fault("has no VERSION:2.0", "write VERSION:2.0 below BEGIN:VCALENDAR", line.number)
    return _fault_of_method(lines)


def _fault_of_method(lines: Sequence[Line]) -> Fault | None:
    methods = [line for line in lines if line.name == "METHOD"]
    hint = "write METHOD:REQUEST for an invitation that is answered, METHOD:PUBLISH for an entry to be kept"
    if not methods:
        return Fault("has no METHOD, and programs would offer no event", hint, lines[0].number)
    if not method_of(methods[:1]):
        said = (
            f"{one_line(methods[0].text.replace(PLACE, '…'), _SHOWN)} is no method of an invitation"
        )
        return Fault(said, hint, methods[0].number)
    if len({method_of([line]) for line in methods}) > 1:
        return Fault("has several METHODs", "write one: one file holds one", methods[1].number)
    return None


def fault_of_nesting(lines: Sequence[Line]) -> Fault | None:
    """A component that is not closed, or a calendar behind the first, by the lines that are there for one
    recipient (RFC 5545 §3.6)."""
    line = unclosed(lines)
    if line is None:
        begun = [line for line in lines if _said(line) == "BEGIN:VCALENDAR"]
        if len(begun) == 1:
            return None
        said = "has several calendars in it, and programs take the first"
        return Fault(said, "put all events into one calendar: one file holds one", begun[1].number)
    shown = one_line(_said(line).replace(PLACE, "…"), _SHOWN)
    if line.name == "END":
        hint = f"write BEGIN:{shown.partition(':')[2]} where it begins, or take the line away"
        return Fault(f"says {shown}, and nothing began it", hint, line.number)
    hint = f"write END:{shown.partition(':')[2]} where it ends"
    return Fault(f"says {shown}, and nothing ends it", hint, line.number)


def _said(line: Line) -> str:
    return line.text.strip().upper()
