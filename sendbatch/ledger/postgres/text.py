"""Text as it stands in the database, which takes no U+0000: anything that a CSV has, or a server says, comes
back as it was, and keeps its order.

U+0000 is written as U+0001 U+0001, and U+0001 as U+0001 U+0002. What has neither is as it is.
"""

from __future__ import annotations

import json
from typing import Any, overload

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
