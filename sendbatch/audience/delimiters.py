"""Which character separates the cells of a CSV: what is declared, what a line above the header says, or
what header and rows agree on."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Collection, Sequence

from sendbatch.audience.cells import bare
from sendbatch.campaign.names import usable

DELIMITERS = ",|\t;"  # where all else is equal, the last: a comma is often a part of a text
LOOKED_AT = 50  # lines behind the header
_SAYS = "sep="


def said_by(line: str) -> str | None:
    """What stands behind `sep=` in a line above the header, as Excel writes it, quoted or not; None where
    the line is none of that kind."""
    told = line.strip("\r\n").strip('" ')
    is_said = told[: len(_SAYS)].lower() == _SAYS and len(told) <= len(_SAYS) + 1
    return told[len(_SAYS) :] if is_said else None


def delimiter_of(lines: Sequence[str], wanted: Collection[str] = ()) -> str:
    """The delimiter of a header and the lines behind it: one that gives a column of those `wanted` (usable
    names), then one whose rows have as many cells as the header, then the one it has most of."""
    return max(DELIMITERS, key=lambda mark: _merits(lines, mark, wanted))


def _merits(
    lines: Sequence[str], mark: str, wanted: Collection[str]
) -> tuple[bool, bool, float, int, int]:
    header, *rows = _records(lines, mark) or [[]]
    is_wanted = any(usable(name) in wanted for name in map(bare, header) if _is_whole(name))
    width = len(header)
    fitting = sum(_fit(row, width) for row in rows) / len(rows) if rows else 0.0
    place = DELIMITERS.index(mark)
    return is_wanted, width > 1, fitting, width, place if width > 1 else -place


def _is_whole(name: str) -> bool:
    """Whether no delimiter stands at its ends: `email,` of `email,\tname` is none of tabs."""
    return name.strip(DELIMITERS) == name


def _fit(row: Sequence[str], width: int) -> float:
    """Cells may be missing at the end of a row, but not all that the delimiter could separate."""
    if len(row) == width:
        return 1.0
    if len(row) < width:
        return 0.5 if len(row) > 1 else 0.0
    return 0.0 if any(map(bare, row[width:])) else 1.0


def _records(lines: Sequence[str], mark: str) -> list[list[str]]:
    """As far as they can be read."""
    found: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        found.extend(
            row
            for row in csv.reader(lines, delimiter=mark, skipinitialspace=True)
            if any(map(bare, row))
        )
    return found
