"""The one door to a record: it says by where a record is which store is behind it. What a store takes to be
reached is loaded only where it is the one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sendbatch.errors import GuardError
from sendbatch.ledger.facts import Work
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.sqlite.asking import ask_to_stop, heeding
from sendbatch.ledger.sqlite.lock import hold, holder_of, is_held
from sendbatch.ledger.sqlite.record import has_ledger, open_ledger, open_scratch, read_ledger
from sendbatch.ledger.sqlite.scratch import scratch_folder
from sendbatch.ledger.store import Copy, Record, Snapshot
from sendbatch.runtime.stop import Stop

if TYPE_CHECKING:
    from sendbatch.ledger.postgres.accounts import Accounts
    from sendbatch.ledger.postgres.place import Place


@contextlib.contextmanager
def open_record(
    folder: RecordFolder,
    *,
    since: str,
    holder: str,
    now: Callable[[], float],
    stop: Stop,
    without_log: bool = False,
    join: bool = False,
    work: Work | None = None,
) -> Iterator[Record]:
    """The record of `folder`, made where there is none, in this hand alone; others are told that `holder` has
    it `since` then, and may ask for its `stop`. `without_log` accepts that it may know less than was sent.
    With `work` it sends nothing, and others are told what it does.
    With `join`, one that several share may be in others' hands too: `Record.joined` says what they have
    begun.

    Raises LockedError while another has it, LedgerError where it cannot be used, GuardError where it was
    moved; of one in a repository GuardError where it is not what it was; RecordStopped where repository or
    database is away.
    """
    if folder.database is not None:
        folder.database.hold_reachable()
        from sendbatch.ledger.postgres.doors import open_postgres_record

        with open_postgres_record(
            folder.database,
            since=since,
            holder=holder.removeprefix("on "),  # of several, it is told which is where
            now=now,
            join=join,
            work=work,
        ) as shared:
            yield shared
        return
    if folder.repository is not None:
        from sendbatch.ledger.git.record import open_git_record

        with open_git_record(folder.repository, folder.path, since=since, holder=holder, now=now) as kept:
            yield kept
        return
    with (
        hold(folder.path, since=since, holder=holder, work=work) as held,
        open_ledger(folder.path, held, without_log=without_log) as record,
        heeding(folder.path, held.number, stop),
    ):
        yield record


@contextlib.contextmanager
def read_record(folder: RecordFolder) -> Iterator[Snapshot | None]:
    """The record of `folder`, which must exist, to be read, by whoever likes; None where it is in a
    repository, and this machine has not what was sent from it. Raises LedgerError."""
    if folder.database is not None:
        folder.database.hold_reachable()
        from sendbatch.ledger.postgres.doors import read_postgres_record

        with read_postgres_record(folder.database) as snapshot:
            yield snapshot
        return
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
    if folder.database is not None and folder.is_read:
        folder.database.hold_reachable()
        from sendbatch.ledger.postgres.doors import open_postgres_copy

        with open_postgres_copy(folder.database, at) as shared:
            yield shared
        return
    if folder.database is not None:
        with scratch_folder() as scratch, open_scratch((scratch or folder.path) / "nothing") as empty:
            yield empty
        return
    if folder.repository is not None:
        from sendbatch.ledger.git.record import open_git_copy

        with open_git_copy(folder.repository, at) as copy:
            yield copy
        return
    with open_scratch(folder.path) as record:
        yield record


def is_under_way(folder: RecordFolder) -> bool:
    """Whether a process on this machine, or any runner of a record in a database, has it in hand now: whom it
    sends to is in doubt in a copy."""
    if folder.database is not None:
        if not folder.is_read:
            return False
        folder.database.hold_reachable()
        from sendbatch.ledger.postgres import doors

        return doors.is_under_way(folder.database)
    return is_held(folder.working)


def stop_runs(folder: RecordFolder, by: str) -> list[str]:
    """Ask all who send from the record to end, wherever they are; of one that is not in a database, who does
    so on this machine. Each is told that `by` has asked. Returns names of them, for `are_alive`. Raises
    LedgerError."""
    if folder.database is not None:
        folder.database.hold_reachable()
        from sendbatch.ledger.postgres import doors

        return [str(number) for number in doors.stop_runners(folder.database, by)]
    asked = ask_to_stop(folder.working, by)
    return [] if asked is None else [asked]


def is_under_way_here(folder: RecordFolder) -> bool:
    """Whether a process on this machine has a record on this disk in hand, wherever that of `folder` is."""
    return is_held(folder.path)


def hold_not_moved(folder: RecordFolder) -> None:
    """Raises GuardError where the record went to another place; LedgerError."""
    if folder.repository is None and has_record(folder):
        with read_record(folder):
            pass


def are_alive(folder: RecordFolder, asked: Collection[str]) -> list[str]:
    """Those of them who have not ended yet. Raises LedgerError."""
    if folder.database is None:
        holder = holder_of(folder.working)
        return [one for one in asked if one == holder]
    with read_record(folder) as record:
        assert record is not None  # it is in a database
        alive = {str(one.id) for one in record.runners() if one.alive}
    return [one for one in asked if one in alive]


def has_record(folder: RecordFolder) -> bool:
    """Whether there is a record with a plan. Raises LedgerError."""
    if folder.database is not None:
        folder.database.hold_reachable()
        from sendbatch.ledger.postgres import doors

        return doors.has_record(folder.database)
    if folder.repository is not None:
        return "" in folder.editions() if not folder.run else folder.run in folder.editions()
    return has_ledger(folder.path)


def twin_of(folder: RecordFolder) -> GuardError | None:
    """What a run is told that would begin a record in a database beside one of the same campaign, under
    another name of its project. Raises LedgerError."""
    if folder.database is None or not folder.is_read:
        return None
    folder.database.hold_reachable()
    from sendbatch.ledger.postgres import doors

    try:
        doors.hold_only(folder.database)
    except GuardError as twin:
        return twin
    return None


def raise_mark(place: Place, name: str) -> int:
    """Raise the mark of this name in the record, which a run has in hand; returns its number, 0 where there
    is no record. Raises SendbatchError."""
    place.hold_reachable()
    from sendbatch.ledger.postgres import doors

    return doors.raise_mark(place, name)


def mark_of(place: Place, name: str) -> int:
    """What the record knows of it, 0 where that is nothing. Raises SendbatchError."""
    place.hold_reachable()
    from sendbatch.ledger.postgres import doors

    return doors.mark_of(place, name)


def sent_to_by_others(place: Place) -> list[tuple[str, list[str]]]:
    """Of each record in the database of this campaign's name under another project: whose it is, and the keys
    of the first that were sent to. Raises SendbatchError."""
    place.hold_reachable()
    from sendbatch.ledger.postgres import doors

    return doors.sent_to_by_others(place)


def editions_in(place: Place) -> list[str]:
    """The editions that this place's campaign and profile have a record of in the database; "" is the one
    without a name. Raises LedgerError."""
    return sorted(edition for edition, profile in _records_in(place) if profile == place.profile)


def all_in_database(folder: RecordFolder) -> list[RecordFolder]:
    """All records of the campaign in the database that this one is in. Raises LedgerError."""
    place = folder.database
    assert place is not None
    return [
        replace(
            folder,
            run=edition,
            profile=profile,
            database=replace(place, edition=edition, profile=profile),
        )
        for edition, profile in _records_in(place)
    ]


def _records_in(place: Place) -> list[tuple[str, str]]:
    place.hold_reachable()
    from sendbatch.ledger.postgres import doors

    return doors.records_of(place)


@contextlib.contextmanager
def accounts_in(place: Place, *, looking: bool) -> Iterator[Accounts | None]:
    """What all runs that share the database have of accounts together; None where it is only looked at, and
    there is nothing yet. Raises LedgerError."""
    place.hold_reachable()
    from sendbatch.ledger.postgres.accounts import accounts_in as found_in

    with found_in(place, looking=looking) as accounts:
        yield accounts
