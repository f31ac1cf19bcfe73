"""The server that the end-to-end tests rely on does what they rely on."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.e2e.postfix import PostfixServer


def letter(recipient: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "news@example.com"
    message["To"] = recipient
    message["Subject"] = "A smoke test"
    message["Message-ID"] = "<smoke@example.com>"
    message.set_content("Hello\n")
    return message


@pytest.fixture
def secured(postfix: PostfixServer) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(postfix.host, postfix.port, timeout=30) as connection:
        connection.starttls(context=postfix.tls())
        connection.ehlo()
        yield connection


def test_a_message_sent_after_starttls_and_login_arrives(
    postfix: PostfixServer, secured: smtplib.SMTP
) -> None:
    secured.login(postfix.user, postfix.password)
    secured.send_message(letter("ada@example.org"))
    (arrived,) = postfix.wait_for(1)
    assert arrived["Message-ID"] == "<smoke@example.com>"
    assert arrived["X-Original-To"] == "ada@example.org"


def test_a_wrong_password_is_refused(postfix: PostfixServer, secured: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        secured.login(postfix.user, "wrong")
    assert refusal.value.smtp_code == 535


def test_no_login_is_offered_before_tls_and_no_mail_taken_without_one(
    postfix: PostfixServer,
) -> None:
    with smtplib.SMTP(postfix.host, postfix.port, timeout=30) as connection:
        connection.ehlo()
        assert connection.has_extn("starttls")
        assert not connection.has_extn("auth")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            connection.send_message(letter("ada@example.org"))


def test_international_addresses_and_domains_are_delivered(
    postfix: PostfixServer, secured: smtplib.SMTP
) -> None:
    secured.login(postfix.user, postfix.password)
    secured.sendmail("news@example.com", ["post@xn--bcher-kva.example"], letter("x@y").as_bytes())
    secured.sendmail(
        "news@example.com", ["さくら@花.example"], letter("x@y").as_bytes(), ["SMTPUTF8"]
    )
    arrived = {message["X-Original-To"] for message in postfix.wait_for(2)}
    assert "post@xn--bcher-kva.example" in arrived
    assert len(arrived) == 2


@pytest.mark.parametrize(
    ("recipient", "code"), [("refused@a.example", 550), ("busy@b.example", 450)]
)
def test_some_recipients_are_refused_for_good_or_for_now(
    postfix: PostfixServer, secured: smtplib.SMTP, recipient: str, code: int
) -> None:
    secured.login(postfix.user, postfix.password)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        secured.send_message(letter(recipient))
    assert refusal.value.recipients[recipient][0] == code
