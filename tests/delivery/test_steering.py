"""What the server's answers do to a run: each row of the contract's table that is decided here."""

from __future__ import annotations

import pytest

from sendbatch.delivery.steering import (
    BREAKER,
    CALM,
    Breaker,
    Connections,
    Releases,
    SlowDown,
    Unbuildables,
    row_is_blamed,
)
from sendbatch.values import Outcome, Recipient, Reply, Status

NEVER = Reply(550, "no such user", "RCPT", "5.1.1")
TWICE = Recipient(77, 78, "dead", "dead@example.org", (), Status.DEFERRED, code=550)


def recipient(number: int) -> Recipient:
    return Recipient(number, number, f"p{number}", f"p{number}@example.org", ())


class TestConnections:
    def test_refused_one_makes_do_with_half(self) -> None:
        connections = Connections(8)
        seen = [(connections.refused(turn * 10.0), connections.allowed) for turn in range(5)]
        assert seen == [(True, 4), (True, 2), (True, 1), (False, 1), (False, 1)]

    def test_refusals_in_the_same_second_are_one(self) -> None:
        connections = Connections(8)
        assert [connections.refused(at) for at in (0.0, 0.1, 0.9)] == [True, False, False]
        assert connections.allowed == 4

    def test_they_are_won_back_one_at_a_time(self) -> None:
        connections = Connections(4)
        connections.refused(0.0)
        assert not connections.win_back(CALM - 1)
        assert connections.win_back(CALM)
        assert (connections.allowed, connections.win_back(CALM + 1)) == (3, False)
        assert connections.win_back(2 * CALM)
        assert (connections.allowed, connections.win_back(3 * CALM)) == (4, False)

    def test_runs_on_one_account_share_them(self) -> None:
        assert [Connections(8, parts=parts).allowed for parts in (1, 2, 3, 20)] == [8, 4, 2, 1]

    def test_ended_twice_after_as_many_that_is_how_many_it_takes(self) -> None:
        connections = Connections(4)
        seen = [connections.ended_after(k) for k in (100, 70, 100)]
        assert (seen, connections.per_connection) == ([False, False, True], 100)

    def test_a_lower_number_is_learned_and_a_higher_is_not(self) -> None:
        connections = Connections(4, per_connection=50)
        assert [connections.ended_after(k) for k in (80, 80)] == [False, False]
        assert [connections.ended_after(k) for k in (20, 20)] == [False, True]
        assert connections.per_connection == 20

    def test_ended_before_anything_was_accepted_teaches_no_number(self) -> None:
        connections = Connections(4)
        assert [connections.ended_after(0) for _ in range(3)] == [False] * 3
        assert connections.per_connection is None


class TestBreaker:
    def test_twenty_refusals_in_a_row_trip_it(self) -> None:
        breaker = Breaker()
        for number in range(BREAKER):
            assert not breaker.tripped
            assert breaker.refused(recipient(number), NEVER) is Status.DEFERRED
        assert breaker.tripped
        assert breaker.last == NEVER

    def test_an_acceptance_ends_the_streak_and_condemns_those_in_it(self) -> None:
        breaker = Breaker()
        for number in range(BREAKER - 1):
            breaker.refused(recipient(number), NEVER)
        assert breaker.accepted() == list(range(BREAKER - 1))
        assert breaker.accepted() == []
        for number in range(BREAKER - 1):
            breaker.refused(recipient(number), NEVER)
        assert not breaker.tripped

    def test_once_tripped_an_acceptance_changes_nothing(self) -> None:
        breaker = Breaker()
        for number in range(BREAKER):
            breaker.refused(recipient(number), NEVER)
        assert breaker.accepted() == []
        assert breaker.tripped

    @pytest.mark.parametrize("command", ["MAIL", "DATA"])
    def test_what_speaks_about_us_counts_and_condemns_nobody(self, command: str) -> None:
        breaker = Breaker()
        for number in range(BREAKER - 1):
            refusal = Reply(554, "relaying denied", command)
            assert breaker.refused(recipient(number), refusal) is Status.DEFERRED
        assert breaker.length == BREAKER - 1
        assert breaker.accepted() == []

    def test_refused_after_the_dot_counts_as_refused_at_rcpt_does(self) -> None:
        breaker = Breaker()
        breaker.refused(recipient(1), Reply(554, "spam", "MESSAGE"))
        assert breaker.accepted() == [1]

    def test_one_refused_in_an_earlier_run_too_is_rejected_and_lengthens_nothing(self) -> None:
        breaker = Breaker()
        for _ in range(BREAKER * 2):
            assert breaker.refused(TWICE, NEVER) is Status.REJECTED
        assert (breaker.length, breaker.tripped) == (0, False)

    def test_one_put_off_in_an_earlier_run_has_not_been_refused(self) -> None:
        busy = Recipient(77, 78, "busy", "busy@example.org", (), Status.DEFERRED, code=451)
        assert Breaker().refused(busy, NEVER) is Status.DEFERRED


@pytest.mark.parametrize(
    ("selected", "failed", "stops"),
    [
        (100, 19, False),
        (100, 20, True),
        (2000, 20, False),
        (2000, 21, True),
        (10_000, 100, False),
        (10_000, 101, True),
    ],
)
def test_over_one_in_a_hundred_and_at_least_twenty_that_cannot_be_built_stop_a_run(
    selected: int, failed: int, stops: bool
) -> None:
    unbuildables = Unbuildables(selected)
    unbuildables.add(failed - 1)
    assert unbuildables.add(1) is stops


class TestSlowDown:
    patterns = ("too many (messages|connections)", r"\brate\b", "^421 4.7.28")

    def test_it_reads_code_enhanced_code_and_text_in_any_case(self) -> None:
        asks = SlowDown(self.patterns)
        assert asks(Reply(454, "Throttling: Maximum sending Rate exceeded", "MESSAGE"))
        assert asks(Reply(421, "unusual", "MAIL", "4.7.28"))
        assert asks(Reply(550, "TOO MANY MESSAGES today", "RCPT"))

    def test_other_answers_ask_for_nothing(self) -> None:
        asks = SlowDown(self.patterns)
        assert not asks(Reply(451, "moderate delay, greylisted", "RCPT"))
        assert not asks(Reply(250, "rate is fine", "MESSAGE"))
        assert not asks(None)

    def test_without_patterns_nothing_does(self) -> None:
        assert not SlowDown(())(Reply(454, "slow down", "MAIL"))


def test_a_message_released_three_times_is_not_put_back_again() -> None:
    releases = Releases()
    assert [releases.release(1) for _ in range(3)] == [True, True, False]
    assert [releases.release(1) for _ in range(3)] == [True, True, False]


def test_one_that_was_settled_in_between_begins_anew() -> None:
    releases = Releases()
    releases.release(1), releases.release(1)
    releases.settled(1)
    assert releases.release(1)


def deferred(code: int, command: str) -> Outcome:
    return Outcome(Status.DEFERRED, Reply(code, "no", command))


@pytest.mark.parametrize(
    ("outcome", "accepted", "refused", "blamed"),
    [
        (deferred(451, "RCPT"), 5, 5, True),
        (deferred(451, "MESSAGE"), 5, 5, True),
        (deferred(421, "MESSAGE"), 5, 5, True),
        (deferred(451, "DATA"), 5, 5, True),
        (deferred(452, "MAIL"), 0, 0, True),
        (deferred(452, "MAIL"), 100, 0, False),
        (deferred(452, "MAIL"), 0, 1, False),
        (deferred(550, "MAIL"), 100, 0, True),
        (deferred(550, "MAIL"), 100, 1, False),
        (deferred(421, "RCPT"), 0, 1, False),
        (Outcome(Status.REJECTED, Reply(550, "no", "RCPT")), 0, 19, True),
        (Outcome(Status.DEFERRED, None, "the body was cut"), 5, 5, True),
        (Outcome(Status.IN_DOUBT), 5, 5, True),
        (Outcome(Status.ACCEPTED, Reply(250, "ok", "MESSAGE")), 5, 5, True),
    ],
)
def test_whether_an_answer_speaks_about_the_row_at_all(
    outcome: Outcome, accepted: int, refused: int, blamed: bool
) -> None:
    assert row_is_blamed(outcome, accepted=accepted, refused_recipients=refused) is blamed


def test_a_server_that_never_answers_is_left_after_twenty_and_one_for_each_connection() -> None:
    breaker = Breaker(connections=4)
    for _ in range(23):
        breaker.doubted()
    assert not breaker.tripped
    breaker.doubted()
    assert breaker.tripped
    assert breaker.why == "24 messages in a row were sent whole and never answered"


def test_an_acceptance_between_ends_the_row_of_doubts() -> None:
    breaker = Breaker(connections=1)
    for _ in range(20):
        breaker.doubted()
    breaker.accepted()
    breaker.doubted()
    assert not breaker.tripped
