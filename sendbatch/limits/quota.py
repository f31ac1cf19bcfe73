"""A quota: limits per hour, day and month in a rolling window, shared by every run on the account.

Use is taken in blocks before it is spent and the rest given back: a crash counts too much, never too little.
A block lapses after some seconds: it counts from when it was taken, and what is spent after a night's sleep
belongs to another window. Quotas count recipients. Use is counted where there is no quota, too, so that one
declared tomorrow knows of today.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sendbatch.campaign.model import Rate
from sendbatch.errors import LedgerError
from sendbatch.limits.gates import ANY_TIME, EVERYBODY, Gate, Hold, Metered
from sendbatch.limits.pace import QUOTA_FROM
from sendbatch.limits.usage import Account, Usage
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.threads import aside

BLOCK_SHARE = 100  # one hundredth of the tightest quota
LARGEST_BLOCK = 100
LOW = 40  # left in hand when the next block is fetched: as many as may start in a second or so
LAPSE = 5.0  # seconds after which what is left of a block goes back: no use is dated older
# Seconds at least until a block is asked for once more: a run starts no later each day by more than this.
PAUSE = 0.05
USED_UP = "the limits are used up"


@dataclass(slots=True)
class Block:
    """So many recipients left, of those taken at this time, in seconds since the epoch."""

    left: int
    taken_at: float

    def is_fresh(self, now: float) -> bool:
        return self.left > 0 and 0 <= now - self.taken_at <= LAPSE


def quotas_of(rates: tuple[Rate, ...]) -> tuple[Rate, ...]:
    return tuple(rate for rate in rates if rate.seconds >= QUOTA_FROM)


class Quota(Metered):
    """`windows` of the account, or of what goes to one recipient domain."""

    def __init__(
        self,
        windows: tuple[Rate, ...],
        account: Account,
        usage: Usage,
        clock: Clock,
        domain: str = EVERYBODY,
    ) -> None:
        self.domain = domain
        self._windows = windows
        self._account = account.for_domain(domain)
        self._usage = usage
        self._clock = clock
        self._in_hand: Block | None = None
        self._ahead: Block | None = None  # so that nobody waits when a block is used up
        self._lapsed: list[Block] = []
        self.holds = False
        self._free_at: float | None = None  # seconds since the epoch, where it is used up
        self._fetching: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def due(self, now: float, domain: str) -> float:
        # Windows roll by the wall clock.
        return ANY_TIME if self._free_at is None else now + self._free_at - self._clock.wall()

    def hold(self, domain: str) -> Hold:
        if self.domain == EVERYBODY:
            return Hold("the quota", "the quota of the account", USED_UP)
        return Hold(self.domain, f"the quota of {self.domain}", USED_UP)

    def has_some(self) -> bool:
        """Whether there is a block in hand; that taken ahead, where the one before it is used up."""
        now, block = self._clock.wall(), self._in_hand
        if block is not None and block.is_fresh(now):
            return True
        for old in (self._in_hand, self._ahead):
            if old is not None and old.left and not old.is_fresh(now):
                self._lapsed.append(old)
        ahead, self._in_hand, self._ahead = self._ahead, None, None
        if ahead is None or not ahead.is_fresh(now):
            return False
        self._in_hand = ahead
        return True

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        assert self._in_hand is not None
        self._in_hand.left -= 1
        if self._in_hand.left == LOW and self._fetching is None and self._ahead is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch_ahead())

    async def refill(self) -> None:
        """Take a block durably where there is none in hand. Is none to be had, `due` says until when."""
        async with self._lock:
            await self._return_lapsed()
            if not self.has_some():
                await self._take()

    async def give_back(self) -> None:
        if self._fetching is not None:
            await self._fetching
        async with self._lock:
            self._lapsed += [block for block in (self._in_hand, self._ahead) if block is not None]
            self._in_hand = self._ahead = None
            await self._return_lapsed()

    def forecast(self, messages: int, begun_at: float, needed: float | None) -> float | None:
        if self.domain != EVERYBODY:
            return needed
        used = partial(self._usage.used, self._account, now=begun_at)
        return _windows_needed(messages, self._windows, used, needed)

    async def _fetch_ahead(self) -> None:
        try:
            async with self._lock:
                self._ahead = await self._granted()
        except LedgerError:
            pass  # whoever finds nothing in hand is told of it
        finally:
            self._fetching = None

    async def _return_lapsed(self) -> None:
        while self._lapsed:
            block = self._lapsed.pop()
            until = min(self._clock.wall(), block.taken_at + LAPSE)
            await aside(
                self._usage.give_back, self._account, block.left, block.taken_at, until
            )

    async def _take(self) -> None:
        block = await self._granted()
        if block.left:
            self._in_hand, self._free_at, self.holds = block, None, False
            return
        free_at = await aside(
            self._usage.next_free, self._account, self._windows, block.taken_at
        )
        self._free_at, self.holds = max(free_at, block.taken_at + PAUSE), True

    async def _granted(self) -> Block:
        """Take a block durably: as many as there were to be had."""
        now = self._clock.wall()
        got = await aside(
            self._usage.take, self._account, self._windows, self._block, now
        )
        return Block(got, now)

    @property
    def _block(self) -> int:
        tightest = min((rate.count for rate in self._windows), default=LARGEST_BLOCK * BLOCK_SHARE)
        return max(1, min(LARGEST_BLOCK, tightest // BLOCK_SHARE))


class Uncounted(Gate):
    """Quotas where no use is kept, as with the sandbox: they hold nobody, and are forecast alone."""

    def __init__(self, windows: tuple[Rate, ...]) -> None:
        self._windows = windows

    def forecast(self, messages: int, begun_at: float, needed: float | None) -> float | None:
        return _windows_needed(messages, self._windows, lambda seconds: 0, needed)


def _windows_needed(
    messages: int, windows: tuple[Rate, ...], used: Callable[[int], int], needed: float | None
) -> float | None:
    """Each quota is taken to be used as fast as the pace allows, then a window is waited for. `used(seconds)`
    is how much of a window is used already."""
    for rate in windows:
        over = messages - max(0, rate.count - used(rate.seconds))
        number = max(0, -(-over // rate.count))
        needed = max(needed or 0.0, float(number * rate.seconds))
    return needed
