"""run --except: who has the mail by the word of a log, where a record was lost."""

from __future__ import annotations

import csv
import io
import shutil

import pytest

from tests.kit.command import Desk, line_that_goes_on
from tests.kit.mailhost import MailHost

ADA, BJORK, CARL = "ada@example.com", "bjork@example.org", "carl@example.net"
LOG = """\
Nov 27 mx postfix/qmgr[1]: 4ABCDEF012: from=<news@example.com>, size=9, nrcpt=1 (queue active)
Nov 27 mx postfix/smtp[2]: 4ABCDEF012: to=<Ada@example.com>, relay=x, dsn=2.0.0, status=sent (250 ok)
Nov 27 mx postfix/smtp[2]: 4ABCDEF013: to=<else@example.com>, relay=x, dsn=2.0.0, status=sent (250 ok)
"""


@pytest.fixture
def live(desk: Desk, mailhost: MailHost) -> Desk:
    mailhost.take_over(desk)
    desk.write("sent.log", LOG)
    return desk


def test_who_stands_in_the_log_gets_no_mail_in_this_run_nor_in_the_next_that_forgets_it(
    live: Desk, mailhost: MailHost
) -> None:
    told = live.run("run", "spring.yaml", "--yes", "--except", "sent.log", "--limit", "1").ended(0)
    live.run("run", "spring.yaml", "--yes").ended(0)

    assert mailhost.receivers == [BJORK, CARL]
    assert "sent.log, read as the log of a mail server: 2 recipients (Ada@example.com, " in told.err
    assert "--except: 1 recipient of this list stands there" in told.err
    assert "1 of the addresses there are nobody's on it (else@example.com)" in told.err
    row = live.rows()[ADA]
    assert (row["status"], row["attempts"]) == ("accepted", "0")
    assert row["reason"] == "settled by hand: stands in sent.log (--except)"


def test_a_plan_and_a_refused_run_show_it_and_keep_nothing_of_it(live: Desk, mailhost: MailHost) -> None:
    for call in (("plan",), ("preview", "--out", "page.html"), ("run",)):
        told = live.run(call[0], "spring.yaml", *call[1:], "--except", "sent.log")
        assert "1 have it already" in told.said
    live.run("run", "spring.yaml", "--yes").ended(0)

    assert mailhost.receivers == [ADA, BJORK, CARL]


def test_a_line_that_goes_on_after_a_refusal_leaves_them_out_too(live: Desk) -> None:
    live.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    live.write("spring.txt", "Another text.\n")

    told = live.run("run", "spring.yaml", "--yes", "--except", "sent.log").ended(4)

    assert "--except sent.log" in " ".join(line_that_goes_on(told.err, "go on with the new text"))


def test_a_report_that_is_left_of_a_lost_record_says_who_has_it(live: Desk, mailhost: MailHost) -> None:
    mailhost.answers[CARL] = "451 4.3.0 later"
    live.run("run", "spring.yaml", "--yes", "--no-wait").ended(1)
    shutil.move(live.record("spring"), live.folder / "lost")
    mailhost.answers.clear()

    told = live.run("run", "spring.yaml", "--yes", "--except", "lost/report.csv").ended(0)

    assert mailhost.receivers == [ADA, BJORK, CARL]
    assert "1 line of those deferred" in told.err


def test_the_record_may_be_begun_in_ci_with_as_many_as_are_left(
    live: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")

    told = live.run("run", "spring.yaml", "--yes", "--except", "sent.log").ended(4)

    assert "would mail all 2 recipients" in told.err
    assert "--except sent.log --first-run" in told.err


def test_what_no_address_can_be_read_from_is_refused_and_nothing_is_sent(
    live: Desk, mailhost: MailHost
) -> None:
    live.write("list.txt", "ada@example.com\nAda of example.com\n@example.org\n")
    live.write("empty", "")

    told = live.run("run", "spring.yaml", "--yes", "--except", "list.txt", "--except", "empty").ended(2)

    assert "list.txt:2: error: neither an address nor known as a key: 'Ada of example.com'" in told.err
    assert "a domain leaves nobody out here" in told.err
    assert "nobody stands in this file" in told.err
    assert mailhost.receivers == []


def test_a_file_in_which_nobody_of_the_list_stands_is_refused_beside_one_that_names_some(
    live: Desk, mailhost: MailHost
) -> None:
    live.write("else.csv", "recipient,event\nelse@example.com,sent\nother@example.com,sent\n")

    for files in (("else.csv",), ("sent.log", "else.csv")):
        options = [part for file in files for part in ("--except", file)]
        told = live.run("run", "spring.yaml", "--yes", *options).ended(2)
        assert "else.csv, read as a CSV, by its column recipient: 2 recipients" in told.err
        assert "nobody of this list stands there" in told.err
    assert mailhost.receivers == []
    live.run("run", "spring.yaml", "--yes").ended(0)
    assert mailhost.receivers == [ADA, BJORK, CARL]


def test_a_keyed_campaign_knows_them_by_address_and_by_key(live: Desk, mailhost: MailHost) -> None:
    keyed = ("file: people.csv", "file: people.csv\n  key: first_name")
    live.campaign(("smtp: sandbox", "smtp: live"), keyed)
    rows = (f"{ADA},A-1", f"{BJORK},B-2", f"{CARL},C-3")
    live.write("people.csv", "\n".join(("email,first_name", *rows)))
    live.write("keys.txt", "B-2\n")

    live.run("run", "spring.yaml", "--yes", "--except", "sent.log", "--except", "keys.txt").ended(0)

    assert mailhost.receivers == [CARL]
    table = csv.DictReader(io.StringIO(live.run("report", "spring.yaml", "--format", "csv").out))
    assert [row["status"] for row in table] == ["accepted"] * 3
