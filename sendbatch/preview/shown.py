"""A finished message as a mail program would read it: its bytes parsed again, nothing trusted.

What the gallery shows is what is on the wire, not what the templates were thought to give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from typing import TYPE_CHECKING, Any

from sendbatch.errors import one_line
from sendbatch.values import Message, Recipient

READ = 4000  # characters of a header
FIRST_SEEN = ("from", "to", "reply-to", "subject", "date")
# How the parts are put together; says nothing about what a reader gets.
UNINTERESTING = ("mime-version", "content-type", "content-transfer-encoding")
INSTEAD = {"content-type": "text/plain", "content-disposition": "inline"}

if TYPE_CHECKING:
    _Policy = EmailPolicy[EmailMessage]
else:
    _Policy = EmailPolicy


class _Forgiving(_Policy):
    """A part whose kind cannot be read is plain text. The standard library's parser of structured
    headers trips over malformed ones in many ways, an unset variable of its own among them."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value)
        except Exception:  # noqa: BLE001
            return super().header_fetch_parse(name, INSTEAD.get(name.lower(), ""))


_MARKS = frozenset("\u200e\u200f\u061c\u2066\u2067\u2068\u2069")
_AT_MARKS = re.compile(f"([{''.join(sorted(_MARKS))}])")
FORGIVING = _Forgiving()
STRICT = _Policy()


@dataclass(frozen=True, slots=True)
class Attachment:
    """`size` is that of the file a reader would save, in bytes."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person looks at.

    `headers` are those every reader sees, `more` the rest of interest, as they stand in the
    message; `size` is the whole of it in bytes; `file` the name of its .eml.
    """

    file: str
    row: int
    email: str
    envelope_from: str
    envelope_to: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]
    text: str | None
    html: str | None
    size: int


def read(recipient: Recipient, message: Message, file: str) -> Shown:
    """The message as it will be shown."""
    parsed = message_from_bytes(message.data, _class=EmailMessage, policy=FORGIVING)
    headers = list(_headers(parsed))
    return Shown(
        file=file,
        row=recipient.row,
        email=recipient.email,
        envelope_from=message.envelope.sender,
        envelope_to=message.envelope.recipient,
        subject=next((value for name, value in headers if name.lower() == "subject"), ""),
        headers=tuple(
            (name, value)
            for wanted in FIRST_SEEN
            for name, value in headers
            if name.lower() == wanted and wanted != "subject"
        ),
        more=tuple(
            (name, value)
            for name, value in headers
            if name.lower() not in FIRST_SEEN + UNINTERESTING
        ),
        attachments=tuple(_attachment(part) for part in parsed.iter_attachments()),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
        size=len(message.data),
    )


def _headers(parsed: EmailMessage) -> Iterator[tuple[str, str]]:
    for name, raw in parsed.raw_items():
        try:
            value = str(STRICT.header_fetch_parse(name, _beginning(str(raw))))
        except Exception:  # noqa: BLE001 - as it stands, then
            value = str(raw)
        yield one_line(name), _seen(" ".join(value.split()))


def _seen(value: str) -> str:
    """As `one_line`, with the marks of right-to-left text, which the page keeps within the value."""
    return "".join([part if part in _MARKS else one_line(part) for part in _AT_MARKS.split(value)])


def _beginning(raw: str) -> str:
    """What is read of a header: the parser takes the longer for each word the more words there are."""
    if len(raw) <= READ:
        return raw
    return (
        f"{raw[: max(raw.rfind(chr(10), 0, READ), 0) or READ]} …"  # no encoded word is cut in two
    )


def _body(parsed: EmailMessage, kind: str) -> str | None:
    part = parsed.get_body((kind,))
    if part is None:
        return None
    return _text(part).replace("\r\n", "\n")


def _text(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # a character set that Python does not know
        return _payload(part).decode("utf-8", "replace")


def _attachment(part: MIMEPart) -> Attachment:
    name = part.get_filename() or "(no name)"
    return Attachment(one_line(name), one_line(part.get_content_type()), len(_payload(part)))


def _payload(part: MIMEPart) -> bytes:
    """The part's own bytes; for a part that holds others (a forwarded message) the whole of it."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else part.as_bytes()
