"""Everything but the wire: every message of a plan is built and looked at, none is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sendbatch.findings import Finding, Group, Groups, Rule
from sendbatch.ledger.store import Draft
from sendbatch.message.checks.finished import gaps_of
from sendbatch.message.checks.traits import Gaps, Trait
from sendbatch.message.parts import Sample
from sendbatch.planning.preparing import Prepared
from sendbatch.reasons import reason
from sendbatch.rendering.batches import Looked
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Looking
from sendbatch.runtime.stop import Stop
from sendbatch.session.job import Job
from sendbatch.values import Recipient, Status, Unbuildable

Told: TypeAlias = Callable[[Recipient, Looked | Unbuildable], None]

SIGN_OF_LIFE = 200  # messages between two of them


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`built` counts all messages, `failures` are those that could not be built, by the reason.
    `having` counts the messages that have each of the placeholders looked for, `traits` are what is to be
    said of messages, with the rows. `invalid` and `duplicates` are such rows, by the reason."""

    built: int
    failures: Groups
    largest: int  # bytes of the largest message
    having: tuple[int, ...]
    invalid: Groups
    duplicates: Groups
    traits: Mapping[Trait, Group] = field(default_factory=dict)
    gaps: Gaps = field(default_factory=Gaps)

    @property
    def failed(self) -> int:
        """How many messages could not be built."""
        return self.failures.number

    def warn_of_size(self, size: int | None) -> tuple[Finding, ...]:
        """Where the server lately said that it takes messages of `size` bytes. That is no more than a
        warning: it may say otherwise by now."""
        if size is None or self.largest <= size:
            return ()
        said = f"the largest message has {self.largest:,} bytes; the server takes {size:,}"
        hint = "it said so within the last week; run asks it again"
        return (Rule.MESSAGE_LIKELY_TOO_LARGE.finding(said, hint=hint),)


def rehearse(
    job: Job, draft: Draft, prepared: Prepared, told: Told | None = None
) -> Rehearsal:
    """Build every message, and count those that have each of the placeholders. `told` is given every
    message that could be built, with the ways that its templates took. Raises Interrupted when asked to
    stop."""
    sought = tuple(one.spellings for one in prepared.placeholders.named if not one.in_all)
    gaps = gaps_of(prepared.content)
    pool = prepared.pool.looking(Looking(sought, told is not None, gaps))
    found = _Found(job.profile.size_limit, len(sought))
    holders, total = draft.people.holders(), prepared.counts.holders
    for recipient, looked in pool.looks(holders, job.now(), job.stop.heed):
        found.add(recipient, looked)
        if told is not None:
            told(recipient, looked)
        if found.built % SIGN_OF_LIFE == 0:
            job.observer.checking(found.built, total)
    job.observer.checking(found.built, total)
    job.observer.finished()
    return Rehearsal(
        found.built,
        found.failures,
        found.largest,
        tuple(found.having),
        invalid=_rows(job, draft, Status.INVALID),
        duplicates=_rows(job, draft, Status.DUPLICATE),
        traits=found.traits,
        gaps=gaps,
    )


@dataclass(slots=True)
class _Found:
    """What the messages built so far have shown."""

    size_limit: int | None
    sought: int  # placeholders
    built: int = 0
    largest: int = 0
    failures: Groups = field(default_factory=Groups)
    having: list[int] = field(init=False)
    traits: dict[Trait, Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.having = [0] * self.sought

    def add(self, recipient: Recipient, looked: Looked | Unbuildable) -> None:
        self.built += 1
        if isinstance(looked, Looked):
            for trait in looked.alike.traits:
                self.traits.setdefault(trait, Group("")).add(recipient.row, recipient.key)
        failure = self._looked_at(looked) if isinstance(looked, Looked) else looked.reason
        if failure is not None:
            self.failures.add(failure, recipient.row, recipient.key)

    def _looked_at(self, looked: Looked) -> str | None:
        """Why it could not be sent, if it could not."""
        self.largest = max(self.largest, looked.size)
        for number, has in enumerate(looked.alike.having):
            self.having[number] += has
        if self.size_limit is not None and looked.size > self.size_limit:
            return f"the message has {looked.size:,} bytes; the server takes {self.size_limit:,}"
        return None


def samples(
    pool: Pool, recipients: Iterable[Recipient], now: float, stop: Stop
) -> list[tuple[Recipient, Sample]]:
    """Those of a few recipients, without whom no message can be built for. Raises Interrupted."""
    return [
        (recipient, sample)
        for recipient, sample in pool.samples(recipients, now, stop.heed)
        if isinstance(sample, Sample)
    ]


def _rows(job: Job, draft: Draft, status: Status) -> Groups:
    found = Groups()
    for entry in job.stop.heeding(draft.people.entries({status})):
        said = reason(entry.why, entry.detail, entry.code)
        found.add(said, entry.row, entry.email or entry.key or "(no address)")
    return found
