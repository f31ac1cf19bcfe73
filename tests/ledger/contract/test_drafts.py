"""A draft: what it shows, what it keeps to itself, and that it is merged whole or not at all."""

from __future__ import annotations

import contextlib

import pytest

from sendbatch.errors import Interrupted, RecordLost
from sendbatch.ledger.facts import Retried
from sendbatch.ledger.store import Record
from sendbatch.values import Status
from tests.kit.people import (
    COLUMNS,
    bring,
    clock,
    entries,
    entry,
    person,
    plan,
    remember,
    someone,
    stage,
    staged,
    statuses,
)


def everything(record: Record) -> list[object]:
    reading = record.reading
    return [
        reading.plan(),
        entries(record),
        list(reading.holders()),
        reading.events(),
        reading.meta("who"),
    ]


def test_who_leaves_a_draft_without_merging_has_changed_nothing(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 6)))
    for key, status in (("p2", Status.IN_DOUBT), ("p3", Status.REJECTED), ("p4", Status.DEFERRED)):
        bring(ledger, key, status)
    remember(ledger, who="ann")
    before = everything(ledger)

    with ledger.draft() as draft:
        stage(draft, [person(2, "p2"), person(3, "p4", email="x@example.com"), person(4, "new")])
        draft.remember("who", "bob")
        draft.note("said", "something", 5.0)
        assert draft.only([("p2",), ("new",)]) == []
        assert (draft.resend(), draft.retry([Retried(Status.DEFERRED)], 9.0)) == (1, 0)
        draft.limit(1)
        draft.make_due(9.0)
        assert [one.key for one in draft.people.entries()] == ["p2", "p4", "new"]

    assert everything(ledger) == before
    assert ledger.backlog(clock).totals() == ledger.reading.totals()


def test_a_draft_tells_of_the_plan_as_it_will_be_and_of_the_record_as_it_is(ledger: Record) -> None:
    someone(ledger, Status.IN_DOUBT)
    with ledger.draft() as draft:
        stage(draft, [person(2, "bob"), person(3, "ann", name="Ann")])
        assert draft.resend() == 1

        assert [(one.key, one.status) for one in draft.people.entries()] == [
            ("bob", Status.PENDING),
            ("ann", Status.PENDING),
        ]
        assert [one.cells[1] for one in draft.samples(9)] == ["you", "Ann"]
        assert draft.people.census() == ({Status.PENDING: 2}, 2)
        assert draft.reading.totals() == {Status.IN_DOUBT: 1}
        assert [one.key for one in draft.reading.entries()] == ["ann"]
        will_be = list(draft.people.entries())
        draft.merge()

    assert list(ledger.reading.entries()) == will_be


def test_what_is_staged_again_takes_the_place_of_what_was(ledger: Record) -> None:
    someone(ledger, Status.IN_DOUBT)
    with ledger.draft() as draft:
        stage(draft, [person(2, "bob")])
        stage(draft, [person(2, "ann"), person(3, "eve")])
        assert draft.resend() == 1
        stage(draft, [person(2, "eve"), person(3, "ann", name="Ann")])
        assert [one.key for one in draft.samples(9)] == ["eve", "ann"]
        draft.merge()

    assert statuses(ledger, all_rows=True) == [("eve", Status.PENDING), ("ann", Status.PENDING)]


def test_who_leaves_a_staging_unfinished_goes_on_with_the_last_plan(ledger: Record) -> None:
    plan(ledger, person(2, "ann"))
    with ledger.draft() as draft:
        staged(draft, person(2, "bob")).settle()
        draft.remember("who", "ann")
        draft.merge()

    assert statuses(ledger, all_rows=True) == [("ann", Status.PENDING)]
    assert ledger.reading.meta("who") == "ann"


def test_a_plan_that_was_changed_meanwhile_is_not_merged_over(ledger: Record) -> None:
    someone(ledger, Status.IN_DOUBT)
    with ledger.draft() as draft:
        stage(draft, [person(2, "bob")])
        draft.remember("who", "bob")
        assert ledger.resolve([("ann",)], Status.PENDING, 60.0) == []

        with pytest.raises(RecordLost, match="changed by something else while this plan was made"):
            draft.merge()

    assert statuses(ledger, all_rows=True) == [("ann", Status.PENDING)]
    assert ledger.reading.meta("who") is None


def test_what_was_settled_while_a_draft_was_shown_is_never_undone_by_it(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.IN_DOUBT)
    with ledger.draft() as draft:
        stage(draft, [person(2, "ann"), person(3, "bob"), person(4, "eve")])
        ledger.resolve([("ann",)], Status.ACCEPTED, 60.0)
        with contextlib.suppress(RecordLost):  # a store may refuse it
            draft.merge()

    assert entry(ledger, "ann").status is Status.ACCEPTED


def test_a_selection_is_that_of_the_backlog_once_it_is_merged(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 6)))
    with ledger.draft() as draft:
        draft.only([("p3",), ("p4",), ("p5",)])
        draft.limit(2)
        assert (draft.totals(), draft.left_over()) == ({Status.PENDING: 2}, 1)
        draft.merge(5.0)

    backlog = ledger.backlog(clock)
    assert (backlog.totals(), backlog.left_over()) == ({Status.PENDING: 2}, 1)
    assert [one.key for one in backlog.claim_new(0, 9)] == ["p3", "p4"]


def test_a_draft_that_is_left_leaves_the_selection_of_the_run_as_it_was(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 6)))
    bring(ledger, "p2", Status.IN_DOUBT)
    bring(ledger, "p5", Status.IN_DOUBT)
    with ledger.draft() as draft:
        draft.only([("p2",), ("p3",), ("p4",), ("p5",)])
        draft.resend()
        draft.limit(2)
        draft.merge()
        assert (draft.totals(), draft.left_over()) == ({Status.PENDING: 2}, 2)
    backlog = ledger.backlog(clock)

    with ledger.draft() as another:
        another.only([("p4",)])
        another.limit(0)

    for one in (backlog, ledger.backlog(clock)):
        assert (one.totals(), one.left_over()) == ({Status.PENDING: 2}, 2)
    assert [one.key for one in backlog.claim_new(0, 9)] == ["p2", "p3"]


def test_whoever_a_person_settled_is_sent_to_at_another_address_by_a_plan_alone(
    ledger: Record,
) -> None:
    """In doubt at the old address when the CSV got the new one, and settled as rejected since."""
    before = someone(ledger, Status.IN_DOUBT)
    plan(ledger, person(2, "ann", email="ann@new.example"))
    ledger.resolve([("ann",)], Status.REJECTED, 30.0)

    with ledger.draft() as draft:  # a run with the same inputs: nothing is staged
        assert draft.people.census()[0] == {Status.REJECTED: 1}
        draft.merge(40.0)

    assert ledger.backlog(clock).claim_new(0, 10) == []
    assert (entry(ledger, "ann").status, entry(ledger, "ann").email) == (Status.REJECTED, before.email)


def test_a_draft_is_broken_off_by_what_heed_raises(ledger: Record) -> None:
    plan(ledger, person(2, "ann"))
    rows = [person(line, f"p{line}") for line in range(2, 10_000)]

    def heed() -> None:
        raise Interrupted("Ctrl-C; nothing was sent")

    with pytest.raises(Interrupted, match="Ctrl-C"), ledger.draft(heed) as draft:
        stage(draft, rows)

    assert statuses(ledger) == [("ann", Status.PENDING)]
    plan(ledger, person(2, "bob"))
    assert statuses(ledger) == [("bob", Status.PENDING)]


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.IN_DOUBT, Status.DEFERRED])
def test_a_rehearsal_that_begins_anew_forgets_everyone_and_keeps_counting_its_plans(
    ledger: Record, status: Status
) -> None:
    someone(ledger, status)
    with ledger.draft() as draft:
        draft.forget_everyone()
        assert not draft.reading.has_tried()
        stage(draft, [person(2, "ann"), person(3, "bob")])
        assert draft.people.census() == ({Status.PENDING: 2}, 2)
        draft.merge()

    assert statuses(ledger, all_rows=True) == [("ann", Status.PENDING), ("bob", Status.PENDING)]
    assert entry(ledger, "ann").attempts == 0
    assert not ledger.reading.has_tried()
    last = ledger.reading.plan()
    assert last is not None
    assert (last.id, last.columns) == (2, COLUMNS)


def test_a_draft_that_forgot_everyone_and_is_left_forgets_nobody(ledger: Record) -> None:
    before = someone(ledger, Status.ACCEPTED)
    with ledger.draft() as draft:
        draft.forget_everyone()
        stage(draft, [person(2, "ann")])

    assert entry(ledger, "ann") == before
