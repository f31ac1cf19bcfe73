"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.reports.formats import FORMATS


@opt.campaign_file
@click.option("--format", "form", metavar="|".join(FORMATS), default="text", help="How it is told.")
@opt.run
@opt.set_
@opt.smtp
@opt.tolerate
@opt.record
def report(
    file: Path,
    *,
    form: str,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    tolerate: str | None,
    record: Path | None,
) -> int:
    """Write the record to standard output; exits as `run` would."""
    from sendbatch import api
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.wrapping import fitted

    given.one_of(form, tuple(FORMATS), "--format")
    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    told = api.report(campaign, record=record)
    if not FORMATS[form].is_for_people:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        return told.write(form, sys.stdout)
    text = io.StringIO()
    code = told.write(form, text)
    click.echo(fitted(for_log(text.getvalue()), sys.stdout), nl=False)
    return code
