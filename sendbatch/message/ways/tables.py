"""What was evaluated once, kept: tables that are bounded together, in entries and in bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MOST_BYTES = 8 * 1024 * 1024  # of all tables of a walk, in equal shares
_LARGEST = 64 * 1024  # bytes of an entry that is kept
_ENTRY = 200  # bytes that an entry takes besides what it is made of


class Tables:
    """The tables of one walk, which has one share of what there is room for, of so many."""

    def __init__(self, shares: int = 1) -> None:
        self._tables: list[Table] = []
        self._most = _MOST_BYTES // shares

    def table(self, make: Callable[[Any], Any], *, keeps: bool = True) -> Table:
        """One that makes what it has not; `keeps` says whether it does so but once."""
        made = Table(make, keeps=keeps)
        self._tables.append(made)
        for table in self._tables:
            table.most = self._most // len(self._tables)
        return made


class Table(dict[Any, Any]):
    """Makes what it has not, and keeps it; emptied when full: what is usual is soon back. What making raises
    is raised. `most` is how many bytes it may have."""

    def __init__(self, make: Callable[[Any], Any], *, keeps: bool) -> None:
        super().__init__()
        self.most = 0
        self._make = make
        self._keeps = keeps
        self._size = 0

    def __missing__(self, key: Any) -> Any:
        made = self._make(key)
        if not self._keeps:
            return made
        size = _ENTRY + (len(made) if type(made) is bytes else _size(made))
        size += len(key) if type(key) is str else _size(key)
        if size <= _LARGEST:
            self._size += size
            if self._size > self.most:
                self.clear()
                self._size = size
            self[key] = made
        return made


def _size(value: object) -> int:
    """About how many bytes a value takes besides an entry's own."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, (tuple, list)):
        return sum(map(_size, value)) + 60 * len(value)
    return 60
