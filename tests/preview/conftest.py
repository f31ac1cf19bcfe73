"""Messages as they are composed, with the parts that they were composed of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sendbatch.campaign.model import Mailbox
from sendbatch.message.compose import composed
from sendbatch.message.content import Bundle, Content, SharedFile
from sendbatch.message.letter import Letter
from sendbatch.message.parts import Sample
from sendbatch.preview.gallery import Entry
from sendbatch.preview.page import Made
from sendbatch.values import Recipient

MADE = Made(1_800_000_000.0, "c0ffee" * 10, "1badca")


def built(
    row: int = 2,
    email: str = "jane@example.com",
    *,
    subject: str = "Spring is here",
    name: str = "",
    text: str | None = "Dear Jane",
    html: str | None = "<p>Dear <b>Jane</b></p>",
    files: dict[str, bytes] | None = None,
    headers: dict[str, str] | None = None,
    reply_to: tuple[Mailbox, ...] = (),
    invite: str | None = None,
) -> Entry:
    """The message to one person, all of it from cells: whatever stands in one is no template."""
    cells = {"subject": subject, "name": name, "text": text or "", "html": html or ""}
    content = Content(
        subject="{{ subject }}",
        sender=Mailbox("Example News", "news@example.com"),
        bounces_to="bounces@example.com",
        recipient_name="{{ name }}",
        html=None if html is None else Bundle("h", {"h": "{{ html|safe }}"}, {"h": "h"}),
        text=None if text is None else Bundle("t", {"t": "{{ text }}"}, {"t": "t"}),
        reply_to=reply_to,
        headers=tuple((headers or {}).items()),
        invite=None if invite is None else Bundle("p.ics", {"p.ics": invite}, {"p.ics": "p.ics"}),
        attachments=tuple(SharedFile(file, data) for file, data in (files or {}).items()),
    )
    recipient = Recipient(row, row, email, email, tuple(cells.values()))
    parts = Letter(content, tuple(cells), b"salt" * 8).parts(recipient, MADE.at)
    message = composed(parts)
    return Entry(recipient, Sample(parts, len(message.data)), message)


@pytest.fixture
def mail() -> Callable[..., Entry]:
    return built
