"""Copies of a record to plan on: gone in the end, cleared after a kill, and a full disk is told of."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError, RecordStopped
from sendbatch.ledger.facts import Noted
from sendbatch.ledger.sqlite import schema
from sendbatch.ledger.sqlite.record import open_ledger, open_scratch
from sendbatch.ledger.sqlite.scratch import PREFIX, clear_left_over, scratch_folder
from tests.kit.people import clock, person, plan

KEEP_ONE = """
import sys, tempfile, time
from pathlib import Path
from sendbatch.ledger.sqlite.scratch import scratch_folder
tempfile.tempdir = sys.argv[1]
with scratch_folder() as folder:
    (folder / "ledger.sqlite").write_text("addresses")
    print(folder, flush=True)
    sys.stdin.read()
"""
COPY = """
import sys, tempfile, time
from pathlib import Path
from sendbatch.errors import SendbatchError
from sendbatch.ledger.facts import Noted
from sendbatch.ledger.sqlite.record import open_scratch
tempfile.tempdir = sys.argv[1]
try:
    with open_scratch(Path(sys.argv[2])) as ledger:
        ledger.backlog(time.time).apply([Noted("slowdown", "x" * 1000, 1.0)] * 3000)
except SendbatchError as error:
    print(error.exit_code, error)
"""


@pytest.fixture
def scratches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files are made."""
    folder = tmp_path / "scratches"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def another_process(scratches: Path) -> subprocess.Popen[str]:
    """One that has a copy in use."""
    process = subprocess.Popen(
        [sys.executable, "-c", KEEP_ONE, str(scratches)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert Path(process.stdout.readline().strip()).is_dir()
    return process


def test_what_a_killed_process_left_is_cleared_by_the_next_call(scratches: Path) -> None:
    with another_process(scratches) as process:
        process.kill()
        process.wait()
    assert len(list(scratches.glob(f"{PREFIX}*/ledger.sqlite"))) == 1

    with scratch_folder() as folder:
        assert list(scratches.iterdir()) == [folder]


def test_a_copy_in_use_is_left_alone(scratches: Path) -> None:
    with another_process(scratches) as process:
        (theirs,) = scratches.iterdir()
        with scratch_folder() as ours:
            assert {theirs, ours} == set(scratches.iterdir())
        assert (theirs / "ledger.sqlite").exists()
        process.communicate("")

    assert list(scratches.iterdir()) == []


def test_two_copies_of_one_process_are_both_left_alone(scratches: Path) -> None:
    with scratch_folder() as one, scratch_folder() as other:
        clear_left_over()
        assert {one, other} == set(scratches.iterdir())


def test_what_only_looks_like_a_copy_is_left_alone(scratches: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (scratches / f"{PREFIX}link").symlink_to(tmp_path / "precious")
    (scratches / f"{PREFIX}file").touch()
    (scratches / "sendbatch-error.log").touch()

    clear_left_over()

    assert (tmp_path / "precious" / "file").exists()
    assert len(list(scratches.iterdir())) == 3


def test_a_link_in_a_copy_left_over_is_removed_and_not_followed(
    scratches: Path, tmp_path: Path
) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    left = scratches / f"{PREFIX}left"
    left.mkdir()
    (left / "link").symlink_to(tmp_path / "precious")

    clear_left_over()

    assert not left.exists()
    assert (tmp_path / "precious" / "file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_another_users_copy_is_left_alone(scratches: Path) -> None:
    theirs = scratches / f"{PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)

    clear_left_over()

    assert theirs.is_dir()


def limited(size: int, scratches: Path, record: Path) -> str:
    """What is said where no file may have more bytes than this, as on a disk without room."""
    done = subprocess.run(
        [sys.executable, "-c", COPY, str(scratches), str(record)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    return done.stdout


@pytest.mark.parametrize("size", [50_000, 1_000_000])  # for the copy; for what is written to it
def test_a_full_folder_for_temporary_files_is_named_with_what_to_do(
    scratches: Path, tmp_path: Path, size: int
) -> None:
    record = tmp_path / "record"
    record.mkdir()
    with open_ledger(record) as ledger:
        plan(ledger, *(person(line, f"p{line}") for line in range(2, 2000)))

    said = limited(size, scratches, record)

    assert said.startswith(f"2 error: {scratches}: the folder for temporary files has no room")
    assert "set TMPDIR" in said
    assert "backup" not in said
    assert list(scratches.iterdir()) == []


def test_without_a_folder_for_temporary_files_the_copy_is_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    record = tmp_path / "record"
    record.mkdir()
    with open_ledger(record) as ledger:
        plan(ledger, person(2, "ada"))

    with open_scratch(record) as copy:
        assert [one.key for one in copy.reading.holders()] == ["ada"]
        plan(copy, person(2, "ada"), person(3, "bob"))

    with open_ledger(record) as ledger:
        assert [one.key for one in ledger.reading.holders()] == ["ada"]


def test_a_copy_in_memory_is_bounded_and_the_variable_that_names_a_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    monkeypatch.setattr(schema, "MOST_IN_MEMORY", 64)
    with pytest.raises(LedgerError, match="set TMPDIR"):
        filled(tmp_path)


def filled(record: Path) -> None:
    with open_scratch(record) as ledger:
        ledger.backlog(clock).apply([Noted("slowdown", "x" * 1000, 1.0)] * 1000)


def test_a_record_that_stopped_for_another_reason_is_told_of_as_it_is() -> None:
    with pytest.raises(RecordStopped, match="the folder was renamed"), scratch_folder():
        raise RecordStopped("the folder was renamed")
