"""Statements that take long, and that a person may break off.

Whoever waits for the database waits in C, so what a person wants is looked at by a thread beside: it asks the
server to cancel, by a connection of its own, which a pooler hands on too.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import psycopg

from sendbatch.errors import SendbatchError
from sendbatch.ledger.postgres.connecting import Connection, Cursor, Query, transaction

EVERY: Final = 0.1  # seconds between two looks
CANCELLED_IN: Final = 2.0  # seconds to reach the server for it


class Heeded:
    """A connection in autocommit: each statement is a transaction of its own."""

    def __init__(self, connection: Connection, heed: Callable[[], None]) -> None:
        self._connection = connection
        self._beside: _Beside | None = None  # what is asked meanwhile
        self._heed = heed
        self._raised: SendbatchError | None = None
        self._is_at_it = False
        self.changes = 0  # grows with each statement that may have changed something
        self._lock = threading.Lock()
        self._over = threading.Event()

    @property
    def connection(self) -> Connection:
        """At nobody else's work."""
        self._wait()
        return self._connection

    def _wait(self) -> None:
        """Until nothing is asked beside. Raises what that met."""
        beside, self._beside = self._beside, None
        if beside is not None:
            beside.end()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """The SendbatchError that `heed` raises breaks off what is asked in the block, and is what it
        raises."""
        watcher = threading.Thread(target=self._watch, name="heed", daemon=True)
        watcher.start()
        try:
            yield
        except psycopg.Error:
            if self._raised is not None:
                raise self._raised from None
            raise
        finally:
            self._over.set()
            watcher.join()

    def end_watching(self) -> None:
        """What comes now is not broken off. Raises what `heed` has raised by now, and what was met beside."""
        self._wait()
        self.leave()
        if self._raised is not None:
            raise self._raised

    def leave(self) -> None:
        """As `end_watching`, whatever was raised: what is left to do is to tidy up."""
        with contextlib.suppress(psycopg.Error, SendbatchError):
            self._wait()
        self._over.set()
        with self._lock:  # no request to cancel is on its way any more
            pass

    def execute(self, query: Query, values: Sequence[Any] | Mapping[str, Any] | None = None) -> Cursor:
        self._wait()
        with self._at_it(query):
            return self._connection.execute(query, values)

    def one(self, query: Query, values: Sequence[Any] | Mapping[str, Any] | None = None) -> Any:
        """The first cell of the first row."""
        row = self.execute(query, values).fetchone()
        return row[0] if row is not None else None

    def of_all(self, query: Query, values: Sequence[Any] | None = None) -> Cursor:
        """As `execute`, of very many rows of which the server may know nothing yet: no loop over some of them
        for each of the others. What is changed waits for no disk."""
        self._wait()
        with self._waiting_for_no_disk(query) as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")
            return self._connection.execute(query, values)

    def put(self, statement: Query, texts: Iterable[str]) -> None:
        """Rows by COPY, as `text.copied` has them, as they come. Waits for no disk."""
        self._wait()
        self._copy(statement, texts)

    def _copy(self, statement: Query, texts: Iterable[str]) -> None:
        with self._waiting_for_no_disk(statement) as cursor, cursor.copy(statement) as copy:
            for text in texts:
                copy.write(text)

    def put_beside(self, statement: Query, texts: Iterable[str]) -> None:
        """As `put`, while the caller goes on. What is asked next waits for it, and raises what it met."""
        self._wait()
        self.changes += 1  # from now on, and not only once it is under way
        self._beside = _Beside(lambda: self._copy(statement, texts))

    @contextlib.contextmanager
    def _waiting_for_no_disk(self, query: Query) -> Iterator[Cursor]:
        """A transaction that is lost in a crash of the server, together with all that the draft keeps to
        itself."""
        with self._at_it(query), transaction(self._connection) as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            yield cursor

    @contextlib.contextmanager
    def _at_it(self, query: Query) -> Iterator[None]:
        self._is_at_it = True
        self.changes += not (isinstance(query, str) and query.startswith("SELECT"))
        try:
            if not self._over.is_set():
                self._heed()
                if self._raised is not None:
                    raise self._raised
            yield
        finally:
            self._is_at_it = False

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            with self._lock:
                if self._over.is_set():
                    return
                try:
                    if self._raised is None:
                        self._heed()
                except SendbatchError as error:
                    self._raised = error
                if self._raised is not None and self._is_at_it:
                    with contextlib.suppress(psycopg.Error, OSError):
                        self._connection.cancel_safe(timeout=CANCELLED_IN)


class _Beside(threading.Thread):
    """It works from the start on."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="put", daemon=True)
        self._work = work
        self._met: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised by whoever waits
            self._met = error

    def end(self) -> None:
        """Wait for it. Raises what it met."""
        self.join()
        if self._met is not None:
            raise self._met
