"""The two ends of a move: which store a record leaves, and which it comes to, by where they are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from sendbatch.errors import GuardError
from sendbatch.ledger.facts import Work
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.moving import Source, Target
from sendbatch.ledger.postgres.place import Place
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
    if folder.repository is not None:
        from sendbatch.ledger.git.record import open_git_record

        with open_git_record(
            folder.repository, folder.path, since=SINCE, holder=holder, now=now, moved=True
        ) as kept:
            kept.recover(now())
            yield kept
        return
    if folder.database is not None:
        with _leaving_database(folder.database, holder=holder, now=now) as shared:
            yield shared
        return
    with (
        hold(folder.path, since=SINCE, holder=holder, work=Work.MOVE) as held,
        open_ledger(folder.path, held, without_log=without_log, moved=True) as ledger,
    ):
        if ledger.move is None or not ledger.move.is_done:
            ledger.recover(now())
        yield ledger


@contextlib.contextmanager
def _leaving_database(place: Place, *, holder: str, now: Callable[[], float]) -> Iterator[Source]:
    """One that is marked is nobody's any more; else it is in the hand of a runner, as which no other is
    alive."""
    place.hold_reachable()
    from sendbatch.ledger.postgres import moving
    from sendbatch.ledger.postgres.record import open_record

    with moving.leaving(place) as source:
        if source.move is not None:
            yield source
            return
        with open_record(
            place, since=SINCE, holder=holder, now=now, join=False, work=Work.MOVE
        ) as record:
            record.recover(now())
            yield source


@contextlib.contextmanager
def coming(folder: RecordFolder, *, holder: str) -> Iterator[Target]:
    """The place of `folder`, in this hand. Raises LockedError, LedgerError."""
    if folder.repository is not None:
        raise GuardError(
            "no record moves into a repository: receipts alone are kept there, and what it knows of people "
            "would be lost; nothing was moved"
        )
    if folder.database is not None:
        folder.database.hold_reachable()
        from sendbatch.ledger.postgres import moving

        with moving.coming(folder.database) as shared:
            yield shared
        return
    folder.receive()
    with hold(folder.path, since=SINCE, holder=holder, work=Work.MOVE) as held:
        yield SqliteTarget(folder.path, held)
