"""A run whose envelopes leave with the dots before them: limits, stops and endings as without."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.runtime.stop import Stop
from sendbatch.smtp import levels as smtp_levels
from sendbatch.smtp.levels import BEHIND, GROUP, Levels
from sendbatch.values import Status
from tests.kit.desk import ACCOUNT, Desk, address, addresses, usage_in
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit


def pipelined(desk: MakeDesk, count: int, **options) -> Desk:
    """A desk whose office has been known to take commands behind a dot."""
    options = {"pipelining": "taken", "levels": Levels(BEHIND)} | options
    return desk(count, **options)


def number_of(visit: Visit) -> int:
    return int(visit.recipient.partition("@")[0][1:])


@pytest.mark.parametrize("connections", [1, 4])
def test_everybody_is_accepted_once_and_most_envelopes_go_along(
    desk: MakeDesk, connections: int
) -> None:
    run = desk(400, connections=connections, pipelining="taken")
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 400}
    assert set(run.office.whole.values()) == {1}
    assert sum(visit.followed for visit in run.office.visits) > 300
    assert run.levels.learned == BEHIND


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("known", [None, BEHIND])
@pytest.mark.parametrize("pipelining", ["refused", "swallowed"])
def test_a_server_that_cannot_costs_nobody_anything(
    desk: MakeDesk,
    monkeypatch: pytest.MonkeyPatch,
    pipelining: str,
    known: int | None,
    connections: int,
) -> None:
    monkeypatch.setattr(smtp_levels, "TRYING", 0.05)
    monkeypatch.setattr(smtp_levels, "LATER", 0.05)
    run = desk(60, connections=connections, pipelining=pipelining, levels=Levels(known))
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 60}
    assert set(run.office.whole.values()) == {1}
    assert {entry.attempts for entry in run.entries()} == {1}
    assert sum(visit.followed for visit in run.office.visits) <= (connections if known else 1)
    assert (run.levels.group, run.levels.learned) == (GROUP, GROUP)
    assert run.events("connections") == []


def test_messages_per_connection_are_kept_and_quit_goes_with_the_last(desk: MakeDesk) -> None:
    run = pipelined(desk, 25, per_connection=10)
    run.send()
    assert [visit.mails for visit in run.office.visits] == [10, 10, 5]
    assert [visit.followed for visit in run.office.visits][:2] == [10, 10]
    assert run.totals() == {Status.ACCEPTED: 25}


def test_a_connection_that_we_end_says_nothing_of_what_the_server_takes(desk: MakeDesk) -> None:
    # The reply to QUIT comes with that to the dot; of some the recipient is refused.
    run = pipelined(
        desk, 400, connections=2, per_connection=20,
        rcpt=lambda visit: "550 nobody" if number_of(visit) % 16 == 0 else None,
    )  # fmt: skip
    assert not run.send().early
    totals = run.totals()
    assert set(totals) <= {Status.ACCEPTED, Status.REJECTED, Status.DEFERRED}
    assert totals[Status.ACCEPTED] == 375
    # who was refused last, where no other connection had carried as much, stays deferred
    assert totals[Status.REJECTED] + totals.get(Status.DEFERRED, 0) == 25
    assert totals[Status.REJECTED] >= 23
    assert run.events("connections") == []
    assert len(run.office.visits) <= 24


@pytest.mark.parametrize("said", ["421 enough", "452 too many"])
def test_a_server_that_takes_so_many_on_a_connection_is_understood(
    desk: MakeDesk, said: str
) -> None:
    run = pipelined(desk, 45, mail=lambda visit: said if visit.accepted == 10 else None)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 45}
    assert {entry.attempts for entry in run.entries()} == {1}
    assert run.events("connections") == ["the server takes 10 messages a connection"]
    assert [visit.mails for visit in run.office.visits] == [11, 11, 10, 10, 5]
    assert run.office.taken == addresses(45)  # what was released goes first


def test_one_421_after_a_dot_is_one_sign_though_two_messages_meet_it(desk: MakeDesk) -> None:
    run = pipelined(
        desk, 20, dot=lambda visit: "421 bye" if visit.number == 0 and visit.accepted == 7 else None
    )
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 20}
    assert run.events("connections") == []
    assert Counter(entry.attempts for entry in run.entries()) == {1: 19, 2: 1}


def test_the_end_instead_of_an_answer_leaves_one_in_doubt_and_the_next_is_sent_again(
    desk: MakeDesk,
) -> None:
    run = pipelined(
        desk, 20, dot=lambda visit: "" if visit.number == 0 and visit.accepted == 7 else None
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 19, Status.IN_DOUBT: 1}
    assert run.entry(address(7)).status is Status.IN_DOUBT
    assert set(run.office.whole.values()) == {1}


def test_a_message_that_kills_three_connections_is_deferred(desk: MakeDesk) -> None:
    run = pipelined(desk, 10, rcpt=lambda visit: "" if visit.recipient == address(3) else None)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 9, Status.DEFERRED: 1}
    assert run.entry(address(3)).attempts == 3
    assert run.office.asked[address(3)] == 9


def test_no_envelope_leaves_before_its_slot(desk: MakeDesk) -> None:
    at: list[float] = []

    def mail(visit: Visit) -> None:
        at.append(run.clock.now)

    run = pipelined(desk, 50, connections=3, rates=(Rate(5, 1),), mail=mail)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 50}
    # at least one interval apart, but for the tolerance of 50 ms and a round trip
    assert all(now >= number * 0.2 - 0.1 for number, now in enumerate(at))
    assert 9.5 <= at[-1] <= 10.5


def test_a_domain_held_back_by_its_limit_does_not_go_along(desk: MakeDesk) -> None:
    at: list[float] = []

    def mail(visit: Visit) -> None:
        at.append(run.clock.now)

    people = [address(n, "slow.example" if n % 2 else "example.org") for n in range(20)]
    slow = {"slow.example": (Rate(1, 1),)}
    run = pipelined(desk, people, domains=slow, mail=mail)
    assert not run.send().early
    assert run.totals() == {Status.ACCEPTED: 20}
    assert sum(now < 0.5 for now in at) == 11
    assert 8.5 <= at[-1] <= 9.5


def test_quota_is_counted_once_for_each_envelope(desk: MakeDesk, tmp_path: Path) -> None:
    usage = usage_in(tmp_path)
    run = pipelined(desk, 250, connections=3, rates=(Rate(10_000, 3600),), usage=usage)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 250}
    assert usage.used(ACCOUNT, 3600, run.clock.wall()) == 250


def test_a_quota_is_never_overdrawn(desk: MakeDesk, tmp_path: Path) -> None:
    usage = usage_in(tmp_path)
    run = pipelined(desk, 50, rates=(Rate(30, 3600),), usage=usage, no_wait=True)
    assert run.send().early
    assert run.totals() == {Status.ACCEPTED: 30, Status.PENDING: 20}
    assert sum(visit.mails for visit in run.office.visits) == 30


def test_asked_to_stop_soon_each_envelope_written_is_completed_and_quit_goes_along(
    desk: MakeDesk,
) -> None:
    def stop_at_the_thirtieth(visit: Visit) -> None:
        if len(run.office.taken) == 30:
            run.stop.soon("enough")

    run = pipelined(desk, 200, connections=5, on_dot=stop_at_the_thirtieth)
    assert run.send().early
    assert set(run.totals()) == {Status.ACCEPTED, Status.PENDING}
    assert sum(visit.mails for visit in run.office.visits) == len(run.office.taken)
    assert all(visit.said[-1] == "QUIT" for visit in run.office.visits)
    assert any(visit.followed == visit.mails for visit in run.office.visits)  # QUIT behind the last
    run.stop = Stop()
    run.send()
    assert run.totals() == {Status.ACCEPTED: 200}
    assert set(run.office.whole.values()) == {1}


def test_asked_to_stop_now_at_most_one_for_each_connection_is_in_doubt(desk: MakeDesk) -> None:
    def stop_at_the_thirtieth(visit: Visit) -> None:
        if len(run.office.taken) == 30:
            run.stop.now("at once")

    run = pipelined(desk, 200, connections=5, on_dot=stop_at_the_thirtieth)
    run.send()
    totals = run.totals()
    assert totals.get(Status.IN_DOUBT, 0) <= 5
    assert set(totals) <= {Status.ACCEPTED, Status.PENDING, Status.IN_DOUBT}
    run.stop = Stop()
    run.send()
    assert set(run.office.whole.values()) == {1}
    assert set(run.totals()) <= {Status.ACCEPTED, Status.IN_DOUBT}
