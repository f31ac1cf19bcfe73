"""The runs on an account, in the database: behind `limits.peers.Register`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, LiteralString, TypeAlias

from sendbatch.ledger.postgres.brief import Brief

Fields: TypeAlias = tuple[str, str, float, float, int, int, str, float]

CONNECTIONS: Final = "connections"  # the lease row that whoever looks takes for themselves
_BEGIN: Final[LiteralString] = """
INSERT INTO sendbatch.lease (account, "limit", at) VALUES (%s, %s, 0)
ON CONFLICT (account, "limit") DO NOTHING
"""
_HOLD: Final[LiteralString] = """
SELECT 1 FROM sendbatch.lease WHERE account = %s AND "limit" = %s FOR UPDATE
"""
_NOW: Final[LiteralString] = "SELECT extract(epoch FROM clock_timestamp())::float8"
_ALL: Final[LiteralString] = """
SELECT id, campaign, since, until, connections, unbuildable, lessons, learned_at
FROM sendbatch.sender WHERE account = %s AND until >= %s ORDER BY since, id
"""
_PUT: Final[LiteralString] = """
INSERT INTO sendbatch.sender
    (account, id, campaign, since, until, connections, unbuildable, lessons, learned_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (account, id) DO UPDATE SET until = excluded.until, connections = excluded.connections,
    unbuildable = excluded.unbuildable, lessons = excluded.lessons, learned_at = excluded.learned_at
"""
_SWEEP: Final[LiteralString] = "DELETE FROM sendbatch.sender WHERE account = %s AND until < %s"
_FORGET: Final[LiteralString] = "DELETE FROM sendbatch.taker WHERE account = %s AND at < %s"


class PostgresRegister:
    """Of one `account`."""

    def __init__(self, brief: Brief, account: str) -> None:
        self._brief = brief
        self._account = account
        self._has_begun = False

    def meet(
        self,
        id_: str,
        decide: Callable[[Sequence[Fields], float], Fields],
        since: float,
    ) -> None:
        """As `Register`. Raises LedgerError; for the first time RecordStopped, where the database was waited
        for."""
        if self._has_begun:
            self._meet(id_, decide, since)
        else:
            self._brief.patiently(lambda: self._meet(id_, decide, since))

    def _meet(
        self, id_: str, decide: Callable[[Sequence[Fields], float], Fields], since: float
    ) -> None:
        account = self._account
        with self._brief.transaction() as cursor:
            if cursor.execute(_HOLD, (account, CONNECTIONS)).fetchone() is None:  # somebody took it away
                cursor.execute(_BEGIN, (account, CONNECTIONS))
                cursor.execute(_HOLD, (account, CONNECTIONS))
            found = cursor.execute(_NOW).fetchone()
            assert found is not None
            now = float(found[0])
            rows = cursor.execute(_ALL, (account, now - since)).fetchall()
            told: list[Fields] = [(*row[:7], row[7]) for row in rows]
            cursor.execute(_PUT, (account, *decide(told, now)))
            if not self._has_begun:
                cursor.execute(_SWEEP, (account, now - since))
                cursor.execute(_FORGET, (account, now - since))
        self._has_begun = True
