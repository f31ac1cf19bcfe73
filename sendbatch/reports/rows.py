"""How one recipient is told, the same in report.csv and report.json."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from sendbatch.audience.reported import COLUMNS as COLUMNS
from sendbatch.ledger.facts import ReportRow
from sendbatch.ledger.person import is_forgotten
from sendbatch.ledger.reach import redirected_to
from sendbatch.ledger.store import Reading
from sendbatch.message.identity import MessageIds, short
from sendbatch.reasons import reason
from sendbatch.reports.variants import variants_of
from sendbatch.values import Status

# One recipient's values in the order of COLUMNS, None for what there is none of.
Described: TypeAlias = tuple[
    int, str, str, str, int | None, str | None, str | None, int,
    str | None, str | None, str | None, str | None, str | None, str | None,
]  # fmt: skip


def describer(store: Reading, handing: str = "") -> Callable[[ReportRow], Described]:
    """A function that makes of what the record tells what a report says. `handing` is said of those
    *sending*; without it nobody is, and they are in doubt."""
    salt = bytes.fromhex(store.meta("salt") or "")

    variants, elsewhere = variants_of(store), redirected_to(store)

    @lru_cache(maxsize=64)
    def ids_of(content: str) -> MessageIds:
        return MessageIds(salt, content, store.domain_of(content))

    def describe(told: ReportRow) -> Described:
        row, key, email, status, code, enhanced, reply, attempts, sent, begun, ended, why, detail = (
            told
        )
        why_not = _reason(why, detail, code, row, elsewhere if sent else "")
        if status == Status.SENDING:
            status = Status.SENDING.value if handing else Status.IN_DOUBT.value
            why_not = "; ".join(filter(None, (handing, why_not))) or None
        return (
            row,
            key,
            email,
            status,
            code,
            enhanced,
            reply or None,
            attempts,
            ids_of(sent).of(key) if sent and not is_forgotten(key) else None,
            short(sent) if sent else None,
            timestamp(begun),
            timestamp(ended),
            why_not,
            variants[sent].name_of(key) if sent in variants and not is_forgotten(key) else None,
        )

    return describe


def _reason(why: str | None, detail: str | None, code: int | None, row: int, elsewhere: str) -> str | None:
    if why is None:
        return f"went to {elsewhere} in the recipient's place (redirect_to)" if elsewhere else None
    return reason(why, detail, code, row) or None


def timestamp(at: float | None) -> str | None:
    """Seconds since the epoch as UTC, RFC 3339 §5.6, to the millisecond."""
    if at is None:
        return None
    micros = round(at * 1_000_000)
    return _whole_second(micros // 1_000_000) + _MILLIS[micros // 1000 % 1000]


_MILLIS = tuple(f".{millis:03}Z" for millis in range(1000))


@lru_cache(maxsize=256)
def _whole_second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
