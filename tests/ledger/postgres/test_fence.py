"""At any instant one runner at most may send to somebody, and what it sent is not lost."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack

import pytest
from psycopg import sql

from sendbatch.errors import Interrupted, LedgerError, LockedError, RecordLost
from sendbatch.ledger.facts import Intent, Released, Retried, Settled, Work
from sendbatch.ledger.postgres import schema
from sendbatch.ledger.postgres.doors import has_record, read_postgres_record, stop_runners
from sendbatch.ledger.postgres.record import open_record
from sendbatch.values import Status
from tests.kit.people import OUTCOMES, entry
from tests.kit.postgres import Database
from tests.kit.runners import (
    Runner,
    forgotten,
    losing,
    opened,
    place_of,
    planned,
    runner,
    standing,
)


def test_two_runners_share_the_plan_of_the_first(database: Database) -> None:
    with runner(database.url, people=25) as one, runner(database.url) as other:
        assert other.record.joined is not None
        sent = []
        for _ in range(9):
            for each in (one, other):
                people = each.claim(4)
                assert each.begin(*people) == [who.id for who in people]
                each.end(*people)
                sent += [who.key for who in people]

    assert sorted(sent) == sorted(f"p{line}" for line in range(2, 27))
    assert set(standing(database).values()) == {"accepted"}


def test_what_a_runner_that_ends_has_left_goes_to_the_others_at_once(database: Database) -> None:
    with runner(database.url, people=25) as one:
        with runner(database.url) as other:
            taken = {who.key for who in other.claim(4)}
            assert taken
            held = {who.key for who in one.claim()}
            assert one.backlog.next_due_at() is not None
            assert one.backlog.others
        left = {who.key for who in one.claim()} | {who.key for who in one.claim()}

    assert taken <= left | held
    assert len(left | held) == 25


def test_a_runner_that_was_paused_can_send_nobody_another_message(database: Database) -> None:
    with runner(database.url, people=9) as paused, runner(database.url) as other:
        ann, bob, *others = paused.claim()
        assert paused.begin(ann) == [ann.id]
        paused.pause()
        forgotten(database)
        assert {who.key for who in other.claim()} == {bob.key, *(one.key for one in others)}

        assert standing(database) == {ann.key: "in_doubt"}
        assert paused.begin(bob) == []

        assert set(paused.backlog.apply([Intent(others[0].id, "d", 1.0, 1.0)])) == {others[0].id}
        assert other.begin(bob) == [bob.id]


def test_all_others_in_hand_of_a_block_that_is_lost_are_told_at_once(database: Database) -> None:
    with runner(database.url, people=9) as paused, runner(database.url) as other:
        ann, *others = paused.claim()
        paused.pause()
        forgotten(database)
        other.claim()

        lost = paused.backlog.apply([Intent(ann.id, "digest", 1.0, 1.0)])

    assert set(lost) == {ann.id, *(one.id for one in others)}


def test_who_was_lost_is_handed_out_again_only_once_given_back(database: Database) -> None:
    with runner(database.url, people=3) as one:
        people = one.claim()
        database.say("UPDATE sendbatch.block SET token = token + 1000")
        lost = one.backlog.apply([Intent(people[0].id, "digest", 1.0, 1.0)])
        forgotten(database)
        database.say("UPDATE sendbatch.runner SET seen_at = extract(epoch from now())")

        assert one.claim() == []
        one.backlog.give_back(lost)
        assert [who.key for who in one.claim()] == [who.key for who in people]


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.REJECTED, Status.DEFERRED])
def test_a_late_answer_settles_the_doubt_that_its_runner_left(
    database: Database, status: Status
) -> None:
    with runner(database.url, people=3) as paused, runner(database.url) as other:
        ann, *_ = paused.claim()
        paused.begin(ann)
        paused.pause()
        forgotten(database)
        other.claim()
        assert standing(database) == {ann.key: "in_doubt"}

        paused.end(ann, outcome=OUTCOMES[status], due_at=5.0 if status is Status.DEFERRED else None)

        assert standing(database) == {ann.key: str(status)}
        one = entry(other.record, ann.key)
        assert one.attempts == 1
        if status is Status.DEFERRED:
            assert [who.key for who in other.backlog.claim_due(6.0, 9)] == [ann.key]


def test_who_was_released_late_is_sent_to_by_the_next(database: Database) -> None:
    with runner(database.url, people=1) as paused, runner(database.url) as other:
        (ann,) = paused.claim()
        paused.begin(ann)
        paused.pause()
        forgotten(database)
        assert other.claim() == []
        assert standing(database) == {ann.key: "in_doubt"}

        paused.backlog.apply([Released(ann.id)])

        assert [(one.key, one.attempts) for one in other.claim()] == [(ann.key, 0)]
        assert other.begin(ann) == [ann.id]


@pytest.mark.parametrize(("word", "stays"), [(Status.PENDING, "accepted"), (Status.REJECTED, "rejected")])
def test_a_late_acceptance_counts_over_a_word_that_was_not_acted_on(
    database: Database, word: Status, stays: str
) -> None:
    with runner(database.url, people=1) as paused:
        (ann,) = paused.claim()
        paused.begin(ann)
        paused.pause()
        forgotten(database)
        with opened(database.url) as (record, _):
            assert record.recover(record.own_time()) == 1
            database.say("UPDATE sendbatch.delivery SET finished_at = 1")
            assert record.resolve([(ann.key,)], word, record.own_time()) == []
        with pytest.raises(RecordLost, match="taken the campaign over"):
            paused.end(ann)

        assert standing(database) == {ann.key: stays}
        told = database.say("SELECT detail FROM sendbatch.event WHERE kind = 'late'")
        assert len(told) == (stays == "rejected")


def test_what_came_too_late_for_another_attempt_changes_nothing(database: Database) -> None:
    with runner(database.url, people=1) as paused:
        (ann,) = paused.claim()
        paused.begin(ann)
        paused.pause()
        forgotten(database)
        with opened(database.url) as (record, _):
            record.recover(record.own_time())
            database.say("UPDATE sendbatch.delivery SET finished_at = 1")
            record.resolve([(ann.key,)], Status.PENDING, record.own_time())
        with runner(database.url, people=1) as again:
            (ann,) = again.claim()
            assert again.begin(ann) == [ann.id]
            with pytest.raises(RecordLost):
                paused.end(ann)
            assert standing(database) == {ann.key: "sending"}
            again.end(ann, outcome=OUTCOMES[Status.REJECTED])

    assert standing(database) == {ann.key: "rejected"}
    ((said,),) = database.say("SELECT detail FROM sendbatch.event WHERE kind = 'late'")
    assert "accepted" in said


def test_doubt_of_a_moment_ago_is_not_to_be_sent_to_again(database: Database) -> None:
    with runner(database.url, people=1) as paused:
        (ann,) = paused.claim()
        paused.begin(ann)
        paused.pause()
        forgotten(database)
        with opened(database.url) as (record, _):
            record.recover(record.own_time())
            with pytest.raises(LockedError, match="answer may still come"):
                record.resolve([(ann.key,)], Status.PENDING, record.own_time())
            assert record.resolve([(ann.key,)], Status.ACCEPTED, record.own_time()) == []


def test_without_join_a_second_run_is_told_who_has_the_campaign(database: Database) -> None:
    with runner(database.url, join=False, people=1):
        for join in (False, True):
            with pytest.raises(LockedError, match="on here, since"), opened(database.url, join=join):
                pass
    with runner(database.url, join=False):
        pass


def test_a_new_run_voids_all_that_an_old_one_holds(database: Database) -> None:
    with runner(database.url, people=3) as paused:
        ann, bob, _ = paused.claim()
        paused.begin(ann)
        paused.pause()
        forgotten(database)
        with runner(database.url, people=3) as new:
            assert {who.key for who in new.claim()} == {"p3", "p4"}
            with pytest.raises(RecordLost, match="taken the campaign over"):
                paused.begin(bob)
            with pytest.raises(RecordLost, match="taken the campaign over"):
                paused.end(ann)
            assert standing(database) == {ann.key: "accepted"}


def test_the_last_runner_puts_back_what_a_word_made_sendable(database: Database) -> None:
    with runner(database.url, people=2) as first:
        first.end(*first.claim(), outcome=OUTCOMES[Status.REJECTED])
    with opened(database.url, join=True) as (one, _):
        with one.draft() as draft:
            assert draft.retry([Retried(Status.REJECTED)], 0.0) == 2
            draft.merge(one.own_time())
        with runner(database.url) as other:
            assert other.record.joined is not None
            other.backlog.end()
            assert set(standing(database).values()) == {"pending"}
        assert set(standing(database).values()) == {"pending"}
    assert set(standing(database).values()) == {"rejected"}


def test_a_record_that_is_deleted_under_a_run_ends_it(database: Database) -> None:
    with runner(database.url, people=2) as one:
        ann, _ = one.claim()
        database.say("DELETE FROM sendbatch.record")
        with pytest.raises(RecordLost, match="no longer in the database: it was deleted"):
            one.begin(ann)


def test_who_is_asked_to_end_hears_of_it(database: Database) -> None:
    with runner(database.url, people=1) as one:
        assert len(stop_runners(place_of(database.url), "on there")) == 1
        one.record.beat()
        assert (one.stop.is_soon, one.stop.reason) == (True, "sendbatch stop, on there")


def test_who_waits_for_the_plan_of_another_is_ended_by_stop_too(database: Database) -> None:
    """It has no place yet, and would plan the run anew that somebody has just ended."""
    with ExitStack() as planning:
        planning.enter_context(opened(database.url, join=True))

        def told(text: str) -> None:
            assert "waiting for its plan" in text
            stop_runners(place_of(database.url), "on there")
            planning.close()

        waiting = place_of(database.url, told=told)
        with (
            pytest.raises(Interrupted, match="sendbatch stop, on there; nothing was sent"),
            open_record(waiting, since="", holder="on here", now=lambda: 0.0, join=True),
        ):
            pass
    with opened(database.url, join=True) as (later, _):
        assert later.joined is None


def test_a_lease_that_another_clock_wrote_has_run_out(database: Database) -> None:
    with runner(database.url, people=3) as paused, runner(database.url) as other:
        people = paused.claim()
        paused.pause()
        database.say("UPDATE sendbatch.block SET until = until + 3600")
        assert [who.key for who in other.claim()] == [who.key for who in people]


def test_an_outcome_without_an_intent_counts_only_for_who_holds_the_block(database: Database) -> None:
    with runner(database.url, people=3) as paused, runner(database.url) as other:
        ann, *_ = paused.claim()
        paused.pause()
        forgotten(database)
        other.claim()
        paused.backlog.apply([Settled(ann.id, OUTCOMES[Status.REJECTED], None, 1.0)])
        assert standing(database) == {}


def test_what_a_runner_had_accepted_is_counted(database: Database) -> None:
    with runner(database.url, people=5) as one:
        people = one.claim()
        one.begin(*people)
        one.end(*people)
        assert one.backlog.totals() == {Status.ACCEPTED: 5}
        assert database.say("SELECT sent FROM sendbatch.runner") == [(5,)]


def test_resend_leaves_doubt_that_an_answer_may_still_settle(database: Database) -> None:
    with runner(database.url, people=2) as one:
        ann, bob = one.claim()
        one.begin(ann, bob)
        one.end(ann, bob, outcome=OUTCOMES[Status.IN_DOUBT])
    database.say(f"UPDATE sendbatch.delivery SET finished_at = 1 WHERE id = {ann.id}")
    with opened(database.url) as (record, _), record.draft() as draft:
        assert draft.resend() == 1
        assert [who.key for who in draft.samples(9)] == [ann.key]
        assert draft.resend([bob.id]) == 1  # a provider's key holds


def test_a_run_that_nobody_has_heard_of_is_ended_and_who_comes_back_sends_nothing(
    database: Database,
) -> None:
    with runner(database.url, people=3) as paused:
        ann, bob, _ = paused.claim()
        paused.begin(ann)
        paused.pause()
        forgotten(database)
        assert len(stop_runners(place_of(database.url), "on there")) == 1

        assert paused.begin(bob) == []
        paused.end(ann)
        paused.record.beat()
        assert paused.stop.reason == "sendbatch stop, on there"
        assert paused.claim() == []

    assert standing(database) == {ann.key: "accepted"}


def test_a_plan_whose_run_was_ended_meanwhile_is_not_merged(database: Database) -> None:
    with opened(database.url) as (record, _), record.draft() as draft:
        planned(draft, 2)
        record.heartbeat.stop()
        forgotten(database)
        stop_runners(place_of(database.url), "on there")
        with pytest.raises(RecordLost, match="sendbatch stop has ended this run"):
            draft.merge(record.own_time())


def test_who_is_released_after_its_block_was_through_is_found_by_others(database: Database) -> None:
    """The answer to its commit was lost, and it comes back late."""
    with runner(database.url, people=1) as slow, runner(database.url) as other:
        (ann,) = slow.claim()
        with losing(slow.record.writing, meanwhile=lambda: taken(database, other)):
            assert slow.begin(ann) == []
        assert standing(database) == {ann.key: "pending"}
        assert [who.key for who in other.claim()] == [ann.key]


def taken(database: Database, other: Runner) -> None:
    forgotten(database)
    assert other.claim() == []
    assert set(standing(database).values()) == {"in_doubt"}


def test_who_may_only_read_is_told_what_allows_a_run(database: Database) -> None:
    with opened(database.url):
        pass
    database.say(
        "GRANT USAGE ON SCHEMA sendbatch TO stranger",
        "GRANT SELECT ON ALL TABLES IN SCHEMA sendbatch TO stranger",
    )
    with pytest.raises(LedgerError, match="permission denied") as raised, opened(database.strangers_url):
        pass
    assert "GRANT ALL ON ALL TABLES" in str(raised.value.findings[0].hint)
    with pytest.raises(LedgerError, match="permission denied"):
        stop_runners(place_of(database.strangers_url), "on there")


def test_blocks_that_another_is_said_to_hold_are_waited_for_by_who_sends_alone(
    database: Database,
) -> None:
    with runner(database.url, join=False, people=3) as one:
        database.say(
            "UPDATE sendbatch.block SET owner = 999, token = token + 5, state = 'held', "
            "until = extract(epoch FROM now()) + 8"
        )
        assert one.claim() == []
        assert one.backlog.next_due_at() is not None
        assert one.backlog.others
        forgotten(database)
        assert len(one.claim()) == 3


def test_tables_that_say_of_no_version_are_left_alone(database: Database) -> None:
    with opened(database.url):
        pass
    database.say("TRUNCATE sendbatch.about")
    with pytest.raises(LedgerError, match="is empty: something else"), opened(database.url):
        pass


def test_tables_of_an_earlier_version_are_brought_up_to_date_by_who_looks_before_a_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database.url):
        pass
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(schema, "STEPS", {1: sql.SQL("CREATE TABLE sendbatch.more (n integer)")})
    assert not has_record(place_of(database.url))
    assert database.say("SELECT version, (SELECT count(*) FROM sendbatch.more) FROM sendbatch.about") == [
        (2, 0)
    ]


def test_who_comes_beside_a_resolve_is_told_of_it_and_a_resolve_of_the_run(database: Database) -> None:
    def resolving() -> AbstractContextManager[object]:
        place, work = place_of(database.url), Work.RESOLVE
        return open_record(place, since="", holder="here", now=lambda: 0.0, join=False, work=work)

    with resolving():
        for join in (True, False):
            with (
                pytest.raises(LockedError, match=r"sendbatch resolve is at work .*; nothing was sent"),
                opened(database.url, join=join),
            ):
                pass
        with (
            pytest.raises(LockedError, match=r"sendbatch resolve is at work .*; nothing was done"),
            resolving(),
        ):
            pass
        with read_postgres_record(place_of(database.url)) as seen:
            assert [one.state for one in seen.runners()] == ["resolving"]
    with (
        runner(database.url, people=1),
        pytest.raises(LockedError, match=r": a run has this campaign in hand: .*; nothing was done") as told,
        resolving(),
    ):
        pass
    assert "--join" not in (told.value.hint or "")
