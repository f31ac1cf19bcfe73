"""What a run is given: what is to be sent, how far it goes, and what it works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from sendbatch.campaign.model import Retry
from sendbatch.delivery.history import History
from sendbatch.ledger.committer import Committer
from sendbatch.ledger.store import Backlog
from sendbatch.rendering.pool import Pool
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.idempotency import Keys
from sendbatch.values import BREAKER, Message, Recipient


class Planned(Protocol):
    """What composes messages on the loop of the run."""

    @property
    def is_planned(self) -> bool:
        """Whether any message of the content can be composed so."""
        ...

    def planned(self, recipient: Recipient, now: float) -> Message | None:
        """The message for one recipient, at a bounded cost; None where a worker has to build it. `now` dates
        who is not dated yet."""
        ...


@dataclass(frozen=True, slots=True)
class Assignment:
    """The `backlog` hands out whom to send to, the `composer` and the `pool` build their messages, the
    `committer` makes durable what becomes of them. `content` is the digest of what they get, `selected` how
    many the run may send to, none of them in a line of the CSV before `after_row` or in that. `keys` are
    those by which the provider may drop a repetition, `history` is what earlier runs met.
    """

    backlog: Backlog
    committer: Committer
    pool: Pool
    content: str
    selected: int
    after_row: int = 0
    keys: Keys | None = None
    history: History = field(default_factory=History)
    composer: Planned | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """How far a run goes: `breaker` permanent refusals in a row end it, `slow_down` are the patterns of
    replies that ask for a lower rate. With `no_wait` it ends where it would wait for a limit or a retry;
    `stop_after` is in seconds."""

    retry: Retry
    breaker: int = BREAKER
    slow_down: tuple[str, ...] = ()
    no_wait: bool = False
    stop_after: float | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Time and chance, who watches, and who may end the run."""

    clock: Clock
    random: Random
    observer: Observer
    stop: Stop
