"""Whatever a run waits for is told: for whom, why, and until when."""

from __future__ import annotations

from pathlib import Path

from sendbatch.campaign.model import Rate, Retry
from sendbatch.runtime.observer import Wait
from sendbatch.values import Status
from tests.kit.clock import START
from tests.kit.desk import Desk, addresses, usage_in
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit

GREY = "451 4.7.1 greylisted, come back later"


def after(wait: Wait) -> float:
    """Until when, in seconds of the run."""
    assert wait.until is not None
    return wait.until - START


def told(run: Desk) -> set[tuple[str, str]]:
    """All waits, but for that on our own work."""
    return {(wait.whom, wait.why) for wait in run.watcher.waits if wait.whom != "messages"}


def first_time(run: Desk) -> None:
    """Everybody is put off once."""
    run.office.rcpt = lambda visit: (
        GREY if run.office.asked[visit.recipient] < 2 else None
    )


def test_where_only_deferred_remain_it_is_for_them_by_domain(desk: MakeDesk) -> None:
    run = desk([*addresses(6, "gmail.com"), *addresses(2, "web.de")], connections=2)
    first_time(run)
    run.send()
    found = [wait for wait in run.watcher.waits if "deferred" in wait.why]
    assert found[0].whom == "gmail.com and others"
    assert found[0].why == "8 deferred recipients (gmail.com 6, web.de 2)"
    assert 45 < after(found[0]) < 75
    assert found[-1].why.startswith("1 deferred recipient (all at ")
    assert run.totals() == {Status.ACCEPTED: 8}


def test_however_many_are_deferred_a_few_lines_are_told(desk: MakeDesk) -> None:
    run = desk(120, connections=4, retry=Retry(attempts=4, first_delay=60, max_delay=1800))
    run.office.rcpt = lambda visit: (
        GREY if run.office.asked[visit.recipient] < 3 else None
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 120}
    assert len(run.watcher.notices) < 15
    assert run.watcher.notices[0] == f"row 2, p0@example.org is deferred: {GREY}"
    assert "deferred 240 times so far (451 4.7.1): all at example.org" in run.watcher.notices[-1]


def test_who_is_out_of_tries_or_done_is_waited_for_no_longer(desk: MakeDesk) -> None:
    run = desk(["never@a.example", "later@b.example"], retry=Retry(attempts=2, first_delay=60))
    run.office.rcpt = lambda visit: (
        GREY
        if visit.recipient.startswith("never") or run.office.asked[visit.recipient] < 2
        else None
    )
    run.send()
    whom = {wait.whom for wait in run.watcher.waits if "deferred" in wait.why}
    assert whom <= {"a.example and others", "b.example and others", "a.example", "b.example"}
    assert run.totals() == {Status.ACCEPTED: 1, Status.DEFERRED: 1}
    counts = [wait.why.split(" ", 1)[0] for wait in run.watcher.waits if "deferred" in wait.why]
    assert counts[0] == "2"
    assert counts[-1] == "1"


def test_the_pace_of_the_account_and_that_of_a_domain_are_told_apart(desk: MakeDesk) -> None:
    run = desk(3, rates=(Rate(4, 60),))
    run.send()
    assert told(run) == {("the pace", "the pace of the account")}
    assert 10 < after(run.watcher.waits[-1]) < 46


def test_a_domain_held_back_alone_is_named(desk: MakeDesk) -> None:
    run = desk(addresses(3, "gmail.com"), domains={"gmail.com": (Rate(4, 60),)})
    run.send()
    assert told(run) == {("gmail.com", "the pace of gmail.com")}


def test_nobody_waits_while_others_go_on(desk: MakeDesk) -> None:
    run = desk(30, rates=(Rate(10, 1),), connections=4)
    run.send()
    assert told(run) == set()


def test_a_quota_is_told_with_its_end(desk: MakeDesk, tmp_path: Path) -> None:
    run = desk(4, rates=(Rate(2, 3600),), usage=usage_in(tmp_path))
    run.send()
    assert told(run) == {("the quota", "the quota of the account")}
    assert 3590 < after(run.watcher.waits[-1]) < 3610


def test_a_server_that_refuses_everything_is_what_is_waited_for(desk: MakeDesk) -> None:
    refuses = [True]

    def rcpt(visit: Visit) -> str | None:
        return "451 4.3.2 not now" if refuses[0] and sum(run.office.asked.values()) < 22 else None

    people = [*addresses(20, "a.example"), *addresses(20, "b.example")]
    run = desk(people, rcpt=rcpt)
    run.send()
    why = "the server, which refuses everything for now"
    found = [wait for wait in run.watcher.waits if wait.why == why]
    assert found
    assert {wait.whom for wait in found} == {"the server"}


def test_a_server_that_is_gone_is_what_is_waited_for(desk: MakeDesk) -> None:
    run = desk(4)

    def dot(visit: Visit) -> str | None:
        if run.office.visits.index(visit) == 0:
            run.office.closes()
        return None

    run.office.dot = dot
    run.retry = Retry(offline=120)
    run.send()
    found = [wait for wait in run.watcher.waits if wait.whom == "the server"]
    assert found[-1].why == "the server, which cannot be reached"
    assert after(found[-1]) > 60
