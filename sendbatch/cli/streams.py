"""The command's standard streams: output that fails ends no run, and none waits for who reads it.

Standard error is for people. A thread of its own writes it, so that a reader that never reads, or a
terminal that was held, keeps nothing waiting; what nobody takes (a pipe without a reader, a full
disk, a terminal that went away) is thrown away. Standard output carries results: a reader that has
seen enough is no fault, whatever else keeps a result from being written is one.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, TextIO

from sendbatch.errors import SendbatchError
from sendbatch.runtime.descriptors import open_closed_streams

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 4096  # bytes written in one go: what a pipe takes as a whole
MOST_WAITING = 10_000  # writes of standard error that wait for their reader; then the oldest go
# Seconds in which nothing is read, before what is left is given up.
PATIENCE = 2.0
AT_A_TERMINAL = 60.0  # a person may have held it with Ctrl-S


class Unwritable(SendbatchError):
    """A result cannot be written to standard output."""


def take_over() -> None:
    """Make the process's streams what is described above; streams that a program has put in their
    place are left alone."""
    open_closed_streams()
    if sys.stderr is sys.__stderr__ and sys.stdout is sys.__stdout__:
        _replace()
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    elif isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # what is typed may be anything


def _replace() -> None:
    words = _Words(2)
    encoding = sys.stderr.encoding if sys.stderr is not None else "utf-8"
    sys.stderr = io.TextIOWrapper(words, encoding, "backslashreplace", write_through=True)
    encoding = sys.stdout.encoding if sys.stdout is not None else "utf-8"
    results = io.BufferedWriter(_Results(1, words))
    # a name that its encoding lacks is no fault
    sys.stdout = io.TextIOWrapper(
        results, encoding, "backslashreplace", line_buffering=os.isatty(1)
    )


def drop_results() -> None:
    """Nothing more goes to standard output: a person who leaves waits for nobody who reads it."""
    below = getattr(sys.stdout, "buffer", None)
    if isinstance(below, io.BufferedWriter) and isinstance(below.raw, _Results):
        below.raw.is_over = True


def is_behind(stream: TextIO) -> bool:
    """Whether this is standard error, and its reader has not taken yet what was said before."""
    below = getattr(stream, "buffer", None)
    return isinstance(below, _Words) and below.is_behind


def leave() -> None:
    """Before the process ends: what was said reaches whoever reads it, and nothing more is written."""
    with contextlib.suppress(Unwritable):  # that has been said, or there is worse to say
        sys.stdout.flush()
    drop_results()
    if isinstance(below := getattr(sys.stderr, "buffer", None), _Words):
        below.settle()
        below.is_over = True


class _Words(io.BufferedIOBase):
    """Never raises, never waits. May be written to from a signal handler: nothing in it is locked. Once
    `is_over`, the process ends and its threads with it: what is said then is written at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: deque[bytes | threading.Event] = deque(maxlen=MOST_WAITING)
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._written = 0  # bytes
        self._given_up_at = -1  # of `_written`
        self._is_settled = True
        self.is_over = False
        threading.Thread(target=self._write_all, name="standard error", daemon=True).start()

    def write(self, data: ReadableBuffer, /) -> int:
        said = bytes(data)
        if self.is_over:
            self._write_if_read(said)
        else:
            self._is_settled = False
            self._hand_on(said)
        return len(said)

    @property
    def is_behind(self) -> bool:
        """Whether its reader has not taken yet what was said before."""
        return len(self._waiting) > 0

    def settle(self) -> None:
        """Wait until all is written, for as long as somebody reads."""
        if self._is_settled or self._given_up_at == self._written:
            return
        self._is_settled = True
        reached = threading.Event()
        self._hand_on(reached)
        patience = AT_A_TERMINAL if self.isatty() else PATIENCE
        written = -1
        while not reached.wait(patience):
            if written == self._written:
                self._given_up_at = written
                return
            written = self._written

    def _hand_on(self, what: bytes | threading.Event) -> None:
        self._waiting.append(what)
        if self._wake.empty():
            self._wake.put(None)

    def _write_if_read(self, said: bytes) -> None:
        with contextlib.suppress(OSError):
            if select.select([], [self._descriptor], [], 0)[1]:
                os.write(self._descriptor, said[:PIECE])

    def _write_all(self) -> None:
        while True:
            self._wake.get()
            while self._waiting:
                next_ = self._waiting.popleft()
                if isinstance(next_, threading.Event):
                    next_.set()
                    continue
                for start in range(0, len(next_), PIECE):
                    piece = next_[start : start + PIECE]
                    with contextlib.suppress(OSError):  # nobody is there to take it
                        _write_whole(self._descriptor, piece)
                    self._written += len(piece)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


class _Results(io.RawIOBase):
    """Once `is_over`, nothing is written any more."""

    def __init__(self, descriptor: int, words: _Words) -> None:
        self._descriptor = descriptor
        self._words = words
        self.is_over = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Raises Unwritable."""
        result = bytes(data)
        if self.is_over:
            return len(result)
        self._words.settle()  # on a terminal both stand in the order in which they were said
        try:
            _write_whole(self._descriptor, result)
        except BrokenPipeError:  # whoever read it has seen enough
            self.is_over = True
        except OSError as error:
            self.is_over = True
            raise Unwritable(f"the output cannot be written: {error.strerror}") from None
        return len(result)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


def _write_whole(descriptor: int, data: bytes) -> None:
    """Also where whoever shares the file has set it not to block."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
