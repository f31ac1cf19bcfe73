"""Whether the server can be reached: opening connections, and what a refusal to open means.

The first connection of a run logs in alone, before anyone is asked anything; its failure ends
the run (exit 2 or 3). Later a failure is waited out: a network may be back in a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from functools import partial

from sendbatch.campaign.secrets import Credentials
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.course import Course
from sendbatch.errors import ProfileError, SmtpError
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.threads import aside
from sendbatch.smtp.connection import Connection, Server, open_connection
from sendbatch.smtp.known import Known
from sendbatch.smtp.levels import Levels
from sendbatch.words import duration

FIRST_PAUSE = 1.0  # seconds before connecting again; doubled up to
LONGEST_PAUSE = 30.0


class Dialer:
    """Opens connections to one server, which share `levels`, and which of its addresses work.

    `read_credentials` reads the secrets anew at each call.
    """

    def __init__(
        self,
        server: Server,
        read_credentials: Callable[[], Credentials | None],
        levels: Levels | None = None,
    ) -> None:
        self.server = server
        self.levels = levels or Levels()
        self._read = read_credentials
        self._credentials: Credentials | None = None
        self._times_read = 0
        self._learned = Known()
        self._second_try = asyncio.Lock()
        self._refusal: SmtpError | None = None  # of a secret that was read again

    async def open(self) -> Connection:
        """Raises SmtpError, or ProfileError where a secret cannot be read."""
        if not self._times_read:
            await self._read_secret()
        return await open_connection(self.server, self._credentials, self.levels, self._learned)

    async def open_anew(self) -> Connection:
        """As `open`; where the login is refused the secret is read again, for a token may have expired.

        That is tried by one connection, and what it is told holds for the others that were refused beside it:
        each try more brings an account nearer to being locked.
        """
        if not self._times_read:
            await self._read_secret()
        read = self._times_read
        try:
            return await self.open()
        except SmtpError as error:
            if not _is_for_good(error):
                raise
        async with self._second_try:
            if self._refusal is not None:
                raise self._refusal
            if self._times_read == read:
                await self._read_secret()
            try:
                return await self.open()
            except SmtpError as error:
                self._refusal = error if _is_for_good(error) else None
                raise

    async def _read_secret(self) -> None:
        self._credentials = await aside(self._read)
        self._times_read += 1


def _is_for_good(error: SmtpError) -> bool:
    """Whether it is the login that was refused, and not just for now."""
    return error.step == "auth" and not error.temporary


class Opener:
    """Opens connections during a run, and decides how long an unreachable server is waited for, `offline`
    seconds at most.

    `over` is set when the run is to end, or when there is nothing left to send. `refused()` is told when the
    server turned one more connection away: by a reply, or without a word while others are open.
    """

    def __init__(
        self,
        dialer: Dialer,
        *,
        offline: float,
        clock: Clock,
        course: Course,
        over: asyncio.Event,
        announcer: Announcer,
        refused: Callable[[], None],
    ) -> None:
        self._dialer = dialer
        self._offline = offline
        self._clock = clock
        self._course = course
        self._over = over
        self._notice = partial(announcer.notices.tell, "offline")
        self._waits, self._speed = announcer.waits, announcer.speed
        self._refused = refused
        self._gone_since: float | None = None
        self.pause = 0.0  # seconds, while the server is of no use to new connections
        self._pause_ends = float("-inf")
        self._open = 0  # connections at present
        self._opening = 0  # on their way to be
        self._busy = 0  # those of them that a message is being handed over on

    def took_over(self) -> None:
        """A sender has one connection more."""
        self._open += 1
        self._speed.opened()

    def dropped(self) -> None:
        """A sender has one connection less."""
        self._open -= 1
        self._speed.dropped()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """While messages are handed over on a connection."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    @property
    def has_free(self) -> bool:
        """Whether an open connection has nothing to do."""
        return self._open > self._busy

    @property
    def in_use(self) -> int:
        """Connections that the server has, or is about to have."""
        return self._open + self._opening

    async def open(self) -> Connection | None:
        """A new connection, or None where there was none to be had for now."""
        self._opening += 1
        try:
            return await self._opened()
        finally:
            self._opening -= 1

    async def _opened(self) -> Connection | None:
        try:
            connection = await self._unless_stopped(self._dialer.open_anew())
        except SmtpError as error:
            await self._failed(error)
            return None
        except ProfileError as error:  # the secret cannot be read any more
            self._course.give_up(error.message)
            return None
        if connection is None:
            return None
        if self._gone_since is not None:
            self._notice("the server is back")
        self._gone_since = None
        return connection

    def served(self) -> None:
        """The server dealt with a message: it is there, and there for us."""
        self.pause = 0.0

    async def back_off(self) -> None:
        """After a connection that ended before its first message was dealt with: the server has too
        many of them, and the next message would only meet the same."""
        now = self._clock.steady()
        if now >= self._pause_ends:  # else another connection has just met the same
            self.pause = min(max(FIRST_PAUSE, self.pause * 2), LONGEST_PAUSE)
            self._pause_ends = now + self.pause
        if not self._course.is_ending:
            gone = self._gone_since is not None
            why = "cannot be reached" if gone else "ends connections before they are of use"
            self._waits.server(why, self._pause_ends)
            await self._clock.wait(self._over, self._pause_ends - now)

    async def _unless_stopped(
        self, opening: Coroutine[None, None, Connection]
    ) -> Connection | None:
        """None once the run is asked to stop, or is over: a greeting may take five minutes."""
        task, asked = asyncio.create_task(opening), asyncio.create_task(self._over.wait())
        opened: Connection | None = None
        try:
            await asyncio.wait((task, asked), return_when=asyncio.FIRST_COMPLETED)
            opened = task.result() if task.done() else None
            return opened
        finally:
            for left in (task, asked):
                left.cancel()
            found, _ = await asyncio.gather(task, asked, return_exceptions=True)
            # a cancellation can come to nothing: Python 3.11's wait_for prefers a result that is there
            if isinstance(found, Connection) and found is not opened:
                found.abort()

    async def _failed(self, error: SmtpError) -> None:
        if _is_for_good(error):
            self._course.give_up(f"the server no longer accepts the login: {error.message}")
            return
        sent_away = error.code is not None
        if sent_away or ((error.refused or error.step == "greeting") and self._open):
            self._refused()
        if not self._open:
            self._count_absence(error)
        await self.back_off()

    def _count_absence(self, error: SmtpError) -> None:
        now = self._clock.steady()
        what = error.message
        if self._gone_since is None:
            self._gone_since = now
            self._notice(f"{what}; waiting for it up to {duration(self._offline)}")
        if now - self._gone_since >= self._offline:
            self._course.give_up(f"the server is gone: {what}")
