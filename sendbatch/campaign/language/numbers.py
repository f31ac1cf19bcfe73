"""Numbers in cells: what reads them. A text that is no number is an error and never 0.

Jinja's own `int` and `float` give 0 for what they cannot read, so that "1.234,50" became 0.00 in a
letter. With a default written out they keep Jinja's meaning.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import jinja2
from jinja2.filters import do_float, do_int, do_round

from sendbatch.campaign.language.exact import ROUNDINGS, Exact, TooLarge, exact, read

LONGEST = 100  # characters of a number
MOST_DIGITS = 20  # behind the decimal mark, that may be asked for
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")

_BLANKS = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "’": "'", "\u2212": "-"})
_NUMBER = re.compile(r"([+-]?) ?([0-9.,' ]*[0-9])")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,' ])[0-9]{3})(?:\1[0-9]{3})*")


class NotGiven:
    """Stands where no default was written, so that None can be one."""


class NoNumber(jinja2.TemplateRuntimeError):
    """A text where a number is needed; says what reads it."""


def to_int(value: Any, default: Any = NotGiven, base: int = 10) -> Any:
    """Jinja's `int`. Raises NoNumber for a text that is none, unless a default is given."""
    if default is not NotGiven:
        return do_int(value, default, base)
    if not isinstance(value, str):
        return do_int(value, 0, base)
    try:
        return int(value, base)
    except ValueError:
        found = _finite(value)
    if found is None:
        raise _no_number(value, "int")
    return int(found)


def to_float(value: Any, default: Any = NotGiven) -> Any:
    """Jinja's `float`. Raises NoNumber for a text that is none, `nan` and `inf` too, unless a default
    is given."""
    found = _finite(value)
    if found is not None:
        return found
    if default is not NotGiven:
        return do_float(value, default)
    if not isinstance(value, str):
        return do_float(value)
    raise _no_number(value, "float")


def rounded(value: Any, precision: int = 0, method: Any = "common") -> Any:
    """Jinja's `round`, which rounds a half away from zero, as `money` does."""
    found = exact(value)
    if type(found) is int and method in ROUNDINGS and type(precision) is int and precision < 0:
        return int(Exact(Decimal(found)).rounded(precision, ROUNDINGS[method]))
    if isinstance(found, Exact) and method in ROUNDINGS and type(precision) is int:
        return found.rounded(precision, ROUNDINGS[method])
    return do_round(value, precision, method)


def _finite(value: Any) -> Exact | None:
    """What Python reads as a float, to its last digit; None for what is none, and for endless ones."""
    if isinstance(value, Exact):
        return value
    try:
        if not math.isfinite(float(value)):
            return None
        return read(value if isinstance(value, str) else repr(float(value)))
    except (TypeError, ValueError, OverflowError, TooLarge):
        return None


def number(
    value: Any,
    decimal: str | None = None,
    default: Any = NotGiven,
    locale: Any = NotGiven,
    digits: int | None = None,
) -> Any:
    """The number that a text says: "1.234,50", "1,234.50", "1 234,50", "1'234.50", "17,5".

    Of two marks the last is the decimal one. One mark that stands once, behind one to three digits and
    before three, may be either: `decimal` ("," or ".") says which it is. `default` is for the empty
    text. A whole number is an int. With a locale, which may stand in the place of `decimal`, it is the text
    that says this number there, rounded to so many digits if they are given. Raises NoNumber, NoLocale.
    """
    if isinstance(value, str) and default is not NotGiven and not _plain(value):
        value = default
        if locale is NotGiven and not is_locale(decimal):
            return value
    if locale is NotGiven and is_locale(decimal):
        decimal, locale = None, decimal
    if locale is not NotGiven:
        from sendbatch.campaign.language.localised import number_text

        return number_text(value, decimal, locale, digits)
    if digits is not None:
        raise NoNumber('|number writes so many digits by a locale: number("de", digits=2)')
    if isinstance(value, (int, float)):
        return value
    found = read_digits(value, decimal)
    if "." not in found:
        return int(found)
    made = read(found)
    is_short = repr(float(found)) == str(made.decimal)
    return made if is_short else read(found, as_it_stands=True)


def wrong_mark(decimal: Any) -> tuple[str, str] | None:
    """What is wrong with a decimal mark, and what to write."""
    if decimal in (None, ".", ","):
        return None
    return f"{shown(decimal)} is no decimal mark", 'write "," or ".", or a locale such as "de"'


def wrong_digits(digits: Any) -> tuple[str, str] | None:
    """What is wrong with the digits that are asked for behind the decimal mark, and what to write."""
    if digits is None or (type(digits) is int and 0 <= digits <= MOST_DIGITS):
        return None
    return f"|number takes digits from 0 to {MOST_DIGITS}, not {shown(digits)}", "write digits=2"


def is_locale(name: Any) -> bool:
    """Whether it may be the name of a locale: what is a decimal mark is none."""
    return isinstance(name, str) and _LOCALE.fullmatch(name) is not None


def _plain(text: str) -> str:
    return text.translate(_BLANKS).strip()


def read_digits(value: Any, decimal: str | None) -> str:
    """A number in digits, with a point before its fraction if it has one. Raises NoNumber."""
    text = _plain(value) if isinstance(value, str) else ""
    if (wrong := wrong_mark(decimal)) is not None:
        raise NoNumber(": ".join(wrong))
    found = _NUMBER.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise NoNumber(f"{shown(value)} is no number{_if_empty(text, 'number(default=0)')}")
    sign, digits = found.groups()
    mark = decimal or _decimal_mark(digits)
    whole, point, fraction = digits.rpartition(mark) if mark in digits else (digits, "", "")
    if not _is_whole(whole, mark) or (point and not fraction.isdecimal()):
        raise NoNumber(f"{shown(value)} is no number: its groups are not of three digits")
    plain = re.sub("[^0-9]", "", whole) or "0"
    return f"{sign}{plain}.{fraction}" if point else f"{sign}{plain}"


def _decimal_mark(digits: str) -> str:
    """The mark before the fraction; a text without one has none of the kind. Raises NoNumber where
    nobody can tell."""
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        return "," if comma > point else "."
    mark = "," if comma >= 0 else "."
    if digits.count(mark) > 1:
        return "." if mark == "," else ","  # it stands between groups
    before, _, after = digits.partition(mark)
    if len(after) == 3 and re.fullmatch("[1-9][0-9]{0,2}", before):
        raise NoNumber(
            f'{shown(digits)} may be {before}{after} or {before}.{after}: |number("{mark}") takes its '
            f'mark for the decimal one, |number("{"." if mark == "," else ","}") for one between groups'
        )
    return mark


def _is_whole(text: str, mark: str) -> bool:
    if not text or text.isdecimal():
        return True
    found = _GROUPED.fullmatch(text)
    return found is not None and found[1] != mark


def _no_number(value: str, name: str) -> NoNumber:
    if not value.strip():
        return NoNumber(f"{shown(value)} is no number{_if_empty('', f'{name}(0)')}")
    try:
        number(value)
    except NoNumber as error:
        said = str(error) if '|number("' in str(error) else f"{shown(value)} is no number"
        return NoNumber(f"{said}; |{name}(0) takes 0 for it")
    return NoNumber(
        f"{shown(value)} is no number to |{name}: |number reads it, |{name}(0) takes 0 for it"
    )


def _if_empty(text: str, instead: str) -> str:
    return "" if text else f": it is empty; |{instead} takes 0 for it"


def shown(value: object) -> str:
    """A value in an error."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text if len(text) <= 40 else text[:39] + "…")
