"""The recipient CSV, streamed: delimiter and BOM found out, dirty exports taken as they are.

Memory stays flat: one record at a time, from a file of any length.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from itertools import count as numbers
from pathlib import Path

from sendbatch.audience.cells import INVISIBLE, bare, is_loose, tidied
from sendbatch.audience.delimiters import DELIMITERS, LOOKED_AT, delimiter_of, said_by
from sendbatch.audience.lines import LONGEST_LINE, LONGEST_LOOK, Lines
from sendbatch.audience.reported import is_report, unmarked
from sendbatch.campaign.names import usable
from sendbatch.errors import GIVEN, AudienceError, Place, shown
from sendbatch.findings import Finding, Rule
from sendbatch.values import Row
from sendbatch.words import count

LONGEST_NAME = 200  # characters of a column's name that are shown
# Characters of a cell. csv's own limit is 131,072; whole letters, as some put into one, have fewer than this.
LONGEST_CELL = 1_000_000
csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True, slots=True)
class Format:
    """How a CSV is read. `delimiter` None is to be found out, for which `wanted` (usable names of columns)
    help; `skip_lines` stand above the header; `as_before` asks for what earlier versions read in cells that
    have blanks around them (`Row.before`); `complete`: rows in which cells are missing are ragged too.
    `columns`, where they are given, are the header of a file that has none, and whose rows are numbered
    from 1, be their lines what they are."""

    delimiter: str | None = None
    skip_lines: int = 0
    wanted: Collection[str] = ()
    as_before: bool = False
    complete: bool = False
    columns: tuple[str, ...] | None = None


class Table:
    """An open CSV. `columns` are the usable names in the header's order, `names` maps each to the
    header's own spelling, `width` counts the columns without a usable name too. `clashes` are the usable
    names of more than one column, which are none of `columns`, each with its fault. Iterating yields
    rows, once; a context manager."""

    def __init__(self, lines: Lines, form: Format = Format()) -> None:
        self._lines = lines
        self._as_before, self._complete = form.as_before, form.complete
        given = form.columns
        self._delimiter, first = self._beginning(form) if given is None else (",", [])
        self._rows = None if given is None else numbers(1)  # None: a row has its line's number
        self._start, self._length = lines.number, 0  # of the record that is being read
        self._is_dirty = False  # whether it has invisible characters
        self._raw: list[str] = []  # its lines as they stand, where somebody asks for that
        # strict: two loose quotes must not swallow the rows between them
        self._records = csv.reader(
            self._bounded(self._noted(lines) if form.as_before else lines, first),
            delimiter=self._delimiter,
            strict=True,
            skipinitialspace=True,
        )
        self._header = [bare(name) for name in (self._first_record() if given is None else given)]
        self.width = len(self._header)
        self.names, self.clashes, self._kept = self._columns()
        self.columns = tuple(self.names)
        self._all_kept = len(self._kept) == self.width
        self._is_report = given is None and is_report(self.names)

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        lines, records, strip = self._lines, self._records, str.strip
        width = self.width if self._all_kept and not self._as_before else None
        while True:
            self._start = lines.number + 1
            try:
                record = next(records, None)
            except csv.Error as error:
                raise self._broken(error, self._start) from None
            if record is None:
                return
            number = self._start if self._rows is None else next(self._rows)
            cells = [*map(strip, record)]
            if self._is_dirty:
                cells, self._is_dirty = [*map(bare, record)], False
            if self._is_report:
                cells = [*map(unmarked, cells)]
            if any(cells):
                if len(cells) == width:
                    yield Row(number, tuple(cells))
                else:
                    yield self._row(number, cells)

    def _beginning(self, form: Format) -> tuple[str, list[str]]:
        """The delimiter, and the header's first line."""
        self._skip(form.skip_lines)
        first = self._header_line()
        mark = form.delimiter
        if (said := said_by(first)) is not None:
            mark = mark or self._said(said)
            first = self._header_line()
        return mark or self._found_out(first, form.wanted), [first]

    def _first_record(self) -> list[str]:
        try:
            return next(self._records)
        except csv.Error as error:
            raise self._broken(error, self._start) from None

    def _bounded(self, lines: Iterable[str], first: list[str]) -> Iterator[str]:
        """The lines, with a bound on what one record may hold."""
        source = self._lines
        for line in chain(first, lines):
            if source.number > self._start:
                line = self._more(line)
            elif '"' in line:
                line = self._with_quotes(line)
            if not line.isascii() and INVISIBLE.search(line) is not None:
                self._is_dirty = True
            yield line

    def _with_quotes(self, line: str) -> str:
        """The first line of a record, where there is a quote in it: all but these have one line."""
        self._length = len(line)
        return tidied(line, self._delimiter) if is_loose(line, self._delimiter) else line

    def _more(self, line: str) -> str:
        """A further line of a record, which begins within a quote."""
        self._length += len(line)
        if self._length > LONGEST_LINE:
            raise self._lines.error(
                Rule.CSV_SYNTAX,
                f"the record is longer than {LONGEST_LINE:,} characters; is a quote never closed?",
                line=self._start,
            )
        loose = is_loose(line, self._delimiter)
        return tidied(line, self._delimiter, inside=True) if loose else line

    def _noted(self, lines: Lines) -> Iterator[str]:
        for line in lines:
            if lines.number > self._start:
                self._raw.append(line)
            else:
                self._raw = [line]
            yield line

    def _row(self, number: int, cells: list[str]) -> Row:
        over = len(cells) - self.width
        ragged = None
        missing = self._complete and any(self._header[len(cells) :])
        if missing or any(cells[self.width :]):
            ragged = f"has {count(len(cells), 'cell')}, the header has {self.width:,}"
        padded = cells if over >= 0 else [*cells, *[""] * -over]
        row = Row(number, tuple(padded[i] for i in self._kept), ragged)
        return self._with_before(row) if self._as_before else row

    def _with_before(self, row: Row) -> Row:
        """With the cells as earlier versions read them, which left blanks at their ends, and took a quote
        behind a blank for text."""
        try:
            record = next(csv.reader(self._raw, delimiter=self._delimiter, strict=True), [])
        except csv.Error:
            return row
        if len(record) != self.width:
            return row  # it was invalid
        before = tuple(record[i] for i in self._kept)
        return row if before == row.cells else row._replace(before=before)

    def _skip(self, count: int) -> None:
        for _ in range(count):
            if next(self._lines, None) is None:
                said = (
                    f"{shown(self._lines.path)}: has {self._lines.number:,} lines, and skip_lines is "
                    f"{count:,}: no header is left"
                )
                raise AudienceError(Rule.WRONG_VALUE.finding(said))

    def _header_line(self) -> str:
        for line in self._lines:
            if bare(line):
                return line
        raise AudienceError(
            Rule.EMPTY_FILE.finding(f"{shown(self._lines.path)}: the file is empty")
        )

    def _said(self, mark: str) -> str | None:
        if mark in DELIMITERS:
            return mark or None
        raise self._lines.error(
            Rule.CSV_SYNTAX, f"sep={mark} stands above: cells are separated by , ; tab or |"
        )

    def _found_out(self, first: str, wanted: Collection[str]) -> str:
        return delimiter_of([first[:LONGEST_LOOK], *self._lines.ahead(LOOKED_AT)], wanted)

    def _columns(self) -> tuple[dict[str, str], dict[str, Finding], list[int]]:
        """Names, clashes, and where the cells of each name are. Two names that Python takes for one (NFKC)
        are one here: a template's would be mixed up."""
        named: dict[str, list[tuple[str, str, int]]] = {}
        for place, told in enumerate(self._header):
            if told and (name := usable(told)):
                alike = named.setdefault(unicodedata.normalize("NFKC", name), [])
                alike.append((name, told[:LONGEST_NAME], place))
        names: dict[str, str] = {}
        clashes: dict[str, Finding] = {}
        kept: list[int] = []
        for alike in named.values():
            if len(alike) == 1:
                ((name, told, place),) = alike
                names[name] = told
                kept.append(place)
            else:
                finding = self._clash([(name, told) for name, told, _ in alike])
                clashes.update(dict.fromkeys((name for name, _, _ in alike), finding))
        return names, clashes, kept

    def _clash(self, alike: list[tuple[str, str]]) -> Finding:
        file = shown(self._lines.path)
        place = Place(file, self._lines.number) if self._rows is None else Place(GIVEN)
        (name, first), (_, second), *_ = alike
        if all(told == first for _, told in alike):
            number = "two" if len(alike) == 2 else f"{len(alike):,}"
            return Rule.AMBIGUOUS_COLUMN.finding(
                f"{number} columns are named {first!r}", place, "rename one of them"
            )
        second = next(told for _, told in alike if told != first)
        said = f"the columns {first!r} and {second!r} are both usable as {name}"
        return Rule.AMBIGUOUS_COLUMN.finding(said, place, "rename one of them")

    def _broken(self, error: csv.Error, start: int) -> AudienceError:
        twice = 'a quote within quoted text is written twice: ""'
        several = self._lines.number > start
        if "unexpected end" in str(error) or ("expected after" in str(error) and several):
            return self._lines.error(
                Rule.CSV_SYNTAX,
                "the quoted text that begins in this record is never closed",
                twice,
                start,
            )
        if "expected after" in str(error):
            return self._lines.error(
                Rule.CSV_SYNTAX, "a quote ends here, and text follows it", twice
            )
        if "field larger" in str(error):
            said = f"a cell of this record is longer than {LONGEST_CELL:,} characters"
            return self._lines.error(
                Rule.CSV_SYNTAX, said, "is a quote never closed?" if several else None, start
            )
        return self._lines.error(
            Rule.CSV_SYNTAX, f"this record cannot be read: {error}", line=start
        )


def open_table(
    path: Path,
    encoding: str | None = None,
    place: Place | None = None,
    heed: Callable[[], None] = lambda: None,
    form: Format = Format(),
    *,
    lenient: bool = False,
) -> Table:
    """Open a CSV, .csv or .csv.gz. `encoding` None is UTF-8 where nobody can say
    otherwise; `place` is where the campaign file names it; `heed` and `lenient` are as in `Lines`.

    Raises AudienceError where it is empty, no text in `encoding`, or its header is unusable.
    """
    lines = Lines(path, encoding, place, heed, lenient=lenient)
    try:
        return Table(lines, form)
    except BaseException:
        lines.close()
        raise
