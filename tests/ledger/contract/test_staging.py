"""One plan in the making: which rows are left out, and who holds a key."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest

from sendbatch.ledger.facts import NOBODY, Faulty, Lacking, Matched, Retried, Saying, Twins, Weight
from sendbatch.ledger.store import Record, Staging
from sendbatch.values import Checked, Status, Why
from tests.kit.people import (
    bring,
    entry,
    left_out,
    person,
    plan,
    said,
    someone,
    stage,
    staged,
    statuses,
)
from tests.kit.selecting import sending


def merged(ledger: Record, columns: Sequence[str], *rows: Checked) -> None:
    with ledger.draft() as draft:
        settled(staged(draft, *rows, columns=columns))
        draft.merge()


def settled(staging: Staging) -> None:
    staging.settle()
    staging.finish(
        inputs="", recipients_digest="", content_digest="", started_at=1.0, completed_at=2.0
    )


# -- suppression ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "listed",
    [
        ("key", "ann@example.com"),
        ("domain", "example.com"),
        ("text", "a-7"),
        ("key", "a-7"),
        ("text", "Ann@example.com"),
    ],
)
def test_a_row_is_suppressed_by_address_domain_key_or_text(
    ledger: Record, listed: tuple[str, str]
) -> None:
    row = person(2, "a-7", email="Ann@example.com")

    plan(ledger, row, person(3, "bob", email="bob@example.org"), suppress=[listed])

    assert statuses(ledger) == [("a-7", Status.SUPPRESSED), ("bob", Status.PENDING)]
    assert said(entry(ledger, "a-7")) == "on a suppression list"


@pytest.mark.parametrize(
    "listed", [("domain", "ann@example.com"), ("text", "example.com"), ("domain", "ample.com")]
)
def test_an_entry_of_another_kind_suppresses_nobody(
    ledger: Record, listed: tuple[str, str]
) -> None:
    plan(ledger, person(2, "ann"), suppress=[listed])

    assert statuses(ledger) == [("ann", Status.PENDING)]


def test_a_domain_does_not_suppress_what_is_below_it(ledger: Record) -> None:
    row = person(2, "ann", email="ann@mail.example.com")

    plan(ledger, row, suppress=[("domain", "example.com")])

    assert statuses(ledger) == [("ann", Status.PENDING)]


def test_an_entry_listed_twice_is_no_fault(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), suppress=[("key", "ann@example.com")] * 2)

    assert statuses(ledger) == [("ann", Status.SUPPRESSED)]


# -- the order of the checks ------------------------------------------------------------------


def test_filtered_and_invalid_come_before_suppressed_and_duplicate(ledger: Record) -> None:
    plan(
        ledger,
        left_out(person(2, "ann"), Status.FILTERED),
        left_out(person(3, "ann"), Status.INVALID),
        person(4, "ann"),
        person(5, "bob"),
        left_out(person(6, "bob"), Status.FILTERED),
        left_out(person(7, "bob"), Status.INVALID),
        suppress=[("key", "ann@example.com")],
    )

    assert [status for _, status in statuses(ledger)] == [
        Status.FILTERED,
        Status.INVALID,
        Status.SUPPRESSED,
        Status.PENDING,
        Status.FILTERED,
        Status.INVALID,
    ]


def test_a_suppressed_row_is_suppressed_every_time_and_never_a_duplicate(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "ann"), suppress=[("key", "ann@example.com")])

    assert {status for _, status in statuses(ledger)} == {Status.SUPPRESSED}


@pytest.mark.parametrize("status", [Status.FILTERED, Status.INVALID])
def test_only_a_row_that_passes_the_first_three_checks_claims_its_key(
    ledger: Record, status: Status
) -> None:
    plan(ledger, left_out(person(2, "ann"), status), person(3, "ann"))

    assert statuses(ledger) == [("ann", status), ("ann", Status.PENDING)]


def test_a_suppressed_address_leaves_its_key_to_the_next_row(ledger: Record) -> None:
    rows = [person(2, "a-7", email="old@example.com"), person(3, "a-7", email="new@example.com")]

    plan(ledger, *rows, suppress=[("key", "old@example.com")])

    assert statuses(ledger) == [("a-7", Status.SUPPRESSED), ("a-7", Status.PENDING)]
    assert [one.email for one in ledger.reading.holders()] == ["new@example.com"]


def test_a_domain_without_mail_makes_only_sendable_rows_invalid(ledger: Record) -> None:
    rows = [person(2, "ann"), left_out(person(3, "bob"), Status.FILTERED)]
    with ledger.draft() as draft:
        staging = staged(draft, *rows, person(4, "eve", email="eve@example.org"))
        assert sorted(staging.domains()) == ["example.com", "example.org"]
        staging.reject_domains([("example.com", "no mail there")])
        assert staging.domains() == ["example.org"]
        staging.settle()
        assert staging.may_be_sent_to((2, 3, 4)) == {4}


# -- duplicates -------------------------------------------------------------------------------


def test_the_first_row_of_a_key_is_sent_and_the_others_say_which_it_is(ledger: Record) -> None:
    first = person(2, "ann@example.com", email="Ann@example.com")
    again = person(5, "ann@example.com", email="ann@example.com")

    plan(ledger, first, again, person(9, "ann@example.com", email="ANN@example.com"))

    found = list(ledger.reading.entries())
    assert [one.status for one in found] == [Status.PENDING, Status.DUPLICATE, Status.DUPLICATE]
    assert [said(one) for one in found[1:]] == ["row 2 has the same key"] * 2
    assert ledger.reading.census()[1] == 1


def test_keys_that_differ_in_case_are_two_keys(ledger: Record) -> None:
    """Folding is the default key's business, before the record."""
    plan(ledger, person(2, "A-7"), person(3, "a-7"))

    assert [status for _, status in statuses(ledger)] == [Status.PENDING] * 2


def test_a_duplicate_of_one_already_sent_is_still_a_duplicate(ledger: Record) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", Status.ACCEPTED)

    plan(ledger, person(2, "ann"), person(3, "ann"))

    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("ann", Status.DUPLICATE)]


def test_a_row_now_above_the_one_that_was_sent_takes_its_place(ledger: Record) -> None:
    plan(ledger, person(2, "bob"), person(3, "ann"))
    bring(ledger, "ann", Status.ACCEPTED)

    plan(ledger, person(2, "ann"), person(3, "ann"))

    assert [(one.row, one.status) for one in ledger.reading.entries()] == [
        (2, Status.ACCEPTED),
        (3, Status.DUPLICATE),
    ]


def test_a_duplicate_whose_first_row_is_gone_claims_the_key(ledger: Record) -> None:
    plan(ledger, person(2, "ann", name="one"), person(3, "ann", name="two"))

    plan(ledger, person(2, "ann", name="two"))

    assert [one.cells[1] for one in ledger.reading.holders()] == ["two"]
    assert statuses(ledger, all_rows=True) == [("ann", Status.PENDING)]


def test_duplicates_that_differ_in_what_the_message_uses_are_counted_apart(
    ledger: Record,
) -> None:
    rows = [person(2, "ann", name="Ann"), person(3, "ann", name="Anna"), person(4, "ann")]
    with ledger.draft() as draft:
        staging = staged(draft, *rows, person(5, "ann", name="Ann"))
        staging.settle()

        assert staging.twins({"name", "nothing"}) == Twins(2, ((3, 2), (4, 2)))
        assert staging.twins({"name"}, most=1) == Twins(2, ((3, 2),))
        assert staging.twins({"email"}) == Twins()
        assert staging.twins(()) == Twins()


def test_duplicates_that_would_get_other_files_are_counted(ledger: Record) -> None:
    ann = person(2, "ann")._replace(attachments=("/a.pdf",))
    rows = [ann, ann._replace(line=3), ann._replace(line=4, attachments=("/b.pdf",))]
    with ledger.draft() as draft:
        staging = staged(draft, *rows, person(5, "ann"))
        staging.settle()

        assert staging.twins_by_attachment() == Twins(2, ((4, 2), (5, 2)))


# -- columns that change between plans --------------------------------------------------------


def test_who_is_sent_again_gets_what_the_csv_says_now_in_the_columns_of_its_plan(
    ledger: Record,
) -> None:
    merged(ledger, ("email", "name"), person(2, "ann", name="Ann"))
    bring(ledger, "ann", Status.IN_DOUBT)
    moved = person(2, "ann")._replace(cells=("Grüße", "Anna", "ann@example.com"))

    merged(ledger, ("city", "name", "email"), moved)

    sending(ledger).resend()
    (found,) = sending(ledger).samples(9)
    assert found.cells == ("Grüße", "Anna", "ann@example.com")


@pytest.mark.parametrize(
    ("status", "may"),
    [
        (Status.ACCEPTED, False),
        (Status.IN_DOUBT, False),
        (Status.REJECTED, False),
        (Status.DEFERRED, True),
    ],
)
def test_whose_files_matter_still(ledger: Record, status: Status, may: bool) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", status)
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "ann"), person(3, "bob"))
        staging.settle()

        assert staging.may_be_sent_to((2, 3)) == ({2, 3} if may else {3})


def test_who_is_sent_to_again_by_a_persons_word_may_be_sent_to_for_a_plan_made_after(
    ledger: Record,
) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.IN_DOUBT)
    bring(ledger, "bob", Status.ACCEPTED)
    with ledger.draft() as draft:
        draft.resend()
        staging = staged(draft, person(2, "ann", email="x@example.com"), person(3, "bob"))
        staging.settle()

        assert staging.may_be_sent_to((2, 3)) == {2}
        assert staging.difference().moved == ()


def test_one_who_comes_back_after_many_plans_has_the_row_of_the_last(ledger: Record) -> None:
    merged(ledger, ("email", "name"), person(2, "ann", name="Ann"))
    before = bring(ledger, "ann", Status.ACCEPTED)
    merged(ledger, ("email",), person(2, "bob")._replace(cells=("bob@example.com",)))
    back = person(2, "ann")._replace(cells=("", "ann@example.com"))

    merged(ledger, ("name", "email"), back)

    (found,) = ledger.reading.holders()
    assert (found.id, found.cells) == (before.id, ("", "ann@example.com"))


# -- a plan that is not the last one ---------------------------------------------------------


def test_ids_are_never_used_for_somebody_else(ledger: Record) -> None:
    seen: dict[int, str] = {}
    for keys in (("ann", "bob"), ("eve",), ("bob", "joe", "kim"), ("ann",)):
        plan(ledger, *(person(line, key) for line, key in enumerate(keys, 2)))
        bring(ledger, keys[0], Status.REJECTED)
        for one in ledger.reading.entries(all_rows=True):
            assert seen.setdefault(one.id, one.key) == one.key


def test_a_first_plan_that_is_refused_leaves_an_empty_record_for_the_next(ledger: Record) -> None:
    with contextlib.suppress(LookupError), ledger.draft() as draft:
        staged(draft, person(2, "ann")).settle()
        raise LookupError("refused")
    assert statuses(ledger, all_rows=True) == []

    plan(ledger, person(2, "bob"))

    assert statuses(ledger) == [("bob", Status.PENDING)]


@pytest.mark.parametrize("again", [False, True])
def test_a_plan_of_many_statements_keeps_every_row_in_its_order(
    ledger: Record, again: bool
) -> None:
    rows = [person(2 + n, f"p{n % 240}") for n in range(250)]
    if again:
        plan(ledger, person(2, "ann"))
        bring(ledger, "ann", Status.ACCEPTED)

    plan(ledger, *rows)

    found = list(ledger.reading.entries())
    assert [(one.row, one.key) for one in found] == [(row.line, row.key) for row in rows]
    assert [said(one) for one in found[239:242]] == [
        None,
        "row 2 has the same key",
        "row 3 has the same key",
    ]


# -- what a plan asks of its rows -------------------------------------------------------------


def test_an_entry_for_all_domains_below_one_leaves_that_one_alone(ledger: Record) -> None:
    domains = ("example.com", "mail.example.com", "a.b.example.com", "myexample.com", "com")
    rows = [person(n, f"p{n}", email=f"p{n}@{domain}") for n, domain in enumerate(domains, 2)]

    plan(ledger, *rows, suppress=[("below", "example.com")])

    left = [one.key for one in ledger.reading.entries({Status.SUPPRESSED})]
    assert left == ["p3", "p4"]


def test_who_lacks_something_is_counted_where_they_may_be_sent_to(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.ACCEPTED)
    rows = [person(line, key) for line, key in enumerate(("ann", "bob", "eve", "bob", "joe"), 2)]
    with ledger.draft() as draft:
        staging = staged(draft, *rows, left_out(person(7, "kim"), Status.FILTERED))
        staging.lack("picture", range(2, 8))
        staging.fault([(line, f"no file for {line}", line == 4) for line in (2, 4, 5, 6)])
        staging.settle()

        assert staging.lacking("picture") == Lacking(3, (3, 4, 6))
        assert staging.lacking("picture", most=1) == Lacking(3, (3,))
        assert staging.lacking("another") == NOBODY
        told = ((4, "no file for 4"), (6, "no file for 6"))
        assert staging.faulty(9) == Faulty(2, True, told)
        assert staging.faulty(1) == Faulty(2, True, told[:1])
        assert staging.may_be_sent_to(range(2, 8)) == {3, 4, 6}
        assert staging.may_be_sent_to(()) == set()


def test_files_of_their_own_weigh_where_the_run_may_send_them(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.ACCEPTED)
    rows = [person(line, key) for line, key in enumerate(("ann", "bob", "eve", "bob", "joe"), 2)]
    with ledger.draft() as draft:
        assert draft.weight() is None
        staging = staged(draft, *rows, left_out(person(7, "kim"), Status.FILTERED))
        staging.weigh((line, 10**line) for line in (2, 3, 5))
        staging.weigh((line, 10**line) for line in (6, 7))
        staging.suppress([("text", "joe")])
        settled(staging)
        assert draft.weight() == Weight(10**3, 10**3)
        staging = staged(draft, *rows)
        staging.weigh((line, 10**line) for line in range(2, 7))
        settled(staging)
        assert draft.weight() == Weight(10**6, 10**3 + 10**4 + 10**6)
        draft.limit(2)
        assert draft.weight() == Weight(10**4, 10**3 + 10**4)
        draft.limit(None)
        draft.only([("joe",), ("ann",)])
        assert draft.weight() == Weight(10**6, 10**6)
        settled(staged(draft, *rows))
        assert draft.weight() == Weight()


def test_files_of_those_sent_to_again_weigh_too(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.IN_DOUBT)
    with ledger.draft() as draft:
        draft.resend()
        staging = staged(draft, person(2, "ann"), person(3, "bob"))
        staging.weigh([(2, 7), (3, 5)])
        settled(staging)
        assert draft.weight() == Weight(7, 12)


def test_a_plan_without_faults_has_none(ledger: Record) -> None:
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "ann"))
        staging.fault([(3, "of a row that is not there", True)])
        staging.settle()

        assert staging.faulty(9) == Faulty()


def test_a_questioned_entry_counts_where_it_is_no_key_of_this_plan_or_an_earlier_one(
    ledger: Record,
) -> None:
    someone_gone = ("gone", "tried", "here")
    plan(ledger, *(person(line, key) for line, key in enumerate(someone_gone, 2)))
    bring(ledger, "tried", Status.REJECTED)
    plan(ledger, person(2, "here"), person(3, "last"))
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "new"))
        values = ("new", "last", "tried", "gone", "nobody")
        staging.question(
            (1, line, value, f"told {value}", "why") for line, value in enumerate(values, 1)
        )
        staging.question([(2, 1, "else", "told else", "why")])

        assert staging.unread(1, 9) == (
            2,
            [(4, "told gone", "why"), (5, "told nobody", "why")],
        )
        assert staging.unread(1, 1) == (2, [(4, "told gone", "why")])
        assert staging.unread(2, 9) == (1, [(1, "told else", "why")])
        assert staging.unread(3, 9) == (0, [])


def test_what_cells_of_staged_rows_say_is_counted_whoever_they_are(ledger: Record) -> None:
    with ledger.draft() as draft:
        staging = staged(
            draft,
            person(2, "ann", name="Yes "),
            left_out(person(3, "bob", name="yes"), Status.FILTERED),
        )

        assert staging.saying("name", ("yes",)) == Saying(2, ("Yes", "yes"), (2, 3))


def test_a_key_called_otherwise_since_is_known_by_the_one_of_the_record(ledger: Record) -> None:
    someone(ledger, Status.ACCEPTED, key="ann ")
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "ann"), person(3, "bob"))
        staging.called_since([("ann ", "ann"), ("nobody ", "bob")])
        staging.settle()
        staging.finish(
            inputs="", recipients_digest="", content_digest="", started_at=1.0, completed_at=2.0
        )
        draft.merge()

    assert statuses(ledger) == [("ann ", Status.ACCEPTED), ("bob", Status.PENDING)]


@pytest.mark.parametrize(
    ("now", "is_another"),
    [
        (person(2, "ann"), False),
        (person(2, "ann", name="Ann"), True),
        (person(2, "ann", email="x@example.com"), True),
        (left_out(person(2, "ann", name="Ann"), Status.FILTERED), False),
        (person(2, "bob"), False),
    ],
)
def test_doubt_whose_message_would_be_another_one_now_is_told(
    ledger: Record, now: Checked, is_another: bool
) -> None:
    before = someone(ledger, Status.IN_DOUBT)
    with ledger.draft() as draft:
        staging = staged(draft, now)
        staging.settle()

        assert staging.corrected_doubt() == (frozenset({before.id}) if is_another else frozenset())


def test_who_is_named_by_a_file_has_the_mail_by_a_persons_word_and_no_plan_changes_that(
    ledger: Record,
) -> None:
    carl = person(4, "c-17", email="Carl@example.org")
    rows = (person(2, "ann"), person(3, "BOB"), carl, person(5, "dora"))
    with ledger.draft() as draft:
        staging = staged(draft, *rows, left_out(person(6, "eva"), Status.FILTERED))
        staging.except_(0, ["ann", "bob", "carl@example.org", "else@example.com"])
        staging.except_(1, ["else@example.com", "eva"])
        staging.except_(2, ["else@example.com"])
        staging.settle()
        matched = staging.matched(9)
        staging.finish(
            inputs="", recipients_digest="", content_digest="", started_at=1.0, completed_at=2.0
        )
        draft.except_them("stands in a log", 44.0)
        expected = draft.totals(), [one.key for one in draft.to_send()]
        draft.merge()

    plan(ledger, *rows)

    assert matched == Matched(4, 1, ("else@example.com",), idle=(2,))
    assert expected == ({Status.ACCEPTED: 4, Status.PENDING: 1}, ["dora"])
    found = {one.key: one for one in ledger.reading.entries(all_rows=True)}
    accepted = [key for key, one in found.items() if one.status is Status.ACCEPTED]
    assert accepted == ["ann", "BOB", "c-17", "eva"]
    ann = found["ann"]
    assert (ann.attempts, ann.finished_at) == (0, None)
    assert (ann.why, ann.detail) == (Why.BY_HAND, "stands in a log")
    assert not ledger.reading.has_tried()


def test_nobody_who_is_named_by_a_file_is_sent_to_again(ledger: Record) -> None:
    keys = ("ann", "bob", "carl")
    rows = [person(line, key) for line, key in enumerate(keys, 2)]
    plan(ledger, *rows)
    for key, status in zip(keys, (Status.REJECTED, Status.IN_DOUBT, Status.DEFERRED), strict=True):
        bring(ledger, key, status)

    with ledger.draft() as draft:
        stage(draft, rows, excepts=keys)
        asked = draft.retry([Retried(Status.REJECTED)], 50.0), draft.resend()
        draft.merge()

    assert asked == (0, 0)
    assert statuses(ledger) == [
        ("ann", Status.REJECTED),
        ("bob", Status.ACCEPTED),
        ("carl", Status.ACCEPTED),
    ]
    assert entry(ledger, "bob").finished_at == 44.0


def test_where_a_draft_is_not_merged_nobody_counts_as_having_it(ledger: Record) -> None:
    with ledger.draft() as draft:
        stage(draft, [person(2, "ann")], excepts=["ann"])
    plan(ledger, person(2, "ann"))

    assert statuses(ledger) == [("ann", Status.PENDING)]
