"""Everything that one run needs, real but for time: a record, messages, an SMTP server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sendbatch.campaign.model import Mailbox, Rate, Retry, Timeouts
from sendbatch.campaign.secrets import Credentials
from sendbatch.delivery.assignment import Assignment, Planned, Policy, Setting
from sendbatch.delivery.connections import Dialer
from sendbatch.delivery.engine import Ending, Engine
from sendbatch.delivery.history import history_of
from sendbatch.errors import SmtpError
from sendbatch.ledger.aside import committer_of
from sendbatch.ledger.committer import Committer
from sendbatch.ledger.facts import Entry
from sendbatch.ledger.states import SENDABLE
from sendbatch.ledger.store import Backlog, Record
from sendbatch.limits.gates import Gate
from sendbatch.limits.local_usage import LocalUsage
from sendbatch.limits.peers import Peers
from sendbatch.limits.usage import Account, Usage
from sendbatch.limits.usage_file import UsageFile
from sendbatch.message.content import Bundle, Content
from sendbatch.rendering import batches
from sendbatch.rendering.batches import Built
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Setup
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.clock import Onward
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.connection import Server
from sendbatch.smtp.idempotency import Keys
from sendbatch.smtp.levels import Levels
from sendbatch.values import BREAKER, Checked, Recipient, Status
from tests.kit.clock import FakeClock, IdleLoop, run_with
from tests.kit.limits import ACCOUNT, limits
from tests.kit.office import Office
from tests.kit.watcher import Watcher

COLUMNS = ("email", "name")
SALT = b"salt" * 8
QUICK = Timeouts(connect=5, greeting=5, mail=5, rcpt=5, data=5, final=5)
PATIENT = Timeouts(connect=3600, greeting=3600, mail=3600, rcpt=3600, data=3600, final=3600)
ADA = Credentials("ada", "old")
RETRY = Retry(attempts=3, first_delay=60, max_delay=1800, offline=600)

LETTER = Content(
    subject="Hello {{ name }}",
    sender=Mailbox("News", "news@example.com"),
    bounces_to="bounces@example.com",
    html=None,
    text=Bundle("t", {"t": "Hello{% if name == 'broken' %}{{ 1 // 0 }}{% endif %}\n"}, {"t": "t"}),
)


def address(number: int, domain: str = "example.org") -> str:
    return f"p{number}@{domain}"


def addresses(count: int, domain: str = "example.org") -> list[str]:
    return [address(number, domain) for number in range(count)]


def plan(ledger: Record, emails: Iterable[str], broken: Iterable[int] = ()) -> None:
    """Plan these addresses, from row 2 on; rows with a number in `broken` cannot be built."""
    worn = set(broken)
    with ledger.draft() as draft:
        staging = draft.stage(COLUMNS)
        rows = []
        for number, email in enumerate(emails):
            name = "broken" if number in worn else "Ada"
            domain = email.rpartition("@")[2]
            row = Checked(number + 2, Status.PENDING, email, email, domain, (email, name))
            rows.append(batches.staged(row))
        staging.add(rows)
        staging.settle()
        staging.finish(
            inputs="inputs",
            recipients_digest="",
            content_digest=LETTER.digest,
            started_at=0.0,
            completed_at=1.0,
        )
        draft.merge()


class WatchedPool(Pool):
    """`under_way` counts the batches that the run waits for, `asked` holds who was in each."""

    under_way = 0

    def __init__(self, setup: Setup, workers: Workers) -> None:
        super().__init__(setup, workers)
        self.asked: list[list[str]] = []

    async def render(self, recipients: Sequence[Recipient], now: float) -> Built:
        self.asked.append([recipient.email for recipient in recipients])
        self.under_way += 1
        try:
            return await super().render(recipients, now)
        finally:
            self.under_way -= 1


@dataclass
class Desk:
    """One record and one office; each `send` is one run."""

    ledger: Record
    office: Office
    backlog: Backlog = field(init=False)
    pool: WatchedPool = field(init=False)
    clock: FakeClock = field(default_factory=FakeClock)
    watcher: Watcher = field(default_factory=Watcher)
    stop: Stop = field(default_factory=Stop)
    retry: Retry = RETRY
    connections: int = 1
    timeouts: Timeouts = QUICK
    per_connection: int | None = None
    rates: tuple[Rate, ...] = ()
    domains: dict[str, tuple[Rate, ...]] = field(default_factory=dict)
    slow_down: tuple[str, ...] = ()
    usage: Usage | None = None
    account: Account = ACCOUNT
    gates: Sequence[Gate] = ()
    peers: Peers | None = None
    no_wait: bool = False
    breaker: int = BREAKER
    limit: int | None = None
    stop_after: float | None = None
    read_credentials: Callable[[], Credentials | None] = lambda: None
    through: Callable[[Backlog], Backlog] = lambda backlog: backlog
    composer: Planned | None = None
    log_in_first: bool = False
    keys: Keys | None = None
    levels: Levels = field(default_factory=Levels)
    beside: Callable[[Desk], Any] | None = None  # a coroutine function that runs beside the engine

    def send(self) -> Ending:
        """One run from its selection to its end, with nothing left of it afterwards."""
        self.ledger.recover(self.clock.wall())
        with self.ledger.draft() as draft:
            draft.limit(self.limit)
            draft.make_due(self.clock.wall())
            draft.merge()
        return self._run()

    def send_again(self, holds: float | None = None) -> Ending:
        """One run in which who is in doubt is sent to again: while their keys hold, so many seconds, or by
        a person's word."""
        self.ledger.recover(self.clock.wall())
        with self.ledger.draft() as draft:
            draft.resend()
            draft.merge()
        self.keys = Keys(holds, Onward(self.clock)) if holds is not None else None
        ending = self._run()
        self.backlog.end()
        return ending

    def _run(self) -> Ending:
        self.backlog = self.ledger.backlog(Onward(self.clock).now)
        totals = self.backlog.totals()
        selected = sum(totals.get(status, 0) for status in SENDABLE)
        self.watcher.counts = Counter(self.ledger.reading.totals())
        return run_with(self.clock, self._send(selected))

    async def _send(self, selected: int) -> Ending:
        with Workers(1) as workers:
            return await self._through_the_office(selected, workers)

    async def _through_the_office(self, selected: int, workers: Workers) -> Ending:
        async with self.office.working():
            self.backlog = self.through(self.backlog)
            committer = committer_of(self.backlog, self.clock)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, IdleLoop)
            self.pool = pool = WatchedPool(Setup(LETTER, None, COLUMNS, SALT), workers)
            loop.busy = lambda: pool.under_way > 0
            dialer = Dialer(
                Server("127.0.0.1", self.office.port, "none", timeouts=self.timeouts),
                self.read_credentials,
                self.levels,
            )
            first = await dialer.open() if self.log_in_first else None
            engine = self._engine(committer, dialer, pool, selected)
            beside = asyncio.ensure_future(self.beside(self)) if self.beside else None
            try:
                return await engine.run(first)
            finally:
                if beside is not None:
                    beside.cancel()
                    with suppress(asyncio.CancelledError, SmtpError):
                        await beside
                await self._leaves_nothing_behind()

    def _engine(self, committer: Committer, dialer: Dialer, pool: Pool, selected: int) -> Engine:
        history = history_of(self.ledger.reading, "office")
        assignment = Assignment(
            self.backlog, committer, pool, LETTER.digest, selected,
            keys=self.keys, history=history, composer=self.composer,
        )  # fmt: skip
        policy = Policy(
            self.retry,
            breaker=self.breaker,
            slow_down=self.slow_down,
            no_wait=self.no_wait,
            stop_after=self.stop_after,
        )
        paced = limits(
            *self.rates,
            domains=self.domains,
            usage=self.usage,
            account=self.account,
            clock=self.clock,
            connections=self.connections,
            per_connection=self.per_connection,
            retry=self.retry,
            no_wait=self.no_wait,
            braked=history.braked,
            peers=self.peers,
            more=self.gates,
        )
        setting = Setting(self.clock, Random(1), self.watcher, self.stop)
        return Engine(assignment, policy, paced, dialer, setting)

    async def _leaves_nothing_behind(self) -> None:
        """A run that ended has no connection and no task left (but those of the office)."""
        for _ in range(500):
            if not self.office.open_now:
                break
            await asyncio.sleep(0.001)
        assert not self.office.open_now, "a connection was left open"
        left = [
            task
            for task in asyncio.all_tasks()
            if "sendbatch" in str(getattr(task.get_coro(), "cr_code", "")) and not task.done()
        ]
        assert left == [] or all(task.get_coro().__name__ == "_send" for task in left), left

    # what became of it

    def entries(self) -> list[Entry]:
        return list(self.ledger.reading.entries())

    def totals(self) -> dict[Status, int]:
        """By status, none *sending*, and the same as whoever watched has counted."""
        totals = self.ledger.reading.totals()
        seen = {status: number for status, number in self.watcher.counts.items() if number}
        assert seen == totals, (seen, totals)
        assert Status.SENDING not in totals
        return totals

    def entry(self, email: str) -> Entry:
        (found,) = (entry for entry in self.entries() if entry.email == email)
        return found

    def events(self, kind: str) -> list[str]:
        return [event.detail for event in self.ledger.reading.events() if event.kind == kind]


def usage_in(folder: Path) -> LocalUsage:
    return LocalUsage(UsageFile(folder / "state" / "usage.sqlite"))
