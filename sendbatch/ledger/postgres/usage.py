"""What accounts have used of their quotas, in the database: behind `limits.shared_usage.Kept`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, LiteralString, TypeAlias, TypeVar

from sendbatch.ledger.postgres.brief import Brief
from sendbatch.ledger.postgres.connecting import Cursor

T = TypeVar("T")
Row: TypeAlias = tuple[float, int]

# Until the transaction ends: whoever uses the same account at the same time waits for that.
_HOLD: Final[LiteralString] = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_NOW: Final[LiteralString] = "SELECT extract(epoch FROM clock_timestamp())::float8"
_ITS: Final[LiteralString] = 'account = %s AND domain = %s AND "window" = %s'
_BETWEEN: Final[LiteralString] = (
    f"SELECT part, count FROM sendbatch.used WHERE {_ITS} AND part >= %s AND part < %s ORDER BY part"
)
_TOTAL: Final[LiteralString] = (
    f"SELECT coalesce(sum(count), 0)::bigint FROM sendbatch.used WHERE {_ITS} AND part >= %s"
)
_PUT: Final[LiteralString] = """
INSERT INTO sendbatch.used AS kept (account, domain, "window", part, host, count)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (account, domain, "window", part) DO UPDATE SET count = kept.count + excluded.count
"""
_TAKE_OFF: Final[LiteralString] = (
    f"UPDATE sendbatch.used SET count = greatest(0, count - %s) WHERE {_ITS} AND part = %s"
)
_REMOVE: Final[LiteralString] = f"DELETE FROM sendbatch.used WHERE {_ITS} AND part = ANY(%s)"
# A part is a sixtieth of its window, and one more has to be over (`limits.windows`).
_FORGET: Final[LiteralString] = 'DELETE FROM sendbatch.used WHERE (part + 61) * "window" / 60 < %s'
_USERS: Final[LiteralString] = "SELECT DISTINCT account FROM sendbatch.used WHERE host = %s"


class PostgresUse:
    """Of all accounts. Raises LedgerError where the database is away."""

    def __init__(self, brief: Brief) -> None:
        self._brief = brief

    def patiently(self, ask: Callable[[], T]) -> T:
        return self._brief.patiently(ask)

    def salt(self) -> str:
        return self._brief.patiently(self._salt)

    def _salt(self) -> str:
        with self._brief.cursor() as cursor:
            found = cursor.execute("SELECT value FROM sendbatch.salt").fetchone()
        assert found is not None
        return str(found[0])

    @contextlib.contextmanager
    def rows(self, user: str, host: str, domain: str) -> Iterator[tuple[_Rows, float]]:
        with self._brief.transaction() as cursor:
            cursor.execute(_HOLD, (f"{user} {domain}",))
            found = cursor.execute(_NOW).fetchone()
            assert found is not None
            yield _Rows(cursor, user, host, domain), float(found[0])

    def users(self, host: str) -> list[str]:
        with self._brief.cursor() as cursor:
            return [str(user) for (user,) in cursor.execute(_USERS, (host,)).fetchall()]

    def forget(self, before: float) -> None:
        with self._brief.cursor() as cursor:
            cursor.execute(_FORGET, (before,))


class _Rows:
    """Those of one account and domain, within a transaction."""

    def __init__(self, cursor: Cursor, user: str, host: str, domain: str) -> None:
        self._cursor = cursor
        self._user, self._host, self._domain = user, host, domain

    def between(self, window: int, first: float, end: float) -> list[Row]:
        found = self._cursor.execute(_BETWEEN, (*self._key(window), first, end))
        return [(float(part), int(count)) for part, count in found.fetchall()]

    def total(self, window: int, first: float) -> int:
        found = self._cursor.execute(_TOTAL, (*self._key(window), first)).fetchone()
        assert found is not None
        return int(found[0])

    def put(self, window: int, part: float, n: int) -> None:
        self._cursor.execute(_PUT, (*self._key(window), part, self._host, n))

    def take_off(self, window: int, part: float, n: int) -> None:
        self._cursor.execute(_TAKE_OFF, (n, *self._key(window), part))

    def remove(self, window: int, parts: Iterable[float]) -> None:
        if gone := list(parts):
            self._cursor.execute(_REMOVE, (*self._key(window), gone))

    def _key(self, window: int) -> tuple[str, str, int]:
        return self._user, self._domain, window
