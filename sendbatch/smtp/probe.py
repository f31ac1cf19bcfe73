"""Looks at a server step by step, as `sendbatch probe` shows it. Sends nothing.

The same steps as opening a connection for sending, each told as soon as it is done; the first that
fails is the last.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sendbatch.errors import SendbatchError, SmtpError, one_line
from sendbatch.runtime.threads import aside
from sendbatch.smtp.known import Known
from sendbatch.smtp.login import LoginUnfinished
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.opening import Opening, open_transport
from sendbatch.smtp.replies import said
from sendbatch.smtp.server import Server
from sendbatch.smtp.trust import listed_names, names_in

if TYPE_CHECKING:
    from sendbatch.campaign.secrets import Credentials


@dataclass(frozen=True, slots=True)
class Step:
    """One thing tried. `name` is dns, connect, tls, greeting, ehlo, auth, dkim, sender or notify; `text` says
    what was found, or what failed; `hint` what to change."""

    name: str
    ok: bool
    text: str
    hint: str | None = None


async def probe(
    server: Server, read_credentials: Callable[[], Credentials | None]
) -> AsyncIterator[Step]:
    """The steps to `server`, ending with the first that fails. Raises nothing."""
    known = Known()
    opening = Opening(server, known)
    try:
        async for step in _steps(opening, known, read_credentials):
            yield step
        with contextlib.suppress(SmtpError):  # all there is to know is known
            await opening.quit()
    except SmtpError as error:
        yield Step(error.step, False, error.message, error.hint)
    except SendbatchError as error:  # a secret that cannot be read
        for one in error.findings:
            yield Step("auth", False, one.message, one.hint)
    finally:
        opening.abort()


async def _steps(
    opening: Opening, known: Known, read_credentials: Callable[[], Credentials | None]
) -> AsyncIterator[Step]:
    server = opening.server
    await opening.look_up()
    yield Step("dns", True, f"{server.host} is {', '.join(opening.addresses)}")
    await opening.connect()
    yield Step("connect", True, f"{_peer(opening)} answers")
    if server.security == "tls":
        await opening.secure()
        yield _tls(opening)
    reply = await opening.greeting()
    yield Step("greeting", True, said(reply))
    await opening.hello()
    if server.security == "starttls":
        await opening.secure()
        yield _tls(opening)
        await opening.hello()
    elif server.security == "none":
        yield _no_tls(server, opening.offers)
    credentials = await aside(read_credentials)
    if credentials is None:
        yield _ehlo(opening.offers)
        yield _no_login(opening.offers)
        return
    try:
        mechanism = await opening.log_in(credentials)
        yield Step("auth", True, f"logged in with {mechanism}")
    except LoginUnfinished:  # another way is left, for which a run makes another connection
        transport, _ = await open_transport(server, credentials, known)
        transport.abort()
        unfit = ", ".join(sorted(known.unfit))
        yield Step("auth", True, f"logged in over another connection, for it refused {unfit}")
    yield _ehlo(opening.offers)


def _peer(opening: Opening) -> str:
    name = cast("tuple[str, int] | None", opening.information("peername"))
    host, port = name[:2] if name else (opening.server.host, opening.server.port)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tls(opening: Opening) -> Step:
    cipher = cast("tuple[str, str, int] | None", opening.information("cipher"))
    certificate = cast("dict[str, object]", opening.information("peercert") or {})
    version = cipher[1] if cipher else "TLS"
    names = names_in(certificate)
    until = certificate.get("notAfter", "?")
    whose = f"certificate for {listed_names(names)}, valid until {until}"
    if opening.server.fingerprint is not None:
        whose = "the certificate of fingerprint: its names and dates do not count"
    elif not names:
        whose = f"certificate without names of its own, valid until {until}"
    text = f"{version}, {whose}"
    return Step("tls", True, text)


def _no_tls(server: Server, offers: Offers) -> Step:
    hint = None
    if "starttls" in offers.extensions and not server.is_local:
        hint = "the server offers STARTTLS: security: starttls"
    return Step("tls", True, "not used (security: none)", hint)


def _ehlo(offers: Offers) -> Step:
    offered = [f"{name} {value}".strip() for name, value in offers.extensions.items()]
    listed = ", ".join(one_line(one.upper(), 80) for one in offered)
    text = f"offers {listed}" if offered else "no offers"
    hint = None if offers.pipelining else "without PIPELINING a message takes several round trips"
    return Step("ehlo", True, text, hint)


def _no_login(offers: Offers) -> Step:
    hint = "the server offers one: username and password" if offers.auth else None
    return Step("auth", True, "no login (the profile has no username)", hint)
