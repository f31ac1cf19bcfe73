"""What may become of a recipient, written a second time by hand, and nothing else."""

from __future__ import annotations

import pytest

from sendbatch.ledger.states import (
    LEFT_OUT,
    OF_OUTCOME,
    SENDABLE,
    TABLE,
    Event,
    after,
    sources,
    status_of,
)
from sendbatch.values import Status

# "from -> to"; "was" stands for what the delivery was before.
TRANSITIONS = {
    Event.INTENT: "pending sending, deferred sending, failed sending",
    Event.ACCEPT: "sending accepted",
    Event.REJECT: "sending rejected, pending rejected, deferred rejected, failed rejected",
    Event.DEFER: "sending deferred, pending deferred, deferred deferred, failed deferred",
    Event.DOUBT: "sending in_doubt",
    Event.FAIL: "sending failed, pending failed, deferred failed, failed failed",
    Event.RELEASE: "sending was, pending pending, deferred deferred, failed failed",
    Event.CONDEMN: "deferred rejected",
    Event.CRASH: "sending in_doubt",
    Event.RETRY: "rejected pending, deferred deferred, failed failed",
    Event.RESEND: "in_doubt pending",
    Event.RESOLVE_ACCEPTED: "in_doubt accepted, deferred accepted",
    Event.RESOLVE_PENDING: "in_doubt pending, deferred pending",
    Event.RESOLVE_REJECTED: "in_doubt rejected, deferred rejected",
    Event.EXCEPT: "pending accepted, deferred accepted, failed accepted, in_doubt accepted",
    Event.RESTORE: "pending was, deferred was, failed was",
    Event.READDRESS: "pending pending, deferred pending, failed pending, rejected pending",
}
ALLOWED = {
    (Status(pair.split()[0]), event): pair.split()[1]
    for event, pairs in TRANSITIONS.items()
    for pair in pairs.split(", ")
}
EVERY = [(status, event) for status in Status for event in Event]


@pytest.mark.parametrize(("status", "event"), sorted(ALLOWED))
def test_each_transition_leads_where_the_specification_says(status: Status, event: Event) -> None:
    told = Status.FILTERED
    wanted = ALLOWED[status, event]

    assert after(status, event, told) == (told if wanted == "was" else wanted)


@pytest.mark.parametrize(("status", "event"), [pair for pair in EVERY if pair not in ALLOWED])
def test_nothing_else_can_happen(status: Status, event: Event) -> None:
    with pytest.raises(ValueError, match=f"{event} cannot happen to a row that is {status}"):
        after(status, event, Status.PENDING)


@pytest.mark.parametrize(
    ("status", "event"), [pair for pair, to in ALLOWED.items() if to == "was"]
)
def test_a_transition_that_goes_back_must_be_told_where_to(status: Status, event: Event) -> None:
    with pytest.raises(ValueError, match="needs to be told"):
        after(status, event)


def test_every_event_has_its_row_in_the_table() -> None:
    assert set(TABLE) == set(Event)
    assert all(sources(event) == tuple(sorted(TABLE[event])) for event in Event)


def test_nothing_leaves_accepted_and_nothing_happens_to_what_a_plan_alone_says() -> None:
    for event in Event:
        assert Status.ACCEPTED not in sources(event)
        assert not {*LEFT_OUT, Status.DUPLICATE, Status.WITHDRAWN} & set(sources(event))


# What the plan found a row ("gone" where it has none), where its delivery stands, and what is told.
FOLDED = """
pending     -          pending
pending     pending    pending
pending     deferred   deferred
pending     failed     failed
pending     rejected   rejected
pending     accepted   accepted
pending     in_doubt   in_doubt
pending     sending    sending
invalid     -          invalid
filtered    deferred   filtered
suppressed  rejected   suppressed
invalid     failed     invalid
suppressed  pending    suppressed
suppressed  accepted   accepted
filtered    in_doubt   in_doubt
invalid     sending    sending
duplicate   -          duplicate
gone        pending    withdrawn
gone        deferred   withdrawn
gone        failed     withdrawn
gone        rejected   withdrawn
gone        accepted   accepted
gone        in_doubt   in_doubt
"""


@pytest.mark.parametrize("line", FOLDED.strip().splitlines())
def test_a_row_and_its_delivery_amount_to_one_status(line: str) -> None:
    planned, tried, told = line.split()

    assert status_of(
        None if planned == "gone" else Status(planned), None if tried == "-" else Status(tried)
    ) is Status(told)


def test_only_a_persons_word_or_a_providers_key_leaves_in_doubt() -> None:
    leaving = {event for event in Event if Status.IN_DOUBT in sources(event)}

    assert leaving == {
        Event.RESEND,
        Event.RESOLVE_ACCEPTED,
        Event.RESOLVE_PENDING,
        Event.RESOLVE_REJECTED,
        Event.EXCEPT,
    }


def test_only_an_intent_makes_a_row_sending_and_only_from_what_can_be_sent() -> None:
    to_sending = [(s, e) for (s, e), to in ALLOWED.items() if to == Status.SENDING]

    assert {event for _, event in to_sending} == {Event.INTENT}
    assert {status for status, _ in to_sending} == SENDABLE


def test_accepted_and_in_doubt_come_from_sending_alone_but_for_a_persons_word() -> None:
    words = (Event.RESOLVE_ACCEPTED, Event.EXCEPT)
    for (status, event), to in ALLOWED.items():
        if to in (Status.ACCEPTED, Status.IN_DOUBT) and event not in words:
            assert status is Status.SENDING


def test_every_outcome_of_a_hand_over_has_an_event_that_leads_there() -> None:
    for status, event in OF_OUTCOME.items():
        assert after(Status.SENDING, event) is status


def test_the_three_kinds_of_left_out_rows() -> None:
    assert {Status.INVALID, Status.FILTERED, Status.SUPPRESSED} == LEFT_OUT
