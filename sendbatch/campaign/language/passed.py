"""What the filters, methods and operators of expressions make of what they are given, at most.

The white list of what is of bounded cost: each makes no more than a few times what it is given, in a time
that goes with that. Whatever is not named here is not: `pprint`, `urlize` and `striptags` (their time may go
with the square of a text), `random` (the same row twice would give two messages), `format` with a width out
of a cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from sendbatch.campaign.language.amounts import NOTHING, Amount, Unbounded, fixed
from sendbatch.campaign.language.estimates import (
    ESCAPED,
    Estimate,
    Kind,
    number,
    one_of,
    part,
    text,
    texts,
)

_WIDEST = 1_000  # characters that a text is filled up to
_NARROWEST = 20  # characters of a line that text is wrapped to: below, it takes too long for each
_MOST_DIGITS = 20  # that a number is rounded to
_FLOAT = 25  # characters of one as Python prints it
_LONGEST_FLOAT = 330  # and with all its digits before the point
_LONGEST_FORMATTED = 520  # with commas, and as many behind the point as may be asked for
_LONGEST_NUMBER = 5_000  # of digits; `bounded.MOST_BITS` holds
_LONGEST_LOCALISED = 1_000  # by a locale: a number, an amount or a day; in time, too
_LONGEST_SOUGHT = 100  # characters, where the time goes with those of both
# A directive of `%` or `format`, with no width to speak of and none that another value gives.
_PERCENT = re.compile(
    r"%(?:%|(?:\((\w{1,40})\))?[-+ #0]{0,5}\d{0,2}(?:\.\d{1,2})?[diouxXeEfFgGcs])"
)
_BRACES = re.compile(
    r"\{\{|\}\}|\{\w{0,40}(?::(?:.?[<>=^])?[-+ ]?z?#?0?\d{0,2}[,_]?(?:\.\d{1,2})?[bcdeEfFgGnosxX%]?)?\}"
)


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of one call."""

    positional: Sequence[Estimate]
    named: Mapping[str, Estimate]

    def at(self, place: int, name: str) -> Estimate | None:
        if place < len(self.positional):
            return self.positional[place]
        return self.named.get(name)

    def whole(self, place: int, name: str, default: int, most: int, least: int = 0) -> int:
        """The greatest whole number that the argument may be. Raises Unbounded where that is not known, or
        not from `least` to `most`."""
        given = self.at(place, name)
        values = (default,) if given is None else given.known
        if values is None or any(
            not isinstance(value, int) or not least <= value <= most for value in values
        ):
            raise Unbounded
        return max(values, default=0)

    @property
    def all(self) -> Sequence[Estimate]:
        return (*self.positional, *self.named.values())


Passed: TypeAlias = Callable[[Estimate, Given], Estimate]


def short(sought: Sequence[Estimate]) -> None:
    """Raises Unbounded for more than the author's own short texts. An attribute of many parts is looked up
    part by part for each item; what is searched from behind, or stripped of characters, takes as long as both
    texts are, multiplied."""
    for one in sought:
        if one.known is None or one.as_text.at({}) > _LONGEST_SOUGHT:
            raise Unbounded


def _shortly(rule: Passed) -> Passed:
    def shortly(of: Estimate, given: Given) -> Estimate:
        short(given.all)
        return rule(of, given)

    return shortly


def _longer(times: float, more: float = 0) -> Passed:
    return lambda of, given: text(of.as_text * times + more, of)


def _html(of: Estimate, given: Given) -> Estimate:
    return text(of.as_text * ESCAPED, is_markup=True)


def _urlencoded(of: Estimate, given: Given) -> Estimate:
    if of.kind is not Kind.TEXT and of.kind is not Kind.NUMBER:
        raise Unbounded
    return replace(text(of.as_text * 12), is_ascii=True)  # "%F0%9F%98%80"


def _safe(of: Estimate, given: Given) -> Estimate:
    return text(of.as_text, is_markup=True)


def _json(of: Estimate, given: Given) -> Estimate:
    given.whole(0, "indent", 0, 8)
    return text(of.as_text * 24 + 2, is_markup=True)  # "\ud83d\ude00", and blanks before it


def _defaulted(of: Estimate, given: Given) -> Estimate:
    default = given.at(0, "default_value") or text(0)
    return of.or_else(default)


def _whole(of: Estimate, given: Given) -> Estimate:
    given.whole(1, "base", 10, 36)
    return _or_default(number(of.as_text + _LONGEST_FLOAT), given.at(0, "default"))


def _float(of: Estimate, given: Given) -> Estimate:
    return _or_default(number(_FLOAT), given.at(0, "default"))


def _number(of: Estimate, given: Given) -> Estimate:
    mark, locale = given.at(0, "decimal"), given.at(3, "locale")
    if locale is not None or (mark is not None and not _is_mark(mark)):
        return replace(_localised(of, given), kind=Kind.OTHER)
    return _or_default(number(of.as_text + _LONGEST_FLOAT), given.at(1, "default"))


def _markdown(of: Estimate, given: Given) -> Estimate:
    """Of the author's own: what a cell may come to goes with the square of its length, as tables do."""
    from sendbatch.campaign.language.prose import NoMarkdown, markdown_html

    if of.known is None:
        raise Unbounded
    try:
        longest = max((len(markdown_html(value)) for value in of.known), default=0)
    except NoMarkdown:
        raise Unbounded from None
    return text(longest, is_markup=True)


def _is_mark(given: Estimate) -> bool:
    return given.known is not None and all(value in (None, ",", ".") for value in given.known)


def _localised(of: Estimate, given: Given) -> Estimate:
    return text(_LONGEST_LOCALISED)


def _or_default(found: Estimate, default: Estimate | None) -> Estimate:
    return found if default is None else found.or_else(default)


def _rounded(of: Estimate, given: Given) -> Estimate:
    given.whole(0, "precision", 0, _MOST_DIGITS, -_MOST_DIGITS)
    return number(of.as_text + _LONGEST_FLOAT)


def _counted(of: Estimate, given: Given) -> Estimate:
    return number(_FLOAT)


def _same_number(of: Estimate, given: Given) -> Estimate:
    return number(of.as_text)


def _file_size(of: Estimate, given: Given) -> Estimate:
    return text(_LONGEST_FLOAT)


def _filled(place: int, name: str) -> Passed:
    def filled(of: Estimate, given: Given) -> Estimate:
        return text(of.as_text + given.whole(place, name, 80, _WIDEST), of)

    return filled


def _replaced(of: Estimate, given: Given) -> Estimate:
    old, new = given.at(0, "old"), given.at(1, "new")
    if old is None or new is None:
        raise Unbounded
    size = of.as_text + (of.as_text + 1) * new.as_text
    return text(size * ESCAPED, of, old, new)


def _truncated(of: Estimate, given: Given) -> Estimate:
    if of.kind is not Kind.TEXT:
        raise Unbounded
    end = given.at(2, "end")
    return text(of.as_text + (end.as_text if end is not None else 3), of)


def _indented(of: Estimate, given: Given) -> Estimate:
    width = given.at(0, "width")
    if width is not None and width.kind is Kind.TEXT:
        each = width.as_text * ESCAPED
    else:
        each = fixed(given.whole(0, "width", 4, _WIDEST))
    return text(of.as_text * ESCAPED + (of.as_text + 1) * each, of)


def _wrapped(of: Estimate, given: Given) -> Estimate:
    if of.kind is not Kind.TEXT:
        raise Unbounded
    given.whole(0, "width", 79, _WIDEST, _NARROWEST)
    between = given.at(2, "wrapstring")
    each = between.as_text if between is not None else fixed(1)
    return text(of.as_text + (of.as_text + 1) * each, of)


def _joined(of: Estimate, given: Given) -> Estimate:
    between = given.at(0, "d")
    each = between.as_text if between is not None else NOTHING
    also = (between,) if between is not None else ()
    if of.known is not None:
        return text((of.as_text + of.count * each) * ESCAPED, of, *also)
    if given.at(1, "attribute") is not None or of.kind not in (Kind.LIST, Kind.TEXT):
        raise Unbounded
    return text((of.size + of.count * each) * ESCAPED, of, *also)


def _some(of: Estimate, given: Given) -> Estimate:
    if of.kind is Kind.OTHER:
        raise Unbounded
    return part(of)


def _several(of: Estimate, given: Given) -> Estimate:
    """A list of the same, in some order, or of some of them."""
    if of.kind is Kind.TEXT:
        return texts(of.size, of.count, of)
    if of.kind is not Kind.LIST:
        raise Unbounded
    return of


def _reversed(of: Estimate, given: Given) -> Estimate:
    return text(of.size, of) if of.kind is Kind.TEXT else _several(of, given)


def _summed(of: Estimate, given: Given) -> Estimate:
    if of.known is None and of.item is not Kind.NUMBER:
        raise Unbounded
    if len(given.all) > 1 or (of.known is None and given.all):
        raise Unbounded
    return number(of.size + _LONGEST_FLOAT)


def _pairs(of: Estimate, given: Given) -> Estimate:
    if of.known is None or not all(isinstance(value, dict) for value in of.known):
        raise Unbounded
    return one_of(list(value.items()) for value in of.known)


def _percent(of: Estimate, given: Given) -> Estimate:
    return formatted(of, given, _PERCENT, "%")


def _braces(of: Estimate, given: Given) -> Estimate:
    return formatted(of, given, _BRACES, "{}")


def formatted(of: Estimate, given: Given, directive: re.Pattern[str], marks: str) -> Estimate:
    """A text that is formatted. Raises Unbounded where it is none of the author's own, or has a directive
    that may write more than what it is given."""
    if of.known is None or not all(isinstance(value, str) for value in of.known):
        raise Unbounded
    most, numbers = 0, 0
    for value in of.known:
        if any(mark in directive.sub("", value) for mark in marks):
            raise Unbounded
        found = [one[0] for one in directive.finditer(value)]
        most = max(most, len(found))
        numbers = max(numbers, sum(one.rstrip("}")[-1] in "eEfFgGn%" for one in found))
    whole: Amount = fixed(100)
    for one in given.all:
        whole += one.as_text * ESCAPED
    made = text(of.as_text + whole * most + _LONGEST_FORMATTED * numbers, of, *given.all)
    are_ascii = all(value.isascii() and "=" not in value for value in of.known)
    return replace(made, is_ascii=are_ascii and all(one.is_ascii for one in given.all))


def _split(of: Estimate, given: Given) -> Estimate:
    return texts(of.size, of.size + 1, of)


def _three(of: Estimate, given: Given) -> Estimate:
    return texts(of.size, fixed(3), of)


def _text_join(of: Estimate, given: Given) -> Estimate:
    if len(given.positional) != 1:
        raise Unbounded
    return _joined(given.positional[0], Given((of,), {}))


FILTERS: Mapping[str, Passed] = {
    **dict.fromkeys(("lower", "upper", "title", "capitalize"), _longer(3)),  # "ΐ".upper() is three
    "string": _longer(1),
    "trim": _shortly(_longer(1)),
    **dict.fromkeys(("e", "escape", "forceescape"), _html),
    **dict.fromkeys(("d", "default"), _defaulted),
    **dict.fromkeys(("length", "count", "wordcount"), _counted),
    **dict.fromkeys(("first", "last"), _some),
    **dict.fromkeys(("min", "max"), _shortly(_some)),
    "list": _several,
    **dict.fromkeys(("sort", "unique"), _shortly(_several)),
    **dict.fromkeys(("items", "dictsort"), _pairs),
    "safe": _safe,
    "urlencode": _urlencoded,
    "tojson": _json,
    "int": _whole,
    "float": _float,
    "number": _number,
    **dict.fromkeys(("money", "date"), _localised),
    "markdown": _markdown,
    "round": _rounded,
    "abs": _same_number,
    "filesizeformat": _file_size,
    "center": _filled(0, "width"),
    "replace": _replaced,
    "truncate": _truncated,
    "indent": _indented,
    "wordwrap": _wrapped,
    "join": _joined,
    "reverse": _reversed,
    "sum": _summed,
    "format": _percent,
}  # fmt: skip

# How often some of them look at each character: sorting does so for every comparison, of which a row of 16 KB
# needs 14 for each item.
SLOW: Mapping[str, int] = {"sort": 15, "dictsort": 15, "unique": 2, "wordwrap": 30, "title": 5}

TEXT_METHODS: Mapping[str, Passed] = {
    **dict.fromkeys(
        ("upper", "lower", "title", "capitalize", "swapcase", "casefold"), _longer(3)
    ),
    **dict.fromkeys(("removeprefix", "removesuffix"), _longer(1)),
    **dict.fromkeys(("strip", "lstrip", "rstrip"), _shortly(_longer(1))),
    **dict.fromkeys(("startswith", "endswith", "find", "index", "count"), _counted),
    **dict.fromkeys(("rfind", "rindex"), _shortly(_counted)),
    **dict.fromkeys(
        ("isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum", "isupper", "islower", "isspace"),
        _counted,
    ),
    **dict.fromkeys(("split", "splitlines"), _split),
    "rsplit": _shortly(_split),
    "partition": _three,
    "rpartition": _shortly(_three),
    **dict.fromkeys(("center", "ljust", "rjust", "zfill"), _filled(0, "width")),
    "replace": _replaced,
    "join": _text_join,
    "format": _braces,
}  # fmt: skip


def multiplied(left: Estimate, right: Estimate) -> Estimate:
    """`*`: two numbers, or a text of the author's times a small one."""
    if left.kind is Kind.NUMBER and right.kind is Kind.NUMBER:
        return number(left.as_text + right.as_text + _FLOAT)
    of, times = (left, right) if left.kind is Kind.TEXT else (right, left)
    if of.kind is not Kind.TEXT:
        raise Unbounded
    return text(of.as_text * Given((times,), {}).whole(0, "", 0, _WIDEST), of)


def raised(left: Estimate, right: Estimate) -> Estimate:
    """`**`"""
    if left.kind is not Kind.NUMBER or right.kind is not Kind.NUMBER:
        raise Unbounded
    return number(_LONGEST_NUMBER)


def added(left: Estimate, right: Estimate) -> Estimate:
    """`+`"""
    if left.kind is Kind.LIST or right.kind is Kind.LIST:
        size, count = left.as_text + right.as_text, left.count + right.count
        is_markup = left.is_markup or right.is_markup
        return Estimate(Kind.LIST, size, count, is_markup=is_markup)
    if left.kind is Kind.NUMBER and right.kind is Kind.NUMBER:
        return number(left.as_text + right.as_text + _FLOAT)
    made = text((left.as_text + right.as_text) * ESCAPED + _FLOAT, left, right)
    return made if left.kind is right.kind is Kind.TEXT else replace(made, kind=Kind.OTHER)


def calculated(left: Estimate, right: Estimate) -> Estimate:
    """`-`, `/` and `//`"""
    return number(left.as_text + right.as_text + _FLOAT)


def remainder(left: Estimate, right: Estimate) -> Estimate:
    """`%`, which formats where the left is text."""
    if left.kind is Kind.NUMBER:
        return number(left.as_text + right.as_text + _FLOAT)
    return _percent(left, Given((right,), {}))


def of_mapping(method: str, of: Estimate, given: Given) -> Estimate:
    """A method of the author's own mappings."""
    known = of.known or ()
    if any(method in value for value in known):
        raise Unbounded
    if method == "get" and given.positional:
        keys = given.positional[0].known
        default = given.positional[1] if len(given.positional) > 1 else one_of([None])
        if keys is None:
            return part(of).or_else(default)
        found = one_of(value[key] for value in known for key in keys if key in value)
        return found.or_else(default)
    if method in ("items", "keys", "values") and not given.all:
        return one_of(list(getattr(value, method)()) for value in known)
    raise Unbounded
