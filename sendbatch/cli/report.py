"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.reports.formats import FORMATS

HISTORY = ("text", "json", "markdown")  # what the editions side by side are told as


@opt.campaign_file
@click.option("--format", "form", metavar="|".join(FORMATS), default="text", help="How it is told.")
@click.option("--history", is_flag=True, help="All editions of the campaign, each with its figures.")
@opt.run
@opt.set_
@opt.smtp
@opt.tolerate
@opt.record
def report(
    file: Path,
    *,
    form: str,
    history: bool,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    tolerate: str | None,
    record: Path | str | None,
) -> int:
    """Write the record to standard output; exits as `run` would."""
    from sendbatch import api
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.wrapping import fitted

    forms = HISTORY if history else tuple(FORMATS)
    given.one_of(form, forms, "--format" if not history else "--history: --format")
    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if history:
        text = io.StringIO()
        api.history(campaign, record=record).write(form, text)
        shown = text.getvalue() if form == "json" else for_log(text.getvalue())
        click.echo(fitted(shown, sys.stdout) if form == "text" else shown, nl=False, color=True)
        return 0
    told = api.report(campaign, record=record)
    if not FORMATS[form].is_for_people:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        return told.write(form, sys.stdout)
    text = io.StringIO()
    code = told.write(form, text)
    shown = for_log(text.getvalue())
    if FORMATS[form].is_wrapped:
        click.echo(fitted(shown, sys.stdout), nl=False, color=True)
    else:
        click.echo(shown, nl=False)
    return code
