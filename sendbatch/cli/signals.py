"""How a person stops what is under way, and answers a question: signals, and standard input."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from sendbatch.errors import Interrupted

if TYPE_CHECKING:
    from sendbatch.cli.terminal import Terminal
    from sendbatch.runtime.stop import Stop

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable(stop: Stop, terminal: Terminal) -> Iterator[None]:
    """Ctrl-C, SIGTERM, and SIGHUP of a terminal that went away, stop soon, a second one at once. With a
    third the process ends there and then, whatever it does: the record is right after that too. Behind it
    the line that changes is gone.

    A terminal goes away once, and SIGHUP may come of it several times, from the kernel and from the shell in
    it: beside what was asked for before it is no further wish."""

    def asked(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and stop.is_soon:
            return
        name = _name(number)
        if stop.is_now:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        if stop.is_soon:
            stop.now(name)
            return
        stop.soon(name)
        terminal.stopping()

    with _handled(asked):
        try:
            yield
        finally:
            terminal.finished()


@contextmanager
def ending(stop: Stop) -> Iterator[None]:
    """Any of these signals ends at once what only waits: nothing is under way that has to be completed."""
    with _handled(lambda number, frame: stop.now(_name(number))):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """While a question waits, the first signal ends it at once."""

    def left(number: int, frame: FrameType | None) -> None:
        sys.stderr.write("\n")
        raise Interrupted(f"{_name(number)}; nothing was sent")

    with _handled(left):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    heard = [number for number in STOPPING if not _is_ignored_hangup(number)]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, other in before.items():
            signal.signal(number, other)


def _is_ignored_hangup(number: signal.Signals) -> bool:
    """nohup asks to go on without the terminal."""
    return number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


def _name(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def asked(question: str) -> str:
    """What is typed; "" where the terminal went away."""
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        with _signals_waking() as heard:
            select.select([sys.stdin, heard], [], [])
        return sys.stdin.readline()
    except OSError:  # the terminal went away, and whoever sat at it
        return ""


@contextmanager
def _signals_waking() -> Iterator[int]:
    """A descriptor that becomes readable with a signal. One that comes just before a read begins would
    be handled only after it, when the answer is typed: `select` on this too misses none."""
    heard, woken = os.pipe()
    os.set_blocking(woken, False)
    before = signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    try:
        yield heard
    finally:
        signal.set_wakeup_fd(before)
        os.close(heard)
        os.close(woken)
