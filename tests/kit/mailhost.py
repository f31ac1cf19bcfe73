"""The scripted server as one that a profile with `delivers: true` sends through, for the command."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest

from tests.kit.command import Desk
from tests.kit.server import Script, ScriptedServer, Visit, without_dots
from tests.kit.waiting import LONGEST, until


class MailHost(ScriptedServer):
    """`answers` maps an address to the reply it gets at RCPT, `after` to what becomes of its message;
    `hold_after` messages the server keeps the next one waiting until `go` is set."""

    def __init__(self) -> None:
        super().__init__(offers=("8BITMIME", "SMTPUTF8", "SIZE 33554432"))
        self.answers: dict[str, str] = {}
        self.after: dict[str, Script] = {}
        self.hold_after: int | None = None
        self.go = threading.Event()
        self._held: list[Visit] = []
        self.mails: list[EmailMessage] = []

    def __exit__(self, *_: object) -> None:
        self.go.set()
        super().__exit__()

    async def ask(self, visit: Visit, moment: str) -> Script:
        if moment == "RCPT" and (answer := self.answers.get(visit.recipient)) is not None:
            return f"{answer}\r\n".encode()
        if moment == "MESSAGE" and (script := self.after.get(visit.recipient)) is not None:
            return script
        if moment == "MESSAGE":
            await self._hold(visit)
            body = self.bodies[visit.recipient][-1]
            mail = message_from_bytes(without_dots(body), policy=policy.default)
            self.mails.append(cast(EmailMessage, mail))
        return None

    async def _hold(self, visit: Visit) -> None:
        """Raises ConnectionError where the client left meanwhile: it never gets the message's reply."""
        if self.hold_after is None or len(self.mails) < self.hold_after:
            return
        self._held.append(visit)
        await asyncio.get_running_loop().run_in_executor(None, self.go.wait, LONGEST)
        self._held.remove(visit)
        if visit.has_left:
            raise ConnectionResetError

    @property
    def waiting(self) -> int:
        """How many clients wait for the reply to their message."""
        return sum(not visit.has_left for visit in list(self._held))

    @property
    def receivers(self) -> list[str]:
        """Everyone who got mail, as often as they did, in order."""
        return self.taken

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


@pytest.fixture
def mailhost() -> Iterator[MailHost]:
    """A server on loopback that stands for one that delivers."""
    with MailHost() as host:
        yield host
