"""A host with several addresses: those that lead nowhere cost a moment once, and no run waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sendbatch.errors import SmtpError
from sendbatch.smtp import addresses
from sendbatch.smtp.addresses import Addresses, NoneAnswered, first_to_answer
from sendbatch.smtp.connection import Server, open_connection
from sendbatch.smtp.known import Known
from tests.kit.postbox import StartPostbox
from tests.kit.scripted import QUICK

NOWHERE, HERE = "127.0.0.2", "127.0.0.1"


def test_the_families_take_turns_and_the_first_stays_the_first() -> None:
    found = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"]
    assert Addresses().in_order(found) == [
        *("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"),
    ]
    assert Addresses().in_order(["192.0.2.1"]) == ["192.0.2.1"]
    assert Addresses().in_order([]) == []


def test_what_worked_last_comes_first_and_what_failed_last() -> None:
    known = Addresses()
    known.failed("2001:db8::1")
    assert known.in_order(["2001:db8::1", "192.0.2.1", "192.0.2.2"])[-1] == "2001:db8::1"
    known.worked("192.0.2.2")
    assert known.in_order(["2001:db8::1", "192.0.2.1", "192.0.2.2"]) == [
        *("192.0.2.2", "192.0.2.1", "2001:db8::1"),
    ]
    known.worked("2001:db8::1")
    assert known.in_order(["2001:db8::1", "192.0.2.1"])[0] == "2001:db8::1"


@pytest.fixture
def nowhere() -> Iterator[socket.socket]:
    """A port of 127.0.0.2 that lets nobody in, and says nothing: a listener's whose backlog is full."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux drops what a full backlog has no room for, and has 127.0.0.2")
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind((NOWHERE, 0))
        full.listen(0)
        for _ in range(3):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(full.getsockname())
        yield full


def resolve_to(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    def getaddrinfo(host: str, port: int, **options: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr("sendbatch.smtp.opening.socket.getaddrinfo", getaddrinfo)


def test_an_address_that_leads_nowhere_costs_a_moment_once(
    nowhere: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    greeted: list[str] = []

    async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted.append(writer.get_extra_info("sockname")[0])
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250 hello\r\n")
        await reader.read()
        writer.close()

    async def opening() -> None:
        port = nowhere.getsockname()[1]
        async with await asyncio.start_server(greets, HERE, port):
            server = Server("mail.example.com", port, "none", timeouts=replace(QUICK, connect=60))
            known = Known()
            (await open_connection(server, None, known=known)).abort()
            monkeypatch.setattr(addresses, "DELAY", 3600.0)  # none is waited for any more
            (await open_connection(server, None, known=known)).abort()
            found = [NOWHERE, "192.0.2.1", HERE]
            assert known.addresses.in_order(found) == [HERE, "192.0.2.1", NOWHERE]

    resolve_to(monkeypatch, NOWHERE, HERE)
    asyncio.run(asyncio.wait_for(opening(), 50))
    assert greeted == [HERE, HERE]


def test_of_two_that_answer_at_the_same_moment_one_is_taken_and_the_other_dropped() -> None:
    dropped: list[str] = []

    async def racing() -> str:
        both = asyncio.Barrier(2)

        async def connect(address: str) -> str:
            await both.wait()
            return address

        return await first_to_answer([NOWHERE, HERE], connect, 60, dropped.append, Addresses())

    taken = asyncio.run(asyncio.wait_for(racing(), 50))
    assert sorted([taken, *dropped]) == [HERE, NOWHERE]


def test_where_all_refuse_none_of_them_is_left() -> None:
    known = Addresses()

    async def refused(address: str) -> str:
        raise ConnectionRefusedError(address)

    with pytest.raises(NoneAnswered) as none:
        asyncio.run(first_to_answer([NOWHERE, HERE], refused, 60, lambda lost: None, known))
    assert {address: str(error) for address, error in none.value.errors.items()} == {
        NOWHERE: NOWHERE,
        HERE: HERE,
    }
    assert not known.is_left([NOWHERE, HERE])


def test_the_next_address_need_not_wait_for_one_that_has_failed(
    postbox: StartPostbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def opening(server: Server) -> None:
        (await open_connection(server, None)).abort()

    server, _ = postbox("none")
    monkeypatch.setattr(addresses, "DELAY", 3600.0)
    resolve_to(monkeypatch, NOWHERE, "127.0.0.3", HERE)  # nobody listens there
    asyncio.run(asyncio.wait_for(opening(server), 50))


def test_an_address_that_accepts_and_says_nothing_is_left_for_another(
    monkeypatch: pytest.MonkeyPatch, postbox: StartPostbox
) -> None:
    """As a balancer does whose server is gone."""
    met: list[str] = []

    async def ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer.get_extra_info("sockname")[0])
        writer.close()

    async def opening(server: Server) -> None:
        known = Known()
        async with await asyncio.start_server(ends, NOWHERE, server.port):
            for _ in range(2):
                (await open_connection(server, None, known=known)).abort()
            resolve_to(monkeypatch, NOWHERE)
            with pytest.raises(SmtpError, match="closed the connection before its greeting"):
                await open_connection(server, None, known=known)

    server, _ = postbox("none")
    resolve_to(monkeypatch, NOWHERE, HERE)
    asyncio.run(asyncio.wait_for(opening(server), 50))
    assert met == [NOWHERE, NOWHERE]


def failure(server: Server) -> SmtpError:
    with pytest.raises(SmtpError) as caught:
        asyncio.run(open_connection(server, None))
    return caught.value


def test_where_none_answers_all_are_named(
    nowhere: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, NOWHERE, HERE)
    monkeypatch.setattr(addresses, "DELAY", 0.01)
    port = nowhere.getsockname()[1]
    server = Server("mail.example.com", port, "none", timeouts=replace(QUICK, connect=0.5))
    error = failure(server)
    assert (error.step, error.refused) == ("connect", True)
    assert f"nobody listens on mail.example.com:{port} (tried {NOWHERE}, {HERE})" in str(error)
    resolve_to(monkeypatch, NOWHERE)
    error = failure(server)
    assert (error.temporary, error.refused) == (True, False)
    assert f"did not answer within 0.5 s (tried {NOWHERE})" in str(error)


def test_what_was_begun_after_the_one_that_answers_has_not_failed() -> None:
    """Where a round trip takes longer than the moment between two, the next is under way already."""
    known = addresses.Addresses()

    async def racing() -> None:
        begun = asyncio.Event()

        async def connect(address: str) -> str:
            if address == NOWHERE:
                begun.set()
                await asyncio.Event().wait()
            await begun.wait()
            return address

        taken = await addresses.first_to_answer([HERE, NOWHERE], connect, 60, print, known)
        assert taken == HERE

    asyncio.run(racing())
    known.failed(HERE)
    assert known.is_left([HERE, NOWHERE])
