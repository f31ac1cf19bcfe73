"""What the house calls of a record in PostgreSQL: `ledger.records` alone calls it, and only here is psycopg
loaded from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from sendbatch.ledger.postgres import marks, runs, twins
from sendbatch.ledger.postgres.connecting import Cursor, away, connect, refused, transaction
from sendbatch.ledger.postgres.copying import copy_of
from sendbatch.ledger.postgres.line import passes
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.record import open_record
from sendbatch.ledger.postgres.runs import found_record, living
from sendbatch.ledger.postgres.schema import hold_version, not_allowed
from sendbatch.ledger.postgres.snapshot import read_snapshot
from sendbatch.ledger.store import Copy, Snapshot

open_postgres_record = open_record


@contextmanager
def read_postgres_record(place: Place) -> Iterator[Snapshot]:
    """The record of this place, which must exist, to be read. Raises LedgerError."""
    with read_snapshot(place) as record:
        yield record


@contextmanager
def open_postgres_copy(place: Place, at: float) -> Iterator[Copy]:
    """A copy of the record, or of an empty one: whatever is done to it is gone afterwards, and no run is held
    up by it. Raises LedgerError, GuardError where it was moved."""
    with copy_of(place) as copy:
        yield copy


def is_under_way(place: Place) -> bool:
    """Whether a runner is alive on it. Raises LedgerError."""
    with asking(place) as cursor:
        record = found_record(cursor, place.identity) if cursor is not None else None
        return cursor is not None and record is not None and bool(living(cursor, record))


def has_record(place: Place) -> bool:
    """Whether there is a record with a plan. Raises LedgerError."""
    return (place.edition, place.profile) in records_of(place)


def hold_only(place: Place) -> None:
    """Raises GuardError where a record of this place would be the campaign's second, under another name of
    its project; LedgerError."""
    with asking(place) as cursor:
        if cursor is not None:
            twins.hold_only(cursor, found_record(cursor, place.identity), place)


def records_of(place: Place) -> list[tuple[str, str]]:
    """(edition, profile) of the records with a plan that this project and name have in the database, "" for
    none. Raises LedgerError."""
    with asking(place) as cursor:
        return [] if cursor is None else runs.records_of(cursor, place.project, place.name)


def stop_runners(place: Place, by: str) -> list[int]:
    """Ask all runners of the record to end, each told that `by` has asked, also those who were not heard of
    lately; returns their ids. Raises LedgerError."""
    with asking(place) as cursor:
        record = found_record(cursor, place.identity) if cursor is not None else None
        if cursor is None or record is None:
            return []
        with transaction(cursor.connection) as within:
            return runs.ask_to_end(within, record, by)


def raise_mark(place: Place, name: str) -> int:
    """One more than it was, committed; 0 where there is no record. Raises LedgerError, RecordStopped."""
    with asking(place) as cursor:
        record = found_record(cursor, place.identity) if cursor is not None else None
        if cursor is None or record is None:
            return 0
        with transaction(cursor.connection) as within:
            return marks.raised(within, record, name)


def mark_of(place: Place, name: str) -> int:
    """0 where there is none. Raises LedgerError, RecordStopped."""
    with asking(place) as cursor:
        record = found_record(cursor, place.identity) if cursor is not None else None
        return marks.mark(cursor, record, name) if cursor is not None and record is not None else 0


def sent_to_by_others(place: Place) -> list[tuple[str, list[str]]]:
    """See `twins.sent_to_by_others`. Raises LedgerError, RecordStopped."""
    with asking(place) as cursor:
        return [] if cursor is None else twins.sent_to_by_others(cursor, place)


@contextmanager
def asking(place: Place) -> Iterator[Cursor | None]:
    """For a question or two, each a transaction; None where the database has no tables of ours. Raises
    LedgerError, RecordStopped where the database is away."""
    address = place.address
    try:
        found = connect(address)
    except psycopg.Error as error:
        raise away(error, address) from None
    with closing(found) as connection:
        try:
            is_there = hold_version(connection, address, or_earlier=True)
            yield connection.cursor() if is_there else None
        except psycopg.errors.InsufficientPrivilege as error:
            raise not_allowed(connection, address, error) from None
        except psycopg.Error as error:
            raise (away if passes(error) else refused)(error, address) from None
