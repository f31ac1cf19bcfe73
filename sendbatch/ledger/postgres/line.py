"""A connection to the record's database that is made anew where it broke, and waits where the database is
away.

What is asked over it must be such that it can be asked again: nobody knows whether the last time was in vain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import psycopg

from sendbatch.errors import RecordStopped
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.clocks import onward
from sendbatch.ledger.postgres.connecting import Connection, connect, stopped, words_of
from sendbatch.runtime.stop import Stop
from sendbatch.words import duration

T = TypeVar("T")
FIRST_PAUSE: Final = 0.2  # seconds before it is tried again, twice as long each time
LONGEST_PAUSE: Final = 5.0
SAID_AGAIN: Final = 300.0  # seconds until a person is told again that it is waited
AFTER_STOP: Final = 5.0  # seconds that what is on the way is waited for once a run is asked to end

# What passes: the server restarts, is taken over by another, has no room, or this one lost a race for a lock.
# By the classes of PostgreSQL's appendix A; 25006 is read-only, as a standby is until it is promoted.
_PASSES: Final = ("08", "40", "53", "57", "58", "25006", "25P03", "25P02", "55P03", "XX")
# Of a connection that was not made there is no code; in another language it is waited for a little in vain.
_NO: Final = ("password authentication failed", "no password supplied", "pg_hba.conf", "does not exist")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a database that is away is waited for, who hears of it, and what ends it."""

    address: Address
    offline: float
    told: Callable[[str], None] = field(repr=False)
    stop: Stop = field(repr=False)


class Line:
    """For one thread at a time; others wait for it. `lost_standby` says that the server warned in the middle
    of what was asked last: what it has committed may not have reached the standby that it waits for."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._connection: Connection | None = None
        self._lock = threading.RLock()
        self._is_closed = threading.Event()
        self.lost_standby = False

    def ask(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, which is called again until it does. Raises RecordStopped where the database
        says no, or is away for too long, or the run is to end meanwhile; LedgerError where it keeps
        nothing."""
        with self._lock:
            away: _Away | None = None
            while True:
                try:
                    self.lost_standby = False
                    found = work(self._ready())
                except psycopg.Error as error:
                    self._drop()
                    if not passes(error):
                        raise stopped(error, self._waiting.address) from None
                    away = away or _Away(self._waiting)
                    away.wait(error, self._is_closed)
                else:
                    if away is not None:
                        away.over()
                    return found

    def _ready(self) -> Connection:
        if self._is_closed.is_set():
            raise RecordStopped(f"{self._waiting.address.shown}: the record is closed")
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._waiting.address)
            self._connection.add_notice_handler(self._notice)
        return self._connection

    def _notice(self, said: Any) -> None:
        self.lost_standby |= said.severity_nonlocalized == "WARNING"

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Whoever waits in it is let go."""
        self._is_closed.set()
        if self._lock.acquire(timeout=1.0):
            try:
                self._drop()
            finally:
                self._lock.release()


class _Away:
    """From the first time that it did not answer."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._since = onward()
        self._said: float | None = None
        self._pause = FIRST_PAUSE

    def wait(self, error: psycopg.Error, closed: threading.Event) -> None:
        """For a moment. Raises RecordStopped where it was waited for long enough."""
        waiting, now = self._waiting, onward()
        stop = waiting.stop
        where, words = waiting.address.shown, words_of(error)
        if now - self._since >= (AFTER_STOP if stop.is_soon else waiting.offline) or stop.is_now:
            raise RecordStopped(
                f"{where}: the record's database is away: {words}; no message left that it does not know of",
                hint="run it again once the database is back: it goes on from there",
            )
        self._say(where, words, now)
        if closed.wait(self._pause):
            raise RecordStopped(f"{where}: the record's database is away: {words}")
        self._pause = min(self._pause * 2, 0.2 if stop.is_soon else LONGEST_PAUSE)

    def _say(self, where: str, words: str, now: float) -> None:
        """Not of what is over at once: a deadlock, a connection that a pooler has closed."""
        if now - self._since < 2 * FIRST_PAUSE or (self._said is not None and now - self._said < SAID_AGAIN):
            return
        self._said = now
        self._waiting.told(
            f"the record's database ({where}) is away: {words}; no message leaves until it is back; waiting "
            f"for it up to {duration(self._waiting.offline)}"
        )

    def over(self) -> None:
        if self._said is not None:
            self._waiting.told(f"the record's database ({self._waiting.address.shown}) is back")


def passes(error: psycopg.Error) -> bool:
    """Whether it may be otherwise in a moment."""
    code = error.sqlstate
    if code is None:  # libpq's own words: there is no connection any more, or none was made
        is_no = any(no in str(error) for no in _NO)
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and not is_no
    return code.startswith(_PASSES)
