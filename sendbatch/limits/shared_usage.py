"""What each account has used, kept where several machines see it, by the time of whoever keeps it.

The machines' own clocks may be hours apart. So a caller's times are only ever compared with each other: what
was taken is remembered here by the caller's time, with the keeper's beside it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sendbatch.campaign.model import Rate
from sendbatch.errors import LedgerError
from sendbatch.limits.peers import Peers
from sendbatch.limits.usage import Account
from sendbatch.limits.used import Rows, Used

T = TypeVar("T")
SETTLED = 8.0  # seconds after which nothing taken is given back any more, and rows may be merged
FORGET = 8 * 86400.0  # seconds after which what cannot matter any more is dropped
OFTEN = 100  # blocks taken between two merges
AGAIN = 1.0  # seconds until it is asked once more, if the keeper is away
MOST = 50  # blocks that may still be given back


class Kept(Protocol):
    """Where use is kept for all machines. Raises LedgerError where it cannot be."""

    def patiently(self, ask: Callable[[], T]) -> T:
        """What `ask` returns, which asks here: again where the keeper is away, if a run is to begin. Raises
        RecordStopped where that is for too long."""
        ...

    def salt(self) -> str:
        """Which all machines hash user names with."""
        ...

    def rows(self, user: str, host: str, domain: str) -> AbstractContextManager[tuple[Rows, float]]:
        """Those of one account, in one transaction that nobody else is in, and what time it is."""
        ...

    def users(self, host: str) -> list[str]:
        """Of whom use is kept at this host."""
        ...

    def forget(self, before: float) -> None:
        """Of all accounts what counts in no window that ends after this time."""
        ...


class SharedUsage:
    """The `Usage` of all who share what `kept` keeps. `peers` are the other runs on the account, None where
    it is only looked at."""

    def __init__(self, kept: Kept, peers: Peers | None = None) -> None:
        self._kept = kept
        self._peers = peers
        self._times: dict[tuple[Account, float], float] = {}  # when a block was taken, by both clocks
        self._taken = 0

    def take(self, account: Account, windows: Sequence[Rate], n: int, now: float) -> int:
        """None at all where the keeper is away: it is asked again."""
        try:
            return self._take(account, windows, n, now)
        except LedgerError:
            return 0

    def _take(self, account: Account, windows: Sequence[Rate], n: int, now: float) -> int:
        with self._rows(account) as (rows, at):
            used = Used(rows)
            used.bring_back(at)
            free = [window.count - used.counting(window.seconds, at) for window in windows]
            granted = max(0, min([n, *free]))
            if granted:
                used.add(granted, at)
                if self._taken % OFTEN == 0:
                    used.merge(at - SETTLED)
        if granted:
            self._times[account, now] = at
            while len(self._times) > MOST:
                del self._times[next(iter(self._times))]
            if self._taken % OFTEN == 0:
                self._kept.forget(at - FORGET)
            self._taken += 1
        return granted

    def give_back(
        self, account: Account, n: int, taken_at: float, until: float | None = None
    ) -> None:
        """Where the keeper is away it stays counted: too much, never too little. No run ends of that."""
        at = self._times.pop((account, taken_at), None)
        if at is None:
            return
        with contextlib.suppress(LedgerError), self._rows(account) as (rows, now):
            used = Used(rows)
            used.take_off(n, at)
            if until is not None and until > taken_at:
                used.add(0, min(at + until - taken_at, now))

    def used(self, account: Account, seconds: int, now: float) -> int:
        return self._kept.patiently(lambda: self._used(account, seconds))

    def _used(self, account: Account, seconds: int) -> int:
        users = self._kept.users(account.host) if account.is_unnamed else [account.user]
        total = 0
        for user in users:
            with self._kept.rows(user, account.host, account.domain) as (rows, at):
                total += Used(rows).counting(seconds, at)
        return total

    def next_free(self, account: Account, windows: Sequence[Rate], now: float) -> float:
        """By the caller's clock."""
        try:
            with self._rows(account) as (rows, at):
                free = [Used(rows).free_at(window, at) for window in windows]
        except LedgerError:
            return now + AGAIN
        return now + max(free, default=at) - at

    def alive(self, account: Account) -> AbstractContextManager[None]:
        assert self._peers is not None
        return self._peers.among_them()

    def runs(self, account: Account) -> int:
        return 1 if self._peers is None else self._peers.beside().parts

    def _rows(self, account: Account) -> AbstractContextManager[tuple[Rows, float]]:
        return self._kept.rows(account.user, account.host, account.domain)


def shared_account(kept: Kept, host: str, username: str | None) -> Account:
    """The account of this user name, which itself is never written: some are tokens. None for one that cannot
    be read, "" for none."""
    salted = f"{kept.salt()}\0{host}\0{username or ''}".encode()
    return Account(host, hashlib.sha256(salted).hexdigest()[:32], is_unnamed=username is None)
