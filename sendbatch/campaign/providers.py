"""What is known of mail providers: hosts, ports, limits, and the replies that ask to slow down.

The knowledge itself is data, in `providers.yaml` beside this file, every figure with the page it is
from. A profile that says `provider: NAME` starts from what stands there. A figure that no page
states is left out: better no limit, and the server's own replies, than an invented one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NotRequired, TypedDict, cast

import yaml

from sendbatch.campaign.model import Idempotency, Rate

# Every run reads this file, which takes the loader in C 1 ms and the other 25.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's preset.

    `host` is None where it depends on the account (then `note` says what to write). `ports` maps
    each port offered to its security, "starttls", "tls" or "none"; `port` and `security` are the
    ones to use where a profile names none. `username` says in words what the user name is.
    `rates` count recipients; `connections` is the most at once, `messages_per_connection` the most
    on one connection, `size` the greatest message in bytes as it goes over the wire, each
    None where the provider publishes none. `slow_down` are regular expressions, to be searched
    without regard to case in "CODE ENHANCED TEXT" of a reply: the provider's own, then the common
    ones. `note` says what else to know or to write. `sources` are the pages that the preset's own
    figures and note are from, each once.
    """

    name: str
    title: str
    host: str | None
    ports: Mapping[int, str]
    port: int
    security: str
    username: str
    delivers: bool
    rates: tuple[Rate, ...]
    connections: int | None
    messages_per_connection: int | None
    size: int | None
    idempotency: Idempotency | None
    slow_down: tuple[str, ...]
    note: str
    sources: tuple[str, ...]


def presets() -> Mapping[str, Provider]:
    """All presets by name, in the file's order. Read once."""
    return _presets()


def common_slow_down() -> tuple[str, ...]:
    """The `slow_down` patterns that hold for every server, for profiles without a preset."""
    return tuple(pattern["pattern"] for pattern in _data()["common"]["slow_down"])


# The shape of providers.yaml. It is ours, so it is trusted; the tests hold it to this shape.


class _Sourced(TypedDict):
    source: str


class _Server(_Sourced):
    host: str | None
    ports: dict[int, str]
    port: int
    username: str


class _Most(_Sourced):
    most: int


class _Rate(_Sourced):
    count: int
    seconds: int


class _Idempotency(_Sourced):
    header: str
    seconds: int


class _Pattern(_Sourced):
    pattern: str
    reply: str


class _Entry(TypedDict):
    title: str
    server: _Server
    delivers: NotRequired[bool]
    rates: NotRequired[list[_Rate]]
    connections: NotRequired[_Most]
    messages_per_connection: NotRequired[_Most]
    size: NotRequired[_Most]
    idempotency: NotRequired[_Idempotency]
    slow_down: NotRequired[list[_Pattern]]
    note: NotRequired[str]
    see: NotRequired[list[str]]


class _Common(TypedDict):
    slow_down: list[_Pattern]


class _Data(TypedDict):
    common: _Common
    providers: dict[str, _Entry]


@cache
def _data() -> _Data:
    text = files(__package__).joinpath("providers.yaml").read_text(encoding="utf-8")
    return cast(_Data, yaml.load(text, _LOADER))  # noqa: S506 - safe, and our own file


@cache
def _presets() -> Mapping[str, Provider]:
    entries = _data()["providers"]
    return MappingProxyType({name: _provider(name, entry) for name, entry in entries.items()})


def _provider(name: str, entry: _Entry) -> Provider:
    server = entry["server"]
    own = tuple(pattern["pattern"] for pattern in entry.get("slow_down", ()))
    return Provider(
        name=name,
        title=entry["title"],
        host=server["host"],
        ports=MappingProxyType(server["ports"]),
        port=server["port"],
        security=server["ports"][server["port"]],
        username=server["username"],
        delivers=entry.get("delivers", True),
        rates=tuple(Rate(rate["count"], rate["seconds"]) for rate in entry.get("rates", ())),
        connections=_most(entry.get("connections")),
        messages_per_connection=_most(entry.get("messages_per_connection")),
        size=_most(entry.get("size")),
        idempotency=_idempotency(entry.get("idempotency")),
        slow_down=own + common_slow_down(),
        note=" ".join(entry.get("note", "").split()),
        sources=_sources(entry),
    )


def _most(figure: _Most | None) -> int | None:
    return None if figure is None else figure["most"]


def _idempotency(figure: _Idempotency | None) -> Idempotency | None:
    return None if figure is None else Idempotency(figure["header"], float(figure["seconds"]))


def _sources(entry: _Entry) -> tuple[str, ...]:
    """Every page named anywhere in an entry, once, in the file's order."""
    figures: list[_Sourced] = [entry["server"], *entry.get("rates", ())]
    for name in ("connections", "messages_per_connection", "size", "idempotency"):
        figure = cast(_Sourced | None, entry.get(name))
        if figure is not None:
            figures.append(figure)
    figures += entry.get("slow_down", ())
    pages = [figure["source"] for figure in figures] + entry.get("see", [])
    return tuple(dict.fromkeys(pages))
