"""What a page of mails says: the model that the gallery, the live preview and the outbox fill in.

An `Entry` is one mail, or the fault in its place; `entry_of` makes one of a mail's bytes and what is `Known`
of its recipient. `as_json` is what the page's script reads, within the bounds of a file that one hands on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from sendbatch.errors import Finding, one_line, printable
from sendbatch.preview.album import Album, Shown
from sendbatch.preview.invited import Invited
from sendbatch.preview.links import Link
from sendbatch.preview.opened import Attached, opened, visible

Kind: TypeAlias = Literal["gallery", "live", "outbox"]
Group: TypeAlias = Literal["send", "proof"]

MOST_BYTES = 2_000_000  # of a document's mails, without their pictures


class Chosen(NamedTuple):
    """Why a recipient is shown: "the longest first_name"; `like` are so many of all rows, if known."""

    why: str
    like: int | None = None


class Nothing(NamedTuple):
    """Who gets nothing: why, how many, and the first of their rows."""

    why: str
    number: int
    rows: tuple[int, ...] = ()


class Said(NamedTuple):
    """A finding, or a fault that stands in the place of a mail; `line` is the line of the file itself."""

    severity: str
    rule: str
    said: str
    where: str = ""
    line: str = ""
    hint: str = ""


def said(finding: Finding) -> Said:
    place = finding.place
    where = line = ""
    if place is not None:
        spot = (place.file, place.line, place.column)
        where = one_line(":".join(str(part) for part in spot if part is not None))
        line = one_line(place.text or "", 300)
    message, hint = printable(finding.message), printable(finding.hint or "")
    return Said(finding.severity, finding.rule, message, where, line, hint)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a recipient besides the mail. `row` is the line of the CSV, None where that is not
    known; `version` says which of several letters it is; `envelope` is (from, to); `file` is the path of
    the .eml from the page's folder, "" where there is none. `id` is the end of the page's address that leads
    to it."""

    email: str
    row: int | None = None
    key: str = ""
    version: str = ""
    group: Group = "send"
    chosen: Sequence[Chosen] = ()
    findings: Sequence[Finding] = ()
    envelope: tuple[str, str] | None = None
    file: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail as the page shows it. `inline` are the pictures that `html` shows by their Content-IDs.
    `html_size` and `size` are bytes; `source_left_out` are the bytes of the source that are not in `source`.
    `cut` says how many characters a body had of which only the beginning is here. Where `whole` is False
    there is no more than a list shows, and the page asks for the rest."""

    id: str
    email: str
    row: int | None = None
    key: str = ""
    group: Group = "send"
    chosen: Sequence[Chosen] = ()
    version: str = ""
    sender: str = ""
    to: str = ""
    date: str = ""
    subject: str = ""
    preheader: str = ""
    begins: str = ""
    envelope: tuple[str, str] | None = None
    headers: Sequence[tuple[str, str]] = ()
    html: str | None = None
    html_size: int = 0
    text: str | None = None
    links: Sequence[Link] = ()
    links_in_all: int = 0
    attachments: Sequence[Attached] = ()
    inline: Mapping[str, Shown] = field(default_factory=dict)
    invitation: Invited | None = None
    source: str = ""
    source_left_out: int = 0
    size: int = 0
    findings: Sequence[Said] = ()
    fault: Said | None = None
    file: str = ""
    cut: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """When a document is made, in seconds since the epoch, and of what: `content` is the digest of what
    everybody gets, `inputs` that of the rows and the rest that a plan is made from; "masked" stands
    for it where nobody is to know."""

    at: float
    content: str = ""
    inputs: str = ""

    @property
    def mark(self) -> str:
        """The same for two pages of the same."""
        return f"{self.content}.{self.inputs}"


@dataclass(frozen=True, slots=True)
class Document:
    """All that a page says. `total` are all rows, of which `entries` are some; `note` are sentences for its
    reader; `findings` are those of the campaign as a whole. `live` is there where a server has more: its
    addresses, for the script of a live page."""

    kind: Kind
    title: str
    made: Made
    entries: Sequence[Entry]
    album: Album
    total: int
    masked: bool = False
    note: Sequence[str] = ()
    nothing: Sequence[Nothing] = ()
    findings: Sequence[Said] = ()
    live: Mapping[str, object] | None = None


def entry_of(data: bytes, known: Known, album: Album) -> Entry:
    """The mail of these bytes, whose pictures go into the album."""
    mail = opened(data)
    html = mail.html
    inline: dict[str, Shown] = {}
    if html is not None:
        html, inline = album.taken_out(html, mail.pictures)
    return Entry(
        **_known(known),
        sender=mail.sender,
        to=mail.to,
        date=mail.date,
        subject=mail.subject,
        preheader=mail.preheader,
        begins=mail.begins,
        headers=mail.headers,
        html=html,
        html_size=mail.html_size,
        text=mail.text,
        links=mail.links,
        links_in_all=mail.links_in_all,
        attachments=mail.attachments,
        inline=inline,
        invitation=mail.invitation,
        source=mail.source.text,
        source_left_out=mail.source.left_out,
        size=mail.size,
    )


def fault_of(fault: Finding, known: Known) -> Entry:
    """What stands in the place of a mail that could not be built or read."""
    return Entry(**_known(known), fault=said(fault))


def _known(known: Known) -> dict[str, Any]:
    id_ = known.id or (f"row-{known.row}" if known.row is not None else visible(known.file))
    return {
        "id": id_,
        "email": visible(known.email),
        "row": known.row,
        "key": visible(known.key),
        "version": visible(known.version),
        "group": known.group,
        "chosen": [Chosen(visible(why), like) for why, like in known.chosen],
        "envelope": known.envelope and (visible(known.envelope[0]), visible(known.envelope[1])),
        "findings": [*map(said, known.findings)],
        "file": known.file,
    }


class _Bounds(NamedTuple):
    """Characters of a body and of a source, and how many links and headers."""

    body: int
    source: int
    listed: int


_NARROWER = (
    _Bounds(1_000_000, 64_000, 200),
    _Bounds(1_000_000, 8_000, 200),
    _Bounds(500_000, 4_000, 100),
    _Bounds(125_000, 2_000, 50),
    _Bounds(30_000, 1_000, 20),
    _Bounds(8_000, 500, 10),
    _Bounds(2_000, 0, 5),
    _Bounds(0, 0, 3),
)


def as_json(document: Document) -> str:
    """For a `<script>` of a page, which no value in it ends. Where there is too much for one file, bodies and
    sources are cut, the same for all, and it is said of each how much there was."""
    entries = next(_fitting(document.entries))
    written = {
        "kind": document.kind,
        "title": one_line(document.title),
        "made": {**asdict(document.made), "mark": document.made.mark},
        "masked": document.masked,
        "note": document.note,
        "total": document.total,
        "nothing": [one._asdict() for one in document.nothing],
        "findings": [one._asdict() for one in document.findings],
        "pictures": document.album.urls,
        "live": document.live,
    }
    return f'{_dumped(written)[:-1]},"recipients":[{",".join(entries)}]}}'


def entry_as_json(entry: Entry, album: Album) -> str:
    """One entry and its pictures, for a page that asks for it: `{"entry": …, "pictures": {name: url}}`."""
    written = next(_fitting([entry]))[0]
    return f'{{"entry":{written},"pictures":{_dumped(album.urls)}}}'


def entries_as_json(entries: Sequence[Entry]) -> str:
    """Some entries, for a page that searches: `[…]`."""
    return f"[{','.join(next(_fitting(entries)))}]"


def _fitting(entries: Sequence[Entry]) -> Iterator[list[str]]:
    """The entries as JSON, by the widest bounds within which they fit, at last by the narrowest."""
    for bounds in _NARROWER:
        written, left = [], MOST_BYTES
        for entry in entries:
            written.append(_dumped(_within(bounds, entry)))
            left -= len(written[-1].encode())
            if left < 0 and bounds is not _NARROWER[-1]:
                break
        else:
            yield written


def _within(bounds: _Bounds, entry: Entry) -> dict[str, Any]:
    found = {name: getattr(entry, name) for name in Entry.__slots__}
    for name in ("chosen", "links", "attachments", "findings"):
        found[name] = [one._asdict() for one in found[name][: bounds.listed]]
    for name in ("invitation", "fault"):
        found[name] = found[name] and found[name]._asdict()
    found["inline"] = {cid: one._asdict() for cid, one in entry.inline.items()}
    found["headers"] = entry.headers[: bounds.listed]
    found["cut"] = cut = dict(entry.cut)
    for name in ("html", "text"):
        body = found[name]
        if body is not None and len(body) > bounds.body:
            cut[name] = len(body)
            found[name] = body[: bounds.body]
    if len(entry.source) > bounds.source:
        found["source"] = entry.source[: bounds.source]
        found["source_left_out"] += len(entry.source) - bounds.source
    return found


def _dumped(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate is nothing that a file can hold; "<" could end the script that this stands in.
    return text.encode("utf-8", "replace").decode().replace("<", "\\u003c")
