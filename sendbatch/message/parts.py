"""What one recipient gets, rendered and not yet encoded: the stage between the templates and MIME.

Whoever wants to look at a message before it is sent looks at these; what was composed is never parsed back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sendbatch.message.headers import Header
from sendbatch.values import Envelope


class File(NamedTuple):
    """An attachment. `size` is that of the file, in bytes; `encoded` is its MIME part, and empty where the
    parts come from a worker."""

    name: str
    media_type: str
    size: int
    encoded: bytes = b""


class Inline(NamedTuple):
    """A picture that the HTML shows by its Content-ID. `data` is empty where everybody gets it: the content
    has it. `encoded` is its MIME part, and empty where the parts come from a worker."""

    cid: str
    name: str
    media_type: str
    data: bytes
    encoded: bytes = b""


class Parts(NamedTuple):
    """One recipient's message as a reader has it.

    `headers` are all but those of MIME, in their order; the subject, the Message-ID and the date
    (`dated_at`, seconds since the epoch) are among them. The bodies are pieces to be joined: those that
    a template gives to everybody are the same objects each time, and are encoded once. The envelope's
    `smtputf8` is settled with the encoding. `calendar` is the MIME part of an invitation, of which the file
    is the first attachment; it is empty where there is none. What is `written` are the pieces that the
    author's templates gave, before anything was made of them; Markdown is text.
    """

    envelope: Envelope
    message_id: str
    dated_at: float
    subject: str
    headers: Sequence[Header]
    text: Sequence[str]
    html: Sequence[str] | None
    attachments: Sequence[File] = ()
    pictures: Sequence[Inline] = ()
    calendar: bytes = b""
    written_text: Sequence[str] = ()
    written_html: Sequence[str] = ()


def text_of(parts: Parts) -> str:
    """All that a reader of the message sees of its headers and bodies."""
    headers = (header.readable for header in parts.headers)
    return "\n".join([*headers, *parts.text, *(parts.html or ())])


class Sample(NamedTuple):
    """A message that was composed in order to be looked at, and its size in bytes."""

    parts: Parts
    size: int
