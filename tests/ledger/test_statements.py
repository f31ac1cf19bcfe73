"""What SQLite's statements leave in the file, what they hold open, and what they cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sendbatch.errors import Interrupted, RecordLost, RecordStopped
from sendbatch.ledger.facts import NOBODY, Intent
from sendbatch.ledger.sqlite.access import LOG
from sendbatch.ledger.sqlite.record import FILE, STEPS, Ledger, open_ledger, read_ledger
from sendbatch.ledger.sqlite.rows import AT_ONCE
from sendbatch.values import Recipient, Status
from tests.kit.people import bring, clock, entry, person, plan, someone, stage, staged, statuses
from tests.kit.selecting import sending


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


@pytest.mark.parametrize("plans", [1, 2])
def test_two_rows_can_never_hold_one_key(ledger: Ledger, plans: int) -> None:
    for _ in range(plans):
        plan(ledger, person(2, "ann"), person(3, "bob"))

    with pytest.raises(sqlite3.IntegrityError):
        ledger._connection.execute("UPDATE plan_row SET key = 'ann'")


def test_whoever_reads_during_a_first_plan_sees_the_record_as_it_was(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ledger.draft() as draft:
        staging = staged(draft, person(2, "ann"))
        with read_ledger(tmp_path) as reader:
            assert reader.reading.totals() == {}
        staging.settle()


BATCH = [person(line, f"p{line}") for line in range(2, AT_ONCE + 9)]  # more than are fetched in one go


def test_a_plan_is_gone_from_the_file_too_where_ctrl_c_fell_into_the_reading_of_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The traceback holds whom it was read by, and SQLite drops nothing while anything is read."""
    plan(ledger, person(2, "ann"))
    before = kept(ledger)

    def interrupted(people: Iterator[Recipient]) -> None:
        for _ in people:
            raise Interrupted("Ctrl-C")

    def plan_and_read() -> None:
        with ledger.draft() as draft:
            stage(draft, BATCH)
            interrupted(draft.people.holders())

    with pytest.raises(Interrupted) as caught:
        plan_and_read()

    assert kept(ledger) == before
    assert "interrupted" in [str(one.name) for one in caught.traceback]


def test_whoever_reads_a_draft_and_goes_away_keeps_nobody_from_merging_it(ledger: Ledger) -> None:
    with ledger.draft() as draft:
        stage(draft, BATCH)
        reading = draft.people.holders(), draft.people.entries(), draft.to_send()
        assert [next(one).row for one in reading] == [2, 2, 2]
        draft.merge(5.0)

    assert len(statuses(ledger)) == len(BATCH)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        next(reading[1])


def test_a_record_is_whole_without_its_log_once_it_is_closed_whoever_was_reading(
    tmp_path: Path,
) -> None:
    with open_ledger(tmp_path) as ledger:
        plan(ledger, *BATCH)
        reading = ledger.reading.entries()
        next(reading)

    assert not (tmp_path / LOG).exists()


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


def test_who_only_reads_is_told_what_a_row_was(ledger: Ledger, tmp_path: Path) -> None:
    someone(ledger, Status.IN_DOUBT)
    sending(ledger).resend()

    with read_ledger(tmp_path) as reader:
        assert reader.reading.totals() == {Status.IN_DOUBT: 1}
        assert [one.status for one in reader.reading.entries()] == [Status.IN_DOUBT]
        assert [one[3] for one in reader.reading.report_rows({Status.IN_DOUBT})] == ["in_doubt"]
    assert entry(ledger, "ann").status is Status.PENDING


def test_a_record_that_can_no_longer_be_read_stops_the_run_with_words(ledger: Ledger) -> None:
    backlog = ledger.backlog(clock)
    ledger.close()

    with pytest.raises(RecordStopped, match="the record can no longer be read"):
        backlog.claim_new(0, 1)
    with pytest.raises(RecordStopped, match="the record can no longer be written"):
        backlog.apply([Intent(1, "digest", 1.0, 1.0)])


def test_a_batch_of_a_limited_run_is_found_without_a_look_at_all_who_are_chosen(
    ledger: Ledger,
) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 30)))
    sending(ledger).choose(20)
    asked: list[str] = []
    connection = ledger._connection
    backlog = ledger.backlog(clock)
    connection.set_trace_callback(asked.append)
    assert len(backlog.claim_new(19, 5)) == 2  # lines 2 to 21 are chosen
    connection.set_trace_callback(None)
    query, _ = asked  # and where they stand
    steps = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert "SEARCH r USING INTEGER PRIMARY KEY (rowid>?)" in steps
    assert not any("ORDER BY" in step for step in steps)
