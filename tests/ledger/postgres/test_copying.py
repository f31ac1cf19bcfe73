"""A copy of a record in PostgreSQL tells what the record tells, and is nobody else's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sendbatch.errors import GuardError, Interrupted, LedgerError
from sendbatch.ledger.postgres.copying import copy_of
from sendbatch.ledger.sqlite.record import Ledger, open_ledger
from sendbatch.values import Status
from tests.kit.carrying import carry
from tests.kit.people import bring, clock, person, plan, remember, stage
from tests.kit.postgres import Database, Postgres
from tests.ledger.conftest import quick_folder
from tests.ledger.contract.test_side_by_side import what_it_tells
from tests.ledger.postgres.conftest import new_record, place_of

Tables = psycopg.Connection[Any]


@contextlib.contextmanager
def a_history(tables: Tables, record: int = 1) -> Iterator[Ledger]:
    """A record in which most has happened, with text that PostgreSQL does not take; it stands in `tables`."""
    with quick_folder() as folder, open_ledger(folder) as ledger:
        everybody = [person(line, f"p{line}", name="a\0b\1c") for line in range(2, 12)]
        plan(ledger, *everybody)
        for line, status in enumerate(
            (Status.ACCEPTED, Status.IN_DOUBT, Status.REJECTED, Status.DEFERRED, Status.FAILED), 2
        ):
            bring(ledger, f"p{line}", status, at=20.0 + line)
        plan(ledger, *everybody[3:], person(13, "p\0", email="new@example.com"), suppress=[("text", "p11")])
        bring(ledger, "p7", Status.DEFERRED)
        bring(ledger, "p8", Status.SENDING)
        remember(ledger, who="ann\0")
        ledger._attempts.fold()
        carry(ledger._connection, tables, record)
        yield ledger


def test_a_copy_tells_what_the_record_tells(tables: Tables, database: Database) -> None:
    with a_history(tables) as ledger, copy_of(place_of(database)) as copy:
        assert what_it_tells(copy) == what_it_tells(ledger)
        assert list(copy.reading.entries(all_rows=True)) == list(ledger.reading.entries(all_rows=True))


def test_what_is_done_to_a_copy_is_done_to_nothing_else(tables: Tables, database: Database) -> None:
    with a_history(tables):
        before = database.say("SELECT * FROM sendbatch.delivery ORDER BY id")
        with copy_of(place_of(database)) as copy:
            assert copy.recover(50.0) == 1
            with copy.draft() as draft:
                stage(draft, [person(2, "new")])
                draft.merge()
            assert copy.backlog(clock).totals() == {Status.PENDING: 1}

    assert database.say("SELECT * FROM sendbatch.delivery ORDER BY id") == before


def test_a_copy_of_no_record_is_an_empty_one(tables: Tables, database: Database) -> None:
    with a_history(tables), copy_of(place_of(database, name="other")) as copy:
        assert copy.reading.plan() is None
        plan(copy, person(2, "ann"))
        assert copy.reading.totals() == {Status.PENDING: 1}


def test_a_copy_where_sendbatch_never_was_is_an_empty_one(database: Database) -> None:
    with copy_of(place_of(database)) as copy:
        assert copy.reading.plan() is None
    assert database.say("SELECT to_regnamespace('sendbatch')") == [(None,)]


def test_other_records_of_the_database_are_not_in_it(tables: Tables, database: Database) -> None:
    new_record(tables, "other")
    with a_history(tables, 2), copy_of(place_of(database)) as copy:
        assert copy.reading.plan() is None
        assert list(copy.reading.entries(all_rows=True)) == []


def test_the_right_to_read_is_enough_for_a_copy(tables: Tables, database: Database) -> None:
    strangers = place_of(database, database.strangers_url)
    with pytest.raises(LedgerError, match="GRANT"), copy_of(strangers):
        pass
    tables.execute("GRANT USAGE ON SCHEMA sendbatch TO stranger")
    with a_history(tables) as ledger:
        with pytest.raises(LedgerError, match="GRANT SELECT ON ALL TABLES"), copy_of(strangers):
            pass
        tables.execute("GRANT SELECT ON ALL TABLES IN SCHEMA sendbatch TO stranger")
        with database.read_only(), copy_of(strangers) as copy:
            assert what_it_tells(copy) == what_it_tells(ledger)


@pytest.mark.thorough
def test_a_replica_that_is_only_read_will_do(
    tables: Tables, database: Database, postgres: Postgres
) -> None:
    with (
        a_history(tables) as ledger,
        postgres.replica() as replica,
        copy_of(place_of(database, replica.url(database.name))) as copy,
    ):
        assert what_it_tells(copy) == what_it_tells(ledger)


def test_a_copy_locks_nobody_out_and_keeps_no_connection(tables: Tables, database: Database) -> None:
    ours = "FROM pg_stat_activity WHERE datname = current_database() AND usename = 'owner'"
    with a_history(tables), copy_of(place_of(database)):
        database.say(
            "BEGIN",
            "SET LOCAL lock_timeout = '1s'",
            "LOCK TABLE sendbatch.plan_row, sendbatch.delivery IN ACCESS EXCLUSIVE MODE",
            "COMMIT",
        )
        assert database.say(f"SELECT count(*) {ours}") == [(1,)]  # that of this test


def test_a_copy_is_broken_off_when_it_is_asked_to_end(tables: Tables, database: Database) -> None:
    place = place_of(database)
    place.stop.soon("Ctrl-C")
    with a_history(tables), pytest.raises(Interrupted), copy_of(place):
        pass


def test_a_record_that_was_moved_is_not_looked_at_here(tables: Tables, database: Database) -> None:
    with a_history(tables):
        tables.execute("UPDATE sendbatch.record SET state = 'moved', moved_to = 'elsewhere'")
        with pytest.raises(GuardError, match="was moved to elsewhere"), copy_of(place_of(database)):
            pass


def test_what_sendbatch_does_not_write_is_not_believed(tables: Tables, database: Database) -> None:
    with a_history(tables):
        tables.execute("ALTER TABLE sendbatch.delivery DROP CONSTRAINT delivery_status_check")
        tables.execute("UPDATE sendbatch.delivery SET status = 'sent'")
        told = r"holds what sendbatch does not write \(delivery"
        with pytest.raises(LedgerError, match=told) as refused, copy_of(place_of(database)):
            pass
    assert str(refused.value).startswith(f"error: {place_of(database).address.shown}: ")


def test_a_database_that_is_away_is_told_of(database: Database) -> None:
    nowhere = place_of(database, "postgresql://owner:secret@127.0.0.1:1/record")
    with pytest.raises(LedgerError, match="cannot be reached") as refused, copy_of(nowhere):
        pass
    assert "secret" not in str(refused.value)
