"""How the house asks for rows to be checked and messages to be built: by worker processes, several
batches at once. What crosses to them is bytes both ways.

A batch whose worker broke is asked for once more, row by row: whoever breaks one alone is to blame, is never
tried again, and nobody else of the batch suffers from it. So a row costs no more than twice the time that a
row may take, whatever is asked of it; and where nothing is sent, a few such rows end all of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from itertools import takewhile
from typing import NamedTuple, TypeAlias, TypeVar

from sendbatch.errors import AudienceError, CampaignError, Place
from sendbatch.findings import Rule
from sendbatch.message.content import Content
from sendbatch.message.dkim.keys import SigningKey
from sendbatch.message.letter import shared_parts
from sendbatch.message.parts import Sample
from sendbatch.message.tokens import Signer
from sendbatch.message.versions.axis import Choices
from sendbatch.message.versions.choosing import Versions
from sendbatch.rendering import batches
from sendbatch.rendering.batches import Built, Looked, Surveyed
from sendbatch.rendering.frames import CHECK, CHOOSE, LOOK, RENDER, SAMPLE
from sendbatch.rendering.setup import Looking, Setup
from sendbatch.rendering.shared import SharedParts
from sendbatch.rendering.workers import Broken, Workers
from sendbatch.values import Message, Recipient, Row, Unbuildable

T = TypeVar("T")
Heed: TypeAlias = Callable[[], None]  # called while an answer is awaited; what it raises ends that

EACH = 128  # recipients that are rendered in one go where nothing is sent
MOST_CHARACTERS = 4_000_000  # of the cells in one batch, which holds one row at least
MOST_BROKEN = 3  # rows that may end a worker where nothing is sent: each for as long as a row may take
MOMENT = 0.1  # seconds between two calls of a `Heed`


class Pool:
    """What is built from one `Setup`; it is sent to each worker once. `workers` are shared with
    other pools. The `signer` signs links here, so that no worker has its secret."""

    def __init__(self, setup: Setup, workers: Workers, signer: Signer | None = None) -> None:
        self._signer = signer
        self._told = setup
        self._setup = setup.to_bytes()
        self._file = setup.rules.file if setup.rules is not None else ""
        self._workers = workers
        self._suspects: set[int] = set()  # IDs of those whose batch broke a worker
        self._broken: dict[int, Unbuildable] = {}  # by ID, who breaks one alone; never tried again
        self._first_broken: int | None = None  # the row of the first of them

    def signing(self, signer: Signer | None) -> Pool:
        """The same, with another signer of links."""
        other = copy(self)
        other._signer = signer
        return other

    def signed_by(self, keys: tuple[SigningKey, ...]) -> Pool:
        """The same, of messages that these keys sign."""
        if not keys:
            return self
        other = copy(self)
        other._told = replace(self._told, keys=keys)
        other._setup = other._told.to_bytes()
        return other

    def of(self, content: Content) -> Pool:
        """The same, of another content."""
        other = copy(self)
        other._told = replace(self._told, content=content)
        other._setup = other._told.to_bytes()
        other.__dict__.pop("_shared", None)
        return other

    def looking(self, looking: Looking) -> Pool:
        """The same, of messages that are only looked at, for `looks`."""
        other = copy(self)
        other._told = replace(self._told, looking=looking)
        other._setup = other._told.to_bytes()
        return other

    @cached_property
    def _shared(self) -> SharedParts:
        return SharedParts(shared_parts(self._told.content))

    @property
    def width(self) -> int:
        """How many batches are worth having under way at once."""
        return 2 * self._workers.count

    def check(self, asked: Iterable[Sequence[Row]], heed: Heed) -> Iterator[Surveyed]:
        """What was found of each batch, in order, some batches ahead of what is taken.

        Raises AudienceError where `where` fails on a row, or one takes too long or too much memory.
        """
        waiting: deque[tuple[Sequence[Row], Future[bytes]]] = deque()
        for rows in asked:
            waiting.append((rows, self._checking(rows)))
            if len(waiting) >= self.width:
                yield from self._checked(*waiting.popleft(), heed)
        while waiting:
            yield from self._checked(*waiting.popleft(), heed)

    def _checking(self, rows: Sequence[Row]) -> Future[bytes]:
        return self._workers.give(self._setup, CHECK, batches.unchecked(rows), len(rows))

    def _checked(
        self, rows: Sequence[Row], answer: Future[bytes], heed: Heed
    ) -> Iterator[Surveyed]:
        try:
            yield batches.surveyed_from(_awaited(answer, heed))
            return
        except Broken:  # once more, and then it is no accident
            pass
        for row in rows:
            try:
                yield batches.surveyed_from(_awaited(self._checking([row]), heed))
            except Broken as broken:
                place = Place(self._file, row.line)
                hint = "look at recipients.where, recipients.key and the paths of attachments"
                raise AudienceError(
                    Rule.STUCK_ROW.finding(f"checking this row {broken}", place, hint)
                ) from None

    async def render(self, recipients: Sequence[Recipient], now: float) -> Built:
        """One result for each of the first recipients, in order: for as many as fit into one answer,
        at least one. `now` dates those not dated yet."""
        while True:
            if (known := self._broken.get(recipients[0].id)) is not None:
                return [known]
            asked = self._at_once(recipients)
            try:
                answer = await asyncio.wrap_future(self._asking(RENDER, asked, now))
            except Broken as broken:
                self._blame(asked, broken)
            else:
                self._suspects.discard(asked[0].id)
                return batches.built_from(answer, self._shared)

    def each(
        self,
        recipients: Iterable[Recipient],
        now: float,
        heed: Heed,
        reviewer: str | None = None,
    ) -> Iterator[tuple[Recipient, Message | Unbuildable]]:
        """Every recipient with what is built for them, in order, some batches ahead of what is taken:
        their message, or the proof of it for a reviewer.

        Raises CampaignError once more than `MOST_BROKEN` took too long or too much memory.
        """
        read = partial(batches.built_from, shared=self._shared)
        return self._each(RENDER, read, recipients, now, heed, reviewer)

    def samples(
        self, recipients: Iterable[Recipient], now: float, heed: Heed
    ) -> Iterator[tuple[Recipient, Sample | Unbuildable]]:
        """As `each`, of messages that are looked at and not sent: their parts, and their size."""
        return self._each(SAMPLE, batches.samples_from, recipients, now, heed)

    def looks(
        self, recipients: Iterable[Recipient], now: float, heed: Heed
    ) -> Iterator[tuple[Recipient, Looked | Unbuildable]]:
        """As `samples`, of which no more comes back than what this pool is `looking` for."""
        return self._each(LOOK, batches.looked_at_from, recipients, now, heed)

    def choices(
        self, recipients: Iterable[Recipient], heed: Heed
    ) -> Iterator[tuple[Recipient, Choices | Unbuildable]]:
        """As `each`, of which version of the content each of them gets. Where a row's values decide nothing
        of it, no worker has to be asked."""
        versions = Versions(self._told.content, self._told.columns)
        if not any(axis.templates for axis in versions.axes):
            return _told_here(versions, recipients, heed)
        return self._each(CHOOSE, batches.chosen_from, recipients, 0.0, heed)

    def _each(
        self,
        kind: bytes,
        read: Callable[[bytes], list[T | Unbuildable]],
        recipients: Iterable[Recipient],
        now: float,
        heed: Heed,
        reviewer: str | None = None,
    ) -> Iterator[tuple[Recipient, T | Unbuildable]]:
        coming: Iterator[Sequence[Recipient]] = in_batches(recipients, EACH)
        waiting: deque[tuple[Sequence[Recipient], _Asked | None]] = deque()

        def ask(batch: Sequence[Recipient]) -> _Asked | None:
            asked = self._at_once(batch)
            return _Asked(asked, self._asking(kind, asked, now, reviewer)) if asked else None

        while True:
            while len(waiting) < self.width and (new := next(coming, None)):
                waiting.append((new, ask(new)))
            if not waiting:
                return
            batch, asked = waiting.popleft()
            found = self._found(batch, asked, read, heed)
            yield from zip(batch, found, strict=False)
            if rest := batch[len(found) :]:
                waiting.appendleft((rest, ask(rest)))

    def _found(
        self,
        batch: Sequence[Recipient],
        asked: _Asked | None,
        read: Callable[[bytes], list[T | Unbuildable]],
        heed: Heed,
    ) -> list[T | Unbuildable]:
        """What there is for the first of a batch; nothing where a worker broke, and they are to be asked
        for again. Nothing was `asked` where the first is known to break one."""
        if asked is None:
            return [self._broken[batch[0].id]]
        try:
            found = read(_awaited(asked.answer, heed))
        except Broken as broken:
            self._blame(asked.recipients, broken)
            self._hold_to_bound()
            return []
        self._suspects.discard(batch[0].id)
        return found

    def _asking(
        self, kind: bytes, recipients: Sequence[Recipient], now: float, reviewer: str | None = None
    ) -> Future[bytes]:
        """Fails with Broken where a row takes too long or too much memory."""
        asked = batches.asked(recipients, now, reviewer, self._signer)
        return self._workers.give(self._setup, kind, asked, len(recipients))

    def _at_once(self, recipients: Sequence[Recipient]) -> Sequence[Recipient]:
        """Those that may be built in one batch, the first at least unless it is known to break a worker:
        whoever is suspected is alone."""
        if recipients[0].id in self._suspects:
            return recipients[:1]
        if not self._broken:
            return recipients
        return list(takewhile(lambda recipient: recipient.id not in self._broken, recipients))

    def _blame(self, asked: Sequence[Recipient], broken: Broken) -> None:
        """Of those asked for together, who is it? Nobody yet, where they are to be asked for again."""
        first = asked[0]
        if len(asked) == 1 and first.id in self._suspects:
            self._suspects.discard(first.id)
            if self._first_broken is None:
                self._first_broken = first.row
            self._broken[first.id] = Unbuildable(f"building the message {broken}")
        else:
            self._suspects.update(recipient.id for recipient in asked)

    def _hold_to_bound(self) -> None:
        """Where nothing is sent there is nobody who could have their mail meanwhile."""
        if len(self._broken) > MOST_BROKEN:
            first = next(iter(self._broken.values()))
            raise CampaignError(
                Rule.STUCK_MESSAGE.finding(
                    f"{len(self._broken)} messages took too long or too much memory, "
                    f"and no more are tried; the first: {first.reason} (row {self._first_broken})",
                    hint="look at what the templates compute for it: a loop, or a text that grows",
                )
            )


def _told_here(
    versions: Versions, recipients: Iterable[Recipient], heed: Heed
) -> Iterator[tuple[Recipient, Choices]]:
    for number, recipient in enumerate(recipients):
        if number % EACH == 0:
            heed()
        yield recipient, versions.choices(recipient)


class _Asked(NamedTuple):
    """The first recipients of a batch, and what will be answered."""

    recipients: Sequence[Recipient]
    answer: Future[bytes]


Rows = TypeVar("Rows", Row, Recipient)


def in_batches(rows: Iterable[Rows], most: int) -> Iterator[list[Rows]]:
    """At most so many at a time, and fewer where their cells are long."""
    batch: list[Rows] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(map(len, row.cells))
        if len(batch) >= most or size > MOST_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _awaited(answer: Future[T], heed: Heed) -> T:
    """Its result. A person who asks to stop is heard, however long it takes."""
    heed()
    while not answer.done():
        wait((answer,), MOMENT)
        heed()
    return answer.result()
