"""What one account has used: what counts, and until when, is said in `windows`. It stands in rows, which are
kept in a file, or where several machines see them.

`part` is as there. Whole numbers are of version 0.1, which may use the file beside this one: each counts what
the other took, 0.1 to the end of its sixtieth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sendbatch.campaign.model import Rate
from sendbatch.limits.usage import Account
from sendbatch.limits.usage_file import Connection
from sendbatch.limits.windows import PARTS, Row, boundary, counting, free_at, merged, place

HOUR, DAY, MONTH = 3600, 86400, 30 * 86400
WINDOWS = (HOUR, DAY, MONTH)  # always counted, so that a quota declared later knows of the past
AHEAD = 60.0  # seconds; what was taken further ahead was taken before the clock was set back
FOREVER = float("inf")


class Rows(Protocol):
    """Those of one account and domain, within a transaction of the caller's."""

    def between(self, window: int, first: float, end: float) -> list[Row]:
        """From this part on, before that one, in order."""
        ...

    def total(self, window: int, first: float) -> int:
        """The counts from this part on."""
        ...

    def put(self, window: int, part: float, n: int) -> None:
        """So many more in the row of this part."""
        ...

    def take_off(self, window: int, part: float, n: int) -> None:
        """So many less in it, if it is there; none at least."""
        ...

    def remove(self, window: int, parts: Iterable[float]) -> None: ...


class Used:
    """The use of one account, within a transaction of the caller's."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def counting(self, window: int, now: float) -> int:
        """How many count in the window of so many seconds that ends now."""
        edge = boundary(now, window)
        whole = int(edge) + 1  # from here on all of it counts
        rows = self._rows
        return rows.total(window, whole) + counting(rows.between(window, int(edge), whole), edge)

    def free_at(self, rate: Rate, now: float) -> float:
        """When there is room for one more, seconds since the epoch."""
        rows = self._rows.between(rate.seconds, int(boundary(now, rate.seconds)), FOREVER)
        return free_at(rows, rate.seconds, rate.count, now)

    def add(self, n: int, at: float) -> None:
        """So many more, taken at this time; none makes it the end of the stretch before."""
        for window in WINDOWS:
            self._rows.put(window, place(at, window), n)

    def take_off(self, n: int, taken_at: float) -> None:
        """So many of those added at that time, unless they were merged since."""
        for window in WINDOWS:
            self._rows.take_off(window, place(taken_at, window), n)

    def bring_back(self, now: float) -> None:
        """What was taken in a time to come, before the clock was set back, was taken now at the latest."""
        for window in WINDOWS:
            if rows := self._rows.between(window, place(now + AHEAD, window), FOREVER):
                self._rows.remove(window, [part for part, _ in rows])
                self._rows.put(window, place(now, window), sum(count for _, count in rows))

    def merge(self, before: float) -> None:
        """Few rows say as much as many."""
        for window in WINDOWS:
            rows = self._rows.between(window, 0, place(before, window))
            fewer = merged(rows)
            self._rows.remove(window, [part for part, _ in set(rows).difference(fewer)])
            for part, count in set(fewer).difference(rows):
                self._rows.put(window, part, count)


TABLE = """
CREATE TABLE IF NOT EXISTS used (
    account TEXT, host TEXT, domain TEXT, window INTEGER, part INTEGER, count INTEGER NOT NULL,
    PRIMARY KEY (account, domain, window, part)
) WITHOUT ROWID;
"""


class FileRows:
    """The `Rows` in a file of usage, in the table of that name."""

    def __init__(self, connection: Connection, account: Account) -> None:
        self._db = connection
        self._account = account

    def between(self, window: int, first: float, end: float) -> list[Row]:
        found = self._db.execute(
            "SELECT part, count FROM used WHERE account = ? AND domain = ? AND window = ? "
            "AND part >= ? AND part < ? ORDER BY part",
            (*self._key(window), first, end),
        )
        return found.fetchall()

    def total(self, window: int, first: float) -> int:
        found = self._db.execute(
            "SELECT coalesce(sum(count), 0) FROM used WHERE account = ? AND domain = ? "
            "AND window = ? AND part >= ?",
            (*self._key(window), first),
        )
        return int(found.fetchone()[0])

    def put(self, window: int, part: float, n: int) -> None:
        account = self._account
        self._db.execute(
            "INSERT INTO used VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + ?",
            (account.user, account.host, account.domain, window, part, n, n),
        )

    def take_off(self, window: int, part: float, n: int) -> None:
        self._db.execute(
            "UPDATE used SET count = max(0, count - ?) "
            "WHERE account = ? AND domain = ? AND window = ? AND part = ?",
            (n, *self._key(window), part),
        )

    def remove(self, window: int, parts: Iterable[float]) -> None:
        self._db.executemany(
            "DELETE FROM used WHERE account = ? AND domain = ? AND window = ? AND part = ?",
            ((*self._key(window), part) for part in parts),
        )

    def _key(self, window: int) -> tuple[str, str, int]:
        return self._account.user, self._account.domain, window


def forget(connection: Connection, before: float) -> None:
    """Of all accounts what counts in no window that ends after this time."""
    connection.execute(
        f"DELETE FROM used WHERE (part + {PARTS + 1}) * window / {PARTS} < ?", (before,)
    )
