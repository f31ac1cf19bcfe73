"""The next envelope in the write of the dot before it, over real sockets, plain and TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter

import pytest

from sendbatch.smtp import levels as smtp_levels
from sendbatch.smtp.connection import Connection, Server, open_connection
from sendbatch.smtp.levels import BEHIND, GROUP, Levels
from sendbatch.smtp.transport import QUIT
from sendbatch.values import Status
from tests.kit.handing import Ended, Handing
from tests.kit.postbox import server_context
from tests.kit.scripted import QUICK, a_message
from tests.kit.server import End, Script, ScriptedServer, Visit

pytestmark = pytest.mark.usefixtures("reading")

Replies = dict[tuple[str, int], bytes | None]


def post(
    behind: str = "taken", replies: Replies | None = None, tls: ssl.SSLContext | None = None
) -> ScriptedServer:
    """A server that answers all it has read in one write. `replies` replaces the reply to the n-th of a
    command (MAIL, RCPT, DATA, MESSAGE); it leaves after 421, and at None without a word."""
    counts: Counter[str] = Counter()

    def answer(visit: Visit, moment: str) -> Script:
        counts[moment] += 1
        if (moment, counts[moment]) not in (replies or {}):
            return None
        reply = (replies or {})[moment, counts[moment]]
        if reply is None:
            return [End.CLOSE]
        return [reply, End.CLOSE] if reply.startswith(b"421") else reply

    offers = ("SIZE 1000000", "PIPELINING")
    return ScriptedServer(
        answer, offers=offers, behind=behind, gathers=True, forgiving=True, tls=tls
    )


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


def sent(
    server: ScriptedServer, count: int, levels: Levels | None = None, *, opens: int = 1
) -> Sending:
    async def sending() -> Sending:
        async with server.working():
            way = Server("127.0.0.1", server.port, "none", timeouts=QUICK)
            return await Sending(way, count, levels or Levels(BEHIND)).run(opens)

    return asyncio.run(sending())


def everybody(count: int) -> list[str]:
    return [f"p{n}@example.net" for n in range(count)]


@pytest.mark.parametrize("known", [BEHIND, None], ids=["known", "tried"])
def test_each_message_takes_one_round_trip(known: int | None) -> None:
    server = post()
    sending = sent(server, 50, Levels(known))
    assert sending.statuses == ["accepted"] * 50
    assert server.taken == everybody(50)
    # EHLO, the first envelope, and then one for each message; QUIT goes with the last dot
    assert len(server.reads) == 2 + 50
    assert server.reads[-1].endswith(b"\r\n.\r\nQUIT\r\n")
    assert not any(outcome.lost for _, outcome in sending.outcomes)  # that it ended was our wish
    assert sending.connections[0].accepted == 50
    assert 0 < sending.connections[0].round_trip < 1


def test_in_groups_each_takes_two() -> None:
    server = post()
    assert sent(server, 10, Levels(GROUP)).statuses == ["accepted"] * 10
    assert len(server.reads) == 1 + 2 * 10 + 1


def test_command_by_command_it_is_four() -> None:
    server = post()
    assert sent(server, 10, Levels(1)).statuses == ["accepted"] * 10
    assert len(server.reads) == 1 + 4 * 10 + 1


def test_it_goes_so_over_tls_too(authority, trusting) -> None:
    server = post(tls=server_context(authority, "127.0.0.1", False))

    async def sending() -> Sending:
        async with server.working():
            secured = Server("127.0.0.1", server.port, "tls", timeouts=QUICK, context=trusting)
            return await Sending(secured, 20, Levels()).run()

    assert asyncio.run(sending()).statuses == ["accepted"] * 20
    assert len(server.reads) == 22
    assert server.taken == everybody(20)


def test_a_server_that_refuses_what_stands_behind_a_dot_gets_groups_from_then_on() -> None:
    """As Haraka 3.3: 503 to each command."""
    server, levels = post(behind="refused"), Levels()
    sending = sent(server, 6, levels, opens=2)
    assert sending.statuses == ["accepted", "pending", *["accepted"] * 5]
    assert server.taken == everybody(6)
    assert (levels.group, levels.learned) == (GROUP, GROUP)
    assert [connection.mishandled for connection in sending.connections] == [True, False]


@pytest.mark.parametrize("known", [BEHIND, None], ids=["known", "tried"])
def test_a_server_that_swallows_it_does_so_once(
    known: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As chasquid 1.11: not a word."""
    monkeypatch.setattr(smtp_levels, "TRYING", 0.05)
    monkeypatch.setattr(smtp_levels, "LATER", 0.05)
    server, levels = post(behind="swallowed"), Levels(known)
    sending = sent(server, 6, levels, opens=2)
    assert sending.statuses == ["accepted", "pending", *["accepted"] * 5]
    assert "within 0.05 s" in sending.outcomes[1][1].reason
    assert server.taken == everybody(6)
    assert levels.learned == GROUP


@pytest.mark.parametrize("how", [b"421 4.3.2 going down\r\n", None], ids=["421", "end"])
@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA", "MESSAGE"])
def test_nobody_is_lost_and_nobody_gets_it_twice_wherever_it_ends(
    at: str, how: bytes | None
) -> None:
    server = post(replies={(at, 3): how})
    sending = sent(server, 6, opens=2)
    got = dict(sending.outcomes)  # the last outcome of each
    doubtful = at == "MESSAGE"
    third = (Status.DEFERRED if how else Status.IN_DOUBT) if doubtful else Status.ACCEPTED
    assert got["p2@example.net"].status is third
    assert all(o.status is Status.ACCEPTED for to, o in got.items() if to != "p2@example.net")
    assert sending.statuses.count("pending") == 1  # once, and sent again
    assert sorted(server.taken) == [to for to in everybody(6) if not doubtful or "p2" not in to]
    assert len(server.visits) == 2


def test_a_refused_recipient_whose_data_was_accepted_is_followed_by_a_lone_dot() -> None:
    refusal = b"550 5.1.1 nobody\r\n"
    replies: Replies = {("RCPT", 2): refusal, ("DATA", 2): b"354 go\r\n"}
    server = post(replies=replies)
    sending = sent(server, 4)
    assert sending.statuses == ["accepted", "rejected", "accepted", "accepted"]
    assert any(read.startswith(b".\r\nRSET\r\nMAIL") for read in server.reads)
    assert [to for to in everybody(4) if "p1" not in to] == server.taken


def test_a_refused_recipient_in_last_place_leaves_no_lone_dot() -> None:
    server = post(replies={("RCPT", 2): b"550 5.1.1 nobody\r\n"})
    sending = sent(server, 2)
    assert sending.statuses == ["accepted", "rejected"]
    assert not any(read.startswith(b".\r\n") for read in server.reads)
    assert not sending.connections[0].usable


def test_abandoned_with_an_envelope_ahead_one_is_in_doubt_and_the_next_untouched() -> None:
    async def sending() -> list[Ended]:
        reached = asyncio.Event()

        def keeps_still(visit: Visit, moment: str) -> Script:
            return [reached.set, End.SILENCE] if moment == "MESSAGE" else None

        async with ScriptedServer(keeps_still).working() as server:
            way = Server("127.0.0.1", server.port, "none", timeouts=QUICK)
            connection = await open_connection(way, None)
            one, two = a_message(), a_message(to="joe@example.net")
            task = asyncio.create_task(Handing(lambda: two).carry(connection, one))
            await reached.wait()
            connection.abort()
            outcomes = await task
            await connection.quit()
            return outcomes

    first, second = asyncio.run(sending())
    assert (first.status, first.lost) == (Status.IN_DOUBT, True)
    assert (second.status, second.lost) == (Status.PENDING, True)
