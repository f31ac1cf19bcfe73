"""The values that go into a record and come out of it, all of them frozen.

Changes are what a run makes durable; the rest answers questions about people, plans and replies. Times are
seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from sendbatch.values import Outcome, Reply, Status, Why

# In meta, JSON: the ids of deliveries whose mailbox was refused, and since when. It is named here for stores
# that are made anew, in which ids are others.
REFUSED_SINCE = "mailbox refused since"


class Unsound(ValueError):
    """Something stands in the record that sendbatch does not write; says what."""


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
    """The message could not be built: `why` and `detail` as in an Outcome."""

    id: int
    why: Why
    detail: str
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


class Met(StrEnum):
    """How a server has answered, where that lengthens a row of refusals."""

    REFUSED = "refused"  # for good
    UNANSWERED = "unanswered"  # the message left whole
    NOBODY_ELSE = "nobody else"  # is there at another domain than those set aside


class InARow(NamedTuple):
    """One more in the row of refusals that all runners of a record count together (`streak`): of this
    delivery, 0 where it is of none. `ours`: it speaks about us; of the `sender` where that is not empty. It
    trips with so many refused, or not answered. Only for a store with a `Backlog.streak`."""

    met: Met
    id: int
    limit: int
    most_doubts: int
    domain: str = ""
    ours: bool = False
    sender: str = ""
    reply: Reply | None = None


class Remembered(NamedTuple):
    """A value of the record's meta; None forgets it."""

    key: str
    value: str | None


class Noted(NamedTuple):
    """Something worth remembering that is about no single row."""

    kind: str
    detail: str
    at: float


Change: TypeAlias = (
    Intent | Settled | Failed | Released | LeftInDoubt | Own | InARow | Remembered | Noted
)


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
    """Recipients deferred by this 5xx; `key` is that of the first, `why` is None unless it speaks of us."""

    code: int
    enhanced: str | None
    text: str
    recipients: int
    key: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipient as the record tells of them. `was` is what stands behind a status that a plan gives, or
    that holds for one run only; `why` is a code of `values.Why`, which `reasons` makes words of with
    `detail`; `content` is the full digest of what was sent."""

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
    why: str | None
    detail: str | None
    content: str | None
    dated_at: float | None
    first_attempt_at: float | None
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Why these `recipients` are not accepted: what the server said, if it did, and `why` and `detail` as in
    an Entry. `varies`: some were told it with another address or other digits in it."""

    status: Status
    code: int | None
    enhanced: str | None
    text: str
    why: str | None
    detail: str
    recipients: int
    varies: bool = False


# One recipient as report.csv has them: row, key, email, status, code, enhanced code, reply, attempts, full
# digest of the content, time of the first attempt and of the last outcome, why, detail.
ReportRow: TypeAlias = tuple[
    int, str, str, str, int | None, str | None, str | None, int, str | None,
    float | None, float | None, str | None, str | None,
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


@dataclass(frozen=True, slots=True)
class Difference:
    """How a new plan compares with the last: who holds a key in one and not in the other, or with
    another address or cells. `moved` were sent to an old address: (row, old, new), at most ten."""

    added: int = 0
    removed: int = 0
    corrected: int = 0
    moved: tuple[tuple[int, str, str], ...] = ()
    first: bool = False  # there was nobody before

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.corrected)


@dataclass(frozen=True, slots=True)
class Twins:
    """Duplicates whose message would differ from the first: how many, (row, first row) of some."""

    count: int = 0
    rows: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Lacking:
    """Rows that do not get all they ask for: how many, and the lines of the first."""

    count: int = 0
    rows: tuple[int, ...] = ()


NOBODY = Lacking()


@dataclass(frozen=True, slots=True)
class Matched:
    """Of the entries of files: how many people of the plan they name, how many entries name nobody in it,
    and some of those; and the numbers of the files that name nobody in it at all."""

    people: int = 0
    strangers: int = 0
    some: tuple[str, ...] = ()
    idle: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes on the wire of the files that recipients have of their own: the most that one of them has, and
    all together."""

    most: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Faulty:
    """Rows whose attachments refuse the plan: how many, whether a file is not there, (line, what is wrong)
    of the first."""

    count: int = 0
    is_missing: bool = False
    rows: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Saying:
    """How many rows, what their cells say as it stands there, and the lines of the first."""

    count: int
    cells: tuple[str, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What all runners of one run have in common: the options that say whom it sends to and how (JSON), the
    digest of the content, the server, and the version of sendbatch."""

    options: str
    content: str
    server: str
    version: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A run under way that another runner has begun, at this time: its terms, and the digest of the inputs it
    was planned from."""

    terms: Terms
    inputs: str
    began_at: float


class Work(StrEnum):
    """What has a record in its hand alone, and sends nothing. The value is the state that others see."""

    RESOLVE = "resolving"
    FORGET = "forgetting"
    MOVE = "moving"

    @property
    def verb(self) -> str:
        """By which it was begun."""
        return {Work.RESOLVE: "resolve", Work.FORGET: "forget", Work.MOVE: "record"}[self]


def in_hand_of(work: str) -> Work | None:
    """None of a run, or of what no version of ours does."""
    return next((one for one in Work if one == work), None)


@dataclass(frozen=True, slots=True)
class Runner:
    """One process that sends from a shared record: on which host, since when, when it was last heard of,
    whether it is `alive` by the record's time, in which state ("planning", "sending", "ending"), how many
    messages it had accepted, how many a second of late, and how many blocks it holds. A `Work` is one."""

    id: int
    host: str
    pid: int
    since: float
    seen_at: float
    alive: bool
    state: str
    sent: int
    speed: float | None
    blocks: int
