"""The loop of a verb, and what a person does to it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sendbatch.runtime.loop import Loop


class Interrupted(asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_that_falls_into_a_connections_callback_ends_the_work() -> None:
    """Python raises it in whatever runs at that moment."""
    near, far = socket.socketpair()

    async def waits() -> None:
        await asyncio.get_running_loop().create_connection(Interrupted, sock=near)
        far.send(b"250 ok\r\n")
        await asyncio.wait_for(asyncio.Event().wait(), 20)

    with far, Loop() as loop, pytest.raises(KeyboardInterrupt):
        loop.run(waits())
