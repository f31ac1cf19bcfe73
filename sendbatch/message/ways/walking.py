"""From a recipient's cells to a way and the values of its holes: a walk over the parts of a template.

It is taken for each message, so nothing is evaluated that was evaluated before: each snippet has a table
of what it gave, by the cells it depends on. Holes that follow each other are looked up in one go, and a loop
that depends on one cell is walked once for each that there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import getitem, itemgetter
from typing import Any, TypeAlias

from sendbatch.message.ways.layout import Writing
from sendbatch.message.ways.parts import Check, Choice, Constant, Hole, Loop, Part
from sendbatch.message.ways.snippets import Snippet, position
from sendbatch.message.ways.tables import Table, Tables

_FEW = 3  # cells; two recipients seldom have more in common

Cells: TypeAlias = "tuple[Any, ...]"
# Takes the cells, and adds to the way and to the values.
Step: TypeAlias = Callable[[Cells, list[int], list[bytes]], object]


class Walk:
    """`how` is how values are written; `width` is how many cells a recipient has."""

    def __init__(self, parts: Sequence[Part], how: Writing, width: int) -> None:
        self._how = how
        self._tables = Tables()
        self._own: dict[tuple[Snippet, str], Table] = {}
        self._steps = self._made(parts, width)

    def __call__(self, cells: Cells) -> tuple[tuple[int, ...], list[bytes]]:
        """The way, and the values of its holes in their order. Raises what templates raise, Unfit, and
        UnicodeEncodeError."""
        way: list[int] = []
        values: list[bytes] = []
        for step in self._steps:
            step(cells, way, values)
        return tuple(way), values

    def _made(self, parts: Sequence[Part], width: int) -> list[Step]:
        steps: list[Step] = []
        run: list[Hole] = []
        for part in parts:
            if isinstance(part, Constant):
                continue
            if isinstance(part, Hole):
                run.append(part)
                continue
            steps += self._run(run)
            run = []
            if isinstance(part, Choice):
                steps.append(self._choice(part, width))
            elif isinstance(part, Check):
                steps.append(self._check(part))
            else:
                steps.append(self._loop(part, width))
        return steps + self._run(run)

    def _table(self, snippet: Snippet, make: Callable[[Any], object], what: str) -> Table:
        """The table of what `make` gives for the keys of the snippet."""
        told = snippet, what
        if told not in self._own:
            is_met_again = snippet.repeats and len(snippet.slots) <= _FEW
            self._own[told] = self._tables.table(make, keeps=is_met_again)
        return self._own[told]

    def _run(self, holes: Sequence[Hole]) -> list[Step]:
        if not holes:
            return []
        tables = [
            self._table(hole.snippet, hole.snippet.writing(self._how), "written") for hole in holes
        ]
        if len(holes) == 1:
            (table,), pick = tables, _picked(holes[0].snippet.slots)
            return [lambda cells, way, values: values.append(table[pick(cells)])]
        if all(len(hole.snippet.slots) == 1 for hole in holes):
            pick = itemgetter(*(hole.snippet.slots[0] for hole in holes))
            return [lambda cells, way, values: values.extend(map(getitem, tables, pick(cells)))]
        picks = [
            (table, _picked(hole.snippet.slots)) for table, hole in zip(tables, holes, strict=True)
        ]
        return [
            lambda cells, way, values: values.extend([table[pick(cells)] for table, pick in picks])
        ]

    def _check(self, check: Check) -> Step:
        table, pick = (
            self._table(check.snippet, check.snippet.text, "text"),
            _picked(check.snippet.slots),
        )
        return lambda cells, way, values: table[pick(cells)]

    def _choice(self, choice: Choice, width: int) -> Step:
        table = self._table(choice.snippet, choice.snippet.number, "number")
        pick = _picked(choice.snippet.slots)
        branches = [self._made(branch, width) for branch in choice.branches]

        def choose(cells: Cells, way: list[int], values: list[bytes]) -> None:
            number = table[pick(cells)]
            way.append(number)
            for step in branches[number]:
                step(cells, way, values)

        return choose

    def _loop(self, loop: Loop, width: int) -> Step:
        table = self._table(loop.snippet, loop.snippet.items, "items")
        pick = _picked(loop.snippet.slots)
        passes = self._passing(loop)
        body = self._made(loop.body, width + 1 + loop.counts)
        otherwise = self._made(loop.otherwise, width)

        def turn(cells: Cells, way: list[int], values: list[bytes]) -> None:
            items = passes(cells, table[pick(cells)])
            way.append(len(items))
            if not items:
                for step in otherwise:
                    step(cells, way, values)
            for number, item in enumerate(items):
                own = (
                    (*cells, item, position(number, len(items))) if loop.counts else (*cells, item)
                )
                for step in body:
                    step(own, way, values)

        slots = _outside(loop, width)
        return turn if slots is None or len(slots) != 1 else self._at_once(turn, slots.pop(), width)

    def _passing(self, loop: Loop) -> Callable[[Cells, Sequence[object]], Sequence[object]]:
        """Which items a loop's own condition lets pass."""
        if loop.test is None:
            return lambda cells, items: items
        table = self._table(loop.test, loop.test.number, "number")
        pick = _picked(loop.test.slots)
        return lambda cells, items: [item for item in items if table[pick((*cells, item))]]

    def _at_once(self, turn: Step, slot: int, width: int) -> Step:
        """A loop that depends on one cell."""

        def whole(cell: object) -> tuple[list[int], list[bytes]]:
            way: list[int] = []
            values: list[bytes] = []
            cells: list[object] = [None] * width
            cells[slot] = cell
            turn(tuple(cells), way, values)
            return way, values

        table = self._tables.table(whole)

        def add(cells: Cells, way: list[int], values: list[bytes]) -> None:
            more, found = table[cells[slot]]
            way += more
            values += found

        return add


def _picked(slots: Sequence[int]) -> Callable[[Cells], Any]:
    """The key of a table: the cell itself where there is one."""
    return itemgetter(*slots) if slots else lambda cells: ()


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
