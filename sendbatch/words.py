"""What is said to people: times, numbers and lists; and how wide a text stands, in the columns that it takes
in a terminal or a plain mail, and how to cut and pad it.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

SECONDS_COUNT = 120.0  # seconds from now within which a time of day is said to the second
CLOSE = 3600.0  # seconds within which nobody asks of which day it is
WHOLE = 0.05  # a number so near to a whole one is said as that

# Each of these takes one column; most texts have no others.
_NARROW = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u2027\u20a0-\u20bf]*+"
)

# wcwidth takes any two characters with a joiner between for one sign; only emoji become one.
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINS_NOTHING = re.compile(f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")


def clock_time(at: float, now: float | None = None) -> str:
    """Seconds since the epoch as local time with its zone: "2026-11-24 17:55:00 CET". Beside what the time is
    `now`, so much of it as tells it apart: "17:55 CET", "17:55:30 CET" where it is a matter of seconds, "Thu
    17:55 CET", "2026-12-24 17:55 CET"."""
    when = _local(at)
    if now is None:
        return f"{when:%Y-%m-%d %H:%M:%S %Z}"
    time = "%H:%M:%S" if abs(at - now) < SECONDS_COUNT else "%H:%M"
    if when.date() == _local(now).date() or abs(at - now) < CLOSE:
        day = ""
    else:
        day = "%a " if 0 <= at - now < 6 * 86400 else "%Y-%m-%d "
    return f"{when:{day}{time} %Z}"


def span(first: float, last: float) -> str:
    """From when until when, as local times: "2026-11-24 17:55:00 to 17:56:10 CET"."""
    begun, ended = _local(first), _local(last)
    if begun.utcoffset() != ended.utcoffset():  # one is in summer
        return f"{clock_time(first)} to {clock_time(last)}"
    day = "" if begun.date() == ended.date() else "%Y-%m-%d "
    return f"{begun:%Y-%m-%d %H:%M:%S} to {ended:{day}%H:%M:%S %Z}"


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone()


def duration(seconds: float) -> str:
    """Roughly how long: "3 s", "2 min", "1 h 20 min", "2 days"."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24)} days"


def countdown(seconds: float) -> str:
    """What is left, so that one sees it go by: "45 s", "11 min 58 s", "2 h 3 min"."""
    seconds = max(0, math.ceil(seconds))
    if not 90 <= seconds < 3600:
        return duration(seconds)
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def exact_duration(seconds: float) -> str:
    """To a tenth of the unit or better: "4.2 s", "2 min 5 s", "3 h 20 min", "2 days 4 h"."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    for most, large, size, small in ((60, "min", 1, "s"), (24, "h", 60, "min")):
        whole, rest = divmod(round(seconds / size), 60)
        if whole < most:
            return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{count(days, 'day')} {hours} h" if hours else count(days, "day")


def rate(a_second: float) -> str:
    """ "19 a second", "1.5 a minute": in the unit that gives a number above one."""
    if a_second >= 10:
        return f"{a_second:,.0f} a second"
    for seconds, unit in ((1, "a second"), (60, "a minute")):
        if a_second * seconds >= 1:
            return f"{a_second * seconds:.1f} {unit}"
    return f"{a_second * 3600:.1f} an hour"


def speed(a_second: float) -> str:
    """As `rate`, in short: "1,200/s", "3.4/s", "12/min", "5/h"."""
    for seconds, unit in ((1, "s"), (60, "min")):
        if a_second * seconds >= 1:
            number = a_second * seconds
            whole = number >= 10 or abs(number - round(number)) < WHOLE
            return f"{number:,.0f}/{unit}" if whole else f"{number:.1f}/{unit}"
    return f"{a_second * 3600:,.0f}/h"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 recipient", "40,000 recipients"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """Bytes as people say them: "812 bytes", "2.3 KB", "1.4 MB", "6.7 GB"."""
    if number < 1000:
        return count(number, "byte")
    for unit, most in (("KB", 1e6), ("MB", 1e9)):
        if number < most:
            return f"{number * 1000 / most:.1f} {unit}"
    return f"{number / 1e9:,.1f} GB"


def word(status: str) -> str:
    """A status as a person reads it: "in doubt"."""
    return status.replace("_", " ")


def listed(names: Sequence[str], most: int, number: int | None = None) -> str:
    """ "a, b", "a, b, c and 4 more": the first `most` of them. `number` is how many there are, where `names`
    are not all."""
    left = (len(names) if number is None else number) - min(most, len(names))
    return ", ".join(names[:most]) + (f" and {left:,} more" if left > 0 else "")


def rows(first: Sequence[int], number: int) -> str:
    """ "row 2", "rows 2, 3, 1,004", "rows 2, 3, 4 and 17 more": the first of so many."""
    named = listed([f"{row:,}" for row in first], len(first), number)
    return f"{'row' if number == 1 else 'rows'} {named}"


def is_narrow(text: str) -> bool:
    """Whether each character surely takes one column."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


def width(text: str) -> int:
    """Columns that `text`, one line, takes: two for an East Asian sign, none for a mark."""
    if is_narrow(text):
        return len(text)
    import wcwidth  # takes 20 ms, and most texts need none of it

    found: int = wcwidth.wcswidth(_JOINS_NOTHING.sub("", text))
    return len(text) if found < 0 else found  # below 0: control characters


def padded(text: str, columns: int) -> str:
    """`text` with spaces behind it to fill `columns`."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int, ellipsis: str = "…") -> str:
    """`text`, or what of it fits into `columns` with an ellipsis behind."""
    if width(text) <= columns:
        return text
    room = max(columns - width(ellipsis), 0)
    fitting = bisect.bisect_right(range(len(text)), room, key=lambda end: width(text[: end + 1]))
    return text[:fitting] + ellipsis[: columns]
