"""Who only looks at a record in PostgreSQL sees who sends from it, and is in nobody's way."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres import parts
from sendbatch.ledger.postgres.snapshot import PostgresSnapshot, read_snapshot
from sendbatch.values import Status
from tests.kit.pooler import pooled
from tests.kit.postgres import Database
from tests.ledger.postgres.conftest import place_of

Tables = psycopg.Connection[Any]
NOW = "extract(epoch FROM clock_timestamp())"


def seen(
    database: Database, *, url: str = "", name: str = "news"
) -> AbstractContextManager[PostgresSnapshot]:
    return read_snapshot(place_of(database, url, name))


def crowd(tables: Tables, count: int, status: str = "accepted") -> None:
    """A plan of so many, with a delivery each; the first has the id 2."""
    tables.execute("""INSERT INTO sendbatch.plan VALUES (1, 1, '', 1, 2, '["email"]', '', '', '{}', 7)""")
    tables.execute(
        'INSERT INTO sendbatch.plan_row (record, id, plan, "row", key, email, vars, status) SELECT 1, n, 7, '
        "n, 'p' || n, 'p' || n || '@example.com', '[\"\"]', 'pending' FROM generate_series(2, 1 + %s) AS n",
        (count,),
    )
    tables.execute(
        "INSERT INTO sendbatch.delivery (record, id, key, email, status, was, attempts, first_attempt_at) "
        "SELECT 1, id, key, email, %s, 'pending', 0, 5 FROM sendbatch.plan_row",
        (status,),
    )


def runner(tables: Tables, id_: int, seen_at: str, *, block: int | None = None, until: str = "0") -> None:
    """One that was heard of then, with a block of the one delivery that has this id."""
    tables.execute(
        "INSERT INTO sendbatch.runner (record, id, host, pid, since, seen_at, state) VALUES (1, %s, "
        f"'host\33[2J' || %s, 8, %s, {seen_at}, 'sending')",
        (id_, id_, 100.0 - id_),
    )
    if block is not None:
        tables.execute(
            "INSERT INTO sendbatch.block (record, first, last, token, owner, until, state) "
            f"VALUES (1, %s, %s, %s, %s, {until}, 'held')",
            (block, block, id_, id_),
        )


def run(tables: Tables, state: str, began_at: float | None) -> None:
    tables.execute(
        "INSERT INTO sendbatch.run (record, id, state, options, joined, token, until, content, server, "
        "version, began_at) VALUES (1, 9, %s, '', false, 9, 0, '', '', '', %s)",
        (state, began_at),
    )


def test_who_is_sending_is_in_doubt_where_its_runner_is_gone(tables: Tables, database: Database) -> None:
    crowd(tables, 5, "sending")
    runner(tables, 1, NOW, block=2, until=f"{NOW} + 5")
    runner(tables, 2, f"{NOW} - 900", block=3, until=f"{NOW} - 890")
    runner(tables, 3, NOW, block=4, until=f"{NOW} + 900")  # further ahead than a runner writes
    tables.execute("INSERT INTO sendbatch.block VALUES (1, 5, 5, 7, 99, 1e10, 'held')")  # of nobody there is

    with seen(database) as snapshot:
        assert snapshot.under_way
        statuses = {one.row: one.status for one in snapshot.reading.entries()}
        assert snapshot.reading.totals() == {Status.SENDING: 1, Status.IN_DOUBT: 4}
        assert dict(snapshot.reading.figures().attempts) == {("sending", 1): 1, ("in_doubt", 1): 4}
        assert snapshot.cut_off is None
    assert statuses.pop(2) is Status.SENDING
    assert set(statuses.values()) == {Status.IN_DOUBT}


def test_where_nobody_is_alive_whoever_asks_knows_what_sending_means(
    tables: Tables, database: Database
) -> None:
    """As of a record on a disk."""
    crowd(tables, 1, "sending")
    runner(tables, 2, f"{NOW} - 900", block=2, until=f"{NOW} - 890")
    run(tables, "sending", 700.5)

    with seen(database) as snapshot:
        assert not snapshot.under_way
        assert snapshot.cut_off == 700.5
        assert snapshot.reading.totals() == {Status.SENDING: 1}


@pytest.mark.parametrize(("state", "began_at"), [("ended", 700.5), ("planning", None), ("sending", None)])
def test_a_run_that_ended_or_never_began_to_send_was_not_cut_off(
    tables: Tables, database: Database, state: str, began_at: float | None
) -> None:
    run(tables, state, began_at)

    with seen(database) as snapshot:
        assert snapshot.cut_off is None
        assert snapshot.doubt() is None


def test_runners_are_told_the_longest_there_first(tables: Tables, database: Database) -> None:
    runner(tables, 1, NOW, block=2, until=f"{NOW} + 5")
    runner(tables, 2, f"{NOW} - 900")
    runner(tables, 3, f"{NOW} + 900")  # by no clock of ours

    with seen(database) as snapshot:
        found = snapshot.runners()

    assert [(one.id, one.alive, one.blocks) for one in found] == [
        (3, False, 0), (2, False, 0), (1, True, 1),
    ]  # fmt: skip
    assert all("\33" not in one.host and one.pid == 8 and one.state == "sending" for one in found)


def test_nothing_is_open_between_two_questions(
    tables: Tables, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FEW", 2)
    crowd(tables, 5)
    with seen(database) as snapshot:
        entries = snapshot.reading.entries()
        assert next(entries).row == 2
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert database.say(f"SELECT DISTINCT state, backend_xmin {others}") == [("idle", None)]


def test_a_connection_that_breaks_while_it_is_read_is_made_anew(
    tables: Tables, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FEW", 2)
    crowd(tables, 5)
    with seen(database) as snapshot:
        entries = snapshot.reading.entries()
        rows = [next(entries).row]
        database.end_sessions()
        assert rows + [one.row for one in entries] == [2, 3, 4, 5, 6]


def test_who_reads_a_plan_that_is_replaced_meanwhile_is_told(
    tables: Tables, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FEW", 2)
    crowd(tables, 5)
    with seen(database) as snapshot:
        entries = snapshot.reading.entries()
        next(entries)
        tables.execute("INSERT INTO sendbatch.plan VALUES (1, 2, '', 1, 2, '[]', '', '', '{}', 8)")
        tables.execute("DELETE FROM sendbatch.plan_row")
        with pytest.raises(LedgerError, match="planned anew while it was being read"):
            list(entries)


def test_it_is_read_through_a_pooler(tables: Tables, database: Database) -> None:
    crowd(tables, 5)
    with (
        pooled(database.server) as pooler,
        seen(database, url=database.through(pooler.port)) as snapshot,
    ):
        assert [one.row for one in snapshot.reading.entries()] == [2, 3, 4, 5, 6]
        assert sum(snapshot.reading.figures().domains.values()) == 5


def test_a_record_that_is_not_there_is_told_of_as_such(tables: Tables, database: Database) -> None:
    with pytest.raises(LedgerError, match="the record cannot be read: there is none yet"):
        seen(database, name="other").__enter__()
    tables.execute("DROP SCHEMA sendbatch CASCADE")
    with pytest.raises(LedgerError, match="the record cannot be read: there is none yet"):
        seen(database).__enter__()


def test_what_sendbatch_does_not_write_is_told_of_as_such(tables: Tables, database: Database) -> None:
    crowd(tables, 2)
    tables.execute("UPDATE sendbatch.plan_row SET vars = '[1]'")
    with (
        pytest.raises(LedgerError, match="it holds what sendbatch does not write"),
        seen(database) as snapshot,
    ):
        list(snapshot.reading.holders())
    tables.execute("UPDATE sendbatch.plan_row SET vars = 'no JSON'")
    with pytest.raises(LedgerError, match="the record cannot be read"), seen(database) as snapshot:
        snapshot.reading.usual("email", 9)


def test_a_status_that_is_none_cannot_be_written(tables: Tables) -> None:
    crowd(tables, 1)
    for table, status in (("plan_row", "accepted"), ("delivery", "filtered"), ("delivery", "odd")):
        with pytest.raises(psycopg.errors.CheckViolation):
            tables.execute(f"UPDATE sendbatch.{table} SET status = %s", (status,))
