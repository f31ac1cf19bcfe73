"""The loop of one run, and what it talks to: the server, the account that others may share, the record."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sendbatch.campaign.model import Profile
from sendbatch.campaign.secrets import Commands
from sendbatch.delivery.assignment import Assignment, Policy, Setting
from sendbatch.delivery.connections import Dialer
from sendbatch.delivery.engine import Ending, Engine
from sendbatch.delivery.history import History, history_of, way_out
from sendbatch.delivery.untold import Unwritten
from sendbatch.errors import LedgerError, shell_line
from sendbatch.ledger.aside import committer_of
from sendbatch.ledger.store import Backlog, Reading
from sendbatch.limits.account import Allowance
from sendbatch.limits.declared import limits_of
from sendbatch.limits.sharing import wait_for_connection, wait_for_share
from sendbatch.message.tokens import Signer
from sendbatch.message.versions.composers import AnyComposer, composer_of
from sendbatch.planning import guards
from sendbatch.planning.preparing import Prepared
from sendbatch.runtime.loop import Loop, unless_stopped
from sendbatch.runtime.observer import Wait
from sendbatch.runtime.relay import Relay
from sendbatch.session.commands import CommandLines
from sendbatch.session.job import Job
from sendbatch.session.server import Way, way_to_server
from sendbatch.smtp.connection import Connection
from sendbatch.smtp.idempotency import Keys
from sendbatch.smtp.levels import Levels

MOST_NAMED = 20  # in one line


@contextlib.contextmanager
def sending_of(job: Job, allowance: Allowance) -> Iterator[Sending]:
    with (
        way_to_server(job) as way,
        _counted(allowance),
        Loop() as loop,
        Commands() as commands,
    ):
        sending = Sending(job, allowance, way, loop, commands)
        try:
            yield sending
        finally:
            sending.leave()


class Sending:
    """Logs in first, so that a wrong password is found before anybody is asked; then sends."""

    def __init__(
        self, job: Job, allowance: Allowance, way: Way, loop: Loop, commands: Commands
    ) -> None:
        self._job = job
        self._clock = job.edge.clock
        self._allowance = allowance
        self._loop = loop
        self._server_name = f"{way.server.host}:{way.server.port}"
        self._levels = Levels(self._known_level())
        self._dialer = Dialer(way.server, lambda: way.read_credentials(commands), self._levels)
        self._first: Connection | None = None
        self._first_at = 0.0
        # A person, for as long as they wanted, while the first connection waited.
        self.was_asked = False
        # When the run began that this one joined, by the record's time; None where it begins one.
        self.began_at: float | None = None
        self._joined_at = self._clock.steady()

    def connect(self) -> None:
        """Log in on the first connection. Raises SmtpError, ProfileError, Interrupted."""
        self._first = self._loop.run(unless_stopped(self._logged_in(), self._job.stop))
        servers = self._allowance.servers
        if servers is not None:
            host = self._allowance.account.host
            servers.found_size(host, self.size_limit, self._job.now())

    async def _logged_in(self) -> Connection:
        usage, account = self._allowance.usage, self._allowance.account
        observer = self._job.observer
        if (peers := self._allowance.peers) is not None:
            await wait_for_connection(peers, clock=self._clock, notice=observer.notice)
            peers.tell(1, "", 0)
        elif usage is not None:
            await wait_for_share(
                usage, account, self._joined_at, clock=self._clock, notice=observer.notice
            )
        observer.waiting(Wait("the server", f"{self._server_name} to answer", None))
        opened = await self._dialer.open()
        self._first_at = self._clock.steady()
        return opened

    @property
    def size_limit(self) -> int | None:
        """The greatest message in bytes, as the server has just said."""
        return self._first.offers.size if self._first is not None else None

    def deliver(
        self,
        reading: Reading,
        backlog: Backlog,
        prepared: Prepared,
        signer: Signer | None,
        keys: Keys | None,
    ) -> Ending:
        try:
            return self._loop.run(self._deliver(reading, backlog, prepared, signer, keys))
        except Unwritten as unwritten:
            raise self._with_line(unwritten) from None

    def _with_line(self, unwritten: Unwritten) -> Unwritten:
        """The same, with the line that tells the record of those who have the mail."""
        if not unwritten.accepted:
            return unwritten
        lines = CommandLines(self._job.campaign, self._job.record.given)
        named = shell_line(*unwritten.accepted[:MOST_NAMED])
        return unwritten.settled_by(f"{lines.resolve()} {named} --as accepted")

    def leave(self) -> None:
        if self._first is not None and self._first.usable:
            self._loop.run(self._first.quit())
        servers, level = self._allowance.servers, self._levels.learned
        if servers is not None and level is not None:
            with contextlib.suppress(LedgerError):  # the next run finds out by itself
                servers.found_level(self._server_name, level, self._job.now())

    def _known_level(self) -> int | None:
        servers = self._allowance.servers
        return None if servers is None else servers.level_of(self._server_name, self._job.now())

    async def _deliver(
        self,
        reading: Reading,
        backlog: Backlog,
        prepared: Prepared,
        signer: Signer | None,
        keys: Keys | None,
    ) -> Ending:
        first, self._first = self._first, None
        history = self._history(reading, prepared)
        committer = committer_of(backlog, self._clock)
        assignment = Assignment(
            backlog,
            committer,
            prepared.pool,
            content=prepared.content.digest,
            selected=self._rows(prepared),
            # before it stand those who are done with; of a run that others send too, nobody knows which
            after_row=0 if backlog.waits else prepared.samples[0].row - 1,
            keys=keys,
            history=history,
            composer=_composer(reading, prepared, signer, self._job.profile),
        )
        self._job.observer.sending(prepared.sendable)
        try:
            with _heard_here(self._job):
                engine = self._engine(assignment)
                return await engine.run(first, self._first_at if self.was_asked else None)
        finally:
            self._job.observer.finished()

    def _engine(self, assignment: Assignment) -> Engine:
        job, options, clock = self._job, self._job.options, self._clock
        policy = Policy(
            job.campaign.retry,
            breaker=options.breaker,
            slow_down=job.profile.slow_down,
            no_wait=options.no_wait,
            stop_after=self._time_left(assignment.backlog),
        )
        limits = limits_of(
            job.campaign,
            self._allowance,
            clock,
            no_wait=policy.no_wait,
            braked=assignment.history.braked,
        )
        setting = Setting(clock, job.edge.random, job.observer, job.stop)
        return Engine(assignment, policy, limits, self._dialer, setting)

    def _rows(self, prepared: Prepared) -> int:
        """How many the run is about, of which so many may fail to build: who joins it finds fewer left."""
        return prepared.sendable if self.began_at is None else prepared.counts.holders

    def _time_left(self, backlog: Backlog) -> float | None:
        """Seconds of --stop-after, which holds for the run and not for each who joins it."""
        given = self._job.options.stop_after
        if given is None or self.began_at is None:
            return given
        return given - max(backlog.now() - self.began_at, 0.0)

    def _history(self, reading: Reading, prepared: Prepared) -> History:
        way = way_out(
            prepared.salt,
            guards.server_of(self._job.profile),
            self._allowance.username,
            prepared.content.bounces_to,
        )
        return history_of(reading, way)


def _composer(
    reading: Reading, prepared: Prepared, signer: Signer | None, profile: Profile
) -> AnyComposer | None:
    """Builds on the loop what the workers of `prepared.pool` would build; None where messages are signed,
    which the loop has no time for."""
    if profile.dkim:
        return None
    plan = reading.plan()
    assert plan is not None  # whom a run sends to is of one
    return composer_of(prepared.content, plan.columns, prepared.salt, signer)


@contextlib.contextmanager
def _heard_here(job: Job) -> Iterator[None]:
    """Who watches is told on the loop what threads tell that wait for the record's database."""
    told = job.record.database.told if job.record.database is not None else None
    with told.on_this_loop() if isinstance(told, Relay) else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _counted(allowance: Allowance) -> Iterator[None]:
    """Be seen by other runs on the account, which share its limits with this one."""
    if allowance.usage is None:
        yield
        return
    with allowance.usage.alive(allowance.account):
        yield
