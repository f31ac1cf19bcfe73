"""All rows of a CSV, as they were checked, to be searched: a million too, while they are still being read.

They lie in two files that have no name, so that nothing is left of them however the process ends: one has
each row as it is, the other the same as it is searched, in small letters and one line a row. A search reads
that through, which takes a tenth of a second for a million rows; an index of its words would find no part of
one, and would take longer to make than it is ever used for.
"""

from __future__ import annotations

import marshal
import os
import tempfile
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from json.encoder import encode_basestring
from threading import Lock
from typing import BinaryIO, NamedTuple

from sendbatch.rendering.batches import Staged
from sendbatch.values import Status

MOST_COUNTED = 50_000  # hits; of more it is said that there are more
LONGEST = 200  # characters of what is searched for
AT_ONCE = 4_000_000  # bytes that are searched in one go
BETWEEN = "\x1f"  # two cells

_STATUSES = tuple(Status)
_NUMBERS = {status: number for number, status in enumerate(_STATUSES)}


class Kept(NamedTuple):
    """One row: `cells` are JSON, `why` and `detail` as in `values.Checked`."""

    line: int
    key: str
    email: str
    cells: str
    status: Status
    why: str | None
    detail: str | None


class Hits(NamedTuple):
    """What a search found: the first rows, and how many there are; `exact` is false where there are more
    than that."""

    rows: list[Kept]
    number: int
    exact: bool


class Rows:
    """Rows are added by one thread, in the order of the CSV, while any others look. The files go once nobody
    has them any more: others may stand in their place while somebody still looks.

    Raises OSError where the folder for temporary files has no room.
    """

    def __init__(self) -> None:
        self._lock = Lock()  # a file has one position
        self._kept: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._sought: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115
        self._ends = array("Q", [0])  # in `kept`, of each row, behind a zero
        self._sought_ends = array("Q", [0])
        self._lines = array("Q")
        self._statuses = bytearray()
        self._number = 0
        self._closed = False

    def __len__(self) -> int:
        return self._number

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._kept.close()
            self._sought.close()

    def __del__(self) -> None:
        self.close()

    def add(self, staged: Sequence[Staged]) -> None:
        """As a worker gives them."""
        if not staged:
            return
        kept = [*map(marshal.dumps, staged)]
        sought = _folded("\n".join([*map(_searched, staged), ""])).encode("utf-8", "surrogatepass")
        with self._lock:
            if self._closed:
                return
            _append(self._kept, b"".join(kept))
            _append(self._sought, sought)
        self._ends.extend([*accumulate(map(len, kept), initial=self._ends[-1])][1:])
        lengths = (len(line) + 1 for line in sought.split(b"\n")[:-1])
        self._sought_ends.extend([*accumulate(lengths, initial=self._sought_ends[-1])][1:])
        self._lines.extend([row[0] for row in staged])
        self._statuses.extend([_NUMBERS[Status(row[4])] for row in staged])
        self._number += len(staged)  # the last of all: from now on they are looked at

    def settle(self, found: Iterable[tuple[int, Status]]) -> None:
        """(line, status) of rows that stand otherwise than their check alone says."""
        for line, status in found:
            number = bisect_left(self._lines, line, 0, self._number)
            if number < self._number and self._lines[number] == line:
                self._statuses[number] = _NUMBERS[status]

    def search(self, text: str, most: int) -> Hits:
        """Rows that have the text in their key, their address or a cell, in any case of letters; all, where
        it is empty. The first `most` of them come back."""
        wanted = _folded(" ".join(text[:LONGEST].split()))
        if not wanted:
            first = [self._row(number) for number in range(min(most, self._number))]
            return Hits(first, self._number, exact=True)
        numbers: list[int] = []
        count = 0
        for number in self._having(_needle(wanted)):
            count += 1
            if len(numbers) < most:
                numbers.append(number)
            if count >= MOST_COUNTED:
                return Hits([*map(self._row, numbers)], count, exact=False)
        return Hits([*map(self._row, numbers)], count, exact=True)

    def of_key(self, key: str) -> Kept | None:
        """Who holds the key; else the first row that has it."""
        first: Kept | None = None
        for number in self._having(_needle(_folded(key)) + BETWEEN.encode()):
            row = self._row(number)
            if row.key == key and row.status is not Status.DUPLICATE:
                return row
            if row.key == key:
                first = first or row
        return first

    def of_line(self, line: int) -> Kept | None:
        """The row that begins at this line of the file, or the first one behind it."""
        number = bisect_left(self._lines, line, 0, self._number)
        return self._row(number) if number < self._number else None

    def _row(self, number: int) -> Kept:
        data = self._read(self._kept, self._ends[number], self._ends[number + 1])
        line, key, email, cells, _, why, detail = marshal.loads(data)  # noqa: S302 - our own file
        return Kept(line, key, email, cells, _STATUSES[self._statuses[number]], why, detail)

    def _having(self, needle: bytes) -> Iterator[int]:
        """The numbers of the rows in whose line it stands."""
        ends, number, all_ = self._sought_ends, 0, self._number
        while number < all_:
            start = ends[number]
            behind = max(bisect_right(ends, start + AT_ONCE, number, all_ + 1) - 1, number + 1)
            data = self._read(self._sought, start, ends[behind])
            at = data.find(needle)
            while at >= 0:
                number = bisect_right(ends, start + at, number, behind + 1) - 1
                yield number
                number += 1
                at = data.find(needle, ends[number] - start)
            number = behind

    def _read(self, file: BinaryIO, start: int, end: int) -> bytes:
        """Nothing, once it is closed: whoever looks still hears no answer."""
        with self._lock:
            return b"" if self._closed else os.pread(file.fileno(), end - start, start)


def _append(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()


def _searched(row: Staged) -> str:
    """Key, address and cells on one line: line breaks within are written as JSON does."""
    _, key, email, cells, *_ = row
    told = cells[2:-2].replace('", "', BETWEEN)
    return f"{_escaped(key)}{BETWEEN}{_escaped(email)}{BETWEEN}{told}"


def _needle(folded: str) -> bytes:
    return _escaped(folded).encode("utf-8", "surrogatepass")


def _escaped(text: str) -> str:
    return encode_basestring(text)[1:-1]


def _folded(text: str) -> str:
    """Alike for whoever types it: in small letters, and accents in one piece with theirs."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.casefold()
