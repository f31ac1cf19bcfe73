"""A gate is added to the list, and nothing else need know of it: a run keeps to it, and says why it waits."""

from __future__ import annotations

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.limits.gates import ANY_TIME, NEVER, Gate, Hold
from sendbatch.runtime.clock import Clock
from sendbatch.values import Status
from tests.kit.clock import START, FakeClock
from tests.kit.desk import address
from tests.kit.desks import MakeDesk
from tests.kit.limits import limits
from tests.kit.office import Visit

OPEN, ROUND = 20.0, 200.0  # seconds: open for so long in each round


class Hours(Gate):
    """Open at some times of the day, which go by the wall clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def due(self, now: float, domain: str) -> float:
        into = (self._clock.wall() - START) % ROUND
        return ANY_TIME if into < OPEN else now + ROUND - into

    def hold(self, domain: str) -> Hold:
        return Hold("the hours", "the hours of the campaign", "it is after hours")

    def forecast(self, messages: int, begun_at: float, needed: float | None) -> float | None:
        """What the others need is needed of open hours alone."""
        rounds, rest = divmod(needed or 0.0, OPEN)
        return rounds * ROUND + rest


class Canary(Gate):
    """The first few go alone, until so many were taken; for one that was not, another goes. A refusal for
    good ends the run."""

    def __init__(self, first: int) -> None:
        self._left = first
        self._waiting = first

    def due(self, now: float, domain: str) -> float:
        return ANY_TIME if self._left or not self._waiting else NEVER

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        self._left = max(0, self._left - 1)

    def answered(self, now: float, domain: str, recipient_id: int, status: Status) -> str:
        if self._waiting and status is Status.REJECTED:
            return "one of the first few was refused"
        if status is Status.ACCEPTED:
            self._waiting = max(0, self._waiting - 1)
        elif self._waiting:
            self._left += 1
        return ""


def test_a_run_keeps_to_hours_and_says_what_it_waits_for(desk: MakeDesk) -> None:
    at: list[float] = []
    run = desk(
        50, rates=(Rate(1, 1),), connections=2, on_dot=lambda visit: at.append(run.clock.now)
    )
    run.gates = [Hours(run.clock)]
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 50}
    assert all(moment % ROUND < OPEN + 1 for moment in at)
    assert {int(moment // ROUND) for moment in at} == {0, 1, 2}
    told = [wait for wait in run.watcher.waits if wait.whom == "the hours"]
    assert {wait.why for wait in told} == {"the hours of the campaign"}
    assert {round(wait.until - START) for wait in told if wait.until} == {200, 400}
    assert len(run.events("quota")) == 2
    assert all(text.startswith("it is after hours until ") for text in run.events("quota"))


def test_after_hours_no_connection_is_held_and_a_run_that_does_not_wait_ends(
    desk: MakeDesk,
) -> None:
    run = desk(30, rates=(Rate(1, 1),), no_wait=True)
    run.gates = [Hours(run.clock)]
    ending = run.send()
    assert ending.early
    assert ending.reason.startswith("it is after hours until ")
    assert run.office.open_now == 0
    assert 20 <= run.totals()[Status.ACCEPTED] <= 21


@pytest.mark.parametrize(("messages", "seconds"), [(15, 15), (50, 410)])
def test_hours_stretch_what_the_gates_before_them_need(messages: int, seconds: float) -> None:
    it = limits(Rate(1, 1))
    assert it.gates.forecast(messages, START) == messages
    stretched = limits(Rate(1, 1), more=[Hours(FakeClock())])
    assert stretched.gates.forecast(messages, START) == seconds


def test_the_first_few_go_alone_and_the_others_as_soon_as_these_were_taken(desk: MakeDesk) -> None:
    run = desk(40, connections=4, gates=[Canary(3)])
    run.send()
    assert run.totals() == {Status.ACCEPTED: 40}
    assert run.clock.now < 1  # nobody sat out the time after which an idle connection looks again


def test_for_one_of_the_first_few_that_is_not_taken_another_goes(desk: MakeDesk) -> None:
    gone: list[int] = []

    def rcpt(visit: Visit) -> str | None:
        gone.append(len(run.office.taken))
        is_first = visit.recipient == address(1) and run.office.asked[address(1)] < 2
        return "451 4.7.1 greylisted" if is_first else None

    run = desk(20, connections=4, gates=[Canary(3)], rcpt=rcpt)
    run.send()
    assert gone[3] < 3  # the fourth, while not all of the three were taken
    assert all(taken >= 3 for taken in gone[4:])
    assert run.totals() == {Status.ACCEPTED: 20}


def test_where_one_of_the_first_few_is_refused_for_good_the_run_ends_and_says_why(
    desk: MakeDesk,
) -> None:
    def rcpt(visit: Visit) -> str | None:
        return "550 5.1.1 no such user" if visit.recipient == address(1) else None

    run = desk(20, connections=4, gates=[Canary(3)], rcpt=rcpt)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "one of the first few was refused")
    totals = run.totals()
    assert totals[Status.ACCEPTED] <= 3
    assert totals[Status.PENDING] >= 16
