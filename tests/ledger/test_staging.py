"""One plan in the making: which rows are left out, and who holds a key."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.errors import Interrupted, RecordLost
from sendbatch.ledger.facts import NOBODY, Twins
from sendbatch.ledger.sqlite.record import FILE, STEPS, Ledger, open_ledger, read_ledger
from sendbatch.ledger.store import Draft, Staging
from sendbatch.rendering import batches
from sendbatch.values import Checked, Status
from tests.kit.people import (
    COLUMNS,
    bring,
    clock,
    entry,
    left_out,
    person,
    plan,
    said,
    stage,
    statuses,
)
from tests.kit.selecting import sending


def staged(draft: Draft, *rows: Checked, columns: Sequence[str] = COLUMNS) -> Staging:
    staging = draft.stage(columns)
    staging.add(map(batches.staged, rows))
    staging.mark(map(batches.marks, rows))
    return staging


def merged(ledger: Ledger, columns: Sequence[str], *rows: Checked) -> None:
    with ledger.draft() as draft:
        staging = staged(draft, *rows, columns=columns)
        staging.settle()
        staging.finish(
            inputs="", recipients_digest="", content_digest="", started_at=1.0, completed_at=2.0
        )
        draft.merge()


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
    ledger: Ledger, listed: tuple[str, str]
) -> None:
    row = person(2, "a-7", email="Ann@example.com")

    plan(ledger, row, person(3, "bob", email="bob@example.org"), suppress=[listed])

    assert statuses(ledger) == [("a-7", Status.SUPPRESSED), ("bob", Status.PENDING)]
    assert said(entry(ledger, "a-7")) == "on a suppression list"


@pytest.mark.parametrize(
    "listed", [("domain", "ann@example.com"), ("text", "example.com"), ("domain", "ample.com")]
)
def test_an_entry_of_another_kind_suppresses_nobody(
    ledger: Ledger, listed: tuple[str, str]
) -> None:
    plan(ledger, person(2, "ann"), suppress=[listed])

    assert statuses(ledger) == [("ann", Status.PENDING)]


def test_a_domain_does_not_suppress_what_is_below_it(ledger: Ledger) -> None:
    row = person(2, "ann", email="ann@mail.example.com")

    plan(ledger, row, suppress=[("domain", "example.com")])

    assert statuses(ledger) == [("ann", Status.PENDING)]


def test_an_entry_listed_twice_is_no_fault(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"), suppress=[("key", "ann@example.com")] * 2)

    assert statuses(ledger) == [("ann", Status.SUPPRESSED)]


# -- the order of the checks ------------------------------------------------------------------


def test_filtered_and_invalid_come_before_suppressed_and_duplicate(ledger: Ledger) -> None:
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


def test_a_suppressed_row_is_suppressed_every_time_and_never_a_duplicate(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"), person(3, "ann"), suppress=[("key", "ann@example.com")])

    assert {status for _, status in statuses(ledger)} == {Status.SUPPRESSED}


@pytest.mark.parametrize("status", [Status.FILTERED, Status.INVALID])
def test_only_a_row_that_passes_the_first_three_checks_claims_its_key(
    ledger: Ledger, status: Status
) -> None:
    plan(ledger, left_out(person(2, "ann"), status), person(3, "ann"))

    assert statuses(ledger) == [("ann", status), ("ann", Status.PENDING)]


def test_a_suppressed_address_leaves_its_key_to_the_next_row(ledger: Ledger) -> None:
    rows = [person(2, "a-7", email="old@example.com"), person(3, "a-7", email="new@example.com")]

    plan(ledger, *rows, suppress=[("key", "old@example.com")])

    assert statuses(ledger) == [("a-7", Status.SUPPRESSED), ("a-7", Status.PENDING)]
    assert [one.email for one in ledger.reading.holders()] == ["new@example.com"]


def test_a_domain_without_mail_makes_only_sendable_rows_invalid(ledger: Ledger) -> None:
    rows = [person(2, "ann"), left_out(person(3, "bob"), Status.FILTERED)]
    with ledger.draft() as draft:
        staging = staged(draft, *rows, person(4, "eve", email="eve@example.org"))
        assert sorted(staging.domains()) == ["example.com", "example.org"]
        staging.reject_domains([("example.com", "no mail there")])
        assert staging.domains() == ["example.org"]
        staging.settle()
        assert staging.may_be_sent_to((2, 3, 4)) == {4}


# -- duplicates -------------------------------------------------------------------------------


def test_the_first_row_of_a_key_is_sent_and_the_others_say_which_it_is(ledger: Ledger) -> None:
    first = person(2, "ann@example.com", email="Ann@example.com")
    again = person(5, "ann@example.com", email="ann@example.com")

    plan(ledger, first, again, person(9, "ann@example.com", email="ANN@example.com"))

    found = list(ledger.reading.entries())
    assert [one.status for one in found] == [Status.PENDING, Status.DUPLICATE, Status.DUPLICATE]
    assert [said(one) for one in found[1:]] == ["row 2 has the same key"] * 2
    assert ledger.reading.census()[1] == 1


def test_keys_that_differ_in_case_are_two_keys(ledger: Ledger) -> None:
    """Folding is the default key's business, before the record."""
    plan(ledger, person(2, "A-7"), person(3, "a-7"))

    assert [status for _, status in statuses(ledger)] == [Status.PENDING] * 2


def test_a_duplicate_of_one_already_sent_is_still_a_duplicate(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", Status.ACCEPTED)

    plan(ledger, person(2, "ann"), person(3, "ann"))

    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("ann", Status.DUPLICATE)]


def test_a_row_now_above_the_one_that_was_sent_takes_its_place(ledger: Ledger) -> None:
    plan(ledger, person(2, "bob"), person(3, "ann"))
    bring(ledger, "ann", Status.ACCEPTED)

    plan(ledger, person(2, "ann"), person(3, "ann"))

    assert [(one.row, one.status) for one in ledger.reading.entries()] == [
        (2, Status.ACCEPTED),
        (3, Status.DUPLICATE),
    ]


def test_a_duplicate_whose_first_row_is_gone_claims_the_key(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann", name="one"), person(3, "ann", name="two"))

    plan(ledger, person(2, "ann", name="two"))

    assert [one.cells[1] for one in ledger.reading.holders()] == ["two"]
    assert statuses(ledger, all_rows=True) == [("ann", Status.PENDING)]


def test_duplicates_that_differ_in_what_the_message_uses_are_counted_apart(
    ledger: Ledger,
) -> None:
    rows = [person(2, "ann", name="Ann"), person(3, "ann", name="Anna"), person(4, "ann")]
    with ledger.draft() as draft:
        staging = staged(draft, *rows, person(5, "ann", name="Ann"))
        staging.settle()

        assert staging.twins({"name", "nothing"}) == Twins(2, ((3, 2), (4, 2)))
        assert staging.twins({"name"}, most=1) == Twins(2, ((3, 2),))
        assert staging.twins({"email"}) == Twins()
        assert staging.twins(()) == Twins()


def test_duplicates_that_would_get_other_files_are_counted(ledger: Ledger) -> None:
    ann = replace(person(2, "ann"), attachments=("/a.pdf",))
    rows = [ann, replace(ann, line=3), replace(ann, line=4, attachments=("/b.pdf",))]
    with ledger.draft() as draft:
        staging = staged(draft, *rows, person(5, "ann"))
        staging.settle()

        assert staging.twins_by_attachment() == Twins(2, ((4, 2), (5, 2)))


# -- columns that change between plans --------------------------------------------------------


def test_who_is_sent_again_gets_what_the_csv_says_now_in_the_columns_of_its_plan(ledger: Ledger) -> None:
    merged(ledger, ("email", "name"), person(2, "ann", name="Ann"))
    bring(ledger, "ann", Status.IN_DOUBT)
    moved = replace(person(2, "ann"), cells=("Grüße", "Anna", "ann@example.com"))

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
def test_whose_files_matter_still(ledger: Ledger, status: Status, may: bool) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", status)
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "ann"), person(3, "bob"))
        staging.settle()

        assert staging.may_be_sent_to((2, 3)) == ({2, 3} if may else {3})


def test_one_who_comes_back_after_many_plans_has_the_row_of_the_last(ledger: Ledger) -> None:
    merged(ledger, ("email", "name"), person(2, "ann", name="Ann"))
    before = bring(ledger, "ann", Status.ACCEPTED)
    merged(ledger, ("email",), replace(person(2, "bob"), cells=("bob@example.com",)))
    back = replace(person(2, "ann"), cells=("", "ann@example.com"))

    merged(ledger, ("name", "email"), back)

    (found,) = ledger.reading.holders()
    assert (found.id, found.cells) == (before.id, ("", "ann@example.com"))


# -- where a plan is staged -------------------------------------------------------------------


def kept(ledger: Ledger) -> list[tuple[str, int]]:
    """What stands in the file of rows and indexes of plans, whoever may see it."""
    rows = "SELECT key, plan FROM plan_row ORDER BY id"
    names = "SELECT name, 0 FROM sqlite_master WHERE name GLOB 'plan_row_key_*'"
    return [*ledger._connection.execute(rows), *ledger._connection.execute(names)]


def test_of_all_plans_only_the_last_is_kept(ledger: Ledger) -> None:
    for key in ("ann", "bob", "eve"):
        plan(ledger, person(2, key))

    assert kept(ledger) == [("eve", 3), ("plan_row_key_3", 0)]


def test_a_plan_that_is_declined_is_gone_from_the_file(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"))
    before = kept(ledger)
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "bob"), person(3, "eve"))
        staging.settle()
        assert len(kept(ledger)) == len(before) + 3

    assert kept(ledger) == before


def test_what_a_killed_plan_left_is_seen_by_nobody_and_cleared_by_the_next(
    ledger: Ledger, tmp_path: Path
) -> None:
    plan(ledger, person(2, "ann"))
    abandoned = ledger.draft()
    draft = abandoned.__enter__()  # and is never left
    staged(draft, person(2, "bob"), person(3, "ann", email="x@example.com")).settle()

    with open_ledger(tmp_path) as again:
        assert statuses(again, all_rows=True) == [("ann", Status.PENDING)]
        assert again.backlog(clock).claim_new(0, 9)[0].email == "ann@example.com"
        plan(again, person(2, "eve"))
        assert kept(again) == [("eve", 2), ("plan_row_key_2", 0)]


def test_no_transaction_is_open_while_a_draft_is_shown(ledger: Ledger, tmp_path: Path) -> None:
    plan(ledger, person(2, "ann"))
    with ledger.draft() as draft:
        stage(draft, [person(2, "ann"), person(3, "bob")])
        draft.limit(1)
        draft.samples(3), draft.people.census()

        assert not ledger._connection.in_transaction
        with closing(sqlite3.connect(tmp_path / FILE, timeout=0)) as other, other:
            other.execute("UPDATE meta SET value = value")
        draft.merge()

    assert statuses(ledger) == [("ann", Status.PENDING), ("bob", Status.PENDING)]


def test_a_draft_of_a_record_that_has_changed_meanwhile_is_not_merged(
    ledger: Ledger, tmp_path: Path
) -> None:
    plan(ledger, person(2, "ann"))
    someone_else = open_ledger(tmp_path)
    with ledger.draft() as draft, someone_else as other:
        stage(draft, [person(2, "bob")])
        other._connection.execute("UPDATE plan SET inputs = 'those of another'")

        with pytest.raises(RecordLost, match="changed by something else while this plan was made"):
            draft.merge()

    assert statuses(ledger) == [("ann", Status.PENDING)]


def test_ids_are_never_used_for_somebody_else(ledger: Ledger) -> None:
    seen: dict[int, str] = {}
    for keys in (("ann", "bob"), ("eve",), ("bob", "joe", "kim"), ("ann",)):
        plan(ledger, *(person(line, key) for line, key in enumerate(keys, 2)))
        bring(ledger, keys[0], Status.REJECTED)
        for one in ledger.reading.entries(all_rows=True):
            assert seen.setdefault(one.id, one.key) == one.key


@pytest.mark.parametrize("plans", [1, 2])
def test_two_rows_can_never_hold_one_key(ledger: Ledger, plans: int) -> None:
    for _ in range(plans):
        plan(ledger, person(2, "ann"), person(3, "bob"))

    with pytest.raises(sqlite3.IntegrityError):
        ledger._connection.execute("UPDATE plan_row SET key = 'ann'")


def test_a_first_plan_that_is_refused_leaves_an_empty_record_for_the_next(ledger: Ledger) -> None:
    with contextlib.suppress(LookupError), ledger.draft() as draft:
        staged(draft, person(2, "ann")).settle()
        raise LookupError("refused")
    assert statuses(ledger, all_rows=True) == []

    plan(ledger, person(2, "bob"))

    assert statuses(ledger) == [("bob", Status.PENDING)]


def test_whoever_reads_during_a_first_plan_sees_the_record_as_it_was(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "ann"))
        with read_ledger(tmp_path) as reader:
            assert reader.reading.totals() == {}
        staging.settle()


@pytest.mark.parametrize("again", [False, True])
def test_a_plan_of_many_statements_keeps_every_row_in_its_order(
    ledger: Ledger, again: bool
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


ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"


def test_a_statement_that_goes_on_and_on_is_broken_off_and_nothing_of_the_plan_is_kept(
    ledger: Ledger,
) -> None:
    plan(ledger, person(2, "ada"))
    looks = iter(range(3))

    def heed() -> None:
        if next(looks, None) is None:
            raise Interrupted("Ctrl-C; nothing was sent")

    def plan_for_ever() -> None:
        with ledger.draft(heed) as draft:
            staged(draft, person(2, "bob"))
            ledger._connection.execute(ENDLESS)

    with pytest.raises(Interrupted, match="Ctrl-C"):
        plan_for_ever()
    assert statuses(ledger) == [("ada", Status.PENDING)]
    plan(ledger, person(2, "bob"))  # nobody is heeded any more
    assert statuses(ledger) == [("bob", Status.PENDING)]


def test_who_gets_no_file_is_found_in_one_look_however_long_the_list(ledger: Ledger) -> None:
    """Not one for each row: what it costs grows with the list, not with its square."""
    ids = range(2, 4_002)
    plan(ledger, *(person(line, f"p{line}") for line in ids))
    bring(ledger, "p2", Status.ACCEPTED)
    looks: list[None] = []
    with ledger.draft(lambda: looks.append(None)) as draft:
        staging = staged(draft, *(person(line, f"p{line}") for line in ids))
        staging.settle()
        staging.lack("fail", ids)
        looks.clear()
        lacking = staging.lacking("fail")
        may = staging.may_be_sent_to(ids)
        assert staging.lacking("send without") == NOBODY
    assert (lacking.count, lacking.rows[0]) == (3_999, 3)
    assert may == set(ids) - {2}
    assert len(looks) * STEPS < 100 * len(ids)
