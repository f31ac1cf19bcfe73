"""Nothing leaves that was not announced: over a store that announces whom a run sends to, in blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Rate, Retry
from sendbatch.delivery import blocks, queue
from sendbatch.delivery.blocks import BRIEF, LONGEST, QUIET
from sendbatch.errors import AnotherRun, RecordStopped
from sendbatch.runtime.stop import Stop
from sendbatch.values import Status
from tests.kit.desk import PATIENT, Desk, address, addresses, usage_in
from tests.kit.desks import MakeDesk
from tests.kit.memory.announcing import Others
from tests.kit.office import Visit

Announced = Callable[..., tuple[Desk, Others]]
GREY = "451 4.7.1 greylisted, come back later"
MOST = 50


@pytest.fixture
def announced(desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> Announced:
    """A desk whose record announces, in small blocks, and what others see of it."""
    monkeypatch.setattr(blocks, "MOST", MOST)

    def make(people: int | list[str] = 10, **fields: Any) -> tuple[Desk, Others]:
        answers = fields.pop("rcpt", lambda visit: None)
        run = desk(people, **fields)
        others = Others(run.ledger, run.clock)
        run.through = others.through

        def rcpt(visit: Visit) -> str | None:
            others.envelope(visit)
            return answers(visit)  # type: ignore[no-any-return]

        run.office.rcpt = rcpt
        return run, others

    return make


def is_kept(run: Desk, others: Others) -> None:
    """Nobody got an envelope unseen, no block was too large, and in the end others know all that is known."""
    assert others.unannounced == []
    assert all(len(push.block) <= blocks.MOST for push in others.pushes)
    assert others.sending == frozenset()
    known = {one.id: one.status for one in run.entries() if one.id in others.outcomes}
    assert others.outcomes == known
    tried = {one.email for one in run.entries() if one.attempts}
    assert tried <= others.emails(others.outcomes)


def test_everybody_is_announced_before_and_told_of_afterwards(announced: Announced) -> None:
    run, others = announced(60, connections=4)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 60}
    assert [len(push.block) for push in others.pushes] == [50, 10, 0]
    assert len(others.told(Status.ACCEPTED)) == 60
    is_kept(run, others)


@pytest.mark.thorough
def test_five_thousand_at_fifty_a_second_cost_few_pushes_and_little_time(
    announced: Announced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    run, others = announced(5000, connections=4, rates=(Rate(50, 1),))
    run.send()
    assert run.totals() == {Status.ACCEPTED: 5000}
    assert len(others.pushes) <= 30
    assert run.clock.now <= 180
    is_kept(run, others)


def test_without_a_pace_a_block_is_as_many_as_went_in_ten_seconds(announced: Announced) -> None:
    async def slowly() -> None:
        await run.clock.wait(asyncio.Event(), 1)

    run, others = announced(150, connections=2, on_dot=lambda visit: slowly())
    run.send()
    sizes = [len(push.block) for push in others.pushes]
    assert sizes[0] == MOST
    assert all(19 <= size <= 20 for size in sizes[1:-2])
    is_kept(run, others)


@pytest.mark.parametrize("behind", ["", "taken"])
def test_a_slow_domain_keeps_nobody_waiting(announced: Announced, behind: str) -> None:
    people = [*addresses(20, "gmail.com"), *addresses(90)]
    run, others = announced(
        people,
        connections=3,
        pipelining=behind,
        rates=(Rate(5, 1),),
        domains={"gmail.com": (Rate(30, 60),)},
    )
    at: list[float] = []

    def on_dot(visit: Visit) -> None:
        if visit.recipient.endswith("example.org"):
            at.append(run.clock.now)

    run.office.on_dot = on_dot
    run.send()
    assert run.totals() == {Status.ACCEPTED: 110}
    assert max(at) < 33
    assert max(len([e for e in others.emails(p.block) if "gmail" in e]) for p in others.pushes) <= 7
    assert 38 < run.clock.now < 60
    is_kept(run, others)


def test_who_was_released_is_announced_when_they_go_again(announced: Announced) -> None:
    def rcpt(visit: Visit) -> str | None:
        return "421 4.7.0 enough for now" if visit.mails == 4 else None

    run, others = announced(30, connections=2, rcpt=rcpt)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 30}
    is_kept(run, others)


def test_while_retries_are_waited_for_nobody_is_in_doubt(announced: Announced) -> None:
    def rcpt(visit: Visit) -> str | None:
        return GREY if run.office.asked[visit.recipient] < 2 else None

    run, others = announced(8, rcpt=rcpt)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 8}
    (first, told, *_, last) = others.pushes
    assert (len(first.block), len(told.block), len(last.block)) == (8, 0, 0)
    assert set(told.outcomes.values()) == {Status.DEFERRED}
    assert told.at < 2 + QUIET + 3
    is_kept(run, others)


def test_who_is_due_again_while_their_block_goes_is_in_it_once(announced: Announced) -> None:
    def rcpt(visit: Visit) -> str | None:
        return GREY if run.office.asked[visit.recipient] < 2 else None

    run, others = announced(60, rcpt=rcpt, rates=(Rate(10, 1),), retry=Retry(4, 0.5, 1, 60))
    run.send()
    assert run.totals() == {Status.ACCEPTED: 60}
    assert set(run.office.asked.values()) == {2}
    assert set(run.office.whole.values()) == {1}
    assert run.clock.now < 30
    is_kept(run, others)


@pytest.mark.parametrize("no_wait", [False, True])
def test_while_a_quota_is_waited_for_nobody_is_announced(
    announced: Announced, tmp_path: Path, no_wait: bool
) -> None:
    run, others = announced(
        21, rates=(Rate(20, 3600),), usage=usage_in(tmp_path), connections=2, no_wait=no_wait
    )
    ending = run.send()
    assert ending.early is no_wait
    assert len(run.office.taken) == (20 if no_wait else 21)
    is_kept(run, others)
    if no_wait:
        assert "used up" in ending.reason
        return
    assert run.clock.now > 3600
    assert any(wait.whom == "the quota" for wait in run.watcher.waits)
    assert len(others.pushes) <= 8
    for one, following in pairwise(others.pushes):
        if following.at - one.at > 100:
            assert one.block == frozenset()


def test_under_the_brake_one_is_announced_at_a_time(announced: Announced) -> None:
    def rcpt(visit: Visit) -> str | None:
        return "451 4.3.2 not now" if sum(run.office.asked.values()) < 24 else None

    people = [*addresses(20, "a.example"), *addresses(20, "b.example")]
    run, others = announced(people, rcpt=rcpt, retry=Retry(attempts=8, first_delay=60))
    run.send()
    assert run.totals() == {Status.ACCEPTED: 40}
    sizes = [len(push.block) for push in others.pushes]
    assert sizes[:4] == [40, 0, 1, 0]
    is_kept(run, others)


def test_domains_set_aside_hold_no_block_up(announced: Announced) -> None:
    people = [*addresses(30, "a.example"), *addresses(90, "b.example")]
    run, others = announced(
        people, rcpt=lambda visit: "550 5.1.1 no" if "a.example" in visit.recipient else None
    )
    run.send()
    totals = run.totals()
    assert totals[Status.ACCEPTED] == 90
    assert totals[Status.REJECTED] == 30
    assert run.clock.now < 60
    is_kept(run, others)


def test_nobody_stays_announced_while_the_server_is_gone(announced: Announced) -> None:
    run, others = announced(100, connections=2, retry=Retry(offline=1800))
    seen: list[int] = []

    async def goes_and_comes(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 60)
        seen.append(len(others.sending))
        await run.clock.wait(asyncio.Event(), 540)
        seen.append(len(others.sending))
        await run.office.opens()

    def dot(visit: Visit) -> str | None:
        if len(run.office.taken) == 30:
            run.office.closes()
        return None

    run.office.dot, run.beside = dot, goes_and_comes
    run.send()
    totals = run.totals()
    assert totals[Status.ACCEPTED] + totals.get(Status.IN_DOUBT, 0) == 100
    assert seen == [0, 0]
    assert len(others.pushes) <= 5
    is_kept(run, others)


def test_one_that_is_not_answered_for_long_keeps_nobody_waiting(announced: Announced) -> None:
    answered_at: dict[str, float] = {}

    async def late(visit: Visit) -> None:
        if visit.recipient == address(3):
            await run.clock.wait(asyncio.Event(), 2 * LONGEST)
        answered_at[visit.recipient] = run.clock.now

    run, others = announced(
        200, connections=4, rates=(Rate(100, 1),), timeouts=PATIENT, on_dot=late
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 200}
    assert sorted(answered_at.values())[-2] < 30
    late_one = next(one.id for one in run.entries() if one.email == address(3))
    assert all(late_one in push.block for push in others.pushes[:-1])
    assert max(b.at - a.at for a, b in pairwise(others.pushes)) < LONGEST + 5
    is_kept(run, others)


def test_asked_to_stop_there_is_no_new_block_and_the_outcomes_are_told(
    announced: Announced,
) -> None:
    def stops(visit: Visit) -> None:
        if len(run.office.taken) == 30:
            run.stop.soon("enough")

    run, others = announced(120, connections=3, on_dot=stops)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "enough")
    assert [len(push.block) for push in others.pushes] == [MOST, 0]
    totals = run.totals()
    assert 30 <= totals[Status.ACCEPTED] <= 36
    assert len(others.told(Status.ACCEPTED)) == totals[Status.ACCEPTED]
    assert len(others.told(Status.PENDING)) == MOST - totals[Status.ACCEPTED]
    is_kept(run, others)
    run.stop = Stop()
    run.send()
    assert run.totals() == {Status.ACCEPTED: 120}
    assert set(run.office.whole.values()) == {1}
    is_kept(run, others)


def test_asked_to_stop_while_a_block_is_announced_nobody_of_it_is_sent_to(
    announced: Announced,
) -> None:
    run, others = announced(40)
    others.on_push = lambda number: run.stop.soon("enough") if number == 0 else None
    assert run.send().early
    assert run.office.asked == {}
    assert [len(push.block) for push in others.pushes] == [40, 0]
    is_kept(run, others)


def test_asked_to_stop_while_others_are_away_a_run_does_not_wait_for_them(
    announced: Announced,
) -> None:
    async def away() -> None:
        run.stop.soon("enough")
        await run.clock.wait(asyncio.Event(), 3600)

    run, others = announced(40)
    others.on_push = lambda number: away() if number == 0 else None
    assert run.send().early
    assert run.office.asked == {}
    assert run.clock.now <= BRIEF + 2
    is_kept(run, others)


def test_asked_to_stop_at_once_the_last_announcement_is_waited_for_briefly(
    announced: Announced,
) -> None:
    async def away() -> None:
        run.stop.now("enough")
        await run.clock.wait(asyncio.Event(), 3600)

    run, others = announced(40, connections=2)
    others.on_push = lambda number: away() if number == 1 else None
    ending = run.send()
    assert ending.early
    assert "before the repository knew" in ending.reason
    assert run.clock.now <= 2 + BRIEF
    assert run.totals() == {Status.ACCEPTED: 40}
    assert len(others.sending) == 40  # the next run has them in doubt


@pytest.mark.parametrize("number", [0, 1, 2])
def test_another_run_ends_this_one_and_what_is_on_the_wire_settles(
    announced: Announced, number: int
) -> None:
    async def hangs(visit: Visit) -> None:
        if visit.recipient == address(3):
            await run.clock.wait(asyncio.Event(), 20)

    def taken_over(asked: int) -> None:
        if asked == number:
            raise AnotherRun("another run holds the campaign by now")

    run, others = announced(
        70, connections=4, rates=(Rate(100, 1),), timeouts=PATIENT, on_dot=hangs
    )
    others.on_push = taken_over
    with pytest.raises(AnotherRun):
        run.send()
    assert len(run.office.taken) == (0, 50, 70)[number]
    assert others.asked == number + 1
    assert set(run.totals()) <= {Status.ACCEPTED, Status.PENDING}
    assert others.unannounced == []


def test_others_who_cannot_be_told_end_the_run_before_the_next_block(
    announced: Announced,
) -> None:
    def gone(asked: int) -> None:
        if asked == 1:
            raise RecordStopped("the repository was waited for in vain")

    run, others = announced(70, connections=4)
    others.on_push = gone
    with pytest.raises(RecordStopped, match="in vain"):
        run.send()
    assert run.totals() == {Status.ACCEPTED: 50, Status.PENDING: 20}
    assert others.asked == 2
    assert others.unannounced == []


def test_where_the_last_outcomes_cannot_be_told_the_run_ends_early_and_says_so(
    announced: Announced,
) -> None:
    def gone(asked: int) -> None:
        if asked == 1:
            raise RecordStopped("the repository was waited for in vain")

    run, others = announced(30)
    others.on_push = gone
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "the repository was waited for in vain")
    assert "the repository was waited for in vain" in run.watcher.notices
    assert run.totals() == {Status.ACCEPTED: 30}


def test_that_the_repository_is_waited_for_is_told_like_any_other_wait(
    announced: Announced,
) -> None:
    run, _ = announced(10)
    run.send()
    wait = run.watcher.waits[0]
    assert (wait.whom, wait.why, wait.until) == (
        "the repository", "the repository to take down who is next", None,
    )  # fmt: skip


def test_a_connection_idles_while_others_are_told_and_is_left_after_a_while(
    announced: Announced,
) -> None:
    async def slow() -> None:
        await run.clock.wait(asyncio.Event(), 1000)

    run, others = announced(20, connections=3, log_in_first=True)
    others.on_push = lambda number: slow() if number == 0 else None
    run.send()
    assert run.totals() == {Status.ACCEPTED: 20}
    assert run.office.visits[0].said[-1] == "QUIT"
    assert run.office.visits[0].mails == 0
    assert len(run.office.visits) <= 4
    is_kept(run, others)


def test_a_block_that_goes_slowly_is_announced_anew(announced: Announced) -> None:
    async def slowly() -> None:
        await run.clock.wait(asyncio.Event(), 20)

    run, others = announced(30, timeouts=PATIENT, on_dot=lambda visit: slowly())
    run.send()
    assert run.totals() == {Status.ACCEPTED: 30}
    assert max(b.at - a.at for a, b in pairwise(others.pushes)) < LONGEST + 25
    assert len(others.pushes[0].block) == 30
    is_kept(run, others)


def test_who_is_rejected_after_all_is_told_with_the_next_announcement(
    announced: Announced,
) -> None:
    """A refusal for good holds once others are accepted after it: perhaps in a later block."""

    def rcpt(visit: Visit) -> str | None:
        return "550 5.1.1 no" if visit.recipient == address(4) else None

    run, others = announced(9, rates=(Rate(4, 60),), rcpt=rcpt)
    run.send()
    assert run.entry(address(4)).status is Status.REJECTED
    id_ = run.entry(address(4)).id
    seen = [push.outcomes[id_] for push in others.pushes if id_ in push.outcomes]
    assert seen[0] is Status.DEFERRED
    assert seen[-1] is Status.REJECTED
    is_kept(run, others)


def test_a_block_is_larger_than_the_queue_where_messages_are_large(
    announced: Announced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MOST_BYTES", 2000)
    run, others = announced(60, connections=2)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 60}
    assert [len(push.block) for push in others.pushes] == [50, 10, 0]
    is_kept(run, others)


def test_rows_that_cannot_be_built_hold_no_block_up(announced: Announced) -> None:
    run, others = announced(120, broken=(0, 1, 5, 49, 50, 119), connections=2)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 114, Status.FAILED: 6}
    assert run.clock.now < 30
    is_kept(run, others)


def test_who_is_sent_to_again_and_whose_key_has_expired_holds_no_block_up(
    announced: Announced,
) -> None:
    run, others = announced(30, connections=1)

    async def hangs(visit: Visit) -> None:
        if len(run.office.whole) > 10:
            run.stop.now()
            await run.clock.wait(asyncio.Event(), 3600)

    run.office.on_dot = hangs
    run.send()
    assert run.totals()[Status.IN_DOUBT] == 1
    run.stop, run.office.on_dot = Stop(), lambda visit: None
    others.takes = 200.0
    run.send_again(holds=100.0)
    totals = run.totals()
    assert totals == {Status.ACCEPTED: 29, Status.IN_DOUBT: 1}
    assert others.unannounced == []
