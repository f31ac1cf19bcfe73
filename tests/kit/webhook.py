"""A webhook on loopback: it keeps what is posted to it, and answers, or does not, as a test has it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass(frozen=True)
class Posted:
    """One request."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def says(status: str, *headers: str, body: str = "") -> bytes:
    """An answer: `says("404 Not Found", body="no_team")`."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()


class Webhook:
    """`answer(connection, number)` is what it does with a request, by its number; or the bytes that each is
    answered with. One with a `context` speaks TLS."""

    def __init__(self, answer: Callable[[socket.socket, int], None] | bytes = OK) -> None:
        self.answer = answer
        self.posted: list[Posted] = []
        self.over = threading.Event()  # what hangs may go on
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.context: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T000/B000/s3cr3t-token-of-the-hook?sig=s1gn4ture"

    def __enter__(self) -> Webhook:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        number = 0
        talks = []
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                talk = threading.Thread(target=self._talk, args=(connection, number), daemon=True)
                talk.start()
                talks.append(talk)
                number += 1
        for talk in talks:
            talk.join()

    def _talk(self, plain: socket.socket, number: int) -> None:
        with suppress(OSError), plain:
            context = self.context
            with (
                plain if context is None else context.wrap_socket(plain, server_side=True)
            ) as connection:
                reading = connection.makefile("rb")
                self.posted.append(_request(reading))
                if isinstance(self.answer, bytes):
                    connection.sendall(self.answer)
                else:
                    self.answer(connection, number)


def _request(reading: Any) -> Posted:
    _, target, _ = reading.readline().decode("ascii").split(" ")
    headers = {}
    while line := reading.readline().decode("ascii").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = reading.read(int(headers.get("content-length", "0")))
    return Posted(target, headers, body)


@contextmanager
def webhook(answer: Callable[[socket.socket, int], None] | bytes = OK) -> Iterator[Webhook]:
    with Webhook(answer) as hook:
        yield hook
