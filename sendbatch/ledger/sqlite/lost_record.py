"""A ledger that is gone, or is not whole, where something shows what there was.

What it knew is needed: without it everybody would be mailed again. So a run refuses, and says what it
found and what to do.

A file that is copied while a run writes it is not whole without its log (`ledger.sqlite-wal`). So a run
leaves a mark in the file itself, durably and before anybody is sent to, and takes it away when all of
the log is in the file. Is there the mark and no log, then what that run did is missing. And a backup that
was put back beside a newer lock does not know what was done since.
"""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

from sendbatch.errors import LedgerError, shell_line, shown
from sendbatch.ledger.sqlite.access import FILE, LOG, REPORT_FILES, TRACES

KNOWING = ("accepted", "in_doubt")  # statuses of those who would be mailed again
UNDER_WAY = "under way"  # meta: the mark


def lost(folder: Path, *, planned: bool) -> LedgerError | None:
    """What is said where there was a record in `folder` and is none; `planned` says that the ledger which
    is there has a plan."""
    try:
        size = (folder / FILE).stat().st_size
    except OSError:
        size = None
    if size and planned:
        return None
    # One that is empty was cut off while it was made, with its lock and log: but before any report.
    found = [
        name
        for name in (TRACES if size is None else REPORT_FILES)
        if os.path.lexists(folder / name)
    ]
    if not found:
        return None
    gone = "is gone" if size is None else "is empty"
    told = f"{', '.join(found)} {'shows' if len(found) == 1 else 'show'} that there was one"
    return LedgerError(
        f"{shown(folder)}: the record ({FILE}) {gone}, and {told}; nothing was sent. Restore it from a "
        "backup (with its -wal, where there is one) made after the last run: one made before does not know "
        "whom that run mailed, and starting without it would mail everyone again",
        hint=f"to start over all the same, remove the folder (rm -r {shell_line(shown(folder))}): "
        f"everyone in the CSV is mailed then, {_mailed_twice(folder)}. Where the server's log since the "
        "first run is at hand, move the folder away and run with --except LOG: it leaves out whom that names",
    )


def log_is_lost(folder: Path, left: int, holders: int) -> LedgerError:
    """What is said of a record with the mark and without its log: `left` of `holders` may be sent to."""
    return LedgerError(
        f"{shown(folder / FILE)}: this file was copied, or left, in the middle of a run, and the run's log "
        f"({LOG}) is not beside it: {left:,} of {holders:,} are not known to have the mail, and some of "
        "them may have it; nothing was sent. Put the log back beside it, or take another backup: the whole "
        "folder",
        hint="is the log lost? run --without-log goes on and mails those "
        f"{left:,}: whoever of them that run reached gets it twice (nobody, where another program took "
        "the log into the file, as an SQLite browser does)",
    )


def is_outdated(folder: Path, left: int, holders: int) -> LedgerError:
    """What is said of a record that is older than its lock: `left` of `holders` may be sent to."""
    return LedgerError(
        f"{shown(folder / FILE)}: this file is older than what was last done with this record, as the lock "
        f"beside it shows: {left:,} of {holders:,} are not known to have the mail, and some of them, or of "
        "those whom the CSV has new, may have it; nothing was sent. Restore a backup that was made after "
        "the last run",
        hint="is there none? run --without-log goes on and mails those "
        f"{left:,} and whoever is new in the CSV: those of them whom a later run reached get it twice",
    )


def _mailed_twice(folder: Path) -> str:
    number = _mailed(folder / REPORT_FILES[0])
    if not number:
        return "also those who have the mail; how many, nothing here says"
    return f"also the {number:,} of whom {REPORT_FILES[0]} says that they have it or may have it"


def _mailed(report: Path) -> int:
    """How many in the table have the mail, or may have it."""
    try:
        if not stat.S_ISREG(report.lstat().st_mode):
            return 0
        with report.open(encoding="utf-8", errors="replace", newline="") as file:
            return sum(row.get("status") in KNOWING for row in csv.DictReader(file))
    except (OSError, csv.Error):
        return 0
