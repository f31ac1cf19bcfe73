"""What a run brings is known at once, in whatever form a store keeps it before and after it tidies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sendbatch.errors import RecordLost
from sendbatch.ledger.facts import (
    Change,
    Failed,
    Intent,
    LeftInDoubt,
    Own,
    Released,
    Retried,
    Settled,
)
from sendbatch.ledger.store import Record
from sendbatch.values import Outcome, Reply, Status, Why
from tests.kit.people import (
    OUTCOMES,
    bring,
    clock,
    entry,
    left_out,
    outcome_of,
    person,
    plan,
    staged,
    statuses,
)
from tests.kit.selecting import sending
from tests.ledger.contract.conftest import STORES, in_bulk_at_once
from tests.ledger.contract.test_side_by_side import what_it_tells

KEYS = ("ann", "bob", "eve", "joe", "kim", "lou", "max")
SPENT = Settled(0, Outcome(Status.DEFERRED, Reply(550, "no such user", "RCPT")), None, 30.0)
AFTER: dict[str, tuple[Status, Callable[[int], list[Change]]]] = {
    "on the way": (Status.PENDING, lambda id_: [Intent(id_, "digest", 30.0, 30.0)]),
    "accepted": (Status.PENDING, lambda id_: outcome_of(id_, Status.ACCEPTED)),
    "accepted at the second": (Status.DEFERRED, lambda id_: outcome_of(id_, Status.ACCEPTED)),
    "rejected": (Status.PENDING, lambda id_: outcome_of(id_, Status.REJECTED)),
    "deferred": (Status.PENDING, lambda id_: outcome_of(id_, Status.DEFERRED)),
    "deferred again": (Status.DEFERRED, lambda id_: outcome_of(id_, Status.DEFERRED)),
    "in doubt": (Status.PENDING, lambda id_: outcome_of(id_, Status.IN_DOUBT)),
    "failed": (Status.PENDING, lambda id_: [Failed(id_, Why.UNBUILDABLE, "no file", 30.0)]),
    "released": (Status.PENDING, lambda id_: [Intent(id_, "d", 30.0, 30.0), Released(id_)]),
    "condemned": (
        Status.DEFERRED,
        lambda id_: [Settled(id_, Outcome(Status.REJECTED), None, 33.0, counts_attempt=False)],
    ),
    "its own": (Status.PENDING, lambda id_: [SPENT._replace(id=id_), Own(id_, 31.0)]),
}


def tidied(record: Record) -> None:
    with in_bulk_at_once():
        sending(record).backlog.tidy()


def of_several(record: Record) -> Record:
    rows = [person(line, key) for line, key in enumerate(KEYS, 2)]
    plan(record, *rows, left_out(person(20, "out"), Status.INVALID), person(21, "gone"))
    bring(record, "gone", Status.DEFERRED)
    plan(record, *rows, left_out(person(20, "out"), Status.INVALID))
    return record


@pytest.fixture
def people(ledger: Record) -> Record:
    return of_several(ledger)


@pytest.mark.parametrize("what", AFTER)
def test_all_that_is_told_is_told_the_same_before_and_after_it_is_tidied(
    people: Record, what: str
) -> None:
    stands, changes = AFTER[what]
    bring(people, "ann", stands)
    bring(people, "joe", Status.ACCEPTED)
    tidied(people)
    asleep = what_it_tells(people)

    sending(people).apply(changes(entry(people, "ann").id))
    before = what_it_tells(people), sending(people).totals(), sending(people).left_over()
    tidied(people)
    after = what_it_tells(people), sending(people).totals(), sending(people).left_over()
    tidied(people)

    assert before == after
    assert what_it_tells(people) == after[0] != asleep


@pytest.mark.one_in(3)
@pytest.mark.parametrize("what", AFTER)
@pytest.mark.parametrize("first", ["recover", "draft", "claim", "end", "resolve", "plan"])
@pytest.mark.parametrize("store", [one for one in STORES if one != "postgres"])  # nothing is tidied there
def test_whoever_comes_first_after_it_finds_what_was_brought(
    store: str, first: str, what: str
) -> None:
    def found(*, tidy: bool) -> list[object]:
        with STORES[store]() as record:
            stands, changes = AFTER[what]
            bring(of_several(record), "ann", stands)
            tidied(record)
            sending(record).apply(changes(entry(record, "ann").id))
            if tidy:
                tidied(record)
            return [comes_first(record, first, "ann"), what_it_tells(record)]

    assert found(tidy=False) == found(tidy=True)


def comes_first(record: Record, who: str, key: str) -> object:
    match who:
        case "recover":
            return record.recover(50.0)
        case "draft":
            with record.draft() as draft:
                found = draft.retry([Retried(Status.REJECTED), Retried(Status.DEFERRED)], 45.0)
                found += draft.resend()
                names = [one.key == key for one in draft.samples(9)]
                draft.merge()
                return found, sum(names)
        case "claim":
            backlog = record.backlog(clock)
            taken = [*backlog.claim_due(1e9, 9), *backlog.claim_new(0, 9)]
            return [(one.status, one.attempts) for one in taken if one.key == key]
        case "end":
            return record.backlog(clock).end()
        case "resolve":
            return len(record.resolve([(key,)], Status.ACCEPTED, 60.0))
        case _:
            plan(record, *(person(n, k, email=f"{k}@example.org") for n, k in enumerate(KEYS, 2)))
            return entry(record, key).email == f"{key}@example.org"


def test_who_is_settled_and_not_tidied_is_handed_out_no_more(people: Record) -> None:
    backlog = people.backlog(clock)
    taken = backlog.claim_new(0, 3)
    for one, status in zip(taken, (Status.ACCEPTED, Status.DEFERRED, Status.FAILED), strict=True):
        backlog.apply(outcome_of(one.id, status, at=20.0))

    again = people.backlog(clock)

    assert [one.key for one in again.claim_new(0, 2)] == ["eve", "joe"]
    assert [one.key for one in again.claim_due(1e9, 9)] == ["bob"]
    assert again.next_due_at() is None


def test_who_is_sent_again_by_a_persons_word_and_left_is_in_doubt_as_before(people: Record) -> None:
    bring(people, "ann", Status.IN_DOUBT)
    sending(people).resend()
    backlog = people.backlog(clock)
    (ann, *_) = backlog.claim_new(0, 1)
    backlog.apply([Intent(ann.id, "digest", 30.0, 30.0), Released(ann.id), LeftInDoubt(ann.id)])

    for _ in range(2):
        one = entry(people, "ann")
        assert (one.status, one.was, one.attempts) == (Status.IN_DOUBT, None, 1)
        tidied(people)


@pytest.mark.parametrize("name", ["you", "another"])
def test_the_cells_of_a_message_that_was_on_the_way_in_a_crash_are_kept(
    people: Record, name: str
) -> None:
    bring(people, "ann", Status.SENDING)
    assert people.recover(50.0) == 1
    with people.draft() as draft:
        staging = staged(draft, person(2, "ann", name=name))
        staging.settle()
        doubted = {entry(people, "ann").id} if name == "another" else set()
        assert staging.corrected_doubt() == doubted


def test_nobody_gets_what_another_left_who_was_forgotten(people: Record) -> None:
    bring(people, "ann", Status.DEFERRED)
    sending(people).apply(outcome_of(entry(people, "bob").id, Status.IN_DOUBT))
    with people.draft() as draft:
        draft.forget_everyone()
        staging = draft.stage(("email", "name"))
        staging.add([(2, "ann", "ann@example.com", '["ann@example.com", "you"]', "pending", None, None)])
        staging.settle()
        staging.finish(
            inputs="i", recipients_digest="r", content_digest="c", started_at=1.0, completed_at=2.0
        )
        draft.merge()

    assert statuses(people, all_rows=True) == [("ann", Status.PENDING)]
    sending(people).apply([Intent(entry(people, "ann").id, "digest", 40.0, 40.0)])
    one = entry(people, "ann")
    assert (one.status, one.attempts, one.first_attempt_at) == (Status.SENDING, 0, 40.0)
    tidied(people)
    sending(people).apply([Settled(one.id, OUTCOMES[Status.ACCEPTED], None, 41.0)])
    assert entry(people, "ann").attempts == 1


def test_whom_a_person_settles_is_sent_to_by_no_run_that_had_taken_them(people: Record) -> None:
    sending(people).apply([SPENT._replace(id=entry(people, "ann").id)])
    sending(people).retry([Retried(Status.DEFERRED)], 40.0)
    backlog = people.backlog(clock)
    (ann,) = backlog.claim_due(1e9, 9)
    assert people.resolve([("ann",)], Status.ACCEPTED, 50.0) == []

    backlog.apply([SPENT._replace(id=ann.id)])  # comes too late
    with pytest.raises(RecordLost):
        backlog.apply([Intent(ann.id, "digest", 60.0, 60.0)])

    assert entry(people, "ann").status is Status.ACCEPTED
