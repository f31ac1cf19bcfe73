"""From a recipient's cells to a way and the values of its holes: a walk over the parts of a template.

It is taken for each message, so nothing is evaluated that was evaluated before: each snippet has a table
of what it gave, by the cells it depends on. Holes that follow each other are looked up in one go, and a loop
that depends on one cell is walked once for each that there is. A walk is one loop over its steps, each of
which knows the next: a call for each of them would take longer than they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import getitem, itemgetter
from typing import Any, NamedTuple, TypeAlias

from sendbatch.message.ways.layout import Writing
from sendbatch.message.ways.parts import Check, Choice, Constant, Hole, Loop, Part
from sendbatch.message.ways.snippets import Snippet, position
from sendbatch.message.ways.tables import Table, Tables

_FEW = 3  # cells; two recipients seldom have more in common

Cells: TypeAlias = "tuple[Any, ...]"
Pick: TypeAlias = Callable[[Cells], Any]  # the key of a table


class Holes(NamedTuple):
    """Values, of a key for each of the tables."""

    tables: Sequence[Table]
    pick: Pick
    then: Step | None


class Branching(NamedTuple):
    """A number of the way, and by it what comes then."""

    table: Table
    pick: Pick
    then: Sequence[Step | None]


class Whole(NamedTuple):
    """A piece of the way with its values."""

    table: Table
    pick: Pick
    then: Step | None


class Turning(NamedTuple):
    """Whatever takes the cells, and adds to the way and to the values."""

    take: Callable[[Cells, list[int], list[bytes]], object]
    then: Step | None


Step: TypeAlias = "Holes | Branching | Whole | Turning"


def _take(step: Step | None, cells: Cells, way: list[int], values: list[bytes]) -> None:
    """All steps from this one on."""
    while step is not None:
        if isinstance(step, Holes):
            tables, pick, step = step
            values += map(getitem, tables, pick(cells))
        elif isinstance(step, Branching):
            table, pick, then = step
            number = table[pick(cells)]
            way.append(number)
            step = then[number]
        elif isinstance(step, Whole):
            table, pick, step = step
            more, found = table[pick(cells)]
            way += more
            values += found
        else:
            take, step = step
            take(cells, way, values)


class Walk:
    """`how` is how values are written; `width` is how many cells a recipient has; `shares` as in `Tables`."""

    def __init__(self, parts: Sequence[Part], how: Writing, width: int, shares: int = 1) -> None:
        self._how = how
        self._tables = Tables(shares)
        self._own: dict[tuple[Snippet, str], Table] = {}
        self._first = self._made(parts, width, None)

    def __call__(self, cells: Cells) -> tuple[tuple[int, ...], list[bytes]]:
        """The way, and the values of its holes in their order. Raises what templates raise, Unfit, and
        UnicodeEncodeError."""
        way: list[int] = []
        values: list[bytes] = []
        _take(self._first, cells, way, values)
        return tuple(way), values

    def _made(self, parts: Sequence[Part], width: int, then: Step | None) -> Step | None:
        """The first step through these parts; `then` is the one behind them."""
        run: list[Hole] = []
        for part in reversed(parts):
            if isinstance(part, Constant):
                continue
            if isinstance(part, Hole):
                run.insert(0, part)
                continue
            then = self._run(run, then)
            run = []
            if isinstance(part, Choice):
                then = self._choice(part, width, then)
            elif isinstance(part, Check):
                then = self._check(part, then)
            else:
                then = self._loop(part, width, then)
        return self._run(run, then)

    def _table(self, snippet: Snippet, make: Callable[[Any], object], what: str) -> Table:
        """The table of what `make` gives for the keys of the snippet."""
        told = snippet, what
        if told not in self._own:
            is_met_again = snippet.repeats and len(snippet.slots) <= _FEW
            self._own[told] = self._tables.table(make, keeps=is_met_again)
        return self._own[told]

    def _run(self, holes: Sequence[Hole], then: Step | None) -> Step | None:
        if not holes:
            return then
        tables = [
            self._table(hole.snippet, hole.snippet.writing(self._how), "written") for hole in holes
        ]
        slots = [hole.snippet.slots for hole in holes]
        if all(len(own) == 1 for own in slots):
            return Holes(tables, _each(*(own[0] for own in slots)), then)
        picks = [_picked(own) for own in slots]
        return Holes(tables, lambda cells: [pick(cells) for pick in picks], then)

    def _check(self, check: Check, then: Step | None) -> Step:
        table = self._table(check.snippet, check.snippet.text, "text")
        pick = _picked(check.snippet.slots)
        return Turning(lambda cells, way, values: table[pick(cells)], then)

    def _choice(self, choice: Choice, width: int, then: Step | None) -> Step:
        table = self._table(choice.snippet, choice.snippet.number, "number")
        branches = [self._made(branch, width, then) for branch in choice.branches]
        return Branching(table, _picked(choice.snippet.slots), branches)

    def _loop(self, loop: Loop, width: int, then: Step | None) -> Step:
        table = self._table(loop.snippet, loop.snippet.items, "items")
        pick = _picked(loop.snippet.slots)
        passes = self._passing(loop)
        body = self._made(loop.body, width + 1 + loop.counts, None)
        otherwise = self._made(loop.otherwise, width, None)

        def turn(cells: Cells, way: list[int], values: list[bytes]) -> None:
            items = passes(cells, table[pick(cells)])
            way.append(len(items))
            if not items:
                _take(otherwise, cells, way, values)
            for number, item in enumerate(items):
                own = (
                    (*cells, item, position(number, len(items))) if loop.counts else (*cells, item)
                )
                _take(body, own, way, values)

        slots = _outside(loop, width)
        if slots is None or len(slots) != 1:
            return Turning(turn, then)
        return self._at_once(turn, slots.pop(), width, then)

    def _passing(self, loop: Loop) -> Callable[[Cells, Sequence[object]], Sequence[object]]:
        """Which items a loop's own condition lets pass."""
        if loop.test is None:
            return lambda cells, items: items
        table = self._table(loop.test, loop.test.number, "number")
        pick = _picked(loop.test.slots)
        return lambda cells, items: [item for item in items if table[pick((*cells, item))]]

    def _at_once(self, turn: Callable[..., None], slot: int, width: int, then: Step | None) -> Step:
        """A loop that depends on one cell."""

        def whole(cell: object) -> tuple[list[int], list[bytes]]:
            way: list[int] = []
            values: list[bytes] = []
            cells: list[object] = [None] * width
            cells[slot] = cell
            turn(tuple(cells), way, values)
            return way, values

        return Whole(self._tables.table(whole), itemgetter(slot), then)


def _picked(slots: Sequence[int]) -> Pick:
    """The key of a table: the cell itself where there is one."""
    return itemgetter(*slots) if slots else lambda cells: ()


def _each(*slots: int) -> Pick:
    """A key for each of several tables, or for one."""
    return itemgetter(*slots) if len(slots) > 1 else itemgetter(slice(slots[0], slots[0] + 1))


def _outside(loop: Loop, width: int) -> set[int] | None:
    """The cells that a loop depends on as a whole, but for its own; None where that is not all."""
    snippets = [*_snippets([loop])]
    if not all(snippet.repeats for snippet in snippets):
        return None
    return {slot for snippet in snippets for slot in snippet.slots if slot < width}


def _snippets(parts: Iterable[Part]) -> Iterable[Snippet]:
    for part in parts:
        if isinstance(part, Constant):
            continue
        yield part.snippet
        if isinstance(part, Choice):
            for branch in part.branches:
                yield from _snippets(branch)
        elif isinstance(part, Loop):
            if part.test is not None:
                yield part.test
            yield from _snippets((*part.body, *part.otherwise))
