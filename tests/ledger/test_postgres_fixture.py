"""What the tests' own PostgreSQL does to a client is what a real one does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import errors

from tests.kit.machines import Machine, machine
from tests.kit.pooler import pooled
from tests.kit.postgres import Database, Postgres, cramped, fill
from tests.kit.relay import COMMITTED, Relay


def connected(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=20)


def test_it_synchronises_and_a_database_is_empty_and_its_owners(database: Database) -> None:
    with connected(database.url) as session:
        assert session.execute("SHOW fsync").fetchall() == [("on",)]
        assert session.execute("SHOW full_page_writes").fetchall() == [("on",)]
        session.execute("CREATE SCHEMA sendbatch")
    with connected(database.strangers_url) as session, pytest.raises(errors.InsufficientPrivilege):
        session.execute("CREATE SCHEMA another")


def test_a_wrong_password_is_refused(database: Database) -> None:
    wrong = database.url.replace(database.server.passwords["owner"], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(wrong)


@pytest.mark.parametrize("how", [Postgres.kill, Postgres.stop, Postgres.crash])
def test_what_was_committed_is_there_after_its_end(
    how: Callable[[Postgres], None], database: Database
) -> None:
    database.say("CREATE TABLE kept (n integer)")
    with connected(database.url) as session:
        database.say("INSERT INTO kept VALUES (1)")
        how(database.server)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        connected(database.url)
    database.server.start()
    assert database.say("SELECT n FROM kept") == [(1,)]


def test_it_is_read_only_and_then_no_more(database: Database) -> None:
    refused = pytest.raises(errors.ReadOnlySqlTransaction)
    with database.read_only(), connected(database.url) as session, refused:
        session.execute("CREATE SCHEMA sendbatch")
    with connected(database.url) as session:
        session.execute("CREATE SCHEMA sendbatch")


def test_it_has_too_many_connections_and_then_no_more(database: Database) -> None:
    with database.crowded(), pytest.raises(psycopg.OperationalError, match="too many connections"):
        connected(database.url)
    connected(database.url).close()


def test_its_disk_is_full_and_then_no_more(postgres: Postgres) -> None:
    much = "INSERT INTO wide SELECT repeat('x', 1000) FROM generate_series(1, 1000)"
    with cramped(postgres) as (small, ballast), connected(small.url) as session:
        session.execute("CREATE TABLE wide (text text)")
        fill(ballast)
        with pytest.raises(errors.DiskFull):
            session.execute(much)
        ballast.unlink()
        session.execute(much)


def test_a_pooler_gives_one_session_to_many(database: Database) -> None:
    with pooled(database.server, sessions=1) as pooler:
        url = database.through(pooler.port)
        with connected(url) as one, connected(url) as other:
            (mine,), (its,) = (s.execute("SELECT pg_backend_pid()").fetchone() for s in (one, other))
            assert mine == its
        with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
            connected(url + "?options=-c%20search_path%3Dsendbatch")


@pytest.mark.thorough
def test_a_replica_takes_over_with_what_was_committed(database: Database) -> None:
    with database.server.replica(synchronous=True) as replica:
        database.say("SET synchronous_commit = remote_apply; CREATE TABLE kept AS SELECT 1 AS n")
        elsewhere = Database(replica, database.name)
        with connected(elsewhere.url) as session, pytest.raises(errors.ReadOnlySqlTransaction):
            session.execute("DELETE FROM kept")
        database.server.kill()
        replica.promote()
        assert elsewhere.say("DELETE FROM kept RETURNING n") == [(1,)]


def test_the_answer_to_a_commit_is_lost_and_the_commit_is_not(database: Database) -> None:
    database.say("CREATE TABLE kept (n integer)", "GRANT ALL ON kept TO owner")
    with Relay(database.server.port) as relay, connected(database.through(relay.port)) as session:
        relay.lose(COMMITTED, nth=2)
        session.execute("BEGIN; INSERT INTO kept VALUES (1); COMMIT")
        with pytest.raises(psycopg.OperationalError):
            session.execute("BEGIN; INSERT INTO kept VALUES (2); COMMIT")
        assert relay.lost.is_set()
        assert database.say("SELECT n FROM kept") == [(1,), (2,)]


@pytest.mark.thorough
def test_a_relay_is_cut_and_mended_or_says_nothing(database: Database) -> None:
    with Relay(database.server.port) as relay:
        url = database.through(relay.port)
        with connected(url) as session:
            relay.cut()
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
            with pytest.raises(psycopg.OperationalError):
                connected(url)
        relay.mend()
        relay.stall()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(url, connect_timeout=2)
        relay.mend()
        with connected(url) as session:
            assert session.execute("SELECT 1").fetchall() == [(1,)]


@pytest.fixture
def other() -> Iterator[Machine]:
    with machine("otherhost") as made:
        yield made


def test_another_machine_has_another_name_and_address(database: Database, other: Machine) -> None:
    with Relay(database.server.port, host=other.here) as relay:
        url = urlsplit(database.through(relay.port))
        url = url._replace(netloc=url.netloc.replace("127.0.0.1", other.here))
        script = (
            "import socket, sys, psycopg\n"
            "with psycopg.connect(sys.stdin.read()) as session:\n"
            "    peer = session.fileno()\n"
            "    print(socket.gethostname(), socket.socket(fileno=peer).getsockname()[0])"
        )
        assert other.said(script, url.geturl()) == f"otherhost {other.there}"


def test_a_clock_an_hour_off() -> None:
    with machine("late", clock=3600) as late:
        script = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp())"
        for told in late.said(script).split():
            assert 3590 < float(told) - time.time() < 3700
