"""What a run makes of what the server answers, or does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from itertools import pairwise

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.campaign.secrets import Credentials
from sendbatch.delivery.verdict import A_DAY
from sendbatch.errors import ProfileError
from sendbatch.values import Status
from tests.kit.desk import ADA, Desk, address, addresses
from tests.kit.desks import MakeDesk
from tests.kit.office import Answer, Visit, fine
from tests.kit.thoroughness import thoroughly


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


def test_a_streak_open_at_the_end_condemns_those_told_of_their_mailbox(desk: MakeDesk) -> None:
    run = desk(30, rcpt=refusing(dead(*range(11, 30))))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 11, Status.REJECTED: 19}


def test_a_streak_open_at_the_end_leaves_all_others_deferred(desk: MakeDesk) -> None:
    run = desk(30, dot=refusing(dead(*range(11, 30)), "554 5.7.1 spam"))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 11, Status.DEFERRED: 19}
    assert {entry.due_at for entry in run.entries()} == {None}


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

    async def wait_for(event: asyncio.Event) -> None:
        await event.wait()

    def watch() -> None:
        if run.watcher.counts[Status.DEFERRED] >= 20:
            tripped.set()

    people = [address(n, ("a.example", "b.example")[n % 2]) for n in range(100)]
    taken = {people[0], people[1]}

    def waits(visit: Visit) -> Awaitable[None] | None:
        return wait_for(tripped) if visit.recipient == people[1] else None

    run = desk(
        people,
        connections=2,
        rcpt=lambda visit: "550 no" if visit.recipient not in taken else None,
        on_dot=waits,
    )
    run.watcher.on_move = watch
    ending = run.send()
    assert ending.early
    assert run.totals() == {Status.ACCEPTED: 2, Status.DEFERRED: 20, Status.PENDING: 78}


def test_those_whose_sender_was_refused_are_not_held_to_be_dead(desk: MakeDesk) -> None:
    run = desk(30, mail=lambda visit: "550 5.7.1 account suspended")
    assert run.send().early
    run.office.mail = fine
    run.office.rcpt = lambda visit: "550 5.7.1 relaying denied"
    assert run.send().early
    assert Status.REJECTED not in run.totals()


def test_runs_after_the_breaker_get_through_to_the_living(desk: MakeDesk) -> None:
    run = desk(60, rcpt=refusing(dead(*range(45))))
    assert run.send().early
    assert run.totals() == {Status.DEFERRED: 20, Status.PENDING: 40}
    for _ in range(4):
        run.clock.now += A_DAY
        run.send()
    assert run.totals() == {Status.REJECTED: 45, Status.ACCEPTED: 15}


def test_a_refusal_met_in_two_runs_on_one_day_makes_nobody_rejected(desk: MakeDesk) -> None:
    """A quota is said with 550; an hourly cron meets it again and again, and it is free the next day."""
    run = desk(70, dot=lambda visit: "550 not today" if run.office.asked["x"] else None)
    run.office.asked["x"] = 1
    for _ in range(6):
        assert run.send().early
        run.clock.now += 3600
    assert Status.REJECTED not in run.totals()
    run.office.asked.clear()
    run.send()
    assert run.totals() == {Status.ACCEPTED: 70}


@pytest.mark.parametrize("command", ["mail", "data"])
def test_five_hundred_to_mail_or_data_speaks_about_us_and_rejects_nobody(
    desk: MakeDesk, command: str
) -> None:
    run = desk(40, **{command: lambda visit: "550 5.7.1 not you"})
    ending = run.send()
    assert ending.early
    assert "5 refusals in a row that speak about us" in ending.reason
    assert (" as the sender, the last one: 550 5.7.1 not you" in ending.reason) is (command == "mail")
    assert run.totals() == {Status.DEFERRED: 5, Status.PENDING: 35}
    assert run.send().early
    assert Status.REJECTED not in run.totals()


@pytest.mark.parametrize("connections", [1, 4])
def test_a_relay_that_denies_is_left_after_five_and_everybody_is_sent_to_once_it_is_mended(
    desk: MakeDesk, connections: int
) -> None:
    people = [address(n, f"{n % 3}.example") for n in range(12)]
    run = desk(people, connections=connections, rcpt=lambda visit: "554 5.7.1 Relay access denied")
    assert run.send().early
    assert run.office.asked.total() < 5 + 2 * connections
    run.office.rcpt = fine
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 12}


def test_a_first_list_that_begins_with_dead_domains_is_passed_by_others_from_elsewhere(
    desk: MakeDesk,
) -> None:
    people = [address(n, f"{n % 4}.example") for n in range(32)] + addresses(30)
    run = desk(people, rcpt=refusing(set(people[:32]), "550 no"))
    assert not run.send().early
    assert run.totals() == {Status.REJECTED: 32, Status.ACCEPTED: 30}


def test_a_dead_domain_amid_others_is_set_aside_and_settled_and_the_run_goes_on(
    desk: MakeDesk,
) -> None:
    people = addresses(250) + addresses(60, "dead.example") + addresses(250, "b.example")
    run = desk(people, connections=3, rcpt=refusing(set(people[250:310]), "550 5.7.1 no"))
    assert not run.send().early
    assert run.totals() == {Status.REJECTED: 60, Status.ACCEPTED: 500}
    assert set(run.office.asked.values()) == {1}
    assert set(run.events("aside")) == {"all are refused at dead.example: others are tried first"}
    assert {entry.attempts for entry in run.entries()} == {1}


def test_set_aside_a_domain_waits_until_somebody_of_another_was_tried(desk: MakeDesk) -> None:
    people = [address(0), *addresses(45, "dead.example"), *addresses(2, "b.example")]
    run = desk(people, rcpt=refusing(set(people[1:46]), "550 5.7.1 no"))
    run.send()
    asked = [person.partition("@")[2] for person in run.office.asked]
    assert asked.index("b.example") == 1 + 20
    assert asked[22:42] == ["dead.example"] * 20
    # behind the last five nobody is left to show that the server takes others
    assert run.totals() == {Status.REJECTED: 40, Status.DEFERRED: 5, Status.ACCEPTED: 3}


def test_a_domain_whose_server_speaks_about_us_is_left_to_a_later_run_and_stops_none(
    desk: MakeDesk,
) -> None:
    people = addresses(8, "listed.example") + addresses(40)
    run = desk(people, rcpt=refusing(set(people[:8]), "554 5.7.1 blocked using zen.spamhaus.org"))
    for _ in range(3):
        assert not run.send().early
        assert run.totals() == {Status.DEFERRED: 8, Status.ACCEPTED: 40}


def test_as_many_refusals_as_are_asked_for_stop_the_run(desk: MakeDesk) -> None:
    run = desk(100, rcpt=lambda visit: "550 no", breaker=3)
    assert run.send().early
    assert run.totals() == {Status.DEFERRED: 3, Status.PENDING: 97}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("reply", ["451 4.7.1 quota exceeded", "451 4.3.0 not now"])
@pytest.mark.parametrize("domains", [1, 3])
@pytest.mark.parametrize("connections", [1, 4])
def test_a_server_that_refuses_everybody_for_now_gets_a_few_tens_of_messages_in_all(
    desk: MakeDesk, reply: str, domains: int, connections: int
) -> None:
    people = [address(n, f"{n % domains}.example") for n in range(1000)]
    run = desk(people, connections=connections, rcpt=lambda visit: reply)
    began = run.clock.now
    ending = run.send()
    assert ending.early
    assert "it is worth trying again from" in ending.reason
    assert run.office.asked.total() < 20 + 6 + 2 * connections
    assert run.clock.now - began > 60 + 120 + 240 + 480 + 960
    assert set(run.totals()) == {Status.DEFERRED, Status.PENDING}


def test_a_run_that_does_not_wait_leaves_such_a_server_at_once_and_the_next_asks_once(
    desk: MakeDesk,
) -> None:
    people = [address(n, f"{n % 3}.example") for n in range(200)]
    run = desk(people, no_wait=True, rcpt=lambda visit: "451 quota")
    assert run.send().early
    assert run.office.asked.total() == 20
    assert run.send().early
    assert run.office.asked.total() == 21
    run.office.rcpt = fine
    run.send()
    run.no_wait = False
    run.send()
    assert run.totals() == {Status.ACCEPTED: 200}
    assert run.ledger.reading.meta("braked") is None


def test_a_server_that_has_had_enough_for_a_while_is_waited_for_and_everybody_gets_through(
    desk: MakeDesk,
) -> None:
    people = [address(n, f"{n % 3}.example") for n in range(300)]

    def full(visit: Visit) -> str | None:
        return "452 too much" if len(run.office.taken) >= 100 and run.clock.now < 400 else None

    run = desk(people, connections=4, rcpt=full)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 300}
    assert run.office.asked.total() < 300 + 40


@pytest.mark.parametrize("domains", [*thoroughly(1), 3])
def test_greylisting_does_not_brake(desk: MakeDesk, domains: int) -> None:
    people = [address(n, f"{n % domains}.example") for n in range(300)]
    run = desk(
        people,
        rcpt=lambda visit: (
            "451 4.7.1 Greylisting in action" if run.office.asked[visit.recipient] == 1 else None
        ),
    )
    began = run.clock.now
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 300}
    assert run.events("brake") == []
    assert run.clock.now - began < 200


@pytest.mark.thorough
def test_greylisting_in_unknown_words_gets_through_for_those_put_off_are_tried_first(
    desk: MakeDesk,
) -> None:
    run = desk(
        300,
        connections=4,
        rcpt=lambda visit: "450 not yet" if run.office.asked[visit.recipient] == 1 else None,
    )
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 300}
    assert {entry.attempts for entry in run.entries()} == {2}


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


def test_once_a_message_was_dealt_with_the_pause_before_another_connection_is_short_again(
    desk: MakeDesk,
) -> None:
    opened: list[float] = []

    def greeting(visit: Visit) -> None:
        opened.append(run.clock.now)

    def mail(visit: Visit) -> str | None:
        return None if visit.number in (2, 4) else ""  # the others end before their first message

    run = desk(10, greeting=greeting, mail=mail, per_connection=5)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 10}
    pauses = [round(later - earlier, 1) for earlier, later in pairwise(opened)]
    assert pauses == [1.0, 2.0, 0.0, 1.0]


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
    assert not ending.unbuildable
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


def test_a_login_refused_on_many_connections_is_tried_once_more_by_one_of_them(
    desk: MakeDesk,
) -> None:
    """Each refused login brings an account nearer to being locked."""
    reads = []

    def secret() -> Credentials:
        reads.append(1)
        return ADA

    def changed(visit: Visit) -> None:
        run.office.passwords = []

    run = desk(
        100,
        connections=8,
        log_in_first=True,
        passwords=["old"],
        on_dot=changed,
        per_connection=5,
        read_credentials=secret,
    )
    assert "no longer accepts the login" in run.send().reason
    refused = [visit for visit in run.office.visits if "MAIL" not in visit.verbs]
    assert 2 <= len(refused) <= 8 + 1
    assert len(reads) == 2


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
