"""Limits per hour and day: quotas in a rolling window, shared by every run on the account.

Use is taken from `usage.sqlite` in blocks before it is spent and the rest given back at the end:
a crash counts too much, never too little. They count recipients.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from sendbatch.campaign.model import Rate
from sendbatch.delivery.clock import Clock
from sendbatch.delivery.pacing import SMOOTH_UP_TO
from sendbatch.errors import LedgerError
from sendbatch.ledger.usage import Account, Usage

BLOCK_SHARE = 100  # one hundredth of the tightest quota
LARGEST_BLOCK = 100
LOW = 40  # left in hand when the next block is fetched: as many as may start in a second or so
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
        self._blocked: dict[str, float] = {}  # until when, seconds since the epoch
        # What was taken ahead: (how many, when), so that nobody waits when a block is used up.
        self._ahead: dict[str, tuple[int, float]] = {}
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._lock = asyncio.Lock()

    def blocked_until(self, domain: str) -> float:
        """Steady time before which nobody at this domain may be sent to; minus infinity if free.

        Windows roll by the wall clock, which goes on while a laptop sleeps: the other does not.
        """
        if not self._blocked:
            return float("-inf")
        never = float("-inf")
        free_at = max(self._blocked.get("", never), self._blocked.get(domain, never))
        return self._clock.steady() + free_at - self._clock.wall()

    def spend(self, domain: str) -> bool:
        """Use one from each block in hand; False where one is empty and must be refilled."""
        if self._usage is None:
            return True
        scopes = self._scopes(domain)
        if any(self._in_hand[scope] == 0 and not self._adopt(scope) for scope in scopes):
            return False
        for scope in scopes:
            self._in_hand[scope] -= 1
            if self._in_hand[scope] == LOW:
                self._fetch_ahead(scope)
        return True

    def _adopt(self, scope: str) -> bool:
        """The block taken ahead is the one in hand now; whether there was any."""
        self._in_hand[scope], self._taken_at[scope] = self._ahead.pop(scope, (0, 0.0))
        return self._in_hand[scope] > 0

    def _fetch_ahead(self, scope: str) -> None:
        if scope not in self._fetching and scope not in self._ahead:
            task = asyncio.get_running_loop().create_task(self._fetch(scope))
            task.add_done_callback(lambda _: self._fetching.pop(scope, None))
            self._fetching[scope] = task

    async def _fetch(self, scope: str) -> None:
        with contextlib.suppress(LedgerError):  # whoever finds nothing in hand is told of it
            async with self._lock:
                granted, now = await self._granted(scope)
                self._ahead[scope] = granted, now

    async def refill(self, domain: str) -> None:
        """Take a block durably for every empty scope; where none is to be had, block it."""
        async with self._lock:
            for scope in self._scopes(domain):
                if self._in_hand[scope] == 0 and not self._adopt(scope):
                    await self._take(scope)

    async def give_back(self) -> None:
        if self._usage is None:
            return
        await asyncio.gather(*self._fetching.values())
        for scope, left in self._in_hand.items():
            self._in_hand[scope] = 0
            for unused, at in (
                (left, self._taken_at.get(scope, 0.0)),
                self._ahead.pop(scope, (0, 0.0)),
            ):
                if unused:
                    account = self._accounts[scope]
                    await asyncio.to_thread(self._usage.give_back, account, unused, at)

    async def _take(self, scope: str) -> None:
        assert self._usage is not None
        windows, account = self._windows[scope], self._accounts[scope]
        granted, now = await self._granted(scope)
        self._in_hand[scope], self._taken_at[scope] = granted, now
        if granted:
            self._blocked.pop(scope, None)
            return
        free_at = await asyncio.to_thread(self._usage.next_free, account, windows, now)
        self._blocked[scope] = max(free_at, now + 1.0)

    async def _granted(self, scope: str) -> tuple[int, float]:
        """Take a block durably; how many there were to be had, and when."""
        assert self._usage is not None
        windows, account, now = self._windows[scope], self._accounts[scope], self._clock.wall()
        take = self._usage.take
        return await asyncio.to_thread(take, account, windows, _block(windows), now), now

    def _scopes(self, domain: str) -> tuple[str, ...]:
        return ("", domain) if domain in self._windows and domain else ("",)


def _block(windows: tuple[Rate, ...]) -> int:
    tightest = min((window.count for window in windows), default=LARGEST_BLOCK * BLOCK_SHARE)
    return max(1, min(LARGEST_BLOCK, tightest // BLOCK_SHARE))
