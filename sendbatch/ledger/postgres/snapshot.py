"""A record in PostgreSQL that is only looked at. Behind `store.Snapshot`.

No transaction is open while it is: who reads may hold it for hours, as a report in a pager does, and would
keep the database from tidying up all that while, and a pooler's connection from everybody else. So each
question is of a moment of its own, and a run may send between two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from sendbatch.errors import LedgerError, one_line
from sendbatch.ledger.facts import Runner, Unsound
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.connecting import (
    ALIVE,
    Connection,
    Cursor,
    lease_seconds,
    opened,
    words_of,
)
from sendbatch.ledger.postgres.parts import Asked, ask, first
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.reading import PostgresReading
from sendbatch.ledger.postgres.runs import ENDING, SENDING, found_record, hold_here
from sendbatch.ledger.postgres.schema import hold_version
from sendbatch.ledger.postgres.view import ALL_HELD, unheld

MOST_SHOWN: Final = 200  # characters of a host's name


class Looking:
    """A connection for whoever only asks, in autocommit: made anew where it broke since it was last used."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.connection: Connection = opened(address)

    def execute(self, query: Any, params: Sequence[Any] | None = None, /) -> Cursor:
        """Raises psycopg.Error, and LedgerError where there is no database any more."""
        try:
            return self.connection.execute(query, params)
        except psycopg.OperationalError:
            if not self.connection.closed:
                raise
        self.connection = opened(self._address)
        return self.connection.execute(query, params)

    def close(self) -> None:
        self.connection.close()


class PostgresSnapshot:
    """Of one record. Whom a runner that is gone has left *sending* is in doubt where others are alive; where
    nobody is, all who stand so are, as whoever asks knows from `under_way`. To the runner `but`, which is
    leaving, it tells of the others that are not."""

    def __init__(self, asked: Asked, record: int, *, but: int = 0) -> None:
        self._asked = asked
        self._record = record
        self._but = but
        self._at_work = f"state <> '{ENDING}'" if but else "true"
        self.under_way = any(runner.alive for runner in self.runners())
        self.reading = PostgresReading(
            asked, record, unheld=unheld(record, lease_seconds(), but) if self.under_way else ALL_HELD
        )

    def runners(self) -> list[Runner]:
        lease = lease_seconds()
        rows = ask(
            self._asked,
            f"SELECT id, host, pid, since, seen_at, {ALIVE}, CASE WHEN stopped_by IS NULL THEN state ELSE "
            f"'{ENDING}' END, sent, speed, (SELECT count(*) FROM "
            "sendbatch.block AS b WHERE b.record = r.record AND b.owner = r.id AND b.state = 'held') "
            f"FROM sendbatch.runner AS r WHERE record = {self._record:d} AND id <> {self._but:d} "
            f"AND {self._at_work} ORDER BY since, id",
            (lease, lease),
        )
        return [Runner(id_, one_line(host, MOST_SHOWN), *rest) for id_, host, *rest in rows]

    @property
    def cut_off(self) -> float | None:
        if self.under_way:
            return None
        found = first(
            self._asked,
            f"SELECT began_at FROM sendbatch.run WHERE record = {self._record:d} AND state = %s",
            (SENDING,),
        )
        return None if found is None else float(found)

    def doubt(self) -> LedgerError | None:
        """What the database has committed it has: there is no log beside it that could be missing."""
        return None


@contextmanager
def read_snapshot(place: Place) -> Iterator[PostgresSnapshot]:
    """The record of this place, which must exist. Raises LedgerError; GuardError where it was moved."""
    address = place.address
    looking = Looking(address)
    try:
        record = None
        if hold_version(looking.connection, address):
            record = found_record(looking.connection.cursor(), place.identity)
        if record is None:
            raise LedgerError(f"{place.title}: the record cannot be read: there is none yet")
        hold_here(looking.connection.cursor(), record, place.title)
        yield PostgresSnapshot(looking, record)
    except psycopg.Error as error:
        raise LedgerError(f"{place.title}: the record cannot be read: {words_of(error)}") from None
    except Unsound as error:
        raise LedgerError(
            f"{place.title}: the record cannot be read: it holds what sendbatch does not write ({error})",
            hint="restore it from a backup of the database: starting without it would mail everyone again",
        ) from None
    finally:
        looking.close()
