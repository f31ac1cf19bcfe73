"""Those who must not be written to: suppression lists, as CSV exports or one entry a line.

Never silently useless: a list that is missing, or not empty and yields nothing, is an error, and
an entry that is neither an address nor a domain is warned about.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sendbatch.audience.addresses import LONGEST, ascii_domain, default_key, normalise
from sendbatch.audience.lines import Lines
from sendbatch.audience.reading import DELIMITERS, open_table
from sendbatch.campaign.language import usable
from sendbatch.errors import AudienceError, Fault, Place, one_line, shown

USUAL_COLUMNS = ("email", "email_address")
MOST_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` is "key" (value: the address as keys are), "domain" (A-labels), or "text" (as it is)."""

    line: int
    kind: str
    value: str


@dataclass
class Suppression:
    """One list. `entries` streams it, once; `warnings` is complete after that."""

    path: Path
    entries: Iterator[Entry]
    warnings: list[Fault] = field(default_factory=list)


def read_suppression(
    path: Path,
    email_column: str,
    *,
    addresses_only: bool = False,
    heed: Callable[[], None] = lambda: None,
) -> Suppression:
    """A list in a file; `email_column` is what the campaign calls the address. With
    `addresses_only` keys are addresses, so that a list without one names nobody. `heed` is as in `Lines`.

    Raises AudienceError, also while the entries are read.
    """
    suppression = Suppression(path, iter(()))
    suppression.entries = _entries(suppression, email_column, addresses_only, heed)
    return suppression


def _entries(
    suppression: Suppression, email_column: str, addresses_only: bool, heed: Callable[[], None]
) -> Iterator[Entry]:
    path = suppression.path
    found = odd = 0
    for line, text in _texts(path, email_column, heed):
        text = text.strip()
        if not text:
            continue
        found += 1
        entry = _entry(line, text)
        if entry.kind == "text":
            odd += 1
            if odd <= MOST_WARNINGS:
                suppression.warnings.append(_warning(path, line, text))
        yield entry
    if addresses_only and found and odd == found:
        raise AudienceError(
            f"{shown(path)}: not one line of this suppression list is an address or @domain",
            hint="is this the file that was meant?",
        )
    if odd > MOST_WARNINGS:
        more = f"{odd - MOST_WARNINGS:,} more entries like these"
        suppression.warnings.append(Fault(more, Place(shown(path)), severity="warning"))
    if not found and not _is_empty(path):
        hint = "where nobody is to be left out, an empty file says so"
        raise AudienceError(
            f"{shown(path)}: this suppression list is not empty and names nobody", hint=hint
        )


def _entry(line: int, text: str) -> Entry:
    bare = text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text
    try:
        if bare.startswith("@") and len(bare) <= LONGEST:
            return Entry(line, "domain", normalise(f"any@{ascii_domain(bare[1:])}").domain)
        return Entry(line, "key", default_key(normalise(bare).email))
    except ValueError:
        return Entry(line, "text", unicodedata.normalize("NFC", text))  # as keys are


def _warning(path: Path, line: int, text: str) -> Fault:
    message = f"neither an address nor @domain: {one_line(text, 80)!r}; matched as it stands"
    return Fault(message, Place(shown(path), line), severity="warning")


def _texts(path: Path, email_column: str, heed: Callable[[], None]) -> Iterator[tuple[int, str]]:
    """(line, entry) of each record."""
    wanted = (usable(email_column), *USUAL_COLUMNS)
    first = _first_line(path, heed)
    if first is None:
        return
    if not any(mark in first for mark in DELIMITERS) and usable(first.strip('"')) not in wanted:
        with Lines(path, heed=heed) as lines:
            for line in lines:
                if line.strip():
                    yield lines.number, line
        return
    with open_table(path, heed=heed) as table:
        column = next((name for name in wanted if name in table.columns), None)
        if column is None:
            named = one_line(", ".join(table.names.values()))
            raise AudienceError(
                Fault(
                    f"this suppression list has no column for addresses; its columns are: {named}",
                    Place(shown(path), 1),
                    f"name one {email_column}, or email",
                )
            )
        place = table.columns.index(column)
        for row in table:
            yield row.line, row.cells[place]


def _is_empty(path: Path) -> bool:
    with Lines(path) as lines:
        return next(lines, None) is None


def _first_line(path: Path, heed: Callable[[], None]) -> str | None:
    with Lines(path, heed=heed) as lines:
        for line in lines:
            if line.strip():
                return line.strip()
    return None
