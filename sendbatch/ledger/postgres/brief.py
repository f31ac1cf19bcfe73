"""A connection for what is worth nothing later: a rate, a share, a count. It waits for no database that is
away: who asks is told at once, and may ask again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.connecting import Connection, Cursor, connect, transaction, words_of

PATIENCE = 2.0  # seconds that one thread waits for another


class Brief:
    """From any thread, of which one at a time has it. Where it broke, the next call makes it anew."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._is_closed = False

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
            raise self._unusable("the database does not answer")
        try:
            yield self._ready()
        except psycopg.Error as error:
            self._drop()
            raise self._unusable(words_of(error)) from None
        except BaseException:
            self._drop()
            raise
        finally:
            self._lock.release()

    def _unusable(self, why: str) -> LedgerError:
        return LedgerError(f"{self._address.shown}: what runs have of the account together: {why}")

    def _ready(self) -> Connection:
        if self._is_closed:
            raise LedgerError(f"{self._address.shown}: the run has ended")
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._address)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """For good. Whoever is in the middle of something is not waited for long."""
        self._is_closed = True
        if self._lock.acquire(timeout=1.0):
            self._drop()
            self._lock.release()
