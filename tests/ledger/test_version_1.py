"""A record of version 1, with every status in it, is taken over without loss, and told as it was told."""

from __future__ import annotations

import io
import os
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.facts import Intent, Settled
from sendbatch.ledger.sqlite import version_1
from sendbatch.ledger.sqlite.lost_record import UNDER_WAY
from sendbatch.ledger.sqlite.record import (
    FILE,
    Ledger,
    has_ledger,
    open_ledger,
    open_scratch,
    read_ledger,
)
from sendbatch.ledger.store import Snapshot
from sendbatch.reports import csv, json
from sendbatch.reports.report import Report
from sendbatch.reports.tally import take
from sendbatch.reports.text import GLOSSES, summary
from sendbatch.values import Status
from tests.kit.local_time import local_time
from tests.kit.people import OUTCOMES, clock, entry

HERE = Path(__file__).parent / "version_1"
KEPT = FILE + version_1.KEPT
# What the last run of that record was killed in: these were on the way, or taken up for it alone.
IN_DOUBT = {"doubt", "doubt2", "doubt3", "doubt4", "doubt6", "on-the-way"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with the record as version 1 left it."""
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript((HERE / "record.sql").read_text(encoding="utf-8"))
    return tmp_path


def told(record: Snapshot) -> dict[str, str]:
    """But for the variants of a subject, which version 1 did not know, so that nobody has one, and for what
    refusals mean, which it did not tell."""
    lines = {"resolve": "sendbatch resolve FILE"}
    report = Report(record.reading, take(record.reading), "spring (2026-11)", commands=lines)
    table, document = io.StringIO(), io.StringIO()
    csv.write(report, table)
    json.write(report, document)
    with local_time("UTC0"):
        words = summary(report)
    return {
        "report.csv": re.sub(r",(variant)?(\r?\n)", r"\2", table.getvalue()),
        "report.json": re.sub(
            r'  "(?:variants|approvals)": \[\],\n|, "variant": null'
            r'|  "(?:reach|last_run_approved|under_way)": (?:null|false),\n',
            "",
            document.getvalue(),
        ),
        "status.txt": re.sub(r"What it means\n(?:  .*\n)+\n", "", words)
        .replace(GLOSSES[Status.IN_DOUBT], "the whole message was sent and no reply came")
        .replace(GLOSSES[Status.SUPPRESSED], "on a suppression list"),
    }


def as_version_1_told() -> dict[str, str]:
    found = ("report.csv", "report.json", "status.txt")
    return {name: (HERE / name).read_bytes().decode() for name in found}


def version_of(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_version_1_sees_that_a_record_is_of_a_newer_version(old: Path, tmp_path: Path) -> None:
    """It looks for a table of this name; else it says that this is no record, and to restore a backup."""
    new = tmp_path / "new"
    new.mkdir()

    for folder in (old, new):
        with open_ledger(folder):
            pass
        with closing(sqlite3.connect(folder / FILE)) as db:
            assert db.execute("SELECT count(*) FROM recipient").fetchone() == (0,)
        assert version_of(folder / FILE) > version_1.VERSION


def test_who_only_reads_is_told_the_same_and_the_record_stays_as_it_was(old: Path) -> None:
    before = (old / FILE).read_bytes()

    assert has_ledger(old)
    with read_ledger(old) as record:
        assert told(record) == as_version_1_told()
    with open_scratch(old) as copy:
        assert sum(copy.reading.totals().values()) == 28

    assert (old / FILE).read_bytes() == before
    assert not (old / KEPT).exists()


def test_taken_over_it_is_told_the_same_and_a_copy_of_before_is_kept(old: Path) -> None:
    before = list(sqlite3.connect(old / FILE).iterdump())

    with open_ledger(old):
        pass

    assert version_of(old / FILE) == 4
    with read_ledger(old) as record:
        assert told(record) == as_version_1_told()
    assert list(sqlite3.connect(old / KEPT).iterdump()) == before
    assert stat.S_IMODE((old / KEPT).stat().st_mode) == 0o600


def test_whoever_was_on_the_way_or_taken_up_again_is_as_the_guarantee_says(old: Path) -> None:
    with open_ledger(old) as ledger:
        assert ledger.recover(9000.0) == 2
        found = {one.key: one for one in ledger.reading.entries(all_rows=True)}
        assert {one.key for one in found.values() if one.status is Status.IN_DOUBT} == {
            *IN_DOUBT, "doubt-gone"
        }  # fmt: skip
        assert (found["again"].status, found["again"].was) == (Status.REJECTED, None)
        assert found["on-the-way"].why == "crashed"
        with ledger.draft() as draft:
            draft.merge()
        assert {one.key for one in ledger.backlog(clock).claim_new(0, 99)} == {
            "failed", "moved", "new", "released", "=cmd|' /C calc'!A0"
        } - {"new"}  # fmt: skip
        assert {one.key for one in ledger.backlog(clock).claim_due(1e9, 99)} <= {
            "held", "deferred", "spent", "back"
        }  # fmt: skip


def test_who_was_tried_keeps_number_attempts_and_what_stands_behind(old: Path) -> None:
    with closing(sqlite3.connect(old / FILE)) as db:
        before = {
            key: (id_, attempts, was)
            for id_, key, attempts, was, status in db.execute(
                "SELECT id, key, attempts, was, status FROM recipient WHERE attempts > 0"
            )
        }
    with open_ledger(old) as ledger:
        for one in ledger.reading.entries(all_rows=True):
            if one.attempts:
                assert (one.id, one.attempts, one.was) == before.pop(one.key), one
    assert before == {}


def test_a_record_that_was_taken_over_is_sent_from(old: Path) -> None:
    with open_ledger(old) as ledger:
        (row,) = (one for one in ledger.reading.holders() if one.key.startswith("=cmd"))
        backlog = ledger.backlog(clock)
        backlog.apply([Intent(row.id, "b" * 64, 9000.0, 9000.0)])
        backlog.apply([Settled(row.id, OUTCOMES[Status.ACCEPTED], None, 9001.0)])
        assert entry(ledger, row.key).status is Status.ACCEPTED


@pytest.mark.parametrize("step", range(1, 30))
def test_cut_off_at_any_step_it_is_as_it_was_and_taken_over_by_the_next(
    old: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    class Cut(Exception):
        pass

    left = [step]

    def cut_off(_: str) -> None:
        left[0] -= 1
        if not left[0]:
            raise Cut

    genuine = version_1.take_over

    def watched(db: sqlite3.Connection, tables: str, version: int) -> None:
        class Counting:
            def __getattr__(self, name: str) -> object:
                return getattr(db, name)

            def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
                if statement not in ("ROLLBACK", "COMMIT"):
                    cut_off(statement)
                return db.execute(statement, *values)

        genuine(Counting(), tables, version)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(version_1, "take_over", watched)
        try:
            with open_ledger(old):
                pytest.skip("there are not so many steps")
        except Cut:
            pass
    assert version_of(old / FILE) == 1
    with read_ledger(old) as record:
        assert told(record) == as_version_1_told()
    with open_ledger(old):
        pass
    with read_ledger(old) as record:
        assert told(record) == as_version_1_told()


def test_where_no_copy_can_be_kept_nothing_is_changed(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(version_1, "create", full)
    before = list(sqlite3.connect(old / FILE).iterdump())

    with pytest.raises(
        LedgerError, match="no copy of it can be kept before it is taken over: No space"
    ):
        open_ledger(old).__enter__()

    assert list(sqlite3.connect(old / FILE).iterdump()) == before


@pytest.mark.parametrize(
    ("garbage", "named"),
    [
        ("UPDATE recipient SET status = 'sent' WHERE key = 'held'", "delivery 4: status"),
        ("UPDATE recipient SET was = 'x' WHERE key = 'left-rejected'", "delivery 15: status"),
        ("UPDATE recipient SET vars = '[1]' WHERE key = 'new'", "vars"),
        ("UPDATE recipient SET reply = x'00' WHERE key = 'held'", "delivery 4: reply"),
    ],
)
@pytest.mark.parametrize("opening", [open_ledger, read_ledger, open_scratch])
def test_one_that_holds_what_version_1_did_not_write_is_refused_and_stays(
    old: Path, garbage: str, named: str, opening: object
) -> None:
    with closing(sqlite3.connect(old / FILE)) as db, db:
        db.execute(garbage)
    before = list(sqlite3.connect(old / FILE).iterdump())

    with pytest.raises(LedgerError, match="it holds what sendbatch does not write") as caught:
        opening(old).__enter__()  # type: ignore[operator]

    assert named in str(caught.value)
    assert list(sqlite3.connect(old / FILE).iterdump()) == before


def test_one_whose_log_is_lost_is_refused_before_it_is_touched(old: Path) -> None:
    with closing(sqlite3.connect(old / FILE)) as db, db:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, '3021.0')", (UNDER_WAY,))
    before = (old / FILE).read_bytes()

    with pytest.raises(LedgerError, match="is not beside it"):
        open_ledger(old).__enter__()

    assert (old / FILE).read_bytes() == before
    with open_ledger(old, without_log=True) as ledger:
        assert isinstance(ledger, Ledger)
