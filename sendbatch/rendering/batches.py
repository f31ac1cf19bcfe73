"""A batch to be built and what was built of it, as bytes: tuples of plain values, by `marshal`.

Both ends are the same interpreter and the same code. Dataclasses would be pickled by name and field,
which costs the process that all messages pass more than all else it does with them.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from typing import TypeAlias

from sendbatch.values import Envelope, Message, Recipient, Unbuildable

Built: TypeAlias = list[Message | Unbuildable]


def asked(recipients: Sequence[Recipient], now: float) -> bytes:
    """What a message depends on, and no more: where a recipient stands is no matter of building."""
    rows = [(r.id, r.row, r.key, r.email, r.cells, r.dated_at, r.content) for r in recipients]
    return marshal.dumps((now, rows))


def asked_for(data: bytes) -> tuple[list[Recipient], float]:
    """The other end of `asked`; `data` comes from our own process."""
    now, rows = marshal.loads(data)  # noqa: S302
    return [
        Recipient(id_, row, key, email, cells, dated_at=dated_at, content=content)
        for id_, row, key, email, cells, dated_at, content in rows
    ], now


def answered(built: Built) -> bytes:
    """Messages as their envelope's fields and their own, the others as their reason."""
    return marshal.dumps([_plain(message) for message in built])


def _plain(built: Message | Unbuildable) -> object:
    if isinstance(built, Unbuildable):
        return built.reason
    to = built.envelope
    data = built.data
    envelope = (to.sender, to.recipient, to.smtputf8)
    return *envelope, data, built.message_id, built.dated_at, is_plain(data)


def is_plain(data: bytes) -> bool:
    """As `Message.plain`; asked here because a worker has the time."""
    ends = data.count(b"\r\n")
    whole = data.endswith(b"\r\n") and ends == data.count(b"\n") == data.count(b"\r")
    return whole and data.isascii() and not data.startswith(b".") and b"\r\n." not in data


def built_from(data: bytes) -> Built:
    """The other end of `answered`; `data` comes from our own worker."""
    return [
        Unbuildable(one)
        if isinstance(one, str)
        else Message(Envelope(*one[:3]), *one[3:])
        for one in marshal.loads(data)  # noqa: S302
    ]
