"""How one recipient is told, the same in report.csv and report.json."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from sendbatch.ledger.store import Entry, Reading
from sendbatch.message.identity import message_id, short
from sendbatch.values import Status

COLUMNS = (
    "row",
    "key",
    "email",
    "status",
    "code",
    "enhanced_code",
    "reply",
    "attempts",
    "message_id",
    "content",
    "first_attempt_at",
    "finished_at",
    "reason",
)

Value = str | int | None


def describer(store: Reading) -> Callable[[Entry], tuple[Value, ...]]:
    """A function that gives an entry's values in the order of COLUMNS, None for what it lacks."""
    salt = bytes.fromhex(store.meta("salt") or "")
    domain_of = lru_cache(maxsize=64)(store.domain_of)

    def describe(entry: Entry) -> tuple[Value, ...]:
        sent = entry.content
        return (
            entry.row,
            entry.key,
            entry.email,
            str(Status.IN_DOUBT if entry.status is Status.SENDING else entry.status),
            entry.code,
            entry.enhanced,
            entry.reply or None,
            entry.attempts,
            message_id(salt, entry.key, sent, domain_of(sent)) if sent else None,
            short(sent) if sent else None,
            timestamp(entry.first_attempt_at),
            timestamp(entry.finished_at),
            entry.reason or None,
        )

    return describe


def timestamp(at: float | None) -> str | None:
    """Seconds since the epoch as UTC, RFC 3339 §5.6, to the millisecond."""
    if at is None:
        return None
    second, micros = divmod(round(at * 1_000_000), 1_000_000)
    return f"{_whole_second(second)}.{micros // 1000:03}Z"


@lru_cache(maxsize=256)
def _whole_second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
