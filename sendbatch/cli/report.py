"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from sendbatch.cli import options as opt
from sendbatch.reports.formats import FORMATS


def report(
    file: opt.CampaignFile,
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How it is told.")
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

    opt.one_of(form, tuple(FORMATS), "--format")
    campaign = opt.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if not FORMATS[form].is_for_people:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        raise typer.Exit(api.report(campaign, form, sys.stdout, record=record))
    text = io.StringIO()
    code = api.report(campaign, form, text, record=record)
    typer.echo(fitted(for_log(text.getvalue()), sys.stdout), nl=False)
    raise typer.Exit(code)
