"""The account a campaign is sent through: its name, its limits, what it has used and will need."""

from __future__ import annotations

from dataclasses import dataclass

from sendbatch.campaign.model import Campaign, Rate
from sendbatch.campaign.secrets import read_username
from sendbatch.delivery.edge import Edge
from sendbatch.delivery.forecast import seconds_needed
from sendbatch.delivery.quotas import quotas_of
from sendbatch.ledger.usage import Account, Usage


@dataclass(frozen=True, slots=True)
class Standing:
    """`usage` is None with the sandbox, which has no limits. `username` is "" where the profile has none,
    and None where it cannot be read; then the use shown is that of all accounts at the host."""

    account: Account
    usage: Usage | None
    username: str | None
    rates: tuple[Rate, ...]

    @property
    def shown_name(self) -> str | None:
        """The user name for people; some are tokens, so that one that is no address is cut short."""
        if not self.username or "@" in self.username:
            return self.username
        return f"{self.username[:3]}…"

    def used(self, rate: Rate, now: float) -> int:
        """How many recipients of a quota are used up."""
        if self.usage is None:
            return 0
        if self.username is None:
            return self.usage.used_at_host(self.account.host, rate.seconds, now)
        return self.usage.used(self.account, rate.seconds, now)

    def quotas(self, now: float) -> tuple[tuple[Rate, int], ...]:
        """(quota, how much of it is used) of each limit per hour, day or month."""
        return tuple((rate, self.used(rate, now)) for rate in quotas_of(self.rates))

    def seconds_needed(self, messages: int, now: float) -> float | None:
        return seconds_needed(messages, self.rates, lambda rate: self.used(rate, now))

    def size_seen(self, now: float) -> int | None:
        """The greatest message in bytes that the host said it takes, within a week: it may say otherwise by
        now, so that this is no more than a warning."""
        return self.usage.size_of(self.account.host, now) if self.usage is not None else None


def standing_of(campaign: Campaign, edge: Edge) -> Standing:
    """Raises LedgerError where the state folder cannot be used."""
    profile = campaign.profile
    rates = (*profile.rates, *campaign.rates)
    if profile.name == "sandbox":
        return Standing(Account(profile.host, ""), None, None, rates)
    usage = Usage(profile.usage or edge.state_file("usage.sqlite"))
    username = read_username(profile, edge.environ) if profile.username is not None else ""
    return Standing(usage.account(profile.host, username), usage, username, rates)
