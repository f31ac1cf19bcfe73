"""The server that takes everything and keeps nothing: Postfix's `smtp-sink`, or our own.

`python -m benchmarks.sink PORT [CERTIFICATE KEY]` is our own, over TLS where it is given a certificate;
`python -m benchmarks.sink PORT SECONDS` answers each message after so long. It prints one line when it
listens and one with the time (CLOCK_MONOTONIC, the same for all processes of a machine) of the first message
of each connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.setting import ROOT, environment

PATIENCE = 10.0  # seconds until a server that was started has to listen
OFFERS = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
OK, GO_ON, BYE = b"250 2.0.0 Ok\r\n", b"354 Go on\r\n", b"221 2.0.0 Bye\r\n"


@dataclass(frozen=True, slots=True)
class Sink:
    """A sink that listens on a port of 127.0.0.1."""

    name: str
    port: int
    process: subprocess.Popen[str] = field(repr=False)


@contextlib.contextmanager
def sink(
    *, own: bool = False, certificate: Sequence[Path] = (), takes: float = 0.0
) -> Iterator[Sink]:
    """smtp-sink where it is installed, else (or where `own` is asked for) the one of this module, which
    speaks TLS with a certificate and its key, or `takes` so many seconds for a message."""
    path = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    port = free_port()
    if own or certificate or takes or path is None:
        name = f"a sink that takes {takes * 1000:.0f} ms a message" if takes else "our own sink"
        more = [str(takes)] if takes else map(str, certificate)
        command = [sys.executable, "-m", "benchmarks.sink", str(port), *more]
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

    def __init__(self, takes: float = 0.0) -> None:
        self._rest = b""
        self._in_data = False
        self._taken = 0
        self._takes = takes  # seconds for a message
        self._is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of no such class
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        self._answer()

    def _answer(self) -> None:
        replies: list[bytes] = []
        while not self._is_busy and (reply := self._step()) is not None:
            replies.append(reply)
        if replies:
            self._transport.write(b"".join(replies))
            if replies[-1] is BYE:
                self._transport.close()

    def _took(self) -> None:
        self._is_busy = False
        self._transport.write(OK)
        self._answer()

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
            if self._takes:
                self._is_busy = True
                asyncio.get_running_loop().call_later(self._takes, self._took)
                return b""
            return OK
        verb = head[:4].upper()
        if verb == b"DATA":
            self._in_data = True
            self._rest = b"\r\n" + rest  # so that an empty message ends too
            return GO_ON
        return OFFERS if verb == b"EHLO" else BYE if verb == b"QUIT" else OK


async def _serve(port: int, more: Sequence[str]) -> None:
    loop = asyncio.get_running_loop()
    tls, takes = None, 0.0
    if len(more) == 1:
        takes = float(more[0])
    elif more:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*more)
    listening = await loop.create_server(
        lambda: _Session(takes), "127.0.0.1", port, backlog=1000, ssl=tls
    )
    print("listening", flush=True)
    await listening.serve_forever()


def _main() -> None:
    with (
        contextlib.suppress(KeyboardInterrupt),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(int(sys.argv[1]), sys.argv[2:]))


if __name__ == "__main__":
    _main()
