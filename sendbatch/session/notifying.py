"""Telling webhooks of a run: that it waits, that it ended or stopped, that it broke off.

It happens beside the run, in threads that nobody waits for while messages go out. At the end they are waited
for, for ten seconds in all, once the record is free for others; whoever asks to stop meanwhile is not held
up. Whatever goes wrong is one notice for each webhook, and changes nothing of the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sendbatch.campaign.model import END, STOP, WAIT, Campaign, Profile
from sendbatch.errors import AudienceError, CampaignError, LockedError, SendbatchError
from sendbatch.notify.news import MASK, TEST, News, names_somebody
from sendbatch.reports.text import headline_of
from sendbatch.runtime.ci import job_url
from sendbatch.runtime.observer import Wait
from sendbatch.runtime.threads import in_thread
from sendbatch.session.commands import CommandLines
from sendbatch.session.counting import Counting
from sendbatch.session.job import Job
from sendbatch.values import Status
from sendbatch.words import count

if TYPE_CHECKING:
    from sendbatch.notify.hooks import Hook
    from sendbatch.notify.webhook import Webhook
    from sendbatch.session.run import RunResult
    from sendbatch.smtp.probe import Step

PATIENCE = 10.0  # seconds that the end of a run waits for all webhooks together
LOOK = 0.1  # seconds between two looks for a person who does not want to wait
REHEARSAL = "notify: nobody is told of a run through a profile that keeps the mail"

TEST_STEP = "notify"  # of a probe
HOW = 'write notify: ["${SLACK_WEBHOOK}"]'

_log = logging.getLogger("sendbatch.notify")


@contextlib.contextmanager
def telling_others(job: Job, *, unattended: bool) -> Iterator[Notifier]:
    """Tells whomever the campaign and its profile name. `unattended`: nobody is there to see that a run was
    refused before it began."""
    notifier = Notifier(job, _hooks(job), unattended=unattended)
    try:
        yield notifier
    except BaseException as error:
        notifier.broke_off(error)
        raise


def tested(campaign: Campaign, profile: Profile, environ: Mapping[str, str]) -> Iterator[Step]:
    """Posts a test to each webhook of the campaign and the profile, and says how that went."""
    from sendbatch.notify.hooks import hooks_of
    from sendbatch.notify.webhook import NotTold
    from sendbatch.smtp.probe import Step

    declared = (*campaign.notify, *profile.notify)
    if not declared:
        yield Step(TEST_STEP, False, "neither the campaign nor the profile has notify:", HOW)
    hooks = hooks_of(declared, environ)
    news = News(TEST, campaign.name, campaign.run, profile.name, ": a test of this webhook, of no run")
    for sentence in hooks.wrong:
        yield Step(TEST_STEP, False, sentence)
    for hook in hooks.usable:
        try:
            hook.tell(news, PATIENCE, environ)
        except NotTold as why:
            yield Step(TEST_STEP, False, f"{hook.name} was not told: {why}")
        else:
            yield Step(TEST_STEP, True, f"{hook.name} took a test ({hook.takes})")


def _hooks(job: Job) -> tuple[Hook, ...]:
    declared = (*job.campaign.notify, *job.profile.notify)
    if not declared:
        return ()
    if not job.profile.delivers:
        job.observer.notice(REHEARSAL)
        return ()
    from sendbatch.notify.hooks import hooks_of  # loads an HTTP client, which few runs need

    hooks = hooks_of(declared, job.edge.environ)
    for sentence in hooks.wrong:
        job.observer.notice(sentence)
    return hooks.usable


class Notifier:
    """`job` is the one it was given, watched where somebody is to be told."""

    def __init__(self, job: Job, hooks: tuple[Hook, ...], *, unattended: bool) -> None:
        self._given = job
        self._hooks = hooks
        self._unattended = unattended
        self._watch = Counting(job.observer, job.edge.clock, self._waits)
        self._telling: dict[Future[None], Hook] = {}
        self._complained: set[Webhook] = set()
        self.job = replace(job, observer=self._watch) if hooks else job

    def ended(self, result: RunResult) -> None:
        """Tell how it ended, if it sent anything."""
        if not self._hooks or not result.sent:
            return
        early = result.exit_code == 3
        what = " stopped early" if early else ""
        if result.beside:
            what = " goes on elsewhere, one runner has left it"
        news = replace(
            self._of_run,
            kind=STOP if early else END,
            what=f"{what}: {headline_of(result.totals)}",
            counts=result.totals,
            exit_code=result.exit_code,
            why=_unquoted(result) if early else "",
            until=result.until if early else result.retry_at,
            left=result.left_over,
            command=self._command(result),
        )
        self._tell_at_end(news)

    def broke_off(self, error: BaseException) -> None:
        """Tell that it did, where it had begun to send, or nobody is there to see that it did not."""
        if not self._hooks or isinstance(error, LockedError):  # the other run tells of itself
            return
        began, counts = self._watch.began, self._watch.counts
        if not began and not self._unattended:
            return
        ours = error if isinstance(error, SendbatchError) else None
        news = replace(
            self._of_run,
            kind=STOP,
            what=f" broke off: {headline_of(counts)}" if began else ": nothing was sent",
            counts=counts if began else {},
            exit_code=ours.exit_code if ours else None,
            why=_said_by(error),
        )
        self._tell_at_end(news)

    @property
    def _of_run(self) -> News:
        campaign, edge = self._given.campaign, self._given.edge
        return News(
            kind=END,
            campaign=campaign.name,
            run=campaign.run,
            profile=campaign.profile.name,
            where=edge.holder,
            job=job_url(edge.environ),
            reach=campaign.profile.reach,
        )

    def _command(self, result: RunResult) -> str:
        """The line that goes on, where there is one, and nothing in it is anybody's but the author's."""
        job = self._given
        early = result.exit_code == 3
        goes_on = early or result.left_over or result.totals.get(Status.DEFERRED)
        if not goes_on or result.beside or result.unbuildable or job.options.only is not None:
            return ""
        lines = CommandLines(job.campaign, job.record.given)
        if lines.kept() != lines:  # --set may hold anything
            return ""
        limit = job.options.limit is not None and early
        line = lines.run(job.typed, limit=result.unfinished if limit else None)
        return "" if names_somebody(line) or "`" in line else line

    # while it runs

    def _waits(self, pause: Wait, counts: Counter[Status]) -> None:
        news = replace(
            self._of_run,
            kind=WAIT,
            what=f" waits: {headline_of(counts)}",
            counts=counts,
            why=pause.why,
            until=pause.until,
        )
        loop = asyncio.get_running_loop()
        for future in self._begin(news):
            future.add_done_callback(partial(self._hear_of, loop))

    def _hear_of(self, loop: asyncio.AbstractEventLoop, future: Future[None]) -> None:
        """In the thread that told: who watches is told in the run's own."""
        with contextlib.suppress(RuntimeError):  # the loop is no more: it is heard at the end
            loop.call_soon_threadsafe(self._heard, future)

    def _begin(self, news: News) -> list[Future[None]]:
        environ = self._given.edge.environ
        begun = []
        for hook in self._hooks:
            if hook.wants(news):
                future = in_thread(partial(hook.tell, news, PATIENCE, environ))
                self._telling[future] = hook
                begun.append(future)
        return begun

    def _heard(self, future: Future[None]) -> None:
        hook = self._telling.pop(future, None)
        error = future.exception()
        if hook is None or error is None:
            return
        from sendbatch.notify.webhook import NotTold

        if not isinstance(error, NotTold):
            _log.error("a webhook could not be told", exc_info=error)
        self._complain(hook, str(error) if isinstance(error, NotTold) else type(error).__name__)

    def _complain(self, hook: Hook, why: str) -> None:
        if hook.webhook not in self._complained:
            self._complained.add(hook.webhook)
            self._given.observer.notice(f"notify: {hook.name} was not told: {why}")

    # at the end

    def _tell_at_end(self, news: News) -> None:
        stop = self._given.stop
        if stop.is_now:  # who asked twice waits for nothing
            return
        asked, until = (stop.is_soon, stop.is_now), time.monotonic() + PATIENCE
        self._begin(news)
        while self._telling and (stop.is_soon, stop.is_now) == asked and time.monotonic() < until:
            for future in wait(list(self._telling), LOOK, "FIRST_COMPLETED").done:
                self._heard(future)
        late = f"it did not answer within {PATIENCE:g} s"
        for hook in self._telling.values():
            self._complain(hook, late if (stop.is_soon, stop.is_now) == asked else "it was not waited for")


def _unquoted(result: RunResult) -> str:
    """Why it stopped, without what may name somebody: a server may call a recipient by the local part alone,
    and a cell may hold anything."""
    reason = result.reason or "not everybody was reached"
    return reason.replace(result.quoted, MASK) if result.quoted else reason


def _said_by(error: BaseException) -> str:
    """What can be said of it to others: faults in a list quote its cells."""
    if isinstance(error, CampaignError | AudienceError):
        found = count(len(error.findings), "fault")
        return f"{found} in the campaign or its list, which `sendbatch check` names"
    if isinstance(error, SendbatchError):
        return error.message
    return f"something that should not happen: {type(error).__name__}"
