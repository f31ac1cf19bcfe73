"""The one writing thread of a run: changes of all connections share commits.

While one commit is being synchronised the next ones gather; each caller awaits the commit that
holds its changes. A slow disk slows the run and nothing else. Once a commit has failed nothing more is
written: else a connection's next intent could become durable where the outcome before it did not. A
record that was lost takes outcomes still, and refuses every intent by itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeAlias, TypeVar

from sendbatch.errors import RecordLost
from sendbatch.ledger.facts import Change, Noted
from sendbatch.ledger.store import Backlog

P = ParamSpec("P")
T = TypeVar("T")
_Told: TypeAlias = Callable[[object, BaseException | None], None]


class Committer:
    """Made inside the running loop; `close` it there. All calls come from the loop's thread.

    `failed` is told of an error that kept changes of `write` from becoming durable.
    """

    def __init__(self, backlog: Backlog, failed: Callable[[BaseException], None] | None = None) -> None:
        self.failed = failed
        self._backlog = backlog
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()  # held over what both threads change, for a moment only
        self._calls: deque[tuple[Callable[[], object], _Told]] = deque()
        self._changes: list[Change] = []
        self._waiting: list[Callable[[BaseException | None], None]] = []
        self._broken: BaseException | None = None
        self._asleep = True
        self._roused: SimpleQueue[bool] = SimpleQueue()  # False: for the last time
        self._rousing = False
        self._thread = threading.Thread(target=self._work, name="record", daemon=True)
        self._thread.start()

    def commit(self, changes: Sequence[Change]) -> asyncio.Future[None]:
        """Make changes durable; the future is done once they are, or fails with RecordStopped."""
        future: asyncio.Future[None] = self._loop.create_future()
        self.write(changes, partial(_settle, future, None))
        return future

    def write(
        self,
        changes: Sequence[Change],
        written: Callable[[BaseException | None], None] | None = None,
    ) -> None:
        """As `commit`, without a future: `written(None)` says on the loop that they are durable,
        `written(error)` that they are not. `failed` hears of an error too."""
        with self._lock:
            self._changes += changes
            if written is not None:
                self._waiting.append(written)
        self._rouse_soon()

    def note(self, kind: str, detail: str, at: float) -> None:
        """Write an event with the next commit."""
        self.write([Noted(kind, detail, at)])

    def call(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Run one of the backlog's methods on the writing thread."""
        future: asyncio.Future[T] = self._loop.create_future()
        with self._lock:
            self._calls.append((partial(function, *args, **kwargs), partial(_settle, future)))
        self._rouse_soon()
        return future

    @property
    def busy(self) -> bool:
        """Whether anything is queued or being written."""
        return self._rousing or not self._asleep

    async def flush(self) -> None:
        """Until everything queued before is durable. Raises RecordStopped."""
        await self.commit([])

    async def close(self) -> None:
        """Write what is queued and end the thread."""
        last = self.commit([])
        await asyncio.wait([last])
        last.exception()  # whoever awaited the changes themselves knows
        self._roused.put(False)
        await asyncio.to_thread(self._thread.join)

    def _rouse_soon(self) -> None:
        """A moment later: a message's outcome and the intent of the next one share a commit."""
        if self._asleep and not self._rousing:
            self._rousing = True
            self._loop.call_soon(self._rouse)

    def _rouse(self) -> None:
        self._rousing = False
        with self._lock:
            if not self._asleep:
                return
            self._asleep = False
        self._roused.put(True)

    def _committed(
        self,
        waiting: list[Callable[[BaseException | None], None]],
        _: object,
        error: BaseException | None,
    ) -> None:
        for written in waiting:
            written(error)
        if error is not None and self.failed is not None:
            self.failed(error)

    def _work(self) -> None:
        """The thread. What has gathered during one commit is the next, at once: the loop, which is
        told of the first, need not say so."""
        while self._roused.get():
            while (job := self._next()) is not None:
                function, told = job
                result, error = None, None
                try:
                    result = function()
                except BaseException as raised:  # noqa: BLE001 - whoever asked for it is told
                    error = raised
                self._loop.call_soon_threadsafe(told, result, error)

    def _next(self) -> tuple[Callable[[], object], _Told] | None:
        with self._lock:
            if self._calls:
                return self._calls.popleft()
            if not self._changes and not self._waiting:
                self._asleep = True
                return None
            changes, self._changes = self._changes, []
            waiting, self._waiting = self._waiting, []
        return partial(self._apply, changes), partial(self._committed, waiting)

    def _apply(self, changes: Sequence[Change]) -> None:
        if self._broken is not None and not isinstance(self._broken, RecordLost):
            raise self._broken
        try:
            self._backlog.apply(changes)
        except BaseException as error:
            self._broken = error
            raise


def _settle(future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    if future.done():  # nobody waits for it any more
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
