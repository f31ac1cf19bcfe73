"""A note on this disk, beside the reports, that the record of a campaign is in a database, and in which; and
a mark of how far that record was.

Who names another database the next time, or none, would begin a record that knows nobody. One that was put
back to an earlier state knows too few: it has a mark of its own for each disk, which every run from there
raises, first in the database and then here. So what stands here is never ahead, unless the database lost
something; and no other machine raises it, whatever it does to a record that was put back.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendbatch.errors import GuardError, LedgerError, SendbatchError, one_line, shell_line, shown
from sendbatch.ledger.sqlite.access import REPORT_FILES
from sendbatch.runtime.files import replacing
from sendbatch.words import count

FILE = "database.txt"
MOST_BYTES = 2048  # that are read of it
LONGEST = 300  # characters


_MARK = re.compile(r"seen ([0-9a-f]{16}) ([0-9]{1,15}) ([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Mark:
    """`name` is this disk's own in the record, where `number` is raised by each run from here; so many
    recipients were accepted at least when that was done last."""

    name: str
    number: int
    accepted: int


def note(folder: Path, title: str, accepted: int, raised: Callable[[str], int]) -> None:
    """Where the record is, and how far; `raised` raises a mark of this name there, and returns its number.
    Where the folder cannot be written, or the database cannot be asked, what was noted before stays."""
    before = mark_in(folder)
    name = before.name if before is not None else secrets.token_hex(8)
    with contextlib.suppress(OSError, SendbatchError):
        if before is None:  # so much is known also where nothing can be asked
            _write(folder, title)
        number = raised(name)
        if before is not None and number <= before.number:
            return  # it was put back under this run: the next one is to find that out
        most = max(accepted, before.accepted if before is not None else 0)
        _write(folder, f"{title}\nseen {name} {number} {most}")


def _write(folder: Path, text: str) -> None:
    with replacing(folder / FILE) as file:
        file.write(f"{text}\n".encode("utf-8", "replace"))


def noted_in(folder: Path) -> str | None:
    """Where the record of this folder is; None where nothing says that it is in a database."""
    lines = _lines(folder)
    return None if lines is None else one_line(lines[0].strip() if lines else "", LONGEST)


def mark_in(folder: Path) -> Mark | None:
    """None where there is none, as in what an earlier version has noted."""
    for line in (_lines(folder) or [])[1:]:
        if found := _MARK.fullmatch(line):
            return Mark(found[1], int(found[2]), int(found[3]))
    return None


def _lines(folder: Path) -> list[str] | None:
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", "replace").strip().split("\n")
    except OSError:
        return None


def put_back(
    folder: Path, title: str, mark: Mark, campaign: Sequence[str], typed: Sequence[str]
) -> GuardError:
    """What is said where the record has not seen what was sent from here. `campaign` are the words by which a
    line names it, `typed` those that name the database, where profiles.yaml does not."""
    old, run = f"{shown(folder)}.old", shell_line("sendbatch", "run", *campaign, *typed)
    report = "report.csv"
    lines = f"    mv {shell_line(shown(folder))} {shell_line(old)}\n    {run} --except "
    if os.path.lexists(folder / report):
        way = (
            f"take all as sent to whom {report} here knows, of each machine that has one; what was sent "
            "after it was written, as by a run that was killed, stands in the mail server's log alone, which "
            f"--except takes, too:\n{lines}{shell_line(f'{old}/{report}')}"
        )
    else:
        way = (
            "take all as sent to whom the mail server's log knows, or the report.csv of each machine that "
            f"has one:\n{lines}FILE"
        )
    return GuardError(
        f"{title}: this record is older than what was sent from here, as {shown(folder / FILE)} says: the "
        "database was put back to an earlier state, or the record was begun anew. It knows too few of those "
        f"who have the mail, which were {count(mark.accepted, 'recipient')} at least, and would mail the "
        "others again; nothing was sent",
        hint=f"put a newer backup of the database back\n  or, if there is none, {way}",
    )


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
