"""The one SMTP server of the tests: it can do anything at any byte, and writes down what reached it.

At each moment of a conversation it asks `answer(visit, moment)`; None is what a decent server
does. Anything else is a script: bytes to say, seconds to pause, calls to make, and how to end the
connection. A record can be held against what it wrote down.

It works in the loop of the test (`async with server.working()`), or in a thread of its own
(`with server`). `Office` and `MailHost`, beside this file, are this server with answers by name.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Self, TypeAlias

MOMENTS = (
    "GREETING", "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "MESSAGE",
    "RSET", "QUIT",
)  # fmt: skip
NO_BODY = b".\r\n"
DECENT = {
    "GREETING": b"220 hostile\r\n",
    "HELO": b"250 hostile\r\n",
    "STARTTLS": b"220 go\r\n",
    "AUTH": b"235 2.7.0 hello\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go on\r\n",
    "MESSAGE": b"250 2.0.0 taken\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
OFFERS = ("PIPELINING", "8BITMIME", "SIZE 30000000", "ENHANCEDSTATUSCODES")
LAST_WORDS = (b"221", b"354", b"421")  # replies behind which a client is to do something first


class End(Enum):
    """What ends a script: the connection closed, reset, or left open without another word."""

    CLOSE = "closes"
    RESET = "resets"
    SILENCE = "says no more"


Step: TypeAlias = bytes | float | End | Callable[[], object]
Script: TypeAlias = Sequence[Step] | bytes | None


@dataclass
class Visit:
    """One connection: its number from 0, what it said and what came of it."""

    number: int
    is_open: bool = True
    accepted: int = 0
    refused: int = 0  # recipients
    mails: int = 0
    more: bool = False  # what stands behind this command came with it
    behind: bool = False  # what came last had come with the dot before it
    followed: int = 0  # dots that something stood behind
    recipient: str = ""
    said: list[str] = field(default_factory=list)
    secured: bool = False
    login: str = ""  # what came with AUTH
    port: int = 0  # of the client
    reader: asyncio.StreamReader | None = None

    @property
    def has_left(self) -> bool:
        """Whether the client has closed the connection, or cut it, and all it said was read."""
        return self.reader is None or self.reader.at_eof() or self.reader.exception() is not None

    @property
    def verbs(self) -> list[str]:
        return [line.split(" ", 1)[0].upper() for line in self.said]


Answer: TypeAlias = Callable[[Visit, str], Script]


def decent(visit: Visit, moment: str) -> Script:
    """Nothing out of the ordinary."""
    return None


class ScriptedServer:
    """Listens on 127.0.0.1. `whole` counts, by recipient, the messages whose final dot arrived, `asked`
    the RCPT; `taken` are those it answered with 2xx, in order."""

    def __init__(
        self,
        answer: Answer = decent,
        *,
        offers: Sequence[str] = OFFERS,
        context: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        behind: str = "taken",
        gathers: bool = False,
        forgiving: bool = False,
        narrow: bool = False,
        deaf: bool = False,
    ) -> None:
        self.answer = answer
        self.offers = offers
        self.context = context  # of STARTTLS, which is offered then
        self.tls = tls  # of TLS from the first byte
        # What it does with commands behind a dot: takes them, answers each with 503 (as Haraka does), or
        # swallows them (as chasquid does).
        self.behind = behind
        self.gathers = gathers  # what it read at once it answers at once
        self.forgiving = forgiving  # it takes RCPT and DATA whatever went before
        self.narrow = narrow  # it has little room for what it has not read
        self.deaf = deaf  # its silence reads nothing
        self.port = 0
        self.whole: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.taken: list[str] = []
        self.bodies: dict[str, list[bytes]] = {}
        self.has_gone = False  # once: what had arrived by then, and was not read, it never saw
        self.visits: list[Visit] = []
        self.reads: list[bytes] = []  # what came at once, of all connections
        self.open_now = 0
        self.most_open = 0
        self.wrong: list[BaseException] = []
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def ask(self, visit: Visit, moment: str) -> Script:
        """What to do at this moment."""
        return self.answer(visit, moment)

    def offered(self) -> Sequence[str]:
        """The keywords of the reply to EHLO, but for STARTTLS."""
        return self.offers

    # in the loop of the test

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Self]:
        await self.opens()
        try:
            yield self
        finally:
            self.closes()
            for _ in range(3):
                await asyncio.sleep(0)
        if self.wrong:
            raise self.wrong[0]

    async def opens(self) -> None:
        """Listen, again on the same port where it did before."""
        listening = socket.create_server(("127.0.0.1", self.port), backlog=128)
        if self.narrow:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self._listener = await asyncio.get_running_loop().create_server(
            self._protocol, sock=listening, ssl=self.tls
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    def closes(self) -> None:
        """Nobody listens any more, and every connection is cut."""
        if self._listener is not None:
            self._listener.close()
        for writer in list(self._writers):
            writer.transport.abort()

    # in a thread of its own

    def __enter__(self) -> Self:
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.wrong:
            raise self.wrong[0]

    def goes(self) -> None:
        """As `closes`, from any thread."""
        asyncio.run_coroutine_threadsafe(self._goes(), self._loop).result(60)

    def comes_back(self) -> None:
        """As `opens`, from any thread."""
        asyncio.run_coroutine_threadsafe(self.opens(), self._loop).result(60)

    async def _goes(self) -> None:
        self.has_gone = True
        self.closes()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._until_the_end())

    async def _until_the_end(self) -> None:
        self._end = asyncio.Event()
        await self.opens()
        self._ready.set()
        await self._end.wait()
        self.closes()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(_Reader(self.reads), self._client)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio does so by itself only for sockets that it made
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        visit = Visit(len(self.visits), reader=reader, port=writer.get_extra_info("peername")[1])
        self.visits.append(visit)
        self._writers.add(writer)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await Conversation(self, visit, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client left, which is its right
        except Exception as error:  # noqa: BLE001 - a defect of the test, shown when it ends
            self.wrong.append(error)
        finally:
            visit.is_open = False
            self.open_now -= 1
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()


class _Reader(asyncio.StreamReader):
    """Writes down what it is fed, as it comes."""

    def __init__(self, reads: list[bytes]) -> None:
        super().__init__()
        self._reads = reads

    def feed_data(self, data: bytes) -> None:
        self._reads.append(data)
        super().feed_data(data)


class _Over(ConnectionError):
    """The script has ended the connection."""


class Conversation:
    """One client, command by command; a PIPELINING client's group is read as it comes."""

    def __init__(
        self,
        server: ScriptedServer,
        visit: Visit,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._server, self._visit, self._reader, self._writer = server, visit, reader, writer
        self._sender = self._valid = False  # MAIL and RCPT were accepted
        self._unsaid = b""

    async def run(self) -> None:
        await self._answers("GREETING")
        while line := (await self._reader.readline()).decode("latin-1").strip():
            verb = line.split(" ", 1)[0].upper()
            self._visit.said.append(line)
            self._visit.more = bool(self._buffer)
            await self._obeys(verb, line)
            if verb == "QUIT":
                return

    @property
    def _buffer(self) -> bytearray:
        """What was received and is not read yet."""
        received: bytearray = self._reader._buffer  # type: ignore[attr-defined]
        return received

    async def _obeys(self, verb: str, line: str) -> None:
        if verb == "RCPT":
            self._visit.recipient = line.partition("<")[2].partition(">")[0]
            self._server.asked[self._visit.recipient] += 1
        elif verb == "MAIL":
            self._visit.mails += 1
        elif verb == "AUTH":
            self._visit.login = line
        if verb == "EHLO":
            await self._answers(verb, self._greeted())
        elif verb == "STARTTLS":
            await self._starttls()
        elif verb == "DATA":
            await self._data()
        elif verb == "RCPT":
            await self._rcpt()
        elif verb in MOMENTS:
            said = await self._answers(verb)
            self._sender = verb == "MAIL" and said.startswith(b"2")
            self._valid = False
        else:
            await self._says(b"500 5.5.1 what?\r\n")

    async def _starttls(self) -> None:
        if (await self._answers("STARTTLS")).startswith(b"220"):
            assert self._server.context is not None
            await self._writer.start_tls(self._server.context)
            self._visit.secured = True

    async def _rcpt(self) -> None:
        if not (self._sender or self._server.forgiving):
            await self._says(b"503 5.5.1 MAIL first\r\n")
            return
        self._valid = (await self._answers("RCPT")).startswith(b"2")
        if not self._valid:
            self._visit.refused += 1

    async def _data(self) -> None:
        if not (self._valid or self._server.forgiving):
            await self._says(b"554 5.5.1 no valid recipients\r\n")
            return
        if not (await self._answers("DATA")).startswith(b"354"):
            return
        if (script := await self._server.ask(self._visit, "BODY")) is not None:
            await self._reader.readexactly(1)  # some of it has come
            await self._plays(script)
        body = await self._body()
        if body == NO_BODY and not self._valid:  # RFC 2920 §3.1: how a client gets out of this
            await self._says(b"554 5.5.1 no valid recipients\r\n")
            return
        self._visit.behind = bool(self._buffer)
        self._visit.followed += self._visit.behind
        commands = self._what_came_along()
        self._server.whole[self._visit.recipient] += 1
        self._server.bodies.setdefault(self._visit.recipient, []).append(body)
        await self._answers("MESSAGE")
        if self._server.behind == "refused":
            for _ in range(commands):
                await self._says(b"503 5.5.1 bad sequence of commands\r\n")

    def _what_came_along(self) -> int:
        """How many commands were received with the dot; they are forgotten, unless they are taken."""
        commands = self._buffer.count(b"\r\n")
        if self._server.behind != "taken":
            self._buffer.clear()
        return commands

    async def _body(self) -> bytes:
        """Up to and with its final dot, however large."""
        if (first := await self._reader.readline()) == NO_BODY:
            return first
        body = bytearray(first)
        while True:
            try:
                return bytes(body) + await self._reader.readuntil(b"\r\n.\r\n")
            except asyncio.LimitOverrunError as full:
                body += await self._reader.readexactly(full.consumed)

    def _greeted(self) -> bytes:
        offers = ["hostile", *self._server.offered()]
        if self._server.context is not None and not self._visit.secured:
            offers.append("STARTTLS")
        lines = [f"250-{offer}\r\n" for offer in offers[:-1]] + [f"250 {offers[-1]}\r\n"]
        return "".join(lines).encode()

    async def _answers(self, moment: str, usual: bytes = b"") -> bytes:
        """Plays what is to be said now; returns its first bytes."""
        script = await self._server.ask(self._visit, moment)
        usual = usual or DECENT[moment]
        steps: Sequence[Step] = [usual] if script is None else _steps(script)
        said = b"".join(step for step in steps if isinstance(step, bytes))
        if moment == "MESSAGE" and said.startswith(b"2"):
            self._server.taken.append(self._visit.recipient)
            self._visit.accepted += 1
        await self._plays(steps)
        return said

    async def _plays(self, script: Script) -> None:
        for step in _steps(script):
            if isinstance(step, bytes):
                await self._says(step)
                continue
            await self._says_all()
            if isinstance(step, End):
                await self._ends(step)
            elif isinstance(step, float):
                await asyncio.sleep(step)
            else:
                step()

    async def _says(self, data: bytes) -> None:
        self._unsaid += data
        if not (self._server.gathers and self._buffer) or data.startswith(LAST_WORDS):
            await self._says_all()

    async def _says_all(self) -> None:
        if self._unsaid:
            self._writer.write(self._unsaid)
            self._unsaid = b""
            await self._writer.drain()

    async def _ends(self, how: End) -> None:
        if how is End.SILENCE:
            while self._server.deaf or await self._reader.read(65536):
                await asyncio.sleep(0.05)
        elif how is End.RESET:
            # SO_LINGER of zero seconds: what is closed so sends RST, and no FIN
            self._writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self._writer.transport.abort()
        else:
            self._writer.close()
        raise _Over


def _steps(script: Script) -> Sequence[Step]:
    if script is None:
        return ()
    return (script,) if isinstance(script, bytes) else script


def byte_by_byte(data: bytes) -> Script:
    """Each byte in a packet of its own, a moment after the one before."""
    return [step for byte in data for step in (bytes([byte]), 0.0005)]


def without_dots(body: bytes) -> bytes:
    """The message in a body: without the final dot, and those put before lines (RFC 5321 §4.5.2)."""
    return body.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
