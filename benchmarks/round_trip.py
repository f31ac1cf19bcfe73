"""Messages a second and connection over a link with 50 ms round trip, where 20 are possible.

A relay delays every byte by what makes 50 ms of a command and its reply, half of it each way. At one
round trip a message a connection sends as many messages a second as there are round trips in it; at four, a
quarter. "While sending" is from the first intent to the last reply, as the record has them; "whole command"
includes start-up, planning, opening the connections and the report.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass

from benchmarks import installing
from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.installing import LeftOut
from benchmarks.relay import link, round_trip
from benchmarks.senders import PEERS, part
from benchmarks.setting import CONNECTIONS, Desk, called, desk
from benchmarks.sink import sink

PEOPLE = 10_000
ROUND_TRIP = 0.05  # seconds
PEER_SHARE = 20  # aiosmtplib sends to a twentieth
LEAST = 19.0
UNIT = "messages/s and connection"


@dataclass(frozen=True, slots=True)
class Peer:
    """The loop of aiosmtplib over the same link, or why there is none."""

    command: list[str]
    why_not: str = ""


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    sending = Series("sendbatch, while sending", UNIT)
    whole = Series("sendbatch, whole command", UNIT)
    loop = Series("aiosmtplib, while sending", UNIT)
    with desk(people) as main, sink() as server, link(server.port, ROUND_TRIP) as port:
        main.through(port)
        measured = round_trip(port)
        peer = _peer(main, port, people)
        for number in range(runs):
            told(number, runs, "sendbatch")
            _send(main, people, sending, whole)
            if peer.command:
                told(number, runs, "aiosmtplib")
                rate = float(called(peer.command, cwd=main.folder))
                loop.values.append(rate / CONNECTIONS)
    title = (
        f"Round trips: {people:,} recipients over {CONNECTIONS} connections to {server.name}, "
        f"{times(runs)}; the link takes {measured * 1000:.1f} ms, so {1 / measured:.1f} are possible"
    )
    return _result(title, sending, whole, loop, peer)


def _peer(main: Desk, port: int, people: int) -> Peer:
    try:
        python = installing.python()
    except LeftOut as reason:
        return Peer([], f"aiosmtplib: {reason}")
    folder = part(main, max(people // PEER_SHARE, 10 * CONNECTIONS))
    return Peer(
        [str(python), str(PEERS / "async_loop.py"), str(folder), str(port), str(CONNECTIONS)]
    )


def _send(main: Desk, people: int, sending: Series, whole: Series) -> None:
    main.forget()
    began = time.perf_counter()
    main.call("run")
    whole.values.append(people / (time.perf_counter() - began) / CONNECTIONS)
    sending.values.append(people / _span(main) / CONNECTIONS)


def _span(main: Desk) -> float:
    """Seconds from the first intent to the last reply. One message takes at least one round trip
    between the two, so a connection that sent n messages was at work for n round trips or more."""
    (file,) = main.record.glob("*/ledger.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as record:
        first, last = record.execute(
            "SELECT min(first_attempt_at), max(finished_at) FROM delivery"
        ).fetchone()
    return float(last - first)


def _result(title: str, sending: Series, whole: Series, loop: Series, peer: Peer) -> Result:
    rows = [("sender", UNIT, "spread", "sendbatch is")]
    for series in (sending, whole, loop):
        if series.values:
            factor = f"{sending.median / series.median:.2f} ×"
            rows.append((series.name, figure(series.median), series.spread, factor))
    claim = Claim(
        f"{UNIT}, 50 ms round trip",
        f"{LEAST:.0f} of 20",
        f"{sending.median:.1f} while sending, {whole.median:.1f} of the whole command",
        sending.median >= LEAST,
    )
    return Result(title, rows, [claim], [peer.why_not] if peer.why_not else [])


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
