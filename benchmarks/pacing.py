"""Whether a rate is held, and what holding it costs.

A run at each rate to the sink, about ten seconds long; the rate is that of the intents in the record,
from the first to the last. What pacing costs is timed by itself: all that a run asks its gates for each
message, without a limit and with one; what a quota counts is not among it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.setting import Desk, desk
from benchmarks.sink import sink
from sendbatch.campaign.loading import load_campaign
from sendbatch.limits.account import Allowance
from sendbatch.limits.declared import limits_of
from sendbatch.limits.gates import Gates
from sendbatch.limits.usage import Account
from sendbatch.runtime.clock import SystemClock

PEOPLE = 50_000  # at the highest rate; the others send to a part of them
RATES = (500, 2_000, 3_000, 5_000)  # messages a second
CLAIMED = 5_000
UNLIMITED = 1_000_000
CALLS = 200_000


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    free = Series("no limit", "messages/s")
    held = {rate: Series(f"{rate:,}/s", "messages/s") for rate in RATES}
    with desk(people) as main, sink() as server:
        main.through(server.port)
        for number in range(runs):
            told(number, runs, free.name)
            free.values.append(_held(main, UNLIMITED, people))
            for rate, series in held.items():
                told(number, runs, series.name)
                series.values.append(_held(main, rate, people * rate // RATES[-1]))
        rows = [("asked for", "messages/s", "spread", "off by")]
        rows += [(s.name, figure(s.median), s.spread, f"{_off(s, r):.2%}") for r, s in held.items()]
        rows.append((free.name, figure(free.median), free.spread, ""))
        for name, gates in (
            ("without a limit", _gates(main)),
            (f"at {CLAIMED:,}/s", _gates(main, CLAIMED)),
        ):
            rows.append((f"cost of all limits a message, {name}", f"{_cost(gates):.2f} µs", "", ""))
    title = f"Pacing: {people:,} recipients to {server.name}, {times(runs)}"
    return Result(title, rows, [_claim(held, free)])


def _claim(held: dict[int, Series], free: Series) -> Claim:
    """The highest rate that this machine can send at is what can be held or not."""
    within = [rate for rate in RATES if rate <= free.median]
    rate = max(within, default=RATES[0])
    off = _off(held[rate], rate)
    measured = f"at {rate:,}/s off by {off:.2%}"
    if rate < CLAIMED:
        measured += f"; {figure(free.median)}/s are all that is sent here"
    met = None if rate < CLAIMED and abs(off) <= 0.01 else abs(off) <= 0.01
    return Claim(f"a rate of {CLAIMED:,}/s is held", "within 1 %", measured, met)


def _held(main: Desk, rate: int, people: int) -> float:
    """Messages a second of a run at this rate, from its first intent to its last."""
    main.forget()
    main.call("run", "--rate", f"{rate}/s", "--limit", str(people))
    (ledger,) = main.record.rglob("ledger.sqlite")
    with closing(sqlite3.connect(ledger)) as record:
        count, first, last = record.execute(
            "SELECT count(*), min(first_attempt_at), max(first_attempt_at) FROM delivery "
            "WHERE status = 'accepted'"
        ).fetchone()
    rate_held: float = (count - 1) / (last - first)
    return rate_held


def _off(series: Series, rate: int) -> float:
    return series.median / rate - 1


def _gates(main: Desk, rate: int | None = None) -> Gates:
    """Those of a run at this rate."""
    campaign = load_campaign(main.campaign, rate=f"{rate}/s" if rate else None)
    allowance = Allowance(Account("127.0.0.1", ""), None, "", campaign.rates)
    return limits_of(campaign, allowance, SystemClock()).gates


def _cost(gates: Gates) -> float:
    """Microseconds of all that a run asks its gates for one message, slots always free: when the next may
    go, and to count it."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for number in range(CALLS):
            now = float(number)
            gates.due(now, "example.org")
            gates.take(now, "example.org", number)
        best = min(best, time.perf_counter() - began)
    return best / CALLS * 1e6


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
