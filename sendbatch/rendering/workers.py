"""Worker processes: at most one a core, each behind two pipes, watched by a thread of its own.

Whatever a campaign's own expressions do happens in one of these, bounded in memory and, row by row, in time
(`worker`). No fork and no signals to workers but the end of one that is stuck: each is in its own session, so
a Ctrl-C in the terminal never reaches it, and it exits when its input ends, were it because we were
killed. A worker that dies or takes too long is replaced, and its batch taken apart row by row.
"""

from __future__ import annotations

import errno
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Final

from sendbatch.errors import SendbatchError, WorkerFault
from sendbatch.findings import Rule
from sendbatch.rendering.frames import FAULT, REFUSAL, SETUP, read_frame, write_frame
from sendbatch.rendering.watch import Watch
from sendbatch.runtime.process import bare_environment, python_running

PATIENCE = 60.0  # seconds for one batch: the last line, where a worker's own alarm does not end it
ROW_PATIENCE = 10.0  # seconds for one row in it; a template that loops for ever ends here
SMALL = 1000  # rows; starting more processes than one takes as long as a thousand rows
MOST_ANSWERED = 512 * 1024 * 1024  # bytes of one answer, which holds one message at least

_BOOT = """
from sendbatch.rendering.worker import serve
serve(sys.stdin.buffer, sys.stdout.buffer, float(sys.argv[2]))
"""


class Broken(Exception):
    """The worker died, or took too long over a batch; says which, as in "the row …"."""


@dataclass(frozen=True, slots=True)
class _Job:
    setup: bytes
    kind: bytes
    data: bytes
    answer: Future[bytes]


class Workers:
    """A context manager. As one, its first process starts at once, beside whatever else is to be made
    ready; more of them once more than `SMALL` rows were given, up to `count`. `row_patience` is in seconds.
    """

    def __init__(self, count: int | None = None, *, row_patience: float = ROW_PATIENCE) -> None:
        self.count: Final = count if count is not None else cores()
        self._row_patience = row_patience
        self._rows = 0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._watch = Watch()
        self._closing = False

    @property
    def started(self) -> int:
        """How many processes there are, or will be in a moment."""
        return len(self._threads)

    def __enter__(self) -> Workers:
        # Not in its thread, which would wait some 50 ms for its turns while the caller loads modules.
        self._start(1, self._process_ahead())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._closing = True
        for _ in self._threads:
            self._jobs.put(None)
        self._watch.end()  # nobody waits for an answer any more, were it one that never comes
        for thread in self._threads:
            thread.join()

    def give(self, setup: bytes, kind: bytes, data: bytes, rows: int = 1) -> Future[bytes]:
        """Give a batch of so many rows to whichever worker is free; the answer fails with Broken, with
        the SendbatchError that the worker raised, or with WorkerFault."""
        self._rows += rows
        self._start(1 if self._rows <= SMALL else self.count)
        answer: Future[bytes] = Future()
        self._jobs.put(_Job(setup, kind, data, answer))
        return answer

    def _start(self, count: int, first: _Process | None = None) -> None:
        for number in range(len(self._threads), count):
            name = f"worker {number}"
            thread = threading.Thread(target=self._work, args=(first,), name=name, daemon=True)
            first = None
            thread.start()
            self._threads.append(thread)

    def _work(self, first: _Process | None) -> None:
        """One thread: a process for as long as it behaves, then another."""
        process = first or self._process_ahead()
        try:
            while (job := self._jobs.get()) is not None:
                if not job.answer.set_running_or_notify_cancel():
                    continue
                if self._closing:
                    job.answer.set_exception(Broken("was left, for nobody waits any more"))
                    continue
                try:
                    process = process or _Process(self._row_patience)
                    with self._watch.over(process.kill, PATIENCE):
                        answer = process.answer(job)
                    job.answer.set_result(answer)
                except OSError as error:  # whoever asked must not wait for ever
                    job.answer.set_exception(_not_begun(error))
                except Broken as error:
                    if process is not None:
                        process.end()
                    process = None
                    job.answer.set_exception(error)
                except (SendbatchError, WorkerFault) as error:
                    job.answer.set_exception(error)
                except BaseException as error:  # noqa: BLE001 - whoever asked is told, and nobody waits
                    if process is not None:
                        process.end()
                    process = None
                    job.answer.set_exception(error)
        finally:
            if process is not None:
                process.end()

    def _process_ahead(self) -> _Process | None:
        """Before there is anything to do; where none is to be had, that is told with the first batch."""
        try:
            return None if self._closing else _Process(self._row_patience)
        except OSError:
            return None


def _not_begun(error: OSError) -> Exception:
    """Why there is no process: for want of room for one, or by the rights of the one there is to be."""
    if error.errno not in (errno.EACCES, errno.EPERM, errno.ENOENT):
        return Broken(f"found no process to be done in: {error.strerror}")
    said = (
        f"{sys.executable}: the Python that sendbatch runs on cannot be started once more by uid "
        f"{os.geteuid()}: {error.strerror}"
    )
    hint = "it must be where this user can read it: not in the home of another, such as /root"
    return SendbatchError(Rule.NO_WORKER.finding(said, hint=hint))


class _Process:
    """One worker. Knows the setup it was last given, and is told only what is new."""

    def __init__(self, row_patience: float) -> None:
        self._row_patience = row_patience
        self._process = subprocess.Popen(  # noqa: S603 - our own code, by our own interpreter
            python_running(_BOOT, str(row_patience)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=bare_environment(),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._out: BinaryIO = self._process.stdout  # type: ignore[assignment]
        self._setup: bytes | None = None
        self._is_late = False

    def answer(self, job: _Job) -> bytes:
        """Raises Broken, a SendbatchError that the worker raised, WorkerFault."""
        frame = self._exchange(job)
        if frame is None:
            raise Broken(self._how_it_ended())
        kind, data = frame
        if kind == REFUSAL:
            raised, findings = pickle.loads(data)  # noqa: S301 - our own worker wrote it
            raise raised(findings)
        if kind == FAULT:
            raise WorkerFault(*pickle.loads(data))  # noqa: S301 - our own worker wrote it
        return data

    def _exchange(self, job: _Job) -> tuple[bytes, bytes] | None:
        try:
            if job.setup is not self._setup:
                write_frame(self._in, SETUP, job.setup)
                self._setup = job.setup
            write_frame(self._in, job.kind, job.data)
        except OSError:
            return None
        return read_frame(self._out, MOST_ANSWERED)

    def _how_it_ended(self) -> str:
        self.end()
        code = self._process.returncode
        if self._is_late or code == -signal.SIGALRM:
            return f"took longer than {self._row_patience:g} s"
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return f"took all memory it may have, or ended its process otherwise ({how})"

    def kill(self) -> None:
        """It took too long."""
        self._is_late = True
        self._process.kill()

    def end(self) -> None:
        if self._setup is None:  # nothing was ever asked of it: it may still be loading
            self._process.kill()
        for close in (self._in.close, self._out.close):
            _quietly(close)
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _quietly(close: Callable[[], None]) -> None:
    try:
        close()
    except OSError:  # what was not written any more
        return


def cores() -> int:
    """The cores this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
