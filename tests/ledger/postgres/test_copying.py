"""A copy of a record in PostgreSQL tells what the record tells, and is nobody else's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sendbatch.errors import Interrupted, LedgerError
from sendbatch.ledger.postgres.copying import copy_of
from sendbatch.ledger.sqlite.record import Ledger, open_ledger
from sendbatch.values import Status
from tests.kit.carrying import carry
from tests.kit.people import bring, clock, person, plan, remember, stage
from tests.kit.postgres import Database
from tests.ledger.conftest import quick_folder
from tests.ledger.contract.test_side_by_side import what_it_tells


@contextlib.contextmanager
def a_history() -> Iterator[Ledger]:
    """A record in which most has happened, with text that PostgreSQL does not take."""
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
        yield ledger


def test_a_copy_tells_what_the_record_tells(tables: psycopg.Connection[Any]) -> None:
    with a_history() as ledger:
        carry(ledger._connection, tables, 1)
        with copy_of(tables, 1, lambda: None, "db/x") as copy:
            assert what_it_tells(copy) == what_it_tells(ledger)
            assert list(copy.reading.entries(all_rows=True)) == list(ledger.reading.entries(all_rows=True))


def test_what_is_done_to_a_copy_is_done_to_nothing_else(
    tables: psycopg.Connection[Any], database: Database
) -> None:
    with a_history() as ledger:
        carry(ledger._connection, tables, 1)
        before = database.say("SELECT * FROM sendbatch.delivery ORDER BY id")
        with copy_of(tables, 1, lambda: None, "db/x") as copy:
            assert copy.recover(50.0) == 1
            with copy.draft() as draft:
                stage(draft, [person(2, "new")])
                draft.merge()
            assert copy.backlog(clock).totals() == {Status.PENDING: 1}

    assert database.say("SELECT * FROM sendbatch.delivery ORDER BY id") == before
    assert tables.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_copy_of_no_record_is_an_empty_one(tables: psycopg.Connection[Any]) -> None:
    with copy_of(tables, None, lambda: None, "db/x") as copy:
        assert copy.reading.plan() is None
        plan(copy, person(2, "ann"))
        assert copy.reading.totals() == {Status.PENDING: 1}


def test_other_records_of_the_database_are_not_in_it(tables: psycopg.Connection[Any]) -> None:
    tables.execute(
        "INSERT INTO sendbatch.record (project, name, edition, profile, made_at) VALUES ('shop', 'other', "
        "'', '', 0)"
    )
    with a_history() as ledger:
        carry(ledger._connection, tables, 2)
        with copy_of(tables, 1, lambda: None, "db/x") as copy:
            assert copy.reading.plan() is None
            assert list(copy.reading.entries(all_rows=True)) == []


def test_the_right_to_read_is_enough_for_a_copy(tables: psycopg.Connection[Any], database: Database) -> None:
    tables.execute("GRANT USAGE ON SCHEMA sendbatch TO stranger")
    tables.execute("GRANT SELECT ON ALL TABLES IN SCHEMA sendbatch TO stranger")
    with a_history() as ledger:
        carry(ledger._connection, tables, 1)
        with (
            database.read_only(),
            psycopg.connect(database.strangers_url, autocommit=True) as stranger,
            copy_of(stranger, 1, lambda: None, "db/x") as copy,
        ):
            assert what_it_tells(copy) == what_it_tells(ledger)


def test_a_copy_locks_nobody_out(tables: psycopg.Connection[Any], database: Database) -> None:
    with a_history() as ledger:
        carry(ledger._connection, tables, 1)
        with copy_of(tables, 1, lambda: None, "db/x"):
            database.say(
                "SET lock_timeout = '1s'; LOCK TABLE sendbatch.plan_row, sendbatch.delivery IN ACCESS "
                "EXCLUSIVE MODE"
            )


def test_a_copy_is_broken_off_by_what_heed_raises(tables: psycopg.Connection[Any]) -> None:
    def heed() -> None:
        raise Interrupted("Ctrl-C; nothing was sent")

    with a_history() as ledger:
        carry(ledger._connection, tables, 1)
        with pytest.raises(Interrupted), copy_of(tables, 1, heed, "db/x"):
            pass

    assert tables.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_what_sendbatch_does_not_write_is_not_believed(tables: psycopg.Connection[Any]) -> None:
    with a_history() as ledger:
        carry(ledger._connection, tables, 1)
    tables.execute("UPDATE sendbatch.delivery SET status = 'sent' WHERE record = 1")

    with pytest.raises(LedgerError, match=r"db/x: the record cannot be read: it holds what sendbatch does not write \(delivery"):
        with copy_of(tables, 1, lambda: None, "db/x"):
            pass
