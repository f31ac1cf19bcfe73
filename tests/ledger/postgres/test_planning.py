"""Planning in a database: what a draft keeps to itself, and what becomes of it where things go wrong."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
import pytest

from sendbatch.errors import Interrupted, LedgerError, RecordLost, RecordStopped
from sendbatch.ledger.postgres import runs
from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.connecting import opened, transaction
from sendbatch.ledger.postgres.draft import PostgresDraft, drafted
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.reading import PostgresReading
from sendbatch.ledger.postgres.record import PostgresRecord, open_record
from sendbatch.ledger.store import Record
from sendbatch.rendering import batches
from sendbatch.values import Status
from tests.kit.people import COLUMNS, bring, clock, person, plan, stage, staged, statuses
from tests.kit.pooler import pooled
from tests.kit.postgres import Database, Postgres, cramped, fill
from tests.ledger.postgres.conftest import place_of

Tables = psycopg.Connection[Any]
MANY = [person(line, f"p{line}", name="x" * 1000) for line in range(2, 300)]  # more than go in one COPY
SCRATCH = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'sendbatch'::regnamespace AND relkind = 'r' "
    "AND relname ~ '^d[0-9]' ORDER BY 1"
)


@contextlib.contextmanager
def opened_record(place: Place, *, joins: bool = False) -> Iterator[PostgresRecord]:
    with open_record(place, since="", holder="here", now=lambda: 0.0, join=joins) as record:
        yield record


@contextlib.contextmanager
def planner(tables: Tables, database: Database, **how: Any) -> Iterator[PostgresDraft]:
    """A draft of whoever takes the record in hand now, whoever had it before: that one was not heard of."""
    address = address_of(how.pop("url", database.url))
    tables.execute("UPDATE sendbatch.runner SET seen_at = 0")
    with transaction(tables) as cursor:
        seat, _ = runs.take_seat(cursor, 1, "here", "the record", join=False)  # type: ignore[misc]
        token = runs.tokens(cursor, 1, 1)
    how = {"heed": lambda: None, "begin": lambda *told: None, "merged": lambda selection: None, **how}
    hold = partial(runs.hold_planning, seat=seat)
    with (
        contextlib.closing(opened(address)) as connection,
        drafted(connection, address, 1, token, hold=hold, **how) as draft,
    ):
        yield draft


def keys(tables: Tables) -> list[str]:
    return [one.key for one in PostgresReading(tables, 1).entries()]


def rows(database: Database) -> list[tuple[int, int]]:
    """The numbers under which rows of plans stand, and how many."""
    return database.say("SELECT plan, count(*) FROM sendbatch.plan_row GROUP BY 1 ORDER BY 1")  # type: ignore[return-value]


def on_each_row(tables: Tables, does: str) -> None:
    """What the database does where one is written."""
    tables.execute(
        f"CREATE FUNCTION does() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; END $$"
    )
    tables.execute(
        "CREATE TRIGGER does BEFORE INSERT ON sendbatch.plan_row FOR EACH ROW EXECUTE FUNCTION does()"
    )


# -- what it keeps to itself


def test_a_draft_that_waits_for_a_person_has_no_transaction_and_no_lock(
    tables: Tables, database: Database
) -> None:
    with planner(tables, database) as draft:
        stage(draft, [person(2, "ann")])
        draft.only([("ann",)])

        others = "WHERE pid <> pg_backend_pid()"
        assert database.say(
            "SELECT DISTINCT state FROM pg_stat_activity WHERE datname = current_database() "
            "AND usename = 'owner'"
        ) == [("idle",)]
        assert database.say(
            f"SELECT l.relation::regclass FROM pg_locks AS l {others} AND l.database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        ) == []  # fmt: skip


@pytest.mark.parametrize("merges", [True, False], ids=["merged", "left"])
def test_nothing_of_a_draft_is_left_where_it_ends(
    tables: Tables, database: Database, *, merges: bool
) -> None:
    with planner(tables, database) as draft:
        stage(draft, [person(2, "ann"), person(3, "ann")], [("text", "bob")], ["eve"])
        draft.only([("ann",)])
        draft.limit(1)
        assert database.say(SCRATCH)
        assert [many for _, many in rows(database)] == [2]
        assert keys(tables) == []  # nobody looks at them
        if merges:
            draft.merge()

    assert database.say(SCRATCH) == []
    assert [many for _, many in rows(database)] == ([2] if merges else [])


def test_rows_of_the_plan_before_go_with_the_next(database: Database) -> None:
    with opened_record(place_of(database)) as record:
        plan(record, person(2, "ann"))
        bring(record, "ann", Status.ACCEPTED)
        plan(record, person(2, "ann"), person(3, "bob"))

        assert [many for _, many in rows(database)] == [2]
        assert statuses(record) == [("ann", Status.ACCEPTED), ("bob", Status.PENDING)]


def test_plans_go_on_beside_a_run_without_waiting_for_each_other(database: Database) -> None:
    """Of other campaigns in the same database."""
    with (
        opened_record(place_of(database)) as one,
        opened_record(place_of(database, name="other")) as other,
        one.draft() as first,
        other.draft() as second,
    ):
        stage(first, [person(2, "ann")])
        stage(second, [person(2, "bob")])
        first.merge()
        second.merge()
        assert (statuses(one), statuses(other)) == (
            [("ann", Status.PENDING)],
            [("bob", Status.PENDING)],
        )


# -- planners that are gone, paused, or two


def test_what_dead_planners_left_is_cleared_by_the_next(tables: Tables, database: Database) -> None:
    refused = pytest.raises(RecordStopped)
    with refused, planner(tables, database) as draft:
        stage(draft, [person(2, "dead")])
        database.say(f"SELECT pg_terminate_backend({draft._db.connection.info.backend_pid})")
        draft.samples(1)
    assert database.say(SCRATCH)
    assert [many for _, many in rows(database)] == [1]

    with planner(tables, database) as draft:
        assert database.say(SCRATCH) == []
        assert rows(database) == []
        stage(draft, [person(2, "ann")])
        draft.merge()

    assert keys(tables) == ["ann"]


def test_who_was_paused_while_another_planned_merges_nothing(
    tables: Tables, database: Database
) -> None:
    refused = pytest.raises(RecordLost)
    with refused, planner(tables, database) as paused:
        stage(paused, [person(2, "paused")])
        with planner(tables, database) as other:
            stage(other, [person(2, "ann")])
            other.merge(5.0)
        paused.merge(5.0)

    assert keys(tables) == ["ann"]
    assert [many for _, many in rows(database)] == [1]


def test_rows_of_who_was_paused_within_the_merge_never_reach_the_plan_of_another(
    tables: Tables, database: Database
) -> None:
    def another_plans() -> None:
        with planner(tables, database) as other:
            stage(other, [person(2, "ann")])
            other.merge(5.0)

    refused = pytest.raises(RecordLost)
    with refused, planner(tables, database) as paused:
        stage(paused, [person(2, "paused"), person(3, "too")])
        another_plans()
        paused.merge(5.0)

    assert keys(tables) == ["ann"]
    assert [many for _, many in rows(database)] == [1]


def test_who_was_paused_clears_nothing_of_whoever_plans_now(
    tables: Tables, database: Database
) -> None:
    paused = contextlib.ExitStack()
    draft = paused.enter_context(planner(tables, database))
    stage(draft, [person(2, "paused")])
    with planner(tables, database) as other:
        stage(other, [person(2, "ann")])
        paused.close()  # it goes on, and ends
        other.merge(5.0)

    assert keys(tables) == ["ann"]


def test_rows_that_were_lost_before_the_merge_are_missed(tables: Tables, database: Database) -> None:
    refused = pytest.raises(RecordLost, match="changed by something else")
    with refused, planner(tables, database) as draft:
        stage(draft, [person(2, "ann"), person(3, "bob")])
        lose = "DELETE FROM sendbatch.plan_row WHERE key = 'bob'"
        database.say(lose)
        draft.merge(5.0)

    assert keys(tables) == []


# -- the database says no


@pytest.mark.thorough
@pytest.mark.parametrize("crash", [Postgres.crash, Postgres.kill])
def test_a_plan_does_not_outlive_a_crash_that_emptied_its_lists(
    tables: Tables, database: Database, postgres: Postgres, crash: Any
) -> None:
    """A pooler connects anew by itself, so the planner does not see that the suppressed are gone."""
    with pooled(postgres) as pooler:
        url = database.through(pooler.port)
        refused = pytest.raises((RecordLost, RecordStopped))
        with refused, planner(tables, database, url=url) as draft:
            staging = staged(draft, person(2, "ann"), person(3, "bob"))
            staging.suppress([("text", "bob")])
            crash(postgres)
            postgres.start()
            for _ in range(10):  # the pooler finds its own connections dead
                with contextlib.suppress(psycopg.Error):
                    draft._db.one("SELECT 1")
            staging.settle()
            staging.finish(
                inputs="", recipients_digest="", content_digest="", started_at=1.0, completed_at=2.0
            )
            draft.merge(5.0)

    assert database.say("SELECT count(*) FROM sendbatch.plan") == [(0,)]


def test_a_database_that_goes_away_breaks_off_a_plan_and_the_next_is_made_anew(
    database: Database, postgres: Postgres
) -> None:
    place = place_of(database)
    told = "broke off while this plan was made: .*; nothing was sent"
    with opened_record(place) as record:
        plan(record, person(2, "ann"))
        refused = pytest.raises(RecordStopped, match=told)
        with refused, record.draft() as draft:
            staging = staged(draft, person(2, "bob"))
            postgres.crash()
            try:
                staging.settle()
            finally:
                postgres.start()
    with opened_record(place) as record:
        assert statuses(record) == [("ann", Status.PENDING)]
        plan(record, person(2, "eve"))
        assert statuses(record) == [("eve", Status.PENDING)]
        assert database.say(SCRATCH) == []


@pytest.mark.thorough
def test_a_full_disk_is_told_and_the_plan_is_made_once_there_is_room(postgres: Postgres) -> None:
    everybody = [person(line, f"p{line}", name="x" * 1000) for line in range(2, 3000)]
    with cramped(postgres) as (database, ballast):
        place = place_of(database)
        with opened_record(place) as record:
            plan(record, person(2, "ann"))
            fill(ballast)
            with pytest.raises(RecordStopped, match="No space left on device"):
                plan(record, *everybody)
            assert statuses(record) == [("ann", Status.PENDING)]
            ballast.unlink()
            plan(record, person(2, "bob"))
            assert statuses(record) == [("bob", Status.PENDING)]
            assert database.say(SCRATCH) == []


def test_who_may_not_make_tables_is_told_the_right_that_is_missing(
    tables: Tables, database: Database
) -> None:
    tables.execute("GRANT USAGE ON SCHEMA sendbatch TO stranger")
    tables.execute("GRANT ALL ON ALL TABLES IN SCHEMA sendbatch TO stranger")
    told = r"permission denied for schema sendbatch.*\n.*GRANT USAGE, CREATE"
    with (
        pytest.raises(LedgerError, match=told),
        planner(tables, database, url=database.strangers_url) as draft,
    ):
        stage(draft, [person(2, "ann")])

    tables.execute("GRANT CREATE ON SCHEMA sendbatch TO stranger")
    with planner(tables, database, url=database.strangers_url) as draft:
        stage(draft, [person(2, "ann")])
        draft.merge()
    assert keys(tables) == ["ann"]


def test_a_limit_of_time_for_statements_is_named(tables: Tables, database: Database) -> None:
    refused = pytest.raises(RecordStopped, match="statement_timeout = 0")
    with refused, planner(tables, database) as draft:
        draft._db.execute("SET statement_timeout = '10ms'; SELECT pg_sleep(30)")


def test_rows_that_the_database_did_not_take_meanwhile_are_told_of_by_what_comes_next(
    tables: Tables, database: Database
) -> None:
    on_each_row(tables, "RAISE 'no room for these' USING ERRCODE = 'disk_full'")
    refused = pytest.raises(RecordStopped, match="no room for these")
    with refused, planner(tables, database) as draft:
        staging = draft.stage(COLUMNS)
        staging.add(map(batches.staged, MANY))  # they go while more is read
        staging.settle()
    assert (database.say(SCRATCH), rows(database)) == ([], [])


def test_nor_does_a_merge_go_past_them(tables: Tables, database: Database) -> None:
    on_each_row(tables, "RAISE 'no room for these' USING ERRCODE = 'disk_full'")
    refused = pytest.raises(RecordStopped, match="no room for these")
    with refused, planner(tables, database) as draft:
        draft.stage(COLUMNS).add(map(batches.staged, MANY))
        draft._db.end_watching()


# -- a person breaks it off


class Asks:
    """Says that it is to end, once asked."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()

    def __call__(self) -> None:
        if self.is_asked.is_set():
            raise Interrupted("Ctrl-C; nothing was sent")


@pytest.mark.parametrize(
    "through_a_pooler", [False, pytest.param(True, marks=pytest.mark.thorough)]
)
def test_a_statement_that_takes_long_is_broken_off(
    tables: Tables, database: Database, postgres: Postgres, *, through_a_pooler: bool
) -> None:
    heed = Asks()
    with contextlib.ExitStack() as stack:
        url = database.url
        if through_a_pooler:
            url = database.through(stack.enter_context(pooled(postgres)).port)
        asked = threading.Timer(0.3, heed.is_asked.set)
        refused = pytest.raises(Interrupted)
        with refused, planner(tables, database, url=url, heed=heed) as draft:
            stage(draft, [person(2, "ann")])
            asked.start()
            draft._db.execute("SELECT pg_sleep(600)")

    assert database.say(SCRATCH) == []
    with planner(tables, database) as draft:
        stage(draft, [person(2, "bob")])
        draft.merge()
    assert keys(tables) == ["bob"]


def test_rows_that_wait_for_the_database_are_broken_off_with_what_reads_more(
    tables: Tables, database: Database
) -> None:
    heed = Asks()
    on_each_row(tables, "PERFORM pg_sleep(600); RETURN new")
    refused = pytest.raises(Interrupted)
    with refused, planner(tables, database, heed=heed) as draft:
        draft.stage(COLUMNS).add(map(batches.staged, MANY))
        heed.is_asked.set()
        heed()
    assert (database.say(SCRATCH), rows(database)) == ([], [])


def test_who_is_asked_to_end_between_two_statements_begins_no_other(
    tables: Tables, database: Database
) -> None:
    heed = Asks()
    refused = pytest.raises(Interrupted)
    with refused, planner(tables, database, heed=heed) as draft:
        stage(draft, [person(2, "ann")])
        heed.is_asked.set()
        draft.merge(5.0)

    assert keys(tables) == []
    assert (database.say(SCRATCH), rows(database)) == ([], [])


def test_a_merge_is_whole_or_not_at_all(tables: Tables, database: Database) -> None:
    def fails(*told: object) -> None:
        raise LedgerError("no blocks")

    refused = pytest.raises(LedgerError, match="no blocks")
    with refused, planner(tables, database, begin=fails) as draft:
        stage(draft, [person(2, "ann")])
        draft.remember("who", "ann")
        draft.merge(5.0)

    assert (keys(tables), PostgresReading(tables, 1).meta("who")) == ([], None)
    assert (database.say(SCRATCH), rows(database)) == ([], [])


# -- selecting


def test_a_selection_holds_for_whoever_opens_the_record_next(database: Database) -> None:
    """As one who joins does."""

    def limited(record: Record) -> None:
        plan(record, *(person(line, f"p{line}") for line in range(2, 8)))
        bring(record, "p2", Status.IN_DOUBT)
        with record.draft() as draft:
            draft.only([(f"p{line}",) for line in range(2, 7)])
            draft.resend()
            draft.limit(3)
            draft.merge(5.0)

    with opened_record(place_of(database)) as record:
        limited(record)
        told = [(one.totals(), one.left_over()) for one in (record.backlog(clock), record.backlog(clock))]
        assert told == [({Status.PENDING: 3}, 2)] * 2
        with record.draft() as draft:
            draft.only([])  # whom nobody names: not the same as everybody
            draft.merge(6.0)
        assert record.backlog(clock).totals() == {}


def test_columns_and_cells_with_a_nul_are_as_they_were(database: Database) -> None:
    columns = ("email", "na\0me\1")
    with opened_record(place_of(database)) as record, record.draft() as draft:
        staging = staged(draft, person(2, "ann", name="a\0\1b"), columns=columns)
        staging.settle()
        staging.finish(inputs="", recipients_digest="", content_digest="", started_at=1.0, completed_at=2.0)
        draft.merge()
        found = draft.reading.plan()
        assert found is not None
        assert found.columns == columns != COLUMNS
        assert [one.cells[1] for one in draft.reading.holders()] == ["a\0\1b"]
