"""`proof --inspect`: the proof goes through a server that changes it, and is read in a real mailbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from sendbatch.arrival import mailbox
from sendbatch.session import arrived
from tests.kit.command import Desk
from tests.kit.dovecot import PASSWORD, USER, Dovecot, dovecot
from tests.kit.mailhost import MailHost
from tests.kit.server import without_dots
from tests.kit.waiting import until


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def at(
    desk: Desk, server: Dovecot, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """at(folder, changes): what the server takes is passed on to this folder, with these changes."""
    mailhost.take_over(desk)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    monkeypatch.setattr(mailbox, "PAUSE", 0.02)
    threads: list[threading.Thread] = []

    def relay(folder: str = "", *changes: tuple[bytes, bytes]) -> None:
        def passed_on() -> None:
            until(lambda: mailhost.mails, "a proof")
            mail = without_dots(mailhost.bodies[USER][0])
            for old, new in changes:
                mail = mail.replace(old, new)
            server.deliver(b"Received: by relay.example\r\n" + mail, folder)

        threads.append(threading.Thread(target=passed_on))
        threads[-1].start()

    yield relay
    for thread in threads:
        thread.join()


def test_a_proof_is_read_as_it_arrived_and_compared(
    desk: Desk, server: Dovecot, at: Callable[..., None]
) -> None:
    at("", (b"Message-ID: <proof", b"X-Relay: 1\r\nMessage-ID: <other"))
    told = desk.run("proof", "spring.yaml", "--to", USER, "--inspect", server.url()).ended(0)
    assert "3 proofs went out; the first is waited for in localhost, for 5 min at most" in told.err
    assert "added     x-relay" in told.out
    assert "localhost/INBOX" in told.out
    assert "the relay wrote another Message-ID (<other" in told.out
    assert PASSWORD not in told.out + told.err


def test_one_that_arrives_as_junk_is_told_so(
    desk: Desk, server: Dovecot, at: Callable[..., None]
) -> None:
    at(".Junk")
    told = desk.run("proof", "spring.yaml", "--to", USER, "--inspect", server.url()).ended(0)
    assert "localhost/Junk: warning: it arrived in the folder for junk" in told.out
    assert "Message-ID" not in told.out


def test_one_that_does_not_arrive_ends_with_1(
    desk: Desk, server: Dovecot, at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrived, "WAIT", 0.1)
    told = desk.run("proof", "spring.yaml", "--to", USER, "--inspect", server.url()).ended(1)
    assert "the proof did not arrive in time" in told.err


def test_nothing_is_sent_where_the_mailbox_cannot_be_used(
    desk: Desk,
    server: Dovecot,
    mailhost: MailHost,
    at: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*words: str) -> str:
        return desk.run("proof", "spring.yaml", *words).ended(2).err

    one = ("--to", USER)
    kept = refused(*one, "--smtp", "sandbox", "--inspect", server.url())
    assert "the server of the profile sandbox keeps the mail, and none arrives" in kept
    assert "has no folder Nowhere" in refused(*one, "--inspect", server.url(folder="Nowhere"))
    assert "--to names several" in refused(*one, "--to", "sam@x.example", "--inspect", server.url())
    said = refused(*one, "--inspect", "imaps://rita:hunter2@localhost")
    assert "has a password in it" in said
    assert "hunter2" not in said
    monkeypatch.setenv("IMAP_PASSWORD", "hunter2")
    assert "refused the login" in refused(*one, "--inspect", server.url())
    monkeypatch.delenv("IMAP_PASSWORD")
    assert "IMAP_PASSWORD is not set" in refused(*one, "--inspect", server.url())
    assert not mailhost.mails
