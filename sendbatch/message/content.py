"""What everybody gets, read once: nothing of it is opened again, whatever happens on disk.

`Content` crosses to the workers as bytes. Its digest says whether two runs send the same thing: it
is over what was read, never over where it lies, so that two machines with the same checkout agree.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sendbatch.campaign.model import (
    REFUSE,
    SEND_WITHOUT,
    Json,
    Mailbox,
    PathTemplate,
    Senders,
    Unsubscribe,
)
from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.findings import Finding, Remark
from sendbatch.message.offlimits import NOTHING, OffLimits
from sendbatch.message.origins import without_origins
from sendbatch.message.variants import Variants


@dataclass(frozen=True, slots=True)
class Bundle:
    """One body's template with all that it includes, extends or imports.

    `sources` maps the names that templates use for each other to their text; `entry` is the
    name of the first. `paths` maps the same names to the paths a person knows them by, and may know more.
    It `keeps_styles` where its style sheets are not to be written into the tags, as they are in MJML.
    `doubts` are warnings of what it was made of, which is not to be seen in it, and `remarks` what its author
    wrote to sendbatch.
    """

    entry: str
    sources: Mapping[str, str]
    paths: Mapping[str, str]
    keeps_styles: bool = False
    doubts: tuple[Finding, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedFile:
    """An attachment that everybody gets. `saved_as` is the template of another name to save it under, and
    `media_type` its type, where the campaign says so."""

    name: str
    data: bytes
    saved_as: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class OwnFile:
    """An attachment of one recipient: a path with a template in it, read when it is needed.

    `folder` is what the author wrote before the template, the last part cut off; `rest` is the
    template of the path below it. Nothing outside `folder` is ever read, and nothing `off_limits`.
    `missing` is what becomes of a row without it, as the campaign declares it; `saved_as` and `media_type`
    are as those of a SharedFile.
    """

    pattern: str
    folder: Path
    rest: str
    off_limits: OffLimits = NOTHING
    missing: str = REFUSE
    saved_as: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the HTML shows, by its Content-ID without brackets. Its media type is told by its bytes;
    a file that is `written_as` another has another `name` in the mail. `width` is what Markdown says of it,
    in px, where it is wider than its column."""

    cid: str
    name: str
    media_type: str
    data: bytes
    written_as: str
    width: int | None = None


@dataclass(frozen=True, slots=True)
class OwnPicture:
    """A picture of one recipient: a path with a template in it, which each message has where its HTML shows
    it, behind `mark`. `written` is the author's own part of the path, `folder` where that leads: nothing
    outside it is read, and nothing `off_limits`. `where` is its place as file:line. `widest` is the width
    that Markdown says of a wider one, in px."""

    mark: str
    written: str
    folder: Path
    where: str
    off_limits: OffLimits = NOTHING
    widest: int | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """What comes of the files of one version of a content's templates, in the fields of that content. `name`
    is what people know the version by."""

    name: str
    html: Bundle | None
    text: Bundle | None
    markdown: Bundle | None
    layout: Bundle | None
    footer: Bundle | None
    pictures: tuple[Picture, ...]
    own_pictures: tuple[OwnPicture, ...]
    inlines_css: bool
    invite: Bundle | None = None  # where it is chosen as they are

    @property
    def fields(self) -> dict[str, Any]:
        """As `Content.version` takes them."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "name"}
        if self.invite is None:  # that of the content stays
            del found["invite"]
        return found

    @property
    def bundles(self) -> list[Bundle]:
        found = (self.html, self.text, self.markdown, self.layout, self.footer)
        return [bundle for bundle in found if bundle is not None]


@dataclass(frozen=True, slots=True)
class TextsByRow:
    """Templates that a row chooses, for their paths are templates.

    `paths` are these, by the keys under `templates`. `files` are the files of each version, as they are
    called below the folders of the paths, in the paths' order and in NFC, with its number in `versions`.
    `fallback` are the values that the paths are filled in with where there are no such files; all of the
    row's message is then made of them.
    """

    paths: Mapping[str, PathTemplate]
    fallback: Mapping[str, str]
    files: Mapping[tuple[str, ...], int]
    versions: tuple[Texts, ...]

    @property
    def expressions(self) -> tuple[str, ...]:
        """All that a row is led by, each once."""
        return tuple(dict.fromkeys(one for path in self.paths.values() for one in path.expressions))


@dataclass(frozen=True, slots=True)
class Content:
    """All that a message is made of but the recipient.

    Where a row chooses between several versions (`by_row`), its own fields are those of the first, and its
    digest is over all of them.

    `digest` is a SHA-256 in hex over all that a recipient would see change: templates with what
    they include, subject, from, reply_to, headers, unsubscribing, variables, shared attachments by
    their bytes, others by the pattern of their path.
    """

    subject: str
    sender: Mailbox
    bounces_to: str
    html: Bundle | None = None
    text: Bundle | None = None
    reply_to: tuple[Mailbox, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    recipient_name: str | None = None
    unsubscribe: Unsubscribe | None = None
    attachments: tuple[SharedFile | OwnFile, ...] = ()
    variables: Mapping[str, Json] = field(default_factory=dict)
    idempotency_header: str | None = None
    preheader: str | None = None  # as it is declared; it stands in the HTML, and so in the digest
    markdown: Bundle | None = None
    layout: Bundle | None = None  # around what is made of the Markdown; there where that is
    footer: Bundle | None = None  # behind the text that is made of it
    pictures: tuple[Picture, ...] = ()
    own_pictures: tuple[OwnPicture, ...] = ()
    inlines_css: bool = False  # there is a style sheet, and what it says is written into the tags
    added_headers: tuple[tuple[str, str], ...] = ()  # of `mailing`; no part of the digest
    by_row: TextsByRow | None = None
    invite: Bundle | OwnFile | None = None  # a calendar for everybody, or one of each recipient's own
    variants: Variants | None = None
    senders: Senders | None = None
    named_at: str = ""  # the domain that messages are named at, where it is not the sender's
    redirect_to: str | None = None  # who gets it in the recipients' place
    subject_called: str = "subject"  # in what is wrong with a row: which of several it is
    digest: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", _digest(self))

    @property
    def signs_links(self) -> bool:
        """Whether links to unsubscribe are signed."""
        return self.unsubscribe is not None and bool(self.unsubscribe.sign)

    def version(self, **changes: Any) -> Content:
        """A copy that is one version, with these fields changed: the record knows it by the same digest."""
        return self.with_versions(**{"by_row": None, "variants": None, "senders": None, **changes})

    def with_versions(self, **changes: Any) -> Content:
        """A copy with these fields changed that keeps its versions, and its digest."""
        made = copy(self)
        for name, value in changes.items():
            object.__setattr__(made, name, value)
        return made

    @property
    def has_versions(self) -> bool:
        """Whether a recipient gets one version or another, or none."""
        chosen = (self.by_row, self.variants, self.senders)
        return any(one is not None for one in chosen)

    @property
    def paths(self) -> Mapping[str, PathTemplate]:
        """Those of templates that a row chooses, by their keys under `templates`."""
        return self.by_row.paths if self.by_row is not None else {}

    @property
    def texts(self) -> tuple[Texts, ...]:
        """What it says, in each version of its templates."""
        if self.by_row is not None:
            return self.by_row.versions
        names = (one.name for one in fields(Texts) if one.name not in ("name", "invite"))
        return (Texts("", *(getattr(self, name) for name in names)),)

    @property
    def by_texts(self) -> list[Content]:
        """It, in each version of its templates."""
        if self.by_row is None:
            return [self]
        return [self.version(**texts.fields, variants=self.variants) for texts in self.by_row.versions]

    @property
    def all_pictures(self) -> tuple[Picture, ...]:
        """Those of all versions, each once."""
        return tuple(dict.fromkeys(one for texts in self.texts for one in texts.pictures))

    @property
    def bundles(self) -> list[Bundle]:
        """Those of all templates that are files, in all versions, an invitation too."""
        found = [bundle for texts in self.texts for bundle in texts.bundles]
        found += self.invitations
        return list({id(bundle): bundle for bundle in found}.values())

    @property
    def invitations(self) -> list[Bundle]:
        """Those that are templates, in all versions."""
        declared = [self.invite, *(texts.invite for texts in self.texts)]
        found = {id(one): one for one in declared if isinstance(one, Bundle)}
        return list(found.values())

    @property
    def has_html(self) -> bool:
        """Whether its messages have an HTML part."""
        return self.html is not None or self.markdown is not None

    @property
    def sender_domain(self) -> str:
        """The domain of the address in From, as A-labels in lower case; that of the first of several, whose
        messages all have their names at one, so that the record can tell them."""
        return self.named_at or ascii_domain(self.sender.address.rpartition("@")[2])

    @property
    def sender_domains(self) -> list[str]:
        """Those of all that its messages may be from, each once."""
        boxes = (self.sender,) if self.senders is None else self.senders.boxes
        found = (ascii_domain(box.address.rpartition("@")[2]).lower() for box in boxes)
        return list(dict.fromkeys(found))


def _digest(content: Content) -> str:
    parts = {
        "html": _bundle(content.html),
        "text": _bundle(content.text),
        "subject": content.subject,
        "from": [content.sender.name, content.sender.address],
        "name": content.recipient_name,
        "reply_to": [[box.name, box.address] for box in content.reply_to],
        "headers": [list(header) for header in content.headers],
        "unsubscribe": _unsubscribe(content.unsubscribe),
        "variables": sorted(
            ([k, v] for k, v in content.variables.items()), key=lambda kv: str(kv[0])
        ),
        "attachments": [_attachment(file) for file in content.attachments],
    }
    if content.markdown is not None:
        parts["markdown"] = _bundle(content.markdown)
        parts["layout"] = [_bundle(content.layout), _bundle(content.footer)]
    if content.pictures:  # their bytes are in the HTML, by their Content-IDs
        parts["pictures"] = [
            [one.cid, one.name, *([one.width] if one.width is not None else [])]
            for one in content.pictures
        ]
    if content.inlines_css:  # only there, so that the digest of all others stays what it was
        parts["inlines_css"] = True
    if content.by_row is not None:
        parts["by row"] = _by_row(content.by_row)
    if content.invite is not None:
        parts["invite"] = _invite(content.invite)
    if content.senders is not None:
        boxes = [[box.name, box.address] for box in content.senders.boxes]
        parts["senders"] = [content.senders.address, boxes]
    if content.redirect_to is not None:
        parts["redirect_to"] = content.redirect_to
    if content.variants is not None:
        parts["variants"] = [content.variants.campaign, *content.variants.subjects]
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def _bundle(bundle: Bundle | None) -> object:
    """The first template's own name is left out: a new name for it changes no mail."""
    if bundle is None:
        return None
    return sorted(
        ("" if n == bundle.entry else n, without_origins(s)) for n, s in bundle.sources.items()
    )


def _by_row(by_row: TextsByRow) -> object:
    versions = [
        [
            *map(_bundle, (one.html, one.text, one.markdown, one.layout, one.footer)),
            [[picture.cid, picture.name] for picture in one.pictures],
            one.inlines_css,
            *([_invite(one.invite)] if one.invite is not None else []),
        ]
        for one in by_row.versions
    ]
    # Once only the paths were filled in with the fallback: what its rows got was another letter.
    everywhere = ["everywhere"] if by_row.fallback else []
    return [
        [[key, path.written] for key, path in by_row.paths.items()],
        [*sorted(by_row.fallback.items()), *everywhere],
        sorted([list(files), versions[number]] for files, number in by_row.files.items()),
    ]


def _unsubscribe(declared: Unsubscribe | None) -> object:
    """Which secret signs makes no other content, that one does makes one."""
    if declared is None:
        return None
    signed = ["signed"] if declared.sign else []
    return [declared.url, declared.mailto, declared.one_click, *signed]


def _invite(invite: Bundle | OwnFile) -> object:
    """A file for everybody is attached under its own name."""
    if isinstance(invite, OwnFile):
        return ["own", invite.pattern]
    return ["shared", invite.entry, _bundle(invite)]


def _attachment(file: SharedFile | OwnFile) -> object:
    said = {"name": file.saved_as, "type": file.media_type}
    declared = [said] if any(said.values()) else []
    if isinstance(file, OwnFile):
        # Another policy is another content only where somebody's mail becomes another by it.
        without = [SEND_WITHOUT] if file.missing == SEND_WITHOUT else []
        return ["own", file.pattern, *without, *declared]
    return ["shared", file.name, hashlib.sha256(file.data).hexdigest(), *declared]


def own_files(content: Content) -> tuple[str, ...]:
    """The paths of recipients' own files as they are declared; of pictures, the folders."""
    pictures = (one.written for texts in content.texts for one in texts.own_pictures)
    files = (one.pattern for one in (*content.attachments, content.invite) if isinstance(one, OwnFile))
    return tuple(dict.fromkeys((*pictures, *files)))
