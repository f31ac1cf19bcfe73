"""report.csv: a row a recipient, for spreadsheets and for other programs.

Streamed, and safe to open: what a spreadsheet would run as a formula is made text. Read as a list of
recipients, it gives back what was written.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TextIO

from sendbatch.audience.reported import FORMULA_STARTS, MARK, marked
from sendbatch.ledger.store import Reading
from sendbatch.reports.report import Report
from sendbatch.reports.rows import COLUMNS, Described, describer

BESIDE = "_in_list"  # behind the name of a list's column that has the name of one of ours
_STARTS = frozenset((*FORMULA_STARTS, MARK))
COMMAS = len(COLUMNS) - 1
AT_ONCE = 500  # lines written in one go


def write(report: Report, out: TextIO) -> None:
    """Every recipient of the record, in the order of the CSV.

    `out` should be open with `newline=""`: lines end in CRLF (RFC 4180 §2). Recipients that are
    kept in the record but no longer in the CSV (withdrawn, or accepted earlier) are among them.
    """
    out.write(_quoted(COLUMNS))
    lines = _lines(report)
    while part := "".join(islice(lines, AT_ONCE)):
        out.write(part)


def write_with_columns(report: Report, out: TextIO) -> None:
    """As `write`, with the recipients' own columns behind ours, as the last plan has them: the report is
    itself a list of recipients. Their cells are empty for whom the CSV no longer has."""
    reading = report.reading
    columns = columns_beside(reading)
    out.write(_quoted((*COLUMNS, *columns.values())))
    describe, none = describer(reading, report.handing), ("",) * len(columns)
    rows = reading.rows_with_cells()
    while part := list(islice(rows, AT_ONCE)):
        lines = io.StringIO(newline="")
        csv.writer(lines).writerows(
            [*map(_cell, describe(told)), *map(marked, cells or none)] for told, cells in part
        )
        out.write(lines.getvalue())


def columns_beside(reading: Reading) -> dict[str, str]:
    """The columns of the last plan, by what `write_with_columns` calls them. Ours keep their names; two that
    Python takes for one (NFKC) are one."""
    plan = reading.plan()
    columns: Sequence[str] = plan.columns if plan is not None else ()
    taken, found = {*COLUMNS, *map(_compared, columns)}, {}
    for column in columns:
        name = column
        if _compared(column) in COLUMNS:
            name += BESIDE
            while _compared(name) in taken:
                name += BESIDE
            taken.add(_compared(name))
        found[column] = name
    return found


def _compared(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


def _lines(report: Report) -> Iterator[str]:
    describe = describer(report.reading, report.handing)
    for told in report.reading.report_rows(all_rows=True):
        yield _line(describe(told))


def _line(described: Described) -> str:
    """What csv.writer makes of it, with its help only where a cell needs care: it looks at each
    character by itself, which takes longer than all else that is done for a row."""
    row, key, email, status, code, enhanced, reply, attempts, id_, content, begun, ended, why, *of = described
    enhanced, reply, why, variant = enhanced or "", reply or "", why or "", of[0] or ""
    line = (
        f"{row},{key},{email},{status},{code or ''},{enhanced},{reply},{attempts},"
        f"{id_ or ''},{content or ''},{begun or ''},{ended or ''},{why},{variant}"
    )
    # of the cells, these five may hold what others wrote
    starts = (key[:1], email[:1], enhanced[:1], reply[:1], why[:1])
    if line.count(",") == COMMAS and _is_plain(line) and _STARTS.isdisjoint(starts):
        return f"{line}\r\n"
    return _quoted(_cell(value) for value in described)


def _is_plain(line: str) -> bool:
    return '"' not in line and "\r" not in line and "\n" not in line


def _cell(value: str | int | None) -> str | int:
    if value is None:
        return ""
    return value if isinstance(value, int) else marked(value)


def _quoted(cells: Iterable[str | int]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue()
