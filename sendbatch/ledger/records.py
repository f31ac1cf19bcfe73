"""The one door to a record: it says by where a record is which store is behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sendbatch.ledger.sqlite.lock import hold, is_held
from sendbatch.ledger.sqlite.record import has_ledger, open_ledger, open_scratch, read_ledger
from sendbatch.ledger.store import Record, Snapshot


@contextlib.contextmanager
def open_record(
    folder: Path, *, since: str, holder: str, without_log: bool = False
) -> Iterator[Record]:
    """The record in `folder`, made where there is none, in this hand alone; others are told that `holder` has
    it `since` then. `without_log` accepts that it may know less than was sent.

    Raises LockedError while another has it, LedgerError where it cannot be used.
    """
    with (
        hold(folder, since=since, holder=holder) as held,
        open_ledger(folder, held, without_log=without_log) as record,
    ):
        yield record


@contextlib.contextmanager
def read_record(folder: Path) -> Iterator[Snapshot]:
    """The record in `folder`, which must exist, to be read, by whoever likes.
    Raises LedgerError."""
    with read_ledger(folder) as record:
        yield record


@contextlib.contextmanager
def open_copy_of_record(folder: Path) -> Iterator[Record]:
    """A copy of the record in `folder`, or of an empty one: whatever is done to it is gone afterwards. Raises
    LedgerError."""
    with open_scratch(folder) as record:
        yield record


def is_under_way(folder: Path) -> bool:
    """Whether a process has the record in hand now: whom it sends to is in doubt in a copy."""
    return is_held(folder)


def has_record(folder: Path) -> bool:
    """Whether there is a record with a plan. Raises LedgerError."""
    return has_ledger(folder)
