"""What a run tells while it happens, gathered: the first of a kind at once, with its words, then how many
more there were, seldom and at the end. However often a server says the same, a person reads a few lines;
the record has each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sendbatch.errors import one_line
from sendbatch.findings import pattern_of
from sendbatch.reasons import reason_of
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.observer import Observer
from sendbatch.smtp.replies import said
from sendbatch.values import Outcome, Recipient, Status
from sendbatch.words import count, word

AT_ONCE = 3  # notices of one kind that are told as they come
FIRST_PAUSE = 60.0  # seconds between two lines of one kind after that; doubled up to
LONGEST_PAUSE = 1800.0
MOST_KINDS = 20  # reasons told apart
MOST_DOMAINS = 1000  # counted apart
NAMED = 3  # domains in one line


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
            why = _why(outcome, recipient.row)
            about = f": {one_line(why, 500)}" if why else ""
            verb = "has" if outcome.status is Status.FAILED else "is"
            email = one_line(recipient.email, 320)
            self._observer.notice(f"{email} {verb} {word(outcome.status)}{about}")
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
        return self._kinds.setdefault(key, _Kind(f"{word(status)}: {words}"))


def _why(outcome: Outcome, row: int = 0) -> str:
    """What the server said; else the reason, with the row of the CSV where it is about that."""
    reply = outcome.reply
    return said(reply) if reply is not None else reason_of(outcome, row)


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
    """All of one status and one reason."""

    words: str
    number: int = 0
    domains: Domains = field(default_factory=lambda: Domains())
    gate: _Gate = field(default_factory=lambda: _Gate(1))

    def counted(self, domain: str) -> None:
        self.number += 1
        self.domains.add(domain)

    @property
    def so_far(self) -> str:
        how, _, why = self.words.partition(": ")
        about = f" ({why})" if why else ""
        return f"{how} {count(self.number, 'time')} so far{about}: {self.domains}"


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
