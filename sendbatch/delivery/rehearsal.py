"""Everything but the wire: every message of a plan is built and looked at, none is sent."""

from __future__ import annotations

from collections.abc import Iterable

from sendbatch.delivery.observer import Observer
from sendbatch.delivery.seen import Rehearsal
from sendbatch.delivery.stopping import Stop
from sendbatch.gathering import Gathering
from sendbatch.rendering.pool import Pool
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
) -> Rehearsal:
    """Build every message. Raises Interrupted when asked to stop."""
    built = largest = 0
    failures = Gathering()
    for recipient, message in pool.each(recipients, now, stop.heed):
        if isinstance(message, Message):
            reason = _fault(message.data, size_limit)
            largest = max(largest, len(message.data))
        else:
            reason = message.reason
        built += 1
        if reason is not None:
            failures.add(reason, recipient.row, recipient.key)
        if built % TOLD == 0:
            observer.checking(built, total)
    observer.checking(built, total)
    return Rehearsal(built, failures, largest)


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
