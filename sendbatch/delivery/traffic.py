"""What all connections of a run share: the queue, the limits, what was learned, the way to the record."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence

from sendbatch.delivery.absence import Absence
from sendbatch.delivery.announcements import WORTH_TELLING, Announcer
from sendbatch.delivery.assignment import Assignment
from sendbatch.delivery.course import Course
from sendbatch.delivery.queue import Queue, Ready
from sendbatch.delivery.sessions import Handed
from sendbatch.delivery.settling import Consequence, Settling
from sendbatch.delivery.steering import Steering
from sendbatch.delivery.untold import Untold
from sendbatch.delivery.verdict import verdict
from sendbatch.ledger.facts import Intent
from sendbatch.limits.declared import Limits
from sendbatch.limits.gates import NEVER, Gate, Hold
from sendbatch.runtime.clock import Clock
from sendbatch.smtp.idempotency import Expired
from sendbatch.smtp.transport import QUIT, End, Fact, Quit, Written
from sendbatch.values import Outcome, Recipient, Reply, Status
from sendbatch.words import clock_time

SHORT_QUEUE = 0.25  # seconds from the first to the last of those that wait for a slot in turn
LONG_WAIT = 60.0  # seconds: nobody holds a connection open for a slot further away


class Traffic:
    """One object a run, and the intent log of its connections."""

    def __init__(
        self,
        assignment: Assignment,
        limits: Limits,
        clock: Clock,
        queue: Queue,
        settling: Settling,
        steering: Steering,
        course: Course,
        announcer: Announcer,
        *,
        no_wait: bool,
    ) -> None:
        self.all_in = False  # the queue has all there is for now, or all it can hold
        self.claimed: set[int] = set()  # recipients fetched from the record and not settled
        # Those that this run may not send to any more, and of whom no message is left: to be given back.
        self.let_go: set[int] = set()
        self.absence: Absence | None = None  # of the record's machine
        self.untold: Untold | None = None
        self._content, self._keys = assignment.content, assignment.keys
        self._backlog, self._heard = assignment.backlog, assignment.backlog.streak
        self._commit = assignment.committer.write
        self._gates = limits.gates
        self._brake = limits.brake
        self._aside = limits.aside
        self.connections = limits.connections
        self._clock = clock
        self._queue = queue
        self._settling = settling
        self.steering = steering
        self._breaker = steering.breaker
        self._course = course
        self._soon = course.soon
        self._notices, self._waits = announcer.notices, announcer.waits
        self._speed = announcer.speed
        self._no_wait = no_wait
        self._used_up_until = 0.0
        self._in_turn = 0  # connections that wait for a slot

    @property
    def is_stopping(self) -> bool:
        # as `Steering.is_over` has it, which is not asked for each message
        return self._soon.is_set() or self._breaker.tripped or self._brake.over

    @property
    def braked(self) -> bool:
        """Whether one message at a time is tried."""
        return self._brake.on

    @property
    def braked_until(self) -> float:
        """Before this steady time nothing is tried."""
        return self._brake.until

    @property
    def aside(self) -> frozenset[str]:
        """Domains at which nobody is sent to until others were tried."""
        return self._aside.domains

    def is_surplus(self, number: int) -> bool:
        """Whether the connection of this number, from 0, is one more than may be used now."""
        return number >= self._gates.connections_allowed()

    def next_due(self, now: float) -> float | None:
        """When the next message may start; infinity while the queue is empty, None when it is over."""
        if not self._queue.length:
            return None if self._queue.closed else NEVER
        return self._queue.earliest(self._gates.due, now)

    @contextlib.contextmanager
    def in_turn(self) -> Iterator[float]:
        """While waiting for a slot: how many seconds behind the next one this connection's is, for
        those that wait already come first. Else all would wake up for each slot, and one get it; which
        costs nothing where slots are far apart, and then lets those not needed go unused."""
        self._in_turn += 1
        later = (self._in_turn - 1) * self._gates.interval
        try:
            yield later if later < SHORT_QUEUE else 0.0
        finally:
            self._in_turn -= 1

    async def take(self) -> Ready | None:
        """The first message whose turn it is, counted at every gate."""
        now = self._clock.steady()
        ready = self._first(now, tried_first=self._brake.on)
        if ready is None:
            return None
        if not self._gates.take(now, ready.domain, ready.recipient.id):
            self._queue.add(ready, first=True)
            await self._gates.refill(ready.domain)
            return None
        return ready

    def take_along(self, number: int, soon: float) -> Ready | Quit | None:
        """As `take`, for a message whose envelope is about to leave with the one before it, on the connection
        of this number: its slot may be so many seconds away. None too where quota would have to be fetched
        first; a leave where nothing will follow."""
        queue, gates = self._queue, self._gates
        is_surplus = number >= gates.connections_allowed()
        if is_surplus or self.is_stopping or (queue.closed and not queue.length):
            return QUIT
        if self._brake.on:
            return None
        now = self._clock.steady()
        ready = self._first(now, ahead=soon)
        if ready is None:
            return None
        if not gates.take(now, ready.domain, ready.recipient.id):
            self._queue.add(ready, first=True)
            return None
        return ready

    def write(self, group: Sequence[Ready], written: Written) -> None:
        """Write that these messages are about to be whole on the wire (RECORD: *sending*), as a transport's
        intent log. Raises Expired where one must not be."""
        at, intents = self._clock.wall(), []
        for ready in group:
            recipient, message = ready.recipient, ready.message
            if self._keys is not None and not self._keys.hold_for(recipient):
                raise Expired
            intents.append(Intent(recipient.id, self._content, message.dated_at, at))
            if self.untold is not None:
                self.untold.begin(recipient)
        self._commit(intents, written)

    def leave_in_doubt(self, ready: Ready) -> None:
        """It was to be sent again, and the provider would no longer know that it has it."""
        assert self._keys is not None
        self._keys.expired += 1
        self.claimed.discard(ready.recipient.id)
        self._settling.leave_in_doubt(ready)
        self._queue.drained.set()

    @property
    def is_held(self) -> bool:
        """Whether no dot could leave: the record's machine does not answer."""
        return self.absence is not None and self.absence.is_on

    def unheld(self, ready: Ready) -> None:
        """Its intent does not hold: no dot left for it, and others may send to them by now."""
        id_ = ready.recipient.id
        self.claimed.discard(id_)
        self.let_go.add(id_)
        self._settling.let_go((id_,))
        if self._gates.are_listening:
            self._tell_gates(ready, Status.PENDING)
        self._queue.drained.set()

    def lost(self, ids: Collection[int], dropped: Collection[int]) -> None:
        """This run may not send to these any more. Whoever is on the way is told so by their own intent; of
        those `dropped`, and of whoever was settled meanwhile, no message is left."""
        self.claimed.difference_update(dropped)
        self._settling.let_go(dropped)
        self.let_go.update(id_ for id_ in ids if id_ not in self.claimed)
        if self.untold is not None:
            self.untold.lost(ids)
        self._queue.drained.set()

    def _first(self, now: float, *, ahead: float = 0.0, tried_first: bool = False) -> Ready | None:
        """The first in the queue that is due within so many seconds, and may leave; `tried_first` as
        `Queue.take`."""
        due, keys = self._gates.due, self._keys
        while True:
            ready = self._queue.take(due, now, ahead=ahead, tried_first=tried_first)
            if ready is None or keys is None or keys.hold_for(ready.recipient):
                return ready
            self.leave_in_doubt(ready)

    def settle(self, ready: Ready, fact: Fact, handed: Handed) -> bool:
        """Record how it ended; returns whether the connection must be left. The recipient is no longer
        claimed unless it was released."""
        self.claimed.discard(ready.recipient.id)
        aside = self._aside.domains
        consequence = self._settling.settle(ready, fact, handed, stopping=self.is_stopping)
        if consequence is Consequence.RETURNED:
            self.claimed.add(ready.recipient.id)
            self._queue.add(ready, first=True)
        if self._gates.are_listening:
            returned = consequence is Consequence.RETURNED
            self._tell_gates(ready, Status.PENDING if returned else verdict(fact).status)
        if self._aside.domains is not aside:
            self.look_anew()
        # Of each of a long queue's acceptances the feed need not hear: only what may be due again, and
        # the last ones, which it waits for.
        if fact.end is not End.TAKEN or not self._queue.length:
            self._queue.drained.set()
        return consequence is not Consequence.GO_ON

    def accepted(
        self, ready: Ready, reply: Reply | None, on: object, accepted: int, refused: int
    ) -> None:
        """As `settle` for one that was taken on a connection that goes on, and had so many taken and refused
        before, while the steering is calm."""
        self.claimed.discard(ready.recipient.id)
        self._settling.accepted(ready, reply, on, accepted, refused)
        if self._gates.are_listening:
            self._tell_gates(ready, Status.ACCEPTED)
        if not self._queue.length:
            self._queue.drained.set()

    def _tell_gates(self, ready: Ready, status: Status) -> None:
        now = self._clock.steady()
        if why := self._gates.answered(now, ready.domain, ready.recipient.id, status):
            self._course.give_up(why)
        self._queue.filled.set()

    def look_anew(self) -> None:
        """Other domains are set aside than before: each has a lane of its own, and who waits looks again."""
        for domain in self.aside:
            self._queue.split(domain)
        self._queue.filled.set()
        self._queue.drained.set()

    def look_again(self) -> None:
        """This run may use more or fewer connections than before, or begin to send again, or end: who waits
        looks again."""
        self._queue.filled.set()
        self._speed.changed()
        if self.steering.is_over:
            self._queue.wake_all()

    def share(self, parts: int) -> None:
        """So many runs are alive on the account now: each has an equal part of it, and who has more gives
        it up at once."""
        if self._gates.share(parts):
            self._queue.filled.set()
        self._speed.changed()

    def tell_of_wait(self, due: float) -> None:
        """A connection waits until then, as `next_due` has it: for whom, and why."""
        now = self._clock.steady()
        if due - now >= WORTH_TELLING:
            self._waits.gate(self._hold(now), due)
        else:
            self._speed.waits(now, lambda: self._latest(now))

    def tell_if_used_up(self, due: float) -> None:
        """Nothing in the queue may start before this steady time, and nothing more is to come for now."""
        now = self._clock.steady()
        if not (used_up := self._hold(now).used_up):
            return
        until = self._clock.wall() + due - now
        text = f"{used_up} until {clock_time(until)}"
        if self._no_wait:
            self._course.give_up(text, until)
        elif abs(until - self._used_up_until) > 1.0:  # each connection comes to say so
            self._notices.tell("quota", f"{text}; waiting")
        self._used_up_until = until

    def unbuildable(self, recipient: Recipient, outcome: Outcome) -> None:
        """The message of one that was claimed could not be built."""
        self.claimed.discard(recipient.id)
        self._settling.unbuildable(recipient, outcome)

    def nobody_else(self) -> bool:
        """Only those set aside are left: there is nobody to compare them with. Returns whether anything
        follows of it yet: where runners count refusals together, that is heard of later."""
        aside = self.aside
        self.steering.nobody_else()
        return self.is_stopping or self.aside is not aside

    def hear(self) -> None:
        """Look how refusals in a row stand over all runners, where they count them together."""
        told = self._backlog.streak
        if told is None or told == self._heard:
            return
        aside, self._heard = self.aside, told
        self._settling.heard(told)
        if self.aside is not aside:
            self.look_anew()
        if self.steering.is_over:
            self._queue.wake_all()

    def _hold(self, now: float) -> Hold:
        """What keeps back who may go first."""
        return self._gates.hold(now, self._first_due(now))

    def _latest(self, now: float) -> Gate:
        """The gate that does."""
        return self._gates.latest(now, self._first_due(now))

    def _first_due(self, now: float) -> str:
        return self._queue.first_due(self._gates.due, now)
