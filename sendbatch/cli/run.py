"""`sendbatch run`: plans, asks when a person is there, sends, reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendbatch.cli import options as opt
from sendbatch.errors import shown
from sendbatch.values import Status
from sendbatch.words import count

if TYPE_CHECKING:
    from sendbatch.api import RunResult
    from sendbatch.campaign.model import Campaign
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.rendering.workers import Workers


LEFT_OUT = {
    Status.INVALID: "invalid",
    Status.FILTERED: "filtered by `where`",
    Status.SUPPRESSED: "on a suppression list",
    Status.DUPLICATE: "duplicate",
}


def run(
    file: opt.CampaignFile,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="All but connect.")] = False,
    limit: opt.Limit = None,
    only: opt.Only = None,
    smtp: opt.Smtp = None,
    rate: opt.RateOption = None,
    set_: opt.Set = None,
    expect: opt.Expect = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Send only what this plan.json approved."),
    ] = None,
    strict: opt.Strict = False,
    tolerate: opt.Tolerate = None,
    in_doubt: Annotated[
        str,
        typer.Option("--in-doubt", metavar="hold|resend", help="What to do with those in doubt."),
    ] = "hold",
    retry: Annotated[
        str | None,
        typer.Option(
            "--retry", metavar="STATUS[:CODES][,…]", help="Also rejected, failed or deferred."
        ),
    ] = None,
    breaker: Annotated[
        int | None,
        typer.Option(
            "--breaker", metavar="N", min=1, help="Stop after N permanent refusals in a row (20)."
        ),
    ] = None,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Go on with another text or server.")
    ] = False,
    stop_after: Annotated[
        str | None, typer.Option("--stop-after", metavar="TIME", help="Stop after, as 2h or 90m.")
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Stop instead of waiting for a quota or a retry.")
    ] = False,
    without_log: Annotated[
        bool,
        typer.Option(
            "--without-log", help="Go on though the record's log, or newest state, is lost."
        ),
    ] = False,
    first_run: Annotated[
        str | None,
        typer.Option("--first-run", metavar="DATE", help="In CI: begin a record today."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")] = False,
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
            if dry_run:
                raise typer.Exit(_rehearse(campaign, chosen, record, terminal, workers))
            raise typer.Exit(_send(campaign, chosen, record, terminal, workers, yes=yes))


def _send(
    campaign: Campaign,
    chosen: Options,
    record: Path | None,
    terminal: Terminal,
    workers: Workers,
    *,
    yes: bool,
) -> int:
    from sendbatch import api
    from sendbatch.cli import ends
    from sendbatch.cli.terminal import person_is_there, stoppable
    from sendbatch.runtime.stop import Stop
    from sendbatch.session.job import again, checking, resolving

    stop = Stop()
    with stoppable(stop, terminal):
        result = api.run(
            campaign,
            options=chosen,
            record=record,
            yes=yes,
            ask=terminal.ask if person_is_there() else None,
            observer=terminal,
            stop=stop,
            workers=workers,
        )
    stopped = chosen.limit is not None and result.exit_code == 3
    left = result.unfinished if stopped else None
    if not result.sent:
        retrying = replace(chosen, retry=frozenset({*chosen.retry, "rejected"}))
        terminal.say(_nothing(result, again(campaign, record, retrying, limit=chosen.limit)))
    ends.tell(result, terminal)
    ways = ends.Ways(
        again(campaign, record, chosen, limit=left),
        checking(campaign, record),
        resolving(campaign, record),
    )
    ends.tell_the_way_on(result, terminal, ways, resent=chosen.resend_in_doubt)
    return result.exit_code


def _nothing(result: RunResult, retrying: str) -> str:
    """Why nothing was sent: all was done before, or there never was anybody. `retrying` is the line that
    sends to the rejected again."""
    if rejected := result.totals.get(Status.REJECTED, 0):
        return (
            f"nothing to send: everyone this run is for was dealt with before; "
            f"{count(rejected, 'recipient')} rejected\n"
            f"where that was a fault that is mended now, this sends to the {rejected:,} again:\n"
            f"  {retrying}\n"
            "or to those with one reply only, by its code:  --retry 'rejected:5.7.*'"
        )

    done = (Status.ACCEPTED, Status.REJECTED, Status.IN_DOUBT, Status.DEFERRED)
    if any(result.totals.get(status) for status in done):
        return "nothing to send: everyone this run is for was dealt with before"
    told = [
        f"{number:,} {words}" for status, words in LEFT_OUT.items() if (number := result.totals.get(status))
    ]
    return f"nobody to send to: {', '.join(told) or 'no row'}; look at the CSV and at `where`"


def _rehearse(
    campaign: Campaign,
    chosen: Options,
    record: Path | None,
    terminal: Terminal,
    workers: Workers,
) -> int:
    from sendbatch import api
    from sendbatch.cli.check import faulty
    from sendbatch.cli.terminal import stoppable
    from sendbatch.runtime.stop import Stop

    stop = Stop()
    with stoppable(stop, terminal):
        plan, page = api.dry_run(
            campaign,
            options=chosen,
            record=record,
            observer=terminal,
            stop=stop,
            workers=workers,
        )
    terminal.planned(plan)
    if terminal.is_quiet and plan.exit_code:
        terminal.complain(faulty(campaign.file, plan))
    where = f"; the first messages are in {shown(page)}" if page is not None else ""
    terminal.say(f"nothing was sent{where}")
    return plan.exit_code
