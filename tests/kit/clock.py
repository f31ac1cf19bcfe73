"""Time that passes at once when nothing else can happen: half an hour's wait takes a millisecond.

`IdleLoop` is a real event loop whose selector is asked first whether anything real is about to
happen: a byte on a socket, a job in a thread. Only when nothing is does the `FakeClock` jump to the
next moment that somebody waits for. The server of a test must run in the same loop. Where it cannot, as
when a run is called as a user's program calls it, `FastClock` lets a minute pass in a fraction of a second.
"""

from __future__ import annotations

import asyncio
import fcntl
import heapq
import itertools
import selectors
import sys
import termios
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

from sendbatch.runtime.threads import OneThread

T = TypeVar("T")

GRACE = 0.001  # real seconds in which loopback has delivered what was written, mostly
LATEST = 0.01  # real seconds after which it is no longer waited for
AGAIN = 0.01  # seconds until it is asked again whether all is idle
START = 1_790_000_000.0
MOST_JUMPS = 100_000  # a loop that only ever waits a moment more is a bug, not a long run


class FakeClock:
    """`jumps` counts how often time moved: a loop that spins on tiny waits shows here; `waits` how often
    somebody waited."""

    def __init__(self, wall: float = START) -> None:
        self.now = 0.0
        self.jumps = self.waits = 0
        self._start = wall
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    def wall(self) -> float:
        return self._start + self.now

    def steady(self) -> float:
        return self.now

    def sleep_through(self, seconds: float) -> None:
        """The machine was suspended: only the wall clock went on."""
        self._start += seconds

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        if seconds <= 0:
            await asyncio.sleep(0)
            return event.is_set()
        self.waits += 1
        passed = self.passing(seconds)
        told = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((passed, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            passed.cancel()
            heard = told.done()  # another may have cleared the event by now
            told.cancel()
        return heard

    def passing(self, seconds: float) -> asyncio.Future[None]:
        """Done once so many seconds have passed; whoever has it need not wait for that."""
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._number), passed))
        return passed

    def jump(self) -> bool:
        """To the next moment somebody waits for; False where nobody does."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        if not self._waiting:
            return False
        self.jumps += 1
        assert self.jumps < MOST_JUMPS, "time is spun away in tiny waits"
        self.now = max(self.now, self._waiting[0][0])
        while self._waiting and self._waiting[0][0] <= self.now:
            passed = heapq.heappop(self._waiting)[2]
            if not passed.done():
                passed.set_result(None)
        return True


class FastClock:
    """Goes `factor` times as fast as the machine's: a wait of a minute takes a moment.

    `suspend` sets the wall clock ahead or back; `sleep` is a laptop asleep, where on some machines
    the steady clock goes on too.
    """

    def __init__(self, factor: float = 300.0) -> None:
        self._factor = factor
        self._began = time.monotonic()
        self._ahead = self._slept = 0.0

    def wall(self) -> float:
        return START + self.steady() + self._ahead

    def steady(self) -> float:
        return (time.monotonic() - self._began) * self._factor + self._slept

    def suspend(self, seconds: float) -> None:
        self._ahead += seconds

    def sleep(self, seconds: float, *, steady: bool) -> None:
        if steady:
            self._slept += seconds
        else:
            self._ahead += seconds

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(seconds, 0.0) / self._factor):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True


class _Selector(selectors.DefaultSelector):
    """Asks the clock to jump where a real selector would sleep."""

    idle: Callable[[], bool] = staticmethod(lambda: False)

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        soon = GRACE if timeout is None else min(GRACE, timeout)
        if ready := super().select(soon):
            return ready
        # on a busy machine it takes longer until what was written has arrived
        until = time.monotonic() + LATEST
        while self._is_on_its_way() and time.monotonic() < until:
            if ready := super().select(soon):
                return ready
        if ready := super().select(0):
            return ready
        if self.idle():
            return []
        # not for long: a worker's answer is read by a thread that does not tell the loop
        return super().select(AGAIN if timeout is None else min(AGAIN, timeout))

    def _is_on_its_way(self) -> bool:
        """Whether a socket has written what the other end's system has not got."""
        return any(_unacknowledged(key.fd) for key in self.get_map().values())


def _unacknowledged(fd: int) -> int:
    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except OSError:  # no socket
        return 0


class IdleLoop(asyncio.SelectorEventLoop):
    """Knows how many jobs are in threads, and lets `clock` jump when there are none."""

    def __init__(self, clock: FakeClock) -> None:
        selector = _Selector()
        super().__init__(selector)
        self._jobs: Counter[Executor | None] = Counter()
        self.sleeping = 0  # threads that wait for the clock themselves
        self.busy: Callable[[], bool] = lambda: False  # whether another thread has work
        selector.idle = lambda: not self._is_at_work() and not self.busy() and clock.jump()

    def run_in_executor(self, executor: Executor | None, *args: Any) -> asyncio.Future[Any]:
        self._jobs[executor] += 1
        job = super().run_in_executor(executor, *args)
        job.add_done_callback(lambda _: self._jobs.subtract([executor]))
        return job

    def _is_at_work(self) -> bool:
        """Whether a thread does anything but sleep by the clock; where there is one thread for several jobs,
        only the first of them is done."""
        at_work = sum(
            min(jobs, 1) if isinstance(executor, OneThread) else jobs
            for executor, jobs in self._jobs.items()
        )
        return at_work > self.sleeping


def asleep(loop: IdleLoop, clock: FakeClock, seconds: float) -> None:
    """In a thread that the loop has given a job: sleep so long by its clock, which may jump meanwhile. Raises
    RuntimeError where the loop ends before."""
    over = threading.Event()

    def begin() -> None:
        loop.sleeping += 1
        clock.passing(seconds).add_done_callback(end)

    def end(_: object) -> None:
        loop.sleeping -= 1
        over.set()

    loop.call_soon_threadsafe(begin)
    while not over.wait(0.1):
        if loop.is_closed():
            raise RuntimeError("the loop has ended")


def run_with(clock: FakeClock, work: Coroutine[Any, Any, T], most: float = 120.0) -> T:
    """Run `work` under this clock; `most` real seconds, for what never ends is a defect too."""
    with asyncio.Runner(loop_factory=lambda: IdleLoop(clock)) as runner:
        return runner.run(asyncio.wait_for(work, most))


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop of which a test may say that so many seconds have passed: its timers see it at once.

    `blocked_by` happens once, when there is nothing else to do, just after the loop has looked at its
    sockets: what arrives by it is found at the next look, and timers come before that.
    """

    ahead = 0.0
    blocked_by: Callable[[], object] | None = None

    def __init__(self) -> None:
        selector = _Looking()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return super().time() + self.ahead


class _Looking(selectors.DefaultSelector):
    loop: LeapingLoop

    def select(self, timeout: float | None = None) -> Any:
        if self.loop.blocked_by is None:
            return super().select(timeout)
        found = super().select(0)
        if not found and timeout != 0:
            blocked_by, self.loop.blocked_by = self.loop.blocked_by, None
            blocked_by()
        return found


def leap_with(work: Callable[[LeapingLoop], Coroutine[Any, Any, T]]) -> T:
    """Run `work` in such a loop, which it is given."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, LeapingLoop)
        return runner.run(work(loop))
