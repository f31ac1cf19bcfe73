"""Rows that a program gives: mappings, or a table such as a DataFrame. They are written to a file of our own
as they come, and read from there like a CSV, as often as it takes.

Nothing here imports pandas or polars: their values are known by what they can do.
"""

from __future__ import annotations

import csv
import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from sendbatch.audience.lines import SHIFT
from sendbatch.audience.reading import LONGEST_CELL
from sendbatch.errors import GIVEN, AudienceError, Place, one_line
from sendbatch.findings import Rule

EXACT = 2**53  # from here on floats leave whole numbers out
LONGEST_ROW = 4_000_000  # characters
_NOTHING = ("NAType", "NaTType")  # what pandas has for a missing value, besides NaN
_FORM = "give a list of mappings, one a row, or a DataFrame"
_Row: TypeAlias = tuple[tuple[Any, ...], Iterable[Any]]  # its columns and its cells


class Frame(Protocol):
    """A table of pandas, polars or the like."""

    @property
    def columns(self) -> Any: ...


class Spool:
    """A folder that only its owner can read, with the rows in it, but for the header. It is removed once
    nobody has the spool any more, or when the process ends."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="sendbatch-recipients-"))
        self.remove = weakref.finalize(self, _remove, folder, os.getpid())
        self.file = folder / "recipients.csv"
        self.file.touch(mode=0o600, exist_ok=False)

    def fill(self, given: Iterable[Mapping[str, Any]] | Frame) -> tuple[str, ...]:
        """Write all rows, of which it holds one at a time; returns the columns, in the order in which they
        first appear. Raises AudienceError at what is no row or no cell, and where there is no row."""
        header = _Header()
        number = 0
        with self.file.open("w", encoding="utf-8", newline="") as file:
            write = csv.writer(file).writerow  # which quotes what ends a line
            for number, (columns, cells) in enumerate(_rows(given), 1):
                write(header.placed(columns, _texts(columns, cells, number), number))
        if not number:
            raise AudienceError(Rule.NO_RECIPIENTS.finding("there is no row", Place(GIVEN)))
        return tuple(header.names)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a process that was forked off has it, too
        shutil.rmtree(folder, ignore_errors=True)


def _rows(given: Any) -> Iterator[_Row]:
    if hasattr(given, "iter_rows"):  # polars
        columns = tuple(given.columns)
        return ((columns, cells) for cells in given.iter_rows())
    if hasattr(given, "itertuples"):  # pandas
        columns = tuple(given.columns)
        return ((columns, cells) for cells in given.itertuples(index=False, name=None))
    if isinstance(given, (str, bytes, os.PathLike)):
        said = "a file of recipients is named in the campaign file"
        raise AudienceError(Rule.WRONG_VALUE.finding(said, Place(GIVEN), _FORM))
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        said = f"{_a(given)} is no iterable of rows"
        raise AudienceError(Rule.WRONG_VALUE.finding(said, Place(GIVEN), _FORM))
    return (_row(one, number) for number, one in enumerate(given, 1))


def _row(one: Any, number: int) -> _Row:
    if isinstance(one, Mapping):
        return tuple(one), one.values()
    if hasattr(one, "keys") and hasattr(one, "__getitem__"):  # sqlite3.Row
        names = tuple(one.keys())
        return names, [one[name] for name in names]
    said = f"{_a(one)} is no mapping of columns to cells"
    raise AudienceError(Rule.WRONG_VALUE.finding(said, Place(GIVEN, number), _FORM))


class _Header:
    """The columns of all rows. A later row may have others than the first, and in another order."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._last: tuple[Any, ...] | None = None
        self._places: list[int] | None = None  # of the last row's cells, None: as they stand

    def placed(self, columns: tuple[Any, ...], texts: list[str], number: int) -> list[str]:
        """The cells of a row, each in its column."""
        if columns != self._last:
            self._learn(columns, number)
        if self._places is None:
            return texts
        cells = [""] * len(self.names)
        for place, text in zip(self._places, texts, strict=True):
            cells[place] = text
        return cells

    def _learn(self, columns: tuple[Any, ...], number: int) -> None:
        for name in columns:
            if not isinstance(name, str):
                said = f"columns are named by text, and {_shown(name)} is none"
                raise AudienceError(Rule.WRONG_VALUE.finding(said, Place(GIVEN, number)))
        if self._last is None:
            self.names = list(columns)
        else:
            self.names += [name for name in columns if name not in self.names]
        self._last = columns
        as_they_stand = self.names == list(columns)
        self._places = None if as_they_stand else [self.names.index(name) for name in columns]


def _texts(columns: tuple[Any, ...], cells: Iterable[Any], number: int) -> list[str]:
    texts: list[str] = []
    size = 0
    try:
        for cell in cells:
            text = cell_text(cell)
            size += len(text)
            texts.append(text)
    except ValueError as wrong:
        name = one_line(str(columns[len(texts)]), 200)
        finding = Rule.WRONG_VALUE.finding(f"column {name!r}: {wrong}", Place(GIVEN, number))
        raise AudienceError(finding) from None
    if size > LONGEST_ROW:
        said = f"the row has more than {LONGEST_ROW:,} characters"
        raise AudienceError(Rule.WRONG_VALUE.finding(said, Place(GIVEN, number)))
    return texts


def cell_text(value: Any) -> str:
    """What a cell of a CSV would hold. None, NaN, NaT and NA are empty; a whole float has no ".0"; truth is
    "true" or "false"; dates and times are ISO 8601, midnight without a zone is its date alone. Raises
    ValueError at what is no cell."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return _sound(str(value))
    if value is None or type(value).__name__ in _NOTHING:
        return ""
    if hasattr(value, "dtype") and hasattr(value, "item") and not hasattr(value, "__len__"):
        return _of_numpy(value, getattr(value.dtype, "kind", ""))
    return _other(value)


def _of_numpy(value: Any, kind: str) -> str:
    """One value: an array has a length, and is no cell, however short it is."""
    if kind == "f":
        return _float(float(str(value)))  # its own digits, not those of a longer float
    held = value.item()
    if kind in "mM" and isinstance(held, int):  # there is no such date or duration in Python
        return _instant(value) if kind == "M" else _other(value)
    return _other(held)


def _instant(value: Any) -> str:
    """A datetime64 of nanoseconds or less."""
    written = str(value)
    try:
        exact = datetime.fromisoformat(written[:26])
    except ValueError:
        raise ValueError(f"{written} is no date of the years 1 to 9999") from None
    return written if written[26:].strip("0") else _other(exact)


def _other(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, Decimal):
        return "" if value.is_nan() else _finite(value.is_finite(), f"{value:f}")
    if isinstance(value, datetime):
        is_date = value.tzinfo is None and value.time() == time()
        return value.date().isoformat() if is_date else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if value is None:
        return ""
    if isinstance(value, UUID):
        return str(value)
    raise ValueError(f"{_a(value)} is no cell: give text, a number, truth, a date or None")


def _float(value: float) -> str:
    if math.isnan(value):
        return ""
    if not value.is_integer():
        return _finite(math.isfinite(value), repr(value))
    if abs(value) >= EXACT:
        said = f"{value!r} has more digits than a float can hold, so that its end is lost"
        raise ValueError(f"{said}: give it as text or as an int")
    return str(int(value))


def _finite(is_finite: bool, text: str) -> str:
    if not is_finite:
        raise ValueError(f"{text} is no number that could be written")
    return text


def _sound(text: str) -> str:
    if len(text) >= LONGEST_CELL:
        raise ValueError(f"the text is longer than {LONGEST_CELL:,} characters")
    if text.isprintable():  # and so it has neither of those below
        return text
    if "\0" in text or SHIFT.search(text) is not None:
        raise ValueError("there is a control character in it that no text has")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("there is half a character in it (a lone surrogate)") from None
    return text


def _a(value: object) -> str:
    name = one_line(type(value).__name__, 80)
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _shown(value: object) -> str:
    """A bound on what a strange object says of itself."""
    return one_line(repr(value), 80)
