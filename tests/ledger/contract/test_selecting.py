"""Which rows a run is about: --only, --limit, --retry, doubt, and what comes next."""

from __future__ import annotations

import pytest

from sendbatch.ledger.facts import Held, Intent, Released, Retried, Settled
from sendbatch.ledger.store import Record
from sendbatch.values import Outcome, Reply, Status, Whom, Why
from tests.kit.people import (
    OUTCOMES,
    bring,
    clock,
    entry,
    left_out,
    outcome_of,
    person,
    plan,
    said,
    someone,
    statuses,
)
from tests.kit.selecting import sending

EVERY_KIND = {
    "p2": Status.PENDING,
    "p3": Status.ACCEPTED,
    "p4": Status.DEFERRED,
    "p5": Status.REJECTED,
    "p6": Status.FAILED,
    "p7": Status.IN_DOUBT,
    "p8": Status.PENDING,
}


@pytest.fixture
def crowd(ledger: Record) -> Record:
    """One of each kind, in lines 2 to 8, a filtered one and a duplicate behind."""
    rows = [person(line, f"p{line}") for line in range(2, 9)]
    plan(ledger, *rows, left_out(person(9, "p9"), Status.FILTERED), person(10, "p2"))
    for key, status in EVERY_KIND.items():
        if status is not Status.PENDING:
            bring(ledger, key, status)
    return ledger


def keys_to_send(ledger: Record) -> list[str]:
    return [one.key for one in sending(ledger).samples(99)]


# -- --only -----------------------------------------------------------------------------------


def test_without_a_scope_every_row_that_can_be_sent_is_taken(crowd: Record) -> None:
    sending(crowd).scope(None)
    sending(crowd).choose(None)

    assert keys_to_send(crowd) == ["p2", "p4", "p6", "p8"]
    assert sending(crowd).sendable() == 4
    assert sending(crowd).left_over() == 0
    assert sending(crowd).totals() == crowd.reading.totals()


def test_a_scope_takes_those_it_names_by_key_or_address(crowd: Record) -> None:
    strangers = sending(crowd).scope([("p3",), ("P4@example.com", "p4@example.com"), ("p8", "p8")])

    assert strangers == []
    assert keys_to_send(crowd) == ["p4", "p8"]
    assert sending(crowd).totals() == {
        Status.ACCEPTED: 1,
        Status.DEFERRED: 1,
        Status.PENDING: 1,
    }


def test_who_names_nobody_is_told_of_as_typed(crowd: Record) -> None:
    assert sending(crowd).scope([("Nobody", "nobody"), ("p2",), ("",)]) == ["Nobody", ""]


def test_the_same_person_named_twice_in_different_spelling_is_no_stranger(crowd: Record) -> None:
    named = [("P2@example.com", "p2@example.com"), ("p2@EXAMPLE.com", "p2@example.com")]

    assert sending(crowd).scope(named) == []
    assert keys_to_send(crowd) == ["p2"]


def test_an_address_that_several_keys_share_names_all_of_them(ledger: Record) -> None:
    rows = [person(line, f"k{line}", email="ann@example.com") for line in (2, 3)]
    plan(ledger, *rows, person(4, "k4"))

    assert sending(ledger).scope([("ann@example.com",)]) == []

    assert keys_to_send(ledger) == ["k2", "k3"]


def test_who_is_no_longer_in_the_plan_is_a_stranger(ledger: Record) -> None:
    someone(ledger, Status.DEFERRED)
    plan(ledger, person(2, "bob"))

    assert sending(ledger).scope([("ann",)]) == ["ann"]


def test_a_scope_of_nobody_sends_nothing(crowd: Record) -> None:
    sending(crowd).scope([])

    assert keys_to_send(crowd) == []
    assert sending(crowd).totals() == {}


def test_a_scope_is_lifted_and_set_anew(crowd: Record) -> None:
    sending(crowd).scope([("p2",)])
    sending(crowd).scope([("p8",)])
    assert keys_to_send(crowd) == ["p8"]

    sending(crowd).scope(None)

    assert keys_to_send(crowd) == ["p2", "p4", "p6", "p8"]


# -- --limit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "keys"), [(0, []), (1, ["p2"]), (3, ["p2", "p4", "p6"])])
def test_a_limit_takes_the_first_by_line_and_the_rest_are_left_over(
    crowd: Record, limit: int, keys: list[str]
) -> None:
    sending(crowd).choose(limit)

    assert keys_to_send(crowd) == keys
    assert sending(crowd).sendable() == limit
    assert sending(crowd).left_over() == 4 - limit


def test_a_limit_above_all_leaves_nobody_over(crowd: Record) -> None:
    sending(crowd).choose(100)

    assert sending(crowd).left_over() == 0
    assert sending(crowd).totals() == crowd.reading.totals()


def test_totals_count_those_done_and_not_those_left_over(crowd: Record) -> None:
    sending(crowd).choose(1)

    assert sending(crowd).totals() == {
        Status.PENDING: 1,
        Status.ACCEPTED: 1,
        Status.REJECTED: 1,
        Status.IN_DOUBT: 1,
        Status.FILTERED: 1,
        Status.DUPLICATE: 1,
    }


def test_who_was_chosen_counts_whatever_becomes_of_them(crowd: Record) -> None:
    sending(crowd).choose(2)
    for status in (Status.DEFERRED, Status.ACCEPTED):
        bring(crowd, "p2", status)
        assert sum(sending(crowd).totals().values()) == 7
    assert sending(crowd).sendable() == 1
    assert sending(crowd).left_over() == 2


def test_a_limit_counts_within_the_scope(crowd: Record) -> None:
    sending(crowd).scope([("p4",), ("p8",), ("p5",)])
    sending(crowd).choose(1)

    assert keys_to_send(crowd) == ["p4"]
    assert sending(crowd).left_over() == 1
    assert sending(crowd).totals() == {Status.DEFERRED: 1, Status.REJECTED: 1}


def test_a_limit_is_lifted_again(crowd: Record) -> None:
    sending(crowd).choose(1)
    sending(crowd).choose(None)

    assert sending(crowd).sendable() == 4


def refused_for_good(ledger: Record, key: str) -> int:
    """Its server said never, and the run left that open."""
    id_ = entry(ledger, key).id
    never = Outcome(Status.DEFERRED, Reply(550, "no such user", "RCPT", "5.1.1"))
    sending(ledger).apply([Settled(id_, never, None, 40.0)])
    return id_


# -- --retry ----------------------------------------------------------------------------------


def test_a_rejected_row_that_is_retried_is_pending_until_it_is_restored(crowd: Record) -> None:
    before = entry(crowd, "p5")
    assert sending(crowd).retry([Retried(Status.REJECTED)], 90.0) == 1

    now = entry(crowd, "p5")
    assert (now.status, now.was, now.attempts) == (Status.PENDING, Status.REJECTED, 1)
    assert sending(crowd).restore() == 1
    assert entry(crowd, "p5") == before


def test_a_deferred_row_that_is_retried_is_due_at_once(crowd: Record) -> None:
    assert sending(crowd).retry([Retried(Status.DEFERRED)], 30.0) == 1

    assert entry(crowd, "p4").status is Status.DEFERRED
    assert [one.key for one in sending(crowd).next_due(30.0, 9)] == ["p4"]


def test_a_failed_row_that_is_retried_stays_failed_and_is_sent_anyway(crowd: Record) -> None:
    before = entry(crowd, "p6")

    assert sending(crowd).retry([Retried(Status.FAILED)], 30.0) == 1

    now = entry(crowd, "p6")
    assert (now.status, now.finished_at) == (Status.FAILED, before.finished_at)
    assert "p6" in keys_to_send(crowd)


def test_a_retry_touches_only_what_it_names_and_what_is_in_scope(crowd: Record) -> None:
    before = crowd.reading.totals()
    sending(crowd).scope([("p2",), ("p4",)])

    assert sending(crowd).retry([Retried(Status.REJECTED), Retried(Status.FAILED)], 30.0) == 0
    assert sending(crowd).retry([], 30.0) == 0

    assert crowd.reading.totals() == before


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.IN_DOUBT, Status.FILTERED])
def test_what_is_not_for_a_retry_to_change_is_refused(crowd: Record, status: Status) -> None:
    with pytest.raises(AssertionError):
        sending(crowd).retry([Retried(status)], 30.0)


@pytest.mark.parametrize(
    ("status", "codes", "found"),
    [
        (Status.REJECTED, "5.1.*", 1),
        (Status.REJECTED, "5.1.1", 1),
        (Status.REJECTED, "5.4.*", 0),
        (Status.REJECTED, "550", 0),  # there is an enhanced code
        (Status.DEFERRED, "4.3.?", 1),
        (Status.DEFERRED, "5.1.1", 0),
    ],
)
def test_a_retry_by_codes_takes_those_last_answered_with_them(
    crowd: Record, status: Status, codes: str, found: int
) -> None:
    assert sending(crowd).retry([Retried(status, codes)], 30.0) == found


def test_without_an_enhanced_code_a_retry_goes_by_the_basic_one(ledger: Record) -> None:
    plan(ledger, person(2, "ann"))
    (ann,) = sending(ledger).next_new(0, 9)
    sending(ledger).apply(
        [Settled(ann.id, Outcome(Status.REJECTED, Reply(554, "no", "RCPT")), None, 1.0)]
    )
    assert sending(ledger).retry([Retried(Status.REJECTED, "5.*")], 30.0) == 0
    assert sending(ledger).retry([Retried(Status.REJECTED, "55*")], 30.0) == 1


def test_a_rejected_row_that_is_gone_is_not_retried(ledger: Record) -> None:
    someone(ledger, Status.REJECTED)
    plan(ledger, person(2, "bob"))

    assert sending(ledger).retry([Retried(Status.REJECTED)], 30.0) == 0


# -- doubt ------------------------------------------------------------------------------------


def test_what_is_in_doubt_is_sent_again_with_the_date_and_content_it_had(ledger: Record) -> None:
    someone(ledger, Status.IN_DOUBT)

    assert sending(ledger).resend() == 1

    (again,) = sending(ledger).next_new(0, 9)
    assert (again.status, again.dated_at, again.content) == (Status.PENDING, 10.0, "digest")
    now = entry(ledger, "ann")
    assert (now.attempts, now.was, now.due_at) == (1, Status.IN_DOUBT, None)


@pytest.mark.parametrize("how", ["the run ends", "next start", "released"])
def test_one_in_doubt_who_was_not_reached_is_in_doubt_again(ledger: Record, how: str) -> None:
    before = someone(ledger, Status.IN_DOUBT)
    sending(ledger).resend()

    if how == "released":
        sending(ledger).apply([Intent(before.id, "digest", 10.0, 30.0)])
        sending(ledger).apply([Released(before.id)])
        assert [one.key for one in sending(ledger).next_new(0, 9)] == ["ann"]
    if how == "next start":
        assert ledger.recover(80.0) == 0
    else:
        assert sending(ledger).restore() == 1

    assert entry(ledger, "ann") == before


def test_those_that_a_limit_leaves_over_are_as_before(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in (2, 3, 4)))
    for key, status in (("p2", Status.IN_DOUBT), ("p3", Status.IN_DOUBT), ("p4", Status.REJECTED)):
        bring(ledger, key, status)
    with ledger.draft() as draft:
        assert draft.resend() == 2
        assert draft.retry([Retried(Status.REJECTED)], 90.0) == 1
        draft.limit(1)
        draft.merge()

    assert [status for _, status in statuses(ledger)] == [
        Status.PENDING,
        Status.IN_DOUBT,
        Status.REJECTED,
    ]
    queue = ledger.backlog(clock)
    assert queue.left_over() == 2
    assert queue.totals() == {Status.PENDING: 1}


@pytest.mark.parametrize("status", [Status.DEFERRED, Status.FAILED])
def test_doubt_that_is_not_settled_for_good_is_doubt_again(ledger: Record, status: Status) -> None:
    before = someone(ledger, Status.IN_DOUBT)
    sending(ledger).resend()

    sending(ledger).apply(outcome_of(before.id, status))

    assert entry(ledger, "ann").status is status
    assert sending(ledger).restore() == 1
    again = entry(ledger, "ann")
    assert (again.status, again.was, again.due_at) == (Status.IN_DOUBT, None, None)


def test_doubt_is_doubt_again_where_this_server_cannot_take_the_message(ledger: Record) -> None:
    """Too large for it, or an address that it has no way to write: found when it is handed over."""
    before = someone(ledger, Status.IN_DOUBT)
    sending(ledger).resend()

    too_large = Outcome(Status.FAILED, whom=Whom.MESSAGE, why=Why.TOO_LARGE, detail="9 8")
    sending(ledger).apply([Settled(before.id, too_large, None, 20.0)])

    assert entry(ledger, "ann").status is Status.FAILED
    assert sending(ledger).restore() == 1
    assert entry(ledger, "ann").status is Status.IN_DOUBT


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.REJECTED])
def test_an_answer_for_good_ends_doubt(ledger: Record, status: Status) -> None:
    before = someone(ledger, Status.IN_DOUBT)
    sending(ledger).resend()

    sending(ledger).apply(outcome_of(before.id, status))

    assert sending(ledger).restore() == 0
    assert entry(ledger, "ann").status is status


def test_with_a_providers_key_only_what_the_key_still_holds_for_is_sent_again(
    ledger: Record,
) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in (2, 3, 4)))
    for key, dated_at in (("p2", 100.0), ("p3", 200.0), ("p4", 300.0)):
        id_ = entry(ledger, key).id
        doubt = OUTCOMES[Status.IN_DOUBT]
        sending(ledger).apply(
            [Intent(id_, "digest", dated_at, dated_at), Settled(id_, doubt, None, dated_at)]
        )

    assert sending(ledger).doubt_with_key("other", 0.0) == frozenset()
    assert sending(ledger).resend(sending(ledger).doubt_with_key("digest", 200.0)) == 1

    assert [status for _, status in statuses(ledger)] == [
        Status.IN_DOUBT,
        Status.IN_DOUBT,
        Status.PENDING,
    ]


def test_only_doubt_in_scope_and_in_the_plan_is_sent_again(ledger: Record) -> None:
    someone(ledger, Status.IN_DOUBT)
    plan(ledger, person(2, "bob"), person(3, "eve"))
    for key in ("bob", "eve"):
        bring(ledger, key, Status.IN_DOUBT)
    sending(ledger).scope([("eve",)])

    assert sending(ledger).resend() == 1

    assert dict(statuses(ledger, all_rows=True)) == {
        "ann": Status.IN_DOUBT,
        "bob": Status.IN_DOUBT,
        "eve": Status.PENDING,
    }


def test_one_in_doubt_who_has_been_suppressed_since_is_not_sent_the_message_again(
    ledger: Record,
) -> None:
    before = someone(ledger, Status.IN_DOUBT)
    plan(ledger, person(2, "ann"), suppress=[("key", "ann@example.com")])

    assert sending(ledger).resend() == 0
    assert sending(ledger).resend(sending(ledger).doubt_with_key("digest", 0.0)) == 0

    assert entry(ledger, "ann") == before
    assert sending(ledger).samples(9) == []


def test_one_suppressed_since_who_is_pending_by_hand_makes_the_next_run_plan_anew(
    ledger: Record,
) -> None:
    someone(ledger, Status.IN_DOUBT)
    suppressed = [("key", "ann@example.com")]
    plan(ledger, person(2, "ann"), suppress=suppressed)

    assert ledger.resolve([("ann",)], Status.PENDING, 80.0) == []

    last = ledger.reading.plan()
    assert last is not None
    assert last.inputs == ""  # like those of no CSV
    plan(ledger, person(2, "ann"), suppress=suppressed)
    now = entry(ledger, "ann")
    assert (now.status, now.was) == (Status.SUPPRESSED, Status.PENDING)


@pytest.mark.parametrize(("to", "inputs"), [(Status.ACCEPTED, "inputs"), (Status.PENDING, "")])
def test_whoever_is_pending_again_by_hand_is_planned_anew(
    ledger: Record, to: Status, inputs: str
) -> None:
    someone(ledger, Status.IN_DOUBT)

    assert ledger.resolve([("bob",)], to, 70.0) == ["bob"]
    last = ledger.reading.plan()
    assert last is not None
    assert last.inputs == "inputs"
    ledger.resolve([("ann",)], to, 80.0)

    last = ledger.reading.plan()
    assert last is not None
    assert last.inputs == inputs


@pytest.mark.parametrize("to", [Status.ACCEPTED, Status.PENDING, Status.REJECTED])
def test_doubt_is_settled_by_hand_and_the_record_says_so(ledger: Record, to: Status) -> None:
    someone(ledger, Status.IN_DOUBT)

    assert ledger.resolve([("Ann", "ann"), ("ann@example.com",)], to, 80.0) == []

    now = entry(ledger, "ann")
    assert (now.status, said(now)) == (to, "settled by hand")
    assert now.finished_at == (None if to is Status.PENDING else 80.0)
    assert [(e.kind, e.detail) for e in ledger.reading.events()] == [
        ("resolved", f"Ann: {to}, by hand"),
        ("resolved", f"ann@example.com: {to}, by hand"),
    ]


@pytest.mark.parametrize("to", [Status.ACCEPTED, Status.PENDING, Status.REJECTED])
def test_who_is_deferred_by_5xx_is_settled_by_hand_and_nobody_who_is_by_4xx(
    crowd: Record, to: Status
) -> None:
    refused_for_good(crowd, "p2")

    assert crowd.resolve([("p2",), ("p4",)], to, 80.0) == ["p4"]
    assert entry(crowd, "p2").status is Status.DEFERRED
    assert crowd.resolve([("p2",)], to, 80.0) == []

    now = entry(crowd, "p2")
    assert (now.status, now.code, now.due_at) == (to, 550, None)


def test_who_is_deferred_by_5xx_is_told_by_the_reply_and_nobody_else(crowd: Record) -> None:
    assert crowd.reading.held() == []
    refused_for_good(crowd, "p2")
    assert crowd.reading.held() == [Held(550, "5.1.1", "no such user", 1, "p2")]
    crowd.resolve([("p2",)], Status.REJECTED, 80.0)
    assert crowd.reading.held() == []


def test_where_one_who_is_named_is_not_in_doubt_nothing_is_settled(crowd: Record) -> None:
    before = crowd.reading.totals()

    wrong = crowd.resolve([("p7",), ("P3", "p3"), ("nobody",)], Status.ACCEPTED, 80.0)

    assert wrong == ["P3", "nobody"]
    assert crowd.reading.totals() == before
    assert crowd.reading.events() == []


def test_doubt_of_one_who_left_the_csv_can_still_be_settled(ledger: Record) -> None:
    someone(ledger, Status.IN_DOUBT)
    plan(ledger, person(2, "bob"))

    assert ledger.resolve([("ann",)], Status.ACCEPTED, 80.0) == []

    assert entry(ledger, "ann").status is Status.ACCEPTED


# -- what comes next --------------------------------------------------------------------------


def test_new_rows_come_by_line_in_batches_failed_ones_among_them(crowd: Record) -> None:
    first = sending(crowd).next_new(0, 2)
    rest = sending(crowd).next_new(first[-1].row, 2)

    assert [one.row for one in (*first, *rest)] == [2, 6, 8]
    assert sending(crowd).next_new(8, 2) == []


def test_new_rows_are_those_of_scope_and_limit(crowd: Record) -> None:
    sending(crowd).scope([("p6",), ("p8",)])
    sending(crowd).choose(1)

    assert [one.key for one in sending(crowd).next_new(0, 9)] == ["p6"]


def test_a_recipient_has_all_that_sending_needs(crowd: Record) -> None:
    (found,) = sending(crowd).next_due(1e9, 9)

    assert (found.key, found.row, found.email) == ("p4", 4, "p4@example.com")
    assert found.cells == ("p4@example.com", "you")
    assert (found.attempts, found.refused, found.status) == (1, None, Status.DEFERRED)


@pytest.fixture
def deferred(ledger: Record) -> Record:
    """p2 is due at 300, p3 at 100, p4 at 200, p5 not in this run."""
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 6)))
    for key, due_at in (("p2", 300.0), ("p3", 100.0), ("p4", 200.0), ("p5", None)):
        id_ = entry(ledger, key).id
        sending(ledger).apply([Settled(id_, OUTCOMES[Status.DEFERRED], due_at, 40.0)])
    return ledger


def due(ledger: Record, now: float, limit: int = 9) -> list[str]:
    return [one.key for one in sending(ledger).next_due(now, limit)]


def test_due_rows_come_the_longest_due_first(deferred: Record) -> None:
    assert due(deferred, 99.9) == []
    assert due(deferred, 100.0) == ["p3"]
    assert due(deferred, 1e9) == ["p3", "p4", "p2"]
    assert due(deferred, 1e9, limit=2) == ["p3", "p4"]


def test_who_is_claimed_is_passed_over_until_settled_or_given_back(deferred: Record) -> None:
    queue = deferred.backlog(clock)
    (claimed,) = queue.claim_due(1e9, 1)

    assert [one.key for one in queue.claim_due(1e9, 1)] == ["p4"]
    assert [one.key for one in queue.claim_due(1e9, 9)] == ["p2"]
    assert not queue.has_due(1e9)
    assert queue.next_due_at() is None

    queue.give_back([entry(deferred, "p2").id])
    assert queue.next_due_at() == 300.0

    queue.apply([Settled(claimed.id, OUTCOMES[Status.DEFERRED], 400.0, 50.0)])
    assert [one.key for one in queue.claim_due(1e9, 9)] == ["p2", "p3"]


def test_who_is_new_and_claimed_is_handed_out_once(crowd: Record) -> None:
    queue = crowd.backlog(clock)
    first = queue.claim_new(0, 2)

    assert [one.key for one in first] == ["p2", "p6"]
    assert [one.key for one in queue.claim_new(0, 2)] == ["p8"]
    queue.apply([Released(first[0].id)])  # it waits for its turn again, with who claimed it
    assert queue.claim_new(0, 2) == []


def test_whom_a_limit_leaves_over_is_neither_new_nor_due(deferred: Record) -> None:
    sending(deferred).choose(1)

    assert deferred.backlog(clock).has_due(250.0) is False
    assert deferred.backlog(clock).has_due(300.0) is True


def test_the_next_due_time_is_the_earliest_in_this_run(deferred: Record) -> None:
    assert sending(deferred).next_due_at() == 100.0

    sending(deferred).scope([("p2",), ("p5",)])
    assert sending(deferred).next_due_at() == 300.0

    sending(deferred).scope([("p5",)])
    assert sending(deferred).next_due_at() is None
    assert due(deferred, 1e9) == []


def test_a_spent_budget_is_made_due_in_the_run_that_comes_next(deferred: Record) -> None:
    sending(deferred).make_due(50.0)

    assert due(deferred, 50.0) == ["p5"]
    assert entry(deferred, "p2").due_at == 300.0


def test_a_due_time_of_a_clock_that_was_set_back_is_brought_near(deferred: Record) -> None:
    sending(deferred).make_due(50.0, latest=150.0)

    assert due(deferred, 150.0) == ["p5", "p3", "p2", "p4"]
    assert entry(deferred, "p3").due_at == 100.0


def test_only_what_is_chosen_is_made_due(deferred: Record) -> None:
    sending(deferred).choose(3)
    sending(deferred).make_due(50.0)
    sending(deferred).choose(None)

    assert due(deferred, 50.0) == []


def test_a_row_that_left_the_csv_is_never_next(deferred: Record) -> None:
    plan(deferred, person(2, "bob"))

    assert due(deferred, 1e9) == []
    assert [one.key for one in sending(deferred).next_new(0, 9)] == ["bob"]


def test_samples_are_the_first_few_by_line(crowd: Record) -> None:
    assert [one.key for one in sending(crowd).samples(2)] == ["p2", "p4"]
