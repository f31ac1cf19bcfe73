"""`sendbatch plan`: what a run would do now, and, written with --out, what it is held to later."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import github, given, log
from sendbatch.cli import options as opt
from sendbatch.errors import as_json, inert, shell_line
from sendbatch.runtime.ci import in_ci
from sendbatch.runtime.masking import for_log
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview


@opt.campaign_file
@click.option(
    "--format", "form", metavar="text|markdown|json", default="text", help="How it is told."
)
@click.option("--out", metavar="FILE", type=opt.PATH, help="Write plan.json for run --plan.")
@opt.limit
@opt.only
@opt.except_
@opt.smtp
@opt.rate
@opt.set_
@opt.expect
@opt.tolerate
@opt.strict
@opt.run
@opt.record
@opt.moved_from
@click.option(
    "--accept-changes", is_flag=True, help="With --out: plan another text or server all the same."
)
@opt.no_progress
@opt.log_format
@opt.show_addresses
def plan(
    file: Path,
    *,
    form: str,
    out: Path | None,
    limit: int | None,
    only: tuple[str, ...],
    except_: tuple[Path, ...],
    smtp: str | None,
    rate: str | None,
    set_: tuple[str, ...],
    expect: str | None,
    tolerate: str | None,
    strict: bool,
    run: str | None,
    record: Path | str | None,
    moved_from: str | None,
    accept_changes: bool,
    no_progress: bool,
) -> int:
    """Show who would get what, what changed since the last run, and when it will be done.

    Needs no password, connects to no mail server, and leaves the record as it was.
    """
    from sendbatch.rendering.workers import Workers

    with Workers() as workers:  # first of all: it has as much to load as there is to load below
        from sendbatch.cli.calling import Calling
        from sendbatch.cli.terminal import Terminal
        from sendbatch.planning.options import Options

        given.one_of(form, ("text", "markdown", "json"), "--format")
        terminal = Terminal(progress=not no_progress)
        chosen = Options(
            only=given.only(only),
            excepted=except_,
            limit=limit,
            strict=strict,
            moved_from=moved_from,
            accept_changes=accept_changes,
        )
        campaign = given.load(
            file, run=run, set_=set_, smtp=smtp, rate=rate, expect=expect, tolerate=tolerate
        )
        from sendbatch import api
        from sendbatch.session.commands import CommandLines

        with Calling(terminal, workers, record).under_way() as around:
            overview = api.plan(campaign, options=chosen, out=out, **around)
    _print(overview, form)
    github.leave(overview, terminal.complain)
    if (doubts := overview.totals.get(Status.IN_DOUBT)) and in_ci(os.environ):
        lines = CommandLines(campaign, record)
        said = f"{doubts:,} in doubt: no run mails them by itself, though this job is well"
        terminal.complain(f"{said}; who they are, and how they are settled:\n  {lines.report()}\n  "
                          f"{lines.resolve()} KEY… --as accepted|pending")
        github.warn(said)
    if out is not None:
        accepted = ["--accept-changes"] if accept_changes else []
        added = shell_line("--plan", str(out), *accepted)
        line = f"{CommandLines(campaign, record).run()} {added}"
        terminal.say(f"written to {out}, digest {(overview.digest or '')[:16]}:\n  {line}")
    return overview.exit_code


def _print(overview: Overview, form: str) -> None:
    if form == "text":
        from sendbatch.cli.plan_text import plan_text
        from sendbatch.cli.terminal import is_for_person
        from sendbatch.cli.wrapping import fitted

        text = plan_text(overview, for_person=is_for_person(sys.stdout))
        click.echo(fitted(inert(for_log(text)), sys.stdout), nl=False, color=True)
    elif form == "markdown":
        from sendbatch.cli.plan_markdown import markdown

        click.echo(markdown(overview), nl=False)
    else:
        from sendbatch.cli.plan_document import whole

        click.echo(as_json(log.masked(whole(overview)), indent=2))
