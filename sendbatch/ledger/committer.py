"""The one writing thread of a run: changes of all connections share commits.

While one commit is being synchronised the next ones gather; each caller awaits the commit that
holds its changes. A slow disk slows the run and nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeAlias, TypeVar

from sendbatch.ledger.store import Change, Noted, Store

P = ParamSpec("P")
T = TypeVar("T")
_Job: TypeAlias = tuple[Callable[[], object], Callable[[object, BaseException | None], None]]


class Committer:
    """Made inside the running loop; `close` it there. All calls come from the loop's thread.

    `failed` is told of an error that kept changes of `write` from becoming durable.
    """

    def __init__(self, store: Store, failed: Callable[[BaseException], None] | None = None) -> None:
        self.failed = failed
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="record", daemon=True)
        self._thread.start()
        self._changes: list[Change] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._starting = self._under_way = False

    def commit(self, changes: Sequence[Change]) -> asyncio.Future[None]:
        """Make changes durable; the future is done once they are, or fails with RecordStopped."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(future)
        self.write(changes)
        return future

    def write(self, changes: Sequence[Change]) -> None:
        """As `commit`, for who does not wait; an error is told to `failed`."""
        self._changes += changes
        if not (self._starting or self._under_way):
            # A moment later: a message's outcome and the intent of the next one share a commit.
            self._starting = True
            self._loop.call_soon(self._start)

    def note(self, kind: str, detail: str, at: float) -> None:
        """Write an event with the next commit."""
        self.write([Noted(kind, detail, at)])

    def call(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Run one of the store's methods on the writing thread."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((partial(function, *args, **kwargs), partial(_settle, future)))
        return future

    async def flush(self) -> None:
        """Until everything queued before is durable. Raises RecordStopped."""
        await self.commit([])

    async def close(self) -> None:
        """Write what is queued and end the thread."""
        last = self.commit([])
        await asyncio.wait([last])
        last.exception()  # whoever awaited the changes themselves knows
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _start(self) -> None:
        self._starting, self._under_way = False, True
        changes, self._changes = self._changes, []
        waiting, self._waiting = self._waiting, []
        self._jobs.put((partial(self._store.apply, changes), partial(self._committed, waiting)))

    def _committed(
        self, waiting: list[asyncio.Future[None]], _: object, error: BaseException | None
    ) -> None:
        self._under_way = False
        for future in waiting:
            _settle(future, None, error)
        if error is not None and self.failed is not None:
            self.failed(error)
        if self._changes or self._waiting:
            self._start()

    def _work(self) -> None:
        """The thread: one job after the other, each told to the loop."""
        while (job := self._jobs.get()) is not None:
            function, told = job
            result, error = None, None
            try:
                result = function()
            except BaseException as raised:  # noqa: BLE001 - whoever asked for it is told
                error = raised
            self._loop.call_soon_threadsafe(told, result, error)


def _settle(future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    if future.done():  # nobody waits for it any more
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
