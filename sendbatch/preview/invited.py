"""What the page says of an invitation: each event with its time and place, as a calendar would show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sendbatch.message.invitations.entries import Entry, entries
from sendbatch.message.invitations.form import method_of
from sendbatch.message.invitations.lines import Line, lines_of

_MEANS = {
    "REQUEST": "asks for an answer",
    "PUBLISH": "offers an entry, and asks nobody",
    "CANCEL": "takes an event back",
    "ADD": "adds to an event",
}
_SHOWN = {
    "SUMMARY": "Event",
    "DTSTART": "Begins",
    "DTEND": "Ends",
    "DUE": "Is due",
    "DURATION": "Lasts",
    "RRULE": "Repeats",
    "RECURRENCE-ID": "In place of",
    "LOCATION": "Where",
    "STATUS": "Status",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Asked",
}
_TEXTS = ("SUMMARY", "LOCATION")
_MOST_EVENTS = 20
_ESCAPED = re.compile(r"\\(.)")
_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})[0-9]{2}(Z?))?")
_ZONE = re.compile(r";TZID=\"?([^\";:]+)", re.IGNORECASE)


class Invited(NamedTuple):
    """`said` are names and values for a reader; `text` is the whole calendar, a line of it in each."""

    said: list[tuple[str, str]]
    text: str


def invited(data: bytes) -> Invited | None:
    """What a calendar says; None where there is none."""
    if not data:
        return None
    lines = [*lines_of(data.decode("utf-8", "replace"))]
    found = entries(lines)
    method = method_of(lines)
    said = [("Invitation", f"{method}: {_MEANS[method]}" if method in _MEANS else method)]
    for entry in found[:_MOST_EVENTS]:
        said += _event(entry)
    if len(found) > _MOST_EVENTS:
        said.append(("More", f"{len(found) - _MOST_EVENTS:,} events"))
    return Invited(said, "\n".join(line.text for line in lines))


def _event(entry: Entry) -> Iterator[tuple[str, str]]:
    for name, title in _SHOWN.items():
        for line in entry.named(name):
            yield title, _readable(line)


def _readable(line: Line) -> str:
    value = line.value.strip()
    if line.name in _TEXTS:  # RFC 5545 §3.3.11
        return _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)
    if (time := _TIME.fullmatch(value)) is not None:
        return _moment(time, line.text[: -len(value)])
    return re.sub("^mailto:", "", value, flags=re.IGNORECASE)


def _moment(found: re.Match[str], before: str) -> str:
    year, month, day, hours, minutes, is_utc = found.groups()
    if hours is None:
        return f"{year}-{month}-{day}"
    zone = _ZONE.search(before)
    where = "UTC" if is_utc else zone[1] if zone is not None else "where the reader is"
    return f"{year}-{month}-{day} {hours}:{minutes} ({where})"
