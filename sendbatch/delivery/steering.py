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
        """Count one release; returns whether the message may go back to the front of the queue."""
        self._counts[recipient_id] += 1
        if self._counts[recipient_id] < RELEASES:
            return True
        del self._counts[recipient_id]
        return False

    def settled(self, recipient_id: int) -> None:
        self._counts.pop(recipient_id, None)
