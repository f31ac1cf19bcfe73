"""What is open at one place of an HTML document, and what a tag does to it, as browsers have it.

Elements whose end tags may be left out (li, p, td …) close by themselves. An end tag does not reach beyond
the table or the cell that it stands in (§13.2.4.2 of the HTML standard), so it closes nothing outside of it.
What is open is a chain from the inside to the outside, which a branch of a template can go back to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from sendbatch.message.markup import RAW, Bare

Spot: TypeAlias = tuple[str, int]  # a template's name, and the offset in it

# §13.1.2: elements that have no end tag, and those that need none.
VOID = frozenset({
    *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input"),
    *("isindex", "keygen", "link", "meta", "param", "source", "track", "wbr"),
})  # fmt: skip
OPTIONAL = frozenset({
    *("body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "rb"),
    *("rp", "rt", "rtc", "tbody", "td", "tfoot", "th", "thead", "tr"),
})  # fmt: skip
_OF_TABLES = frozenset({"caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"})
_SCOPES = frozenset({"caption", "marquee", "object", "table", "td", "template", "th"})
_TABLE = frozenset({"table", "template"})
_GROUPS = frozenset({"tbody", "tfoot", "thead"})
_CELLS = frozenset({"td", "th"})
_LISTS = frozenset({"menu", "ol", "ul"})
# What each of these closes where it begins, and what it does not look beyond.
_CLOSING = {
    "li": (frozenset({"li"}), _LISTS | _SCOPES),
    "dt": (frozenset({"dt", "dd"}), _SCOPES | {"dl"}),
    "dd": (frozenset({"dt", "dd"}), _SCOPES | {"dl"}),
    "td": (_CELLS, _TABLE | {"tr"}),
    "th": (_CELLS, _TABLE | {"tr"}),
    "tr": (_CELLS | {"tr"}, _TABLE | _GROUPS),
    "option": (frozenset({"option"}), frozenset({"select", "optgroup"})),
    **dict.fromkeys(_GROUPS, (_CELLS | _GROUPS | {"tr"}, _TABLE)),
}
_LAST = frozenset({"body", "html"})
_PASSED = VOID | RAW  # of the latter a tag is the whole element
_FOREIGN = frozenset({"math", "svg"})
_DEEPEST = 512  # elements that are looked through: browsers nest no deeper
_PATIENCE = 1_000_000  # of such steps in one document


class Unsure(Exception):
    """What is open cannot be told here, and so nothing is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """An element that is open, and what is around it."""

    name: str
    spot: Spot
    around: Open | None


class Cut(NamedTuple):
    """An element that was still open when another one ended, or began, at `spot` with the tag `by`."""

    element: Open
    by: str
    spot: Spot


class Stray(NamedTuple):
    """An end tag that closes nothing; `within` is what it does not reach beyond."""

    name: str
    spot: Spot
    within: Open | None


@dataclass(slots=True)
class Stack:
    """`top` is the innermost that is open; what is wrong is noted in the order it is met. It `guesses` that
    the `</td>` of the cell around a table, which no browser heeds within that, was to come behind its end:
    then `guessed` is how often it did so."""

    guesses: bool = False
    guessed: int = 0
    top: Open | None = None
    cuts: list[Cut] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    endless: list[Open] = field(default_factory=list)  # of those whose content is no HTML
    steps: int = 0
    foreign: int = 0

    def add(self, tag: Bare, spot: Spot) -> None:
        """Raises Unsure where it would take too long to know."""
        name = tag.name
        if name in RAW and not tag.is_end and not tag.is_closed:
            self.endless.append(Open(name, spot, None))
        if name in _PASSED or not name.isascii() or ":" in name:  # a value is in it, or it is Outlook's own
            return
        if tag.is_end:
            self._end(name, spot)
            return
        if name in _FOREIGN and not tag.is_closed:
            self.foreign += 1
        if self.foreign and tag.is_closed:
            return
        if name in _CLOSING:
            self._close(name, spot, *_CLOSING[name])
        elif name == "p" and self.top is not None and self.top.name == "p":
            self.top = self.top.around
        self.top = Open(name, spot, self.top)

    def _close(self, name: str, spot: Spot, closed: frozenset[str], end: frozenset[str]) -> None:
        found, one = None, self.top
        for _ in range(_DEEPEST):
            if one is None or one.name in end:
                break
            if one.name in closed:
                found = one
            self.steps += 1
            one = one.around
        else:
            raise Unsure
        if self.steps > _PATIENCE:
            raise Unsure
        if found is not None:
            self._pop(found, f"<{name}>", spot)

    def _end(self, name: str, spot: Spot) -> None:
        end = _TABLE if name in _OF_TABLES else _SCOPES
        one = self.top
        for _ in range(_DEEPEST):
            if one is None or one.name == name or one.name in end:
                break
            self.steps += 1
            one = one.around
        else:
            raise Unsure
        if self.steps > _PATIENCE:
            raise Unsure
        if one is None or one.name != name:
            if name in _LAST:  # all that is behind them is as if they were not there
                return
            if self.guesses and one is not None and self._is_around(one, name):
                self.guessed += 1
                self.cuts.append(Cut(one, f"</{name}>", spot))
                self.top = one.around
                self._end(name, spot)
                return
            self.strays.append(Stray(name, spot, one))
            return
        if name in _FOREIGN:
            self.foreign -= 1
        self._pop(one, f"</{name}>", spot)

    def _is_around(self, table: Open, name: str) -> bool:
        """Whether a table that has no open row stands in a cell of this name."""
        row, one = self.top, table.around
        while row is not None and row.name in _GROUPS:
            row = row.around
        if row is not table or table.name != "table" or name not in _CELLS:
            return False
        while one is not None and one.name != name and one.name not in _TABLE:
            self.steps += 1
            one = one.around
        return one is not None and one.name == name

    def _pop(self, last: Open, by: str, spot: Spot) -> None:
        """All up to this one; what should have been closed before is cut off."""
        one = self.top
        while one is not None and one is not last:
            if one.name not in OPTIONAL:
                self.cuts.append(Cut(one, by, spot))
            one = one.around
        self.top = last.around


def are_alike(one: Open | None, other: Open | None) -> bool:
    """Whether the same is open, by its names. Raises Unsure where it would take too long to know."""
    for _ in range(_DEEPEST):
        if one is other:
            return True
        if one is None or other is None or one.name != other.name:
            return False
        one, other = one.around, other.around
    raise Unsure


def still_open(top: Open | None) -> list[Open]:
    """What should have been closed by the end, from the outside to the inside."""
    found = []
    while top is not None:
        if top.name not in OPTIONAL:
            found.append(top)
        top = top.around
    return found[::-1]
