"""Work that blocks and cannot be ended from outside (a look-up, a keyring that asks): in threads that nobody
waits for who has no more use for the answer. The process ends without them.

`asyncio.to_thread` is for work that ends by itself: the loop, and the interpreter, wait for its threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> Future[T]:
    """The answer of `work`, done in a thread of its own."""
    answer: Future[T] = Future()

    def run() -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            answer.set_exception(error)

    Thread(target=run, name="aside", daemon=True).start()
    return answer


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As asyncio.to_thread; a cancellation leaves the thread to itself."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_Threads(), partial(work, *args, **kwargs))


class _Threads(Executor):
    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return in_thread(partial(work, *args, **kwargs))
