"""Everything but the wire: every message of a plan is built and looked at, none is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header

from sendbatch.findings import Finding, Groups, Rule
from sendbatch.ledger.sqlite import Ledger
from sendbatch.message.placeholders import Placeholder
from sendbatch.planning.preparing import Prepared
from sendbatch.rendering.pool import Pool
from sendbatch.runtime.stop import Stop
from sendbatch.session.job import Job
from sendbatch.values import Message, Recipient, Status, Unbuildable

SIGN_OF_LIFE = 200  # messages between two of them


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`built` counts all messages, `failures` are those that could not be built, by the reason.
    `having` counts the messages that have each of the placeholders looked for. `invalid` and `duplicates` are
    such rows, by the reason."""

    built: int
    failures: Groups
    largest: int  # bytes of the largest message
    having: tuple[int, ...]
    invalid: Groups
    duplicates: Groups

    @property
    def failed(self) -> int:
        """How many messages could not be built."""
        return self.failures.number

    def warn_of_size(self, size: int | None) -> tuple[Finding, ...]:
        """Where the server lately said that it takes messages of `size` bytes. That is no more than a
        warning: it may say otherwise by now."""
        if size is None or self.largest <= size:
            return ()
        said = f"the largest message has {self.largest:,} bytes; the server takes {size:,}"
        hint = "it said so within the last week; run asks it again"
        return (Rule.MESSAGE_LIKELY_TOO_LARGE.finding(said, hint=hint),)


def rehearse(job: Job, ledger: Ledger, prepared: Prepared) -> Rehearsal:
    """Build every message, and count those that have each of the placeholders. Raises Interrupted when
    asked to stop."""
    sought = [one for one in prepared.placeholders if not one.in_all]
    found = _Found(job.profile.size_limit, sought)
    holders, total = ledger.reading.holders(), prepared.holders
    for recipient, message in prepared.pool.each(holders, job.now(), job.stop.heed):
        found.add(recipient, message)
        if found.built % SIGN_OF_LIFE == 0:
            job.observer.checking(found.built, total)
    job.observer.checking(found.built, total)
    job.observer.finished()
    return Rehearsal(
        found.built,
        found.failures,
        found.largest,
        tuple(found.having),
        invalid=_rows(job, ledger, Status.INVALID),
        duplicates=_rows(job, ledger, Status.DUPLICATE),
    )


@dataclass(slots=True)
class _Found:
    """What the messages built so far have shown."""

    size_limit: int | None
    sought: Sequence[Placeholder]
    built: int = 0
    largest: int = 0
    failures: Groups = field(default_factory=Groups)
    having: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.having = [0] * len(self.sought)

    def add(self, recipient: Recipient, message: Message | Unbuildable) -> None:
        self.built += 1
        reason = self._looked_at(message) if isinstance(message, Message) else message.reason
        if reason is not None:
            self.failures.add(reason, recipient.row, recipient.key)

    def _looked_at(self, message: Message) -> str | None:
        """Why it could not be sent, if it could not."""
        size = len(message.data)
        self.largest = max(self.largest, size)
        if self.sought:
            text = text_of(message.data)
            for number, one in enumerate(self.sought):
                self.having[number] += one.is_in(text)
        if self.size_limit is not None and size > self.size_limit:
            return f"the message has {size:,} bytes; the server takes {self.size_limit:,}"
        return None


def text_of(data: bytes) -> str:
    """All that a reader of the message sees of its headers and bodies."""
    mail = message_from_bytes(data)
    texts = [str(make_header(decode_header(str(value)))) for value in mail.values()]
    for part in mail.walk():
        if part.get_content_maintype() == "text" and part.get_content_disposition() is None:
            body = part.get_payload(decode=True)
            texts.append(body.decode("utf-8", "replace") if isinstance(body, bytes) else "")
    return "\n".join(texts)


def build(
    pool: Pool, recipients: Iterable[Recipient], now: float, stop: Stop
) -> list[tuple[Recipient, Message]]:
    """The messages of a few recipients, those that cannot be built left out. Raises Interrupted."""
    return [
        (recipient, message)
        for recipient, message in pool.each(recipients, now, stop.heed)
        if isinstance(message, Message)
    ]


def _rows(job: Job, ledger: Ledger, status: Status) -> Groups:
    found = Groups()
    for entry in job.stop.heeding(ledger.reading.entries({status})):
        found.add(entry.reason or "", entry.row, entry.email or entry.key or "(no address)")
    return found
