"""RECORD.md's table: what a new CSV makes of a row, by what had become of it before."""

from __future__ import annotations

import pytest

from sendbatch.ledger.facts import Entry, Settled
from sendbatch.ledger.store import Record
from sendbatch.values import Checked, Recipient, Status
from tests.kit.people import (
    OUTCOMES,
    bring,
    entries,
    entry,
    left_out,
    person,
    plan,
    said,
    someone,
    stage,
    statuses,
)
from tests.kit.selecting import sending

NEVER_TRIED = Status.PENDING
AGAIN = (Status.DEFERRED, Status.FAILED)
REFUSED = (*AGAIN, Status.REJECTED)
LEFT = (Status.ACCEPTED, Status.IN_DOUBT)
ANY = (NEVER_TRIED, *REFUSED, *LEFT)
OUT = (Status.INVALID, Status.FILTERED, Status.SUPPRESSED)


def plan_out(ledger: Record, row: Checked, status: Status, *others: Checked) -> None:
    """The row is in the CSV, and one of the first three checks leaves it out."""
    if status is Status.SUPPRESSED:
        plan(ledger, row, *others, suppress=[("key", row.email)])
    else:
        plan(ledger, left_out(row, status), *others)


def holder(ledger: Record, key: str = "ann") -> Recipient:
    (found,) = (one for one in ledger.reading.holders() if one.key == key)
    return found


def facts(found: Entry) -> tuple[object, ...]:
    """All but where the row stands and what a plan may say of it."""
    return (
        found.id,
        found.email,
        found.attempts,
        found.code,
        found.enhanced,
        found.reply,
        found.content,
        found.dated_at,
        found.first_attempt_at,
        found.finished_at,
    )


@pytest.mark.parametrize("status", ANY)
def test_a_row_that_is_the_same_stays_what_it_was(ledger: Record, status: Status) -> None:
    before = someone(ledger, status)

    plan(ledger, person(7, "ann"))

    again = entry(ledger, "ann")
    assert (again.status, again.row, again.was) == (status, 7, None)
    assert facts(again)[1:] == facts(before)[1:]
    assert again.due_at == before.due_at
    assert said(again) == said(before)


@pytest.mark.parametrize("status", [NEVER_TRIED, *REFUSED])
def test_a_row_that_can_be_sent_takes_new_values(ledger: Record, status: Status) -> None:
    someone(ledger, status)

    plan(ledger, person(2, "ann", name="Ann"))

    assert holder(ledger).cells == ("ann@example.com", "Ann")
    assert entry(ledger, "ann").status is status


@pytest.mark.parametrize("status", LEFT)
def test_new_values_change_nothing_of_what_was_sent(ledger: Record, status: Status) -> None:
    before = someone(ledger, status)

    plan(ledger, person(2, "ann", name="Ann"))

    assert entry(ledger, "ann") == before
    assert holder(ledger).cells == ("ann@example.com", "Ann")  # the row is what the CSV says now


@pytest.mark.parametrize("status", [NEVER_TRIED, *REFUSED])
def test_a_corrected_address_is_pending_with_nothing_of_the_old_one(
    ledger: Record, status: Status
) -> None:
    before = someone(ledger, status)

    plan(ledger, person(2, "ann", email="new@example.com"))

    after = entry(ledger, "ann")
    assert (after.status, after.email) == (Status.PENDING, "new@example.com")
    assert (after.code, after.reply, said(after), after.due_at) == (None, None, None, None)
    assert (after.content, after.dated_at) == (None, None)
    assert after.attempts == before.attempts
    assert holder(ledger).cells == ("new@example.com", "you")


def test_a_corrected_address_gets_a_message_with_a_date_of_its_own(ledger: Record) -> None:
    id_ = someone(ledger, Status.SENDING).id
    sending(ledger).apply([Settled(id_, OUTCOMES[Status.DEFERRED], 90.0, 20.0)])
    before = entry(ledger, "ann")
    assert (before.content, before.dated_at) == ("digest", 10.0)

    plan(ledger, person(2, "ann", email="new@example.com"))

    after = entry(ledger, "ann")
    assert (after.content, after.dated_at, after.finished_at) == (None, None, None)
    assert (after.attempts, after.first_attempt_at) == (1, before.first_attempt_at)
    (ann,) = sending(ledger).next_new(0, 9)
    assert (ann.email, ann.content, ann.dated_at) == ("new@example.com", None, None)


@pytest.mark.parametrize("status", LEFT)
def test_one_who_was_sent_the_message_keeps_the_old_address_and_is_listed(
    ledger: Record, status: Status
) -> None:
    before = someone(ledger, status)

    difference = plan(ledger, person(2, "ann", email="new@example.com"))

    assert entry(ledger, "ann") == before
    assert difference.moved == ((2, "ann@example.com", "new@example.com"),)


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("status", [NEVER_TRIED, *REFUSED])
def test_a_row_now_left_out_takes_the_status_of_the_checks(
    ledger: Record, status: Status, out: Status
) -> None:
    before = someone(ledger, status)

    plan_out(ledger, person(2, "ann"), out)

    after = entry(ledger, "ann")
    assert after.status is out
    assert said(after)
    assert after.was == (None if status is NEVER_TRIED else status)
    assert after.attempts == before.attempts
    assert sending(ledger).samples(9) == []


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("status", LEFT)
def test_one_who_was_sent_the_message_is_left_though_now_left_out(
    ledger: Record, status: Status, out: Status
) -> None:
    before = someone(ledger, status)

    plan_out(ledger, person(2, "ann"), out)

    assert entry(ledger, "ann") == before
    assert ledger.reading.totals() == {status: 1}


def test_a_row_never_tried_that_is_gone_is_removed(ledger: Record) -> None:
    someone(ledger, NEVER_TRIED)

    plan(ledger, person(2, "bob"))

    assert statuses(ledger, all_rows=True) == [("bob", Status.PENDING)]
    assert ledger.reading.departed() == {}


@pytest.mark.parametrize("out", OUT)
def test_a_row_left_out_and_never_tried_that_is_gone_is_removed(
    ledger: Record, out: Status
) -> None:
    plan_out(ledger, person(2, "ann"), out)

    plan(ledger, person(2, "bob"))

    assert statuses(ledger, all_rows=True) == [("bob", Status.PENDING)]


@pytest.mark.parametrize("status", REFUSED)
def test_a_row_tried_without_success_that_is_gone_is_withdrawn(
    ledger: Record, status: Status
) -> None:
    before = someone(ledger, status)

    plan(ledger, person(2, "bob"))

    after = entry(ledger, "ann")
    assert (after.status, after.was) == (Status.WITHDRAWN, status)
    assert facts(after) == facts(before)
    assert ledger.reading.totals() == {Status.PENDING: 1}
    assert ledger.reading.departed() == {Status.WITHDRAWN: 1}


@pytest.mark.parametrize("status", LEFT)
def test_one_who_was_sent_the_message_and_is_gone_is_kept_and_not_counted(
    ledger: Record, status: Status
) -> None:
    before = someone(ledger, status)

    plan(ledger, person(2, "bob"))

    assert entry(ledger, "ann") == before
    assert ledger.reading.totals() == {Status.PENDING: 1}
    assert ledger.reading.departed() == {status: 1}
    assert [one.key for one in entries(ledger, all_rows=False)] == ["bob"]


def test_a_row_added_is_pending(ledger: Record) -> None:
    someone(ledger, Status.ACCEPTED)

    plan(ledger, person(2, "ann"), person(3, "bob"))

    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("bob", Status.PENDING)]


def test_one_to_be_sent_again_at_another_address_is_in_doubt_again_where_not_reached(
    ledger: Record,
) -> None:
    someone(ledger, Status.IN_DOUBT)
    sending(ledger).resend()

    plan(ledger, person(2, "ann", email="new@example.com"))

    assert [one.email for one in sending(ledger).next_new(0, 9)] == ["new@example.com"]
    assert sending(ledger).restore() == 1
    assert entry(ledger, "ann").status is Status.IN_DOUBT


# -- coming back ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REFUSED)
def test_a_withdrawn_row_that_comes_back_has_its_earlier_status(
    ledger: Record, status: Status
) -> None:
    before = someone(ledger, status)
    plan(ledger, person(2, "bob"))

    plan(ledger, person(2, "bob"), person(3, "ann", name="Ann"))

    after = entry(ledger, "ann")
    assert (after.status, after.was, after.row) == (status, None, 3)
    assert facts(after) == facts(before)
    assert said(after) == said(before)


@pytest.mark.parametrize("status", LEFT)
def test_one_who_was_sent_the_message_and_comes_back_is_left_again(
    ledger: Record, status: Status
) -> None:
    someone(ledger, status)
    plan(ledger, person(2, "bob"))

    plan(ledger, person(2, "bob"), person(3, "ann"))

    assert ledger.reading.totals() == {Status.PENDING: 1, status: 1}


@pytest.mark.parametrize("status", REFUSED)
def test_a_withdrawn_row_that_comes_back_with_another_address_is_pending(
    ledger: Record, status: Status
) -> None:
    someone(ledger, status)
    plan(ledger, person(2, "bob"))

    plan(ledger, person(2, "ann", email="new@example.com"))

    after = entry(ledger, "ann")
    assert (after.status, after.was, after.email) == (Status.PENDING, None, "new@example.com")


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("status", REFUSED)
def test_a_row_no_longer_left_out_stands_as_before_with_its_own_reason(
    ledger: Record, status: Status, out: Status
) -> None:
    before = someone(ledger, status)
    plan_out(ledger, person(2, "ann"), out)

    plan(ledger, person(2, "ann"))

    after = entry(ledger, "ann")
    assert (after.status, after.was, said(after)) == (status, None, said(before))
    assert facts(after) == facts(before)


def test_a_rejected_row_remembers_what_it_was_through_every_way_of_being_left_out(
    ledger: Record,
) -> None:
    before = someone(ledger, Status.REJECTED)
    for out in OUT:
        plan_out(ledger, person(2, "ann"), out)
        plan(ledger, person(2, "bob"))
        assert entry(ledger, "ann").status is Status.WITHDRAWN
    plan_out(ledger, person(2, "ann"), Status.INVALID)
    plan_out(ledger, person(2, "ann"), Status.SUPPRESSED)

    plan(ledger, person(2, "ann"))

    after = entry(ledger, "ann")
    assert (after.status, after.was, said(after)) == (Status.REJECTED, None, said(before))


def test_a_row_left_out_then_withdrawn_is_told_of_with_the_reason_of_its_own(
    ledger: Record,
) -> None:
    before = someone(ledger, Status.DEFERRED)
    plan_out(ledger, person(2, "ann"), Status.SUPPRESSED)
    assert said(entry(ledger, "ann")) == "on a suppression list"

    plan(ledger, person(2, "bob"))

    assert said(entry(ledger, "ann")) == said(before)


def test_a_row_tried_and_then_taken_back_by_hand_is_still_the_records(ledger: Record) -> None:
    someone(ledger, Status.IN_DOUBT)
    ledger.resolve([("ann",)], Status.PENDING, 60.0)

    plan(ledger, person(2, "bob"))

    after = entry(ledger, "ann")
    assert (after.status, after.was) == (Status.WITHDRAWN, Status.PENDING)


@pytest.mark.parametrize("out", OUT)
def test_a_row_never_tried_and_no_longer_left_out_is_pending(ledger: Record, out: Status) -> None:
    plan_out(ledger, person(2, "ann"), out)

    plan(ledger, person(2, "ann"))

    assert statuses(ledger) == [("ann", Status.PENDING)]
    assert said(entry(ledger, "ann")) is None


def test_a_returned_deferred_row_is_due_in_the_next_run(ledger: Record) -> None:
    someone(ledger, Status.DEFERRED)
    plan(ledger, person(2, "bob"))
    plan(ledger, person(2, "ann"))

    sending(ledger).make_due(50.0)

    assert [one.key for one in sending(ledger).next_due(50.0, 9)] == ["ann"]


# -- keys that move ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", ANY)
def test_a_key_given_up_by_one_row_and_taken_by_another_keeps_its_record(
    ledger: Record, status: Status
) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", status)

    plan(ledger, person(2, "eve"), person(3, "ann"))

    expected = {"eve": Status.PENDING, "ann": status}
    assert dict(statuses(ledger)) == expected
    assert entry(ledger, "ann").row == 3


def test_two_rows_that_change_places_change_nothing_else(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.ACCEPTED)
    bring(ledger, "bob", Status.REJECTED)

    difference = plan(ledger, person(2, "bob"), person(3, "ann"))

    assert statuses(ledger) == [("bob", Status.REJECTED), ("ann", Status.ACCEPTED)]
    assert not difference


def test_a_key_taken_over_after_its_holder_was_filtered_is_one_row_of_the_record(
    ledger: Record,
) -> None:
    someone(ledger, Status.DEFERRED)
    first = left_out(person(2, "ann"), Status.FILTERED)

    plan(ledger, first, person(3, "ann"))

    assert statuses(ledger) == [("ann", Status.FILTERED), ("ann", Status.DEFERRED)]
    assert [one.row for one in ledger.reading.holders()] == [3]


def test_a_tried_row_now_twice_left_out_is_matched_once(ledger: Record) -> None:
    someone(ledger, Status.REJECTED)
    rows = [left_out(person(line, "ann"), Status.FILTERED) for line in (2, 3)]

    plan(ledger, *rows)

    found = entries(ledger)
    assert [(one.row, one.status, one.was) for one in found] == [
        (2, Status.FILTERED, Status.REJECTED),
        (3, Status.FILTERED, None),
    ]


def test_rows_without_a_key_never_meet_each_other(ledger: Record) -> None:
    empty = left_out(person(2, "", email=""), Status.INVALID)
    plan(ledger, empty, person(3, "ann"))
    bring(ledger, "ann", Status.ACCEPTED)

    plan(ledger, empty, left_out(person(3, "", email=""), Status.INVALID), person(4, "ann"))

    assert ledger.reading.totals() == {Status.INVALID: 2, Status.ACCEPTED: 1}


# -- what a plan leaves behind ----------------------------------------------------------------


def everything(ledger: Record) -> list[object]:
    return [ledger.reading.plan(), entries(ledger), list(ledger.reading.holders())]


def test_a_plan_that_is_declined_leaves_everything_as_it_was(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 9)))
    for line, status in zip(range(3, 8), (*REFUSED, *LEFT), strict=True):
        bring(ledger, f"p{line}", status)
    before = everything(ledger)

    with pytest.raises(KeyboardInterrupt), ledger.draft() as draft:  # noqa: PT012
        stage(
            draft,
            [person(2, "p3", email="x@example.com"), left_out(person(3, "p5"), Status.INVALID)],
            suppress=[("key", "p4@example.com")],
        )
        assert list(draft.people.entries(all_rows=True)) != before[1]
        assert list(draft.people.holders()) != before[2]
        raise KeyboardInterrupt

    assert everything(ledger) == before


def test_after_a_declined_plan_another_one_can_be_made(ledger: Record) -> None:
    with pytest.raises(KeyboardInterrupt), ledger.draft() as draft:  # noqa: PT012
        stage(draft, [person(2, "ann")])
        raise KeyboardInterrupt

    plan(ledger, person(2, "bob"))

    assert statuses(ledger, all_rows=True) == [("bob", Status.PENDING)]


def test_each_plan_has_a_number_and_only_the_last_one_counts(ledger: Record) -> None:
    assert ledger.reading.plan() is None

    for number in (1, 2, 3):
        plan(ledger, person(2, "ann"), person(3, f"p{number}"))
        bring(ledger, f"p{number}", Status.ACCEPTED)
        now = ledger.reading.plan()
        assert now is not None
        assert (now.id, now.columns) == (number, ("email", "name"))

    assert ledger.reading.totals() == {Status.PENDING: 1, Status.ACCEPTED: 1}
    assert ledger.reading.departed() == {Status.ACCEPTED: 2}


def test_the_difference_names_added_removed_and_corrected(ledger: Record) -> None:
    rows = [person(line, f"p{line}") for line in range(2, 6)]
    assert plan(ledger, *rows).first

    difference = plan(
        ledger,
        rows[0],
        person(3, "p3", name="Three"),
        person(4, "p4", email="four@example.com"),
        person(5, "new"),
        person(6, "newer"),
    )

    assert (difference.added, difference.removed, difference.corrected) == (2, 1, 2)
    assert not difference.first
    assert difference


def test_one_newly_suppressed_counts_as_removed(ledger: Record) -> None:
    plan(ledger, person(2, "ann"))

    difference = plan(ledger, person(2, "ann"), suppress=[("domain", "example.com")])

    assert (difference.added, difference.removed) == (0, 1)


def test_at_most_ten_who_moved_are_listed(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line:02}") for line in range(2, 14)))
    for line in range(2, 14):
        bring(ledger, f"p{line:02}", Status.ACCEPTED)

    difference = plan(
        ledger, *(person(n, f"p{n:02}", email=f"n{n}@example.com") for n in range(2, 14))
    )

    assert [row for row, _, _ in difference.moved] == list(range(2, 12))


# A key that an earlier version made otherwise


def formerly(row: Checked, key: str) -> Checked:
    return row._replace(former_key=key)


@pytest.mark.parametrize("status", [*REFUSED, *LEFT])
def test_who_was_tried_under_a_former_key_is_recognised_and_keeps_it(
    ledger: Record, status: Status
) -> None:
    plan(ledger, person(2, "ann ", email="ann@example.com"))
    before = bring(ledger, "ann ", status)

    plan(ledger, formerly(person(2, "ann"), "ann "), person(3, "bob"))

    assert statuses(ledger) == [("ann ", status), ("bob", Status.PENDING)]
    assert entry(ledger, "ann ").id == before.id


def test_a_former_key_of_who_was_never_tried_is_forgotten(ledger: Record) -> None:
    someone(ledger, NEVER_TRIED, key="ann ")
    plan(ledger, formerly(person(2, "ann"), "ann "))
    assert statuses(ledger) == [("ann", Status.PENDING)]


def test_a_twin_of_who_was_tried_under_a_former_key_is_a_duplicate(ledger: Record) -> None:
    someone(ledger, Status.ACCEPTED, key="ann ")
    plan(ledger, person(2, "ann"), formerly(person(3, "ann"), "ann "))
    assert statuses(ledger) == [("ann ", Status.ACCEPTED), ("ann ", Status.DUPLICATE)]


def test_of_two_former_keys_that_of_who_is_done_with_is_taken(ledger: Record) -> None:
    plan(ledger, person(2, " ann"), person(3, "ann "))
    bring(ledger, " ann", Status.DEFERRED)
    bring(ledger, "ann ", Status.ACCEPTED)
    plan(ledger, formerly(person(2, "ann"), " ann"), formerly(person(3, "ann"), "ann "))
    assert statuses(ledger) == [("ann ", Status.ACCEPTED), ("ann ", Status.DUPLICATE)]
    assert entry(ledger, " ann").status is Status.WITHDRAWN


def test_who_is_known_by_the_key_of_today_too_stays_under_it(ledger: Record) -> None:
    plan(ledger, person(2, "ann "), person(3, "ann"))
    bring(ledger, "ann ", Status.DEFERRED)
    bring(ledger, "ann", Status.ACCEPTED)
    plan(ledger, formerly(person(2, "ann"), "ann "), person(3, "ann"))
    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("ann", Status.DUPLICATE)]


def test_who_is_filtered_now_is_recognised_by_a_former_key(ledger: Record) -> None:
    someone(ledger, Status.DEFERRED, key="ann ")
    plan(ledger, formerly(left_out(person(2, "ann"), Status.FILTERED), "ann "), person(3, "bob"))
    assert statuses(ledger)[0] == ("ann ", Status.FILTERED)


@pytest.mark.parametrize("refused", AGAIN)
def test_who_was_sent_to_under_a_former_key_is_not_sent_to_as_a_twin_refused_under_that_of_today(
    ledger: Record, refused: Status
) -> None:
    plan(ledger, person(2, "ann"), person(3, "ann "))
    bring(ledger, "ann", refused)
    bring(ledger, "ann ", Status.ACCEPTED)
    plan(ledger, person(2, "ann"), formerly(person(3, "ann"), "ann "))
    assert statuses(ledger) == [("ann ", Status.ACCEPTED), ("ann ", Status.DUPLICATE)]
    assert entry(ledger, "ann").status is Status.WITHDRAWN


def test_who_was_rejected_under_a_former_key_stays_deferred_under_that_of_today(
    ledger: Record,
) -> None:
    plan(ledger, person(2, "ann"), person(3, "ann "))
    bring(ledger, "ann", Status.DEFERRED)
    bring(ledger, "ann ", Status.REJECTED)
    plan(ledger, person(2, "ann"), formerly(person(3, "ann"), "ann "))
    assert statuses(ledger) == [("ann", Status.DEFERRED), ("ann", Status.DUPLICATE)]


@pytest.mark.parametrize("listed", ["ann", "ann "])
def test_who_is_known_by_a_former_key_is_suppressed_by_either(ledger: Record, listed: str) -> None:
    someone(ledger, Status.DEFERRED, key="ann ")
    row = formerly(person(2, "ann"), "ann ")
    plan(ledger, row, person(3, "bob"), suppress=[("text", listed)])
    assert statuses(ledger)[0] == ("ann ", Status.SUPPRESSED)
