"""What the call is held to by which a runner commits (commit.sql)."""

from __future__ import annotations

import psycopg
import pytest

from sendbatch.errors import RecordStopped
from tests.kit.postgres import Database
from tests.kit.runners import runner, standing

OF_NOBODY = f"CALL sendbatch.commit({', '.join(['1'] * 6)}, false, {', '.join(['NULL'] * 14)})"


def test_it_is_on_the_disk_however_the_database_is_set(database: Database) -> None:
    with runner(database.url):
        pass
    with psycopg.connect(database.url) as session:
        session.execute("SET synchronous_commit = off")
        session.execute(OF_NOBODY)
        assert session.execute("SHOW synchronous_commit").fetchone() == ("on",)
        session.rollback()
        session.execute("SET LOCAL synchronous_commit = remote_apply")
        session.execute(OF_NOBODY)
        assert session.execute("SHOW synchronous_commit").fetchone() == ("remote_apply",)


def test_what_fails_as_it_is_committed_is_not_taken_as_done(database: Database) -> None:
    with runner(database.url, people=1) as one:
        (ann,) = one.claim()
        database.say(
            "CREATE FUNCTION sendbatch.refuses() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no'; END $$",
            "CREATE CONSTRAINT TRIGGER refuses AFTER INSERT ON sendbatch.delivery DEFERRABLE "
            "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sendbatch.refuses()",
        )
        with pytest.raises(RecordStopped, match="no"):
            one.begin(ann)
        assert standing(database) == {}
        database.say("DROP TRIGGER refuses ON sendbatch.delivery")


def test_no_plan_that_is_kept_goes_through_all_rows_of_a_record(database: Database) -> None:
    """The planner takes tables with no rows for alike: beside a primary key that begins with the record, any
    other index of all rows that does would do."""
    with runner(database.url):
        pass
    also = database.say(
        "SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
        "WHERE c.relnamespace = 'sendbatch'::regnamespace AND i.indpred IS NULL AND NOT i.indisprimary "
        "AND pg_get_indexdef(i.indexrelid, 1, true) = 'record'"
    )
    assert also == []
