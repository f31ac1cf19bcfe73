"""A server on loopback, in a thread of its own, for as long as the preview lasts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Iterator

from sendbatch.errors import SendbatchError
from sendbatch.findings import Rule
from sendbatch.preview.live.source import Source

ADDRESS = "127.0.0.1"
INSTALL = 'pip install "sendbatch[preview]"'
# What uvicorn logs (a request that is none, a hint to install more of it) is nothing for the terminal.
_SILENT = logging.NullHandler()
PATIENCE = 1  # seconds that an answer under way may take, once all ends


def hold_installed() -> None:
    """Raises SendbatchError where what the live preview is made with is not installed."""
    try:
        import starlette  # noqa: F401 - an extra
        import uvicorn  # noqa: F401
        import watchfiles  # noqa: F401
    except ImportError as missing:
        said = f"--serve needs {missing.name}, which is not installed"
        raise SendbatchError(Rule.NOT_INSTALLED.finding(said, hint=INSTALL)) from None


def listening(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 is any that is free. Raises SendbatchError where it is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A server that ended a moment ago left its port waiting for the last packets.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((ADDRESS, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise _unusable(port, error) from None
    return made


def _unusable(port: int, error: OSError) -> SendbatchError:
    if error.errno == errno.EADDRINUSE:
        said = f"--port {port} is in use by another program, which may be a preview of yours"
        hint = "end that one, give another number, or leave --port out: then any free one is taken"
    elif error.errno in (errno.EACCES, errno.EPERM):
        said = f"--port {port} is not for this user"
        hint = "take one from 1024 on, or leave --port out: then any free one is taken"
    else:
        said, hint = f"--port {port}: {error.strerror}", "leave --port out: any free one is taken"
    return SendbatchError(Rule.WRONG_USAGE.finding(said, hint=hint))


@contextlib.contextmanager
def served(source: Source, bound: socket.socket, token: str) -> Iterator[str]:
    """Serves for as long as the block lasts; gives the address of the page. Every connection is closed
    then."""
    from uvicorn import Config, Server

    from sendbatch.preview.live.asking import Ending, app_of

    logging.getLogger("uvicorn").addHandler(_SILENT)
    port = bound.getsockname()[1]
    ending: list[Ending] = []
    loops: list[asyncio.AbstractEventLoop] = []
    ready = threading.Event()
    servers: list[Server] = []

    async def serve() -> None:
        ending.append(Ending())
        loops.append(asyncio.get_running_loop())
        config = Config(
            app_of(source, token, port, ending[0]),
            log_config=None,  # an address that is asked for has the token
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            server_header=False,
            timeout_graceful_shutdown=PATIENCE,
        )
        servers.append(Server(config))
        ready.set()
        await servers[0].serve(sockets=[bound])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="server", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"http://{ADDRESS}:{port}/{token}/"
    finally:
        servers[0].should_exit = True
        with contextlib.suppress(RuntimeError):  # its loop is closed already
            loops[0].call_soon_threadsafe(ending[0].come)
        thread.join()
