"""Asking a run to end, from anywhere."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sendbatch.errors import Interrupted
from sendbatch.runtime.stop import Stop


def test_the_first_reason_is_the_one_that_is_shown() -> None:
    stop = Stop()
    stop.soon("the disk is nearly full")
    stop.now("interrupted")
    assert stop.reason == "the disk is nearly full"


def test_now_is_also_soon_and_soon_is_not_now() -> None:
    stop = Stop()
    assert (stop.is_soon, stop.is_now) == (False, False)
    stop.soon()
    assert (stop.is_soon, stop.is_now) == (True, False)
    stop.now()
    assert (stop.is_soon, stop.is_now) == (True, True)


def test_asked_from_another_thread_the_loop_hears_it() -> None:
    stop = Stop()

    async def listens() -> None:
        soon, now = asyncio.Event(), asyncio.Event()
        stop.bind(soon, now)
        thread = threading.Thread(target=stop.soon)
        thread.start()
        await asyncio.wait_for(soon.wait(), 60)
        assert not now.is_set()
        stop.now()
        await asyncio.wait_for(now.wait(), 60)
        thread.join()
        stop.unbind()

    asyncio.run(listens())
    stop.now()  # after the loop has gone


def test_asked_before_there_was_a_loop_it_is_heard_at_once() -> None:
    stop = Stop()
    stop.now()

    async def listens() -> None:
        soon, now = asyncio.Event(), asyncio.Event()
        stop.bind(soon, now)
        await asyncio.wait_for(asyncio.gather(soon.wait(), now.wait()), 60)
        stop.unbind()

    asyncio.run(listens())


def test_who_goes_through_many_hears_it_in_the_middle() -> None:
    stop = Stop()
    many = stop.heeding(range(9))
    assert [next(many), next(many)] == [0, 1]
    stop.soon("Ctrl-C")
    with pytest.raises(Interrupted, match="Ctrl-C"):
        next(many)
