"""Messages as compose makes them, built with the standard library."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from sendbatch.preview.page import Made
from sendbatch.values import Envelope, Message, Recipient

Built = tuple[Recipient, Message]
MADE = Made(1_800_000_000.0, "c0ffee" * 10, "1badca")


def built(
    row: int = 2,
    email: str = "jane@example.com",
    *,
    subject: str = "Spring is here",
    text: str | None = "Dear Jane",
    html: str | None = "<p>Dear <b>Jane</b></p>",
    files: dict[str, bytes] | None = None,
    headers: dict[str, str] | None = None,
) -> Built:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Example News <news@example.com>"
    mail["To"] = email
    mail["Subject"] = subject
    for name, value in (headers or {}).items():
        mail[name] = value
    if text is not None:
        mail.set_content(text)
    if html is not None and text is not None:
        mail.add_alternative(html, subtype="html")
    elif html is not None:
        mail.set_content(html, subtype="html")
    for name, data in (files or {}).items():
        mail.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    envelope = Envelope("bounces@example.com", email)
    return raw(mail.as_bytes(), row, email, envelope)


def raw(
    data: bytes, row: int = 2, email: str = "jane@example.com", envelope: Envelope | None = None
) -> Built:
    envelope = envelope or Envelope("bounces@example.com", email)
    return Recipient(row, row, email, email, ()), Message(envelope, data, "<a@b>", 0.0)


@pytest.fixture
def mail() -> Callable[..., Built]:
    return built


@pytest.fixture
def wire() -> Callable[..., Built]:
    return raw
