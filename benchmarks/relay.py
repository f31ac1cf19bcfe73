"""A long link on loopback: a process that passes bytes on after a while, in both directions.

`python -m benchmarks.relay PORT TARGET SECONDS` listens on PORT and passes to TARGET, each byte
SECONDS after it came. Order is kept, and an end of the stream is as late as the bytes before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterator

from benchmarks.sink import free_port, server


@contextlib.contextmanager
def link(target: int, seconds: float) -> Iterator[int]:
    """The port of a relay to an SMTP server on a port of this machine, in its own process. A command
    and its reply take `seconds` on it: what the relay takes by itself comes out of its delays."""
    with _relay(target, seconds / 2) as trial:
        own = round_trip(trial) - seconds
    with _relay(target, (seconds - own) / 2) as port:
        yield port


@contextlib.contextmanager
def _relay(target: int, seconds: float) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.relay", str(port), str(target), str(seconds)]
    with server(command, port):
        yield port


def round_trip(port: int, times: int = 20) -> float:
    """Seconds between a command and its reply, the median of some, with a server behind `port`."""
    taken = []
    with (
        socket.create_connection(("127.0.0.1", port), 10.0) as near,
        near.makefile("rwb") as stream,
    ):
        stream.readline()
        for _ in range(times):
            began = time.perf_counter()
            stream.write(b"NOOP\r\n")
            stream.flush()
            stream.readline()
            taken.append(time.perf_counter() - began)
        stream.write(b"QUIT\r\n")
    return statistics.median(taken)


class _End(asyncio.Protocol):
    """One end of a connection; what it receives leaves at its `other` end later."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[bytes | None] = deque()  # None: the stream has ended
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._send_off(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._send_off(None)

    def _send_off(self, data: bytes | None) -> None:
        self._under_way.append(data)
        self._loop.call_later(self._seconds, self._arrive)

    def _arrive(self) -> None:
        data = self._under_way.popleft()
        assert self.other is not None
        assert self.other.transport is not None
        if data is None:
            self.other.transport.close()
        elif not self.other.transport.is_closing():
            self.other.transport.write(data)


class _Near(_End):
    """The end that is connected to; it opens the far one."""

    def __init__(self, seconds: float, target: int) -> None:
        super().__init__(seconds)
        self._target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        far = _End(self._seconds)
        far.other, self.other = self, far
        await self._loop.create_connection(lambda: far, "127.0.0.1", self._target)
        assert self.transport is not None
        self.transport.resume_reading()


async def _serve(port: int, target: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Near(seconds, target), "127.0.0.1", port)
    await listening.serve_forever()


def _main() -> None:
    # select() waits for microseconds, where epoll rounds every delay up to a whole millisecond.
    with (
        contextlib.suppress(KeyboardInterrupt),
        asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
        ) as runner,
    ):
        runner.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))


if __name__ == "__main__":
    _main()
