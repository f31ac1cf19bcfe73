"""A mail read from a file, or from bytes, with each header where it stands.

A file may be anything that somebody took for a mail. What is none is refused, with what it seems to be; what
is one may be as broken as it likes.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from sendbatch.errors import CampaignError, Place, one_line, shown
from sendbatch.findings import Rule
from sendbatch.message.markup import tags
from sendbatch.preview.links import Link, links_in_text, links_of
from sendbatch.preview.opened import Opened, opened
from sendbatch.words import count, size

LARGEST = 64 * 1024 * 1024  # bytes: no mailbox takes a larger mail
# What Gmail takes of headers: https://support.google.com/a/answer/14016360
_LARGEST_HEAD = 500_000  # bytes
_MOST_FIELDS = 5000
_LONGEST_SHOWN = 200  # characters of a line in a finding
_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")  # RFC 5322 §3.6.8, §4.5
_SAVE = "save the mail as it arrived, as an .eml file (in Gmail: Show original, Download original)"
# How files begin that people take for a mail.
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "it is a mail as Outlook saves it (.msg)"),
    (b"PK\x03\x04", "it is a ZIP archive: unpack it first"),
    (b"\x1f\x8b", "it is compressed (gzip): unpack it first"),
    (b"%PDF", "it is a PDF"),
    (b"\xff\xfe", "it is UTF-16, and a mail is not"),
    (b"\xfe\xff", "it is UTF-16, and a mail is not"),
)
_HTML = re.compile(rb"\s*<(?:!doctype|html|head|body|\?xml|!--)", re.IGNORECASE)
_ALONE = re.compile(rb"\r(?!\n|\Z)")
_NEXT_IN_MBOX = re.compile(rb"\n\r?\nFrom [^\n]{1,200}?\d\d:\d\d[^\n]{0,60}+\n[!-9;-~]{1,200}+:")


@dataclass(frozen=True, slots=True)
class Field:
    """One header: its name in lower case, its value on one line, and the file's line that it begins in, with
    that line's text."""

    name: str
    value: str
    line: int
    text: str


@dataclass(frozen=True)
class Arrived:
    """A mail: the file it is in as a person would write it, its headers from the top, and what a mail program
    shows of it."""

    file: str
    fields: tuple[Field, ...]
    shown: Opened

    def all(self, name: str) -> Sequence[Field]:
        """The headers of this name, from the top."""
        return self._by_name.get(name, ())

    def first(self, name: str) -> Field | None:
        return next(iter(self.all(name)), None)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Field]]:
        found: dict[str, list[Field]] = {}
        for field in self.fields:
            found.setdefault(field.name, []).append(field)
        return found

    @cached_property
    def links(self) -> Sequence[Link]:
        """Where it leads, each once."""
        if self.shown.html is not None:
            return links_of(self.shown.html)
        return links_in_text(self.shown.text or "")

    @cached_property
    def pictures(self) -> Sequence[str]:
        """The addresses of what its HTML shows."""
        found = tags(self.shown.html or "")
        return [tag.attributes.get("src", "") for tag in found if tag.name == "img" and not tag.is_end]

    def place(self, field: Field | None = None) -> Place:
        """Where a header stands, or the mail as a whole."""
        if field is None:
            return Place(self.file)
        return Place(self.file, field.line, None, one_line(field.text, _LONGEST_SHOWN))


def read_mail(path: Path) -> Arrived:
    """Raises CampaignError where the file cannot be read, or is no mail."""
    name = shown(path)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise _refused(name, "is a folder, and no mail", "name one of the files in it")
        if found.st_size > LARGEST:
            said = f"has {size(found.st_size)}, and no mailbox takes a mail of that size"
            raise _refused(name, said, _SAVE)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
        raise CampaignError(Rule.UNREADABLE_FILE.finding(said, Place(name))) from None
    if len(data) > LARGEST:  # a pipe, or one that grows
        raise _refused(name, f"has more than {size(LARGEST)}, as no mail has", _SAVE)
    return mail_of(data, name)


def mail_of(data: bytes, name: str) -> Arrived:
    """The mail whose bytes these are; `name` is what it is called in findings. Raises CampaignError where
    they are none."""
    if not data.strip():
        raise _refused(name, "is empty", _SAVE)
    for beginning, what in _OTHERS:
        if data.startswith(beginning):
            raise _refused(name, f"is no mail: {what}", _SAVE)
    if _HTML.match(data, 0, 1000):
        said = "is no mail: it is HTML, which says nothing of how a mail arrived"
        raise _refused(name, said, _SAVE)
    data, skipped = _without_mark(data, name)
    head = _head(data)
    # RFC 5322 §2.2: alone it breaks no line, and not every reader knows that.
    data = _ALONE.sub(b" ", head) + data[len(head) :]
    head = _head(data)
    if len(head) > _LARGEST_HEAD:
        said = f"is no mail that arrived: its headers have more than {size(_LARGEST_HEAD)}"
        raise _refused(name, said, _SAVE)
    if not _NAME.match(data):
        said = "is no mail: it does not begin with headers, as in `From: name@example.com`"
        raise _refused(name, said, _SAVE)
    fields = tuple(islice(_fields(head, skipped), _MOST_FIELDS + 1))
    if len(fields) > _MOST_FIELDS:
        raise _refused(name, f"is no mail that arrived: it has more than {_MOST_FIELDS:,} headers", _SAVE)
    if not {"from", "received", "date", "subject"} & {field.name for field in fields}:
        raise _refused(name, "is no mail: it has neither From, nor Date, nor Subject", _SAVE)
    return Arrived(name, fields, opened(data))


def _without_mark(data: bytes, name: str) -> tuple[bytes, int]:
    """Without what some programs put before a mail, and how many lines that were."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.startswith(b"From ") and not _NAME.match(data):
        number = 1 + sum(1 for _ in _NEXT_IN_MBOX.finditer(data))
        if number > 1:
            said = f"is a mailbox (mbox) with {count(number, 'mail')}, and one is looked at"
            raise _refused(name, said, "save the one as a file of its own")
        return data.partition(b"\n")[2], 1
    return data, 0


def _head(data: bytes) -> bytes:
    """All before the first empty line; more than is taken where it does not end."""
    begun = data[: _LARGEST_HEAD + 2]
    ends = [at for at in (begun.find(b"\n\n"), begun.find(b"\n\r\n")) if at >= 0]
    return begun[: min(ends, default=len(begun))]


def _fields(head: bytes, skipped: int) -> Iterator[Field]:
    """RFC 5322 §2.2: a line that begins with a blank goes on with the one above."""
    begun: list[str] = []
    name, first = "", 0
    for number, raw in enumerate(head.split(b"\n"), 1 + skipped):
        line = raw.removesuffix(b"\r").decode("utf-8", "replace")
        if line[:1] in (" ", "\t") and begun:
            begun.append(line.strip())
            continue
        if begun:
            yield _field(name, begun, first)
        before, colon, value = line.partition(":")
        name, first = before.strip().lower(), number
        begun = [line, value.strip()] if colon else []
    if begun:
        yield _field(name, begun, first)


def _field(name: str, begun: list[str], line: int) -> Field:
    return Field(name, " ".join(begun[1:]), line, begun[0])


def _refused(name: str, said: str, hint: str) -> CampaignError:
    return CampaignError(Rule.NO_MAIL.finding(said, Place(name), hint))
