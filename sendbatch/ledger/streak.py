"""Refusals in a row, and when there are too many of them: the pure part of the breaker. No I/O and no clock.

Where one process sends, the row stands in its memory. Where several runners do, it is theirs together: it
stands in the record, in the order of their commits, as a text that each commit with an answer changes.

    ""             nobody was accepted yet, and nobody refused
    CLEAR          nobody was refused since somebody was accepted
    {…}            a row that is open
    "tripped {…}"  there were too many: for good

An acceptance makes CLEAR of all but the last, whatever stood there: so a store may write that without
reading it first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from sendbatch.ledger.facts import Change, InARow, Met, Settled
from sendbatch.values import BREAKER, Reply, Status

OF_US = 5  # as many where they are known to speak about us
OTHERS = 3  # rows of other domains that are tried where nobody was accepted yet
MOST_ASIDE = 50  # domains; a streak over more of them needs no others to compare with

CLEAR: Final = "clear"
TRIPPED: Final = "tripped "


class Of(Enum):
    """What there were too many of in a row."""

    UNANSWERED = auto()  # messages sent whole
    OF_US = auto()  # refusals that speak about us
    REFUSED = auto()  # permanent refusals


class Trip(NamedTuple):
    """Why the breaker has tripped; `last` is the reply of the last refusal, `sender` the one address that all
    of them speak of as the sender's, if they do."""

    of: Of
    number: int
    last: Reply | None = None
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Streak:
    """The row as it stands. `limit` refusals of any kind trip it, and `most_doubts` messages that were not
    answered; `began` is the delivery that it begins with. `others` were refused at other
    domains since those `aside` wait."""

    limit: int = BREAKER
    most_doubts: int = BREAKER
    accepted_any: bool = False
    tripped: bool = False  # for good: an acceptance on another connection may still come
    began: int = 0
    length: int = 0
    of_us: int = 0
    doubts: int = 0
    others: int = 0
    domains: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()  # that refusals speak of, "" for one that speaks of none
    aside: frozenset[str] = frozenset()
    last: Reply | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a row at all."""
        return bool(self.length or self.doubts)

    def with_one(self, more: InARow) -> Streak:
        """One more, of whatever kind."""
        if more.met is Met.NOBODY_ELSE:
            return replace(self, tripped=self.tripped or bool(self.aside))
        began = self if self.is_open else replace(self, began=more.id)
        if more.met is Met.UNANSWERED:
            doubts = self.doubts + 1
            return replace(
                began, doubts=doubts, tripped=self.tripped or doubts >= self.most_doubts
            )
        domains, senders = self.domains, self.senders
        return replace(
            began,
            length=self.length + 1,
            of_us=self.of_us + more.ours,
            domains=domains if len(domains) > MOST_ASIDE else domains | {more.domain},
            senders=senders if len(senders) > 1 else senders | {more.sender},
            last=more.reply,
        )._weighed(more.domain)

    def accepted(self) -> Streak:
        """Somebody has the mail: a row of refusals that has none yet."""
        if self.tripped:
            return self if self.accepted_any else replace(self, accepted_any=True)
        return Streak(self.limit, self.most_doubts, accepted_any=True)

    def _weighed(self, domain: str) -> Streak:
        if self.aside:  # what was under way still comes in
            others = self.others + (domain not in self.aside)
            too_many = others >= (1 if self.accepted_any else OTHERS)
            return replace(self, others=others, tripped=self.tripped or too_many)
        if self.length < self.limit and self.of_us < min(OF_US, self.limit):
            return self
        alike = self.accepted_any and len(self.domains) > 1
        if alike or len(self.domains) > MOST_ASIDE:
            return replace(self, tripped=True)
        return self if self.tripped else replace(self, aside=self.domains)

    @property
    def trip(self) -> Trip:
        """Why it tripped."""
        if self.doubts >= self.most_doubts:
            return Trip(Of.UNANSWERED, self.doubts)
        if self.of_us >= min(OF_US, self.limit):
            sender = next(iter(self.senders)) if len(self.senders) == 1 else ""
            return Trip(Of.OF_US, self.of_us, self.last, sender)
        return Trip(Of.REFUSED, self.limit, self.last)

    def __str__(self) -> str:
        """As it stands in a record."""
        if not (self.is_open or self.tripped):
            return CLEAR if self.accepted_any else ""
        told = asdict(self) | {
            name: sorted(getattr(self, name)) for name in ("domains", "senders", "aside")
        }
        return (TRIPPED if self.tripped else "") + json.dumps(told, ensure_ascii=True)


def read(text: str) -> Streak:
    """What stands in a record. What cannot be read is a row that none has been counted in yet."""
    if text in ("", CLEAR):
        return Streak(accepted_any=text == CLEAR)
    tripped = text.startswith(TRIPPED)
    try:
        return _told(json.loads(text.removeprefix(TRIPPED)), tripped)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Streak(tripped=tripped)


def _told(told: dict[str, Any], tripped: bool) -> Streak:
    def number(name: str) -> int:
        return int(told[name])

    def names(name: str) -> frozenset[str]:
        return frozenset(str(one) for one in told[name])

    last = told["last"]
    return Streak(
        number("limit"),
        number("most_doubts"),
        bool(told["accepted_any"]),
        tripped,
        number("began"),
        number("length"),
        number("of_us"),
        number("doubts"),
        number("others"),
        names("domains"),
        names("senders"),
        names("aside"),
        None if last is None else _reply(*last),
    )


def _reply(code: Any, text: Any, command: Any, enhanced: Any) -> Reply:
    return Reply(int(code), str(text), str(command), None if enhanced is None else str(enhanced))


def after(before: str, changes: Sequence[Change]) -> str:
    """The row once these have happened, in their order."""
    streak = read(before)
    for change in changes:
        if isinstance(change, InARow):
            if not streak.is_open:  # the limits are those of whoever was refused first
                streak = replace(streak, limit=change.limit, most_doubts=change.most_doubts)
            streak = streak.with_one(change)
        elif isinstance(change, Settled) and _is_accepted(change):
            streak = streak.accepted()
    return str(streak)


def counts(changes: Sequence[Change]) -> bool:
    """Whether the row has to be read to know what becomes of it."""
    return any(isinstance(change, InARow) for change in changes)


def clears(changes: Sequence[Change]) -> bool:
    """Whether somebody was accepted: without one that `counts`, the row is CLEAR then, unless it tripped."""
    return any(isinstance(change, Settled) and _is_accepted(change) for change in changes)


def _is_accepted(change: Settled) -> bool:
    return change.outcome.status is Status.ACCEPTED
