"""A run from end to end: lock, plan, guards, first login, question, sending.

The plan is a draft until the guards have passed, the first connection has logged in and a person has
answered: whatever is refused or declined leaves the record as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from sendbatch.audience.deliverability import Deliverability
from sendbatch.campaign.secrets import Commands, Credentials, read_credentials
from sendbatch.delivery.connections import Dialer
from sendbatch.delivery.engine import Ending, Engine
from sendbatch.delivery.history import history_of, way_out
from sendbatch.errors import CampaignError, LedgerError, Place, shown
from sendbatch.findings import Rule
from sendbatch.ledger.committer import Committer
from sendbatch.ledger.records import open_copy_of_record, open_record
from sendbatch.ledger.store import Backlog, Draft, Record
from sendbatch.limits.account import Allowance, allowance_of
from sendbatch.limits.declared import limits_of
from sendbatch.limits.quota import quotas_of
from sendbatch.limits.sharing import wait_for_share
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content
from sendbatch.planning import guards
from sendbatch.planning.people import no_text
from sendbatch.planning.plan import oversized
from sendbatch.planning.preparing import Prepared, Preparing, prepare
from sendbatch.rendering.workers import Workers, cores
from sendbatch.runtime.clock import Onward
from sendbatch.runtime.descriptors import enough_files
from sendbatch.runtime.loop import Loop, unless_stopped
from sendbatch.runtime.observer import Wait
from sendbatch.session.job import Job
from sendbatch.session.rehearsal import samples
from sendbatch.smtp.connection import Connection
from sendbatch.smtp.idempotency import Keys
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
# Returns whether a person was asked.
Confirm = Callable[[Prepared, Allowance], bool]


def run(job: Job, confirm: Confirm, told: Callable[[Record], T]) -> tuple[Ran, T]:
    """Send what the campaign asks for; `told(record)` then reads the record for a report.

    Raises a SendbatchError where nothing was sent, RecordStopped where the disk gave out.
    """
    guards.edition_is_meant(job.record, given=job.campaign.run_given, command=job.command)
    enough_files(job.campaign.profile.connections, cores())
    with _workers(job) as workers:
        return _run(job, confirm, told, workers)


def _run(
    job: Job, confirm: Confirm, told: Callable[[Record], T], workers: Workers
) -> tuple[Ran, T]:
    allowance = allowance_of(job.campaign, job.edge)
    content = _content(job)
    job.record.begin()
    # Whose mail is kept anyway needs no doubt.
    without_log = job.options.without_log or not job.campaign.profile.delivers
    now = job.edge.clock.wall()
    since = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC"
    holder = job.edge.holder
    with open_record(
        job.record.path, since=since, holder=holder, without_log=without_log
    ) as record:
        preparing = preparing_of(job, allowance, content, workers)
        crashed = record.recover(now)
        if crashed:
            job.observer.notice(
                f"the last run ended in the middle: {crashed} whose message may have arrived are in doubt"
            )
        with _sending(job, allowance) as sending:
            with record.draft(job.stop.heed) as draft:
                prepared = prepare(draft, preparing)
                if prepared.sendable:
                    sending.connect()
                    _hold_to_size(job, prepared, sending.size_limit)
                sending.was_asked = confirm(prepared, allowance)
                draft.merge(now if prepared.sendable else None)
            backlog = record.backlog(Onward(job.edge.clock).now)
            ending = None
            if prepared.sendable:
                ending = sending.deliver(record, backlog, prepared, preparing.keys)
        ran = Ran(prepared, ending, backlog.totals(), backlog.left_over(), crashed)
        backlog.end()
        return ran, told(record)


def _content(job: Job) -> Content:
    """Raises CampaignError with what is wrong with it, and with files of recipients that are no text."""
    try:
        return read_content(job.campaign, (job.record.base, job.record.path))
    except CampaignError as error:
        others = no_text(job.campaign, job.stop.heed)
        raise CampaignError([*error.findings, *others]) from None


def _hold_to_size(job: Job, prepared: Prepared, limit: int | None) -> None:
    """Raises CampaignError where a plan just made has messages that the server, as it now says, does not
    take; found later, such a row fails by itself."""
    if prepared.planned is None or limit is None:
        return
    file = job.campaign.recipients.file
    findings = oversized(Rule.MESSAGE_TOO_LARGE, prepared.planned.large, limit, file)
    now = job.edge.clock.wall()
    alone = {line for line, _, fails in prepared.planned.large if fails}
    first = [one for one in prepared.samples if one.row not in alone][:1]
    for recipient, sample in samples(prepared.pool, first, now, job.stop):
        if not findings and sample.size > limit:
            said = f"the message has {sample.size:,} bytes; the server takes {limit:,}"
            findings = [Rule.MESSAGE_TOO_LARGE.finding(said, Place(shown(file), recipient.row))]
    if findings:
        raise CampaignError(findings)


def look(job: Job, see: Callable[[Draft, Prepared, Allowance], T], *, spending: bool = False) -> T:
    """Prepare on a copy of the record, and let `see` look at it before the copy is thrown away. `spending`
    says that it spends the account's quota.

    Raises as `run` does, but for changes of content or server, which are among the notices.
    """
    job.record.refuse_links()
    guards.edition_is_meant(job.record, given=job.campaign.run_given, command=job.command)
    with _workers(job) as workers, open_copy_of_record(job.record.path) as record:
        allowance = allowance_of(job.campaign, job.edge, looking=not spending)
        if allowance.unread is not None and quotas_of(allowance.rates):
            why = allowance.unread.message
            job.observer.notice(f"how much of the quota is used is not known: {why}")
        content = _content(job)
        gone = job.record.lost()
        if gone is None and job.campaign.profile.delivers:
            gone = record.doubt()
        preparing = replace(
            preparing_of(job, allowance, content, workers), looking=True, refused=gone
        )
        record.recover(job.edge.clock.wall())
        with record.draft(job.stop.heed) as draft:
            return see(draft, prepare(draft, preparing), allowance)


@contextlib.contextmanager
def _workers(job: Job) -> Iterator[Workers]:
    """The first process starts here, unless it did before: it loads while all else is made ready."""
    if job.workers is not None:
        yield job.workers
        return
    with Workers() as workers:
        yield workers


def preparing_of(job: Job, allowance: Allowance, content: Content, workers: Workers) -> Preparing:
    """All that planning needs."""
    return Preparing(
        campaign=job.campaign,
        content=content,
        options=job.options,
        command=job.command,
        size_seen=allowance.size_seen(job.edge.clock.wall()),
        lookups=Deliverability,
        workers=workers,
        observer=job.observer,
        stop=job.stop,
        wall=job.edge.clock.wall,
        environ=job.edge.environ,
        place=shown(job.record.path),
        recorded=job.recorded,
        keys=_keys(job),
    )


def _keys(job: Job) -> Keys | None:
    """None where the provider knows none, and where a person's word stands instead."""
    idempotency = job.campaign.profile.idempotency
    if idempotency is None or job.options.resend_in_doubt:
        return None
    return Keys(idempotency.holds, Onward(job.edge.clock))


class _Sending:
    """The loop of one run, and what it talks to."""

    def __init__(
        self, job: Job, allowance: Allowance, way: Way, loop: Loop, commands: Commands
    ) -> None:
        self._job = job
        self._allowance = allowance
        self._loop = loop
        self._server_name = f"{way.server.host}:{way.server.port}"
        self._levels = Levels(self._known_level())
        self._dialer = Dialer(way.server, lambda: way.read_credentials(commands), self._levels)
        self._first: Connection | None = None
        self._first_at = 0.0
        # A person, for as long as they wanted, while the first connection waited.
        self.was_asked = False
        self._joined_at = job.edge.clock.steady()

    def connect(self) -> None:
        """Log in on the first connection. Raises SmtpError, ProfileError, Interrupted."""
        self._first = self._loop.run(unless_stopped(self._logged_in(), self._job.stop))
        servers = self._allowance.servers
        if servers is not None:
            now = self._job.edge.clock.wall()
            servers.found_size(self._allowance.account.host, self._first.offers.size, now)

    async def _logged_in(self) -> Connection:
        usage, account = self._allowance.usage, self._allowance.account
        if usage is not None:
            clock, notice = self._job.edge.clock, self._job.observer.notice
            await wait_for_share(usage, account, self._joined_at, clock=clock, notice=notice)
        self._job.observer.waiting(Wait("the server", f"{self._server_name} to answer", None))
        opened = await self._dialer.open()
        self._first_at = self._job.edge.clock.steady()
        return opened

    @property
    def size_limit(self) -> int | None:
        """The greatest message in bytes, as the server has just said."""
        return self._first.offers.size if self._first is not None else None

    def deliver(
        self, record: Record, backlog: Backlog, prepared: Prepared, keys: Keys | None
    ) -> Ending:
        return self._loop.run(self._deliver(record, backlog, prepared, keys))

    def leave(self) -> None:
        if self._first is not None and self._first.usable:
            self._loop.run(self._first.quit())
        servers, level = self._allowance.servers, self._levels.learned
        if servers is not None and level is not None:
            with contextlib.suppress(LedgerError):  # the next run finds out by itself
                servers.found_level(self._server_name, level, self._job.edge.clock.wall())

    def _known_level(self) -> int | None:
        servers = self._allowance.servers
        if servers is None:
            return None
        return servers.level_of(self._server_name, self._job.edge.clock.wall())

    async def _deliver(
        self, record: Record, backlog: Backlog, prepared: Prepared, keys: Keys | None
    ) -> Ending:
        job, allowance = self._job, self._allowance
        first, self._first = self._first, None
        way = way_out(
            prepared.salt,
            guards.server_of(job.campaign.profile),
            allowance.username,
            prepared.content.bounces_to,
        )
        history = history_of(record.reading, way)
        committer = Committer(backlog)
        engine = Engine(
            backlog=backlog,
            committer=committer,
            pool=prepared.pool,
            dialer=self._dialer,
            limits=limits_of(
                job.campaign,
                allowance,
                job.edge.clock,
                no_wait=job.options.no_wait,
                braked=history.braked,
            ),
            retry=job.campaign.retry,
            content=prepared.content.digest,
            selected=prepared.sendable,
            clock=job.edge.clock,
            random=job.edge.random,
            observer=job.observer,
            stop=job.stop,
            keys=keys,
            no_wait=job.options.no_wait,
            breaker=job.options.breaker,
            history=history,
            slow_down=job.campaign.profile.slow_down,
            stop_after=job.options.stop_after,
        )
        job.observer.sending(prepared.sendable)
        try:
            return await engine.run(first, self._first_at if self.was_asked else None)
        finally:
            await committer.close()
            job.observer.finished()


@contextlib.contextmanager
def _sending(job: Job, allowance: Allowance) -> Iterator[_Sending]:
    with (
        reachable(job) as way,
        _counted(allowance),
        Loop() as loop,
        Commands() as commands,
    ):
        sending = _Sending(job, allowance, way, loop, commands)
        try:
            yield sending
        finally:
            sending.leave()


class Way(NamedTuple):
    """A server, and what reads the login for it where one connects."""

    server: Server
    read_credentials: Callable[[Commands], Credentials | None]


@contextlib.contextmanager
def reachable(job: Job) -> Iterator[Way]:
    """The way to the campaign's server; the embedded one listens for as long as the block lasts, and
    its login is known to this block alone."""
    profile, environ = job.campaign.profile, job.edge.environ
    if profile.name != "sandbox":
        yield Way(
            server_of(profile),
            lambda commands: read_credentials(profile, environ, commands=commands),
        )
        return
    job.record.make()
    from sendbatch.sandbox import Sandbox  # no other profile needs a server of ours

    sandbox = Sandbox(job.record.path / OUTBOX)
    try:
        sandbox.start()
    except OSError as error:
        where = shown(sandbox.folder)
        raise LedgerError(f"{where}: no mail can be kept here: {error.strerror}") from None
    try:
        here = replace(profile, host=sandbox.host, port=sandbox.port)
        yield Way(server_of(here), lambda commands: sandbox.login)
    finally:
        sandbox.stop()


@contextlib.contextmanager
def _counted(allowance: Allowance) -> Iterator[None]:
    """Be seen by other runs on the account, which share its limits with this one."""
    if allowance.usage is None:
        yield
        return
    with allowance.usage.alive(allowance.account):
        yield
