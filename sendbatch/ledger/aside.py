"""The committer of a store that waits for another machine: a thread writes, and the loop goes on.

One transaction is under way at a time. What comes meanwhile gathers, and is the next one, so that groups are
as large as the machine is slow. Nobody is bound to an answer that does not come: whoever gives it up is told
what may be durable or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial

from sendbatch.errors import RecordStopped
from sendbatch.ledger.calls import Calls
from sendbatch.ledger.committer import Committer, Waiting
from sendbatch.ledger.facts import Change
from sendbatch.ledger.store import Backlog
from sendbatch.runtime.clock import Clock

LAST = 5.0  # seconds that the last transaction is waited for, where a run was torn off


def committer_of(backlog: Backlog, clock: Clock) -> Committer:
    """Made inside the running loop."""
    return Aside(backlog, clock) if backlog.waits else Committer(backlog)


class Aside(Committer):
    """`written` is told what has become durable."""

    def __init__(self, backlog: Backlog, clock: Clock) -> None:
        super().__init__(backlog)
        self.calls = Calls(clock, "commit", aside=True)
        self.written: Callable[[Sequence[Change]], None] = lambda changes: None
        self._under_way: asyncio.Future[Collection[int]] | None = None
        self._is_wanted = False  # the next one, as soon as that is over
        self._idle = asyncio.Event()
        self._idle.set()

    async def flush(self) -> None:
        if self._changes or self._waiting or self._under_way is not None:
            over = self._loop.create_future()

            def told(_: BaseException | None) -> None:
                if not over.done():
                    over.set_result(None)

            self._waiting.append((told, ()))
            self._commit()
            await over
        if self._broken is not None:
            raise self._broken

    async def close(self) -> None:
        self._is_open = False
        self._commit()
        try:
            async with asyncio.timeout(LAST):
                await self._idle.wait()
        except TimeoutError:
            self.give_up(RecordStopped("the record's database did not answer in time"))
            await asyncio.sleep(0)
        self.calls.end()

    def give_up(self, error: RecordStopped) -> None:
        """What is not written by now is not waited for any more."""
        self._broken = error if self._broken is None else self._broken
        self.calls.give_up(error)

    def _commit(self) -> None:
        if self._under_way is not None:
            self._is_wanted = True
            return
        self._is_wanted = False
        changes, waiting = self._gathered()
        if not changes or self._is_refused(changes):
            if waiting:
                self._say_soon(waiting, ())
            return
        self._idle.clear()
        self._under_way = self.calls.begin(self._backlog.apply, changes)
        self._under_way.add_done_callback(partial(self._done, changes, waiting))

    def _done(
        self,
        changes: Sequence[Change],
        waiting: Waiting,
        answer: asyncio.Future[Collection[int]],
    ) -> None:
        self._under_way = None
        unheld: Collection[int] = ()
        error = answer.exception()
        if error is None:
            unheld = answer.result()
            self.written(changes)
        else:
            self._fail(error, changes)
        self._say_soon(waiting, unheld)
        if self._is_wanted or not self._is_open:
            self._commit()  # before the dots of this one have left: the other machine need not wait for them
        if self._under_way is None:
            self._idle.set()
        if error is not None:
            self._tell(error)

    def _tidy(self) -> None:
        if self._under_way is None:
            self.calls.begin(self._backlog.tidy).add_done_callback(self._tidied)

    def _tidied(self, answer: asyncio.Future[None]) -> None:
        if not answer.cancelled() and (error := answer.exception()) is not None:
            self._could_not_tidy(error)
