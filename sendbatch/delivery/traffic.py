"""What all connections of a run share: the line, the limits, what was learned, the way to the record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

from sendbatch.delivery.connections import Reach
from sendbatch.delivery.queue import Line, Ready
from sendbatch.delivery.settling import Handed, Settling
from sendbatch.delivery.waits import WORTH_TELLING, Waits
from sendbatch.ledger.store import Change, Intent
from sendbatch.limits.pace import Pacer
from sendbatch.limits.quota import Quotas
from sendbatch.runtime.clock import Clock
from sendbatch.smtp.connection import Connection
from sendbatch.smtp.idempotency import Expired, Keys
from sendbatch.smtp.transport import Fact, Told

SHORT_QUEUE = 0.25  # seconds from the first to the last of those that wait for a slot in turn
NEVER = float("inf")
ALIKE = 0.05  # seconds: a quota's time is told by the wall clock, and is never quite the same twice
LONG_WAIT = 60.0  # seconds: nobody holds a connection open for a slot further away


class Traffic:
    """One object a run, and the intent log of its connections. `write` makes changes durable and then tells;
    `offered` is told what each new connection offers, `held` the epoch time before which no message
    may start where that is far away."""

    def __init__(
        self,
        *,
        clock: Clock,
        line: Line,
        pacer: Pacer,
        quotas: Quotas,
        settling: Settling,
        reach: Reach,
        content: str,
        write: Callable[[Sequence[Change], Told], None],
        offered: Callable[[Connection], None],
        held: Callable[[float], None],
        waits: Waits,
        soon: asyncio.Event,
        keys: Keys | None = None,
    ) -> None:
        self.clock = clock
        self.line = line
        self.settling = settling
        self.reach = reach
        self.opened = offered
        self.out: set[int] = set()  # recipients fetched from the record and not settled
        self._pacer = pacer
        self.quotas = quotas
        self._content = content
        self._write = write
        self._held = held
        self._waits = waits
        self._soon = soon
        self._keys = keys
        self.all_in = False  # the line has all there is for now, or all it can hold
        self._queue = 0  # connections that wait for a slot

    @property
    def stopping(self) -> bool:
        return self._soon.is_set() or self.settling.is_over

    async def stopped(self) -> None:
        """Until the run is asked to stop."""
        await self._soon.wait()

    def line_due(self, now: float) -> float | None:
        """When the next message may start; infinity while the line is empty, None when it is over."""
        if not len(self.line):
            return None if self.line.closed else float("inf")
        account = max(self._account_due(), self.settling.brake.until)
        return account if account > now else self.line.earliest(self._due, now)

    @contextlib.contextmanager
    def in_turn(self) -> Iterator[float]:
        """While waiting for a slot: how many seconds behind the next one this connection's is, for
        those that wait already come first. Else all would wake up for each slot, and one get it; which
        costs nothing where slots are far apart, and then lets those not needed go unused."""
        self._queue += 1
        later = (self._queue - 1) * self._pacer.interval
        try:
            yield later if later < SHORT_QUEUE else 0.0
        finally:
            self._queue -= 1

    async def take(self) -> Ready | None:
        """The first message whose turn it is, with a slot and quota spent on it."""
        now, brake = self.clock.steady(), self.settling.brake
        if brake.until > now:  # it may have come on while the connection was opened
            return None
        ready = self._taken(now, tried_first=brake.on)
        if ready is None:
            return None
        if not self.quotas.spend(ready.domain):
            self.line.add(ready, first=True)
            await self.quotas.refill(ready.domain)
            return None
        self._pacer.spend(ready.domain, now)
        brake.sends(ready.recipient.id)
        return ready

    def take_along(self, soon: float) -> Ready | None:
        """As `take`, for a message whose envelope is about to leave with the one before it: its
        slot may be so many seconds away. None too where quota would have to be fetched first."""
        now = self.clock.steady()
        if self.settling.brake.on or self._account_due() > now + soon:
            return None
        ready = self._taken(now + soon)
        if ready is None:
            return None
        if not self.quotas.spend(ready.domain):
            self.line.add(ready, first=True)
            return None
        self._pacer.spend(ready.domain, now)
        return ready

    def write(self, group: Sequence[Ready], told: Told) -> None:
        """Write that these messages are about to be whole on the wire (RECORD: *sending*), as a transport's
        intent log. Raises Expired where one must not be."""
        for ready in group:
            if not self._may_leave(ready):
                raise Expired
        at = self.clock.wall()
        intents = [
            Intent(ready.recipient.id, self._content, ready.message.dated_at, at) for ready in group
        ]
        self._write(intents, told)

    def leave_in_doubt(self, ready: Ready) -> None:
        """It was to be sent again, and the provider would no longer know that it has it."""
        assert self._keys is not None
        self._keys.expired += 1
        self.out.discard(ready.recipient.id)
        self.settling.leave_in_doubt(ready)
        self.line.drained.set()

    def _taken(self, now: float, *, tried_first: bool = False) -> Ready | None:
        """The first message in the line that is due by then, and may leave; `tried_first` as `Line.take`."""
        while (ready := self.line.take(self._due, now, tried_first=tried_first)) is not None:
            if self._may_leave(ready):
                break
            self.leave_in_doubt(ready)
        return ready

    def _may_leave(self, ready: Ready) -> bool:
        return self._keys is None or self._keys.hold_for(ready.recipient)

    def settle(self, ready: Ready, fact: Fact, handed: Handed) -> bool:
        """As Settling.settle; the recipient is no longer out unless it was released."""
        self.out.discard(ready.recipient.id)
        aside = self.settling.aside
        reopen = self.settling.settle(ready, fact, handed, stopping=self.stopping)
        if self.settling.aside is not aside:
            self.look_anew()
        # Of each of a long line's acceptances the feed need not hear: only what may be due again, and
        # the last ones, which it waits for.
        if not fact.taken or not len(self.line):
            self.line.drained.set()
        return reopen

    def look_anew(self) -> None:
        """Other domains are set aside than before: each has a lane of its own, and who waits looks again."""
        for domain in self.settling.aside:
            self.line.split(domain)
        self.line.filled.set()
        self.line.drained.set()

    def share(self, parts: int) -> None:
        """So many runs are alive on the account now: each has an equal part of it, and who has more gives
        it up at once."""
        if parts > self._pacer.parts:
            self.line.filled.set()
        self._pacer.parts = self.settling.connections.parts = parts

    def held_until(self, due: float) -> None:
        """Nothing in the line may start before this steady time; of the brake it was told, and a pace with
        minutes between two messages is what was asked for: neither spends a quota."""
        paced = self.line.earliest(self._pacer.next_slot, self.clock.steady())
        if due > max(self.settling.brake.until, paced):
            self._held(self.clock.wall() + due - self.clock.steady())

    def tell_of_wait(self, due: float) -> None:
        """A connection waits until then, as `line_due` has it: for whom, and why."""
        if due - self.clock.steady() < WORTH_TELLING:
            return
        lately = due - ALIKE
        if self.settling.brake.until >= lately:
            whom, why = "the server", "the server, which refuses everything for now"
        elif self._account_due() >= lately:
            whom = "the pace" if self._pacer.next_account_slot() >= lately else "the quota"
            why = f"{whom} of the account"
        else:
            whom = self.line.first_due(self._due)
            limit = "pace" if self._pacer.next_slot(whom) >= lately else "quota"
            why = f"the {limit} of {whom}"
        self._waits.slot(whom, why, due)

    def put_back(self, ready: Ready) -> None:
        self.out.add(ready.recipient.id)
        self.line.add(ready, first=True)

    def _account_due(self) -> float:
        return max(self._pacer.next_account_slot(), self.quotas.blocked_until(""))

    def _due(self, domain: str) -> float:
        if domain in self.settling.aside:
            return NEVER
        return max(self._pacer.next_slot(domain), self.quotas.blocked_until(domain))
