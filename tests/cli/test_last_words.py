"""The last words of a run: true, short, and each command that they name does what they say."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.kit.command import PEOPLE, TEXT, Desk, line_that_goes_on
from tests.kit.mailhost import MailHost

ADA, BJORK, CARL = "ada@example.com", "bjork@example.org", "carl@example.net"
WORN = "Hello {{ first_name[99] }}\n"


@pytest.mark.parametrize("people", [3, 25])
def test_where_nothing_can_be_built_that_is_the_matter_and_going_on_is_not_advised(
    desk: Desk, people: int
) -> None:
    desk.people(people)
    desk.write("spring.txt", WORN)
    told = desk.run("run", "spring.yaml")
    assert told.code == (3 if people == 25 else 1)
    assert "go on with" not in told.err
    failed = [row for row in desk.rows().values() if row["status"] == "failed"]
    # a slow machine hands over fewer at once, and from 20 on the run stops
    assert min(people, 20) <= len(failed) <= people
    assert f"{len(failed)} messages could not be built: mend that first" in told.err
    assert told.err.count("no element 99") <= 4
    check = line_that_goes_on(told.err, "sends none:")
    assert desk.run(*check).code == 1
    desk.write("spring.txt", TEXT)
    assert desk.run(*check).code == 0
    assert desk.run(*line_that_goes_on(told.err, "whoever has none yet:")).code == 0
    assert len(desk.receivers()) == people


def test_where_every_row_is_invalid_that_is_the_matter(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE.replace("@", " at "))
    told = desk.run("run", "spring.yaml")
    assert told.code == 1
    assert "nobody to send to: 3 invalid; look at the CSV and at `where`" in told.err
    assert "sendbatch run" not in told.err


def test_where_everyone_has_the_mail_nothing_is_left_to_do(desk: Desk) -> None:
    told = desk.run("run", "spring.yaml")
    assert told.code == 0
    assert told.err.endswith("\nnothing is left to do\n")
    assert "page:    reports/spring.sandbox/report.html" in told.err
    assert "left to do" not in desk.run("run", "spring.yaml").err  # that says so in other words


def test_after_a_rehearsal_the_line_that_shows_its_mails_is_named(desk: Desk, mailhost: MailHost) -> None:
    told = desk.run("run", "spring.yaml", "--run", "2026-05")
    shows = line_that_goes_on(told.err, "this shows them:")
    assert list(shows) == ["outbox", "spring.yaml", "--run", "2026-05", "--open"]
    assert desk.run(*(word for word in shows if word != "--open")).code == 0
    mailhost.take_over(desk)
    assert "this shows them" not in desk.run("run", "spring.yaml", "--yes").err


def test_invalid_rows_are_sent_to_by_the_line_that_is_named_once_they_are_mended(desk: Desk) -> None:
    desk.write("people.csv", f"{PEOPLE}nobody,N,free\n")
    told = desk.run("run", "spring.yaml")
    assert told.code == 1
    assert "1 row invalid: once mended in the CSV, this sends to it:\n" in told.err
    assert "left to do" not in told.err
    again = line_that_goes_on(told.err, "this sends to it:")
    desk.write("people.csv", f"{PEOPLE}nobody@example.com,N,free\n")
    assert desk.run(*again).code == 0
    assert len(desk.receivers()) == 4


def test_whoever_is_deferred_without_a_time_is_tried_again_by_the_line_that_is_named(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk, more="retry: {attempts: 1}\n")
    mailhost.answers |= dict.fromkeys((BJORK, CARL), "450 4.2.1 try again later")
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert "2 recipients refused for now; this tries the 2 again:" in told.err
    mailhost.answers.clear()
    again = line_that_goes_on(told.err, "again:")
    assert desk.run(*again, "--yes").code == 0
    assert mailhost.receivers == [ADA, BJORK, CARL]


def test_with_others_left_over_no_line_is_said_to_be_for_the_deferred_alone(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk, more="retry: {attempts: 1}\n")
    mailhost.answers[ADA] = "450 4.2.1 try again later"
    told = desk.run("run", "spring.yaml", "--yes", "--limit", "2")
    assert told.code == 1
    assert "1 recipient left for a later run:\n  sendbatch run spring.yaml\n" in told.err
    assert "1 recipient refused for now; a later run tries it again\n" in told.err
    assert told.err.count("sendbatch run") == 1


def test_each_command_that_is_named_stands_whole_on_a_line_of_its_own(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    mailhost.answers[ADA] = "450 4.2.1 try again later"
    for options in (("--limit", "1"), ("--rate", "1/h")):
        told = desk.run("run", "spring.yaml", "--yes", "--no-wait", *options)
        lines = [line for line in told.err.splitlines() if "sendbatch run" in line]
        assert lines
        assert all(line.startswith("  sendbatch run spring.yaml") for line in lines), lines


def test_quiet_every_exit_code_but_0_has_its_word(desk: Desk, mailhost: MailHost) -> None:
    def said(*options: str) -> tuple[int, list[str]]:
        told = desk.run("run", "spring.yaml", "--yes", "-q", *options)
        assert told.out == ""
        return told.code, told.err.splitlines()

    mailhost.take_over(desk, more="retry: {attempts: 1}\n")  # nobody waits for a second try
    code, lines = said("--expect", "9")
    assert (code, len(lines)) == (4, 2)
    code, lines = said("--smtp", "nowhere")
    assert (code, len(lines)) == (2, 2)
    code, lines = said("--rate", "1/h", "--no-wait")
    assert code == 3
    assert lines[:2] == ["spring: 1 of 3 accepted, 2 pending", "  report:  reports/spring/report.csv"]
    assert lines[2].startswith("stopped early: the limits are used up until ")
    assert lines[3:] == ["go on with:", "  sendbatch run spring.yaml --rate 1/h"]
    mailhost.answers[CARL] = "450 4.2.1 try again later"
    code, lines = said("--no-wait")
    assert code == 1
    assert lines == [
        "spring: 2 of 3 accepted, 1 deferred",
        "  deferred: row 4",
        "  report:  reports/spring/report.csv",
    ]
    mailhost.answers.clear()
    assert said() == (0, [])


def test_whoever_is_in_doubt_is_settled_by_the_line_that_is_named(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    mailhost.answers[CARL] = "450 4.2.1 try again later"
    desk.run("run", "spring.yaml", "--yes", "--no-wait", "--record", "kept")
    with closing(sqlite3.connect(desk.folder / "kept/spring/ledger.sqlite")) as store, store:
        store.execute("UPDATE delivery SET status = 'in_doubt' WHERE key = ?", (CARL,))
    told = desk.run("run", "spring.yaml", "--yes", "--record", "kept")
    assert told.code == 1
    assert "1 recipient in doubt: the mail may have arrived; who is known to have it" in told.err
    words = list(line_that_goes_on(told.err, "known to have it"))
    words[words.index("KEY…")] = CARL
    assert desk.run(*words).code == 0
    assert desk.run("run", "spring.yaml", "--yes", "--record", "kept").code == 0
