"""Servers that play a script, line by line: for what no decent server does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from sendbatch.campaign.model import Timeouts
from sendbatch.smtp.connection import Connection, Server, open_connection
from sendbatch.values import Envelope, Message
from tests.kit.handing import Ended, hand_over, nothing

QUICK = Timeouts(connect=5, greeting=5, mail=5, rcpt=5, data=5, final=5)
EHLO = b"250-there\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


def a_message(
    body: bytes = b"Subject: hello\r\n\r\nHello.\r\n",
    *,
    sender: str = "news@example.com",
    to: str = "jane@example.net",
    smtputf8: bool = False,
) -> Message:
    return Message(Envelope(sender, to, smtputf8), body, "<1@example.com>", 0.0)


@dataclass
class Talk:
    """The server's side of one connection, line by line."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[bytes] = field(default_factory=list)

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self) -> bytes:
        line = await self.reader.readline()
        self.heard.append(line)
        return line

    async def hears_body(self) -> bytes:
        body = bytearray()
        while (line := await self.reader.readline()) not in (b".\r\n", b""):
            body += line
        self.heard.append(line)
        return bytes(body)

    async def hears_the_rest(self) -> bytes:
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""

    async def opens(self, ehlo: bytes = EHLO) -> None:
        await self.says(b"220 hello\r\n")
        await self.hears()
        await self.says(ehlo)

    async def answers(self, *replies: bytes) -> None:
        for reply in replies:
            await self.hears()
            await self.says(reply)

    def closes(self) -> None:
        self.writer.close()


Script = Callable[[Talk], Awaitable[object]]


@contextlib.asynccontextmanager
async def scripted(script: Script, **server: object) -> AsyncIterator[Server]:
    """A server that plays `script` on its only connection; what the script raises is raised."""
    played: list[asyncio.Task[None]] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        played.append(task)
        try:
            await script(Talk(reader, writer))
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(play, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield Server("127.0.0.1", port, "none", timeouts=QUICK, **server)
    finally:
        listener.close()
        done = await asyncio.wait_for(asyncio.gather(*played, return_exceptions=True), 60)
        for result in done:
            if isinstance(result, BaseException) and not isinstance(result, ConnectionError):
                raise result


async def hand_over_to(
    script: Script, *messages: Message, timeouts: Timeouts = QUICK, intent=nothing
) -> tuple[list[Ended], Connection]:
    """Hands messages (one, where none is given) to a scripted server; then the connection ends."""

    async with scripted(script) as server:
        connection = await open_connection(
            Server("127.0.0.1", server.port, "none", timeouts=timeouts), None
        )
        outcomes = [await hand_over(connection, m, intent) for m in messages or [a_message()]]
        connection.abort()
        await connection.quit()
        return outcomes, connection
