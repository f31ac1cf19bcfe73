"""A connection for what is worth nothing later: a rate, a share, a count. It waits for no database that is
away: who asks is told at once, and may ask again. A run that begins has to know, and waits (`patiently`)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import psycopg

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.clocks import onward
from sendbatch.ledger.postgres.connecting import Connection, Cursor, connect, transaction, words_of
from sendbatch.ledger.postgres.line import Away, Waiting, let_go, passes

T = TypeVar("T")
PATIENCE = 2.0  # seconds that one thread waits for another
SILENT = 5.0  # seconds without an answer after which it is none that comes; a run ends by then, too


class Unreached(LedgerError):
    """The database is away, or says no: in `error`."""

    def __init__(self, address: Address, error: psycopg.Error) -> None:
        super().__init__(f"{address.shown}: what runs have of the account together: {words_of(error)}")
        self.error = error


class Brief:
    """From any thread, of which one at a time has it. Where it broke, the next call makes it anew. `waiting`
    is of a run that begins; None for who only looks."""

    def __init__(self, address: Address, waiting: Waiting | None = None) -> None:
        self._address, self._waiting = address, waiting
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._closed = threading.Event()
        self._asked_at: float | None = None

    def patiently(self, ask: Callable[[], T]) -> T:
        """What `ask` returns, which asks for something here, again where the database is away. Raises
        RecordStopped where that is for too long, LedgerError."""
        if self._waiting is None:
            return ask()
        away = Away(self._waiting)
        while True:
            try:
                found = ask()
            except Unreached as unreached:
                if not passes(unreached.error):
                    raise
                away.wait(unreached.error, self._closed)
            else:
                away.over()
                return found

    @contextlib.contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """Each statement is a transaction. Raises LedgerError where the database is away, or says no."""
        with self._held() as connection, connection.cursor() as cursor:
            yield cursor

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """All or nothing. Raises LedgerError."""
        with self._held() as connection, transaction(connection) as cursor:
            yield cursor

    @contextlib.contextmanager
    def _held(self) -> Iterator[Connection]:
        if not self._lock.acquire(timeout=PATIENCE):  # who has it waits for a server that is silent
            raise Unreached(self._address, psycopg.OperationalError("the database does not answer"))
        try:
            connection = self._ready()
            self._asked_at = onward()
            yield connection
        except psycopg.Error as error:
            self._drop()
            raise Unreached(self._address, error) from None
        except BaseException:
            self._drop()
            raise
        finally:
            self._asked_at = None
            self._lock.release()

    def _ready(self) -> Connection:
        if self._closed.is_set():
            raise LedgerError(f"{self._address.shown}: the run has ended")
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._address)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def look(self) -> None:
        """From a thread beside it: who waits for a server that is silent is told that it is away."""
        asked_at, connection = self._asked_at, self._connection
        if asked_at is not None and connection is not None and onward() - asked_at >= SILENT:
            let_go(connection)

    def close(self) -> None:
        """For good. Whoever is in the middle of something is not waited for long."""
        self._closed.set()
        if self._lock.acquire(timeout=1.0):
            self._drop()
            self._lock.release()
