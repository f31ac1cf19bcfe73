"""Whom a run is handed, in lanes and blocks, and what it hands back."""

from __future__ import annotations

import pytest

from sendbatch.ledger.facts import (
    Change,
    Failed,
    Intent,
    Lane,
    LeftInDoubt,
    Noted,
    Released,
    Settled,
)
from sendbatch.ledger.store import Backlog, Record
from sendbatch.values import Status, Why
from tests.kit.people import (
    OUTCOMES,
    bring,
    clock,
    entry,
    outcome_of,
    person,
    plan,
    someone,
    statuses,
)
from tests.kit.selecting import sending

DOMAINS = ("example.com", "example.org", "Example.ORG", "example.net", "sub.example.org")
ORG = Lane(("example.org",), others=False)
REST = Lane(("example.org",), others=True)


@pytest.fixture
def everywhere(ledger: Record) -> Record:
    """p2 to p6, each at another domain."""
    plan(ledger, *(person(n, f"p{n}", email=f"p{n}@{d}") for n, d in enumerate(DOMAINS, 2)))
    return ledger


def new(backlog: Backlog, lane: Lane, limit: int = 9) -> list[str]:
    return [one.key for one in backlog.claim_new(0, limit, lane)]


def test_a_lane_has_those_of_its_domains_in_any_case(everywhere: Record) -> None:
    assert new(everywhere.backlog(clock), ORG) == ["p3", "p4"]
    assert new(everywhere.backlog(clock), REST) == ["p2", "p5", "p6"]
    assert new(everywhere.backlog(clock), Lane(("example.org", "example.net"), others=False)) == [
        "p3",
        "p4",
        "p5",
    ]


def test_who_was_claimed_in_one_lane_is_not_handed_out_in_another(everywhere: Record) -> None:
    backlog = everywhere.backlog(clock)

    assert new(backlog, ORG, 1) == ["p3"]
    assert new(backlog, Lane()) == ["p2", "p4", "p5", "p6"]
    assert new(backlog, ORG) == []


def test_lanes_are_due_by_themselves(everywhere: Record) -> None:
    for number, due_at in ((2, 50.0), (3, 300.0), (4, 100.0)):
        id_ = entry(everywhere, f"p{number}").id
        deferred = Settled(id_, OUTCOMES[Status.DEFERRED], due_at, 40.0)
        sending(everywhere).apply([deferred])
    backlog = everywhere.backlog(clock)

    assert backlog.next_due_at(ORG) == 100.0
    assert backlog.next_due_at(REST) == 50.0
    assert [one.key for one in backlog.claim_due(300.0, 9, ORG)] == ["p4", "p3"]
    assert backlog.next_due_at(ORG) is None
    assert backlog.has_due(300.0)
    assert [one.key for one in backlog.claim_due(300.0, 9)] == ["p2"]
    assert not backlog.has_due(300.0)


def test_what_time_it_is_the_caller_says(ledger: Record) -> None:
    now = [7.0]
    backlog = ledger.backlog(lambda: now[0])
    if backlog.waits:
        pytest.skip("several machines share it: what time it is, it says itself")

    assert backlog.now() == 7.0
    now[0] = 9.0
    assert backlog.now() == 9.0


def test_who_is_given_back_is_handed_out_again(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    backlog = ledger.backlog(clock)
    ann, bob = backlog.claim_new(0, 9)
    assert backlog.claim_new(0, 9) == []

    backlog.give_back([bob.id])

    assert backlog.claim_new(0, 9) == [bob]
    backlog.give_back([ann.id, bob.id])
    assert backlog.claim_new(0, 9) == [ann, bob]


@pytest.mark.parametrize("limit", [None, 20])
def test_everybody_is_handed_out_some_at_a_time_whoever_comes_back_between(
    ledger: Record, limit: int | None
) -> None:
    plan(ledger, *(person(n, f"p{n}") for n in range(2, 37)))
    bring(ledger, "p5", Status.FAILED)
    sending(ledger).choose(limit)
    backlog, handed_out = ledger.backlog(clock), list[str]()
    assert [one.key for one in backlog.claim_new(0, 4)] == ["p2", "p3", "p4", "p5"]

    backlog.give_back([entry(ledger, "p3").id, entry(ledger, "p5").id])
    while found := backlog.claim_new(0, 4):
        handed_out += [one.key for one in found]

    all_of_them = [f"p{n}" for n in range(2, 37)][:limit]
    assert handed_out == [key for key in all_of_them if key not in ("p2", "p4")]


@pytest.mark.parametrize("status", [Status.FAILED, Status.DEFERRED])
def test_who_is_settled_is_no_longer_claimed(ledger: Record, status: Status) -> None:
    plan(ledger, person(2, "ann"))
    backlog = ledger.backlog(clock)
    (ann,) = backlog.claim_new(0, 9)

    backlog.apply(outcome_of(ann.id, status, at=20.0))

    again = backlog.claim_new(0, 9) + backlog.claim_due(1e9, 9)
    assert [(one.id, one.status) for one in again] == [(ann.id, status)]


def test_an_outcome_and_the_next_intent_are_one_change_of_the_record(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    backlog = ledger.backlog(clock)
    ann, bob = backlog.claim_new(0, 9)
    backlog.apply([Intent(ann.id, "digest", 1.0, 1.0)])

    backlog.apply(
        [Settled(ann.id, OUTCOMES[Status.ACCEPTED], None, 2.0), Intent(bob.id, "digest", 2.0, 2.0)]
    )

    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("bob", Status.SENDING)]
    assert backlog.totals() == {Status.ACCEPTED: 1, Status.SENDING: 1}


def test_changes_of_one_recipient_happen_in_their_order(ledger: Record) -> None:
    plan(ledger, person(2, "ann"))
    id_ = entry(ledger, "ann").id
    changes: list[Change] = [
        Intent(id_, "one", 1.0, 1.0),
        Released(id_),
        Failed(id_, Why.UNBUILDABLE, "no such file", 2.0),
        Intent(id_, "two", 3.0, 3.0),
        Settled(id_, OUTCOMES[Status.ACCEPTED], None, 4.0),
        Noted("said", "done", 5.0),
    ]

    sending(ledger).apply(changes)

    now = entry(ledger, "ann")
    assert (now.status, now.content, now.attempts, now.detail) == (Status.ACCEPTED, "two", 1, None)
    assert now.first_attempt_at == 3.0
    assert [event.kind for event in ledger.reading.events()] == ["said"]


def test_nothing_to_be_written_is_no_fault(ledger: Record) -> None:
    before = someone(ledger, Status.DEFERRED)

    ledger.backlog(clock).apply([])

    assert entry(ledger, "ann") == before


def test_who_was_to_be_sent_again_and_whose_key_expired_is_in_doubt_as_before(
    ledger: Record,
) -> None:
    before = someone(ledger, Status.IN_DOUBT)
    sending(ledger).resend()
    backlog = ledger.backlog(clock)
    (ann,) = backlog.claim_new(0, 9)
    assert ann.doubted

    backlog.apply([LeftInDoubt(ann.id)])

    assert entry(ledger, "ann") == before
    assert backlog.claim_new(0, 9) == []


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.ACCEPTED, Status.REJECTED, Status.DEFERRED, Status.IN_DOUBT]
)
def test_nobody_else_is_left_in_doubt(ledger: Record, status: Status) -> None:
    before = someone(ledger, status)

    sending(ledger).apply([LeftInDoubt(before.id)])

    assert entry(ledger, "ann") == before


def test_a_backlog_counts_what_becomes_of_its_people_as_it_happens(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 7)))
    sending(ledger).choose(3)
    backlog = ledger.backlog(clock)
    for one in backlog.claim_new(0, 2):
        backlog.apply(outcome_of(one.id, Status.ACCEPTED))

    assert backlog.totals() == {Status.ACCEPTED: 2, Status.PENDING: 1}
    assert backlog.left_over() == 2
    assert [one.key for one in backlog.claim_new(0, 9)] == ["p4"]


def test_a_new_backlog_hands_out_whom_the_last_one_did_not_settle(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    first = ledger.backlog(clock)
    ann, _ = first.claim_new(0, 9)
    first.apply(outcome_of(ann.id, Status.ACCEPTED))
    first.end()
    ledger.recover(50.0)

    assert [one.key for one in ledger.backlog(clock).claim_new(0, 9)] == ["bob"]


def test_whom_a_plan_left_out_while_they_were_deferred_is_not_due(ledger: Record) -> None:
    someone(ledger, Status.DEFERRED)
    plan(ledger, person(2, "ann"), suppress=[("key", "ann@example.com")])
    sending(ledger).make_due(50.0)
    backlog = ledger.backlog(clock)

    assert (backlog.claim_due(1e9, 9), backlog.has_due(1e9), backlog.next_due_at()) == (
        [],
        False,
        None,
    )


def test_who_was_on_the_way_in_a_crash_is_handed_out_to_nobody(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.SENDING)

    assert ledger.recover(60.0) == 1

    backlog = ledger.backlog(clock)
    assert [one.key for one in backlog.claim_new(0, 9)] == ["bob"]
    assert not backlog.has_due(1e9)
