"""A person at a terminal: what they are shown, and what they type."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import termios
import time
from types import TracebackType

from tests.kit.command import Desk
from tests.kit.waiting import LONGEST


class Person:
    """Runs a command at a pseudo-terminal of so many `rows` and `columns`; standard output stays a pipe of
    its own, unless its `results` are shown there too."""

    def __init__(
        self,
        desk: Desk,
        *arguments: object,
        rows: int = 40,
        columns: int = 120,
        results: bool = False,
    ) -> None:
        self.seen = ""
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        try:
            self._process = subprocess.Popen(
                desk.command(*arguments),
                cwd=desk.folder,
                env=desk.environ | {"TERM": "xterm"},
                stdin=slave,
                stdout=slave if results else subprocess.PIPE,
                stderr=slave,
                start_new_session=True,
            )
        finally:
            os.close(slave)

    def until_asked(self, question: str) -> None:
        give_up = time.monotonic() + LONGEST
        while question not in self.seen:
            assert self._read(give_up), f"never asked {question!r}; saw: {self.seen}"

    def types(self, text: str) -> None:
        self.types_bytes(text.encode())

    def types_bytes(self, data: bytes) -> None:
        os.write(self._master, data)

    def loses_the_terminal(self) -> None:
        """As where a connection breaks that nobody tells the process of."""
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self._master)
        os.close(nothing)

    def gets(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def leaves(self) -> int:
        """Waits for the end; returns the exit code."""
        give_up = time.monotonic() + LONGEST
        while self._read(give_up):
            pass
        return self._process.wait(LONGEST)

    def _read(self, give_up: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, give_up - time.monotonic()))
        if not ready:
            return False
        try:
            said = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self.seen += said.decode(errors="replace")
        return bool(said)

    def __enter__(self) -> Person:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._master)
