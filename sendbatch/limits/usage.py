"""What each account has used: quotas in rolling windows, over every run and campaign of this user.

Kept in `usage.sqlite` in the user's state folder by host and a salted hash of the user name; what counts,
and until when, is said in `windows`. Runs alive on one account find each other by locks that die with their
holder. Also remembers what a host last said it takes (SIZE), and how much at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from sendbatch.campaign.model import Rate
from sendbatch.limits.usage_file import ELSEWHERE, UsageFile
from sendbatch.limits.used import TABLE, Account, Used, forget
from sendbatch.runtime.files import own_folder, refuse_link

__all__ = ["ELSEWHERE", "Account", "Usage"]

WEEK = 7 * 86400.0  # seconds for which what a server was found to take is believed
FORGET = 8 * 86400.0  # seconds after which what cannot matter any more is dropped
SWEEP = 3600.0  # seconds between two looks for what is to be dropped
OFTEN = 100  # blocks taken between two merges
SETTLED = (
    8.0  # seconds after which nothing that was taken is given back any more, and rows may be merged
)

TABLES = f"""
{TABLE}CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS host (host TEXT PRIMARY KEY, size INTEGER, seen_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pipelining (
    server TEXT PRIMARY KEY, level INTEGER NOT NULL, seen_at REAL NOT NULL
);
"""


class Usage:
    """Safe to use from any thread and from several processes: each call is one transaction.

    Raises LedgerError where the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = UsageFile(path)
        self._sweep_at = float("-inf")  # when old use is looked for again
        self._taken = 0
        with self._file.open() as connection:
            connection.executescript(TABLES)
            connection.execute(
                "INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (secrets.token_hex(16),)
            )
            found = connection.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()
        self._salt = str(found[0])

    def account(self, host: str, username: str | None) -> Account:
        """The account of this user name, which itself is never written: some are tokens."""
        told = f"{self._salt}\0{host}\0{username or ''}".encode()
        return Account(host, hashlib.sha256(told).hexdigest()[:32])

    def take(self, account: Account, windows: Sequence[Rate], n: int, now: float) -> int:
        """Take up to `n` recipients from every window; returns how many there were, durably."""
        with self._file.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            used = Used(connection, account)
            free = [window.count - used.counting(window.seconds, now) for window in windows]
            granted = max(0, min([n, *free]))
            if granted:
                used.add(granted, now)
                if self._taken % OFTEN == 0:
                    used.merge(now - SETTLED)
                self._taken += 1
            if now >= self._sweep_at:
                forget(connection, now - FORGET)
                self._sweep_at = now + SWEEP
            connection.execute("COMMIT")
        return granted

    def give_back(
        self, account: Account, n: int, taken_at: float, until: float | None = None
    ) -> None:
        """Return what was taken at that time and not used; the use of others stays as it is. What was
        used of it was used evenly until `until`. Long after it was taken, all of it stays counted."""
        with self._file.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            used = Used(connection, account)
            used.take_off(n, taken_at)
            if until is not None and until > taken_at:
                used.add(0, until)
            connection.execute("COMMIT")

    def used(self, account: Account, seconds: int, now: float) -> int:
        """How many the account used in the window of so many seconds that ends now."""
        with self._file.open() as connection:
            return Used(connection, account).counting(seconds, now)

    def used_at_host(self, host: str, seconds: int, now: float) -> int:
        """The use of all accounts at a host, where the user name cannot be read."""
        with self._file.open() as connection:
            users = connection.execute(
                "SELECT DISTINCT account FROM used WHERE host = ? AND domain = '' AND window = ?",
                (host, seconds),
            ).fetchall()
            accounts = [Account(host, user) for (user,) in users]
            return sum(Used(connection, one).counting(seconds, now) for one in accounts)

    def next_free(self, account: Account, windows: Sequence[Rate], now: float) -> float:
        """When every window has room for one more, seconds since the epoch."""
        with self._file.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            used = Used(connection, account)
            used.bring_back(now)
            connection.execute("COMMIT")
            return max((used.free_at(window, now) for window in windows), default=now)

    def size_of(self, host: str, now: float) -> int | None:
        """The greatest message in bytes that the host last announced (SIZE, RFC 1870), within a week."""
        with self._file.open() as connection:
            found = connection.execute(
                "SELECT size FROM host WHERE host = ? AND seen_at > ?", (host, now - WEEK)
            ).fetchone()
        return found[0] if found else None

    def saw_size(self, host: str, size: int | None, now: float) -> None:
        with self._file.open() as connection:
            connection.execute(
                "INSERT INTO host VALUES (?, ?, ?) ON CONFLICT (host) DO UPDATE SET "
                "size = excluded.size, seen_at = excluded.seen_at",
                (host, size, now),
            )
            connection.execute("DELETE FROM host WHERE seen_at < ?", (now - FORGET,))

    def level_of(self, server: str, now: float) -> int | None:
        """The level of pipelining (1 to 3) that a server, as host:port, was found to take."""
        with self._file.open() as connection:
            found = connection.execute(
                "SELECT level FROM pipelining WHERE server = ? AND seen_at > ?",
                (server, now - WEEK),
            ).fetchone()
        return int(found[0]) if found else None

    def saw_level(self, server: str, level: int, now: float) -> None:
        with self._file.open() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO pipelining VALUES (?, ?, ?)", (server, level, now)
            )
            connection.execute("DELETE FROM pipelining WHERE seen_at < ?", (now - FORGET,))

    @contextlib.contextmanager
    def alive(self, account: Account) -> Iterator[None]:
        """Be counted among the runs on this account for as long as the block lasts, which is as long
        as a run has use for the file."""
        folder = self._folder(account)
        path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        lock = FileLock(path, mode=0o600)
        try:
            own_folder(folder.parent)
            own_folder(folder)
            lock.acquire(timeout=5)  # another run may be looking whether its holder is alive
        except OSError as error:
            raise self._file.unusable(error) from None
        try:
            yield
        finally:
            lock.release()
            path.unlink(missing_ok=True)
            self._file.close()

    def runs(self, account: Account) -> int:
        """How many runs are alive on this account, at least one."""
        count = 0
        folder = self._folder(account)
        try:
            refuse_link(folder.parent)
            refuse_link(folder)
            names = [path for path in folder.iterdir() if not path.is_symlink()]
        except OSError:
            return 1
        for path in names:
            lock = FileLock(path, mode=0o600)
            try:
                lock.acquire(timeout=0)
            except (Timeout, OSError):
                count += 1
                continue
            lock.release()
            path.unlink(missing_ok=True)  # its holder is gone
        return max(1, count)

    def _folder(self, account: Account) -> Path:
        return self._path.parent / "alive" / account.user
