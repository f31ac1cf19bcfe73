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

How many there are is counted by `ledger.streak`: here, where one process sends; where several runners share a
record, in that, in the order of their commits. Then a refusal counts once it is *heard* of from there, and
an acceptance by another runner clears whoever was refused before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from sendbatch.delivery.verdict import Refusal
from sendbatch.ledger.facts import InARow, Met
from sendbatch.ledger.streak import OF_US, Streak, Trip, read
from sendbatch.values import BREAKER, Why

LATELY = 30 * 86400.0  # seconds for which an acceptance shows that the set-up works


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
    with refusals, and those that `connections` lost at one moment may leave, end the run too. `elsewhere` has
    one more counted where several runners do so together; it is to be `heard` of then.
    """

    def __init__(
        self,
        limit: int = BREAKER,
        connections: int = 0,
        elsewhere: Callable[[InARow], None] | None = None,
    ) -> None:
        self._limit, self._most_doubts = limit, BREAKER + connections
        self._elsewhere = elsewhere
        self._streak = Streak(limit, self._most_doubts)
        self.tripped = False  # as the streak has it, which is not asked for each message
        # An acceptance on a connection that took at most so many before, and refused nobody, changes nothing.
        self.unmoved_up_to = -1
        self._behind: list[tuple[Carried, int]] = []  # who may have met the end of what is carried
        self._most: list[Carried] = []  # what a connection carries at least; none as much as another
        self._open: dict[int, float | None] = {}  # who is blamed by an acceptance; `since`
        self._held: list[int] = []  # who never is
        self._unheard = Streak()  # what was written since it was last heard of elsewhere
        self._aside_meanwhile: frozenset[str] = frozenset()
        self._heard: frozenset[int] = frozenset()  # who was refused when it was last heard of elsewhere

    @property
    def length(self) -> int:
        """How many were refused in a row."""
        return self._streak.length

    @property
    def aside(self) -> frozenset[str]:
        """Domains that wait until somebody is accepted; or until it is heard of, where there may be too many
        refusals by now."""
        return self._streak.aside or self._aside_meanwhile

    @property
    def trip(self) -> Trip:
        """Why it tripped."""
        return self._streak.trip

    def refused(self, refusal: Refusal, behind: Carried = NOTHING) -> None:
        """`behind` is what its connection had carried."""
        self.unmoved_up_to = -1
        if refusal.ours:
            self._held.append(refusal.id)
        elif behind.accepted and self._may_be_full(refusal, behind):
            self._behind.append((behind, refusal.id))
        elif not refusal.final:
            self._open[refusal.id] = refusal.since
        if not refusal.its_own:
            reply = refusal.outcome.reply
            of = self._one(Met.REFUSED, refusal.id)
            self._count(
                of._replace(
                    domain=refusal.domain, ours=refusal.ours, sender=refusal.sender, reply=reply
                )
            )

    def doubted(self, recipient_id: int = 0) -> None:
        """Count a message that left whole and was not answered."""
        self.unmoved_up_to = -1
        self._count(self._one(Met.UNANSWERED, recipient_id))

    def nobody_else(self) -> None:
        """There is nobody at another domain to compare with."""
        if self.aside:
            self._count(self._one(Met.NOBODY_ELSE, 0))

    def _one(self, met: Met, id_: int) -> InARow:
        return InARow(met, id_, self._limit, self._most_doubts)

    def _count(self, one: InARow) -> None:
        if self._elsewhere is not None:
            self._elsewhere(one)
            self._wait_for_word(one)
        else:
            self._stands(self._streak.with_one(one))

    def _wait_for_word(self, one: InARow) -> None:
        """Where this and what was not heard of yet may be too many, those domains wait for that word: while
        it is on its way more would only meet the same."""
        if one.met is Met.REFUSED:
            self._unheard = self._unheard.with_one(one)
            streak, unheard = self._streak, self._unheard
            of_us, length = streak.of_us + unheard.of_us, streak.length + unheard.length
            if length >= self._limit or of_us >= min(OF_US, self._limit):
                self._aside_meanwhile = streak.domains | unheard.domains

    def _stands(self, streak: Streak) -> None:
        self._streak, self.tripped = streak, self.tripped or streak.tripped

    def accepted(self, on: Carried = NOTHING) -> tuple[list[int], list[int]]:
        """An acceptance, on a connection that had carried this, ends the row; returns who is rejected for
        good now, and whose refusal is seen to be their own though it speaks about us.

        Once it has tripped there are none: whether they were to blame is for a person to say.
        """
        behind = self._not_full(on)
        self.unmoved_up_to = -1 if self._behind else max(one.accepted for one in self._most)
        if not self._streak.accepted_any or (self._streak.is_open and self._elsewhere is None):
            self._stands(self._streak.accepted())
        self._unheard, self._aside_meanwhile = Streak(), frozenset()
        if self.tripped:
            return [], []
        condemned, own = [*self._open, *behind], self._held
        self._open, self._held = {}, []
        return condemned, own

    def heard(self, told: str) -> tuple[list[int], list[int]]:
        """How the row stands where all runners count it; returns as `accepted` does, where somebody was
        accepted by another runner since it was last heard of."""
        before, now = self._streak, read(told)
        self._unheard, self._aside_meanwhile = Streak(), frozenset()
        self._stands(replace(now, accepted_any=now.accepted_any or before.accepted_any))
        is_another = not now.is_open or now.began != before.began
        cleared: frozenset[int] = frozenset()
        if before.is_open and is_another and not self.tripped:
            cleared = self._heard
        condemned = [id_ for id_ in self._open if id_ in cleared]
        own = [id_ for id_ in self._held if id_ in cleared]
        for id_ in condemned:
            del self._open[id_]
        self._held = [id_ for id_ in self._held if id_ not in cleared]
        self._heard = frozenset((*self._open, *self._held))
        return condemned, own

    def finish(self, *, lately: bool) -> tuple[list[int], dict[int, float]]:
        """The run ends: who is rejected for good, and who was refused for their mailbox and stays deferred,
        with since when.

        `lately`: this server accepted somebody of ours in the last 30 days.
        """
        if self._elsewhere is None:
            self.nobody_else()
        of_mailbox = {id_: since for id_, since in self._open.items() if since is not None}
        is_open = self.tripped or self.aside  # others may still be tried by another runner
        if is_open or not (lately or self._streak.accepted_any):
            return [], of_mailbox
        return list(of_mailbox), {}

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
