"""`sendbatch run`: plans, asks when a person is there, sends, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from sendbatch.cli import options as opt
from sendbatch.errors import shown

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign
    from sendbatch.cli.calling import Calling
    from sendbatch.planning.options import Options


def run(
    file: opt.CampaignFile,
    dry_run: opt.DryRun = False,
    limit: opt.Limit = None,
    only: opt.Only = None,
    smtp: opt.Smtp = None,
    rate: opt.RateOption = None,
    set_: opt.Set = None,
    expect: opt.Expect = None,
    plan: opt.Plan = None,
    strict: opt.Strict = False,
    tolerate: opt.Tolerate = None,
    in_doubt: opt.InDoubt = "hold",
    retry: opt.Retry = None,
    breaker: opt.Breaker = None,
    accept_changes: opt.AcceptChanges = False,
    stop_after: opt.StopAfter = None,
    no_wait: opt.NoWait = False,
    without_log: opt.WithoutLog = False,
    first_run: opt.FirstRun = None,
    yes: opt.Yes = False,
    run: opt.Run = None,
    record: opt.Record = None,
    moved_from: opt.MovedFrom = None,
    quiet: opt.Quiet = False,
    no_progress: opt.NoProgress = False,
    log_format: opt.LogFormat = "text",
) -> None:
    """Plan, ask when a person is there, send, and report.

    Run again, it goes on where it stopped and mails nobody twice.
    """
    from sendbatch.cli.calling import Calling
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.rendering.workers import Workers
    from sendbatch.values import BREAKER

    opt.one_of(log_format, ("text", "json"), "--log-format")
    terminal = Terminal(quiet=quiet, progress=not no_progress, log_format=log_format)
    with terminal.telling():
        opt.one_of(in_doubt, ("hold", "resend"), "--in-doubt")
        chosen = Options(
            only=opt.only(only),
            only_as_typed=tuple(only or ()),
            limit=limit,
            retry=opt.retry(retry),
            breaker=breaker or BREAKER,
            resend_in_doubt=in_doubt == "resend",
            accept_changes=accept_changes,
            strict=strict,
            approval=plan,
            no_wait=no_wait,
            stop_after=opt.seconds(stop_after, "--stop-after"),
            moved_from=moved_from,
            without_log=without_log,
            first_run=opt.day(first_run, "--first-run"),
        )
        with Workers() as workers:  # loads while the campaign is read
            campaign = opt.load(
                file, run=run, set_=set_, smtp=smtp, rate=rate, expect=expect, tolerate=tolerate
            )
            calling = Calling(terminal, workers, record)
            if dry_run:
                raise typer.Exit(_rehearse(campaign, chosen, calling))
            raise typer.Exit(_send(campaign, chosen, calling, yes=yes))


def _send(campaign: Campaign, chosen: Options, calling: Calling, *, yes: bool) -> int:
    from sendbatch import api
    from sendbatch.cli.last_words import LastWords
    from sendbatch.cli.terminal import person_is_there
    from sendbatch.session.commands import CommandLines

    terminal = calling.terminal
    with calling.under_way() as around:
        ask = terminal.ask if person_is_there() else None
        result = api.run(campaign, options=chosen, yes=yes, ask=ask, **around)
    LastWords(terminal, CommandLines(campaign, calling.record), chosen).say(result)
    return result.exit_code


def _rehearse(campaign: Campaign, chosen: Options, calling: Calling) -> int:
    from sendbatch import api
    from sendbatch.cli.check import faulty

    terminal = calling.terminal
    with calling.under_way() as around:
        plan, page = api.dry_run(campaign, options=chosen, **around)
    terminal.planned(plan)
    if terminal.is_quiet and plan.exit_code:
        terminal.complain(faulty(campaign.file, plan))
    where = f"; the first messages are in {shown(page)}" if page is not None else ""
    terminal.say(f"nothing was sent{where}")
    return plan.exit_code
