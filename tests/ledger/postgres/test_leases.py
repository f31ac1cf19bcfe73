"""Where paces stand in a real database: whatever comes at the same time, nobody gets a slot twice."""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg
import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.brief import Brief
from sendbatch.ledger.postgres.leases import PostgresLeases
from tests.kit.pooler import pooled
from tests.kit.postgres import Database, Postgres
from tests.kit.waiting import until

STRETCH, AHEAD, FURTHEST = 0.3, 0.5, 61.0  # seconds


def leases(briefs: list[Brief], account: str) -> list[PostgresLeases]:
    return [PostgresLeases(brief, account, f"runner {n}") for n, brief in enumerate(briefs)]


def test_one_alone_gets_a_stretch_and_then_the_next_one(briefs: list[Brief], account: str) -> None:
    one = leases(briefs, account)[0]
    assert one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)[0] == 30
    number, within, parts = one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)
    assert (number, parts) == (30, 1)
    assert 0.2 < within <= 0.3


def test_who_asks_beside_others_gets_a_part(briefs: list[Brief], account: str) -> None:
    runners = leases(briefs, account)
    found = [one.lease("pace", 0.01, STRETCH, 1.0, FURTHEST) for one in runners]
    assert [(number, parts) for number, _, parts in found] == [(30, 1), (15, 2), (10, 3), (7, 4)]
    assert runners[0].lease("another", 0.01, STRETCH, AHEAD, FURTHEST)[::2] == (30, 1)


def test_a_slot_too_far_away_is_not_leased_and_it_is_told_when_to_ask_again(
    briefs: list[Brief], account: str
) -> None:
    one, other, *_ = leases(briefs, account)
    assert one.lease("pace", 60.0, STRETCH, AHEAD, FURTHEST)[:2] == (1, 0.0)
    number, within, _ = other.lease("pace", 60.0, STRETCH, AHEAD, FURTHEST)
    assert number == 0
    assert 59.0 < within <= 60.0 - AHEAD


def test_at_the_same_time_slots_are_leased_once_each(
    briefs: list[Brief], account: str, lasting: Database
) -> None:
    interval, ends = 0.001, time.monotonic() + 1.0
    taken = [0] * len(briefs)

    def ask(number: int, one: PostgresLeases) -> None:
        while time.monotonic() < ends:
            taken[number] += one.lease("pace", interval, 0.02, 0.1, FURTHEST)[0]

    began = time.monotonic()
    threads = [
        threading.Thread(target=ask, args=each) for each in enumerate(leases(briefs, account))
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    elapsed = time.monotonic() - began
    with psycopg.connect(lasting.url) as connection:
        found = connection.execute(
            "SELECT taken FROM sendbatch.lease WHERE account = %s", (account,)
        ).fetchone()
    assert found is not None
    assert found[0] == sum(taken)
    assert sum(taken) * interval <= elapsed + 0.1 + 0.02
    assert all(taken)


@pytest.mark.thorough
def test_through_a_pooler_that_gives_each_transaction_another_session(
    postgres: Postgres, lasting: Database, account: str
) -> None:
    with pooled(postgres) as pooler:
        brief = Brief(address_of(lasting.through(pooler.port)))
        one = PostgresLeases(brief, account, "runner")
        assert [one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)[0] for _ in range(2)] == [30, 30]
        brief.close()


@pytest.mark.thorough
def test_where_the_database_is_away_it_is_said_at_once_and_it_goes_on_once_it_is_back(
    postgres: Postgres, briefs: list[Brief], account: str
) -> None:
    one = leases(briefs, account)[0]
    one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)
    postgres.kill()
    with pytest.raises(LedgerError, match="what runs have of the account"):
        one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)
    postgres.start()
    assert one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)[0] == 30


@pytest.mark.parametrize("at", ["1e12", "'NaN'", "'Infinity'", "'-Infinity'", "-5", "3600 + {now}"])
def test_a_pace_that_somebody_or_a_wrong_clock_has_set_far_ahead_stands_at_now(
    briefs: list[Brief], account: str, lasting: Database, at: str
) -> None:
    one = leases(briefs, account)[0]
    one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)
    now = "extract(epoch FROM clock_timestamp())::float8"
    with psycopg.connect(lasting.url) as connection:
        connection.execute(
            f"UPDATE sendbatch.lease SET taken = 9223372036854775807, at = {at.format(now=now)} "
            f"WHERE account = '{account}'"
        )
    assert one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST) == (30, 0.0, 1)
    assert one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)[0] == 30


@pytest.mark.thorough
def test_while_one_thread_waits_for_a_database_that_is_silent_another_is_told_so(
    postgres: Postgres, briefs: list[Brief], account: str
) -> None:
    one = leases(briefs, account)[0]
    one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)

    def wait() -> None:
        with contextlib.suppress(LedgerError):
            one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)

    with postgres.paused():
        waiting = threading.Thread(target=wait)
        waiting.start()
        until(lambda: briefs[0]._lock.locked(), "the first one asks")
        with pytest.raises(LedgerError, match="does not answer"):
            one.lease("pace", 0.01, STRETCH, AHEAD, FURTHEST)
    waiting.join()
