"""How often and when a message is tried: growing, jittered delays within a budget a run, and a few releases.

The budget (`retry.attempts`) is for one run; the record's `attempts` counts all. A row whose
budget is spent stays deferred with no due time: whichever run comes next takes it at once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from sendbatch.campaign.model import Retry

JITTER = 0.2  # of the delay, either way, so that thousands deferred at once do not return at once
RELEASES = 3  # so often is a message released before it counts as an attempt


class Budget:
    """Attempts made in this run, of those who were deferred in it. `is_used` once somebody was."""

    def __init__(self, attempts: int) -> None:
        self.is_used = False
        self._attempts = min(attempts, 255)
        self._used: Counter[int] = Counter()

    def spend(self, recipient_id: int, before: int = 0) -> int:
        """Count one attempt; returns how many this run has made. `before`: so many by others of its runners,
        and by this one, as far as the record knows."""
        self.is_used = True
        self._used[recipient_id] = max(self._used[recipient_id], before) + 1
        return self._used[recipient_id]

    def used(self, recipient_id: int) -> int:
        """The attempts of this run that were counted."""
        return self._used[recipient_id]

    def is_spent(self, recipient_id: int) -> bool:
        return self.used(recipient_id) >= self._attempts


@dataclass
class Releases:
    """How often each message was released: three times, and it is deferred with an attempt. `is_used` while
    somebody's was, and has not gone since."""

    is_used: bool = False
    _counts: Counter[int] = field(default_factory=Counter)

    def release(self, recipient_id: int) -> bool:
        """Count one release; returns whether the message may go back to the front of the queue."""
        self._counts[recipient_id] += 1
        self.is_used = True
        if self._counts[recipient_id] < RELEASES:
            return True
        self.settled(recipient_id)
        return False

    def settled(self, recipient_id: int) -> None:
        self._counts.pop(recipient_id, None)
        self.is_used = bool(self._counts)


def longest_delay(retry: Retry) -> float:
    """Seconds: no retry is further away. A due time that is was written before the clock was set back."""
    return retry.max_delay * (1 + JITTER)


def retry_delay(retry: Retry, attempt: int, random: Random) -> float:
    """Seconds until the attempt after number `attempt` (from 1) of this run."""
    grown = retry.first_delay * 2.0 ** min(attempt - 1, 30)
    jitter: float = random.uniform(1 - JITTER, 1 + JITTER)
    return min(grown, retry.max_delay) * jitter
