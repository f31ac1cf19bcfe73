"""Where the record is kept by another machine: that it does not answer, and for how long it is waited for.

Without an answer no intent is durable, so no dot leaves. The store waits for its machine by itself, for as
long as a campaign lets it. Here that is told, and no envelope leaves meanwhile: a server would only be kept
waiting behind it. Once a person, or whoever may, has asked the run to end, it is waited for briefly: what was
answered until then is known here alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from sendbatch.delivery import words
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.course import Course
from sendbatch.delivery.queue import Queue
from sendbatch.errors import RecordStopped
from sendbatch.ledger.calls import Calls
from sendbatch.runtime.clock import Clock

LOOK = 0.5  # seconds
NOTICEABLE = 2.0  # seconds without an answer after which a run is told to wait
WORTH_A_LINE = 30.0  # and after which a line says so, where the store did not find out before
PATIENCE = 30.0  # more than the store itself waits, for one that hangs in the middle of an answer
BRIEF = 5.0  # seconds that an answer is waited for once the run is to end
HURRIED = 1.0  # the same, once it is to end at once


class Absence:
    """`is_on` while the record's machine does not answer. `give_up` is told why it is waited for no more."""

    def __init__(
        self,
        calls: Sequence[Calls],
        queue: Queue,
        course: Course,
        announcer: Announcer,
        clock: Clock,
        give_up: Callable[[RecordStopped], None],
        *,
        offline: float,
    ) -> None:
        self.is_on = False
        self._longest = offline + PATIENCE
        self._calls = calls
        self._queue = queue
        self._course = course
        self._notices, self._waits = announcer.notices, announcer.waits
        self._clock = clock
        self._give_up = give_up
        self._is_told = False  # that it does not answer
        self._soon_at = self._now_at = float("inf")  # steady times: asked to end

    async def watch(self) -> None:
        """Until it is cancelled, or the machine is waited for no longer."""
        never = asyncio.Event()
        while not await self._clock.wait(never, LOOK):
            now = self._clock.steady()
            self._note_ending(now)
            since = min((one.since for one in self._calls if one.since is not None), default=None)
            if since is None or now - since < NOTICEABLE:
                self._is_back()
            else:
                self._is_away(now - since)
            if since is not None and self._is_too_long(now, since):
                self._give_up(RecordStopped(words.UNANSWERED, hint=words.ONCE_IT_IS_BACK))
                return

    def _note_ending(self, now: float) -> None:
        course = self._course
        if course.is_asked_to_end or course.broken is not None:
            self._soon_at = min(self._soon_at, now)
        if course.at_once.is_set():
            self._now_at = min(self._now_at, now)

    def _is_too_long(self, now: float, since: float) -> bool:
        return (
            now - since >= self._longest
            or now - max(since, self._soon_at) >= BRIEF
            or now - max(since, self._now_at) >= HURRIED
        )

    def _is_away(self, seconds: float) -> None:
        if not self.is_on:
            self.is_on = True
            self._waits.database()
        if seconds >= WORTH_A_LINE and not self._is_told:
            self._is_told = True
            self._notices.tell("database", words.NO_DATABASE)

    def _is_back(self) -> None:
        if not self.is_on:
            return
        self.is_on = False
        self._queue.filled.set()  # who has a connection waits for that
        if self._is_told:
            self._is_told = False
            self._notices.tell("database", words.DATABASE_IS_BACK)
