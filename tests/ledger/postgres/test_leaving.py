"""A runner that leaves a run: what it is told of the others, and of those in doubt."""

from __future__ import annotations

from sendbatch.ledger.postgres.runs import YOUNG
from sendbatch.values import Status
from tests.kit.people import OUTCOMES
from tests.kit.postgres import Database
from tests.kit.runners import runner


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
        assert YOUNG < until - one.record.own_time() < YOUNG + 61
        database.say(f"UPDATE sendbatch.delivery SET finished_at = finished_at - {YOUNG + 61}")
        assert one.record.young_doubts() is None
