"""A run as a whole: a real record, a real server, and time that passes at once."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from sendbatch.campaign.model import Retry
from sendbatch.values import Status
from tests.kit.desk import Desk, address
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit

GREYLISTED = "450 4.2.0 greylisted, come back later"  # of which the brake makes nothing


def test_everybody_is_accepted_once(desk: MakeDesk) -> None:
    run = desk(100, connections=4)
    ending = run.send()
    assert not ending.early
    assert ending.not_due is None
    assert run.totals() == {Status.ACCEPTED: 100}
    assert set(run.office.whole.values()) == {1}
    assert all(entry.attempts == 1 for entry in run.entries())


def test_the_first_connection_is_used_and_no_other_where_one_is_allowed(desk: MakeDesk) -> None:
    run = desk(100, log_in_first=True)
    run.send()
    assert len(run.office.visits) == 1
    assert run.office.visits[0].accepted == 100
    assert run.office.visits[0].said[-1] == "QUIT"


def test_a_recipient_deferred_is_accepted_when_its_time_has_come(desk: MakeDesk) -> None:
    def busy_twice(visit: Visit) -> str | None:
        tried = run.office.asked[visit.recipient]
        return "451 4.2.1 later" if visit.recipient == address(3) and tried < 3 else None

    run = desk(10, rcpt=busy_twice)
    ending = run.send()
    assert not ending.early
    assert run.totals() == {Status.ACCEPTED: 10}
    assert run.entry(address(3)).attempts == 3
    assert 60 * 0.8 + 120 * 0.8 <= run.clock.now <= 60 * 1.2 + 120 * 1.2
    assert ending.not_due is None


def test_delays_grow_and_a_spent_budget_leaves_the_row_deferred_and_due_in_the_next_run(
    desk: MakeDesk,
) -> None:
    at: list[float] = []

    def always_busy(visit: Visit) -> str | None:
        if visit.recipient != address(1):
            return None
        at.append(run.clock.now)
        return "451 later"

    run = desk(5, rcpt=always_busy, retry=Retry(attempts=4, first_delay=60, max_delay=100))
    ending = run.send()
    assert (ending.early, ending.not_due) == (False, None)
    assert run.totals() == {Status.ACCEPTED: 4, Status.DEFERRED: 1}
    entry = run.entry(address(1))
    assert (entry.attempts, entry.due_at, entry.code) == (4, None, 451)
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert all(
        grown * 0.8 <= pause <= grown * 1.2 + 1
        for grown, pause in zip((60, 100, 100), pauses, strict=True)
    )


def test_the_next_run_tries_a_spent_budget_again_at_once(desk: MakeDesk) -> None:
    run = desk(3, rcpt=lambda visit: "451 later" if visit.recipient == address(1) else None)
    run.send()
    run.office.rcpt = lambda visit: None
    before = run.clock.now
    run.send()
    assert run.clock.now == before
    assert run.totals() == {Status.ACCEPTED: 3}
    assert run.entry(address(1)).attempts == 4


@pytest.mark.parametrize("hours", [-9, -1, 1, 9])
def test_a_clock_set_back_or_ahead_while_a_retry_waits_makes_it_wait_no_longer(
    desk: MakeDesk, hours: int
) -> None:
    async def sets(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 5)
        run.clock.sleep_through(hours * 3600)

    def busy(visit: Visit) -> str | None:
        return "451 later" if run.office.asked[visit.recipient] < 3 else None

    run = desk(5, rcpt=busy, beside=sets)
    ending = run.send()
    assert (ending.early, run.totals()) == (False, {Status.ACCEPTED: 5})
    assert run.clock.now <= 60 * 1.2 + 120 * 1.2 + 60
    assert {entry.attempts for entry in run.entries()} == {3}


def test_after_the_clock_was_set_back_the_time_that_is_said_is_that_of_the_clock(
    desk: MakeDesk,
) -> None:
    async def sets(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 5)
        run.clock.sleep_through(-7200)
        await run.clock.wait(asyncio.Event(), 100)
        run.stop.soon()

    run = desk(1, rcpt=lambda visit: "451 later", beside=sets)
    ending = run.send()
    assert ending.not_due is not None
    assert 0 <= ending.not_due - run.clock.wall() <= 240


def test_without_waiting_a_run_says_when_the_next_is_due(desk: MakeDesk) -> None:
    run = desk(
        5, rcpt=lambda visit: "451 later" if visit.recipient == address(1) else None, no_wait=True
    )
    ending = run.send()
    assert not ending.early
    assert ending.not_due == run.entry(address(1)).due_at
    assert run.clock.now == 0


def test_hundreds_deferred_at_once_all_come_back(desk: MakeDesk) -> None:
    run = desk(
        120,
        connections=8,
        rcpt=lambda visit: "450 greylisted" if run.office.asked[visit.recipient] == 1 else None,
    )
    ending = run.send()
    assert not ending.early
    assert run.totals() == {Status.ACCEPTED: 120}
    assert {entry.attempts for entry in run.entries()} == {2}
    # the eight connections of before and eight of after: none is opened for nothing
    assert [visit.mails > 5 for visit in run.office.visits] == [True] * 16


def test_those_tried_before_take_no_place_from_those_who_wait_for_their_first_try(
    desk: MakeDesk,
) -> None:
    """For each that is tried once more one new recipient was begun, for as long as there are new ones."""
    run = desk(600, retry=Retry(attempts=1), limit=300, rcpt=lambda visit: GREYLISTED)
    run.send()
    assert run.totals() == {Status.DEFERRED: 300, Status.PENDING: 300}
    before = set(run.office.asked)
    run.office.asked.clear()
    run.limit, run.office.rcpt = None, lambda visit: None
    run.send()
    assert run.totals() == {Status.ACCEPTED: 600}
    new = again = 0
    for person in run.office.asked:  # in the order of their turns
        new += person not in before
        again += person in before
        assert again <= new or new == 300
    first = list(run.office.asked)[:300]
    assert before & set(first), "those tried before get their turn too"
