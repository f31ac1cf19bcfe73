"""One campaign a test, and the server it meets."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.hostile.campaign import House
from tests.kit.reading import reply_by_reply
from tests.kit.server import OFFERS, Answer, ScriptedServer, decent
from tests.kit.thoroughness import thoroughly

StartServer = Callable[..., ScriptedServer]


SLOWER = "reply by reply"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What a run makes of a reply does not go by how it was read: each third test is tried that way, too."""
    slower = [item for item in items if SLOWER in item.name and "hostile" in item.path.parts]
    left = {id(item) for number, item in enumerate(slower) if number % 3}
    if left:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left])
        items[:] = [item for item in items if id(item) not in left]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(autouse=True)
def _no_connection_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the fast clock half a minute is a tenth of a second: any pause of a busy machine would end an idle
    connection, and open another."""
    monkeypatch.setattr("sendbatch.delivery.sender.IDLE", 3600.0)


@pytest.fixture(autouse=True, params=["at one glance", *thoroughly(SLOWER)])
def _reading(request: pytest.FixtureRequest) -> Iterator[None]:
    """How the usual replies are read: no server can tell."""
    with contextlib.nullcontext() if request.param == "at one glance" else reply_by_reply():
        yield


@pytest.fixture
def channel() -> dict[str, Any]:
    """How every server of the test is reached, unless it is started otherwise."""
    return {}


@pytest.fixture
def hostile(channel: dict[str, Any]) -> Iterator[StartServer]:
    """Starts a server that answers so; it ends with the test."""
    with ExitStack() as stack:

        def start(answer: Answer = decent, **options: Any) -> ScriptedServer:
            return stack.enter_context(ScriptedServer(answer, **channel | options))

        yield start


@dataclass(frozen=True)
class Way:
    """How much the client writes at once (WIRE's levels), and over what."""

    level: int
    tls: bool = False

    def __str__(self) -> str:
        words = {1: "one by one", 2: "in groups", 3: "behind the dot"}[self.level]
        return f"{words}, TLS" if self.tls else words


WAYS = [Way(1), Way(3, tls=True)]
FURTHER_WAYS = [Way(3), Way(2), Way(1, tls=True)]


@pytest.fixture(params=[*WAYS, *thoroughly(*FURTHER_WAYS, ids=map(str, FURTHER_WAYS))], ids=str)
def way(request: pytest.FixtureRequest, house: House, channel: dict[str, Any]) -> tuple[str, ...]:
    """What the server offers. The first level is for servers without PIPELINING; at the second it is
    known not to take commands behind a dot; the third is tried with the second message."""
    chosen: Way = request.param
    if chosen.tls:
        channel["context"] = request.getfixturevalue("tls")
        house.security = "starttls"
    house.known_level = 2 if chosen.level == 2 else None
    return OFFERS[1:] if chosen.level == 1 else OFFERS


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def tls(
    certified: ssl.SSLContext, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> ssl.SSLContext:
    """A server's context that runs of this test trust."""
    monkeypatch.setattr("sendbatch.smtp.opening._trusting_the_system", lambda: trusting)
    return certified
