"""A socket as http.client uses one, for which each wait and all that is read is bounded."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time

MOST_READ = 64 * 1024  # bytes of an answer


class Wire(io.RawIOBase):
    """A socket as http.client uses one, for which each wait and all that is read is bounded. `at_once` bytes
    are read at most: behind the answer of a proxy nothing of the tunnel may be lost."""

    def __init__(self, raw: socket.socket, until: float, at_once: int = MOST_READ) -> None:
        self._raw = raw
        self._at_once = at_once
        self._unread = MOST_READ
        self.until = until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, min(self._at_once, io.DEFAULT_BUFFER_SIZE))

    def sendall(self, data: bytes) -> None:
        self._raw.settimeout(left(self.until))
        self._raw.sendall(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._raw.settimeout(left(self.until))
        if not self._unread:
            raise http.client.HTTPException
        read = self._raw.recv_into(buffer, min(len(buffer), self._unread, self._at_once))
        self._unread -= read
        return read

    def close(self) -> None:
        """http.client closes it once it has the answer's head; what is behind may still be wanted."""

    def leave(self) -> None:
        with contextlib.suppress(OSError):
            self._raw.close()


def left(until: float) -> float:
    """Seconds; raises TimeoutError where there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
