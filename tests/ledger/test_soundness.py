"""Whatever stands in the file: it is refused by name, or told without a stumble. Nobody else gets mail."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.errors import LedgerError, RecordStopped
from sendbatch.ledger.facts import Retried, Unsound
from sendbatch.ledger.sqlite.record import (
    FILE,
    Ledger,
    has_ledger,
    open_ledger,
    open_scratch,
    read_ledger,
)
from sendbatch.ledger.sqlite.soundness import OURS, decoded
from sendbatch.reports import csv, json
from sendbatch.reports.report import Report
from sendbatch.reports.tally import take
from sendbatch.reports.text import summary
from sendbatch.values import Status
from tests.kit.people import bring, clock, entry, left_out, person, plan
from tests.kit.selecting import sending
from tests.kit.thoroughness import IN_CI, examples
from tests.ledger.conftest import quick_folder

Open = Callable[[Path], AbstractContextManager[Ledger]]
KEYS = ("ann", "bob", "eve", "joe", "kim", "lou")
PLANNED = {f"{key}@example.com" for key in KEYS}
CELLS = [(table, column) for table, columns in OURS.items() for column in sorted(columns)]
GARBAGE: tuple[object, ...] = (
    None, b"\x00\xff" * 20, "none of ours", "", "x" * 200_000, -5, 0, 7, 2**63 - 1, 1.5, float("inf"),
    -1e300, "\x1b[2J\r\nRCPT TO:<x@example.com>\x00", '["\\ud800", "you"]', '[1, {"a": 2}]', "[" * 5000,
    '["ann@example.com", "you"', '["ann@example.com"]', "pending", "accepted", "2",
)  # fmt: skip


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """A record with somebody in most states, of two plans."""
    with quick_folder() as folder:
        with open_ledger(folder) as ledger:
            plan(ledger, *(person(line, key) for line, key in enumerate((*KEYS, "gone"), 2)))
            bring(ledger, "gone", Status.DEFERRED)
            bring(ledger, "ann", Status.ACCEPTED)
            bring(ledger, "bob", Status.REJECTED)
            bring(ledger, "eve", Status.DEFERRED)
            bring(ledger, "joe", Status.IN_DOUBT)
            rows = [person(line, key) for line, key in enumerate(KEYS, 2)]
            plan(ledger, *rows, left_out(person(9, "out"), Status.INVALID))
            bring(ledger, "kim", Status.SENDING)
            with ledger.draft() as draft:
                for key, value in (("salt", "ab" * 32), ("path", "/x"), ("keyed", "1.0 server -")):
                    draft.remember(key, value)
                draft.note("server", "smtp.example.com", 1.0)
                draft.merge()
        yield folder


def put(kept: Path, folder: Path, table: str, column: str, value: object) -> bool:
    """The record with this value in every row of a column, where the file can hold it."""
    shutil.copy(kept / FILE, folder / FILE)
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("PRAGMA writable_schema=ON")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'"
        )
        db.execute("PRAGMA writable_schema=RESET")
        try:
            db.execute(f'UPDATE OR REPLACE "{table}" SET "{column}" = ?', (value,))
        except (sqlite3.IntegrityError, OverflowError):
            return False
    return True


def told(ledger: Ledger) -> None:
    """All that is told of a record, to people and machines."""
    reading = ledger.reading
    reading.census(), reading.departed(), reading.span(), reading.domains_without_mail()
    list(reading.entries(all_rows=True)), list(reading.holders()), reading.named(("ann",))
    report = Report(reading, take(reading), "news")
    assert len(summary(report)) < 20_000
    out = io.StringIO()
    csv.write(report, out)
    json.write(report, out)
    out.getvalue().encode()


def sent(ledger: Ledger) -> set[str]:
    """All that a run does, from its start to another plan; returns whom it would mail."""
    ledger.recover(30.0)
    with ledger.draft() as draft:
        draft.only(None)
        draft.retry([Retried(Status.REJECTED), Retried(Status.DEFERRED)], 31.0)
        draft.resend()
        draft.doubt_with_key("digest", 0.0)
        draft.limit(5)
        draft.make_due(32.0)
        samples = draft.samples(3)
        draft.merge()
    backlog = ledger.backlog(clock)
    taken = [*samples, *backlog.claim_new(0, 9), *backlog.claim_due(1e9, 9)]
    backlog.next_due_at(), backlog.left_over(), backlog.totals()
    backlog.end()
    ledger.resolve([("joe",)], Status.PENDING, 33.0)
    plan(ledger, *(person(line, key) for line, key in enumerate(KEYS, 2)))
    return {recipient.email for recipient in taken}


def held(kept: Path, table: str, column: str, value: object) -> None:
    with quick_folder() as folder:
        if not put(kept, folder, table, column, value):
            return
        for opening, use in ((read_ledger, told), (open_scratch, sent), (open_ledger, sent)):
            refused = stopped = ""
            try:
                with opening(folder) as ledger:
                    mailed = use(ledger)
                    assert column == "email" or mailed is None or mailed <= PLANNED
            except LedgerError as error:
                refused = str(error)
            except RecordStopped as error:
                stopped = str(error)
            if stopped:  # only the cells are looked at as late as that
                assert (column, "cells that are no texts" in stopped) == ("vars", True), stopped
            if refused:
                assert f"{FILE}: the record cannot be read: " in refused
                assert len(refused) < 3000
                return  # they all look at it in the same way


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("table", "column"), CELLS)
def test_garbage_in_any_column_is_refused_by_name_or_told(
    kept: Path, table: str, column: str
) -> None:
    """In CI all of it in each; at a desk each column gets some, and each of it some columns."""
    begin, step = (0, 1) if IN_CI else (CELLS.index((table, column)) % 4, 4)
    for value in GARBAGE[begin::step]:
        held(kept, table, column, value)


@settings(
    max_examples=examples(150),
)
@given(
    cell=st.sampled_from(CELLS),
    value=st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.binary()
    | st.text(st.characters(exclude_categories=["Cs"])),
)  # fmt: skip
@example(cell=("plan", "columns"), value='["email", "name", "name"]')
def test_any_value_at_all_is_refused_by_name_or_told(
    kept: Path, cell: tuple[str, str], value: object
) -> None:
    held(kept, *cell, value)


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("CREATE TRIGGER t AFTER UPDATE ON delivery BEGIN DELETE FROM event; END", "trigger 't'"),
        ("CREATE VIEW v AS SELECT 1", "view 'v'"),
        ("ALTER TABLE delivery DROP COLUMN detail", "a table delivery without detail"),
        ("CREATE VIRTUAL TABLE t USING fts5(x)", "table 't'"),
    ],
)
@pytest.mark.parametrize("opening", [has_ledger, read_ledger, open_scratch, open_ledger])
def test_a_record_that_acts_by_itself_or_lacks_a_column_is_refused(
    kept: Path, tmp_path: Path, made: str, named: str, opening: Open
) -> None:
    shutil.copy(kept / FILE, tmp_path / FILE)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute(made)

    with pytest.raises(LedgerError) as caught:
        opening(tmp_path).__enter__()

    assert f"it holds what sendbatch does not write ({named})" in str(caught.value)


@pytest.mark.parametrize(
    "garbage",
    ["UPDATE plan_row SET status = 'filtered'", "UPDATE plan_row SET plan = plan - 1 WHERE plan > 1"],
)
def test_whoever_holds_no_key_in_the_current_plan_is_never_taken(
    kept: Path, tmp_path: Path, garbage: str
) -> None:
    shutil.copy(kept / FILE, tmp_path / FILE)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute(garbage)

    with open_ledger(tmp_path) as ledger:
        ledger.recover(9.0)
        sending(ledger).retry([Retried(Status.REJECTED), Retried(Status.DEFERRED)], 9.0)
        for chosen in (9, None):
            sending(ledger).choose(chosen)
            assert sending(ledger).samples(9) == []
            assert sending(ledger).next_new(0, 9) == []
            assert sending(ledger).next_due(99.0, 9) == []
            assert sending(ledger).next_due_at() is None


def test_what_is_wrong_is_named_by_row_and_column(kept: Path, tmp_path: Path) -> None:
    shutil.copy(kept / FILE, tmp_path / FILE)
    with open_ledger(kept) as ledger:
        id_ = entry(ledger, "eve").id
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("UPDATE delivery SET due_at = 'soon' WHERE key = 'eve'")

    with pytest.raises(LedgerError) as caught:
        read_ledger(tmp_path).__enter__()

    assert f"(delivery {id_}: due_at)" in str(caught.value)


@pytest.mark.parametrize(
    "texts",
    [
        ['["a"],["b"]'],
        ['["a"', '"b"]'],
        ["[1]"],
        ['[["a"]]'],
        ["[null]"],
        ["{}", '{"a": 1}'],
        ['["\\ud800"]'],
        ["[" * 3000 + "]" * 3000],
        ["null"],
        ["7"],
    ],
)
def test_cells_that_are_no_texts_are_refused(texts: list[str]) -> None:
    with pytest.raises(Unsound):
        decoded(texts)


def test_cells_are_told_as_they_were_written() -> None:
    assert decoded(['["a","ü"]', "[]"]) == [["a", "ü"], []]
