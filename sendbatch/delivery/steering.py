"""What the server's answers do to a run: connections, messages on each, the rate.

One table in the contract, one method for each of its rows here. No I/O and no clock of its own: the engine
tells it what happened, and when, and reads off what is allowed. The rows of the ledger are not its concern:
see `verdict`, and `brake` for a server that refuses everything.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from sendbatch.smtp.replies import said
from sendbatch.values import Outcome, Why

UNBUILDABLE_SHARE = 0.01  # of the rows, and at least UNBUILDABLE_LEAST of them
UNBUILDABLE_LEAST = 20
CALM = 60.0  # seconds without a refusal before a connection is won back
_NO_PACE = (Why.MAILBOX, Why.GREYLISTING, Why.CONNECTION)
RELEASES = 3  # so often is a message released before it counts as an attempt


@dataclass
class Connections:
    """How many connections are allowed now, and how many messages on each.

    `parts` are the runs alive on this account, which share the connections equally.
    """

    wanted: int
    per_connection: int | None = None
    parts: int = 1
    _granted: int = 0
    _refused_at: float = float("-inf")
    _ended_after: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._granted = self.wanted

    @property
    def allowed(self) -> int:
        return max(1, min(self._granted, self.wanted // self.parts))

    @property
    def is_reduced(self) -> bool:
        """Whether some are to be won back."""
        return self._granted < self.wanted

    def refused(self, now: float) -> bool:
        """Refused at the greeting, or 421 before a first acceptance: half of them.

        Returns whether the number changed; refusals in the same second are one.
        """
        same_burst = now - self._refused_at < 1.0
        self._refused_at = now
        if same_burst or self.allowed == 1:
            return False
        self._granted = max(1, self.allowed // 2)
        return True

    def hold_to_one(self, now: float) -> None:
        """One alone, until they are won back."""
        self._refused_at = now
        self._granted = 1

    def win_back(self, now: float) -> bool:
        """After a calm minute one more is allowed; returns whether that happened now."""
        if not self.is_reduced or now - self._refused_at < CALM:
            return False
        self._refused_at = now
        self._granted += 1
        return True

    def is_spent(self, accepted: int) -> bool:
        """Whether a connection with so many accepted messages is at the limit that was learned."""
        return self.per_connection is not None and accepted >= self.per_connection

    def ended_after(self, accepted: int) -> bool:
        """421 or the end between messages after `accepted` of them; twice the same is a limit.

        Returns whether a limit was learned now.
        """
        self._ended_after[accepted] += 1
        if accepted < 1 or self._ended_after[accepted] < 2:
            return False
        return self.limited_to(accepted)

    def limited_to(self, accepted: int) -> bool:
        """The server takes so many on a connection. Returns whether that is news."""
        if self.is_spent(accepted):
            return False
        self.per_connection = accepted
        return True


@dataclass
class Unbuildables:
    """How many rows failed to build; more than 1 % (at least 20) stops the run."""

    selected: int
    count: int = 0

    def add(self, number: int) -> bool:
        self.count += number
        return self.count >= UNBUILDABLE_LEAST and self.count > self.selected * UNBUILDABLE_SHARE


class SlowDown:
    """Whether a reply asks for a lower rate, by the preset's patterns or by what is known of all servers'
    words. What is said of the mailbox, of one connection, or while greylisting, is no such thing."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        joined = "|".join(f"(?:{pattern})" for pattern in patterns)
        self._pattern = re.compile(joined, re.IGNORECASE) if joined else None

    def __call__(self, outcome: Outcome) -> bool:
        reply = outcome.reply
        if reply is None or reply.code < 400:
            return False
        if outcome.why in (Why.RATE, Why.QUOTA):  # a quota is no reason to hurry either
            return True
        if self._pattern is None or outcome.why in _NO_PACE:
            return False
        return self._pattern.search(said(reply)) is not None


@dataclass
class Releases:
    """How often each message was released: three times, and it is deferred with an attempt."""

    _counts: Counter[int] = field(default_factory=Counter)

    def release(self, recipient_id: int) -> bool:
        """Count one release; returns whether the message may go back to the front of the line."""
        self._counts[recipient_id] += 1
        if self._counts[recipient_id] < RELEASES:
            return True
        del self._counts[recipient_id]
        return False

    def settled(self, recipient_id: int) -> None:
        self._counts.pop(recipient_id, None)
