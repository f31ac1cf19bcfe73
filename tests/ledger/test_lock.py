"""One sender at a time, across processes, however the holder ends."""

from __future__ import annotations

import contextlib
import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError, LockedError
from sendbatch.ledger.facts import Work
from sendbatch.ledger.sqlite.lock import HOLDER, LOCK, hold, is_held
from tests.kit.local_time import local_time

HOLD = """
import sys
from pathlib import Path
from sendbatch.ledger.sqlite.lock import hold
with hold(Path(sys.argv[1]), since="09:15", holder="jo@mailbox"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def another_sender(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def held(folder: Path) -> contextlib.AbstractContextManager[None]:
    return hold(folder, since="10:00", holder="me@here")


def test_while_one_process_sends_another_is_told_who_does_and_since_when(tmp_path: Path) -> None:
    with another_sender(tmp_path) as process:
        assert is_held(tmp_path)
        with pytest.raises(LockedError) as caught, held(tmp_path):
            pass

    said = str(caught.value)
    assert "this campaign is being sent by another process" in said
    assert f"(process {process.pid}, jo@mailbox, since 09:15)" in said
    assert "sendbatch status" in said
    assert caught.value.exit_code == 5


def test_since_when_is_told_in_local_time_and_kept_in_utc(tmp_path: Path) -> None:
    since = "2026-11-27 12:06:28 UTC"
    with (
        local_time("CET-1CEST,M3.5.0,M10.5.0/3"),
        hold(tmp_path, since=since, holder="me@here"),
        pytest.raises(LockedError, match=r"since 2026-11-27 13:06:28 CET\)"),
        held(tmp_path),
    ):
        pass
    with hold(tmp_path, since=since, holder="me@here"):
        assert json.loads((tmp_path / HOLDER).read_text())["since"] == since


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    with another_sender(tmp_path) as process:
        process.kill()
        process.wait()

        assert (tmp_path / HOLDER).exists()
        assert not is_held(tmp_path)
        with held(tmp_path):
            assert json.loads((tmp_path / HOLDER).read_text())["holder"] == "me@here"


def test_a_lock_let_go_can_be_taken_again_and_leaves_no_label(tmp_path: Path) -> None:
    for _ in range(2):
        with held(tmp_path):
            assert is_held(tmp_path)
        assert not is_held(tmp_path)
        assert not (tmp_path / HOLDER).exists()


def test_a_lock_is_let_go_when_the_work_fails(tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), held(tmp_path):
        raise KeyboardInterrupt

    assert not is_held(tmp_path)


def test_one_process_does_not_get_the_lock_twice(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(LockedError), held(tmp_path):
        pass


def test_two_records_are_held_at_once(tmp_path: Path) -> None:
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()

    with held(folders[0]), held(folders[1]):
        assert all(is_held(folder) for folder in folders)


def test_what_was_never_locked_is_not_held_and_looking_leaves_nothing(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    assert not is_held(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", ["", "no JSON", "[]", "null", '{"pid": 1}', b"\xff\xfe"])
def test_a_holder_without_a_readable_label_is_still_a_holder(
    tmp_path: Path, label: str | bytes
) -> None:
    with another_sender(tmp_path):
        (tmp_path / HOLDER).write_bytes(label if isinstance(label, bytes) else label.encode())

        with pytest.raises(LockedError, match="by another process\n") as caught, held(tmp_path):
            pass

    assert "since" not in str(caught.value)


def test_a_hostile_label_cannot_drive_the_terminal(tmp_path: Path) -> None:
    told = {"pid": "\x1b[2J", "holder": "x" * 5000, "since": "\x07"}
    with another_sender(tmp_path):
        (tmp_path / HOLDER).write_text(json.dumps(told))

        with pytest.raises(LockedError) as caught, held(tmp_path):
            pass

    said = str(caught.value)
    assert "\x1b" not in said
    assert "\x07" not in said
    assert len(said) < 500


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    with held(tmp_path):
        for name in (LOCK, HOLDER):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_label_that_cannot_be_written_is_no_reason_not_to_send(tmp_path: Path) -> None:
    (tmp_path / HOLDER).mkdir()

    with held(tmp_path):
        assert is_held(tmp_path)


def test_a_folder_that_cannot_be_locked_is_told_of(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()

    with pytest.raises(LedgerError, match="cannot be locked: Is a directory"), held(tmp_path):
        pass


def test_who_comes_beside_a_resolve_is_told_that_it_is_one(tmp_path: Path) -> None:
    with (
        hold(tmp_path, since="10:00", holder="me@here", work=Work.RESOLVE),
        pytest.raises(LockedError, match=r"sendbatch resolve is at work .*since 10:00\); nothing was sent"),
        held(tmp_path),
    ):
        pass
    with (
        held(tmp_path),
        pytest.raises(LockedError, match="is being sent by another process"),
        hold(tmp_path, since="10:00", holder="me@here", work=Work.RESOLVE),
    ):
        pass
