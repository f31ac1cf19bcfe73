"""The two ends of a move: which store a record leaves, and which it comes to, by where they are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from sendbatch.errors import GuardError
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.moving import Source, Target
from sendbatch.ledger.sqlite.arriving import SqliteTarget
from sendbatch.ledger.sqlite.lock import hold
from sendbatch.ledger.sqlite.record import open_ledger

SINCE = "a moment ago"


@contextlib.contextmanager
def leaving(
    folder: RecordFolder, *, holder: str, now: Callable[[], float], without_log: bool
) -> Iterator[Source]:
    """The record of `folder`, which must exist, at rest and in this hand: whoever a run that is over left
    *sending* is in doubt. Raises LockedError while a run has it, LedgerError where it cannot be used."""
    if not folder.is_here:
        raise _not_yet()
    with (
        hold(folder.path, since=SINCE, holder=holder) as held,
        open_ledger(folder.path, held, without_log=without_log, moved=True) as ledger,
    ):
        if ledger.move is None or not ledger.move.is_done:
            ledger.recover(now())
        yield ledger


@contextlib.contextmanager
def coming(folder: RecordFolder, *, holder: str) -> Iterator[Target]:
    """The place of `folder`, in this hand. Raises LockedError, LedgerError."""
    if not folder.is_here:
        raise _not_yet()
    folder.receive()
    with hold(folder.path, since=SINCE, holder=holder) as held:
        yield SqliteTarget(folder.path, held)


def _not_yet() -> GuardError:
    return GuardError("records are moved between folders alone, as yet; nothing was moved")
