"""What the page shows of one message: its parts as they are composed, each header on one line.

A value may hold anything. What has no shape is made visible, but for the marks of right-to-left text, which
the page keeps within the value.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sendbatch.errors import one_line
from sendbatch.message.parts import File, Sample
from sendbatch.message.preheader import shown_in_a_list
from sendbatch.preview.invited import Invited, invited
from sendbatch.values import Envelope, Recipient

LONGEST_VALUE = 2000  # characters of a header
FIRST_LOOKED_AT = ("from", "to", "reply-to", "date")
UNINTERESTING = ("subject", "mime-version")  # or shown elsewhere

_MARKS = frozenset("\u200e\u200f\u061c\u2066\u2067\u2068\u2069")
_AT_MARKS = re.compile(f"([{''.join(sorted(_MARKS))}])")


@dataclass(frozen=True)
class Card:
    """One message on the page; `file` is the name of its .eml. `shared` are the pictures that everybody gets,
    as `data:` URLs by their Content-IDs."""

    file: str
    recipient: Recipient
    sample: Sample
    shared: Mapping[str, str] = field(default_factory=dict)
    version: str = ""  # which of several it is, "" where there is one

    @property
    def row(self) -> int:
        return self.recipient.row

    @property
    def email(self) -> str:
        return self.recipient.email

    @property
    def envelope(self) -> Envelope:
        return self.sample.parts.envelope

    @property
    def size(self) -> int:
        """Of the whole message, in bytes."""
        return self.sample.size

    @property
    def subject(self) -> str:
        return _visible(self.sample.parts.subject)

    @cached_property
    def preheader(self) -> str:
        """What a list of mails shows beside the subject, where the HTML says it; else ""."""
        return _visible(shown_in_a_list(self.html or ""))

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Those that every reader of the mail sees, in the order in which one looks at them."""
        found = self._headers()
        return [
            (name, value)
            for wanted in FIRST_LOOKED_AT
            for name, value in found
            if name.lower() == wanted
        ]

    @property
    def more(self) -> list[tuple[str, str]]:
        """The others of interest, as they stand in the message."""
        left_out = FIRST_LOOKED_AT + UNINTERESTING
        return [(name, value) for name, value in self._headers() if name.lower() not in left_out]

    def _headers(self) -> list[tuple[str, str]]:
        return [
            (one_line(header.name), _visible(header.readable))
            for header in self.sample.parts.headers
        ]

    @property
    def attachments(self) -> list[File]:
        return [
            File(one_line(name), media_type, size)
            for name, media_type, size, _ in self.sample.parts.attachments
        ]

    @cached_property
    def invitation(self) -> Invited | None:
        """What a calendar would show of it, where the mail has one."""
        found = invited(self.sample.parts.calendar)
        if found is None:
            return None
        return Invited([(title, _visible(value)) for title, value in found.said], found.text)

    @property
    def text(self) -> str:
        return _body(self.sample.parts.text)

    @property
    def html(self) -> str | None:
        html = self.sample.parts.html
        return None if html is None else _body(html)

    @property
    def html_with_pictures(self) -> str | None:
        """The HTML with the mail's own pictures written out."""
        html = self.html
        if html is None or "cid:" not in html:
            return html
        own = {
            picture.cid: data_url(picture.media_type, picture.data)
            for picture in self.sample.parts.pictures
            if picture.data
        }
        urls = {f"cid:{cid}": url for cid, url in {**self.shared, **own}.items()}
        if not urls:
            return html
        return re.sub("|".join(map(re.escape, urls)), lambda found: urls[found[0]], html)


def data_url(media_type: str, data: bytes) -> str:
    """A picture as an address that holds all of it."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def _body(pieces: Sequence[str]) -> str:
    return "".join(pieces).replace("\r\n", "\n").rstrip("\n")


def _visible(value: str) -> str:
    value = " ".join(value.split())
    if len(value) > LONGEST_VALUE:
        value = f"{value[: LONGEST_VALUE - 1]}…"
    return "".join([part if part in _MARKS else one_line(part) for part in _AT_MARKS.split(value)])
