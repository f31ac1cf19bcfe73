"""A run asks a list of gates: the latest that any says holds, and it is named."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Rate
from sendbatch.limits.connections import Connections
from sendbatch.limits.gates import ANY_TIME, EVERYBODY, NEVER, Gate, Gates, Hold, Metered
from tests.kit.clock import FakeClock
from tests.kit.desk import usage_in
from tests.kit.limits import limits, slots
from tests.ledger.conftest import quick_folder

HOUR, DAY = 3600, 86400
DOMAINS = ["slow.example", "slower.example", "other.example"]


class Until(Gate):
    """Lets nobody go before one time."""

    def __init__(self, at: float, domain: str = EVERYBODY) -> None:
        self.at = at
        self.domain = domain
        self.counted: list[int] = []

    def due(self, now: float, domain: str) -> float:
        return self.at

    def hold(self, domain: str) -> Hold:
        return Hold(self.domain or "everybody", f"{self.at:g}")

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        self.counted.append(recipient_id)


class Late(Gate):
    def due(self, now: float, domain: str) -> float:
        return 9.0


class Purse(Until, Metered):
    """Has a few in hand, and gets as many again."""

    def __init__(self, few: int, domain: str = EVERYBODY) -> None:
        super().__init__(ANY_TIME, domain)
        self.few = self.left = few

    def has_some(self) -> bool:
        return self.left > 0

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        self.left -= 1

    async def refill(self) -> None:
        self.left = self.few

    async def give_back(self) -> None:
        self.left = 0


def test_without_gates_all_may_go() -> None:
    gates = Gates([])
    assert gates.due(5.0, "a.example") == ANY_TIME
    assert gates.take(5.0, "a.example", 1)
    assert (gates.domains, gates.interval, gates.connections_allowed()) == ((), 0.0, NEVER)
    assert gates.forecast(10, 0.0) is None


def test_a_gate_that_defines_nothing_limits_nothing() -> None:
    gates = Gates([Gate()])
    assert gates.due(5.0, "a.example") == ANY_TIME
    assert gates.take(5.0, "a.example", 1)
    assert (gates.interval, gates.connections_allowed(), gates.are_listening) == (0.0, NEVER, False)
    assert gates.forecast(10, 0.0) is None


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from([EVERYBODY, *DOMAINS])), min_size=1))
def test_the_latest_that_any_gate_of_a_domain_says_holds_and_that_gate_is_named(
    given: list[tuple[float, str]],
) -> None:
    gates = Gates(Until(at, domain) for at, domain in given)
    for domain in DOMAINS:
        own = [at for at, of in given if of in (EVERYBODY, domain)]
        assert gates.due(0.0, domain) == max(own, default=ANY_TIME)
        if own:
            assert gates.hold(0.0, domain).why == f"{max(own):g}"
    everybody = [at for at, of in given if of == EVERYBODY]
    assert gates.due(0.0, EVERYBODY) == max(everybody, default=ANY_TIME)
    assert set(gates.domains) == {of for _, of in given} - {EVERYBODY}


def test_of_two_that_hold_as_long_the_one_for_everybody_is_named_and_then_the_first() -> None:
    own, first, second = Until(7.0, "slow.example"), Until(7.0), Until(7.0)
    assert Gates([own, first, second]).hold(0.0, "slow.example") == first.hold("")


def test_only_the_gates_of_its_domain_are_told_that_a_message_goes() -> None:
    everybody, slow = Until(0.0), Until(0.0, "slow.example")
    gates = Gates([everybody, slow])
    assert gates.take(1.0, "slow.example", 1)
    assert gates.take(1.0, "other.example", 2)
    assert (everybody.counted, slow.counted) == ([1, 2], [1])


def test_a_gate_that_has_nothing_to_say_for_now_is_neither_asked_nor_told() -> None:
    late, counting = Late(), Until(0.0)
    gates = Gates([late, counting])
    late.holds = counting.counts = False
    assert gates.due(0.0, "") == 0.0
    assert gates.take(0.0, "", 1)
    late.holds = counting.counts = True
    assert gates.due(0.0, "") == 9.0
    assert gates.take(0.0, "", 2)
    assert counting.counted == [2]


def test_where_one_gate_has_none_in_hand_nothing_is_counted_at_any() -> None:
    everybody, slow, counting = Purse(2), Purse(1, "slow.example"), Until(0.0)
    gates = Gates([everybody, slow, counting])
    assert gates.take(0.0, "slow.example", 1)
    assert not gates.take(0.0, "slow.example", 2)
    assert (everybody.left, slow.left, counting.counted) == (1, 0, [1])
    asyncio.run(gates.refill("slow.example"))
    assert gates.take(0.0, "slow.example", 2)
    asyncio.run(gates.give_back())
    assert (everybody.left, slow.left) == (0, 0)


def test_a_share_is_told_to_all_and_whether_something_must_be_given_up() -> None:
    gates = limits(Rate(10, 1), domains={"slow.example": (Rate(1, 1),)}, connections=6).gates
    assert [gates.share(parts) for parts in (1, 2, 3, 3, 2)] == [False, True, True, False, False]
    assert (gates.interval, gates.connections_allowed()) == (pytest.approx(0.2), 3)
    assert slots(gates, 2, domain="slow.example")[-1] == pytest.approx(2.0, abs=0.06)


def test_of_several_that_allow_connections_the_fewest_hold() -> None:
    few, many = Connections(3), Connections(8)
    assert [Gates(order).connections_allowed() for order in ((few, many), (many, few))] == [3, 3]


# -- what is declared ---------------------------------------------------------------------------


def test_connections_and_messages_on_each_are_what_the_profile_says() -> None:
    it = limits(connections=6, per_connection=10).connections
    assert (it.declared, it.allowed, it.per_connection) == (6, 6, 10)


@pytest.mark.parametrize(
    ("domain", "whom", "why"),
    [
        ("other.example", "the pace", "the pace of the account"),
        ("slow.example", "slow.example", "the pace of slow.example"),
    ],
)
def test_a_pace_says_whose_it_is(domain: str, whom: str, why: str) -> None:
    gates = limits(Rate(1, 60), domains={"slow.example": (Rate(1, 120),)}).gates
    assert gates.take(0.0, domain, 1)
    assert gates.hold(0.0, domain) == Hold(whom, why)


@pytest.mark.parametrize(
    ("domain", "whom", "why"),
    [
        ("other.example", "the quota", "the quota of the account"),
        ("slow.example", "slow.example", "the quota of slow.example"),
    ],
)
def test_a_quota_says_whose_it_is_and_that_it_is_used_up(
    domain: str, whom: str, why: str, tmp_path: Path
) -> None:
    own = {"slow.example": (Rate(1, HOUR),)}
    gates = limits(Rate(4, HOUR), domains=own, usage=usage_in(tmp_path)).gates

    async def use_up() -> None:
        for number in range(5):
            if not gates.take(0.0, domain, number):
                await gates.refill(domain)
                gates.take(0.0, domain, number)

    asyncio.run(use_up())
    assert gates.due(0.0, domain) > HOUR - 1
    assert gates.hold(0.0, domain) == Hold(whom, why, "the limits are used up")


def test_asked_to_send_less_it_is_the_pace_and_under_the_brake_the_server() -> None:
    it = limits()
    assert it.back_off.slow_down(0.0) == 0.5
    assert it.gates.hold(0.0, "a.example") == Hold("the pace", "the pace of the account")
    for number in range(20):
        domain = f"{number % 2}.example"
        it.brake.refused(number, domain, 0.0, permanent=False, of_us=False)
    refused = Hold("the server", "the server, which refuses everything for now")
    assert it.gates.due(0.0, "a.example") == 60.0
    assert it.gates.hold(0.0, "a.example") == refused


def test_nobody_at_a_domain_set_aside_may_go_and_all_others_may() -> None:
    it = limits()
    it.aside.set_to(frozenset({"a.example"}))
    assert it.gates.due(0.0, "a.example") == NEVER
    assert it.gates.due(0.0, "b.example") == ANY_TIME
    it.aside.set_to(frozenset())
    assert it.gates.due(0.0, "a.example") == ANY_TIME


PAUSES = st.lists(
    st.tuples(st.floats(0, 3), st.sampled_from(DOMAINS)), min_size=2, max_size=200
)  # seconds before a message to this domain


@given(st.integers(1, 20), st.integers(1, 5), PAUSES)
def test_in_any_window_go_no_more_than_account_and_domain_allow(
    all_of_them: int, own: int, pauses: list[tuple[float, str]]
) -> None:
    gates = limits(Rate(all_of_them, 1), domains={"slow.example": (Rate(own, 1),)}).gates
    now, went = 0.0, []
    for number, (pause, domain) in enumerate(pauses):
        now = max(now + pause, gates.due(now, domain))
        assert gates.take(now, domain, number)
        went.append((now, domain))
    for allowed, times in (
        (all_of_them, [at for at, _ in went]),
        (own, [at for at, domain in went if domain == "slow.example"]),
    ):
        for first, start in enumerate(times):
            inside = sum(1 for at in times[first:] if at < start + 1)
            assert inside <= allowed + 0.05 * allowed + 1 + 1e-6


@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 20), st.booleans()), min_size=2, max_size=150),
)
def test_between_two_messages_is_never_less_than_the_pace_learned_from_complaints(
    rate: int, steps: list[tuple[float, bool]]
) -> None:
    it, now, went = limits(Rate(rate, 1)), 0.0, []
    for number, (pause, complains) in enumerate(steps):
        now = max(now + pause, it.gates.due(now, "a.example"))
        assert it.gates.take(now, "a.example", number)
        went.append((now, it.gates.interval))
        if complains and it.back_off.slow_down(now) is not None:
            went[-1] = (now, it.gates.interval)
    for (before, interval), (after, _) in pairwise(went):
        assert after - before >= interval - 0.05 - 1e-6


@given(
    st.integers(1, 20),
    st.integers(1, 4),
    st.lists(
        st.tuples(st.floats(0, 90), st.sampled_from(["refused", "accepted", "join"])), max_size=60
    ),
)
def test_connections_are_never_more_than_a_part_of_those_declared_and_never_none(
    declared: int, parts: int, steps: list[tuple[float, str]]
) -> None:
    it, now, sharing = limits(connections=declared).connections, 0.0, 1
    for pause, what in steps:
        now += pause
        if what == "refused":
            it.refused(now)
        elif what == "accepted":
            it.win_back(now)
        else:
            sharing = parts
            it.share(parts)
        assert 1 <= it.allowed <= max(1, declared // sharing)


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans()), max_size=60))
def test_under_the_brake_nothing_goes_before_its_pause_is_over(
    steps: list[tuple[float, bool]],
) -> None:
    it, now = limits(braked=60.0), 0.0
    for number, (pause, accepted) in enumerate(steps):
        until = it.brake.until
        now = max(now + pause, it.gates.due(now, "a.example"))
        assert now >= until
        assert it.gates.take(now, "a.example", number)
        if it.brake.over or not it.brake.on:
            break
        if accepted:
            it.brake.accepted(now)
        else:
            it.brake.refused(number, "a.example", now, permanent=False, of_us=False)
        assert not it.brake.on or it.gates.due(now, "a.example") > now


@given(st.data())
def test_no_window_holds_more_than_the_quotas_of_account_and_domain_of_two_runs_together(
    data: st.DataObject,
) -> None:
    """Each run takes ahead, some time passes, some blocks lapse or are given back."""
    all_of_them, own = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 20))
    steps = st.lists(
        st.tuples(
            st.integers(0, 1), st.sampled_from([0.0, 0.5, 7.0, 61.0, 1800.0]), st.integers(1, 40)
        ),
        max_size=12,
    )
    clock = FakeClock()
    went: list[tuple[float, str]] = []

    async def send(gates: Gates, most: int) -> None:
        for number in range(most):
            domain = data_domains[number % 2]
            if not gates.take(clock.steady(), domain, number):
                await gates.refill(domain)
                if not gates.take(clock.steady(), domain, number):
                    return
            went.append((clock.wall(), domain))

    data_domains = ["slow.example", "other.example"]
    with quick_folder() as folder:
        usage = usage_in(folder)
        made = [
            limits(
                Rate(all_of_them, HOUR),
                domains={"slow.example": (Rate(own, HOUR),)},
                usage=usage,
                clock=clock,
            ).gates
            for _ in range(2)
        ]

        async def run() -> None:
            for which, pause, most in data.draw(steps):
                clock.now += pause
                await send(made[which], most)
            for gates in made:
                await gates.give_back()

        asyncio.run(run())
    for quota, times in (
        (all_of_them, [at for at, _ in went]),
        (own, [at for at, domain in went if domain == "slow.example"]),
    ):
        for first, start in enumerate(times):
            assert sum(1 for at in times[first:] if at < start + HOUR - 5) <= quota
