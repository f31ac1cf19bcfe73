"""Processes of sendbatch that begin at once: each is forked from one that has read all of its code ahead.

What every start does for a second of the processor is so done once for all machines. A process that is born
here goes to its machine and takes that one's clock, has a number of its own, is killed, paused and
interrupted as any other, and ends as the command does.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import platform
import runpy
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from tests.kit.machines import Machine, with_any_clock

ENDING = (signal.SIGINT, signal.SIGTERM)


class Born:
    """One of them, as `subprocess.Popen` tells of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = threading.Event()
        self._handle: int | None = None  # no other process ever has it
        with suppress(ProcessLookupError):
            self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float) -> int:
        if self.returncode is None and not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("sendbatch", timeout)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, one: signal.Signals) -> None:
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, one)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def has_ended(self, code: int) -> None:
        self.returncode = code
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        self._ended.set()


class Nest:
    """Where they are born. From any thread."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._children: dict[int, Born] = {}
        self._newest: Born | None = None
        self._born = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._hear, name="nest", daemon=True)
        self._thread.start()

    @classmethod
    @contextmanager
    def built(cls) -> Iterator[Self]:
        environ = dict(os.environ) | with_any_clock()
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        with subprocess.Popen(
            [sys.executable, "-m", __name__],
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            nest = cls(process)
            try:
                yield nest
            finally:
                process.stdin.close()
                nest._thread.join(60)

    def birth(
        self,
        machine: Machine,
        words: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        log: Path,
    ) -> Born:
        """`sendbatch` with these words."""
        asked = Asked(list(words), dict(environ), str(folder), str(log), machine.holder)
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(asked._asdict()) + "\n")
            self._process.stdin.flush()
            assert self._born.acquire(timeout=120), "no process was born"
            assert self._newest is not None
            return self._newest

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            what, pid, *code = line.split()
            if what == "born":
                self._newest = self._children[int(pid)] = Born(int(pid))
                self._born.release()
            else:
                self._children.pop(int(pid)).has_ended(int(code[0]))


# in the process that they are forked from


class Asked(NamedTuple):
    """What a child is to be. `holder` is the process that has its machine's network and name."""

    words: list[str]
    environ: dict[str, str]
    folder: str
    log: str
    holder: int | None


def main() -> None:
    _read_everything()
    gc.freeze()
    if (asked := _asked()) is not None:
        _become(asked)


def _read_everything() -> None:
    package = importlib.import_module("sendbatch")
    for found in pkgutil.walk_packages(package.__path__, "sendbatch."):
        if not found.name.endswith("__main__"):
            with suppress(ImportError):  # of an extra that is not there
                importlib.import_module(found.name)
    assert threading.active_count() == 1, "a thread is not forked"


def _asked() -> Asked | None:
    """In each child what it is to be, in the end None."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    heard = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_who_ended()
        if 0 not in ready:
            continue
        if not (data := os.read(0, 65536)):
            return None
        *lines, heard = (heard + data).split(b"\n")
        for line in lines:
            # What comes as it is born is forgotten: Python drops in a child what its parent may have got.
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
            pid = os.fork()
            if pid:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            else:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.close(woken)
                os.close(wakes)
                return Asked(**json.loads(line))
            os.write(1, b"born %d\n" % pid)


def _tell_who_ended() -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            os.write(1, b"ended %d %d\n" % (ended[0], os.waitstatus_to_exitcode(ended[1])))


def _become(asked: Asked) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(asked.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for descriptor, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, place)
    os.close(nothing)
    os.close(log)
    if asked.holder is not None:
        _go_to(asked.holder)
    os.chdir(asked.folder)
    os.environ.clear()
    os.environ.update(asked.environ)
    sys.argv[:] = ["sendbatch", *asked.words]
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    runpy.run_module("sendbatch", run_name="__main__", alter_sys=True)


def _go_to(holder: int) -> None:
    """As `nsenter` does."""
    libc = ctypes.CDLL(None, use_errno=True)
    for kind in ("net", "uts"):
        descriptor = os.open(f"/proc/{holder}/ns/{kind}", os.O_RDONLY)
        if libc.setns(descriptor, 0):
            raise OSError(ctypes.get_errno(), "no way into another network")
        os.close(descriptor)
    importlib.reload(platform)  # it remembers the name of the machine it was on


if __name__ == "__main__":
    main()
