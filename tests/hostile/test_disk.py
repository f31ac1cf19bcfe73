"""A disk that is slow, full or broken at any moment: no dot leaves that the record does not know of."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.cuts import DOT
from tests.chaos.steps import bulk_each
from tests.hostile.campaign import House
from tests.hostile.conftest import StartServer
from tests.kit.disk import CannotBeWatched, Disk, Fault, library
from tests.kit.server import Script, ScriptedServer, Visit
from tests.kit.thoroughness import thoroughly
from tests.kit.tools import skip_or_fail
from tests.kit.waiting import LONGEST, until

HASTY = "{mail: 1s, rcpt: 1s, data: 1s, final: 1s}"  # less than the disk takes


@pytest.fixture(scope="module", autouse=True)
def _can_be_watched() -> None:
    try:
        library()
    except CannotBeWatched as error:
        skip_or_fail(str(error))


def _environ(house: House) -> dict[str, str]:
    return dict(os.environ) | {"XDG_STATE_HOME": str(house.folder / "state")}


@contextmanager
def running(
    house: House,
    fault: Fault,
    disk: Disk,
    armed: Path | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """The command, on a disk with this fault."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sendbatch", "run", "campaign.yaml", "--yes", "--no-progress"],
        cwd=house.folder,
        env=_environ(house) | disk.environ(fault, armed) | (more or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=LONGEST)
    assert "Traceback" not in said, said
    assert "should not have happened" not in said, said
    return process.returncode, said


def asked_for_status(house: House) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sendbatch", "status", "campaign.yaml"],
        cwd=house.folder,
        env=_environ(house),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def arming(armed: Path, after: int) -> Callable[[Visit, str], Script]:
    """A decent server, after so many messages of which the disk goes bad."""
    left = [after]

    def answer(visit: Visit, moment: str) -> Script:
        if moment == "MESSAGE":
            left[0] -= 1
            if left[0] == 0:
                armed.touch()
            if -20 < left[0] <= 0:  # not all of them at once
                return [0.05 * visit.number, b"250 2.0.0 taken\r\n"]
        return None

    return answer


def known_of(house: House, server: ScriptedServer) -> None:
    """Nobody who got the message is thought to be without it, and nobody without it to have it."""
    for email, row in house.rows().items():
        if server.whole[email]:
            assert row["status"] in ("accepted", "sending", "in_doubt"), f"{email}: {row['status']}"
        else:
            assert row["status"] in ("pending", "sending", "in_doubt"), f"{email}: {row['status']}"


def the_rest_is_mailed(house: House, server: ScriptedServer, people: int, doubtful: int) -> None:
    """By the next run, on a disk as it should be; nobody twice."""
    counts = house.send().counts()
    assert counts.get("accepted", 0) + counts.get("in_doubt", 0) == people, counts
    assert counts.get("in_doubt", 0) <= doubtful
    assert max(server.whole.values()) == 1


def dots_after_the_fault(disk: Disk) -> int:
    """Once the record's own files have failed: what the lock says of it comes behind a commit that holds."""
    is_bad, dots = False, 0
    record = set[int]()
    for event in disk.events():
        if event.kind in "NO" and event.data.endswith((b"ledger.sqlite", b"ledger.sqlite-wal")):
            record.add(event.file)
        is_bad = is_bad or (event.kind == "F" and event.file in record)
        dots += is_bad and event.kind == "S" and DOT in event.data
    assert is_bad, "the disk has not failed"
    return dots


def test_on_a_disk_of_two_seconds_a_sync_ctrl_c_is_heard_and_status_answers(
    house: House, hostile: StartServer
) -> None:
    armed = house.folder / "armed"
    server = hostile(arming(armed, after=20))
    house.write(server.port, people=150, connections=4, timeouts=HASTY)
    disk = Disk(house.folder, house.folder / "trace")
    with running(house, Fault("sync-log", "pause", 2.0), disk, armed) as process:
        until(lambda: any(event.kind == "F" for event in disk.events()), "a slow sync")
        told = asked_for_status(house)
        assert "being sent at this moment" in told.stdout, told.stderr
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        armed.unlink()
        code, said = ended(process)
    assert code == 3, said
    known_of(house, server)
    assert {row["status"] for row in house.rows().values()} == {"accepted", "pending"}
    the_rest_is_mailed(house, server, 150, doubtful=0)


@pytest.mark.thorough
def test_on_a_slow_disk_nobody_is_given_up_as_silent(house: House, hostile: StartServer) -> None:
    armed = house.folder / "armed"
    server = hostile(arming(armed, after=10))
    house.write(server.port, people=60, connections=3, timeouts=HASTY)
    disk = Disk(house.folder)
    with running(house, Fault("sync-log", "pause", 2.0, times=3), disk, armed) as process:
        code, said = ended(process)
    assert (code, said.count("silent")) == (0, 0), said
    assert max(server.whole.values()) == 1
    assert len(server.visits) == 3, "a connection was given up"


FULL, BROKEN = errno.ENOSPC, errno.EIO
FAULTS = {
    "the log is full": Fault("write-log", "error", FULL, nth=3),
    "a sync fails once": Fault("sync-log", "error", BROKEN, nth=2, times=1),
}
MORE_FAULTS = {
    "the log is full at once": Fault("write-log", "error", FULL),
    "the log is full later": Fault("write-log", "error", FULL, nth=40),
    "the log is full for a moment": Fault("write-log", "error", FULL, nth=11, times=1),
    "the log cannot be written": Fault("write-log", "error", BROKEN, nth=6),
    "no sync works": Fault("sync-log", "error", BROKEN),
    "a later sync fails once": Fault("sync-log", "error", BROKEN, nth=9, times=1),
    "all is full": Fault("write", "error", FULL, nth=5),
    "no sync of anything works": Fault("sync", "error", BROKEN, nth=4),
}


@pytest.mark.parametrize(
    "fault",
    [
        *(pytest.param(fault, id=name) for name, fault in FAULTS.items()),
        *thoroughly(*MORE_FAULTS.values(), ids=MORE_FAULTS),
    ],
)
def test_once_the_disk_has_failed_the_run_stops_and_the_next_one_mails_nobody_twice(
    house: House, hostile: StartServer, fault: Fault
) -> None:
    armed = house.folder / "armed"
    server = hostile(arming(armed, after=15))
    house.write(server.port, people=120, connections=4)
    disk = Disk(house.folder, house.folder / "trace")
    with running(house, fault, disk, armed) as process:
        code, said = ended(process)
    assert code == 3, said
    assert "the record can no longer be written" in said
    assert dots_after_the_fault(disk) == 0
    known_of(house, server)
    the_rest_is_mailed(house, server, 120, doubtful=4)


@pytest.mark.parametrize("what", ["write-main", *thoroughly("sync-main", ids=["sync-main"])])
def test_a_checkpoint_that_fails_costs_nobody_their_mail(
    house: House, hostile: StartServer, what: str
) -> None:
    """All of it stands in the log as well."""
    armed = house.folder / "armed"
    server = hostile(arming(armed, after=15))
    house.write(server.port, people=120, connections=4)
    disk = Disk(house.folder, house.folder / "trace")
    fault = Fault(what, "error", errno.EIO)
    with running(house, fault, disk, armed, bulk_each(20, 20)) as process:
        code, said = ended(process)
    assert code in (0, 3), said
    known_of(house, server)
    the_rest_is_mailed(house, server, 120, doubtful=4)


@pytest.mark.parametrize("nth", [2, *thoroughly(1, 4, 8, 16, ids=["1", "4", "8", "16"])])
@pytest.mark.parametrize("what", ["write", *thoroughly("sync", ids=["sync"])])
def test_a_disk_that_fails_from_the_start_sends_nothing(
    house: House, hostile: StartServer, what: str, nth: int
) -> None:
    server = hostile()
    house.write(server.port, people=8)
    disk = Disk(house.folder, house.folder / "trace")
    with running(house, Fault(what, "error", errno.ENOSPC, nth=nth), disk) as process:
        code, said = ended(process)
    assert (code, sum(server.whole.values())) == (2, 0), said
    the_rest_is_mailed(house, server, 8, doubtful=0)
