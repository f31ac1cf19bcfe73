"""Limits per hour and day: quotas in a rolling window, shared by every run on the account.

Use is taken from `usage.sqlite` in blocks before it is spent and the rest given back at the end:
a crash counts too much, never too little. They count recipients.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sendbatch.campaign.model import Rate
from sendbatch.delivery.clock import Clock
from sendbatch.delivery.pacing import SMOOTH_UP_TO
from sendbatch.ledger.usage import Account, Usage

BLOCK_SHARE = 100  # one hundredth of the tightest quota
LARGEST_BLOCK = 100
DAY = 86400


def quotas_of(rates: tuple[Rate, ...]) -> tuple[Rate, ...]:
    return tuple(rate for rate in rates if rate.seconds > SMOOTH_UP_TO)


class Quotas:
    """The account's quotas and those by recipient domain; the empty domain is the account itself."""

    def __init__(
        self,
        usage: Usage | None,
        account: Account,
        rates: tuple[Rate, ...],
        domains: Mapping[str, tuple[Rate, ...]],
        *,
        clock: Clock,
    ) -> None:
        self._usage = usage
        self._clock = clock
        self._windows = {"": quotas_of(rates)}
        self._windows |= {d: quotas_of(r) for d, r in domains.items() if quotas_of(r)}
        self._accounts = {
            domain: account.for_domain(domain) if domain else account for domain in self._windows
        }
        self._in_hand = dict.fromkeys(self._windows, 0)
        self._taken_at: dict[str, float] = {}
        self._blocked: dict[str, float] = {}
        self._lock = asyncio.Lock()

    def blocked_until(self, domain: str) -> float:
        """Steady time before which nobody at this domain may be sent to; minus infinity if free."""
        if not self._blocked:
            return float("-inf")
        never = float("-inf")
        return max(self._blocked.get("", never), self._blocked.get(domain, never))

    def spend(self, domain: str) -> bool:
        """Use one from each block in hand; False where one is empty and must be refilled."""
        if self._usage is None:
            return True
        scopes = self._scopes(domain)
        if any(self._in_hand[scope] == 0 for scope in scopes):
            return False
        for scope in scopes:
            self._in_hand[scope] -= 1
        return True

    async def refill(self, domain: str) -> None:
        """Take a block durably for every empty scope; where none is to be had, block it."""
        async with self._lock:
            for scope in self._scopes(domain):
                if self._in_hand[scope] == 0:
                    await self._take(scope)

    async def give_back(self) -> None:
        if self._usage is None:
            return
        for scope, left in self._in_hand.items():
            if left:
                await asyncio.to_thread(
                    self._usage.give_back, self._accounts[scope], left, self._taken_at[scope]
                )
                self._in_hand[scope] = 0

    async def _take(self, scope: str) -> None:
        assert self._usage is not None
        windows, account, now = self._windows[scope], self._accounts[scope], self._clock.wall()
        granted = await asyncio.to_thread(self._usage.take, account, windows, _block(windows), now)
        self._in_hand[scope], self._taken_at[scope] = granted, now
        if granted:
            self._blocked.pop(scope, None)
            return
        free_at = await asyncio.to_thread(self._usage.next_free, account, windows, now)
        self._blocked[scope] = self._clock.steady() + max(free_at - now, 1.0)

    def _scopes(self, domain: str) -> tuple[str, ...]:
        return ("", domain) if domain in self._windows and domain else ("",)


def _block(windows: tuple[Rate, ...]) -> int:
    tightest = min((window.count for window in windows), default=LARGEST_BLOCK * BLOCK_SHARE)
    return max(1, min(LARGEST_BLOCK, tightest // BLOCK_SHARE))
