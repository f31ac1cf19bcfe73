"""`report --history`: every edition of a campaign, side by side."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

HISTORY = ("report", "spring.yaml", "--history")


def test_every_edition_and_the_kept_mail_are_lines_the_oldest_first(desk: Desk, mailhost: MailHost) -> None:
    desk.run("run", "spring.yaml", "--run", "b").ended(0)
    desk.run("run", "spring.yaml", "--run", "a").ended(0)
    desk.write("spring.txt", "Another text\n")
    desk.people(5)
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes").ended(0)

    told = json.loads(desk.run(*HISTORY, "--format", "json").ended(0).out)

    assert [one["folder"] for one in told["records"]] == ["spring@b.sandbox", "spring@a.sandbox", "spring"]
    assert [one["run"] for one in told["records"]] == ["b", "a", None]
    assert [one["totals"]["accepted"] for one in told["records"]] == [3, 3, 5]
    assert [len(one["contents"]) for one in told["records"]] == [1, 1, 1]
    assert told["records"][0]["contents"] != told["records"][2]["contents"]
    assert told["unread"] == []
    text = desk.run(*HISTORY).out
    assert text.startswith("spring: 3 records\n")
    assert "3 of 3" in text
    assert "5 of 5" in text
    assert "| ` spring@b.sandbox ` | 20" in desk.run(*HISTORY, "--format", "markdown").out


def test_a_broken_or_foreign_record_is_a_line_that_says_so(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.run("run", "spring.yaml", "--run", "other").ended(0)
    with closing(sqlite3.connect(desk.record("spring@other.sandbox") / "ledger.sqlite")) as db, db:
        db.execute("UPDATE meta SET value = 'winter' WHERE key = 'name'")
    desk.write("reports/spring@broken/ledger.sqlite", "no database, " * 400)
    (desk.folder / "reports" / "spring@linked").symlink_to(desk.record())
    desk.write("reports/spring-two/ledger.sqlite", "of another campaign")
    desk.write("reports/spring@empty/ledger.sqlite", "")

    told = desk.run(*HISTORY).ended(0).out

    assert "spring: 1 record\n" in told
    assert "spring@other.sandbox: the record of another campaign: winter" in told
    assert "spring@broken: " in told
    assert "spring@linked: a link, which is not followed" in told
    assert "spring-two" not in told
    assert "empty" not in told


def test_where_nothing_was_sent_that_is_said(desk: Desk) -> None:
    assert desk.run(*HISTORY).ended(0).out == "spring: nothing was sent yet\n"


def test_it_has_formats_of_its_own(desk: Desk) -> None:
    told = desk.run(*HISTORY, "--format", "csv")
    assert told.code == 2
    assert "--history" in told.err


def test_hostile_words_in_a_record_drive_no_terminal_and_no_table(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    with closing(sqlite3.connect(desk.record() / "ledger.sqlite")) as db, db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'server'", ("a\x1b[2J|b\n::error::x",))
    assert "\x1b" not in desk.run(*HISTORY).out
    assert "\n::error" not in desk.run(*HISTORY).out
    assert "a�[2J\\|b" in desk.run(*HISTORY, "--format", "markdown").out
