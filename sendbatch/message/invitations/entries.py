"""What a calendar holds: its entries, each with the lines of its own, and where its components do not close.

A time zone has a DTSTART too, and an alarm within an event may have an ATTENDEE: neither is the event's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sendbatch.message.invitations.lines import Line

EVENT = "VEVENT"
_ENTRIES = (EVENT, "VTODO", "VJOURNAL", "VFREEBUSY")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event or a task: the line that begins it, what it is, and the properties that are its own."""

    begun: Line
    component: str
    lines: list[Line] = field(default_factory=list)

    def named(self, *names: str) -> list[Line]:
        """Its properties of these names."""
        return [line for line in self.lines if line.name in names]


def entries(lines: Sequence[Line]) -> list[Entry]:
    """Those of a calendar, in its order."""
    found: list[Entry] = []
    open_: list[str] = []
    for line in lines:
        component = line.value.strip().upper()
        if line.name == "BEGIN":
            open_.append(component)
            if component in _ENTRIES:
                found.append(Entry(line, component))
        elif line.name == "END":
            if component in open_:  # of two branches of an `if` one may have begun it
                del open_[open_.index(component) :]
        elif open_ and open_[-1] in _ENTRIES:
            found[-1].lines.append(line)
    return found


def unclosed(lines: Sequence[Line]) -> Line | None:
    """The first line that begins what nothing ends, or ends what nothing began (RFC 5545 §3.6)."""
    open_: list[tuple[str, Line]] = []
    for line in lines:
        component = line.value.strip().upper()
        if line.name == "BEGIN":
            open_.append((component, line))
        elif line.name == "END":
            if not open_ or open_[-1][0] != component:
                return open_[-1][1] if component in dict(open_) else line
            open_.pop()
    return open_[-1][1] if open_ else None


def zones(lines: Sequence[Line]) -> set[str]:
    """The names of the time zones that a calendar tells of. (No entry has a TZID of its own.)"""
    return {line.value.strip() for line in lines if line.name == "TZID"}
