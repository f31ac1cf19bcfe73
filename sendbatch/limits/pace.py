"""A pace: a limit over less than an hour, by the generic cell rate algorithm.

A pace is smooth: after each message the next slot is one interval later, with a tolerance of 50 ms so that a
late loop does not lose slots, and it never catches up after a pause. All connections share it, and it is
arithmetic: no task, no timer for a message. Hours, days and months are quotas, which live in `quota.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sendbatch.campaign.model import Rate
from sendbatch.limits.gates import ANY_TIME, EVERYBODY, Gate, Hold

TOLERANCE = 0.05  # seconds
QUOTA_FROM = 3600  # seconds; what is counted over so long, or longer, is a quota


class Pace(Gate):
    """`rate` of the account, or of what goes to one recipient domain. Runs on one account have equal parts of
    it."""

    def __init__(self, rate: Rate, domain: str = EVERYBODY) -> None:
        self.domain = domain
        self._alone = rate.seconds / rate.count
        self.interval = self._alone
        self._arrival = ANY_TIME  # theoretical, of the next message

    def hold(self, domain: str) -> Hold:
        if self.domain == EVERYBODY:
            return Hold("the pace", "the pace of the account")
        return Hold(self.domain, f"the pace of {self.domain}")

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        self._arrival = max(now, self._arrival) + self.interval
        self.until = self._arrival - TOLERANCE

    def share(self, parts: int) -> None:
        self.interval = self._alone * parts

    def forecast(self, messages: int, begun_at: float, needed: float | None) -> float | None:
        if self.domain != EVERYBODY:
            return needed
        return max(needed or 0.0, messages * self._alone)


def paces(rates: Iterable[Rate], domain: str = EVERYBODY) -> list[Pace]:
    """A gate for each of these that is a pace."""
    return [Pace(rate, domain) for rate in rates if rate.seconds < QUOTA_FROM]
