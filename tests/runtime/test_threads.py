"""Threads that nobody waits for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from sendbatch.runtime.threads import OneThread, aside, in_thread


def test_what_is_done_aside_comes_back_also_as_an_error() -> None:
    def fails() -> None:
        raise LookupError("nothing")

    assert asyncio.run(aside(max, 3, 4)) == 4
    with pytest.raises(LookupError, match="nothing"):
        asyncio.run(aside(fails))
    assert in_thread(lambda: 5).result(60) == 5


def test_who_stops_waiting_does_so_at_once() -> None:
    going = threading.Event()

    async def gives_up() -> None:
        async with asyncio.timeout(0.05):
            await aside(going.wait, 60)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(gives_up())
    going.set()
    assert time.monotonic() - began < 10


def test_a_process_ends_without_it() -> None:
    code = (
        "import time\nfrom sendbatch.runtime.threads import in_thread\nin_thread(lambda: time.sleep(60))\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=30, check=True)


def test_one_thread_does_what_it_is_given_in_order() -> None:
    one, done, may = OneThread("writes"), [], threading.Event()
    first = one.submit(may.wait, 60)
    answers = [one.submit(done.append, number) for number in range(20)]
    assert done == []
    may.set()
    for answer in (first, *answers):
        answer.result(60)
    assert done == list(range(20))
    assert one.submit(lambda: threading.current_thread().name).result(60) == "writes"


def test_what_one_thread_is_given_and_nobody_wants_any_more_is_left_out() -> None:
    one, done, may = OneThread("writes"), [], threading.Event()
    one.submit(may.wait, 60)
    left = one.submit(done.append, 1)
    assert left.cancel()
    may.set()
    one.submit(done.append, 2).result(60)
    assert done == [2]


def test_one_thread_ends_once_it_has_done_what_it_was_given() -> None:
    one, done = OneThread("ends"), []
    last = one.submit(done.append, 1)
    one.shutdown()
    last.result(60)
    for thread in threading.enumerate():
        if thread.name == "ends":
            thread.join(60)
            assert not thread.is_alive()
    assert done == [1]
