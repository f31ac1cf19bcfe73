"""The one door to a record: it says by where a record is which store is behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.sqlite.lock import hold, is_held
from sendbatch.ledger.sqlite.record import has_ledger, open_ledger, open_scratch, read_ledger
from sendbatch.ledger.store import Copy, Record, Snapshot


@contextlib.contextmanager
def open_record(
    folder: RecordFolder,
    *,
    since: str,
    holder: str,
    now: Callable[[], float],
    without_log: bool = False,
) -> Iterator[Record]:
    """The record of `folder`, made where there is none, in this hand alone; others are told that `holder` has
    it `since` then. `without_log` accepts that it may know less than was sent.

    Raises LockedError while another has it, LedgerError where it cannot be used; of one in a repository
    GuardError where it is not what it was, RecordStopped where that is away.
    """
    if folder.repository is not None:
        from sendbatch.ledger.git.record import open_git_record

        with open_git_record(folder.repository, folder.path, since=since, holder=holder, now=now) as kept:
            yield kept
        return
    with (
        hold(folder.path, since=since, holder=holder) as held,
        open_ledger(folder.path, held, without_log=without_log) as record,
    ):
        yield record


@contextlib.contextmanager
def read_record(folder: RecordFolder) -> Iterator[Snapshot | None]:
    """The record of `folder`, which must exist, to be read, by whoever likes; None where it is in a
    repository, and this machine has not what was sent from it. Raises LedgerError."""
    if folder.repository is not None:
        from sendbatch.ledger.git.record import read_last_run

        with read_last_run(folder.repository, folder.path) as left:
            yield left
        return
    with read_ledger(folder.path) as record:
        yield record


@contextlib.contextmanager
def open_copy_of_record(folder: RecordFolder, at: float) -> Iterator[Copy]:
    """A copy of the record of `folder`, as it is now (`at`), or of an empty one: whatever is done to it is
    gone afterwards. Raises LedgerError."""
    if folder.repository is not None:
        from sendbatch.ledger.git.record import open_git_copy

        with open_git_copy(folder.repository, at) as copy:
            yield copy
        return
    with open_scratch(folder.path) as record:
        yield record


def is_under_way(folder: RecordFolder) -> bool:
    """Whether a process on this machine has the record in hand now: whom it sends to is in doubt in a
    copy."""
    return is_held(folder.working)


def has_record(folder: RecordFolder) -> bool:
    """Whether there is a record with a plan. Raises LedgerError."""
    if folder.repository is not None:
        return "" in folder.editions() if not folder.run else folder.run in folder.editions()
    return has_ledger(folder.path)
