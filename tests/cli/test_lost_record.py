"""A record that is gone, or was copied without its log, mails nobody twice in silence."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.command import Desk, ended
from tests.kit.mailhost import MailHost

pytestmark = pytest.mark.thorough

LOOKING = [("plan", "spring.yaml"), ("run", "spring.yaml", "--dry-run"), ("check", "spring.yaml")]


@pytest.fixture
def sent(desk: Desk, mailhost: MailHost) -> Path:
    """The folder of a record of three who have the mail."""
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    return desk.record("spring")


@pytest.fixture
def killed(desk: Desk, mailhost: MailHost) -> Path:
    """The folder of a record of 60, whose first run was killed after ten."""
    desk.people(60)
    mailhost.take_over(desk)
    mailhost.hold_after = 10
    run = desk.start("run", "spring.yaml", "--yes")
    mailhost.until_holding()
    run.send_signal(signal.SIGKILL)
    assert ended(run).code == -signal.SIGKILL
    mailhost.go.set()
    return desk.record("spring")


def test_a_clean_up_that_took_the_ledger_sends_nothing(
    desk: Desk, mailhost: MailHost, sent: Path
) -> None:
    (sent / "ledger.sqlite").unlink()
    for _ in range(2):
        told = desk.run("run", "spring.yaml", "--yes")
        assert told.code == 2
        assert "report.csv, report.json, report.html, lock show that there was one" in told.err
        assert "also the 3 of whom report.csv says" in told.err
    for verb in (("status",), ("report",), ("resolve", "ada@example.com", "--as", "accepted")):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 2
        assert "is gone" in told.err
    for words in LOOKING:
        assert "a run would be refused" in desk.run(*words).said
    assert len(mailhost.receivers) == 3


def test_what_the_refusal_says_to_do_is_a_new_record(
    desk: Desk, mailhost: MailHost, sent: Path
) -> None:
    (sent / "ledger.sqlite").unlink()
    said = desk.run("run", "spring.yaml", "--yes").err
    todo = said.partition("remove the folder (")[2].partition(")")[0]
    subprocess.run(todo, shell=True, cwd=desk.folder, check=True)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert len(mailhost.receivers) == 6


def test_what_was_refused_or_declined_leaves_nothing_that_refuses_the_next(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml").code == 4  # nobody is there to ask
    assert desk.run("run", "spring.yaml", "--yes", "--expect", "9").code == 4
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert len(mailhost.receivers) == 3


def test_after_a_kill_the_whole_folder_goes_on_wherever_it_is_put(
    desk: Desk, mailhost: MailHost, killed: Path
) -> None:
    other = desk.folder / "restored" / "spring"
    shutil.copytree(killed, other)
    shutil.rmtree(killed)
    assert desk.run("run", "spring.yaml", "--yes", "--record", other.parent).code == 1  # in doubt
    assert max(Counter(mailhost.receivers).values()) == 1


def test_after_a_kill_the_file_alone_sends_nothing_and_offers_a_way_with_numbers(
    desk: Desk, mailhost: MailHost, killed: Path
) -> None:
    backup = (killed / "ledger.sqlite").read_bytes()
    shutil.rmtree(killed)
    killed.mkdir()
    (killed / "ledger.sqlite").write_bytes(backup)
    sent = len(mailhost.receivers)
    said = desk.run("status", "spring.yaml")
    assert "the run's log (ledger.sqlite-wal) is not beside it" in said.err
    assert "a run would be refused" in desk.run("plan", "spring.yaml").said
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 2
    assert "60 of 60 are not known to have the mail" in told.err
    resolved = desk.run("resolve", "spring.yaml", "p1@example.com", "--as", "accepted")
    assert resolved.code == 2
    assert len(mailhost.receivers) == sent
    assert desk.run("run", "spring.yaml", "--yes", "--without-log").code == 0
    assert len(mailhost.receivers) == sent + 60


def test_a_record_that_was_looked_at_or_resolved_after_a_kill_is_whole(
    desk: Desk, mailhost: MailHost, killed: Path
) -> None:
    assert desk.run("status", "spring.yaml").code == 3
    doubtful = next(key for key, status in desk.statuses().items() if status == "in_doubt")
    assert desk.run("resolve", "spring.yaml", doubtful, "--as", "accepted").code == 0
    assert not (killed / "ledger.sqlite-wal").exists()
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert max(Counter(mailhost.receivers).values()) == 1


def test_a_record_whose_log_another_program_took_in_after_a_kill_is_whole(
    desk: Desk, mailhost: MailHost, killed: Path
) -> None:
    with closing(sqlite3.connect(killed / "ledger.sqlite")) as browser:
        browser.execute("SELECT count(*) FROM delivery").fetchone()
    assert not (killed / "ledger.sqlite-wal").exists()
    for words in (("status", "spring.yaml"), *LOOKING):
        said = desk.run(*words).said
        assert "is not beside it" not in said
        assert "a run would be refused" not in said
    assert desk.run("run", "spring.yaml", "--yes").code == 1  # in doubt
    assert max(Counter(mailhost.receivers).values()) == 1
    assert len(mailhost.receivers) >= 59


def test_a_file_that_was_copied_in_a_run_is_refused_also_where_the_lock_still_stands(
    desk: Desk, mailhost: MailHost, killed: Path
) -> None:
    backup = (
        killed / "ledger.sqlite"
    ).read_bytes()  # the plan is in it, and nobody who was sent to
    with closing(sqlite3.connect(killed / "ledger.sqlite")) as browser:
        browser.execute("SELECT count(*) FROM delivery").fetchone()
    (killed / "ledger.sqlite").write_bytes(backup)
    sent = len(mailhost.receivers)
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 2
    assert "60 of 60 are not known to have the mail" in told.err
    assert desk.run("run", "spring.yaml", "--yes").code == 2
    assert len(mailhost.receivers) == sent


def test_a_backup_put_back_that_is_older_than_the_lock_mails_nobody_in_silence(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml", "--yes", "--limit", "1").code == 0
    ledger = desk.record("spring") / "ledger.sqlite"
    backup = ledger.read_bytes()
    assert desk.run("run", "spring.yaml", "--yes", "--limit", "1").code == 0
    ledger.write_bytes(backup)
    for _ in range(2):
        told = desk.run("run", "spring.yaml", "--yes")
        assert told.code == 2
        assert "older than what was last done" in told.err
        assert "2 of 3 are not known to have the mail" in told.err
        assert "older than what was last done" in desk.run("status", "spring.yaml").err
        assert "a run would be refused" in desk.run("plan", "spring.yaml").said
    assert desk.run("resolve", "spring.yaml", "ada@example.com", "--as", "accepted").code == 2
    assert len(mailhost.receivers) == 2
    assert desk.run("run", "spring.yaml", "--yes", "--without-log").code == 0
    assert len(mailhost.receivers) == 4
    assert desk.run("run", "spring.yaml", "--yes").code == 0  # nothing to send
