"""`sendbatch forget`: one person is blanked in all records, and never mailed again by that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.errors import GuardError
from sendbatch.ledger.moving import Move
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

KEYED = ("file: people.csv", "file: people.csv\n  key: number")


def files_with(desk: Desk, text: str) -> list[str]:
    """Those below the folder of the reports in which these bytes stand, in any case."""
    wanted = text.lower().encode()
    found = (path for path in desk.folder.rglob("reports/**/*") if path.is_file())
    return [str(path.relative_to(desk.folder)) for path in found if wanted in path.read_bytes().lower()]


def run(desk: Desk, *more: object, code: int = 0) -> None:
    desk.run("run", "spring.yaml", "--yes", *more).ended(code)


def test_who_has_the_mail_is_known_by_a_hash_and_not_mailed_again(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    desk.change("people.csv", "Ada", "Augusta-Ada")  # so long that no digest has it
    run(desk)
    assert files_with(desk, "Augusta-Ada")
    desk.run("forget", "Ada <ADA@example.com>", "--yes").ended(0)
    desk.change("people.csv", "carl@example.net,,", "carl@example.net,Carl,")
    run(desk)

    assert sorted(mailhost.receivers) == ["ada@example.com", "bjork@example.org", "carl@example.net"]
    forgotten, *others = desk.rows().values()
    assert forgotten["key"].startswith("forgotten ")
    assert (forgotten["email"], forgotten["status"], forgotten["code"]) == ("", "accepted", "250")
    assert (forgotten["reply"], forgotten["message_id"]) == ("", "")
    assert {one["status"] for one in others} == {"accepted"}
    assert files_with(desk, "ada@example.com") == []
    assert files_with(desk, "Augusta-Ada") == []


def test_who_was_not_mailed_yet_is_left_out_from_now_on(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    run(desk, "--limit", "1")
    desk.run("forget", "bjork@example.org", "--yes").ended(0)
    run(desk)
    desk.people(4)
    desk.write("people.csv", (desk.folder / "people.csv").read_text() + "BJORK@example.org,B,\n")
    run(desk)

    assert "bjork@example.org" not in mailhost.receivers
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 6
    (row,) = [row for key, row in desk.rows().items() if key.startswith("forgotten ")]
    assert (row["status"], row["reason"]) == ("suppressed", "forgotten by a person's word (sendbatch forget)")
    assert files_with(desk, "bjork@example.org") == []


def test_what_earlier_plans_left_in_the_file_is_gone_too(desk: Desk, mailhost: MailHost) -> None:
    mailhost.answers["ada@example.com"] = "450 4.2.0 <ada@example.com> later"
    mailhost.take_over(desk)
    for plan in range(3):
        rows = f"ada@example.com,Ada {plan},\nx{plan}@example.com,X,\n"
        desk.write("people.csv", f"email,first_name,plan\n{rows}")
        run(desk, "--no-wait", code=1)
    assert files_with(desk, "ada@example.com")

    desk.run("forget", "ada@example.com", "--yes").ended(0)

    assert files_with(desk, "ada@example.com") == []
    assert files_with(desk, "Ada ") == []


def test_a_key_of_its_own_is_known_by_its_hash_whatever_address_it_has_by_then(
    desk: Desk, mailhost: MailHost
) -> None:
    desk.write("people.csv", "email,first_name,plan,number\nold@example.com,Ada,,C 7\nx@example.com,X,,8\n")
    mailhost.answers["old@example.com"] = "450 4.2.0 later"
    mailhost.take_over(desk, KEYED)
    run(desk, "--no-wait", code=1)
    desk.change("people.csv", "old@", "new@")
    run(desk)
    desk.run("forget", "old@example.com", "--yes").ended(0)
    desk.change("people.csv", "new@", "newer@")
    run(desk)

    assert mailhost.receivers == ["x@example.com", "new@example.com"]
    for address in ("old@", "new@", "newer@"):
        assert files_with(desk, address) == []
    assert "forgotten" in desk.run("trace", "C 7").ended(0).out


def test_a_duplicate_of_who_is_forgotten_is_blanked_with_them(desk: Desk) -> None:
    desk.write("people.csv", "email,first_name,plan\nada@example.com,Ada,\nADA@example.com,Ada,\n")
    desk.run("run", "spring.yaml").ended(0)
    desk.run("forget", "ada@example.com", "--yes").ended(0)
    assert files_with(desk, "ada") == []
    desk.change("people.csv", "\nADA@example.com,Ada,", "\nADA@example.com,Other,")
    desk.run("run", "spring.yaml").ended(0)
    assert desk.receivers() == []
    assert files_with(desk, "ada@") == []


def test_words_about_others_that_name_them_are_blanked(desk: Desk, mailhost: MailHost) -> None:
    mailhost.answers["carl@example.net"] = "550 5.1.1 no such user, nor <Ada@example.com>"
    mailhost.take_over(desk)
    run(desk, code=1)
    ledger = desk.record("spring") / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("INSERT INTO event VALUES (1.0, 'resolved', 'ada@example.com: accepted, by hand')")

    desk.run("forget", "ada@example.com", "--yes").ended(0)

    assert desk.rows()["carl@example.net"]["reply"] == "no such user, nor <(somebody who was forgotten)>"
    with closing(sqlite3.connect(ledger)) as db:
        told = [detail for (detail,) in db.execute("SELECT detail FROM event WHERE kind = 'resolved'")]
    assert told == ["(somebody who was forgotten): accepted, by hand"]


def test_cells_of_others_stay_and_are_said(desk: Desk) -> None:
    desk.change("people.csv", "carl@example.net,", "carl@example.net,ada@example.com")
    desk.run("run", "spring.yaml").ended(0)
    told = desk.run("forget", "ada@example.com", "--yes").ended(0).err
    assert "the address stands in a cell of 1 row of another" in told


def test_files_made_of_the_record_are_removed_or_made_anew_and_all_others_said(desk: Desk) -> None:
    desk.write("left.txt", "ada@example.com\n")
    desk.write("notes/mine.txt", "call ADA@example.com")
    desk.run("run", "spring.yaml").ended(0)
    desk.run("preview", "spring.yaml").ended(0)
    desk.campaign(more="suppress: [left.txt]\n")

    told = desk.run("forget", "ada@example.com", "--yes").ended(0).err

    assert files_with(desk, "ada@example.com") == []
    assert (desk.record() / "report.csv").read_text().count("forgotten ") == 1
    assert desk.receivers() == ["bjork@example.org", "carl@example.net"]
    assert "people.csv: the list of recipients of spring: take them out" in told
    assert "left.txt: leave it: this suppression list" in told
    assert "notes/mine.txt: " in told


def test_every_record_is_blanked_and_it_can_be_said_again(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.run("run", "spring.yaml", "--run", "two").ended(0)
    desk.run("forget", "ada@example.com", "--yes").ended(0)
    assert files_with(desk, "ada@example.com") == []
    desk.run("forget", "ada@example.com", "--yes").ended(0)
    desk.run("forget", "nobody@example.com", "--yes").ended(1)


def test_nobody_is_forgotten_where_nobody_says_yes(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    before = files_with(desk, "ada@example.com")
    desk.run("forget", "ada@example.com").ended(4)
    with pytest.raises(GuardError):
        api.forget("ada@example.com", ask=lambda what: False)
    with pytest.raises(GuardError):
        api.forget("ada@example.com")
    assert files_with(desk, "ada@example.com") == before


def test_while_a_run_has_a_record_nothing_is_changed(desk: Desk, mailhost: MailHost) -> None:
    mailhost.hold_after = 1
    mailhost.take_over(desk)
    process = desk.start("run", "spring.yaml", "--yes")
    try:
        mailhost.until_holding()
        told = desk.run("forget", "carl@example.net", "--yes").ended(5)
    finally:
        mailhost.go.set()
        process.communicate()
    assert "a run of this campaign is under way; nobody was forgotten" in told.err
    assert len(mailhost.receivers) == 3


def test_who_reads_the_record_meanwhile_is_told_of_and_the_second_call_ends_it(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    with closing(sqlite3.connect(desk.record() / "ledger.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM delivery").fetchall()
        told = desk.run("forget", "ada@example.com", "--yes").err
    assert "another process has the record open: say it again" in told
    desk.run("forget", "ada@example.com", "--yes").ended(0)
    assert files_with(desk, "ada@example.com") == []


def test_a_record_that_cannot_be_read_is_said_and_the_others_are_blanked(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.write("reports/other/ledger.sqlite", "no database, " * 400)
    told = desk.run("forget", "ada@example.com", "--yes").ended(2).err
    assert "reports/other: " in told
    assert files_with(desk, "ada@example.com") == []


def test_a_record_of_the_version_before_is_taken_over_and_read_as_it_is(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    ledger = desk.record() / "ledger.sqlite"
    _of_version_3(ledger)
    desk.run("trace", "ada@example.com").ended(0)
    desk.run("status", "spring.yaml").ended(0)
    with closing(sqlite3.connect(ledger)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
    desk.run("run", "spring.yaml").ended(0)
    with closing(sqlite3.connect(ledger)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (4,)
    assert len(desk.kept()) == 3


def _of_version_3(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("DROP TABLE forgotten")
        db.execute("PRAGMA user_version=3")


def test_a_key_that_an_earlier_version_made_is_known_by_its_hash_too(desk: Desk, mailhost: MailHost) -> None:
    desk.write("people.csv", 'email,first_name,plan,number\na@example.com,Ada,,"\u200bC7"\n')
    mailhost.take_over(desk, KEYED)
    run(desk)
    with closing(sqlite3.connect(desk.record("spring") / "ledger.sqlite")) as db, db:
        db.execute("UPDATE plan_row SET key = '\u200bC7'")
        db.execute("UPDATE delivery SET key = '\u200bC7'")
    desk.run("forget", "a@example.com", "--yes").ended(0)
    desk.change("people.csv", "Ada", "Ade")
    run(desk)
    assert mailhost.receivers == ["a@example.com"]
    desk.change("people.csv", "\u200bC7", "C7")
    run(desk)
    assert mailhost.receivers == ["a@example.com"]


def test_an_ask_shows_where_they_stand(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    asked = []
    done = api.forget("ada@example.com", ask=lambda what: not asked.append(what))
    assert [one.spot.title.rpartition("/")[2] for one in asked[0].records] == ["spring.sandbox"]
    assert "people.csv" in [path.name for path in asked[0].others]
    assert done.exit_code == 0
    assert "records 1" in repr(done)


def test_where_a_record_moved_to_is_looked_in_too(desk: Desk, mailhost: MailHost, tmp_path: Path) -> None:
    mailhost.take_over(desk)
    run(desk, "--limit", "1")
    away = tmp_path / "elsewhere"
    desk.run("record", "export", "spring.yaml", away).ended(0)

    assert str(away / "spring") in desk.run("trace", "carl@example.net").ended(0).out
    desk.run("forget", "carl@example.net", "--yes").ended(0)
    run(desk, "--record", away)

    assert mailhost.receivers == ["ada@example.com", "bjork@example.org"]
    assert b"carl@" not in (away / "spring/ledger.sqlite").read_bytes()
    assert files_with(desk, "carl@") == []
    assert not (desk.record("spring") / "report.csv").exists()  # it would be that of what was left


def test_where_a_record_moved_to_and_is_no_more_is_unread(desk: Desk, tmp_path: Path) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.run("record", "export", "spring.yaml", tmp_path / "one").ended(0)
    (tmp_path / "one").rename(tmp_path / "two")

    for verb in (("trace",), ("forget", "--yes")):
        told = desk.run(verb[0], "ada@example.com", *verb[1:]).ended(2).said
        assert "reports/spring.sandbox: this record moved to " in " ".join(told.split())
    desk.run("forget", "ada@example.com", "--yes", "--record", tmp_path / "two").ended(0)
    assert b"ada@" not in (tmp_path / "two/spring.sandbox/ledger.sqlite").read_bytes()


def test_a_move_that_did_not_arrive_is_said(desk: Desk, tmp_path: Path) -> None:
    desk.run("run", "spring.yaml").ended(0)
    ledger = desk.record() / "ledger.sqlite"
    begun = Move("t", str(tmp_path / "there/spring.sandbox"), str(tmp_path / "there"), 1.0)
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("INSERT INTO meta VALUES ('move', ?)", (begun.remembered(),))
    told = desk.run("trace", "ada@example.com").ended(2).out
    assert "is on its way to" in told


def test_a_report_that_was_not_finished_is_removed(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.write("reports/spring.sandbox/.report.csv.aha3cw35.tmp", "1,ada@example.com")
    desk.run("forget", "ada@example.com", "--yes").ended(0)
    assert files_with(desk, "ada@example.com") == []


def test_who_was_in_doubt_is_in_doubt_no_more(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    run(desk)
    with closing(sqlite3.connect(desk.record("spring") / "ledger.sqlite")) as db, db:
        db.execute("UPDATE delivery SET status = 'in_doubt' WHERE key = 'ada@example.com'")
    desk.run("forget", "ada@example.com", "--yes").ended(0)
    desk.change("people.csv", "carl@example.net,,", "carl@example.net,Carl,")
    run(desk, "--in-doubt", "resend")
    desk.run("status", "spring.yaml").ended(0)

    assert mailhost.receivers.count("ada@example.com") == 1
    (row,) = [row for key, row in desk.rows().items() if key.startswith("forgotten ")]
    assert row["status"] == "suppressed"


def test_a_record_on_a_full_disk_is_whole_and_nobody_is_told_to_replace_or_remove_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run("run", "spring.yaml").ended(0)
    monkeypatch.setattr("sendbatch.ledger.sqlite.record.hold_rows", fill)

    moved = desk.run("record", "export", "spring.yaml", "away").ended(2).err
    told = " ".join(desk.run("forget", "ada@example.com", "--yes").ended(2).err.split())

    for said in (moved, told):
        assert "the disk that the record is on is full" in said
        assert "backup" not in said
    assert "no record that could be read knows them" in told
    assert "ledger.sqlite: of a record that could not be looked into: leave it" in told
    assert "remove it" not in told


def fill(db: sqlite3.Connection) -> None:
    """What SQLite says where there is no room."""
    with closing(sqlite3.connect(":memory:")) as small:
        small.execute("PRAGMA max_page_count=1")
        small.execute("CREATE TABLE t (x)")


def test_a_key_that_looks_like_a_forgotten_one_is_forgotten(desk: Desk, mailhost: MailHost) -> None:
    desk.write("people.csv", "email,first_name,plan,number\na@example.com,Ada,,forgotten Ada-Lovelace\n")
    mailhost.take_over(desk, KEYED)
    run(desk)
    assert next(iter(desk.rows().values()))["message_id"]
    desk.run("forget", "a@example.com", "--yes").ended(0)
    assert files_with(desk, "Ada-Lovelace") == []
    run(desk)
    assert mailhost.receivers == ["a@example.com"]


def test_an_address_of_no_use_for_mail_is_found_by_how_it_is_written(desk: Desk) -> None:
    desk.write("people.csv", "email,first_name,plan\nfrieda..Fir@example.org,F,\nx@example.org,X,\n")
    desk.run("run", "spring.yaml")
    assert "row 2, " in desk.run("trace", "Frieda..fir@example.org").ended(0).out
    told = desk.run("forget", "frieda..Fir@example.org", "--yes").ended(0).err
    assert told.count("1 row blanked") == 2
    assert files_with(desk, "frieda..fir") == []


def test_it_is_said_where_was_looked(desk: Desk) -> None:
    run(desk)
    found = desk.run("forget", "ada@example.com", "away", "--yes", "--record", "reports").err
    assert "there is no such folder" in found
    for whom in ("ada@example.com", "nobody@example.com"):
        found = desk.run("forget", whom, "--yes", "--record", "reports").err
        assert "looked in 1 record: ., reports" in found
