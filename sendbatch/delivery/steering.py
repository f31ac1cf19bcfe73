"""What the server's answers do to a run: connections, messages on each, the breaker.

One table in the contract, one method for each of its rows here. No I/O and no clock of its own: the engine
tells it what happened, and when, and reads off what is allowed. The rows of the ledger are not
its concern, except that a *streak* of permanent refusals decides how they are recorded: while
it is open they are only deferred, for a wrong sender or a spent quota refuses everyone alike.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from sendbatch.values import Outcome, Recipient, Reply, Status

BREAKER = 20  # permanent refusals in a row, with no acceptance between
UNBUILDABLE_SHARE = 0.01  # of the rows, and at least UNBUILDABLE_LEAST of them
UNBUILDABLE_LEAST = 20
CALM = 60.0  # seconds without a refusal before a connection is won back
RELEASES = 3  # so often is a message released before it counts as an attempt


def is_permanent(reply: Reply | None) -> bool:
    return reply is not None and 500 <= reply.code <= 599


def blames_recipient(reply: Reply) -> bool:
    """5xx to RCPT or after the dot speaks about the recipient or message; else about us."""
    return reply.command in ("RCPT", "MESSAGE")


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

    def win_back(self, now: float) -> bool:
        """After a calm minute one more is allowed; returns whether that happened now."""
        if not self.is_reduced or now - self._refused_at < CALM:
            return False
        self._refused_at = now
        self._granted += 1
        return True

    def ended_after(self, accepted: int) -> bool:
        """421 or the end between messages after `accepted` of them; twice the same is a limit.

        Returns whether a limit was learned now.
        """
        self._ended_after[accepted] += 1
        if accepted < 1 or self._ended_after[accepted] < 2:
            return False
        if self.per_connection is not None and self.per_connection <= accepted:
            return False
        self.per_connection = accepted
        return True


class Breaker:
    """Permanent refusals in a row, or silences: who was refused, and whether the run must stop.

    A server that takes whole messages and never answers makes doubt of every one; as many in a
    row as with refusals, and those that `connections` lost at one moment may leave, end the run too.
    `open` holds the ids refused at RCPT or after the dot: they become `rejected` when an
    acceptance ends the streak or the run ends without the breaker.
    """

    def __init__(self, connections: int = 0) -> None:
        self._most_doubts = BREAKER + connections
        self._doubts = 0
        self.length = 0
        self.tripped = False  # for good: an acceptance on another connection may still come
        self.open: list[int] = []
        self.last: Reply | None = None

    def refused(self, recipient: Recipient, reply: Reply) -> Status:
        """Count a permanent refusal; returns the status it is recorded with for now."""
        if blames_recipient(reply) and is_refused_before(recipient):
            return Status.REJECTED  # known to be dead: the next ones may still be alive
        self.length += 1
        self.tripped = self.tripped or self.length >= BREAKER
        self.last = reply
        if blames_recipient(reply):
            self.open.append(recipient.id)
        return Status.DEFERRED

    def doubted(self) -> None:
        """Count a message that left whole and was not answered."""
        self._doubts += 1
        self.tripped = self.tripped or self._doubts >= self._most_doubts

    @property
    def why(self) -> str:
        """Why it tripped, as a sentence's beginning."""
        if self._doubts >= self._most_doubts:
            return f"{self._doubts} messages in a row were sent whole and never answered"
        said = f": {self.last.code} {self.last.text}" if self.last else ""
        return f"{BREAKER} permanent refusals in a row, the last one{said}"

    def accepted(self) -> list[int]:
        """An acceptance ends the streak; returns the ids that are rejected for good now.

        Once it has tripped there are none: whether they were to blame is for a person to say.
        """
        if self.tripped:
            return []
        self.length = self._doubts = 0
        condemned = self.open
        if condemned:
            self.open = []
        return condemned


def is_refused_before(recipient: Recipient) -> bool:
    """Whether an earlier run recorded a permanent refusal that it did not hold to be final."""
    return recipient.status is Status.DEFERRED and (recipient.code or 0) >= 500


@dataclass
class Unbuildables:
    """How many rows failed to build; more than 1 % (at least 20) stops the run."""

    selected: int
    count: int = 0

    def add(self, number: int) -> bool:
        self.count += number
        return self.count >= UNBUILDABLE_LEAST and self.count > self.selected * UNBUILDABLE_SHARE


class SlowDown:
    """Whether a reply asks for a lower rate, by the preset's patterns; text never sets a status."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        joined = "|".join(f"(?:{pattern})" for pattern in patterns)
        self._pattern = re.compile(joined, re.IGNORECASE) if joined else None

    def __call__(self, reply: Reply | None) -> bool:
        if self._pattern is None or reply is None or reply.code < 400:
            return False
        enhanced = f"{reply.enhanced} " if reply.enhanced else ""
        return self._pattern.search(f"{reply.code} {enhanced}{reply.text}") is not None


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


def row_is_blamed(outcome: Outcome, *, accepted: int, refused_recipients: int) -> bool:
    """Whether a refusal speaks about this row at all, or only about this connection.

    A refusal of MAIL or RSET, or 421, on a connection with refused recipients, and 4xx to MAIL
    after accepted messages are the server's limits for one connection: it is reopened.
    """
    reply = outcome.reply
    if reply is None or reply.command == "MESSAGE":
        return True
    if outcome.status is not Status.DEFERRED and outcome.status is not Status.REJECTED:
        return True
    if refused_recipients and (reply.code == 421 or reply.command in ("MAIL", "RSET")):
        return False
    return not (accepted and reply.command == "MAIL" and 400 <= reply.code <= 499)
