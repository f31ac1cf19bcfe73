"""From message to message in the loop's callbacks: what the ports may do, and a loop that was blocked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import types
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pytest
import uvloop

from sendbatch.runtime.loop import Loop
from sendbatch.smtp.connection import Connection, Server, open_connection
from sendbatch.smtp.levels import BEHIND, Levels
from sendbatch.smtp.transport import QUIT, Fact, Quit, Written
from sendbatch.values import Message, Status
from tests.kit.clock import LeapingLoop, leap_with
from tests.kit.handing import Ended, Letter, ended, hand_over
from tests.kit.scripted import QUICK, Talk, a_message, scripted
from tests.kit.server import ScriptedServer

pytestmark = pytest.mark.usefixtures("reading")

T = TypeVar("T")
OK, GO = b"250 ok\r\n", b"354 go\r\n"
EHLO = b"250-there\r\n250 PIPELINING\r\n"
BIG = b"Subject: big\r\n\r\n" + (b"x" * 998 + b"\r\n") * 10_000  # 10 MB: more than buffers take


class Ports:
    """Source, log and sink of these messages. What the test puts in the place of `asked` (for what follows),
    `wants` (the intent written) and `told` happens within the call. No call may come within another."""

    def __init__(self, *messages: Message) -> None:
        self.line = list(messages)
        self.outcomes: list[tuple[str, Ended]] = []
        self.written: list[Written] = []
        self.asked: Callable[[], object] = lambda: None
        self.wants: Callable[[Written], object] = lambda written: written(None)
        self.told: Callable[[], object] = lambda: None
        self._calls = threading.Lock()

    def following(self) -> Letter | Quit | None:
        following = Letter(self.line.pop(0)) if self.line else QUIT
        with self._alone():
            self.asked()
        return following

    def write(self, group: Sequence[Letter], written: Written) -> None:
        self.written.append(written)
        with self._alone():
            self.wants(written)

    def ended(self, parcel: Letter, fact: Fact) -> None:
        self.outcomes.append((parcel.message.envelope.recipient, ended(fact)))
        with self._alone():
            self.told()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        assert self._calls.acquire(blocking=False), "a port is called from within a port"
        try:
            yield
        finally:
            self._calls.release()

    async def carry(self, connection: Connection) -> None:
        await connection.carry(Letter(self.line.pop(0)), self, self, self)

    def from_the_second_on(self, port: str, does: Callable[..., object]) -> None:
        """Have this port do so once the first message has ended."""

        def first_has_ended() -> None:
            self.told = lambda: None
            setattr(self, port, does)
            if port == "told":
                does()

        self.told = first_has_ended

    @property
    def statuses(self) -> list[str]:
        return [outcome.status.value for _, outcome in self.outcomes]


PORTS = pytest.mark.parametrize("port", ["asked", "wants", "told"])
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])


def letters(count: int) -> Ports:
    return Ports(*(a_message(to=f"p{number}@example.net") for number in range(count)))


async def opened(server: Server) -> Connection:
    return await open_connection(server, None, Levels(BEHIND))


async def takes_one(talk: Talk) -> None:
    """Takes the first message, and the envelope behind its dot; keeps what it hears then."""
    await talk.opens(EHLO)
    for _ in range(3):
        await talk.hears()
    await talk.says(OK + OK + GO)
    await talk.hears_body()
    for _ in range(3):
        await talk.hears()
    await talk.says(OK + OK + OK + GO)
    talk.heard.append(await talk.hears_the_rest())


@types.coroutine
def counting(work: Coroutine[Any, Any, T], waits: list[object]) -> Generator[Any, Any, T]:
    """As the coroutine itself; what it waits for is written down."""
    try:
        while True:
            waits.append(waited_for := work.send(None))
            yield waited_for
    except StopIteration as end:
        return end.value


def test_a_chain_of_messages_waits_once() -> None:
    async def sending() -> None:
        async with ScriptedServer(offers=("PIPELINING",), gathers=True).working() as server:
            way = Server("127.0.0.1", server.port, "none", timeouts=QUICK)
            connection = await opened(way)
            first = Letter(ports.line.pop(0))
            await counting(connection.carry(first, ports, ports, ports), waits)
            await connection.quit()

    waits: list[object] = []
    ports = letters(50)
    asyncio.run(sending())
    assert ports.outcomes[-1][0] == "p49@example.net"
    assert ports.statuses == ["accepted"] * 50
    assert len(waits) == 1


# what a port raises


def carried(ports: Ports) -> tuple[list[bytes], BaseException | None]:
    """What the server heard of these, and what `carry` raised."""
    talks: list[Talk] = []

    async def keeps(talk: Talk) -> None:
        talks.append(talk)
        await takes_one(talk)

    async def sending() -> BaseException | None:
        async with scripted(keeps) as server:
            connection = await opened(server)
            raised = None
            try:
                await ports.carry(connection)
            except (OSError, RuntimeError, asyncio.CancelledError) as error:
                raised = error
            assert not connection.usable
            await connection.quit()
            return raised

    raised = asyncio.run(sending())
    return talks[0].heard, raised


@pytest.mark.parametrize(
    "error", [OSError("full"), StopIteration(), asyncio.CancelledError()], ids=repr
)
@PORTS
def test_what_a_port_raises_is_raised_by_carry_and_no_dot_leaves(
    port: str, error: BaseException
) -> None:
    def fails(*_: Written) -> None:
        raise error

    ports = letters(4)
    ports.from_the_second_on(port, fails)
    heard, raised = carried(ports)
    assert raised is error or (raised is not None and raised.__cause__ is error)
    assert heard[-1] == b""
    assert ports.statuses == ["accepted"]


def test_what_the_log_tells_later_is_raised_by_carry_and_no_dot_leaves() -> None:
    def fails_later(written: Written) -> None:
        asyncio.get_running_loop().call_soon(written, OSError("full"))

    ports = letters(4)
    ports.from_the_second_on("wants", fails_later)
    heard, raised = carried(ports)
    assert isinstance(raised, OSError)
    assert heard[-1] == b""
    assert ports.statuses == ["accepted"]


@PORTS
def test_an_interrupt_that_falls_into_a_port_ends_the_work_and_no_dot_leaves(port: str) -> None:
    def interrupts(*_: Written) -> None:
        raise KeyboardInterrupt

    heard: list[Talk] = []

    async def keeps(talk: Talk) -> None:
        heard.append(talk)
        await takes_one(talk)

    async def sending() -> None:
        async with scripted(keeps) as server:
            await ports.carry(await opened(server))

    ports = letters(4)
    ports.from_the_second_on(port, interrupts)
    with Loop() as loop, pytest.raises(KeyboardInterrupt):
        loop.run(sending())
    assert heard[0].heard.count(b".\r\n") == 1
    assert ports.statuses == ["accepted"]


# a port that aborts


@PORTS
@LOOPS
def test_a_port_may_abort_the_connection_that_calls_it(port: str, loop) -> None:
    connections: list[Connection] = []

    def aborts(*given: Written) -> None:
        connections[0].abort()
        for written in given:
            written(None)

    async def sending() -> None:
        async with scripted(keeps) as server:
            connections.append(await opened(server))
            await ports.carry(connections[0])
            await connections[0].quit()

    talks: list[Talk] = []

    async def keeps(talk: Talk) -> None:
        talks.append(talk)
        await takes_one(talk)

    ports = letters(4)
    ports.from_the_second_on(port, aborts)
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(sending())
    assert talks[0].heard[-1] == b""
    # each that was taken from the source, once and in order; the one asked for last was never written
    taken = 3 if port == "asked" else 2
    assert [to for to, _ in ports.outcomes] == [f"p{n}@example.net" for n in range(taken)]
    assert ports.statuses == ["accepted", *["pending"] * (taken - 1)]


def test_an_abort_tells_the_sink_soon_and_not_from_within_itself() -> None:
    """It may be called by a port of another connection, half way through what that does."""
    reached = asyncio.Event()

    async def waits(talk: Talk) -> None:
        await talk.opens()
        await talk.hears()
        reached.set()
        await talk.hears_the_rest()

    async def sending() -> None:
        async with scripted(waits) as server:
            connection = await opened(server)
            carrying = asyncio.create_task(ports.carry(connection))
            await reached.wait()
            connection.abort()
            assert ports.outcomes == []
            await carrying
            await connection.quit()

    ports = letters(1)
    asyncio.run(sending())
    assert ports.statuses == ["pending"]


def test_what_the_log_tells_once_the_connection_is_gone_does_nothing() -> None:
    async def leaves(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK, OK, GO)

    async def sending() -> None:
        async with scripted(leaves) as server:
            connection = await opened(server)
            await ports.carry(connection)
            ports.written[0](None)
            ports.written[0](OSError("full"))
            assert (await hand_over(connection, a_message())).status is Status.PENDING
            await connection.quit()

    ports = letters(1)
    ports.wants = lambda written: None
    asyncio.run(sending())
    assert ports.statuses == ["pending"]


def test_what_the_log_tells_twice_lets_no_other_dot_leave() -> None:
    dots: list[int] = []

    async def takes_two(talk: Talk) -> None:
        await talk.opens(EHLO)
        for _ in range(2):
            for _ in range(3):
                await talk.hears()
            await talk.says(OK + OK + GO if not dots else OK + OK + OK + GO)
            await talk.hears_body()
            dots.append(len(ports.outcomes))
        await talk.says(OK)
        await talk.hears_the_rest()

    def again(written: Written) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(ports.written[0], None)
        loop.call_later(0.01, lambda: (durable.append(len(dots)), written(None)))

    durable: list[int] = []
    ports = letters(2)
    ports.from_the_second_on("wants", again)

    async def sending() -> None:
        async with scripted(takes_two) as server:
            connection = await opened(server)
            await ports.carry(connection)
            await connection.quit()

    asyncio.run(sending())
    assert durable == [1]  # the second dot had not arrived yet
    assert ports.statuses == ["accepted"] * 2


# a loop that was blocked, as by a slow disk


def says_at_once(talk: Talk, data: bytes) -> None:
    """Without the loop."""
    os.write(talk.writer.get_extra_info("socket").fileno(), data)


def sent_in(loop: LeapingLoop, script: Callable[[Talk], Coroutine[Any, Any, None]], ports: Ports):
    async def sending() -> None:
        async with scripted(script) as server:
            connection = await opened(server)
            await ports.carry(connection)
            connection.abort()
            await connection.quit()

    return sending()


@pytest.mark.parametrize("command", ["MAIL", "MESSAGE"])
def test_nobody_is_given_up_as_silent_who_spoke_while_the_loop_was_blocked(command: str) -> None:
    async def speaks(talk: Talk, loop: LeapingLoop) -> None:
        def meanwhile() -> None:
            says_at_once(talk, OK)
            loop.ahead += 8

        await talk.opens(b"250 there\r\n")
        for at, reply in (("MAIL", OK), ("RCPT", OK), ("DATA", GO)):
            await talk.hears()
            if at == command:
                loop.blocked_by = meanwhile
            else:
                await talk.says(reply)
        await talk.hears_body()
        if command == "MESSAGE":
            loop.blocked_by = meanwhile
        else:
            await talk.says(OK)
        await talk.hears_the_rest()

    ports = letters(1)
    leap_with(lambda loop: sent_in(loop, lambda talk: speaks(talk, loop), ports))
    assert ports.statuses == ["accepted"]


def test_who_took_of_a_large_body_while_the_loop_was_blocked_is_not_given_up() -> None:
    async def stalls(talk: Talk, loop: LeapingLoop) -> None:
        def meanwhile() -> None:
            heard = talk.writer.get_extra_info("socket").fileno()
            with contextlib.suppress(BlockingIOError):
                while os.read(heard, 1_000_000):
                    pass
            loop.ahead += 8

        await talk.opens(b"250 there\r\n")
        await talk.answers(OK, OK, GO)
        loop.blocked_by = meanwhile  # once all buffers are full
        await filled.wait()

    async def sending(loop: LeapingLoop) -> None:
        async with scripted(lambda talk: stalls(talk, loop)) as server:
            connection = await opened(server)
            carrying = asyncio.create_task(ports.carry(connection))
            while not loop.ahead:
                await asyncio.sleep(0.001)
            for _ in range(10):
                await asyncio.sleep(0)
            assert ports.outcomes == []
            filled.set()
            await carrying
            await connection.quit()

    filled = asyncio.Event()
    ports = Ports(a_message(BIG))
    leap_with(sending)
    assert ports.statuses == ["deferred"]  # only then, when it left


@pytest.mark.parametrize(
    ("said", "status"),
    [(b"421 bye\r\n", "pending"), (b"552 too big\r\n", "deferred"), (b"5", "pending")],
)
def test_no_dot_leaves_where_the_server_spoke_while_the_log_blocked_the_loop(
    said: bytes, status: str
) -> None:
    rest: list[bytes] = []

    def sending(loop: LeapingLoop) -> Coroutine[Any, Any, None]:
        async def speaks(talk: Talk) -> None:
            def synchronises(written: Written) -> None:
                says_at_once(talk, said)
                loop.ahead += 2
                loop.call_later(0, written, None)

            ports.wants = lambda written: loop.call_soon(synchronises, written)
            await talk.opens()
            await talk.answers(OK, OK, GO)
            rest.append(await talk.hears_the_rest())

        return sent_in(loop, speaks, ports)

    ports = letters(1)
    leap_with(sending)
    assert rest == [b""]
    assert ports.statuses == [status]


def test_limits_of_time_hold_on_a_loop_that_is_never_blocked() -> None:
    async def is_silent(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK)
        await talk.hears_the_rest()

    async def sending() -> Ended:
        async with scripted(is_silent) as server:
            timeouts = replace(QUICK, rcpt=0.02)
            way = Server("127.0.0.1", server.port, "none", timeouts=timeouts)
            connection = await opened(way)
            outcome = await hand_over(connection, a_message())
            await connection.quit()
            return outcome

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert "within 0.02 s" in runner.run(sending()).reason
