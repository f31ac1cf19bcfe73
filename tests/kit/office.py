"""The scripted server with an answer for each command, for runs under the fake clock."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from tests.kit.server import End, Script, ScriptedServer, Visit

Answer: TypeAlias = Callable[[Visit], str | None]
Hook: TypeAlias = Callable[[Visit], Awaitable[None] | None]


def fine(visit: Visit) -> None:
    """The answer of a server that has nothing to complain about."""


class Office(ScriptedServer):
    """Each of the answers may be replaced: None means yes, "" closes without a word, a reply that
    begins with 421, or is no 220 at the greeting, is the last. `pipelining` says that it is offered, and what
    is done with commands behind a dot: they are taken, refused or swallowed. `passwords` are the only
    ones that are right; where they are None, there is no AUTH. `offers` are offered too."""

    def __init__(
        self,
        *,
        greeting: Answer = fine,
        mail: Answer = fine,
        rcpt: Answer = fine,
        data: Answer = fine,
        dot: Answer = fine,
        on_dot: Hook = fine,
        pipelining: str = "",
        passwords: list[str] | None = None,
        offers: tuple[str, ...] = (),
    ) -> None:
        super().__init__(offers=offers, gathers=True)
        self.greeting, self.mail, self.rcpt, self.data, self.dot = greeting, mail, rcpt, data, dot
        self.on_dot = on_dot
        self.pipelining = pipelining
        self.passwords = passwords

    async def ask(self, visit: Visit, moment: str) -> Script:
        if moment == "AUTH":
            password = base64.b64decode(visit.login.split(" ")[2]).split(b"\0")[2].decode()
            return None if password in (self.passwords or []) else b"535 5.7.8 no\r\n"
        if moment == "MESSAGE" and (waited := self.on_dot(visit)) is not None:
            await waited
        answers = {
            "GREETING": self.greeting,
            "MAIL": self.mail,
            "RCPT": self.rcpt,
            "DATA": self.data,
            "MESSAGE": self.dot,
        }
        reply = answers.get(moment, fine)(visit)
        if reply is None:
            return None
        said = f"{reply}\r\n".encode() if reply else b""
        is_last = (
            not reply or reply.startswith("421") or (moment == "GREETING" and reply[:3] != "220")
        )
        return [said, End.CLOSE] if is_last else said

    @property
    def pipelining(self) -> str:
        return self._pipelining

    @pipelining.setter
    def pipelining(self, behind: str) -> None:
        self._pipelining = self.behind = behind

    def offered(self) -> list[str]:
        auth = [] if self.passwords is None else ["AUTH PLAIN"]
        return [*auth, *(["PIPELINING"] if self.pipelining else []), *self.offers, "SIZE 1000000"]
