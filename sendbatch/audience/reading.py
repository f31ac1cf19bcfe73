"""The recipient CSV, streamed: delimiter and BOM found out, dirty exports taken as they are.

Memory stays flat: one record at a time, from a file of any length.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from sendbatch.audience.lines import LONGEST_LINE, Lines
from sendbatch.campaign.language import usable
from sendbatch.errors import AudienceError, Fault, Place, shown
from sendbatch.values import Row

DELIMITERS = ",;\t|"
LONGEST_NAME = 200  # characters of a column's name
# Characters of a cell. csv's own limit is 131,072; whole letters, as some put into one, have fewer than this.
LONGEST_CELL = 1_000_000
csv.field_size_limit(LONGEST_CELL)


class Table:
    """An open CSV. `columns` are the usable names in the header's order, `names` maps each to the
    header's own spelling. Iterating yields rows, once; a context manager."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        first = self._header_line()
        delimiter, self._said = delimiter_of(first)
        if self._said:  # `sep=;` stands above the header
            first = self._header_line()
        self._start, self._length = lines.number, 0  # of the record that is being read
        # strict: two loose quotes must not swallow the rows between them
        self._records = csv.reader(
            chain([first], self._bounded()), delimiter=delimiter, strict=True
        )
        self._header = self._record(lines.number) or []
        self._width = len(self._header)
        self._kept = [i for i, name in enumerate(self._header) if name.strip()]
        self._all_kept = len(self._kept) == self._width
        self.columns, self.names = self._columns()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        while True:
            self._start, self._length = self._lines.number + 1, 0
            record = self._record(self._start)
            if record is None:
                return
            if any(map(str.strip, record)):
                yield self._row(record, self._start)

    def _record(self, start: int) -> list[str] | None:
        """The record that begins at line `start`; None where no line is left."""
        try:
            return next(self._records, None)
        except csv.Error as error:
            raise self._broken(error, start) from None

    def _bounded(self) -> Iterator[str]:
        """The lines behind the header, with a bound on what one record may hold."""
        for line in self._lines:
            self._length += len(line)
            if self._length > LONGEST_LINE:
                raise self._lines.fault(
                    f"the record is longer than {LONGEST_LINE:,} characters; is a quote never closed?",
                    line=self._start,
                )
            yield line

    def _row(self, record: Sequence[str], line: int) -> Row:
        if len(record) == self._width and self._all_kept:
            return Row(line, tuple(record))
        ragged = self._raggedness(record)
        padded = [*record, *[""] * (self._width - len(record))]
        for i, name in enumerate(self._header):
            if not name.strip() and padded[i].strip():
                raise self._lines.fault(
                    f"column {i + 1} has a cell here and no name in the header", line=line
                )
        return Row(line, tuple(padded[i] for i in self._kept), ragged)

    def _raggedness(self, record: Sequence[str]) -> str | None:
        """Whether cells are missing or left over; empty ones at the end do not count."""
        missing = any(name.strip() for name in self._header[len(record) :])
        over = any(cell.strip() for cell in record[self._width :])
        if not missing and not over:
            return None
        cells = "1 cell" if len(record) == 1 else f"{len(record)} cells"
        return f"has {cells}, the header has {self._width}"

    def _header_line(self) -> str:
        for line in self._lines:
            if line.strip():
                return line
        raise AudienceError(f"{shown(self._lines.path)}: the file is empty")

    def _columns(self) -> tuple[tuple[str, ...], dict[str, str]]:
        names: dict[str, str] = {}
        faults: list[Fault] = []
        place = Place(shown(self._lines.path), self._lines.number)
        for i in self._kept:
            told = self._header[i].strip()[:LONGEST_NAME]
            name = usable(told)
            if name not in names:
                names[name] = told
            elif names[name] == told:
                faults.append(Fault(f"two columns are named {told!r}", place, "rename one of them"))
            else:
                message = f"the columns {names[name]!r} and {told!r} are both usable as {name}"
                faults.append(Fault(message, place, "rename one of them"))
        if faults:
            raise AudienceError(faults)
        return tuple(names), names

    def _broken(self, error: csv.Error, start: int) -> AudienceError:
        twice = 'a quote within quoted text is written twice: ""'
        several = self._lines.number > start
        if "unexpected end" in str(error) or ("expected after" in str(error) and several):
            return self._lines.fault(
                "the quoted text that begins in this record is never closed", twice, start
            )
        if "expected after" in str(error):
            return self._lines.fault("a quote ends here, and text follows it", twice)
        if "field larger" in str(error):
            said = f"a cell of this record is longer than {LONGEST_CELL:,} characters"
            return self._lines.fault(said, "is a quote never closed?" if several else None, start)
        return self._lines.fault(f"this record cannot be read: {error}", line=start)


def open_table(
    path: Path,
    encoding: str | None = None,
    place: Place | None = None,
    heed: Callable[[], None] = lambda: None,
) -> Table:
    """Open a CSV, .csv or .csv.gz. `encoding` None is UTF-8 where nobody can say
    otherwise; `place` is where the campaign file names it; `heed` is as in `Lines`.

    Raises AudienceError where it is empty, no text in `encoding`, or its header is unusable.
    """
    lines = Lines(path, encoding, place, heed)
    try:
        return Table(lines)
    except BaseException:
        lines.close()
        raise


def delimiter_of(line: str) -> tuple[str, bool]:
    """The delimiter a header is written with, and whether the line only says so (`sep=;`)."""
    told = line.strip().lower()
    if told.startswith("sep=") and len(told) <= 5:
        said = line.strip("\r\n")[4:5]
        return (said if said in DELIMITERS and said else ","), True
    outside = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=lambda mark: (outside.count(mark), -DELIMITERS.index(mark))), False
