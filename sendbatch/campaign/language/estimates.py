"""What an expression gives at most: how long a text, how many items, or which of the author's own values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sendbatch.campaign.language.amounts import NOTHING, Amount, Unbounded, fixed, length_of

ESCAPED = 5  # characters that one may become in HTML: "&#34;"
_MOST_KNOWN = 1_000  # values that something may be one of
_LONGEST_REPR = 10  # characters that one may become in Python's notation: "\U000e0001"


class Kind(Enum):
    TEXT = "text"
    NUMBER = "number"
    LIST = "list"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Estimate:
    """`size` is that of a text in characters, or of all items of a list together; `count` of items. `known`
    are all values that it can be, where the author wrote them; none at all for a name that nobody defines.
    `item` is the kind of a list's items. `is_markup`: it may be HTML, so that what is joined to it is
    escaped. `is_ascii`: it surely is, and without "=".
    """

    kind: Kind
    size: Amount
    count: Amount = NOTHING
    known: tuple[Any, ...] | None = None
    item: Kind = Kind.OTHER
    is_markup: bool = False
    is_ascii: bool = False

    @property
    def as_text(self) -> Amount:
        """How long it is where it is written into a text."""
        if self.known is not None:
            longest = max((len(str(value)) for value in self.known), default=0)
            return fixed(longest)
        if self.kind is Kind.LIST:
            return self.size * _LONGEST_REPR + self.count * 6 + 2
        return self.size

    def or_else(self, other: Estimate) -> Estimate:
        """What it is where it may be either of them."""
        if self is other or other.known == ():
            return self
        if self.known == ():
            return other
        known = None
        if self.known is not None and other.known is not None:
            new = [one for one in other.known if not any(one is also for also in self.known)]
            known = _few((*self.known, *new))
        return Estimate(
            self.kind if self.kind is other.kind else Kind.OTHER,
            self.size.or_else(other.size),
            self.count.or_else(other.count),
            known,
            self.item if self.item is other.item else Kind.OTHER,
            self.is_markup or other.is_markup,
            self.is_ascii and other.is_ascii,
        )


UNDEFINED = Estimate(Kind.OTHER, NOTHING, known=())
LOOP = Estimate(Kind.OTHER, NOTHING)  # what a template asks which turn it is in


def text(size: Amount | float, *of: Estimate, is_markup: bool = False) -> Estimate:
    """A text of that length, made of others."""
    size = size if isinstance(size, Amount) else fixed(size)
    is_markup = is_markup or any(one.is_markup for one in of)
    return Estimate(Kind.TEXT, size, size, is_markup=is_markup)


def number(size: Amount | float) -> Estimate:
    """A number that is written with so many characters."""
    size = size if isinstance(size, Amount) else fixed(size)
    return Estimate(Kind.NUMBER, size, is_ascii=True)


def texts(size: Amount, count: Amount, of: Estimate) -> Estimate:
    """A list of texts."""
    return Estimate(Kind.LIST, size, count, item=Kind.TEXT, is_markup=of.is_markup)


def listed(items: Sequence[Estimate]) -> Estimate:
    """A list that is written out."""
    size, item = NOTHING, items[0].kind if items else Kind.OTHER
    for one in items:
        size += one.as_text
        item = item if item is one.kind else Kind.OTHER
    if all(one.known is not None and len(one.known) == 1 for one in items):
        return one_of([[one.known[0] for one in items if one.known]])
    is_markup = any(one.is_markup for one in items)
    return Estimate(Kind.LIST, size, fixed(len(items)), item=item, is_markup=is_markup)


def one_of(values: Iterable[Any]) -> Estimate:
    """One of these, which the author wrote."""
    known = _few(tuple(values))
    if not known:
        return UNDEFINED
    kinds = {_kind(value) for value in known}
    size = fixed(max(_size(value) for value in known))
    count = fixed(max(len(value) if hasattr(value, "__len__") else 0 for value in known))
    return Estimate(kinds.pop() if len(kinds) == 1 else Kind.OTHER, size, count, known)


def each(several: Estimate, name: str) -> Estimate:
    """One item of several, whose length is called `name`. Raises Unbounded where nobody knows its kind."""
    if several.known is not None:
        return one_of(child for value in several.known for child in children(value, keys=True))
    length = length_of(name)
    if several.kind is Kind.TEXT:
        return replace(text(1), is_markup=several.is_markup)
    if several.kind is not Kind.LIST or several.item is Kind.LIST:
        raise Unbounded
    return Estimate(several.item, length, length, is_markup=several.is_markup)


def part(of: Estimate) -> Estimate:
    """Some item of several, whichever."""
    if of.known is not None:
        return one_of(child for value in of.known for child in children(value))
    if of.kind is Kind.TEXT:
        return replace(text(1), is_markup=of.is_markup)
    if of.kind is not Kind.LIST or of.item is Kind.LIST:
        raise Unbounded
    return Estimate(of.item, of.size, of.size, is_markup=of.is_markup)


def children(value: Any, *, keys: bool = False) -> Iterable[Any]:
    """What lies in a value: of a mapping its values, or its keys, which a loop goes through."""
    if isinstance(value, dict):
        return value.keys() if keys else value.values()
    return value if isinstance(value, (list, tuple, str)) else ()


def leaves(known: Sequence[Any]) -> list[Any]:
    """Every text and number that lies in these, however deep: some of them an attribute gives."""
    found: list[Any] = []
    for value in known:
        if isinstance(value, dict):
            found += leaves([*value.values()])
        elif isinstance(value, (list, tuple)):
            found += leaves(value)
        else:
            found.append(value)
    return found


def _few(known: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(known) > _MOST_KNOWN:
        raise Unbounded
    return known


def _kind(value: Any) -> Kind:
    if isinstance(value, str):
        return Kind.TEXT
    if isinstance(value, (int, float)):
        return Kind.NUMBER
    return Kind.LIST if isinstance(value, (list, tuple)) else Kind.OTHER


def _size(value: Any) -> int:
    """Characters of a value, or of all that lies in it."""
    return len(str(value))
