"""A run may be killed while it makes the file: whatever stands there then is no record yet, to everyone."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.sqlite.record import FILE, Ledger, has_ledger, open_ledger, open_scratch
from sendbatch.ledger.sqlite.schema import open_for_reading, open_for_writing
from sendbatch.values import Status
from tests.kit.people import person, plan, statuses
from tests.ledger.conftest import quick_folder

JOURNAL, LOG = f"{FILE}-journal", f"{FILE}-wal"
MAGIC = bytes.fromhex("d9d505f920a163d7")  # of a journal that is complete
Left = dict[str, bytes]


def journal(magic: bytes) -> bytes:
    """What stands in the journal while the first page is written: before it, there was none."""
    return (magic + struct.pack(">5I", 0, 4711, 0, 512, 4096)).ljust(512, b"\0")


def made_in_pieces() -> tuple[bytes, bytes]:
    """The first page, and the log with all tables before it is merged."""
    with quick_folder() as folder, closing(open_for_writing(folder / FILE)):
        return (folder / FILE).read_bytes(), (folder / LOG).read_bytes()


def prefixes() -> Iterator[Left]:
    """The files at every step of their making, until the tables are there."""
    page, log = made_in_pieces()
    yield {FILE: b""}
    for magic in (b"", bytes(8), MAGIC):
        for written in (b"", page[:512], page):
            yield {FILE: written, JOURNAL: journal(magic) if magic else b""}
    yield {FILE: page}
    frame = 4096 + 24
    starts = range(32, len(log), frame)
    for size in sorted({0, 24, *starts, *(start + 24 for start in starts), len(log) - 1}):
        yield {FILE: page, LOG: log[:size]}


STEPS = [step for step in prefixes() if step.get(FILE) or JOURNAL not in step or step[JOURNAL]]


@pytest.fixture(params=range(len(STEPS)), ids=lambda number: f"step {number}")
def left(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    for name, content in STEPS[request.param].items():
        (folder / name).write_bytes(content)
    return folder


def test_what_is_left_is_no_record_to_whoever_looks(left: Path) -> None:
    assert not has_ledger(left)
    assert RecordFolder(left.parent, "news").editions() == []


@pytest.mark.parametrize("opening", [open_scratch, open_ledger])
def test_plan_and_run_begin_where_the_killed_run_began(
    left: Path, opening: Callable[[Path], AbstractContextManager[Ledger]]
) -> None:
    with opening(left) as ledger:
        assert ledger.reading.plan() is None
        plan(ledger, person(2, "ann"))
        assert statuses(ledger) == [("ann", Status.PENDING)]


def test_a_record_that_is_whole_in_its_log_alone_is_read_from_there(tmp_path: Path) -> None:
    page, log = made_in_pieces()
    (tmp_path / FILE).write_bytes(page)
    (tmp_path / LOG).write_bytes(log)

    with open_scratch(tmp_path) as ledger:
        assert ledger.reading.plan() is None


@pytest.mark.parametrize("main", [None, b""])
@pytest.mark.parametrize("opening", [open_for_reading, open_for_writing])
def test_a_log_without_its_record_is_kept_and_told_of(
    tmp_path: Path, main: bytes | None, opening: Callable[[Path], object]
) -> None:
    with quick_folder() as record, open_ledger(record) as ledger:
        plan(ledger, person(2, "ann"))
        shutil.copy(record / LOG, tmp_path / LOG)
    log = (tmp_path / LOG).read_bytes()
    if main is not None:
        (tmp_path / FILE).write_bytes(main)

    with pytest.raises(LedgerError, match="Restore both from a backup"):
        opening(tmp_path / FILE)

    assert (tmp_path / LOG).read_bytes() == log


def test_what_a_folder_that_cannot_be_written_has_left_is_no_record_either(left: Path) -> None:
    left.chmod(0o500)
    try:
        assert not has_ledger(left)
    finally:
        left.chmod(0o700)


def test_a_database_that_was_never_ours_is_not_taken_for_one_in_the_making(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("CREATE TABLE bookmark (url TEXT)")

    with pytest.raises(LedgerError, match="this is no record of sendbatch"):
        has_ledger(tmp_path)
