"""Properties that are no text (RFC 5545 §3.3): times, rules, numbers, people. With values in it such a line
is looked at whole: what a cell makes no time of fails its row, and none adds a part to a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from sendbatch.errors import one_line
from sendbatch.message.templates import Failed

PEOPLE = ("ATTENDEE", "ORGANIZER")
RULES = ("RRULE", "EXRULE")
_SHOWN = 80
_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?")
_DURATION = r"[+-]?P(?:[0-9]+W|[0-9]+D(?:T(?:[0-9]+[HMS])+)?|T(?:[0-9]+[HMS])+)"
_IN_ZONE = re.compile(r";TZID=", re.IGNORECASE)
_IS_DATE = re.compile(r";VALUE=\"?DATE\"?[;:]", re.IGNORECASE)
_IS_OTHER = re.compile(r";VALUE=\"?(?!DATE\"?[;:])", re.IGNORECASE)
_PART = re.compile("([A-Za-z-]+)=([A-Za-z0-9,+-]+)")
_COUNTED = re.compile("[1-9][0-9]{0,8}")
_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_ZONE = re.compile(r";TZID=[^;:]+", re.IGNORECASE)

# Takes what stands before the value, and the value; gives what is to stand before it. Raises Failed.
Check = Callable[[str, str], str]


def _of_time(before: str, value: str) -> str:
    """A time, or a date, which is said to be one."""
    found = _time(value)
    has_zone = _IN_ZONE.search(before) is not None
    if found is None or (has_zone and (found[4] is None or found[7])):
        raise _wrong(before, value)
    is_date = found[4] is None
    if _IS_DATE.search(before):
        if is_date:
            return before
    elif not is_date:
        return before
    elif not _IS_OTHER.search(before):
        return f"{before[:-1]};VALUE=DATE:"
    raise _wrong(before, value)


def _of_moment(before: str, value: str) -> str:
    """A time in UTC (§3.8.7), never a date."""
    found = _time(value)
    if found is None or not found[7]:
        raise Failed(f"{_shown(before, value)} is no time in UTC: 20261231T180000Z")
    return before


def _of_times(before: str, value: str) -> str:
    if not _IS_OTHER.search(before):  # periods, and whatever else there is
        for one in value.split(","):
            before = _of_time(before, one)
    return before


def _of_trigger(before: str, value: str) -> str:
    return before if re.fullmatch(_DURATION, value) else _of_moment(before, value)


def _of_rule(before: str, value: str) -> str:
    for written in value.split(";"):
        part = _PART.fullmatch(written)
        name = "" if part is None else part[1].upper()
        if part is None or (name in ("COUNT", "INTERVAL") and not _COUNTED.fullmatch(part[2])):
            raise _no_rule(before, value)
        if name == "FREQ" and part[2].upper() not in _OFTEN:
            raise _no_rule(before, value)
        if name == "UNTIL" and _time(part[2]) is None:
            raise _wrong(before, value)
    return before


def _no_rule(before: str, value: str) -> Failed:
    return Failed(f"{_shown(before, value)} is no rule of a calendar: FREQ=WEEKLY;COUNT=5")


def hold_order(start: tuple[str, str], end: tuple[str, str]) -> None:
    """That an event ends behind its start, as far as the two are told alike; each is what stands before its
    value, and the value. Raises Failed."""
    begun, ended = _time(start[1]), _time(end[1])
    if begun is None or ended is None:
        return
    if (begun[4] is None) != (ended[4] is None):
        said = f"{_shown(*start)} and {_shown(*end)}: one is a day, and the other a time"
        raise Failed(f"{said} (RFC 5545 §3.6.1)")
    zones = [_ZONE.findall(before) for before, _ in (start, end)]
    if zones[0] == zones[1] and begun[7] == ended[7] and end[1] < start[1]:
        raise Failed(f"{_shown(*end)} is before {_shown(*start)}")


def _like(pattern: str, example: str) -> Check:
    like = re.compile(pattern)

    def check(before: str, value: str) -> str:
        if not like.fullmatch(value):
            raise Failed(f"{_shown(before, value)} is not as {example}")
        return before

    return check


CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(("DTSTART", "DTEND", "DUE", "RECURRENCE-ID"), _of_time),
    **dict.fromkeys(("DTSTAMP", "CREATED", "LAST-MODIFIED", "COMPLETED"), _of_moment),
    **dict.fromkeys(("RDATE", "EXDATE"), _of_times),
    **dict.fromkeys(RULES, _of_rule),
    **dict.fromkeys(("DURATION", "REFRESH-INTERVAL"), _like(_DURATION, "PT1H30M or P1D")),
    **dict.fromkeys(
        ("SEQUENCE", "PRIORITY", "PERCENT-COMPLETE", "REPEAT"), _like("[0-9]{1,9}", "2")
    ),
    **dict.fromkeys(PEOPLE, _like("(?i:[a-z][a-z0-9+.-]*):.*\\S.*", "mailto:jane@example.com")),
    "UID": _like(".*\\S.*", "order-4711@example.com, one of its own for each event"),
    "STATUS": _like("(?i:TENTATIVE|CONFIRMED|CANCELLED)", "CONFIRMED"),
    "URL": _like(
        "(?i:(?!javascript:|vbscript:|data:|file:)[a-z][a-z0-9+.-]*):.*\\S.*", "https://example.com"
    ),
    "TRIGGER": _of_trigger,
    "GEO": _like(r"-?[0-9]+(\.[0-9]+)?;-?[0-9]+(\.[0-9]+)?", "52.52;13.40"),
}


def _time(value: str) -> re.Match[str] | None:
    found = _TIME.fullmatch(value)
    if found is None:
        return None
    year, month, day, hours, minutes, seconds = (int(number or 0) for number in found.groups()[:6])
    try:
        datetime(year, month, day, hours, minutes, min(seconds, 59))  # 60: a leap second
    except ValueError:  # there is no such day, or hour
        return None
    return found if seconds <= 60 else None


def _wrong(before: str, value: str) -> Failed:
    like = "20261231T180000" if _IN_ZONE.search(before) else "20261231T180000Z (UTC), or 20261231"
    return Failed(f"{_shown(before, value)} is no time of a calendar: {like}")


def _shown(before: str, value: str) -> str:
    return one_line(f"{before}{value}", _SHOWN)
