"""A machine that misbehaves: disks, files, clocks, limits. The record stays right, or says why not."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.ledger.sqlite import record as sqlite_record
from sendbatch.planning.options import Options
from tests.hostile.campaign import Ended, House, held_to_its_record
from tests.hostile.conftest import StartServer
from tests.kit.clock import FastClock
from tests.kit.server import Script, ScriptedServer, Visit
from tests.kit.thoroughness import thoroughly
from tests.kit.watcher import Watcher

LIMITED = """\
import resource, sys
kind, most = sys.argv[1], int(sys.argv[2])
resource.setrlimit(getattr(resource, kind), (most, most))
from sendbatch.cli.main import main
main(["run", "campaign.yaml", "--yes", "--no-progress"])
"""


def in_a_process(
    house: House, *arguments: object, program: str = LIMITED, before: tuple[str, ...] = ()
) -> Ended:
    """`program` in a process of its own, and what its record says afterwards."""
    ended = subprocess.run(
        [*before, sys.executable, "-c", program, *(str(argument) for argument in arguments)],
        cwd=house.folder,
        env=dict(os.environ) | {"XDG_STATE_HOME": str(house.folder / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert "should not have happened" not in ended.stderr, ended.stderr
    rows = house.rows()
    statuses = {email: row["status"] for email, row in rows.items()}
    return Ended(ended.returncode, ended.stdout + ended.stderr, statuses, [], rows)


def stopped_in_the_middle(ended: Ended, server: ScriptedServer, connections: int) -> None:
    """Exit 3; the record knows of every message that reached the server."""
    assert ended.code == 3, ended.said
    on_the_way = [email for email, status in ended.statuses.items() if status == "sending"]
    assert len(on_the_way) <= connections
    for email, status in ended.statuses.items():
        if server.whole[email]:
            assert status in ("accepted", "sending"), f"{email} is {status}, and the server has it"
        else:
            assert status in ("pending", "sending"), f"{email} is {status}"
    assert 0 < sum(server.whole.values()) < len(ended.statuses)


def goes_on(house: House, server: ScriptedServer, people: int, connections: int) -> None:
    """With the disk as it should be: everyone else gets it, and nobody twice."""
    again = house.send()
    counts = again.counts()
    assert counts.get("accepted", 0) + counts.get("in_doubt", 0) == people
    assert max(server.whole.values()) == 1
    assert counts.get("in_doubt", 0) <= connections


@pytest.mark.parametrize("connections", [1, 4])
def test_a_full_database_stops_the_run_before_the_next_dot(
    house: House, hostile: StartServer, monkeypatch: pytest.MonkeyPatch, connections: int
) -> None:
    opened: list[sqlite3.Connection] = []
    genuine = sqlite_record.open_for_writing

    def keeping(path: Path) -> sqlite3.Connection:
        opened.append(genuine(path))
        return opened[-1]

    class Full(Watcher):
        def sending(self, total: int) -> None:
            (pages,) = opened[-1].execute("PRAGMA page_count").fetchone()
            opened[-1].execute(f"PRAGMA max_page_count={pages + 2}")

    server = hostile()
    house.write(server.port, people=300, connections=connections)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_record, "open_for_writing", keeping)
        ended = house.send(watcher=Full())
    assert "the record can no longer be written" in ended.said
    assert "full" in ended.said
    stopped_in_the_middle(ended, server, connections)
    goes_on(house, server, 300, connections)


def test_a_file_that_may_not_grow_stops_the_run_before_the_next_dot(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.write(server.port, people=300, connections=2)
    ended = in_a_process(house, "RLIMIT_FSIZE", 700_000)
    assert "the record can no longer be written" in ended.said
    stopped_in_the_middle(ended, server, 2)
    goes_on(house, server, 300, 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a file system with these options, or changes them; where only root may, root must."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        how = f"remount,{options}" if mounted else options
        tool = shutil.which("mount")
        if tool is None or os.geteuid() != 0:
            pytest.skip("only root may mount a small disk")
        done = subprocess.run(
            [tool, "-t", "tmpfs", "-o", how, "none", place], capture_output=True, check=False
        )
        if done.returncode != 0:
            pytest.skip("this machine mounts nothing")
        mounted.append(place)
        return place

    yield mount
    if mounted:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_stops_the_run_before_the_next_dot(
    house: House, hostile: StartServer, small_disk: Callable[[str], Path]
) -> None:
    server = hostile()
    house.write(server.port, people=300, connections=2)
    house.record = small_disk("size=700k")
    ended = house.send()
    assert "the record can no longer be written" in ended.said
    stopped_in_the_middle(ended, server, 2)
    small_disk("size=20m")
    goes_on(house, server, 300, 2)


def test_a_disk_full_from_the_start_sends_nothing(
    house: House, hostile: StartServer, small_disk: Callable[[str], Path]
) -> None:
    server = hostile()
    house.write(server.port, people=300)
    house.record = small_disk("size=60k")
    ended = house.send()
    assert ended.code in (2, 3)
    assert "record" in ended.said
    assert not server.asked


def test_a_read_only_disk_sends_nothing(
    house: House, hostile: StartServer, small_disk: Callable[[str], Path]
) -> None:
    server = hostile()
    house.write(server.port)
    house.record = small_disk("size=10m,ro")
    ended = house.send()
    assert ended.code == 2
    assert f"{house.record} is mounted read-only" in ended.said
    assert "choose another folder: --record DIR" in ended.said
    assert not server.visits


def test_a_disk_that_became_read_only_sends_nothing(
    house: House, hostile: StartServer, small_disk: Callable[[str], Path]
) -> None:
    server = hostile()
    house.write(server.port)
    house.record = small_disk("size=10m")
    assert house.send().code == 0
    small_disk("ro")
    house.people(5)
    ended = house.send()
    assert ended.code == 2
    assert f"{house.record} is mounted read-only" in ended.said
    assert "the record is here" in ended.said
    assert "--record" not in ended.said
    assert sum(server.whole.values()) == 3


def test_a_state_folder_that_cannot_be_written_sends_nothing(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.write(server.port)
    (house.folder / "state").write_text("a file stands here\n")
    ended = house.send()
    assert ended.code == 2
    assert "state" in ended.said
    assert not server.visits


# the record itself


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def garbled(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def headless(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()


def another(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()


def prose(path: Path) -> None:
    path.write_text("This is no database.\n" * 500)


@pytest.mark.parametrize("damage", [truncated, emptied, garbled, headless, newer, another, prose])
def test_a_damaged_record_sends_nothing_and_says_what_to_do(
    house: House, hostile: StartServer, damage: Callable[[Path], None]
) -> None:
    server = hostile()
    house.write(server.port, people=200, connections=4)
    assert house.send().code == 0
    damage(house.ledger)
    before = house.ledger.read_bytes()
    house.people(201)
    ended = house.send()
    assert ended.code == 2, ended.said
    assert "ledger.sqlite" in ended.said
    assert any(what in ended.said for what in ("Restore", "upgrade", "move the file away"))
    assert sum(server.whole.values()) == 200
    assert house.ledger.read_bytes() == before


# limits of the process


@pytest.mark.parametrize("most", [9, *thoroughly(24, 50)])
def test_too_few_file_descriptors_are_told_of_before_anything_is_sent(
    house: House, hostile: StartServer, most: int
) -> None:
    server = hostile()
    house.write(server.port, people=5, connections=20)
    ended = in_a_process(house, "RLIMIT_NOFILE", most)
    assert ended.code == 2, ended.said
    assert f"this process may open {most} files" in ended.said
    assert "ulimit -n" in ended.said
    assert not server.visits


CROWDED = """\
import os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
from sendbatch import api
from sendbatch.runtime.observer import Observer

class Crowding(Observer):
    def sending(self, total):
        self.kept = []
        try:
            while True:
                self.kept.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            for taken in self.kept[:6]:
                os.close(taken)

    def finished(self):
        for taken in self.kept[6:]:
            os.close(taken)

result = api.run(api.load("campaign.yaml"), yes=True, observer=Crowding())
raise SystemExit(result.exit_code)
"""


def test_file_descriptors_gone_in_the_middle_lose_nobody_and_hold_nothing_up(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.write(server.port, people=80, connections=20)
    ended = in_a_process(house, program=CROWDED)
    assert (ended.code, ended.counts()) == (0, {"accepted": 80}), ended.said
    assert server.most_open < 10
    held_to_its_record(ended, server, 20)


# time


class Jumping(Watcher):
    """Moves the clock once so many statuses have changed."""

    def __init__(self, jump: Callable[[], None], after: int = 20) -> None:
        super().__init__(self._count)
        self._jump, self._left = jump, after

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._jump()


@pytest.mark.parametrize("seconds", [86_400.0 * 400, 3600.0, -3600.0, -86_400.0 * 400])
def test_the_wall_clock_may_jump(house: House, hostile: StartServer, seconds: float) -> None:
    server = hostile()
    house.clock = clock = FastClock()
    house.write(server.port, people=60, connections=2)
    ended = house.send(watcher=Jumping(lambda: clock.suspend(seconds)))
    assert (ended.code, ended.counts()) == (0, {"accepted": 60})
    held_to_its_record(ended, server, 2)


@pytest.mark.parametrize("seconds", [86_400.0, -300.0, *thoroughly(300.0, -50 * 86_400.0)])
def test_the_wall_clock_may_jump_while_retries_wait(
    house: House, hostile: StartServer, seconds: float
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return b"451 busy\r\n" if at == "RCPT" and server.asked[visit.recipient] == 1 else None

    server = hostile(answer)
    house.clock = clock = FastClock(600.0)
    house.write(server.port, people=30, retry="{attempts: 3, first_delay: 60s}")
    ended = house.send(watcher=Jumping(lambda: clock.suspend(seconds)))
    assert (ended.code, ended.counts()) == (0, {"accepted": 30})
    assert {row["attempts"] for row in ended.rows.values()} == {2}


def test_a_clock_set_back_between_two_runs_puts_no_retry_off(
    house: House, hostile: StartServer
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return b"451 busy\r\n" if at == "RCPT" and server.asked[visit.recipient] == 1 else None

    server = hostile(answer)
    house.clock = clock = FastClock(600.0)
    house.write(server.port, people=3, retry="{attempts: 3, first_delay: 20m, max_delay: 20m}")
    assert house.send(options=Options(no_wait=True)).counts() == {"deferred": 3}
    clock.suspend(-50 * 86_400.0)
    before = clock.steady()
    ended = house.send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 3})
    assert clock.steady() - before > 200


@pytest.mark.parametrize("both", [False, True], ids=["the wall clock alone", "both clocks"])
def test_after_a_laptop_slept_pacing_does_not_catch_up(
    house: House, hostile: StartServer, both: bool
) -> None:
    at: list[float] = []

    def answer(visit: Visit, moment: str) -> Script:
        if moment == "MAIL":
            at.append(clock.steady())
        return None

    server = hostile(answer)
    house.clock = clock = FastClock(10.0)
    house.write(server.port, people=60, connections=3, rate="20/s")
    ended = house.send(watcher=Jumping(lambda: clock.sleep(8 * 3600.0, steady=both)))
    assert (ended.code, ended.counts()) == (0, {"accepted": 60})
    awake = Counter(int(second * 2) for second in at)
    assert max(awake.values()) <= 14, "more than 20 a second, and what a slow machine bunches"
    held_to_its_record(ended, server, 3)


# files that change


def test_files_edited_while_the_run_is_under_way_do_not_matter_to_it(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.write(server.port, people=80)

    def edit() -> None:
        (house.folder / "letter.txt").write_text("Something else, {{ nmae }}.\n")
        (house.folder / "people.csv").write_text("email,name\nnobody@example.net,Nobody\n")
        (house.folder / "campaign.yaml").write_text("name: [broken\n")

    ended = house.send(watcher=Jumping(edit))
    assert (ended.code, ended.counts()) == (0, {"accepted": 80})
    assert all(b"Hello P" in body for bodies in server.bodies.values() for body in bodies)
    assert not server.whole["nobody@example.net"]


def test_what_was_edited_meanwhile_is_found_by_the_next_run(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.write(server.port, people=40)
    ended = house.send(watcher=Jumping(lambda: house.people(45) and None))
    assert ended.counts() == {"accepted": 40}
    assert house.send().counts() == {"accepted": 45}
    (house.folder / "letter.txt").write_text("Something else, {{ name }}.\n")
    house.people(46)
    refused = house.send()
    assert refused.code == 4
    assert "the text changed" in refused.said
    went_on = house.send(options=replace(Options(), accept_changes=True))
    assert (went_on.code, went_on.counts()) == (0, {"accepted": 46})
    assert max(server.whole.values()) == 1


KILLED_WHILE_PLANNING = textwrap.dedent("""\
    import os, signal, sys
    from pathlib import Path
    from sendbatch import api
    from sendbatch.runtime.observer import Observer

    class Killing(Observer):
        def planning(self, rows):
            if rows >= 1000:
                os.kill(os.getpid(), signal.SIGKILL)

    api.run(api.load("campaign.yaml"), yes=True, observer=Killing())
""")


def test_a_plan_killed_half_way_is_made_anew(house: House, hostile: StartServer) -> None:
    server = hostile()
    house.write(server.port, people=2500, connections=4)
    killed = in_a_process(house, program=KILLED_WHILE_PLANNING)
    assert killed.code == -signal.SIGKILL
    assert killed.statuses == {}
    assert not server.asked
    house.people(30)
    ended = house.send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 30})
    held_to_its_record(ended, server, 4)


def test_a_later_plan_killed_half_way_leaves_the_record_as_it_was(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.write(server.port, people=20)
    assert house.send().code == 0
    house.people(2500)
    killed = in_a_process(house, program=KILLED_WHILE_PLANNING)
    assert killed.code == -signal.SIGKILL
    assert killed.counts() == {"accepted": 20}
    house.people(25)
    ended = house.send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 25})
    held_to_its_record(ended, server)
