"""The one writing thread: shared commits, and what happens when the disk is full."""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from sendbatch.errors import RecordStopped
from sendbatch.ledger.committer import Committer
from sendbatch.ledger.facts import Change, Noted, Retried
from sendbatch.ledger.sqlite.record import Ledger
from sendbatch.ledger.sqlite.schema import open_for_writing
from sendbatch.ledger.store import Backlog
from sendbatch.values import Status
from tests.kit.people import clock, entry, outcome_of, person, plan, statuses
from tests.kit.selecting import sending

HUGE = Noted("stopped", "x" * 1_000_000, 1.0)


class Counted:
    """The real queue; remembers how many changes each transaction had, and can be held up."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self.transactions: list[int] = []
        self.under_way = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def apply(self, changes: Sequence[Change]) -> None:
        self.under_way.set()
        assert self.go.wait(60)
        self.transactions.append(len(changes))
        self._backlog.apply(changes)

    def __getattr__(self, name: str) -> object:
        return getattr(self._backlog, name)


@pytest.fixture
def store(ledger: Ledger) -> Counted:
    return Counted(ledger.backlog(clock))


@pytest.fixture
def full(tmp_path: Path) -> Ledger:
    """A record whose disk has room for a little more and no more than that."""
    connection = open_for_writing(tmp_path / "full.sqlite")
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 20}")
    return Ledger(connection)


def note(number: int) -> Noted:
    return Noted("slowdown", str(number), float(number))


def test_changes_are_durable_once_awaited(ledger: Ledger, tmp_path: Path) -> None:
    plan(ledger, person(2, "ann"))
    changes = outcome_of(entry(ledger, "ann").id, Status.ACCEPTED)

    async def run() -> list[str]:
        committer = Committer(ledger.backlog(clock))
        await committer.commit(changes)
        with sqlite3.connect(tmp_path / "ledger.sqlite") as other:
            seen = other.execute("SELECT status FROM delivery").fetchall()
        other.close()
        await committer.close()
        return [status for (status,) in seen]

    assert asyncio.run(run()) == ["accepted"]


def test_all_who_are_ready_while_one_commit_is_under_way_share_the_next(
    store: Counted, ledger: Ledger
) -> None:
    async def run() -> None:
        committer = Committer(store)
        store.go.clear()
        waiting = [committer.commit([note(0)])]
        assert await asyncio.to_thread(store.under_way.wait, 10)
        waiting += [committer.commit([note(number)]) for number in range(1, 50)]
        await asyncio.sleep(0)
        assert not any(future.done() for future in waiting)
        store.go.set()
        await asyncio.gather(*waiting)
        await committer.close()

    asyncio.run(run())

    assert store.transactions[:2] == [1, 49]
    assert [e.detail for e in ledger.reading.events()] == [str(n) for n in range(50)]


def test_a_commit_alone_does_not_wait_for_company(store: Counted) -> None:
    async def run() -> None:
        committer = Committer(store)
        for number in range(3):
            await committer.commit([note(number)])
        await committer.close()

    asyncio.run(run())

    assert store.transactions[:3] == [1, 1, 1]


def test_one_who_no_longer_waits_takes_nobody_elses_commit_away(
    store: Counted, ledger: Ledger
) -> None:
    async def run() -> None:
        committer = Committer(store)
        store.go.clear()
        first, second, third = (committer.commit([note(number)]) for number in range(3))
        second.cancel()
        store.go.set()
        await asyncio.gather(first, third)
        await committer.close()

    asyncio.run(run())

    assert len(ledger.reading.events()) == 3


def test_a_note_and_all_that_is_queued_are_written_before_the_end(
    store: Counted, ledger: Ledger
) -> None:
    async def run() -> None:
        committer = Committer(store)
        committer.note("slowdown", "half the rate", 5.0)
        unawaited = committer.commit([note(1)])
        await committer.close()
        assert unawaited.done()

    asyncio.run(run())

    assert [e.detail for e in ledger.reading.events()] == ["half the rate", "1"]


def test_a_flush_returns_once_everything_before_it_is_durable(
    store: Counted, ledger: Ledger
) -> None:
    async def run() -> None:
        committer = Committer(store)
        for number in range(5):
            committer.note("slowdown", str(number), 1.0)
        await committer.flush()
        assert len(ledger.reading.events()) == 5
        await committer.close()

    asyncio.run(run())


def test_the_stores_methods_run_on_the_writing_thread(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"))

    async def run() -> tuple[str, str]:
        committer = Committer(ledger.backlog(clock))
        (found,) = await committer.call(sending(ledger).next_new, 0, limit=5)
        where = await committer.call(lambda: threading.current_thread().name)
        await committer.close()
        return found.key, where

    key, where = asyncio.run(run())

    assert key == "ann"
    assert where.startswith("record")


def test_a_full_disk_reaches_every_waiter_and_changes_nothing(full: Ledger) -> None:
    plan(full, *(person(line, f"p{line}") for line in range(2, 12)))
    ids = [one.id for one in full.reading.entries()]
    before = statuses(full)

    async def run() -> list[object]:
        committer = Committer(full.backlog(clock))
        waiting = [committer.commit(outcome_of(id_, Status.SENDING)) for id_ in ids]
        waiting.append(committer.commit([HUGE]))
        said = await asyncio.gather(*waiting, return_exceptions=True)
        await committer.close()
        return said

    said = asyncio.run(run())

    assert len(said) == 11
    assert all(isinstance(error, RecordStopped) for error in said)
    assert "the record can no longer be written: database or disk is full" in str(said[0])
    assert "make room and run again" in str(said[0])
    assert statuses(full) == before
    full.close()


def test_after_a_full_disk_the_record_is_read_and_written_no_more(full: Ledger) -> None:
    plan(full, person(2, "ann"))

    async def run() -> None:
        committer = Committer(full.backlog(clock))
        with pytest.raises(RecordStopped):
            await committer.commit([HUGE])
        assert [one.key for one in await committer.call(sending(full).next_new, 0, 5)] == ["ann"]
        with pytest.raises(RecordStopped):
            await committer.commit([note(1)])  # there would be room for it
        await committer.close()

    asyncio.run(run())

    assert full.reading.events() == []
    full.close()


def test_an_error_of_a_call_reaches_who_called_and_nobody_else(ledger: Ledger) -> None:
    async def run() -> None:
        committer = Committer(ledger.backlog(clock))
        with pytest.raises(AssertionError):
            await committer.call(sending(ledger).retry, [Retried(Status.ACCEPTED)], 1.0)
        await committer.commit([note(1)])
        await committer.close()

    asyncio.run(run())

    assert len(ledger.reading.events()) == 1


def test_notes_that_could_not_be_written_are_no_noise_at_the_end(
    full: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        committer = Committer(full.backlog(clock))
        committer.note("slowdown", "first", 1.0)
        committer.note(HUGE.kind, HUGE.detail, HUGE.at)  # shares its commit with the last one
        await committer.close()

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        asyncio.run(run())
        gc.collect()

    assert caplog.records == []
    full.close()
