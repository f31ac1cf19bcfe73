"""A run as a whole: a real record, a real server, and time that passes at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from sendbatch.campaign.model import Rate, Retry
from sendbatch.campaign.secrets import Credentials
from sendbatch.delivery.stopping import Stop
from sendbatch.errors import ProfileError, RecordStopped
from sendbatch.ledger.store import Change, Intent, Store
from sendbatch.values import Status
from tests.delivery.conftest import MakeDesk
from tests.delivery.desk import ADA, Desk, address, addresses, usage_in
from tests.delivery.office import Answer, Visit


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


def test_without_waiting_a_run_says_when_the_next_is_due(desk: MakeDesk) -> None:
    run = desk(
        5, rcpt=lambda visit: "451 later" if visit.recipient == address(1) else None, no_wait=True
    )
    ending = run.send()
    assert not ending.early
    assert ending.not_due == run.entry(address(1)).due_at
    assert run.clock.now == 0


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


def test_hundreds_deferred_at_once_all_come_back(desk: MakeDesk) -> None:
    run = desk(
        300,
        connections=8,
        rcpt=lambda visit: "450 busy" if run.office.asked[visit.recipient] == 1 else None,
    )
    ending = run.send()
    assert not ending.early
    assert run.totals() == {Status.ACCEPTED: 300}
    assert {entry.attempts for entry in run.entries()} == {2}
    # the eight connections of before and eight of after: none is opened for nothing
    assert [visit.mails > 5 for visit in run.office.visits] == [True] * 16


def dead(*numbers: int) -> set[str]:
    return {address(number) for number in numbers}


def refusing(people: set[str], reply: str = "550 5.1.1 no such user") -> Answer:
    return lambda visit: reply if visit.recipient in people else None


def test_refused_recipients_are_rejected_once_an_acceptance_follows(desk: MakeDesk) -> None:
    run = desk(30, rcpt=refusing(dead(*range(19))))
    ending = run.send()
    assert not ending.early
    assert run.totals() == {Status.REJECTED: 19, Status.ACCEPTED: 11}
    entry = run.entry(address(4))
    assert (entry.code, entry.enhanced, entry.attempts, entry.due_at) == (550, "5.1.1", 1, None)


def test_a_streak_open_at_the_end_is_rejected_all_the_same(desk: MakeDesk) -> None:
    run = desk(30, dot=refusing(dead(*range(11, 30)), "554 5.7.1 spam"))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 11, Status.REJECTED: 19}


@pytest.mark.parametrize("connections", [1, 7])
def test_twenty_refusals_in_a_row_trip_the_breaker(desk: MakeDesk, connections: int) -> None:
    run = desk(300, rcpt=lambda visit: "550 no", connections=connections)
    ending = run.send()
    assert ending.early
    assert "20 permanent refusals in a row, the last one: 550 no" in ending.reason
    totals = run.totals()
    assert set(totals) == {Status.DEFERRED, Status.PENDING}
    assert 20 <= totals[Status.DEFERRED] < 20 + connections
    assert all(e.due_at is None and e.code == 550 for e in run.entries() if e.attempts)


def test_an_acceptance_that_comes_after_the_breaker_does_not_undo_it(desk: MakeDesk) -> None:
    """Two connections: one awaits the reply to its dot while the other meets 20 refusals."""
    tripped = asyncio.Event()

    def waits(visit: Visit) -> Awaitable[None] | None:
        return wait_for(tripped) if visit.recipient == address(0) else None

    async def wait_for(event: asyncio.Event) -> None:
        await event.wait()

    def watch() -> None:
        if run.watcher.counts[Status.DEFERRED] >= 20:
            tripped.set()

    run = desk(
        100,
        connections=2,
        rcpt=lambda visit: "550 no" if visit.recipient != address(0) else None,
        on_dot=waits,
    )
    run.watcher.on_move = watch
    ending = run.send()
    assert ending.early
    assert run.totals() == {Status.ACCEPTED: 1, Status.DEFERRED: 20, Status.PENDING: 79}


def test_a_run_after_the_breaker_passes_those_refused_before(desk: MakeDesk) -> None:
    run = desk(60, rcpt=refusing(dead(*range(45))))
    assert run.send().early
    assert run.totals() == {Status.DEFERRED: 20, Status.PENDING: 40}
    assert run.send().early  # twenty more, unless those known to be dead were tried in between
    run.send()
    assert run.totals() == {Status.REJECTED: 45, Status.ACCEPTED: 15}


def test_five_hundred_to_mail_speaks_about_us_and_rejects_nobody(desk: MakeDesk) -> None:
    run = desk(40, mail=lambda visit: "550 5.7.1 sender not allowed")
    ending = run.send()
    assert ending.early
    assert run.totals() == {Status.DEFERRED: 20, Status.PENDING: 20}
    assert run.send().early
    assert Status.REJECTED not in run.totals()


def test_turned_away_at_the_greeting_it_makes_do_with_half_the_connections(desk: MakeDesk) -> None:
    def full(visit: Visit) -> str | None:
        return "421 too many connections" if run.office.open_now > 2 else None

    run = desk(400, connections=8, greeting=full)
    ending = run.send()
    assert not ending.early
    assert run.totals() == {Status.ACCEPTED: 400}
    assert run.events("connections")[0] == "the server takes fewer connections: 4 now"


def test_a_server_that_takes_so_many_on_a_connection_is_understood_at_the_second(
    desk: MakeDesk,
) -> None:
    run = desk(45, mail=lambda visit: "421 enough" if visit.accepted == 10 else None)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 45}
    assert {entry.attempts for entry in run.entries()} == {1}
    assert run.events("connections") == ["the server takes 10 messages a connection"]
    assert [visit.mails for visit in run.office.visits] == [11, 11, 10, 10, 5]


def test_four_hundred_to_mail_number_eleven_blames_no_row(desk: MakeDesk) -> None:
    run = desk(45, mail=lambda visit: "452 too many" if visit.accepted == 10 else None)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 45}
    assert {entry.attempts for entry in run.entries()} == {1}
    assert [visit.mails for visit in run.office.visits] == [11, 11, 10, 10, 5]


def test_a_connection_that_had_enough_of_refused_recipients_is_opened_anew(desk: MakeDesk) -> None:
    """As chasquid does at the third refused recipient; nobody is blamed, no connection lost."""

    def rcpt(visit: Visit) -> str | None:
        if visit.recipient not in dead(*range(12)):
            return None
        return "421 4.7.0 too many errors" if visit.refused == 2 else "550 5.1.1 nobody"

    run = desk(20, rcpt=rcpt, connections=2)
    assert not run.send().early
    assert run.totals() == {Status.REJECTED: 12, Status.ACCEPTED: 8}
    assert {entry.attempts for entry in run.entries()} == {1}
    assert run.events("connections") == []


def test_messages_per_connection_are_kept(desk: MakeDesk) -> None:
    run = desk(25, per_connection=10)
    run.send()
    assert [visit.mails for visit in run.office.visits] == [10, 10, 5]
    assert run.totals() == {Status.ACCEPTED: 25}


def test_a_message_that_kills_three_connections_is_deferred(desk: MakeDesk) -> None:
    run = desk(10, rcpt=lambda visit: "" if visit.recipient == address(3) else None)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 9, Status.DEFERRED: 1}
    entry = run.entry(address(3))
    assert (entry.attempts, entry.due_at) == (3, None)
    assert run.office.asked[address(3)] == 9


def test_a_server_gone_in_the_middle_is_waited_for(desk: MakeDesk) -> None:
    async def gone_for_a_while(run: Desk) -> None:
        while len(run.office.taken) < 20:
            await asyncio.sleep(0)
        run.office.closes()
        await run.clock.wait(asyncio.Event(), 300)
        await run.office.opens()

    run = desk(100, connections=4, beside=gone_for_a_while)
    ending = run.send()
    assert not ending.early
    totals = run.totals()
    assert totals[Status.ACCEPTED] + totals.get(Status.IN_DOUBT, 0) == 100
    assert totals.get(Status.IN_DOUBT, 0) <= 4
    assert run.events("offline")[-1] == "the server is back"
    assert set(run.office.whole.values()) == {1}
    assert 300 <= run.clock.now < 400


def test_a_server_that_stays_away_ends_the_run(desk: MakeDesk) -> None:
    async def goes(run: Desk) -> None:
        while len(run.office.taken) < 20:
            await asyncio.sleep(0)
        run.office.closes()

    run = desk(100, connections=4, beside=goes)
    ending = run.send()
    assert ending.early
    assert "the server is gone" in ending.reason
    assert 600 <= run.clock.now < 700
    assert run.totals()[Status.PENDING] >= 70


def test_a_login_refused_later_reads_the_secret_again(desk: MakeDesk) -> None:
    secrets = iter(["old", "new", "never"])

    def changed(visit: Visit) -> None:
        if visit.accepted == 4:
            run.office.passwords = ["new"]

    run = desk(
        20,
        passwords=["old"],
        on_dot=changed,
        per_connection=5,
        read_credentials=lambda: Credentials("ada", next(secrets)),
    )
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 20}
    assert next(secrets) == "never"


def test_a_login_refused_for_good_ends_the_run(desk: MakeDesk) -> None:
    def changed(visit: Visit) -> None:
        run.office.passwords = []

    run = desk(
        20, passwords=["old"], on_dot=changed, per_connection=5, read_credentials=lambda: ADA
    )
    ending = run.send()
    assert ending.early
    assert "no longer accepts the login" in ending.reason
    assert run.totals() == {Status.ACCEPTED: 5, Status.PENDING: 15}


def test_a_secret_that_cannot_be_read_any_more_ends_the_run(desk: MakeDesk) -> None:
    read = iter([ADA])

    def secret() -> Credentials:
        for found in read:
            return found
        raise ProfileError("the variable PASSWORD is not set")

    def changed(visit: Visit) -> None:
        run.office.passwords = []

    run = desk(20, passwords=["old"], on_dot=changed, per_connection=5, read_credentials=secret)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "the variable PASSWORD is not set")


def test_rows_that_cannot_be_built_fail_and_the_others_go(desk: MakeDesk) -> None:
    run = desk(100, broken=tuple(range(10, 20)))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 90, Status.FAILED: 10}
    entry = run.entry(address(12))
    assert entry.attempts == 0
    assert "zero" in (entry.reason or "")


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

    run = desk(20, greeting=lambda visit: "220-patience", beside=asks)  # a line, and never the last
    began = time.monotonic()
    assert run.send().early
    assert time.monotonic() - began < 2
    assert run.totals() == {Status.PENDING: 20}


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


def test_a_rate_is_kept_over_all_connections(desk: MakeDesk) -> None:
    run = desk(120, rates=(Rate(10, 1),), connections=4)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 120}
    assert 11.8 <= run.clock.now <= 12.5
    assert run.clock.jumps < 2000


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


def test_asked_for_less_the_rate_is_halved_and_the_row_comes_later(desk: MakeDesk) -> None:
    def dot(visit: Visit) -> str | None:
        if visit.recipient == address(30) and run.office.asked[address(30)] == 1:
            return "454 4.7.0 Maximum sending rate exceeded"
        return None

    run = desk(60, rates=(Rate(10, 1),), dot=dot, slow_down=("maximum sending rate",))
    run.send()
    assert run.totals() == {Status.ACCEPTED: 60}
    assert run.events("slowdown") == ["the server asks for less: 5 messages a second now"]


class FullDisk:
    """The record on a disk that has room for so many commits of intents, and no more."""

    def __init__(self, store: Store, room: int) -> None:
        self._store, self._room = store, room

    def apply(self, changes: Sequence[Change]) -> None:
        self._room -= sum(isinstance(change, Intent) for change in changes)
        if self._room < 0:
            raise RecordStopped("the record can no longer be written: database or disk is full")
        self._store.apply(changes)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@pytest.mark.parametrize("connections", [1, 6])
def test_a_full_disk_stops_the_run_before_any_dot_it_could_not_record(
    desk: MakeDesk, connections: int
) -> None:
    run = desk(100, connections=connections)
    run.store = lambda store: FullDisk(store, 40)
    with pytest.raises(RecordStopped, match="disk is full"):
        run.send()
    sent = run.ledger.reading.totals()
    known = {e.email for e in run.entries() if e.status in (Status.ACCEPTED, Status.SENDING)}
    assert set(run.office.whole) <= known
    assert sent.get(Status.SENDING, 0) <= connections
    run.store = lambda store: store
    run.send()
    assert run.totals().get(Status.IN_DOUBT, 0) <= connections
    assert set(run.office.whole.values()) == {1}


def test_a_usage_file_that_breaks_in_the_middle_stops_the_run(
    desk: MakeDesk, tmp_path: Path
) -> None:
    def breaks(visit: Visit) -> None:
        if len(run.office.taken) == 2:
            (tmp_path / "state" / "usage.sqlite").write_bytes(b"no database at all " * 50)

    run = desk(30, rates=(Rate(100, 3600),), usage=usage_in(tmp_path), on_dot=breaks)
    with pytest.raises(RecordStopped, match=r"usage\.sqlite"):
        run.send()
    assert run.totals() == {Status.ACCEPTED: 3, Status.PENDING: 27}
