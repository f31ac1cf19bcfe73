"""Everything but the wire: every message of a plan is built and looked at, none is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sendbatch.findings import Groups
from sendbatch.message.checks.placeholders import Placeholder
from sendbatch.message.parts import Parts, Sample
from sendbatch.rendering.pool import Pool
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.session.overview import Rehearsal
from sendbatch.values import Recipient

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
    for recipient, sample in pool.samples(recipients, now, stop.heed):
        if isinstance(sample, Sample):
            reason = _fault(sample.size, size_limit)
            largest = max(largest, sample.size)
            if placeholders:
                text = text_of(sample.parts)
                having = [
                    number + one.is_in(text)
                    for number, one in zip(having, placeholders, strict=True)
                ]
        else:
            reason = sample.reason
        built += 1
        if reason is not None:
            failures.add(reason, recipient.row, recipient.key)
        if built % TOLD == 0:
            observer.checking(built, total)
    observer.checking(built, total)
    return Rehearsal(built, failures, largest, tuple(having))


def text_of(parts: Parts) -> str:
    """All that a reader of the message sees of its headers and bodies."""
    headers = (header.readable for header in parts.headers)
    return "\n".join([*headers, *parts.text, *(parts.html or ())])


def samples(
    pool: Pool, recipients: Iterable[Recipient], now: float, stop: Stop
) -> list[tuple[Recipient, Sample]]:
    """Those of a few recipients, without whom no message can be built for. Raises Interrupted."""
    return [
        (recipient, sample)
        for recipient, sample in pool.samples(recipients, now, stop.heed)
        if isinstance(sample, Sample)
    ]


def _fault(size: int, size_limit: int | None) -> str | None:
    if size_limit is not None and size > size_limit:
        return f"the message has {size:,} bytes; the server takes {size_limit:,}"
    return None
