"""A relay of TCP that understands nothing: it passes bytes on, and can stall, cut, or lose what comes.

Between a runner and its database it cuts the one off from the other, and loses the answer to a commit. A trap
says what happens when certain bytes come by.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Self

from tests.kit.loopback import HOST

# PostgreSQL's CommandComplete: the answer to what a runner commits, and to the end of any other transaction.
CALLED = b"C\x00\x00\x00\x09CALL\x00"
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
CHUNK, LONGEST_PATTERN = 65536, 64


class Fate(Enum):
    """What becomes of the bytes that sprang a trap, and of all behind them on that connection."""

    PASS = "they pass"
    CUT = "they are lost, and the connection is reset"
    SILENCE = "they are lost, and the connection stays open"


@dataclass(eq=False)
class Trap:
    """The `nth` time that these bytes come, from the client or else from the server, `act` is called in the
    relay's thread before they go on, and says whether they do; then the trap is gone."""

    pattern: bytes
    act: Callable[[], Fate]
    nth: int = 1
    from_client: bool = False


class Relay:
    """Listens on `host`, and passes on to `port` of 127.0.0.1, in a thread of its own; or to that
    which `route` gives for the address of who comes."""

    def __init__(
        self, port: int = 0, *, host: str = HOST, route: Callable[[str], int] | None = None
    ) -> None:
        self.host, self.target, self.port = host, port, 0
        self._route = route
        self.lost = threading.Event()  # what was to be lost has come
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._is_cut = False
        self._traps: list[Trap] = []

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

    @property
    def open(self) -> int:
        """How many connections pass through it."""
        return len(self._pairs)

    def carries(self, port: int) -> bool:
        """Whether the connection that comes to the server from this port is one of its own."""
        ends = (onward.get_extra_info("sockname") for _, onward in list(self._pairs))
        return any(end is not None and end[1] == port for end in ends)

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

    def set(self, trap: Trap) -> None:
        self._call(lambda: self._traps.append(trap))

    def lift(self, trap: Trap) -> None:
        self._call(lambda: self._traps.remove(trap) if trap in self._traps else None)

    def lose(self, pattern: bytes = CALLED, *, nth: int = 1, cuts: bool = True) -> None:
        """The nth time these bytes come from the server they and all behind them are lost. That connection
        is reset then; or stays open and says no more, where `cuts` is False."""
        self.lost.clear()

        def lost() -> Fate:
            self.lost.set()
            return Fate.CUT if cuts else Fate.SILENCE

        self.set(Trap(pattern, lost, nth))

    # in the loop

    def _call(self, what: Callable[[], None]) -> None:
        if threading.current_thread() is self._thread:  # a trap was sprung
            what()
            return
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
        try:
            await self._flows.wait()
            if self._is_cut:
                raise ConnectionResetError
            there = writer.get_extra_info("peername")[0]
            target = self._route(there) if self._route else self.target
            answers, onward = await asyncio.open_connection(HOST, target)
        except (OSError, asyncio.CancelledError):  # or the relay ends
            writer.transport.abort()
            return
        for one in (writer, onward):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (writer, onward)
        self._pairs.add(pair)
        try:
            await asyncio.gather(
                self._pass(reader, onward, from_client=True),
                self._pass(answers, writer, from_client=False),
            )
        except asyncio.CancelledError:
            pass  # the relay ends
        finally:
            self._pairs.discard(pair)
            for one in pair:
                one.transport.abort() if self._is_cut else one.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, from_client: bool
    ) -> None:
        passed = b""  # the end of it
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK):
                await self._flows.wait()
                goes_on, fate = self._sprung(passed, chunk, from_client)
                await self._flows.wait()  # a trap may have stalled it
                if goes_on:
                    sink.write(goes_on)
                    await sink.drain()
                passed = (passed + chunk)[-LONGEST_PATTERN:]
                if fate is not Fate.PASS:
                    await self._lost(fate, sink)
                    return
            await self._flows.wait()
            if sink.can_write_eof():
                sink.write_eof()
            return
        sink.transport.abort()  # as the other side did

    def _sprung(self, passed: bytes, chunk: bytes, from_client: bool) -> tuple[bytes, Fate]:
        """What goes on of the chunk, and what becomes of the rest. Nothing is held back to see what it
        becomes: who sent it may wait for an answer."""
        data, before = passed + chunk, len(passed)
        for trap in [trap for trap in self._traps if trap.from_client is from_client]:
            start = max(0, before - len(trap.pattern) + 1)  # what had passed as a whole was counted
            while trap.nth > 0 and (found := data.find(trap.pattern, start)) >= 0:
                start = found + len(trap.pattern)
                trap.nth -= 1
                if trap.nth == 0:
                    self._traps.remove(trap)
                    if (fate := trap.act()) is not Fate.PASS:
                        return data[before : max(before, found)], fate
        return chunk, Fate.PASS

    async def _lost(self, fate: Fate, sink: asyncio.StreamWriter) -> None:
        if fate is Fate.CUT:
            sink.transport.abort()
        else:
            await self._end.wait()
