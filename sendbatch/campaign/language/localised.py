"""What is written by a locale: `money`, `date`, and `number` where it is given one.

They read what stands in cells: a number as `number` reads it, to the last digit; a day as ISO 8601 writes it,
2026-02-01, with or without a time. Anything else is an error: 01.02.2026 is two days, by where it was
written.
"""

from __future__ import annotations

import re
from copy import copy
from datetime import date as Date
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

import jinja2

from sendbatch.campaign.language.locales import currency_of, locale_of
from sendbatch.campaign.language.numbers import (
    LONGEST,
    MOST_DIGITS,
    NoNumber,
    read_digits,
    shown,
    wrong_digits,
)
from sendbatch.campaign.names import guess

STYLES = ("short", "medium", "long", "full")
ORDERS = ("dmy", "mdy", "ymd")
LONGEST_PATTERN = 100
_MOST_BITS = 332  # of a whole number of `LONGEST` digits
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_OTHER = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?: (\d\d:\d\d(?::\d\d)?))?")
_QUOTED = re.compile("'[^']*'")
# Letters of a pattern (UTS #35). What is seldom meant is left out: Y, a week's year, and D, a year's day.
_OF_DAYS = frozenset("GyQqMLwdEec")
_HOURS = frozenset("hHKk")
_OF_TIMES = _HOURS | frozenset("abBmsS")
_MEANT = str.maketrans("YD", "yd")
_STRFTIME = {
    "%d": "dd", "%m": "MM", "%Y": "yyyy", "%y": "yy", "%B": "MMMM", "%b": "MMM", "%A": "EEEE", "%a": "EEE",
    "%H": "HH", "%M": "mm", "%S": "ss", "%-d": "d", "%-m": "M", "%e": "d",
}  # fmt: skip
# Exact for whatever is read; a half is rounded away from zero, as people do with money.
_EXACT = Context(prec=2 * LONGEST + MOST_DIGITS, rounding=ROUND_HALF_UP)


class NoDate(jinja2.TemplateRuntimeError):
    """A text that is no day, or a way to write one that is none."""


def number_text(value: Any, decimal: str | None, locale: Any, digits: int | None) -> str:
    """A number as a locale writes it, with all its digits or rounded to so many. Raises NoNumber,
    NoLocale."""
    from babel.numbers import format_decimal

    known, found = locale_of(locale, "number"), _exactly(value, decimal)
    if digits is None:
        with localcontext(_EXACT):
            return format_decimal(found, locale=known, decimal_quantization=False)
    if (wrong := wrong_digits(digits)) is not None:
        raise NoNumber(": ".join(wrong))
    pattern = copy(known.decimal_formats[None])
    pattern.frac_prec = (digits, digits)
    with localcontext(_EXACT):
        return str(pattern.apply(found, known))


def money(value: Any, currency: Any = None, locale: Any = None, decimal: str | None = None) -> str:
    """An amount with its currency, as a locale writes them, rounded to what there are coins of. `decimal` is
    that of `number`. Raises NoNumber, NoLocale."""
    from babel.numbers import format_currency

    code, known = currency_of(currency), locale_of(locale, "money")
    with localcontext(_EXACT):
        return format_currency(_exactly(value, decimal), code, locale=known)


def date(value: Any, style: Any = "long", locale: Any = None, order: str | None = None) -> str:
    """A day as a locale writes it: `style` is one of STYLES or a pattern, "EEEE, d. MMMM". `order` says how
    01.02.2026 is to be read. Raises NoDate, NoLocale."""
    from babel.dates import format_date, format_datetime

    known, day = locale_of(locale, "date"), _day(value, order)
    if style in STYLES:
        return format_date(day, style, locale=known)
    if (wrong := wrong_style(style)) is not None:
        raise NoDate(": ".join(wrong))
    if asks_time(style):
        if not isinstance(day, datetime):
            raise NoDate(f"{shown(value)} says no time, and {shown(style)} asks for one")
        return format_datetime(day, style, locale=known)
    return format_date(day, style, locale=known)


def _exactly(value: Any, decimal: str | None = None) -> Decimal:
    """What `number` reads, to the last digit; what was calculated as Python prints it. Raises NoNumber."""
    if isinstance(value, str):
        return Decimal(read_digits(value, decimal))
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise NoNumber(f"{shown(value)} is no number")
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise NoNumber("a number is too large to be written")
    found = Decimal(str(value))
    if not found.is_finite() or not -LONGEST < found.adjusted() < LONGEST:
        raise NoNumber(f"{shown(str(value))} is no number that can be written")
    return found


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
    meant = plain.translate(_MEANT)
    if "m" in letters and _HOURS.isdisjoint(letters):
        meant = meant.replace("m", "M")
    if plain != meant and not unknown.difference("YD"):
        return f"{shown(style)} is no pattern of |date", f'write date("{meant}")'
    if unknown or not letters:
        said = f"{min(unknown)} says nothing of a day" if unknown else "it says nothing of a day"
        return (
            f"{shown(style)} is no pattern of |date: {said}",
            f"write {either}; words stand in '…'",
        )
    return None


def wrong_order(order: Any) -> tuple[str, str] | None:
    """As `wrong_style`, of the order in which a cell says day, month and year."""
    if order is None or order in ORDERS:
        return None
    return f"{shown(order)} is no order of day, month and year", f"write one of {', '.join(ORDERS)}"


def asks_time(pattern: str) -> bool:
    return not _OF_TIMES.isdisjoint(_QUOTED.sub("", pattern))


def _day(value: Any, order: str | None) -> Date | datetime:
    """Raises NoDate."""
    if (wrong := wrong_order(order)) is not None:
        raise NoDate(": ".join(wrong))
    if not isinstance(value, str):
        raise NoDate(f"{shown(value)} is no date: |date reads text, 2026-02-01")
    text = value.strip()
    if not text:
        raise NoDate("the date is empty: write {% if … %} around what says it")
    if (iso := _ISO.fullmatch(text)) is not None:
        return _made(value, int(iso[1]), int(iso[2]), int(iso[3]), iso[4])
    if (other := _OTHER.fullmatch(text)) is None:
        raise NoDate(f"{shown(value)} is no date: |date reads 2026-02-01, with a time or without")
    numbers = (int(other[1]), int(other[3]), int(other[4]))
    if order is None:
        said = f"{_which(numbers)}: write 2026-02-01 in the cells, or {_orders(numbers)}"
        raise NoDate(f"{shown(value)} {said}")
    if len(other[1 if order == "ymd" else 4]) != 4:
        raise NoDate(f"{shown(value)} is no date in the order {order}: its year has four digits")
    by = dict(zip(order, numbers, strict=True))
    return _made(value, by["y"], by["m"], by["d"], other[5])


def _made(value: str, year: int, month: int, day: int, time: str | None) -> Date | datetime:
    try:
        if time is None:
            return Date(year, month, day)
        return datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}T{time}")
    except ValueError as error:
        raise NoDate(f"{shown(value)} is no date: {error}") from None


def _which(numbers: tuple[int, int, int]) -> str:
    first, second, _ = numbers
    if first <= 12 and second <= 12 and first != second:
        return f"may be day {first} of month {second}, or day {second} of month {first}"
    return "does not say which is the day and which the month"


def _orders(numbers: tuple[int, int, int]) -> str:
    """The ways in which these may be read."""
    if numbers[0] > 31:
        return '|date(order="ymd")'
    return 'say which comes first: |date(order="dmy") or |date(order="mdy")'
