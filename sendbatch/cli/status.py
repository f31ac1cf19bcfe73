"""`sendbatch status`: where a run stands, from another shell too."""

from __future__ import annotations

import sys

import typer

from sendbatch.cli import options as opt
from sendbatch.errors import inert


def status(
    file: opt.CampaignFile,
    run: opt.Run = None,
    set_: opt.Set = None,
    smtp: opt.Smtp = None,
    tolerate: opt.Tolerate = None,
    record: opt.Record = None,
) -> None:
    """Show where a run stands. Takes no lock; exits as `run` would."""
    from sendbatch import api
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.wrapping import fitted

    campaign = opt.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    standing = api.status(campaign, record=record)
    typer.echo(fitted(inert(for_log(standing.summary)), sys.stdout), nl=False)
    if standing.doubt is not None:
        typer.echo(fitted(inert(for_log(standing.doubt)), sys.stderr), err=True)
    if standing.under_way:
        typer.echo("being sent at this moment")
    raise typer.Exit(standing.exit_code)
