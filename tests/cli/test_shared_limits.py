"""The limits of an account over all runs that share a database, as a person sees them."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.kit.command import Desk, ended
from tests.kit.mailhost import MailHost
from tests.kit.postgres import Database
from tests.kit.server import Script, Visit
from tests.kit.waiting import until

SHARED = "the limits of the account are those of all runs that share the database of the record"

pytestmark = pytest.mark.thorough


@pytest.fixture
def shared(desk: Desk, mailhost: MailHost, database: Database) -> Desk:
    """A campaign through a server that delivers, whose record is in a database."""
    desk.write("profiles.yaml", profiles(mailhost, "rate: 10000/day"))
    desk.campaign(("smtp: sandbox", "smtp: live"))
    desk.environ |= {"DATABASE_URL": database.url, "SENDBATCH_LEASE": "2"}
    return desk


def profiles(mailhost: MailHost, limits: str, connections: int = 4) -> str:
    written = mailhost.profiles.replace("connections: 1", f"connections: {connections}\n    {limits}")
    return f'project: shop\nrecord: "${{DATABASE_URL}}"\n{written}'


def test_a_quota_is_used_by_all_campaigns_and_counts_nothing_on_this_machine(
    shared: Desk, mailhost: MailHost
) -> None:
    shared.people(30)
    shared.write("profiles.yaml", profiles(mailhost, "rate: 40/day"))
    other = (shared.folder / "spring.yaml").read_text().replace("name: spring", "name: autumn")
    shared.write("autumn.yaml", other)
    told = shared.call("plan", "spring.yaml").ended(0)
    assert SHARED in told.said
    assert "0 of 40 a day used" in told.said
    shared.call("run", "spring.yaml", "--yes").ended(0)
    assert "30 of 40 a day used" in shared.call("plan", "autumn.yaml").ended(0).said
    told = shared.call("run", "autumn.yaml", "--yes", "--no-wait").ended(3)
    assert "the limits are used up until" in told.err
    assert len(mailhost.receivers) == 40
    assert not list(Path(shared.folder).rglob("usage.sqlite"))


def test_three_runners_keep_a_slow_pace_together(shared: Desk, mailhost: MailHost) -> None:
    shared.people(9)
    shared.write("profiles.yaml", profiles(mailhost, "rate: 1/2s"))
    went: list[float] = []
    plain = mailhost.ask

    async def ask(visit: Visit, moment: str) -> Script:
        if moment == "DATA":
            went.append(time.monotonic())
        return await plain(visit, moment)

    mailhost.ask = ask  # type: ignore[method-assign]
    running = shared.start("run", "spring.yaml", "--yes", "--workers", "3")
    ended(running).ended(0)
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 9
    gaps = [after - before for before, after in pairwise(sorted(went))]
    assert sum(gaps) >= 2 * len(gaps) - 1.0  # what a slot was late, the one behind it is sooner


def test_refusals_in_a_row_that_several_runners_meet_end_them_all(
    shared: Desk, mailhost: MailHost
) -> None:
    shared.people(200)
    plain = mailhost.ask

    async def ask(visit: Visit, moment: str) -> Script:
        return b"550 5.7.1 no\r\n" if moment == "RCPT" else await plain(visit, moment)

    mailhost.ask = ask  # type: ignore[method-assign]
    running = shared.start("run", "spring.yaml", "--yes", "--workers", "3", "--rate", "30/s")
    told = ended(running).ended(3)
    assert "permanent refusals in a row, the last one: 550 5.7.1 no" in told.err
    status = shared.call("status", "spring.yaml")
    assert "deferred" in status.said
    # who was on the way, until all had heard of it
    assert 20 <= int(status.said.split("deferred")[1].split()[0]) <= 60


def test_with_more_runners_than_connections_the_last_to_come_wait_and_say_so(
    shared: Desk, mailhost: MailHost
) -> None:
    shared.people(250)
    shared.write("profiles.yaml", profiles(mailhost, "rate: 10/s", connections=1))
    first = shared.start("run", "spring.yaml", "--yes", "--join")
    until(lambda: len(mailhost.receivers) > 3, "the first one sends")
    second = shared.start("run", "spring.yaml", "--yes", "--join")
    said = ended(second)
    ended(first).ended(0)
    assert "other runs have all connections of this account" in said.err
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 250
