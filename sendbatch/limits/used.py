"""What one account has used, in the table of that name; what counts, and until when, is said in `windows`.

`part` is as there. Whole numbers are of version 0.1, which may use the file beside this one: each counts what
the other took, 0.1 to the end of its sixtieth.
"""

from __future__ import annotations

from collections.abc import Iterable

from sendbatch.campaign.model import Rate
from sendbatch.limits.usage import Account
from sendbatch.limits.usage_file import Connection
from sendbatch.limits.windows import PARTS, Row, boundary, counting, free_at, merged, place

HOUR, DAY, MONTH = 3600, 86400, 30 * 86400
WINDOWS = (HOUR, DAY, MONTH)  # always counted, so that a quota declared later knows of the past
AHEAD = 60.0  # seconds; what was taken further ahead was taken before the clock was set back

TABLE = """
CREATE TABLE IF NOT EXISTS used (
    account TEXT, host TEXT, domain TEXT, window INTEGER, part INTEGER, count INTEGER NOT NULL,
    PRIMARY KEY (account, domain, window, part)
) WITHOUT ROWID;
"""


class Used:
    """The use of one account, within a transaction of the caller's."""

    def __init__(self, connection: Connection, account: Account) -> None:
        self._db = connection
        self._account = account

    def counting(self, window: int, now: float) -> int:
        """How many count in the window of so many seconds that ends now."""
        edge = boundary(now, window)
        whole = int(edge) + 1  # from here on all of it counts
        found = self._db.execute(
            "SELECT coalesce(sum(count), 0) FROM used WHERE account = ? AND domain = ? "
            "AND window = ? AND part >= ?",
            (*self._key(window), whole),
        )
        return int(found.fetchone()[0]) + counting(self._rows(window, int(edge), whole), edge)

    def free_at(self, rate: Rate, now: float) -> float:
        """When there is room for one more, seconds since the epoch."""
        rows = self._rows(rate.seconds, int(boundary(now, rate.seconds)))
        return free_at(rows, rate.seconds, rate.count, now)

    def add(self, n: int, at: float) -> None:
        """So many more, taken at this time; none makes it the end of the stretch before."""
        for window in WINDOWS:
            self._put(window, place(at, window), n)

    def take_off(self, n: int, taken_at: float) -> None:
        """So many of those added at that time, unless they were merged since."""
        self._db.executemany(
            "UPDATE used SET count = max(0, count - ?) "
            "WHERE account = ? AND domain = ? AND window = ? AND part = ?",
            ((n, *self._key(window), place(taken_at, window)) for window in WINDOWS),
        )

    def bring_back(self, now: float) -> None:
        """What was taken in a time to come, before the clock was set back, was taken now at the latest."""
        for window in WINDOWS:
            if rows := self._rows(window, place(now + AHEAD, window)):
                self._remove(window, rows)
                self._put(window, place(now, window), sum(count for _, count in rows))

    def merge(self, before: float) -> None:
        """Few rows say as much as many."""
        for window in WINDOWS:
            rows = self._rows(window, 0, place(before, window))
            fewer = merged(rows)
            self._remove(window, set(rows).difference(fewer))
            for part, count in set(fewer).difference(rows):
                self._put(window, part, count)

    def _rows(self, window: int, first: float, end: float = float("inf")) -> list[Row]:
        found = self._db.execute(
            "SELECT part, count FROM used WHERE account = ? AND domain = ? AND window = ? "
            "AND part >= ? AND part < ? ORDER BY part",
            (*self._key(window), first, end),
        )
        return found.fetchall()

    def _put(self, window: int, part: float, n: int) -> None:
        account = self._account
        self._db.execute(
            "INSERT INTO used VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + ?",
            (account.user, account.host, account.domain, window, part, n, n),
        )

    def _remove(self, window: int, rows: Iterable[Row]) -> None:
        self._db.executemany(
            "DELETE FROM used WHERE account = ? AND domain = ? AND window = ? AND part = ?",
            ((*self._key(window), part) for part, _ in rows),
        )

    def _key(self, window: int) -> tuple[str, str, int]:
        return self._account.user, self._account.domain, window


def forget(connection: Connection, before: float) -> None:
    """Of all accounts what counts in no window that ends after this time."""
    connection.execute(
        f"DELETE FROM used WHERE (part + {PARTS + 1}) * window / {PARTS} < ?", (before,)
    )
