"""`sendbatch stop`: ends a run from another terminal, as Ctrl-C would."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import are_alive, open_record, stop_runs
from sendbatch.runtime.stop import Stop
from tests.kit.command import Desk, ended
from tests.kit.mailhost import MailHost
from tests.kit.waiting import until

Hold = Callable[[Stop], None]


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    folder = RecordFolder(tmp_path / "reports", "spring")
    folder.begin()
    return folder


def test_the_run_on_this_machine_ends_and_says_by_whom(desk: Desk, mailhost: MailHost) -> None:
    desk.write("profiles.yaml", mailhost.profiles)
    desk.campaign(("smtp: sandbox", "smtp: live"))
    desk.people(200)
    running = desk.start("run", "spring.yaml", "--yes", "--rate", "2/s")
    until(lambda: len(mailhost.mails) > 0, "a mail was sent")
    told = desk.run("stop", "spring.yaml").ended(0)
    assert "one runner is asked to end" in told.err
    assert "it has ended" in told.err
    run = ended(running).ended(3)
    assert "stopped early: sendbatch stop, on " in run.err
    assert not (desk.record("spring") / "stop").exists()
    desk.run("run", "spring.yaml", "--yes").ended(0)
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 200


def test_it_does_not_wait_where_it_is_told_not_to(desk: Desk, folder: RecordFolder) -> None:
    kept = folder.base
    stop = Stop()
    with open_record(folder, since="now", holder="a test", now=lambda: 1.0, stop=stop):
        told = desk.run("stop", "spring.yaml", "--no-wait", "--record", kept, "--smtp", "sandbox")
        assert told.code == 0
        assert "nothing to stop" in told.err  # the sandbox has a record of its own
        assert stop_runs(folder, "on this machine")
        until(lambda: stop.is_soon, "it has heard")
    assert stop.reason == "sendbatch stop, on this machine"


def test_where_nothing_is_under_way_there_is_nothing_to_stop(desk: Desk) -> None:
    told = desk.run("stop", "spring.yaml").ended(0)
    assert "no run of this campaign is under way" in told.err
    assert not desk.record().exists()


def test_only_the_run_that_is_meant_ends(folder: RecordFolder) -> None:
    """A request that lies there from before, or came with a repository, is for somebody else."""
    (folder.path / "stop").write_text("0123456789abcdef\nsomebody\n")
    stop = Stop()
    with open_record(folder, since="now", holder="a test", now=lambda: 1.0, stop=stop):
        (asked,) = stop_runs(folder, "on a test")
        until(lambda: stop.is_soon, "it has heard")
        assert are_alive(folder, [asked, "0123456789abcdef"]) == [asked]
    assert stop.reason == "sendbatch stop, on a test"
    assert not are_alive(folder, [asked])
    assert not (folder.path / "stop").exists()


@pytest.mark.parametrize(
    "planted", [b"", b"\x00\xff", b"x" * 5000, b"NUMBER", b"NUMBER\n\x1b[31m" + b"y" * 900]
)
def test_whatever_lies_there_is_data(folder: RecordFolder, planted: bytes) -> None:
    stop = Stop()
    with open_record(folder, since="now", holder="a test", now=lambda: 1.0, stop=stop):
        number = json.loads((folder.path / "lock.json").read_text())["number"].encode()
        (folder.path / "stop").write_bytes(planted.replace(b"NUMBER", number))
        if planted.startswith(b"NUMBER"):
            until(lambda: stop.is_soon, "it has heard")
    assert "\x1b" not in stop.reason
    assert len(stop.reason) < 300


def test_a_link_by_its_name_is_not_followed(folder: RecordFolder, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("as it was")
    stop = Stop()
    with open_record(folder, since="now", holder="a test", now=lambda: 1.0, stop=stop):
        os.symlink(target, folder.path / "stop")
        assert stop_runs(folder, "on a test")  # puts a file in its place
        until(lambda: stop.is_soon, "it has heard")
    assert target.read_text() == "as it was"


def test_who_looks_for_it_is_gone_with_the_run(folder: RecordFolder) -> None:
    with open_record(folder, since="now", holder="a test", now=lambda: 1.0, stop=Stop()):
        assert any(one.name == "asked to stop" for one in threading.enumerate())
    assert not any(one.name == "asked to stop" for one in threading.enumerate())
