"""A run over a record that another machine keeps: it answers late, or not at all, and others share it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sendbatch.delivery import words
from sendbatch.delivery.absence import BRIEF, HURRIED
from sendbatch.delivery.untold import Unwritten
from sendbatch.errors import RecordStopped
from sendbatch.ledger.facts import Intent, Settled
from sendbatch.ledger.store import Backlog
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.levels import BEHIND, Levels
from sendbatch.values import Message, Recipient, Status
from tests.delivery.test_composing import Planned
from tests.kit.clock import IdleLoop
from tests.kit.desk import PATIENT, Desk, address, addresses
from tests.kit.desks import MakeDesk
from tests.kit.far import Far, Network
from tests.kit.office import Visit

LATER = "451 4.7.1 later"


def far(desk: MakeDesk, people: int | list[str] = 10, **how: Any) -> Desk:
    """A desk whose record is far away; `network` and `store` are what is between, and behind."""
    of_network = {name: how.pop(name) for name in ("takes", "offline") if name in how}
    run = desk(people, **how)
    run.network = Network(run.clock, run.stop, **of_network)

    def through(backlog: Backlog) -> Far:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, IdleLoop)
        run.store = Far(backlog, run.ledger.reading, loop, run.network)
        return run.store

    run.through = through
    return run


def ids(run: Desk, *numbers: int) -> list[int]:
    return [run.entry(address(number)).id for number in numbers]


def number_of(visit: Visit) -> int:
    return int(visit.recipient.partition("@")[0][1:])


def at_the(number: int, act: Callable[[], object]) -> Callable[[Visit], Awaitable[None] | None]:
    """Once the end of so many messages has arrived, and before the last one is answered."""
    seen = [0]

    def on_dot(visit: Visit) -> None:
        seen[0] += 1
        if seen[0] == number:
            act()

    return on_dot


def nobody_twice(run: Desk) -> None:
    assert set(run.office.whole.values()) <= {1}


# -- commits in a thread ------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 8])
@pytest.mark.parametrize("pipelining", ["", "taken"])
def test_everybody_is_accepted_once_however_late_the_record_answers(
    desk: MakeDesk, connections: int, pipelining: str
) -> None:
    run = far(desk, 30, connections=connections, pipelining=pipelining, takes=0.1)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 30}
    assert run.office.whole == dict.fromkeys(addresses(30), 1)
    assert len(run.store.threads) == 2


def test_what_comes_while_one_commit_is_under_way_shares_the_next(desk: MakeDesk) -> None:
    run = far(desk, 80, connections=8, takes=0.2)
    run.send()
    begun = [sum(isinstance(one, Intent) for one in changes) for changes in run.store.commits]
    assert sum(begun) == 80
    assert max(begun) >= 5
    assert len(run.store.commits) < 40


def test_an_outcome_is_never_behind_a_later_intent_of_its_connection(desk: MakeDesk) -> None:
    run = far(desk, 30, takes=0.05, pipelining="taken", levels=Levels(BEHIND))
    run.send()
    told = [
        (type(one), one.id)
        for changes in run.store.commits
        for one in changes
        if isinstance(one, Intent | Settled)
    ]
    order = [id_ for what, id_ in told if what is Intent]
    assert told == [pair for id_ in order for pair in ((Intent, id_), (Settled, id_))]


def test_deferred_ones_are_tried_again_in_their_time(desk: MakeDesk) -> None:
    run = far(desk, 12, connections=3, takes=0.2)
    run.office.rcpt = lambda visit: LATER if run.office.asked[visit.recipient] < 2 else None
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 12}
    assert {one.attempts for one in run.entries()} == {2}


# -- who does not hold --------------------------------------------------------------------------


class Large(Planned):
    """Messages whose body leaves before their intent is durable."""

    def planned(self, recipient: Recipient, now: float) -> Message | None:
        message = super().planned(recipient, now)
        assert message is not None
        return message._replace(data=message.data + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 1000)


@pytest.mark.parametrize("composer", [None, Large])
@pytest.mark.parametrize("pipelining", ["", "taken"])
def test_no_dot_leaves_for_whom_another_runner_has_and_the_others_go_on(
    desk: MakeDesk, pipelining: str, composer: type[Large] | None
) -> None:
    run = far(desk, 30, pipelining=pipelining, levels=Levels(BEHIND), composer=composer and composer())
    theirs = ids(run, 12)
    run.office.data = lambda visit: run.store.take_away(theirs) if number_of(visit) == 12 else None


    def mail(visit: Visit) -> None:
        if visit.number and visit.mails == 8:
            run.store.send_elsewhere(theirs)

    run.office.mail = mail
    assert not run.send().early
    assert run.office.whole == dict.fromkeys(set(addresses(30)) - {address(12)}, 1)
    assert {one.status for one in run.entries()} == {Status.ACCEPTED}
    assert set(run.store.unheld) == set(theirs)
    assert [visit.accepted for visit in run.office.visits] == [12, 17]
    assert run.events("connections") == []


def test_who_waits_in_the_queue_when_a_block_is_lost_costs_no_connection(desk: MakeDesk) -> None:
    run = far(desk, 200, connections=4, composer=Planned())
    theirs = ids(run, *range(20, 180))
    run.office.on_dot = at_the(10, lambda: run.store.send_elsewhere(theirs))
    assert not run.send().early
    assert set(run.office.whole) == set(addresses(200)) - {address(n) for n in range(20, 180)}
    nobody_twice(run)
    assert len(run.office.visits) <= 8
    assert set(theirs) & run.store.handed == set()
    assert {one.status for one in run.entries()} == {Status.ACCEPTED}


def test_who_is_being_built_when_a_block_is_lost_is_dropped_too(desk: MakeDesk) -> None:
    run = far(desk, 300, connections=2)
    theirs = ids(run, *range(100, 300))
    run.office.on_dot = at_the(1, lambda: run.store.send_elsewhere(theirs))
    assert not run.send().early
    assert sorted(run.office.whole) == sorted(addresses(100))
    assert len(run.office.visits) <= 4


def test_who_comes_free_again_after_they_were_lost_is_sent_to_once(desk: MakeDesk) -> None:
    run = far(desk, 60, connections=3, composer=Planned())
    theirs = ids(run, *range(10, 50))

    async def beside(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 25)
        assert len(run.office.whole) < 40
        run.store.come_free(theirs)

    run.beside = beside
    run.office.on_dot = at_the(5, lambda: run.store.take_away(theirs))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 60}
    assert run.office.whole == dict.fromkeys(addresses(60), 1)


def test_where_the_answer_to_a_commit_is_lost_nobody_of_it_is_sent_to_then_but_once_later(
    desk: MakeDesk,
) -> None:
    run = far(desk, 40, connections=4, pipelining="taken", takes=0.05)
    run.network.loses = lambda number: number in (3, 4, 9)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 40}
    assert run.office.whole == dict.fromkeys(addresses(40), 1)
    assert len(run.store.unheld) >= 3
    assert {one.attempts for one in run.entries()} == {1}


# -- the machine is away ------------------------------------------------------------------------


def test_while_the_record_is_away_no_dot_leaves_and_what_was_answered_is_written_after(
    desk: MakeDesk,
) -> None:
    run = far(desk, 40, connections=4)
    seen: list[int] = []

    async def beside(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 50)
        seen.append(len(run.office.whole))

    run.beside = beside
    run.office.on_dot = at_the(15, lambda: run.network.cut(60))
    assert not run.send().early
    assert 15 <= seen[0] <= 15 + 4
    assert run.totals() == {Status.ACCEPTED: 40}
    assert run.office.whole == dict.fromkeys(addresses(40), 1)
    assert {one.attempts for one in run.entries()} == {1}
    assert run.clock.now > 60


def test_that_the_record_is_away_is_told_once_and_that_it_is_back(desk: MakeDesk) -> None:
    run = far(desk, 20)
    run.office.on_dot = at_the(5, lambda: run.network.cut(60))
    run.send()
    assert run.watcher.notices == [words.NO_DATABASE, words.DATABASE_IS_BACK]
    assert [one.whom for one in run.watcher.waits if one.whom != "messages"] == ["the database"]
    assert run.events("database") == run.watcher.notices


def test_a_moment_without_an_answer_is_told_to_nobody(desk: MakeDesk) -> None:
    run = far(desk, 20)
    run.office.on_dot = at_the(5, lambda: run.network.cut(1.2))
    run.send()
    assert run.watcher.notices == []
    assert {one.whom for one in run.watcher.waits} <= {"messages"}


def test_a_server_that_is_tired_of_waiting_for_a_dot_costs_nobody_anything(desk: MakeDesk) -> None:
    run = far(desk, 30, connections=3, timeouts=PATIENT)

    async def beside(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 60)
        for writer in list(run.office._writers):  # RFC 5321 §4.5.3.2.7: five minutes for the next command
            writer.write(b"421 4.4.2 timeout\r\n")
            writer.close()

    run.beside = beside
    run.office.on_dot = at_the(10, lambda: run.network.cut(90))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 30}
    assert run.office.whole == dict.fromkeys(addresses(30), 1)
    assert {one.attempts for one in run.entries()} == {1}
    assert len(run.office.visits) == 6
    assert run.events("connections") == []


def test_away_for_too_long_the_run_ends_and_says_who_may_be_in_doubt(desk: MakeDesk) -> None:
    run = far(desk, 40, connections=3, offline=60)
    run.office.on_dot = at_the(10, run.network.cut)
    with pytest.raises(RecordStopped) as stopped:
        run.send()
    told = stopped.value
    assert isinstance(told, Unwritten)
    assert "does not answer" in told.message
    assert 60 <= run.clock.now < 80
    in_record = {one.email for one in run.entries() if one.status is Status.SENDING}
    assert in_record <= {one.recipient.email for one in told.doubts}
    accepted = {one.recipient.email for one in told.doubts if one.ended is Status.ACCEPTED}
    assert accepted
    assert accepted <= set(run.office.taken)
    assert "the server has accepted: row " in (told.hint or "")
    for one in accepted:
        assert one in (told.hint or "")
    goes_on(run)


def goes_on(run: Desk) -> None:
    """A later run, with the record back: whoever may have the mail is in doubt, and nobody is lost or mailed
    twice."""
    sent = dict(run.office.whole)
    run.network.until, run.stop, run.office.on_dot = 0.0, Stop(), lambda visit: None
    run.network.stop = run.stop
    run.send()
    totals = run.totals()
    assert set(totals) <= {Status.ACCEPTED, Status.IN_DOUBT}
    assert totals.get(Status.IN_DOUBT, 0) <= run.connections
    nobody_twice(run)
    doubted = {one.email for one in run.entries() if one.status is Status.IN_DOUBT}
    assert set(run.office.whole) | doubted == {one.email for one in run.entries()}
    assert set(sent) <= set(run.office.whole)


# -- asked to end -------------------------------------------------------------------------------


def test_asked_to_end_while_the_record_is_away_what_is_on_the_way_is_settled_once_it_is_back(
    desk: MakeDesk,
) -> None:
    run = far(desk, 60, connections=4)

    async def beside(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 20)
        run.stop.soon()
        run.network.cut(3)

    run.beside = beside
    run.office.on_dot = at_the(20, run.network.cut)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "interrupted")
    totals = run.totals()
    assert set(totals) == {Status.ACCEPTED, Status.PENDING}
    assert 20 <= totals[Status.ACCEPTED] <= 28
    assert run.clock.now < 26
    goes_on(run)


def test_asked_to_end_while_the_record_is_away_it_is_waited_for_briefly(desk: MakeDesk) -> None:
    run = far(desk, 60, connections=4)

    async def beside(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 20)
        run.stop.soon()

    run.beside = beside
    run.office.on_dot = at_the(20, run.network.cut)
    with pytest.raises(RecordStopped, match="not waited for any longer"):
        run.send()
    assert 20 + BRIEF <= run.clock.now <= 20 + BRIEF + 2
    goes_on(run)


def test_asked_to_end_at_once_while_the_record_is_away_nobody_waits(desk: MakeDesk) -> None:
    run = far(desk, 60, connections=4)

    async def beside(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 20)
        run.stop.soon()
        await run.clock.wait(asyncio.Event(), 1)
        run.stop.now()

    run.beside = beside
    run.office.on_dot = at_the(20, run.network.cut)
    with pytest.raises(RecordStopped):
        run.send()
    assert 21 <= run.clock.now <= 21 + HURRIED + 1
    goes_on(run)


def test_asked_to_end_at_once_with_a_record_that_answers_all_that_is_known_is_written(
    desk: MakeDesk,
) -> None:
    run = far(desk, 60, connections=4, takes=0.1)

    async def hangs(visit: Visit) -> None:
        if len(run.office.whole) > 20:
            run.stop.now()
            await run.clock.wait(asyncio.Event(), 3600)

    run.office.on_dot = hangs
    assert run.send().early
    totals = run.totals()
    assert set(totals) == {Status.ACCEPTED, Status.PENDING, Status.IN_DOUBT}
    assert totals[Status.IN_DOUBT] <= 4
    goes_on(run)


def test_asked_to_end_from_another_thread_the_reason_is_told(desk: MakeDesk) -> None:
    run = far(desk, 60, connections=4, takes=0.1)

    def heartbeat() -> None:
        threading.Thread(target=run.stop.soon, args=("stopped by ada on mail2",)).start()

    run.office.on_dot = at_the(20, heartbeat)
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "stopped by ada on mail2")
    assert set(run.totals()) == {Status.ACCEPTED, Status.PENDING}
    goes_on(run)


# -- others have the rest -----------------------------------------------------------------------


def test_while_others_have_some_a_runner_looks_again_and_takes_who_comes_free_wherever_they_stand(
    desk: MakeDesk,
) -> None:
    run = far(desk, 40, connections=2)

    async def beside(run: Desk) -> None:
        run.store.take_away(ids(run, *range(5, 15)))  # before it has looked
        await run.clock.wait(asyncio.Event(), 35)
        assert len(run.office.taken) == 30
        run.store.come_free(ids(run, *range(5, 15)))

    run.beside = beside
    ending = run.send()
    assert not ending.early
    assert ending.not_due is None
    assert run.totals() == {Status.ACCEPTED: 40}
    assert 35 <= run.clock.now <= 35 + 10
    told = [one for one in run.watcher.waits if one.whom == "other runners"]
    assert told
    assert run.watcher.notices == [words.OF_OTHERS]


def test_with_no_wait_a_runner_ends_where_others_have_the_rest(desk: MakeDesk) -> None:
    run = far(desk, 20, no_wait=True)

    async def beside(run: Desk) -> None:
        run.store.take_away(ids(run, 3, 4))

    run.beside = beside
    ending = run.send()
    assert (ending.early, ending.not_due) == (False, None)
    assert run.totals() == {Status.ACCEPTED: 18, Status.PENDING: 2}


def test_asked_to_end_while_others_have_the_rest_a_run_is_early(desk: MakeDesk) -> None:
    run = far(desk, 20)

    async def beside(run: Desk) -> None:
        run.store.take_away(ids(run, 3, 4))
        await run.clock.wait(asyncio.Event(), 20)
        run.stop.soon()

    run.beside = beside
    ending = run.send()
    assert (ending.early, ending.reason) == (True, "interrupted")
    assert run.clock.now == 20
