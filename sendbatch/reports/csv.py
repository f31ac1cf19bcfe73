"""report.csv: a row a recipient, for spreadsheets and for other programs.

Streamed, and safe to open: what a spreadsheet would run as a formula is made text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TextIO

from sendbatch.ledger.store import Reading
from sendbatch.reports.report import Report
from sendbatch.reports.rows import COLUMNS, Described, describer

# OWASP "CSV Injection", with the full-width forms that East Asian spreadsheets take as the same.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_STARTS = frozenset(FORMULA_STARTS)
COMMAS = len(COLUMNS) - 1
AT_ONCE = 500  # lines written in one go


def write(report: Report, out: TextIO) -> None:
    """Every recipient of the record, in the order of the CSV.

    `out` should be open with `newline=""`: lines end in CRLF (RFC 4180 §2). Recipients that are
    kept in the record but no longer in the CSV (withdrawn, or accepted earlier) are among them.
    """
    out.write(_quoted(COLUMNS))
    lines = _lines(report.reading)
    while part := "".join(islice(lines, AT_ONCE)):
        out.write(part)


def _lines(store: Reading) -> Iterator[str]:
    describe = describer(store)
    for told in store.report_rows(all_rows=True):
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
    return value if isinstance(value, int) else defused(value)


def _quoted(cells: Iterable[str | int]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue()


def defused(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
