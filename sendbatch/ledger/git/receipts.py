"""A receipt: what became of one delivery, for whoever has the key, and nothing about whose it is.

A line of a page is a receipt: sixteen bytes of an HMAC over the delivery's key in place of it, its status,
and what the guarantee needs besides. A later line about the same delivery stands in place of an earlier one.
Times are milliseconds since the epoch, hexadecimal. No I/O.
"""

from __future__ import annotations

import base64
import hmac
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sendbatch.values import Status, Why

ID = re.compile(r"[A-Za-z0-9_-]{22}")
_MARK = re.compile(r"[A-Za-z0-9_-]{6}|")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463 §2
NOTHING = "-"
LETTERS = {
    Status.ACCEPTED: "a", Status.SENDING: "s", Status.IN_DOUBT: "q", Status.DEFERRED: "d",
    Status.REJECTED: "r", Status.FAILED: "f", Status.PENDING: "p",
}  # fmt: skip
_STATUSES = {letter: status for status, letter in LETTERS.items()}
_WHYS = frozenset({*map(str, Why), NOTHING})
_MOST_TIME = 253_402_300_799_000  # as in a record on a disk: the end of the year 9999
_FIELDS = 14  # of a line


class Receipt(NamedTuple):
    """`address` and `cells` are marks of those that the message was or is to be sent with, "" where they are
    not known; `since` is when the mailbox was first refused. The other names are those of facts.Entry."""

    id: str
    status: Status
    attempts: int = 0
    content: str | None = None
    dated_at: float | None = None
    first_attempt_at: float | None = None
    finished_at: float | None = None
    due_at: float | None = None
    since: float | None = None
    code: int | None = None
    enhanced: str | None = None
    why: str | None = None
    address: str = ""
    cells: str = ""

    @property
    def tells_something(self) -> bool:
        """Of whoever was announced and not tried there is nothing to tell any more."""
        return self.status is not Status.PENDING or self.attempts > 0 or self.first_attempt_at is not None


@dataclass(frozen=True, slots=True)
class Secret:
    """SENDBATCH_RECEIPT_KEY as one record uses it: no two records have an id in common, so that nobody can
    tell who is in both."""

    key: bytes = field(repr=False)

    def of(self, ref: str) -> Secret:
        return Secret(self.digest("record", ref))

    def digest(self, purpose: str, text: str) -> bytes:
        told = f"sendbatch {purpose}\0".encode() + text.encode(errors="surrogatepass")
        return hmac.digest(self.key, told, "sha256")

    def id_of(self, key: str) -> str:
        return _text(self.digest("delivery", key)[:16])

    def mark(self, purpose: str, key: str, value: str) -> str:
        """Four bytes that say whether a value is still the same, for this delivery alone."""
        return _text(self.digest(purpose, f"{key}\0{value}")[:4])


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def page(receipts: Iterable[Receipt], contents: list[str]) -> bytes:
    """Lines of receipts. Contents stand as their number in `contents`, which grows by those not in it."""
    numbers = {digest: number for number, digest in enumerate(contents)}
    lines = []
    for one in receipts:
        content = NOTHING
        if one.content is not None:
            if one.content not in numbers:
                numbers[one.content] = len(contents)
                contents.append(one.content)
            content = str(numbers[one.content])
        times = (one.dated_at, one.first_attempt_at, one.finished_at, one.due_at, one.since)
        enhanced = one.enhanced if one.enhanced and _ENHANCED.fullmatch(one.enhanced) else None
        words = (one.code, enhanced, one.why, one.address or None, one.cells or None)
        told = " ".join(NOTHING if word is None else str(word) for word in words)
        lines.append(
            f"{one.id} {LETTERS[one.status]} {one.attempts} {content} {' '.join(map(_moment, times))} "
            f"{told}\n"
        )
    return "".join(lines).encode()


def read(data: bytes, contents: Sequence[str]) -> Iterator[Receipt]:
    """Raises ValueError where something is not what `page` writes."""
    for line in data.decode("ascii").splitlines():
        words = line.split(" ")
        if len(words) != _FIELDS or not ID.fullmatch(words[0]):
            raise ValueError("a receipt that is none")
        (
            id_, status, attempts, content, dated, first, finished, due, since, code, enhanced, why, *marks
        ) = words  # fmt: skip
        if not all(map(_MARK.fullmatch, map(_word, marks))) or why not in _WHYS:
            raise ValueError("a receipt that says what no receipt says")
        dated_at, first_at, finished_at, due_at, since_at = map(_time, (dated, first, finished, due, since))
        address, cells = map(_word, marks)
        yield Receipt(
            id_,
            _STATUSES[status] if status in _STATUSES else _nothing(),
            _whole(attempts, 1 << 31),
            None if content == NOTHING else contents[_whole(content, len(contents))],
            dated_at,
            first_at,
            finished_at,
            due_at,
            since_at,
            None if code == NOTHING else _whole(code, 1000),
            None if enhanced == NOTHING or not _ENHANCED.fullmatch(enhanced) else enhanced,
            None if why == NOTHING else why,
            address,
            cells,
        )


def _nothing() -> Status:
    raise ValueError("a receipt of no status")


def _word(word: str) -> str:
    return "" if word == NOTHING else word


def _whole(word: str, below: int) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 12 and int(word) < below):
        raise ValueError("a receipt with another number")
    return int(word)


def _moment(at: float | None) -> str:
    return NOTHING if at is None or not math.isfinite(at) else f"{max(0, round(at * 1000)):x}"


def _time(word: str) -> float | None:
    if word == NOTHING:
        return None
    at = int(word, 16)
    if not 0 <= at <= _MOST_TIME:
        raise ValueError("a receipt of no time")
    return at / 1000
