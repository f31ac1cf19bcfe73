"""An event loop for each verb: of its own, in a thread of its own where the caller has one running. And verbs
to be awaited, for whoever has one running and means to go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from sendbatch.errors import Interrupted
from sendbatch.runtime.descriptors import open_closed_streams
from sendbatch.runtime.stop import Stop

P = ParamSpec("P")
T = TypeVar("T")

LOOK = 0.1  # seconds between two looks for a cancellation


class Loop:
    """An event loop of our own, uvloop where there is one; no signal handlers."""

    _loop: asyncio.AbstractEventLoop
    _interrupt: KeyboardInterrupt | None = None

    def __enter__(self) -> Loop:
        try:
            import uvloop
        except ImportError:
            self._loop = asyncio.new_event_loop()
        else:
            self._loop = uvloop.new_event_loop()
        self._loop.set_exception_handler(self._thrown)
        return self

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._loop.run_until_complete(work)
        except RuntimeError:  # stopped before the work was done
            if self._interrupt is None:
                raise
            raise self._interrupt from None

    def _thrown(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An interrupt that falls into a protocol's callback: asyncio raises it, uvloop takes it for the
        transport's own error, and would go on."""
        thrown = context.get("exception")
        if isinstance(thrown, KeyboardInterrupt):
            self._interrupt = thrown
            loop.stop()
        else:
            loop.default_exception_handler(context)

    def __exit__(self, *_: object) -> None:
        # An interrupt that fell into the loop left them where they were, with files and threads open.
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


async def unless_stopped(work: Coroutine[Any, Any, T], stop: Stop) -> T:
    """The result of `work`, or Interrupted as soon as a person asks to stop."""
    soon = asyncio.Event()
    stop.bind(soon, asyncio.Event())
    task, asked = asyncio.ensure_future(work), asyncio.ensure_future(soon.wait())
    try:
        await asyncio.wait((task, asked), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Interrupted(f"{stop.reason}; nothing was sent")
    finally:
        stop.unbind()
        for left in (task, asked):
            left.cancel()
        await asyncio.gather(task, asked, return_exceptions=True)


def own_loop(verb: Callable[P, T]) -> Callable[P, T]:
    """Makes a verb that runs a loop, and takes a `stop`, callable from anywhere. In a coroutine, its task's
    cancellation stops it softly, and is raised once it has ended."""

    @wraps(verb)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        open_closed_streams()
        if not _is_loop_running():
            return verb(*args, **kwargs)
        _hold_cancelled()
        stop, tasks = cast(Stop, kwargs.get("stop") or Stop()), asyncio.all_tasks()
        kwargs["stop"] = stop
        with ThreadPoolExecutor(1, thread_name_prefix="sendbatch") as thread:
            return _result(thread.submit(verb, *args, **kwargs), stop, tasks)

    return called


def _result(working: Future[T], stop: Stop, tasks: Collection[asyncio.Task[Any]]) -> T:
    """Waited for while the caller's loop stands still. At the first Ctrl-C asyncio.run raises nothing, but
    cancels its task, which hears of it only once the loop goes on: so it is looked for, stops softly, and is
    raised, or a caller who awaits nothing would go on to the next campaign."""
    before = _cancellations(tasks)
    try:
        while not wait([working], LOOK).done and _cancellations(tasks) == before:
            pass
        if _cancellations(tasks) > before:
            raise asyncio.CancelledError
        return working.result()
    except BaseException:
        _end(working, stop)
        raise


def _hold_cancelled() -> None:
    """Raises CancelledError where the caller's task was cancelled while the loop stood still, and has not
    heard it yet."""
    if getattr(asyncio.current_task(), "_must_cancel", False):
        raise asyncio.CancelledError


def _cancellations(tasks: Collection[asyncio.Task[Any]]) -> int:
    """How often they were asked to end: all of the loop's, for in a group of tasks that may be another."""
    return sum(task.cancelling() for task in tasks)


def awaited(verb: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The verb for a coroutine: it works in a thread of its own, and the caller's loop goes on. A task that
    is cancelled stops it softly, and ends once it has ended; cancelled once more, at once."""

    @wraps(verb)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        stop = cast(Stop, kwargs.get("stop") or Stop())
        kwargs["stop"] = stop
        with ThreadPoolExecutor(1, thread_name_prefix="sendbatch") as thread:
            working = thread.submit(verb, *args, **kwargs)
            answer = asyncio.wrap_future(working)
            try:
                await asyncio.wait([answer])
            except asyncio.CancelledError:
                stop.soon("cancelled")
                await _ended(answer, stop)
                raise
            except BaseException:  # the loop is no more: nobody awaits it
                _end(working, stop)
                raise
            return answer.result()

    called.__name__ = called.__qualname__ = f"a{verb.__name__}"
    called.__doc__ = f"As `{verb.__name__}`, to be awaited; a task that is cancelled stops it softly."
    return called


async def _ended(answer: asyncio.Future[T], stop: Stop) -> None:
    while not answer.done():
        try:
            await asyncio.wait([answer])
        except asyncio.CancelledError:
            stop.now("cancelled")
    answer.exception()  # it is the cancellation that is told


def _end(working: Future[Any], stop: Stop) -> None:
    """End what its caller does not wait for any more: a notebook's stop button raises here, and the
    thread would go on mailing. Raised once more, it ends at once."""
    try:
        if not working.done():
            stop.soon()
            wait([working])
    except BaseException:
        stop.now()
        raise


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
