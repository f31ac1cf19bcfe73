"""Messages composed on the loop of the run, between two turns, and a mix of these with what workers build."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.ledger.facts import Change, Intent, Settled
from sendbatch.ledger.store import Backlog
from sendbatch.message.compose import Composer
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.levels import BEHIND, Levels
from sendbatch.values import Message, Recipient, Status
from tests.kit.desk import COLUMNS, LETTER, SALT, Desk, address, addresses
from tests.kit.desks import MakeDesk, ledger_on_disk  # noqa: F401
from tests.kit.office import Visit
from tests.kit.people import said


def number_of(recipient: Recipient) -> int:
    return recipient.row - 2


class Planned:
    """Composes whoever `may` be, as a worker would; `composed` are these, in order."""

    is_planned = True

    def __init__(self, may: Callable[[int], bool] = lambda number: True) -> None:
        self._composer = Composer(LETTER, COLUMNS, SALT)
        self._may = may
        self.composed: list[str] = []
        self.on_each: Callable[[], object] = lambda: None

    def planned(self, recipient: Recipient, now: float) -> Message | None:
        self.on_each()
        if not self._may(number_of(recipient)):
            return None
        message = self._composer.compose(recipient, now)
        if not isinstance(message, Message):
            return None
        self.composed.append(recipient.email)
        return message


def pipelined(desk: MakeDesk, people: int | list[str], composer: Planned, **options) -> Desk:
    options = {"pipelining": "taken", "levels": Levels(BEHIND)} | options
    return desk(people, composer=composer, **options)


def test_what_is_planned_is_composed_here_and_no_worker_is_asked(desk: MakeDesk) -> None:
    composer = Planned()
    run = pipelined(desk, 400, composer, connections=4)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 400}
    assert run.pool.asked == []
    assert composer.composed == addresses(400)
    assert set(run.office.whole.values()) == {1}


def test_a_content_that_is_not_planned_goes_to_the_workers_whole(desk: MakeDesk) -> None:
    composer = Planned()
    composer.is_planned = False
    run = pipelined(desk, 300, composer)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 300}
    assert composer.composed == []
    assert sum(map(len, run.pool.asked)) >= 300


def test_a_composed_message_is_at_hand_whenever_a_connection_asks(desk: MakeDesk) -> None:
    run = pipelined(desk, 600, Planned(), connections=3)
    run.send()
    # but for the first of each connection, every envelope went along with the dot before it
    assert sum(visit.followed for visit in run.office.visits) >= 597
    assert len(run.office.visits) == 3


def test_no_more_are_composed_than_a_few_for_each_connection(desk: MakeDesk) -> None:
    composer, ahead = Planned(), []
    run = pipelined(desk, 300, composer, connections=2)
    run.watcher.on_move = lambda: ahead.append(
        len(composer.composed) - run.watcher.counts[Status.ACCEPTED]
    )
    run.send()
    assert max(ahead) <= 2 * 2 + 2 * 2  # at hand; and under way, with the envelope behind it


@pytest.mark.parametrize("connections", [1, 5])
@pytest.mark.parametrize("share", [2, 3, 50])
def test_a_mix_reaches_everybody_once_roughly_in_order(
    desk: MakeDesk, connections: int, share: int
) -> None:
    composer = Planned(lambda number: number % share != 1)
    run = pipelined(desk, 700, composer, connections=connections)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 700}
    assert set(run.office.whole.values()) == {1}
    by_workers = {email for batch in run.pool.asked for email in batch}
    assert by_workers == set(addresses(700)) - set(composer.composed)
    places = {email: place for place, email in enumerate(run.office.taken)}
    assert max(abs(places[address(number)] - number) for number in range(700)) <= 600
    if connections == 1:
        for some in (by_workers, set(composer.composed)):
            assert [e for e in run.office.taken if e in some] == [
                e for e in addresses(700) if e in some
            ]


def test_one_that_a_worker_must_build_does_not_wait_for_others_of_its_kind(desk: MakeDesk) -> None:
    run = pipelined(desk, 200, Planned(lambda number: number != 3), rates=(Rate(1, 1),))
    run.send()
    assert run.office.taken.index(address(3)) < 80


def test_whoever_can_be_built_by_nobody_fails_and_the_others_go(desk: MakeDesk) -> None:
    composer = Planned()
    run = pipelined(desk, 300, composer, broken=(0, 7, 299), connections=2)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 297, Status.FAILED: 3}
    assert "zero" in (said(run.entry(address(7))) or "")
    assert sorted(email for batch in run.pool.asked for email in batch) == sorted(
        map(address, (0, 7, 299))
    )


def test_too_many_that_cannot_be_built_stop_a_mixed_run_as_well(desk: MakeDesk) -> None:
    run = pipelined(desk, 2000, Planned(), broken=tuple(range(40, 2000, 10)))
    ending = run.send()
    assert ending.early
    assert "messages could not be built" in ending.reason
    assert run.totals()[Status.PENDING] > 1000


def test_who_is_deferred_is_composed_anew_when_due_and_keeps_the_date(desk: MakeDesk) -> None:
    refused: list[str] = []

    def rcpt(visit: Visit) -> str | None:
        if visit.recipient in (address(3), address(8)) and visit.recipient not in refused:
            refused.append(visit.recipient)
            return "451 later"
        return None

    composer = Planned()
    run = pipelined(desk, 20, composer, rcpt=rcpt)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 20}
    assert composer.composed.count(address(3)) == 2
    assert run.entry(address(3)).attempts == 2


def test_an_error_of_ours_in_the_middle_of_composing_ends_the_run_and_loses_nobody(
    desk: MakeDesk,
) -> None:
    def fail() -> None:
        if len(composer.composed) == 100:
            raise ValueError("ours")

    composer = Planned()
    composer.on_each = fail
    run = pipelined(desk, 300, composer, connections=3)
    with pytest.raises((ValueError, ExceptionGroup)):
        run.send()
    assert set(run.totals()) == {Status.ACCEPTED, Status.PENDING}
    assert 0 < run.totals()[Status.ACCEPTED] <= 100
    composer.on_each = lambda: None
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 300}
    assert set(run.office.whole.values()) == {1}


def test_a_domain_with_a_limit_has_a_few_composed_and_holds_nobody_else_back(
    desk: MakeDesk,
) -> None:
    emails = [address(n, "slow.example" if n % 2 else "example.org") for n in range(400)]
    composer = Planned()
    run = pipelined(
        desk,
        emails,
        composer,
        domains={"slow.example": (Rate(1, 10),)},
        connections=2,
        stop_after=30.0,
    )
    run.send()
    taken = run.office.taken
    assert sum(email.endswith("example.org") for email in taken) == 200
    assert (
        sum(email.endswith("slow.example") for email in composer.composed) <= len(taken) - 200 + 6
    )


def test_asked_to_stop_in_the_middle_what_has_begun_is_completed_and_the_rest_is_pending(
    desk: MakeDesk,
) -> None:
    composer = Planned(lambda number: number % 5 != 0)
    run = pipelined(desk, 500, composer, connections=3)
    composer.on_each = lambda: len(run.office.taken) < 100 or run.stop.soon("enough")
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "enough")
    totals = run.totals()
    assert set(totals) == {Status.ACCEPTED, Status.PENDING}
    assert totals[Status.ACCEPTED] == len(run.office.taken) < 200
    run.stop, composer.on_each = Stop(), lambda: None
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 500}
    assert set(run.office.whole.values()) == {1}


def test_composing_that_takes_long_lets_the_loop_go_on_in_between(desk: MakeDesk) -> None:
    composer, turns = Planned(), []
    run = pipelined(desk, 60, composer, connections=10)

    def takes_long() -> None:
        run.clock.now += 0.004
        turns.append(turn)

    turn = 0

    async def count(run: Desk) -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    composer.on_each, run.beside = takes_long, count
    run.send()
    assert run.totals() == {Status.ACCEPTED: 60}
    assert max(turns.count(one) for one in set(turns)) <= 2


class Slow:
    """The real queue, on a disk that takes its time: `blocked` is called during each transaction."""

    def __init__(self, backlog: Backlog, blocked: Callable[[int], object]) -> None:
        self._backlog = backlog
        self._blocked = blocked
        self.transactions: list[Sequence[Change]] = []

    def apply(self, changes: Sequence[Change]) -> None:
        self._backlog.apply(changes)
        self.transactions.append(changes)
        self._blocked(len(self.transactions))

    def __getattr__(self, name: str) -> object:
        return getattr(self._backlog, name)


def through(run: Desk, blocked: Callable[[int], object]) -> list[Slow]:
    made: list[Slow] = []

    def slow(backlog: Backlog) -> Backlog:
        if not made:
            made.append(Slow(backlog, blocked))
        return made[0]  # type: ignore[return-value]

    run.through = slow
    return made


def test_outcomes_and_intents_of_all_that_are_ready_in_one_turn_share_a_transaction(
    desk: MakeDesk,
) -> None:
    run = pipelined(desk, 400, Planned(), connections=8)
    (made,) = (through(run, lambda number: None),)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 400}
    groups = made[0].transactions
    both = [
        group
        for group in groups
        if {type(change) for change in group} >= {Settled, Intent} and len(group) > 4
    ]
    assert len(groups) < 300
    assert len(both) > len(groups) / 4
    # never an intent before the outcome of the message before it on its connection
    begun: set[int] = set()
    for group in groups:
        ended = {change.id for change in group if isinstance(change, Settled)}
        begun = begun - ended | {change.id for change in group if isinstance(change, Intent)}
        assert len(begun) <= 8


@pytest.mark.parametrize("seconds", [2.0, 40.0])
def test_a_disk_that_stands_still_loses_nothing_and_a_stop_is_heard_after_it(
    desk: MakeDesk, seconds: float
) -> None:
    run = pipelined(desk, 300, Planned(), connections=4, rates=(Rate(50, 1),), stop_after=600.0)

    def stands_still(number: int) -> None:
        if number % 10 == 5:
            run.clock.now += seconds
        if number == 35:
            run.stop.soon("enough")

    made = through(run, stands_still)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "enough")
    totals = run.totals()
    assert set(totals) == {Status.ACCEPTED, Status.PENDING}
    assert totals[Status.ACCEPTED] == len(run.office.taken)
    assert len(made[0].transactions) < 45
    assert {entry.attempts for entry in run.entries() if entry.status is Status.ACCEPTED} == {1}
    assert run.events("connections") == []
    run.stop, run.through = Stop(), lambda backlog: backlog
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 300}
    assert set(run.office.whole.values()) == {1}


def test_after_a_disk_that_stood_still_no_pace_catches_up(desk: MakeDesk) -> None:
    run = pipelined(desk, 100, Planned(), connections=2, rates=(Rate(10, 1),))
    times: list[float] = []

    def stands_still(number: int) -> None:
        if number == 20:
            run.clock.now += 5.0

    through(run, stands_still)
    run.office.mail = lambda visit: times.append(run.clock.now)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 100}
    assert all(b - a > 0.7 for a, b in zip(times, times[10:], strict=False))
