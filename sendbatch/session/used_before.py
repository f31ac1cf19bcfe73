"""What an account has used of its quotas, by a record in the repository: a runner of CI begins with a disk
that knows of no use, and would spend a day's quota anew in each job."""

from __future__ import annotations

from collections.abc import Iterator

from sendbatch.ledger.store import Reading
from sendbatch.limits.account import Allowance
from sendbatch.limits.quota import quotas_of

SPAN = 60.0  # seconds that are counted as one moment, their last


def count_used_before(reading: Reading, allowance: Allowance, now: float) -> int:
    """Count whom this record has as accepted within the longest quota, where this machine knows of no use of
    the account at all; returns how many. Other campaigns' records are not asked. Raises LedgerError."""
    usage, quotas = allowance.usage, quotas_of(allowance.rates)
    if usage is None or not quotas:
        return 0
    longest = max(rate.seconds for rate in quotas)
    if usage.used(allowance.account, longest, now):
        return 0
    counted = 0
    for at, number in _accepted(reading, now - longest, now):
        counted += usage.take(allowance.account, (), number, at)
    return counted


def _accepted(reading: Reading, start: float, end: float) -> Iterator[tuple[float, int]]:
    """(time, how many) in order, none told as earlier than it was."""
    number = reading.accepted_since(start) - reading.accepted_since(end)
    if not number:
        return
    if end - start <= SPAN:
        yield end, number
        return
    middle = (start + end) / 2
    yield from _accepted(reading, start, middle)
    yield from _accepted(reading, middle, end)
