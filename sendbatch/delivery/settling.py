"""From the fact of one hand-over to the changes of the record it stands for, and to what the run does next.

Every message handed over comes through `Settling.settle` exactly once, in the loop's thread. What the fact
means is decided by `verdict` and the state machines beside it; here it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto

from sendbatch.audience.addresses import comparable_domain
from sendbatch.campaign.model import Retry
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.assignment import Setting
from sendbatch.delivery.breaker import LATELY, Carried
from sendbatch.delivery.history import History
from sendbatch.delivery.queue import Ready
from sendbatch.delivery.sessions import Handed, explained, lesson
from sendbatch.delivery.steering import Steering
from sendbatch.delivery.verdict import OF_US, is_permanent, is_temporary, judge, verdict
from sendbatch.ledger.facts import Change, LeftInDoubt, Own, Released, Settled
from sendbatch.limits.retries import Budget, Releases, retry_delay
from sendbatch.smtp.transport import End, Fact
from sendbatch.values import Outcome, Recipient, Reply, Status, Whom, Why


class Consequence(Enum):
    """What follows for the connection, and for the message."""

    GO_ON = auto()
    REOPEN = auto()  # it must be left, and opened anew
    RETURNED = auto()  # the same, and the message was released: it goes again before all others


class Settling:
    """`steering` is told what the answers mean for the run. `now` is what due times are measured by, `write`
    queues changes for the next shared commit."""

    def __init__(
        self,
        retry: Retry,
        steering: Steering,
        setting: Setting,
        history: History,
        announcer: Announcer,
        *,
        now: Callable[[], float],
        write: Callable[[list[Change]], None],
    ) -> None:
        self._steering = steering
        self._breaker = steering.breaker
        self._budget = Budget(retry.attempts)
        self._retry = retry
        self._clock, self._random = setting.clock, setting.random
        self._observer = announcer.observer
        self._notices, self._waits = announcer.notices, announcer.waits
        self._now = now
        self._write = write
        self._releases = Releases()
        self._history = history
        self._accepted_at: float | None = None  # the last time in this run

    def settle(
        self, ready: Ready, fact: Fact, handed: Handed, *, stopping: bool
    ) -> Consequence:
        """Record how it ended.

        While a run is stopping nothing is learned any more: it may be us who ended the connection.
        """
        outcome = verdict(fact)
        session = learned = None
        learns = not stopping and not handed.ends_known
        if fact.lost or fact.end is not End.TAKEN:  # else, as nearly always, there is nothing to explain
            session = explained(fact, outcome, handed)
            learned = lesson(fact, outcome, handed, session)
            if learns:
                self._steering.heed(outcome, learned)
        if session is not None:
            outcome = outcome._replace(status=Status.PENDING, whom=Whom.CONNECTION, why=session)
        if outcome.status is Status.PENDING:
            counts = not self._steering.is_spent(handed.accepted)
            consequence = self._release(ready, outcome, counts=counts)
            if session is None and not stopping and not handed.is_understood:
                self._put_off(ready, outcome)
            return consequence
        if outcome.status is Status.ACCEPTED:
            accepted, refused, _, on = handed
            self.accepted(ready, outcome.reply, on, accepted, refused)
            self._steering.accepted(plainly=learns and not fact.lost)
            return Consequence.REOPEN if learns and learned is not None else Consequence.GO_ON
        self._is_settled(ready)
        if is_permanent(outcome):
            self._refused(ready, outcome, handed)
        elif outcome.status is Status.DEFERRED:
            self._deferred(ready, outcome)
            self._put_off(ready, outcome)
        else:
            if outcome.status is Status.IN_DOUBT:
                self._breaker.doubted(ready.recipient.id)
            self._record(ready, outcome)
        return Consequence.REOPEN if learns and learned is not None else Consequence.GO_ON

    def accepted(
        self, ready: Ready, reply: Reply | None, on: object, accepted: int, refused: int
    ) -> None:
        """It was taken, on this connection, which had so many taken and refused before. By itself where that
        goes on, and while the steering is calm, as nearly always: then there is nothing else to settle."""
        if self._releases.is_used or self._budget.is_used:
            self._is_settled(ready)
        recipient, at = ready.recipient, self._clock.wall()
        self._write([Settled(recipient.id, Outcome(Status.ACCEPTED, reply, Whom.RECIPIENT), None, at)])
        self._observer.moved(recipient.status, Status.ACCEPTED)
        if self._accepted_at is None:
            self._write([self._history.accepting(at)])
        self._accepted_at = at
        if refused or accepted > self._breaker.unmoved_up_to:
            self._clear(Carried(on, accepted, accepted + refused), at)

    def leave_in_doubt(self, ready: Ready) -> None:
        """Taken up to be sent again, and not sent."""
        self._write([LeftInDoubt(ready.recipient.id)])
        self._observer.moved(ready.recipient.status, Status.IN_DOUBT)
        self._is_no_longer_waited_for(ready.recipient.id, ready.domain)

    def unbuildable(self, recipient: Recipient, outcome: Outcome) -> None:
        """Its message could not be built."""
        domain = comparable_domain(recipient.email.rpartition("@")[2])
        self._observer.moved(recipient.status, outcome.status)
        self._is_no_longer_waited_for(recipient.id, domain)
        self._notices.unsent(recipient, domain, outcome)

    def finish(self) -> None:
        """The run ends: what is known by now of those in an open streak."""
        history, at = self._history, self._clock.wall()
        lately = history.accepted_at is not None and at - history.accepted_at <= LATELY
        condemned, of_mailbox = self._breaker.finish(lately=lately)
        if condemned:
            self._condemn(condemned)
        if of_mailbox:
            self._write([history.refusing(of_mailbox)])
        if self._accepted_at is not None:
            self._write([history.accepting(self._accepted_at)])

    def heard(self, streak: str) -> None:
        """How the row of refusals stands, which all runners of the record count together."""
        condemned, own = self._breaker.heard(streak)
        self._rule(condemned, own, self._clock.wall())
        self._steering.heard()

    def _clear(self, on: Carried, at: float) -> None:
        """An acceptance says at this time which of the refusals around it hold."""
        condemned, own = self._breaker.accepted(on)
        self._rule(condemned, own, at)

    def _rule(self, condemned: list[int], own: list[int], at: float) -> None:
        if condemned:
            self._condemn(condemned)
        if own:
            self._write([Own(id_, at) for id_ in own])

    def _condemn(self, condemned: list[int]) -> None:
        at, rejected = self._clock.wall(), Outcome(Status.REJECTED)
        self._write([Settled(i, rejected, None, at, counts_attempt=False) for i in condemned])
        for _ in condemned:
            self._observer.moved(Status.DEFERRED, Status.REJECTED)

    def _refused(self, ready: Ready, outcome: Outcome, handed: Handed) -> None:
        """For good, by the word of the server."""
        recipient = ready.recipient
        at, since = self._clock.wall(), self._history.since.get(recipient.id)
        refusal = judge(outcome, recipient, ready.domain, since, at, ready.message.envelope.sender)
        self._breaker.refused(refusal, _carried(handed))
        self._record(ready, refusal.outcome)
        if refusal.ours and refusal.its_own:
            self._write([Own(recipient.id, at)])
        self._steering.refused(ready, outcome.reply, permanent=True, of_us=refusal.ours)

    def _deferred(self, ready: Ready, outcome: Outcome) -> None:
        attempt = self._budget.spend(ready.recipient.id, ready.recipient.tries)
        due_at = None
        if not self._budget.is_spent(ready.recipient.id):
            due_at = self._now() + retry_delay(self._retry, attempt, self._random)
            self._waits.joined(ready.domain)
        self._record(ready, outcome, due_at)

    def _put_off(self, ready: Ready, outcome: Outcome) -> None:
        """Refused for now, by the word of the server. The announced end is one of these where it is all that
        a connection got: many servers say so what others say with 45x, and each costs a new login."""
        if is_temporary(outcome) and outcome.why is not Why.GREYLISTING:
            of_us = outcome.why in OF_US
            self._steering.refused(ready, outcome.reply, permanent=False, of_us=of_us)

    def _release(self, ready: Ready, outcome: Outcome, *, counts: bool) -> Consequence:
        """`counts` unless the learned limit explains it: such connections get no more, so that none loops."""
        if not counts or self._releases.release(ready.recipient.id):
            self._write([Released(ready.recipient.id)])
            return Consequence.RETURNED
        self._is_no_longer_waited_for(ready.recipient.id, ready.domain)
        self._deferred(ready, outcome._replace(status=Status.DEFERRED))
        return Consequence.REOPEN

    def _record(self, ready: Ready, outcome: Outcome, due_at: float | None = None) -> None:
        recipient = ready.recipient
        self._write([Settled(recipient.id, outcome, due_at, self._clock.wall())])
        self._observer.moved(recipient.status, outcome.status)
        self._notices.unsent(recipient, ready.domain, outcome)

    def let_go(self, ids: Iterable[int]) -> None:
        """They were not settled, and are no matter of this run any more: others send to them by now."""
        for id_ in ids:
            self._releases.settled(id_)

    def _is_settled(self, ready: Ready) -> None:
        """It was not released, as it may have been before, and has had its turn again."""
        self._releases.settled(ready.recipient.id)
        self._is_no_longer_waited_for(ready.recipient.id, ready.domain)

    def _is_no_longer_waited_for(self, recipient_id: int, domain: str) -> None:
        if self._budget.used(recipient_id):
            self._waits.left(domain)


def _carried(handed: Handed) -> Carried:
    messages = handed.accepted + handed.refused_recipients
    return Carried(handed.connection, handed.accepted, messages)
