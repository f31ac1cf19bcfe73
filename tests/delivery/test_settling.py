"""From one fact to the changes it stands for, and to what the run does next."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random

import pytest

from sendbatch.campaign.model import Rate, Retry
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.assignment import Policy, Setting
from sendbatch.delivery.breaker import LATELY
from sendbatch.delivery.history import History
from sendbatch.delivery.queue import Ready
from sendbatch.delivery.sessions import Handed
from sendbatch.delivery.settling import Consequence, Settling
from sendbatch.delivery.steering import Steering
from sendbatch.delivery.verdict import A_DAY, unbuilt
from sendbatch.ledger.facts import Change, Own, Released, Remembered, Settled
from sendbatch.limits.brake import REFUSALS, TRIES
from sendbatch.reasons import reason_of
from sendbatch.runtime.clock import Onward
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.facts import ENDED, lost, released, unanswered, unfinished, unfit
from sendbatch.smtp.transport import Cause, End, Fact, Unfit
from sendbatch.values import (
    BREAKER,
    Envelope,
    Message,
    Outcome,
    Recipient,
    Reply,
    Status,
    Unbuildable,
    Whom,
    Why,
)
from sendbatch.words import clock_time
from tests.kit.clock import START, FakeClock
from tests.kit.handing import answered
from tests.kit.limits import limits
from tests.kit.watcher import Watcher

NEW = Handed(0, 0)
TAKEN = answered(Reply(250, "ok", "MESSAGE"))
NEVER = answered(Reply(550, "go away", "RCPT"))
NOBODY = answered(Reply(550, "no such user", "RCPT", "5.1.1"))
RELAY = answered(Reply(554, "Relay access denied", "RCPT", "5.7.1"))
LOST = released(ENDED)
CUT = unfinished(ENDED)


def gone(command: str) -> Fact:
    return answered(Reply(421, "bye", command))


def ready(
    number: int, refused: Reply | None = None, domain: str = "example.org", *, its_own: bool = False
) -> Ready:
    email = f"p{number}@{domain}"
    status = Status.DEFERRED if refused else Status.PENDING
    recipient = Recipient(
        number, number, email, email, (), status, refused=refused, refusal_is_its_own=its_own
    )
    message = Message(Envelope("news@example.com", email), b"hello\r\n", "<1@example.com>", 0.0)
    return Ready(recipient, message, domain)


@dataclass
class Room:
    """A settling of its own, and what came out of it."""

    written: list[Change] = field(default_factory=list)
    back: list[Ready] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    history: History = field(default_factory=lambda: History("the way"))
    no_wait: bool = False

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.watcher = Watcher()
        self.limits = limits(
            Rate(10, 1),
            connections=8,
            retry=Retry(first_delay=60, max_delay=1800),
            no_wait=self.no_wait,
            braked=self.history.braked,
        )
        self.connections = self.limits.connections
        announcer = Announcer(
            self.watcher,
            lambda kind, detail: self.notes.append((kind, detail)),
            self.clock,
            self.limits,
        )
        policy = Policy(Retry(attempts=2, first_delay=60), slow_down=("slow down",))
        self.steering = Steering(
            policy,
            self.limits,
            self.clock,
            self.history,
            announcer,
            self.written.extend,
        )
        self.settling = Settling(
            policy.retry,
            self.steering,
            Setting(self.clock, Random(1), self.watcher, Stop()),
            self.history,
            announcer,
            now=Onward(self.clock).now,
            write=self.written.extend,
        )

    def settle(
        self, one: Ready, fact: Fact, handed: Handed = NEW, *, stopping: bool = False
    ) -> bool:
        """Whether the connection must be left."""
        self.clock.now += 2
        plainly = fact.end is End.TAKEN and not (fact.lost or handed.ends_known)
        if plainly and self.steering.is_calm:  # as a sender goes on
            accepted, refused, _, connection = handed
            self.settling.accepted(one, fact.reply, connection, accepted, refused)
            return False
        consequence = self.settling.settle(one, fact, handed, stopping=stopping)
        if consequence is Consequence.RETURNED:
            self.back.append(one)
        return consequence is not Consequence.GO_ON

    @property
    def settled(self) -> list[Settled]:
        return [change for change in self.written if isinstance(change, Settled)]

    def last(self) -> Settled:
        return self.settled[-1]

    def statuses(self) -> dict[int, Status]:
        return {change.id: change.outcome.status for change in self.settled}

    def remembered(self) -> dict[str, str | None]:
        return {c.key: c.value for c in self.written if isinstance(c, Remembered)}


@pytest.fixture
def room() -> Room:
    return Room()


def test_accepted_is_written_as_it_is(room: Room) -> None:
    assert not room.settle(ready(1), TAKEN)
    taken = Outcome(Status.ACCEPTED, TAKEN.reply, Whom.RECIPIENT)
    assert room.settled == [Settled(1, taken, None, START + 2)]
    assert room.watcher.counts[Status.ACCEPTED] == 1


@pytest.mark.parametrize(
    ("fact", "outcome"),
    [
        (
            unanswered(ENDED),
            Outcome(Status.IN_DOUBT, None, Whom.CONNECTION, Why.UNANSWERED, "ended"),
        ),
        (
            unfit(Cause(Unfit.TOO_LARGE, "9 8")),
            Outcome(Status.FAILED, None, Whom.MESSAGE, Why.TOO_LARGE, "9 8"),
        ),
    ],
)
def test_doubt_and_failure_are_written_as_they_are(
    room: Room, fact: Fact, outcome: Outcome
) -> None:
    assert not room.settle(ready(1), fact)
    assert room.written == [Settled(1, outcome, None, START + 2)]


def test_deferred_has_a_time_until_the_budget_is_spent(room: Room) -> None:
    later = answered(Reply(451, "later", "RCPT"))
    room.settle(ready(1), later)
    due_at = room.last().due_at
    assert due_at is not None
    assert 48 <= due_at - room.clock.wall() <= 72
    room.settle(ready(1), later)
    assert room.last().due_at is None


def test_a_body_cut_off_is_an_attempt(room: Room) -> None:
    room.settle(ready(1), CUT)
    assert room.last().due_at is not None


@pytest.mark.parametrize("refusal", [NEVER, NOBODY])
def test_refused_is_deferred_until_an_acceptance(room: Room, refusal: Fact) -> None:
    room.settle(ready(1), refusal)
    assert (room.last().outcome.status, room.last().due_at) == (Status.DEFERRED, None)
    assert room.last().outcome.reply == refusal.reply
    room.settle(ready(2), TAKEN)
    assert room.last() == Settled(
        1, Outcome(Status.REJECTED), None, START + 4, counts_attempt=False
    )
    assert room.watcher.counts[Status.REJECTED] == 1
    assert room.watcher.counts[Status.DEFERRED] == 0


def test_with_nobody_accepted_the_end_of_the_run_condemns_nobody(room: Room) -> None:
    for number, refusal in enumerate((NEVER, NOBODY, RELAY)):
        room.settle(ready(number), refusal)
    room.settling.finish()
    assert set(room.statuses().values()) == {Status.DEFERRED}


@pytest.mark.parametrize(
    ("ago", "status"), [(LATELY - 60, Status.REJECTED), (LATELY + 60, Status.DEFERRED)]
)
def test_at_the_end_only_a_word_about_the_mailbox_counts_where_this_way_took_somebody_lately(
    ago: float, status: Status
) -> None:
    room = Room(history=History("the way", accepted_at=START - ago))
    for number, refusal in enumerate((NEVER, NOBODY, RELAY)):
        room.settle(ready(number), refusal)
    room.settling.finish()
    assert room.statuses() == {0: Status.DEFERRED, 1: status, 2: Status.DEFERRED}


def test_with_the_breaker_they_stay_deferred(room: Room) -> None:
    for number in range(BREAKER):
        room.settle(ready(number, domain=f"{number}.example"), NOBODY)
    room.steering.nobody_else()
    room.settle(ready(99), TAKEN)
    room.settling.finish()
    assert all(change.counts_attempt for change in room.settled)


def test_refused_in_an_earlier_run_too_it_is_as_open_as_before(room: Room) -> None:
    room.settle(ready(1, NEVER.reply), NEVER)
    assert room.last().outcome.status is Status.DEFERRED
    assert room.steering.breaker.length == 1


@pytest.mark.parametrize(("ago", "status"), [(A_DAY, "rejected"), (A_DAY - 60, "deferred")])
def test_told_of_its_mailbox_in_two_runs_a_day_apart_it_is_rejected(
    ago: float, status: str
) -> None:
    room = Room(history=History("the way", since={1: START - ago}))
    room.settle(ready(1, NOBODY.reply), NOBODY)
    assert room.last().outcome.status == status


def test_since_when_a_mailbox_was_told_of_is_remembered_over_the_runs() -> None:
    room = Room(history=History("the way", since={1: START - 3600, 7: START - 99}))
    room.settle(ready(1, NOBODY.reply), NOBODY)
    room.settle(ready(2), NOBODY)
    room.settling.finish()
    remembered = json.loads(room.remembered()["mailbox refused since"] or "")
    assert remembered == {"1": START - 3600, "7": START - 99, "2": START + 4}


def test_what_speaks_about_us_is_deferred_says_so_and_is_no_recipients_fault(room: Room) -> None:
    room.settle(ready(1), RELAY)
    assert room.last().outcome == Outcome(
        Status.DEFERRED, RELAY.reply, Whom.SET_UP, Why.SET_UP, "recipient"
    )
    assert reason_of(room.last().outcome) == (
        "the server refused the recipient, and speaks of our set-up"
    )
    assert room.last().due_at is None
    room.settle(ready(2), TAKEN)
    assert room.statuses()[1] is Status.DEFERRED
    assert Own(1, START + 4) in room.written


def test_a_refusal_seen_to_be_its_own_stays_so_when_it_is_met_again(room: Room) -> None:
    room.settle(ready(1, RELAY.reply, its_own=True), RELAY)
    assert Own(1, START + 2) in room.written
    assert room.steering.breaker.length == 0


def test_the_way_that_took_somebody_is_remembered_with_the_last_time(room: Room) -> None:
    room.settle(ready(1), TAKEN)
    assert room.remembered() == {"accepted by the way": repr(START + 2)}
    room.settle(ready(2), TAKEN)
    room.settling.finish()
    assert room.remembered() == {"accepted by the way": repr(START + 4)}


def test_five_hundred_to_mail_is_deferred_and_stays_so(room: Room) -> None:
    room.settle(ready(1), answered(Reply(550, "not you", "MAIL")))
    room.settling.finish()
    assert [c.outcome.status for c in room.written if isinstance(c, Settled)] == [Status.DEFERRED]


BUSY = answered(Reply(451, "busy", "RCPT"))
GREYLISTED = answered(Reply(451, "greylisted", "RCPT", "4.7.1"))


def refused_by_all(room: Room, count: int, fact: Fact = BUSY) -> None:
    for number in range(count):
        room.settle(ready(number, domain=f"{number % 3}.example"), fact)


def test_twenty_refused_for_now_bring_the_brake_on_and_it_is_remembered(room: Room) -> None:
    refused_by_all(room, REFUSALS)
    assert room.connections.allowed == 1
    assert room.limits.brake.until == room.clock.now + 60
    assert room.remembered() == {"braked": "the way 60"}
    assert room.notes[-1][0] == "brake"
    assert (
        "20 messages in a row were refused, the last one: 451 busy; one message"
        in room.notes[-1][1]
    )


def test_greylisting_is_no_refusal_for_the_brake(room: Room) -> None:
    refused_by_all(room, REFUSALS * 3, GREYLISTED)
    assert not room.limits.brake.on


def test_what_breaks_off_without_a_word_is_no_refusal_for_the_brake(room: Room) -> None:
    refused_by_all(room, REFUSALS, CUT)
    refused_by_all(room, REFUSALS, LOST)
    assert not room.limits.brake.on


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "MESSAGE"])
def test_421_is_a_refusal_for_the_brake_where_it_is_all_that_a_connection_gets(
    room: Room, command: str
) -> None:
    fact = answered(Reply(421, "quota exceeded", command))
    refused_by_all(room, REFUSALS - 1, fact)
    assert not room.limits.brake.on
    refused_by_all(room, 1, fact)
    assert room.limits.brake.on
    for number in range(TRIES):
        assert not room.steering.is_over
        room.limits.brake.went(0.0, "a.example", number)
        room.settle(ready(number), fact)
    assert room.steering.is_over


@pytest.mark.parametrize("handed", [Handed(7, 0), Handed(0, 2), Handed(0, 0, ends_known=True)])
def test_421_that_ends_a_connection_for_another_reason_is_none(room: Room, handed: Handed) -> None:
    for number in range(REFUSALS * 2):
        room.settle(ready(number, domain=f"{number % 3}.example"), gone("MAIL"), handed)
    assert not room.limits.brake.on


def test_six_tries_refused_end_the_run_with_the_time_that_is_worth_trying(room: Room) -> None:
    refused_by_all(room, REFUSALS)
    for number in range(TRIES):
        assert not room.steering.is_over
        room.limits.brake.went(0.0, "a.example", number)
        room.settle(ready(number), BUSY)
    assert room.steering.is_over
    at = clock_time(room.clock.wall() + 1800)
    assert room.steering.why == (
        f"the server still refuses everything, the last one: 451 busy; it is worth trying again from {at}"
    )
    assert room.remembered()["braked"] == "the way 1800"


def test_an_acceptance_under_the_brake_is_remembered_and_it_is_released_step_by_step() -> None:
    room = Room(history=History("the way", braked=2.0))
    assert room.connections.allowed == 1
    room.settle(ready(1), TAKEN)
    assert room.remembered()["braked"] is None
    assert (room.limits.brake.on, room.limits.brake.pause) == (True, 1.0)
    room.settle(ready(2), TAKEN)
    assert not room.limits.brake.on
    room.clock.now += 70
    room.settle(ready(3), TAKEN)
    assert room.connections.allowed == 2


def test_released_it_goes_back_to_the_front_without_an_attempt(room: Room) -> None:
    assert room.settle(ready(1), LOST)
    assert room.written == [Released(1)]
    assert room.back == [ready(1)]


def test_released_three_times_it_is_deferred_with_an_attempt(room: Room) -> None:
    for accepted in (5, 6, 7):
        room.settle(ready(1), LOST, Handed(accepted, 0))
    assert len(room.back) == 2
    assert room.last().outcome.status is Status.DEFERRED
    assert room.last().due_at is not None


def test_released_by_the_limit_that_was_learned_it_is_not_to_blame(room: Room) -> None:
    for accepted in (7, 5, 5, 5, 6):  # envelopes may be under way when it is learned
        room.settle(ready(1), LOST, Handed(accepted, 0))
    assert room.connections.per_connection == 5
    assert len(room.back) == 5
    room.settle(ready(1), LOST)
    assert room.last().outcome.status is Status.DEFERRED


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_421_before_anything_was_accepted_halves_the_connections(room: Room, command: str) -> None:
    assert room.settle(ready(1), gone(command))
    assert room.connections.allowed == 4
    assert room.notes == [("connections", "the server takes fewer connections: 4 now")]
    assert room.back == [ready(1)]


@pytest.mark.parametrize(
    "fact",
    [gone("MAIL"), LOST, answered(Reply(452, "enough", "MAIL"))],
    ids=["421", "the end", "4xx to MAIL"],
)
def test_the_end_twice_after_as_many_is_learned(room: Room, fact: Fact) -> None:
    for number in range(2):
        assert room.settle(ready(number), fact, Handed(10, 0))
    assert room.connections.per_connection == 10
    assert room.connections.allowed == 8
    assert room.back == [ready(0), ready(1)]


def test_421_after_the_dot_defers_and_opens_anew(room: Room) -> None:
    fact = gone("MESSAGE")
    assert room.settle(ready(1), fact, Handed(3, 0))
    assert room.last().outcome == Outcome(
        Status.DEFERRED, fact.reply, Whom.CONNECTION, Why.CLOSED
    )


@pytest.mark.parametrize(
    "fact",
    [
        gone("RCPT"),
        answered(Reply(554, "RSET again", "RSET")),
        answered(Reply(550, "enough of you", "MAIL")),
        answered(Reply(451, "enough of you", "MAIL")),
    ],
    ids=["421", "RSET", "5xx to MAIL", "4xx to MAIL"],
)
def test_on_a_connection_with_refused_recipients_nobody_is_blamed(
    room: Room, fact: Fact
) -> None:
    for number in range(2):
        assert room.settle(ready(number), fact, Handed(0, 3))
    assert room.back == [ready(0), ready(1)]
    assert room.connections.allowed == 8
    assert room.steering.breaker.length == 0


def test_an_end_after_refused_recipients_says_nothing_of_how_many_are_taken(room: Room) -> None:
    for number in range(2):
        assert room.settle(ready(number), lost(TAKEN), Handed(4, 1))
    assert room.connections.per_connection is None
    assert room.notes == []


def test_4xx_to_the_first_mail_of_a_connection_is_about_the_row(room: Room) -> None:
    assert not room.settle(ready(1), answered(Reply(451, "later", "MAIL")))
    assert room.last().due_at is not None
    assert room.connections.allowed == 8


def test_asked_to_slow_down_the_rate_is_lower_and_the_status_as_ever(room: Room) -> None:
    fact = answered(Reply(451, "please slow down", "MESSAGE"))
    before = room.limits.back_off.rate(room.clock.now)
    room.settle(ready(1), fact)
    assert room.limits.back_off.rate(room.clock.now) == before / 2
    assert (room.last().outcome.status, room.last().outcome.reply) == (Status.DEFERRED, fact.reply)
    assert [kind for kind, _ in room.notes] == ["limit", "slowdown"]


def test_while_stopping_nothing_is_learned_from_connections_we_ended(room: Room) -> None:
    room.settle(ready(1), LOST, stopping=True)
    assert room.connections.allowed == 8
    assert room.notes == []
    assert room.written == [Released(1)]


def test_a_calm_minute_wins_a_connection_back(room: Room) -> None:
    room.settle(ready(1), gone("MAIL"))
    room.clock.now += 70
    room.settle(ready(2), TAKEN)
    assert room.connections.allowed == 5
    assert room.notes[-1] == ("connections", "5 connections again")


def test_who_cannot_be_built_is_no_longer_waited_for_at_a_domain_of_any_script(room: Room) -> None:
    left: list[str] = []
    room.settling._waits.left = left.append  # type: ignore[method-assign]
    someone = ready(1).recipient._replace(email="ada@müller.example")
    room.settling._budget.spend(someone.id)
    room.settling.unbuildable(someone, unbuilt(Unbuildable("no words")))
    assert left == ["xn--mller-kva.example"]
