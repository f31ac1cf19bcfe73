"""A connection to the record's database that is made anew where it broke, and waits where the database is
away.

What is asked over it must be such that it can be asked again: nobody knows whether the last time was in vain.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import psycopg

from sendbatch.errors import RecordStopped, SendbatchError
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.clocks import onward
from sendbatch.ledger.postgres.connecting import (
    CONNECT_IN,
    Connection,
    connect,
    in_statement_mode,
    pools_statements,
    refused,
    stopped,
    words_of,
)
from sendbatch.ledger.postgres.schema import brought_up_to_date, not_allowed
from sendbatch.ledger.postgres.way import of_the_way
from sendbatch.runtime.stop import Stop
from sendbatch.words import duration

T = TypeVar("T")
FIRST_PAUSE: Final = 0.2  # seconds before it is tried again, twice as long each time
LONGEST_PAUSE: Final = 5.0
SAID_AGAIN: Final = 300.0  # seconds until a person is told again that it is waited
AFTER_STOP: Final = 5.0  # seconds that what is on the way is waited for once a run is asked to end
SILENT: Final = 10.0  # seconds without an answer that a person is told of

# What passes: the server restarts, is taken over by another, has no room, or this one lost a race for a lock.
# By the classes of PostgreSQL's appendix A; 25006 is read-only, as a standby is until it is promoted.
_PASSES: Final = ("08", "40", "53", "57", "58", "25006", "25P03", "25P02", "55P03", "XX")
# A table, a column or a routine is not as it was.
_NOT_KNOWN: Final = ("42P01", "42703", "42883")
# Of a connection that was not made there is no code; in another language it is waited for a little in vain.
_NO: Final = (
    "password authentication failed", "no password supplied", "pg_hba.conf", "does not exist",
)  # fmt: skip


class Outage:
    """Over all lines of a runner: a person hears of it once, and once that it is over."""

    def __init__(self) -> None:
        self._met: set[int] = set()
        self._lock = threading.Lock()

    def begins(self, met: object) -> bool:
        """Whether it is the first that meets it."""
        with self._lock:
            is_first = not self._met - {id(met)}
            self._met.add(id(met))
            return is_first

    def ends(self, met: object) -> bool:
        """Whether it was the last."""
        with self._lock:
            self._met.discard(id(met))
            return not self._met


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a database that is away is waited for, who hears of it, and what ends it."""

    address: Address
    offline: float
    told: Callable[[str], None] = field(repr=False)
    stop: Stop = field(repr=False)
    outage: Outage = field(default_factory=Outage, repr=False)

    @property
    def patience(self) -> float:
        """Seconds; of a run that is to end only what is on the way is waited for."""
        if self.stop.is_now:
            return 0.0
        return min(self.offline, AFTER_STOP) if self.stop.is_soon else self.offline


class Line:
    """For one thread at a time; others wait for it. `lost_standby` says that the server warned in the middle
    of what was asked last: what it has committed may not have reached the standby that it waits for.
    `begins`: nothing was sent yet."""

    def __init__(self, waiting: Waiting, *, begins: bool = False) -> None:
        self._waiting = waiting
        self._begins = begins
        self._connection: Connection | None = None
        self._lock = threading.RLock()
        self._is_closed = threading.Event()
        self._asked_at: float | None = None
        self._is_late = False
        self._has_answered = False
        self.lost_standby = False

    def ask(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, which is called again until it does. Raises RecordStopped where the database
        says no, or is away for too long, or the run is to end meanwhile; LedgerError where it keeps
        nothing."""
        with self._lock:
            away = Away(self._waiting)
            while True:
                try:
                    found = self._asked(work)
                except psycopg.Error as error:
                    no = None if self._passes(error) else self._refused(error)
                    self._drop()
                    if no is not None:
                        raise no from None
                    away.wait(error, self._is_closed)
                else:
                    self._has_answered = True
                    away.over()
                    return found

    def _asked(self, work: Callable[[Connection], T]) -> T:
        connection = self._ready()
        self.lost_standby = False
        self._asked_at = onward()
        try:
            return work(connection)
        finally:
            self._asked_at = None

    def _passes(self, error: psycopg.Error) -> bool:
        """What was so once, and after a failover is not, may be so again."""
        return passes(error) and (self._has_answered or of_the_way(error) is None)

    def _refused(self, error: psycopg.Error) -> SendbatchError:
        """A password that is wrong, say: nobody has come to send anything, or a failover brought it."""
        address, connection = self._waiting.address, self._connection
        if connection is not None and (error.sqlstate or "").startswith(_NOT_KNOWN):
            with contextlib.suppress(psycopg.Error):
                if (newer := brought_up_to_date(connection)) is not None:
                    return newer
        if self._connection is None and not self._has_answered and error.sqlstate is None:
            return refused(error, address)
        if self._begins and pools_statements(error):
            return in_statement_mode(address)
        if self._begins and isinstance(error, psycopg.errors.InsufficientPrivilege):
            assert self._connection is not None
            return not_allowed(self._connection, address, error)
        return stopped(error, address)

    def _ready(self) -> Connection:
        self._hold_open()
        if self._connection is None or self._connection.closed:
            within = max(2, min(CONNECT_IN, int(self._waiting.patience)))
            self._connection = connect(self._waiting.address, within)
            self._connection.add_notice_handler(self._notice)
            self._hold_open()
        return self._connection

    def _hold_open(self) -> None:
        """Whoever was let go has nothing to write any more. Raises RecordStopped."""
        if self._is_closed.is_set():
            self._drop()
            raise RecordStopped(f"{self._waiting.address.shown}: the record is closed")

    def _notice(self, said: Any) -> None:
        self.lost_standby |= said.severity_nonlocalized == "WARNING"

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def is_closed(self) -> bool:
        return self._is_closed.is_set()

    @property
    def is_busy(self) -> bool:
        """Whether another thread waits in it, and does so for a moment more."""
        if not self._lock.acquire(timeout=1.0):
            return True
        self._lock.release()
        return False

    def look(self) -> None:
        """From a thread beside it: a person is told of a server that does not answer, and it is not waited
        for longer than for one that is away."""
        asked_at, waiting = self._asked_at, self._waiting
        if asked_at is None:
            self._is_late = False
            return
        silent = onward() - asked_at
        if silent >= SILENT and not self._is_late:
            self._is_late = True
            waiting.told(
                f"the record's database ({waiting.address.shown}) has not answered for {duration(SILENT)}; "
                f"no message leaves until it does; waiting for it up to {duration(waiting.offline)}"
            )
        if silent >= max(waiting.patience, 1.0):
            self._break()

    def _break(self) -> None:
        """Who waits for an answer is told that there is no connection any more."""
        if self._connection is not None:
            let_go(self._connection)

    def close(self) -> None:
        """Whoever waits in it is let go, and writes nothing any more."""
        self._is_closed.set()
        if not self._lock.acquire(timeout=0.5):
            self._break()
            if not self._lock.acquire(timeout=1.0):
                return  # it connects, and finds out
        try:
            self._drop()
        finally:
            self._lock.release()


def let_go(connection: Connection) -> None:
    """Whoever waits for an answer over it, in another thread, is told that there is none any more."""
    with (
        contextlib.suppress(psycopg.Error, OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as same,
    ):
        same.shutdown(socket.SHUT_RDWR)


class Away:
    """From the first time that it did not answer."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._since: float | None = None
        self._said: float | None = None
        self._pause = FIRST_PAUSE

    def wait(self, error: psycopg.Error, closed: threading.Event) -> None:
        """For a moment. Raises RecordStopped where it was waited for long enough."""
        waiting, now = self._waiting, onward()
        self._since = now if self._since is None else self._since
        where, words = waiting.address.shown, words_of(error)
        if now - self._since >= waiting.patience:
            waiting.outage.ends(self)
            raise RecordStopped(
                f"{where}: the record's database is away: {words}; no message left that it does not know of",
                hint="run it again once the database is back: it goes on from there",
            )
        self._say(where, words, now, now - self._since)
        if closed.wait(self._pause):
            waiting.outage.ends(self)
            raise RecordStopped(f"{where}: the record's database is away: {words}")
        self._pause = min(self._pause * 2, FIRST_PAUSE if waiting.stop.is_soon else LONGEST_PAUSE)

    def _say(self, where: str, words: str, now: float, for_: float) -> None:
        """Not of what is over at once: a deadlock, a connection that a pooler has closed."""
        if for_ < 2 * FIRST_PAUSE or (self._said is not None and now - self._said < SAID_AGAIN):
            return
        self._said = now
        if not self._waiting.outage.begins(self):
            return
        self._waiting.told(
            f"the record's database ({where}) is away: {words}; no message leaves until it is back; waiting "
            f"for it up to {duration(self._waiting.offline)}"
        )

    def over(self) -> None:
        if self._said is not None and self._waiting.outage.ends(self):
            self._waiting.told(f"the record's database ({self._waiting.address.shown}) is back")


def passes(error: psycopg.Error) -> bool:
    """Whether it may be otherwise in a moment."""
    code = error.sqlstate
    if pools_statements(error):  # which has the code of a connection that broke
        return False
    if code is None:  # libpq's own words: there is no connection any more, or none was made
        is_no = any(no in str(error) for no in _NO)
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and not is_no
    return code.startswith(_PASSES)
