"""A content compiled: all that can be done before a recipient is known is done once, the rest for each.

`Letter` renders a recipient's `Parts`. It encodes and signs nothing: that is for the stages behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sendbatch.campaign.language.completed import LOCALE
from sendbatch.errors import printable
from sendbatch.message.attachments import Attachments, Survey, Unavailable, encoded
from sendbatch.message.bodies import NO_BODIES, Bodies
from sendbatch.message.content import Content, Picture
from sendbatch.message.headers import Header, date, one_line, wire_address
from sendbatch.message.heading import Heading, Templated
from sendbatch.message.identity import MessageIds, idempotency_key, proof_id
from sendbatch.message.locales import asks_locale, no_locale
from sendbatch.message.mime import inline
from sendbatch.message.parts import Inline, Parts
from sendbatch.message.pictures.shown import Shown
from sendbatch.message.templates import Failed, LineTemplate, with_globals
from sendbatch.message.tokens import Signer
from sendbatch.message.unsubscribing import NAME, Links, Spellings, Unsubscribing, inert, shown
from sendbatch.values import Envelope, Recipient

if TYPE_CHECKING:  # it loads Markdown's carrying of values, for those alone who invite
    from sendbatch.message.invitations.invitation import Invitation


ORIGINALLY_TO = "X-Originally-To"


@dataclass(frozen=True, slots=True)
class Proof:
    """A message for a reviewer instead of the recipient: marked, and unable to unsubscribe."""

    reviewer: str


class Letter:
    """One content. `columns` name the cells of every recipient, in order; a column beats a variable of
    the same name. `salt` is the record's. The `signer` signs the links to unsubscribe; without it a recipient
    brings what theirs ends with.

    Where a template shows that link, it is one more cell behind the recipient's own, and one more of the
    letter's `columns`.

    Where it is one of several versions of a content, what it keeps has one of so many `shares` of the room
    that there is, the `attachments` are those of all, the `bodies` those of all that differ in nothing else
    than who sends, and `encode` keeps each picture for all that show it."""

    def __init__(
        self,
        content: Content,
        columns: tuple[str, ...],
        salt: bytes,
        signer: Signer | None = None,
        *,
        attachments: Attachments | None = None,
        bodies: Bodies | None = None,
        encode: Callable[[Picture], Inline] | None = None,
        shares: int = 1,
    ) -> None:
        self.content, self._salt, self._signer = content, salt, signer
        self._given = columns
        self.columns = with_link(content, columns)
        self.shows_link = self.columns != columns
        self._domain = content.sender_domain
        self.ids = MessageIds(salt, content.digest, self._domain)
        self.constants = with_globals(content.variables)
        self.heading = Heading(content)
        self.subject = LineTemplate(content.subject_called, content.subject)
        self.name = LineTemplate("recipients.name", content.recipient_name or "")
        self.unsubscribing = Unsubscribing(content.unsubscribe)
        self.shares = shares
        self.bodies = bodies or Bodies(content, self.columns, shares)
        self.pictures = [*map(encode or encoded_picture, content.all_pictures)]
        self.shown = Shown(content, self.pictures)
        self.attachments = attachments or Attachments(content.attachments)
        self.invitation = _invitation(content)
        self.sender, self.needs_utf8 = wire_address(content.bounces_to)

    @property
    def has_own_attachments(self) -> bool:
        """Whether the path of any attachment, of a picture, or of the invitation depends on the recipient."""
        is_invited_so = self.invitation is not None and self.invitation.is_own
        return self.attachments.has_own or self.bodies.have_own_pictures or is_invited_so

    @cached_property
    def asks_locale(self) -> str | None:
        """The filter that surely writes by the recipient's locale, if one does."""
        sources = [bundle.sources[bundle.entry] for bundle in self.content.bundles]
        return asks_locale([one.source for one in self.line_templates] + sources)

    @property
    def shared_parts(self) -> list[bytes]:
        """The pictures and the attachments that everybody gets, encoded."""
        return _encoded(self.pictures, self.attachments)

    @property
    def line_templates(self) -> list[LineTemplate]:
        """All but those of bodies and attachments."""
        declared = [one for one in self.heading.declared if isinstance(one, Templated)]
        of_heading = [template for one in declared for template in one.templates]
        return [self.name, self.subject, *self.unsubscribing.templates, *of_heading]

    def survey(self, cells: tuple[str, ...]) -> Survey:
        """What the recipient's own files are, and the pictures that not everybody is shown, and what is wrong
        with them; or with their locale."""
        variables = self._variables(cells)
        if self.asks_locale is not None and LOCALE in variables:
            wrong = no_locale(self.asks_locale, variables[LOCALE])
            if wrong is not None:
                return Survey(unavailable=wrong, has_version=False)
        found = self.attachments.survey(variables)
        if self.shows_link:
            variables[NAME] = NAME  # no picture is chosen by it
        shared, own, wrong = self._pictures_of(variables)
        if wrong is not None and (found.unavailable is None or found.unavailable.fails):
            found = replace(found, unavailable=wrong)
        if self.invitation is not None:
            found = self.invitation.survey(variables, found)
        if not shared and not own:
            return found
        return replace(found, size=found.size + shared + own, own=found.own + own)

    def _pictures_of(self, variables: dict[str, object]) -> tuple[int, int, Unavailable | None]:
        """What one message's pictures take on the wire: those that everybody is shown, and the others."""
        shared = sum(len(picture.encoded) for picture in self.shown.to_all)
        if self.shown.are_all and not self.bodies.have_own_pictures:
            return shared, 0, None
        document, own, wrong = self.bodies.survey(variables)
        try:
            found = self.shown.in_html([document], own)
        except Failed as failed:
            return shared, 0, Unavailable(str(failed), is_missing=False, fails=False)
        others = sum(len(one.encoded) for one in found if one in self.shown.to_some)
        return shared, others + encoded(own), wrong

    def cells(self, recipient: Recipient) -> tuple[str, ...]:
        """Those of `columns`. Raises Failed."""
        if not self.shows_link:
            return recipient.cells
        variables = self._variables(recipient.cells)
        links = self.unsubscribing.links(variables, self.query_of(recipient))
        return (*recipient.cells, shown(links))

    def query_of(self, recipient: Recipient) -> str:
        """What their signed link to unsubscribe ends with."""
        return recipient.query if self._signer is None else self._signer.query(recipient.key)

    def parts(
        self, recipient: Recipient, now: float, proof: Proof | None = None, *, bodies: bool = True
    ) -> Parts:
        """What one recipient gets, dated as it was before if this content was, else `now` (seconds since
        the epoch). The same recipient twice gives the same. Without `bodies` where they are encoded already.
        Raises Failed, MemoryError."""
        variables = self._variables(recipient.cells)
        redirected = self.content.redirect_to if proof is None else None
        unsubscribing = self.unsubscribing if self.unsubscribing.are_declared else None
        links: Links = (None, None)
        to_disarm: Spellings = ()
        if unsubscribing is not None:
            links = unsubscribing.links(variables, self.query_of(recipient))
            if proof is not None or redirected:
                links, to_disarm = inert(links), unsubscribing.spellings(variables)
        if self.shows_link:
            variables[NAME] = shown(links)
        dated_at = self.dated_at(recipient, now) if proof is None else now
        identity = (
            self.ids.of(recipient.key) if proof is None else self._proof_id(recipient, proof, now)
        )
        named = _named(identity)
        address = _wired(proof.reviewer if proof else recipient.email)
        heading = self.heading
        headers = [*heading.fixed] if heading.are_fixed else heading.headers(variables)
        if redirected:
            headers = [one for one in headers if one.name.lower() != ORIGINALLY_TO.lower()]
            headers.append(_originally_to(address))
            address = _wired(redirected)
        headers.append(Header("To", [(self.name.render(variables), address)]))
        subject = self.subject_of(variables)
        if proof is not None:
            subject = f"[proof for {recipient.email}] {subject}"
        headers += [Header("Subject", subject), date(dated_at), named]
        if (name := self.content.idempotency_header) is not None:
            headers.append(Header(name, self.key(identity, recipient)))
        if unsubscribing is not None:
            headers += unsubscribing.headers(links)
        made = self.bodies.rendered(variables, to_disarm) if bodies else NO_BODIES
        text, html, own = made[:3]
        files = self.attachments
        attached = files.files(variables) if files.has_own else files.shared
        envelope = Envelope(self.sender, address, self.needs_utf8)
        pictures = [*self.shown.in_html(html, sum(len(one.data) for one in own)), *own]
        parts = Parts(
            *(envelope, identity, dated_at, subject, headers, text, html, attached, pictures),
            written_text=made.written_text,
            written_html=made.written_html,
        )
        if self.invitation is None:
            return parts
        calendar = self.invitation.calendar(variables)
        return parts._replace(calendar=calendar.part, attachments=[calendar.file, *attached])

    def subject_of(self, variables: dict[str, object]) -> str:
        """The subject as one line. Raises Failed."""
        subject = one_line(self.subject.render(variables))
        if not subject:
            raise Failed(f"{self.subject.what}: is empty")
        return subject

    def dated_at(self, recipient: Recipient, now: float) -> float:
        """When this content was first made for the recipient."""
        if recipient.dated_at is None or recipient.content != self.content.digest:
            return now
        return recipient.dated_at

    def key(self, identity: str, recipient: Recipient) -> str:
        """The idempotency key of the message that is called so."""
        return idempotency_key(self._salt, identity, recipient.email, recipient.cells)

    def _variables(self, cells: tuple[str, ...]) -> dict[str, object]:
        return {**self.constants, **dict(zip(self._given, cells, strict=True))}

    def _proof_id(self, recipient: Recipient, proof: Proof, now: float) -> str:
        return proof_id(self._salt, recipient.key, proof.reviewer, now, self._domain)


def _invitation(content: Content) -> Invitation | None:
    if content.invite is None:
        return None
    from sendbatch.message.invitations.invitation import Invitation

    return Invitation(content.invite)


def shared_parts(content: Content) -> list[bytes]:
    """The pictures and the attachments that everybody gets, encoded."""
    return _encoded([*map(encoded_picture, content.all_pictures)], Attachments(content.attachments))


def _encoded(pictures: Sequence[Inline], attachments: Attachments) -> list[bytes]:
    files = [file.encoded for file in attachments.shared]
    return [*(picture.encoded for picture in pictures), *files]


def encoded_picture(picture: Picture) -> Inline:
    """As it stands in every message that shows it."""
    made = inline(picture.cid, picture.name, picture.media_type, picture.data)
    return made._replace(data=b"")


def with_link(content: Content, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of its templates: the link to unsubscribe is one behind the others where it is shown."""
    return (*columns, NAME) if shows_link(content, columns) else columns


def shows_link(content: Content, columns: Collection[str]) -> bool:
    """Whether any template shows the finished link to unsubscribe. A column or a variable of that name is
    itself."""
    if content.unsubscribe is None or NAME in columns or NAME in content.variables:
        return False
    sources = [source for bundle in content.bundles for source in bundle.sources.values()]
    return any(NAME in source for source in (content.subject, *sources))


def _originally_to(address: str) -> Header:
    """Whom it would have gone to; what only SMTPUTF8 could carry as it is stands in encoded words."""
    return Header(ORIGINALLY_TO, [("", address)] if address.isascii() else address)


def _named(identity: str) -> Header:
    return Header("Message-ID", identity, f"Message-ID: {identity}\r\n".encode())


def _wired(email: str) -> str:
    try:
        return wire_address(email)[0]
    except ValueError as error:
        raise Failed(f"{error}: {printable(email, 320)}") from None
