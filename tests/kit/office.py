"""A post office that can be told how to answer: an SMTP server in the test's own loop."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

TAKEN = "250 2.0.0 taken"


@dataclass
class Visit:
    """One connection: its number from 0 and what happened on it."""

    number: int
    accepted: int = 0
    refused: int = 0
    mails: int = 0
    behind: int = 0  # dots that something stood behind
    recipient: str = ""
    unsaid: str = ""
    said: list[str] = field(default_factory=list)


Answer = Callable[[Visit], str | None]
Hook = Callable[[Visit], Awaitable[None] | None]


def fine(visit: Visit) -> str | None:
    """The answer of a server that has nothing to complain about."""
    return None


@dataclass
class Office:
    """Each of the answers may be replaced: None means yes, "" closes without a word, a reply that
    begins with 421 is the last. `whole` counts messages whose final dot arrived, by recipient.
    `pipelining` says that it is offered, and what is done with commands behind a dot: they are taken,
    refused or swallowed."""

    greeting: Answer = fine
    mail: Answer = fine
    rcpt: Answer = fine
    data: Answer = fine
    dot: Answer = fine
    on_dot: Hook = fine
    pipelining: str = ""
    offers: tuple[str, ...] = ()  # beside SIZE, what else is offered
    passwords: list[str] | None = None  # the only ones that are right, None: no AUTH
    port: int = 0
    whole: Counter[str] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    visits: list[Visit] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    _listener: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Office]:
        await self.opens()
        try:
            yield self
        finally:
            self.closes()
            for _ in range(3):
                await asyncio.sleep(0)

    async def opens(self) -> None:
        self._listener = await asyncio.start_server(self._visit, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def closes(self) -> None:
        """Nobody listens any more, and every connection is cut."""
        if self._listener is not None:
            self._listener.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(len(self.visits))
        self.visits.append(visit)
        self._writers.add(writer)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(visit, reader, writer)
        finally:
            self.open_now -= 1
            self._writers.discard(writer)
            writer.close()

    async def _talk(
        self, visit: Visit, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        answer = self.greeting(visit)
        writer.write(f"{answer or '220 hello'}\r\n".encode())
        if answer is not None:
            return
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ", 1)[0].upper()
            visit.said.append(verb)
            said = await self._said(visit, verb, line, reader, writer)
            visit.unsaid += f"{said}\r\n" if said else ""
            ends = not said or said.startswith(("421", "221"))
            if (
                ends or not reader._buffer
            ):  # as servers do: what is read at once is answered at once
                _say_all(visit, writer)
            if ends:
                return

    async def _said(
        self,
        visit: Visit,
        verb: str,
        line: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> str:
        if verb == "EHLO":
            auth = "" if self.passwords is None else "250-AUTH PLAIN\r\n"
            pipelining = "250-PIPELINING\r\n" if self.pipelining else ""
            others = "".join(f"250-{offer}\r\n" for offer in self.offers)
            return f"250-office\r\n{auth}{pipelining}{others}250 SIZE 1000000"
        if verb == "AUTH":
            password = base64.b64decode(line.split(" ")[2]).split(b"\0")[2].decode()
            return "235 hello" if password in (self.passwords or []) else "535 5.7.8 no"
        if verb == "MAIL":
            visit.mails += 1
            answer = self.mail(visit)
            return "250 ok" if answer is None else answer
        if verb == "RCPT":
            return self._rcpt(visit, line)
        if verb == "DATA":
            return await self._data(visit, reader, writer)
        return "221 bye" if verb == "QUIT" else "250 ok"

    def _rcpt(self, visit: Visit, line: str) -> str:
        visit.recipient = line.partition("<")[2].partition(">")[0]
        self.asked[visit.recipient] += 1
        answer = self.rcpt(visit)
        if answer is not None:
            visit.refused += 1
            visit.recipient = ""
            return answer
        return "250 ok"

    async def _data(
        self, visit: Visit, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        if (answer := self.data(visit)) is not None:
            return answer
        if not visit.recipient:
            return "554 no valid recipients"
        visit.unsaid += "354 go on\r\n"
        _say_all(visit, writer)
        await reader.readuntil(b"\r\n.\r\n")
        self.whole[visit.recipient] += 1
        behind = bytes(reader._buffer)
        visit.behind += bool(behind)
        if self.pipelining != "taken":
            reader._buffer.clear()
        refusals = behind.count(b"\r\n") * "\r\n503 bad sequence of commands"
        refused = refusals if self.pipelining == "refused" else ""
        waited = self.on_dot(visit)
        if waited is not None:
            await waited
        answer = self.dot(visit)
        if answer is None:
            visit.accepted += 1
            self.taken.append(visit.recipient)
            return TAKEN + refused
        return answer + refused


def _say_all(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.write(visit.unsaid.encode())
    visit.unsaid = ""
