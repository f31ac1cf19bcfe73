"""What each account has used, kept in a file: over every run and campaign of this user on this machine.

`usage.sqlite` stands in the user's state folder. An account is a host and a salted hash of the user name;
what counts, and until when, is said in `windows`. Runs alive on one account find each other by locks that die
with their holder.
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
from sendbatch.limits.usage import Account
from sendbatch.limits.usage_file import UsageFile
from sendbatch.limits.used import TABLE, FileRows, Used, forget
from sendbatch.runtime.files import own_folder, refuse_link

FORGET = 8 * 86400.0  # seconds after which what cannot matter any more is dropped
SWEEP = 3600.0  # seconds between two looks for what is to be dropped
OFTEN = 100  # blocks taken between two merges
SETTLED = 8.0  # seconds after which nothing taken is given back any more, and rows may be merged

TABLES = f"""
{TABLE}CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class LocalUsage:
    """The `Usage` of this user on this machine, who may have several runs at once.

    Raises LedgerError where the file cannot be used.
    """

    def __init__(self, file: UsageFile) -> None:
        self._file = file
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
        """The account of this user name, which itself is never written: some are tokens. None for one that
        cannot be read, "" for none."""
        salted = f"{self._salt}\0{host}\0{username or ''}".encode()
        return Account(host, hashlib.sha256(salted).hexdigest()[:32], is_unnamed=username is None)

    def take(self, account: Account, windows: Sequence[Rate], n: int, now: float) -> int:
        with self._file.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            used = Used(FileRows(connection, account))
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
        with self._file.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            used = Used(FileRows(connection, account))
            used.take_off(n, taken_at)
            if until is not None and until > taken_at:
                used.add(0, until)
            connection.execute("COMMIT")

    def used(self, account: Account, seconds: int, now: float) -> int:
        with self._file.open() as connection:
            accounts = [account]
            if account.is_unnamed:
                users = connection.execute(
                    "SELECT DISTINCT account FROM used WHERE host = ? AND domain = '' AND window = ?",
                    (account.host, seconds),
                )
                accounts = [Account(account.host, user) for (user,) in users.fetchall()]
            return sum(Used(FileRows(connection, one)).counting(seconds, now) for one in accounts)

    def next_free(self, account: Account, windows: Sequence[Rate], now: float) -> float:
        with self._file.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            used = Used(FileRows(connection, account))
            used.bring_back(now)
            connection.execute("COMMIT")
            return max((used.free_at(window, now) for window in windows), default=now)

    @contextlib.contextmanager
    def alive(self, account: Account) -> Iterator[None]:
        """Be counted among the runs on this account; the file is closed as the block ends."""
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
        return self._file.path.parent / "alive" / account.user
