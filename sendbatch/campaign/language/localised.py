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
from functools import partial
from typing import TYPE_CHECKING, Any

import jinja2

from sendbatch.campaign.language.exact import Exact
from sendbatch.campaign.language.locales import currency_of, locale_of, with_country
from sendbatch.campaign.language.numbers import (
    LONGEST,
    MOST_DIGITS,
    NoNumber,
    read_digits,
    shown,
    wrong_digits,
)
from sendbatch.campaign.language.patterns import STYLES, asks_time, asks_week, wrong_style

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

ORDERS = ("dmy", "mdy", "ymd")
_MOST_BITS = 332  # of a whole number of `LONGEST` digits
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(?:Z|[+-]\d\d:?\d\d)?)?"
)
_OTHER = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?: (\d\d:\d\d(?::\d\d)?))?")
_WHOLE = re.compile("[0-9]+")
_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=[^\W\d_]\.)(?=\d)|(?<=\d)(?=[^\W\d_])")
# Exact for whatever is read; a half is rounded away from zero, as people do with money.
_EXACT = Context(prec=2 * LONGEST + MOST_DIGITS, rounding=ROUND_HALF_UP)


class NoDate(jinja2.TemplateRuntimeError):
    """A text that is no day, or a way to write one that is none."""


def number_text(value: Any, decimal: str | None, locale: Any, digits: int | None) -> str:
    """A number as a locale writes it, with all its digits or rounded to so many. Raises NoNumber,
    NoLocale."""
    known, found = locale_of(locale, "number"), _exactly(value, decimal)
    pattern = copy(known.decimal_formats[None])
    if digits is not None:
        if (wrong := wrong_digits(digits)) is not None:
            raise NoNumber(": ".join(wrong))
        pattern.frac_prec, found = (digits, digits), _rounded(found, digits)
    return _applied(pattern, found or abs(found), known, decimal_quantization=digits is not None)


def money(value: Any, currency: Any = None, locale: Any = None, decimal: str | None = None) -> str:
    """An amount with its currency, as a locale writes them, rounded to what there are coins of. `decimal` is
    that of `number`. Raises NoNumber, NoLocale."""
    from babel.numbers import get_currency_precision

    code, known = currency_of(currency), locale_of(locale, "money")
    amount = _rounded(_exactly(value, decimal), get_currency_precision(code))
    return _spaced(_applied(known.currency_formats["standard"], amount, known, currency=code))


def date(value: Any, style: Any = "long", locale: Any = None, order: str | None = None) -> str:
    """A day as a locale writes it: `style` is one of STYLES or a pattern, "EEEE, d. MMMM". `order` says how
    01.02.2026 is to be read. Raises NoDate, NoLocale."""
    from babel.dates import format_date, format_datetime

    known, day = locale_of(locale, "date"), _day(value, order)
    if style in STYLES:
        return format_date(day, style, locale=known)
    if (wrong := wrong_style(style)) is not None:
        raise NoDate(": ".join(wrong))
    if asks_time(style) and not isinstance(day, datetime):
        raise NoDate(f"{shown(value)} says no time, and {shown(style)} asks for one")
    if asks_week(style):
        known = with_country(known)
    try:
        if isinstance(day, datetime):
            return format_datetime(day, style, locale=known)
        return format_date(day, style, locale=known)
    except (ValueError, OverflowError):  # of Babel: no name for it, or the week of a year that is none
        said = f"{shown(value)} cannot be written as {shown(style)} in {known}"
        raise NoDate(f"{said}: it has no word or no week for it") from None


def _applied(pattern: NumberPattern, found: Decimal, known: Locale, **how: Any) -> str:
    """Where groups are parted by an apostrophe, as in Switzerland, Babel takes it for a quote of the pattern
    and leaves it out: they are parted here."""
    from babel.numbers import get_group_symbol

    mark = get_group_symbol(known)
    with localcontext(_EXACT):
        written = str(pattern.apply(found, known, group_separator=mark != "'", **how))
    return written if mark != "'" else _WHOLE.sub(partial(_parted, pattern, mark), written, count=1)


def _parted(pattern: NumberPattern, mark: str, whole: re.Match[str]) -> str:
    digits, size = whole[0], pattern.grouping[0]
    parts: list[str] = []
    while len(digits) > size:
        digits, last = digits[:-size], digits[-size:]
        parts.insert(0, last)
        size = pattern.grouping[1]
    return mark.join([digits, *parts])


def _spaced(amount: str) -> str:
    """UTS #35 part 3, "Currency spacing": a currency that is not written by a sign, KWD or kr, is parted from
    a digit beside it."""
    return _TOUCHING.sub("\u00a0", amount)


def _rounded(found: Decimal, digits: int) -> Decimal:
    """With so many digits behind the point, and never a zero that is negative: what rounds to nothing is
    owed by nobody."""
    rounded = found.quantize(Decimal(1).scaleb(-digits), context=_EXACT)
    return rounded or abs(rounded)


def _exactly(value: Any, decimal: str | None = None) -> Decimal:
    """What `number` reads, to the last digit; what was calculated as Python prints it. Raises NoNumber."""
    if isinstance(value, str):
        return Decimal(read_digits(value, decimal))
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise NoNumber(f"{shown(value)} is no number")
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise NoNumber("a number is too large to be written")
    found = value.decimal if isinstance(value, Exact) else Decimal(str(value))
    if not found.is_finite() or not -LONGEST < found.adjusted() < LONGEST:
        raise NoNumber(f"{shown(str(value))} is no number that can be written")
    return found


def wrong_order(order: Any) -> tuple[str, str] | None:
    """As `wrong_style`, of the order in which a cell says day, month and year."""
    if order is None or order in ORDERS:
        return None
    return f"{shown(order)} is no order of day, month and year", f"write one of {', '.join(ORDERS)}"


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
        _hold_time(value, time)
        return datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}T{time.replace(',', '.')}")
    except ValueError as error:
        raise NoDate(f"{shown(value)} is no date: {error}") from None


def _hold_time(value: str, time: str) -> None:
    """ISO 8601 has two times that no clock of Python's shows. Raises NoDate."""
    if time.startswith("24:00"):
        raise NoDate(f"{shown(value)}: 24:00 is the next day's 00:00: write that day and 00:00")
    if time[6:8] == "60":
        raise NoDate(f"{shown(value)}: second 60 cannot be written: write 59")


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
