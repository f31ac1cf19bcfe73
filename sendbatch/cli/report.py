"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from sendbatch.cli import options as opt


def report(
    file: opt.CampaignFile,
    form: Annotated[
        str, typer.Option("--format", metavar="text|csv|json", help="How it is told.")
    ] = "text",
    run: opt.Run = None,
    set_: opt.Set = None,
    smtp: opt.Smtp = None,
    tolerate: opt.Tolerate = None,
    record: opt.Record = None,
) -> None:
    """Write the record to standard output; exits as `run` would."""
    from sendbatch import api
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.wrapping import fitted

    opt.one_of(form, ("text", "csv", "json"), "--format")
    campaign = opt.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if form == "csv":
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    if form != "text":
        raise typer.Exit(api.report(campaign, form, sys.stdout, record=record))
    text = io.StringIO()
    code = api.report(campaign, form, text, record=record)
    typer.echo(fitted(for_log(text.getvalue()), sys.stdout), nl=False)
    raise typer.Exit(code)
