"""`sendbatch plan`: what a run would do now, and, written with --out, what it is held to later."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendbatch.cli import options as opt

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview


def plan(
    file: opt.CampaignFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write plan.json for run --plan.")
    ] = None,
    limit: opt.Limit = None,
    only: opt.Only = None,
    smtp: opt.Smtp = None,
    rate: opt.RateOption = None,
    set_: opt.Set = None,
    expect: opt.Expect = None,
    tolerate: opt.Tolerate = None,
    strict: opt.Strict = False,
    run: opt.Run = None,
    record: opt.Record = None,
    moved_from: opt.MovedFrom = None,
    no_progress: opt.NoProgress = False,
) -> None:
    """Show who would get what, what changed since the last run, and when it will be done.

    Needs no password, connects to nothing, and leaves the record as it was.
    """
    from sendbatch.cli.calling import Calling
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.rendering.workers import Workers

    terminal = Terminal(progress=not no_progress)
    chosen = Options(only=opt.only(only), limit=limit, strict=strict, moved_from=moved_from)
    with Workers() as workers:  # loads while the campaign is read
        campaign = opt.load(
            file, run=run, set_=set_, smtp=smtp, rate=rate, expect=expect, tolerate=tolerate
        )
        from sendbatch import api
        from sendbatch.session.commands import CommandLines

        with Calling(terminal, workers, record).under_way() as around:
            overview = api.plan(campaign, options=chosen, out=out, **around)
    _print(overview)
    if out is not None:
        line = f"{CommandLines(campaign, record).run()} --plan {shlex.quote(str(out))}"
        terminal.say(f"written to {out}, digest {(overview.digest or '')[:16]}:")
        terminal.say(f"  {line}")
    raise typer.Exit(overview.exit_code)


def _print(overview: Overview) -> None:
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.plan_text import plan_text
    from sendbatch.cli.wrapping import fitted
    from sendbatch.errors import inert

    typer.echo(fitted(inert(for_log(plan_text(overview))), sys.stdout), nl=False)
