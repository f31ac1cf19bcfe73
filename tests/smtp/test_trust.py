"""Whom TLS trusts, by a profile's `ca`, `fingerprint` and `server_name`; and what is said where it fails."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from sendbatch.errors import SmtpError
from sendbatch.smtp import tls_faults
from sendbatch.smtp.connection import Server, open_connection
from sendbatch.smtp.trust import context_of, fingerprint_of
from tests.kit.postbox import JANE, StartPostbox
from tests.kit.scripted import QUICK, Talk, scripted

BOTH = pytest.mark.parametrize("security", ["starttls", "tls"])


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "company-ca.pem"))
    return tmp_path / "company-ca.pem"


def opens(server: Server) -> bool:
    async def opening() -> None:
        await (await open_connection(server, JANE)).quit()

    asyncio.run(opening())
    return True


def fault(server: Server) -> tuple[str, str]:
    """What is said, and the hint; a fault of trust is never one that passes by itself."""
    with pytest.raises(SmtpError) as caught:
        opens(server)
    assert (caught.value.step, caught.value.temporary) == ("tls", False)
    return caught.value.findings[0].message, caught.value.findings[0].hint or ""


@BOTH
def test_a_private_authority_is_trusted_by_its_file_alone(
    postbox: StartPostbox, ca: Path, security: str
) -> None:
    server, inbox = postbox(security)
    said, hint = fault(server)
    assert "signed by" in said
    assert "ca: FILE" in hint
    assert opens(replace(server, ca=ca))
    other, _ = postbox(security, issuer=trustme.CA())
    assert fault(replace(other, ca=ca))[1].startswith("ca: names another authority")
    assert not inbox.envelopes


def test_the_file_may_be_the_servers_own_certificate(authority: trustme.CA, ca: Path) -> None:
    own, met = authority.issue_cert("localhost"), []
    own.cert_chain_pems[0].write_to_path(str(ca))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.configure_cert(made)

    async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        writer.close()

    async def opening() -> None:
        async with await asyncio.start_server(greets, "127.0.0.1", 0, ssl=made) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context_of(ca, None), server_hostname="localhost"
            )
            met.append(await reader.readline())
            writer.close()

    asyncio.run(asyncio.wait_for(opening(), 30))
    assert met == [b"220 hello\r\n"]


def test_a_file_that_is_no_pem_is_told_of(postbox: StartPostbox, ca: Path) -> None:
    ca.write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    server, _ = postbox("tls")
    assert "cannot be used" in fault(replace(server, ca=ca))[0]


@BOTH
def test_the_certificate_of_the_fingerprint_is_trusted_whatever_its_chain_and_name(
    postbox: StartPostbox, security: str
) -> None:
    server, _ = postbox(security, name="proton.example", issuer=trustme.CA())
    _, hint = fault(server)
    shown = "sha256:" + hint.partition("sha256:")[2][:64]
    assert opens(replace(server, fingerprint=shown))
    wrong = "sha256:" + "0" * 64
    said, hint = fault(replace(server, fingerprint=wrong))
    assert said.endswith(f"is not the one of fingerprint: it is {shown}")
    assert "compare" in hint


def test_no_byte_is_said_to_a_server_whose_fingerprint_is_another(
    authority: trustme.CA, tls_server: Callable[..., ssl.SSLContext]
) -> None:
    heard: list[bytes] = []

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        try:
            heard.append(await reader.read())
        except ConnectionError:
            heard.append(b"")
        writer.close()

    async def opening() -> None:
        async with await asyncio.start_server(listens, "127.0.0.1", 0, ssl=tls_server()) as server:
            port = server.sockets[0].getsockname()[1]
            wrong = "sha256:" + "0" * 64
            at = Server("127.0.0.1", port, "tls", timeouts=QUICK, fingerprint=wrong)
            with pytest.raises(SmtpError):
                await open_connection(at, JANE)
            while not heard:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(opening(), 30))
    assert heard == [b""]


@pytest.fixture
def tls_server(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    def make(name: str = "localhost") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    return make


@BOTH
def test_a_tunnel_is_told_the_name_in_the_certificate(
    postbox: StartPostbox, ca: Path, trusting: ssl.SSLContext, security: str
) -> None:
    server, _ = postbox(security, name="smtp.example.com")
    said, hint = fault(replace(server, ca=ca))
    assert said.endswith("is for another name, smtp.example.com")
    assert "server_name: with the name in the certificate" in hint
    assert opens(replace(server, ca=ca, server_name="smtp.example.com"))
    assert opens(replace(server, context=trusting, server_name="smtp.example.com"))
    by_address = replace(server, host="127.0.0.1", ca=ca)
    assert "smtp.example.com" in fault(by_address)[0]
    assert opens(replace(by_address, server_name="smtp.example.com"))
    assert (
        "mail.example.com is not" in fault(replace(by_address, server_name="mail.example.com"))[1]
    )


def test_authorities_of_the_environment_that_are_not_there_are_named(
    postbox: StartPostbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = postbox("tls", context=ssl.create_default_context())
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/ca.pem")
    assert fault(server)[1] == "SSL_CERT_FILE names what is not there"


def handshake(prepare: Callable[[ssl.SSLContext], None], made: ssl.SSLContext) -> tuple[str, str]:
    """What is said of a server with such a context, over TLS from the first byte."""
    prepare(made)

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def opening() -> SmtpError:
        async with await asyncio.start_server(never, "127.0.0.1", 0, ssl=made) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(SmtpError) as caught:
                await open_connection(Server("127.0.0.1", port, "tls", timeouts=QUICK), None)
            return caught.value

    error = asyncio.run(asyncio.wait_for(opening(), 30))
    assert (error.step, error.temporary) == ("tls", False)
    return error.findings[0].message, error.findings[0].hint or ""


def test_no_cipher_in_common_is_told_from_an_old_version(
    tls_server: Callable[..., ssl.SSLContext],
) -> None:
    def null_alone(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("NULL-SHA256:@SECLEVEL=0")

    said, hint = handshake(null_alone, tls_server())
    assert "closed the connection" in said
    assert "TLS 1.2" in hint


@pytest.mark.parametrize(
    ("reason", "said", "to_do"),
    [
        ("UNSUPPORTED_PROTOCOL", "only versions older than TLS 1.2", "switch on TLS 1.2"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "only versions older than TLS 1.2", "switch on TLS 1.2"),
        ("DH_KEY_TOO_SMALL", "its key is too small", "2048 bits"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "no cipher that both take", "ECDHE"),
        ("TLSV1_ALERT_INTERNAL_ERROR", "its own TLS failed", "log"),
        ("TLSV1_UNRECOGNIZED_NAME", "does not know this name", "server_name"),
        ("WRONG_VERSION_NUMBER", "does not begin with TLS", "wants security: starttls"),
        (
            "UNEXPECTED_EOF_WHILE_READING",
            "closed the connection in the TLS handshake",
            "older than",
        ),
        ("SOMETHING_ELSE", "something else", ""),
    ],
)
def test_what_a_failed_handshake_says_of_its_cause(reason: str, said: str, to_do: str) -> None:
    error = ssl.SSLError(1, "no")
    error.reason = reason
    fault = tls_faults.not_secure(Server("mail.example.com", 25025, "tls"), error).findings[0]
    assert said in fault.message
    assert to_do in (fault.hint or "")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (9, "not valid yet"),
        (10, "has expired"),
        (18, "is self-signed"),
        (66, "too small"),
        (68, "SHA-1"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(code: int, said: str) -> None:
    error = ssl.SSLCertVerificationError(1, "no")
    error.verify_code, error.verify_message = code, "no"
    fault = tls_faults.bad_certificate(Server("mail.example.com", 587, "starttls"), error).findings[0]
    assert said in fault.message
    assert fault.hint


def test_a_cut_handshake_says_what_it_may_be() -> None:
    async def cuts(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 STARTTLS\r\n")
        await talk.answers(b"220 go\r\n")
        talk.closes()

    async def opening() -> None:
        async with scripted(cuts) as server:
            await open_connection(replace(server, security="starttls"), None)

    with pytest.raises(SmtpError) as caught:
        asyncio.run(opening())
    assert (caught.value.step, caught.value.temporary) == ("tls", False)
    assert "older than TLS 1.2" in (caught.value.findings[0].hint or "")


def test_a_fingerprint_is_of_the_whole_certificate() -> None:
    assert fingerprint_of(b"") == (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_a_server_that_bears_no_second_look_is_told_of_all_the_same(
    tls_server: Callable[..., ssl.SSLContext],
) -> None:
    visits: list[None] = []

    async def opening() -> SmtpError:
        context = tls_server()

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            visits.append(None)
            writer.write(b"220 hello\r\n")
            await reader.readline()
            writer.write(b"250-there\r\n250 STARTTLS\r\n")
            await reader.readline()
            if len(visits) == 1:
                writer.write(b"220 go\r\n")
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    await writer.start_tls(context)
            else:
                writer.write(b"454 not now\r\n")
            writer.close()

        async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(SmtpError) as caught:
                await open_connection(Server("localhost", port, "starttls", timeouts=QUICK), JANE)
            return caught.value

    error = asyncio.run(asyncio.wait_for(opening(), 30))
    assert (error.step, len(visits)) == ("tls", 2)
    assert "signed by" in str(error)
    assert "sha256" not in str(error)
