"""What each change of a run makes of a row, and that it makes nothing of a row in another state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sendbatch.ledger.facts import (
    Change,
    Failed,
    Intent,
    Noted,
    Own,
    Released,
    Remembered,
    Retried,
    Settled,
)
from sendbatch.ledger.store import Record
from sendbatch.reasons import reason_of
from sendbatch.values import Outcome, Reply, Status, Whom, Why
from tests.kit.people import (
    OUTCOMES,
    bring,
    entry,
    outcome_of,
    person,
    plan,
    said,
    someone,
    statuses,
)
from tests.kit.selecting import sending

SENDABLE = (Status.PENDING, Status.DEFERRED, Status.FAILED)
OUT = (Status.INVALID, Status.FILTERED, Status.SUPPRESSED)


@pytest.mark.parametrize("status", SENDABLE)
def test_an_intent_remembers_the_content_the_date_and_the_earlier_status(
    ledger: Record, status: Status
) -> None:
    before = someone(ledger, status)

    sending(ledger).apply([Intent(before.id, "digest", 30.0, 31.0)])

    now = entry(ledger, "ann")
    assert (now.status, now.was) == (Status.SENDING, status)
    assert (now.content, now.dated_at, now.attempts) == ("digest", 30.0, before.attempts)
    assert now.first_attempt_at == (before.first_attempt_at or 31.0)


def test_the_time_of_the_first_attempt_stays_that_of_the_first(ledger: Record) -> None:
    someone(ledger, Status.DEFERRED)

    bring(ledger, "ann", Status.ACCEPTED, at=99.0)

    now = entry(ledger, "ann")
    assert (now.first_attempt_at, now.finished_at, now.attempts) == (20.0, 99.0, 2)


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.REJECTED, Status.IN_DOUBT])
def test_an_outcome_keeps_the_reply_and_ends_the_row(ledger: Record, status: Status) -> None:
    id_ = someone(ledger, Status.SENDING).id

    sending(ledger).apply([Settled(id_, OUTCOMES[status], None, 40.0)])

    now, reply = entry(ledger, "ann"), OUTCOMES[status].reply
    assert (now.status, now.was, now.attempts, now.finished_at) == (status, None, 1, 40.0)
    assert (now.code, now.enhanced, now.reply) == (
        (reply.code, reply.enhanced, reply.text) if reply else (None, None, None)
    )
    assert said(now) == (reason_of(OUTCOMES[status]) or None)
    assert now.due_at is None


@pytest.mark.parametrize("due_at", [100.0, None])
def test_a_deferred_row_is_due_again_and_not_finished(ledger: Record, due_at: float | None) -> None:
    id_ = someone(ledger, Status.SENDING).id

    sending(ledger).apply([Settled(id_, OUTCOMES[Status.DEFERRED], due_at, 40.0)])

    now = entry(ledger, "ann")
    assert (now.status, now.due_at, now.finished_at, now.code) == (
        Status.DEFERRED,
        due_at,
        None,
        451,
    )


@pytest.mark.parametrize("status", [Status.REJECTED, Status.DEFERRED])
def test_an_answer_before_the_dot_settles_a_row_that_was_never_sending(
    ledger: Record, status: Status
) -> None:
    id_ = someone(ledger, Status.PENDING).id

    sending(ledger).apply([Settled(id_, OUTCOMES[status], None, 40.0)])

    now = entry(ledger, "ann")
    assert (now.status, now.attempts, now.first_attempt_at) == (status, 1, 40.0)
    assert (now.content, now.dated_at) == (None, None)


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.IN_DOUBT])
def test_nobody_is_accepted_or_in_doubt_without_an_intent(ledger: Record, status: Status) -> None:
    before = someone(ledger, Status.PENDING)

    sending(ledger).apply([Settled(before.id, OUTCOMES[status], None, 40.0)])

    assert entry(ledger, "ann") == before


def test_the_last_reply_replaces_the_one_before(ledger: Record) -> None:
    id_ = someone(ledger, Status.REJECTED).id
    sending(ledger).retry([Retried(Status.REJECTED)], 30.0)
    broken = Outcome(Status.DEFERRED, None, Whom.CONNECTION, Why.UNFINISHED, "ended")

    sending(ledger).apply([Settled(id_, broken, 60.0, 50.0)])

    now = entry(ledger, "ann")
    assert (now.code, now.enhanced, now.reply, said(now)) == (
        None,
        None,
        None,
        "the connection ended before the message was whole: it was not delivered",
    )
    assert now.attempts == 2


def test_a_reply_is_kept_as_data_whatever_it_says(ledger: Record) -> None:
    id_ = someone(ledger, Status.SENDING).id
    text = "'); DROP TABLE recipient; -- Grüße \u202e"

    sending(ledger).apply(
        [Settled(id_, Outcome(Status.REJECTED, Reply(550, text, "RCPT")), None, 1.0)]
    )

    assert entry(ledger, "ann").reply == text


@pytest.mark.parametrize("status", SENDABLE)
def test_a_released_row_is_what_it_was_and_made_no_attempt(ledger: Record, status: Status) -> None:
    before = someone(ledger, status)

    sending(ledger).apply([Intent(before.id, "digest", 30.0, 31.0), Released(before.id)])

    now = entry(ledger, "ann")
    assert now == replace(before, content="digest", dated_at=30.0)


def test_a_row_released_without_an_attempt_still_belongs_to_the_plan(ledger: Record) -> None:
    id_ = someone(ledger, Status.PENDING).id
    sending(ledger).apply([Intent(id_, "digest", 30.0, 31.0), Released(id_)])

    plan(ledger, person(2, "bob"))

    assert statuses(ledger, all_rows=True) == [("bob", Status.PENDING)]


def test_a_condemned_row_is_rejected_with_the_reply_of_its_attempt(ledger: Record) -> None:
    id_ = someone(ledger, Status.PENDING).id
    held = Outcome(Status.DEFERRED, OUTCOMES[Status.REJECTED].reply)
    sending(ledger).apply([Settled(id_, held, None, 40.0)])
    verdict = Outcome(Status.REJECTED)

    sending(ledger).apply([Settled(id_, verdict, None, 50.0, counts_attempt=False)])

    now = entry(ledger, "ann")
    assert (now.status, now.code, now.attempts) == (Status.REJECTED, 550, 1)
    assert (now.finished_at, now.due_at) == (50.0, None)


def test_a_row_that_cannot_be_built_forgets_an_earlier_reply(ledger: Record) -> None:
    id_ = someone(ledger, Status.DEFERRED).id

    sending(ledger).apply([Failed(id_, Why.UNBUILDABLE, "no such file", 50.0)])

    now = entry(ledger, "ann")
    assert (now.status, now.detail, now.attempts) == (Status.FAILED, "no such file", 1)
    assert (now.code, now.reply, now.due_at, now.finished_at) == (None, None, None, 50.0)


def test_a_note_is_an_event_of_the_record(ledger: Record) -> None:
    sending(ledger).apply([Noted("slowdown", "half the rate", 7.0), Noted("stopped", "why", 8.0)])

    events = ledger.reading.events()
    assert [(e.at, e.kind, e.detail) for e in events] == [
        (7.0, "slowdown", "half the rate"),
        (8.0, "stopped", "why"),
    ]
    assert [e.kind for e in ledger.reading.events(1)] == ["stopped"]


def test_changes_of_one_call_happen_in_their_order_and_together(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    ann, bob = entry(ledger, "ann").id, entry(ledger, "bob").id

    sending(ledger).apply(
        [*outcome_of(ann, Status.ACCEPTED), Intent(bob, "digest", 1.0, 1.0), Noted("n", "d", 1.0)]
    )

    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("bob", Status.SENDING)]


def test_of_changes_that_cannot_all_be_made_none_is(ledger: Record) -> None:
    before = someone(ledger, Status.PENDING)
    nonsense = Settled(before.id, Outcome(Status.PENDING), None, 1.0)

    with pytest.raises(KeyError):
        sending(ledger).apply([Intent(before.id, "digest", 1.0, 1.0), nonsense])

    assert entry(ledger, "ann") == before
    sending(ledger).apply([Intent(before.id, "digest", 1.0, 1.0)])
    assert entry(ledger, "ann").status is Status.SENDING


# -- recovery ---------------------------------------------------------------------------------


def test_rows_found_on_the_way_after_a_crash_are_in_doubt(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 6)))
    bring(ledger, "p2", Status.SENDING)
    bring(ledger, "p3", Status.DEFERRED)
    bring(ledger, "p3", Status.SENDING)
    bring(ledger, "p4", Status.ACCEPTED)

    assert ledger.recover(70.0) == 2

    assert dict(statuses(ledger)) == {
        "p2": Status.IN_DOUBT,
        "p3": Status.IN_DOUBT,
        "p4": Status.ACCEPTED,
        "p5": Status.PENDING,
    }
    now = entry(ledger, "p3")
    assert (now.was, now.attempts, now.finished_at) == (None, 2, 70.0)
    assert said(now) == "the run ended before the reply to the message came"
    assert (now.content, now.dated_at) == ("digest", 10.0)
    (event,) = ledger.reading.events()
    assert (event.kind, event.at) == ("crash", 70.0)
    assert event.detail.startswith("2 ")


def test_where_nothing_was_on_the_way_nothing_is_recovered_or_noted(ledger: Record) -> None:
    before = someone(ledger, Status.ACCEPTED)

    assert ledger.recover(70.0) == 0

    assert entry(ledger, "ann") == before
    assert ledger.reading.events() == []


@pytest.mark.parametrize("count", [1, 7, 130])
def test_many_at_once_are_written_as_one_by_one(ledger: Record, count: int) -> None:
    """Outcomes of some and intents of others in one commit, more than one statement takes too."""
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 2 + 2 * count)))
    ids = [one.id for one in ledger.reading.entries()]
    sent, next_ones = ids[:count], ids[count:]
    sending(ledger).apply([Intent(id_, "d1", 5.0, 6.0) for id_ in sent])
    taken = Outcome(Status.ACCEPTED, Reply(250, "Ok", "MESSAGE", "2.0.0"))
    outcomes: list[Change] = [Settled(id_, taken, None, 7.0) for id_ in sent]
    intents: list[Change] = [Intent(id_, "d2", 8.0, 9.0) for id_ in next_ones]
    sending(ledger).apply([one for pair in zip(outcomes, intents, strict=True) for one in pair])
    for one in ledger.reading.entries():
        if one.id in sent:
            assert (one.status, one.was, one.attempts) == (Status.ACCEPTED, None, 1)
            assert (one.content, one.dated_at, one.first_attempt_at) == ("d1", 5.0, 6.0)
            assert (one.code, one.enhanced, one.reply, one.finished_at) == (250, "2.0.0", "Ok", 7.0)
        else:
            assert (one.status, one.was, one.attempts) == (Status.SENDING, Status.PENDING, 0)
            assert (one.content, one.dated_at, one.first_attempt_at) == ("d2", 8.0, 9.0)
            assert (one.code, one.reply, one.finished_at) == (None, None, None)


def test_who_was_refused_for_good_still_has_the_reply_in_the_next_run(ledger: Record) -> None:
    id_ = someone(ledger, Status.DEFERRED).id
    never = Reply(550, "no such user", "RCPT", "5.1.1")
    sending(ledger).apply([Settled(id_, Outcome(Status.DEFERRED, never), 20.0, 10.0)])

    (ann,) = sending(ledger).next_due(30.0, 9)

    assert ann.refused == never._replace(command="")
    assert not ann.refusal_is_its_own


def test_a_refusal_that_is_a_rows_own_is_so_until_it_is_answered_otherwise(ledger: Record) -> None:
    id_ = someone(ledger, Status.DEFERRED).id
    never = Outcome(Status.DEFERRED, Reply(550, "relay denied", "RCPT"))
    sending(ledger).apply([Settled(id_, never, 20.0, 10.0), Own(id_, 11.0)])
    (ann,) = sending(ledger).next_due(30.0, 9)
    assert ann.refusal_is_its_own
    sending(ledger).apply([Settled(id_, never, 20.0, 12.0)])
    (ann,) = sending(ledger).next_due(30.0, 9)
    assert not ann.refusal_is_its_own


def test_what_is_remembered_stands_in_the_meta_until_it_is_forgotten(ledger: Record) -> None:
    sending(ledger).apply([Remembered("braked", "one"), Remembered("braked", "two")])
    assert ledger.reading.meta("braked") == "two"
    sending(ledger).apply([Remembered("braked", None)])
    assert ledger.reading.meta("braked") is None
