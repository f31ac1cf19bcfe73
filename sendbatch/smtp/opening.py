"""The way to a logged-in connection, step by step: look-up, TCP, TLS, greeting, EHLO, AUTH.

asyncio connects, aiosmtplib speaks EHLO, STARTTLS and AUTH (through a `Listener`, which bears no
byte that was not asked for), and then the transport is given away to our own protocol.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, cast

import aiosmtplib
from aiosmtplib.response import SMTPResponse

from sendbatch.errors import SmtpError
from sendbatch.runtime.threads import aside
from sendbatch.smtp import diagnosis, tls_faults
from sendbatch.smtp.addresses import NoneAnswered, first_to_answer
from sendbatch.smtp.known import Known
from sendbatch.smtp.listener import Listener, reply_from
from sendbatch.smtp.login import Login, LoginUnfinished
from sendbatch.smtp.offers import Offers, read_offers
from sendbatch.smtp.server import Server
from sendbatch.smtp.trust import PeerCertificate, context_of, peer_certificate, unverified
from sendbatch.values import Reply

if TYPE_CHECKING:
    from sendbatch.campaign.secrets import Credentials


async def open_transport(
    server: Server, credentials: Credentials | None, known: Known | None = None
) -> tuple[asyncio.Transport, Offers]:
    """A secured, logged-in transport whose protocol may be replaced, and what the server offers. `known` is
    shared by the connections of a run.

    Raises SmtpError.
    """
    known = known or Known()
    while True:
        opening = Opening(server, known)
        try:
            return await _open(opening, credentials)
        except LoginUnfinished:  # with one mechanism fewer each time
            continue
        except SmtpError as error:
            if error.step != "greeting" or error.code is not None or not opening.has_others():
                raise


async def _open(
    opening: Opening, credentials: Credentials | None
) -> tuple[asyncio.Transport, Offers]:
    server = opening.server
    try:
        await opening.look_up()
        await opening.connect()
        if server.security == "tls":
            await opening.secure()
        await opening.greeting()
        await opening.hello()
        if server.security == "starttls":
            await opening.secure()
            await opening.hello()
        if credentials is not None:
            # No EHLO after it: our mechanisms negotiate no security layer (RFC 4954 §4), and OpenSMTPD,
            # Strato and others take one for the end of the login, or refuse it.
            await opening.log_in(credentials)
        return opening.give_away()
    except BaseException:
        opening.abort()
        raise


class Opening:
    """One attempt. Its steps are called in order; each raises SmtpError with its own `step`."""

    def __init__(self, server: Server, known: Known | None = None) -> None:
        self.server = server
        self._known = known or Known()
        self.addresses: list[str] = []
        self._address = ""  # the one that answered
        self.offers = Offers()
        self._client = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, timeout=server.timeouts.connect
        )
        self._listener: Listener | None = None

    async def look_up(self) -> None:
        """Fills `addresses`."""
        host, port = self.server.host, self.server.port
        with self._explained("dns"):
            async with asyncio.timeout(self.server.timeouts.connect):
                found = await aside(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        self.addresses = self._known.addresses.in_order(
            list(dict.fromkeys(str(entry[4][0]) for entry in found))
        )

    async def connect(self) -> None:
        """To the first address that answers."""
        try:
            transport, listener, self._address = await first_to_answer(
                self.addresses,
                self._connected_to,
                self.server.timeouts.connect,
                lambda lost: lost[0].abort(),
                self._known.addresses,
            )
        except NoneAnswered as none:
            raise diagnosis.not_connected(self.server, none.errors) from None
        self._listener = self._client.protocol = listener
        self._client.transport = transport

    def has_others(self) -> bool:
        """Whether there is an address to try in place of this one, which accepts and says nothing more, as
        what stands before a server does for one that is gone (RFC 5321 §5.1)."""
        if self._address not in self.addresses:
            return False
        self._known.addresses.failed(self._address)
        return self._known.addresses.is_left(self.addresses)

    async def _connected_to(self, address: str) -> tuple[asyncio.Transport, Listener, str]:
        loop = asyncio.get_running_loop()
        return *await loop.create_connection(Listener, address, self.server.port), address

    async def greeting(self) -> Reply:
        limit = self.server.timeouts.greeting
        if self.server.port == 465 and self.server.security != "tls":
            limit = min(limit, self.server.timeouts.connect)  # each side waits for the other
        with self._explained("greeting", limit):
            response = await self._protocol.read_response(timeout=limit)
        reply = reply_from(response, "GREETING")
        if reply.code != 220:
            raise diagnosis.refused(self.server, "greeting", reply)
        return reply

    async def hello(self) -> None:
        """EHLO, or HELO where that is refused for good (RFC 5321 §3.2); fills `offers`."""
        with self._explained("ehlo"):
            name = self.server.helo or await aside(_qualified_name)
            name = name or self._address_literal()
            try:
                response = await self._client.ehlo(hostname=name)
            except aiosmtplib.SMTPHeloError as refusal:
                if not 500 <= refusal.code <= 599:
                    raise
                await self._plain_hello(name, refusal)
                self.offers = Offers(extended=False)
            else:
                self.offers = read_offers(response.message.split("\n")[1:])

    async def _plain_hello(self, name: str, refusal: aiosmtplib.SMTPHeloError) -> None:
        try:
            await self._client.helo(hostname=name)
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, ConnectionError):
            raise refusal from None  # it had said why

    async def secure(self) -> None:
        """TLS at once, or by STARTTLS where the server is spoken to that way."""
        with self._explained("tls"):
            if self.server.security == "starttls" and "starttls" not in self.offers.extensions:
                raise diagnosis.no_starttls(self.server, self.offers)
            context = await asyncio.to_thread(self._context)
            try:
                async with asyncio.timeout(self.server.timeouts.connect):
                    await self._handshake(context)
            except ssl.SSLCertVerificationError as error:
                raise tls_faults.bad_certificate(
                    self.server, error, await self._look(error)
                ) from None
        if self.server.fingerprint is not None:
            certificate = self._certificate()
            if certificate.fingerprint != self.server.fingerprint:
                raise tls_faults.another_certificate(self.server, certificate)

    def _context(self) -> ssl.SSLContext:
        server = self.server
        if server.context is not None:
            return server.context
        if server.ca is None and server.fingerprint is None:
            return _trusting_the_system()
        try:
            return context_of(server.ca, server.fingerprint)
        except (OSError, ssl.SSLError) as error:
            raise tls_faults.no_authorities(server, error) from None

    async def _handshake(self, context: ssl.SSLContext) -> None:
        if self.server.security == "tls":
            await self._begin_with_tls(context)
        else:
            await self._client.starttls(tls_context=context, server_hostname=self.server.name)

    async def _look(self, error: ssl.SSLCertVerificationError) -> PeerCertificate:
        """At a certificate that was not good enough, over a connection on which nothing more is said: what it
        is for, where only that was wrong, else its fingerprint."""
        context = unverified()
        if error.verify_code in tls_faults.OTHER_NAME:
            context = await asyncio.to_thread(self._without_name)
        looking = Opening(replace(self.server, context=context, fingerprint=None), self._known)
        try:
            async with asyncio.timeout(self.server.timeouts.connect):
                return await looking.certificate()
        except (SmtpError, OSError, aiosmtplib.SMTPException):
            return PeerCertificate()
        finally:
            looking.abort()

    def _without_name(self) -> ssl.SSLContext:
        """Trusting whom this connection does, under any name."""
        trusting, context = self._context(), ssl.create_default_context()
        context.check_hostname, context.verify_flags = False, trusting.verify_flags
        if known := trusting.get_ca_certs(binary_form=True):
            context.load_verify_locations(cadata=b"".join(known))
        return context

    async def certificate(self) -> PeerCertificate:
        """The certificate that the server shows. Raises SmtpError, OSError or SMTPException."""
        await self.look_up()
        await self.connect()
        if self.server.security == "starttls":
            await self.greeting()
            await self.hello()
        await self._handshake(self._context())
        return self._certificate()

    def _certificate(self) -> PeerCertificate:
        return peer_certificate(cast("ssl.SSLObject | None", self.information("ssl_object")))

    async def _begin_with_tls(self, context: ssl.SSLContext) -> None:
        transport = await asyncio.get_running_loop().start_tls(
            cast(asyncio.WriteTransport, self._client.transport),
            self._protocol,
            context,
            server_hostname=self.server.name,
            ssl_handshake_timeout=self.server.timeouts.connect,
        )
        self._client.transport = self._protocol.transport = transport

    async def log_in(self, credentials: Credentials) -> str:
        """Returns the mechanism that was used."""
        login = Login(self.server, self._client, self.offers, self._known.unfit)
        with self._explained("auth"):
            return await login.log_in(credentials)

    def information(self, key: str) -> object:
        """What the transport knows, as asyncio's `get_extra_info`; None where the connection has ended."""
        transport = self._client.transport
        try:
            return None if transport is None else transport.get_extra_info(key)
        except AttributeError:  # uvloop's, that has no socket any more
            return None

    def give_away(self) -> tuple[asyncio.Transport, Offers]:
        """The transport, for another protocol to be set at once."""
        transport = self._client.transport
        if self._listener is None or transport is None or transport.is_closing():
            raise diagnosis.closed(self.server, "auth")
        return cast(asyncio.Transport, transport), self.offers

    async def quit(self) -> None:
        """Take leave of a server that was only looked at. Raises SmtpError."""
        with self._explained("ehlo"):
            await self._client.quit(timeout=5.0)

    def abort(self) -> None:
        transport = self._client.transport
        if transport is None and self._listener is not None:
            transport = self._listener.transport
        if transport is not None:
            cast(asyncio.WriteTransport, transport).abort()

    @property
    def _protocol(self) -> Listener:
        assert self._listener is not None
        return self._listener

    def _address_literal(self) -> str:
        """RFC 5321 §4.1.3."""
        name = cast("tuple[str, int] | None", self.information("sockname"))
        host = name[0] if name else "127.0.0.1"  # None where the connection has ended already
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    @contextmanager
    def _explained(self, step: str, limit: float | None = None) -> Iterator[None]:
        """Whatever fails inside becomes an SmtpError that says what to change."""
        try:
            yield
        except (aiosmtplib.SMTPException, OSError, UnicodeError, ValueError) as error:
            raise self._explanation(step, error, limit) from None

    def _explanation(self, step: str, error: Exception, limit: float | None) -> SmtpError:
        server = self.server
        if self._listener is not None and self._listener.offence is not None:
            if step == "tls" and server.security == "tls":
                return tls_faults.plain_instead_of_tls(server)
            return diagnosis.not_smtp(server, step, self._listener.offence)
        if isinstance(error, aiosmtplib.SMTPResponseException):
            reply = reply_from(SMTPResponse(error.code, error.message), step.upper())
            return diagnosis.refused(server, step, reply)
        if isinstance(error, TimeoutError):
            return diagnosis.too_slow(server, step, limit or server.timeouts.connect)
        if isinstance(error, ssl.SSLError):
            return tls_faults.not_secure(server, error)
        if step == "dns" and isinstance(error, OSError | UnicodeError):
            return diagnosis.no_such_host(server, error)
        if isinstance(error, ConnectionError | OSError):
            asked = step == "tls" and self._listener is not None and self._listener.is_owed
            by_starttls = asked and server.security == "starttls"
            return diagnosis.closed(server, "starttls" if by_starttls else step)
        return SmtpError(f"{diagnosis.address(server)}: {step} is not possible", step=step)


@cache
def _trusting_the_system() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _qualified_name() -> str | None:
    """This machine's name where it has a domain; None leaves the address literal."""
    for name in (socket.gethostname(), socket.getfqdn()):
        if "." in name.strip(".") and name.isascii() and not name.endswith(".arpa"):
            return name
    return None
