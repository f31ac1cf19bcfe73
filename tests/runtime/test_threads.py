"""Threads that nobody waits for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from sendbatch.runtime.threads import aside, in_thread


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
