"""The limits of a run, made as a run makes them, from a few rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sendbatch.campaign.model import (
    Campaign,
    Mailbox,
    Profile,
    Rate,
    Recipients,
    Retry,
    Templates,
)
from sendbatch.limits.account import Allowance
from sendbatch.limits.declared import Limits, limits_of
from sendbatch.limits.gates import Gate, Gates
from sendbatch.limits.peers import Peers
from sendbatch.limits.usage import Account, Usage
from sendbatch.runtime.clock import Clock
from tests.kit.clock import FakeClock

ACCOUNT = Account("office", "ada")


def limits(
    *rates: Rate,
    domains: dict[str, tuple[Rate, ...]] | None = None,
    usage: Usage | None = None,
    account: Account = ACCOUNT,
    clock: Clock | None = None,
    connections: int = 4,
    per_connection: int | None = None,
    retry: Retry | None = None,
    no_wait: bool = False,
    braked: float | None = None,
    peers: Peers | None = None,
    more: Sequence[Gate] = (),
) -> Limits:
    """Of a profile with these limits, and an account that has used what `usage` says; `more` are gates that
    stand behind those in the list."""
    profile = Profile(
        "office",
        "127.0.0.1",
        25,
        "none",
        connections=connections,
        messages_per_connection=per_connection,
        rates=rates,
        domains=domains or {},
    )
    campaign = campaign_through(profile, retry or Retry())
    allowance = Allowance(account, usage, "ada", rates, peers=peers)
    made = limits_of(campaign, allowance, clock or FakeClock(), no_wait=no_wait, braked=braked)
    return replace(made, gates=Gates([*made.gates, *more])) if more else made


def campaign_through(profile: Profile, retry: Retry | None = None) -> Campaign:
    """One that says nothing but which way its messages go."""
    return Campaign(
        file=Path("news.yaml"),
        folder=Path(),
        name="news",
        run="",
        sender=Mailbox("News", "news@example.com"),
        bounces_to="bounces@example.com",
        subject="Hello",
        recipients=Recipients(Path("people.csv")),
        templates=Templates(),
        profile=profile,
        retry=retry or Retry(),
    )


def slots(gates: Gates, count: int, start: float = 0.0, domain: str = "") -> list[float]:
    """When so many messages go, each as soon as it may."""
    now, went = start, []
    for number in range(count):
        now = max(now, gates.due(now, domain))
        assert gates.take(now, domain, number)
        went.append(now)
    return went
