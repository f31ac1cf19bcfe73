"""The database is away, comes back, or loses its answer: no dot leaves that it does not know of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from sendbatch.errors import LedgerError, RecordLost, RecordStopped
from sendbatch.ledger.facts import Intent, Noted, Settled
from sendbatch.ledger.postgres import line
from sendbatch.ledger.postgres.copying import copy_of
from sendbatch.ledger.postgres.doors import is_under_way, open_postgres_record, stop_runners
from sendbatch.values import Recipient, Status
from tests.kit.people import OUTCOMES
from tests.kit.pooler import pooled
from tests.kit.postgres import Database, Postgres, cramped, fill
from tests.kit.relay import Fate, Relay, Trap
from tests.kit.runners import Runner, opened, place_of, planned, runner, standing
from tests.kit.waiting import until

pytestmark = pytest.mark.thorough  # it restarts, and is waited for


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long, and all is said."""
    monkeypatch.setattr(line, "LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(line, "FIRST_PAUSE", 0.01)


@pytest.fixture
def relay(postgres: Postgres) -> Iterator[Relay]:
    with Relay(postgres.port) as relay:
        yield relay


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """It ends once the block has."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


def test_who_may_not_know_whether_an_intent_was_committed_sends_nothing(
    database: Database, relay: Relay
) -> None:
    with runner(database.through(relay.port), people=3) as one:
        ann, bob, eve = one.claim()
        one.begin(bob)
        relay.lose()

        lost = one.backlog.apply(
            [Settled(bob.id, OUTCOMES[Status.ACCEPTED], None, 2.0), Intent(ann.id, "d", 1.0, 1.0),
             Noted("said", "once", 3.0)]
        )  # fmt: skip

        assert relay.lost.is_set()
        assert set(lost) == {ann.id}
        assert standing(database) == {"p2": "pending", "p3": "accepted"}
        assert database.say("SELECT count(*) FROM sendbatch.event WHERE kind = 'said'") == [(1,)]
        assert database.say("SELECT sent FROM sendbatch.runner") == [(1,)]
        one.backlog.give_back(lost)
        assert one.begin(eve) == [eve.id]
        assert [who.key for who in one.claim()] == [ann.key]
        assert one.begin(ann) == [ann.id]


def test_an_intent_of_a_second_attempt_whose_answer_was_lost_leaves_the_first_as_it_was(
    database: Database, relay: Relay
) -> None:
    with runner(database.through(relay.port), people=1) as one:
        (ann,) = one.claim()
        one.begin(ann)
        one.end(ann, outcome=OUTCOMES[Status.DEFERRED], due_at=5.0)
        before = database.say(BUT_ATTEMPT)
        (ann,) = one.backlog.claim_due(6.0, 9)
        relay.lose()
        assert one.begin(ann) == []
        assert database.say(BUT_ATTEMPT) == before


BUT_ATTEMPT = (
    "SELECT status, was, attempts, code, reply, first_attempt_at, finished_at FROM sendbatch.delivery"
)


def test_whoever_looks_whether_a_run_is_under_way_as_the_database_goes_may_be_called_again(
    database: Database, relay: Relay
) -> None:
    place = place_of(database.through(relay.port))
    relay.set(Trap(b"pg_class", lambda: Fate.CUT, from_client=True))
    with pytest.raises(RecordStopped, match="is away"):
        is_under_way(place)
    assert not is_under_way(place)


def test_a_plan_waits_for_a_database_that_is_away_as_it_begins(
    database: Database, relay: Relay
) -> None:
    with opened(database.through(relay.port)) as (record, _):
        relay.set(Trap(b"application_name", lambda: Fate.CUT, from_client=True))
        with record.draft() as draft:
            planned(draft, people=2)
            draft.merge(record.own_time())
    assert database.say("SELECT count(*) FROM sendbatch.plan_row") == [(2,)]


def test_what_stands_in_doubt_through_a_lost_answer_is_released(
    database: Database, relay: Relay
) -> None:
    """Cut off behind its commit, and taken over before it comes back: it knows that no dot left."""
    with runner(database.through(relay.port), people=1) as one:
        (ann,) = one.claim()
        relay.lose(cuts=False)
        with meanwhile(lambda: one.begin(ann)):
            assert relay.lost.wait(30)
            database.say(
                "UPDATE sendbatch.delivery SET status = 'in_doubt', was = NULL, attempts = attempts + 1",
                "UPDATE sendbatch.block SET token = token + 1000",
            )
            relay.cut()
            relay.mend()
    assert standing(database) == {"p2": "pending"}
    assert database.say("SELECT attempts FROM sendbatch.delivery") == [(0,)]


def crowded(database: Database) -> AbstractContextManager[None]:
    return database.crowded()


def read_only(database: Database) -> AbstractContextManager[None]:
    return database.read_only()


@contextmanager
def restarted(database: Database) -> Iterator[None]:
    database.server.stop()
    yield
    database.server.start()


@contextmanager
def killed(database: Database) -> Iterator[None]:
    database.server.kill()
    yield
    database.server.start()


@pytest.mark.parametrize("away", [crowded, read_only, restarted, killed])
def test_a_database_that_is_away_is_waited_for(
    database: Database, away: Callable[[Database], AbstractContextManager[None]]
) -> None:
    with runner(database.url, people=3) as one:
        ann, bob, _ = one.claim()
        one.begin(ann)
        with ExitStack() as until_it_is_back:
            until_it_is_back.enter_context(away(database))
            with meanwhile(lambda: one.end(ann)):
                until(lambda: bool(one.heard), "a word about it")
                until_it_is_back.close()
        assert one.begin(bob) == [bob.id]
        one.end(bob)
        assert standing(database) == {"p2": "accepted", "p3": "accepted"}
        assert "is away" in one.heard[0]
        assert "is back" in one.heard[-1]


def test_a_database_that_does_not_come_back_ends_the_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.kit.runners.OFFLINE", 0.5)
    with runner(database.url, people=1) as one:
        (ann,) = one.claim()
        with database.crowded(), pytest.raises(RecordStopped, match=r"is away: .*too many connections"):
            one.begin(ann)
    assert standing(database) == {}


def test_who_is_asked_to_end_now_waits_no_longer(database: Database) -> None:
    with runner(database.url, people=1) as one:
        (ann,) = one.claim()
        one.stop.now("Ctrl-C")
        with database.crowded(), pytest.raises(RecordStopped, match="is away"):
            one.begin(ann)


def test_a_disk_that_is_full_is_waited_for(postgres: Postgres) -> None:
    with cramped(postgres) as (database, ballast), runner(database.url, people=60) as one:
        people = one.claim(60)
        fill(ballast)
        with meanwhile(lambda: rewritten(one, people)):
            until(lambda: bool(one.heard), "a word about it")
            ballast.unlink()
        assert "is away" in one.heard[0]
        assert set(standing(database).values()) == {"accepted"}


def rewritten(one: Runner, people: list[Recipient]) -> None:
    """So much that it needs room."""
    one.backlog.apply([Noted("said", "x" * 9000, 1.0) for _ in range(500)])
    one.begin(*people)
    one.end(*people)


def test_a_database_that_has_forgotten_what_it_confirmed_ends_the_run(database: Database) -> None:
    with runner(database.url, people=2) as one:
        ann, bob = one.claim()
        one.begin(ann)
        database.say("UPDATE sendbatch.runner SET committed = 0")
        database.end_sessions()
        with pytest.raises(RecordLost, match="has lost what it had confirmed"):
            one.begin(bob)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_database_that_does_not_keep_what_it_commits_is_refused(
    database: Database, setting: str
) -> None:
    database.server.set(setting, "off")
    until(lambda: database.say(f"SHOW {setting}") == [("off",)], "the setting")
    with pytest.raises(LedgerError, match=f"`{setting}` is off"), opened(database.url):
        pass


def test_a_wrong_password_is_said_at_once_and_shown_nowhere(database: Database) -> None:
    wrong = database.url.replace(database.server.passwords["owner"], "Hunter2")
    with pytest.raises(LedgerError, match="password authentication failed") as raised, opened(wrong):
        pass
    assert "Hunter2" not in str(raised.value)


def test_who_may_not_make_the_tables_is_told_what_allows_it(database: Database) -> None:
    with pytest.raises(LedgerError, match="permission denied") as raised, opened(database.strangers_url):
        pass
    (finding,) = raised.value.findings
    grants = [line for line in (finding.hint or "").splitlines() if line.startswith("  GRANT CREATE")]
    database.say(*(grant.strip() for grant in grants))
    with runner(database.strangers_url, people=1):
        pass


def test_tables_of_a_newer_version_are_left_alone(database: Database) -> None:
    with opened(database.url):
        pass
    database.say("UPDATE sendbatch.about SET version = 99, written_by = '9.0'")
    newer = r"newer version of sendbatch \(9.0, tables of version 99\)"
    with pytest.raises(LedgerError, match=newer), opened(database.url):
        pass


def test_tables_of_a_version_that_never_was_are_left_alone(database: Database) -> None:
    with opened(database.url):
        pass
    database.say("UPDATE sendbatch.about SET version = 0")
    with pytest.raises(LedgerError, match="something else has written to them"), opened(database.url):
        pass


def test_it_goes_through_a_pooler_that_hands_sessions_on(
    postgres: Postgres, database: Database
) -> None:
    with pooled(postgres, sessions=3) as pooler:
        url = database.through(pooler.port)
        with runner(url, people=25) as one, runner(url) as other:
            sent = []
            for _ in range(9):
                for each in (one, other):
                    people = each.claim(4)
                    assert each.begin(*people) == [who.id for who in people]
                    each.end(*people)
                    sent += [who.key for who in people]
            one.record.beat()
    assert sorted(sent) == sorted(f"p{line}" for line in range(2, 27))


def test_a_pooler_that_takes_no_transaction_is_not_waited_for_and_it_is_said_what_to_set(
    postgres: Postgres, database: Database
) -> None:
    with opened(database.url):
        pass
    with pooled(postgres, mode="statement") as pooler:
        place = place_of(database.through(pooler.port))
        opening = open_postgres_record(place, since="", holder="", now=lambda: 0.0, join=True)
        with pytest.raises(LedgerError, match="PgBouncer in statement mode") as begun, opening:
            pass
        assert not isinstance(begun.value, RecordStopped)
        assert "pool_mode = transaction" in (begun.value.hint or "")
        with pytest.raises(LedgerError, match="PgBouncer in statement mode"), copy_of(place):
            pass
        with pytest.raises(LedgerError, match="PgBouncer in statement mode"):
            stop_runners(place, "somebody")


def test_a_commit_that_the_standby_may_not_have_counts_as_lost(
    postgres: Postgres, database: Database
) -> None:
    with postgres.replica(synchronous=True) as replica, runner(database.url, people=2) as one:
        ann, bob = one.claim()
        assert one.begin(ann) == [ann.id]
        one.pause()  # its sign of life would wait, too
        replica.kill()
        begun: list[int] = []
        waits = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        with meanwhile(lambda: begun.extend(one.begin(bob))):
            until(lambda: bool(database.say(waits)), "the commit to wait")
            postgres.set("synchronous_standby_names", "")
        assert begun == []
        assert standing(database) == {ann.key: "sending", bob.key: "pending"}


def test_the_address_of_a_place_is_read_where_it_is_needed(database: Database) -> None:
    assert database.url not in repr(place_of(database.url))
