"""Worker processes: one a core, each behind two pipes, watched by a thread of its own.

No fork and no signals to workers but the end of one that is stuck: each is in its own session, so
a Ctrl-C in the terminal never reaches it, and it exits when its input ends, were it because we were
killed. A worker that dies or takes too long is replaced, and its batch taken apart row by row.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from sendbatch.rendering.frames import FAULT, SETUP, read_frame, write_frame
from sendbatch.rendering.watch import Watch

PATIENCE = 60.0  # seconds for one batch; a template that loops for ever ends here

# Of the environment: where the interpreter finds its files, and how it reads text and time.
NEEDED = frozenset({
    "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE",
})  # fmt: skip

# With -P nothing is imported from the folder we are in: it is a campaign's, and may have a csv.py. The
# package is then to be found where this process has it from.
_HOME = str(Path(__file__).resolve().parents[2])
_BOOT = """
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
from sendbatch.rendering.worker import serve
serve(sys.stdin.buffer, sys.stdout.buffer)
"""


class Broken(Exception):
    """The worker died, or took too long over a batch."""


@dataclass(frozen=True, slots=True)
class _Job:
    setup: bytes
    kind: bytes
    data: bytes
    answer: Future[bytes]
    patience: float


class Workers:
    """A context manager; processes start with the first batch that is given to them."""

    def __init__(self, count: int | None = None) -> None:
        self.count: Final = count if count is not None else cores()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.watch: Final = Watch()  # for all that is given to them, or done beside them
        self._closing = False

    @property
    def has_started(self) -> bool:
        """Whether there are processes, or will be in a moment."""
        return bool(self._threads)

    def __enter__(self) -> Workers:
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
        self.watch.end()  # nobody waits for an answer any more, were it one that never comes
        for thread in self._threads:
            thread.join()

    def give(
        self, setup: bytes, kind: bytes, data: bytes, patience: float = PATIENCE
    ) -> Future[bytes]:
        """Give a batch to whichever worker is free; the answer fails with Broken or with the
        SendbatchError that the worker raised."""
        if not self._threads:
            self._start()
        answer: Future[bytes] = Future()
        self._jobs.put(_Job(setup, kind, data, answer, patience))
        return answer

    def _start(self) -> None:
        for number in range(self.count):
            thread = threading.Thread(target=self._work, name=f"worker {number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        """One thread: a process for as long as it behaves, then another."""
        process: _Process | None = None
        try:
            while (job := self._jobs.get()) is not None:
                if not job.answer.set_running_or_notify_cancel():
                    continue
                if self._closing:
                    job.answer.set_exception(Broken())
                    continue
                try:
                    process = process or _Process()
                    with self.watch.over(process.kill, job.patience):
                        answer = process.answer(job)
                    job.answer.set_result(answer)
                except OSError:  # no process is to be had: whoever asked must not wait for ever
                    job.answer.set_exception(Broken())
                except Broken as error:
                    if process is not None:
                        process.end()
                    process = None
                    job.answer.set_exception(error)
                except _Fault as fault:
                    job.answer.set_exception(fault.error())
        finally:
            if process is not None:
                process.end()


class _Fault(Exception):
    """A SendbatchError on its way from a worker."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def error(self) -> Exception:
        kind, faults = pickle.loads(self._data)  # noqa: S301 - our own worker wrote it
        made: Exception = kind(faults)
        return made


class _Process:
    """One worker. Knows the setup it was last given, and is told only what is new."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own code, by our own interpreter
            [sys.executable, "-P", "-c", _BOOT, _HOME],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._out: BinaryIO = self._process.stdout  # type: ignore[assignment]
        self._setup: bytes | None = None

    def answer(self, job: _Job) -> bytes:
        """Raises Broken, or _Fault."""
        frame = self._exchange(job)
        if frame is None:
            raise Broken
        kind, data = frame
        if kind == FAULT:
            raise _Fault(data)
        return data

    def _exchange(self, job: _Job) -> tuple[bytes, bytes] | None:
        try:
            if job.setup is not self._setup:
                write_frame(self._in, SETUP, job.setup)
                self._setup = job.setup
            write_frame(self._in, job.kind, job.data)
        except OSError:
            return None
        return read_frame(self._out)

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        for close in (self._in.close, self._out.close):
            _quietly(close)
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    """What an interpreter needs, and nothing else that this process was given: no secret is among it."""
    return {name: value for name, value in os.environ.items() if _is_needed(name)}


def _is_needed(name: str) -> bool:
    return name in NEEDED or name.startswith("LC_")


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
