"""Attempts in the file: appended with ids that are never used again, folded whole or not at all, and seen by
whoever opens the record, be it in the middle of a run or after it was killed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError, RecordLost, RecordStopped
from sendbatch.ledger.facts import Intent, Retried, Settled
from sendbatch.ledger.sqlite import folding
from sendbatch.ledger.sqlite.record import FILE, Ledger, open_ledger, open_scratch, read_ledger
from sendbatch.values import Status
from tests.kit.people import OUTCOMES, bring, clock, entry, outcome_of, person, plan, statuses
from tests.kit.selecting import sending
from tests.ledger.contract.conftest import in_bulk_at_once

Open = Callable[[Path], AbstractContextManager[Ledger]]
OLD = Path(__file__).parent / "version_2" / "record.sql"
MANY = 300
HOW = (Status.ACCEPTED, Status.DEFERRED, Status.REJECTED, Status.IN_DOUBT, Status.FAILED)


def attempts(ledger: Ledger) -> list[tuple[int, str]]:
    return ledger._connection.execute("SELECT id, what FROM attempt ORDER BY id").fetchall()


def folded(ledger: Ledger) -> int:
    return int(ledger.reading.meta("folded") or -1)


def tidied(ledger: Ledger) -> None:
    with in_bulk_at_once():
        sending(ledger).backlog.tidy()


def ids_given_out(ledger: Ledger) -> set[int]:
    return {id_ for id_, _ in attempts(ledger)}


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder as a run leaves it that is killed with a long tail of attempts that are not folded: 300 of 400
    are settled in five ways, ten are on the way."""
    folder = tmp_path / "killed"
    with open_ledger(tmp_path) as ledger:
        plan(ledger, *(person(line, f"p{line}") for line in range(2, 402)))
        backlog = ledger.backlog(clock)
        taken = backlog.claim_new(0, 400)
        for number, one in enumerate(taken[:MANY]):
            backlog.apply(outcome_of(one.id, HOW[number % len(HOW)]))
        backlog.apply([Intent(one.id, "digest", 50.0, 50.0) for one in taken[-10:]])
        assert len(attempts(ledger)) > MANY
        assert folded(ledger) == 0
        shutil.copytree(tmp_path, folder, ignore=lambda *_: ["killed"])
    return folder


LEFT = {
    Status.PENDING: 90, Status.ACCEPTED: 60, Status.DEFERRED: 60, Status.REJECTED: 60,
    Status.IN_DOUBT: 60, Status.FAILED: 60, Status.SENDING: 10,
}  # fmt: skip


@pytest.mark.parametrize("opening", [read_ledger, open_scratch, open_ledger])
def test_whoever_comes_first_after_a_run_was_killed_is_told_all_it_brought(
    killed: Path, opening: Open
) -> None:
    with opening(killed) as ledger:
        reading = ledger.reading
        assert reading.totals() == LEFT
        assert reading.census() == (LEFT, 400)
        assert sum(1 for _ in reading.entries([Status.ACCEPTED])) == 60
        assert sum(row[3] == "sending" for row in reading.report_rows(all_rows=True)) == 10
        assert reading.has_tried()
        assert [many for *_, many in reading.replies()] == [60, 60]
        assert reading.contents() == [("digest", 130)]


def test_a_run_that_comes_first_after_one_was_killed_sends_to_nobody_of_whom_it_knows(
    killed: Path,
) -> None:
    with open_ledger(killed) as ledger:
        assert ledger.recover(60.0) == 10
        with ledger.draft() as draft:
            draft.merge(60.0)
        backlog = ledger.backlog(clock)
        taken = [one.status for one in backlog.claim_new(0, 999)]
        assert (taken.count(Status.PENDING), taken.count(Status.FAILED)) == (90, 60)
        assert len(backlog.claim_due(1e9, 999)) == 60
        assert ledger.reading.totals() == {
            **{status: count for status, count in LEFT.items() if status is not Status.SENDING},
            Status.IN_DOUBT: 70,
        }


def test_a_persons_word_that_comes_first_after_a_run_was_killed_finds_those_in_doubt(
    killed: Path,
) -> None:
    with open_ledger(killed) as ledger:
        doubted = next(ledger.reading.entries([Status.IN_DOUBT])).key
        assert ledger.resolve([(doubted,), ("p395",)], Status.ACCEPTED, 60.0) == ["p395"]
        assert ledger.resolve([(doubted,)], Status.ACCEPTED, 60.0) == []
        assert ledger.reading.totals()[Status.ACCEPTED] == 61


def test_a_plan_that_comes_first_after_a_run_was_killed_keeps_whoever_was_sent_to(
    killed: Path,
) -> None:
    with open_ledger(killed) as ledger:
        plan(ledger, *(person(line, f"p{line}", name="new") for line in range(2, 392)))
        assert ledger.reading.totals()[Status.ACCEPTED] == 60
        assert ledger.reading.departed() == {Status.SENDING: 10}


def test_who_reads_sees_one_moment_however_much_is_brought_and_folded_meanwhile(
    ledger: Ledger, tmp_path: Path
) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 22)))
    backlog = ledger.backlog(clock)
    for one in backlog.claim_new(0, 5):
        backlog.apply(outcome_of(one.id, Status.ACCEPTED))
    with read_ledger(tmp_path) as reader:
        for one in backlog.claim_new(0, 5):
            backlog.apply(outcome_of(one.id, Status.ACCEPTED))
        tidied(ledger)
        assert reader.reading.totals() == {Status.ACCEPTED: 5, Status.PENDING: 15}
        assert sum(row[3] == "accepted" for row in reader.reading.report_rows()) == 5
    with read_ledger(tmp_path) as reader:
        assert reader.reading.totals() == {Status.ACCEPTED: 10, Status.PENDING: 10}


def test_at_any_moment_of_a_run_everybody_is_counted_once(ledger: Ledger, tmp_path: Path) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 42)))
    backlog = ledger.backlog(clock)
    for number, one in enumerate(backlog.claim_new(0, 40)):
        for change in outcome_of(one.id, HOW[number % len(HOW)]):
            backlog.apply([change])
            if number % 3 == 0:
                tidied(ledger)
            with read_ledger(tmp_path) as reader:
                told = [(one.key, one.status) for one in reader.reading.entries()]
                assert told == statuses(ledger)
                assert sum(reader.reading.totals().values()) == len(told) == 40


# -- ids -------------------------------------------------------------------------------------


def test_ids_of_attempts_are_never_used_again(tmp_path: Path) -> None:
    given: list[int] = []
    for key in ("ann", "bob", "eve"):
        with open_ledger(tmp_path) as ledger:
            ledger.recover(1.0)
            plan(ledger, *(person(line, name) for line, name in enumerate(("ann", "bob", "eve"), 2)))
            for changes in outcome_of(entry(ledger, key).id, Status.ACCEPTED):
                before = max(given, default=0)
                sending(ledger).apply([changes])
                now = {id_ for id_ in ids_given_out(ledger) if id_ > before}
                assert len(now) == 1
                given += now
                tidied(ledger)  # which drops them
            assert ids_given_out(ledger) == set()
    assert given == sorted(set(given))
    assert len(given) == 6


def test_who_crashes_and_who_is_forgotten_leave_no_id_for_others(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    sending(ledger).apply([Intent(entry(ledger, "ann").id, "digest", 1.0, 1.0)])
    assert ledger.recover(9.0) == 1
    given = max(ids_given_out(ledger))
    assert folded(ledger) == given == 2  # the intent, and the doubt it became

    with ledger.draft() as draft:
        draft.forget_everyone()
        staging = draft.stage(("email", "name"))
        staging.settle()
        staging.finish(
            inputs="i", recipients_digest="r", content_digest="c", started_at=1.0, completed_at=2.0
        )
        draft.merge()
    assert attempts(ledger) == []
    plan(ledger, person(2, "eve"))
    sending(ledger).apply([Intent(entry(ledger, "eve").id, "digest", 1.0, 1.0)])

    assert attempts(ledger) == [(given + 1, "intent")]


# -- folding ---------------------------------------------------------------------------------


def test_a_fold_that_is_cut_off_leaves_everything_as_it_was(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    for key, status in (("ann", Status.ACCEPTED), ("bob", Status.SENDING)):
        bring(ledger, key, status)
    before = attempts(ledger), statuses(ledger), folded(ledger)

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(folding, "remember", broken)
        with pytest.raises(RecordStopped, match="disk I/O error"):
            tidied(ledger)
    assert (attempts(ledger), statuses(ledger), folded(ledger)) == before

    tidied(ledger)
    assert (attempts(ledger), statuses(ledger)) == ([], before[1])


def test_there_is_no_fold_before_it_is_worth_one(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", Status.ACCEPTED)

    sending(ledger).backlog.tidy()

    assert [what for _, what in attempts(ledger)] == ["intent", "accept"]


def test_of_who_is_accepted_at_the_first_nothing_is_kept_twice_and_of_others_each_end(
    ledger: Ledger,
) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    bring(ledger, "ann", Status.ACCEPTED)
    bring(ledger, "bob", Status.DEFERRED)
    tidied(ledger)
    sending(ledger).apply(outcome_of(entry(ledger, "bob").id, Status.ACCEPTED))
    tidied(ledger)

    story = "SELECT what, attempts, code, email FROM attempt WHERE delivery = ? ORDER BY id"
    told = {key: ledger._connection.execute(story, (entry(ledger, key).id,)) for key in ("ann", "bob")}
    assert told["ann"].fetchall() == []
    assert told["bob"].fetchall() == [("defer", 1, 451, None), ("accept", 2, 250, None)]


def test_the_cells_of_a_message_are_kept_twice_only_while_it_may_have_arrived(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"))
    kept = []
    for status in (Status.IN_DOUBT, Status.DEFERRED, Status.ACCEPTED):
        sending(ledger).resend()
        bring(ledger, "ann", status)
        tidied(ledger)
        (cells,) = ledger._connection.execute("SELECT vars FROM delivery").fetchone()
        kept.append(cells is not None)
    assert kept == [True, True, False]


def test_the_address_of_an_attempt_is_kept_where_the_csv_has_another_since(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", Status.DEFERRED)
    plan(ledger, person(2, "ann", email="new@example.com"))
    bring(ledger, "ann", Status.REJECTED)
    tidied(ledger)

    story = "SELECT what, code, email FROM attempt ORDER BY id"
    assert ledger._connection.execute(story).fetchall() == [
        ("defer", 451, "ann@example.com"),
        ("reject", 550, None),
    ]


def test_no_attempt_of_somebody_is_kept_whom_the_record_does_not_have(ledger: Ledger) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", Status.FAILED)
    plan(ledger, person(2, "ann", email="new@example.com"))
    plan(ledger, person(2, "bob"))

    deliveries = ledger._connection.execute("SELECT id FROM delivery").fetchall()
    kept = ledger._connection.execute("SELECT delivery FROM attempt").fetchall()
    assert set(kept) <= set(deliveries)


# -- what others write -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE plan_row SET status = 'suppressed', why = 'suppressed' WHERE key = 'ann'",
        "UPDATE plan_row SET plan = 99 WHERE key = 'ann'",
        "DELETE FROM plan_row WHERE key = 'ann'",
        "INSERT INTO delivery (id, key, email, status, attempts) "
        "SELECT id, key, email, 'accepted', 1 FROM plan_row WHERE key = 'ann'",
    ],
)
def test_an_intent_for_whom_somebody_else_has_changed_meanwhile_ends_the_run(
    ledger: Ledger, tmp_path: Path, meddling: str
) -> None:
    plan(ledger, person(2, "ann"))
    backlog = ledger.backlog(clock)
    (ann,) = backlog.claim_new(0, 9)
    with closing(sqlite3.connect(tmp_path / FILE)) as other, other:
        assert other.execute(meddling).rowcount == 1

    with pytest.raises(RecordLost, match="changed by something else"):
        backlog.apply([Intent(ann.id, "digest", 1.0, 1.0)])

    assert attempts(ledger) == []


@pytest.mark.parametrize("meddling", ["status = 'accepted'", "gone = 7"])
def test_an_intent_for_who_was_tried_before_and_was_changed_ends_the_run(
    ledger: Ledger, tmp_path: Path, meddling: str
) -> None:
    plan(ledger, person(2, "ann"))
    bring(ledger, "ann", Status.DEFERRED)
    backlog = ledger.backlog(clock)
    (ann,) = backlog.claim_due(1e9, 9)
    with closing(sqlite3.connect(tmp_path / FILE)) as other, other:
        other.execute(f"UPDATE delivery SET {meddling}")

    with pytest.raises(RecordLost, match="changed by something else"):
        backlog.apply([Intent(ann.id, "digest", 1.0, 1.0)])


@pytest.mark.parametrize(
    ("garbage", "named"),
    [
        ("DELETE FROM meta WHERE key = 'folded'", "(meta: folded)"),
        ("UPDATE meta SET value = '99' WHERE key = 'folded'", "(attempt 1)"),
        ("UPDATE meta SET value = '-1' WHERE key = 'folded'", "(meta: folded is '-1')"),
        ("UPDATE attempt SET delivery = 77", "(attempt 1)"),
        ("UPDATE attempt SET status = 'suppressed'", "(attempt 1: status)"),
        ("UPDATE attempt SET what = 'none of ours'", "(attempt 1: what)"),
        ("UPDATE attempt SET attempts = -1", "(attempt 1: attempts)"),
    ],
)
@pytest.mark.parametrize("opening", [read_ledger, open_scratch, open_ledger])
def test_attempts_that_sendbatch_does_not_write_are_refused(
    tmp_path: Path, garbage: str, named: str, opening: Open
) -> None:
    with open_ledger(tmp_path) as ledger:
        plan(ledger, person(2, "ann"))
        bring(ledger, "ann", Status.ACCEPTED)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute(garbage)

    with pytest.raises(LedgerError) as caught:
        opening(tmp_path).__enter__()

    assert named in str(caught.value)


# -- records of before -----------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a record that has no attempts yet, of a run that was killed."""
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript(OLD.read_text(encoding="utf-8"))
    return tmp_path


STOOD = {
    "ann": Status.ACCEPTED, "bob": Status.REJECTED, "eve": Status.DEFERRED, "joe": Status.IN_DOUBT,
    "kim": Status.SENDING, "lou": Status.SENDING, "max": Status.FAILED, "new": Status.PENDING,
    "out": Status.INVALID, "gone": Status.WITHDRAWN,
}  # fmt: skip


def test_a_record_without_attempts_is_read_and_stays_as_it_is(old: Path) -> None:
    before = (old / FILE).read_bytes()

    for opening in (read_ledger, open_scratch):
        with opening(old) as ledger:
            assert dict(statuses(ledger, all_rows=True)) == STOOD

    assert (old / FILE).read_bytes() == before


def test_a_record_without_attempts_is_taken_over_before_the_first_is_written(old: Path) -> None:
    with open_ledger(old) as ledger:
        assert dict(statuses(ledger, all_rows=True)) == STOOD
        with closing(sqlite3.connect(old / FILE)) as db:  # as another process sees it
            assert db.execute("PRAGMA user_version").fetchone() == (4,)
        assert ledger.recover(70.0) == 2
        sending(ledger).retry([Retried(Status.DEFERRED)], 80.0)
        backlog = ledger.backlog(clock)
        taken = {one.key: one for one in [*backlog.claim_new(0, 9), *backlog.claim_due(1e9, 9)]}
        assert taken.keys() == {"max", "new", "eve"}
        for one in taken.values():
            accepted = Settled(one.id, OUTCOMES[Status.ACCEPTED], None, 91.0)
            backlog.apply([Intent(one.id, "digest", 90.0, 90.0), accepted])
        assert ledger.reading.totals()[Status.ACCEPTED] == 4
        assert (entry(ledger, "lou").attempts, entry(ledger, "kim").attempts) == (2, 1)
