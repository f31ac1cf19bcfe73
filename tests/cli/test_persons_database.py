"""`sendbatch trace` and `sendbatch forget` over records in a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.postgres import Database

TABLES = ("plan_row", "delivery", "attempt", "event", "meta", "record")


@pytest.fixture
def sent(desk: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Two of four have the mail, one of them with an address beyond ASCII; the record is in ${DB}."""
    monkeypatch.setenv("DB", database.url)
    monkeypatch.setenv("SENDBATCH_LEASE", "1")
    mailhost.answers["bjork@example.org"] = "550 5.1.1 no such user, nor <ada@example.com>"
    mailhost.take_over(desk)
    desk.write("profiles.yaml", 'project: shop\nrecord: "${DB}"\n' + mailhost.profiles)
    people = (desk.folder / "people.csv").read_text("utf-8")
    desk.write("people.csv", people + "jo@bücher.example,Jo,\n")
    desk.run("run", "spring.yaml", "--yes", "--limit", "2")
    return desk


def traced(desk: Desk, whom: str, *more: object) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(desk.run("trace", whom, "--format", "json", *more).out)
    return told


def everything(database: Database) -> str:
    found = (database.say(f"SELECT t::text FROM sendbatch.{table} AS t") for table in TABLES)
    return str(list(found))


def test_a_person_is_traced_in_the_database_that_profiles_yaml_names(sent: Desk) -> None:
    told = traced(sent, "Ada <ADA@example.com>")

    (record,) = told["records"]
    (row,) = record["rows"]
    assert (record["campaign"], row["status"], row["email"]) == ("spring", "accepted", "ada@example.com")
    assert row["message_id"].endswith("@example.com>")
    assert record["record"].startswith("shop/spring in ")
    assert traced(sent, "jo@xn--bcher-kva.example")["records"][0]["rows"][0]["status"] == "pending"
    assert told["exit_code"] == 0
    assert traced(sent, "nobody@example.com")["exit_code"] == 1


@pytest.mark.thorough
def test_the_whole_of_a_database_that_is_named_is_looked_in(sent: Desk) -> None:
    (sent.folder / "empty").mkdir()
    assert traced(sent, "ada@example.com", "empty")["exit_code"] == 1
    assert traced(sent, "ada@example.com", "empty", "--record", "${DB}")["exit_code"] == 0


def test_a_database_that_is_away_is_said(sent: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "postgresql://u:geheim@127.0.0.1:1/x")
    told = sent.run("trace", "ada@example.com").ended(2).out
    assert "the records of a database: " in told
    assert "geheim" not in told


def test_who_is_forgotten_is_blanked_there_and_not_mailed_again(
    sent: Desk, mailhost: MailHost, database: Database
) -> None:
    assert "ada@example.com" in everything(database)

    told = sent.run("forget", "ada@example.com", "--yes").ended(0).err

    assert "blanked in all its tables" in told
    assert "ada@example.com" not in everything(database).lower()
    assert "Ada" not in everything(database)
    sent.change("people.csv", "carl@example.net,,", "carl@example.net,Carl,")
    sent.run("run", "spring.yaml", "--yes").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net", "jo@xn--bcher-kva.example"]
    assert "ada@example.com" not in everything(database).lower()
    (row,) = [row for key, row in sent.rows().items() if key.startswith("forgotten ")]
    assert (row["status"], row["email"], row["reply"]) == ("accepted", "", "")
    assert "forgotten, " in sent.run("trace", "ada@example.com").ended(0).out


@pytest.mark.thorough
def test_who_was_not_mailed_yet_is_left_out_from_now_on(
    sent: Desk, mailhost: MailHost, database: Database
) -> None:
    sent.run("forget", "jo@bücher.example", "--yes").ended(0)
    sent.run("run", "spring.yaml", "--yes").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]
    assert "cher-kva" not in everything(database)
    assert "bücher" not in everything(database)


def test_the_report_that_is_made_anew_is_that_of_the_database_and_not_of_what_was_left(
    desk: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB", database.url)
    monkeypatch.setenv("SENDBATCH_LEASE", "1")
    mailhost.take_over(desk)
    desk.write("profiles.yaml", "project: shop\n" + mailhost.profiles)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    desk.run("record", "export", "spring.yaml", "${DB}").ended(0)
    desk.write("profiles.yaml", 'project: shop\nrecord: "${DB}"\n' + mailhost.profiles)
    desk.run("run", "spring.yaml", "--yes").ended(0)

    desk.run("forget", "bjork@example.org", "--yes").ended(0)

    report = (desk.folder / "reports/spring/report.csv").read_text("utf-8")
    assert report.count(",accepted,") == 3
    assert "bjork" not in report
    desk.run("forget", "bjork@example.org", "--yes").ended(0)


def test_what_a_record_left_in_a_database_is_blanked_with_what_it_went_to(
    sent: Desk, mailhost: MailHost, database: Database, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    sent.run("record", "export", "spring.yaml", away).ended(0)
    sent.run("forget", "carl@example.net", "--yes").ended(0)

    assert "carl@" not in everything(database)
    sent.run("run", "spring.yaml", "--yes", "--record", away).ended(1)
    assert mailhost.receivers == ["ada@example.com", "jo@xn--bcher-kva.example"]


def test_where_a_record_went_in_a_database_that_is_away_is_unread(
    desk: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB", database.url)
    mailhost.take_over(desk)
    desk.write("profiles.yaml", "project: shop\n" + mailhost.profiles)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    desk.run("record", "export", "spring.yaml", "${DB}").ended(0)
    desk.run("forget", "bjork@example.org", "--yes").ended(0)
    assert "bjork" not in everything(database)
    monkeypatch.delenv("DB")
    told = desk.run("trace", "carl@example.net").ended(2).out
    assert "this record moved to shop/spring in " in " ".join(told.split())


def test_who_was_in_doubt_there_is_in_doubt_no_more(sent: Desk, database: Database) -> None:
    database.say(
        "UPDATE sendbatch.delivery SET status = 'in_doubt' WHERE key = 'ada@example.com' RETURNING 1"
    )
    sent.run("forget", "ada@example.com", "--yes").ended(0)
    (row,) = [row for key, row in sent.rows().items() if key.startswith("forgotten ")]
    assert row["status"] == "suppressed"
