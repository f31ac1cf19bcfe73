"""A note on this disk, beside the reports, that the record of a campaign is in a database, and in which.

Who names another database the next time, or none, would begin a record that knows nobody.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sendbatch.errors import LedgerError, one_line, shell_line, shown
from sendbatch.ledger.sqlite.access import REPORT_FILES
from sendbatch.runtime.files import replacing

FILE = "database.txt"
MOST_BYTES = 2048  # that are read of it
LONGEST = 300  # characters


def note(folder: Path, title: str) -> None:
    """Where the folder cannot be written, nobody is told."""
    with contextlib.suppress(OSError), replacing(folder / FILE) as file:
        file.write(f"{title}\n".encode("utf-8", "replace"))


def noted_in(folder: Path) -> str | None:
    """Where the record of this folder is; None where nothing says that it is in a database."""
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return one_line(file.read(MOST_BYTES).decode("utf-8", "replace").strip(), LONGEST)
    except OSError:
        return None


def in_another(folder: Path, place: str) -> LedgerError | None:
    """What is said where the database has no record and something here shows that there was one."""
    where, found = noted_in(folder), [name for name in REPORT_FILES if os.path.lexists(folder / name)]
    if where is None and not found:
        return None
    show = "shows" if len(found) == 1 else "show"
    shows = f"{FILE} says that it is {where}" if where else f"{', '.join(found)} {show} that there was one"
    if where == place:
        return LedgerError(
            f"{shown(folder)}: the record of this campaign is gone from the database, in which it was "
            f"({place}): it was deleted, or the database is not what it was; nothing was sent",
            hint="put it back from a backup of the database that was made after the last run\n"
            f"  {_without(folder)}",
        )
    return LedgerError(
        f"{shown(folder)}: there is no record of this campaign in {place}, and {shows}; nothing was sent",
        hint=f"{_AGAIN}\n  {_without(folder)}",
    )


def not_here(folder: Path) -> LedgerError | None:
    """What is said where a record on this disk would begin."""
    where = noted_in(folder)
    if where is None:
        return None
    return LedgerError(
        f"{shown(folder)}: the record of this campaign is in a database: {where}, as {FILE} says; one on "
        "this disk would know nobody, and mail everybody again; nothing was sent",
        hint=_AGAIN,
    )


def _without(folder: Path) -> str:
    return (
        f"is that record lost? then move the folder {shell_line(shown(folder))} away, and leave out by "
        "--except FILE whom the server's log, or its report.csv, names (what was sent since the last run "
        "ended stands in the log alone): without that everybody is mailed again"
    )


_AGAIN = (
    "name the database that has it, as it was named before: by SENDBATCH_RECORD, --record, or at the top of "
    'profiles.yaml: record: "${DATABASE_URL}"; look at its address, at `project:` there, and at --run'
)
