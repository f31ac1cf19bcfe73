"""The same kills with a real Postfix in the server's place: its maildir says who got what."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator

from tests.chaos.killing import Campaign, Target
from tests.chaos.recording import Ledger
from tests.e2e.postfix import Postfix, PostfixServer


class PostfixTarget:
    """What was accepted has arrived once Postfix's queue is empty."""

    def __init__(self, server: PostfixServer) -> None:
        self._server = server
        self.host, self.port = server.host, server.port

    @property
    def ledger(self) -> Ledger:
        mail = self._server.all_mail(60)
        return Ledger(whole=Counter(str(one["To"].addresses[0].addr_spec) for one in mail))


class ThroughPostfix(Campaign):
    """Killed by the clock alone, for Postfix has no moments that one could hear of."""

    by_clock = 1.0
    server: PostfixServer

    @contextlib.contextmanager
    def _server(self) -> Iterator[Target]:
        self.server.forget()
        yield PostfixTarget(self.server)

    def _login(self) -> str:
        return ", username: '${CHAOS_USER}', password: '${CHAOS_PASSWORD}'"

    def _environ(self) -> dict[str, str]:
        return super()._environ() | {
            "CHAOS_USER": self.server.user,
            "CHAOS_PASSWORD": self.server.password,
            "SSL_CERT_FILE": str(self.server.ca_file),
        }


@contextlib.contextmanager
def postfix() -> Iterator[type[ThroughPostfix]]:
    """A Postfix of our own; raises RuntimeError where none is installed."""
    program = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
    if program is None:
        raise RuntimeError("Postfix is not installed")
    with Postfix(program) as server:
        ThroughPostfix.server = server
        yield ThroughPostfix
