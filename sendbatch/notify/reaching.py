"""The way to a webhook: its addresses, a proxy where the environment names one, and TLS.

No address is connected to that the author of the webhook can't have meant.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from sendbatch.campaign.written.hosts import is_address, is_loopback
from sendbatch.notify.shapes import shape_of
from sendbatch.notify.webhook import NotTold, Webhook
from sendbatch.notify.wire import Wire, left


def connected(webhook: Webhook, until: float, environ: Mapping[str, str]) -> Wire:
    proxy = _proxy(webhook, environ)
    raw = _reached(_addresses(webhook) if proxy is None else proxy.addresses, until)
    try:
        if proxy is not None:
            _through(proxy, raw, webhook, until)
        if webhook.secure:
            raw.settimeout(left(until))
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=webhook.host)
    except BaseException:
        raw.close()
        raise
    return Wire(raw, until)


class _Address(NamedTuple):
    family: int
    at: Any  # as the family has it

    @property
    def ip(self) -> str:
        return str(self.at[0])


def _looked_up(host: str, port: int) -> list[_Address]:
    """Raises OSError where there is no such host."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError from None
    return [_Address(family, at) for family, _, _, _, at in found]


def _reached(addresses: list[_Address], until: float) -> socket.socket:
    """Connected to the first of these that answers."""
    failed: OSError | None = None
    for number, address in enumerate(addresses):
        raw = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            raw.settimeout(left(until) / (len(addresses) - number))  # the others get their part
            raw.connect(address.at)
        except OSError as error:
            raw.close()
            failed = failed or error
        else:
            return raw
    raise failed or NotTold("its host has no address")


def _addresses(webhook: Webhook) -> list[_Address]:
    """Those that may be connected to. Raises NotTold where its name leads elsewhere."""
    try:
        found = _looked_up(webhook.host, webhook.port)
    except OSError:
        raise NotTold("there is no such host, or no network") from None
    usable = [one for one in found if is_meant(one.ip, webhook.host)]
    if not usable:
        raise NotTold(f"its name leads to {found[0].ip}, which cannot be meant: it is not connected to")
    return usable


def is_meant(address: str, host: str) -> bool:
    """Whether whoever wrote the host may have meant this address. An address that is written out, and this
    machine by its name, is; a service's own name is of the open internet; that of a company may be within
    its network, but leads neither back to this machine nor to what only this link knows."""
    if is_address(host) or is_loopback(host):
        return True
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if shape_of(host) is not None:
        return ip.is_global and not ip.is_multicast
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast)


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    login: str = field(repr=False)

    @property
    def addresses(self) -> list[_Address]:
        try:
            return _looked_up(self.host, self.port)
        except OSError:
            raise NotTold("the proxy in HTTPS_PROXY is not to be found") from None


def _proxy(webhook: Webhook, environ: Mapping[str, str]) -> _Proxy | None:
    """The proxy that the environment names for secure connections, if one is."""
    names = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    named = next((environ[name] for name in names if environ.get(name)), "")
    spared = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if not named or not webhook.secure or is_loopback(webhook.host):
        return None
    if spared and _is_spared(webhook.host, spared):
        return None
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if not host or parts.scheme != "http":
        raise NotTold("the proxy in HTTPS_PROXY is not of the form http://host:port")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    login = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
    return _Proxy(host, port, login)


def _is_spared(host: str, spared: str) -> bool:
    """Whether NO_PROXY names it."""
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # few have a proxy

    return bool(proxy_bypass_environment(host, {"no": spared}))


def _through(proxy: _Proxy, raw: socket.socket, webhook: Webhook, until: float) -> None:
    """Ask for a tunnel (RFC 9110 §9.3.6). Raises NotTold where the proxy gives none."""
    host = f"[{webhook.host}]" if ":" in webhook.host else webhook.host
    lines = [f"CONNECT {host}:{webhook.port} HTTP/1.1", f"Host: {host}:{webhook.port}"]
    lines += [f"Proxy-Authorization: Basic {proxy.login}"] if proxy.login else []
    raw.settimeout(left(until))
    raw.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = http.client.HTTPResponse(Wire(raw, until, at_once=1), method="CONNECT")  # type: ignore[arg-type]
    answer.begin()
    if answer.status != 200:
        raise NotTold(f"the proxy answered {answer.status}")
