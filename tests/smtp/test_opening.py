"""Connecting, securing and logging in to a real server; and what people are told when it fails."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import aiosmtplib
import pytest
import trustme

from sendbatch.campaign.secrets import Credentials
from sendbatch.errors import SmtpError
from sendbatch.smtp import opening as smtp_opening
from sendbatch.smtp.connection import Offers, Server, open_connection
from sendbatch.smtp.known import Known
from sendbatch.smtp.login import Login
from sendbatch.values import Status
from tests.kit.handing import Ended, hand_over
from tests.kit.postbox import JANE, StartPostbox
from tests.kit.scripted import EHLO, QUICK, Talk, a_message, scripted


def send(server: Server, credentials: Credentials | None = None) -> Ended:
    async def sending() -> Ended:
        connection = await open_connection(server, credentials)
        outcome = await hand_over(connection, a_message())
        await connection.quit()
        return outcome

    return asyncio.run(sending())


def failure(server: Server, credentials: Credentials | None = None) -> SmtpError:
    with pytest.raises(SmtpError) as caught:
        send(server, credentials)
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caught.value.findings}"
    assert credentials is None or credentials.password not in shown
    return caught.value


def hint(error: SmtpError) -> str:
    return error.findings[0].hint or ""


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
@pytest.mark.parametrize("auth", ["auto", "plain", "login", "cram-md5"])
def test_every_mechanism_logs_in_with_every_security(
    postbox: StartPostbox, trusting: ssl.SSLContext, security: str, auth: str
) -> None:
    server, inbox = postbox(
        security, auth=auth, context=trusting, auth_required=security == "starttls"
    )
    assert send(server, JANE).status is Status.ACCEPTED
    assert len(inbox.envelopes) == 1


@pytest.mark.parametrize("auth", ["auto", "plain", "login", "cram-md5"])
def test_a_wrong_password_is_a_permanent_refusal_of_the_login(
    postbox: StartPostbox, trusting: ssl.SSLContext, auth: str
) -> None:
    server, _ = postbox("starttls", auth=auth, context=trusting)
    error = failure(server, Credentials("jane", "wr0ngword"))
    assert (error.step, error.code, error.temporary) == ("auth", 535, False)
    assert "username and password" in hint(error)


def test_a_token_logs_in_with_xoauth2(postbox: StartPostbox, trusting: ssl.SSLContext) -> None:
    server, _ = postbox("tls", auth="xoauth2", context=trusting)
    assert send(server, Credentials("jane", "t0ken")).status is Status.ACCEPTED


def test_an_old_token_is_refused(postbox: StartPostbox, trusting: ssl.SSLContext) -> None:
    server, _ = postbox("tls", auth="xoauth2", context=trusting)
    error = failure(server, Credentials("jane", "old-t0ken"))
    assert (error.step, error.code) == ("auth", 535)


def test_xoauth2_is_never_chosen_by_itself(postbox: StartPostbox, trusting: ssl.SSLContext) -> None:
    without = ("PLAIN", "LOGIN", "CRAM-MD5")
    server, _ = postbox("tls", context=trusting, exclude=without)
    error = failure(server, JANE)
    assert error.step == "auth"
    assert "auth: xoauth2" in hint(error)


def test_a_mechanism_that_is_not_offered_is_named(
    postbox: StartPostbox, trusting: ssl.SSLContext
) -> None:
    server, _ = postbox("tls", auth="cram-md5", context=trusting, exclude=("CRAM-MD5",))
    error = failure(server, JANE)
    assert error.step == "auth"
    assert "plain" in hint(error)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_expired_certificate_is_refused(
    postbox: StartPostbox, trusting: ssl.SSLContext, security: str
) -> None:
    server, _ = postbox(security, expired=True, context=trusting)
    error = failure(server, JANE)
    assert (error.step, error.temporary) == ("tls", False)
    assert "has expired" in str(error)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_for_another_name_is_refused(
    postbox: StartPostbox, trusting: ssl.SSLContext, security: str
) -> None:
    server, _ = postbox(security, name="mail.example.com", context=trusting)
    error = failure(server, JANE)
    assert error.step == "tls"
    assert "for another name" in str(error)
    assert "localhost is not" in hint(error)


def test_a_machine_without_any_authority_is_told_of(
    postbox: StartPostbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a bare image of a system is, without the package ca-certificates."""
    nothing = ssl.get_default_verify_paths()._replace(cafile=None, capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    monkeypatch.setenv(
        "SSL_CERT_FILE", str(tmp_path)
    )  # for OpenSSL itself: a folder is no list of them
    server, _ = postbox("tls", context=ssl.create_default_context())
    said = hint(failure(server, JANE))
    assert "install ca-certificates" in said
    assert "SSL_CERT_FILE" in said


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority_is_refused(
    postbox: StartPostbox, trusting: ssl.SSLContext, security: str
) -> None:
    server, _ = postbox(security, issuer=trustme.CA(), context=trusting)
    error = failure(server, JANE)
    assert error.step == "tls"
    assert "unknown authority" in str(error)


def test_the_systems_trust_is_the_default(postbox: StartPostbox) -> None:
    server, _ = postbox("starttls", context=None)
    assert failure(server, JANE).step == "tls"


def test_a_server_without_starttls_is_an_error_and_no_silent_fallback(
    postbox: StartPostbox,
) -> None:
    server, inbox = postbox("none")
    error = failure(replace(server, security="starttls"), JANE)
    assert (error.step, error.temporary) == ("tls", False)
    assert "does not offer STARTTLS" in str(error)
    assert not inbox.envelopes


def test_tls_spoken_to_a_plain_port_says_what_the_port_wants(
    postbox: StartPostbox, trusting: ssl.SSLContext
) -> None:
    server, _ = postbox("starttls", context=trusting)
    error = failure(replace(server, security="tls"), JANE)
    assert (error.step, error.temporary) == ("tls", False)
    assert hint(error) == f"port {server.port} wants security: starttls"


def test_a_port_that_waits_for_tls_never_greets(
    postbox: StartPostbox, trusting: ssl.SSLContext
) -> None:
    server, _ = postbox("tls", context=trusting)
    limits = replace(QUICK, greeting=0.2)
    error = failure(replace(server, security="starttls", timeouts=limits), JANE)
    assert (error.step, error.temporary) == ("greeting", True)


def test_nobody_listening_is_refused_and_not_temporary() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        error = failure(Server("127.0.0.1", taken.getsockname()[1], "none", timeouts=QUICK))
    assert (error.step, error.refused, error.temporary) == ("connect", True, False)
    assert "nobody listens" in str(error)


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", ""])
def test_a_name_that_cannot_be_one_is_no_such_host(host: str) -> None:
    error = failure(Server(host or "\x7f", 25, "none", timeouts=QUICK))
    assert error.step == "dns"


def played(script, credentials=None, **options) -> SmtpError:
    async def opening() -> None:
        async with scripted(script) as server:
            await open_connection(replace(server, **options), credentials)

    with pytest.raises(SmtpError) as caught:
        asyncio.run(opening())
    return caught.value


@pytest.mark.parametrize(
    ("said", "temporary"), [(b"554 go away\r\n", False), (b"421 busy\r\n", True)]
)
def test_a_refusal_at_the_greeting_keeps_its_code(said: bytes, temporary: bool) -> None:
    async def refuses(talk: Talk) -> None:
        await talk.says(said)
        await talk.hears_the_rest()

    error = played(refuses)
    assert (error.step, error.code, error.temporary) == ("greeting", int(said[:3]), temporary)


@pytest.mark.parametrize("said", [b"502 what\r\n", b"421 later\r\n"])
def test_a_refusal_of_ehlo_keeps_its_code(said: bytes) -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(ehlo=said)
        await talk.hears()  # HELO, where that makes sense

    error = played(refuses)
    assert (error.step, error.code) == ("ehlo", int(said[:3]))
    assert "helo: mail.example.com" in hint(error)


def test_a_refused_name_of_the_profiles_own_is_named() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(ehlo=b"504 5.5.2 <mailer>: Helo command rejected\r\n")
        await talk.hears()

    assert "EHLO said mailer; where the server wants another name" in hint(
        played(refuses, helo="mailer")
    )


def test_where_ehlo_is_unknown_helo_does() -> None:
    async def old(talk: Talk) -> None:
        await talk.opens(ehlo=b"502 what\r\n")
        await talk.answers(b"250 good day\r\n")
        assert talk.heard[1].startswith(b"HELO ")
        await talk.hears_the_rest()

    async def opens() -> Offers:
        async with scripted(old) as server:
            connection = await open_connection(server, None)
            connection.abort()
            return connection.offers

    assert not asyncio.run(opens()).extended


@pytest.mark.parametrize(
    ("ehlo", "helo", "hint"),
    [
        (b"502 what\r\n", [b"250 good day\r\n"], "it refuses EHLO, and HELO knows neither"),
        (b"250 good day\r\n", [], "it may offer one after TLS: security: starttls"),
    ],
)
def test_where_no_login_is_offered_it_is_said_why(
    ehlo: bytes, helo: list[bytes], hint: str
) -> None:
    async def without(talk: Talk) -> None:
        await talk.opens(ehlo=ehlo)
        await talk.answers(*helo)
        await talk.hears_the_rest()

    error = played(without, credentials=JANE)
    assert (error.step, error.temporary) == ("auth", False)
    assert hint in str(error)


def test_the_end_before_the_greeting_is_temporary() -> None:
    async def closes(talk: Talk) -> None:
        talk.closes()

    error = played(closes)
    assert (error.step, error.temporary, error.code) == ("greeting", True, None)
    assert hint(error) == "does it begin with TLS? then security: tls"


@pytest.mark.parametrize("code", [530, 538])
def test_a_login_that_wants_tls_first_says_so(code: int) -> None:
    async def wants_tls(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH PLAIN\r\n")
        await talk.answers(b"%d 5.7.0 Encryption required\r\n" % code)
        await talk.hears_the_rest()

    error = played(wants_tls, credentials=JANE)
    assert (error.step, error.code, error.temporary) == ("auth", code, False)
    assert hint(error) == "the server wants TLS first: security: starttls"


def test_another_protocol_is_told_from_smtp() -> None:
    async def speaks_ssh(talk: Talk) -> None:
        await talk.says(b"SSH-2.0-OpenSSH_9.9\r\n")
        await talk.hears_the_rest()

    error = played(speaks_ssh)
    assert (error.step, error.temporary) == ("greeting", False)
    assert "does not speak SMTP" in str(error)


def test_a_refused_starttls_keeps_its_code() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 STARTTLS\r\n")
        await talk.answers(b"454 not now\r\n")
        await talk.hears_the_rest()

    error = played(refuses, security="starttls")
    assert (error.step, error.code, error.temporary) == ("tls", 454, True)


def test_bytes_behind_the_reply_to_starttls_end_the_connection() -> None:
    heard = b""

    async def injects(talk: Talk) -> None:
        nonlocal heard
        await talk.opens(b"250-there\r\n250 STARTTLS\r\n")
        await talk.answers(b"220 go\r\n250-there\r\n250 AUTH PLAIN\r\n")
        heard = await talk.hears_the_rest()

    error = played(injects, JANE, security="starttls")
    assert error.step == "tls"
    assert "more than it was asked for" in str(error)
    assert heard == b""


def test_a_second_reply_to_ehlo_ends_the_connection() -> None:
    async def says_too_much(talk: Talk) -> None:
        await talk.opens(EHLO + b"250 ok\r\n")
        await talk.hears_the_rest()

    assert "more than it was asked for" in str(played(says_too_much))


def test_a_greeting_too_long_to_be_one_is_cut_off() -> None:
    async def babbles(talk: Talk) -> None:
        await talk.says(b"220-hello\r\n" * 200)
        await talk.hears_the_rest()

    assert played(babbles).step == "greeting"


def test_a_temporary_refusal_of_the_login_is_temporary() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH PLAIN\r\n")
        await talk.answers(b"454 4.7.0 temporary authentication failure\r\n")
        await talk.hears_the_rest()

    error = played(refuses, JANE)
    assert (error.step, error.code, error.temporary) == ("auth", 454, True)


def test_a_secret_that_the_server_echoes_is_scrubbed() -> None:
    async def echoes(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH PLAIN\r\n")
        line = await talk.hears()
        await talk.says(b"535 5.7.8 bad " + line.split()[-1] + b" s3cret\r\n")
        await talk.hears_the_rest()

    error = played(echoes, JANE)
    assert "s3cret" not in str(error)
    assert "*** ***" in str(error)


def test_no_login_offered_is_said_before_a_secret_leaves() -> None:
    heard = b""

    async def offers_none(talk: Talk) -> None:
        nonlocal heard
        await talk.opens()
        heard = await talk.hears_the_rest()

    error = played(offers_none, JANE)
    assert error.step == "auth"
    assert heard == b""


@pytest.mark.parametrize(
    ("host", "provider", "word"),
    [
        ("127.0.0.1", "gmail", "app password"),
        ("127.0.0.1", "icloud", "app-specific"),
        ("127.0.0.1", "sendgrid", "apikey"),
    ],
)
def test_a_refused_login_says_what_the_provider_wants(host: str, provider: str, word: str) -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH PLAIN\r\n")
        await talk.answers(b"535 5.7.8 no\r\n")
        await talk.hears_the_rest()

    assert word in hint(played(refuses, JANE, provider=provider))


@pytest.mark.parametrize(
    ("reply", "auth", "is_told"),
    [
        (b"550 5.7.30 Basic authentication is not supported for Client Submission.", "login", True),
        (
            b"535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            "auto",
            True,
        ),
        (b"535 5.7.3 Authentication unsuccessful", "auto", False),
        (b"535 5.7.139 Authentication unsuccessful, the token expired", "xoauth2", False),
    ],
)
def test_where_microsoft_takes_no_passwords_any_more_the_hint_is_of_tokens(
    reply: bytes, auth: str, is_told: bool
) -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH LOGIN PLAIN XOAUTH2\r\n")
        await talk.answers(reply + b"\r\n")
        await talk.hears_the_rest()

    told = hint(played(refuses, JANE, provider="microsoft365", auth=auth))
    assert ("password_command: a command that prints a token; or" in told) == is_told


OFFERS_THREE = b"250-there\r\n250 AUTH CRAM-MD5 PLAIN LOGIN\r\n"


async def opened(script: object, times: int = 1, **options: object) -> None:
    known = Known()
    async with scripted(script, **options) as server:
        for _ in range(times):
            (await open_connection(server, JANE, known=known)).abort()


def test_cram_md5_that_is_offered_and_refused_is_followed_by_the_next_in_this_run_for_good() -> (
    None
):
    heard: list[list[bytes]] = []

    async def cannot(talk: Talk) -> None:
        heard.append(talk.heard)
        await talk.opens(OFFERS_THREE)
        if len(heard) == 1:
            await talk.answers(b"334 PDFAYj4=\r\n", b"535 5.7.8 no\r\n")
        await talk.answers(b"235 ok\r\n")
        await talk.hears_the_rest()

    asyncio.run(opened(cannot, 2))
    assert heard[0][1] == b"AUTH CRAM-MD5\r\n"
    assert heard[0][3].startswith(b"AUTH PLAIN ")
    assert heard[1][1].startswith(b"AUTH PLAIN ")


def test_where_the_refusal_ends_the_connection_the_next_is_tried_on_another() -> None:
    talks: list[Talk] = []

    async def closes(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens(OFFERS_THREE)
        if len(talks) == 1:
            await talk.hears()
            await talk.says(b"504 5.5.4 not implemented\r\n")
            talk.closes()
            return
        await talk.answers(b"235 ok\r\n")
        await talk.hears_the_rest()

    asyncio.run(opened(closes))
    assert [talk.heard[1].split()[1] for talk in talks] == [b"CRAM-MD5", b"PLAIN"]


def test_where_the_connection_ends_instead_of_a_second_answer_it_is_tried_on_another() -> None:
    talks: list[Talk] = []

    async def closes(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens(OFFERS_THREE)
        if len(talks) == 1:
            await talk.answers(b"504 5.5.4 not implemented\r\n")
            await talk.hears()
            talk.closes()
            return
        await talk.answers(b"235 ok\r\n")
        await talk.hears_the_rest()

    asyncio.run(opened(closes))
    assert talks[0].heard[1] == b"AUTH CRAM-MD5\r\n"
    assert [talk.heard[-1].split()[1] for talk in talks] == [b"PLAIN", b"PLAIN"]


@pytest.mark.parametrize(
    ("offers", "replies", "tried"),
    [
        (b"CRAM-MD5 PLAIN LOGIN", [b"334 PDFAYj4=", b"535 no", b"535 no"], [b"CRAM-MD5", b"PLAIN"]),
        (b"CRAM-MD5 PLAIN", [b"500 what", b"535 no"], [b"CRAM-MD5", b"PLAIN"]),
        (b"PLAIN LOGIN", [b"535 no"], [b"PLAIN"]),
        (b"PLAIN LOGIN", [b"504 what", b"334 UGFzc3dvcmQ6", b"535 no"], [b"PLAIN", b"LOGIN"]),
        (b"CRAM-MD5 PLAIN", [b"454 later"], [b"CRAM-MD5"]),
        (b"CRAM-MD5", [b"334 PDFAYj4=", b"535 no"], [b"CRAM-MD5"]),
    ],
)
def test_a_wrong_password_is_tried_no_more_than_makes_sense(
    offers: bytes, replies: list[bytes], tried: list[bytes]
) -> None:
    talks: list[Talk] = []

    async def refuses(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens(b"250-there\r\n250 AUTH " + offers + b"\r\n")
        await talk.answers(*[reply + b"\r\n" for reply in replies])
        await talk.hears_the_rest()

    error = played(refuses, JANE)
    assert error.step == "auth"
    assert [line.split()[1] for line in talks[0].heard if line.startswith(b"AUTH")] == tried
    assert len(talks) == 1


def test_a_password_hidden_by_cram_md5_is_not_shown_on_a_line_that_others_read() -> None:
    offers = Offers(auth=("plain", "login", "cram-md5"))
    for host, usable in (("mail.example.com", 1), ("localhost", 3)):
        login = Login(Server(host, 25, "none"), aiosmtplib.SMTP(), offers, set())
        assert login.mechanisms() == ["cram-md5", "plain", "login"][:usable]


def test_a_plain_login_refused_names_the_other_ways() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH PLAIN LOGIN\r\n")
        await talk.answers(b"535 5.7.3 Authentication unsuccessful\r\n")
        await talk.hears_the_rest()

    assert "auth: login" in hint(played(refuses, JANE))


@pytest.mark.parametrize(
    ("challenge", "told"),
    [
        (b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}', "status 401"),
        (b'{"status":"\\u001b[2J400"}', "status"),
        (b"[1]", ""),
        (b"no json", ""),
    ],
)
def test_a_refused_token_is_told_with_the_servers_reason(challenge: bytes, told: str) -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH XOAUTH2\r\n")
        await talk.answers(b"334 " + base64.b64encode(challenge) + b"\r\n", b"535 5.7.8 no\r\n")
        await talk.hears_the_rest()

    error = played(refuses, JANE, auth="xoauth2")
    assert told in error.findings[0].message
    assert "\x1b" not in error.findings[0].message
    assert "token" in hint(error)
    assert "website" not in hint(error)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (b"535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "xoauth2"),
        (b"525 5.7.1 Unauthorized IP address", "this machine's address"),
    ],
)
def test_a_login_refused_for_another_reason_than_the_password_says_so(
    said: bytes, word: str
) -> None:
    async def refuses(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 AUTH PLAIN\r\n")
        await talk.answers(said + b"\r\n")
        await talk.hears_the_rest()

    assert word in hint(played(refuses, JANE))


@pytest.mark.parametrize("keyword", [b"XXXXXXXA", b"XXXXXXXB", b"xxxx"])
def test_a_firewall_that_blanks_out_the_offers_is_named(keyword: bytes) -> None:
    async def blanked(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250-SIZE 1000\r\n250 " + keyword + b"\r\n")
        await talk.hears_the_rest()

    assert "firewall" in hint(played(blanked, security="starttls"))
    assert "firewall" in hint(played(blanked, JANE))


CHALLENGES = {"login": b"334 UGFzc3dvcmQ6\r\n", "cram-md5": b"334 PDFAYj4=\r\n"}


@pytest.mark.parametrize("auth", ["plain", "login", "cram-md5", "xoauth2"])
def test_no_ehlo_follows_the_login_and_what_was_offered_before_it_counts(auth: str) -> None:
    talks: list[Talk] = []

    async def bears_one(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens(
            b"250-there\r\n250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
            b"250-SMTPUTF8\r\n250-LIMITS RCPTMAX=5 MAILMAX=7\r\n250 SIZE 2000\r\n"
        )
        if auth in CHALLENGES:
            await talk.answers(CHALLENGES[auth])
        await talk.answers(b"235 ok\r\n", b"221 bye\r\n")

    async def opening() -> Offers:
        async with scripted(bears_one, auth=auth) as server:
            connection = await open_connection(server, JANE)
            await connection.quit()
            return connection.offers

    offers = asyncio.run(opening())
    said = b"".join(talks[0].heard)
    assert (said.count(b"EHLO"), said.count(b"HELO")) == (1, 0)
    assert said.endswith(b"QUIT\r\n")
    assert (offers.size, offers.mailmax, offers.pipelining) == (2000, 7, True)
    assert offers.smtputf8


def test_what_is_offered_after_tls_counts(postbox: StartPostbox, trusting: ssl.SSLContext) -> None:
    async def opening(server: Server) -> Offers:
        connection = await open_connection(server, JANE)
        await connection.quit()
        return connection.offers

    server, _ = postbox("starttls", context=trusting)
    offers = asyncio.run(opening(server))
    assert "starttls" not in offers.extensions
    assert "plain" in offers.auth


def said_at_ehlo(helo: str | None) -> str:
    """What the client calls itself where the profile says so, or not."""
    talks: list[Talk] = []

    async def listens(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens()
        await talk.answers(b"221 bye\r\n")

    async def opening() -> None:
        async with scripted(listens, helo=helo) as server:
            connection = await open_connection(server, None)
            await connection.quit()

    asyncio.run(opening())
    ehlo, quits = talks[0].heard
    assert quits == b"QUIT\r\n"
    return ehlo.decode().removeprefix("EHLO ").removesuffix("\r\n")


def test_ehlo_says_the_profiles_name() -> None:
    assert said_at_ehlo("mail.example.com") == "mail.example.com"


@pytest.mark.parametrize(
    ("host", "full", "said"),
    [
        ("mx.example.com", "localhost", "mx.example.com"),
        ("mx", "mx.example.com", "mx.example.com"),
        ("mx", "localhost", "[127.0.0.1]"),
        ("mx.", "mx", "[127.0.0.1]"),
        ("mx", "1.0.0.127.in-addr.arpa", "[127.0.0.1]"),
        ("büro.example.com", "mx", "[127.0.0.1]"),
    ],
)
def test_without_one_ehlo_says_the_machines_full_name_or_its_address(
    monkeypatch: pytest.MonkeyPatch, host: str, full: str, said: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: host)
    monkeypatch.setattr("socket.getfqdn", lambda: full)
    by_name = smtp_opening._qualified_name.__wrapped__  # what it found once is not kept
    monkeypatch.setattr(smtp_opening, "_qualified_name", by_name)
    assert said_at_ehlo(None) == said
