"""Messages as they are composed, and pages of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sendbatch.campaign.model import Mailbox
from sendbatch.message.compose import composed
from sendbatch.message.content import Bundle, Content, SharedFile
from sendbatch.message.letter import Letter
from sendbatch.preview.album import Album
from sendbatch.preview.document import Document, Entry, Known, Made, entry_of
from sendbatch.preview.gallery import file_name, write_gallery
from sendbatch.values import Message, Recipient

MADE = Made(1_800_000_000.0, "c0ffee" * 10, "1badca")


class Mail(NamedTuple):
    """A message, and who gets it."""

    recipient: Recipient
    message: Message

    def entry(self, album: Album | None = None, **known: Any) -> Entry:
        whom = Known(self.recipient.email, self.recipient.row, self.recipient.key, **known)
        return entry_of(self.message.data, whom, album or Album())


def document_of(mails: Sequence[Mail], title: str = "spring", **more: Any) -> Document:
    album = Album()
    names = [file_name(n, len(mails), one.recipient.row) for n, one in enumerate(mails, start=1)]
    entries = [one.entry(album, file=name) for one, name in zip(mails, names, strict=True)]
    values: dict[str, Any] = {"made": MADE, "total": len(entries), **more}
    return Document("gallery", title, entries=[*entries], album=album, **values)


def write(folder: Path, mails: Sequence[Mail], title: str = "spring", **more: Any) -> Path:
    document = document_of(mails, title, **more)
    messages = {
        one.file: mail.message.data for one, mail in zip(document.entries, mails, strict=True)
    }
    return write_gallery(folder, document, messages)


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
) -> Mail:
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
    return Mail(recipient, composed(parts))


@pytest.fixture
def mail() -> Callable[..., Mail]:
    return built
