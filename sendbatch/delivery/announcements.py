"""What a run tells while it happens: what became of somebody, what happened, and what it waits for.

Notices are gathered: the first of a kind at once, with its words, then how many more there were, seldom and
at the end. However often a server says the same, a person reads a few lines; the record has each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sendbatch.delivery.speed import Speed
from sendbatch.errors import one_line
from sendbatch.findings import pattern_of
from sendbatch.limits import announced
from sendbatch.limits.declared import Limits
from sendbatch.limits.gates import Hold
from sendbatch.reasons import reason_of
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.observer import Observer, Wait
from sendbatch.smtp.replies import said
from sendbatch.values import Outcome, Recipient, Reply, Status
from sendbatch.words import clock_time, count, rows, word

AT_ONCE = 3  # notices of one kind that are told as they come
FIRST_PAUSE = 60.0  # seconds between two lines of one kind after that; doubled up to
LONGEST_PAUSE = 1800.0
MOST_KINDS = 20  # reasons told apart
MOST_DOMAINS = 1000  # counted apart
UNTIL_SURE = " until that is sure to be for good"
NAMED = 3  # domains in one line
WORTH_TELLING = 2.0  # seconds; a shorter wait is over before it is read


class Announcer:
    """`note(kind, text)` writes an event of the record. `alone`: no other runner sends to the same people."""

    def __init__(
        self,
        observer: Observer,
        note: Callable[[str, str], None],
        clock: Clock,
        limits: Limits,
        *,
        alone: bool = True,
    ) -> None:
        self.observer = observer
        self.notices = Notices(observer, note, clock)
        self.waits = Waits(observer, clock, alone=alone)
        self.speed = Speed(observer, note, clock, limits)


class Notices:
    """`note(kind, text)` writes an event of the record."""

    def __init__(self, observer: Observer, note: Callable[[str, str], None], clock: Clock) -> None:
        self._observer = observer
        self._note = note
        self._clock = clock
        self._gates: dict[str, _Gate] = {}
        self._kinds: dict[object, _Kind] = {}

    def now_and_then(self, kind: str, text: str) -> None:
        """The newest word on something that lasts: no event, and those passed over are not counted."""
        if self._gates.setdefault(kind, _Gate(1)).opens(self._clock.steady()) is not None:
            self._observer.notice(text)

    def tell(self, kind: str, text: str) -> None:
        """Something happened to the run: into the record, and to whoever watches."""
        self._note(kind, text)
        gate = self._gates.setdefault(kind, _Gate(AT_ONCE))
        if (unsaid := gate.opens(self._clock.steady())) is not None:
            more = f" (and {count(unsaid, 'such notice')} before it)" if unsaid else ""
            self._observer.notice(f"{text}{more}")

    def unsent(self, recipient: Recipient, domain: str, outcome: Outcome) -> None:
        """One recipient did not get the mail, or nobody knows whether: deferred, rejected, failed, in
        doubt."""
        kind = self._kind(outcome)
        kind.counted(domain)
        unsaid = kind.gate.opens(self._clock.steady())
        if unsaid is None:
            return
        if kind.number == 1:
            why = _why(outcome)
            about = f": {one_line(why, 500)}" if why else ""
            verb = "has" if outcome.status is Status.FAILED else "is"
            who = f"{rows((recipient.row,), 1)}, {one_line(recipient.email, 320)}"
            self._observer.notice(f"{who} {verb} {word(outcome.status)}{kind.so_long}{about}")
        else:
            self._observer.notice(kind.so_far)

    def finish(self) -> None:
        """What was counted since it was told last."""
        for kind in sorted(self._kinds.values(), key=lambda kind: -kind.number):
            if kind.gate.unsaid:
                kind.gate.unsaid = 0
                self._observer.notice(kind.so_far)

    def _kind(self, outcome: Outcome) -> _Kind:
        status, reply = outcome.status, outcome.reply
        if reply is not None:
            key: object = (status, reply.code, reply.enhanced)
            words = " ".join(filter(None, (str(reply.code), reply.enhanced)))
        else:
            key = (status, outcome.why, pattern_of(outcome.detail))
            words = one_line(_why(outcome), 100)
        if key not in self._kinds and len(self._kinds) >= MOST_KINDS:
            key, words = status, "other words, which the report has"
        so_long = UNTIL_SURE if reply is not None and _is_open(status, reply) else ""
        return self._kinds.setdefault(key, _Kind(word(status), words, so_long))


def _is_open(status: Status, reply: Reply) -> bool:
    """Refused for good by the reply, and not by us: that is so once others are accepted after it."""
    return status is Status.DEFERRED and reply.code >= 500


def _why(outcome: Outcome) -> str:
    """What the server said; else the reason."""
    reply = outcome.reply
    return said(reply) if reply is not None else reason_of(outcome)


class Waits:
    """What nothing goes on before, and until when. Knows who was deferred in this run and is to be tried
    again in it, by domain, where it is `alone`: else others may have tried them by now."""

    def __init__(self, observer: Observer, clock: Clock, *, alone: bool = True) -> None:
        self._observer = observer
        self._clock = clock
        self._alone = alone
        self._deferred = Domains()

    def joined(self, domain: str) -> None:
        """One more is deferred, and tried again in this run."""
        if self._alone:
            self._deferred.add(domain)

    def left(self, domain: str) -> None:
        """One of those was tried again."""
        self._deferred.remove(domain)

    def retry(self, due_at: float) -> str:
        """Only deferred recipients remain, and the next is due at this epoch time. Returns it in words."""
        where = self._deferred
        who = (
            f"{count(len(where), 'deferred recipient')} ({where})"
            if len(where)
            else "who is deferred"
        )
        self._tell(where.most or "the deferred", who, due_at)
        more = f": {len(where):,} ({where})" if len(where) else ""
        return f"only deferred recipients remain{more}; the next is due at {clock_time(due_at)}"

    def gate(self, hold: Hold, due: float) -> None:
        """A limit lets nobody start before this steady time."""
        seconds = due - self._clock.steady()
        if seconds >= WORTH_TELLING:
            self._tell(hold.whom, hold.why, self._clock.wall() + seconds)

    def server(self, why: str, due: float) -> None:
        """It is connected to again at this steady time."""
        self.gate(Hold("the server", f"the server, which {why}"), due)

    def repository(self) -> None:
        """Nobody is sent to before others see that they are next."""
        self._tell(announced.WHOM, announced.WHY, None)

    def database(self) -> None:
        """No dot leaves before the record's machine answers."""
        self._tell("the database", "the record's database, which does not answer", None)

    def others(self, look_at: float) -> None:
        """Other runners have all who are left; it is looked at this epoch time whether some came free."""
        self._tell("other runners", "other runners, which have the rest", look_at)

    def building(self) -> None:
        """Nobody can be sent to before the next messages are built."""
        self._tell("messages", "the next messages to be built", None)

    def _tell(self, whom: str, why: str, until: float | None) -> None:
        self._observer.waiting(Wait(whom, why, until))


class _Gate:
    """Lets the first few pass, then one now and then."""

    def __init__(self, at_once: int) -> None:
        self._left = at_once
        self._pause = FIRST_PAUSE
        self._shut_until = float("-inf")
        self.unsaid = 0

    def opens(self, now: float) -> int | None:
        """None where this one is only counted; else how many were only counted before it."""
        if self._left <= 0 and now < self._shut_until:
            self.unsaid += 1
            return None
        self._left -= 1
        if self._left <= 0:
            self._shut_until = now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        unsaid, self.unsaid = self.unsaid, 0
        return unsaid


@dataclass(slots=True)
class _Kind:
    """All of one status and one reason, each in words; `so_long` is until when they stand so."""

    status: str
    why: str
    so_long: str = ""
    number: int = 0
    domains: Domains = field(default_factory=lambda: Domains())
    gate: _Gate = field(default_factory=lambda: _Gate(1))

    def counted(self, domain: str) -> None:
        self.number += 1
        self.domains.add(domain)

    @property
    def so_far(self) -> str:
        about = f" ({self.why})" if self.why else ""
        return f"{self.status} {count(self.number, 'time')} so far{self.so_long}{about}: {self.domains}"


class Domains:
    """How many recipients at which domain; beyond a thousand domains they are counted together."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._others = 0

    def add(self, domain: str) -> None:
        """One more recipient at this domain."""
        if domain in self._counts or len(self._counts) < MOST_DOMAINS:
            self._counts[domain] += 1
        else:
            self._others += 1

    def remove(self, domain: str) -> None:
        """One that was added before."""
        if domain not in self._counts:
            self._others = max(0, self._others - 1)
        elif self._counts[domain] > 1:
            self._counts[domain] -= 1
        else:
            del self._counts[domain]

    def __len__(self) -> int:
        """Recipients, and not domains."""
        return self._counts.total() + self._others

    def __str__(self) -> str:
        named = self._counts.most_common(NAMED)
        if len(self._counts) == 1 and not self._others:
            return f"all at {one_line(named[0][0], 100)}"
        parts = [f"{one_line(domain, 100)} {number:,}" for domain, number in named]
        if rest := len(self) - sum(number for _, number in named):
            parts.append(f"others {rest:,}")
        return ", ".join(parts)

    @property
    def most(self) -> str:
        """One of them for all: "gmail.com", "gmail.com and others", or "" for nobody."""
        if not self._counts:
            return ""
        more = " and others" if len(self._counts) > 1 or self._others else ""
        return f"{one_line(self._counts.most_common(1)[0][0], 100)}{more}"
