"""Tables that hold data, told from those that only lay a mail out.

Mail is laid out in tables, and some tools write its columns as `<th>` (Foundation for Emails does). As rows
of text a letter would become one line of it; data in blocks would fall apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sendbatch.message.markup import Token
from sendbatch.message.plaintext.elements import BREAKS, STRUCTURE
from sendbatch.message.plaintext.wrapping import WIDTH

_LAYOUT_ROLE = re.compile(r"\brole\s*=\s*[\"']?(?:presentation|none)\b", re.IGNORECASE)
_SCOPE = re.compile(r"\bscope\s*=", re.IGNORECASE)
_LONGEST_ROW = 160  # letters; what is longer is prose beside prose


@dataclass(slots=True)
class _Table:
    at: int  # where its tag stands among the tokens
    lays_out: bool
    names_columns: bool = False
    headings: int = 0
    cells: int = 0
    rows: int = 0
    breaks: bool = False
    row: int = 0  # letters in the row that is open
    longest: int = 0
    row_cells: int = 0
    columns: int = 0  # in the row that has the most
    in_heading: bool = False
    prose_headings: bool = False  # a heading holds a paragraph or a picture
    heads_columns: bool = True  # so do those of the first row alone, and only paragraphs

    def begin_row(self) -> None:
        self.longest, self.row = max(self.longest, self.row), 0
        self.row_cells = 0
        self.rows += 1

    def add_cell(self) -> None:
        self.row_cells += 1
        self.columns = max(self.columns, self.row_cells)

    def holds_data(self) -> bool:
        """Data has headings beside its cells, or else rows of several cells with little in each."""
        longest = max(self.longest, self.row)
        if self.lays_out or (self.breaks and longest > _LONGEST_ROW):
            return False
        if self.breaks and self.columns < 2:
            return False  # a letter below its heading
        if self.prose_headings and not self.heads_columns and not self.names_columns:
            return False
        if self.headings:
            return self.cells > 0 or self.names_columns
        if self.rows < 2:
            return self.cells > self.rows and not self.breaks and longest <= WIDTH
        return self.cells > self.rows and longest <= (WIDTH if self.breaks else _LONGEST_ROW)


def data_tables(tokens: Sequence[str | Token]) -> dict[int, bool]:
    """Where, among `tokens`, the tables begin that hold data, and whether their columns have headings."""
    found: dict[int, bool] = {}
    open_tables: list[_Table] = []
    for at, token in enumerate(tokens):
        if isinstance(token, str):
            if open_tables and not token.isspace():
                open_tables[-1].row += len(token)
            continue
        name, closes, written = token
        if name == "table":
            if not closes:
                if open_tables:
                    open_tables[-1].lays_out = True  # a table in a cell: the outer one lays out
                open_tables.append(_Table(at, _LAYOUT_ROLE.search(written) is not None))
            elif open_tables:
                _settle(open_tables.pop(), found)
        elif open_tables and not closes and not open_tables[-1].lays_out:
            _note(open_tables[-1], name, written)
    for table in open_tables:
        _settle(table, found)
    return found


def _settle(table: _Table, found: dict[int, bool]) -> None:
    if table.holds_data():
        found[table.at] = table.headings > 0


def _note(table: _Table, name: str, written: str) -> None:
    if name == "tr":
        table.begin_row()
    elif name == "td":
        table.cells += 1
        table.in_heading = False
        table.heads_columns &= table.rows > 1
        table.add_cell()
    elif name == "th":
        table.headings += 1
        table.in_heading = True
        table.add_cell()
        table.names_columns |= _SCOPE.search(written) is not None
    elif name == "thead":
        table.names_columns = True
    elif name in STRUCTURE:
        table.lays_out = True
    elif name in BREAKS:
        table.breaks = True
        if table.in_heading and name == "p":
            table.prose_headings = True
            table.heads_columns &= table.rows <= 1
    elif name == "img":
        if table.in_heading:
            table.prose_headings, table.heads_columns = True, False
    elif name == "a":
        table.row += len(written)
