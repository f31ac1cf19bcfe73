"""Those who must not be written to: suppression lists, as CSV exports or with entries on each line.

Never silently useless: a list that is missing, or not empty and yields nothing, is an error, and so
is an entry that cannot be read, unless it turns out to be a key of the campaign.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sendbatch.audience.delimiters import delimiter_of
from sendbatch.audience.delimiters import said_by as delimiter_said_by
from sendbatch.audience.entries import TEXT, Said, said_by
from sendbatch.audience.lines import Lines
from sendbatch.audience.reading import Format, Table
from sendbatch.campaign.model import SuppressionList
from sendbatch.campaign.names import usable
from sendbatch.errors import AudienceError, Place, one_line, shown
from sendbatch.findings import Finding, Rule
from sendbatch.values import Row

USUAL_COLUMNS = ("email", "email_address")
_COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')  # as a CSV of one column writes a cell


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` and `value` as of `entries.Said`. One with a `why` counts only if it is a key of the
    campaign; `text` is then what stands there, and `why` what to do about it."""

    line: int
    kind: str
    value: str
    text: str = ""
    why: str | None = None


class Suppression:
    """One list; `what` is how it is called, `usual` which columns hold addresses. Iterating streams its
    entries, once; after that `named` says of how many lines or cells something could be read, `questioned` of
    how many not all, and `blank` how many are empty."""

    what = "suppression list"
    usual: tuple[str, ...] = USUAL_COLUMNS

    def __init__(
        self,
        declared: SuppressionList,
        email_column: str,
        *,
        keyed: bool,
        as_given: bool,
        heed: Callable[[], None],
    ) -> None:
        self.declared = declared
        self._heed = heed
        self.named = self.questioned = self.blank = 0
        self._keyed, self._as_given = keyed, as_given
        named = declared.column
        self._wanted = (
            (usable(named),) if named is not None else (usable(email_column), *self.usual)
        )
        self._advice = (
            "column: names one of these"
            if named is not None
            else f"name one {email_column}, or say which where the list is named: column: …"
        )

    def __iter__(self) -> Iterator[Entry]:
        """Raises AudienceError where the file cannot be read, or is a CSV without the column."""
        for line, text, wrong in self._texts():
            entries = [Said(TEXT, text, wrong)] if wrong else self._said(text)
            if not entries:
                self.blank += 1
                continue
            self.named += any(one.why is None for one in entries)
            self.questioned += any(one.why is not None for one in entries)
            for one in entries:
                shown_text = one_line(text, 80) if one.why else ""
                yield Entry(line, one.kind, one.value, shown_text, one.why)

    def _said(self, text: str) -> list[Said]:
        return said_by(
            text,
            keyed=self._keyed,
            subdomains=self.declared.subdomains,
            as_given=self._as_given,
        )

    def is_empty(self) -> bool:
        with self._lines() as lines:
            return next(lines, None) is None

    def _lines(self) -> Lines:
        return Lines(self.declared.file, self.declared.encoding, heed=self._heed)

    def _texts(self) -> Iterator[tuple[int, str, str | None]]:
        """(line, what stands there, what is wrong with it) of each entry, also of empty cells."""
        header = self._header()
        with self._lines() as lines:
            if header is None:
                yield from _of_list(lines)
                return
            while lines.number < header - 1:
                next(lines)
            table = Table(lines, Format(wanted=self._wanted, complete=True))
            place = self._place(table, header)
            # Of one column: a delimiter in a line stands between entries, or in somebody's name.
            yield from _of_list(lines) if table.width == 1 else self._of_table(table, place)

    def _of_table(self, table: Table, place: int) -> Iterator[tuple[int, str, str | None]]:
        return of_csv(table, place)

    def _place(self, table: Table, header: int) -> int:
        """Which column the entries stand in."""
        there = (*table.columns, *table.clashes)
        column = next((name for name in self._wanted if name in there), None)
        if column in table.clashes:
            raise AudienceError(table.clashes[column])
        if column is None:
            listed = one_line(", ".join(table.names.values()))
            said = f"this {self.what} has no column for addresses; its columns are: {listed}"
            if (named := self.declared.column) is not None:
                said = f"this {self.what} has no column {named!r}; its columns are: {listed}"
            raise AudienceError(
                Rule.UNKNOWN_COLUMN.finding(
                    said, Place(shown(self.declared.file), header), self._advice
                )
            )
        return table.columns.index(column)

    def _header(self) -> int | None:
        """The line where the header of a CSV stands; None where each line is an entry."""
        with self._lines() as lines:
            for line in lines:
                cells = self._cells(line)
                names = [usable(cell) for cell in cells]
                if line.lstrip().startswith("#") and cells[0].strip() != "#":
                    continue
                if any(name in self._wanted for name in names):
                    return lines.number
                if line.strip():
                    is_csv = self.declared.column is not None or self._is_header(line)
                    return lines.number if is_csv else None
        return None

    def _is_header(self, line: str) -> bool:
        """Whether a first line with a delimiter names columns: none of them reads as an entry."""
        if delimiter_said_by(line) is not None:  # sep=;
            return True
        cells = self._cells(_COMMENT.sub("", line))
        entries = (self._said(cell) for cell in cells if "@" in cell)
        return len(cells) > 1 and not any(
            one.why is None and one.kind != TEXT for said in entries for one in said
        )

    def _cells(self, line: str) -> list[str]:
        mark = delimiter_of([line], self._wanted)
        try:
            return next(csv.reader([line.strip("\r\n")], delimiter=mark), [""])
        except csv.Error:
            return [line]


def read_suppression(
    declared: SuppressionList,
    email_column: str,
    *,
    keyed: bool = False,
    as_given: bool = False,
    heed: Callable[[], None] = lambda: None,
) -> Suppression:
    """`email_column` is what the campaign calls the address; `keyed` says that its keys are not the
    addresses, so that a list may name keys; `as_given` is as in `normalise`, `heed` as in `Lines`."""
    return Suppression(declared, email_column, keyed=keyed, as_given=as_given, heed=heed)


def _of_list(lines: Lines) -> Iterator[tuple[int, str, str | None]]:
    for line in lines:
        text = _COMMENT.sub("", line).strip()
        if _QUOTED.fullmatch(text):
            yield lines.number, text[1:-1].replace('""', '"'), None
        elif text:
            yield lines.number, text, None


def of_csv(table: Iterable[Row], place: int) -> Iterator[tuple[int, str, str | None]]:
    for row in table:
        cell = row.cells[place]
        if row.ragged and "@" not in cell:  # what stands there may have slipped from its column
            yield row.line, " ".join(row.cells).strip(), f"the row {row.ragged}"
        else:
            yield row.line, cell, None


def names_nobody(path: Path) -> Finding:
    """A list that is not empty, and of which nothing could be read."""
    return Rule.SUPPRESSES_NOBODY.finding(
        f"{shown(path)}: this suppression list is not empty and names nobody",
        hint="is this the file that was meant? where nobody is to be left out, an empty file says so",
    )
