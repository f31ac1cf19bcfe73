"""Limits per hour, day and month: quotas in a rolling window, shared by every run on the account.

Use is taken from `usage.sqlite` in blocks before it is spent and the rest given back: a crash counts too
much, never too little. A block lapses after some seconds: it counts from when it was taken, and what is
spent after a night's sleep belongs to another window. They count recipients.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from sendbatch.campaign.model import Rate
from sendbatch.errors import LedgerError
from sendbatch.limits.pace import QUOTA_FROM
from sendbatch.limits.usage import Account, Usage
from sendbatch.runtime.clock import Clock

BLOCK_SHARE = 100  # one hundredth of the tightest quota
LARGEST_BLOCK = 100
LOW = 40  # left in hand when the next block is fetched: as many as may start in a second or so
LAPSE = 5.0  # seconds after which what is left of a block goes back: no use is dated older
# Seconds at least until a block is asked for once more: a run starts no later each day by more than this.
AGAIN = 0.05


@dataclass(slots=True)
class Block:
    """So many recipients left, of those taken at this time, in seconds since the epoch."""

    left: int
    taken_at: float

    def is_fresh(self, now: float) -> bool:
        return self.left > 0 and 0 <= now - self.taken_at <= LAPSE


def quotas_of(rates: tuple[Rate, ...]) -> tuple[Rate, ...]:
    return tuple(rate for rate in rates if rate.seconds >= QUOTA_FROM)


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
        self._in_hand: dict[str, Block] = {}
        self._ahead: dict[str, Block] = {}  # so that nobody waits when a block is used up
        self._lapsed: list[tuple[str, Block]] = []
        self._blocked: dict[str, float] = {}  # until when, seconds since the epoch
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
        """Use one from each block in hand; False where one is used up or too old, and must be refilled."""
        if self._usage is None:
            return True
        scopes, now = self._scopes(domain), self._clock.wall()
        if not all(self._has(scope, now) for scope in scopes):
            return False
        for scope in scopes:
            block = self._in_hand[scope]
            block.left -= 1
            if block.left == LOW:
                self._fetch_ahead(scope)
        return True

    def _has(self, scope: str, now: float) -> bool:
        """Whether there is a block in hand; that taken ahead, where the one before it is used up."""
        block = self._in_hand.get(scope)
        if block is not None and block.is_fresh(now):
            return True
        for old in (self._in_hand.pop(scope, None), ahead := self._ahead.pop(scope, None)):
            if old is not None and old.left and not old.is_fresh(now):
                self._lapsed.append((scope, old))
        if ahead is None or not ahead.is_fresh(now):
            return False
        self._in_hand[scope] = ahead
        return True

    def _fetch_ahead(self, scope: str) -> None:
        if scope not in self._fetching and scope not in self._ahead:
            task = asyncio.get_running_loop().create_task(self._fetch(scope))
            task.add_done_callback(lambda _: self._fetching.pop(scope, None))
            self._fetching[scope] = task

    async def _fetch(self, scope: str) -> None:
        with contextlib.suppress(LedgerError):  # whoever finds nothing in hand is told of it
            async with self._lock:
                self._ahead[scope] = await self._granted(scope)

    async def refill(self, domain: str) -> None:
        """Take a block durably for every scope without; where none is to be had, block it."""
        async with self._lock:
            await self._return_lapsed()
            for scope in self._scopes(domain):
                if not self._has(scope, self._clock.wall()):
                    await self._take(scope)

    async def give_back(self) -> None:
        if self._usage is None:
            return
        await asyncio.gather(*self._fetching.values())
        async with self._lock:
            for blocks in (self._in_hand, self._ahead):
                self._lapsed += blocks.items()
                blocks.clear()
            await self._return_lapsed()

    async def _return_lapsed(self) -> None:
        assert self._usage is not None
        while self._lapsed:
            scope, block = self._lapsed.pop()
            account, until = self._accounts[scope], min(self._clock.wall(), block.taken_at + LAPSE)
            await asyncio.to_thread(
                self._usage.give_back, account, block.left, block.taken_at, until
            )

    async def _take(self, scope: str) -> None:
        assert self._usage is not None
        windows, account = self._windows[scope], self._accounts[scope]
        block = await self._granted(scope)
        if block.left:
            self._in_hand[scope] = block
            self._blocked.pop(scope, None)
            return
        free_at = await asyncio.to_thread(self._usage.next_free, account, windows, block.taken_at)
        self._blocked[scope] = max(free_at, block.taken_at + AGAIN)

    async def _granted(self, scope: str) -> Block:
        """Take a block durably: as many as there were to be had."""
        assert self._usage is not None
        windows, account, now = self._windows[scope], self._accounts[scope], self._clock.wall()
        take = self._usage.take
        return Block(await asyncio.to_thread(take, account, windows, _block(windows), now), now)

    def _scopes(self, domain: str) -> tuple[str, ...]:
        return ("", domain) if domain in self._windows and domain else ("",)


def _block(windows: tuple[Rate, ...]) -> int:
    tightest = min((window.count for window in windows), default=LARGEST_BLOCK * BLOCK_SHARE)
    return max(1, min(LARGEST_BLOCK, tightest // BLOCK_SHARE))
