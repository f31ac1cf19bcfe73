"""`run --workers N` and `--join` over a real database: one run by several processes, told of in one line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.kit.command import Desk, ended
from tests.kit.mailhost import MailHost
from tests.kit.postgres import Database
from tests.kit.waiting import is_gone, until

# Until a child has begun with its own program it has the words of its parent, which does not join.
WORKER = re.compile(r"-m\0sendbatch\0run\0spring\.yaml\0.*--join\0")


@pytest.fixture
def shared(desk: Desk, mailhost: MailHost, database: Database) -> Desk:
    """A campaign through a server that delivers, whose record is in a database."""
    profiles = mailhost.profiles.replace("connections: 1", "connections: 4")
    desk.write("profiles.yaml", f'project: shop\nrecord: "${{DATABASE_URL}}"\n{profiles}')
    desk.campaign(("smtp: sandbox", "smtp: live"))
    desk.environ |= {"DATABASE_URL": database.url, "SENDBATCH_LEASE": "2"}
    return desk


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """The runners that it has started, and none of what builds messages."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(one) for one in found if WORKER.search(Path(f"/proc/{one}/cmdline").read_text())]


@pytest.mark.thorough
def test_several_send_one_run_and_nobody_gets_two(
    shared: Desk, mailhost: MailHost, database: Database
) -> None:
    shared.people(120)
    password = database.url.split(":")[2].partition("@")[0]
    running = shared.start("run", "spring.yaml", "--yes", "--workers", "3", "--rate", "30/s")
    until(lambda: len(children_of(running)) == 2, "two more were started")
    lines = [Path(f"/proc/{one}/cmdline").read_text() for one in children_of(running)]
    told = ended(running).ended(0)
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 120
    assert "all 120 accepted" in told.err
    assert told.err.count("all 120 accepted") == 1
    assert not any(password in line for line in (*lines, told.said))
    assert (shared.record("spring") / "report.csv").read_text().count("accepted") == 120


@pytest.mark.thorough
def test_one_that_is_killed_is_told_of_and_the_others_take_over(
    shared: Desk, mailhost: MailHost
) -> None:
    shared.people(120)
    running = shared.start("run", "spring.yaml", "--yes", "--workers", "2", "--rate", "20/s")
    until(lambda: len(children_of(running)) == 1, "one more was started")
    (other,) = children_of(running)
    os.kill(other, signal.SIGKILL)
    told = ended(running)
    assert told.code == 3
    assert "runner 2: ended by SIGKILL: the others take over what it left" in told.err
    assert len(mailhost.receivers) == len(set(mailhost.receivers))
    assert len(mailhost.receivers) >= 116  # who was on a connection of its own is in doubt


@pytest.mark.thorough
def test_with_the_first_all_end(shared: Desk, mailhost: MailHost) -> None:
    shared.people(400)
    running = shared.start("run", "spring.yaml", "--yes", "--workers", "3", "--rate", "5/s")
    until(lambda: len(children_of(running)) == 2, "two more were started")
    others = children_of(running)
    running.send_signal(signal.SIGINT)
    told = ended(running).ended(3)
    assert "stopped early: Ctrl-C" in told.err
    assert all(map(is_gone, others))

    running = shared.start("run", "spring.yaml", "--yes", "--workers", "3", "--rate", "5/s")
    until(lambda: len(children_of(running)) == 2, "two more were started")
    others = children_of(running)
    running.kill()
    running.communicate()
    until(lambda: all(map(is_gone, others)), "none is left behind")


@pytest.mark.thorough
def test_stop_ends_all_of_them_and_status_tells_of_each(
    shared: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("SENDBATCH_LEASE", "2")
    shared.people(400)
    first = shared.start("run", "spring.yaml", "--yes", "--join", "--rate", "5/s")
    until(lambda: len(mailhost.mails) > 0, "somebody has the mail")
    refused = shared.run("run", "spring.yaml", "--yes").ended(5)
    assert "--join helps it to send" in refused.err
    other = shared.run("run", "spring.yaml", "--yes", "--join", "--rate", "6/s").ended(4)
    assert "rate: 5 in 1.0 s there, and 6 in 1.0 s here" in other.err
    joined = shared.start("run", "spring.yaml", "--yes", "--join", "--rate", "5/s")
    until(lambda: "2 runners" in shared.run("status", "spring.yaml").out, "both are told of")
    told = shared.run("stop", "spring.yaml").ended(0)
    assert "2 runners are asked to end" in told.err
    assert "all 2 have ended" in told.err
    assert "sendbatch stop, on " in ended(first).ended(3).err
    assert "sendbatch stop, on " in ended(joined).ended(3).err
    assert "nothing to stop" in shared.run("stop", "spring.yaml").ended(0).err


def test_what_is_of_no_use_is_refused_with_words(
    shared: Desk, desk: Desk, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    many = shared.run("run", "spring.yaml", "--workers", "5", "--yes").ended(2)
    assert "has 4 connections, which all runners share" in many.err
    far = shared.run("run", "spring.yaml", "--workers", "65", "--yes").ended(2)
    assert "at most 64" in far.err
    dry = shared.run("run", "spring.yaml", "--workers", "2", "--dry-run").ended(2)
    assert "--dry-run sends nothing" in dry.err
    here = shared.run("run", "spring.yaml", "--workers", "2", "--smtp", "sandbox").ended(2)
    assert "only a record in a database is shared" in here.err
    shared.run("run", "spring.yaml", "--workers", "0").ended(2)


@pytest.mark.thorough
def test_no_report_where_none_can_be_written_and_that_is_said_once(
    shared: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("CI", "true")  # it lasts: no --first-run is asked for
    shared.write("reports", "")
    told = shared.run("run", "spring.yaml", "--yes").ended(0)
    assert told.err.count("no report is written here") == 1
    assert "sendbatch report spring.yaml --format html > report.html" in told.err
    report = shared.run("report", "spring.yaml", "--format", "csv").ended(0)
    assert report.out.count("accepted") == 3


@pytest.mark.thorough
def test_one_name_for_two_campaigns_of_a_project_is_refused_wherever_they_are(
    shared: Desk, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    shared.run("run", "spring.yaml", "--yes").ended(0)
    (shared.folder / "spring.yaml").rename(shared.folder / "other.yaml")
    told = shared.run("run", "other.yaml", "--yes").ended(4)
    assert "belongs to another file: spring.yaml, which may be on another machine" in told.err
    shared.run("run", "other.yaml", "--yes", "--moved-from", "spring.yaml").ended(0)
