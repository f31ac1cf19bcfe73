"""A server that writes down every whole message it got, and can end its client at any of these moments."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

# What a server does with commands behind a dot: takes them, answers each with 503 (as Haraka does), or
# swallows them (as chasquid does). None: it does not offer PIPELINING.
BEHIND = (None, "taken", "refused", "swallowed")
MOMENTS = ("connect", "mail", "rcpt", "data", "dot", "replied")


@dataclass
class Ledger:
    """What reached the server. `whole` counts messages whose final dot arrived and that it meant to
    take, by recipient; `refused` those it refused for good."""

    whole: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    busy_before: set[str] = field(default_factory=set)


class RecordingServer:
    """Listens on 127.0.0.1 in a thread of its own. `on(moment)` is called in that thread."""

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        behind: str | None = None,
        context: ssl.SSLContext | None = None,
        on: Callable[[str], None] = lambda moment: None,
    ) -> None:
        self.ledger = Ledger()
        self.on = on
        self.port = 0
        self._behind = behind
        self._context = context
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> RecordingServer:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            self.on("connect")
            await _Session(self, reader, writer).run()
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await writer.wait_closed()

    def mood(self, recipient: str, moment: str) -> str | None:
        """Some recipients are refused, some are put off once; by their names, so runs agree."""
        number = zlib.crc32(recipient.encode()) % 100
        if (number == 0 and moment == "rcpt") or (number == 1 and moment == "dot"):
            self.ledger.refused[recipient] += 1
            return "550 5.1.1 no such user"
        put_off = (number == 2 and moment == "rcpt") or (number == 3 and moment == "dot")
        if put_off and recipient not in self.ledger.busy_before:
            self.ledger.busy_before.add(recipient)
            return "450 4.2.1 busy, come back"
        return None


class _Session:
    """One client. A final dot is written down before anything else can happen."""

    def __init__(
        self, server: RecordingServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._secured = False
        self._recipient = ""

    async def run(self) -> None:
        await self._say("220 recording")
        while line := (await self._reader.readline()).decode("latin-1").strip():
            verb = line.split(" ", 1)[0].upper()
            if verb == "QUIT":
                await self._say("221 bye")
                return
            await self._obey(verb, line)

    async def _obey(self, verb: str, line: str) -> None:
        if verb in ("EHLO", "HELO"):
            await self._say(*self._offers())
        elif verb == "STARTTLS" and self._server._context is not None:
            await self._say("220 go")
            await self._writer.start_tls(self._server._context)
            self._secured = True
        elif verb == "MAIL":
            self._server.on("mail")
            await self._say("250 ok")
        elif verb == "RCPT":
            self._recipient = line.partition("<")[2].partition(">")[0]
            self._server.on("rcpt")
            refusal = self._server.mood(self._recipient, "rcpt")
            if refusal:
                self._recipient = ""
            await self._say(refusal or "250 ok")
        elif verb == "DATA":
            await self._data()
        else:
            await self._say("250 ok")

    async def _data(self) -> None:
        self._server.on("data")
        if not self._recipient:
            await self._say("503 no recipient")
            return
        await self._say("354 go on")
        await self._reader.readuntil(b"\r\n.\r\n")
        behind = 0 if self._server._behind in (None, "taken") else self._drop_what_came_along()
        refusal = self._server.mood(self._recipient, "dot")
        if refusal is None:
            self._server.ledger.whole[self._recipient] += 1
        self._server.on("dot")
        await self._say(refusal or "250 taken")
        self._server.on("replied")
        if self._server._behind == "refused":
            for _ in range(behind):
                await self._say("503 5.5.1 bad sequence of commands")

    def _drop_what_came_along(self) -> int:
        """Forget what was received behind the dot; returns how many lines it was."""
        buffer: bytearray = self._reader._buffer  # type: ignore[attr-defined]
        lines = buffer.count(b"\r\n")
        buffer.clear()
        return lines

    def _offers(self) -> list[str]:
        offers = ["recording", "8BITMIME", "SIZE 30000000", "ENHANCEDSTATUSCODES"]
        if self._server._behind is not None:
            offers.append("PIPELINING")
        if self._server._context is not None and not self._secured:
            offers.append("STARTTLS")
        return [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()
