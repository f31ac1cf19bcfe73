"""A record, which need not outlive a power cut, and a post office beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Campaign
from sendbatch.ledger.sqlite.record import open_scratch
from sendbatch.ledger.store import Record
from sendbatch.message.reading import read_content
from sendbatch.planning.inputs import inputs_digest
from sendbatch.planning.options import Options
from sendbatch.planning.plan import Basis, Planned, make_plan
from sendbatch.planning.preparing import Prepared, prepare
from sendbatch.planning.request import Keeping, Lookups, Means, Request, Ways
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from tests.kit.desk import Desk, addresses, plan
from tests.kit.memory.record import MemoryRecord
from tests.kit.office import Office

MakeDesk = Callable[..., Desk]
OFFICE = inspect.signature(Office).parameters
Make = Callable[..., Planned]
Prepare = Callable[..., Prepared]


@pytest.fixture
def ledger() -> Record:
    """A record in memory: what is above the port asks no more of one."""
    return MemoryRecord()


@pytest.fixture(name="ledger")
def ledger_on_disk(tmp_path: Path) -> Iterator[Record]:
    """Imported by tests of what a run makes durable, in the place of the one in memory."""
    with open_scratch(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(ledger: Record) -> MakeDesk:
    """desk(people, broken=…, **office and desk fields): a planned record, ready to be sent."""

    def make(people: int | list[str] = 10, *, broken: tuple[int, ...] = (), **fields: Any) -> Desk:
        plan(ledger, addresses(people) if isinstance(people, int) else people, broken)
        office = Office(**{k: fields.pop(k) for k in list(fields) if k in OFFICE})
        return Desk(ledger, office, **fields)

    return make


@pytest.fixture
def make(ledger: Record) -> Iterator[Make]:
    """make(campaign): plan it inside one transaction, as a run does."""

    def made(
        one: Campaign,
        *,
        lookups: Lookups | None = None,
        stop: Stop | None = None,
        size_limit: int | None = None,
        observer: Observer | None = None,
    ) -> Planned:
        one = replace(one, profile=replace(one.profile, size_limit=size_limit))
        request = requested(one)
        observer, stop, now = observer or Observer(), stop or Stop(), iter((1.0, 2.0)).__next__
        works_with = Means(workers, lambda: lookups, observer, stop, now)
        basis = Basis(inputs_digest(one), b"salt" * 8, lookups)
        with ledger.draft() as draft:
            planned = make_plan(draft, request, works_with, basis)
            draft.merge()
        return planned

    with Workers() as workers:
        yield made


def requested(one: Campaign, *, looking: bool = False, **options: Any) -> Request:
    """What planning is asked for by a run."""
    keeping = Keeping("reports/spring", is_named=False, environ={})
    ways = Ways("sendbatch run spring.yaml", "sendbatch run spring.yaml")
    content = read_content(one)
    return Request(one, content, Options(**options), ways, keeping, looking=looking)


def means(workers: Workers, now: float = 1.0) -> Means:
    """What planning works with in a run."""

    def lookups() -> Any:
        pytest.fail("nobody asked for the domains to be looked up")

    return Means(workers, lookups, Observer(), Stop(), lambda: now)


@pytest.fixture
def prepared(ledger: Record) -> Iterator[Prepare]:
    """prepared(campaign, **options): what a run would do now, with the record as it then is; where it is only
    looked at, the record is left as it was."""

    def made(one: Campaign, **how: Any) -> Prepared:
        with ledger.draft() as draft:
            found = prepare(draft, requested(one, **how), means(workers))
            if not how.get("looking"):
                draft.merge()
        return found

    with Workers() as workers:
        yield made
