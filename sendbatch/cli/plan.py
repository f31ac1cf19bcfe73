"""`sendbatch plan`: what a run would do now, and, written with --out, what it is held to later."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import shell_line

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview


@opt.campaign_file
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
@opt.no_progress
def plan(
    file: Path,
    *,
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
    record: Path | None,
    moved_from: str | None,
    no_progress: bool,
) -> int:
    """Show who would get what, what changed since the last run, and when it will be done.

    Needs no password, connects to nothing, and leaves the record as it was.
    """
    from sendbatch.rendering.workers import Workers

    with Workers() as workers:  # first of all: it has as much to load as there is to load below
        from sendbatch.cli.calling import Calling
        from sendbatch.cli.terminal import Terminal
        from sendbatch.planning.options import Options

        terminal = Terminal(progress=not no_progress)
        chosen = Options(
            only=given.only(only),
            excepted=except_,
            limit=limit,
            strict=strict,
            moved_from=moved_from,
        )
        campaign = given.load(
            file, run=run, set_=set_, smtp=smtp, rate=rate, expect=expect, tolerate=tolerate
        )
        from sendbatch import api
        from sendbatch.session.commands import CommandLines

        with Calling(terminal, workers, record).under_way() as around:
            overview = api.plan(campaign, options=chosen, out=out, **around)
    _print(overview)
    if out is not None:
        line = f"{CommandLines(campaign, record).run()} {shell_line('--plan', str(out))}"
        terminal.say(f"written to {out}, digest {(overview.digest or '')[:16]}:")
        terminal.say(f"  {line}")
    return overview.exit_code


def _print(overview: Overview) -> None:
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.plan_text import plan_text
    from sendbatch.cli.terminal import is_for_person
    from sendbatch.cli.wrapping import fitted
    from sendbatch.errors import inert

    text = plan_text(overview, for_person=is_for_person(sys.stdout))
    click.echo(fitted(inert(for_log(text)), sys.stdout), nl=False, color=True)
