"""A machine with a clone of the repository, that sends a campaign whose record is there and may die at any
time."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sendbatch.ledger.git.place import KEY, Patience, Place
from sendbatch.ledger.git.record import GitRecord, open_git_record
from sendbatch.ledger.store import Backlog
from sendbatch.runtime.stop import Stop
from sendbatch.values import Checked, Status
from tests.kit.githost import GitHost
from tests.kit.people import outcome_of, stage

SECRET = "0123456789abcdef0123456789abcdef"
IMPATIENT = Patience(watch=0.05, answer=20.0, offline=0.4, pause=0.02, longest_pause=0.05)
PROJECT = "127.0.0.1/shop"


@dataclass
class Machine:
    """`at` is its time; `said` what a person was told; `meta` is remembered with each plan."""

    checkout: Path
    patience: Patience = IMPATIENT
    secret: str = SECRET
    record: str = "news"
    project: str = PROJECT
    environ: Mapping[str, str] = field(default_factory=dict)
    at: float = 1_700_000_000.0
    meta: dict[str, str] = field(default_factory=lambda: {"content": "digest", "key": ""})
    said: list[str] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)

    @property
    def place(self) -> Place:
        environ = {"PATH": os.environ["PATH"], KEY: self.secret, **self.environ}
        return Place(
            self.project, self.record, self.checkout, environ, self.patience, self.said.append, self.stop
        )

    @contextlib.contextmanager
    def opened(self) -> Iterator[GitRecord]:
        reports = self.checkout / "reports" / self.record
        reports.mkdir(parents=True, exist_ok=True)
        with open_git_record(
            self.place, reports, since="now", holder="a test", now=lambda: self.at
        ) as record:
            record.recover(self.at)
            yield record

    def begin(self, record: GitRecord, *rows: Checked) -> Backlog:
        """Plan, say that a run begins, and hand out."""
        with record.draft() as draft:
            for key, value in self.meta.items():
                draft.remember(key, value)
            stage(draft, rows)
            record.claim(self.at)
            draft.merge(self.at)
        return record.backlog(lambda: self.at)

    def run(self, *rows: Checked, outcomes: Mapping[str, Status] | None = None) -> None:
        """Everybody who can be sent to is, in one block, with these outcomes by key; else accepted."""
        with self.opened() as record:
            backlog = self.begin(record, *rows)
            self.send(backlog, outcomes or {})
            backlog.end()

    def send(self, backlog: Backlog, outcomes: Mapping[str, Status], most: int = 100) -> None:
        block = backlog.claim_new(0, most)
        announce(backlog, [one.id for one in block])
        for one in block:
            status = outcomes.get(one.key, Status.ACCEPTED)
            changes = outcome_of(one.id, status, self.at)
            if changes:
                backlog.apply(changes)

    def standing(self, *rows: Checked) -> dict[str, Status]:
        """Where everybody stands by key, for a run that begins now; nothing is left of it."""
        with self.opened() as record:
            self.plan(record, *rows)
            return {one.key: one.status for one in record.reading.entries()}

    def plan(self, record: GitRecord, *rows: Checked) -> None:
        with record.draft() as draft:
            stage(draft, rows)
            draft.merge()

    def elsewhere(self, host: GitHost, name: str = "elsewhere") -> Machine:
        """Another machine, with a clone of its own."""
        return replace(
            self, checkout=host.clone(host.bare.parent / name), said=[], stop=Stop(), meta=dict(self.meta)
        )


def announce(backlog: Backlog, block: Collection[int]) -> None:
    asyncio.run(_announced(backlog, block))


async def _announced(backlog: Backlog, block: Collection[int]) -> None:
    await backlog.announce(block)


