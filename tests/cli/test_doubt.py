"""Who is in doubt is sent to again by a provider's key while it holds, or by a person's word, once."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing

import pytest

from sendbatch.ledger.sqlite.folding import fold
from tests.cli.test_run import BJORK, CARL, killed_with_one_in_doubt
from tests.kit.command import Desk, ended, line_that_goes_on
from tests.kit.mailhost import MailHost
from tests.kit.waiting import until


@pytest.mark.parametrize(("age", "receivers"), [(86_200, [BJORK, CARL]), (86_390, [CARL])])
def test_a_key_about_to_expire_is_not_relied_on(
    desk: Desk, mailhost: MailHost, age: float, receivers: list[str]
) -> None:
    mailhost.take_over(desk)
    desk.write("profiles.yaml", mailhost.profiles.replace("host:", "provider: resend\n    host:"))
    killed_with_one_in_doubt(desk, mailhost)
    del mailhost.receivers[:]
    changed_by_hand(desk, "update delivery set dated_at = ?", time.time() - age)
    changed_by_hand(desk, "update meta set value = '0 ' || substr(value, instr(value, ' ') + 1) "
                          "where key = 'keyed'")  # fmt: skip
    desk.run("run", "spring.yaml", "--yes")
    assert mailhost.receivers == receivers


def test_after_the_clock_was_set_back_no_key_is_relied_on(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    desk.write("profiles.yaml", mailhost.profiles.replace("host:", "provider: resend\n    host:"))
    killed_with_one_in_doubt(desk, mailhost)
    del mailhost.receivers[:]
    changed_by_hand(desk, "update delivery set finished_at = ?", time.time() + 3600)
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert "the clock was set back since the last run" in told.err
    assert "1 recipient in doubt stays so" in told.err
    assert mailhost.receivers == [CARL]


def changed_by_hand(desk: Desk, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(desk.record("spring") / "ledger.sqlite")) as store, store:
        fold(store)  # the run was killed before it did so
        store.execute(statement, values)


def test_the_line_that_goes_on_sends_to_nobody_whose_doubt_arose_in_the_run(
    desk: Desk, mailhost: MailHost
) -> None:
    desk.people(12)
    mailhost.take_over(desk)
    killed_with_one_in_doubt(desk, mailhost)
    until(lambda: not mailhost.waiting, "the server to see that the one before is gone")
    mailhost.go.clear()
    mailhost.hold_after = len(mailhost.mails) + 4
    words = ("run", "spring.yaml", "--yes", "--in-doubt", "resend")
    with desk.start(*words) as process:
        until(lambda: mailhost.waiting, "a message that waits for its answer")
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        told = ended(process)
    assert told.code == 3
    assert "1 recipient in doubt, not reached or not answered" in told.err
    mailhost.hold_after = None
    mailhost.go.set()
    doubtful = next(key for key, status in desk.statuses().items() if status == "in_doubt")
    taken = mailhost.receivers.count(doubtful)
    line = line_that_goes_on(told.err)
    assert "--in-doubt" not in line
    assert desk.run(*line, "--yes").code == 1
    assert mailhost.receivers.count(doubtful) == taken
    assert desk.statuses()[doubtful] == "in_doubt"


def test_whoever_is_in_doubt_again_is_not_said_to_be_tried_later(
    desk: Desk, mailhost: MailHost
) -> None:
    """The word was for one run, and the refusal for now was no answer: the line would send to nobody."""
    mailhost.take_over(desk)
    killed_with_one_in_doubt(desk, mailhost)
    doubtful = next(key for key, status in desk.statuses().items() if status == "in_doubt")
    mailhost.answers[doubtful] = "450 4.2.1 later"
    told = desk.run("run", "spring.yaml", "--yes", "--no-wait", "--in-doubt", "resend")
    assert told.code == 1
    assert desk.statuses()[doubtful] == "in_doubt"
    assert "is due at" not in told.err
    assert "this tries" not in told.err
    assert "1 recipient in doubt, not reached or not answered" in told.err
