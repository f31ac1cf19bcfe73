"""How times and numbers are said to people, in notices and questions."""

from __future__ import annotations

from datetime import UTC, datetime


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


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 recipient", "40,000 recipients"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
