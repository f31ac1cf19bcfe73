"""The account a campaign is sent through: its name, its limits, what it has used and will need."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from sendbatch.campaign.model import Campaign, Rate
from sendbatch.campaign.secrets import read_username
from sendbatch.errors import LedgerError
from sendbatch.limits.known_servers import KnownServers
from sendbatch.limits.leased import Leases
from sendbatch.limits.local_usage import LocalUsage
from sendbatch.limits.peers import Peers
from sendbatch.limits.quota import quotas_of
from sendbatch.limits.usage import Account, Usage
from sendbatch.limits.usage_file import ELSEWHERE, UsageFile
from sendbatch.runtime.edge import Edge

FILE = "usage.sqlite"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the account may send, and has sent.

    `usage` and `servers` are None with the sandbox, which has no limits, and where a plan that is only looked
    at finds nothing kept. `username` is "" where the profile has none, and None where it cannot be read; then
    the use shown is that of all accounts at the host. `unread` says why the use is not known, if it is not.
    Where several machines share it, `leases` are of its paces and of those of the `campaign`, which is the
    same name on all of them, and `peers` are the runs on it.
    """

    account: Account
    usage: Usage | None
    username: str | None
    rates: tuple[Rate, ...]
    servers: KnownServers | None = None
    unread: LedgerError | None = None
    peers: Peers | None = None
    leases: Leases | None = None
    campaign: str = ""

    @property
    def display_name(self) -> str | None:
        """The user name for people; some are tokens, so that one that is no address is cut short."""
        if not self.username or "@" in self.username:
            return self.username
        return f"{self.username[:3]}…"

    def used(self, rate: Rate, now: float) -> int:
        """How many recipients of a quota are used up."""
        return self.usage.used(self.account, rate.seconds, now) if self.usage is not None else 0

    def quotas(self, now: float) -> tuple[tuple[Rate, int], ...]:
        """(quota, how much of it is used) of each limit per hour, day or month that is known."""
        if self.unread is not None:
            return ()
        return tuple((rate, self.used(rate, now)) for rate in quotas_of(self.rates))

    def take(self, messages: int, now: float) -> float | None:
        """Use the quotas up by so many messages that go at once. None where all had room; else nothing is
        used, and the next one has room at this epoch time."""
        if self.usage is None:
            return None
        windows = quotas_of(self.rates)
        granted = self.usage.take(self.account, windows, messages, now)
        if granted == messages:
            return None
        self.usage.give_back(self.account, granted, now)
        return self.usage.next_free(self.account, windows, now)

    def announced_size(self, now: float) -> int | None:
        """The greatest message in bytes that the host said it takes, within a week: it may say otherwise by
        now, so that this is no more than a warning."""
        return self.servers.size_of(self.account.host, now) if self.servers is not None else None


def allowance_of(campaign: Campaign, edge: Edge, *, looking: bool = False) -> Allowance:
    """Raises LedgerError where what the account uses cannot be kept; where it is only looked at, nothing is
    made for it, and what cannot be read is not known."""
    profile = campaign.profile
    rates = (*profile.rates, *campaign.rates)
    if profile.name == "sandbox":
        return Allowance(Account(profile.host, ""), None, None, rates)
    username = read_username(profile, edge.environ) if profile.username is not None else ""
    bare = Allowance(Account(profile.host, ""), None, username, rates)
    file = profile.usage or edge.state_file(FILE)
    try:
        if looking and (file is None or not _is_there(file)):
            return bare
        if file is None:
            raise _nowhere()
        kept = UsageFile(file)
        usage = LocalUsage(kept)
        account = usage.account(profile.host, username)
        return replace(bare, account=account, usage=usage, servers=KnownServers(kept))
    except LedgerError as unusable:
        if not looking:
            raise
        return replace(bare, unread=unusable)


def _is_there(file: Path) -> bool:
    """Raises LedgerError where that cannot be seen."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise LedgerError(f"{file}: {error.strerror}") from None
    return True


def _nowhere() -> LedgerError:
    return LedgerError(
        f"there is no folder to keep in what the account has used: HOME is not set, and uid {os.geteuid()} "
        "has no home of its own",
        hint=ELSEWHERE,
    )
