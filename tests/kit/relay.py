"""A relay of TCP that understands nothing: it passes bytes on, and can stall, cut, or lose what comes.

Between a runner and its database it cuts the one off from the other, and loses the answer to a commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from tests.kit.loopback import HOST

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  # PostgreSQL's CommandComplete: the answer to a COMMIT
CHUNK = 65536


@dataclass
class _Loss:
    """The `nth` time these bytes come from the server, they and all behind them are lost."""

    pattern: bytes
    nth: int
    then_cuts: bool
    came: bool = False


class Relay:
    """Listens on `host`, and passes on to `port` of 127.0.0.1, in a thread of its own."""

    def __init__(self, port: int, *, host: str = HOST) -> None:
        self.host, self.target, self.port = host, port, 0
        self.lost = threading.Event()  # what was to be lost has come
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._is_cut = False
        self._loss: _Loss | None = None

    def __enter__(self) -> Self:
        self._listening = socket.create_server((self.host, 0), backlog=128)
        self.port = self._listening.getsockname()[1]
        self._loop, ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="relay", daemon=True)
        self._thread.start()
        assert ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(60)
        assert not self._thread.is_alive()

    # told from any thread

    def cut(self) -> None:
        """Every connection is reset, and who comes is reset too, until it is mended."""
        self._call(self._cuts)

    def stall(self) -> None:
        """Nothing passes either way, and nobody is told, until it is mended."""
        self._call(self._flows.clear)

    def mend(self) -> None:
        """All that waited goes on its way."""
        self._call(self._mends)

    def lose(self, pattern: bytes = COMMITTED, *, nth: int = 1, cuts: bool = True) -> None:
        """The nth time these bytes come from the server they and all behind them are lost. That connection
        is reset then; or stays open and says no more, where `cuts` is False."""
        self.lost.clear()
        self._loss = _Loss(pattern, nth, cuts)

    # in the loop

    def _call(self, what: Callable[[], None]) -> None:
        done = threading.Event()

        def called() -> None:
            what()
            done.set()

        self._loop.call_soon_threadsafe(called)
        assert done.wait(60)

    def _cuts(self) -> None:
        self._is_cut = True
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()

    def _mends(self) -> None:
        self._is_cut = False
        self._flows.set()

    def _serve(self, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._until_the_end(ready))

    async def _until_the_end(self, ready: threading.Event) -> None:
        self._end, self._flows = asyncio.Event(), asyncio.Event()
        self._flows.set()
        server = await asyncio.start_server(self._connected, sock=self._listening)
        ready.set()
        await self._end.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            answers, onward = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        for one in (writer, onward):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (writer, onward)
        self._pairs.add(pair)
        try:
            await asyncio.gather(
                self._pass(reader, onward, watched=False), self._pass(answers, writer, watched=True)
            )
        finally:
            self._pairs.discard(pair)
            for one in pair:
                one.transport.abort() if self._is_cut else one.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, watched: bool
    ) -> None:
        held = b""  # that may be the beginning of what is to be lost
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(CHUNK):
                await self._flows.wait()
                if watched and (loss := self._loss) is not None:
                    chunk, held, is_lost = _without(loss, held + chunk)
                else:
                    chunk, held, is_lost = held + chunk, b"", False
                if chunk:
                    sink.write(chunk)
                    await sink.drain()
                if is_lost:
                    await self._loses(loss, sink)
                    return
            await self._flows.wait()
            if sink.can_write_eof():
                sink.write_eof()
            return
        sink.transport.abort()  # as the other side did

    async def _loses(self, loss: _Loss, sink: asyncio.StreamWriter) -> None:
        if self._loss is loss:
            self._loss = None
        self.lost.set()
        if loss.then_cuts:
            sink.transport.abort()
        else:
            await self._end.wait()


def _without(loss: _Loss, data: bytes) -> tuple[bytes, bytes, bool]:
    """What goes on, what is held back for it may be the pattern's beginning, and whether the pattern came."""
    start = 0
    while (found := data.find(loss.pattern, start)) >= 0:
        start = found + len(loss.pattern)
        loss.nth -= 1
        if loss.nth <= 0:
            return data[:found], b"", True
    for length in range(min(len(loss.pattern) - 1, len(data) - start), 0, -1):
        if data.endswith(loss.pattern[:length]):
            return data[:-length], data[-length:], False
    return data, b"", False
