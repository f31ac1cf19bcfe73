"""The next envelope in the write of the dot before it, over real sockets, plain and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from sendbatch.smtp import levels as smtp_levels
from sendbatch.smtp.connection import Connection, Server, open_connection
from sendbatch.smtp.levels import BEHIND, GROUP, Levels
from sendbatch.smtp.transport import QUIT
from sendbatch.values import Status
from tests.kit.handing import Ended, Handing
from tests.kit.postbox import server_context
from tests.kit.scripted import QUICK, a_message

OFFERS = b"250-there\r\n250-SIZE 1000000\r\n250 PIPELINING\r\n"
FINE = {"EHLO": OFFERS, "DATA": b"354 go\r\n", "DOT": b"250 taken\r\n", "QUIT": b"221 bye\r\n"}


@dataclass
class Post:
    """A server that answers all it has read in one write, and what it has seen.

    `behind` is what it does with commands behind a dot: takes, refuses (as Haraka) or swallows them
    (as chasquid). `replies` replaces the reply to the n-th of a command (MAIL, RCPT, DATA, DOT); it
    leaves after 421, and at None without a word.
    """

    behind: str = "takes"
    replies: dict[tuple[str, int], bytes | None] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    reads: list[bytes] = field(default_factory=list)
    visits: int = 0
    taken: list[bytes] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    port: int = 0

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Server]:
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(lambda: _Clerk(self), "127.0.0.1", 0, ssl=self.context)
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield Server("127.0.0.1", self.port, "none", timeouts=QUICK)
        finally:
            listening.close()
            await asyncio.sleep(0)


class _Clerk(asyncio.Protocol):
    def __init__(self, post: Post) -> None:
        self._post = post
        self._rest = b""
        self._in_data = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._post.visits += 1
        self._transport = transport
        transport.write(b"220 hello\r\n")

    def data_received(self, data: bytes) -> None:
        self._post.reads.append(data)
        self._rest += data
        said: list[bytes] = []
        behind = leaves = False
        while b"\r\n" in self._rest:
            line, _, self._rest = self._rest.partition(b"\r\n")
            if self._in_data and line != b".":
                continue
            reply = self._reply(line, behind=behind)
            behind = behind or line == b"."
            said.append(reply or b"")
            leaves = reply is None or reply.startswith((b"421", b"221"))
            if leaves:
                break
        self._transport.write(b"".join(said))
        if leaves:
            self._transport.close()

    def _reply(self, line: bytes, *, behind: bool) -> bytes | None:
        verb = "DOT" if line == b"." else line[:4].decode().upper()
        if behind and self._post.behind != "takes":
            return b"" if self._post.behind == "swallows" else b"503 5.5.1 bad sequence\r\n"
        count = self._post.counts[verb] = self._post.counts.get(verb, 0) + 1
        reply = self._post.replies.get((verb, count), FINE.get(verb, b"250 ok\r\n"))
        self._in_data = verb == "DATA" and reply is not None and reply.startswith(b"354")
        if verb == "RCPT":
            self._recipient = line
        if verb == "DOT" and reply is not None and reply.startswith(b"2"):
            self._post.taken.append(self._recipient[9:-1])
        return reply


class Sending:
    """Hands messages over, each with the next one behind it, and opens anew where it must."""

    def __init__(self, server: Server, count: int, levels: Levels) -> None:
        self._server, self._levels = server, levels
        self._line = [a_message(to=f"p{n}@example.net") for n in range(count)]
        self.outcomes: list[tuple[str, Ended]] = []
        self.connections: list[Connection] = []

    async def run(self, opens: int = 1) -> Sending:
        while self._line and len(self.connections) < opens:
            connection = await open_connection(self._server, None, self._levels)
            self.connections.append(connection)
            while self._line and connection.usable:
                handing = Handing(lambda: self._line.pop(0) if self._line else QUIT)
                await handing.carry(connection, self._line.pop(0))
                for message, outcome in handing.outcomes:
                    self.outcomes.append((message.envelope.recipient, outcome))
                    if outcome.status is Status.PENDING:
                        self._line.insert(0, message)
            await connection.quit()
        return self

    @property
    def statuses(self) -> list[str]:
        return [outcome.status.value for _, outcome in self.outcomes]


def sent(post: Post, count: int, levels: Levels | None = None, *, opens: int = 1) -> Sending:
    async def sending() -> Sending:
        async with post.working() as server:
            return await Sending(server, count, levels or Levels(BEHIND)).run(opens)

    return asyncio.run(sending())


def everybody(count: int) -> list[bytes]:
    return [b"p%d@example.net" % n for n in range(count)]


@pytest.mark.parametrize("known", [BEHIND, None], ids=["known", "tried"])
def test_each_message_takes_one_round_trip(known: int | None) -> None:
    post = Post()
    sending = sent(post, 50, Levels(known))
    assert sending.statuses == ["accepted"] * 50
    assert post.taken == everybody(50)
    # EHLO, the first envelope, and then one for each message; QUIT goes with the last dot
    assert len(post.reads) == 2 + 50
    assert post.reads[-1].endswith(b"\r\n.\r\nQUIT\r\n")
    assert not any(outcome.lost for _, outcome in sending.outcomes)  # that it ended was our wish
    assert sending.connections[0].accepted == 50
    assert 0 < sending.connections[0].round_trip < 1


def test_in_groups_each_takes_two() -> None:
    post = Post()
    assert sent(post, 10, Levels(GROUP)).statuses == ["accepted"] * 10
    assert len(post.reads) == 1 + 2 * 10 + 1


def test_command_by_command_it_is_four() -> None:
    post = Post()
    assert sent(post, 10, Levels(1)).statuses == ["accepted"] * 10
    assert len(post.reads) == 1 + 4 * 10 + 1


def test_it_goes_so_over_tls_too(authority, trusting) -> None:
    post = Post(context=server_context(authority, "127.0.0.1", False))

    async def sending() -> Sending:
        async with post.working() as server:
            secured = Server(server.host, server.port, "tls", timeouts=QUICK, context=trusting)
            return await Sending(secured, 20, Levels()).run()

    assert asyncio.run(sending()).statuses == ["accepted"] * 20
    assert len(post.reads) == 22
    assert post.taken == everybody(20)


def test_a_server_that_refuses_what_stands_behind_a_dot_gets_groups_from_then_on() -> None:
    """As Haraka 3.3: 503 to each command."""
    post, levels = Post(behind="refuses"), Levels()
    sending = sent(post, 6, levels, opens=2)
    assert sending.statuses == ["accepted", "pending", *["accepted"] * 5]
    assert post.taken == everybody(6)
    assert (levels.group, levels.learned) == (GROUP, GROUP)
    assert [connection.mishandled for connection in sending.connections] == [True, False]


@pytest.mark.parametrize("known", [BEHIND, None], ids=["known", "tried"])
def test_a_server_that_swallows_it_does_so_once(
    known: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As chasquid 1.11: not a word."""
    monkeypatch.setattr(smtp_levels, "TRYING", 0.05)
    monkeypatch.setattr(smtp_levels, "LATER", 0.05)
    post, levels = Post(behind="swallows"), Levels(known)
    sending = sent(post, 6, levels, opens=2)
    assert sending.statuses == ["accepted", "pending", *["accepted"] * 5]
    assert "within 0.05 s" in sending.outcomes[1][1].reason
    assert post.taken == everybody(6)
    assert levels.learned == GROUP


@pytest.mark.parametrize("how", [b"421 4.3.2 going down\r\n", None], ids=["421", "end"])
@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA", "DOT"])
def test_nobody_is_lost_and_nobody_gets_it_twice_wherever_it_ends(
    at: str, how: bytes | None
) -> None:
    post = Post(replies={(at, 3): how})
    sending = sent(post, 6, opens=2)
    got = dict(sending.outcomes)  # the last outcome of each
    doubtful = at == "DOT"
    third = (Status.DEFERRED if how else Status.IN_DOUBT) if doubtful else Status.ACCEPTED
    assert got["p2@example.net"].status is third
    assert all(o.status is Status.ACCEPTED for to, o in got.items() if to != "p2@example.net")
    assert sending.statuses.count("pending") == 1  # once, and sent again
    assert sorted(post.taken) == [to for to in everybody(6) if not doubtful or b"p2" not in to]
    assert post.visits == 2


def test_a_refused_recipient_whose_data_was_accepted_is_followed_by_a_lone_dot() -> None:
    refusal = b"550 5.1.1 nobody\r\n"
    replies = {("RCPT", 2): refusal, ("DATA", 2): b"354 go\r\n", ("DOT", 2): b"554 no\r\n"}
    post = Post(replies=replies)
    sending = sent(post, 4)
    assert sending.statuses == ["accepted", "rejected", "accepted", "accepted"]
    assert any(read.startswith(b".\r\nRSET\r\nMAIL") for read in post.reads)
    assert [to for to in everybody(4) if b"p1" not in to] == post.taken


def test_a_refused_recipient_in_last_place_leaves_no_lone_dot() -> None:
    post = Post(replies={("RCPT", 2): b"550 5.1.1 nobody\r\n"})
    sending = sent(post, 2)
    assert sending.statuses == ["accepted", "rejected"]
    assert not any(read.startswith(b".\r\n") for read in post.reads)
    assert not sending.connections[0].usable


def test_abandoned_with_an_envelope_ahead_one_is_in_doubt_and_the_next_untouched() -> None:
    async def sending() -> list[Ended]:
        reached = asyncio.Event()

        class Waits(_Clerk):
            def data_received(self, data: bytes) -> None:
                if b"\r\n.\r\n" in data:
                    reached.set()
                else:
                    super().data_received(data)

        listening = await asyncio.get_running_loop().create_server(
            lambda: Waits(Post()), "127.0.0.1", 0
        )
        server = Server("127.0.0.1", listening.sockets[0].getsockname()[1], "none", timeouts=QUICK)
        connection = await open_connection(server, None)
        one, two = a_message(), a_message(to="joe@example.net")
        task = asyncio.create_task(Handing(lambda: two).carry(connection, one))
        await reached.wait()
        connection.abort()
        outcomes = await task
        await connection.quit()
        listening.close()
        return outcomes

    first, second = asyncio.run(sending())
    assert (first.status, first.lost) == (Status.IN_DOUBT, True)
    assert (second.status, second.lost) == (Status.PENDING, True)
