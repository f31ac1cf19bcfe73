"""`sendbatch status`: where a run stands, from another shell too."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import as_json, inert

if TYPE_CHECKING:
    from sendbatch.session.standing import StatusResult


@opt.campaign_file
@click.option("--watch", is_flag=True, help="Show it every second until the run ends.")
@click.option("--format", "form", metavar="text|json", default="text", help="How it is told.")
@opt.run
@opt.set_
@opt.smtp
@opt.tolerate
@opt.record
@opt.show_addresses
def status(
    file: Path,
    *,
    watch: bool,
    form: str,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    tolerate: str | None,
    record: Path | str | None,
) -> int:
    """Show where a run stands. Takes no lock; exits as `run` would."""
    from sendbatch import api
    from sendbatch.cli.watching import watch as watched

    given.one_of(form, ("text", "json"), "--format")
    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if watch:
        standing = watched(lambda: api.status(campaign, record=record), as_lines=form == "json")
    else:
        standing = api.status(campaign, record=record)
    if form == "json":
        click.echo(as_json(standing.document(), indent=2))
    else:
        _tell(standing)
    return standing.exit_code


def _tell(standing: StatusResult) -> None:
    from sendbatch.cli.standing_text import standing_text
    from sendbatch.cli.wrapping import fitted
    from sendbatch.runtime.masking import for_log

    blocks = (standing.summary.rstrip("\n"), standing_text(standing))
    text = "\n\n".join(block for block in blocks if block)
    click.echo(fitted(inert(for_log(text)), sys.stdout))
    if standing.doubt is not None:
        click.echo(fitted(inert(for_log(standing.doubt)), sys.stderr), err=True)
