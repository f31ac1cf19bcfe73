"""What servers were found to take: the greatest message (SIZE), and how much at once.

It stands in the file that keeps what accounts have used, for as long as it is believed.
"""

from __future__ import annotations

from sendbatch.limits.usage_file import UsageFile

BELIEVED = 7 * 86400.0  # seconds
FORGOTTEN = 8 * 86400.0  # seconds after which it is dropped

TABLES = """
CREATE TABLE IF NOT EXISTS host (host TEXT PRIMARY KEY, size INTEGER, seen_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pipelining (
    server TEXT PRIMARY KEY, level INTEGER NOT NULL, seen_at REAL NOT NULL
);
"""


class KnownServers:
    """Times are seconds since the epoch. Raises LedgerError where the file cannot be used."""

    def __init__(self, file: UsageFile) -> None:
        self._file = file
        with self._file.open() as connection:
            connection.executescript(TABLES)

    def size_of(self, host: str, now: float) -> int | None:
        """The greatest message in bytes that the host last announced (SIZE, RFC 1870), within a week."""
        with self._file.open() as connection:
            found = connection.execute(
                "SELECT size FROM host WHERE host = ? AND seen_at > ?", (host, now - BELIEVED)
            ).fetchone()
        return found[0] if found else None

    def found_size(self, host: str, size: int | None, now: float) -> None:
        with self._file.open() as connection:
            connection.execute(
                "INSERT INTO host VALUES (?, ?, ?) ON CONFLICT (host) DO UPDATE SET "
                "size = excluded.size, seen_at = excluded.seen_at",
                (host, size, now),
            )
            connection.execute("DELETE FROM host WHERE seen_at < ?", (now - FORGOTTEN,))

    def level_of(self, server: str, now: float) -> int | None:
        """The level of pipelining (1 to 3) that a server, as host:port, was found to take."""
        with self._file.open() as connection:
            found = connection.execute(
                "SELECT level FROM pipelining WHERE server = ? AND seen_at > ?",
                (server, now - BELIEVED),
            ).fetchone()
        return int(found[0]) if found else None

    def found_level(self, server: str, level: int, now: float) -> None:
        with self._file.open() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO pipelining VALUES (?, ?, ?)", (server, level, now)
            )
            connection.execute("DELETE FROM pipelining WHERE seen_at < ?", (now - FORGOTTEN,))
