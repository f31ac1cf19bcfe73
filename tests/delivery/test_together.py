"""One runner of several that share a record: what all of them met in a row, and what any of them learned."""

from __future__ import annotations

import asyncio

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.ledger.facts import InARow, Met
from sendbatch.ledger.store import Backlog
from sendbatch.ledger.streak import CLEAR, after
from sendbatch.values import Reply, Status
from tests.kit.desk import Desk, address
from tests.kit.desks import MakeDesk
from tests.kit.memory.record import Backlog as InMemory


def together(backlog: Backlog) -> Backlog:
    """A store in which several runners count together."""
    assert isinstance(backlog, InMemory)
    backlog.streak = backlog.streak or ""
    return backlog


def refusals(number: int, domain: str = "elsewhere.example") -> list[InARow]:
    reply = Reply(550, "no", "RCPT")
    return [InARow(Met.REFUSED, 900 + n, 20, 24, f"{n % 3}.{domain}", reply=reply) for n in range(number)]


@pytest.mark.parametrize("connections", [1, 4])
def test_refusals_of_one_runner_trip_the_breaker_once_they_are_heard_of(
    desk: MakeDesk, connections: int
) -> None:
    people = [address(n, f"{n % 5}.example") for n in range(300)]
    run = desk(people, rcpt=lambda visit: "550 no", connections=connections, through=together)
    ending = run.send()
    assert ending.early
    assert "20 permanent refusals in a row, the last one: 550 no" in ending.reason
    assert set(run.totals()) == {Status.DEFERRED, Status.PENDING}


def test_what_others_met_ends_this_one_too(desk: MakeDesk) -> None:
    async def another(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 3)
        assert isinstance(run.backlog, InMemory)
        run.backlog.streak = after(CLEAR, refusals(20))

    run = desk(300, rates=(Rate(10, 1),), through=together, beside=another)
    ending = run.send()
    assert ending.early
    assert "20 permanent refusals in a row, the last one: 550 no" in ending.reason
    assert 30 <= run.totals()[Status.ACCEPTED] <= 35


def test_where_others_are_accepted_between_nothing_is_in_a_row(desk: MakeDesk) -> None:
    async def another(run: Desk) -> None:
        while True:
            await run.clock.wait(asyncio.Event(), 1)
            assert isinstance(run.backlog, InMemory)
            run.backlog.streak = CLEAR

    people = [address(n, f"{n % 5}.example") for n in range(100)]
    run = desk(
        people, rcpt=lambda visit: "550 no", rates=(Rate(10, 1),), through=together, beside=another
    )
    assert not run.send().early
    totals = run.totals()
    assert totals[Status.REJECTED] >= 80  # whoever was refused before another was accepted
    assert sum(totals.values()) == 100
