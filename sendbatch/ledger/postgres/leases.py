"""Where the paces of an account stand in the database, for all runners that share it."""

from __future__ import annotations

from typing import Final, LiteralString

from sendbatch.ledger.postgres.brief import Brief

LATELY: Final = 1.0  # seconds for which who asked counts among those who share a pace

# One statement: it takes the pace's row, and only then looks where that stands and what time it is. Who asks
# gets the part of a stretch that is theirs, one at least, where the first of them may go within `ahead`. If
# slots are near, nobody waits for the disk: what a crash forgets is over before the database is back. A pace
# that stands further ahead than any lease moves it was written by a clock that was wrong: it stands at now.
_LEASE: Final[LiteralString] = """
WITH locked AS MATERIALIZED (
    SELECT at FROM sendbatch.lease WHERE account = %(account)s AND "limit" = %(limit)s FOR UPDATE
), moment AS MATERIALIZED (
    SELECT at, extract(epoch FROM clock_timestamp())::float8 AS now,
        CASE WHEN %(interval)s < 1 THEN set_config('synchronous_commit', 'off', true) END AS hurried
    FROM locked
), asked AS (
    INSERT INTO sendbatch.taker (account, "limit", sender, at)
    SELECT %(account)s, %(limit)s, %(sender)s, now FROM moment
    ON CONFLICT (account, "limit", sender) DO UPDATE SET at = excluded.at
), beside AS MATERIALIZED (
    SELECT 1 + count(taker.sender) AS parts, max(moment.now) AS now, max(moment.at) AS at,
        max(moment.hurried)
    FROM moment LEFT JOIN sendbatch.taker ON account = %(account)s AND "limit" = %(limit)s
        AND sender <> %(sender)s AND taker.at BETWEEN now - %(lately)s AND now + %(lately)s
), given AS MATERIALIZED (
    SELECT parts, now, begins, CASE WHEN begins > now + %(ahead)s THEN 0
        ELSE greatest(1, floor(%(stretch)s / (%(interval)s * parts)))::bigint END AS number
    FROM (SELECT parts, now, CASE WHEN at > now + %(furthest)s THEN now ELSE greatest(at, now) END AS begins
        FROM beside) AS beside
), moved AS (
    UPDATE sendbatch.lease AS pace
    SET at = CASE WHEN number > 0 THEN begins + number * %(interval)s ELSE pace.at END,
        taken = CASE WHEN taken BETWEEN 0 AND 1e18 THEN taken + number ELSE number END
    FROM given WHERE pace.account = %(account)s AND pace."limit" = %(limit)s
    RETURNING 1
)
SELECT number, CASE WHEN number > 0 THEN begins - now ELSE begins - %(ahead)s - now END, parts
FROM given, moved
"""
_BEGIN: Final[LiteralString] = """
INSERT INTO sendbatch.lease (account, "limit", at, taken) VALUES (%(account)s, %(limit)s, 0, 0)
ON CONFLICT (account, "limit") DO NOTHING
"""


class PostgresLeases:
    """Behind `limits.leased.Leases`, of one `account`; `sender` tells this runner from others."""

    def __init__(self, brief: Brief, account: str, sender: str) -> None:
        self._brief = brief
        self._account, self._sender = account, sender

    def lease(
        self, limit: str, interval: float, stretch: float, ahead: float, furthest: float
    ) -> tuple[int, float, int]:
        """Raises LedgerError where the database is away."""
        values = {
            "account": self._account,
            "sender": self._sender,
            "limit": limit,
            "interval": interval,
            "stretch": stretch,
            "ahead": ahead,
            "furthest": furthest,
            "lately": LATELY,
        }
        with self._brief.cursor() as cursor:
            found = cursor.execute(_LEASE, values).fetchone()
            if found is None:
                cursor.execute(_BEGIN, values)
                found = cursor.execute(_LEASE, values).fetchone()
        assert found is not None
        number, within, parts = found
        return int(number), float(within), int(parts)
