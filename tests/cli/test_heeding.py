"""A stop is heard at once while something outside takes its time."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.kit.command import Desk, Ended, ended
from tests.kit.mailhost import MailHost
from tests.kit.waiting import is_gone, until

pytestmark = pytest.mark.thorough

# Look-ups of hosts never end.
NEVER_ANSWERS = """\
import os, socket, time
def never(*args, **kwargs):
    open(os.environ["ASKED"], "w").close()
    time.sleep(300)
{names} = never
"""


def signalled(process: subprocess.Popen[str], number: signal.Signals) -> Ended:
    process.send_signal(number)
    return ended(process)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("run", "spring.yaml", "--yes"), signal.SIGTERM),
        (("run", "spring.yaml", "--yes"), signal.SIGINT),
        (("proof", "spring.yaml", "--to", "me@example.com"), signal.SIGINT),
        (("probe", "live"), signal.SIGINT),
    ],
)
def test_a_password_command_that_takes_long_is_ended_with_all_it_started(
    desk: Desk, mailhost: MailHost, words: tuple[str, ...], number: signal.Signals
) -> None:
    mailhost.take_over(desk)
    command = "sleep 300 & echo $! $$ > started.part; mv started.part started; sleep 300"
    keys = f"    username: me\n    password_command: {command}\n"
    desk.write("profiles.yaml", mailhost.profiles + keys)
    process = desk.start(*words)
    until((desk.folder / "started").exists, "the command")
    told = signalled(process, number)
    assert told.code == 3, told.err
    for child in (desk.folder / "started").read_text().split():
        until(lambda child=child: is_gone(int(child)), "the command's end")
    assert desk.nothing_was_sent()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("names", ["socket.getaddrinfo", "socket.getfqdn = socket.gethostname"])
def test_a_look_up_without_an_answer_keeps_no_run_from_ending(
    desk: Desk, mailhost: MailHost, number: signal.Signals, names: str
) -> None:
    mailhost.take_over(desk)
    desk.write("site/sitecustomize.py", NEVER_ANSWERS.format(names=names))
    asked = desk.folder / "asked"
    desk.environ |= {
        "PYTHONPATH": os.pathsep.join((str(desk.folder / "site"), desk.environ["PYTHONPATH"])),
        "ASKED": str(asked),
    }
    process = desk.start("run", "spring.yaml", "--yes")
    until(asked.exists, "the question")
    told = signalled(process, number)
    assert told.code == 3, told.err
    assert "nothing was sent" in told.err


@pytest.mark.parametrize("verb", ["run", "check"])
@pytest.mark.parametrize("file", ["people.csv.gz", "left.txt.gz"])
def test_a_file_of_nothing_but_blank_lines_is_read_no_further(
    desk: Desk, verb: str, file: str
) -> None:
    with gzip.open(desk.folder / file, "wb", compresslevel=1) as blank:
        for _ in range(400):
            blank.write(b"\n" * 1_000_000)
    if file == "people.csv.gz":
        desk.campaign(("file: people.csv", f"file: {file}"))
    else:
        desk.campaign(more=f"suppress: [{file}]\n")
    process = desk.start(verb, "spring.yaml", *(["--yes"] if verb == "run" else []))
    until(lambda: is_reading(process.pid, desk.folder / file), "the file to be opened")
    told = signalled(process, signal.SIGINT)
    assert told.code == 3, told.err
    assert "nothing was sent" in told.err


def is_reading(process: int, file: Path) -> bool:
    """Whether it has read a part of the file and no end: its digest is taken before, in one go."""
    for link in Path(f"/proc/{process}/fd").glob("*"):
        try:
            if link.readlink() == file:
                where = (link.parent.parent / "fdinfo" / link.name).read_text()
                return 0 < int(where.split()[1]) < file.stat().st_size
        except OSError:
            continue
    return False
