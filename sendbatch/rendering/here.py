"""Batches for few rows, done in this process: starting others would take longer than the work.

A thread cannot be ended from outside. One that takes too long (a template that loops for ever) is left
to itself, and whoever asked is told `Broken`, as of a worker process that had to be killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TypeVar

from sendbatch.rendering.frames import CHECK
from sendbatch.rendering.watch import Watch
from sendbatch.rendering.worker import Worker
from sendbatch.rendering.workers import Broken

T = TypeVar("T")


class Here:
    """One `Worker` of this process; made when it is first needed. Whoever made the `watch` ends it."""

    def __init__(self, setup: bytes, watch: Watch) -> None:
        self._setup = setup
        self._worker: Worker | None = None
        self._watch = watch
        self.is_stuck = False  # nothing more may be asked of it

    def give(self, kind: bytes, data: bytes, patience: float) -> Future[bytes]:
        """As `Workers.give`."""
        if self._worker is None:
            self._worker = Worker(self._setup)
        work = self._worker.check if kind == CHECK else self._worker.render

        def give_up() -> None:
            self.is_stuck = True
            with suppress(InvalidStateError):
                answer.set_exception(Broken())

        def within_its_time() -> bytes:
            with self._watch.over(give_up, patience):
                return work(data)

        answer = in_thread(within_its_time)
        return answer


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Done in a thread of its own, which nobody who leaves has to wait for."""
    answer: Future[T] = Future()

    def run() -> None:
        with suppress(InvalidStateError):  # it was given up meanwhile, or nobody waits any more
            try:
                answer.set_result(work())
            except InvalidStateError:
                raise
            except BaseException as error:  # noqa: BLE001 - whoever asked is told
                answer.set_exception(error)

    threading.Thread(target=run, name="builds", daemon=True).start()
    return answer
