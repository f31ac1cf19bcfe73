"""Stands before whoever watches a run, and knows how many stand how at each moment: for those who are told of
it beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from sendbatch.runtime.observer import Limit, Observer, Wait
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.runtime.clock import Clock
    from sendbatch.session.overview import Overview

LONG = 60.0  # seconds; a shorter wait is none
MOST_WAITS = 10  # that are told in one run


class Counting(Observer):
    """`waits` is called with each long wait, and with how many stood how by then. It is told in the run's own
    thread, once for all that is waited for in one standstill."""

    def __init__(
        self,
        watching: Observer,
        clock: Clock,
        waits: Callable[[Wait, Counter[Status]], None],
    ) -> None:
        self._watching, self._clock, self._waits = watching, clock, waits
        self._told, self._told_until = 0, 0.0
        self.counts: Counter[Status] = Counter()
        self.began = False

    def planned(self, plan: Overview) -> None:
        self.counts = Counter(plan.totals)
        self._watching.planned(plan)

    def sending(self, total: int) -> None:
        self.began = True
        self._watching.sending(total)

    def moved(self, was: Status, now: Status) -> None:
        self.counts[was] -= 1
        self.counts[now] += 1
        self._watching.moved(was, now)

    def waiting(self, wait: Wait) -> None:
        self._watching.waiting(wait)
        now = self._clock.wall()
        if not self.began or wait.until is None or wait.until - now < LONG:
            return
        if now >= self._told_until and self._told < MOST_WAITS:  # else it is the same standstill
            self._told, self._told_until = self._told + 1, wait.until
            self._waits(wait, Counter(self.counts))

    def planning(self, rows: int) -> None:
        self._watching.planning(rows)

    def checking(self, messages: int, total: int) -> None:
        self._watching.checking(messages, total)

    def limited(self, limit: Limit) -> None:
        self._watching.limited(limit)

    def connected(self, connections: int, allowed: int) -> None:
        self._watching.connected(connections, allowed)

    def notice(self, text: str) -> None:
        self._watching.notice(text)

    def finished(self) -> None:
        self._watching.finished()
