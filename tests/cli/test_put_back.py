"""A database that was put back from a backup which is older than what was sent from here."""

from __future__ import annotations

import shutil

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.postgres import Database

ALL = ["ada@example.com", "bjork@example.org", "carl@example.net"]


@pytest.fixture
def begun(
    desk: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """One of three has the mail."""
    desk.write("profiles.yaml", f'project: shop\nrecord: "${{D}}"\n{mailhost.profiles}')
    desk.campaign(("smtp: sandbox", "smtp: live"))
    monkeypatch.setenv("D", database.url)
    desk.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    return desk


@pytest.fixture
def put_back(begun: Desk, database: Database, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Then another, whom the database knows no more."""
    before = database.copied()
    begun.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    monkeypatch.setenv("D", before.url)
    return begun


def test_nobody_is_mailed_by_it_and_its_words_lead_on(put_back: Desk, mailhost: MailHost) -> None:
    for words in (["run", "--yes"], ["run", "--yes", "--join"], ["status"], ["report"]):
        verb, *more = words
        told = put_back.run(verb, "spring.yaml", *more).ended(4)
        assert "this record is older than what was sent from here" in told.err
        assert "which were 2 recipients at least" in told.err
    assert "a run would be refused" in put_back.run("plan", "spring.yaml").said
    put_back.run("plan", "spring.yaml", "--out", "plan.json").ended(4)
    assert len(mailhost.receivers) == 2
    move, run = [line.split() for line in told.err.splitlines() if line.startswith("    ")]
    assert move == ["mv", "reports/spring", "reports/spring.old"]
    put_back.record("spring").rename(put_back.folder / move[2])
    put_back.run(*run[1:], "--yes").ended(0)
    assert sorted(mailhost.receivers) == ALL
    put_back.run("run", "spring.yaml", "--yes").ended(0)
    assert len(mailhost.receivers) == 3


def test_what_others_did_since_does_not_hide_it(put_back: Desk, mailhost: MailHost) -> None:
    here = put_back.record("spring")
    here.rename(put_back.folder / "kept")
    put_back.run("run", "spring.yaml", "--yes", "--limit", "1", "--except", "kept/report.csv").ended(0)
    put_back.run("status", "spring.yaml").ended(0)
    shutil.rmtree(here)
    (put_back.folder / "kept").rename(here)
    put_back.run("run", "spring.yaml", "--yes").ended(4)
    assert len(mailhost.receivers) == 3


def test_a_newer_backup_or_one_that_lacks_what_others_sent_is_gone_on_with(
    begun: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D", database.copied().url)
    begun.run("status", "spring.yaml").ended(3)
    begun.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    begun.run("run", "spring.yaml", "--yes", "--join").ended(0)
    assert sorted(mailhost.receivers) == ALL


def test_a_record_that_went_away_and_came_back_is_the_same(begun: Desk, mailhost: MailHost) -> None:
    begun.run("record", "export", "spring.yaml", "away").ended(0)
    begun.run("record", "import", "spring.yaml", "away").ended(0)
    begun.run("forget", "ada@example.com", "--record", "${D}", "--yes")
    begun.run("run", "spring.yaml", "--yes").ended(0)
    assert sorted(mailhost.receivers) == ALL


def test_a_note_without_a_mark_as_it_was_before_is_taken(put_back: Desk) -> None:
    note = put_back.record("spring") / "database.txt"
    title, mark = note.read_text().splitlines()
    assert mark.startswith("seen ")
    note.write_text(f"{title}\n")
    put_back.run("status", "spring.yaml").ended(3)
