"""A ledger that is gone, or is not whole, where something shows what there was."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.sqlite.access import TRACES
from sendbatch.ledger.sqlite.record import FILE, open_ledger, read_ledger
from sendbatch.values import Status
from tests.kit.people import bring, person, plan

REPORT = "row,key,email,status\n2,a,a@x.de,accepted\n3,b,b@x.de,pending\n4,c,c@x.de,in_doubt\n"


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    made = RecordFolder(tmp_path / "reports", "news")
    made.make()
    return made


def refused(folder: RecordFolder) -> str:
    with pytest.raises(LedgerError) as caught:
        folder.begin()
    assert not (folder.path / FILE).exists() or not (folder.path / FILE).stat().st_size
    return str(caught.value)


@pytest.mark.parametrize("trace", TRACES)
def test_whatever_a_record_leaves_shows_that_there_was_one(
    folder: RecordFolder, trace: str
) -> None:
    (folder.path / trace).write_text("")
    said = refused(folder)
    assert f"is gone, and {trace} shows that there was one" in said
    assert "Restore it from a backup" in said
    assert "rm -r " in said
    assert "everyone in the CSV is mailed then, also those who have the mail" in said


def test_how_many_would_be_mailed_again_stands_in_the_report(folder: RecordFolder) -> None:
    (folder.path / "report.csv").write_text(REPORT)
    assert "also the 2 of whom report.csv says that they have it or may have it" in refused(folder)


def test_a_report_that_is_none_says_nothing_of_how_many(folder: RecordFolder) -> None:
    for content in (b"\xff\0\n" * 9, b'"' * 200_000, b""):
        (folder.path / "report.csv").write_bytes(content)
        assert "how many, nothing here says" in refused(folder)
    (folder.path / "report.csv").unlink()
    os.mkfifo(folder.path / "report.csv")
    assert "how many, nothing here says" in refused(folder)


def test_what_is_no_trace_of_a_record_refuses_nothing(folder: RecordFolder) -> None:
    for name in ("preview", "outbox"):
        (folder.path / name).mkdir()
    folder.begin()
    assert (folder.path / FILE).stat().st_size == 0


def test_a_run_that_was_cut_off_before_its_plan_begins_again(folder: RecordFolder) -> None:
    folder.begin()
    for name in ("lock", "lock.json", f"{FILE}-wal"):
        (folder.path / name).write_text("")
    folder.begin()
    with open_ledger(folder.path):
        pass
    folder.begin()


def test_a_ledger_without_a_plan_beside_a_report_is_none(folder: RecordFolder) -> None:
    (folder.path / "report.csv").write_text(REPORT)
    (folder.path / FILE).touch()
    assert "is empty, and report.csv shows" in refused(folder)
    with open_ledger(folder.path):
        pass
    assert folder.lost() is not None
    with open_ledger(folder.path) as ledger:
        plan(ledger, person(2, "ann"))
    assert folder.lost() is None


def test_a_record_of_mail_that_is_kept_may_go(tmp_path: Path) -> None:
    kept = RecordFolder(tmp_path, "news", profile="sandbox")
    kept.make()
    (kept.path / "report.csv").write_text(REPORT)
    kept.begin()


def test_an_edition_whose_record_is_gone_is_still_one(tmp_path: Path) -> None:
    for name in ("news@1", "news@2.sandbox"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.csv").write_text(REPORT)
    assert RecordFolder(tmp_path, "news").editions() == ["1"]
    assert RecordFolder(tmp_path, "news", profile="sandbox").editions() == []


# -- the log of a run that was cut off --------------------------------------------------------

SENDING = """
import os, signal, sys
from pathlib import Path
from sendbatch.ledger.sqlite.record import open_ledger
from tests.kit.people import bring, person, plan
from sendbatch.values import Status
with open_ledger(Path(sys.argv[1])) as ledger:
    plan(ledger, *(person(line, f"p{line}") for line in range(2, 202)))
    with ledger.draft() as draft:
        draft.merge(1.0)
    for line in range(2, 2 + int(sys.argv[2])):
        bring(ledger, f"p{line}", Status.ACCEPTED)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=[0, 1, 101])
def killed(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A record of 200, whose first run was killed after so many."""
    folder = tmp_path / "killed"
    folder.mkdir()
    words = [sys.executable, "-c", SENDING, str(folder), str(request.param)]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    return folder


def copied(folder: Path, *names: str) -> Path:
    other = folder.with_name("copy")
    other.mkdir()
    for name in names:
        shutil.copy(folder / name, other)
    return other


def test_after_a_kill_the_record_goes_on(killed: Path) -> None:
    for _ in range(2):
        with open_ledger(killed) as ledger:
            assert sum(ledger.reading.totals().values()) == 200
    assert not (killed / f"{FILE}-wal").exists()


def test_a_copy_with_its_log_goes_on(killed: Path) -> None:
    with open_ledger(copied(killed, FILE, f"{FILE}-wal")) as ledger:
        assert sum(ledger.reading.totals().values()) == 200


def test_a_copy_without_its_log_has_the_plan_and_is_refused_saying_how_many(killed: Path) -> None:
    copy = copied(killed, FILE)
    with read_ledger(copy) as ledger:  # which leaves an empty log
        assert ledger.reading.totals() == {Status.PENDING: 200}
    for _ in range(2):
        with pytest.raises(LedgerError) as caught, open_ledger(copy):
            pass
        said = str(caught.value)
        assert f"the run's log ({FILE}-wal) is not beside it" in said
        assert "200 of 200 are not known to have the mail" in said
        assert "--without-log goes on and mails those 200" in said


def test_without_its_log_it_goes_on_by_a_persons_word_once_and_for_all(killed: Path) -> None:
    copy = copied(killed, FILE)
    with open_ledger(copy, without_log=True) as ledger:
        bring(ledger, "p2", Status.ACCEPTED)
    with open_ledger(copy):
        pass


def test_a_run_that_ends_takes_the_mark_away_and_leaves_no_log(tmp_path: Path) -> None:
    folder = tmp_path / "ended"
    folder.mkdir()
    with open_ledger(folder) as ledger:
        plan(ledger, person(2, "ann"))
        with ledger.draft() as draft:
            draft.merge(1.0)
        bring(ledger, "ann", Status.ACCEPTED)
    assert [path.name for path in folder.iterdir()] == [FILE]
    with open_ledger(copied(folder, FILE)) as ledger:
        assert ledger.reading.totals() == {Status.ACCEPTED: 1}


def test_a_copy_in_which_nobody_is_left_needs_no_log(tmp_path: Path) -> None:
    folder = tmp_path / "done"
    folder.mkdir()
    with open_ledger(folder) as ledger:
        plan(ledger, person(2, "ann"))
        bring(ledger, "ann", Status.ACCEPTED)
        with ledger.draft() as draft:
            draft.merge(1.0)
        copy = copied(folder, FILE)
    with open_ledger(copy) as ledger:
        assert ledger.reading.totals() == {Status.ACCEPTED: 1}


def test_where_no_file_may_grow_any_more_the_mark_goes_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with open_ledger(folder) as ledger:
            plan(ledger, *(person(line, f"p{line}") for line in range(2, 12)))
            with ledger.draft() as draft:
                draft.merge(1.0)
            for line in range(2, 11):
                bring(ledger, f"p{line}", Status.ACCEPTED)
            log = (folder / f"{FILE}-wal").stat().st_size
            assert log > (folder / FILE).stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (log, most))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert not (folder / f"{FILE}-wal").exists()
    with open_ledger(folder) as ledger:
        assert ledger.reading.totals() == {Status.ACCEPTED: 9, Status.PENDING: 1}
