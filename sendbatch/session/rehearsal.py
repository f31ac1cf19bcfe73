"""Everything but the wire: every message of a plan is built and looked at, none is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email import message_from_bytes
from email.header import decode_header, make_header

from sendbatch.findings import Groups
from sendbatch.message.placeholders import Placeholder
from sendbatch.rendering.pool import Pool
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.session.overview import Rehearsal
from sendbatch.values import Message, Recipient

TOLD = 200  # messages between two signs of life


def rehearse(
    pool: Pool,
    recipients: Iterable[Recipient],
    total: int,
    *,
    size_limit: int | None,
    now: float,
    observer: Observer,
    stop: Stop,
    placeholders: Sequence[Placeholder] = (),
) -> Rehearsal:
    """Build every message, and count those that have each of the placeholders. Raises Interrupted when
    asked to stop."""
    built = largest = 0
    failures = Groups()
    having = [0] * len(placeholders)
    for recipient, message in pool.each(recipients, now, stop.heed):
        if isinstance(message, Message):
            reason = _fault(message.data, size_limit)
            largest = max(largest, len(message.data))
            if placeholders:
                text = seen_in(message.data)
                having = [
                    number + one.is_in(text)
                    for number, one in zip(having, placeholders, strict=True)
                ]
        else:
            reason = message.reason
        built += 1
        if reason is not None:
            failures.add(reason, recipient.row, recipient.key)
        if built % TOLD == 0:
            observer.checking(built, total)
    observer.checking(built, total)
    return Rehearsal(built, failures, largest, tuple(having))


def seen_in(data: bytes) -> str:
    """All that a reader of the message sees of its headers and bodies."""
    mail = message_from_bytes(data)
    told = [str(make_header(decode_header(str(value)))) for value in mail.values()]
    for part in mail.walk():
        if part.get_content_maintype() == "text" and part.get_content_disposition() is None:
            body = part.get_payload(decode=True)
            told.append(body.decode("utf-8", "replace") if isinstance(body, bytes) else "")
    return "\n".join(told)


def build(
    pool: Pool, recipients: Iterable[Recipient], now: float, stop: Stop
) -> list[tuple[Recipient, Message]]:
    """The messages of a few recipients, those that cannot be built left out. Raises Interrupted."""
    return [
        (recipient, message)
        for recipient, message in pool.each(recipients, now, stop.heed)
        if isinstance(message, Message)
    ]


def _fault(data: bytes, size_limit: int | None) -> str | None:
    if size_limit is not None and len(data) > size_limit:
        return f"the message has {len(data):,} bytes; the server takes {size_limit:,}"
    return None
