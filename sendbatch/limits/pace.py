"""Limits over less than an hour: the generic cell rate algorithm over a clock that is passed in.

A cell rate is smooth: after each message the next slot is one interval later, with a tolerance
of 50 ms so that a late loop does not lose slots, and it never catches up after a pause. All
connections share one `Pacer`, and `next_slot` is arithmetic: no task, no timer for a message.
Hours, days and months are quotas, which live in `quotas.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from sendbatch.campaign.model import Rate

ANY_TIME = float("-inf")
TOLERANCE = 0.05  # seconds
QUOTA_FROM = 3600  # seconds; what is counted over so long, or longer, is a quota
CALM = 60.0  # seconds without a complaint before some rate is won back
WIN_BACK = 1.25
SLOWEST = 1 / 60  # messages a second: slowing down never becomes standing still
COMPLAINTS_MERGE = 5.0  # seconds in which further complaints are about the same burst


class CellRate:
    """One limit of `per_second` messages; `factor` scales it (sharing with other runs)."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._due = float("-inf")  # the theoretical arrival time of the next message

    def next_slot(self) -> float:
        """The earliest time, on the caller's clock, at which a message may start."""
        return self._due - TOLERANCE

    def spend(self, now: float, factor: float = 1.0) -> None:
        self._due = max(now, self._due) + 1.0 / (self.per_second * factor)


def smooth(rates: tuple[Rate, ...]) -> list[CellRate]:
    return [CellRate(r.count / r.seconds) for r in rates if r.seconds < QUOTA_FROM]


class Pacer:
    """All smooth limits of a run: the account's, those by recipient domain, and a learned one."""

    def __init__(
        self, rates: tuple[Rate, ...], domains: Mapping[str, tuple[Rate, ...]], *, parts: int = 1
    ) -> None:
        self._account = smooth(rates)
        self._domains = {domain: smooth(limits) for domain, limits in domains.items()}
        self._learned: CellRate | None = None
        self._recovered_at = 0.0  # messages a second at which the learned limit is dropped
        self._complained_at = float("-inf")
        self._recent: deque[float] = deque(maxlen=1000)
        self.parts = parts  # runs alive on this account, this one included

    def next_slot(self, domain: str) -> float:
        if not (self._account or self._domains or self._learned):
            return ANY_TIME
        return max((limit.next_slot() for limit in self._of(domain)), default=ANY_TIME)

    @property
    def interval(self) -> float:
        """Seconds from one slot of the account to the next at present, 0 without a limit."""
        rates = [limit.per_second / self.parts for limit in self._account]
        if self._learned is not None:
            rates.append(self._learned.per_second)
        return 1 / min(rates) if rates else 0.0

    def next_account_slot(self) -> float:
        """As `next_slot`, leaving the domain's own limits out."""
        return self.next_slot("")

    def spend(self, domain: str, now: float) -> None:
        """Use a slot: called as the envelope is about to be written, for servers count those."""
        self._win_back(now)
        for limit in self._account:
            limit.spend(now, 1 / self.parts)
        if self._learned is not None:
            self._learned.spend(now)
        for limit in self._domains.get(domain, ()):
            limit.spend(now, 1 / self.parts)
        self._recent.append(now)

    def slow_down(self, now: float) -> float | None:
        """The server complained: half the rate. Returns it, or None if this was the same burst."""
        if now - self._complained_at < COMPLAINTS_MERGE:
            return None
        current = self.rate(now)
        self._complained_at = now
        if self._learned is None:
            self._recovered_at = current
        self._learned = CellRate(max(current / 2, SLOWEST))
        self._learned.spend(now)
        return self._learned.per_second

    def rate(self, now: float) -> float:
        """Messages a second at present: the tightest limit, or what was measured if there is none."""
        limits = [limit.per_second / self.parts for limit in self._account]
        if self._learned is not None:
            limits.append(self._learned.per_second)
        measured = self._measured(now)
        return max(min([*limits, measured]) if limits else measured, SLOWEST)

    def _measured(self, now: float) -> float:
        recent = [at for at in self._recent if now - at <= 10.0]
        if len(recent) < 2:
            return 1.0
        return len(recent) / max(now - recent[0], 0.1)

    def _win_back(self, now: float) -> None:
        if self._learned is None or now - self._complained_at < CALM:
            return
        self._complained_at = now  # the next step up takes as long again
        faster = self._learned.per_second * WIN_BACK
        if faster >= self._recovered_at:
            self._learned = None
        else:
            self._learned.per_second = faster

    def _of(self, domain: str) -> list[CellRate]:
        limits = [*self._account, *self._domains.get(domain, ())]
        return [*limits, self._learned] if self._learned is not None else limits
