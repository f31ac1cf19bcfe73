"""What is known of mail providers: hosts, ports, limits, and the replies that ask to slow down.

The knowledge itself is data, in `providers.yaml` beside this file, every figure with the page it is
from. A profile that says `provider: NAME` starts from what stands there. A figure that no page
states is left out: better no limit, and the server's own replies, than an invented one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import NotRequired, TypedDict, cast

from sendbatch.campaign.model import Idempotency, Rate
from sendbatch.runtime.datafiles import loaded, text_of

_REGIONAL = re.compile(r"(?P<service>.+?)-(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])")


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's preset.

    `host` is None where it depends on the account (then `note` says what to write). `ports` maps each port
    offered to its security, "starttls", "tls" or "none"; `port` and `security` are the ones to use where a
    profile names none. `username` says in words what the user name is. `rates` count recipients;
    `connections` is the most at once, `messages_per_connection` the most on one connection, `size` the
    greatest message in bytes as it goes over the wire, each None where the provider publishes none. `helo` is
    "sender" where the server wants the sender's domain in EHLO. `mailing` are headers that it wants in
    mailings. `spf` is what its customers include in their SPF record, where their envelope stays their own.
    `aliases` are other names for the same. `slow_down` are regular expressions, to be searched without regard
    to case in "CODE ENHANCED TEXT" of a reply: the provider's own, then the common ones. `note` says what
    else to know or to write. `sources` are the pages that the preset's own figures and note are from, each
    once.
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
    helo: str | None = None
    mailing: tuple[tuple[str, str], ...] = ()
    spf: str | None = None
    aliases: tuple[str, ...] = ()


def named(name: str) -> Provider | None:
    """The preset that a profile's `provider:` stands for: by its name or an alias, at one of its further
    hosts (mailgun-eu), or in a region (amazon-ses-eu-west-1); None where it is none of them."""
    found = _index().get(_folded(name))
    if found is not None:
        preset, suffix = found
        provider = _presets()[preset]
        return provider if suffix is None else _at(provider, suffix, _hosts(preset)[suffix])
    regional = _REGIONAL.fullmatch(re.sub("[ _.]", "-", name.strip().lower()))
    service, _ = _index().get(_folded(regional["service"]), ("", None)) if regional else ("", None)
    template = _data()[service].get("region_host") if service in _data() else None
    if regional is None or template is None:
        return None
    region = regional["region"]
    return _at(_presets()[service], region, template["host"].replace("REGION", region))


def names() -> tuple[str, ...]:
    """Every name that `named` knows, but for those of regions, as they are written in the data."""
    return tuple(name for name, _, _ in _names())


def regional() -> tuple[str, ...]:
    """Every name of a service that has regions."""
    return tuple(
        name for name, preset, suffix in _names() if suffix is None and "region_host" in _data()[preset]
    )


def presets() -> Mapping[str, Provider]:
    """All presets by name, in the file's order. Read once."""
    return _presets()


def common_slow_down() -> tuple[str, ...]:
    """The `slow_down` patterns that hold for every server, for profiles without a preset."""
    return tuple(pattern["pattern"] for pattern in _common()["slow_down"])


# The shape of providers.yaml. It is ours, so it is trusted; the tests hold it to this shape.


class _Sourced(TypedDict):
    source: str | list[str]


class _Server(_Sourced):
    host: str | None
    ports: dict[int, str]
    port: int
    username: str


class _Host(_Sourced):
    host: str


class _Helo(_Sourced):
    of: str


class _Mailing(_Sourced):
    header: str
    value: str


class _Most(_Sourced):
    most: int


class _Spf(_Sourced):
    include: str


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
    aliases: NotRequired[list[str]]
    server: _Server
    hosts: NotRequired[dict[str, _Host]]
    region_host: NotRequired[_Host]
    helo: NotRequired[_Helo]
    mailing: NotRequired[list[_Mailing]]
    spf: NotRequired[_Spf]
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


@cache
def _common() -> _Common:
    """What stands above the presets: all that a run without one needs."""
    above = _text().partition("\nproviders:\n")[0]
    return cast(dict[str, _Common], loaded(above))["common"]


@cache
def _data() -> dict[str, _Entry]:
    return cast(dict[str, dict[str, _Entry]], loaded(_text()))["providers"]


def _text() -> str:
    return text_of("sendbatch.campaign", "providers.yaml")


@cache
def _presets() -> Mapping[str, Provider]:
    return MappingProxyType({name: _provider(name, entry) for name, entry in _data().items()})


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
        helo=entry["helo"]["of"] if "helo" in entry else None,
        mailing=tuple((one["header"], one["value"]) for one in entry.get("mailing", ())),
        spf=entry["spf"]["include"] if "spf" in entry else None,
        aliases=tuple(entry.get("aliases", ())),
    )


def _at(provider: Provider, suffix: str, host: str) -> Provider:
    return replace(provider, name=f"{provider.name}-{suffix}", host=host)


def _hosts(preset: str) -> dict[str, str]:
    further = _data()[preset].get("hosts", {})
    return {suffix: host["host"] for suffix, host in further.items()}


@cache
def _index() -> Mapping[str, tuple[str, str | None]]:
    """Folded names, with the preset and the further host that each stands for."""
    return {_folded(name): (preset, suffix) for name, preset, suffix in _names()}


def _names() -> Iterator[tuple[str, str, str | None]]:
    for preset, entry in _data().items():
        called = (preset, *entry.get("aliases", ()))
        for name in called:
            yield name, preset, None
        for suffix in entry.get("hosts", ()):
            yield from ((f"{name}-{suffix}", preset, suffix) for name in called)


def _folded(name: str) -> str:
    """Office 365, office365 and OFFICE-365 are one name."""
    return re.sub("[ ._-]", "", name.lower())


def _most(figure: _Most | None) -> int | None:
    return None if figure is None else figure["most"]


def _idempotency(figure: _Idempotency | None) -> Idempotency | None:
    return None if figure is None else Idempotency(figure["header"], float(figure["seconds"]))


def _sources(entry: _Entry) -> tuple[str, ...]:
    """Every page named anywhere in an entry, once, in the file's order."""
    figures: list[_Sourced] = [
        entry["server"], *entry.get("hosts", {}).values(), *entry.get("mailing", ()), *entry.get("rates", ())
    ]  # fmt: skip
    for name in (
        "region_host",
        "helo",
        "spf",
        "connections",
        "messages_per_connection",
        "size",
        "idempotency",
    ):
        figure = cast(_Sourced | None, entry.get(name))
        if figure is not None:
            figures.append(figure)
    figures += entry.get("slow_down", ())
    pages = [page for figure in figures for page in _pages(figure["source"])]
    return tuple(dict.fromkeys([*pages, *entry.get("see", [])]))


def _pages(source: str | list[str]) -> list[str]:
    return [source] if isinstance(source, str) else source
