"""`sendbatch trace`: what all records that can be seen tell of one person."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from sendbatch import api
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

KEYED = ("file: people.csv", "file: people.csv\n  key: number")


def traced(desk: Desk, whom: str, *more: object) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(desk.run("trace", whom, "--format", "json", *more).out)
    return told


def test_every_campaign_and_edition_is_told_with_status_reply_and_message_id(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.answers["bjork@example.org"] = "550 5.1.1 <bjork@example.org> no such user"
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes").ended(1)
    desk.run("run", "spring.yaml", "--run", "two", "--yes").ended(1)
    sent = {mail["Message-ID"] for mail in mailhost.mails if "ada@" in mail["To"]}

    ada, bjork = traced(desk, "ada@example.com"), traced(desk, "bjork@example.org")

    assert [one["edition"] for one in ada["records"]] == [None, "two"]
    assert {one["rows"][0]["message_id"] for one in ada["records"]} == sent
    (row,) = bjork["records"][0]["rows"]
    assert (row["status"], row["code"], row["enhanced_code"]) == ("rejected", 550, "5.1.1")
    assert row["reply"] == "<bjork@example.org> no such user"
    assert row["finished_at"].endswith("Z")


@pytest.mark.parametrize(
    "written", ["ADA@Example.COM", "Ada L. <ada@example.com>", "  mailto:ada@example.com"]
)
def test_an_address_is_matched_as_keys_are(desk: Desk, written: str) -> None:
    desk.run("run", "spring.yaml").ended(0)
    assert "row 2, ada@example.com: accepted" in desk.run("trace", written).ended(0).out


def test_a_domain_is_matched_in_both_its_spellings(desk: Desk) -> None:
    desk.write("people.csv", "email,first_name,plan\nJörg@bücher.example,J,paid\n")
    desk.run("run", "spring.yaml")
    assert traced(desk, "jörg@xn--bcher-kva.example")["records"]
    assert traced(desk, "JÖRG@BÜCHER.example")["records"]


def test_who_has_a_key_of_their_own_is_found_by_it_by_the_address_and_by_the_one_of_before(
    desk: Desk, mailhost: MailHost
) -> None:
    desk.write("people.csv", "email,first_name,plan,number\nold@example.com,Ada,paid,C 7\n")
    mailhost.answers["old@example.com"] = "450 4.2.0 later"
    mailhost.take_over(desk, KEYED)
    desk.run("run", "spring.yaml", "--yes", "--no-wait")
    desk.change("people.csv", "old@", "new@")
    desk.run("run", "spring.yaml", "--yes").ended(0)

    told = [traced(desk, whom)["records"] for whom in ("C 7", "old@example.com", "new@example.com")]

    assert told[0] == told[1] == told[2]
    (row,) = told[0][0]["rows"]
    assert (row["key"], row["email"], row["status"]) == ("C 7", "new@example.com", "accepted")
    assert [(one["status"], one["email"]) for one in row["history"]] == [("deferred", "old@example.com")]


def test_a_run_under_way_is_read_as_it_stands(desk: Desk, mailhost: MailHost) -> None:
    mailhost.hold_after = 1
    mailhost.take_over(desk)
    process = desk.start("run", "spring.yaml", "--yes")
    try:
        mailhost.until_holding()
        (ada,) = traced(desk, "ada@example.com")["records"]
        (carl,) = traced(desk, "carl@example.net")["records"]
    finally:
        mailhost.go.set()
        process.communicate()

    assert ada["under_way"]
    assert (ada["rows"][0]["status"], carl["rows"][0]["status"]) == ("accepted", "pending")


def test_lists_that_leave_them_out_are_told_by_line(desk: Desk) -> None:
    desk.write("left.csv", "email;when\nx@example.com;1\nAda <ADA@example.com>;2\n")
    desk.write("domains.txt", "# those\n@example.com\n")
    desk.campaign(more="suppress: [left.csv, domains.txt]\n")

    told = traced(desk, "ada@example.com")

    assert [(one["file"], one["line"], one["entry"]) for one in told["suppressed_by"]] == [
        ("domains.txt", 2, "@example.com"),
        ("left.csv", 3, "ada@example.com"),
    ]
    assert told["exit_code"] == 0


def test_what_was_settled_by_hand_and_who_names_them_is_told(desk: Desk) -> None:
    desk.change("people.csv", "carl@example.net,", "carl@example.net,ada@example.com")
    desk.run("run", "spring.yaml").ended(0)
    with closing(sqlite3.connect(desk.record() / "ledger.sqlite")) as db, db:
        db.execute("UPDATE delivery SET status = 'in_doubt' WHERE key = 'ada@example.com'")
    desk.run("resolve", "spring.yaml", "ada@example.com", "--as", "rejected").ended(0)

    (record,) = traced(desk, "ada@example.com")["records"]

    assert [one["kind"] for one in record["events"] if "by hand" in one["detail"]] == ["resolved"]
    assert record["rows_of_others_that_name_them"] == 1


def test_nothing_found_is_one_and_what_cannot_be_read_is_said_and_two(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    assert "nothing was found" in desk.run("trace", "nobody@example.com").ended(1).out
    desk.write("reports/other/ledger.sqlite", "no database, " * 400)
    desk.write("bad.yaml", "name: bad\nrecipients: gone.csv\ntemplates: {text: x}\n")

    told = desk.run("trace", "ada@example.com").ended(2).out

    assert "row 2, ada@example.com: accepted" in told
    assert "reports/other: " in told
    assert "bad.yaml: its suppression lists are not known" in told


def test_another_folder_and_that_of_record_are_looked_in(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--record", "elsewhere").ended(0)
    (desk.folder / "empty").mkdir()
    desk.run("trace", "ada@example.com", "empty").ended(1)
    desk.run("trace", "ada@example.com", "empty", "--record", "elsewhere").ended(0)


@pytest.mark.parametrize("whom", ["", " ", "@example.com", "a@example.com, b@example.com"])
def test_who_is_no_single_person_is_refused(desk: Desk, whom: str) -> None:
    desk.run("trace", whom).ended(2)


def test_hostile_words_in_a_record_drive_no_terminal(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    with closing(sqlite3.connect(desk.record() / "ledger.sqlite")) as db, db:
        db.execute("UPDATE delivery SET reply = ?", ("x\x1b[2J\n::error::y",))
    told = desk.run("trace", "ada@example.com").out
    assert "\x1b" not in told
    assert "\n::error" not in told


def test_python_gets_the_same_as_a_value(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    found = api.trace("ada@example.com")
    assert found.exit_code == 0
    assert [one.campaign for one in found.records] == ["spring"]
    assert "records 1 of 1" in repr(found)


def test_in_ci_the_json_has_no_address(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run("run", "spring.yaml").ended(0)
    monkeypatch.setenv("CI", "true")
    ended = desk.run("trace", "ada@example.com", "--format", "json").ended(0)
    assert json.loads(ended.out)["asked"] == "…@example.com"
    assert "ada@example.com" not in ended.out
    shown = desk.run("trace", "ada@example.com", "--format", "json", "--show-addresses").ended(0)
    assert json.loads(shown.out)["asked"] == "ada@example.com"
