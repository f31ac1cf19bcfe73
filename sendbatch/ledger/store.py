"""The interface of the record: what is read from it, and the changes a run makes to it.

SQLite stands behind it now; a store shared by several machines is to come behind the same one.
Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from sendbatch.values import Outcome, Recipient, Status


class Intent(NamedTuple):
    """The message is about to be whole on the wire: the row becomes *sending*."""

    id: int
    content: str
    dated_at: float
    at: float


class Settled(NamedTuple):
    """How a hand-over ended. `due_at` is when a deferred row may be tried again, None: not in this
    run. Without `counts_attempt` it is a verdict on an earlier attempt, whose reply is kept."""

    id: int
    outcome: Outcome
    due_at: float | None
    at: float
    counts_attempt: bool = True


class Failed(NamedTuple):
    """The message could not be built."""

    id: int
    reason: str
    at: float


class Released(NamedTuple):
    """Nothing of the message counted: back to its earlier status, no attempt."""

    id: int


class LeftInDoubt(NamedTuple):
    """Taken up to be sent again, and not sent: in doubt as it was."""

    id: int


class Own(NamedTuple):
    """Others were accepted after this row was refused for good: it stays deferred, and is the row's own."""

    id: int
    at: float


class Remembered(NamedTuple):
    """A value of the record's meta; None forgets it."""

    key: str
    value: str | None


class Noted(NamedTuple):
    """Something worth remembering that is about no single row."""

    kind: str
    detail: str
    at: float


Change: TypeAlias = Intent | Settled | Failed | Released | LeftInDoubt | Own | Remembered | Noted


@dataclass(frozen=True, slots=True)
class Lane:
    """Some of the recipients by their addresses' domain: those at one of `domains`, as the record
    spells them, or where `others`, all but them."""

    domains: tuple[str, ...] = ()
    others: bool = True


EVERYONE = Lane()


@dataclass(frozen=True, slots=True)
class Retried:
    """Rows with this status to be tried again; `codes` is a glob on the enhanced code of their last
    reply, or on the basic one where there is none."""

    status: Status
    codes: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Recipients deferred by this 5xx; `key` is that of the first."""

    code: int
    enhanced: str | None
    text: str
    recipients: int
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipient as the record tells of them; `content` is the full digest of what was sent."""

    id: int
    row: int
    key: str
    email: str
    status: Status
    was: Status | None
    attempts: int
    due_at: float | None
    code: int | None
    enhanced: str | None
    reply: str | None
    reason: str | None
    content: str | None
    dated_at: float | None
    first_attempt_at: float | None
    finished_at: float | None


# One recipient as report.csv has them: row, key, email, status, code, enhanced code, reply, attempts, full
# digest of the content, time of the first attempt and of the last outcome, reason.
Told: TypeAlias = tuple[
    int, str, str, str, int | None, str | None, str | None, int, str | None,
    float | None, float | None, str | None,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is one word ("slowdown", "stopped", "resolved", …), `detail` a sentence."""

    at: float
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The last completed plan. `columns` are the names of each row's cells, in order."""

    id: int
    inputs: str
    completed_at: float
    columns: tuple[str, ...]
    recipients_digest: str
    content_digest: str


class Reading(Protocol):
    """What the record tells; takes no lock and changes nothing."""

    def meta(self, key: str) -> str | None: ...

    def plan(self) -> Plan | None:
        """The last completed plan, or None before the first."""
        ...

    def totals(self) -> dict[Status, int]:
        """Rows of the current plan by status."""
        ...

    def departed(self) -> dict[Status, int]:
        """Rows once tried that the current plan no longer has, by status."""
        ...

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        """The current plan's rows by line; with `all_rows` those it no longer has, too."""
        ...

    def told(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Told]:
        """As `entries`, no more than a report needs: at the end of a run everyone is told of."""
        ...

    def latest(self) -> float:
        """The latest time that stands in the record, 0 in an empty one."""
        ...

    def span(self) -> tuple[float | None, float | None]:
        """When the first attempt of all was made, and when the last recipient was finished."""
        ...

    def replies(self, limit: int = 20) -> list[tuple[int, str | None, str, int]]:
        """Refusals: (code, enhanced code, text, how many), the most frequent first."""
        ...

    def held(self, limit: int = 20) -> list[Held]:
        """Who is deferred by 5xx, by the reply, the most frequent first."""
        ...

    def events(self, limit: int = 200) -> list[Event]:
        """The newest `limit`, newest last."""
        ...

    def contents(self) -> list[tuple[str, int]]:
        """(digest, how many were sent it), the newest last."""
        ...

    def servers(self) -> list[tuple[str, int]]:
        """(server, how many it accepted), in the order they were used."""
        ...

    def domain_of(self, content: str) -> str:
        """The sender's domain that this content was sent with; "" if it never was."""
        ...


class Store(Protocol):
    """What a run does to the record. Every method runs on the one writing thread."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes durable in one transaction.

        Raises RecordStopped where they cannot be.
        """
        ...

    def next_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        """Selected rows that are pending or failed, by line, from behind `after_row`."""
        ...

    def next_due(
        self, now: float, limit: int, exclude: frozenset[int], lane: Lane = EVERYONE
    ) -> list[Recipient]:
        """Selected deferred rows whose time has come, the longest due first."""
        ...

    def next_due_at(self, exclude: frozenset[int], lane: Lane = EVERYONE) -> float | None:
        """When the next selected deferred row is due, None if no more is in this run."""
        ...
