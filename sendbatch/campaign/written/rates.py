"""Rates as people and providers write them: 14/s, 50/5min, 0.5/s, 5,000 per day, 20k/month.

What can mean one thing only is taken. Everything else is refused with the rates to write instead: of a
window whose use is not remembered one that never lets through more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from sendbatch.campaign.model import Rate
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.parsing import MOST, Wrong
from sendbatch.errors import one_line

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
WEEK, MONTH, YEAR = 7 * DAY, 30 * DAY, 365 * DAY
QUOTAS = (HOUR, DAY, MONTH)  # the windows whose use is remembered; below an hour a rate is a pace
_NAMES = {SECOND: "s", MINUTE: "min", HOUR: "h", DAY: "day", MONTH: "month"}
_UNITS: dict[str, Fraction | int] = {
    **dict.fromkeys(("ms", "msec", "millisecond"), Fraction(1, 1000)),
    **dict.fromkeys(("s", "sec", "second"), SECOND),
    **dict.fromkeys(("min", "minute"), MINUTE),
    **dict.fromkeys(("h", "hr", "hour"), HOUR),
    **dict.fromkeys(("d", "day"), DAY),
    **dict.fromkeys(("w", "wk", "week"), WEEK),
    **dict.fromkeys(("mo", "mth", "month"), MONTH),
    **dict.fromkeys(("y", "yr", "year"), YEAR),
}
_PER_UNIT = {"ps": "s", "pm": "min", "ph": "h", "pd": "day"}  # as in rps, mpm, eph
_ADVERBS = {"hourly": "h", "daily": "day", "weekly": "week", "monthly": "month"}
_THOUSANDS = {"": 1, "k": 1000, "K": 1000, "M": 1_000_000}
LONGEST_TEXT = 100
EXAMPLE = "write a number and s, min, h, day or month: 14/s"
_LIMITLESS = frozenset(
    ("unlimited", "none", "no", "off", "max", "inf", "infinite", "-1", "no limit")
)

_NUMBER = r"[0-9][0-9.,_'’]*(?: [0-9]{3}(?![0-9])[0-9.,_]*)*"
_NOUN = r"(?:e-?mails?|mails?|messages?|msgs?|recipients?|letters?|people|addresses)"
_PER = r"(?:/|(?<![A-Za-z])(?:per|an?|every|each|in)(?![A-Za-z]))"
_RATE = rf"(?P<count>{_NUMBER}) ?(?P<times>[kKM](?![A-Za-z]))? ?(?:{_NOUN} ?)?{_PER} ?" + (
    rf"(?:(?P<number>{_NUMBER}) ?)?(?P<unit>[A-Za-zµ]+)"
)
_ONE = re.compile(_RATE)
# What is looked for where `_ONE` is not found, and compiled there: few runs ever do.
# Not the end of 1e3/h, nor the beginning of 1/1h30m.
_WITHIN = rf"(?<![\w.,]){_RATE}(?![0-9])"
_EVERY = rf"every (?:(?P<number>{_NUMBER}) ?)?(?P<unit>[A-Za-z]+)"
_SHORT = rf"(?i:({_NUMBER}) ?(?:{_NOUN} ?)?(?:[a-z]?(p[smhd])|([a-z]+ly)))"
_RANGE = rf"({_NUMBER}) ?(?:-|–|\.\.\.?|to) ?{_NUMBER}(?P<rest>.*)"
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([,_'’ ])[0-9]{3})(?:\1[0-9]{3})*")
_PLAIN = re.compile(r"[0-9]+(?:_[0-9]+)*")
_DECIMAL = re.compile(r"([0-9]+)[.,]([0-9]+)")
_COMMA = re.compile(r"(?<![0-9]),|,(?![0-9])")  # one between digits belongs to a number

# What `_ONE` can read, for editors; what it reads and refuses all the same is told by sendbatch.
_LOOSE = r"[0-9][0-9.,_'’ ]*[kKM]? *([A-Za-z-]+ +)?(/|per|an?|every|each|in) *([0-9.]+ *)?[A-Za-z]+"
PATTERN = f"^ *{_LOOSE}( *, *{_LOOSE})* *$"


def parse_rates(texts: str | Iterable[str]) -> tuple[Rate, ...]:
    """Read several rates that hold together: a list, or one text with commas between."""
    parts = split(texts) if isinstance(texts, str) else texts
    return tuple(parse_rate(part) for part in parts)


def split(text: str) -> list[str]:
    """The rates in one text, at the commas that do not stand within a number; also where they stand in
    brackets, as a campaign file has several."""
    inside = re.fullmatch(r"\s*\[(.*)\]\s*", text, re.DOTALL)
    return _COMMA.split(inside[1] if inside else text)


def parse_rate(text: str) -> Rate:
    """Read one rate: a pace below an hour, a quota for an hour, a day or a month of 30 days."""
    said = " ".join(text.split())
    match = _ONE.fullmatch(said) if len(said) <= LONGEST_TEXT else None
    if match is None:
        raise Wrong(f"not a rate: {_shown(text)}", _meant(said))
    unit = match["unit"]
    length = _length(unit)
    count = _number(match["count"], lambda n: f"{n}{match['times'] or ''}/{_written(match)}")
    count *= _THOUSANDS[match["times"] or ""]
    if length is None:
        raise _no_unit(match, _plain(count))
    number = _number(match["number"] or "1", lambda n: f"{_plain(count)}/{n}{unit}")
    if count > MOST or number > MOST:
        raise Wrong(f"too great a number: {_shown(text)}")
    if count == 0:
        raise Wrong("a rate of 0 would never send anything")
    if number == 0:
        raise Wrong(f"no time at all: {_shown(text)}", _write(f"{_plain(count)}/{unit}"))
    return _held(count, number * length)


def spelled(rate: Rate) -> str:
    """A rate as it is written: 14/s, 50/5min, 20000/month."""
    seconds = max((s for s in _NAMES if rate.seconds % s == 0), default=SECOND)
    times = rate.seconds // seconds
    return f"{rate.count}/{times if times > 1 else ''}{_NAMES[seconds]}"


def _held(count: Fraction, seconds: Fraction) -> Rate:
    """The rate that is held; Wrong with one to write where the record of use has no such window."""
    if seconds >= HOUR:
        if count.denominator > 1 and seconds in QUOTAS:
            raise _no_part_of_a_recipient(count, int(seconds))
        if seconds not in QUOTAS or count.denominator > 1:
            raise Wrong(
                "from an hour on, a rate is counted by the hour, the day or the month (30 days)",
                _stricter(count, seconds),
            )
        return Rate(int(count), int(seconds))
    if count.denominator == seconds.denominator == 1:
        return Rate(int(count), int(seconds))
    pace = count / seconds
    if pace.denominator >= HOUR or pace.numerator > MOST:
        raise Wrong("finer than a rate can be held", _write(f"{math.floor(pace * 1800)}/30min"))
    return Rate(pace.numerator, pace.denominator)


def _no_part_of_a_recipient(count: Fraction, seconds: int) -> Wrong:
    ways = [Rate(math.floor(count), seconds)] if count >= 1 else []
    longer = next((window for window in QUOTAS if window > seconds), None)
    if longer is not None and (in_all := math.floor(count * longer / seconds)):
        ways.append(Rate(in_all, longer))
    hint = _write(*map(spelled, ways))
    return Wrong(f"a quota by the {_word(seconds)} counts whole recipients", hint)


def _stricter(count: Fraction, seconds: Fraction) -> str | None:
    """The fastest rate with a window there is that never lets through more."""
    ways = []
    for window in QUOTAS:
        within = math.floor(count / math.ceil(seconds / window))
        if within:
            ways.append(Rate(within, window))
    fastest = max(ways, key=lambda way: Fraction(way.count, way.seconds), default=None)
    return _write(spelled(fastest)) if fastest is not None else None


def _length(unit: str) -> Fraction | None:
    """A unit's seconds; None where it is none, or may be two."""
    name = unit.lower()
    found = _UNITS.get(name) or _UNITS.get(name.removesuffix("s"))
    return None if found is None else Fraction(found)


def _no_unit(match: re.Match[str], count: str) -> Wrong:
    unit, number = match["unit"], match["number"] or ""
    if unit.lower() == "m":
        ways = [f"{count}/{number}min", *([] if number else [f"{count}/month"])]
        return Wrong(f"{unit} may mean minutes or months", _write(*ways))
    if unit.lower() in ("connection", "session"):
        hint = f"write messages_per_connection: {count} in the profile"
        return Wrong(f"not a rate: so many in a {unit.lower()}", hint)
    near = "min" if unit.lower() == "mn" else guess(unit.lower(), _UNITS)
    hint = _write(f"{count}/{number}{near}") if near else "the units are s, min, h, day and month"
    return Wrong(f"not a unit of time for a rate: {_shown(unit)}", hint)


def _number(text: str, spell: Callable[[str], str]) -> Fraction:
    """What the digits mean; `spell` writes the rate with another number in their place."""
    text = text.strip()
    if len(text) > 30:
        raise Wrong(f"too great a number: {_shown(text)}")
    if _PLAIN.fullmatch(text):
        return Fraction(text.replace("_", ""))
    if _GROUPED.fullmatch(text):
        return Fraction(re.sub("[^0-9]", "", text))
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None:
        digits = re.sub("[^0-9]", "", text).lstrip("0") or "0"
        raise Wrong(f"not a number: {_shown(text)}", _write(spell(digits)))
    whole, part = decimal[1].lstrip("0") or "0", decimal[2]
    if "," in text:
        raise Wrong(
            f"a comma stands between thousands only: {_shown(text)}",
            _write(spell(_plain(Fraction(f"{whole}.{part}")))),
        )
    if len(part) == 3 and whole != "0" and len(whole) <= 3:
        ways = [
            f"{whole}{part}",
            *([f"{whole}.{part}".rstrip("0").rstrip(".")] if part[-1] == "0" else []),
        ]
        raise Wrong(
            f"a point may stand between thousands: {_shown(text)}", _write(*map(spell, ways))
        )
    return Fraction(f"{whole}.{part}")


def _meant(said: str) -> str:
    """What to write for a text that is no rate but seems to hold one."""
    if len(said) > LONGEST_TEXT:
        return EXAMPLE
    if said.lower() in _LIMITLESS:
        return "for no limit leave it out"
    if _PLAIN.fullmatch(said):
        return _write(*(f"{said}/{unit}" for unit in ("s", "min", "h", "day")))
    if found := re.fullmatch(_RANGE, said):
        said = found[1] + found["rest"]
    if found := re.fullmatch(_EVERY, said):
        said = f"1/{found['number'] or ''}{found['unit']}"
    if found := re.fullmatch(_SHORT, said):
        unit = _PER_UNIT.get((found[2] or "").lower()) or _ADVERBS.get((found[3] or "").lower())
        said = f"{found[1]}/{unit}"
    rates = list(filter(None, map(_taken, (match[0] for match in re.finditer(_WITHIN, said)))))
    if rates:
        return f"write {', '.join(dict.fromkeys(rates))}"
    return EXAMPLE


def _write(*ways: str) -> str:
    """What to write: those of the ways that are taken."""
    taken = [way for way in ways if _taken(way)]
    return f"write {' or '.join(taken)}" if taken else EXAMPLE


def _taken(text: str) -> str | None:
    try:
        return spelled(parse_rate(text))
    except Wrong:
        return None


def _written(match: re.Match[str]) -> str:
    return f"{match['number'] or ''}{match['unit']}"


def _plain(number: Fraction) -> str:
    """In digits, with as many after the point as there are: those read here always end."""
    return f"{number.numerator}" if number.denominator == 1 else f"{float(number):.12f}".rstrip("0")


def _shown(text: str) -> str:
    return one_line(text, 80)


def _word(seconds: int) -> str:
    return {HOUR: "hour", DAY: "day", MONTH: "month"}[seconds]
