"""What planning is asked for, and what it works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sendbatch.campaign.model import Campaign
from sendbatch.errors import SendbatchError
from sendbatch.ledger.approvals import Approved
from sendbatch.message.content import Content
from sendbatch.planning.options import Options
from sendbatch.planning.plan_file import PlanFile
from sendbatch.rendering.batches import Staged
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.idempotency import Keys
from sendbatch.values import Why


class Lookups(Protocol):
    """`check(domains, heed)` says for each domain why no mail can go there, or None; `heed` is called
    now and then, and may raise. `unanswered` are those of which nothing could be learned."""

    unanswered: set[str]

    def check(self, domains: Iterable[str], heed: Callable[[], None]) -> dict[str, Why | None]: ...


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the record is kept: `place` is its folder as it is shown, which --record names if `is_named`;
    `environ` may be that of a CI job. `refused` is what a run would say of the record, where it is only
    looked at. `lasts`: it is the same wherever the campaign is run; `is_shared`: other machines may have
    other files of the project; `database` is which record of which database it is, where that was read,
    and `others` looks there for records of the campaign's name under other projects: whose, and the keys of
    the first that they have sent to; `unread` is why it was not read, if so."""

    place: str
    is_named: bool
    environ: Mapping[str, str]
    refused: SendbatchError | None = None
    lasts: bool = False
    is_shared: bool = False
    database: str = ""
    others: Callable[[], Sequence[tuple[str, Sequence[str]]]] = lambda: ()
    unread: str | None = None

    @property
    def notice(self) -> str | None:
        """What a person should know of the record, where it is only looked at."""
        if self.refused is None:
            return self.unread
        return f"a run would be refused: {self.refused.message}\n  {self.refused.hint}"


@dataclass(frozen=True, slots=True)
class HeldTo:
    """The plan that a run is held to, with what SENDBATCH_PLAN_KEY holds, if it is set; who has `approved`
    it is there where that was asked for."""

    plan: PlanFile
    secret: bytes | None = field(repr=False)
    approved: tuple[Approved, ...] = ()


class Ways(NamedTuple):
    """Lines that run the campaign `again`, or `another` edition of it: a name for that is added."""

    again: str
    another: str


@dataclass(frozen=True, slots=True)
class Request:
    """A campaign and what is asked for beyond it. `ways` are the lines that run it, but for its edition.
    `announced_size` is the greatest message in bytes that the server lately said it takes, `keys` those by
    which the provider may drop a repetition. `looking`: nothing will be sent, so that changes are said and
    not refused, unless a later run is `to_be_held` to what is planned now. `held` is the plan that nothing
    may go beyond."""

    campaign: Campaign
    content: Content
    options: Options
    ways: Ways
    keeping: Keeping
    announced_size: int | None = None
    keys: Keys | None = None
    looking: bool = False
    to_be_held: bool = False
    held: HeldTo | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What planning works with. `lookups` begins look-ups of domains; `now` is in seconds since the epoch.
    `checked` is told of rows as they are read, with the names of their cells, before all of them are."""

    workers: Workers
    lookups: Callable[[], Lookups]
    observer: Observer
    stop: Stop
    now: Callable[[], float]
    checked: Callable[[tuple[str, ...], Sequence[Staged]], None] | None = None
