"""How much of a rolling window is used: what was taken, merged to a few rows, and when it ends counting.

A window is counted in sixtieths of it. Within one, what was taken stands in rows (`part`, `count`): so
many from this moment on, evenly until the moment of the next row; the last row's at its own. `part` is a
time in sixtieths since the epoch. What was taken at a moment ends counting a window later, so that the same
number goes through at the same hour of each day, and no later each time. Pure functions, no clock.

Rows are merged only where their sum over time stays below what was really taken: a stretch that was slower
than the one before it joins that one, a faster one stands by itself. So nothing ends counting too early, and
an even stretch, however long, is one row. A whole number for `part` is a row of version 0.1, which knew no
more than the sixtieth: it counts to the end of that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TypeAlias

PARTS = 60  # of a window
MARGIN = 0.001  # seconds longer than a window that a use counts: both its ends belong to it
EXACT = 0.0001  # seconds

Row: TypeAlias = tuple[float, int]


def place(at: float, window: int) -> float:
    """A time, in seconds since the epoch, in sixtieths of a window; never a whole number."""
    part = at * PARTS / window
    return math.nextafter(part, math.inf) if part.is_integer() else part


def boundary(now: float, window: int) -> float:
    """The place before which what was taken counts no more."""
    return (now - window - MARGIN) * PARTS / window


def counting(rows: Sequence[Row], edge: float) -> int:
    """How many of these count still, where `edge` is the boundary. `rows` are in order."""
    total = 0
    for index, (part, count) in enumerate(rows):
        if isinstance(part, int):
            total += count if part + 1 > edge else 0
        elif part > edge:
            total += count
        elif (end := _end(rows, index)) > edge:
            # each ends by itself, the first as the stretch begins
            total += count - min(count, int(count * (edge - part) / (end - part)) + 1)
    return total


def free_at(rows: Sequence[Row], window: int, limit: int, now: float) -> float:
    """When less than `limit` count, seconds since the epoch; `now` where that is so already."""
    if counting(rows, boundary(now, window)) < limit:
        return now
    early, late = now, (rows[-1][0] + 1) * window / PARTS + window + 2 * MARGIN
    while late - early > EXACT:
        middle = (early + late) / 2
        if counting(rows, boundary(middle, window)) < limit:
            late = middle
        else:
            early = middle
    return late


def merged(rows: Sequence[Row]) -> list[Row]:
    """Fewer rows, in order, by which nothing ends counting earlier."""
    found: list[Row] = []
    for _, group in groupby(rows, lambda row: math.floor(row[0])):
        sixtieth = list(group)
        found += [row for row in sixtieth if isinstance(row[0], int)]
        found += _merged([row for row in sixtieth if not isinstance(row[0], int)])
    return found


def _merged(rows: list[Row]) -> list[Row]:
    """Of one sixtieth: the stretches between the rows get faster from each to the next."""
    found: list[Row] = []
    for row in rows:
        _add(found, row)
    return found


def _add(found: list[Row], row: Row) -> None:
    found.append(row)
    while len(found) > 2 and _is_no_faster(*found[-3:]):
        last, second, first = found.pop(), found.pop(), found.pop()
        # a moment later, so that nobody who looks for one of them by its time finds the whole; that makes
        # the stretch before it longer, which is looked at anew
        _add(found, (math.nextafter(first[0], math.inf), first[1] + second[1]))
        found.append(last)


def _is_no_faster(first: Row, second: Row, third: Row) -> bool:
    return second[1] * (second[0] - first[0]) <= first[1] * (third[0] - second[0])


def _end(rows: Sequence[Row], index: int) -> float:
    """Where the stretch that begins with this row ends: at the next row of its sixtieth."""
    part, following = rows[index][0], rows[index + 1 : index + 2]
    inside = following and math.floor(following[0][0]) == math.floor(part)
    return following[0][0] if inside else part
