"""A mail opened: what a mail program would show of its bytes, whoever built them.

The bytes may be anything: half a file, headers that lie, parts without an end. What cannot be read is shown
as it stands; nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import Header, decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value, getaddresses
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.message.markup import tokens
from sendbatch.message.preheader import SHAPELESS, shown_in_a_list
from sendbatch.preview.invited import Invited, invited
from sendbatch.preview.links import Link, links_in_text, links_of

LONGEST_VALUE = 2000  # characters of a header
_LONGEST_READ = 20_000  # of which so many are read, for Python reads mailboxes in the square of that
MOST_HEADERS, MOST_LINKS, MOST_ATTACHMENTS = 100, 200, 100
LONGEST_SOURCE = 64 * 1024  # bytes
_MOST_BOUNDARIES, _MOST_PARTS = 200, 10_000
_MOST_TRIED = 10_000_000  # lines, times the boundaries that each is tried against
_LONGEST_OF_MIME = 2000  # characters of a header of a part, which Python reads in the square of that
# What Python knows beside the charsets of mails: two are slow in the square, the others are of its own.
_NO_CHARSETS = frozenset(("punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"))
_BEGINNING = 160  # characters that a list of mails has room for
_WITH_A_BEGINNING = 20_000  # characters of HTML in which it is looked for

_OF_PEOPLE = frozenset(["from", "to", "cc", "bcc", "sender", "reply-to"])
_SPECIALS = re.compile(r'[()<>@,:;".\[\]\\]')  # RFC 5322 §3.2.3
_MARKS = frozenset("\u200e\u200f\u061c\u2066\u2067\u2068\u2069")
_AT_MARKS = re.compile(f"([{''.join(sorted(_MARKS))}])")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BOUNDARY = re.compile(rb"boundary(?:\*\d{0,3}\*?)?[ \t]{0,9}=", re.IGNORECASE)
# Whole lines of base64, so many that they are no text; nothing here is looked at twice.
_BASE64 = re.compile(rb"((?:[A-Za-z0-9+/]{60,76}\r?\n){2})((?:[A-Za-z0-9+/]{60,76}\r?\n){18,}+)")


class Attached(NamedTuple):
    """An attachment; `size` is that of the file, in bytes."""

    name: str
    type: str
    size: int


class Picture(NamedTuple):
    """A picture that the HTML shows by its Content-ID."""

    type: str
    data: bytes


class Source(NamedTuple):
    """A mail as it goes on the wire. `left_out` are the bytes of it that `text` does not show."""

    text: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What is shown of a mail. `headers` are all but those of MIME, in their order. `preheader` is what a
    list of mails shows beside the subject where the HTML hides one, `begins` what it shows where none is.
    `links` are the first of `links_in_all`. `size` and `html_size` are in bytes."""

    sender: str
    to: str
    date: str
    subject: str
    preheader: str
    begins: str
    headers: Sequence[tuple[str, str]]
    html: str | None
    html_size: int
    text: str | None
    links: Sequence[Link]
    links_in_all: int
    attachments: Sequence[Attached]
    pictures: Mapping[str, Picture]
    invitation: Invited | None
    source: Source
    size: int


def opened(data: bytes) -> Opened:
    """The mail whose bytes these are, as it would be sent or as it was kept."""
    mail = _parsed(data)
    parts = _Parts()
    for part in _leaves(mail):
        parts.take(part)
    headers = [(one_line(name, 200), readable(name, value)) for name, value in mail.raw_items()]
    first = {name.lower(): value for name, value in reversed(headers)}
    html, text = parts.html, parts.text
    links = links_of(html) if html is not None else links_in_text(text or "")
    return Opened(
        sender=first.get("from", ""),
        to=first.get("to", ""),
        date=first.get("date", ""),
        subject=first.get("subject", ""),
        preheader=visible(shown_in_a_list(html or "")),
        begins=_beginning(html, text),
        headers=[one for one in headers if not _is_of_mime(one[0])][:MOST_HEADERS],
        html=html,
        html_size=parts.html_size,
        text=text,
        links=links[:MOST_LINKS],
        links_in_all=len(links),
        attachments=parts.attachments[:MOST_ATTACHMENTS],
        pictures=parts.pictures,
        invitation=_invitation(parts.calendar),
        source=source_of(data),
        size=len(data),
    )


def _parsed(data: bytes) -> Message:
    """A mail that is nested deeper than Python's parser goes, or has more parts or lines than any, has no
    parts: its body is one file."""
    parser = BytesParser(_Part, policy=compat32)
    if _is_endless(data):
        return parser.parsebytes(data, headersonly=True)
    try:
        return parser.parsebytes(data)
    except RecursionError:
        return parser.parsebytes(data, headersonly=True)


def _is_endless(data: bytes) -> bool:
    """Each line is tried against the boundaries of all that is around it."""
    boundaries = len(_BOUNDARY.findall(data))
    if boundaries > _MOST_BOUNDARIES or data.count(b"\n") * (boundaries + 1) > _MOST_TRIED:
        return True
    return boundaries > 0 and data.count(b"\n--") > _MOST_PARTS


class _Part(Message):
    """A mail or a part, of whose headers only the beginning is looked at."""

    def get(self, name, failobj=None):  # type: ignore[no-untyped-def]
        found = super().get(name, failobj)
        if isinstance(found, str | Header) and len(value := str(found)) > _LONGEST_OF_MIME:
            return value[:_LONGEST_OF_MIME]
        return found


def visible(value: str) -> str:
    """A value on one line. What has no shape is made visible, but for the marks of right-to-left text, which
    the page keeps within the value."""
    value = " ".join(value.split())
    if len(value) > LONGEST_VALUE:
        value = f"{value[: LONGEST_VALUE - 1]}…"
    return "".join([part if part in _MARKS else one_line(part) for part in _AT_MARKS.split(value)])


def source_of(data: bytes, most: int = LONGEST_SOURCE) -> Source:
    """The beginning of a mail's source, files and pictures in it cut short."""
    shown = _BASE64.sub(_shortened, data)[:most]
    text = shown.decode("utf-8", "replace").replace("\r\n", "\n")
    return Source(_CONTROLS.sub("�", text), max(len(data) - len(shown), 0))


def _shortened(found: re.Match[bytes]) -> bytes:
    return found[1] + b"[%d lines of base64 are left out here]\r\n" % found[2].count(b"\n")


class _Parts:
    """The parts of a mail, each for what a mail program takes it for."""

    def __init__(self) -> None:
        self.html: str | None = None
        self.html_size = 0
        self.text: str | None = None
        self.calendar = b""
        self.attachments: list[Attached] = []
        self.pictures: dict[str, Picture] = {}

    def take(self, part: Message) -> None:
        media_type, data = part.get_content_type(), _decoded(part)
        name = _file_name(part)
        is_file = name != "" or part.get_content_disposition() == "attachment"
        cid = str(part.get("Content-ID", "")).strip().strip("<>")
        if media_type == "text/html" and self.html is None and not is_file:
            self.html, self.html_size = _text(part, data), len(data)
        elif media_type == "text/plain" and self.text is None and not is_file:
            self.text = _CONTROLS.sub("�", _text(part, data))
        elif media_type == "text/calendar" and not self.calendar and not is_file:
            self.calendar = data
        elif cid and media_type.startswith("image/"):
            self.pictures.setdefault(cid, Picture(media_type, data))
        else:
            self.attachments.append(Attached(name or "(no name)", one_line(media_type), len(data)))


def _leaves(mail: Message) -> Iterator[Message]:
    """The parts that hold no others; a mail within the mail is a file. Not by recursion: a mail may be nested
    as deep as it likes."""
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting += part.get_payload()[::-1]  # type: ignore[arg-type,index]
        else:
            yield part


def _decoded(part: Message) -> bytes:
    if part.is_multipart():  # a mail within the mail, which may be as wrong as it likes
        with suppress(LookupError, ValueError, TypeError, AttributeError, RecursionError):
            return part.as_bytes()
        return b""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(part: Message, data: bytes) -> str:
    text = _in_charset(data, part.get_content_charset("utf-8"))
    return text.replace("\r\n", "\n").rstrip("\n").encode("utf-8", "replace").decode()


def _in_charset(data: bytes, charset: str) -> str:
    """As UTF-8 where nobody knows the charset."""
    if charset.lower().replace("_", "-") not in _NO_CHARSETS:
        with suppress(LookupError, ValueError):
            return data.decode(charset, "replace")
    return data.decode("utf-8", "replace")


def _file_name(part: Message) -> str:
    """The one that is written out in full, where there are two (RFC 6266 §4.3, as mail programs have it)."""
    try:
        given = [
            value
            for header, wanted in (("content-disposition", "filename"), ("content-type", "name"))
            for name, value in part.get_params([], header)
            if name.lower() == wanted
        ]
        names = sorted(given, key=lambda value: not isinstance(value, tuple))
        return visible(_words(collapse_rfc2231_value(names[0]))) if names else ""
    except (LookupError, ValueError, TypeError, AttributeError):
        return "(a name that cannot be read)"


def readable(name: str, value: str) -> str:
    """A header's value as it is shown, with what is encoded in it decoded."""
    value = value[:_LONGEST_READ]
    people: list[tuple[str, str]] = []
    if name.lower() in _OF_PEOPLE:
        with suppress(RecursionError):  # groups and comments in one another, without an end
            people = getaddresses([value])
    if not people or not all(address for _, address in people):
        return visible(_words(value))
    return visible(
        ", ".join(_person(_words(called), _words(address)) for called, address in people)
    )


def _person(called: str, address: str) -> str:
    """Quoted as it must be: a name may be made to look like somebody's address."""
    if _SPECIALS.search(called):
        escaped = re.sub(r'([\\"])', r"\\\1", called)
        called = f'"{escaped}"'
    return f"{called} <{address}>" if called else address


def _words(value: str) -> str:
    """A header's value with its encoded words decoded, and nothing put between them (RFC 2047 §6.2)."""
    raw = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # RFC 6532
    if "=?" not in raw:
        return raw
    try:
        return "".join(
            piece if isinstance(piece, str) else _in_charset(piece, charset or "latin-1")
            for piece, charset in decode_header(raw)
        )
    except (LookupError, ValueError, HeaderParseError):
        return raw


def _is_of_mime(name: str) -> bool:
    return name.lower() == "mime-version" or name.lower().startswith("content-")


def _beginning(html: str | None, text: str | None) -> str:
    """The first words, as a list of mails shows them where no preheader is hidden."""
    if html is None:
        words: Iterator[str] = iter([(text or "")[: _BEGINNING * 2]])
    else:
        words = (one for one in tokens(html[:_WITH_A_BEGINNING]) if isinstance(one, str))
    found = ""
    for some in words:
        found += " " + " ".join(some.translate(SHAPELESS).split())
        if len(found) > _BEGINNING:
            break
    return visible(found)[:_BEGINNING]


def _invitation(calendar: bytes) -> Invited | None:
    found = invited(calendar)
    if found is None:
        return None
    said = [(title, visible(value)) for title, value in found.said]
    return Invited(said, _CONTROLS.sub("�", found.text))
