"""The verbs called from a program: who watches a run, and what a run leaves behind in the process."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

import sendbatch
from sendbatch import Status
from tests.cli.desk import LONGEST, Desk
from tests.cli.mailhost import MailHost


class Failing(sendbatch.Observer):
    """Raises at one of its calls, and counts them."""

    def __init__(self, at: str) -> None:
        self.calls: list[str] = []
        for name in ("planning", "planned", "sending", "moved", "finished"):
            setattr(self, name, lambda *_, name=name: self._called(name, at))

    def _called(self, name: str, at: str) -> None:
        self.calls.append(name)
        if name == at:
            raise BrokenPipeError("nobody reads the log")


def test_an_observer_that_fails_stops_the_run_softly_with_record_and_report_whole(
    desk: Desk, mailhost: MailHost, caplog: pytest.LogCaptureFixture
) -> None:
    desk.people(20)
    mailhost.take_over(desk)
    watching = Failing("moved")
    result = sendbatch.run(sendbatch.load("spring.yaml"), yes=True, observer=watching)
    assert result.exit_code == 3
    assert result.reason == "the observer failed: BrokenPipeError: nobody reads the log"
    assert watching.calls.count("moved") == 1  # and it is told nothing more
    assert watching.calls[-1] == "moved"
    assert Status.IN_DOUBT not in result.totals
    assert result.report.read_text().count("\n") == 21
    assert result.totals[Status.ACCEPTED] == len(mailhost.receivers) < 20
    (told,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert told.exc_info is not None
    again = sendbatch.run(sendbatch.load("spring.yaml"), yes=True)
    assert again.exit_code == 0
    assert sorted(mailhost.receivers) == sorted(f"p{n}@example.com" for n in range(1, 21))


@pytest.mark.parametrize("at", ["planned", "sending"])
def test_an_observer_that_fails_before_anything_left_sends_nothing(
    desk: Desk, mailhost: MailHost, at: str
) -> None:
    mailhost.take_over(desk)
    campaign = sendbatch.load("spring.yaml")
    assert sendbatch.run(campaign, yes=True, observer=Failing(at)).exit_code == 3
    assert not mailhost.receivers


def test_no_socket_of_a_run_gets_what_a_program_says_on_its_closed_standard_error(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    code = (
        "import os, sendbatch\n"
        "for n in range(3): os.close(n)\n"
        "result = sendbatch.run(sendbatch.load('spring.yaml'), yes=True)\n"
        "os._exit(result.exit_code if os.readlink('/proc/self/fd/2') == '/dev/null' else 9)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=desk.folder, env=desk.environ)
    assert process.wait(LONGEST) == 0
    assert len(mailhost.receivers) == 3
