"""The committer of a store that waits: one transaction after the other, in a thread, and what gathers
meanwhile is the next."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence

import pytest

from sendbatch.errors import RecordLost, RecordStopped
from sendbatch.ledger.aside import Aside, committer_of
from sendbatch.ledger.committer import Committer, NotHeld
from sendbatch.ledger.facts import Change, Intent, Noted, Released
from sendbatch.runtime.clock import SystemClock

PATIENCE = 60.0


class Slow:
    """A store whose transactions end when they are let go: `begun` says that one is under way."""

    waits = True

    def __init__(self) -> None:
        self.applied: list[list[Change]] = []
        self.begun = threading.Semaphore(0)
        self.may = threading.Semaphore(0)
        self.unheld: set[int] = set()
        self.raises: BaseException | None = None
        self.tidies_with: Exception | None = None
        self.threads: set[int] = set()

    def apply(self, changes: Sequence[Change]) -> Collection[int]:
        self.threads.add(threading.get_ident())
        self.begun.release()
        assert self.may.acquire(timeout=PATIENCE)
        raised, self.raises = self.raises, None
        if raised is not None:
            raise raised
        self.applied.append(list(changes))
        return {one.id for one in changes if isinstance(one, Intent)} & self.unheld

    def tidy(self) -> None:
        if self.tidies_with is not None:
            raise self.tidies_with

    async def is_at_it(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=PATIENCE)


def note(number: int) -> Noted:
    return Noted("slowdown", str(number), float(number))


def intent(id_: int) -> Intent:
    return Intent(id_, "digest", 1.0, 1.0)


class Heard(list[object]):
    """What was told, and by whom."""

    def by(self, name: str) -> Callable[[BaseException | None], None]:
        return lambda error: self.append(name if error is None else error)


async def until(said: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not said():
            await asyncio.sleep(0.001)


def run(store: Slow, work: Callable[[Aside, Heard], Awaitable[object]]) -> Aside:
    async def within() -> Aside:
        committer = committer_of(store, SystemClock())
        assert isinstance(committer, Aside)
        await work(committer, Heard())
        await committer.close()
        return committer

    try:
        return asyncio.run(within())
    finally:
        for _ in range(50):  # a thread that was left to itself
            store.may.release()


def test_a_store_on_this_machine_is_written_on_the_loop() -> None:
    class Here:
        waits = False

    async def made() -> Committer:
        return committer_of(Here(), SystemClock())

    assert type(asyncio.run(made())) is Committer


def test_what_comes_while_one_is_under_way_is_one_transaction_and_all_are_told_in_order() -> None:
    store = Slow()

    async def work(committer: Aside, heard: Heard) -> None:
        committer.write([note(0)], heard.by("told 0"))
        await store.is_at_it()
        for number in range(1, 30):
            committer.write([note(number)], heard.by(f"told {number}"))
            await asyncio.sleep(0)
        assert heard == []
        store.may.release()
        await store.is_at_it()
        await until(lambda: heard == ["told 0"])
        store.may.release()
        await until(lambda: len(heard) == 30)
        assert heard == [f"told {number}" for number in range(30)]

    run(store, work)
    assert store.applied == [[note(0)], [note(number) for number in range(1, 30)]]
    assert len(store.threads) == 1
    assert threading.get_ident() not in store.threads


def test_whose_intent_does_not_hold_is_told_so_and_the_others_go() -> None:
    store = Slow()
    store.unheld = {2}
    lost: list[Collection[int]] = []

    async def work(committer: Aside, heard: Heard) -> None:
        committer.lost = lambda ids: lost.append(set(ids))
        for id_ in (1, 2, 3):
            committer.write([note(id_), intent(id_)], heard.by(f"told {id_}"))
        committer.write([Released(2)], heard.by("told of the end"))
        store.may.release()
        await until(lambda: len(heard) == 4)
        assert heard[0::2] == ["told 1", "told 3"]
        assert isinstance(heard[1], NotHeld)
        assert heard[3] == "told of the end"

    run(store, work)
    assert lost == [{2}]


def test_a_flush_waits_for_what_is_under_way_and_what_has_gathered() -> None:
    store = Slow()

    async def work(committer: Aside, heard: Heard) -> None:
        committer.write([note(1)], heard.by("first"))
        await store.is_at_it()
        committer.note("slowdown", "2", 2.0)
        flushing = asyncio.ensure_future(committer.flush())
        await asyncio.sleep(0.01)
        assert not flushing.done()
        store.may.release()
        await store.is_at_it()
        assert not flushing.done()
        store.may.release()
        await flushing
        await committer.flush()  # there is nothing any more

    run(store, work)
    assert store.applied == [[note(1)], [note(2)]]


def test_once_one_has_failed_nothing_more_is_written_and_it_is_known_what_was_not() -> None:
    store = Slow()
    failed: list[BaseException] = []

    async def work(committer: Aside, heard: Heard) -> None:
        committer.failed = failed.append
        store.raises = RecordStopped("gone")
        committer.write([note(1)], heard.by("first"))
        await store.is_at_it()
        committer.write([note(2)], heard.by("second"))
        store.may.release()
        await until(lambda: len(heard) == 2)
        assert [str(error) for error in heard] == ["error: gone"] * 2
        with pytest.raises(RecordStopped):
            await committer.flush()
        committer.note("slowdown", "3", 3.0)

    committer = run(store, work)
    assert store.applied == []
    assert committer.unwritten == [note(1), note(2), note(3)]
    assert [str(error) for error in failed] == ["error: gone"]


def test_a_record_that_was_lost_takes_what_had_begun() -> None:
    store = Slow()

    async def work(committer: Aside, heard: Heard) -> None:
        store.raises = RecordLost("another has it")
        committer.write([note(1)], heard.by("first"))
        store.may.release()
        await until(lambda: len(heard) == 1)
        store.may.release()
        committer.write([note(2)])

    committer = run(store, work)
    assert store.applied == [[note(2)]]
    assert not committer.is_broken


def test_given_up_everybody_is_told_at_once_and_the_thread_is_left_to_itself() -> None:
    store = Slow()

    async def work(committer: Aside, heard: Heard) -> None:
        committer.write([intent(1)], heard.by("first"))
        await store.is_at_it()
        committer.write([note(2)], heard.by("second"))
        flushing = asyncio.ensure_future(committer.flush())
        await asyncio.sleep(0)
        committer.give_up(RecordStopped("enough"))
        await until(lambda: len(heard) == 2)
        assert [str(error) for error in heard] == ["error: enough"] * 2
        with pytest.raises(RecordStopped):
            await flushing

    committer = run(store, work)
    assert committer.unwritten == [intent(1), note(2)]


def test_a_store_that_cannot_tidy_up_is_written_no_more() -> None:
    store = Slow()
    failed: list[BaseException] = []

    async def work(committer: Aside, heard: Heard) -> None:
        committer.failed = failed.append
        store.tidies_with = RecordStopped("gone")
        committer.write([note(1)], heard.by("first"))
        store.may.release()
        await until(lambda: bool(failed))
        committer.write([note(2)], heard.by("second"))
        await until(lambda: len(heard) == 2)

    run(store, work)
    assert store.applied == [[note(1)]]


def test_the_end_waits_for_the_last_transaction() -> None:
    store = Slow()
    heard = Heard()

    async def work(committer: Aside, _: Heard) -> None:
        committer.write([note(1)], heard.by("first"))
        await store.is_at_it()
        committer.note("stopped", "2", 2.0)
        asyncio.get_running_loop().call_later(0.01, store.may.release, 2)

    run(store, work)
    assert [len(changes) for changes in store.applied] == [1, 1]
    assert heard == ["first"]
