"""What accounts have used, as a run needs it: the port behind quotas and behind shares of one account.

`local_usage` keeps it in a file for all runs of one user on one machine. Where several machines share a
database it is another implementation: it takes from the windows in one transaction of that database, by
the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from sendbatch.campaign.model import Rate


@dataclass(frozen=True, slots=True)
class Account:
    """Whose use it is: a host, a hash of the user name, and a recipient domain or "" for all of them.

    `is_unnamed`: the user name could not be read, so that its use is not known from that of the other
    accounts at the host.
    """

    host: str
    user: str
    domain: str = ""
    is_unnamed: bool = False

    def for_domain(self, domain: str) -> Account:
        return replace(self, domain=domain)


class Usage(Protocol):
    """Each call is one transaction, safe from any thread and beside other runs; times are seconds since the
    epoch. Raises LedgerError where the use cannot be kept."""

    def take(self, account: Account, windows: Sequence[Rate], n: int, now: float) -> int:
        """Take up to `n` recipients from every window; returns how many there were, durably."""
        ...

    def give_back(
        self, account: Account, n: int, taken_at: float, until: float | None = None
    ) -> None:
        """Return what was taken at that time and not used; the use of others stays as it is. What was
        used of it was used evenly until `until`. Long after it was taken, all of it stays counted."""
        ...

    def used(self, account: Account, seconds: int, now: float) -> int:
        """How many the account used in the window of so many seconds that ends now; all accounts at its host
        where it is unnamed."""
        ...

    def next_free(self, account: Account, windows: Sequence[Rate], now: float) -> float:
        """When every window has room for one more."""
        ...

    def alive(self, account: Account) -> AbstractContextManager[None]:
        """Be counted among the runs on this account for as long as the block lasts, which is as long
        as a run has use for what it holds open."""
        ...

    def runs(self, account: Account) -> int:
        """How many runs are alive on this account, at least one."""
        ...
