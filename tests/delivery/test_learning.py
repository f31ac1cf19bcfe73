"""What one run has learned of a server holds for the others on the account, and theirs for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sendbatch.campaign.model import Rate, Retry
from sendbatch.limits.lessons import Lessons, read
from sendbatch.values import Status
from tests.kit.desk import Desk
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit
from tests.kit.peering import Table, peer

RETRY = Retry(attempts=3, first_delay=60, max_delay=600)


def beside(table: Table, *happens: tuple[float, Callable[[], object]]):  # type: ignore[no-untyped-def]
    """The register is looked at each second; and at these seconds something happens."""

    async def another(run: Desk) -> None:
        assert run.peers is not None
        left = sorted(happens, key=lambda one: one[0])
        while True:
            table.now = 1000.0 + run.clock.now
            while left and left[0][0] <= run.clock.now:
                left.pop(0)[1]()
            run.peers.look()
            await run.clock.wait(asyncio.Event(), 0.5)

    return another


def told(table: Table, name: str = "this") -> Lessons:
    return read(table.rows[name][6])


def a_second(went: list[float], first: float, last: float) -> float:
    return sum(first <= at < last for at in went) / (last - first)


def run_of(desk: MakeDesk, table: Table, people: int, *happens, **fields):  # type: ignore[no-untyped-def]
    peers = peer(table, "this", declared=fields.get("connections", 1))
    peers.look()
    return desk(people, peers=peers, beside=beside(table, *happens), **fields)


def test_a_run_uses_no_more_connections_than_are_its_own(desk: MakeDesk) -> None:
    table, open_then = Table(), dict[int, int]()
    run = run_of(
        desk,
        table,
        130,
        (3.0, lambda: table.put("other")),
        (9.0, lambda: table.rows.pop("other")),
        connections=6,
        rates=(Rate(10, 1),),
        on_dot=lambda visit: open_then.__setitem__(int(run.clock.now), run.office.open_now),
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 130}
    assert max(open_then[second] for second in range(1, 3)) > 3
    assert max(open_then[second] for second in range(5, 9)) <= 3


def test_without_a_connection_of_its_own_it_sends_nothing_and_goes_on_once_it_has_one(
    desk: MakeDesk,
) -> None:
    table, went = Table(), list[float]()
    run = run_of(
        desk,
        table,
        100,
        (3.0, lambda: setattr(table, "is_away", True)),
        (40.0, lambda: setattr(table, "is_away", False)),
        connections=2,
        rates=(Rate(5, 1),),
        on_dot=lambda visit: went.append(run.clock.now),
    )

    async def tolerant(run: Desk) -> None:
        while True:
            table.now, table.is_away = 1000.0 + run.clock.now, 3.0 <= run.clock.now < 40.0
            if not table.is_away:
                assert run.peers is not None
                run.peers.look()
            await run.clock.wait(asyncio.Event(), 0.5)

    run.beside = tolerant
    run.send()
    assert run.totals() == {Status.ACCEPTED: 100}
    assert a_second(went, 4, 12) >= 4
    assert a_second(went, 14, 40) == 0
    assert a_second(went, 42, 48) >= 4


def test_a_server_that_asks_one_for_less_is_sent_less_by_all(desk: MakeDesk) -> None:
    table, went = Table(), list[float]()
    run = run_of(
        desk,
        table,
        150,
        (5.0, lambda: table.put("other", Lessons(slower=8.0))),
        rates=(Rate(10, 1),),
        on_dot=lambda visit: went.append(run.clock.now),
    )
    run.send()
    assert a_second(went, 1, 5) >= 9
    assert a_second(went, 7, 25) <= 4.5  # half of what is for two
    assert told(table).slower is not None


def test_what_is_learned_here_is_told(desk: MakeDesk) -> None:
    table = Table()

    def mail(visit: Visit) -> str | None:
        return "421 enough" if visit.accepted == 7 else None

    run = run_of(desk, table, 60, rates=(Rate(10, 1),), mail=mail)
    run.send()
    assert run.totals() == {Status.ACCEPTED: 60}
    assert told(table).per_connection == 7


def test_a_limit_of_a_connection_that_another_learned_is_kept_to(desk: MakeDesk) -> None:
    table = Table()
    run = run_of(
        desk,
        table,
        60,
        (0.0, lambda: table.put("other", Lessons(per_connection=5))),
        rates=(Rate(10, 1),),
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 60}
    assert len(run.office.visits) >= 11


def test_while_another_tries_a_server_that_refuses_everything_this_one_waits(
    desk: MakeDesk,
) -> None:
    table, went = Table(), list[float]()
    run = run_of(
        desk,
        table,
        200,
        (5.0, lambda: table.put("other", Lessons(braked=60.0), since=1.0)),
        (14.0, lambda: table.put("other", Lessons(braked=120.0), since=1.0)),
        (22.0, lambda: table.put("other", since=1.0)),
        connections=2,
        rates=(Rate(10, 1),),
        on_dot=lambda visit: went.append(run.clock.now),
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 200}
    assert a_second(went, 7, 22) == 0
    assert a_second(went, 24, 30) >= 4.5  # half of the pace: the other is there still


def test_what_another_tried_in_vain_ends_this_one_too_if_it_is_of_the_same_run(
    desk: MakeDesk,
) -> None:
    table = Table()
    run = run_of(
        desk,
        table,
        200,
        (5.0, lambda: table.put("other", Lessons(braked=60.0), since=1.0)),
        (8.0, lambda: table.put("other", Lessons(braked=600.0, over=True), since=1.0, is_alive=False)),
        rates=(Rate(10, 1),),
    )
    ending = run.send()
    assert ending.early
    assert run.totals()[Status.PENDING] > 100


def test_where_the_one_that_tries_is_gone_this_one_tries_by_itself(desk: MakeDesk) -> None:
    table = Table()
    run = run_of(
        desk,
        table,
        150,
        (5.0, lambda: table.put("other", Lessons(braked=60.0), since=1.0)),
        (8.0, lambda: table.put("other", Lessons(braked=60.0), since=1.0, is_alive=False)),
        rates=(Rate(10, 1),),
        retry=RETRY,
    )
    ending = run.send()
    assert not ending.early
    assert run.totals() == {Status.ACCEPTED: 150}


def test_messages_that_others_could_not_build_count_too(desk: MakeDesk) -> None:
    table = Table()
    happens = (
        (2.0, lambda: table.put("other", unbuildable=15)),
        (4.0, lambda: table.put("other", unbuildable=25)),
    )
    run = run_of(desk, table, 150, *happens, rates=(Rate(10, 1),))
    ending = run.send()
    assert ending.early
    assert "25 messages could not be built, by other runners" in ending.reason
    assert 30 <= run.totals()[Status.ACCEPTED] <= 50
