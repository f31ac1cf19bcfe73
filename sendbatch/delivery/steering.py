"""What the server's answers do to a run as a whole: its rate and connections, domains that wait, its end.

The gates of `limits` and the `breaker` keep what was learned and know what follows; here they are told, and
what has changed is said to people and written down for the next run.
"""

from __future__ import annotations

from collections.abc import Callable

from sendbatch.delivery import words
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.assignment import Policy
from sendbatch.delivery.breaker import Breaker
from sendbatch.delivery.history import History
from sendbatch.delivery.queue import Ready
from sendbatch.delivery.sessions import Lesson
from sendbatch.delivery.slow_down import SlowDown
from sendbatch.ledger.facts import Change
from sendbatch.limits.declared import Limits
from sendbatch.runtime.clock import Clock
from sendbatch.values import Outcome, Reply


class Steering:
    """`write` queues changes for the next shared commit; `together`: refusals in a row are counted there, of
    all runners of the record."""

    def __init__(
        self,
        policy: Policy,
        limits: Limits,
        clock: Clock,
        history: History,
        announcer: Announcer,
        write: Callable[[list[Change]], None],
        *,
        together: bool = False,
    ) -> None:
        self.breaker = Breaker(
            policy.breaker,
            limits.connections.declared,
            (lambda one: write([one])) if together else None,
        )
        self._asks_for_less = SlowDown(policy.slow_down)
        self._brake = limits.brake
        self._connections = limits.connections
        self._aside = limits.aside
        self._back_off = limits.back_off
        self._clock = clock
        self._history = history
        self._tell, self._speed = announcer.notices.tell, announcer.speed
        self._write = write
        self._last: Reply | None = None
        self._braking: tuple[Reply | None, bool] = (None, False)  # the last reply, under a try
        self.is_calm = True  # nothing is held back or reduced: an acceptance says nothing new
        if self._brake.on:
            self.is_calm = False
            self._connections.hold_to_one(clock.steady())
            self._tell("brake", words.BRAKED_BEFORE)

    @property
    def is_over(self) -> bool:
        """Whether the server's answers have ended the run."""
        return self.breaker.tripped or self._brake.over

    @property
    def why(self) -> str:
        """Why they have, for people."""
        if (worth := self.until) is None:
            return words.tripped(self.breaker.trip)
        return words.worth_trying(self._why_braked, worth)

    @property
    def quoted(self) -> str:
        """What of these words is the server's own, which may name a recipient."""
        last = self._braking[0] if self.until is not None else self.breaker.trip.last
        return last.text if last is not None else ""

    @property
    def until(self) -> float | None:
        """When it is worth going on, in seconds since the epoch; None where only a person can tell."""
        if self.breaker.tripped:
            return None
        return self._clock.wall() + max(self._brake.until - self._clock.steady(), 0.0)

    # connections and rate

    def heed(self, outcome: Outcome, learned: Lesson | None) -> None:
        """What an answer that is not a plain yes says about connections and rate."""
        now = self._clock.steady()
        if self._asks_for_less(outcome) and (rate := self._back_off.slow_down(now)) is not None:
            self._tell("slowdown", words.slower(rate))
        if learned is not None and learned.after is not None:
            self._learn(learned.after, said=learned.said)

    def _learn(self, accepted: int, *, said: bool) -> None:
        """So many messages a connection may have had its fill of."""
        if accepted == 0:
            self.refused_connection()
            return
        connections = self._connections
        if (connections.limited_to if said else connections.ended_after)(accepted):
            self._tell("connections", words.session_limit(accepted))

    def refused_connection(self) -> None:
        """Refused at the greeting, or 421 before the connection's first acceptance."""
        self.is_calm = False
        if self._connections.refused(self._clock.steady()):
            self._speed.changed()
            self._tell("connections", words.fewer_connections(self._connections.allowed))

    # what other runs on the account have learned, on whatever machine

    def heard_slower(self, rate: float, age: float) -> None:
        """The server asked another one for less, so many seconds ago: this rate is what it makes here."""
        before = self._back_off.learned
        self._back_off.hear(self._clock.steady(), rate, age)
        if self._back_off.learned not in (before, None):
            self._tell("slowdown", words.slower(rate))

    def heard_of_limit(self, messages: int) -> None:
        """A connection takes no more than so many."""
        if self._connections.limited_to(messages):
            self._tell("connections", words.session_limit(messages))

    def yields(self) -> None:
        """The server refuses everything, and another run tries one message at a time."""
        self.is_calm = False
        self._connections.hold_to_one(self._clock.steady())
        self._tell("brake", words.TRIED_ELSEWHERE)

    def heard_of_brake(self, *, takes_mail: bool, over: bool) -> None:
        """What became of those tries."""
        self._brake.heard(self._clock.steady(), takes_mail=takes_mail, over=over)
        self._tell("brake", words.TAKES_MAIL if takes_mail else words.NO_LONGER_TRIED)

    def _win_back(self) -> None:
        if self._connections.win_back(self._clock.steady()):
            self._speed.changed()
            self._tell("connections", words.more_connections(self._connections.allowed))

    def is_spent(self, accepted: int) -> bool:
        """Whether a connection with so many accepted messages is at the limit that was learned."""
        return self._connections.is_spent(accepted)

    # the brake, and domains that wait until others were tried

    def accepted(self, *, plainly: bool) -> None:
        """Somebody has the mail; the breaker knows of it. `plainly`: and the connection goes on. It need not
        be told while it is calm."""
        if plainly and self._connections.is_reduced and not self._brake.on:
            self._win_back()
        brake = self._brake
        if (brake.on or brake.length) and brake.accepted(self._clock.steady()):
            self._write([self._history.braking(None)])
            if not brake.on:
                self._tell("brake", words.TAKES_MAIL)
        if self._aside.domains:
            self._set_aside()
        self.is_calm = not (
            self._connections.is_reduced or brake.on or brake.length or self._aside.domains
        )

    def refused(self, ready: Ready, reply: Reply | None, *, permanent: bool, of_us: bool) -> None:
        """Somebody was refused, by the word of the server; the breaker knows of those for good."""
        now, id_ = self._clock.steady(), ready.recipient.id
        self._last, self.is_calm = reply, False
        if self._brake.refused(id_, ready.domain, now, permanent=permanent, of_us=of_us):
            self._slow_to_a_stop()
        self._set_aside()

    def heard(self) -> None:
        """The breaker was told how the row of refusals stands by now, over all runners."""
        self.is_calm = False
        self._set_aside()

    def nobody_else(self) -> None:
        """Only those set aside are left: there is nobody to compare them with."""
        self.is_calm = False
        self.breaker.nobody_else()
        if not self.breaker.tripped and self._brake.nobody_else(self._clock.steady()):
            self._slow_to_a_stop()
        self._set_aside()

    def _slow_to_a_stop(self) -> None:
        """The brake has come on, or a try under it was refused."""
        brake = self._brake
        self._braking = (self._last, bool(brake.tries))
        if not brake.tries:
            self._connections.hold_to_one(self._clock.steady())
            self._speed.changed()
        self._write([self._history.braking(brake.pause)])
        if not brake.over:
            at = self._clock.wall() + brake.pause
            self._tell("brake", words.next_try(self._why_braked, at))

    @property
    def _why_braked(self) -> str:
        last, tried = self._braking
        return words.braked(last, tried=tried)

    def _set_aside(self) -> None:
        aside = self.breaker.aside | self._brake.aside
        if aside == self._aside.domains:
            return
        if aside and not self.is_over:
            self._tell("aside", words.set_aside(aside))
        self._aside.set_to(aside)
