"""Text as it stands in the database, which takes no U+0000: anything that a CSV has, or a server says, comes
back as it was, and keeps its order.

U+0000 is written as U+0001 U+0001, and U+0001 as U+0001 U+0002. What has neither is as it is.

Very many rows go by COPY, in its text format. They are written column by column: what one column needs is
seen in one look at all its texts, and mostly it needs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, overload

from sendbatch.ledger.facts import Unsound

_NUL, _MARK = "\0", "\1"
# How JSON writes them; a backslash before may belong to a cell, so this only says that one may be there.
_IN_JSON = ("\\u0000", "\\u0001", _MARK)


@overload
def stored(text: str) -> str: ...
@overload
def stored(text: None) -> None: ...
def stored(text: str | None) -> str | None:
    if text is None or (_NUL not in text and _MARK not in text):
        return text
    return text.replace(_MARK, "\1\2").replace(_NUL, "\1\1")


@overload
def told(text: str) -> str: ...
@overload
def told(text: None) -> None: ...
def told(text: str | None) -> str | None:
    """What was `stored`."""
    if text is None or _MARK not in text:
        return text
    return text.replace("\1\1", _NUL).replace("\1\2", _MARK)


def stored_cells(cells: str) -> str:
    """JSON of a list of texts, each of them as `stored`: so no \\u0000 is in it."""
    if not any(mark in cells for mark in _IN_JSON):
        return cells
    return json.dumps([stored(cell) for cell in json.loads(cells)], ensure_ascii=False)


def told_cells(cells: str) -> list[str]:
    """Raises Unsound where it is no list of texts."""
    try:
        found: Any = json.loads(cells)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(cell, str) for cell in found):
        raise Unsound("the cells of a row are no list of texts")
    return [told(cell) for cell in found]


def cells_as_told(cells: str) -> str:
    """JSON as it was before `stored_cells`."""
    if not any(mark in cells for mark in _IN_JSON):
        return cells
    return json.dumps(told_cells(cells), ensure_ascii=False)


_AT_ONCE: Final = 1000  # rows


def copied_rows(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """As `copied`, some rows at a time."""
    left = iter(rows)
    while part := list(islice(left, _AT_ONCE)):
        yield copied(list(zip(*part, strict=True)))


def copied(columns: Sequence[Sequence[object]], before: str = "") -> str:
    """Rows as COPY reads them; of each column texts that are stored already, numbers or truths, and None.
    What stands `before` each is written so already."""
    rows = map("\t".join, zip(*map(_copied, columns), strict=True))
    return before + f"\n{before}".join(rows) + "\n"


_NULL: Final = "\\N"
# What has a meaning of its own there; the backslash first.
_ESCAPED: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def _copied(column: Sequence[object]) -> Sequence[str]:
    kinds = set(map(type, column))
    if kinds == {int}:
        return [*map(str, column)]
    if kinds == {type(None)}:
        return [_NULL] * len(column)
    texts = ["" if value is None else value if isinstance(value, str) else str(value) for value in column]
    joined = _NUL.join(texts)  # no text that is stored has it
    if any(mark in joined for mark, _ in _ESCAPED):
        for mark, escaped in _ESCAPED:
            joined = joined.replace(mark, escaped)
        texts = joined.split(_NUL)
    if None in column:
        return [_NULL if value is None else text for value, text in zip(column, texts, strict=True)]
    return texts


def all_stored(column: Sequence[Any], one: Callable[[Any], Any] = stored) -> Sequence[Any]:
    """A column of texts and None, each as `one` has it: `stored` or `stored_cells`."""
    joined = "".join(filter(None, column))
    if _NUL not in joined and not any(mark in joined for mark in _IN_JSON):
        return column  # as nearly always
    return [value if value is None else one(value) for value in column]
