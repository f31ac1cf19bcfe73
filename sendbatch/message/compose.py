"""One recipient's message, whole, as bytes. What is the same for everybody is made once.

The bytes are put together here and not by `email.message`: that takes a millisecond and a half a
message, this a few hundredths of one.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sendbatch.campaign.written.mailboxes import (
    MAILBOX_HEADERS,
    parse_mailboxes,
    reads_as_mailboxes,
)
from sendbatch.errors import printable
from sendbatch.message.addressing import wire_address
from sendbatch.message.attachments import Attachments, Survey
from sendbatch.message.content import Bundle, Content
from sendbatch.message.headers import date, mailboxes, one_line, unstructured
from sendbatch.message.identity import boundary, idempotency_key, message_id, proof_id
from sendbatch.message.listing import MailboxHeader, listed
from sendbatch.message.mime import is_plain, multipart, text_part
from sendbatch.message.pictures import Pictures
from sendbatch.message.plaintext import ALT_OR_TEXT, text_from_html
from sendbatch.message.templates import Failed, Line, Template, with_globals
from sendbatch.message.unsubscribing import Unsubscribing, inert, without_links
from sendbatch.values import Envelope, Message, Recipient, Unbuildable

_LONGEST_REASON = 500
_LONGEST_HEADER = (
    64 * 1024
)  # bytes; Postfix cuts one off at 102,400 (header_size_limit), others sooner
# RFC 2919 §3: a phrase, and the list's identity, which programs sort by.
_LIST_ID = re.compile(r'"?(?P<phrase>[^<>"]+)"?\s*<(?P<id>[!-;=?-~]+)>')
_Spellings = Sequence[tuple[str, str]]  # of links, each with what goes in its place
_Header = bytes | Callable[[dict[str, object]], bytes]  # or what makes them for each recipient


@dataclass(frozen=True, slots=True)
class Proof:
    """A message for a reviewer instead of the recipient: marked, and unable to unsubscribe."""

    reviewer: str


class Composer:
    """Builds messages from one content. `columns` name the cells of every recipient, in order;
    a column beats a variable of the same name. `salt` is the record's."""

    def __init__(self, content: Content, columns: tuple[str, ...], salt: bytes) -> None:
        self._content, self._columns, self._salt = content, columns, salt
        self._domain = content.sender_domain
        self._constants = with_globals(content.variables)
        self._html = _template(content.html, autoescape=True)
        self._text = _template(content.text, autoescape=False)
        self._pictures = Pictures(content, columns)
        self._subject = Line("subject", content.subject)
        self._name = Line("recipients.name", content.recipient_name or "")
        self._attachments = Attachments(content.attachments)
        self._unsubscribing = Unsubscribing(content.unsubscribe)
        self._sender, self._needs_utf8 = wire_address(content.bounces_to)
        self._headers = self._declared_headers()

    def _declared_headers(self) -> list[_Header]:
        """From, Reply-To, the campaign's own: as bytes already where no template is in them."""
        content = self._content
        address, _ = wire_address(content.sender.address)
        headers = [_mailboxes("From", [(Line("from", content.sender.name), address)])]
        if content.reply_to:
            boxes = [
                (Line("reply_to", box.name), wire_address(box.address)[0])
                for box in content.reply_to
            ]
            headers.append(_mailboxes("Reply-To", boxes))
        headers.append(b"MIME-Version: 1.0\r\n")
        for name, value in content.headers:
            headers.append(_own(name, value))
        return headers

    @property
    def has_own_attachments(self) -> bool:
        """Whether any attachment's path depends on the recipient."""
        return self._attachments.has_own

    def compose(
        self, recipient: Recipient, now: float, proof: Proof | None = None
    ) -> Message | Unbuildable:
        """The message for one recipient, dated as it was before if this content was, else `now`
        (seconds since the epoch). The same recipient twice gives the same bytes."""
        try:
            return self._compose(recipient, now, proof)
        except Failed as failed:
            reason = str(failed)
        except UnicodeEncodeError:
            reason = "a value has characters that are none (a lone surrogate)"
        except MemoryError as error:
            error.__traceback__ = None  # it holds what was made so far
            reason = "takes more memory than a message may"
        return Unbuildable(_told(reason))

    def survey(self, cells: tuple[str, ...]) -> Survey:
        """What the recipient's own attachments are, and what is wrong with them."""
        found = self._attachments.survey(self._variables(cells))
        return found if found.fault is None else replace(found, fault=_told(found.fault))

    def _variables(self, cells: tuple[str, ...]) -> dict[str, object]:
        return {**self._constants, **dict(zip(self._columns, cells, strict=True))}

    def _compose(self, recipient: Recipient, now: float, proof: Proof | None) -> Message:
        variables = self._variables(recipient.cells)
        dated_at = self._dated_at(recipient, now, proof)
        links = self._unsubscribing.links(variables)
        address = _wired(proof.reviewer if proof else recipient.email)
        identity = self._identity(recipient, now, proof)
        name = self._content.idempotency_header
        headers = [
            *[
                header if isinstance(header, bytes) else header(variables)
                for header in self._headers
            ],
            mailboxes("To", [(self._name.render(variables), address)]),
            self._subject_header(variables, recipient, proof),
            date(dated_at),
            f"Message-ID: {identity}\r\n".encode(),
            unstructured(name, self._key(identity, recipient)) if name else b"",
            self._unsubscribing.header(inert(links) if proof else links),
        ]
        to_disarm = self._unsubscribing.spellings(variables) if proof else ()
        body = self._body(variables, boundary(identity), to_disarm)
        head = b"".join(headers)
        # Only an address that takes SMTPUTF8 stands as it is; all else is encoded (RFC 6532 §3.2).
        envelope = Envelope(self._sender, address, self._needs_utf8 or not head.isascii())
        if len(head) > _LONGEST_HEADER:
            _hold_headers(headers)
        return Message(envelope, b"".join((head, *body)), identity, dated_at, is_plain(head))

    def _dated_at(self, recipient: Recipient, now: float, proof: Proof | None) -> float:
        if proof is None and recipient.content == self._content.digest:
            return now if recipient.dated_at is None else recipient.dated_at
        return now

    def _key(self, identity: str, recipient: Recipient) -> str:
        return idempotency_key(self._salt, identity, recipient.email, recipient.cells)

    def _identity(self, recipient: Recipient, now: float, proof: Proof | None) -> str:
        if proof is not None:
            return proof_id(self._salt, recipient.key, proof.reviewer, now, self._domain)
        return message_id(self._salt, recipient.key, self._content.digest, self._domain)

    def _subject_header(
        self, variables: dict[str, object], recipient: Recipient, proof: Proof | None
    ) -> bytes:
        subject = one_line(self._subject.render(variables))
        if not subject:
            raise Failed("subject: is empty")
        if proof is not None:
            subject = f"[proof for {recipient.email}] {subject}"
        return unstructured("Subject", subject)

    def _body(
        self, variables: dict[str, object], boundary: str, to_disarm: _Spellings
    ) -> Sequence[bytes]:
        """The MIME headers of the whole and all that follows."""
        html = _pieces(self._html, variables, to_disarm)
        if html is not None and self._pictures.are_computed:
            self._pictures.hold("".join(html))
        text = _pieces(self._text, variables, to_disarm)
        if text is None:
            text = text_from_html("".join(html or ())).splitlines(keepends=True)
        if not any(map(str.strip, text)):
            if self._text is None:
                raise Failed(f"templates.html: no text is left; {ALT_OR_TEXT}")
            raise Failed("templates.text: no text is left")
        bodies = [text_part("plain", text)]
        if html is not None:
            bodies.append(text_part("html", html))
        readable = multipart("alternative", f"{boundary}.1", bodies)
        attached = [[part] for part in self._attachments.parts(variables)]
        return multipart("mixed", f"{boundary}.0", [readable, *attached])


def _pieces(
    template: Template | None, variables: dict[str, object], to_disarm: _Spellings
) -> list[str] | None:
    if template is None:
        return None
    pieces = template.pieces(variables)
    if not to_disarm:
        return pieces
    return without_links("".join(pieces), to_disarm).splitlines(keepends=True)


def _hold_headers(headers: Sequence[bytes]) -> None:
    for header in headers:
        if len(header) > _LONGEST_HEADER:
            name = header.partition(b":")[0].decode()
            raise Failed(f"the header {name} has more than {_LONGEST_HEADER:,} bytes")


def _told(reason: str) -> str:
    """A reason as one bounded line: it may hold what a row holds."""
    return printable(" ".join(reason.split()), _LONGEST_REASON)


def _wired(email: str) -> str:
    try:
        return wire_address(email)[0]
    except ValueError as error:
        raise Failed(f"{error}: {printable(email, 320)}") from None


def _template(bundle: Bundle | None, *, autoescape: bool) -> Template | None:
    return None if bundle is None else Template(bundle, autoescape=autoescape)


def _mailboxes(header: str, boxes: Sequence[tuple[Line, str]]) -> _Header:
    def written(variables: dict[str, object]) -> bytes:
        return mailboxes(header, [(name.render(variables), address) for name, address in boxes])

    return written({}) if all(name.fixed is not None for name, _ in boxes) else written


def _own(name: str, source: str) -> _Header:
    if name.lower() in MAILBOX_HEADERS:
        header = MailboxHeader(name, source)
        return header.written({}) if header.is_fixed else header.written
    line, is_list_id = Line(f"headers.{name}", source), name.lower() == "list-id"

    def written(variables: dict[str, object]) -> bytes:
        value = one_line(line.render(variables))
        if is_list_id and not value.isascii() and (found := _LIST_ID.fullmatch(value)) is not None:
            return mailboxes(name, [(found["phrase"], found["id"])])
        if not value.isascii() and reads_as_mailboxes(value):
            with contextlib.suppress(ValueError):  # no address after all
                return listed(name, parse_mailboxes(value))
        return unstructured(name, value) if value else b""

    return written({}) if line.fixed is not None else written
