"""What the call is held to by which a runner commits (commit.sql)."""

from __future__ import annotations

import psycopg
import pytest

from sendbatch.errors import RecordStopped
from sendbatch.ledger.postgres.runs import YOUNG
from sendbatch.values import Status
from tests.kit.people import OUTCOMES
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


@pytest.mark.parametrize("index", ["block_state", "attempt_delivery"])
def test_no_plan_that_is_kept_goes_through_all_rows_of_a_record(database: Database, index: str) -> None:
    """The planner takes tables with no rows for alike: an index that begins with the record would do."""
    with runner(database.url):
        pass
    ((columns,),) = database.say(f"SELECT pg_get_indexdef('sendbatch.{index}'::regclass, 1, true)")
    assert columns != "record"


def test_who_leaves_first_sees_what_others_have_under_way_and_the_last_one_that_all_have_ended(
    database: Database,
) -> None:
    with runner(database.url, people=200) as one, runner(database.url) as other:
        left, theirs = one.claim(1), other.claim(1)
        assert one.begin(*left)
        assert other.begin(*theirs)

        beside = one.record.beside()

        assert beside is not None
        (alive,) = beside.runners()
        assert (alive.id, alive.state) == (other.record.seat.runner, "sending")
        totals = beside.reading.totals()
        assert (totals[Status.SENDING], totals[Status.IN_DOUBT]) == (1, 1)  # no answer comes to its own
        database.say("UPDATE sendbatch.runner SET stopped_by = 'somebody'")
        assert [runner.state for runner in beside.runners()] == ["ending"]
        other.end(*theirs)
        assert other.record.beside() is None
        assert one.record.beside() is None


def test_whoever_is_in_doubt_since_a_moment_ago_is_counted_until_no_answer_can_come(
    database: Database,
) -> None:
    with runner(database.url, people=9) as one:
        assert one.record.young_doubts() is None
        people = one.claim(2)
        assert len(one.begin(*people)) == 2
        one.end(*people, outcome=OUTCOMES[Status.IN_DOUBT])
        young = one.record.young_doubts()
        assert young is not None
        many, until = young
        assert many == 2
        assert YOUNG < until - one.record.now() < YOUNG + 61
        database.say(f"UPDATE sendbatch.delivery SET finished_at = finished_at - {YOUNG + 61}")
        assert one.record.young_doubts() is None
