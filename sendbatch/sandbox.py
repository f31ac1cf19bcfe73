"""A server for trying out: the embedded SMTP server, which keeps mail instead of delivering it.

It speaks real SMTP on a free port of 127.0.0.1, in a thread of its own. Each message becomes one
file `000001.eml`, exactly the bytes received, numbered on from what the folder already has. A
message is answered with 250 only once its file and its name are on the disk; a file is either whole
or not there.

Every user of the machine can connect to the port: it takes mail only from who knows its login, which
is made anew each time and stands in memory only.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import re
import secrets
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from sendbatch.campaign.secrets import Credentials
from sendbatch.runtime.files import add, named_folder, own_folder

MOST_BYTES = 30 * 1024 * 1024  # of one message, as its SIZE says

NUMBERED = re.compile(r"([0-9]{6,})\.eml")  # what a mail is kept as
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Sandbox:
    """A context manager; `start` and `stop` do the same by hand. Raises OSError where it cannot
    listen or the folder cannot be made."""

    host = "127.0.0.1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.login = Credentials(secrets.token_hex(8), secrets.token_urlsafe(32))
        self._listener: _Listener | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        assert self._listener is not None
        return int(self._listener.port)

    def start(self) -> None:
        named_folder(self.folder.parent)
        own_folder(self.folder)
        listener = _Listener(
            _Keeper(self.folder, self.login),
            hostname=self.host,
            port=0,
            server_hostname="sandbox.localhost",
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            auth_require_tls=False,  # on loopback
            auth_exclude_mechanism=["LOGIN"],
        )
        listener.start()
        self._listener = listener

    def stop(self) -> None:
        """Closes what is open; does nothing where it was not started."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Listener(Controller):
    """Knows the port that the system chose."""

    def _trigger_server(self) -> None:
        self.port = cast(asyncio.Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class _Keeper:
    """aiosmtpd's handler: one file a message."""

    def __init__(self, folder: Path, login: Credentials) -> None:
        self._folder = folder
        user, password = login.username.encode(), login.password.encode()
        self._answer = base64.b64encode(b"\0%b\0%b" % (user, password)).decode()  # RFC 4616 §2
        taken = (NUMBERED.fullmatch(path.name) for path in folder.iterdir())
        last = max((int(match[1]) for match in taken if match), default=0)
        self._names = (f"{number:06}.eml" for number in count(last + 1))

    async def handle_AUTH(
        self, server: Any, session: Session, envelope: Envelope, words: list[str]
    ) -> str:
        """PLAIN, its answer in the same line. What aiosmtpd has of its own warns where there is no TLS."""
        given = words[1] if len(words) > 1 else ""
        session.authenticated = secrets.compare_digest(given.encode(), self._answer.encode())
        return "235 2.7.0 welcome" if session.authenticated else "535 5.7.8 another login"

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 this sandbox takes mail from its own run only"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 fine"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        try:
            name = add(self._folder, content, self._names)
        except OSError as error:
            if error.errno in _FULL:
                return "452 4.3.1 the disk is full"
            return f"451 4.3.0 the message cannot be kept: {error.strerror}"
        return f"250 2.0.0 kept as {name}"
