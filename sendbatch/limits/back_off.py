"""The back-off: a server that asks for less is sent half as much, which is won back step by step.

What is halved is the rate at present: the tightest pace of the account, or what was measured where there is
none. No I/O and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sendbatch.limits.gates import ANY_TIME, Gate, Hold
from sendbatch.limits.pace import TOLERANCE

CALM = 60.0  # seconds without a complaint before some rate is won back
WIN_BACK = 1.25
SLOWEST = 1 / 60  # messages a second: slowing down never becomes a standstill
ONE_BURST = 5.0  # seconds in which further complaints are about the same burst
MEASURED = 10.0  # seconds over which a rate without a limit is measured
MEASURED_OVER = 1000  # messages at most


class BackOff(Gate):
    """`recent` are the times at which the last messages went; `pace` is the interval of the account's
    tightest pace in seconds, 0 without one. `changed` is called where it holds to another rate than before.
    """

    counts = False

    def __init__(self, recent: Sequence[float], pace: float = 0.0) -> None:
        self._recent = recent
        self._pace = pace
        self._parts = 1
        self._learned: float | None = None  # messages a second, while it holds
        self._recovered_at = 0.0  # messages a second at which it no longer holds
        self._arrival = ANY_TIME  # theoretical, of the next message
        self._complained_at = ANY_TIME
        self.changed: Callable[[], None] = lambda: None

    def hold(self, domain: str) -> Hold:
        return Hold("the pace", "the pace of the account")

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        if self._learned is not None and now - self._complained_at >= CALM:
            self._win_back(now, self._learned * WIN_BACK)
        if self._learned is not None:
            self._spend(now)

    def share(self, parts: int) -> None:
        self._parts = parts

    @property
    def more_at(self) -> float:
        """When some of the rate is won back, if the server does not complain again."""
        return self._complained_at + CALM

    def slow_down(self, now: float) -> float | None:
        """The server complained: half the rate. Returns it, or None if this was the same burst."""
        if now - self._complained_at < ONE_BURST:
            return None
        current = self.rate(now)
        self._complained_at = now
        if self._learned is None:
            self._recovered_at = current
        slower = max(current / 2, SLOWEST)
        self._hold_to(slower)
        self._arrival = ANY_TIME
        self._spend(now)
        return slower

    @property
    def learned(self) -> float | None:
        """Messages a second, while it holds."""
        return self._learned

    def hear(self, now: float, per_second: float, age: float) -> None:
        """Another run was asked for less, so many seconds ago, which makes this rate here."""
        steps, since = divmod(max(age, 0.0), CALM)
        slower = max(per_second * WIN_BACK**steps, SLOWEST)
        current = self.rate(now)
        if self._learned is None:
            self._recovered_at = max(current, per_second * 2)
        if slower >= (self._learned or self._recovered_at):
            return
        self._complained_at = now - since
        self._hold_to(slower)
        self._arrival = ANY_TIME
        self._spend(now)

    def rate(self, now: float) -> float:
        """Messages a second at present: the tightest limit, or what was measured if there is none."""
        measured = self._measured(now)
        limits = [1 / (self._pace * self._parts)] if self._pace else []
        if self._learned is not None:
            limits.append(self._learned)
        return max(min([*limits, measured]), SLOWEST)

    def _measured(self, now: float) -> float:
        recent = [at for at in self._recent if now - at <= MEASURED]
        if len(recent) < 2:
            return 1.0
        return len(recent) / max(now - recent[0], 0.1)

    def _win_back(self, now: float, faster: float) -> None:
        self._complained_at = now  # the next step up takes as long again
        self._hold_to(faster if faster < self._recovered_at else None)

    def _hold_to(self, per_second: float | None) -> None:
        self._learned = per_second
        self.counts = per_second is not None
        self.interval = 1 / per_second if per_second is not None else 0.0
        if per_second is None:
            self.until = ANY_TIME
        self.changed()

    def _spend(self, now: float) -> None:
        self._arrival = max(now, self._arrival) + self.interval
        self.until = self._arrival - TOLERANCE
