"""What a run makes of what the server answers, or does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.campaign.secrets import Credentials
from sendbatch.errors import ProfileError
from sendbatch.values import Status
from tests.delivery.conftest import MakeDesk
from tests.delivery.desk import ADA, Desk, address
from tests.delivery.office import Answer, Visit, fine


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


def test_those_whose_sender_was_refused_are_not_held_to_be_dead(desk: MakeDesk) -> None:
    run = desk(30, mail=lambda visit: "550 5.7.1 account suspended")
    assert run.send().early
    run.office.mail = fine
    run.office.rcpt = lambda visit: "550 5.7.1 relaying denied"
    assert run.send().early
    assert Status.REJECTED not in run.totals()


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


def test_asked_for_less_the_rate_is_halved_and_the_row_comes_later(desk: MakeDesk) -> None:
    def dot(visit: Visit) -> str | None:
        if visit.recipient == address(30) and run.office.asked[address(30)] == 1:
            return "454 4.7.0 Maximum sending rate exceeded"
        return None

    run = desk(60, rates=(Rate(10, 1),), dot=dot, slow_down=("maximum sending rate",))
    run.send()
    assert run.totals() == {Status.ACCEPTED: 60}
    assert run.events("slowdown") == ["the server asks for less: 5 messages a second now"]
