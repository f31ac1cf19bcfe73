"""A certificate authority of our own, and servers that log people in."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

import pytest
import trustme

from sendbatch.smtp.connection import Server
from tests.kit.postbox import Inbox, Postbox, StartPostbox, known, server_context
from tests.kit.reading import reply_by_reply
from tests.kit.scripted import QUICK


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def postbox(authority: trustme.CA) -> Iterator[StartPostbox]:
    """Starts aiosmtpd with a security mode; returns the Server that reaches it, and its inbox."""
    with contextlib.ExitStack() as stack:

        def start(
            security: str,
            *,
            name: str = "localhost",
            expired: bool = False,
            issuer: trustme.CA | None = None,
            exclude: tuple[str, ...] = (),
            context: ssl.SSLContext | None = None,
            auth: str = "auto",
            **options: object,
        ) -> tuple[Server, Inbox]:
            inbox = Inbox()
            tls = server_context(issuer or authority, name, expired)
            if security == "tls":
                options["ssl_context"] = tls
            elif security == "starttls":
                options["tls_context"] = tls
            controller = Postbox(
                inbox,
                hostname="127.0.0.1",
                port=0,
                server_hostname="there",
                authenticator=known,
                auth_require_tls=security == "starttls",
                auth_exclude_mechanism=exclude,
                **options,
            )
            controller.start()
            stack.callback(controller.stop)
            server = Server(
                "localhost", controller.port, security, auth, timeouts=QUICK, context=context
            )
            return server, inbox

        yield start


@pytest.fixture(scope="module", params=["at one glance", "reply by reply"])
def reading(request: pytest.FixtureRequest) -> Iterator[None]:
    """How the usual replies are read: what a server says means the same."""
    with contextlib.nullcontext() if request.param == "at one glance" else reply_by_reply():
        yield
