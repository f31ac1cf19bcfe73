"""Patterns of `date`, "EEEE, d. MMMM": what is wrong with one, and which is probably meant.

The letters are those of UTS #35 part 4, Date Field Symbol Table. Some are written for others, and give the
right day most of the time: these are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sendbatch.campaign.language.numbers import shown
from sendbatch.campaign.names import guess

STYLES = ("short", "medium", "long", "full")
LONGEST_PATTERN = 100
_QUOTED = re.compile("'[^']*'")
_OF_DAYS = frozenset("GyYQqMLwWdDEec")
_HOURS = frozenset("hHKk")
_OF_TIMES = _HOURS | frozenset("abBmsS")
_OF_WEEKS = frozenset("wWecY")  # a country's
_DATED = frozenset("MLdDQq")  # what says which day or part of a year it is
_FIELD = re.compile(r"([a-zA-Z])\1*")
_STRFTIME = {
    "%d": "dd", "%m": "MM", "%Y": "yyyy", "%y": "yy", "%B": "MMMM", "%b": "MMM", "%A": "EEEE", "%a": "EEE",
    "%H": "HH", "%M": "mm", "%S": "ss", "%-d": "d", "%-m": "M", "%e": "d",
}  # fmt: skip
_IS = {
    "D": "the day of the year",
    "Y": "the year of a week",
    "m": "a minute",
    "y": "the year of a day, and 2024-12-30 may lie in week 1 of 2025",
}


def wrong_style(style: Any) -> tuple[str, str] | None:
    """What is wrong with a way to write a day, and what to do; None for a good one."""
    if style in STYLES:
        return None
    either = f'{", ".join(STYLES)}, or a pattern such as "dd.MM.yyyy"'
    if not isinstance(style, str) or not style.strip() or len(style) > LONGEST_PATTERN:
        return f"|date takes {either}, not {shown(style)}", "write one of these"
    if "%" in style:
        meant = re.sub(r"%-?\w", lambda found: _STRFTIME.get(found[0], "…"), style)
        return f"{shown(style)} is no pattern of |date", f'write date("{meant}")'
    plain = _QUOTED.sub("", style)
    letters = {letter for letter in plain if letter.isalpha()}
    unknown = letters - _OF_DAYS - _OF_TIMES
    if "'" in plain:
        return (
            f"{shown(style)}: a quote is never closed",
            "write words as 'words', and a quote as ''",
        )
    near = guess(style, STYLES) if style.isalpha() else None
    if near is not None:
        return f"|date takes {either}, not {shown(style)}", f"did you mean {near}?"
    if unknown or not letters:
        said = f"{min(unknown)} says nothing of a day" if unknown else "it says nothing of a day"
        return (
            f"{shown(style)} is no pattern of |date: {said}",
            f"write {either}; words stand in '…'",
        )
    slips = _slips(plain)
    if slips:
        why = "; ".join(f"{letter} is {_IS[letter]}" for letter in sorted(slips))
        meant = _outside_quotes(style, str.maketrans(slips))
        return f"{shown(style)} is no pattern of |date: {why}", f'write date("{meant}")'
    return _too_long(style)


def _slips(plain: str) -> dict[str, str]:
    """What is written for another letter, and would give a wrong day in silence.

    UTS #35 part 4: Y goes with w, for at a year's end the week may be another year's than the day; a D counts
    through the whole year, so that it is no day of a month.
    """
    fields = [found[0][0] for found in _FIELD.finditer(plain)]
    letters, slips = set(fields), {}
    if "m" in letters and _HOURS.isdisjoint(letters):
        slips["m"] = "M"
    of_month = not letters.isdisjoint("MLd") or "m" in slips
    if "D" in letters and "d" not in letters and of_month:
        slips["D"] = "d"
    beside = {"Y": _beside(fields, "Y"), "y": _beside(fields, "y")}
    if "Y" in letters and ("w" not in letters or _is_dated(beside["Y"], slips)):
        slips["Y"] = "y"
    elif "y" in letters and "w" in letters and "Y" not in letters:
        of_week = "w" in beside["y"] or letters.isdisjoint(_DATED)
        if of_week and not _is_dated(beside["y"], slips):
            slips["y"] = "Y"
    return slips


def _beside(fields: Sequence[str], letter: str) -> set[str]:
    """What stands before it and behind it."""
    return {
        other
        for pair in pairwise(fields)
        if letter in pair
        for other in pair
        if other != letter
    }


def _is_dated(letters: set[str], slips: Mapping[str, str]) -> bool:
    return bool(letters & _DATED) or ("m" in letters and "m" in slips)


def _outside_quotes(pattern: str, changes: Mapping[int, str]) -> str:
    parts = re.split(f"({_QUOTED.pattern})", pattern)
    parts[::2] = [part.translate(changes) for part in parts[::2]]
    return "".join(parts)


def _too_long(pattern: str) -> tuple[str, str] | None:
    """A letter that stands more often beside itself than it has meanings."""
    from babel.dates import parse_pattern

    try:
        parse_pattern(pattern)
    except ValueError as error:
        field = str(error).rpartition(": ")[2].strip("'")
        said = f"{field[:1]} stands {len(field)} times"
        return f"{shown(pattern)} is no pattern of |date: {said}", "write fewer of them"
    return None


def asks_time(pattern: str) -> bool:
    """Whether it asks for more than a day says."""
    return not _OF_TIMES.isdisjoint(_QUOTED.sub("", pattern))


def asks_week(pattern: str) -> bool:
    """Whether it asks for what goes by the week, which is a country's."""
    return not _OF_WEEKS.isdisjoint(_QUOTED.sub("", pattern))
