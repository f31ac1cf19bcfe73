"""A pace that several machines share: each leases some messages ahead from where the pace stands for all.

Theory of operation. Where a pace stands is one time, kept where all see it (the port `Leases`): when the next
message may go. Who leases some messages moves it on by so many intervals; so all together never get more than
the pace allows. What was leased is spent smoothly: one runner of four takes every fourth slot, and less time
between them where the others do not ask. It lapses after a second and counts as used: it never catches up.

Messages are leased for less than half a second, and the next ones before those are gone, in a thread: the
loop waits for no database. Where slots are further apart each is leased by itself, once somebody is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from sendbatch.campaign.model import Rate
from sendbatch.errors import LedgerError
from sendbatch.limits.gates import ANY_TIME, EVERYBODY, NEVER, Hold, Metered
from sendbatch.limits.pace import QUOTA_FROM, TOLERANCE
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.threads import aside

STRETCH = 0.4  # seconds for which messages are leased at once
EARLY = 0.25  # seconds before they are gone that the next ones are asked for
AHEAD = 0.5  # seconds that their first slot may be away
LAPSE = 1.0  # seconds after which what was leased and not spent is lost; more than all of these together
AGAIN = 1.0  # seconds until it is asked once more where the pace is kept, if that is away

# How many messages, 0 for none; in how many seconds the first of them may go, or it is worth asking again;
# and how many runners asked lately.
Leased: TypeAlias = tuple[int, float, int]


class Leases(Protocol):
    """Where paces stand, for all runners: each call is one transaction, from any thread, by the time of
    whoever keeps them."""

    def lease(
        self, limit: str, interval: float, stretch: float, ahead: float, furthest: float
    ) -> Leased:
        """Some messages of the pace of this name, which has so many seconds from one to the next: this
        runner's part of a stretch, one at least, of which the first may go within `ahead` seconds. No pace of
        this name stands more than `furthest` ahead, but by mistake.

        Raises LedgerError where they cannot be had for now.
        """
        ...


@dataclass(slots=True)
class _Lease:
    """A `number` of messages, of which so many are `left`, from `begins_at` on, `spacing` seconds apart. They
    were asked for at `asked_at`, at `asked_wall` by the time of day, which goes on while a laptop sleeps."""

    number: int
    left: int
    begins_at: float
    spacing: float
    asked_at: float
    asked_wall: float

    def is_fresh(self, clock: Clock) -> bool:
        gone = clock.wall() - self.asked_wall
        return self.left > 0 and clock.steady() - self.asked_at <= LAPSE and 0 <= gone <= LAPSE


class LeasedPace(Metered):
    """`rate` over all runners that lease from it by this `limit`, a name."""

    def __init__(
        self, rate: Rate, limit: str, leases: Leases, clock: Clock, domain: str = EVERYBODY
    ) -> None:
        self.domain = domain
        self._alone = rate.seconds / rate.count
        self._furthest = AHEAD + STRETCH + rate.seconds  # others may have it slower
        self.interval = self._alone
        self._limit = limit
        self._leases = leases
        self._clock = clock
        self._stretch = STRETCH
        self._arrival = ANY_TIME  # theoretical, of the next message
        self._hand: _Lease | None = None
        self._next: _Lease | None = None
        self._is_away = False
        self._ask_at = self._denied_until = ANY_TIME  # when more is asked for ahead
        self._fetching: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def hold(self, domain: str) -> Hold:
        if self._is_away:
            return Hold("the database", "the database, which keeps the pace of all runners")
        if self.domain == EVERYBODY:
            return Hold("the pace", "the pace of the account")
        return Hold(self.domain, f"the pace of {self.domain}")

    def has_some(self) -> bool:
        hand = self._hand
        if hand is None or not hand.is_fresh(self._clock):
            hand = self._take_up_next()
        return hand is not None and hand.begins_at - TOLERANCE <= self._clock.steady()

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        hand = self._hand
        assert hand is not None
        hand.left -= 1
        self._arrival = max(now, self._arrival) + hand.spacing
        self.until = self._arrival - TOLERANCE
        if not hand.left:
            self._take_up_next()
        if hand.spacing and self._is_low and self._next is None and now >= self._ask_at:
            self._ask_at = NEVER
            self._fetching = asyncio.get_running_loop().create_task(self._fetch_next())

    async def refill(self) -> None:
        async with self._lock:
            hand = self._hand
            if (hand is None or not hand.is_fresh(self._clock)) and not self._take_up_next():
                self._hand = await self._leased()
                self._opens()

    async def give_back(self) -> None:
        """What is left lapses; nobody waits for what is on its way."""
        if self._fetching is not None:
            self._fetching.cancel()

    def forecast(self, messages: int, begun_at: float, needed: float | None) -> float | None:
        if self.domain != EVERYBODY:
            return needed
        return max(needed or 0.0, messages * self._alone)

    @property
    def _is_low(self) -> bool:
        hand = self._hand
        return hand is None or hand.left * hand.spacing <= EARLY

    def _take_up_next(self) -> _Lease | None:
        """What was leased ahead, in the place of what is gone or has lapsed."""
        if self._hand is not None:
            self._learn_from(self._hand)
        following, self._hand, self._next = self._next, None, None
        if following is not None and following.is_fresh(self._clock):
            self._hand = following
            self._opens()
        return self._hand

    def _learn_from(self, spent: _Lease) -> None:
        """Who cannot spend a stretch leases less of it, for the others; who does, more again."""
        used = (spent.number - spent.left) / spent.number
        self._stretch = min(self._stretch * (max(used, 0.1) if spent.left else 2), STRETCH)

    def _opens(self) -> None:
        """Nothing goes before the first slot of what is in hand, if there is anything."""
        if self._hand is not None:
            self.until = max(self._arrival, self._hand.begins_at) - TOLERANCE

    async def _fetch_next(self) -> None:
        try:
            async with self._lock:
                found = await self._leased()
                if self._hand is None:
                    self._hand = found
                    self._opens()
                elif found is not None:
                    self._next = found
                    self._hurry(self._hand, found)
        finally:
            self._fetching = None
            self._ask_at = max(self._denied_until, self._clock.steady())

    def _hurry(self, hand: _Lease, following: _Lease) -> None:
        """What comes next begins sooner than thought, for others do not ask: what is in hand is spent by
        then, and what comes next as fast as that tells."""
        now = self._clock.steady()
        if not (hand.spacing and following.spacing):
            return
        told = (following.begins_at - hand.begins_at) / hand.number
        following.spacing = min(max(told, self._alone), following.spacing)
        spacing = max((following.begins_at - now) / max(hand.left, 1), self._alone)
        if spacing < hand.spacing:
            hand.spacing = spacing
            self._arrival = min(self._arrival, now + spacing)
            self.until = min(self.until, self._arrival - TOLERANCE)

    async def _leased(self) -> _Lease | None:
        """None where there is nothing to be had: `until` says until when."""
        clock = self._clock
        asked_at, asked_wall = clock.steady(), clock.wall()
        try:
            number, within, parts = await aside(
                self._leases.lease, self._limit, self._alone, self._stretch, AHEAD, self._furthest
            )
            within = min(within, self._furthest)
        except LedgerError:  # whoever writes the record waits for it, and says so
            number, within, parts, self._is_away = 0, AGAIN, 1, True
        else:
            self._is_away = False
            self.interval = self._alone * parts
        now = clock.steady()  # no earlier than the moment that `within` counts from
        if number <= 0:
            self._denied_until = now + max(within, 0.0)
            if self._hand is None:
                self.until = max(self.until, self._denied_until)
            return None
        # the first of several slots follows the last one before; one that stands alone is told in time
        spacing = self._alone * parts if number > 1 else 0.0
        return _Lease(number, number, now + max(within, 0.0), spacing, asked_at, asked_wall)


def leased_paces(
    rates: Iterable[Rate], whose: str, leases: Leases, clock: Clock, domain: str = EVERYBODY
) -> list[LeasedPace]:
    """A gate for each of these that is a pace, by the name of `whose` it is; the tightest of those over as
    many seconds."""
    tightest: dict[int, Rate] = {}
    for rate in rates:
        if rate.seconds < QUOTA_FROM:
            known = tightest.get(rate.seconds, rate)
            tightest[rate.seconds] = min(known, rate, key=lambda each: each.count)
    return [
        LeasedPace(rate, f"{whose} {domain} {seconds}", leases, clock, domain)
        for seconds, rate in tightest.items()
    ]
