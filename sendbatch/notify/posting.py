"""One message to one webhook: posted, and no more.

All of it has an end, whatever the other side does: what is left of the time bounds each wait for a
connection, for TLS and for each piece of the answer, of which 64 KB are read at most. (A look-up of a name
has its own end: nobody waits for the thread that it is in.) No redirect is followed, and no address is
connected to that the author of the webhook can't have meant. What goes wrong is told by the host alone: the
rest of the address is a secret, and an answer may hold it.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from sendbatch.campaign.written.hosts import ascii_domain, is_address, is_loopback
from sendbatch.notify.shapes import shape_of

MOST_READ = 64 * 1024  # bytes of an answer
AGAIN = (429, 500, 502, 503, 504)
PAUSE = 1.0  # seconds before the one more attempt, where the answer says none
DETAIL = 0.5  # seconds for what an answer says beside its status
LONGEST_URL = 4000
_PRINTABLE = re.compile("[!-~]+")
_ERROR_WORD = re.compile("[a-z]{2,30}(?:_[a-z]{1,30}){1,6}")  # as Slack says it: channel_is_archived


class NotTold(Exception):
    """Why a webhook was not told, as a sentence's end: nothing of its address is in it but the host."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that may be posted to; `target` is its path and query."""

    host: str
    port: int
    secure: bool
    target: str = field(repr=False)

    @property
    def name(self) -> str:
        """As it may be shown."""
        usual = 443 if self.secure else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted."""

    body: bytes
    media_type: str


def webhook_of(url: str) -> Webhook:
    """Raises NotTold, with nothing of the address, where it is none that may be posted to."""
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url):
        raise NotTold("what its variable holds is no address: one line without blanks, https://…")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if is_address(host) else ascii_domain(host.rstrip("."))
    except ValueError:
        raise NotTold("what its variable holds is no address") from None
    if parts.scheme not in ("https", "http") or not host:
        raise NotTold("what its variable holds is no address: it begins with https://")
    if "@" in parts.netloc:
        raise NotTold("a user name or password in its address is not supported: leave it out")
    if parts.scheme == "http" and not is_loopback(host):
        raise NotTold("http:// is for this machine alone: it needs https://")
    secure = parts.scheme == "https"
    return Webhook(host, port or (443 if secure else 80), secure, _target(parts))


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def post(webhook: Webhook, message: Message, patience: float, environ: Mapping[str, str]) -> None:
    """Hand it over within so many seconds; once more where the answer asks for that, or none came.

    `environ` may name a proxy. Raises NotTold with the reason.
    """
    until = time.monotonic() + patience
    try:
        pause = _attempt(webhook, message, until, environ)
        if pause is None:
            return
        if time.monotonic() + pause < until:
            time.sleep(pause)
            _attempt(webhook, message, until, environ, is_last=True)
        else:
            raise NotTold(f"it asks to be left alone for {pause:,.0f} s")
    except TimeoutError:
        raise NotTold(f"it did not answer within {patience:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise NotTold(f"its certificate is not trusted: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise NotTold(f"no secure connection ({(error.reason or 'TLS').lower()})") from None
    except http.client.RemoteDisconnected:
        raise NotTold("it closes the connection without an answer") from None
    except http.client.HTTPException:
        raise NotTold("what answers there speaks no HTTP") from None
    except OSError as error:
        raise NotTold(f"no connection ({error.strerror or type(error).__name__})") from None


def _attempt(
    webhook: Webhook,
    message: Message,
    until: float,
    environ: Mapping[str, str],
    *,
    is_last: bool = False,
) -> float | None:
    """None once it was taken; else how many seconds to wait before the last attempt."""
    wire = _connected(webhook, until, environ)
    connection = http.client.HTTPConnection(webhook.host, webhook.port)
    connection.sock, connection.default_port = wire, 443 if webhook.secure else 80
    headers = {
        "Content-Type": f"{message.media_type}; charset=utf-8",
        "User-Agent": "sendbatch",
        "Connection": "close",
    }
    try:
        connection.request("POST", webhook.target, message.body, headers)
        answer = connection.getresponse()
        return _judged(answer, webhook, wire, is_last)
    except ConnectionError:  # http.client's own for an answer that never began, too
        if is_last:
            raise
        return 0.0
    finally:
        wire.leave()


def _judged(
    answer: http.client.HTTPResponse, webhook: Webhook, wire: _Wire, is_last: bool
) -> float | None:
    """As `_attempt`."""
    status = answer.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        raise NotTold(
            f"it redirects ({status}), which is not followed: its variable must hold the address itself"
        )
    if status in AGAIN and not is_last:
        after = answer.headers.get("Retry-After", "").strip()
        return float(after) if re.fullmatch("[0-9]{1,6}", after) else PAUSE
    known = f" {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else ""
    said = _error_word(answer, webhook, wire)
    raise NotTold(f"it answered {status}{known}{f' ({said})' if said else ''}")


def _error_word(answer: http.client.HTTPResponse, webhook: Webhook, wire: _Wire) -> str:
    """What it says is wrong, where that is a word of its interface, and no part of the address."""
    wire.until = min(wire.until, time.monotonic() + DETAIL)
    try:
        said = answer.read(200).decode("ascii").strip()
    except (OSError, http.client.HTTPException, ValueError):
        return ""
    return said if _ERROR_WORD.fullmatch(said) and said not in webhook.target.lower() else ""


def _connected(webhook: Webhook, until: float, environ: Mapping[str, str]) -> _Wire:
    proxy = _proxy(webhook, environ)
    raw = _reached(_addresses(webhook) if proxy is None else proxy.addresses, until)
    try:
        if proxy is not None:
            _through(proxy, raw, webhook, until)
        if webhook.secure:
            raw.settimeout(_left(until))
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=webhook.host)
    except BaseException:
        raw.close()
        raise
    return _Wire(raw, until)


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
            raw.settimeout(_left(until) / (len(addresses) - number))  # the others get their part
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
    raw.settimeout(_left(until))
    raw.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = http.client.HTTPResponse(_Wire(raw, until, at_once=1), method="CONNECT")  # type: ignore[arg-type]
    answer.begin()
    if answer.status != 200:
        raise NotTold(f"the proxy answered {answer.status}")


class _Wire(io.RawIOBase):
    """A socket as http.client uses one, for which each wait and all that is read is bounded. `at_once` bytes
    are read at most: behind the answer of a proxy nothing of the tunnel may be lost."""

    def __init__(self, raw: socket.socket, until: float, at_once: int = MOST_READ) -> None:
        self._raw = raw
        self._at_once = at_once
        self._unread = MOST_READ
        self.until = until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, min(self._at_once, io.DEFAULT_BUFFER_SIZE))

    def sendall(self, data: bytes) -> None:
        self._raw.settimeout(_left(self.until))
        self._raw.sendall(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._raw.settimeout(_left(self.until))
        if not self._unread:
            raise http.client.HTTPException
        read = self._raw.recv_into(buffer, min(len(buffer), self._unread, self._at_once))
        self._unread -= read
        return read

    def close(self) -> None:
        """http.client closes it once it has the answer's head; what is behind may still be wanted."""

    def leave(self) -> None:
        with contextlib.suppress(OSError):
            self._raw.close()


def _left(until: float) -> float:
    """Seconds; raises TimeoutError where there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
