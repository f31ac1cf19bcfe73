"""What a probe tells, step by step."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest

from sendbatch.campaign.model import Profile, SecretSource, Timeouts
from sendbatch.campaign.secrets import Credentials
from sendbatch.errors import ProfileError
from sendbatch.smtp.connection import Server, server_of
from sendbatch.smtp.probe import Step, probe
from tests.kit.postbox import JANE, StartPostbox
from tests.kit.scripted import QUICK, Talk, scripted


def steps(server: Server, read: Callable[[], Credentials | None] = lambda: None) -> list[Step]:
    async def probing() -> list[Step]:
        return [step async for step in probe(server, read)]

    return asyncio.run(probing())


def names(found: list[Step]) -> list[str]:
    return [step.name for step in found]


def test_a_server_with_starttls_and_a_login_is_told_step_by_step(
    postbox: StartPostbox, trusting: ssl.SSLContext
) -> None:
    server, inbox = postbox("starttls", context=trusting)
    found = steps(server, lambda: JANE)
    assert names(found) == ["dns", "connect", "greeting", "tls", "auth", "ehlo"]
    assert all(step.ok for step in found)
    assert "TLSv1.3, certificate for localhost, valid until " in found[3].text
    assert found[4].text == "logged in with plain"
    assert "SMTPUTF8" in found[5].text
    assert not inbox.envelopes


def test_a_certificate_known_by_its_fingerprint_is_told_as_that(postbox: StartPostbox) -> None:
    server, _ = postbox("tls")
    hint = steps(server)[-1].hint or ""
    trusted = replace(server, fingerprint="sha256:" + hint.partition("sha256:")[2][:64])
    assert steps(trusted)[2].text == (
        "TLSv1.3, the certificate of fingerprint: its names and dates do not count"
    )


def test_with_tls_at_once_the_handshake_comes_before_the_greeting(
    postbox: StartPostbox, trusting: ssl.SSLContext
) -> None:
    server, _ = postbox("tls", context=trusting)
    assert names(steps(server)) == ["dns", "connect", "tls", "greeting", "ehlo", "auth"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_first_step_that_fails_is_the_last_and_says_what_to_change(
    postbox: StartPostbox, trusting: ssl.SSLContext, security: str
) -> None:
    server, _ = postbox(security, expired=True, context=trusting)
    last = steps(server, lambda: JANE)[-1]
    assert (last.name, last.ok) == ("tls", False)
    assert "has expired" in last.text
    assert last.hint


def test_a_wrong_password_is_told_without_it(
    postbox: StartPostbox, trusting: ssl.SSLContext
) -> None:
    server, _ = postbox("tls", context=trusting)
    found = steps(server, lambda: Credentials("jane", "wr0ngword"))
    assert (found[-1].name, found[-1].ok) == ("auth", False)
    assert "535" in found[-1].text
    assert "wr0ngword" not in repr(found)


def test_a_secret_that_cannot_be_read_is_a_failed_login(postbox: StartPostbox) -> None:
    def read() -> Credentials:
        raise ProfileError("SMTP_PASSWORD is not set", hint="export it")

    server, _ = postbox("none")
    assert steps(server, read)[-1] == Step("auth", False, "SMTP_PASSWORD is not set", "export it")


def test_a_server_nobody_knows_ends_the_probe_at_once() -> None:
    (step,) = steps(Server("a..b", 25, "none", timeouts=QUICK))
    assert (step.name, step.ok, step.text) == ("dns", False, "no such host: a..b")


def test_a_probe_broken_off_leaves_no_connection_behind() -> None:
    async def waits(talk: Talk) -> None:
        await talk.opens()
        await talk.hears_the_rest()

    async def probing() -> None:
        async with scripted(waits) as server:
            walk = probe(server, lambda: None)
            async for step in walk:
                if step.name == "greeting":
                    break
            await walk.aclose()

    asyncio.run(probing())


def test_a_server_without_pipelining_is_called_slower() -> None:
    async def offers_little(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(b"221 bye\r\n")

    async def probing() -> list[Step]:
        async with scripted(offers_little) as server:
            return [step async for step in probe(server, lambda: None)]

    found = {step.name: step for step in asyncio.run(probing())}
    assert "PIPELINING" in (found["ehlo"].hint or "")


def test_a_profile_names_its_server() -> None:
    profile = Profile(
        "p",
        "smtp.example.com",
        587,
        "starttls",
        provider="gmail",
        password=SecretSource(template="${P}"),
        auth="login",
        helo="me.example.com",
        timeouts=Timeouts(final=7),
    )
    server = server_of(profile)
    assert server == Server(
        "smtp.example.com",
        587,
        "starttls",
        "login",
        "me.example.com",
        Timeouts(final=7),
        provider="gmail",
    )
    assert not server.is_local
    assert replace(server, host="127.0.0.2").is_local


def test_where_one_way_to_log_in_ends_the_connection_another_is_opened_as_a_run_does() -> None:
    talks: list[Talk] = []

    async def closes(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens(b"250-there\r\n250 AUTH CRAM-MD5 PLAIN\r\n")
        if len(talks) == 1:
            await talk.hears()
            await talk.says(b"504 5.5.4 not implemented\r\n")
            talk.closes()
            return
        await talk.answers(b"235 ok\r\n")
        await talk.hears_the_rest()

    async def probing() -> list[Step]:
        async with scripted(closes) as server:
            return [step async for step in probe(server, lambda: JANE)]

    found = asyncio.run(probing())
    assert [step.ok for step in found if step.name == "auth"] == [True]
    assert "for it refused cram-md5" in next(step.text for step in found if step.name == "auth")


def test_a_probe_takes_its_leave() -> None:
    heard: list[bytes] = []

    async def is_looked_at(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(b"221 bye\r\n")
        heard.extend(talk.heard)
        await talk.hears_the_rest()

    async def probing() -> None:
        async with scripted(is_looked_at) as server:
            assert [step.ok async for step in probe(server, lambda: None)]

    asyncio.run(probing())
    assert heard[-1] == b"QUIT\r\n"
