"""How times and rates are said in a report, to a tenth."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """ "4.2 s", "2 min 5 s", "3 h 20 min", "2 days 4 h"."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    for most, large, size, small in ((60, "min", 1, "s"), (24, "h", 60, "min")):
        whole, rest = divmod(round(seconds / size), 60)
        if whole < most:
            return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"
    days, hours = divmod(round(seconds / 3600), 24)
    said = f"{days} day" if days == 1 else f"{days} days"
    return f"{said} {hours} h" if hours else said


def rate(a_second: float) -> str:
    """ "19 a second", "1.5 a minute": in the unit that gives a number above one."""
    if a_second >= 10:
        return f"{a_second:,.0f} a second"
    for seconds, unit in ((1, "a second"), (60, "a minute")):
        if a_second * seconds >= 1:
            return f"{a_second * seconds:.1f} {unit}"
    return f"{a_second * 3600:.1f} an hour"
