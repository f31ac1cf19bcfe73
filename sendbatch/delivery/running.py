"""A run from end to end: lock, plan, guards, first login, question, sending.

The plan, the guards and the question stand in one transaction on the record: whatever is refused
or declined leaves it as it was, and the first connection has logged in before anyone is asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from sendbatch.audience.deliverability import Deliverability
from sendbatch.campaign.secrets import read_credentials
from sendbatch.delivery import guards
from sendbatch.delivery.account import Standing, standing_of
from sendbatch.delivery.descriptors import enough_files
from sendbatch.delivery.engine import Ending, Engine, Limits
from sendbatch.delivery.jobs import Job
from sendbatch.delivery.looping import Loop, unless_stopped
from sendbatch.delivery.preparing import Prepared, Preparing, prepare
from sendbatch.delivery.reaching import Dialer
from sendbatch.errors import LedgerError
from sendbatch.ledger.committer import Committer
from sendbatch.ledger.lock import hold
from sendbatch.ledger.sqlite import Ledger, open_ledger, open_scratch
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content
from sendbatch.rendering.workers import Workers, cores
from sendbatch.sandbox import Sandbox
from sendbatch.smtp.connection import Connection
from sendbatch.smtp.levels import Levels
from sendbatch.smtp.server import Server, server_of
from sendbatch.values import Status

T = TypeVar("T")

OUTBOX = "outbox"


@dataclass(frozen=True, slots=True)
class Ran:
    """`ending` is None where there was nothing to send. `totals` are the rows the call was about."""

    prepared: Prepared
    ending: Ending | None
    totals: dict[Status, int]
    left_over: int
    crashed: int


# Shows the plan, also one with nobody to send to; raises GuardError where a person says no.
Confirm = Callable[[Prepared, Standing], None]


def run(job: Job, confirm: Confirm, told: Callable[[Ledger], T]) -> tuple[Ran, T]:
    """Send what the campaign asks for; `told(ledger)` then reads the record for a report.

    Raises a SendbatchError where nothing was sent, RecordStopped where the disk gave out.
    """
    guards.edition_is_meant(job.record, given=job.campaign.run_given, command=job.command)
    enough_files(job.campaign.profile.connections, cores())
    with _workers(job) as workers:
        return _run(job, confirm, told, workers)


def _run(
    job: Job, confirm: Confirm, told: Callable[[Ledger], T], workers: Workers
) -> tuple[Ran, T]:
    standing = standing_of(job.campaign, job.edge)
    content = read_content(job.campaign)
    job.record.make()
    now = job.edge.clock.wall()
    since = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC"
    with (
        hold(job.record.path, since=since, holder=job.edge.holder),
        open_ledger(job.record.path) as ledger,
    ):
        preparing = preparing_of(job, standing, content, workers)
        crashed = ledger.sending.recover(now)
        if crashed:
            job.observer.notice(
                f"the last run ended in the middle: {crashed} whose message may have arrived are in doubt"
            )
        with _sending(job, standing) as sending:
            with ledger.transaction():
                with ledger.heeding(job.stop.heed):
                    prepared = prepare(ledger, preparing)
                if prepared.sendable:
                    sending.connect()
                confirm(prepared, standing)
            ending = sending.deliver(ledger, prepared) if prepared.sendable else None
        totals = ledger.sending.totals()
        ran = Ran(prepared, ending, totals, ledger.sending.left_over(), crashed)
        with ledger.transaction():
            ledger.sending.put_back()
        return ran, told(ledger)


def look(job: Job, see: Callable[[Ledger, Prepared, Standing], T]) -> T:
    """Prepare on a copy of the record, and let `see` look at it before the copy is thrown away.

    Raises as `run` does, but for changes of content or server, which are among the notices.
    """
    guards.edition_is_meant(job.record, given=job.campaign.run_given, command=job.command)
    with _workers(job) as workers, open_scratch(job.record.path) as ledger:
        standing = standing_of(job.campaign, job.edge)
        content = read_content(job.campaign)
        preparing = replace(preparing_of(job, standing, content, workers), looking=True)
        ledger.sending.recover(job.edge.clock.wall())
        with ledger.transaction(), ledger.heeding(job.stop.heed):
            return see(ledger, prepare(ledger, preparing), standing)


@contextlib.contextmanager
def _workers(job: Job) -> Iterator[Workers]:
    """The first process starts here, unless it did before: it loads while all else is made ready."""
    if job.workers is not None:
        yield job.workers
        return
    with Workers() as workers:
        yield workers


def preparing_of(job: Job, standing: Standing, content: Content, workers: Workers) -> Preparing:
    """All that planning needs."""
    return Preparing(
        campaign=job.campaign,
        content=content,
        options=job.options,
        command=job.command,
        size_limit=standing.size_limit(job.campaign.profile.size_limit),
        lookups=Deliverability,
        workers=workers,
        observer=job.observer,
        stop=job.stop,
        wall=job.edge.clock.wall,
    )


class _Sending:
    """The loop of one run, and what it talks to."""

    def __init__(self, job: Job, standing: Standing, server: Server, loop: Loop) -> None:
        self._job = job
        self._standing = standing
        self._loop = loop
        campaign, environ = job.campaign, job.edge.environ
        self._server_name = f"{server.host}:{server.port}"
        self._levels = Levels(self._known_level())
        self._dialer = Dialer(
            server, lambda: read_credentials(campaign.profile, environ), self._levels
        )
        self._first: Connection | None = None

    def connect(self) -> None:
        """Log in on the first connection. Raises SmtpError, ProfileError, Interrupted."""
        self._first = self._loop.run(unless_stopped(self._dialer.open(), self._job.stop))
        usage = self._standing.usage
        if usage is not None:
            now = self._job.edge.clock.wall()
            usage.saw_size(self._standing.account.host, self._first.offers.size, now)

    def deliver(self, ledger: Ledger, prepared: Prepared) -> Ending:
        return self._loop.run(self._deliver(ledger, prepared))

    def leave(self) -> None:
        if self._first is not None and self._first.usable:
            self._loop.run(self._first.quit())
        usage, level = self._standing.usage, self._levels.learned
        if usage is not None and level is not None:
            with contextlib.suppress(LedgerError):  # the next run finds out by itself
                usage.saw_level(self._server_name, level, self._job.edge.clock.wall())

    def _known_level(self) -> int | None:
        usage = self._standing.usage
        if usage is None:
            return None
        return usage.level_of(self._server_name, self._job.edge.clock.wall())

    async def _deliver(self, ledger: Ledger, prepared: Prepared) -> Ending:
        job, standing = self._job, self._standing
        first, self._first = self._first, None
        committer = Committer(ledger.sending)
        engine = Engine(
            store=ledger.sending,
            committer=committer,
            pool=prepared.pool,
            dialer=self._dialer,
            limits=Limits(job.campaign.profile, standing.rates, standing.account, standing.usage),
            retry=job.campaign.retry,
            content=prepared.content.digest,
            selected=prepared.sendable,
            clock=job.edge.clock,
            random=job.edge.random,
            observer=job.observer,
            stop=job.stop,
            no_wait=job.options.no_wait,
            stop_after=job.options.stop_after,
        )
        job.observer.sending(prepared.sendable)
        try:
            return await engine.run(first)
        finally:
            await committer.close()
            job.observer.finished()


@contextlib.contextmanager
def _sending(job: Job, standing: Standing) -> Iterator[_Sending]:
    with (
        reachable(job) as server,
        _counted(standing),
        Loop() as loop,
    ):
        sending = _Sending(job, standing, server, loop)
        try:
            yield sending
        finally:
            sending.leave()


@contextlib.contextmanager
def reachable(job: Job) -> Iterator[Server]:
    """The campaign's server; the embedded one listens for as long as the block lasts."""
    profile = job.campaign.profile
    if profile.name != "sandbox":
        yield server_of(profile)
        return
    with Sandbox(job.record.path / OUTBOX) as sandbox:
        yield server_of(replace(profile, host=sandbox.host, port=sandbox.port))


@contextlib.contextmanager
def _counted(standing: Standing) -> Iterator[None]:
    """Be seen by other runs on the account, which share its limits with this one."""
    if standing.usage is None:
        yield
        return
    with standing.usage.alive(standing.account):
        yield
