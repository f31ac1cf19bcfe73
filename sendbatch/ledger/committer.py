"""The one writing thread of a run: changes of all connections share commits.

While one commit is being synchronised the next ones gather; each caller awaits the commit that
holds its changes. A slow disk slows the run and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from sendbatch.ledger.store import Change, Noted, Store

P = ParamSpec("P")
T = TypeVar("T")


class Committer:
    """Made inside the running loop; `close` it there. All calls come from the loop's thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._gathering: list[tuple[Sequence[Change], asyncio.Future[None]]] = []
        self._under_way = False

    def commit(self, changes: Sequence[Change]) -> asyncio.Future[None]:
        """Make changes durable; the future is done once they are, or fails with RecordStopped."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._gathering.append((changes, future))
        if not self._under_way:
            self._start()
        return future

    def note(self, kind: str, detail: str, at: float) -> None:
        """Write an event with the next commit; a failure shows at the next one awaited."""
        self.commit([Noted(kind, detail, at)]).add_done_callback(_look_away)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one of the store's methods on the writing thread."""
        return await self._loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))

    async def flush(self) -> None:
        """Until everything queued before is durable. Raises RecordStopped."""
        await self.commit([])

    async def close(self) -> None:
        """Write what is queued and end the thread."""
        last = self.commit([])
        await asyncio.wait([last])
        _look_away(last)  # whoever awaited the changes themselves knows
        await asyncio.to_thread(self._thread.shutdown)

    def _start(self) -> None:
        gathered, self._gathering = self._gathering, []
        changes = [change for some, _ in gathered for change in some]
        self._under_way = True
        done = self._loop.run_in_executor(self._thread, self._store.apply, changes)
        done.add_done_callback(lambda done: self._committed(done, gathered))

    def _committed(
        self,
        done: asyncio.Future[None],
        gathered: list[tuple[Sequence[Change], asyncio.Future[None]]],
    ) -> None:
        self._under_way = False
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        for _, future in gathered:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            elif isinstance(error, asyncio.CancelledError):
                future.cancel()
            else:
                future.set_exception(error)
        if self._gathering:
            self._start()


def _look_away(future: asyncio.Future[None]) -> None:
    """An event that could not be written is no reason of its own to stop."""
    if not future.cancelled():
        future.exception()
