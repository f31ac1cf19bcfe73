"""`sendbatch status`: where a run stands, from another shell too."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import inert


@opt.campaign_file
@opt.run
@opt.set_
@opt.smtp
@opt.tolerate
@opt.record
def status(
    file: Path,
    *,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    tolerate: str | None,
    record: Path | None,
) -> int:
    """Show where a run stands. Takes no lock; exits as `run` would."""
    from sendbatch import api
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.wrapping import fitted

    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    standing = api.status(campaign, record=record)
    click.echo(fitted(inert(for_log(standing.summary)), sys.stdout), nl=False)
    if standing.doubt is not None:
        click.echo(fitted(inert(for_log(standing.doubt)), sys.stderr), err=True)
    if standing.under_way:
        click.echo("being sent at this moment")
    return standing.exit_code
