"""The breaker: permanent refusals in a row, or silences, and when they end a run. No I/O and no clock.

Theory of operation. A permanent refusal says little by itself; what is accepted around it says the rest. So
refusals are held open in a *streak*:

    an acceptance            rejects those in it, but for those that speak of us. Where the words are unknown
                             and the connection had accepted some before, they may mean that it carries no
                             more: then only an acceptance on it does, or on one that had carried as much
    the end of the run       rejects those that speak of the mailbox, where this server took somebody lately
    20 in a row, 5 of us     trip it: everybody in the streak stays deferred

It never trips before others were tried: where all are at one domain, or nobody was accepted yet, the domains
met are set *aside* and rows of others come first. One acceptance passes it. A row whose refusal was seen to
be its own in an earlier run (others were accepted after it) does not lengthen the streak.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from sendbatch.delivery.verdict import Refusal
from sendbatch.values import BREAKER, Reply, Why

OF_US = 5  # as many where they are known to speak about us
OTHERS = 3  # rows of other domains that are tried where nobody was accepted yet
MOST_ASIDE = 50  # domains; a streak over more of them needs no others to compare with
LATELY = 30 * 86400.0  # seconds for which an acceptance shows that the set-up works


class Streak(Enum):
    """What there were too many of in a row."""

    UNANSWERED = auto()  # messages sent whole
    OF_US = auto()  # refusals that speak about us
    REFUSED = auto()  # permanent refusals


class Trip(NamedTuple):
    """Why the breaker has tripped; `last` is the reply of the last refusal, `sender` the one address that all
    of them speak of as the sender's, if they do."""

    of: Streak
    number: int
    last: Reply | None = None
    sender: str = ""


class Carried(NamedTuple):
    """What a connection had done before a message: `accepted` of the `messages` handed to it."""

    connection: object
    accepted: int
    messages: int

    def is_as_much_as(self, other: Carried) -> bool:
        return self.accepted >= other.accepted and self.messages >= other.messages


NOTHING = Carried(None, 0, 0)


class Breaker:
    """Permanent refusals in a row, or silences: who was refused, and whether the run must stop.

    A server that takes whole messages and never answers makes doubt of every one; as many in a row as
    with refusals, and those that `connections` lost at one moment may leave, end the run too.
    `aside` are domains that wait until somebody is accepted.
    """

    def __init__(self, limit: int = BREAKER, connections: int = 0) -> None:
        self._limit = limit
        self._limit_of_us = min(OF_US, limit)
        self._most_doubts = BREAKER + connections
        self.tripped = False  # for good: an acceptance on another connection may still come
        self.accepted_any = False
        self.last: Refusal | None = None
        self.aside: frozenset[str] = frozenset()
        # An acceptance on a connection that took at most so many before, and refused nobody, changes nothing.
        self.unmoved_up_to = -1
        self._behind: list[tuple[Carried, int]] = []  # who may have met the end of what is carried
        self._most: list[Carried] = []  # what a connection carries at least; none as much as another
        self._begin()

    def _begin(self) -> None:
        """A row of refusals that has none yet."""
        self.length = self._of_us = self._doubts = self._others = 0
        self._domains: set[str] = set()
        self._senders: set[str] = set()  # that refusals speak of, "" for one that speaks of none
        self._open: dict[int, float | None] = {}  # who is blamed by an acceptance; `since`
        self._held: list[int] = []  # who never is
        self.aside = frozenset()

    def refused(self, refusal: Refusal, behind: Carried = NOTHING) -> None:
        """`behind` is what its connection had carried."""
        self.last, self.unmoved_up_to = refusal, -1
        if refusal.ours:
            self._held.append(refusal.id)
        elif behind.accepted and self._may_be_full(refusal, behind):
            self._behind.append((behind, refusal.id))
        elif not refusal.final:
            self._open[refusal.id] = refusal.since
        if not refusal.its_own:
            self.length += 1
            self._of_us += refusal.ours
            self._domains.add(refusal.domain)
            self._senders.add(refusal.sender)
            self._weigh(refusal.domain)

    def _may_be_full(self, refusal: Refusal, behind: Carried) -> bool:
        unknown = refusal.outcome.why is Why.REFUSED
        return unknown and not any(one.is_as_much_as(behind) for one in self._most)

    def _not_full(self, on: Carried) -> list[int]:
        """Whom an acceptance on a connection that had carried this clears of having met its end."""
        for one in self._most:
            if one.accepted >= on.accepted and one.messages >= on.messages:
                break
        else:
            self._most = [on, *(one for one in self._most if not on.is_as_much_as(one))]
        if not self._behind:
            return []
        found = [
            (behind.connection == on.connection or on.is_as_much_as(behind), behind, id_)
            for behind, id_ in self._behind
        ]
        self._behind = [(behind, id_) for is_clear, behind, id_ in found if not is_clear]
        return [id_ for is_clear, _, id_ in found if is_clear]

    def _weigh(self, domain: str) -> None:
        if self.aside:  # what was under way still comes in
            self._others += domain not in self.aside
            self.tripped = self.tripped or self._others >= (1 if self.accepted_any else OTHERS)
        elif self.length >= self._limit or self._of_us >= self._limit_of_us:
            alike = self.accepted_any and len(self._domains) > 1
            if alike or len(self._domains) > MOST_ASIDE:
                self.tripped = True
            elif not self.tripped:
                self.aside = frozenset(self._domains)

    def nobody_else(self) -> None:
        """There is nobody at another domain to compare with."""
        self.tripped = self.tripped or bool(self.aside)

    def doubted(self) -> None:
        """Count a message that left whole and was not answered."""
        self._doubts += 1
        self.unmoved_up_to = -1
        self.tripped = self.tripped or self._doubts >= self._most_doubts

    def accepted(self, on: Carried = NOTHING) -> tuple[list[int], list[int]]:
        """An acceptance, on a connection that had carried this, ends the row; returns who is rejected for
        good now, and whose refusal is seen to be their own though it speaks about us.

        Once it has tripped there are none: whether they were to blame is for a person to say.
        """
        self.accepted_any = True
        behind = self._not_full(on)
        self.unmoved_up_to = -1 if self._behind else max(one.accepted for one in self._most)
        if self.tripped or not (self.length or self._doubts or self._open or self._held or behind):
            return [], []
        condemned, own = [*self._open, *behind], self._held
        self._begin()
        return condemned, own

    def finish(self, *, lately: bool) -> tuple[list[int], dict[int, float]]:
        """The run ends: who is rejected for good, and who was refused for their mailbox and stays deferred,
        with since when.

        `lately`: this server accepted somebody of ours in the last 30 days.
        """
        self.nobody_else()
        of_mailbox = {id_: since for id_, since in self._open.items() if since is not None}
        if self.tripped or not (lately or self.accepted_any):
            return [], of_mailbox
        return list(of_mailbox), {}

    @property
    def trip(self) -> Trip:
        """Why it tripped."""
        if self._doubts >= self._most_doubts:
            return Trip(Streak.UNANSWERED, self._doubts)
        last = self.last.outcome.reply if self.last else None
        if self._of_us >= self._limit_of_us:
            sender = next(iter(self._senders)) if len(self._senders) == 1 else ""
            return Trip(Streak.OF_US, self._of_us, last, sender)
        return Trip(Streak.REFUSED, self._limit, last)
