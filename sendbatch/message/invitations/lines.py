"""The lines of a calendar (RFC 5545 §3.1), made of a file and the values in it.

A file that has values is read with places for them, and so nothing in a value is ever taken for a line, a
property or a parameter. Each place knows how a value is written there: as TEXT (§3.3.11), in a parameter
(RFC 6868), or as what has no escapes, an address or a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from html import escape
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from sendbatch.errors import one_line
from sendbatch.message.headers import wire_address
from sendbatch.message.invitations.typed import CHECKS, PEOPLE, RULES
from sendbatch.message.templates import Failed

PLACE = "\U0010fff6"  # stands for a value
LONGEST = 75  # octets of a line, its end not counted (§3.1)

_FOLD = re.compile(r"(?:\r?\n|\r)[ \t]")
_END = re.compile(r"\r?\n(?![ \t])|\r(?!\n)(?![ \t])")
_ANY_END = re.compile(r"\r?\n|\r")
# Between the octets of a character, where others fold too (§3.1).
_WITHIN = re.compile(rb"([\xc2-\xf4][\x80-\xbf]*)(\r?\n[ \t]|\r[ \t])([\x80-\xbf]+)")
_NAME = re.compile(r"[A-Za-z0-9-]+")
# Whose values are of another type than TEXT (§3.8, RFC 7986 §5): backslashes would be part of them.
_NO_TEXT = frozenset(
    "ACKNOWLEDGED ATTACH ATTENDEE BEGIN CALSCALE COMPLETED CONFERENCE CREATED DTEND DTSTAMP DTSTART DUE "  # noqa: SIM905
    "DURATION END EXDATE EXRULE FREEBUSY GEO IMAGE LAST-MODIFIED METHOD ORGANIZER PERCENT-COMPLETE PRIORITY "
    "RDATE RECURRENCE-ID REFRESH-INTERVAL REPEAT RRULE SEQUENCE SOURCE TRIGGER TZOFFSETFROM TZOFFSETTO TZURL "
    "URL VERSION".split()
)
_TYPED = re.compile(r";VALUE=(?!\"?TEXT\b)", re.IGNORECASE)
_HTML = re.compile(r";FMTTYPE=\"?text/html", re.IGNORECASE)
_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_MAILTO = re.compile(r"\s*mailto:\s*(\S+)\s*", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_UNQUOTED = re.compile("[,;:]")  # what a parameter has between quotation marks alone

Escape: TypeAlias = Callable[[str], str]


class Line(NamedTuple):
    """One line, unfolded; `number` is where it begins in the file, from 1."""

    number: int
    text: str

    @property
    def name(self) -> str:
        found = _NAME.match(self.text)
        return found[0].upper() if found is not None else ""

    @property
    def value(self) -> str:
        at = _value_at(self.text)
        return "" if at is None else self.text[at:]


def with_whole_characters(data: bytes) -> bytes:
    """A file that was folded within characters, with these folds behind them; others as they are."""
    return _WITHIN.sub(rb"\1\3\2", data)


def lines_of(text: str) -> Iterator[Line]:
    """Those of a file, without blank ones."""
    number = 1
    for folded in _END.split(text):
        unfolded = _FOLD.sub("", folded)
        if unfolded.strip():
            yield Line(number, unfolded)
        number += len(_ANY_END.findall(folded)) + 1


class Places:
    """A line with values in it: it is split at them once, and filled in for each recipient."""

    def __init__(self, line: Line) -> None:
        self.number = line.number
        self._texts = line.text.split(PLACE)
        self._escapes = [*_escapes(self._texts, line.name)]
        self._check = CHECKS.get(line.name)
        self._is_person = line.name in PEOPLE

    def filled(self, values: Iterator[str]) -> str:
        """Takes as many values as there are places. Raises Failed where one cannot stand in its place."""
        pieces = [self._texts[0]]
        for text, write in zip(self._texts[1:], self._escapes, strict=True):
            pieces += (write(next(values)), text)
        line = "".join(pieces)
        if self._is_person:
            line = with_wired_address(line)
        if self._check is not None and (at := _value_at(line)) is not None:
            return self._check(line[:at], line[at:]) + line[at:]
        return line


def _escapes(texts: Sequence[str], name: str) -> Iterator[Escape]:
    """How each value is written, by what its author wrote before it."""
    before = ""
    for text, behind in pairwise(texts):
        before += text
        at = _value_at(before)
        if at is not None:
            parameters = before[:at]
            if name in RULES and (before[at:] or behind):
                yield _as_part
            elif name in _NO_TEXT or _TYPED.search(parameters):
                yield as_it_is
            elif _HTML.search(parameters):
                yield lambda value: as_text(escape(value))
            else:
                yield as_text
        elif not re.search("[;:]", before):
            yield _as_name
        elif before.count('"') % 2:
            yield in_quotes
        elif before[-1] in "=," and behind[:1] in (";", ":", ","):
            yield as_parameter
        else:
            yield lambda value: _UNQUOTED.sub(" ", in_quotes(value))


def _value_at(line: str) -> int | None:
    """Where the value of a line begins: behind the first colon that stands in no quotation marks."""
    at = 0
    for number, part in enumerate(line.split('"')):
        if number % 2 == 0 and ":" in part:
            return at + part.index(":") + 1
        at += len(part) + 1
    return None


def as_text(value: str) -> str:
    """TEXT (RFC 5545 §3.3.11)."""
    value = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _CONTROL.sub("", _LINE_BREAK.sub(r"\\n", value))


def as_it_is(value: str) -> str:
    """A URI, an address, a time: they have no escapes, and are on one line."""
    return _CONTROL.sub("", _LINE_BREAK.sub(" ", value))


def in_quotes(value: str) -> str:
    """Within the quotation marks of a parameter (RFC 6868 §3.2)."""
    value = value.replace("^", "^^").replace('"', "^'")
    return _CONTROL.sub("", _LINE_BREAK.sub("^n", value))


def as_parameter(value: str) -> str:
    """The whole value of a parameter, in quotation marks where it needs them."""
    value = in_quotes(value)
    return f'"{value}"' if _UNQUOTED.search(value) else value


def _as_part(value: str) -> str:
    """A part of a rule, and never several."""
    if ";" in value or "=" in value:
        raise Failed(f"{one_line(value, 80)} is more than a part of a rule")
    return as_it_is(value)


def _as_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise Failed(f"{one_line(value, 80)} cannot begin a line of a calendar")
    return value


def with_wired_address(line: str) -> str:
    """A line whose value is somebody's `mailto:`, with the domain as To has it: programs compare the two."""
    at = None if line.isascii() else _value_at(line)
    found = None if at is None else _MAILTO.fullmatch(line, at)
    if found is None:
        return line
    with suppress(ValueError):  # an address that To cannot have either
        return f"{line[: found.start(1)]}{wire_address(found[1])[0]}"
    return line


def folded(line: str) -> str:
    """A line in pieces of no more than LONGEST octets, none of which ends within a character. Raises
    UnicodeEncodeError."""
    data = line.encode("utf-8")
    if len(data) <= LONGEST:
        return line
    pieces, at, room = [], 0, LONGEST
    while len(data) - at > room:
        end = at + room
        while data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[at:end])
        at, room = end, LONGEST - 1  # the blank before the others counts
    pieces.append(data[at:])
    return b"\n ".join(pieces).decode("utf-8")
