"""Work that blocks and cannot be ended from outside (a look-up, a keyring that asks): in threads that nobody
waits for who has no more use for the answer. The process ends without them.

`asyncio.to_thread` is for work that ends by itself: the loop, and the interpreter, wait for its threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> Future[T]:
    """The answer of `work`, done in a thread of its own."""
    answer: Future[T] = Future()
    Thread(target=_work, args=(answer, work), name="aside", daemon=True).start()
    return answer


def _work(answer: Future[T], work: Callable[[], T]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(work())
    except BaseException as error:  # noqa: BLE001 - whoever asked is told
        answer.set_exception(error)


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As asyncio.to_thread; a cancellation leaves the thread to itself."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_Threads(), partial(work, *args, **kwargs))


class _Threads(Executor):
    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return in_thread(partial(work, *args, **kwargs))


class OneThread(Executor):
    """Does what it is given one after the other, in a thread that nobody waits for; begun with the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._given: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._has_begun = False

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        self._given.put((answer, partial(work, *args, **kwargs)))
        if not self._has_begun:
            self._has_begun = True
            Thread(target=_work_off, args=(self._given,), name=self._name, daemon=True).start()
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """It ends once it has done what it was given. Nobody waits for that."""
        self._given.put(None)


def _work_off(given: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    while (one := given.get()) is not None:
        answer, work = one
        _work(answer, work)
        del answer, work, one  # it is kept alive by nobody while nothing is to be done
