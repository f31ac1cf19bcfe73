"""The server that takes everything and keeps nothing: Postfix's `smtp-sink`, or our own.

`python -m benchmarks.sink PORT` is our own. It prints one line when it listens and one with the time
(CLOCK_MONOTONIC, the same for all processes of a machine) of the first message of each connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.setting import ROOT, environment

PATIENCE = 10.0  # seconds until a server that was started has to listen
OFFERS = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
OK, GO_ON, BYE = b"250 2.0.0 Ok\r\n", b"354 Go on\r\n", b"221 2.0.0 Bye\r\n"


@dataclass(frozen=True, slots=True)
class Sink:
    """A sink that listens on a port of 127.0.0.1; `lines` is what our own one prints."""

    name: str
    port: int
    process: subprocess.Popen[str] = field(repr=False)


@contextlib.contextmanager
def sink(*, own: bool = False) -> Iterator[Sink]:
    """smtp-sink where it is installed, else (or where `own` is asked for) the one of this module."""
    path = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    port = free_port()
    if own or path is None:
        name, command = "our own sink", [sys.executable, "-m", "benchmarks.sink", str(port)]
    else:
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        name, command = "smtp-sink", [path, *user, f"127.0.0.1:{port}", "1000"]
    with server(command, port) as process:
        yield Sink(name, port, process)


@contextlib.contextmanager
def server(command: list[str], port: int) -> Iterator[subprocess.Popen[str]]:
    """A server in its own process, from when it listens until the end of the block."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.communicate()


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.02)
    raise SystemExit(f"does not listen on port {port}: {process.args!r}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Session(asyncio.Protocol):
    """One connection. Commands may come many at once (RFC 2920); replies leave in one write."""

    def __init__(self) -> None:
        self._rest = b""
        self._in_data = False
        self._taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        replies: list[bytes] = []
        while (reply := self._step()) is not None:
            replies.append(reply)
        if replies:
            self._transport.write(b"".join(replies))
            if replies[-1] is BYE:
                self._transport.close()

    def _step(self) -> bytes | None:
        """The reply to what has come in whole, None when more is needed."""
        ending = b"\r\n.\r\n" if self._in_data else b"\r\n"
        head, found, rest = self._rest.partition(ending)
        if not found:
            return None
        self._rest = rest
        if self._in_data:
            self._in_data = False
            self._taken += 1
            if self._taken == 1:
                print(f"first {time.monotonic()}", flush=True)
            return OK
        verb = head[:4].upper()
        if verb == b"DATA":
            self._in_data = True
            self._rest = b"\r\n" + rest  # so that an empty message ends too
            return GO_ON
        return OFFERS if verb == b"EHLO" else BYE if verb == b"QUIT" else OK


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(_Session, "127.0.0.1", port, backlog=1000)
    print("listening", flush=True)
    await listening.serve_forever()


def _main() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    _main()
