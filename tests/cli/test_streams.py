"""Standard streams that are closed, full, gone or never read: the run goes on, its record is whole."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.terminal import Person
from tests.kit.waiting import LONGEST, until

pytestmark = pytest.mark.thorough

EVERYONE = sorted(f"p{n}@example.com" for n in range(1, 21))
RUN = ("run", "spring.yaml", "--yes")

Streams = dict[str, int]


@pytest.fixture
def held(desk: Desk, mailhost: MailHost) -> MailHost:
    """A campaign of twenty whose server keeps the eighth waiting."""
    desk.people(20)
    mailhost.hold_after = 7
    mailhost.take_over(desk)
    return mailhost


def shell(desk: Desk, redirections: str, *words: str) -> list[str]:
    """The command as a shell starts it, with its streams as written."""
    return ["/bin/sh", "-c", f'exec "$@" {redirections}', "sh", *desk.command(*words)]


def started(desk: Desk, command: list[str], **streams: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=desk.folder, env=desk.environ, **streams)  # type: ignore[call-overload]


def all_are_told_of(desk: Desk, host: MailHost) -> bool:
    """Everyone has the mail once, and the report that the run wrote says so."""
    table = (desk.record("spring") / "report.csv").read_text()
    return sorted(host.receivers) == EVERYONE and table.count(",accepted,") == len(EVERYONE)


@pytest.mark.parametrize(
    "redirections",
    ["2>/dev/full", ">/dev/full 2>&1", "2>&-", "<&-", ">&-", "<&- >&- 2>&-", "2</dev/null"],
)
def test_a_run_whose_streams_are_closed_or_full_reaches_everyone(
    desk: Desk, mailhost: MailHost, redirections: str
) -> None:
    desk.people(20)
    mailhost.take_over(desk)
    process = started(desk, shell(desk, redirections, *RUN), stderr=subprocess.DEVNULL)
    assert process.wait(LONGEST) == 0
    assert all_are_told_of(desk, mailhost)


@pytest.mark.parametrize("last", ["", "--log-format=json"])
def test_a_reader_that_dies_in_the_middle_ends_no_run(
    desk: Desk, held: MailHost, last: str
) -> None:
    process = started(desk, desk.command(*RUN, *filter(None, [last])), stderr=subprocess.PIPE)
    held.until_holding()
    assert process.stderr is not None
    process.stderr.close()
    held.go.set()
    assert process.wait(LONGEST) == 0
    assert all_are_told_of(desk, held)


@pytest.fixture
def full_pipe() -> Iterator[Callable[[bool], int]]:
    """The writing end of a pipe that takes no byte more, and that somebody has open to read."""
    ends: list[int] = []

    def make(blocking: bool) -> int:
        ends.extend(os.pipe())
        os.set_blocking(ends[1], False)
        try:
            while True:
                os.write(ends[1], bytes(4096))
        except BlockingIOError:
            os.set_blocking(ends[1], blocking)
        return ends[1]

    yield make
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "set not to block"])
def test_a_reader_that_never_reads_keeps_no_run_waiting(
    desk: Desk, mailhost: MailHost, full_pipe: Callable[[bool], int], blocking: bool
) -> None:
    desk.people(20)
    mailhost.take_over(desk)
    process = started(desk, desk.command(*RUN), stderr=full_pipe(blocking))
    assert process.wait(LONGEST) == 0
    assert all_are_told_of(desk, mailhost)


def test_no_file_and_no_socket_takes_the_place_of_a_closed_stream(
    desk: Desk, held: MailHost
) -> None:
    process = started(desk, shell(desk, "<&- >&- 2>&-", *RUN))
    held.until_holding()
    opened = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
    held.go.set()
    assert process.wait(LONGEST) == 0
    assert opened == ["/dev/null"] * 3


def test_what_was_said_reaches_a_slow_reader_whole() -> None:
    code = (
        "import sys; from sendbatch.cli import streams; streams.take_over();"
        "sys.stderr.write('x' * 300_000 + 'end'); streams.leave()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    assert process.stderr is not None
    until(lambda: bytes_waiting(process.stderr.fileno()), "the first of it")  # type: ignore[union-attr]
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(LONGEST) == 0
    assert (len(said), said[-3:]) == (300_003, b"end")


def bytes_waiting(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, 0x541B, bytes(4)), sys.byteorder)  # FIONREAD


def test_a_terminal_that_hangs_up_stops_the_run_softly(desk: Desk, held: MailHost) -> None:
    process = started(desk, desk.command(*RUN), stderr=subprocess.PIPE)
    held.until_holding()
    assert process.stderr is not None
    process.stderr.close()
    process.send_signal(signal.SIGHUP)
    held.go.set()
    assert process.wait(LONGEST) == 3
    statuses = list(desk.statuses().values())
    assert (statuses.count("accepted"), statuses.count("pending")) == (8, 12)
    assert (desk.record("spring") / "report.csv").read_text().count(",pending,") == 12


def test_a_terminal_that_went_away_without_a_word_ends_no_run(desk: Desk, held: MailHost) -> None:
    with Person(desk, *RUN) as person:
        held.until_holding()
        person.loses_the_terminal()
        held.go.set()
        assert person.leaves() == 0
    assert all_are_told_of(desk, held)


def test_ctrl_c_waits_for_no_reader_at_the_end(
    desk: Desk, full_pipe: Callable[[bool], int]
) -> None:
    code = (
        "import sys; from pathlib import Path; from sendbatch.cli import main, streams\n"
        "streams.PATIENCE = 600\n"
        "def says(*_, **__): print('said', file=sys.stderr); Path('said').touch()\n"
        "main._called = says\n"
        "main.main([])"
    )
    process = started(desk, [sys.executable, "-c", code], stderr=full_pipe(True))
    until((desk.folder / "said").exists, "something that is said")
    time.sleep(0.5)  # it waits for the reader now, and there is nothing to be seen of that
    process.send_signal(signal.SIGINT)
    assert process.wait(LONGEST) in (0, 3)  # 3 where it came before the verb had returned


def test_a_run_under_nohup_goes_on_without_its_terminal(desk: Desk, held: MailHost) -> None:
    command = ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *desk.command(*RUN)]
    process = started(desk, command, stderr=subprocess.DEVNULL)
    held.until_holding()
    process.send_signal(signal.SIGHUP)
    held.go.set()
    assert process.wait(LONGEST) == 0
    assert all_are_told_of(desk, held)


def test_nobody_answers_through_a_closed_standard_input(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    command = shell(desk, "<&-", "run", "spring.yaml")
    process = started(desk, command, stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 4
    assert b"nobody is here to ask" in said
    assert not mailhost.receivers


def test_what_is_typed_at_the_question_may_be_no_text(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked("Send it? [y/N]")
        person.types_bytes(b"\xff\xfe\n")
        assert person.leaves() == 4
        assert "declined" in person.seen


def test_a_terminal_that_goes_away_at_the_question_sends_nothing(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked("Send it? [y/N]")
        person.loses_the_terminal()
        assert person.leaves() == 4
    assert not mailhost.receivers


RESULTS = [
    ("report", "spring.yaml", "--format", "csv"),
    ("report", "spring.yaml"),
    ("status", "spring.yaml"),
    ("plan", "spring.yaml"),
    ("check", "spring.yaml", "--format", "json"),
    ("schema",),
    ("--help",),
]


@pytest.mark.parametrize("verb", RESULTS, ids=" ".join)
@pytest.mark.parametrize(
    ("way", "why"), [(">/dev/full", b"No space left on device"), (">&-", b"Bad file descriptor")]
)
def test_a_result_that_cannot_be_written_is_said_and_exits_2(
    desk: Desk, verb: tuple[str, ...], way: str, why: bytes
) -> None:
    assert desk.run("run", "spring.yaml").code == 0
    process = started(desk, shell(desk, way, *verb), stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 2
    assert said == b"error: the output cannot be written: " + why + b"\n"


@pytest.mark.parametrize("verb", RESULTS, ids=" ".join)
def test_a_reader_that_has_seen_enough_of_a_result_is_no_fault(
    desk: Desk, verb: tuple[str, ...]
) -> None:
    assert desk.run("run", "spring.yaml").code == 0
    reading, writing = os.pipe()
    os.close(reading)
    process = started(desk, desk.command(*verb), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 0
    assert said == b""


def test_the_exit_code_speaks_of_the_record_also_where_nobody_read_it(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.answers["ada@example.com"] = "550 5.1.1 no such user"
    mailhost.take_over(desk)
    assert desk.run(*RUN).code == 1
    reading, writing = os.pipe()
    os.close(reading)
    process = started(desk, desk.command("status", "spring.yaml"), stdout=writing)
    os.close(writing)
    assert process.wait(LONGEST) == 1


def test_what_could_not_happen_is_told_where_no_log_can_be_written(
    desk: Desk, tmp_path: Path
) -> None:
    code = (
        "import sendbatch.cli.main as m, tempfile\n"
        "def fails(*_, **__): raise OSError(28, 'No space left on device')\n"
        "tempfile.mkstemp = m.app = fails\n"
        "m.main([])"
    )
    process = started(desk, [sys.executable, "-c", code], stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 3
    assert b"Traceback" not in said
    assert b"could not be written to a file: No space left on device" in said
