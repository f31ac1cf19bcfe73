"""One recipient's message, whole, as bytes: the stages of it, one after the other.

A content is compiled once (`letter`), a recipient's parts are rendered, then composed as MIME, then signed
(`dkim`), where there are keys: the signatures stand before all that they are over. The bytes are put together
here and not by `email.message`: that takes a millisecond and a half a message, this a few hundredths of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from sendbatch.campaign.written.hosts import is_signed_by
from sendbatch.errors import printable
from sendbatch.message.attachments import Attachments, Survey
from sendbatch.message.bodies import Bodies
from sendbatch.message.content import Content, Picture
from sendbatch.message.dkim.keys import SigningKey
from sendbatch.message.dkim.signatures import Signatures
from sendbatch.message.headers import is_plain
from sendbatch.message.letter import Letter, Proof
from sendbatch.message.mime import body_of
from sendbatch.message.parts import Inline, Parts, Sample
from sendbatch.message.planned import Plan, RowBound, bound_of, plan_of
from sendbatch.message.quoted import text_part
from sendbatch.message.templates import Failed
from sendbatch.message.tokens import Signer
from sendbatch.values import Message, Recipient, Unbuildable

_LONGEST_REASON = 500
# Bytes. Postfix cuts one off at 102,400 (header_size_limit), others sooner.
_LONGEST_HEADER = 64 * 1024

ROW_FAILS = (Failed, UnicodeEncodeError, MemoryError)  # by what a row holds


class Composer:
    """Builds messages from a content with one version; its arguments are those of `Letter`, and the `keys`:
    those of the sender's domain sign what is composed. What is planned is compiled when the first message is
    asked for."""

    def __init__(
        self,
        content: Content,
        columns: tuple[str, ...],
        salt: bytes,
        signer: Signer | None = None,
        keys: Sequence[SigningKey] = (),
        *,
        attachments: Attachments | None = None,
        bodies: Bodies | None = None,
        encode: Callable[[Picture], Inline] | None = None,
        shares: int = 1,
    ) -> None:
        own = [key for key in keys if is_signed_by(content.sender.address, key.domain)]
        self._signatures = Signatures(own) if own else None
        self._letter = Letter(
            content,
            columns,
            salt,
            signer,
            attachments=attachments,
            bodies=bodies,
            encode=encode,
            shares=shares,
        )
        self.has_own_attachments = self._letter.has_own_attachments

    @property
    def looks_at_rows(self) -> bool:
        """Whether each row has to be surveyed before it is sent to."""
        letter = self._letter
        if self.has_own_attachments or not letter.shown.are_all:
            return True
        return letter.asks_locale is not None

    @property
    def shared(self) -> list[bytes]:
        """What everybody's message holds, encoded."""
        return self._letter.shared_parts

    @property
    def is_planned(self) -> bool:
        """Whether `planned` can give any message."""
        return self._signatures is None and self._bound is not None and self._plan is not None

    def planned(self, recipient: Recipient, now: float) -> Message | None:
        """As `compose`, by nothing but what is of bounded cost for this row, so that the process that sends
        can ask for it. None where that cannot be, and another process is to be asked: so it is with all that
        is signed, which takes ten times as long as to compose it. Never raises."""
        if self._bound is None or self._signatures or not self._bound.holds(recipient):
            return None
        return self._plan.message(recipient, now) if self._plan is not None else None

    @cached_property
    def _plan(self) -> Plan | None:
        return plan_of(self._letter)

    @cached_property
    def _bound(self) -> RowBound | None:
        return bound_of(self._letter)

    def compose(
        self, recipient: Recipient, now: float, proof: Proof | None = None
    ) -> Message | Unbuildable:
        """The message for one recipient, dated as `Letter.parts` says, and signed."""
        try:
            return self._signed(self._composed(recipient, now, proof))
        except ROW_FAILS as error:
            return unbuildable(error)

    def _composed(self, recipient: Recipient, now: float, proof: Proof | None) -> Message:
        letter, bodies, plan = self._letter, None, self._plan if proof is None else None
        if plan is not None and (whole := plan.message(recipient, now)) is not None:
            return whole
        is_theirs = proof is None and letter.content.redirect_to is None  # who gets it is the recipient
        if is_theirs and (plan is None or letter.content.markdown is not None):
            bodies = letter.bodies.encoded(letter.cells(recipient), patiently=True)
        parts = letter.parts(recipient, now, proof, bodies=bodies is None)
        if bodies is not None and self._letter.pictures:
            parts = parts._replace(pictures=letter.shown.in_part(bodies[-1]))
        return composed(parts, bodies)

    def _signed(self, message: Message) -> Message:
        if self._signatures is None:
            return message
        signatures = self._signatures.headers(message.data, message.dated_at)
        return message._replace(data=signatures + message.data)

    def sample(self, recipient: Recipient, now: float) -> Sample | Unbuildable:
        """The same message to be looked at. What cannot be composed cannot be looked at either."""
        try:
            parts = self._letter.parts(recipient, now)
            return Sample(parts, len(self._signed(composed(parts)).data))
        except ROW_FAILS as error:
            return unbuildable(error)

    def survey(self, cells: tuple[str, ...], key: str = "") -> Survey:
        """What the recipient's own files are, and what is wrong with them."""
        found = self._letter.survey(cells)
        wrong = found.unavailable
        if wrong is None:
            return found
        return replace(found, unavailable=wrong._replace(reason=_bounded(wrong.reason)))


def composed(parts: Parts, bodies: Sequence[bytes] | None = None) -> Message:
    """The message of these parts; `bodies` are those that are encoded already, as MIME parts. Raises Failed
    where a header is longer than servers take, and UnicodeEncodeError for a lone surrogate."""
    headers = [header.wire or header.encoded() for header in parts.headers]
    head = b"".join(headers)
    if len(head) > _LONGEST_HEADER:
        _hold_headers(headers)
    envelope = parts.envelope
    # Only an address that takes SMTPUTF8 stands as it is; all else is encoded (RFC 6532 §3.2).
    if not head.isascii():
        envelope = envelope._replace(smtputf8=True)
    attached = [[file.encoded] for file in parts.attachments]
    readable = _encoded(parts) if bodies is None else bodies
    pictures = [picture.encoded for picture in parts.pictures]
    body = body_of(parts.message_id, readable, attached, pictures, parts.calendar)
    data = b"".join((head, *body))
    return Message(envelope, data, parts.message_id, parts.dated_at, is_plain(head))


def _encoded(parts: Parts) -> list[bytes]:
    """The bodies, as MIME parts."""
    bodies = [b"".join(text_part("plain", parts.text))]
    if parts.html is not None:
        bodies.append(b"".join(text_part("html", parts.html)))
    return bodies


def _hold_headers(headers: Sequence[bytes]) -> None:
    for header in headers:
        if len(header) > _LONGEST_HEADER:
            name = header.partition(b":")[0].decode()
            raise Failed(f"the header {name} has more than {_LONGEST_HEADER:,} bytes")


def unbuildable(error: Exception) -> Unbuildable:
    """Why a message cannot be built, as a bounded sentence."""
    if isinstance(error, Failed):
        reason = str(error)
    elif isinstance(error, MemoryError):
        error.__traceback__ = None  # it holds what was made so far
        reason = "takes more memory than a message may"
    else:
        reason = "a value has characters that are none (a lone surrogate)"
    return Unbuildable(_bounded(reason))


def _bounded(reason: str) -> str:
    """A reason as one bounded line: it may hold what a row holds."""
    return printable(" ".join(reason.split()), _LONGEST_REASON)
