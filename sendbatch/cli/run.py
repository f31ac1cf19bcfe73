"""`sendbatch run`: plans, asks when a person is there, sends, reports."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import github, given
from sendbatch.cli import options as opt
from sendbatch.errors import SendbatchError, shown
from sendbatch.runtime import masking
from sendbatch.runtime.ci import in_ci

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign
    from sendbatch.cli.calling import Calling
    from sendbatch.cli.crew import Crew
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.session.job import Around
    from sendbatch.session.run import RunResult


WORKER = "SENDBATCH_WORKER"  # in the environment of a process that another has started beside itself


@opt.campaign_file
@click.option("--dry-run", is_flag=True, help="All but connect.")
@opt.limit
@opt.only
@opt.except_
@opt.smtp
@opt.rate
@opt.set_
@opt.expect
@click.option(
    "--plan", metavar="FILE", type=opt.PATH, help="Send only what stands in this plan.json."
)
@click.option(
    "--approved", is_flag=True, help="With --plan: only where somebody trusted has approved it."
)
@click.option(
    "--allowed-signers",
    metavar="FILE",
    type=opt.PATH,
    help="Whose SSH keys approve, as ssh-keygen has it.",
)
@opt.strict
@opt.tolerate
@click.option(
    "--in-doubt", metavar="hold|resend", default="hold", help="What to do with those in doubt."
)
@click.option(
    "--retry",
    metavar="STATUS[:CODES][,…]",
    shell_complete=opt.known("retried"),
    help="Also rejected, failed or deferred.",
)
@click.option(
    "--breaker",
    metavar="N",
    type=click.IntRange(min=1),
    help="Stop after N permanent refusals in a row (20).",
)
@click.option("--accept-changes", is_flag=True, help="Go on with another text or server.")
@click.option("--stop-after", metavar="TIME", help="Stop after, as 2h or 90m.")
@click.option("--no-wait", is_flag=True, help="Stop instead of waiting for a quota or a retry.")
@click.option(
    "--without-log",
    is_flag=True,
    help="Go on though the record's log, or newest state, is lost.",
)
@click.option("--first-run", metavar="DATE", help="In CI: begin a record today.")
@click.option(
    "--join", is_flag=True, help="Send together with the runs of other machines: one record for all."
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(min=1),
    help="So many processes of this machine send together.",
)
@click.option("--yes", "-y", is_flag=True, help="Send without asking.")
@opt.run
@opt.record
@opt.moved_from
@opt.quiet
@opt.no_progress
@opt.log_format
@opt.show_addresses
def run(
    file: Path,
    *,
    dry_run: bool,
    limit: int | None,
    only: tuple[str, ...],
    except_: tuple[Path, ...],
    smtp: str | None,
    rate: str | None,
    set_: tuple[str, ...],
    expect: str | None,
    plan: Path | None,
    approved: bool,
    allowed_signers: Path | None,
    strict: bool,
    tolerate: str | None,
    in_doubt: str,
    retry: str | None,
    breaker: int | None,
    accept_changes: bool,
    stop_after: str | None,
    no_wait: bool,
    without_log: bool,
    first_run: str | None,
    join: bool,
    workers: int | None,
    yes: bool,
    run: str | None,
    record: Path | str | None,
    moved_from: str | None,
    quiet: bool,
    no_progress: bool,
) -> int:
    """Plan, ask when a person is there, send, and report.

    Run again, it goes on where it stopped and mails nobody twice.
    """
    from sendbatch.rendering.workers import Workers

    with Workers() as builders:  # first of all: it has as much to load as there is to load below
        from sendbatch.cli.calling import Calling
        from sendbatch.planning.options import Options
        from sendbatch.values import BREAKER

        terminal = _terminal(workers, quiet=quiet, progress=not no_progress)
        several = (workers or 1) > 1
        given.one_of(in_doubt, ("hold", "resend"), "--in-doubt")
        chosen = Options(
            only=given.only(only),
            only_as_typed=only,
            excepted=except_,
            limit=limit,
            retry=given.retry(retry),
            breaker=breaker or BREAKER,
            resend_in_doubt=in_doubt == "resend",
            accept_changes=accept_changes,
            strict=strict,
            plan=plan,
            approved=approved,
            allowed_signers=allowed_signers,
            no_wait=no_wait,
            stop_after=given.seconds(stop_after, "--stop-after"),
            moved_from=moved_from,
            without_log=without_log,
            first_run=given.day(first_run, "--first-run"),
            join=join or several,
        )
        campaign = given.load(
            file,
            run=run,
            set_=set_,
            smtp=smtp,
            rate=rate,
            expect=expect,
            tolerate=tolerate,
            join=join and not dry_run,
        )
        if several:
            from sendbatch.cli.crew import hold_number

            hold_number(workers, campaign, dry_run=dry_run)
        calling = Calling(terminal, builders, record)
        if dry_run:
            return _rehearse(campaign, chosen, calling)
        return _send(campaign, chosen, calling, yes=yes, workers=workers or 1)


def _terminal(workers: int | None, *, quiet: bool, progress: bool) -> Terminal:
    if (workers or 1) == 1 and not os.environ.get(WORKER):
        from sendbatch.cli.terminal import Terminal

        return Terminal(quiet=quiet, progress=progress)
    from sendbatch.cli.crew import CrewTerminal, WorkerTerminal, is_worker

    if is_worker():
        return WorkerTerminal()
    return CrewTerminal(quiet=quiet, progress=progress)


def _send(
    campaign: Campaign, chosen: Options, calling: Calling, *, yes: bool, workers: int
) -> int:
    from sendbatch import api
    from sendbatch.cli.last_words import LastWords, document
    from sendbatch.cli.terminal import person_is_there
    from sendbatch.session.commands import CommandLines

    terminal = calling.terminal
    with calling.under_way() as around, _leaving_report(campaign, calling):
        ask = terminal.ask if person_is_there() else None
        with _together(calling, workers, around) as crew:
            result = api.run(campaign, options=chosen, yes=yes, ask=ask, **around)
            if crew is not None:
                result = _of_all(campaign, calling, result, crew.wait())
    if is_one_of_several():
        document(result, terminal)
        return result.exit_code
    typed = chosen.without_plan() if in_ci(os.environ) else chosen  # it goes with the job's disk
    LastWords(terminal, CommandLines(campaign, calling.record), typed).say(result)
    _leave(campaign, result, calling)
    return result.exit_code


def is_one_of_several() -> bool:
    """Whether another process has started this one, and tells people how it went."""
    return bool(os.environ.get(WORKER))


@contextmanager
def _together(calling: Calling, workers: int, around: Around) -> Iterator[Crew | None]:
    """With the runners that are started beside this one, if any are."""
    if is_one_of_several():
        from sendbatch.cli.crew import ending_with_input

        stop = around["stop"]
        assert stop is not None
        with ending_with_input(stop):
            yield None
        return
    if workers == 1:
        yield None
        return
    from sendbatch.cli.crew import Crew, CrewTerminal, words_of

    terminal, stop = calling.terminal, around["stop"]
    assert isinstance(terminal, CrewTerminal)
    assert stop is not None
    with Crew(words_of(click.get_current_context()), workers, terminal, stop) as crew:
        yield crew


def _of_all(campaign: Campaign, calling: Calling, result: RunResult, worst: int) -> RunResult:
    """How the run of all ended, where some of them went on after this one."""
    from sendbatch import api
    from sendbatch.ledger.states import sendable

    code = max(result.exit_code, worst)
    try:
        now = api.status(campaign, record=calling.record) if result.sent else None
    except SendbatchError:  # how this one ended is known all the same
        now = None
    if now is None:
        return replace(result, exit_code=code)
    return replace(
        result,
        exit_code=max(code, now.exit_code),
        totals=now.totals,
        summary=now.summary,
        unfinished=min(result.unfinished, sendable(now.totals)),
        beside=tuple(now.alive),
    )


@contextmanager
def _leaving_report(campaign: Campaign, calling: Calling) -> Iterator[None]:
    """Where a run breaks off, later steps of a job are told where its record is."""
    try:
        yield
    except SendbatchError:
        if github.is_here():
            from sendbatch.session.job import folder_of

            folder = folder_of(campaign, calling.record).path.absolute()
            if os.path.isdir(folder):  # one that may not be looked at is none, too
                github.output({"report": folder}, calling.terminal.complain)
        raise


def _leave(campaign: Campaign, result: RunResult, calling: Calling) -> None:
    """What a job on GitHub shows of it, and what its later steps go by."""
    if not github.is_here():
        return
    from sendbatch import api

    terminal = calling.terminal
    remaining = result.unfinished + result.left_over
    values = {"sent": result.accepted, "remaining": remaining, "report": result.folder.absolute()}
    github.output(values, terminal.complain)
    if github.wants_summary():
        text = io.StringIO()
        try:
            told = api.report(campaign, record=calling.record)
            told.write("markdown", text, masked=masking.masks(os.environ))
        except SendbatchError as error:  # the run has ended, and how it ended stands
            terminal.complain(f"the summary of this job could not be made: {error.message}")
            return
        github.summarise(text.getvalue(), terminal.complain)


def _rehearse(campaign: Campaign, chosen: Options, calling: Calling) -> int:
    from sendbatch import api
    from sendbatch.cli.check import faulty

    terminal = calling.terminal
    with calling.under_way() as around:
        plan, page = api.dry_run(campaign, options=chosen, **around)
    terminal.planned(plan)
    github.leave(plan, terminal.complain)
    if terminal.is_quiet and plan.exit_code:
        terminal.complain(faulty(campaign.file, plan))
    where = f"; the messages are shown in {shown(page)}" if page is not None else ""
    terminal.say(f"nothing was sent{where}")
    return plan.exit_code
