"""What a run waits for, told to whoever watches: for whom, why, and until when."""

from __future__ import annotations

from sendbatch.delivery.notices import Domains
from sendbatch.limits.gates import Hold
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.observer import Observer, Wait
from sendbatch.words import clock_time, count

WORTH_TELLING = 2.0  # seconds; a shorter wait is over before it is read


class Waits:
    """Knows who was deferred in this run and is to be tried again in it, by domain."""

    def __init__(self, observer: Observer, clock: Clock) -> None:
        self._observer = observer
        self._clock = clock
        self._deferred = Domains()

    def joined(self, domain: str) -> None:
        """One more is deferred, and tried again in this run."""
        self._deferred.add(domain)

    def left(self, domain: str) -> None:
        """One of those was tried again."""
        self._deferred.remove(domain)

    def retry(self, due_at: float) -> str:
        """Only deferred recipients remain, and the next is due at this epoch time. Returns it in words."""
        where = self._deferred
        who = (
            f"{count(len(where), 'deferred recipient')} ({where})"
            if len(where)
            else "who is deferred"
        )
        self._tell(where.most or "the deferred", who, due_at)
        more = f": {len(where):,} ({where})" if len(where) else ""
        return f"only deferred recipients remain{more}; the next is due at {clock_time(due_at)}"

    def gate(self, hold: Hold, due: float) -> None:
        """A limit lets nobody start before this steady time."""
        seconds = due - self._clock.steady()
        if seconds >= WORTH_TELLING:
            self._tell(hold.whom, hold.why, self._clock.wall() + seconds)

    def server(self, why: str, due: float) -> None:
        """It is connected to again at this steady time."""
        self.gate(Hold("the server", f"the server, which {why}"), due)

    def building(self) -> None:
        """Nobody can be sent to before the next messages are built."""
        self._tell("messages", "the next messages to be built", None)

    def _tell(self, whom: str, why: str, until: float | None) -> None:
        self._observer.waiting(Wait(whom, why, until))
