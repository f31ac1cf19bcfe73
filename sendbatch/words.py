"""What is said to people: times, numbers and lists; and how wide a text stands, in the columns that it takes
in a terminal or a plain mail, and how to cut and pad it.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from datetime import UTC, datetime

# Each of these takes one column; most texts have no others.
_NARROW = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u2027\u20a0-\u20bf]*+"
)

# wcwidth takes any two characters with a joiner between for one sign; only emoji become one.
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINS_NOTHING = re.compile(f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")


def clock_time(at: float) -> str:
    """Seconds since the epoch as local time with its zone: "2026-11-24 17:55:00 CET"."""
    when = datetime.fromtimestamp(at, UTC).astimezone()
    return f"{when:%Y-%m-%d %H:%M:%S %Z}"


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


def cut(text: str, columns: int) -> str:
    """`text`, or what of it fits into `columns` with an ellipsis behind."""
    if width(text) <= columns:
        return text
    fitting = bisect.bisect_right(
        range(len(text)), columns - 1, key=lambda end: width(text[: end + 1])
    )
    return text[:fitting] + "…"
