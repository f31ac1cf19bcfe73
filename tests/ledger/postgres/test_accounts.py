"""What runs have of an account together, in a real database: quotas, and who is there."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.errors import RecordStopped
from sendbatch.ledger.postgres import brief
from sendbatch.ledger.postgres.accounts import accounts_in
from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.brief import Brief
from sendbatch.ledger.postgres.clocks import onward
from sendbatch.ledger.postgres.line import Waiting
from sendbatch.ledger.postgres.senders import PostgresRegister
from sendbatch.ledger.postgres.usage import PostgresUse
from sendbatch.limits.peers import Peers
from sendbatch.limits.quota import LAPSE
from sendbatch.limits.shared_usage import SharedUsage, shared_account
from sendbatch.runtime.stop import Stop
from tests.kit.clock import FakeClock
from tests.kit.limits import limits
from tests.kit.postgres import Database, Postgres
from tests.kit.relay import Relay
from tests.kit.runners import place_of
from tests.kit.waiting import until

HOUR, DAY = 3600, 86400
NOW, ANOTHER = 1_790_000_000.0, 1_790_003_600.0  # two machines, of which one is an hour ahead


@pytest.fixture
def host(account: str) -> str:
    """One of this test alone."""
    return f"{account}.example"


def usages(briefs: list[Brief]) -> list[SharedUsage]:
    return [SharedUsage(PostgresUse(one)) for one in briefs]


def test_what_one_takes_is_used_for_all_whatever_their_clocks_say(
    briefs: list[Brief], host: str
) -> None:
    one, other, *_ = usages(briefs)
    account = shared_account(PostgresUse(briefs[0]), host, "ada")
    assert shared_account(PostgresUse(briefs[1]), host, "ada") == account
    assert one.take(account, [Rate(10, HOUR)], 7, NOW) == 7
    assert other.take(account, [Rate(10, HOUR)], 7, ANOTHER) == 3
    assert other.used(account, HOUR, ANOTHER) == one.used(account, HOUR, NOW) == 10
    assert one.take(account, [Rate(10, HOUR)], 1, NOW) == 0
    assert NOW + HOUR - 60 < one.next_free(account, [Rate(10, HOUR)], NOW) <= NOW + HOUR + 1
    free_at = other.next_free(account, [Rate(10, HOUR)], ANOTHER)
    assert ANOTHER + HOUR - 60 < free_at <= ANOTHER + HOUR + 1
    other.give_back(account, 2, ANOTHER, ANOTHER + 1)
    assert one.used(account, HOUR, NOW) == 8
    other.give_back(account, 2, ANOTHER, ANOTHER + 1)  # once more
    assert one.used(account, DAY, NOW) == 8


def test_the_user_name_is_not_written_and_hosts_and_domains_are_apart(
    briefs: list[Brief], host: str
) -> None:
    one, *_ = usages(briefs)
    use = PostgresUse(briefs[0])
    account, unnamed = shared_account(use, host, "ada"), shared_account(use, host, None)
    assert "ada" not in account.user
    assert one.take(account.for_domain("a.example"), [Rate(5, DAY)], 9, NOW) == 5
    assert one.take(account, [], 4, NOW) == 4
    assert one.used(unnamed, DAY, NOW) == 4
    assert one.used(shared_account(use, f"other.{host}", "ada"), DAY, NOW) == 0


def test_at_the_same_time_never_more_than_the_quota_is_taken(briefs: list[Brief], host: str) -> None:
    account = shared_account(PostgresUse(briefs[0]), host, "ada")
    taken: list[int] = []

    def take(usage: SharedUsage) -> None:
        for turn in range(30):
            taken.append(usage.take(account, [Rate(100, DAY)], 3, NOW + turn))

    threads = [threading.Thread(target=take, args=(one,)) for one in usages(briefs)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(taken) == 100
    assert usages(briefs)[0].used(account, DAY, NOW) == 100


def test_runs_see_each_other_and_share_connections(briefs: list[Brief], host: str) -> None:
    one, other = (
        Peers(PostgresRegister(brief, host), name, "news", 4, 10.0, onward)
        for name, brief in zip(("one", "other"), briefs, strict=False)
    )
    with one.among_them():
        assert (one.beside().parts, one.beside().connections) == (1, 4)
        other.look()
        assert other.beside().connections == 0
        one.look()
        other.look()
        assert (one.beside().connections, other.beside().connections) == (2, 2)
    other.look()
    assert (other.beside().parts, other.beside().connections) == (1, 4)


@pytest.mark.thorough
def test_while_the_database_is_away_nothing_is_to_be_had_and_nothing_is_raised(
    postgres: Postgres, briefs: list[Brief], host: str
) -> None:
    one, *_ = usages(briefs)
    account = shared_account(PostgresUse(briefs[0]), host, "ada")
    postgres.kill()
    assert one.take(account, [Rate(10, HOUR)], 7, NOW) == 0
    assert one.next_free(account, [Rate(10, HOUR)], NOW) == NOW + 1
    postgres.start()
    assert one.take(account, [Rate(10, HOUR)], 7, NOW) == 7


@pytest.mark.thorough
def test_a_run_that_begins_waits_for_what_all_have_of_the_account_as_long_as_for_its_record(
    postgres: Postgres, lasting: Database, host: str
) -> None:
    address, said = address_of(lasting.url), []

    def told(text: str) -> None:
        said.append(text)
        if "is away" in text:
            postgres.start()

    begins = Brief(address, Waiting(address, 60.0, told, Stop()))
    account = shared_account(PostgresUse(begins), host, "ada")
    postgres.kill()
    with Peers(PostgresRegister(begins, host), "a", "news", 4, 10.0, onward).among_them():
        postgres.kill()
        assert SharedUsage(PostgresUse(begins)).used(account, HOUR, NOW) == 0
    begins.close()
    assert ["is away" in text for text in said] == [True, False] * 2

    postgres.kill()
    gives_up = Brief(address, Waiting(address, 0.0, told, Stop()))
    with pytest.raises(RecordStopped, match="is away"):
        PostgresUse(gives_up).salt()
    gives_up.close()


@pytest.mark.thorough
def test_a_database_that_falls_silent_keeps_no_run_from_its_end(
    postgres: Postgres, lasting: Database, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it has to say that it leaves."""
    monkeypatch.setattr(brief, "SILENT", 0.1)
    looks: list[None] = []
    with Relay(postgres.port) as relay:
        place = place_of(lasting.through(relay.port))

        def run() -> None:
            with accounts_in(place, looking=False) as accounts:
                assert accounts is not None
                register = accounts.register(host)
                meet = register.meet
                monkeypatch.setattr(register, "meet", lambda *asked: looks.append(meet(*asked)))
                with Peers(register, "a", "news", 4, 10.0, onward).among_them():
                    until(lambda: len(looks) == 2, "the thread beside to have looked")
                    relay.stall()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
        relay.mend()


def test_who_took_away_the_row_that_runs_meet_at_keeps_nobody_from_meeting(
    lasting: Database, briefs: list[Brief], host: str
) -> None:
    one, other = (
        Peers(PostgresRegister(each, host), name, "news", 4, 10.0, onward)
        for each, name in zip(briefs, "ab", strict=False)
    )
    one.look()
    lasting.say(f"DELETE FROM sendbatch.lease WHERE account = '{host}'")
    one.look()
    assert lasting.say(f"SELECT count(*) FROM sendbatch.lease WHERE account = '{host}'") == [(1,)]
    other.look()
    assert other.beside().parts == 2


@pytest.mark.thorough
def test_a_quota_whose_database_restarts_waits_and_ends_no_run(
    postgres: Postgres, briefs: list[Brief], host: str
) -> None:
    """Also where what it took ahead has lapsed meanwhile, and should go back."""

    async def spend() -> tuple[bool, int]:
        while gates.take(clock.now, "", 1):
            pass
        await gates.refill("")
        assert gates.take(clock.now, "", 1)
        postgres.kill()
        clock.now += 2 * LAPSE
        assert not gates.take(clock.now, "", 1)
        await gates.refill("")
        assert clock.now < gates.due(clock.now, "") <= clock.now + 1.1
        postgres.start()
        clock.now += 1.2
        await gates.refill("")
        found = gates.take(clock.now, "", 1)
        await gates.give_back()
        return found, usage.used(account, DAY, clock.wall())

    clock, usage = FakeClock(), usages(briefs)[0]
    account = shared_account(PostgresUse(briefs[0]), host, "ada")
    gates = limits(Rate(5000, DAY), usage=usage, account=account, clock=clock).gates
    went, used = asyncio.run(spend())
    assert went
    assert used >= 2
