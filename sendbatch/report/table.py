"""report.csv: a row a recipient, for spreadsheets and for other programs.

Streamed, and safe to open: what a spreadsheet would run as a formula is made text.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import TextIO

from sendbatch.ledger.store import Reading
from sendbatch.report.rows import COLUMNS, Value, describer

# OWASP "CSV Injection", with the full-width forms that East Asian spreadsheets take as the same.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(store: Reading, out: TextIO) -> None:
    """Writes every recipient of the record to `out`, in the order of the CSV.

    `out` should be open with `newline=""`: lines end in CRLF (RFC 4180 §2). Recipients that are
    kept in the record but no longer in the CSV (withdrawn, or accepted earlier) are among them.
    """
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_lines(store))


def _lines(store: Reading) -> Iterator[list[str | int]]:
    describe: Callable[..., tuple[Value, ...]] = describer(store)
    for entry in store.entries(all_rows=True):
        yield [_cell(value) for value in describe(entry)]


def _cell(value: Value) -> str | int:
    if value is None:
        return ""
    return value if isinstance(value, int) else defused(value)


def defused(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
