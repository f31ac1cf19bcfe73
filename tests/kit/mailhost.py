"""A server on loopback that a profile with `delivers: true` sends through; it answers as told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.kit.command import LONGEST, Desk, until


class MailHost:
    """`answers` maps an address to the reply it gets at RCPT; `hold_after` messages the server
    keeps the next one waiting until `go` is set."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.hold_after: int | None = None
        self.go = threading.Event()
        self.mails: list[EmailMessage] = []
        self.receivers: list[str] = []
        self.waiting = 0
        self._listener = _Listener(self, hostname="127.0.0.1", port=0)

    @property
    def port(self) -> int:
        return int(self._listener.port)

    @property
    def profiles(self) -> str:
        return (
            "profiles:\n  live:\n    host: 127.0.0.1\n    port: "
            f"{self.port}\n    security: none\n    delivers: true\n    connections: 1\n"
        )

    def take_over(self, desk: Desk, *changes: tuple[str, str], more: str = "") -> None:
        """Let the desk's campaign go through this server."""
        desk.write("profiles.yaml", self.profiles)
        desk.campaign(("smtp: sandbox", "smtp: live"), *changes, more=more)

    def until_holding(self, messages: int = 1) -> None:
        until(lambda: self.waiting >= messages, "messages that wait for their answers")

    def __enter__(self) -> MailHost:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.go.set()
        self._listener.stop()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hold_after is not None and len(self.mails) >= self.hold_after:
            self.waiting += 1
            await asyncio.get_running_loop().run_in_executor(None, self.go.wait, LONGEST)
            self.waiting -= 1
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.mails.append(cast(EmailMessage, mail))
        self.receivers.extend(envelope.rcpt_tos)
        return "250 2.0.0 taken"


class _Listener(Controller):
    def _trigger_server(self) -> None:
        self.port = cast(asyncio.Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()

    factory: Callable[[], Any]


@pytest.fixture
def mailhost() -> Iterator[MailHost]:
    """A server on loopback that stands for one that delivers."""
    with MailHost() as host:
        yield host
