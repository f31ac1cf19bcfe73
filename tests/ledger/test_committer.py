"""One synchronised transaction for each turn of the loop, and what happens when the disk is full."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import uvloop

from sendbatch.errors import RecordLost, RecordStopped
from sendbatch.ledger.committer import LOOKS, MOMENT, Committer
from sendbatch.ledger.facts import Change, Noted
from sendbatch.ledger.sqlite.record import Ledger
from sendbatch.ledger.sqlite.schema import open_for_writing
from sendbatch.ledger.store import Backlog
from sendbatch.values import Status
from tests.kit.clock import LeapingLoop, leap_with
from tests.kit.people import clock, entry, outcome_of, person, plan, statuses

HUGE = Noted("stopped", "x" * 1_000_000, 1.0)


class Watched:
    """The real queue; `done` is what was asked of it and told, in order."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self.done: list[object] = []
        self.raises: BaseException | None = None  # before the next transaction
        self.meanwhile: Callable[[], object] = lambda: None  # happens while one is synchronised
        self.tidies_with: Exception | None = None

    def apply(self, changes: Sequence[Change]) -> None:
        raised, self.raises = self.raises, None
        if raised is not None:
            raise raised
        self._backlog.apply(changes)
        self.meanwhile()
        self.done.append(len(changes))

    def tidy(self) -> None:
        self.done.append("tidied")
        if self.tidies_with is not None:
            raise self.tidies_with

    def told(self, name: str) -> Callable[[BaseException | None], None]:
        return lambda error: self.done.append(name if error is None else error)

    def __getattr__(self, name: str) -> object:
        return getattr(self._backlog, name)


@pytest.fixture
def store(ledger: Ledger) -> Watched:
    return Watched(ledger.backlog(clock))


@pytest.fixture
def full(tmp_path: Path) -> Ledger:
    """A record whose disk has room for a little more and no more than that."""
    connection = open_for_writing(tmp_path / "full.sqlite")
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 20}")
    return Ledger(connection)


def note(number: int) -> Noted:
    return Noted("slowdown", str(number), float(number))


async def turn() -> None:
    """Until all that is due in this turn of the loop, and what follows it, has been done."""
    for _ in range(LOOKS + 5):
        await asyncio.sleep(0)


def run(
    backlog: Backlog,
    work: Callable[[Committer], Awaitable[object]],
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    async def within() -> None:
        committer = Committer(backlog)
        await work(committer)
        await committer.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(within())


def noted(ledger: Ledger) -> list[str]:
    return [event.detail for event in ledger.reading.events()]


def test_changes_are_durable_once_they_are_told_to_be(ledger: Ledger, tmp_path: Path) -> None:
    plan(ledger, person(2, "ann"))
    id_ = entry(ledger, "ann").id
    seen: list[int] = []

    def look(error: BaseException | None) -> None:
        assert error is None
        with sqlite3.connect(tmp_path / "ledger.sqlite") as other:
            seen.extend(n for (n,) in other.execute("SELECT count(*) FROM event"))
        other.close()

    async def work(committer: Committer) -> None:
        committer.write([*outcome_of(id_, Status.ACCEPTED), note(1)], look)
        assert seen == []
        await turn()

    run(ledger.backlog(clock), work)

    assert seen == [1]
    assert statuses(ledger) == [("ann", Status.ACCEPTED)]


def test_all_that_a_turn_brings_is_one_transaction_and_all_are_told_in_order(
    store: Watched, ledger: Ledger
) -> None:
    async def work(committer: Committer) -> None:
        for number in range(50):
            committer.write([note(number)], store.told(f"told {number}"))
        committer.note("slowdown", "half the rate", 1.0)
        assert store.done == []
        await turn()

    run(store, work)

    assert store.done == [51, *(f"told {number}" for number in range(50)), "tidied"]
    assert noted(ledger)[:50] == [str(number) for number in range(50)]


def test_what_nobody_waits_for_shares_the_next_commit_that_somebody_does(store: Watched) -> None:
    async def work(committer: Committer) -> None:
        committer.write([note(1)])
        committer.note("slowdown", "half the rate", 1.0)
        await turn()
        committer.write([note(2)], store.told("told"))
        await turn()

    run(store, work)

    assert store.done == [3, "told", "tidied"]


def test_what_nobody_waits_for_is_durable_in_a_moment_by_itself(store: Watched) -> None:
    assert MOMENT < 0.1  # as is promised

    async def work(loop: LeapingLoop) -> None:
        committer = Committer(store)
        committer.write([note(1)])
        committer.write([note(2)])
        await turn()
        assert store.done == []
        loop.ahead += MOMENT
        await turn()
        assert store.done == [2, "tidied"]
        committer.write([note(3)])
        loop.ahead += MOMENT
        await turn()
        assert store.done == [2, "tidied", 1, "tidied"]
        await committer.close()

    leap_with(work)


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_what_is_written_by_who_was_told_has_left_before_the_next_commit(
    store: Watched, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def work(committer: Committer) -> None:
        here, there = socket.socketpair()
        there.setblocking(False)

        class Other(asyncio.Protocol):
            """Another connection, which is answered while the first commit is synchronised."""

            def data_received(self, data: bytes) -> None:
                store.meanwhile = lambda: store.done.append(there.recv(9))
                committer.write([note(2)], store.told("told"))

        transport, _ = await asyncio.get_running_loop().create_connection(Other, sock=here)
        store.meanwhile = partial(there.send, b"250")
        committer.write([note(1)], lambda _: transport.write(b"."))
        await turn()
        await turn()
        transport.close()
        there.close()

    run(store, work, loop)

    assert [what for what in store.done if what != "tidied"] == [1, b".", 1, "told"]


def test_who_is_answered_a_moment_later_shares_the_commit(store: Watched) -> None:
    async def work(committer: Committer) -> None:
        committer.write([note(1)], store.told("told"))
        await asyncio.sleep(0)
        committer.write([note(2)], store.told("told as well"))
        await turn()

    run(store, work)

    assert store.done == [2, "told", "told as well", "tidied"]


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_nobody_is_told_before_what_came_in_during_the_commit_was_read(
    store: Watched, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def work(committer: Committer) -> None:
        here, there = socket.socketpair()
        asyncio.get_running_loop().add_reader(here, lambda: store.done.append(here.recv(9)))
        store.meanwhile = partial(there.send, b"421")
        committer.write([note(1)], store.told("told"))
        await turn()
        asyncio.get_running_loop().remove_reader(here)
        for end in (here, there):
            end.close()

    run(store, work, loop)

    assert store.done == [1, b"421", "told", "tidied"]


def test_whose_intent_is_durable_is_held_back_where_the_record_fails_before_it_leaves(
    store: Watched,
) -> None:
    async def work(committer: Committer) -> None:
        def the_disk_fails() -> None:
            store.raises = RecordStopped("full")
            committer.write([note(2)], store.told("second"))
            with suppress(RecordStopped):
                committer.flush().send(None)  # within this callback

        store.meanwhile = partial(asyncio.get_running_loop().call_soon, the_disk_fails)
        committer.write([note(1)], store.told("first"))
        await turn()

    run(store, work)

    assert store.done[0] == 1
    assert list(map(type, store.done[1:3])) == [RecordStopped, RecordStopped]


def test_a_change_alone_does_not_wait_for_company(store: Watched) -> None:
    async def work(committer: Committer) -> None:
        for number in range(3):
            committer.write([note(number)], store.told("told"))
            await turn()

    run(store, work)

    assert store.done == [1, "told", "tidied"] * 3


def test_what_is_written_by_who_was_told_is_in_the_next_transaction(store: Watched) -> None:
    async def work(committer: Committer) -> None:
        def again(error: BaseException | None) -> None:
            committer.write([note(3)], store.told("again"))

        committer.write([note(1)], again)
        committer.write([note(2)], store.told("told"))
        await turn()
        await turn()

    run(store, work)

    assert [what for what in store.done if what != "tidied"] == [2, "told", 1, "again"]


def test_what_nobody_waits_for_is_done_after_all_were_told(store: Watched) -> None:
    async def work(committer: Committer) -> None:
        committer.between = partial(store.done.append, "composed")
        committer.write([note(1)], store.told("told"))
        committer.write([note(2)], store.told("told as well"))
        await turn()
        committer.write([note(3)])

    run(store, work)

    assert store.done == [2, "told", "told as well", "composed", "tidied", 1]


def test_an_error_of_one_who_was_told_keeps_it_from_nobody_else_and_ends_the_run(
    store: Watched, ledger: Ledger
) -> None:
    wrong = ValueError("wrong")
    heard: list[BaseException] = []

    def fail(_: BaseException | None) -> None:
        raise wrong

    async def work(committer: Committer) -> None:
        committer.failed = heard.append
        committer.write([note(1)], fail)
        committer.write([note(2)], store.told("told"))
        await turn()
        committer.note("stopped", "because of it", 1.0)

    run(store, work)

    assert store.done == [2, "told", "tidied", 1]
    assert heard == [wrong]
    assert noted(ledger) == ["1", "2", "because of it"]


def test_an_error_of_what_is_done_between_two_turns_ends_the_run(store: Watched) -> None:
    wrong = ValueError("wrong")
    heard: list[BaseException] = []

    def fail() -> None:
        raise wrong

    async def work(committer: Committer) -> None:
        committer.failed, committer.between = heard.append, fail
        committer.write([note(1)], store.told("told"))
        await turn()
        assert heard == [wrong]
        committer.write([note(2)], store.told("told"))

    run(store, work)

    assert store.done == [1, "told", 1, "told"]


def test_an_interrupt_in_the_middle_of_a_commit_is_told_and_ends_the_loop(
    store: Watched, ledger: Ledger
) -> None:
    async def work(committer: Committer) -> None:
        committer.write([note(1)], store.told("told"))
        await turn()
        store.raises = KeyboardInterrupt()
        committer.write([note(2)], store.told("told"))
        try:
            await turn()
        finally:
            committer.write([note(3)], store.told("told"))
            await committer.close()

    with pytest.raises(KeyboardInterrupt):
        run(store, work)

    assert store.done[:3] == [1, "told", "tidied"]
    assert list(map(type, store.done[3:])) == [RecordStopped, RecordStopped]
    assert noted(ledger) == ["1"]


def test_all_that_has_gathered_is_written_before_the_end_and_nothing_is_done_after_it(
    store: Watched, ledger: Ledger
) -> None:
    async def within() -> None:
        committer = Committer(store)
        committer.between = partial(store.done.append, "composed")
        committer.note("slowdown", "half the rate", 5.0)
        committer.write([note(1)], store.told("told"))
        await committer.close()
        await turn()

    asyncio.run(within())

    assert store.done == [2, "told"]
    assert noted(ledger) == ["half the rate", "1"]


def test_a_flush_makes_durable_what_has_gathered_at_once(store: Watched, ledger: Ledger) -> None:
    async def work(committer: Committer) -> None:
        for number in range(5):
            committer.note("slowdown", str(number), 1.0)
        await committer.flush()
        assert len(noted(ledger)) == 5
        await committer.flush()
        await turn()

    run(store, work)

    assert store.done == [5, "tidied"]


def test_a_full_disk_reaches_everyone_and_changes_nothing(full: Ledger) -> None:
    plan(full, *(person(line, f"p{line}") for line in range(2, 12)))
    ids = [one.id for one in full.reading.entries()]
    before = statuses(full)
    said: list[BaseException | None] = []
    heard: list[BaseException] = []

    async def work(committer: Committer) -> None:
        committer.failed = heard.append
        for id_ in ids:
            committer.write(outcome_of(id_, Status.SENDING), said.append)
        committer.write([HUGE], said.append)
        with pytest.raises(RecordStopped):
            await committer.flush()

    run(full.backlog(clock), work)

    assert len(said) == 11
    assert all(isinstance(error, RecordStopped) for error in said)
    assert "the record can no longer be written: database or disk is full" in str(said[0])
    assert "make room and run again" in str(said[0])
    assert set(heard) == set(said)
    assert statuses(full) == before
    full.close()


def test_after_a_full_disk_nothing_more_is_written(full: Ledger) -> None:
    plan(full, person(2, "ann"))
    said: list[BaseException | None] = []
    backlog = full.backlog(clock)

    async def work(committer: Committer) -> None:
        committer.write([HUGE], said.append)
        await turn()
        committer.write([note(1)], said.append)  # there would be room for it
        await turn()
        with pytest.raises(RecordStopped):
            await committer.flush()

    run(backlog, work)

    assert len(said) == 2
    assert all(isinstance(error, RecordStopped) for error in said)
    assert [one.key for one in backlog.claim_new(0, 5)] == ["ann"]
    assert full.reading.events() == []
    full.close()


def test_a_record_that_was_lost_is_told_of_what_had_begun(store: Watched) -> None:
    async def work(committer: Committer) -> None:
        store.raises = RecordLost("another has it")
        committer.write([note(1)], store.told("told"))
        await turn()
        committer.write([note(2)])
        await turn()

    run(store, work)

    assert isinstance(store.done[0], RecordLost)
    assert store.done[1:] == [1]


def test_where_the_store_cannot_tidy_up_nothing_more_is_written(
    store: Watched, ledger: Ledger
) -> None:
    stopped = RecordStopped("the disk is full")
    heard: list[BaseException] = []

    async def work(committer: Committer) -> None:
        store.tidies_with = stopped
        committer.failed = heard.append
        committer.write([note(1)], store.told("told"))
        await turn()
        committer.write([note(2)], store.told("told"))

    run(store, work)

    assert store.done == [1, "told", "tidied", stopped]
    assert set(heard) == {stopped}
    assert noted(ledger) == ["1"]


def test_notes_that_could_not_be_written_are_no_noise_at_the_end(
    full: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(committer: Committer) -> None:
        committer.note("slowdown", "first", 1.0)
        committer.note(HUGE.kind, HUGE.detail, HUGE.at)  # shares its commit with the last one

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        run(full.backlog(clock), work)
        gc.collect()

    assert caplog.records == []
    full.close()
