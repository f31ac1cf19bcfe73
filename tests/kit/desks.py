"""A real record, which need not outlive a power cut, and a post office beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Campaign
from sendbatch.ledger.sqlite.record import Ledger, open_scratch
from sendbatch.message.reading import read_content
from sendbatch.planning.inputs import inputs_digest
from sendbatch.planning.options import Options
from sendbatch.planning.plan import Lookups, Planned, Planning, make_plan
from sendbatch.planning.preparing import Prepared, Preparing, prepare
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from tests.kit.desk import Desk, addresses, plan
from tests.kit.office import Office

MakeDesk = Callable[..., Desk]
OFFICE = inspect.signature(Office).parameters
Make = Callable[..., Planned]
Prepare = Callable[..., Prepared]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_scratch(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(ledger: Ledger) -> MakeDesk:
    """desk(people, broken=…, **office and desk fields): a planned record, ready to be sent."""

    def make(people: int | list[str] = 10, *, broken: tuple[int, ...] = (), **fields: Any) -> Desk:
        plan(ledger, addresses(people) if isinstance(people, int) else people, broken)
        office = Office(**{k: fields.pop(k) for k in list(fields) if k in OFFICE})
        return Desk(ledger, office, **fields)

    return make


@pytest.fixture
def make(ledger: Ledger) -> Iterator[Make]:
    """make(campaign): plan it inside one transaction, as a run does."""

    def made(
        one: Campaign,
        *,
        lookups: Lookups | None = None,
        stop: Stop | None = None,
        size_limit: int | None = None,
        observer: Observer | None = None,
    ) -> Planned:
        planning = Planning(
            campaign=one,
            content=read_content(one),
            inputs=inputs_digest(one),
            salt=b"salt" * 8,
            size_limit=size_limit,
            lookups=lookups,
            observer=observer or Observer(),
            stop=stop or Stop(),
            workers=workers,
            wall=iter((1.0, 2.0)).__next__,
        )
        with ledger.draft() as draft:
            planned = make_plan(draft, planning)
            draft.merge()
        return planned

    with Workers() as workers:
        yield made


def preparing(
    one: Campaign, workers: Workers, *, looking: bool = False, now: float = 1.0, **options: Any
) -> Preparing:
    """All that planning needs, as a run has it."""
    return Preparing(
        campaign=one,
        content=read_content(one),
        options=Options(**options),
        command="sendbatch run spring.yaml",
        size_seen=None,
        lookups=lambda: pytest.fail("nobody asked for the domains to be looked up"),
        workers=workers,
        observer=Observer(),
        stop=Stop(),
        wall=lambda: now,
        environ={},
        place="reports/spring",
        recorded=False,
        looking=looking,
    )


@pytest.fixture
def prepared(ledger: Ledger) -> Iterator[Prepare]:
    """prepared(campaign, **options): what a run would do now, with the record as it then is; where it is only
    looked at, the record is left as it was."""

    def made(one: Campaign, **how: Any) -> Prepared:
        with ledger.draft() as draft:
            found = prepare(draft, preparing(one, workers, **how))
            if not how.get("looking"):
                draft.merge()
        return found

    with Workers() as workers:
        yield made
