"""What the house calls of a record in PostgreSQL: `ledger.records` alone calls it, and only here is psycopg
loaded from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.store import Copy, Record, Snapshot


@contextmanager
def open_postgres_record(
    place: Place, *, since: str, holder: str, now: Callable[[], float], join: bool
) -> Iterator[Record]:
    """The record of this place, made where there is none. With `join`, it may have other runners: `joined` is
    the run that is under way, for which it was waited until its plan was complete. Without it, it is in this
    hand alone.

    Raises LockedError where another has it, GuardError where it was moved, LedgerError where it cannot be
    used, RecordStopped where the database is away, Interrupted once `place.stop` is asked."""
    raise _not_there()
    yield


@contextmanager
def read_postgres_record(place: Place) -> Iterator[Snapshot]:
    """The record of this place, which must exist, to be read. Raises LedgerError."""
    raise _not_there()
    yield


@contextmanager
def open_postgres_copy(place: Place, at: float) -> Iterator[Copy]:
    """A copy of the record, or of an empty one: whatever is done to it is gone afterwards, and no run is held
    up by it. Raises LedgerError."""
    raise _not_there()
    yield


def is_under_way(place: Place) -> bool:
    """Whether a runner is alive on it. Raises LedgerError."""
    raise _not_there()


def has_record(place: Place) -> bool:
    """Whether there is a record with a plan. Raises LedgerError."""
    raise _not_there()


def records_of(place: Place) -> list[tuple[str, str]]:
    """(edition, profile) of the records with a plan that this project and name have in the database, "" for
    none. Raises LedgerError."""
    raise _not_there()


def stop_runners(place: Place, by: str) -> int:
    """Ask all runners of the record that are alive to end, each told that `by` has asked; returns how many.
    Raises LedgerError."""
    raise _not_there()


def _not_there() -> LedgerError:
    return LedgerError(
        "records in a database are not there yet", hint="name a folder by --record, or git"
    )
