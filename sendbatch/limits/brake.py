"""The brake: a server that refuses everything for now is asked seldom, and not for ever. No I/O and no clock.

Refusals with 4xx cost a retry each, and hosts lock accounts for too many of them: a spent quota, said to
a thousand people six times, is six thousand refused messages. So after 20 refusals of any kind in a row,
at more than one domain or of words that speak about us, one message at a time is tried, after pauses that
grow. An acceptance halves the first pause, the next one halves that, until there is none. Six refused
tries end the run.
"""

from __future__ import annotations

from sendbatch.limits.gates import ANY_NUMBER, ANY_TIME, NEVER, Gate, Hold

REFUSALS = 20  # of any kind, in a row
TRIES = 6  # refused ones before the run ends
LEAST = 1.0  # seconds; a shorter pause is none


class Brake(Gate):
    """`on` while it holds; no message may start before `until` on the caller's clock. `over`: the run ends.

    `aside` is the one domain that all refusals were at: others are tried first. `pause` in seconds is the one
    before the next try. `begun` is the pause of an earlier run that ended braked: this one begins so, with
    a try at once.
    """

    def __init__(
        self, first: float, longest: float, *, no_wait: bool = False, begun: float | None = None
    ) -> None:
        self._first = min(first, longest)
        self._longest = longest
        self._no_wait = no_wait
        self.on = self.counts = begun is not None
        self.pause = min(begun or 0.0, longest)
        self.until = ANY_TIME
        self.over = False
        self.tries = 0
        self.yields = False  # another run on the account tries, and this one waits for what that is told
        self._trying: int | None = None
        self._begin()

    def _begin(self) -> None:
        self.length = 0
        self._temporary = False
        self._all_of_us = True
        self._domains: set[str] = set()
        self.aside: frozenset[str] = frozenset()

    def hold(self, domain: str) -> Hold:
        return Hold("the server", "the server, which refuses everything for now")

    def within(self, now: float, domain: str, seconds: float) -> float:
        return min(super().within(now, domain, seconds), 1 if self.on else ANY_NUMBER)

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        self._trying = recipient_id  # while it is on, this is the one that is tried

    def refused(
        self, recipient: int, domain: str, now: float, *, permanent: bool, of_us: bool
    ) -> bool:
        """Count one; returns whether the pause is another now."""
        if self.over or self.yields:
            return False
        if self.on:
            return recipient == self._trying and self._tried_in_vain(now)
        self.length += 1
        self._temporary = self._temporary or not permanent
        self._all_of_us = self._all_of_us and of_us
        if len(self._domains) < 2:
            self._domains.add(domain)
        # Permanent refusals alone are the breaker's.
        if self.length < REFUSALS or not self._temporary:
            return False
        if len(self._domains) > 1 or self._all_of_us:
            return self._come_on(now)
        self.aside = frozenset(self._domains)
        return False

    def nobody_else(self, now: float) -> bool:
        """There is nobody at another domain to compare with; returns whether it comes on."""
        return bool(self.aside) and self._come_on(now)

    def accepted(self, now: float) -> bool:
        """Returns whether it was on: the server takes mail again."""
        if not self.on or self.over or self.yields:
            if self.length:
                self._begin()
            return False
        self.tries = 0
        self.pause = (
            min(self.pause, self._first) / 2
        )  # all of it takes no longer than the first one
        if self.pause < LEAST:
            self.on = self.counts = False
            self.pause, self.until = 0.0, ANY_TIME
            self._begin()
        else:
            self.until = now + self.pause
        return True

    def yield_to_another(self) -> bool:
        """Another run tries one message at a time: this one sends none. Returns whether that is news."""
        if self.over or self.yields:
            return False
        self.on = self.counts = self.yields = True
        self.until = NEVER
        return True

    def heard(self, now: float, *, takes_mail: bool, over: bool = False) -> None:
        """What became of the run that this one yields to: the server takes mail again; it was in vain, and
        `over` for this one too; or it is gone, and this one tries by itself."""
        self.yields = False
        if takes_mail:
            self.on = self.counts = False
            self.pause, self.until = 0.0, ANY_TIME
            self._begin()
        else:
            self._come_on(now)
            self.over = self.over or over

    def _come_on(self, now: float) -> bool:
        self.on = self.counts = True
        self.aside, self._trying = frozenset(), None
        self.pause = self._first
        self.until = now + self.pause
        self.over = self._no_wait
        return True

    def _tried_in_vain(self, now: float) -> bool:
        self.tries += 1
        self.pause = min(max(self.pause * 2, self._first), self._longest)
        self.until = now + self.pause
        self.over = self._no_wait or self.tries >= TRIES
        return True
