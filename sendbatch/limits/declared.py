"""The one place where what a profile and a campaign declare becomes the gates of a run.

To add a gate: a module beside these with its class of `Gate`, and a line in `limits_of`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sendbatch.campaign.model import Campaign, Rate
from sendbatch.limits.account import Allowance
from sendbatch.limits.aside import Aside
from sendbatch.limits.back_off import MEASURED_OVER, BackOff
from sendbatch.limits.brake import Brake
from sendbatch.limits.connections import Connections
from sendbatch.limits.gates import EVERYBODY, Gate, Gates
from sendbatch.limits.leased import leased_paces
from sendbatch.limits.pace import paces
from sendbatch.limits.quota import Quota, Uncounted, quotas_of
from sendbatch.runtime.clock import Clock

ACCOUNT = "account"  # in the name of a pace that is leased: over all campaigns


@dataclass(frozen=True, slots=True)
class Limits:
    """The gates of a run, and by name those that the server's answers move."""

    gates: Gates
    brake: Brake
    aside: Aside
    back_off: BackOff
    connections: Connections
    allowance: Allowance

    @property
    def is_shared(self) -> bool:
        """Whether other runs may use the account too, and are seen."""
        return self.allowance.usage is not None

    def runs(self) -> int:
        """How many runs are alive on the account, this one included: for `Gates.share`."""
        usage, account = self.allowance.usage, self.allowance.account
        return usage.runs(account) if usage is not None else 1


def limits_of(
    campaign: Campaign,
    allowance: Allowance,
    clock: Clock,
    *,
    no_wait: bool = False,
    braked: float | None = None,
) -> Limits:
    """`braked` is the pause in seconds at which an earlier run ended under the brake.

    Where several gates hold for as long, the first in the list is named.
    """
    profile, retry = campaign.profile, campaign.retry
    rates = allowance.rates
    paced = paces(rates)
    brake = Brake(retry.first_delay, retry.max_delay, no_wait=no_wait, begun=braked)
    aside = Aside()
    recent: deque[float] = deque(maxlen=MEASURED_OVER)
    back_off = BackOff(recent, max((pace.interval for pace in paced), default=0.0))
    connections = Connections(profile.connections, profile.messages_per_connection)
    gates = [
        brake,
        aside,
        *_paces(campaign, allowance, clock),
        back_off,
        _quota(rates, allowance, clock),
        connections,
    ]
    for domain, limits in profile.domains.items():
        gates += _paces_of_domain(limits, domain, allowance, clock)
        if quotas_of(limits) and allowance.usage is not None:
            gates.append(_quota(limits, allowance, clock, domain))
    return Limits(Gates(gates, recent), brake, aside, back_off, connections, allowance)


def _paces(campaign: Campaign, allowance: Allowance, clock: Clock) -> Sequence[Gate]:
    """Those of the account, and the campaign's own."""
    leases = allowance.leases
    if leases is None:
        return paces(allowance.rates)
    return [
        *leased_paces(campaign.profile.rates, ACCOUNT, leases, clock),
        *leased_paces(campaign.rates, allowance.campaign, leases, clock),
    ]


def _paces_of_domain(
    rates: tuple[Rate, ...], domain: str, allowance: Allowance, clock: Clock
) -> Sequence[Gate]:
    if allowance.leases is None:
        return paces(rates, domain)
    return leased_paces(rates, ACCOUNT, allowance.leases, clock, domain)


def _quota(
    rates: tuple[Rate, ...], allowance: Allowance, clock: Clock, domain: str = EVERYBODY
) -> Gate:
    """Also where `rates` hold no quota: so that one declared tomorrow knows of today."""
    windows = quotas_of(rates)
    if allowance.usage is None:
        return Uncounted(windows)
    return Quota(windows, allowance.account, allowance.usage, clock, domain)
