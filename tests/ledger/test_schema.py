"""The file itself: made once, refused where it cannot be trusted, and copied without a trace."""

from __future__ import annotations

import sqlite3
import stat
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError, RecordStopped
from sendbatch.ledger.facts import Noted
from sendbatch.ledger.sqlite.record import (
    FILE,
    Ledger,
    has_ledger,
    open_ledger,
    open_scratch,
    read_ledger,
)
from sendbatch.ledger.sqlite.schema import open_for_writing, refuse_network
from sendbatch.ledger.sqlite.sql import note, transaction
from sendbatch.values import Status
from tests.kit.people import bring, entries, person, plan, statuses
from tests.kit.selecting import sending

Open = Callable[[Path], AbstractContextManager[Ledger]]
WAYS = [open_ledger, read_ledger, open_scratch]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A folder with the record of 500 people, one of them accepted."""
    with open_ledger(tmp_path) as ledger:
        plan(ledger, *(person(line, f"p{line}") for line in range(2, 502)))
        bring(ledger, "p2", Status.ACCEPTED)
    return tmp_path


def refusal(opening: Open, folder: Path) -> str:
    with pytest.raises(LedgerError) as caught, opening(folder) as ledger:
        entries(ledger)
    return str(caught.value)


# -- made once --------------------------------------------------------------------------------


def test_a_record_is_made_where_there_is_none_and_kept_where_there_is(tmp_path: Path) -> None:
    assert not has_ledger(tmp_path)
    with open_ledger(tmp_path) as ledger:
        plan(ledger, person(2, "ann"))
    assert has_ledger(tmp_path)

    with open_ledger(tmp_path) as ledger:
        assert statuses(ledger) == [("ann", Status.PENDING)]


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        plan(ledger, person(2, "ann"))
        files = list(tmp_path.iterdir())

        assert {file.name for file in files} >= {FILE, f"{FILE}-wal"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_power_cut_loses_nothing_for_every_commit_is_synchronised(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path / FILE)) as connection:
        told = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "fullfsync")
        ]

    assert told == ["wal", 2, 1]


def test_a_file_left_empty_by_a_crash_while_it_was_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()

    with open_ledger(tmp_path) as ledger:
        plan(ledger, person(2, "ann"))


def test_a_record_is_read_while_it_is_written(recorded: Path) -> None:
    with (
        open_ledger(recorded) as writer,
        transaction(writer._connection),
        read_ledger(recorded) as reader,
    ):
        note(writer._connection, "slowdown", "half the rate", 1.0)
        assert reader.reading.totals() == {Status.ACCEPTED: 1, Status.PENDING: 499}
        assert reader.reading.events() == []


def test_a_reader_cannot_change_the_record(recorded: Path) -> None:
    before = (recorded / FILE).read_bytes()

    with (
        read_ledger(recorded) as ledger,
        pytest.raises(RecordStopped, match="can no longer be written"),
    ):
        sending(ledger).apply([Noted("slowdown", "half the rate", 1.0)])

    assert (recorded / FILE).read_bytes() == before


# -- refused ----------------------------------------------------------------------------------


def test_there_is_nothing_to_read_where_there_is_no_record(tmp_path: Path) -> None:
    assert "the record cannot be read" in refusal(read_ledger, tmp_path)
    assert not has_ledger(tmp_path)


@pytest.mark.parametrize("opening", WAYS)
def test_a_record_of_a_newer_sendbatch_is_refused(recorded: Path, opening: Open) -> None:
    with closing(sqlite3.connect(recorded / FILE)) as connection:
        connection.execute("PRAGMA user_version=99")

    said = refusal(opening, recorded)

    assert "written by a newer sendbatch (its format is 99, this one reads 4)" in said
    assert "upgrade sendbatch" in said


@pytest.mark.parametrize("opening", WAYS)
@pytest.mark.parametrize("version", [0, 1, 7])
def test_a_database_of_something_else_is_refused_and_stays_as_it_is(
    tmp_path: Path, opening: Open, version: int
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("CREATE TABLE bookmark (url TEXT)")
        connection.execute(f"PRAGMA user_version={version}")
        connection.commit()
    before = (tmp_path / FILE).read_bytes()

    said = refusal(opening, tmp_path)

    assert "this is no record of sendbatch" in said
    assert "a new one knows nobody" in said
    assert "--record" not in said
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("opening", WAYS)
def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(
    tmp_path: Path, opening: Open
) -> None:
    (tmp_path / FILE).write_text("Dear diary, " * 500)

    said = refusal(opening, tmp_path)

    assert "the record cannot be read: file is not a database; nothing was sent" in said
    assert (tmp_path / FILE).read_text() == "Dear diary, " * 500


@pytest.mark.parametrize("opening", WAYS)
@pytest.mark.parametrize("left", [100, 4096, 5000, 40_000])
def test_a_record_that_was_cut_short_is_refused(recorded: Path, opening: Open, left: int) -> None:
    file = recorded / FILE
    assert file.stat().st_size > left
    file.write_bytes(file.read_bytes()[:left])

    said = refusal(opening, recorded)

    assert "the record cannot be read" in said
    assert "Restore the file from a backup: starting without it would mail everyone again" in said


@pytest.mark.parametrize("opening", WAYS)
def test_a_record_with_nonsense_in_its_middle_is_told_of_in_words(
    recorded: Path, opening: Open
) -> None:
    file = recorded / FILE
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    file.write_bytes(content)

    assert "the record cannot be read: " in refusal(opening, recorded)


@pytest.mark.parametrize("opening", WAYS)
def test_a_folder_in_the_place_of_the_record_is_refused(tmp_path: Path, opening: Open) -> None:
    (tmp_path / FILE).mkdir()

    assert "the record cannot be" in refusal(opening, tmp_path)


def test_a_record_whose_folder_is_not_there_is_refused(tmp_path: Path) -> None:
    said = refusal(open_ledger, tmp_path / "nowhere")

    assert "the record cannot be opened: No such file or directory" in said


@pytest.mark.parametrize("name", ["a folder", "50% off?", "a#b", "späti"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with open_ledger(folder) as ledger:
        plan(ledger, person(2, "ann"))

    with read_ledger(folder) as ledger:
        assert statuses(ledger) == [("ann", Status.PENDING)]


# -- network file systems ---------------------------------------------------------------------


def mounted(tmp_path: Path, *lines: str) -> Path:
    table = tmp_path / "mounts"
    table.write_text("\n".join(["/dev/sda1 / ext4 rw 0 0", *lines, "short"]) + "\n")
    return table


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "smb3"])
def test_a_record_on_a_network_file_system_is_refused(tmp_path: Path, kind: str) -> None:
    table = mounted(tmp_path, f"server:/x {tmp_path} {kind} rw 0 0")

    with pytest.raises(LedgerError) as caught:
        refuse_network(tmp_path / "reports" / "news", table)

    assert f"on a network file system ({kind})" in str(caught.value)
    assert "put it on a local disk: --record DIR" in str(caught.value)


def test_a_local_disk_is_fine_and_so_is_one_mounted_below_the_network(tmp_path: Path) -> None:
    share = f"server:/x {tmp_path} nfs4 rw 0 0"
    refuse_network(tmp_path, mounted(tmp_path))
    refuse_network(
        tmp_path / "local" / "news",
        mounted(tmp_path, share, f"/dev/sdb1 {tmp_path}/local ext4 rw 0 0"),
    )
    refuse_network(tmp_path.with_name(tmp_path.name + "-2"), mounted(tmp_path, share))


def test_what_was_mounted_last_over_the_same_place_decides(tmp_path: Path) -> None:
    kinds = [f"x {tmp_path} {kind} rw 0 0" for kind in ("ext4", "nfs4")]

    refuse_network(tmp_path, mounted(tmp_path, *reversed(kinds)))
    with pytest.raises(LedgerError, match="nfs4"):
        refuse_network(tmp_path, mounted(tmp_path, *kinds))


def test_a_mount_with_a_space_in_its_name_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "my share"
    folder.mkdir()
    table = mounted(tmp_path, f"x {tmp_path}/my\\040share cifs rw 0 0")

    with pytest.raises(LedgerError, match="cifs"):
        refuse_network(folder, table)


def test_a_system_without_a_table_of_mounts_is_trusted(tmp_path: Path) -> None:
    refuse_network(tmp_path, tmp_path / "nowhere")


# -- a copy to look at ------------------------------------------------------------------------


@pytest.fixture
def scratches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files are made."""
    folder = tmp_path_factory.mktemp("scratches")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name == FILE}


def test_a_plan_made_on_a_copy_does_not_change_the_record(recorded: Path, scratches: Path) -> None:
    before = snapshot(recorded)

    with open_scratch(recorded) as ledger:
        assert ledger.reading.totals() == {Status.ACCEPTED: 1, Status.PENDING: 499}
        plan(ledger, person(2, "p2"), person(3, "eve"))
        assert statuses(ledger) == [("p2", Status.ACCEPTED), ("eve", Status.PENDING)]
        for file in scratches.rglob("*"):
            assert stat.S_IMODE(file.stat().st_mode) in (0o600, 0o700)

    assert snapshot(recorded) == before
    with read_ledger(recorded) as ledger:
        assert ledger.reading.totals() == {Status.ACCEPTED: 1, Status.PENDING: 499}


def test_a_copy_has_what_is_not_yet_in_the_main_file(recorded: Path) -> None:
    with open_ledger(recorded) as writer:
        bring(writer, "p3", Status.ACCEPTED)

        with open_scratch(recorded) as ledger:
            assert ledger.reading.totals()[Status.ACCEPTED] == 2


def test_where_there_is_no_record_the_copy_is_empty_and_none_is_made(
    tmp_path: Path, scratches: Path
) -> None:
    with open_scratch(tmp_path / "nowhere") as ledger:
        plan(ledger, person(2, "ann"))

    assert list(tmp_path.iterdir()) == []
    assert list(scratches.iterdir()) == []


def test_nothing_is_left_of_a_copy_however_the_work_ends(recorded: Path, scratches: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_scratch(recorded):
        raise KeyboardInterrupt
    (recorded / FILE).write_text("broken")
    refusal(open_scratch, recorded)

    assert list(scratches.iterdir()) == []
