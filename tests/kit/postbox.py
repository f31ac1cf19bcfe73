"""aiosmtpd with TLS and logins: for what decent servers do."""

from __future__ import annotations

import base64
import datetime
import hmac
import ssl
from collections.abc import Callable

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from sendbatch.campaign.secrets import Credentials
from sendbatch.smtp.connection import Server

JANE = Credentials("jane", "s3cret")

StartPostbox = Callable[..., tuple[Server, "Inbox"]]


class Inbox:
    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 2.0.0 taken"


def known(server, session, envelope, mechanism, data) -> AuthResult:
    if isinstance(data, LoginPassword):
        ok = data == LoginPassword(b"jane", b"s3cret")
        return AuthResult(success=ok, handled=ok)
    return AuthResult(success=False, handled=False)


class Postbox(Controller):
    """An aiosmtpd on a free port that knows jane with her password s3cret, and three mechanisms."""

    def factory(self) -> SMTP:
        return WithMechanisms(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class WithMechanisms(SMTP):
    """CRAM-MD5 and XOAUTH2 beside aiosmtpd's own PLAIN and LOGIN."""

    async def auth_XOAUTH2(self, server, args) -> AuthResult:
        said = base64.b64decode(args[1])
        if said == b"user=jane\x01auth=Bearer t0ken\x01\x01":
            return AuthResult(success=True, auth_data=b"jane")
        await self.challenge_auth('{"status":"401"}')
        return AuthResult(success=False, handled=False)

    async def auth_CRAM__MD5(self, server, args) -> AuthResult:
        answer = await self.challenge_auth("<1@there>")
        digest = hmac.new(b"s3cret", b"<1@there>", "md5").hexdigest()
        ok = answer == f"jane {digest}".encode()
        return AuthResult(success=ok, handled=False, auth_data=b"jane" if ok else None)


def server_context(authority: trustme.CA, name: str, expired: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC) if expired else None
    since = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC) if expired else None
    authority.issue_cert(name, not_before=since, not_after=until).configure_cert(context)
    return context
