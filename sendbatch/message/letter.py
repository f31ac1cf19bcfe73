"""A content compiled: all that can be done before a recipient is known is done once, the rest for each.

`Letter` renders a recipient's `Parts`. It encodes and signs nothing: that is for the stages behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sendbatch.errors import printable
from sendbatch.message.attachments import Attachments, Survey
from sendbatch.message.bodies import Bodies
from sendbatch.message.content import Content
from sendbatch.message.headers import Header, date, one_line, wire_address
from sendbatch.message.heading import Heading
from sendbatch.message.identity import idempotency_key, message_id, proof_id
from sendbatch.message.parts import Parts
from sendbatch.message.templates import Failed, LineTemplate, with_globals
from sendbatch.message.unsubscribing import Spellings, Unsubscribing, inert
from sendbatch.values import Envelope, Recipient


@dataclass(frozen=True, slots=True)
class Proof:
    """A message for a reviewer instead of the recipient: marked, and unable to unsubscribe."""

    reviewer: str


class Letter:
    """One content. `columns` name the cells of every recipient, in order; a column beats a variable of
    the same name. `salt` is the record's."""

    def __init__(self, content: Content, columns: tuple[str, ...], salt: bytes) -> None:
        self._content, self._columns, self._salt = content, columns, salt
        self._domain = content.sender_domain
        self._constants = with_globals(content.variables)
        self._heading = Heading(content)
        self._subject = LineTemplate("subject", content.subject)
        self._name = LineTemplate("recipients.name", content.recipient_name or "")
        self._unsubscribing = Unsubscribing(content.unsubscribe)
        self._bodies = Bodies(content, columns)
        self._attachments = Attachments(content.attachments)
        self._sender, self._needs_utf8 = wire_address(content.bounces_to)

    @property
    def has_own_attachments(self) -> bool:
        """Whether any attachment's path depends on the recipient."""
        return self._attachments.has_own

    def survey(self, cells: tuple[str, ...]) -> Survey:
        """What the recipient's own attachments are, and what is wrong with them."""
        return self._attachments.survey(self._variables(cells))

    def parts(self, recipient: Recipient, now: float, proof: Proof | None = None) -> Parts:
        """What one recipient gets, dated as it was before if this content was, else `now` (seconds since
        the epoch). The same recipient twice gives the same. Raises Failed, MemoryError."""
        variables = self._variables(recipient.cells)
        unsubscribing = self._unsubscribing if self._unsubscribing.are_declared else None
        links = unsubscribing.links(variables) if unsubscribing is not None else None
        dated_at = self._dated_at(recipient, now, proof)
        identity = self._identity(recipient, now, proof)
        named = _named(identity)
        address = _wired(proof.reviewer if proof else recipient.email)
        heading = self._heading
        headers = [*heading.fixed] if heading.are_fixed else heading.headers(variables)
        headers.append(Header("To", [(self._name.render(variables), address)]))
        subject = one_line(self._subject.render(variables))
        if not subject:
            raise Failed("subject: is empty")
        if proof is not None:
            subject = f"[proof for {recipient.email}] {subject}"
        headers += [Header("Subject", subject), date(dated_at), named]
        if (name := self._content.idempotency_header) is not None:
            headers.append(Header(name, self._key(identity, recipient)))
        to_disarm: Spellings = ()
        if unsubscribing is not None and links is not None:
            headers += unsubscribing.headers(inert(links) if proof else links)
            to_disarm = unsubscribing.spellings(variables) if proof else ()
        text, html = self._bodies.rendered(variables, to_disarm)
        files = self._attachments
        attached = files.files(variables) if files.has_own else files.shared
        envelope = Envelope(self._sender, address, self._needs_utf8)
        return Parts(envelope, identity, dated_at, subject, headers, text, html, attached)

    def _variables(self, cells: tuple[str, ...]) -> dict[str, object]:
        return {**self._constants, **dict(zip(self._columns, cells, strict=True))}

    def _dated_at(self, recipient: Recipient, now: float, proof: Proof | None) -> float:
        if proof is None and recipient.content == self._content.digest:
            return now if recipient.dated_at is None else recipient.dated_at
        return now

    def _identity(self, recipient: Recipient, now: float, proof: Proof | None) -> str:
        if proof is not None:
            return proof_id(self._salt, recipient.key, proof.reviewer, now, self._domain)
        return message_id(self._salt, recipient.key, self._content.digest, self._domain)

    def _key(self, identity: str, recipient: Recipient) -> str:
        return idempotency_key(self._salt, identity, recipient.email, recipient.cells)


def _named(identity: str) -> Header:
    return Header("Message-ID", identity, f"Message-ID: {identity}\r\n".encode())


def _wired(email: str) -> str:
    try:
        return wire_address(email)[0]
    except ValueError as error:
        raise Failed(f"{error}: {printable(email, 320)}") from None
