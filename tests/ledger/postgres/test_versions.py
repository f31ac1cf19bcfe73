"""Two versions of sendbatch over one database: the newer one brings the tables up to date under nobody."""

from __future__ import annotations

import pytest
from psycopg import sql

from sendbatch.errors import LedgerError, LockedError, RecordLost
from sendbatch.ledger.postgres import record, schema
from sendbatch.ledger.postgres.doors import has_record
from sendbatch.ledger.postgres.moving import coming
from tests.kit.postgres import Database
from tests.kit.runners import forgotten, opened, place_of, planned, runner, standing

STEPS = {1: sql.SQL("CREATE TABLE sendbatch.more (n integer)")}


def newer_one_comes(database: Database) -> None:
    """It looks before it begins a run, of another campaign."""
    with pytest.MonkeyPatch.context() as newer:
        newer.setattr(schema, "VERSION", 2)
        newer.setattr(schema, "STEPS", STEPS)
        assert not has_record(place_of(database.url, name="other"))


def version(database: Database) -> int:
    return int(database.say("SELECT version FROM sendbatch.about")[0][0])


def test_the_tables_are_not_brought_up_to_date_under_a_runner_of_whichever_campaign(
    database: Database,
) -> None:
    with runner(database.url, people=2) as older:
        with pytest.raises(LockedError, match=r"is at work: shop/news, process [0-9]+ on "):
            newer_one_comes(database)
        assert version(database) == 1
        people = older.claim()
        assert older.begin(*people) == [one.id for one in people]
        older.end(*people)
    newer_one_comes(database)
    assert version(database) == 2


def test_who_waited_until_another_had_made_the_tables_ends_nobodys_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw none, and then the other one has a place already."""
    seen = [None]
    known = schema._version
    with runner(database.url, people=1) as first:
        monkeypatch.setattr(schema, "_version", lambda *of: seen.pop() if seen else known(*of))
        with runner(database.url):
            assert not seen
        people = first.claim()
        assert first.begin(*people) == [one.id for one in people]
        first.end(*people)
    assert standing(database) == {"p2": "accepted"}


def test_who_was_paused_while_they_were_sends_no_more_and_its_answers_count(database: Database) -> None:
    with runner(database.url, people=3) as older:
        first, second, _ = older.claim()
        older.begin(first)
        older.pause()
        forgotten(database)
        newer_one_comes(database)

        with pytest.raises(RecordLost, match="a newer version of sendbatch has brought"):
            older.begin(second)
        with pytest.raises(RecordLost):  # once all is written
            older.end(first)
    assert standing(database) == {"p2": "accepted"}


def test_who_was_paused_as_it_planned_plans_no_more(database: Database) -> None:
    with opened(database.url) as (older, _), older.draft() as draft:
        planned(draft, 2)
        older.heartbeat.stop()
        forgotten(database)
        newer_one_comes(database)
        with pytest.raises(RecordLost, match="a newer version of sendbatch has brought"):
            draft.merge(older.own_time())


def test_an_older_one_that_was_about_to_begin_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database.url):
        pass
    monkeypatch.setattr(record, "ensure", lambda *_: newer_one_comes(database))
    with pytest.raises(LedgerError, match="of a newer version of sendbatch"), opened(database.url):
        pass
    assert database.say("SELECT 1 FROM sendbatch.runner") == []


def test_a_routine_that_is_not_as_it_was_says_which_version_is_to_go_on(database: Database) -> None:
    with runner(database.url, people=1) as older:
        people = older.claim()
        older.pause()
        forgotten(database)
        newer_one_comes(database)
        database.say("DROP PROCEDURE sendbatch.commit")
        with pytest.raises(RecordLost, match="a newer version of sendbatch has brought"):
            older.begin(*people)
    assert standing(database) == {}


def test_a_record_that_arrives_meanwhile_does_not_open(database: Database) -> None:
    with coming(place_of(database.url)) as target:
        target.claim("token")
        newer_one_comes(database)
        with pytest.raises(LedgerError, match="of a newer version of sendbatch"):
            target.open()
