"""From one outcome to the changes of the record it stands for, and to what the run does next.

Every message handed over comes through `Settling.settle` exactly once, in the loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from sendbatch.campaign.model import Retry
from sendbatch.delivery.clock import Clock, Onward
from sendbatch.delivery.line import Ready
from sendbatch.delivery.observer import Observer
from sendbatch.delivery.pacing import Pacer
from sendbatch.delivery.retries import Budget, retry_delay
from sendbatch.delivery.steering import (
    Breaker,
    Connections,
    Releases,
    SlowDown,
    is_permanent,
    row_is_blamed,
)
from sendbatch.ledger.store import Change, LeftInDoubt, Released, Settled
from sendbatch.values import Outcome, Reply, Status


class Handed(NamedTuple):
    """The connection's history when the message was handed to it: what it had accepted and refused.

    `explained`: why the connection has ended is known, so that nothing is to be learned from it."""

    accepted: int
    refused_recipients: int
    explained: bool = False

    @property
    def has_told(self) -> bool:
        """Whether the server is known to serve this connection, or why it does not."""
        return self.explained or bool(self.accepted or self.refused_recipients)


class Settling:
    """Holds all that is learned from answers. `write` queues changes for the next shared commit,
    `put_back` returns a released message to the front of the line, `note` writes an event."""

    def __init__(
        self,
        *,
        retry: Retry,
        connections: Connections,
        pacer: Pacer,
        slow_down: SlowDown,
        clock: Clock,
        random: Random,
        observer: Observer,
        write: Callable[[list[Change]], None],
        put_back: Callable[[Ready], None],
        note: Callable[[str, str], None],
    ) -> None:
        self.breaker = Breaker(connections.wanted)
        self.connections = connections
        self.budget = Budget(retry.attempts)
        self.onward = Onward(clock)  # what the due times of this run are measured by
        self._retry = retry
        self._pacer = pacer
        self._slow_down = slow_down
        self._clock = clock
        self._random = random
        self._observer = observer
        self._write = write
        self._put_back = put_back
        self._note = note
        self._releases = Releases()

    def settle(self, ready: Ready, outcome: Outcome, handed: Handed, *, stopping: bool) -> bool:
        """Record how it ended; returns whether the connection must be left and opened anew.

        While a run is stopping nothing is learned any more: it may be us who ended the connection.
        """
        reopen = not stopping and not handed.explained and self._steer(outcome, handed)
        blamed = row_is_blamed(
            outcome, accepted=handed.accepted, refused_recipients=handed.refused_recipients
        )
        if outcome.status is Status.PENDING or not blamed:
            self._release(ready, outcome)
            return True
        self._releases.settled(ready.recipient.id)
        if outcome.status is Status.ACCEPTED:
            self._accepted(ready, outcome)
        elif is_permanent(outcome.reply):
            self._refused(ready, outcome)
        elif outcome.status is Status.DEFERRED:
            self._deferred(ready, outcome)
        else:
            if outcome.status is Status.IN_DOUBT:
                self.breaker.doubted()
            self._record(ready, outcome)
        return reopen

    def leave_in_doubt(self, ready: Ready) -> None:
        """Taken up to be sent again, and not sent."""
        self._write([LeftInDoubt(ready.recipient.id)])
        self._observer.moved(ready.recipient.status, Status.IN_DOUBT)

    def finish(self) -> None:
        """The run ends without the breaker: what an open streak refused is refused for good."""
        if not self.breaker.tripped:
            self._condemn()

    def _steer(self, outcome: Outcome, handed: Handed) -> bool:
        """What the answer says about connections and rate; returns whether to reopen."""
        if outcome.status is Status.ACCEPTED and not outcome.lost:
            if self.connections.is_reduced and self.connections.win_back(self._clock.steady()):
                self._tell("connections", f"{self.connections.allowed} connections again")
            return False
        now = self._clock.steady()
        reply = outcome.reply
        if self._slow_down(reply) and (rate := self._pacer.slow_down(now)) is not None:
            self._tell("slowdown", f"the server asks for less: {rate:.2g} messages a second now")
        ended = reply is None and outcome.lost and outcome.status is Status.PENDING
        enough = _refuses_more(reply, handed.accepted)
        if ended or enough or (reply is not None and reply.code == 421):
            self._connection_ended(handed, handed.accepted)
            return True
        if outcome.status is Status.ACCEPTED:  # and with it the connection ended
            self._connection_ended(handed, handed.accepted + 1)
            return True
        return False

    def _connection_ended(self, handed: Handed, accepted: int) -> None:
        if handed.refused_recipients:  # those are what ended it, not the number of messages
            return
        if accepted == 0:
            self.refused_connection()
        elif self.connections.ended_after(accepted):
            self._tell("connections", f"the server takes {accepted} messages a connection")

    def refused_connection(self) -> None:
        """Refused at the greeting, or 421 before the connection's first acceptance."""
        if self.connections.refused(self._clock.steady()):
            self._tell(
                "connections", f"the server takes fewer connections: {self.connections.allowed} now"
            )

    def _accepted(self, ready: Ready, outcome: Outcome) -> None:
        self._record(ready, outcome)
        self._condemn()

    def _condemn(self) -> None:
        condemned = self.breaker.accepted()
        if condemned:
            at = self._clock.wall()
            verdict = Outcome(Status.REJECTED)
            self._write([Settled(i, verdict, None, at, counts_attempt=False) for i in condemned])
            for _ in condemned:
                self._observer.moved(Status.DEFERRED, Status.REJECTED)

    def _refused(self, ready: Ready, outcome: Outcome) -> None:
        assert outcome.reply is not None
        status = self.breaker.refused(ready.recipient, outcome.reply)
        self._record(ready, Outcome(status, outcome.reply, outcome.reason, outcome.lost))

    def _deferred(self, ready: Ready, outcome: Outcome) -> None:
        attempt = self.budget.spend(ready.recipient.id)
        due_at = None
        if not self.budget.is_spent(ready.recipient.id):
            due_at = self.onward.now() + retry_delay(self._retry, attempt, self._random)
        self._record(ready, outcome, due_at)

    def _release(self, ready: Ready, outcome: Outcome) -> None:
        if self._releases.release(ready.recipient.id):
            self._write([Released(ready.recipient.id)])
            self._put_back(ready)
            return
        reason = outcome.reason or "the connection ended three times before this message was taken"
        self._deferred(ready, Outcome(Status.DEFERRED, outcome.reply, reason, outcome.lost))

    def _record(self, ready: Ready, outcome: Outcome, due_at: float | None = None) -> None:
        recipient = ready.recipient
        self._write(
            [Settled(recipient.id, outcome, due_at, self._clock.wall(), counts_attempt=True)]
        )
        self._observer.moved(recipient.status, outcome.status)

    def _tell(self, kind: str, text: str) -> None:
        self._note(kind, text)
        self._observer.notice(text)


def _refuses_more(reply: Reply | None, accepted: int) -> bool:
    """4xx to MAIL after accepted messages: so many on one connection, and no more."""
    if reply is None or not accepted:
        return False
    return reply.command == "MAIL" and 400 <= reply.code <= 499
