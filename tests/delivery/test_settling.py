"""From one outcome to the changes it stands for, and to what the run does next."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from sendbatch.campaign.model import Rate, Retry
from sendbatch.delivery.line import Ready
from sendbatch.delivery.pacing import Pacer
from sendbatch.delivery.settling import Handed, Settling
from sendbatch.delivery.steering import BREAKER, Connections, SlowDown
from sendbatch.ledger.store import Change, Released, Settled
from sendbatch.values import Envelope, Message, Outcome, Recipient, Reply, Status
from tests.delivery.desk import Watcher
from tests.delivery.fakeclock import START, FakeClock

NEW = Handed(0, 0)
TAKEN = Outcome(Status.ACCEPTED, Reply(250, "ok", "MESSAGE"))
NOBODY = Outcome(Status.REJECTED, Reply(550, "nobody", "RCPT"))
LOST = Outcome(Status.PENDING, None, "the connection ended", lost=True)


def gone(command: str) -> Outcome:
    return Outcome(Status.PENDING, Reply(421, "bye", command), lost=True)


def ready(number: int, status: Status = Status.PENDING, code: int | None = None) -> Ready:
    email = f"p{number}@example.org"
    recipient = Recipient(number, number, email, email, (), status, code=code)
    message = Message(Envelope("news@example.com", email), b"hello\r\n", "<1@example.com>", 0.0)
    return Ready(recipient, message, "example.org")


@dataclass
class Room:
    """A settling of its own, and what came out of it."""

    written: list[Change] = field(default_factory=list)
    back: list[Ready] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.watcher = Watcher()
        self.connections = Connections(8)
        self.pacer = Pacer((Rate(10, 1),), {})
        self.settling = Settling(
            retry=Retry(attempts=2, first_delay=60),
            connections=self.connections,
            pacer=self.pacer,
            slow_down=SlowDown(("slow down",)),
            clock=self.clock,
            random=Random(1),
            observer=self.watcher,
            write=self.written.extend,
            put_back=self.back.append,
            note=lambda kind, detail: self.notes.append((kind, detail)),
        )

    def settle(
        self, one: Ready, outcome: Outcome, handed: Handed = NEW, *, stopping: bool = False
    ) -> bool:
        self.clock.now += 2
        return self.settling.settle(one, outcome, handed, stopping=stopping)

    def last(self) -> Settled:
        found = self.written[-1]
        assert isinstance(found, Settled)
        return found


@pytest.fixture
def room() -> Room:
    return Room()


def test_accepted_is_written_as_it_is(room: Room) -> None:
    assert not room.settle(ready(1), TAKEN)
    assert room.written == [Settled(1, TAKEN, None, START + 2)]
    assert room.watcher.counts[Status.ACCEPTED] == 1


@pytest.mark.parametrize("status", [Status.IN_DOUBT, Status.FAILED])
def test_doubt_and_failure_are_written_as_they_are(room: Room, status: Status) -> None:
    outcome = Outcome(status, None, "why", lost=True)
    assert not room.settle(ready(1), outcome)
    assert room.written == [Settled(1, outcome, None, START + 2)]


def test_deferred_has_a_time_until_the_budget_is_spent(room: Room) -> None:
    later = Outcome(Status.DEFERRED, Reply(451, "later", "RCPT"))
    room.settle(ready(1), later)
    due_at = room.last().due_at
    assert due_at is not None
    assert 48 <= due_at - room.clock.wall() <= 72
    room.settle(ready(1), later)
    assert room.last().due_at is None


def test_a_body_cut_off_is_an_attempt(room: Room) -> None:
    room.settle(ready(1), Outcome(Status.DEFERRED, None, "cut", lost=True))
    assert room.last().due_at is not None


def test_refused_is_deferred_until_an_acceptance(room: Room) -> None:
    room.settle(ready(1), NOBODY)
    assert (room.last().outcome.status, room.last().due_at) == (Status.DEFERRED, None)
    assert room.last().outcome.reply == NOBODY.reply
    room.settle(ready(2), TAKEN)
    assert room.last() == Settled(
        1, Outcome(Status.REJECTED), None, START + 4, counts_attempt=False
    )
    assert room.watcher.counts[Status.REJECTED] == 1
    assert room.watcher.counts[Status.DEFERRED] == 0


def test_refused_is_rejected_when_the_run_ends_without_the_breaker(room: Room) -> None:
    for number in range(BREAKER - 1):
        room.settle(ready(number), NOBODY)
    room.settling.finish()
    rejected = [c.id for c in room.written if isinstance(c, Settled) and not c.counts_attempt]
    assert rejected == list(range(BREAKER - 1))


def test_with_the_breaker_they_stay_deferred(room: Room) -> None:
    for number in range(BREAKER):
        room.settle(ready(number), NOBODY)
    room.settle(ready(99), TAKEN)
    room.settling.finish()
    assert all(c.counts_attempt for c in room.written if isinstance(c, Settled))


def test_refused_in_an_earlier_run_too_it_is_rejected_at_once(room: Room) -> None:
    room.settle(ready(1, Status.DEFERRED, 550), NOBODY)
    assert room.last().outcome.status is Status.REJECTED


def test_five_hundred_to_mail_is_deferred_and_stays_so(room: Room) -> None:
    room.settle(ready(1), Outcome(Status.DEFERRED, Reply(550, "not you", "MAIL")))
    room.settling.finish()
    assert [c.outcome.status for c in room.written if isinstance(c, Settled)] == [Status.DEFERRED]


def test_released_it_goes_back_to_the_front_without_an_attempt(room: Room) -> None:
    assert room.settle(ready(1), LOST)
    assert room.written == [Released(1)]
    assert room.back == [ready(1)]


def test_released_three_times_it_is_deferred_with_an_attempt(room: Room) -> None:
    for _ in range(3):
        room.settle(ready(1), LOST, Handed(5, 0))
    assert len(room.back) == 2
    assert room.last().outcome.status is Status.DEFERRED
    assert room.last().due_at is not None


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_421_before_anything_was_accepted_halves_the_connections(room: Room, command: str) -> None:
    assert room.settle(ready(1), gone(command))
    assert room.connections.allowed == 4
    assert room.notes == [("connections", "the server takes fewer connections: 4 now")]
    assert room.back == [ready(1)]


@pytest.mark.parametrize(
    "outcome",
    [gone("MAIL"), LOST, Outcome(Status.DEFERRED, Reply(452, "enough", "MAIL"))],
    ids=["421", "the end", "4xx to MAIL"],
)
def test_the_end_twice_after_as_many_is_learned(room: Room, outcome: Outcome) -> None:
    for number in range(2):
        assert room.settle(ready(number), outcome, Handed(10, 0))
    assert room.connections.per_connection == 10
    assert room.connections.allowed == 8
    assert room.back == [ready(0), ready(1)]


def test_421_after_the_dot_defers_and_opens_anew(room: Room) -> None:
    outcome = Outcome(Status.DEFERRED, Reply(421, "bye", "MESSAGE"), lost=True)
    assert room.settle(ready(1), outcome, Handed(3, 0))
    assert room.last().outcome == outcome


@pytest.mark.parametrize(
    "outcome",
    [
        gone("RCPT"),
        Outcome(Status.PENDING, Reply(554, "RSET again", "RSET"), lost=True),
        Outcome(Status.DEFERRED, Reply(550, "enough of you", "MAIL")),
        Outcome(Status.DEFERRED, Reply(451, "enough of you", "MAIL")),
    ],
    ids=["421", "RSET", "5xx to MAIL", "4xx to MAIL"],
)
def test_on_a_connection_with_refused_recipients_nobody_is_blamed(
    room: Room, outcome: Outcome
) -> None:
    for number in range(2):
        assert room.settle(ready(number), outcome, Handed(0, 3))
    assert room.back == [ready(0), ready(1)]
    assert room.connections.allowed == 8
    assert room.settling.breaker.length == 0


def test_an_end_after_refused_recipients_says_nothing_of_how_many_are_taken(room: Room) -> None:
    for number in range(2):
        assert room.settle(ready(number), Outcome(Status.ACCEPTED, lost=True), Handed(4, 1))
    assert room.connections.per_connection is None
    assert room.notes == []


def test_4xx_to_the_first_mail_of_a_connection_is_about_the_row(room: Room) -> None:
    assert not room.settle(ready(1), Outcome(Status.DEFERRED, Reply(451, "later", "MAIL")))
    assert room.last().due_at is not None
    assert room.connections.allowed == 8


def test_asked_to_slow_down_the_rate_is_lower_and_the_status_as_ever(room: Room) -> None:
    outcome = Outcome(Status.DEFERRED, Reply(451, "please slow down", "MESSAGE"))
    before = room.pacer.rate(room.clock.now)
    room.settle(ready(1), outcome)
    assert room.pacer.rate(room.clock.now) == before / 2
    assert room.last().outcome == outcome
    assert room.notes[0][0] == "slowdown"


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
