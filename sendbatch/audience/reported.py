"""report.csv as a list of recipients: which columns it has, and how a cell is written into it, safe to open
in a spreadsheet, such that reading gives the very same text again.

A spreadsheet runs a cell that begins as a formula does; an apostrophe before it makes it text. Whoever reads
a report takes it off, and it alone: what would be taken for one gets one, too.
"""

from __future__ import annotations

from collections.abc import Collection

COLUMNS = (
    "row",
    "key",
    "email",
    "status",
    "code",
    "enhanced_code",
    "reply",
    "attempts",
    "message_id",
    "content",
    "first_attempt_at",
    "finished_at",
    "reason",
    "variant",
)
# OWASP "CSV Injection", with the full-width forms that East Asian spreadsheets take as the same.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MARK = "'"
_MARKED = tuple(MARK + start for start in (*FORMULA_STARTS, MARK))  # as a cell begins that has a mark
_TO_MARK = (*FORMULA_STARTS, *_MARKED)


def is_report(names: Collection[str]) -> bool:
    """Whether a CSV whose columns have these usable names is a report, whatever else stands in it."""
    return set(COLUMNS) <= set(names)


def marked(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would run it as a formula, or where `unmarked`
    would take something off."""
    return MARK + text if text.startswith(_TO_MARK) else text


def unmarked(cell: str) -> str:
    """The text that `marked` made this cell of."""
    return cell[1:] if cell.startswith(_MARKED) else cell
