"""One campaign a test, and the server it meets."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.hostile.campaign import House
from tests.hostile.server import OFFERS, Answer, Hostile, decent

StartServer = Callable[..., Hostile]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def hostile() -> Iterator[StartServer]:
    """Starts a server that answers so; it ends with the test."""
    with ExitStack() as stack:

        def start(answer: Answer = decent, **options: Any) -> Hostile:
            return stack.enter_context(Hostile(answer, **options))

        yield start


@pytest.fixture(params=[OFFERS, OFFERS[1:]], ids=["in groups", "one by one"])
def way(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What the server offers: how much the client writes at once depends on it."""
    offers: tuple[str, ...] = request.param
    return offers


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """A server's context that runs of this test trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    monkeypatch.setattr("sendbatch.smtp.opening._trusting_the_system", lambda: trusted)
    return context
