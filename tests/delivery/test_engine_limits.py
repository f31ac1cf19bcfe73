"""A run keeps to rates and quotas, its own and those of domains."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.delivery.queue import Queue
from sendbatch.errors import LedgerError, RecordStopped
from sendbatch.values import Status
from tests.kit.desk import Desk, addresses, usage_in
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit


def test_messages_per_connection_are_kept(desk: MakeDesk) -> None:
    run = desk(25, per_connection=10)
    run.send()
    assert [visit.mails for visit in run.office.visits] == [10, 10, 5]
    assert run.totals() == {Status.ACCEPTED: 25}


@pytest.mark.parametrize("pipelining", ["", "taken"])
def test_as_many_messages_go_on_a_connection_as_the_server_says_it_takes(
    desk: MakeDesk, pipelining: str
) -> None:
    run = desk(25, offers=("LIMITS MAILMAX=10",), per_connection=20, pipelining=pipelining)
    run.send()
    assert [visit.mails for visit in run.office.visits] == [10, 10, 5]
    assert run.totals() == {Status.ACCEPTED: 25}


@pytest.mark.parametrize("said", ["421 enough", "452 enough"])
def test_a_limit_learned_while_connections_wait_for_their_slots_is_met_twice_alone(
    desk: MakeDesk, said: str
) -> None:
    async def all_have_as_many(visit: Visit) -> None:
        first = run.office.visits[:4]
        while visit in first and (len(first) < 4 or min(v.mails for v in first) < visit.mails):
            await run.clock.wait(asyncio.Event(), 0.01)
            first = run.office.visits[:4]

    run = desk(
        60,
        connections=4,
        rates=(Rate(5, 1),),
        on_dot=all_have_as_many,
        mail=lambda visit: said if visit.accepted == 5 else None,
    )
    assert not run.send().early
    assert {entry.attempts for entry in run.entries()} == {1}
    assert run.totals() == {Status.ACCEPTED: 60}
    assert sum(visit.mails > 5 for visit in run.office.visits) == 2
    assert run.events("connections") == ["the server takes 5 messages a connection"]


def test_a_rate_is_kept_over_all_connections(desk: MakeDesk) -> None:
    run = desk(120, rates=(Rate(10, 1),), connections=4)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 120}
    assert 11.8 <= run.clock.now <= 12.5
    assert run.clock.jumps < 2000


def test_connections_that_wait_for_a_slot_do_so_in_turn(desk: MakeDesk) -> None:
    """Woken all at once for each slot, ten of them would wait ten times a message."""
    run = desk(200, rates=(Rate(100, 1),), connections=10)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 200}
    assert 1.8 <= run.clock.now <= 2.5
    assert run.clock.waits < 200 * 2


def test_connections_not_needed_are_closed_and_a_slow_rate_keeps_one(desk: MakeDesk) -> None:
    run = desk(20, rates=(Rate(12, 60),), connections=4)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 20}
    assert len(run.office.visits) <= 4


def test_between_slots_over_a_minute_apart_no_connection_is_held(desk: MakeDesk) -> None:
    held: list[int] = []

    async def looks(run: Desk) -> None:
        while True:
            await run.clock.wait(asyncio.Event(), 37)
            held.append(run.office.open_now)

    run = desk(4, rates=(Rate(4, 60),), usage=None, connections=2, beside=looks)
    run.rates = (Rate(1, 60),)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 4}
    assert 0 in held


def test_a_pace_of_minutes_is_kept_and_is_no_quota_that_is_spent(desk: MakeDesk) -> None:
    run = desk(4, rates=(Rate(10, 1800),), usage=None, no_wait=True)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 4}
    assert 3 * 180 - 1 <= run.clock.now <= 3 * 180 + 10
    assert run.events("quota") == []


def test_a_domain_limit_holds_that_domain_alone(desk: MakeDesk) -> None:
    people = addresses(60, "slow.example") + addresses(60, "fast.example")
    done: dict[str, float] = {}
    run = desk(
        people,
        domains={"slow.example": (Rate(1, 1),)},
        connections=2,
        dot=lambda visit: done.update({visit.recipient.partition("@")[2]: run.clock.now}),
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 120}
    assert done["fast.example"] < 1
    assert 58 <= done["slow.example"] <= 61


def test_a_quota_is_never_exceeded_and_waited_for(desk: MakeDesk, tmp_path: Path) -> None:
    at: list[float] = []
    run = desk(
        25,
        rates=(Rate(10, 3600),),
        usage=usage_in(tmp_path),
        connections=2,
        on_dot=lambda visit: at.append(run.clock.now),
    )
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 25}
    for earlier, later in zip(at, at[10:], strict=False):
        assert later - earlier >= 3600
    assert at[-1] <= 2 * 3720
    assert len(run.events("quota")) == 2
    assert "waiting" in run.events("quota")[0]


def test_a_quota_that_came_free_while_the_machine_slept_is_used(
    desk: MakeDesk, tmp_path: Path
) -> None:
    async def sleeps(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 600)
        run.clock.sleep_through(7200)

    run = desk(15, rates=(Rate(10, 3600),), usage=usage_in(tmp_path), beside=sleeps)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 15}
    assert run.clock.now < 700


def test_an_hour_after_a_sleep_holds_no_more_than_its_quota(desk: MakeDesk, tmp_path: Path) -> None:
    at: list[float] = []

    def taken(visit: Visit) -> None:
        at.append(run.clock.wall())
        if len(at) == 205:  # with five of a block of ten in hand
            run.clock.sleep_through(7200)

    run = desk(1300, rates=(Rate(1000, 3600),), usage=usage_in(tmp_path), on_dot=taken)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 1300}
    for earlier, later in zip(at, at[1000:], strict=False):
        assert later - earlier >= 3600


def test_a_daily_quota_lets_the_same_number_go_each_day(desk: MakeDesk, tmp_path: Path) -> None:
    """A daily cron with --no-wait, some seconds late or not."""
    run = desk(25, rates=(Rate(5, 86400),), usage=usage_in(tmp_path), no_wait=True)
    for day, late in enumerate((3.0, 0.0, 8.0, 0.0, 1.0)):
        run.clock.now = max(run.clock.now, day * 86400 + late)
        assert run.send().early is (day < 4)
        assert run.totals()[Status.ACCEPTED] == 5 * (day + 1)
        assert run.clock.now < day * 86400 + 60


def test_a_quota_spent_ends_a_run_that_does_not_wait(desk: MakeDesk, tmp_path: Path) -> None:
    run = desk(25, rates=(Rate(10, 3600),), usage=usage_in(tmp_path), no_wait=True, connections=2)
    ending = run.send()
    assert ending.early
    assert "used up until" in ending.reason
    assert run.totals() == {Status.ACCEPTED: 10, Status.PENDING: 15}
    assert run.clock.now == 0


def test_the_quota_of_one_domain_does_not_end_a_run_before_the_others_went(
    desk: MakeDesk, tmp_path: Path
) -> None:
    people = addresses(20, "slow.example") + addresses(100, "fast.example")
    run = desk(
        people,
        domains={"slow.example": (Rate(5, 3600),)},
        usage=usage_in(tmp_path),
        no_wait=True,
        connections=2,
    )
    assert run.send().early
    assert run.totals() == {Status.ACCEPTED: 105, Status.PENDING: 15}


def test_what_was_not_used_of_a_quota_is_given_back(desk: MakeDesk, tmp_path: Path) -> None:
    usage = usage_in(tmp_path)
    run = desk(25, rates=(Rate(5000, 86400),), usage=usage, limit=7)
    run.send()
    assert usage.used(run.account, 86400, run.clock.wall()) == 7


def test_what_was_taken_ahead_of_a_quota_is_given_back_too(
    desk: MakeDesk, tmp_path: Path
) -> None:
    """Of a block of a hundred the next is taken when forty are left, before anybody has to wait for it."""
    usage = usage_in(tmp_path)
    run = desk(75, rates=(Rate(50_000, 86400),), usage=usage)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 75}
    assert usage.used(run.account, 86400, run.clock.wall()) == 75


def test_a_usage_file_that_is_lost_in_the_middle_stops_the_run(
    desk: MakeDesk, tmp_path: Path
) -> None:
    def loses(visit: Visit) -> None:
        if len(run.office.taken) == 2:
            (tmp_path / "state" / "usage.sqlite").unlink(missing_ok=True)

    run = desk(30, rates=(Rate(100, 3600),), usage=usage_in(tmp_path), on_dot=loses)
    with pytest.raises(RecordStopped, match=r"usage\.sqlite"):
        run.send()
    assert run.totals() == {Status.ACCEPTED: 3, Status.PENDING: 27}


@pytest.mark.parametrize(
    ("domain", "limited"),
    [("slow.example", "slow.example"), ("bücher.example", "xn--bcher-kva.example")],
)
def test_a_held_back_domain_that_stands_first_keeps_nobody_waiting_and_does_not_pile_up(
    desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, domain: str, limited: str
) -> None:
    waiting: list[int] = []
    add = Queue.add
    monkeypatch.setattr(
        Queue, "add", lambda queue, *given, **more: (waiting.append(queue.length), add(queue, *given, **more))
    )  # fmt: skip
    monkeypatch.setattr("sendbatch.delivery.queue.MOST_MESSAGES", 20)
    monkeypatch.setattr("sendbatch.delivery.feed.BATCH", 40)
    slow = [f"p{i}@{domain}" for i in range(100)]  # more than the line holds of them
    fast = [f"p{i}@fast.example" for i in range(50)]
    it = desk(slow + fast, domains={limited: (Rate(1, 1),)})
    began = it.clock.steady()
    assert not it.send().early
    moved = {entry.email: entry.finished_at or 0.0 for entry in it.entries()}
    last_fast = max(at for email, at in moved.items() if email.endswith("fast.example"))
    first = min(moved.values())
    assert last_fast - first < 10.0
    assert it.totals() == {Status.ACCEPTED: 150}
    assert it.clock.steady() - began >= 98.0
    assert max(waiting) < 80  # two lanes of twenty, and what is left of their batches


def test_where_use_can_be_kept_no_longer_what_has_left_is_answered_and_written(
    desk: MakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage, failed = usage_in(tmp_path), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    take = usage.take

    def full(*given: Any) -> int:
        if len(run.office.whole) < 4:
            return take(*given)
        loops[0].call_soon_threadsafe(failed.set)
        raise LedgerError("usage.sqlite: database or disk is full")

    async def waits() -> None:
        await failed.wait()
        await run.clock.wait(asyncio.Event(), 1.0)

    def slowly(visit: Visit) -> Awaitable[None] | None:
        loops.append(asyncio.get_running_loop())
        return waits() if 1 < len(run.office.whole) < 5 else None

    run = desk(30, rates=(Rate(400, 86400),), usage=usage, connections=4, on_dot=slowly)
    monkeypatch.setattr(usage, "take", full)
    with pytest.raises(RecordStopped, match="disk is full"):
        run.send()
    assert run.totals().get(Status.SENDING, 0) == 0
    assert run.totals()[Status.ACCEPTED] == len(run.office.whole) > 3
