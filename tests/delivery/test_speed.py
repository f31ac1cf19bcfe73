"""Whoever watches a run knows how fast it may go, why no faster, and over how many connections."""

from __future__ import annotations

import json

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.limits.back_off import CALM
from sendbatch.runtime.observer import Limit
from tests.kit.clock import START
from tests.kit.desk import addresses
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit

ASKED = "the server asked to slow down"


def test_the_rate_that_was_declared_is_told_once_at_the_beginning(desk: MakeDesk) -> None:
    run = desk(40, rates=(Rate(10, 1),), connections=2)
    run.send()
    assert run.watcher.limits == [Limit(10.0)]
    assert [json.loads(said) for said in run.events("limit")] == [
        {"rate": 10.0, "why": "", "until": None}
    ]


def test_where_nothing_limits_a_run_that_is_told_too(desk: MakeDesk) -> None:
    run = desk(5)
    run.send()
    assert run.watcher.limits == [Limit(None)]


def test_a_server_that_asks_for_less_changes_the_limit_and_each_step_back_does(
    desk: MakeDesk,
) -> None:
    run = desk(
        800,
        rates=(Rate(4, 1),),
        slow_down=("slow down",),
        rcpt=lambda visit: "451 4.7.0 slow down" if sum(run.office.asked.values()) == 9 else None,
    )
    run.send()
    declared, slower, *back = run.watcher.limits
    assert declared == Limit(4.0)
    assert (slower.rate, slower.why) == (2.0, ASKED)
    assert slower.until == pytest.approx(START + 2 + CALM, abs=1)
    assert [limit.rate for limit in back] == pytest.approx([2.5, 3.125, 3.90625, 4])
    assert [limit.why for limit in back] == [ASKED, ASKED, ASKED, ""]
    assert [json.loads(said)["rate"] for said in run.events("limit")] == [
        limit.rate for limit in run.watcher.limits
    ]


def test_a_domain_is_named_where_all_wait_for_it_and_only_there(desk: MakeDesk) -> None:
    run = desk(
        [*addresses(30, "slow.example"), *addresses(30, "fast.example")],
        rates=(Rate(10, 1),),
        domains={"slow.example": (Rate(2, 1),)},
    )
    run.send()
    first, *others = run.watcher.limits
    assert first == Limit(10.0)
    assert others == [Limit(2.0, "the domain slow.example")]
    assert len(run.events("limit")) == 1  # it holds one domain only


def test_connections_are_told_as_they_open_and_end(desk: MakeDesk) -> None:
    run = desk(200, connections=3)
    run.send()
    assert run.watcher.connections[-1] == (0, 3)
    assert max(run.watcher.connections) == (3, 3)


def test_a_server_that_takes_fewer_connections_is_told(desk: MakeDesk) -> None:
    def greeting(visit: Visit) -> str | None:
        return "421 too many" if len(run.office.visits) > 2 else None

    run = desk(200, connections=4, greeting=greeting)
    run.send()
    assert {allowed for _, allowed in run.watcher.connections} >= {4, 2}


def test_what_is_told_is_told_on_change_and_not_for_each_message(desk: MakeDesk) -> None:
    run = desk(500, rates=(Rate(100, 1),), connections=4)
    run.send()
    assert len(run.watcher.limits) == 1
    assert len(run.watcher.connections) < 20
