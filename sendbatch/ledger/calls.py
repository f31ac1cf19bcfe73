"""Calls of a store, one after the other: in a thread where another machine may be waited for, else at once.

Whoever waits for an answer is not bound to the call: it can be given up, and its thread is left to itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

from sendbatch.errors import RecordStopped
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.threads import OneThread

P = ParamSpec("P")
T = TypeVar("T")


class Calls:
    """Made inside the running loop, and used on it alone. `aside`: in a thread, which bears this `name`.

    `since` is the steady time from which the present call has had no answer, None where there is none.
    """

    def __init__(self, clock: Clock, name: str, *, aside: bool) -> None:
        self.since: float | None = None
        self._clock = clock
        self._thread = OneThread(name) if aside else None
        self._loop = asyncio.get_running_loop()
        self._out: list[asyncio.Future[Any]] = []  # without an answer, in order
        self._given_up: RecordStopped | None = None

    async def make(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Its answer. Raises what it raises, and what it was given up with."""
        if self._thread is None:
            return call(*args, **kwargs)
        return await self.begin(call, *args, **kwargs)

    def begin(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """The same, for whoever does not wait. Only in a thread."""
        assert self._thread is not None
        answer: asyncio.Future[T] = self._loop.create_future()
        if self._given_up is not None:
            answer.set_exception(self._given_up)
            return answer
        if not self._out:
            self.since = self._clock.steady()
        self._out.append(answer)
        working = self._loop.run_in_executor(self._thread, partial(call, *args, **kwargs))
        working.add_done_callback(partial(self._answered, answer))
        return answer

    def _answered(self, answer: asyncio.Future[T], working: asyncio.Future[T]) -> None:
        if answer in self._out:
            self._out.remove(answer)
            self.since = self._clock.steady() if self._out else None
        error = None if working.cancelled() else working.exception()  # which is heard by that, also if late
        if answer.done() or working.cancelled():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(working.result())

    def give_up(self, error: RecordStopped) -> None:
        """No answer is waited for any more: whoever does is told so, and whoever asks from now on."""
        self._given_up = self._given_up or error
        self.since = None
        out, self._out = self._out, []
        for answer in out:
            if not answer.done():
                answer.set_exception(error)

    def end(self) -> None:
        """There are no more calls."""
        if self._thread is not None:
            self._thread.shutdown()
