"""How fast a run may go at present and why no faster, and over how many connections: told where it changes.

What limits all recipients stands in the record too, as events: a report draws it beside what was sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from sendbatch.delivery import words
from sendbatch.limits.declared import Limits
from sendbatch.limits.gates import EVERYBODY, Gate
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.observer import Limit, Observer

LOOK = 1.0  # seconds between two looks at which limit it is that is waited for


class Speed:
    """`note(kind, text)` writes an event of the record."""

    def __init__(
        self, observer: Observer, note: Callable[[str, str], None], clock: Clock, limits: Limits
    ) -> None:
        self._observer = observer
        self._note = note
        self._clock = clock
        self._gates = limits.gates
        self._back_off = limits.back_off
        self._declared = limits.connections.declared
        self._of_domain: Gate | None = None  # the pace of one domain, for which alone it waits
        self._look_at = 0.0
        self._noted = self._told = self._limit()
        self._open = 0
        self._connections = (0, 0)  # as told last
        limits.back_off.changed = self.changed

    def begin(self) -> None:
        """A run begins to send, at this speed."""
        self._told = self._limit()
        self._observer.limited(self._told)
        self._note_limit(self._told)
        self._tell_connections()

    def changed(self) -> None:
        """The server, or another run on the account, may have changed something."""
        of_all = self._limit()
        if of_all != self._noted:
            self._note_limit(of_all)
        self._tell(of_all)
        self._tell_connections()

    def waits(self, now: float, gate: Callable[[], Gate]) -> None:
        """A connection waits a moment for its slot; which gate it is that holds it back is asked seldom."""
        if now < self._look_at:
            return
        self._look_at = now + LOOK
        found = gate()
        is_of_domain = found.domain != EVERYBODY and found.interval
        self._of_domain = found if is_of_domain else None
        self._tell(self._limit())

    def opened(self) -> None:
        """There is one connection more."""
        self._open += 1
        self._tell_connections()

    def dropped(self) -> None:
        """There is one connection less."""
        self._open -= 1
        self._tell_connections()

    def _limit(self) -> Limit:
        """Of all recipients."""
        interval = self._gates.interval
        if not interval:
            return Limit(None)
        back_off = self._back_off
        if back_off.interval == interval:
            until = self._clock.wall() + back_off.more_at - self._clock.steady()
            return Limit(1 / interval, words.ASKED_TO_SLOW_DOWN, round(until))
        return Limit(1 / interval, words.shared(self._gates.parts))

    def _tell(self, of_all: Limit) -> None:
        limit, own = of_all, self._of_domain
        if own is not None and own.interval > self._gates.interval:
            limit = Limit(1 / own.interval, words.of_domain(own.domain))
        if limit != self._told:
            self._told = limit
            self._observer.limited(limit)

    def _tell_connections(self) -> None:
        allowed = min(self._gates.connections_allowed(), self._declared)
        found = (self._open, int(allowed))
        if found != self._connections:
            self._connections = found
            self._observer.connected(*found)

    def _note_limit(self, limit: Limit) -> None:
        self._noted = limit
        said = {"rate": limit.rate, "why": limit.why, "until": limit.until}
        self._note("limit", json.dumps(said))
