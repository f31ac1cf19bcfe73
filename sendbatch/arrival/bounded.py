"""imaplib, which waits for as long as a server goes on talking and keeps whatever it sends: here the answer
to one command takes bounded time, and has bounded size."""

from __future__ import annotations

import contextlib
import imaplib
import socket
from threading import Timer
from typing import Any

from sendbatch.arrival.reading import LARGEST

LONGEST = 120.0  # seconds for one answer, whole
MOST_OF_LINES = 4_000_000  # bytes of one answer, but for mails in it


class _Bounded:
    """`begin` before each command, `rest` once it is answered. The greeting answers the connection."""

    sock: socket.socket
    _lines_left, _mails_left = MOST_OF_LINES, LARGEST
    _watch: Timer | None = None
    _is_late = False

    def begin(self) -> None:
        self.rest()
        self._lines_left, self._mails_left = MOST_OF_LINES, LARGEST
        self._watch = Timer(LONGEST, self._cut)
        self._watch.daemon = True
        self._watch.start()

    def rest(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def open(self, *args: Any, **kwargs: Any) -> None:
        super().open(*args, **kwargs)  # type: ignore[misc]
        self.begin()

    def read(self, size: int) -> bytes:
        self._mails_left -= size
        if self._mails_left < 0:
            raise imaplib.IMAP4.abort(f"it announced more than {LARGEST:,} bytes")
        with self._told_late():
            return super().read(size)  # type: ignore[misc,no-any-return]

    def readline(self) -> bytes:
        with self._told_late():
            line: bytes = super().readline()  # type: ignore[misc]
        self._lines_left -= len(line)
        if self._lines_left < 0:
            raise imaplib.IMAP4.abort(f"its answer has more than {MOST_OF_LINES:,} bytes")
        return line

    def _cut(self) -> None:
        """Whatever is read of it ends. Of the socket below TLS: that of TLS is another thread's by now."""
        self._is_late = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _told_late(self) -> Any:
        said = f"its answer did not end within {LONGEST:g} s"
        try:
            yield
        except OSError:
            if self._is_late:
                raise imaplib.IMAP4.abort(said) from None
            raise
        if self._is_late:
            raise imaplib.IMAP4.abort(said)


class Plain(_Bounded, imaplib.IMAP4): ...


class OverTls(_Bounded, imaplib.IMAP4_SSL): ...
