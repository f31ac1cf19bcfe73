"""How runs end before everybody had their turn, and that nobody is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.errors import RecordStopped
from sendbatch.ledger.facts import Change, Intent
from sendbatch.ledger.store import Backlog
from sendbatch.runtime.stop import Stop
from sendbatch.values import Status
from tests.kit.desk import PATIENT, Desk, address, addresses
from tests.kit.desks import MakeDesk, ledger_on_disk  # noqa: F401
from tests.kit.office import Visit
from tests.kit.people import said


def test_asked_to_stop_while_only_later_ones_remain_a_run_is_not_early(desk: MakeDesk) -> None:
    async def asks(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 20)
        run.stop.soon()

    run = desk(
        5, rcpt=lambda visit: "451 later" if visit.recipient == address(1) else None, beside=asks
    )
    ending = run.send()
    assert (ending.early, ending.not_due) == (False, run.entry(address(1)).due_at)
    assert run.clock.now == 20


def test_rows_that_cannot_be_built_fail_and_the_others_go(desk: MakeDesk) -> None:
    run = desk(100, broken=tuple(range(10, 20)))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 90, Status.FAILED: 10}
    entry = run.entry(address(12))
    assert entry.attempts == 0
    assert "zero" in (said(entry) or "")


def test_more_than_one_in_a_hundred_that_cannot_be_built_stop_the_run(desk: MakeDesk) -> None:
    run = desk(2000, broken=tuple(range(40, 2000, 10)))
    ending = run.send()
    assert ending.early
    assert "messages could not be built" in ending.reason
    totals = run.totals()
    assert 20 < totals[Status.FAILED] < 60
    assert totals[Status.PENDING] > 1000


def test_a_limit_sends_so_many_and_leaves_the_others_pending(desk: MakeDesk) -> None:
    run = desk(50, limit=7, connections=3)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 7, Status.PENDING: 43}
    assert sorted(run.office.taken) == sorted(addresses(7))


def test_asked_to_stop_soon_what_has_started_is_completed_and_nobody_lost(desk: MakeDesk) -> None:
    def stop_at_the_thirtieth(visit: Visit) -> None:
        if len(run.office.taken) == 30:
            run.stop.soon("enough")

    run = desk(200, connections=5, on_dot=stop_at_the_thirtieth)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "enough")
    totals = run.totals()
    assert set(totals) == {Status.ACCEPTED, Status.PENDING}
    assert 30 < totals[Status.ACCEPTED] <= 40
    assert sorted(run.office.taken) == sorted(
        entry.email for entry in run.entries() if entry.status is Status.ACCEPTED
    )
    run.stop = Stop()
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 200}
    assert set(run.office.whole.values()) == {1}


def test_asked_to_stop_now_at_most_one_for_each_connection_is_in_doubt(desk: MakeDesk) -> None:
    all_in_doubt = asyncio.Event()

    async def hangs() -> None:
        if len(run.office.whole) == 35:
            run.stop.now()
        await all_in_doubt.wait()

    def moved() -> None:
        if run.watcher.counts[Status.IN_DOUBT] == 5:
            all_in_doubt.set()

    def from_the_thirtieth(visit: Visit) -> Awaitable[None] | None:
        return hangs() if len(run.office.whole) > 30 else None

    run = desk(200, connections=5, on_dot=from_the_thirtieth)
    run.watcher.on_move = moved
    assert run.send().early
    assert run.totals() == {Status.ACCEPTED: 30, Status.IN_DOUBT: 5, Status.PENDING: 165}
    assert run.events("connections") == []  # it was not the server who ended them
    doubtful = {e.email for e in run.entries() if e.status is Status.IN_DOUBT}
    run.stop, run.office.on_dot = Stop(), lambda visit: None
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 195, Status.IN_DOUBT: 5}
    assert set(run.office.whole.values()) == {1}
    assert doubtful <= set(run.office.whole)


def test_asked_to_stop_while_a_greeting_is_waited_for_a_run_ends_at_once(desk: MakeDesk) -> None:
    async def asks(run: Desk) -> None:
        while not run.office.visits:
            await asyncio.sleep(0)
        run.stop.soon()

    patience = "220-patience"  # a line, and never the last
    run = desk(20, greeting=lambda visit: patience, beside=asks, timeouts=PATIENT)
    assert run.send().early
    assert run.totals() == {Status.PENDING: 20}


def test_a_breaker_waits_for_no_connection_that_is_being_opened(desk: MakeDesk) -> None:
    def greeting(visit: Visit) -> str | None:
        return "220-patience" if len(run.office.visits) > 1 else None

    run = desk(60, connections=2, greeting=greeting, rcpt=lambda visit: "550 5.7.1 no", timeouts=PATIENT)
    began = run.clock.steady()
    assert run.send().early
    assert run.clock.steady() - began < PATIENT.greeting


def test_asked_to_stop_before_it_began_nothing_is_sent(desk: MakeDesk) -> None:
    run = desk(20)
    run.stop.soon("enough")
    assert run.send().early
    assert run.totals() == {Status.PENDING: 20}
    assert run.office.visits == []


def test_asked_to_stop_when_all_is_done_a_run_is_not_early(desk: MakeDesk) -> None:
    def moved() -> None:
        if run.watcher.counts[Status.ACCEPTED] == 20:
            run.stop.soon()

    run = desk(19)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 19}


def test_a_time_given_is_kept(desk: MakeDesk) -> None:
    run = desk(100, rates=(Rate(1, 1),), stop_after=10.0)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "the time given with --stop-after is over")
    assert run.totals() == {Status.ACCEPTED: 11, Status.PENDING: 89}


class FullDisk:
    """The record on a disk that has room for so many commits of intents, and no more."""

    def __init__(self, backlog: Backlog, room: int) -> None:
        self._backlog, self._room = backlog, room

    def apply(self, changes: Sequence[Change]) -> None:
        self._room -= sum(isinstance(change, Intent) for change in changes)
        if self._room < 0:
            raise RecordStopped("the record can no longer be written: database or disk is full")
        self._backlog.apply(changes)

    def __getattr__(self, name: str) -> object:
        return getattr(self._backlog, name)


@pytest.mark.parametrize("connections", [1, 6])
def test_a_full_disk_stops_the_run_before_any_dot_it_could_not_record(
    desk: MakeDesk, connections: int
) -> None:
    run = desk(100, connections=connections)
    run.through = lambda backlog: FullDisk(backlog, 40)
    with pytest.raises(RecordStopped, match="disk is full"):
        run.send()
    sent = run.ledger.reading.totals()
    known = {e.email for e in run.entries() if e.status in (Status.ACCEPTED, Status.SENDING)}
    assert set(run.office.whole) <= known
    assert sent.get(Status.SENDING, 0) <= connections
    run.through = lambda backlog: backlog
    run.send()
    assert run.totals().get(Status.IN_DOUBT, 0) <= connections
    assert set(run.office.whole.values()) == {1}
